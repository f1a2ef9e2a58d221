"""
The Connect API's verbs over `ProviderHttp`, and what its answers mean to the engine.

The status decides first, `ErrorCode` refines it (8.2, 8.3). No text of the vendor's reaches a message. Every
list is followed to its end. Each write is sent once; 429 is waited out here for a moment, since a code takes
several calls and half of one is worse than a late one.

Sections are those of `salto-ks-connect-api.md`.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from ostiary.domain.errors import (
    Busy,
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
)
from ostiary.domain.provider import (
    HttpRequest,
    HttpResponse,
    NoAnswer,
    NotSent,
    ProviderHttp,
    RequestKind,
)
from ostiary.domain.secrets import Secret

from . import models
from .models import (
    AccessGroup,
    Iq,
    IqSecret,
    Key,
    Lock,
    Member,
    Page,
    Person,
    Role,
    Site,
    SiteUser,
    Subscription,
    TimeSchedule,
)

PAGE: Final = 100
PAGES_MOST: Final = 100
"""A list that has not ended by then goes in circles."""

SHORT_PAUSE: Final = 2.0
"""Seconds. A 429 that asks for no more is waited out in place."""

TRIES: Final = 4
PAUSE_WHEN_LIMITED: Final = 5.0
LONGEST_PAUSE: Final = 3600.0

NOT_FOUND, NOT_ALLOWED, NOT_RELEASED, NO_SUBSCRIPTION = "2202", "2203", "2210", "2212"
IQ_FAILED, NO_IQ_PIN, BAD_VALUE = "3102", "3104", "1101"

T = TypeVar("T")


class SaltoClient:
    """
    The verbs, with the token of one login.

    Raises, in every method: see `_refuse`.
    """

    def __init__(self, http: ProviderHttp, api_url: str, access_token: Secret) -> None:
        self._http = http
        self._api_url = api_url
        self._access_token = access_token

    # --- sites ----------------------------------------------------------------------------------------

    async def me(self) -> Person:
        return await self._get("/v1.2/me", Person)

    async def sites(self) -> list[Site]:
        return await self._list("/v1.2/sites", Site)

    async def site(self, site_id: str) -> Site:
        return await self._get(_site(site_id), Site)

    async def my_user(self, site_id: str) -> SiteUser:
        """Ourselves on a site, with our roles."""
        return await self._get(f"{_site(site_id)}/me", SiteUser)

    async def subscription(self, site_id: str) -> Subscription:
        return await self._get(f"{_site(site_id)}/subscription", Subscription)

    async def roles(self, site_id: str) -> list[Role]:
        return await self._list(f"{_site(site_id)}/roles", Role)

    async def iqs(self, site_id: str) -> list[Iq]:
        return await self._list(f"{_site(site_id)}/iqs", Iq)

    async def iq(self, site_id: str, iq_id: str) -> Iq:
        return await self._get(f"{_site(site_id)}/iqs/{_id(iq_id)}", Iq)

    # --- locks ----------------------------------------------------------------------------------------

    async def locks(self, site_id: str) -> list[Lock]:
        return await self._list(f"{_site(site_id)}/locks", Lock)

    async def lock(self, site_id: str, lock_id: str) -> Lock:
        return await self._get(f"{_site(site_id)}/locks/{_id(lock_id)}", Lock)

    async def set_locked_state(self, site_id: str, lock_id: str, body: Mapping[str, Any]) -> None:
        """Synchronous towards the IQ: a success is the door's (3.3)."""
        await self._write("PATCH", f"{_site(site_id)}/locks/{_id(lock_id)}/locking", body)

    async def iq_secret(self, site_id: str, iq_id: str) -> Secret:
        """Told only until this user has activated the IQ; the next call may change it (3.4)."""
        found = await self._get(f"{_site(site_id)}/iqs/{_id(iq_id)}/secret", IqSecret)
        return Secret(found.secret)

    async def mail_iq_pin(self, site_id: str, iq_id: str) -> None:
        """To the mailbox of the user whose token this is: a `GET` that does something."""
        path = f"{_site(site_id)}/iqs/{_id(iq_id)}/pin?send_email=true"
        await self._exchange("GET", path, is_write=True)

    async def prove_iq_pin(self, site_id: str, iq_id: str, otp: str) -> None:
        """With a delta of nothing, which alone leaves cloud and IQ agreeing about the PIN (3.4)."""
        path = f"{_site(site_id)}/iqs/{_id(iq_id)}/pin"
        await self._write("PUT", path, {"otp": otp, "delta": "0000"})

    # --- users ----------------------------------------------------------------------------------------

    async def users(self, site_id: str) -> list[SiteUser]:
        return await self._list(f"{_site(site_id)}/users", SiteUser)

    async def user(self, site_id: str, site_user_id: str) -> SiteUser:
        return await self._get(_user(site_id, site_user_id), SiteUser)

    async def create_user(self, site_id: str, body: Mapping[str, Any]) -> SiteUser:
        return await self._made("POST", f"{_site(site_id)}/users", body, SiteUser)

    async def add_existing_user(self, site_id: str, body: Mapping[str, Any]) -> None:
        await self._write("POST", f"/v1.1/sites/{_id(site_id)}/users/existing", body)

    async def update_user(self, site_id: str, site_user_id: str, body: Mapping[str, Any]) -> None:
        await self._write("PATCH", _user(site_id, site_user_id), body)

    async def subscribe(self, site_id: str, site_user_id: str) -> None:
        await self._write("PATCH", f"{_user(site_id, site_user_id)}/subscription", {"state": "subscribed"})

    async def delete_user(self, site_id: str, site_user_id: str) -> None:
        """Frees the seat at once (2.6)."""
        await self._write("DELETE", _user(site_id, site_user_id))

    async def keys(self, site_id: str, site_user_id: str) -> list[Key]:
        return await self._list(f"{_user(site_id, site_user_id)}/keys", Key)

    async def new_pin(self, site_id: str, site_user_id: str) -> Secret:
        """A PIN that Salto chooses. It is told here and nowhere else; an older one dies (4)."""
        response = await self._write("PUT", f"{_user(site_id, site_user_id)}/pin", {})
        return _pin(response)

    async def set_pin(self, site_id: str, site_user_id: str, pin: Secret) -> None:
        """A PIN of our choice, where the site may have those (4)."""
        await self._write("PUT", f"{_user(site_id, site_user_id)}/pin/custom", {"pin": pin.reveal()})

    # --- access groups --------------------------------------------------------------------------------

    async def groups(self, site_id: str) -> list[AccessGroup]:
        return await self._list(f"{_site(site_id)}/access_groups", AccessGroup)

    async def create_group(self, site_id: str, name: str) -> AccessGroup:
        body = {"customer_reference": name}
        return await self._made("POST", f"{_site(site_id)}/access_groups", body, AccessGroup)

    async def delete_group(self, site_id: str, group_id: str) -> None:
        await self._write("DELETE", _group(site_id, group_id))

    async def group_locks(self, site_id: str, group_id: str) -> list[str]:
        return [one.id for one in await self._list(f"{_group(site_id, group_id)}/locks", Member)]

    async def add_group_lock(self, site_id: str, group_id: str, lock_id: str) -> None:
        await self._write("POST", f"{_group(site_id, group_id)}/locks", {"lock_id": lock_id})

    async def remove_group_lock(self, site_id: str, group_id: str, lock_id: str) -> None:
        await self._write("DELETE", f"{_group(site_id, group_id)}/locks/{_id(lock_id)}")

    async def group_users(self, site_id: str, group_id: str) -> list[str]:
        """Platform ids (2.4)."""
        return [one.id for one in await self._list(f"{_group(site_id, group_id)}/users", Member)]

    async def add_group_user(self, site_id: str, group_id: str, user_id: str) -> None:
        await self._write("POST", f"{_group(site_id, group_id)}/users", {"user_id": user_id})

    async def schedules(self, site_id: str, group_id: str) -> list[TimeSchedule]:
        return await self._list(_schedules(site_id, group_id), TimeSchedule)

    async def create_schedule(self, site_id: str, group_id: str, body: Mapping[str, Any]) -> None:
        await self._write("POST", _schedules(site_id, group_id), body)

    async def update_schedule(
        self, site_id: str, group_id: str, schedule_id: str, body: Mapping[str, Any]
    ) -> None:
        await self._write("PATCH", f"{_schedules(site_id, group_id)}/{_id(schedule_id)}", body)

    async def delete_schedule(self, site_id: str, group_id: str, schedule_id: str) -> None:
        await self._write("DELETE", f"{_schedules(site_id, group_id)}/{_id(schedule_id)}")

    # --- exchanges ------------------------------------------------------------------------------------

    async def _get(self, path: str, shape: type[T]) -> T:
        response = await self._exchange("GET", path)
        return _read(response, shape, is_write=False)

    async def _list(self, path: str, shape: type[T]) -> list[T]:
        """Every page. An old form of some lists is a bare array (2.2, 8.1)."""
        found: list[T] = []
        at = f"{path}?{urlencode({'$top': PAGE})}"
        for _ in range(PAGES_MOST):
            response = await self._exchange("GET", at)
            if response.body.lstrip()[:1] == b"[":
                return _read(response, list[shape], is_write=False)  # type: ignore[valid-type]  # made only now
            page = _read(response, Page, is_write=False)
            found += [_decode(item, shape) for item in page.items]
            if not page.next_page_link:
                return found
            at = self._following(page.next_page_link)
        raise Unreachable("Salto KS gave a list without an end")

    def _following(self, link: str) -> str:
        """
        Path and query of the next page. The link is absolute and may say http (8.1): our token goes to the
        address that we know and to no other.
        """
        parts = urlsplit(link)
        prefix = urlsplit(self._api_url).path
        path = parts.path.removeprefix(prefix)
        return f"{path}?{parts.query}" if parts.query else path

    async def _made(self, method: str, path: str, body: Mapping[str, Any], shape: type[T]) -> T:
        return _read(await self._write(method, path, body), shape, is_write=True)

    async def _write(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> HttpResponse:
        return await self._exchange(method, path, None if body is None else msgspec.json.encode(body))

    async def _exchange(
        self, method: str, path: str, body: bytes | None = None, *, is_write: bool = False
    ) -> HttpResponse:
        is_write = is_write or method != "GET"
        headers = {"Accept": "application/json", "Authorization": f"Bearer {self._access_token.reveal()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        kind = _kind(path, is_write=is_write)
        wakes = is_write and "/iqs/" not in path  # an IQ has a mains adapter
        request = HttpRequest(method, self._api_url + path, headers, body or b"", kind=kind, wakes=wakes)
        for attempt in range(TRIES):
            response = await exchange(self._http, request, is_write=is_write)
            pause = _pause(response)
            is_brief = response.status == 429 and (pause is None or pause <= SHORT_PAUSE)
            if not is_brief or attempt == TRIES - 1:
                break
            await asyncio.sleep((pause or 1.0) * (1 + 0.3 * random.random()))  # noqa: S311 - spreads load
        if not 200 <= response.status < 300:
            _refuse(response, is_write=is_write)
        return response


async def exchange(http: ProviderHttp, request: HttpRequest, *, is_write: bool) -> HttpResponse:
    """
    Raises:
        Unreachable: Nothing was changed.
        OutcomeUnknown: A write has left and no answer came.
    """
    try:
        return await http.send(request)
    except NotSent as error:
        raise Unreachable(f"Salto KS cannot be reached: {error}") from None
    except NoAnswer as error:
        kind = OutcomeUnknown if is_write else Unreachable
        raise kind(f"Salto KS gave no answer: {error}") from None


# --- what an answer means ------------------------------------------------------------------------


class NotReady(Busy):
    """403 `2203`: right after a user was made also what is allowed, for a minute (5.4); later it is not."""


class NoSeat(Rejected):
    """403 `2212`: the subscription of the site does not cover it."""

    def __init__(self) -> None:
        super().__init__("provider_issue", "The subscription of the Salto KS site does not cover this")


def _refuse(response: HttpResponse, *, is_write: bool) -> NoReturn:
    """
    Raise what a status and its `ErrorCode` mean (8.2, 8.3).

    | answer | read | write |
    | --- | --- | --- |
    | 401 | LoginExpired | LoginExpired |
    | 403 `2212` | Unreachable | NoSeat |
    | 403 `3102` | Rejected | Rejected, a one-time password is blocked |
    | 403 `2203` | LoginRejected | NotReady |
    | other 403 | Unreachable | Rejected |
    | 404 `2202` | NoSuchObject | NoSuchObject |
    | other 404 | Unreachable | Unreachable |
    | 429 | RateLimited | RateLimited |
    | other 4xx | Unreachable | Rejected |
    | 503, 408 and 3xx | Unreachable | Unreachable |
    | other 5xx | Unreachable | OutcomeUnknown |
    """
    status, code = response.status, error_code(response)
    if status == 401:
        raise LoginExpired("Salto KS does not accept the access token")
    if status == 429:
        raise RateLimited("Salto KS refuses more calls", retry_after=_pause(response) or PAUSE_WHEN_LIMITED)
    if status == 403:
        _forbid(code, is_write=is_write)
    if status == 404:
        if code in (NOT_FOUND, NO_IQ_PIN):
            raise NoSuchObject("Salto KS does not know that object")
        raise Unreachable("Salto KS answered 404; is its address right?")
    if 400 <= status < 500 and status != 408 and is_write:
        raise _rejection(status, code)
    if status >= 500 and status != 503 and is_write:
        raise OutcomeUnknown(f"Salto KS answered {status}")
    raise Unreachable(f"Salto KS answered {status}", retry_after=_pause(response))


def _forbid(code: str, *, is_write: bool) -> NoReturn:
    if code == NO_SUBSCRIPTION:
        raise NoSeat if is_write else Unreachable("The subscription of the Salto KS site has ended")
    if code == IQ_FAILED:
        raise Rejected("provider_issue", "Salto KS has blocked one-time passwords for 20 minutes")
    if code == NOT_ALLOWED and is_write:
        raise NotReady("Salto KS does not allow this, or not yet", retry_after=3.0)
    if code == NOT_ALLOWED:
        raise LoginRejected("Salto KS does not let our user at this site any more")
    if is_write:
        raise Rejected("provider_issue", "Salto KS forbids this")
    raise Unreachable("Salto KS answered 403")


def _rejection(status: int, code: str) -> Rejected:
    if code == NOT_RELEASED:
        return Rejected("provider_issue", "The Salto KS site has not been released by its installer")
    if code == IQ_FAILED:
        return Rejected("provider_issue", "The IQ of this door could not carry it out")
    if code == BAD_VALUE:
        return Rejected("provider_issue", "Salto KS refused a value")
    return Rejected("provider_issue", f"Salto KS refused the request with {status} {code}".rstrip())


def error_code(response: HttpResponse) -> str:
    """Empty when the body has none."""
    try:
        found = models.read(response.body, models.Refusal).error_code
    except models.UnreadableError:
        return ""
    return "" if found is None else str(found)[:10]


def _read(response: HttpResponse, shape: type[T], *, is_write: bool) -> T:
    try:
        return models.read(response.body, shape)
    except models.UnreadableError as error:
        kind = OutcomeUnknown if is_write else Unreachable
        raise kind(f"Salto KS answered {response.status} with {error}") from None


def _decode(item: msgspec.Raw, shape: type[T]) -> T:
    try:
        return models.read(bytes(item), shape)
    except models.UnreadableError as error:
        raise Unreachable(f"Salto KS listed {error}") from None


def _pin(response: HttpResponse) -> Secret:
    """A bare JSON text, or plain text; zeros may lead (4). Raises: OutcomeUnknown."""
    text = response.body.decode("ascii", "replace").strip().strip('"')
    if not (text.isascii() and text.isdigit() and 4 <= len(text) <= 10):
        raise OutcomeUnknown("Salto KS answered a request for a PIN without one")
    return Secret(text)


def _pause(response: HttpResponse) -> float | None:
    text = response.headers.get("retry-after", "").strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(max(float(text[:9]), 1.0), LONGEST_PAUSE)


# --- paths ------------------------------------------------------------------------------------------


def _kind(path: str, *, is_write: bool) -> RequestKind:
    if not is_write:
        return "read"
    return "command" if path.endswith("/locking") else "write"


def _id(text: str) -> str:
    return quote(text, safe="")


def _site(site_id: str) -> str:
    return f"/v1.2/sites/{_id(site_id)}"


def _user(site_id: str, site_user_id: str) -> str:
    return f"{_site(site_id)}/users/{_id(site_user_id)}"


def _group(site_id: str, group_id: str) -> str:
    return f"{_site(site_id)}/access_groups/{_id(group_id)}"


def _schedules(site_id: str, group_id: str) -> str:
    """In v1.1, as every client that uses them does (2.1)."""
    return f"/v1.1/sites/{_id(site_id)}/access_groups/{_id(group_id)}/time_schedules"
