"""What Salto's answers mean, where the simulator has no reason to give them. See `client._refuse`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ostiary.domain.errors import (
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Rejected,
    Unreachable,
)
from ostiary.domain.provider import Account, Credentials, HttpRequest, NoAnswer, NotSent
from ostiary.domain.secrets import Secret
from ostiary.providers.salto_ks.client import NoSeat, NotReady, SaltoClient, error_code

from .test_adapter_support import Canned, adapter, wish_for

SITE, LOCK, IQ = "s", "1a2b3c4d-0000-4000-8000-000000000001", "q"
DOOR = f"{SITE}/{LOCK}"
PIN = "384756"
HTML = f"<html><title>{PIN}</title></html>".encode()
PROBLEM = b'{"type":"https://httpstatuses.io/403","title":"Forbidden","status":403,"traceId":"00-0"}'


def says(code: str | int, text: str = f"The value '{PIN}' is not valid") -> dict[str, Any]:
    return {"ErrorCode": code, "Message": text}


def client(vendor: Canned) -> SaltoClient:
    return SaltoClient(vendor, "https://connect.my-clay.com", Secret("token"))


def read(salto: SaltoClient) -> Awaitable[object]:
    return salto.site(SITE)


def read_list(salto: SaltoClient) -> Awaitable[object]:
    return salto.users(SITE)


def change(salto: SaltoClient) -> Awaitable[object]:
    return salto.update_user(SITE, "u", {"alias": "x"})


def make(salto: SaltoClient) -> Awaitable[object]:
    return salto.create_user(SITE, {"alias": "x"})


def delete(salto: SaltoClient) -> Awaitable[object]:
    return salto.delete_user(SITE, "u")


def set_pin(salto: SaltoClient) -> Awaitable[object]:
    return salto.set_pin(SITE, "u", Secret(PIN))


READS, WRITES = (read, read_list), (change, make, delete, set_pin)


def error_of(vendor: Canned, verb: Callable[[SaltoClient], Awaitable[object]]) -> ProviderError:
    async def run() -> None:
        await verb(client(vendor))

    with pytest.raises(ProviderError) as caught:
        asyncio.run(run())
    shown = f"{caught.value} {caught.value!r} {caught.value.__dict__} {caught.value.__cause__!r}"
    assert PIN not in shown
    assert "token" not in shown.replace("access token", "")
    return caught.value


# --- the table ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "reading", "writing"),
    [
        (301, b"", Unreachable, Unreachable),
        (400, says("1100"), Unreachable, Rejected),
        (400, says("1101"), Unreachable, Rejected),
        (400, says("1102"), Unreachable, Rejected),
        (400, says("2210"), Unreachable, Rejected),
        (400, says("3102"), Unreachable, Rejected),
        (400, HTML, Unreachable, Rejected),
        (401, b"", LoginExpired, LoginExpired),
        (401, says("1500"), LoginExpired, LoginExpired),
        (403, says("2203"), LoginRejected, NotReady),
        (403, says("2212"), Unreachable, NoSeat),
        (403, says(2212), Unreachable, NoSeat),
        (403, says("3102"), Rejected, Rejected),
        (403, says("2220"), Unreachable, Rejected),
        (403, PROBLEM, Unreachable, Rejected),
        (403, HTML, Unreachable, Rejected),
        (403, b"", Unreachable, Rejected),
        (404, says("2202"), NoSuchObject, NoSuchObject),
        (404, says(2202), NoSuchObject, NoSuchObject),
        (404, says("3104"), NoSuchObject, NoSuchObject),
        (404, b"", Unreachable, Unreachable),
        (404, HTML, Unreachable, Unreachable),
        (405, b"", Unreachable, Rejected),
        (408, b"", Unreachable, Unreachable),
        (415, b"", Unreachable, Rejected),
        (418, HTML, Unreachable, Rejected),
        (500, says("2201"), Unreachable, OutcomeUnknown),
        (500, says("3101"), Unreachable, OutcomeUnknown),
        (502, HTML, Unreachable, OutcomeUnknown),
        (503, HTML, Unreachable, Unreachable),
        (504, HTML, Unreachable, OutcomeUnknown),
    ],
)
def test_statuses(status: int, body: Any, reading: type[ProviderError], writing: type[ProviderError]) -> None:
    for verb in READS:
        assert type(error_of(Canned({"": (status, body)}), verb)) is reading, verb
    for verb in WRITES:
        assert type(error_of(Canned({"": (status, body)}), verb)) is writing, verb


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, says("2210"), "not been released"),
        (400, says("3102"), "IQ of this door"),
        (400, says("1101"), "refused a value"),
        (400, says("2206"), "400 2206"),
        (405, b"", "405"),
        (403, says("3102"), "20 minutes"),
        (403, says("2212"), "subscription"),
    ],
)
def test_what_a_refusal_says_to_people(status: int, body: Any, words: str) -> None:
    error = error_of(Canned({"": (status, body)}), change)
    assert isinstance(error, Rejected)
    assert error.error_code == "provider_issue"
    assert words in str(error)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"ErrorCode":"2202","Message":"x"}', "2202"),
        (b'{"ErrorCode":2202}', "2202"),
        (b'{"ErrorCode":null}', ""),
        (b'{"ErrorCode":{"a":1}}', ""),
        (b'{"errorCode":"2202"}', ""),
        (b'{"ErrorCode":"a very long code of somebody"}', "a very lon"),
        (PROBLEM, ""),
        (HTML, ""),
        (b"", ""),
        (b"[]", ""),
        (b"\xff", ""),
    ],
)
def test_codes_of_errors(body: bytes, code: str) -> None:
    async def run() -> str:
        request = HttpRequest("GET", "https://connect.my-clay.com")
        return error_code(await Canned({"": (400, body)}).send(request))

    assert asyncio.run(run()) == code


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("3", 3.0),
        ("99999999999999999999", 3600.0),
    ],
)
@pytest.mark.parametrize("verb", [read, change])
def test_how_long_to_wait(verb: Any, retry_after: str, seconds: float) -> None:
    vendor = Canned({"": (429, b"")}, retry_after=retry_after)
    error = error_of(vendor, verb)
    assert (type(error), error.retry_after) == (RateLimited, seconds)
    assert len(vendor.requests) == 1, "what takes longer than a moment is the engine's to wait for"


def test_an_unavailable_service_may_say_how_long() -> None:
    assert error_of(Canned({"": (503, b"")}, retry_after="30"), read).retry_after == 30.0
    assert error_of(Canned({"": (503, b"")}), read).retry_after is None


def test_not_being_ready_waits_for_a_moment_only() -> None:
    assert error_of(Canned({"": (403, says("2203"))}), change).retry_after == 3.0


class Dead:
    """Nobody answers."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def send(self, request: HttpRequest) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "reading", "writing"),
    [(NotSent("no route"), Unreachable, Unreachable), (NoAnswer("late"), Unreachable, OutcomeUnknown)],
)
def test_no_answer(error: Exception, reading: type[ProviderError], writing: type[ProviderError]) -> None:
    async def run(verb: Any) -> None:
        await verb(SaltoClient(Dead(error), "https://connect.my-clay.com", Secret("token")))

    for verb, kind in ((read, reading), (read_list, reading), (change, writing), (make, writing)):
        with pytest.raises(kind) as caught:
            asyncio.run(run(verb))
        assert type(caught.value) is kind


