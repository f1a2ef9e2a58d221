"""
Between Salto's models and the house's words, pure, both ways.

One access code is a user of the site with an access group of its own, which has one lock and one time
schedule (5.3). Both carry our mark and eight digits of the lock's id, so that a look finds what belongs
together, whatever a lost answer has left behind. Sections are those of `salto-ks-connect-api.md`; what is
assumed stands in `NOTES.md`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ostiary.domain.provider import (
    AccountProblem,
    Capabilities,
    DeviceProblem,
    DeviceWarning,
    ObservedCode,
    ObservedDevice,
)

from .models import WHOLE_DAY, AccessGroup, Iq, Lock, Site, SiteUser, Subscription, TimeSchedule

DEVICE_TYPE: Final = "salto_lock"
SITE_USER: Final = "site_user"
ADMIN_ROLES: Final = ("site_owner", "site_admin")
CUSTOM_PIN: Final = "custom_pin"
CUSTOM_LENGTHS: Final = (4, 5, 6)

SECOND: Final = timedelta(seconds=1)

NAME_LENGTH: Final = 50
"""Characters of a name that we give to a user or a group. Salto publishes no limit."""

ROLLOUT_SECONDS: Final = 240.0
"""A new schedule took three and a half minutes to its door (5.4), and no call tells when it is there."""

SETTLES_SECONDS: Final = 90.0
"""What we have made is listed at once, its roles up to a minute later (5.4)."""

SEATS_ARE_SHORT: Final = 0.8

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_OURS: Final = re.compile(r"([0-9a-f]{8}) #([a-z2-7]{6})\Z")
_MARK: Final = re.compile(r"#([a-z2-7]{6})\Z")
_BATTERY: Final = {"fresh": 1.0, "good": 0.75, "low": 0.25, "critical": 0.05}


# --- ids ---------------------------------------------------------------------------------------------


def device_id(site_id: str, lock_id: str) -> str:
    """Locks carry no site id (3.2), and every call wants one."""
    return f"{site_id}/{lock_id}"


def split_device_id(vendor_device_id: str) -> tuple[str, str]:
    site_id, _, lock_id = vendor_device_id.partition("/")
    return site_id, lock_id


# --- devices -----------------------------------------------------------------------------------------


def has_keypad(lock: Lock) -> bool:
    """The one rule that all sources agree on (3.2)."""
    return lock.lock_type.endswith("_pin")


def has_custom_pins(subscription: Subscription) -> bool:
    words = [f if isinstance(f, str) else str(f) for f in subscription.features]
    return any(CUSTOM_PIN in word for word in words)


def takes_pin(subscription: Subscription, pin: str) -> bool:
    """A PIN of somebody's own choice (4)."""
    return has_custom_pins(subscription) and pin.isascii() and pin.isdigit() and len(pin) in CUSTOM_LENGTHS


def device(
    site: Site, subscription: Subscription, lock: Lock, iq: Iq | None, *, pace: float = 1.0
) -> ObservedDevice:
    can = _capabilities(site, subscription, lock, iq, pace)
    level = _BATTERY.get(lock.battery_level or "")
    return ObservedDevice(
        vendor_device_id=device_id(site.id, lock.id),
        device_type=DEVICE_TYPE,
        name=lock.customer_reference or f"Salto KS {lock.id[:8]}",
        is_online=bool(lock.online) and _is_connected(lock, iq),
        capabilities=can,
        properties=_properties(site, subscription, lock, can),
        is_locked={"locked": True, "unlocked": False, "office_mode": False}.get(lock.locked_state or ""),
        time_zone=zone_of(iq) or _known(site.time_zone),
        battery_level=level,
        problems=tuple(_problems(lock, iq)),
        warnings=tuple(_warnings(lock)),
    )


def _is_connected(lock: Lock, iq: Iq | None) -> bool:
    """Its IQ, which the vendor may take half an hour to miss (3.1)."""
    told = [iq.online if iq else None, lock.iq.is_online if lock.iq else None]
    return lock.iq is not None and False not in told


