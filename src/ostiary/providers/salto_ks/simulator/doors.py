"""
What happens at a door when somebody types a PIN. The cloud is not asked, and the API is not there.

The rules are those of 2.7, 3.5, 4 and 5.2; the words of the log are those of 7.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from .choices import ENTRIES_KEPT, ENTRY_LAG, EXPIRY_LOCKS_OUT, OPEN_TIME, SENTINEL_USER
from .rollout import is_reachable, push
from .state import Home
from .windows import standing, wall_clock
from .world import Credential, Entry, Lock, Site, TimeSchedule

BY_PIN, BY_REMOTE = "pin_code", "remote"
# `event_detail` of a refusal; a person whom the lock knows and refuses for anything else has none (7.1).
_DETAILS = {"unknown_code": "no_access", "suspended": "suspended", "offline": "offline"}
NOBODY = ("unknown_code", "offline", "no_keypad")


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    The door's answer.

    Attributes:
        reason: `ok`, `no_keypad`, `offline`, `unknown_code`, `suspended`, `blocked`, `pin_disabled`,
            `expired`, `privacy`, `not_yet`, `over`, `day` or `time`.
        user_id: Whose PIN it is, as far as the lock knows.
    """

    reason: str
    user_id: str | None = None

    @property
    def is_accepted(self) -> bool:
        return self.reason == "ok"


def judge(site: Site, lock: Lock, digits: str, at: datetime) -> Verdict:
    """
    Whether the door would open, by what it knows now, without touching it.

    A PIN that several people have opens when it opens for one of them (4).
    """
    if not lock.has_keypad:
        return Verdict("no_keypad")
    if not lock.link.is_up:
        return Verdict("offline")  # the IQ knows the PINs; a lock without it opens for tags at best (3.5)
    verdicts = [
        Verdict(_reason(site, lock, person, at), person.user_id)
        for person in known_people(lock)
        if person.digits == digits.removesuffix("#") and not _is_past(person.digits_expire_at, at)
    ]
    if not verdicts or not lock.door.takes_pins:
        return Verdict("unknown_code")
    return next((verdict for verdict in verdicts if verdict.is_accepted), verdicts[0])


def known_people(lock: Lock) -> Iterator[Credential]:
    """Those in a group with a schedule: a group without one does not count at the door (5.2)."""
    known = {user for group in lock.door.groups.values() if group.schedules for user in group.members}
    return (person for person in lock.door.people.values() if person.user_id in known)


def _reason(site: Site, lock: Lock, person: Credential, at: datetime) -> str:
    if not person.is_subscribed or not lock.door.has_subscription:
        return "suspended"
    if person.blocked:
        return "blocked"
    if not person.use_pin:
        return "pin_disabled"
    if EXPIRY_LOCKS_OUT and _is_past(person.expires_at, at):
        return "expired"
    if lock.real.privacy_mode and not person.override_privacy_mode:
        return "privacy"
    return standing(schedules_of(lock, person.user_id), wall_clock(at, zone_of(site, lock)))


def schedules_of(lock: Lock, user_id: str) -> Iterator[TimeSchedule]:
    """When the lock lets this person in, as it knows it."""
    for group in lock.door.groups.values():
        if user_id in group.members:
            yield from group.schedules.values()


def _is_past(moment: datetime | None, at: datetime) -> bool:
    return moment is not None and at >= moment


def zone_of(site: Site, lock: Lock) -> str:
    """The lock goes by its IQ's clock; the site's stands in for a lock without one."""
    iq = site.iq(lock.iq_id)
    return iq.time_zone if iq is not None else site.time_zone


# --- doing it -------------------------------------------------------------------------------------------


def enter_code(home: Home, site: Site, lock: Lock, digits: str, now: datetime) -> Verdict:
    """Type a PIN: a right one opens for a moment, and everything that a keypad hears of is logged."""
    verdict = judge(site, lock, digits, now)
    if verdict.reason == "no_keypad":
        return verdict
    if verdict.is_accepted:
        open_for_a_moment(site, lock, now)
        write_entry(home, site, lock, now, "lock_opened", user_id=verdict.user_id, access_by=BY_PIN)
    else:
        user_id = SENTINEL_USER if verdict.reason in NOBODY else verdict.user_id
        detail = _DETAILS.get(verdict.reason)
        write_entry(home, site, lock, now, "lock_rejected", detail, user_id=user_id, access_by=BY_PIN)
    return verdict


def open_for_a_moment(site: Site, lock: Lock, now: datetime) -> None:
    """The lock shuts again by itself, into the state it had."""
    lock.real.unlocked_until = now + OPEN_TIME
    push(site, lock)


def write_entry(
    home: Home,
    site: Site,
    lock: Lock,
    now: datetime,
    category: str,
    detail: str | None = None,
    *,
    user_id: str | None = None,
    access_by: str | None = None,
    exit_requested: bool = False,
    is_incident: bool = False,
) -> Entry:
    """A line in the log, listed a little later, or when the lock is back."""
    iq, person = site.iq(lock.iq_id), home.people.get(user_id or "")
    user = site.user_of(user_id) if user_id else None
    entry = Entry(
        id=home.new_id(),
        at=now,
        local=wall_clock(now, zone_of(site, lock)),
        category=category,
        detail=detail,
        lock_id=lock.id,
        lock_mac=lock.mac,
        lock_name=lock.customer_reference,
        listed_at=now + ENTRY_LAG if is_reachable(site, lock) else None,
        user_id=user_id,
        first_name=person.first_name if person else None,
        last_name=person.last_name if person else None,
        alias=user.alias if user else None,
        access_by=access_by,
        exit_requested=exit_requested,
        iq_id=iq.id if iq else None,
        iq_name=iq.customer_reference if iq else None,
        iq_mac=iq.mac if iq else None,
        is_incident=is_incident,
    )
    site.entries.append(entry)
    del site.entries[:-ENTRIES_KEPT]
    return entry
