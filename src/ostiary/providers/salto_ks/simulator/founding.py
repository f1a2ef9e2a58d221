"""How a home comes into being: the known homes, and homes as a test describes them."""

import zoneinfo
from collections.abc import Sequence
from datetime import datetime

import msgspec

from . import people, roles
from .choices import PIN_DIGITS, PIN_DIGITS_BETWEEN
from .state import Home
from .world import Door, Iq, Link, Lock, LockState, Person, Site, SiteUser, Subscription

LOCK_TYPES = ("wall_reader_pin", "escutcheon_pin", "escutcheon", "cylinder", "wall_reader")
BATTERY_LEVELS = ("critical", "low", "good", "fresh", "none", "unknown")
# Features that were seen together (2.3); `custom_pin` was not among them.
FEATURES = (
    *("pods", "events_streaming", "smart_tag_assignment", "time_and_attendance_report", "nfc"),
    *("events_storage", "activity_log"),
)
BERLIN = "Europe/Berlin"


class LockSketch(msgspec.Struct, forbid_unknown_fields=True):
    """
    One lock as a person describes it.

    Attributes:
        iq: The name of one of the site's; None: the first.
        attached: Whether it is attached to an IQ at all.
    """

    name: str
    lock_type: str = "wall_reader_pin"
    iq: str | None = None
    battery_level: str = "fresh"
    attached: bool = True


class IqSketch(msgspec.Struct, forbid_unknown_fields=True):
    """One hub. `time_zone` None: the site's."""

    name: str = "IQ 01"
    time_zone: str | None = None
    otp_enabled: bool = False


