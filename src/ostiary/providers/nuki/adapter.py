"""
Nuki behind the port: the client's verbs and the mapping, put together, and the login.

Logging in is OAuth's code grant (1.2) with the client's credentials in the form. PKCE is documented
nowhere at Nuki, so no challenge is sent. Sections are those of `nuki-web-api.md`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from ostiary.domain.errors import (
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Unreachable,
)
from ostiary.domain.provider import (
    AccountProblem,
    Activations,
    Credentials,
    DesiredCode,
    HttpResponse,
    LogEntry,
    Login,
    LoginFailed,
    Notice,
    NoticeAddress,
    ObservedCode,
    ObservedDevice,
    ProviderHttp,
    RecentEntries,
    VendorSite,
)
from ostiary.domain.secrets import Secret

from . import log, mapping, notices, tokens
from .client import NukiClient, request_token
from .models import Action, DeviceType, Smartlock

LOG_SCOPE: Final = "smartlock.log"

SCOPES: Final = (
    "account",
    "smartlock.readOnly",
    "smartlock.action",  # also sync
    "smartlock.auth",
    LOG_SCOPE,
    "offline_access",
)
"""No more than the verbs below need (1.3). `smartlock` alone would also let us delete devices."""

NOTICES: Final = "webhook.decentral"
"""The scope for webhooks, where they are wanted: only an approved Advanced API may have it (1.4, 8.1)."""

NOTHING_TO_ACTIVATE: Final = "This door needs no activation."

TOKEN_LIFE: Final = timedelta(seconds=3600)
"""Of an access token whose answer does not tell (1.2)."""

_ERROR_WORD: Final = re.compile(r"[a-z_]{1,40}")


class NukiAdapter:
    """The port's `Adapter`."""

    def __init__(self, http: ProviderHttp, site: VendorSite) -> None:
        self._http = http
        self._site = site
        self._api_url = site.urls["api_url"]

    def login_url(self, *, state: str, redirect_uri: str, verifier: str) -> str:
        scopes = (*SCOPES, NOTICES) if self._site.wants_notices else SCOPES
        # Not oauthlib's `prepare_request_uri`: it refuses the plain http of a simulator.
        return str(
            add_params_to_uri(
                f"{self._api_url}/oauth/authorize",
                [
                    ("response_type", "code"),
                    ("client_id", self._site.client_id),
                    ("redirect_uri", redirect_uri),
                    ("scope", " ".join(scopes)),
                    ("state", state),
                ],
            )
        )

    async def finish_login(
        self, query: Mapping[str, str], *, redirect_uri: str, verifier: str, now: datetime
    ) -> Login:
        """
        Exchange the code and ask whose account it is. A login that broke off in between is begun anew, for a
        code serves once: so trouble on the way is `LoginFailed` too.
        """
        if "error" in query:
            raise LoginFailed(_word(query["error"]), "Nuki did not let you in, or you cancelled.")
        if not query.get("code"):
            raise LoginFailed("invalid_response", "Nuki came back without a code.")
        form = WebApplicationClient(self._site.client_id).prepare_request_body(
            code=query["code"], redirect_uri=redirect_uri, client_secret=self._site.client_secret.reveal()
        )
        try:
            answer = _tokens(await request_token(self._http, self._api_url, form))
            credentials = _credentials(answer, now, None)
            who = await NukiClient(self._http, self._api_url, credentials.access_token).account()
        except OAuth2Error as error:
            raise LoginFailed(_word(error.error), "Nuki refused the login.") from None
        except ProviderError:
            raise LoginFailed("provider_unavailable", "Nuki could not finish the login.") from None
        return Login(
            credentials=credentials,
            vendor_account_id=str(who.account_id),
            display_name=who.name or who.email or f"Nuki {who.account_id}",
            user_identifier={"email": who.email} if who.email else {"username": str(who.account_id)},
            settings={"scopes": _scopes(answer)},
        )

    async def token_login(self, token: Secret, *, now: datetime) -> Login:
        """An API token of the owner's own account (1.1). A changed password ends it (quirk 34)."""
        return await tokens.login(self._http, self._api_url, token)

    async def refresh(self, credentials: Credentials, *, now: datetime) -> Credentials:
        """
        Nuki gives a new refresh token each time, good for 90 days; without one the old stays (1.2).

        Only `invalid_grant` speaks about the account. Any other refusal, such as a wrong client secret, is
        about us: the accounts wait until it is mended.
        """
        old = credentials.refresh_token
        if old is None:
            raise LoginRejected("Nuki does not accept the API token any more")
        form = WebApplicationClient(self._site.client_id).prepare_refresh_body(
            refresh_token=old.reveal(),
            client_id=self._site.client_id,
            client_secret=self._site.client_secret.reveal(),
        )
        try:
            answer = _tokens(await request_token(self._http, self._api_url, form))
        except OAuth2Error as error:
            word = _word(error.error)
            if word == "invalid_grant":
                raise LoginRejected("Nuki does not accept the refresh token") from None
            raise Unreachable(f"Nuki refused to refresh: {word}") from None
        return _credentials(answer, now, old)

    async def complete_login(self, pending: Secret, chosen: Sequence[str], *, now: datetime) -> Login:
        raise LoginFailed("invalid_response", "Nuki lets nobody choose anything.")

    def account(
        self, credentials: Credentials, settings: Mapping[str, Any], activations: Activations | None = None
    ) -> "NukiAccount":
        client = NukiClient(self._http, self._api_url, credentials.access_token)
        return NukiAccount(
            client,
            reads_log=LOG_SCOPE in settings.get("scopes", ()),
            has_token=tokens.is_token(credentials),
        )

    def read_notice(self, headers: Mapping[str, str], body: bytes, secret: Secret) -> Notice:
        return notices.read(headers, body, secret)

    def vendor_name(self, name: str | None, mark: str) -> str:
        return mapping.vendor_name(name, mark)


