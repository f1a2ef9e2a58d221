"""
The Nuki Web API's verbs over `ProviderHttp`, and what its answers mean to the engine.

The status decides first, the body only refines it (9.2). Nothing of a body reaches an error message:
Nuki's refusals quote the value that they refuse, which may be a PIN. PUT creates and POST updates (0.2); all
but GET are writes, and each is sent at most once.

Sections are those of `nuki-web-api.md`.
"""

import re
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from ostiary.domain.errors import (
    Busy,
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    NotPermitted,
    OutcomeUnknown,
    ProviderError,
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
from .mapping import NO_HOSTING
from .models import Account, Action, Auth, AuthCreate, AuthType, AuthUpdate, LogLine, Smartlock, Webhook

PAUSE_WHEN_BUSY: Final = 3.0
"""Seconds. 423: an operation on the object runs, usually for seconds (4.6, 9.3)."""

PAUSE_WHEN_LIMITED: Final = 60.0
"""Seconds. 429 without `Retry-After`: Nuki publishes no figures (9.1)."""

LONGEST_PAUSE: Final = 3600.0
"""Seconds. No `Retry-After` cuts an account off for longer."""

LOG_PAGE: Final = 50
"""Lines. The most that Nuki gives at once (6)."""

DECENTRAL: Final = "/api/decentralWebhook"

_BAD_PARAMETER: Final = re.compile(r"for parameter '([A-Za-z]{1,40})' is not valid")

T = TypeVar("T")


class NukiClient:
    """
    The verbs, with the token of one account.

    Raises, in every method: see the status table of `_refuse`.
    """

    def __init__(self, http: ProviderHttp, api_url: str, access_token: Secret) -> None:
        self._http = http
        self._api_url = api_url
        self._access_token = access_token

    async def account(self) -> Account:
        return await self._read("/account", Account)

    async def smartlocks(self) -> list[Smartlock]:
        return await self._read("/smartlock", list[Smartlock])

    async def smartlock(self, smartlock_id: str) -> Smartlock:
        """One device out of Nuki's cache: does not wake it (0.3)."""
        return await self._read(_device_path(smartlock_id), Smartlock, is_object=True)

    async def keypad_codes(self, smartlock_id: str) -> list[Auth]:
        """The authorizations of type 13 out of Nuki's cache. A 204 stands for none (4.1)."""
        path = f"{_device_path(smartlock_id)}/auth?types={AuthType.KEYPAD_CODE.value}"
        return await self._read(path, list[Auth], is_object=True, empty=[])

    async def may_read(self, path: str) -> bool:
        """Whether the token is let in there. 401 and 403 both stand for a missing scope (1.1)."""
        response = await exchange(self._http, self._request("GET", path), is_write=False)
        if response.status in (401, 403):
            return False
        if not 200 <= response.status < 300:
            _refuse(response, is_write=False, is_object=False)
        return True

    async def log(
        self, smartlock_id: str | None, *, older_than: str | None = None, until: str | None = None
    ) -> list[LogLine]:
        """
        A page of the log of one device, or of all, newest first (6).

        Args:
            older_than: Id of the line after which the page begins.
            until: No line is later; as an instant of the API.

        Raises:
            NotPermitted: 401 or 403, though the list of devices is open: the scope is lacking (1.1).
        """
        path = "/smartlock" if smartlock_id is None else _device_path(smartlock_id)
        asked = {"limit": str(LOG_PAGE), "id": older_than, "toDate": until}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        try:
            lines = await self._read(
                f"{path}/log?{query}", list[LogLine], is_object=smartlock_id is not None, empty=[]
            )
        except (LoginExpired, LoginRejected):
            await self.smartlocks()  # raises, where it is the login that has ended since the last call
            raise NotPermitted("Nuki does not let this token read the log") from None
        return lines

    async def create_auth(self, smartlock_id: str, body: AuthCreate) -> None:
        """Not idempotent, and answers without an id (4.6)."""
        path = f"{_device_path(smartlock_id)}/auth"
        await self._write("PUT", path, models.write(body), is_code=True)

    async def update_auth(self, smartlock_id: str, auth_id: str, body: AuthUpdate) -> None:
        path = _auth_path(smartlock_id, auth_id)
        await self._write("POST", path, models.write(body), is_code=True)

    async def delete_auth(self, smartlock_id: str, auth_id: str) -> None:
        await self._write("DELETE", _auth_path(smartlock_id, auth_id))

    async def act(self, smartlock_id: str, action: Action) -> None:
        body = models.write(models.ActionBody(action))
        await self._write("POST", f"{_device_path(smartlock_id)}/action", body)

    async def sync(self, smartlock_id: str) -> None:
        """Wakes the device (7.1)."""
        await self._write("POST", f"{_device_path(smartlock_id)}/sync")

    async def webhooks(self) -> list[Webhook]:
        """The decentral webhooks of the account, without their secrets (8.1, quirk 27)."""
        return await self._read(DECENTRAL, list[Webhook], is_object=True, empty=[])

    async def create_webhook(self, url: str, features: tuple[str, ...]) -> Webhook:
        """Adds one, also where there is one for the same address (8.1)."""
        answer = await self._send("PUT", DECENTRAL, models.write(models.WebhookCreate(url, features)))
        try:
            return models.read(answer.body, Webhook)
        except models.UnreadableError as error:
            raise OutcomeUnknown(f"Nuki answered {answer.status} with {error}") from None

    async def delete_webhook(self, webhook_id: str) -> None:
        await self._write("DELETE", f"{DECENTRAL}/{quote(webhook_id, safe='')}")

    async def _read(self, path: str, shape: type[T], *, is_object: bool = False, empty: T | None = None) -> T:
        response = await exchange(self._http, self._request("GET", path), is_write=False)
        if response.status == 204 and empty is not None:
            return empty
        if not 200 <= response.status < 300:
            _refuse(response, is_write=False, is_object=is_object)
        try:
            return models.read(response.body, shape)
        except models.UnreadableError as error:
            raise Unreachable(f"Nuki answered {response.status} with {error}") from None

    async def _write(self, method: str, path: str, body: bytes = b"", *, is_code: bool = False) -> None:
        await self._send(method, path, body, is_code=is_code)

    async def _send(
        self, method: str, path: str, body: bytes = b"", *, is_code: bool = False
    ) -> HttpResponse:
        response = await exchange(self._http, self._request(method, path, body), is_write=True)
        if not 200 <= response.status < 300:
            _refuse(response, is_write=True, is_object=True, is_code=is_code)
        if _lacks_hosting(_words(response.body)):
            # 1.4: where Smart Hosting is missing "the API answers with that text", no status told.
            raise _no_hosting()
        return response

    def _request(self, method: str, path: str, body: bytes = b"") -> HttpRequest:
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._access_token.reveal()}",
        }
        if body:
            headers["Content-Type"] = "application/json"
        kind = _kind(method, path)
        wakes = kind != "read" and path.startswith("/smartlock/")
        return HttpRequest(method, self._api_url + path, headers, body, kind=kind, wakes=wakes)


