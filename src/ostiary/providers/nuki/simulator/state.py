"""
What the simulated Nuki cloud remembers: one `Home` per account, saved as one blob.

Every device has two sides (reference 0.3, inferred from Nuki's documents, read 2026): `truth` is what
the lock itself holds, `cloud` is the copy that the API answers from. Section numbers in this package
refer to the project's reference of the Nuki Web API.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec

from ostiary.simulation import state as simulation

from .account_state import Account, AccountUser, Address, ApiKey, Invite, Mail, SubAccount

# Codes of `type` on an authorization (4.5).
APP, BRIDGE, FOB, KEYPAD, CODE = 0, 1, 2, 3, 13

# Codes of `type` on a device (2.3).
LOCK_1_2, BOX, OPENER, SMART_DOOR, LOCK_3_4, LOCK_5 = 0, 1, 2, 3, 4, 5
DEVICE_TYPES = (LOCK_1_2, BOX, OPENER, SMART_DOOR, LOCK_3_4, LOCK_5)

# The window of an authorization, which an update replaces as a whole (4.4).
WINDOW = ("from_date", "until_date", "week_days", "from_time", "until_time")

WRITES_KEPT = 2000
LOG_KEPT = 500
SENT_KEPT = 300  # webhook messages (8.3)


class Auth(msgspec.Struct, omit_defaults=True):
    """
    One authorization: an app, a bridge, the keypad itself, or a keypad code.

    `operation_id`, `error` and `is_ahead` exist only on the cloud's side.

    Attributes:
        fingerprints: Those that a Keypad 2 takes for this code: number and name.
        is_ahead: The cloud shows a window that the device never got (quirk 7).
    """

    id: str
    auth_id: int
    type: int
    name: str
    created_at: datetime
    updated_at: datetime
    code: int | None = None
    account_user_id: int | None = None
    enabled: bool = True
    remote_allowed: bool = False
    lock_count: int = 0
    from_date: datetime | None = None
    until_date: datetime | None = None
    week_days: int | None = None
    from_time: int | None = None
    until_time: int | None = None
    last_active_at: datetime | None = None
    operation_id: str | None = None
    error: str | None = None
    fingerprints: dict[str, str] = {}
    is_ahead: bool = False


class Status(msgspec.Struct, omit_defaults=True):
    """
    What a device pushes to the cloud at once: the moving parts of 2.9.

    Attributes:
        alert: What `state.state` shows for a moment instead of where the bolt is: 224 or 225; 0: nothing.
    """

    state: int = 1
    mode: int = 2
    trigger: int = 0
    last_action: int = 2
    battery_charge: int = 86
    door_state: int = 0
    rto_end: datetime | None = None
    alert: int = 0
    is_charging: bool = False
    keypad_battery_critical: bool = False
    sensor_battery_critical: bool = False


class Side(msgspec.Struct, omit_defaults=True):
    """
    One of the two copies of a device.

    Attributes:
        keypad_paired: A Keypad 1; `keypad2_paired`: a Keypad 2.
        settings: What was written of each section of the configuration, by the section's name; never
            changed in place.
    """

    status: Status
    keypad_paired: bool = False
    auths: dict[str, Auth] = {}
    keypad2_paired: bool = False
    settings: dict[str, dict[str, Any]] = {}

    @property
    def has_keypad(self) -> bool:
        return self.keypad_paired or self.keypad2_paired

    @property
    def name(self) -> str:
        """What the device itself was named; empty: nothing since it was set up."""
        return str(self.settings.get("config", {}).get("name", ""))


class LogEntry(msgspec.Struct, omit_defaults=True):
    """
    One line of the activity log (6.1).

    Attributes:
        is_pushed: False: made offline, the cloud has not seen it.
        opener_source, active_rto, active_cm: Of `openerLog`.
    """

    id: str
    at: datetime
    action: int
    trigger: int = 0
    state: int = 0
    source: int = 0
    auth_id: str | None = None
    account_user_id: int | None = None
    name: str = ""
    is_pushed: bool = True
    opener_source: int | None = None
    active_rto: bool = False
    active_cm: bool = False
    ajar_minutes: int | None = None


class Device(msgspec.Struct, omit_defaults=True):
    """
    One device, on the door (`truth`) and in the cloud (everything that is not said otherwise).

    Attributes:
        online, jammed, last_auth_number, log: Facts of the device.
        generation: A key of `generations.GENERATIONS`; empty: the usual one of its type.
        server_state: 0, or why the cloud is shut out although the device is online: 1 to 3 of 2.3.
        in_grace: Smart Hosting has expired and still counts for a while.
        has_knob: Turns a simple unlock into unlatch (3.3).
        subscription: State of Smart Hosting; None for a device that never had it.
        synced_at: When the cloud last read it whole.
        removed: Taken out of the account; the lock itself goes on.
        web_config: Written settings of the cloud's own (2.8).
        admin_pin: What the device asks for; None: what it always was. `known_pin` is what the cloud has:
            another one after somebody has changed the PIN in the app.
        admin_pin_state: 0 ok, 1 missing, 2 changed outside, as far as the cloud has found out (2.3).
    """

    smartlock_id: int
    type: int
    name: str
    created_at: datetime
    updated_at: datetime
    next_sync_at: datetime
    truth: Side
    cloud: Side
    web_auth_id: str
    timezone_id: int = 37
    last_auth_number: int = 0
    online: bool = True
    jammed: bool = False
    has_knob: bool = False
    removed: bool = False
    favorite: bool = False
    subscription: Literal["ACTIVE", "EXPIRED"] | None = None
    operation_id: str | None = None
    error: str | None = None
    log: list[LogEntry] = []
    web_config: dict[str, Any] = {}
    admin_pin: int | None = None
    known_pin: int | None = None
    admin_pin_state: int = 0
    synced_at: datetime | None = None
    generation: str = ""
    server_state: int = 0
    in_grace: bool = False

    @property
    def is_reachable(self) -> bool:
        """Whether the cloud and the device reach each other."""
        return self.online and self.server_state == 0


class Job(msgspec.Struct, omit_defaults=True):
    """
    Accepted work that is not done yet.

    Attributes:
        id: The `operationId` that the object shows meanwhile.
        auth: What the authorization shall be; for `create` and `update`.
        steps: For `action`: the codes of `state.state` that are still to come.
        every: For `action`: seconds between two steps.
        request_id: Of the advanced call that asked for it; its end is told by webhook (8.5).
        error: Why the device refused; for `create` and `update`.
        late: Seconds after the device's work until the cloud knows of it (the fault `late`).
        without_window: The device does not get the window (the fault `window_lost`).
        stage: Whether the device or the cloud comes next.
        section, values: For `config`: what the section shall be. For `pin`: `values` has the PIN.
        account_user_id: For `user`: who shall be deleted. No device then: `smartlock_id` is 0.
    """

    id: str
    kind: Literal[
        "create",
        "update",
        "delete",
        "action",
        "sync",
        "rto_end",
        "alert_end",
        "online",
        "config",
        "pin",
        "user",
    ]
    smartlock_id: int
    run_at: datetime
    auth_id: str | None = None
    auth: Auth | None = None
    action: int = 0
    steps: list[int] = []
    every: float = 0.0
    is_started: bool = False
    request_id: str = ""
    error: str | None = None
    late: float = 0.0
    stage: Literal["device", "cloud"] = "device"
    section: str = ""
    values: dict[str, Any] = {}
    account_user_id: int | None = None
    without_window: bool = False


class AuthWrite(msgspec.Struct, omit_defaults=True):
    """An accepted write about an authorization, for tests that prove that nothing was written twice."""

    at: datetime
    kind: Literal["create", "update", "delete"]
    smartlock_id: int
    name: str
    auth_id: str
    is_lost: bool = False


class Hook(msgspec.Struct, omit_defaults=True):
    """One decentral webhook (8.1)."""

    id: int
    url: str
    features: list[str]
    secret: str


class Sent(msgspec.Struct, omit_defaults=True):
    """
    A webhook message for the log (8.3).

    Attributes:
        succeeded: None while it is under way, or if that was cut short.
        status: Of the answer; None: there was none.
    """

    id: str
    at: datetime
    updated_at: datetime
    url: str
    headers: dict[str, str]
    body: str
    request_id: str = ""
    succeeded: bool | None = None
    status: int | None = None
    milliseconds: int | None = None


class Asked(msgspec.Struct, omit_defaults=True):
    """An advanced call whose result is still to be told (8.5)."""

    request_id: str
    type: str
    open_jobs: int
    invite_code: str | None = None
    detail: list[dict[str, Any]] = []


class Integration(msgspec.Struct, omit_defaults=True):
    """
    The registered client's access to the Advanced API (1.5), kept in the home of its developer.

    Attributes:
        failing_since: The first failed delivery after which none succeeded.
        sent, failed: Deliveries that did and did not succeed.
    """

    created_at: datetime
    updated_at: datetime
    name: str = "Simulated integration"
    country: str = "AT"
    description: str = "The registered client of this simulator"
    type: str = "OTHER"
    url: str = "https://example.com"
    email: str = "integrator@example.com"
    webhook_url: str = ""
    webhook_features: list[str] = []
    restricted: bool = False
    status: str = "ACTIVE"
    webhook_status: str = "ACTIVE"
    failing_since: datetime | None = None
    sent: int = 0
    failed: int = 0


class Home(simulation.Home, omit_defaults=True, kw_only=True):
    """
    One account with its devices.

    Attributes:
        hooks, sent, asked: Its decentral webhooks, its last messages, and its open advanced calls.
        integration: Only in the developer's home; None: as a new simulator has it.
    """

    account_id: int
    devices: list[Device] = msgspec.field(default_factory=list)
    jobs: list[Job] = msgspec.field(default_factory=list)
    writes: list[AuthWrite] = msgspec.field(default_factory=list)
    account: Account = msgspec.field(default_factory=Account)
    users: list[AccountUser] = msgspec.field(default_factory=list)
    subs: list[SubAccount] = msgspec.field(default_factory=list)
    keys: list[ApiKey] = msgspec.field(default_factory=list)
    invites: list[Invite] = msgspec.field(default_factory=list)
    inbox: list[Mail] = msgspec.field(default_factory=list)
    addresses: list[Address] = msgspec.field(default_factory=list)
    hooks: list[Hook] = msgspec.field(default_factory=list)
    sent: list[Sent] = msgspec.field(default_factory=list)
    asked: list[Asked] = msgspec.field(default_factory=list)
    integration: Integration | None = None

    def device(self, smartlock_id: int) -> Device | None:
        """The device, if it is in the account."""
        for device in self.devices:
            if device.smartlock_id == smartlock_id and not device.removed:
                return device
        return None

    def owned(self) -> Iterator[Device]:
        """The devices in the account."""
        return (device for device in self.devices if not device.removed)

    def user(self, account_user_id: int) -> AccountUser | None:
        return next((user for user in self.users if user.id == account_user_id), None)

    def number(self) -> int:
        """For what the vendor numbers with 32 bits (0.2)."""
        return self.chance().randrange(1_000_000, 1 << 31)

    def object_id(self, now: datetime) -> str:
        """A MongoDB ObjectId as the vendor uses it: seconds, then 16 more hex digits (0.2)."""
        self.draws += 1
        tail = hashlib.sha256(f"{self.seed}/id/{self.draws}".encode()).hexdigest()[:16]
        return f"{int(now.timestamp()) & 0xFFFFFFFF:08x}{tail}"
