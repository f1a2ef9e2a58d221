"""
What there is at a site: people, rights, doors and hubs.

Every lock has two sides: what the API answers from (the site's users, groups and schedules, and
`Lock.known`), and what is at the door (`Lock.door`, `Lock.real`).

Section numbers in this package refer to the project's reference of the Salto KS Connect API.
"""

from datetime import datetime, time

import msgspec

from .choices import PIN_DIGITS

KEYPAD = "_pin"  # at the end of the `lock_type` of every lock that takes PINs (3.2)


# --- people ---------------------------------------------------------------------------------------------


class Person(msgspec.Struct, omit_defaults=True):
    """
    A user of the platform, whatever the site: the id of memberships and entries (2.4).

    Attributes:
        has_profile: They have a login, and no site may change what stands here.
        home_site_id: The site that manages this person; None for one who has a login.
    """

    id: str
    first_name: str
    last_name: str
    email: str | None = None
    has_profile: bool = False
    tag_number: str | None = None
    home_site_id: str | None = None


class Activation(msgspec.Struct, omit_defaults=True):
    """
    What a person needs to send a command to an IQ that asks for one-time passwords (3.4).

    Attributes:
        pin: The IQ PIN as the cloud has it; None until it was mailed.
        iq_pin: As the IQ has it. The two differ for ever after a change by a delta.
        wrong: Wrong one-time passwords in a row, by command.
        blocked_until: By command.
    """

    secret: str | None = None
    pin: str | None = None
    iq_pin: str | None = None
    activated_at: datetime | None = None
    wrong: dict[str, int] = {}
    blocked_until: dict[str, datetime] = {}


class PinKey(msgspec.Struct, omit_defaults=True):
    """The one PIN of a user. The digits leave the cloud once, in the answer that made them (4)."""

    digits: str
    expires_at: datetime | None = None


class SiteUser(msgspec.Struct, omit_defaults=True):
    """
    A person as one site knows them.

    Attributes:
        ready_at: Until then the API shows no roles and refuses PINs and memberships (5.4).
        activations: By the id of the IQ.
    """

    id: str
    user_id: str
    role_ids: list[str]
    ready_at: datetime
    alias: str | None = None
    blocked: bool = False
    is_subscribed: bool = True
    use_pin: bool = False
    remote_access: bool = False
    override_privacy_mode: bool = False
    toggle_easy_office_mode: bool = False
    toggle_manual_office_mode: bool = False
    expires_at: datetime | None = None
    pin: PinKey | None = None
    activations: dict[str, Activation] = {}


# --- rights ---------------------------------------------------------------------------------------------


class TimeSchedule(msgspec.Struct, omit_defaults=True):
    """
    When a group opens: naive wall clock, read in the IQ's zone (5.2). Bounds belong to it.

    Attributes:
        days: Seven, Monday first.
        start_date, end_date: None: no bound.
    """

    id: str
    days: list[bool]
    start_time: time
    end_time: time
    start_date: datetime | None = None
    end_date: datetime | None = None


class Group(msgspec.Struct, omit_defaults=True):
    """An access group. `members` are platform ids (2.4)."""

    id: str
    customer_reference: str
    members: list[str] = []
    lock_ids: list[str] = []
    schedules: list[TimeSchedule] = []

    def schedule(self, schedule_id: str) -> TimeSchedule | None:
        return next((held for held in self.schedules if held.id == schedule_id), None)


# --- doors ----------------------------------------------------------------------------------------------


class Credential(msgspec.Struct, omit_defaults=True):
    """What a lock knows of one person."""

    user_id: str
    digits: str | None
    digits_expire_at: datetime | None
    use_pin: bool
    is_subscribed: bool
    blocked: bool
    override_privacy_mode: bool
    expires_at: datetime | None


class DoorGroup(msgspec.Struct, omit_defaults=True):
    """What a lock knows of one access group."""

    members: list[str] = []
    schedules: dict[str, TimeSchedule] = {}


class Door(msgspec.Struct, omit_defaults=True):
    """All that a lock goes by when somebody types a PIN. Without a schedule, a group does not count."""

    people: dict[str, Credential] = {}
    groups: dict[str, DoorGroup] = {}
    takes_pins: bool = True
    has_subscription: bool = True


