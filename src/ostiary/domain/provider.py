"""
The port that every brand implements, and what the house gives to a brand.

A brand is a folder in `providers/` that offers three names: `MANIFEST` (a `Manifest`), `Adapter` (an
`AdapterType`) and `Simulator` (a `SimulatorType`). The engine and the Connect pages know brands only
through what stands here.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from .budgets import Budget
from .secrets import Secret

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


# --- HTTP towards a vendor -----------------------------------------------------------------------


RequestKind = Literal["read", "write", "command", "wake", "login"]
"""`command` moves a door, `wake` makes the vendor read a device anew, `write` is any other change."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """
    Attributes:
        kind: What it is for, by the brand's own knowledge.
        wakes: Whether it makes the vendor speak to a device, which costs that one's battery.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # tokens
    body: bytes = field(default=b"", repr=False)  # PINs
    timeout: float = 10.0
    kind: RequestKind = "read"
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class NotSent(Exception):
    """The request did not leave: nothing can have happened."""


class NoAnswer(Exception):
    """The request may have arrived and no whole answer came back."""


class ProviderHttp(Protocol):
    """One HTTP exchange with a vendor, over the network or in process towards a simulator."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """
        Send and return whatever status came back. No redirects are followed.

        Raises:
            NotSent: No connection could be made.
            NoAnswer: The time ran out or the connection broke after the request had left.
        """
        ...


# --- logging in ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credentials:
    """What lets us act for an account. Stored encrypted. `expires_at` None: does not expire."""

    access_token: Secret
    refresh_token: Secret | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """
    A finished login.

    Attributes:
        vendor_account_id: The vendor's own id of the account, by which a second login is recognised.
        display_name: For people; e-mail addresses are masked by the caller.
        user_identifier: The wire's object: any of `username`, `email`, `phone`.
        settings: What the brand must know of the account at every call beside its credentials, such as
            what the person has chosen. JSON, no secrets.
    """

    credentials: Credentials
    vendor_account_id: str
    display_name: str
    user_identifier: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """
    One thing that a person may let us into.

    Attributes:
        refusal: Why it cannot be chosen, for people; None: it can.
    """

    choice_id: str
    name: str
    details: str = ""
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class LoginChoices:
    """
    A login that wants something more of the person before it is finished.

    Attributes:
        pending: What `complete_login` needs of what has happened so far. Kept encrypted.
        noun: What is chosen, in the plural, such as `sites`.
        notice: What the person agrees to by going on, in whole sentences.
    """

    pending: Secret
    noun: str
    choices: Sequence[Choice]
    notice: str


class LoginFailed(Exception):
    """
    The vendor or the person ended the login.

    Args:
        error_code: `access_denied` when the person cancelled, else a short word.
    """

    def __init__(self, error_code: str, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.message = message


# --- devices ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capabilities:
    """
    What one device can do. Lengths in digits, times in seconds, capacity in codes.

    The `can_` flags have three values: True works now, False has it in principle but not now,
    None does not have it (the wire leaves the flag out).
    """

    can_remotely_lock: bool | None = None
    can_remotely_unlock: bool | None = None
    can_program_online_access_codes: bool | None = None
    code_chosen_by: Literal["caller", "vendor", "either"] = "caller"  # either: the vendor, if nobody says one
    code_lengths: tuple[int, ...] = ()
    code_constraints: tuple[str, ...] = ()  # the wire's constraint types without parameters
    name_max_length: int | None = None
    codes_are_readable: bool = True
    has_native_scheduling: bool = True
    supports_backup_access_code_pool: bool = False
    max_access_codes: int | None = None
    settles_within: float = 60.0
    reaches_device_after: float = 0.0
    """How long the device goes on as before after the vendor's record has changed, where no look can tell."""
    time_step: float = 0.0
    """Starts and ends are whole multiples of this; 0: any instant."""
    wall_clock_zone: str | None = None
    """IANA name of the zone in whose wall-clock time the device keeps schedules; None: it keeps instants."""

    @property
    def vendor_may_choose(self) -> bool:
        return self.code_chosen_by != "caller"


@dataclass(frozen=True, slots=True)
class DeviceProblem:
    """A wire error of a device as its vendor reports it. The house adds the time."""

    error_code: str
    message: str


@dataclass(frozen=True, slots=True)
class DeviceWarning:
    """A wire warning of a device."""

    warning_code: str
    message: str


