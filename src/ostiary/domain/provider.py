"""
The port that every brand implements, and what the house gives to a brand.

A brand is a folder in `providers/` that offers three names: `MANIFEST` (a `Manifest`), `Adapter` (an
`AdapterType`) and `Simulator` (a `SimulatorType`). The engine and the Connect pages know brands only
through what stands here; what looks show, logins, HTTP and simulators have modules of their own behind it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from .budgets import Budget
from .login import Choice, Credentials, Login, LoginChoices, LoginFailed
from .looks import (
    AccountProblem,
    Capabilities,
    DesiredCode,
    DeviceProblem,
    DeviceWarning,
    EntryKind,
    EntryMethod,
    LogEntry,
    ObservedCode,
    ObservedDevice,
    RecentEntries,
)
from .secrets import Secret
from .simulators import (
    AsgiApp,
    HomeStore,
    Receive,
    Scope,
    Send,
    SimulatorType,
    TakesCodesOfOthers,
)
from .vendor_http import HttpRequest, HttpResponse, NoAnswer, NotSent, ProviderHttp, RequestKind

__all__ = [
    "Account",
    "AccountProblem",
    "Activations",
    "Adapter",
    "AdapterType",
    "AsgiApp",
    "BadNotice",
    "Brand",
    "Capabilities",
    "Choice",
    "Credentials",
    "DesiredCode",
    "DeviceProblem",
    "DeviceWarning",
    "EntryKind",
    "EntryMethod",
    "HomeStore",
    "HttpRequest",
    "HttpResponse",
    "Integrator",
    "LogEntry",
    "Login",
    "LoginChoices",
    "LoginFailed",
    "Manifest",
    "NoAnswer",
    "NotSent",
    "Notice",
    "NoticeAddress",
    "ObservedCode",
    "ObservedDevice",
    "ProviderHttp",
    "ReadsNotices",
    "Receive",
    "RecentEntries",
    "RegistersNotices",
    "RequestKind",
    "Scope",
    "Send",
    "SimulatorType",
    "TakesCodesOfOthers",
    "VendorSite",
]

# --- what a brand is ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What the house must know of a brand before it talks to it.

    Attributes:
        key: The wire's provider key, such as `acme_locks`; also the account's `account_type`.
        display_name: For people.
        provider_categories: The wire's categories that include this brand.
        default_urls: Name of a URL setting (`api_url`, `identity_url`) to the vendor's own address.
        needs_client: Whether production needs `client_id` and `client_secret` settings.
        takes_integrator: Whether a user of the operator's own, with `username` and `password` settings, may
            act for the accounts.
        flags: The `can_*` flags that hold for at least one device of the brand.
        device_types: The wire's `device_type` values that the brand's devices have.
        known_logins: Addresses that have a prepared home in the simulator; the first is the one to suggest.
        poll_every: Seconds between two looks at the account's device list.
        look_every: Seconds after which a poll also looks at the codes of a lock where nothing is open.
        budget: How many requests we allow ourselves; None: any number.
        takes_token: Whether an owner may connect by a token that they have made at the vendor; production
            then does without a client.
        token_help: Where that token is made and what it must allow, in whole sentences.
        poll_every_with_notices: The same while the vendor tells us what happens (`RegistersNotices`); None: a
            vendor that tells nothing.
    """

    key: str
    display_name: str
    provider_categories: tuple[str, ...]
    default_urls: Mapping[str, str]
    needs_client: bool
    flags: tuple[str, ...]
    device_types: tuple[str, ...]
    known_logins: tuple[str, ...]
    poll_every: float = 600.0
    poll_every_with_notices: float | None = None
    takes_integrator: bool = False
    look_every: float = 3600.0
    budget: Budget | None = None
    takes_token: bool = False
    token_help: str = ""