class NukiAccount:
    """
    The port's `Account`. Ids are Nuki's 64-bit numbers in decimal, and 24 hex digits of codes.

    Args:
        reads_log: Whether the login was granted it. Without, Nuki answers as to a login that has ended (1.1).
        has_token: It is an API token, not an OAuth login.
    """

    def __init__(self, client: NukiClient, *, reads_log: bool = False, has_token: bool = False) -> None:
        self._client = client
        self._reads_log = reads_log
        self._has_token = has_token

    async def list_devices(self) -> Sequence[ObservedDevice]:
        return [self._seen(lock) for lock in await self._client.smartlocks()]

    def _seen(self, lock: Smartlock) -> ObservedDevice:
        return mapping.device(lock, reads_log=self._reads_log)

    async def list_problems(self) -> Sequence[AccountProblem]:
        return ()  # what Nuki has against an account, it has against each of its calls

    async def get_device(self, vendor_device_id: str) -> ObservedDevice:
        return self._seen(await self._client.smartlock(vendor_device_id))

    async def recent_entries(self) -> RecentEntries | None:
        return await log.recent(self._client) if self._reads_log else None

    async def entries_since(self, vendor_device_id: str, since: datetime) -> Sequence[LogEntry]:
        return await log.since(self._client, vendor_device_id, since) if self._reads_log else ()

    async def begin_activation(self, vendor_device_id: str) -> Secret | None:
        return None  # the login is all that Nuki asks for

    async def send_activation_pin(self, vendor_device_id: str) -> str:
        raise Rejected("unsupported_device", NOTHING_TO_ACTIVATE)

    async def finish_activation(self, vendor_device_id: str, pin: Secret, *, now: datetime) -> Secret:
        raise Rejected("unsupported_device", NOTHING_TO_ACTIVATE)

    async def lock_door(self, vendor_device_id: str) -> bool:
        if not mapping.is_lock(mapping.device_type(vendor_device_id)):
            raise Rejected("unsupported_device", "This device has nothing to lock.")
        await self._act(vendor_device_id, Action.LOCK)
        return False

    async def unlock_door(self, vendor_device_id: str) -> bool:
        """
        Unlock, and open only what can do nothing else.

        Never by `/action/unlock`: on a door with a knob that pulls the latch, and the door stands
        open (3.3). An Opener works its strike; its "unlock" would be ring to open (3.2).
        """
        kind = mapping.device_type(vendor_device_id)
        if kind is DeviceType.UNKNOWN:
            raise Rejected("unsupported_device", "How to unlock this device is not known.")
        await self._act(vendor_device_id, Action.UNLATCH if kind is DeviceType.OPENER else Action.UNLOCK)
        return False

    async def _act(self, vendor_device_id: str, action: Action) -> None:
        try:
            await self._client.act(vendor_device_id, action)
        except LoginExpired:
            if not await self._lacks_right():
                raise
            raise Rejected("provider_issue", "The API token does not allow working doors.") from None

    async def list_access_codes(self, vendor_device_id: str) -> Sequence[ObservedCode]:
        return mapping.codes(await self._client.keypad_codes(vendor_device_id))

    async def set_access_code(self, vendor_device_id: str, wanted: DesiredCode) -> Secret | None:
        await self._client.create_auth(vendor_device_id, mapping.create_body(wanted))
        return None

    async def change_access_code(
        self, vendor_device_id: str, vendor_code_id: str, wanted: DesiredCode
    ) -> Secret | None:
        await self._client.update_auth(vendor_device_id, vendor_code_id, mapping.update_body(wanted))
        return None

    async def remove_access_code(self, vendor_device_id: str, vendor_code_id: str) -> None:
        await self._client.delete_auth(vendor_device_id, vendor_code_id)

    async def synchronise(self, vendor_device_id: str) -> None:
        try:
            await self._client.sync(vendor_device_id)
        except LoginExpired:
            if not await self._lacks_right():  # without it, Nuki reads the lock by itself once a day
                raise

    async def _lacks_right(self) -> bool:
        """
        After a 401 to an action or a sync, whose scope no read can try out: an API token that is good for
        reading lacks it (1.1), and the account is not cut off.
        """
        return self._has_token and await self._client.may_read("/smartlock")

    async def list_notice_addresses(self) -> Sequence[NoticeAddress]:
        if self._has_token:
            raise _no_webhooks()  # they are for logins through OAuth (1.1)
        try:
            found = await self._client.webhooks()
        except (NoSuchObject, LoginRejected):
            raise _no_webhooks() from None
        return [NoticeAddress(str(hook.id), hook.webhook_url) for hook in found]

    async def register_notices(self, url: str) -> tuple[NoticeAddress, Secret]:
        try:
            hook = await self._client.create_webhook(url, notices.FEATURES)
        except (NoSuchObject, LoginRejected):
            raise _no_webhooks() from None
        if hook.secret is None:
            raise OutcomeUnknown("Nuki has registered a webhook and did not tell its secret")
        return NoticeAddress(str(hook.id), hook.webhook_url), hook.secret

    async def unregister_notices(self, registration_id: str) -> None:
        await self._client.delete_webhook(registration_id)