async def request_token(http: ProviderHttp, api_url: str, form: str) -> HttpResponse:
    """
    Ask the token endpoint (1.2) and return its answer, also when it refuses.

    A token request is a write: it may use up the code or the refresh token that it carries.

    Raises:
        Unreachable, RateLimited: Nothing is used up.
        OutcomeUnknown: Perhaps it is.
    """
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    request = HttpRequest("POST", f"{api_url}/oauth/token", headers, form.encode(), kind="login")
    response = await exchange(http, request, is_write=True)
    if response.status == 429 or response.status >= 500:
        _refuse(response, is_write=True, is_object=False)
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
        raise Unreachable(f"Nuki cannot be reached: {error}") from None
    except NoAnswer as error:
        kind = OutcomeUnknown if is_write else Unreachable
        raise kind(f"Nuki gave no answer: {error}") from None


# --- what a refusal means ------------------------------------------------------------------------


def _refuse(response: HttpResponse, *, is_write: bool, is_object: bool, is_code: bool = False) -> NoReturn:
    """
    Raise what a status means (9.3).

    | status | read | write |
    | --- | --- | --- |
    | 401 | LoginExpired | LoginExpired |
    | 403, 404 | see `_forbidden`, `_unknown` | the same |
    | 423 | Busy | Busy |
    | 429 | RateLimited | RateLimited |
    | other 4xx | Unreachable | Rejected, see `_rejection` |
    | 503 and 408, 3xx | Unreachable | Unreachable |
    | other 5xx | Unreachable | OutcomeUnknown |

    Args:
        is_object: The path names a device or an authorization, which may be gone.
        is_code: The body carried a PIN, which may be taken.
    """
    status = response.status
    if 400 <= status < 500 and is_write and _lacks_hosting(_words(response.body)):
        raise _no_hosting()  # before 401 and 403: a lapsed subscription must not disconnect the account
    if status == 401:
        raise LoginExpired("Nuki does not accept the access token")
    if status == 403:
        raise _forbidden(response, is_object)
    if status == 404:
        raise _unknown(is_object)
    if status == 423:
        raise Busy("Nuki is at work on this object", retry_after=_pause(response) or PAUSE_WHEN_BUSY)
    if status == 429:
        raise RateLimited("Nuki refuses more calls", retry_after=_pause(response) or PAUSE_WHEN_LIMITED)
    if 400 <= status < 500 and status != 408 and is_write:
        raise _rejection(status, _words(response.body), is_code)
    if status >= 500 and status != 503 and is_write:
        raise OutcomeUnknown(f"Nuki answered {status}")
    raise Unreachable(f"Nuki answered {status}", retry_after=_pause(response))