# --- what a success has to look like --------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{}", HTML, b"null", b'{"id":"x"}'])
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_of_a_write_that_makes_nothing_the_status_is_enough(status: int, body: bytes) -> None:
    async def run() -> None:
        for verb in (change, delete, set_pin):
            await verb(client(Canned({"": (status, body)})))

    asyncio.run(run())


@pytest.mark.parametrize("body", [b"", b"{}", HTML, b"null", b'{"id":7}', b'{"id":"x"}'])
def test_a_user_that_was_made_and_whose_id_is_not_told_is_looked_for(body: bytes) -> None:
    assert type(error_of(Canned({"": (200, body)}), make)) is OutcomeUnknown


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[]", b"{}"])
def test_an_object_that_is_not_readable_is_trouble_and_not_an_empty_one(body: bytes) -> None:
    assert type(error_of(Canned({"": (200, body)}), read)) is Unreachable


@pytest.mark.parametrize(
    ("body", "pin"),
    [
        (b'"012345"', "012345"),
        (b"012345", "012345"),
        (b' "0123456789"\n', "0123456789"),
        (b'"1234"', "1234"),
    ],
)
def test_a_pin_is_a_text_with_its_zeros(body: bytes, pin: str) -> None:
    async def run() -> Secret:
        return await client(Canned({"": (200, body)})).new_pin(SITE, "u")

    assert asyncio.run(run()) == Secret(pin)