class SiteSketch(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """
    One site.

    Attributes:
        seats: How many users may be subscribed. Who logs in takes one, and so does the owner.
        role: Of who logs in; the code of a role.
        features: None: what is usual.
        pin_digits: How many the PINs have that the cloud chooses.
    """

    name: str
    time_zone: str = BERLIN
    country_code: str = "DE"
    seats: int = 50
    role: str = "site_admin"
    remote_access: bool = True
    released: bool = True
    pin_enabled: bool = True
    pin_digits: int = PIN_DIGITS
    features: list[str] | None = None
    iqs: list[IqSketch] = msgspec.field(default_factory=lambda: [IqSketch()])
    locks: list[LockSketch] = []


KNOWN_HOMES: dict[str, tuple[SiteSketch, ...]] = {
    "jane@example.com": (
        SiteSketch(
            name="Main Site",
            locks=[
                LockSketch("FRONT_DOOR", "escutcheon_pin", battery_level="good"),
                LockSketch("BACK DOOR", "wall_reader_pin"),
                LockSketch("EXTRA DOOR", "escutcheon", battery_level="good", attached=False),
            ],
        ),
        SiteSketch(
            name="Second Site",
            time_zone="America/New_York",
            country_code="US",
            seats=10,
            iqs=[IqSketch("IQ 02", otp_enabled=True)],
            locks=[LockSketch("SIDE DOOR")],
        ),
        SiteSketch(
            name="Unfinished Site",
            released=False,
            seats=0,
            iqs=[IqSketch("IQ 03")],
            locks=[LockSketch("NEW DOOR")],
        ),
    ),
    people.INTEGRATION: (),
}
OTHER_HOMES = (
    SiteSketch(
        name="Small Site",
        seats=10,
        locks=[LockSketch("Front door"), LockSketch("Garden door", "cylinder", battery_level="good")],
    ),
)


def found(
    name: str, now: datetime, sketches: Sequence[SiteSketch] | None = None, seed: str | None = None
) -> Home:
    """
    A new home.

    All chance in it follows from `seed`, by default the name: the same home looks the same each time.

    Raises:
        ValueError: A sketch names something that there is not.
    """
    home = Home(name=name, seed=name if seed is None else seed, created_at=now)
    account = people.of_home(name)
    home.account_id, home.subject = account.id, home.steady_id("subject")
    home.people[account.id] = account
    for sketch in KNOWN_HOMES.get(name, OTHER_HOMES) if sketches is None else sketches:
        home.sites.append(_site(home, sketch, now))
    return home


def _site(home: Home, sketch: SiteSketch, now: datetime) -> Site:
    if sketch.role not in roles.BY_CODE:
        raise ValueError(f"There is no role {sketch.role!r}; known are {', '.join(roles.BY_CODE)}.")
    least, most = PIN_DIGITS_BETWEEN
    if not least <= sketch.pin_digits <= most:
        raise ValueError(f"`pin_digits` is between {least} and {most}.")
    owner = _owner(home, sketch)
    site = Site(
        id=home.new_id(),
        site_uid=f"{sketch.country_code}{home.chance().randrange(10**10):010d}",
        customer_reference=sketch.name,
        country_code=sketch.country_code,
        time_zone=_zone(sketch.time_zone),
        owner_id=owner.id,
        subscription=Subscription(
            sketch.seats, features=list(FEATURES if sketch.features is None else sketch.features)
        ),
        is_released=sketch.released,
        pin_enabled=sketch.pin_enabled,
        pin_digits=sketch.pin_digits,
    )
    site.users.append(_member(home, owner.id, "site_owner", now))
    if owner.id != home.account_id:
        site.users.append(_member(home, home.account_id, sketch.role, now))
    site.users[-1].remote_access = sketch.remote_access
    site.iqs = [_iq(home, site, iq) for iq in sketch.iqs]
    site.locks = [_lock(home, site, lock) for lock in sketch.locks]
    return site


def _owner(home: Home, sketch: SiteSketch) -> Person:
    """Who logs in, or else somebody whom an admin may not touch; the same at all sites."""
    if sketch.role == "site_owner":
        return home.account
    person = people.of_home(people.OWNER)
    return home.people.setdefault(person.id, person)


def _member(home: Home, user_id: str, role: str, now: datetime) -> SiteUser:
    user = SiteUser(home.new_id(), user_id, [roles.BY_CODE[role].id], ready_at=now)
    user.is_subscribed = True  # whoever runs the site has a seat, even where nobody else gets one
    return user


def _iq(home: Home, site: Site, sketch: IqSketch) -> Iq:
    return Iq(
        id=home.new_id(),
        customer_reference=sketch.name,
        mac=f"AA.BB.{len(home.sites) + 1:02X}",
        time_zone=_zone(sketch.time_zone or site.time_zone),
        link=Link(),
        otp_enabled=sketch.otp_enabled,
    )


def _lock(home: Home, site: Site, sketch: LockSketch) -> Lock:
    names = [iq.customer_reference for iq in site.iqs]
    if sketch.iq is not None and sketch.iq not in names:
        raise ValueError(f"The site {site.customer_reference} has no IQ {sketch.iq!r}.")
    if sketch.iq is not None and not sketch.attached:
        raise ValueError(f"The lock {sketch.name!r} cannot have an IQ and not be attached to it.")
    if sketch.battery_level not in BATTERY_LEVELS:
        raise ValueError(f"There is no battery level {sketch.battery_level!r}; known are {BATTERY_LEVELS}.")
    state = LockState(battery_level=sketch.battery_level)
    is_attached = sketch.attached and bool(site.iqs)
    return Lock(
        id=home.new_id(),
        customer_reference=sketch.name,
        mac=f"0163{home.chance().randrange(16**10):010x}",
        lock_type=sketch.lock_type,
        iq_id=site.iqs[names.index(sketch.iq) if sketch.iq else 0].id if is_attached else None,
        link=Link(is_up=is_attached, is_believed_up=is_attached),
        real=state,
        known=msgspec.structs.replace(state),
        door=Door(takes_pins=site.pin_enabled),
    )


def _zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError(f"There is no time zone {name!r}.")
    return name