def _no_webhooks() -> Rejected:
    """403: the Advanced API is not active for our client (1.4, 8.1)."""
    return Rejected("provider_issue", "Nuki does not let this account have webhooks")


def _tokens(response: HttpResponse) -> Mapping[str, Any]:
    """
    What the token endpoint gave.

    Raises:
        OAuth2Error: It refused, and says why.
        Unreachable: It refused without OAuth's words: nothing is used up.
        OutcomeUnknown: It agreed, but what it gave is not readable and perhaps lost.
    """
    is_agreed = 200 <= response.status < 300
    try:
        # oauthlib reads JSON, falls back to a form, and knows OAuth's errors by name.
        given: Mapping[str, Any] = WebApplicationClient("").parse_request_body_response(
            response.body.decode(errors="replace")
        )
        if is_agreed and isinstance(given["access_token"], str):
            return given
    except OAuth2Error as error:
        if error.error != "missing_token":
            raise
    except (ValueError, TypeError, AttributeError):
        pass  # JSON of another shape
    kind = OutcomeUnknown if is_agreed else Unreachable
    raise kind(f"Nuki's token endpoint answered {response.status} without a token")


def _scopes(given: Mapping[str, Any]) -> list[str]:
    """What was granted. An answer that does not say has granted what was asked for, as OAuth 2 has it."""
    granted = given.get("scope")  # oauthlib has taken the text apart
    return [str(scope) for scope in granted] if isinstance(granted, list) and granted else list(SCOPES)


def _credentials(given: Mapping[str, Any], now: datetime, old: Secret | None) -> Credentials:
    life = given.get("expires_in")
    fresh = given.get("refresh_token")
    return Credentials(
        access_token=Secret(given["access_token"]),
        refresh_token=Secret(str(fresh)) if fresh else old,
        expires_at=now + (timedelta(seconds=life) if isinstance(life, int) and life > 0 else TOKEN_LIFE),
    )


def _word(error: object) -> str:
    """OAuth's short word for what went wrong. Free text does not pass: it comes from outside."""
    text = str(error)
    return text if _ERROR_WORD.fullmatch(text) else "login_failed"