@pytest.mark.parametrize(
    "body",
    [b"", b'""', b"null", b"{}", HTML, b'"123"', b'"12345678901"', b'"12 34"', "١٢٣٤".encode(), b"\xff"],
)
def test_a_pin_that_is_none_is_asked_for_again_and_never_guessed(body: bytes) -> None:
    vendor = Canned({"": (200, body)})
    assert type(error_of(vendor, lambda salto: salto.new_pin(SITE, "u"))) is OutcomeUnknown


# --- what the adapter makes of it -------------------------------------------------------------------------

USER = {
    "id": "su",
    "user": {"id": "pu", "first_name": "Anna", "last_name": "1a2b3c4d #abc234"},
    "roles": [{"id": "r", "code": "site_user"}],
    "alias": "Anna #abc234",
    "use_pin": True,
}
GROUP = {"id": "g", "customer_reference": "Ostiary 1a2b3c4d #abc234"}
WHOLE = {
    "PATCH": (200, {}),
    "DELETE": (204, b""),
    "PUT": (200, b'"123456"'),
    "/keys": (200, {"items": [{"type": "pin"}]}),
    "/users/su": (200, USER),
    "/access_groups/g/users": (200, {"items": [{"id": "pu"}]}),
    "/access_groups/g/locks": (200, {"items": [{"id": LOCK}]}),
    "/time_schedules": (200, {"items": [{"id": "t", "start_time": "00:00:00", "end_time": "23:59:59"}]}),
    "/access_groups": (200, {"items": [GROUP]}),
    "/users": (200, {"items": [USER]}),
    "/roles": (200, {"items": [{"id": "r", "code": "site_user"}]}),
    "/locking": (200, {}),
    f"/locks/{LOCK}": (
        200,
        {"id": LOCK, "lock_type": "wall_reader_pin", "online": True, "iq": {"id": IQ, "is_online": True}},
    ),
    f"/iqs/{IQ}": (200, {"id": IQ, "time_zone": "Europe/Berlin", "online": True}),
    f"/sites/{SITE}": (200, {"id": SITE}),
}
HELD = wish_for("Anna #abc234", code=Secret("123456"), is_from_vendor=True)


def _account(**routes: Any) -> tuple[Canned, Account]:
    """A whole code at a door, but for what is said otherwise, by part of a URL."""
    vendor = Canned({**routes, **WHOLE, **routes})  # in front of all, and instead of
    return vendor, vendor.account(SITE)


def _writes(vendor: Canned) -> list[str]:
    return [f"{one.method} {one.url.rpartition('/')[2]}" for one in vendor.requests if one.method != "GET"]


def test_a_whole_code_needs_no_write() -> None:
    vendor, account = _account()

    async def run() -> None:
        [entry] = await account.list_access_codes(DOOR)
        assert (entry.is_exact, entry.is_enabled, entry.is_busy) == (True, True, False)
        assert await account.change_access_code(DOOR, "su", HELD) is None

    asyncio.run(run())
    assert _writes(vendor) == []


@pytest.mark.parametrize(
    "dates",
    [
        {"start_date": "soon", "end_date": "later"},
        {"start_date": "2026-13-01T00:00:00", "end_date": "2026-07-05T11:00:00"},
        {"start_date": "", "end_date": ""},
        {"start_date": "0001-01-01T00:00:00", "end_date": "9999-12-31T23:59:59"},
    ],
)
def test_a_schedule_that_nobody_can_read_is_replaced(dates: dict[str, str]) -> None:
    """It is not exact, so it is changed; and a change must not stumble over what it is to mend."""
    schedule = {"id": "t", "start_time": "00:00:00", "end_time": "23:59:59", **dates}
    vendor, account = _account(**{"GET https://connect.my-clay.com/v1.1": (200, [schedule])})

    async def run() -> None:
        [entry] = await account.list_access_codes(DOOR)
        assert (entry.is_exact, entry.starts_at, entry.ends_at) == (False, None, None)
        assert await account.change_access_code(DOOR, "su", HELD) is None

    asyncio.run(run())
    assert _writes(vendor) == ["PATCH t"]