def _capabilities(
    site: Site, subscription: Subscription, lock: Lock, iq: Iq | None, pace: float
) -> Capabilities:
    """
    What a lock can do. A lock without keypad has no codes at all (9.2); one whose site has PINs switched off
    has them in principle.
    """
    opens = True if lock.iq is not None else None
    if not has_keypad(lock):
        return Capabilities(can_remotely_lock=opens, can_remotely_unlock=opens)
    is_custom = has_custom_pins(subscription)
    zone = zone_of(iq)
    return Capabilities(
        can_remotely_lock=opens,
        can_remotely_unlock=opens,
        can_program_online_access_codes=site.pin_enabled is not False and zone is not None,
        code_chosen_by="either" if is_custom else "vendor",
        code_lengths=CUSTOM_LENGTHS if is_custom else (6,),
        code_constraints=() if is_custom else ("cannot_specify_pin_code",),
        codes_are_readable=False,
        max_access_codes=100,
        settles_within=SETTLES_SECONDS * pace,
        reaches_device_after=ROLLOUT_SECONDS * pace,
        time_step=60.0,
        wall_clock_zone=zone,
    )


def zone_of(iq: Iq | None) -> str | None:
    """The clock by which the door keeps its schedules (5.2); without one no window can be written."""
    return _known(iq.time_zone if iq else None)


def _known(zone: str | None) -> str | None:
    try:
        return None if zone is None else ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _properties(site: Site, subscription: Subscription, lock: Lock, can: Capabilities) -> dict[str, Any]:
    takes_codes = can.can_program_online_access_codes is not None
    metadata = {
        "lock_id": lock.id,
        "customer_reference": lock.customer_reference,
        "lock_type": lock.lock_type,
        "battery_level": lock.battery_level or "unknown",
        "locked_state": lock.locked_state or "none",
        "model": lock.lock_type,
        "site_id": site.id,
        "site_name": site.customer_reference,
    }
    codes: dict[str, Any] = {}
    if takes_codes:
        codes = {
            "supported_code_lengths": list(can.code_lengths),
            "max_active_codes_supported": can.max_access_codes,
            "code_constraints": [{"constraint_type": word} for word in can.code_constraints],
        }
    return {
        "manufacturer": "salto",
        "model": {
            "display_name": lock.lock_type.replace("_", " ").title() or "Salto KS lock",
            "manufacturer_display_name": "Salto",
            "can_connect_accessory_keypad": False,
            "has_built_in_keypad": takes_codes,
            "accessory_keypad_supported": False,
            "online_access_codes_supported": takes_codes,
            "offline_access_codes_supported": False,
        },
        "has_direct_power": lock.lock_type.startswith("wall_reader"),
        "has_native_entry_events": False,
        **codes,
        "salto_ks_metadata": {
            **metadata,
            "has_custom_pin_subscription": has_custom_pins(subscription),
        },
        "salto_metadata": metadata,
    }


def _problems(lock: Lock, iq: Iq | None) -> list[DeviceProblem]:
    if lock.iq is not None and not _is_connected(lock, iq):
        message = "The IQ that connects this lock is offline. Check its power and its network."
        return [DeviceProblem("hub_disconnected", message)]
    return []


def _warnings(lock: Lock) -> list[DeviceWarning]:
    found = []
    if lock.locked_state == "office_mode":
        message = "The door is in office mode: it is held open until that is ended."
        found.append(DeviceWarning("salto_ks_office_mode", message))
    if lock.privacy_mode:
        message = "Somebody inside has switched privacy mode on: codes do not open the door meanwhile."
        found.append(DeviceWarning("salto_ks_privacy_mode", message))
        found.append(DeviceWarning("privacy_mode", message))
    return found


# --- the account ---------------------------------------------------------------------------------------


def is_full(site: Site) -> bool:
    """Nobody says that it is: a user that is created on a full site is silently suspended (2.7)."""
    return _seats_used(site) >= 1.0


def _seats_used(site: Site) -> float:
    if site.active_user_amount is None or not site.subscribed_user_amount:
        return 0.0
    return site.active_user_amount / site.subscribed_user_amount