class LockState(msgspec.Struct, omit_defaults=True):
    """The moving parts of a lock. `unlocked_until`: end of a momentary opening."""

    locked_state: str = "locked"
    unlocked_until: datetime | None = None
    battery_level: str = "fresh"
    privacy_mode: bool = False
    left_open_alarm: bool = False
    intrusion_alarm: bool = False

    def shown_at(self, now: datetime) -> str:
        is_open = self.unlocked_until is not None and now < self.unlocked_until
        return "unlocked" if is_open else self.locked_state


class Link(msgspec.Struct, omit_defaults=True):
    """
    A connection, and what the cloud believes of it.

    Attributes:
        notice_at: When the cloud will believe what is; None when it does already, or nobody can tell it.
    """

    is_up: bool = True
    is_believed_up: bool = True
    notice_at: datetime | None = None


class Lock(msgspec.Struct, omit_defaults=True):
    """
    One lock: in the cloud (`known`, and what is not said otherwise) and at the door.

    `iq_id` None: it is attached to no IQ, so nothing ever comes from it or reaches it.
    """

    id: str
    customer_reference: str
    mac: str
    lock_type: str
    iq_id: str | None
    link: Link
    real: LockState
    known: LockState
    door: Door

    @property
    def has_keypad(self) -> bool:
        return self.lock_type.endswith(KEYPAD)


class Iq(msgspec.Struct, omit_defaults=True):
    """A hub. `reset_date`: after it every activation is void until the IQ is restored (3.1)."""

    id: str
    customer_reference: str
    mac: str
    time_zone: str
    link: Link
    otp_enabled: bool = False
    restore_required: bool = False
    reset_date: datetime | None = None


# --- sites ----------------------------------------------------------------------------------------------


class Entry(msgspec.Struct, omit_defaults=True):
    """
    One line of the site's log, with the names as they were then.

    Attributes:
        local: The IQ's wall clock.
        listed_at: When the API shows it; None while the lock or its IQ has no connection to tell it.
        is_incident: In the list of incidents and not in that of entries.
    """

    id: str
    at: datetime
    local: datetime
    category: str
    detail: str | None
    lock_id: str
    lock_mac: str
    lock_name: str
    listed_at: datetime | None
    user_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    alias: str | None = None
    access_by: str | None = None
    exit_requested: bool = False
    iq_id: str | None = None
    iq_name: str | None = None
    iq_mac: str | None = None
    is_incident: bool = False


class Subscription(msgspec.Struct, omit_defaults=True):
    """What the site has paid for (2.3). `user_amount`: seats."""

    user_amount: int
    is_valid: bool = True
    type: str = "default"
    features: list[str] = []


class Site(msgspec.Struct, omit_defaults=True):
    """One site with all that belongs to it. `pin_digits`: of the PINs that the cloud chooses."""

    id: str
    site_uid: str
    customer_reference: str
    country_code: str
    time_zone: str
    owner_id: str
    subscription: Subscription
    is_released: bool = True
    pin_enabled: bool = True
    pin_digits: int = PIN_DIGITS
    users: list[SiteUser] = []
    iqs: list[Iq] = []
    locks: list[Lock] = []
    groups: list[Group] = []
    entries: list[Entry] = []

    @property
    def seats_taken(self) -> int:
        """Every subscribed user takes one, whatever they may open (2.7)."""
        return sum(user.is_subscribed for user in self.users)

    def user(self, site_user_id: str) -> SiteUser | None:
        return next((user for user in self.users if user.id == site_user_id), None)

    def user_of(self, user_id: str) -> SiteUser | None:
        return next((user for user in self.users if user.user_id == user_id), None)

    def iq(self, iq_id: str | None) -> Iq | None:
        return next((iq for iq in self.iqs if iq.id == iq_id), None)

    def lock(self, lock_id: str) -> Lock | None:
        return next((lock for lock in self.locks if lock.id == lock_id), None)

    def group(self, group_id: str) -> Group | None:
        return next((group for group in self.groups if group.id == group_id), None)