def test_a_key_that_expires_is_no_pin_of_ours() -> None:
    keys = {"items": [{"type": "pin", "expiry_date": "2026-07-01T00:00:00Z"}, {"type": "tag"}]}
    vendor, account = _account(**{"/keys": (200, keys)})

    async def run() -> None:
        [entry] = await account.list_access_codes(DOOR)
        assert not entry.is_exact
        assert await account.change_access_code(DOOR, "su", HELD) == Secret("123456")

    asyncio.run(run())
    assert _writes(vendor) == ["PUT pin"]


def test_a_user_that_ends_by_itself_is_not_exact() -> None:
    ending = {**USER, "expires_at": "2026-08-01T00:00:00Z"}
    _, account = _account(**{"/users?": (200, [ending])})

    async def run() -> None:
        [entry] = await account.list_access_codes(DOOR)
        assert not entry.is_exact

    asyncio.run(run())


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../etc/passwd"])
def test_without_a_zone_that_exists_nothing_is_written(zone: str | None) -> None:
    """And nothing breaks: a window in somebody's local time cannot be told without knowing whose."""
    iq = {"id": IQ, "time_zone": zone, "online": True}
    vendor, account = _account(**{f"/iqs/{IQ}": (200, iq)})

    async def run() -> None:
        for verb in (
            account.list_access_codes(DOOR),
            account.set_access_code(DOOR, HELD),
            account.change_access_code(DOOR, "su", HELD),
        ):
            with pytest.raises(Unreachable):
                await verb
        await account.remove_access_code(DOOR, "su")

    asyncio.run(run())
    assert _writes(vendor) == ["DELETE su", "DELETE g"]


@pytest.mark.parametrize(
    ("status", "body", "error", "word"),
    [
        (403, says("2203"), "provider_issue", "right of remote opening"),
        (404, says("2202", "Otp is invalid"), "provider_issue", "one-time password"),
        (400, says("3102", "Request execution failed with code: iq_offline"), "provider_issue", "IQ"),
        (
            403,
            says("3102", "Request execution failed with code: otp_blocked"),
            "provider_issue",
            "20 minutes",
        ),
        (400, says("2210"), "provider_issue", "released"),
    ],
)
def test_what_a_door_answers_that_does_not_open(status: int, body: Any, error: str, word: str) -> None:
    _, account = _account(**{"/locking": (status, body)})
    with pytest.raises(Rejected) as caught:
        asyncio.run(account.unlock_door(DOOR))
    assert caught.value.error_code == error
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"), [(500, OutcomeUnknown), (503, Unreachable), (401, LoginExpired)]
)
def test_a_door_of_which_nobody_knows_whether_it_opened(status: int, error: type[ProviderError]) -> None:
    _, account = _account(**{"/locking": (status, b"")})
    with pytest.raises(error):
        asyncio.run(account.unlock_door(DOOR))


def test_without_the_role_of_a_user_nobody_is_made() -> None:
    none: tuple[int, Any] = (200, [])
    roles = (200, [{"id": "x", "code": "site_guest"}])
    vendor, account = _account(**{"/roles": roles, "/users?": none, "/access_groups?": none})
    with pytest.raises(Rejected) as caught:
        asyncio.run(account.set_access_code(DOOR, wish_for("Anna #abc234")))
    assert "may not create users" in str(caught.value)
    assert _writes(vendor) == []


def test_nobody_there() -> None:
    async def run() -> None:
        for error in (NotSent("no route"), NoAnswer("late")):
            account = adapter(Dead(error)).account(Credentials(Secret("token")), {"site_ids": [SITE]})
            for verb in (
                account.list_devices(),
                account.get_device(DOOR),
                account.set_access_code(DOOR, HELD),
            ):
                with pytest.raises(Unreachable):
                    await verb

    asyncio.run(run())