def account_problems(sites: Sequence[Site]) -> list[AccountProblem]:
    full = [site for site in sites if is_full(site)]
    found = []
    if full:
        names = ", ".join(site.customer_reference or site.id for site in full)
        found.append(
            AccountProblem(
                "error",
                "salto_ks_subscription_limit_exceeded",
                f"All user seats are taken at: {names}. Each access code takes one. Remove users there, or "
                "buy more seats from Salto.",
                {"salto_ks_metadata": {"sites": [_seats(site) for site in full]}},
            )
        )
    if any(SEATS_ARE_SHORT < _seats_used(site) < 1.0 for site in sites):
        message = "More than 80 % of the user seats of a site are taken. Each access code takes one."
        found.append(AccountProblem("warning", "salto_ks_subscription_limit_almost_reached", message))
    return found


def _seats(site: Site) -> dict[str, Any]:
    return {
        "site_id": site.id,
        "site_name": site.customer_reference,
        "subscribed_site_user_count": site.active_user_amount,
        "site_user_subscription_limit": site.subscribed_user_amount,
    }


# --- names and marks -----------------------------------------------------------------------------------


def vendor_name(name: str | None, mark: str) -> str:
    """`name`, shortened, then ` #` and `mark`: the user's alias, which the site's admins read."""
    tail = f" #{mark}"
    return (_line(name)[: NAME_LENGTH - len(tail)].rstrip() + tail).lstrip()


def _line(name: str | None) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in unicodedata.normalize("NFC", name or ""))
    return " ".join(shown.split())


def mark_in(name: str) -> str | None:
    found = _MARK.search(name)
    return found[1] if found else None


def first_name(vendor_name: str) -> str:
    return _MARK.sub("", vendor_name).strip() or "Guest"


def ours(lock_id: str, mark: str) -> str:
    """What our users have for a last name, and what the names of our groups end with."""
    return f"{lock_id[:8]} #{mark}"


def group_name(lock_id: str, mark: str) -> str:
    return f"Ostiary {ours(lock_id, mark)}"


def mark_of(lock_id: str, one: SiteUser | AccessGroup) -> str | None:
    """Our mark in the name of a group or the last name of a user, if it is for that lock and may be ours."""
    if isinstance(one, AccessGroup):
        name: str | None = one.customer_reference
    else:
        name = None if one.user.email else one.user.last_name
    found = _OURS.search(name or "")
    return found[2] if found and found[1] == lock_id[:8] else None


def is_made_by_us(user: SiteUser) -> bool:
    """It bears a mark of ours, for whatever lock."""
    return not user.user.email and _OURS.search(user.user.last_name or "") is not None


# --- windows -------------------------------------------------------------------------------------------


def schedule(starts_at: datetime | None, ends_at: datetime | None, zone: str) -> dict[str, Any]:
    """
    Every day, the whole day, between two moments of wall-clock time; hours in `start_time` would lock the
    guest out each night (5.2). The second of the end belongs to a schedule, so the one before it is sent.
    """
    return {
        **dict.fromkeys(_DAYS, True),
        "start_time": WHOLE_DAY[0],
        "end_time": WHOLE_DAY[1],
        "start_date": _local(starts_at, zone),
        "end_date": _local(None if ends_at is None else ends_at - SECOND, zone),
    }


def _local(instant: datetime | None, zone: str) -> str | None:
    if instant is None:
        return None
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(timespec="seconds")


def window(found: TimeSchedule, zone: str) -> tuple[datetime | None, datetime | None]:
    """
    The instants of a schedule. Of a time that comes twice, a start is the first and an end the last: so the
    door takes them, and so the end of the repeated time is told from its beginning.

    Raises:
        ValueError: A date is not one.
    """
    try:
        ends_at = _instant(found.end_date, zone, fold=1)
        return _instant(found.start_date, zone, fold=0), None if ends_at is None else ends_at + SECOND
    except OverflowError:
        raise ValueError("out of the calendar") from None


def _instant(text: str | None, zone: str, *, fold: int) -> datetime | None:
    if text is None:
        return None
    naive = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=None)  # a `Z` is ignored (5.2)
    return naive.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def says(found: TimeSchedule, body: Mapping[str, Any], zone: str) -> bool:
    """Whether it says what `schedule` would."""
    try:
        return is_whole(found) and schedule(*window(found, zone), zone) == body
    except ValueError:
        return False