def _forbidden(response: HttpResponse, is_object: bool) -> ProviderError:
    """
    Nuki says 403 to an id that is not the account's, with an exception that has no words (4.7, E2).

    So a wordless 403 about an object means that the object is not there for us. One with words speaks of the
    account. One that is not JSON comes from something in front of Nuki, and must not disconnect
    every account behind it.
    """
    words = _words(response.body)
    if words is None and response.body:
        return Unreachable("something in front of Nuki answered 403")
    if _lacks_hosting(words):
        return Unreachable("Nuki Smart Hosting is not active for this device")
    if is_object and not words:
        return NoSuchObject("Nuki does not let this account at that object, or does not know it")
    return LoginRejected("Nuki forbids this account the call")


def _unknown(is_object: bool) -> ProviderError:
    if is_object:
        return NoSuchObject("Nuki does not know that object")
    return Unreachable("Nuki answered 404; is its address right?")


def _rejection(status: int, words: "_Words | None", is_code: bool) -> Rejected:
    """A 4xx to a write that will not go away by itself (4.7)."""
    if status in (402, 426):
        return _no_hosting()
    if status == 409 and is_code:
        return Rejected("duplicate_code_on_device", "Nuki has this PIN on the device already")
    found = _BAD_PARAMETER.search(str(words.detail_message)) if words else None
    if status == 400 and found:
        if found[1] == "code":
            return Rejected("code_constraints_violated", "Nuki refused the PIN")
        if found[1] == "type":
            # 4.7, quirks 11 and 12: no keypad, or one that was paired after the last sync.
            return Rejected("provider_issue", "Nuki's cloud does not know of a keypad at this device")
        return Rejected("provider_issue", f"Nuki refused the value of {found[1]!r}")
    return Rejected("provider_issue", f"Nuki refused the request with {status}")


class _Words(msgspec.Struct, rename="camel"):
    """What bodies of refusals may say: E1 and E5 of 9.2. False when they say nothing, as E2."""

    detail_message: Any = None
    error: Any = None

    def __bool__(self) -> bool:
        return bool(self.detail_message or self.error)


def _words(body: bytes) -> _Words | None:
    """None: not a JSON object."""
    try:
        return models.read(body, _Words)
    except models.UnreadableError:
        return None


def _lacks_hosting(words: _Words | None) -> bool:
    return words is not None and NO_HOSTING in f"{words.error} {words.detail_message}"


def _no_hosting() -> Rejected:
    return Rejected("subscription_required", "Nuki Smart Hosting is not active for this device")


def _pause(response: HttpResponse) -> float | None:
    """
    Seconds that `Retry-After` asks for, 1 to `LONGEST_PAUSE`; None without a readable one.

    A date is read against the `Date` of the same answer: no clock of ours is involved.
    """
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            until = parsedate_to_datetime(text)
            seconds = (until - parsedate_to_datetime(response.headers["date"])).total_seconds()
        except (ValueError, TypeError, KeyError):
            return None
    return min(max(seconds, 1.0), LONGEST_PAUSE)


def _kind(method: str, path: str) -> RequestKind:
    """A GET answers out of Nuki's cache and wakes nothing; all else at a device does (0.3, 7.1)."""
    if method == "GET":
        return "read"
    last = path.rpartition("/")[2]
    return "command" if last == "action" else "wake" if last == "sync" else "write"


def _device_path(smartlock_id: str) -> str:
    return f"/smartlock/{quote(smartlock_id, safe='')}"


def _auth_path(smartlock_id: str, auth_id: str) -> str:
    """With the 24 hex digits of `id`, not the number `authId` (4.1)."""
    return f"{_device_path(smartlock_id)}/auth/{quote(auth_id, safe='')}"