@dataclass(frozen=True, slots=True)
class Integrator:
    """A user of the operator's own at the vendor."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class VendorSite:
    """
    Where the vendor's cloud is for one workspace, and as whom we come. URLs have no trailing slash.

    Attributes:
        pace: Factor on the vendor's delays; below 1 only where it is simulated.
        wants_notices: Whether a login should let us register for the vendor's notices.
    """

    urls: Mapping[str, str]
    client_id: str
    client_secret: Secret
    integrator: Integrator | None = None
    pace: float = 1.0
    wants_notices: bool = False


# --- an account ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Activations:
    """
    What operates doors whose vendor asks for more than the login.

    Attributes:
        kept: As the halves of the last activation left it.
        now: For passwords that are made of the time.
    """

    kept: Secret
    now: datetime


class Account(Protocol):
    """
    A brand's verbs, bound to the credentials of one account.

    Every method may raise `Unreachable`, `RateLimited`, `LoginExpired`, `LoginRejected`,
    `NoSuchObject`; every writing one also `Busy`, `OutcomeUnknown` and `Rejected`.
    """

    async def list_devices(self) -> Sequence[ObservedDevice]:
        """Every device of the account that is a lock."""
        ...

    async def list_problems(self) -> Sequence[AccountProblem]:
        """What the vendor has against the account as a whole, now. Read together with the devices."""
        ...

    async def get_device(self, vendor_device_id: str) -> ObservedDevice:
        """One device, as cheap as the vendor allows; never wakes it."""
        ...

    async def recent_entries(self) -> RecentEntries | None:
        """
        The end of the log of all devices, by one cheap call. None: there is no log, or this login may not
        read it, and no call was made. Raises also `NotPermitted`.
        """
        ...

    async def entries_since(self, vendor_device_id: str, since: datetime) -> Sequence[LogEntry]:
        """
        Every line about one device from `since` on, newest first; there may be older ones among them. Raises
        also `NotPermitted`.
        """
        ...

    async def begin_activation(self, vendor_device_id: str) -> Secret | None:
        """
        Begin what lets us operate this door from afar, where the vendor asks for more than the login.

        Returns:
            All activations as they are now, to be kept before anything else is called, and given to
            `Adapter.account` from then on; None: this door asks for nothing more.
        """
        ...

    async def send_activation_pin(self, vendor_device_id: str) -> str:
        """Have the vendor send the PIN for `finish_activation`. Returns to where, for people."""
        ...

    async def finish_activation(self, vendor_device_id: str, pin: Secret, *, now: datetime) -> Secret:
        """Prove the PIN. Returns all activations as they are now."""
        ...

    async def lock_door(self, vendor_device_id: str) -> bool:
        """
        Ask the vendor to lock. True: the vendor answers only when the door has done it. False: it has
        accepted, and a look must show the rest.
        """
        ...

    async def unlock_door(self, vendor_device_id: str) -> bool:
        """Ask the vendor to unlock. Returns as `lock_door`."""
        ...

    async def list_access_codes(self, vendor_device_id: str) -> Sequence[ObservedCode]:
        """Every code on the device, ours and others'. A read of the vendor's record, not of a write."""
        ...

    async def set_access_code(self, vendor_device_id: str, wanted: DesiredCode) -> Secret | None:
        """
        Program one code that is not on the device yet. Only a later look shows whether it is.

        Returns:
            The PIN that the vendor has chosen, if it did: it may never be told again. None also when the
            vendor is not ready for all of it; a look then shows what is missing, and a change completes it.
        """
        ...

    async def change_access_code(
        self, vendor_device_id: str, vendor_code_id: str, wanted: DesiredCode
    ) -> Secret | None:
        """Bring a code on the device to `wanted`, all fields, in place. Returns as `set_access_code`."""
        ...

    async def remove_access_code(self, vendor_device_id: str, vendor_code_id: str) -> None:
        """Take a code off the device."""
        ...

    async def synchronise(self, vendor_device_id: str) -> None:
        """Make the vendor read the device anew. Wakes the device: never in intervals."""
        ...


class Adapter(Protocol):
    """A brand, bound to HTTP and to the vendor's site."""

    def login_url(self, *, state: str, redirect_uri: str, verifier: str) -> str:
        """
        Where the person logs in.

        Args:
            state: Comes back to `redirect_uri` unchanged.
            verifier: High-entropy text for vendors with PKCE; given again to `finish_login`.
        """
        ...

    async def finish_login(
        self, query: Mapping[str, str], *, redirect_uri: str, verifier: str, now: datetime
    ) -> Login | LoginChoices:
        """
        Turn what came back to `redirect_uri` into credentials, or into what the person must choose first.

        Raises:
            LoginFailed: The person cancelled or the vendor refused.
        """
        ...

    async def complete_login(self, pending: Secret, chosen: Sequence[str], *, now: datetime) -> Login:
        """
        The person has chosen, and has agreed to the notice. May be called again after a lost answer.

        Args:
            pending: Of the `LoginChoices`.
            chosen: Ids of choices, at least one; the caller has not compared them with what was offered.

        Raises:
            LoginFailed: The vendor refuses, or a choice is none that may be made.
        """
        ...

    async def token_login(self, token: Secret, *, now: datetime) -> Login:
        """
        Connect by a token that the owner has made at the vendor: whose it is, and whether it allows what we
        need. Only reads. Its credentials have neither a refresh token nor an end.

        Raises:
            LoginFailed: The vendor does not know the token, it allows too little, or the brand takes none.
        """
        ...

    async def refresh(self, credentials: Credentials, *, now: datetime) -> Credentials:
        """
        New credentials for old.

        Raises:
            LoginRejected: The vendor does not accept the old ones.
            OutcomeUnknown: No answer: the old ones may or may not be spent.
        """
        ...

    def account(
        self, credentials: Credentials, settings: Mapping[str, Any], activations: Activations | None = None
    ) -> Account:
        """The account's verbs. `settings` are those of its `Login`, `activations` those of its doors."""
        ...

    def vendor_name(self, name: str | None, mark: str) -> str:
        """The name to give a code at the vendor: shortened to its limit, unique, carrying `mark`."""
        ...