def is_whole(found: TimeSchedule) -> bool:
    """Limited by its dates alone."""
    times = (_clock(found.start_time), _clock(found.end_time))
    whole = (WHOLE_DAY, (WHOLE_DAY[0], "23:59:00"))
    both = (found.start_date is None) == (found.end_date is None)
    return all(getattr(found, day) for day in _DAYS) and times in whole and both


def _clock(text: str | None) -> str:
    return f"{text}:00" if text is not None and len(text) == 5 else text or ""


# --- access codes ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parts:
    """
    What a site has of one code.

    Attributes:
        members: Platform ids of who is in the group.
        locks: Ids of its locks.
    """

    mark: str
    user: SiteUser | None = None
    group: AccessGroup | None = None
    members: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    schedules: tuple[TimeSchedule, ...] = ()
    has_pin: bool = False

    @property
    def vendor_code_id(self) -> str:
        one = self.user or self.group
        assert one is not None
        return _entry_id(one)

    @property
    def is_member(self) -> bool:
        return self.user is not None and self.user.user.id in self.members


def _entry_id(one: SiteUser | AccessGroup) -> str:
    return f"group:{one.id}" if isinstance(one, AccessGroup) else one.id


def mark_of_entry(
    lock_id: str, users: Sequence[SiteUser], groups: Sequence[AccessGroup], vendor_code_id: str
) -> str | None:
    """Of an entry of `belonging`; None: there is no such thing any more, or it is not ours."""
    everything: list[SiteUser | AccessGroup] = [*users, *groups]
    for one in everything:
        if _entry_id(one) == vendor_code_id:
            return mark_of(lock_id, one)
    return None


def belonging(
    lock_id: str, users: Sequence[SiteUser], groups: Sequence[tuple[AccessGroup, Sequence[str]]]
) -> list[Parts]:
    """
    Users and groups of ours for one lock, put together by membership and mark. What is there twice after a
    lost answer becomes an entry of its own, which is then taken away.

    A user with an e-mail address is a person who can log in, and never ours; nor is a group that somebody
    else is in: a copy of ours, or one for which the site's admin has found a use.

    Args:
        groups: Each with its members, by their platform ids.
    """
    found: dict[str, list[Parts]] = {}
    for user in users:
        mark = mark_of(lock_id, user)
        if mark is not None:
            found.setdefault(mark, []).append(Parts(mark, user=user))
    with_members_first = sorted(groups, key=lambda pair: not pair[1])
    for group, members in with_members_first:
        mark = mark_of(lock_id, group)
        if mark is None:
            continue
        entries = found.setdefault(mark, [])
        if set(members) <= {parts.user.user.id for parts in entries if parts.user is not None}:
            _join(entries, Parts(mark, group=group, members=tuple(members)))
    return [parts for entries in found.values() for parts in entries]


def _join(entries: list[Parts], group: Parts) -> None:
    for at, parts in enumerate(entries):
        if parts.user is None or parts.group is not None:
            continue
        if not group.members or parts.user.user.id in group.members:
            entries[at] = replace(group, user=parts.user)
            return
    entries.append(group)


def may_use_pin(user: SiteUser) -> bool:
    """The site lets the user's PIN open doors (4)."""
    return user.use_pin and not user.blocked and user.subscription_state == "subscribed"


def code(parts: Parts, lock_id: str, zone: str) -> ObservedCode:
    """
    One code as the site's record shows it. Its PIN is never told.

    Without roles a user is not ready: Salto is at work on it (5.4).
    """
    user = parts.user
    starts_at, ends_at, is_exact = None, None, False
    if len(parts.schedules) == 1:
        try:
            starts_at, ends_at = window(parts.schedules[0], zone)
            is_exact = is_whole(parts.schedules[0])
        except ValueError:
            is_exact = False
    is_exact = is_exact and parts.is_member and parts.has_pin and set(parts.locks) == {lock_id}
    return ObservedCode(
        vendor_code_id=parts.vendor_code_id,
        name=(user.alias or user.user.first_name or "") if user else "",
        code=None,
        mark=parts.mark,
        starts_at=starts_at,
        ends_at=ends_at,
        is_enabled=user is not None and may_use_pin(user),
        is_busy=user is not None and not user.roles,
        is_exact=is_exact and user is not None and user.expires_at is None,
    )
