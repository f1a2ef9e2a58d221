"""What Nuki's answers mean, where the simulator has no reason to give them. See `_refuse`."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ostiary.domain.errors import (
    Busy,
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Rejected,
    Unreachable,
)
from ostiary.domain.provider import Account

from .test_adapter_support import Canned, wish

DEVICE = str(4 << 32 | 0x1A2B3C4D)
EMPTY = b'{"stackTrace":[],"suppressedExceptions":[]}'
HOSTING = b'{"error":"No active Smart Hosting subscription for the Smart Lock, please get one!"}'
HTML = b"<html><title>384756</title></html>"
PIN = "384756"


def words(text: str) -> bytes:
    return f'{{"detailMessage":"{text}","stackTrace":[],"suppressedExceptions":[]}}'.encode()


def parameter(name: str, value: str = PIN) -> bytes:
    return words(f"The supplied value '{value}' for parameter '{name}' is not valid")


def look(account: Account) -> Awaitable[object]:
    return account.list_access_codes(DEVICE)


def list_all(account: Account) -> Awaitable[object]:
    return account.list_devices()


def program(account: Account) -> Awaitable[object]:
    return account.set_access_code(DEVICE, wish(pin=PIN))


def error_of(vendor: Canned, verb: Callable[[Account], Awaitable[object]]) -> ProviderError:
    async def run() -> None:
        await verb(vendor.account())

    with pytest.raises(ProviderError) as caught:
        asyncio.run(run())
    assert caught.value.__cause__ is None
    assert PIN not in f"{caught.value} {caught.value!r} {caught.value.__dict__}"
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "write", "read"),
    [
        (301, b"", Unreachable, Unreachable),
        (400, parameter("code"), Rejected, Unreachable),
        (401, words("Invalid Token Error"), LoginExpired, LoginExpired),
        (401, HTML, LoginExpired, LoginExpired),
        (402, b"", Rejected, Unreachable),
        (403, EMPTY, NoSuchObject, NoSuchObject),
        (403, b"", NoSuchObject, NoSuchObject),
        (403, words("Your account is suspended"), LoginRejected, LoginRejected),
        (403, HTML, Unreachable, Unreachable),
        (403, HOSTING, Rejected, Unreachable),
        (401, HOSTING, Rejected, LoginExpired),
        (404, HTML, NoSuchObject, NoSuchObject),
        (405, b"", Rejected, Unreachable),
        (408, b"", Unreachable, Unreachable),
        (409, EMPTY, Rejected, Unreachable),
        (418, HTML, Rejected, Unreachable),
        (422, b'{"code":422}', Rejected, Unreachable),
        (423, EMPTY, Busy, Busy),
        (426, b"", Rejected, Unreachable),
        (429, b"", RateLimited, RateLimited),
        (500, HTML, OutcomeUnknown, Unreachable),
        (501, b"", OutcomeUnknown, Unreachable),
        (502, HTML, OutcomeUnknown, Unreachable),
        (503, HTML, Unreachable, Unreachable),
        (504, HTML, OutcomeUnknown, Unreachable),
    ],
)
def test_statuses(status: int, body: bytes, write: type[ProviderError], read: type[ProviderError]) -> None:
    assert type(error_of(Canned(status, body), program)) is write
    assert type(error_of(Canned(status, body), look)) is read


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, EMPTY, LoginRejected),
        (403, HTML, Unreachable),
        (404, b"", Unreachable),
        (401, EMPTY, LoginExpired),
    ],
)
def test_statuses_of_a_call_about_no_object(status: int, body: bytes, kind: type[ProviderError]) -> None:
    assert type(error_of(Canned(status, body), list_all)) is kind


@pytest.mark.parametrize(
    ("status", "body", "error_code"),
    [
        (400, parameter("code"), "code_constraints_violated"),
        (400, parameter("type", "13"), "provider_issue"),
        (400, parameter("name", PIN), "provider_issue"),
        (400, parameter(PIN, PIN), "provider_issue"),
        (400, words(f"no PIN {PIN}"), "provider_issue"),
        (400, HTML, "provider_issue"),
        (400, b'{"detailMessage":{"a":1}}', "provider_issue"),
        (400, HOSTING, "subscription_required"),
        (200, HOSTING, "subscription_required"),
        (402, b"", "subscription_required"),
        (426, b"", "subscription_required"),
        (409, b"", "duplicate_code_on_device"),
        (422, b"", "provider_issue"),
    ],
)
def test_codes_of_refusals(status: int, body: bytes, error_code: str) -> None:
    error = error_of(Canned(status, body), program)
    assert isinstance(error, Rejected)
    assert error.error_code == error_code


def test_a_conflict_that_is_not_about_a_pin() -> None:
    error = error_of(Canned(409), lambda account: account.unlock_door(DEVICE))
    assert isinstance(error, Rejected)
    assert error.error_code == "provider_issue"


def test_a_refused_type_says_what_to_look_for() -> None:
    assert "keypad" in str(error_of(Canned(400, parameter("type", "13")), program))


@pytest.mark.parametrize("body", [b"", b"{}", HTML, b"null", b'{"error":null}'])
@pytest.mark.parametrize("status", [200, 202, 204])
def test_success_is_the_status(status: int, body: bytes) -> None:
    async def run() -> None:
        await program(Canned(status, body).account())

    asyncio.run(run())


@pytest.mark.parametrize(
    "body",
    [b"", HTML, b"{}", HOSTING, b"null", b'[{"name":"no id"}]', b'[{"id":5}]', b'[{"smartlockId":"x"}]'],
)
def test_a_read_that_is_not_readable_is_no_empty_home(body: bytes) -> None:
    """An account whose devices vanish from an answer must not lose them (pains: "empty data")."""
    assert type(error_of(Canned(200, body), look)) is Unreachable
    assert type(error_of(Canned(200, body), list_all)) is Unreachable


def test_an_empty_list_of_codes_may_come_without_a_body() -> None:
    async def run() -> None:
        assert await look(Canned(204).account()) == []

    asyncio.run(run())
    assert type(error_of(Canned(204), list_all)) is Unreachable


DATE = "Wed, 01 Jul 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "limited", "busy"),
    [
        ({}, 60.0, 3.0),
        ({"retry_after": "5"}, 5.0, 5.0),
        ({"retry_after": "0"}, 1.0, 1.0),
        ({"retry_after": "99999999999999999999"}, 3600.0, 3600.0),
        ({"retry_after": "-5"}, 60.0, 3.0),
        ({"retry_after": "soon"}, 60.0, 3.0),
        ({"retry_after": "²"}, 60.0, 3.0),
        ({"retry_after": "Wed, 01 Jul 2026 12:02:00 GMT", "date": DATE}, 120.0, 120.0),
        ({"retry_after": "Wed, 01 Jul 2026 11:00:00 GMT", "date": DATE}, 1.0, 1.0),
        ({"retry_after": "Thu, 02 Jul 2026 12:00:00 GMT", "date": DATE}, 3600.0, 3600.0),
        ({"retry_after": "Wed, 01 Jul 2026 12:02:00 GMT"}, 60.0, 3.0),
        ({"retry_after": "Wed, 01 Jul 2026 12:02:00 -0000", "date": DATE}, 60.0, 3.0),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], limited: float, busy: float) -> None:
    assert error_of(Canned(429, b"", **headers), program).retry_after == limited
    assert error_of(Canned(423, b"", **headers), program).retry_after == busy


def test_an_unavailable_service_may_say_how_long() -> None:
    assert error_of(Canned(503, b"", retry_after="30"), program).retry_after == 30.0
    assert error_of(Canned(503), program).retry_after is None


def test_devices_that_cannot_do_it_are_not_asked() -> None:
    box, opener, unknown = ((kind << 32) | 7 for kind in (1, 2, 9))

    def locking(device: int) -> Callable[[Account], Awaitable[object]]:
        return lambda account: account.lock_door(str(device))

    for device in (box, opener, unknown):
        error = error_of(Canned(204), locking(device))
        assert type(error) is Rejected
    error = error_of(Canned(204), lambda account: account.unlock_door(str(unknown)))
    assert type(error) is Rejected