# --- notices -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """
    What a vendor says has happened. A hint where to look, and nothing else of it is believed.

    Attributes:
        state_of: Vendor ids of devices that may be in another state.
        codes_of: Of devices on which the codes may be others.
        is_of_account: Whether the list of devices may be another, or the log has more.
    """

    state_of: frozenset[str] = frozenset()
    codes_of: frozenset[str] = frozenset()
    is_of_account: bool = False


class BadNotice(Exception):
    """Not from the vendor, or not readable. The message carries nothing of the body."""


@dataclass(frozen=True, slots=True)
class NoticeAddress:
    """One registration for notices, as the vendor lists it."""

    registration_id: str
    url: str


@runtime_checkable
class ReadsNotices(Protocol):
    """An `Adapter` whose vendor sends notices. The manifest says so in `poll_every_with_notices`."""

    def read_notice(self, headers: Mapping[str, str], body: bytes, secret: Secret) -> Notice:
        """
        Check a notice, in constant time, and tell what it is about.

        Args:
            headers: By their names in lower case.
            body: The bytes as they came.
            secret: Of the registration.
        Raises:
            BadNotice: Nothing of it may be used.
        """
        ...


@runtime_checkable
class RegistersNotices(Protocol):
    """
    An `Account` whose vendor sends notices to addresses that it is told. Errors are those of any `Account`;
    `LoginExpired` and `Rejected` also say that this account may not have notices.
    """

    async def list_notice_addresses(self) -> Sequence[NoticeAddress]:
        """Every registration of the account, ours and others'."""
        ...

    async def register_notices(self, url: str) -> tuple[NoticeAddress, Secret]:
        """Have notices sent to this address. The secret that signs them is told once."""
        ...

    async def unregister_notices(self, registration_id: str) -> None:
        """End it. `NoSuchObject`: there is none."""
        ...


class AdapterType(Protocol):
    def __call__(self, http: ProviderHttp, site: VendorSite) -> Adapter: ...


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand's folder, loaded."""

    manifest: Manifest
    adapter: AdapterType
    simulator: SimulatorType
