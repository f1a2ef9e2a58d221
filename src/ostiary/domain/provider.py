"""
The port that every brand implements, and what the house gives to a brand.

A brand is a folder in `providers/` that offers three names: `MANIFEST` (a `Manifest`), `Adapter` (an
`AdapterType`) and `Simulator` (a `SimulatorType`). The engine and the Connect pages know brands only
through what stands here.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

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
        flags: The `can_*` flags that hold for at least one device of the brand.
        device_types: The wire's `device_type` values that the brand's devices have.
        known_logins: Addresses that have a prepared home in the simulator; the first is the one to suggest.
        poll_every: Seconds between two looks at the account's device list.
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


@dataclass(frozen=True, slots=True)
class VendorSite:
    """Where the vendor's cloud is for one workspace, and as whom we come. URLs have no trailing slash."""

    urls: Mapping[str, str]
    client_id: str
    client_secret: Secret


# --- HTTP towards a vendor -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HttpRequest:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # tokens
    body: bytes = field(default=b"", repr=False)  # PINs
    timeout: float = 10.0


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
    """

    credentials: Credentials
    vendor_account_id: str
    display_name: str
    user_identifier: Mapping[str, str]


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
    code_chosen_by: Literal["caller", "vendor"] = "caller"
    code_lengths: tuple[int, ...] = ()
    code_constraints: tuple[str, ...] = ()  # the wire's constraint types without parameters
    name_max_length: int | None = None
    codes_are_readable: bool = True
    has_native_scheduling: bool = True
    supports_backup_access_code_pool: bool = False
    max_access_codes: int | None = None
    settles_within: float = 60.0


@dataclass(frozen=True, slots=True)
class DeviceProblem:
    """A wire error of a device as its vendor reports it. The house adds the time."""

    error_code: str
    message: str


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


# --- access codes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DesiredCode:
    """
    One code as it should stand on the device.

    Attributes:
        vendor_name: From `vendor_name()`; carries our mark.
        starts_at, ends_at: Both or neither; None when the device must not limit it.
    """

    access_code_id: str
    vendor_name: str
    code: Secret
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ObservedCode:
    """
    One code as a look at the device shows it.

    Attributes:
        code: None when the vendor does not tell.
        mark: Our mark, found in the vendor's name or reference field; None for somebody else's code.
        is_enabled: False: stands there but opens nothing.
        is_busy: The vendor is still at work on it; a write now would be refused.
        is_exact: False: limited by something that we never write (weekdays, hours of the day).
        error: The vendor's last error about it.
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


class Account(Protocol):
    """
    A brand's verbs, bound to the credentials of one account.

    Every method may raise `Unreachable`, `RateLimited`, `LoginExpired`, `LoginRejected`,
    `NoSuchObject`; every writing one also `Busy`, `OutcomeUnknown` and `Rejected`.
    """

    async def list_devices(self) -> Sequence[ObservedDevice]:
        """Every device of the account that is a lock."""
        ...

    async def get_device(self, vendor_device_id: str) -> ObservedDevice:
        """One device, as cheap as the vendor allows; never wakes it."""
        ...

    async def lock_door(self, vendor_device_id: str) -> None:
        """Ask the vendor to lock. Returns when the vendor accepted, not when the door is locked."""
        ...

    async def unlock_door(self, vendor_device_id: str) -> None:
        """Ask the vendor to unlock. Returns when the vendor accepted, not when the door is unlocked."""
        ...

    async def list_access_codes(self, vendor_device_id: str) -> Sequence[ObservedCode]:
        """Every code on the device, ours and others'. A read of the vendor's record, not of a write."""
        ...

    async def set_access_code(self, vendor_device_id: str, wanted: DesiredCode) -> None:
        """Program one code that is not on the device yet. Only a later look shows whether it is."""
        ...

    async def change_access_code(
        self, vendor_device_id: str, vendor_code_id: str, wanted: DesiredCode
    ) -> None:
        """Bring a code on the device to `wanted`, all fields, in place."""
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
    ) -> Login:
        """
        Turn what came back to `redirect_uri` into credentials.

        Raises:
            LoginFailed: The person cancelled or the vendor refused.
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

    def account(self, credentials: Credentials) -> Account: ...

    def vendor_name(self, name: str | None, mark: str) -> str:
        """The name to give a code at the vendor: shortened to its limit, unique, carrying `mark`."""
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
    ) -> AsgiApp: ...


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand's folder, loaded."""

    manifest: Manifest
    adapter: AdapterType
    simulator: SimulatorType