@dataclass(frozen=True, slots=True)
class AccountProblem:
    """
    A wire error or warning of a whole account.

    Attributes:
        more: Further fields that the wire has for that code.
    """

    kind: Literal["error", "warning"]
    code: str
    message: str
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObservedDevice:
    """
    One look at one device.

    Attributes:
        properties: The wire's `properties`, except what the house adds or withholds itself: `online`,
            `name`, `appearance`, `locked`, and the battery, which is left out while offline.
        is_locked: None when the device cannot tell.
        is_busy: The vendor is at work on the device: its state is not final.
        time_zone: IANA name, None when unknown.
        battery_level: 0..1.
    """

    vendor_device_id: str
    device_type: str
    name: str
    is_online: bool
    capabilities: Capabilities
    properties: Mapping[str, Any]
    is_locked: bool | None = None
    is_busy: bool = False
    time_zone: str | None = None
    battery_level: float | None = None
    problems: tuple[DeviceProblem, ...] = ()
    warnings: tuple[DeviceWarning, ...] = ()


# --- access codes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DesiredCode:
    """
    One code as it should stand on the device.

    Attributes:
        vendor_name: From `vendor_name()`; carries our mark.
        code: None: the vendor chooses a PIN, anew if it has chosen one before, and tells it.
        is_from_vendor: `code` is what the vendor has chosen: it is to stay, not to be written.
        starts_at, ends_at: Both or neither; None when the device must not limit it.
    """

    access_code_id: str
    vendor_name: str
    code: Secret | None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_from_vendor: bool = False


@dataclass(frozen=True, slots=True)
class ObservedCode:
    """
    One code as a look at the device shows it.

    Attributes:
        code: None when the vendor does not tell.
        mark: Our mark, found in the vendor's name or reference field; None for somebody else's code.
        is_enabled: False: stands there but opens nothing.
        is_busy: The vendor is still at work on it; a write now would be refused.
        is_exact: False: a part of it is missing, or it is limited by something that we never write (weekdays,
            hours of the day).
        error: The vendor's last error about it.
        takes_room: It counts towards `max_access_codes`.
    """

    vendor_code_id: str
    name: str
    code: Secret | None
    mark: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_enabled: bool = True
    is_busy: bool = False
    is_exact: bool = True
    error: str | None = None
    takes_room: bool = True


# --- the vendor's log --------------------------------------------------------------------------------

EntryKind = Literal["locked", "unlocked", "access_denied"]
EntryMethod = Literal["keycode", "manual", "automatic", "remote", "card", "unknown"]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """
    One line of what a vendor has written down about a door.

    Attributes:
        entry_id: The vendor's own, unique among the lines of one device.
        occurred_at: By the device's clock.
        kind: None: it means nothing to us.
        method: How the door was moved; `unknown` also when access was denied.
        vendor_code_id: What was used, as `ObservedCode` names it. It may name something that is no code.
        reason_code: The wire's, when access was denied.
    """

    entry_id: str
    vendor_device_id: str
    occurred_at: datetime
    kind: EntryKind | None
    method: EntryMethod = "unknown"
    vendor_code_id: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class RecentEntries:
    """
    The end of an account's log.

    Attributes:
        entries: Newest first, of all devices.
        complete_after: Every line after this instant is among them; None: every line that there is.
    """

    entries: Sequence[LogEntry]
    complete_after: datetime | None


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


# --- simulators --------------------------------------------------------------------------------------

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class HomeStore(Protocol):
    """
    Where a simulator keeps its state: one blob per virtual home, saved before an answer leaves.

    Several processes may share one; a save that lost a race says so and the simulator starts over.
    """

    async def load(self, home: str) -> tuple[bytes | None, int]:
        """The state and its version; `(None, 0)` for a home that nobody has entered yet."""
        ...

    async def save(self, home: str, state: bytes, version: int) -> bool:
        """Replace the state of `version`. False: somebody else did so first."""
        ...

    async def homes(self) -> Sequence[str]:
        """The names of all homes that have a state."""
        ...


class SimulatorType(Protocol):
    """
    Builds the ASGI application that behaves like the vendor's cloud.

    Args:
        homes: Where state lives.
        clock: The simulated world's time; may be shifted or frozen.
        url: Under which address the application is reached; no trailing slash.
        client_id, client_secret: The OAuth client that it knows.
        redirect_uris: What that client may use; empty allows any.
        pace: Factor on all its delays; 1.0 is as slow as the real cloud.
        http: Over which it tells others what has happened, by webhooks for one. None: nothing leaves it.
    """

    def __call__(
        self,
        homes: HomeStore,
        clock: Callable[[], datetime],
        *,
        url: str,
        client_id: str,
        client_secret: Secret,
        redirect_uris: Sequence[str] = (),
        pace: float = 1.0,
        http: ProviderHttp | None = None,
    ) -> AsgiApp: ...


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand's folder, loaded."""

    manifest: Manifest
    adapter: AdapterType
    simulator: SimulatorType
