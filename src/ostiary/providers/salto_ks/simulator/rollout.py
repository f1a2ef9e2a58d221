"""
How what the API was told reaches the doors, and how the cloud learns of them.

A write changes the site at once; a `Courier` puts what each lock has to learn of it on the way. What is
about the same person or the same group reaches a lock in the order in which it was sent, so a removal
never overtakes what it removes. A lock without connection learns nothing until it is back, and then all
at once. There are no background tasks: `advance` does whatever was due.
"""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from ostiary.simulation.state import Fault

from .choices import ENTRY_LAG, IQ_NOTICE_DELAY, LOCK_NOTICE_DELAY, PERSON_DELAY, SCHEDULE_DELAY
from .state import Home, Job
from .world import Credential, Door, DoorGroup, Group, Iq, Link, Lock, Site, SiteUser

LOST, LATE = "lost", "late"


def delay(home: Home, between: tuple[float, float], pace: float) -> timedelta:
    return timedelta(seconds=home.chance().uniform(*between) * pace)


# --- sending --------------------------------------------------------------------------------------------


def _never(*names: str) -> Fault | None:
    return None


@dataclass(slots=True)
class Courier:
    """
    Puts what one request changed on its way to the locks.

    Attributes:
        strike: Asks for a fault that hits this request. Not asked before there is something to carry.
        fault: `lost`: nothing is carried. `late`: everything comes so many seconds later.
    """

    home: Home
    now: datetime
    pace: float
    strike: Callable[..., Fault | None] = _never
    fault: Fault | None = None
    _has_asked: bool = field(default=False)

    def person_changed(self, site: Site, user: SiteUser, *, is_gone: bool = False) -> None:
        """PIN, blocking, subscription and the like; to the locks that know the person or will."""
        person = None if is_gone else credential(user)
        for lock in site.locks:
            if self._concerns(site, lock, user.user_id):
                job = Job("person", site.id, lock.id, self.now, user_id=user.user_id, person=person)
                self._send(job, PERSON_DELAY)

    def member_changed(self, site: Site, group: Group, user: SiteUser) -> None:
        """Whether the person is in the group is read from the group."""
        is_member = user.user_id in group.members
        for lock_id in group.lock_ids:
            job = Job("member", site.id, lock_id, self.now, user_id=user.user_id, group_id=group.id)
            job.person = credential(user) if is_member else None
            self._send(job, PERSON_DELAY)

    def schedule_changed(self, site: Site, group: Group, schedule_id: str) -> None:
        """Whether the schedule still exists is read from the group."""
        for lock_id in group.lock_ids:
            job = Job("schedule", site.id, lock_id, self.now, group_id=group.id, schedule_id=schedule_id)
            job.schedule = copy(group.schedule(schedule_id))
            self._send(job, SCHEDULE_DELAY)

    def lock_changed(self, site: Site, group: Group, lock_id: str) -> None:
        """
        A lock came into the group or left it, or the group is gone.

        To a lock that has never seen the group its schedules are new, with all the time that takes.
        """
        job = Job("group", site.id, lock_id, self.now, group_id=group.id)
        if lock_id in group.lock_ids and site.group(group.id) is not None:
            job.group = DoorGroup(list(group.members), {held.id: copy(held) for held in group.schedules})
            users = (site.user_of(user_id) for user_id in group.members)
            job.people = [credential(user) for user in users if user is not None]
        self._send(job, PERSON_DELAY if job.group is None else SCHEDULE_DELAY)

    def site_changed(self, site: Site) -> None:
        """Whether PINs are taken at all, and whether anybody gets in."""
        for lock in site.locks:
            job = Job("site", site.id, lock.id, self.now)
            job.takes_pins, job.has_subscription = site.pin_enabled, site.subscription.is_valid
            self._send(job, PERSON_DELAY)

    def _concerns(self, site: Site, lock: Lock, user_id: str) -> bool:
        if user_id in lock.door.people:
            return True
        if any(user_id in group.members and lock.id in group.lock_ids for group in site.groups):
            return True
        return any(job.lock_id == lock.id and user_id in touched(job) for job in self.home.jobs)

    def _send(self, job: Job, between: tuple[float, float]) -> None:
        if not self._has_asked:
            self.fault, self._has_asked = self.strike(LOST, LATE), True
        if self.fault is not None and self.fault.fault == LOST:
            return
        job.run_at = self.now + delay(self.home, between, self.pace)
        if self.fault is not None:
            job.run_at += timedelta(seconds=self.fault.seconds)
        ids = touched(job)
        ahead = (other for other in self.home.jobs if other.lock_id == job.lock_id and ids & touched(other))
        job.run_at = max([job.run_at, *(other.run_at for other in ahead)])
        self.home.jobs.append(job)

    @property
    def is_lost(self) -> bool:
        return self.fault is not None and self.fault.fault == LOST


def touched(job: Job) -> set[str]:
    """The ids of what a change is about: the site as a whole, or a group, and people."""
    if job.kind == "site":
        return {job.site_id}
    return {job.group_id or "", job.user_id or "", *(person.user_id for person in job.people)} - {""}


def credential(user: SiteUser) -> Credential:
    return Credential(
        user_id=user.user_id,
        digits=user.pin.digits if user.pin else None,
        digits_expire_at=user.pin.expires_at if user.pin else None,
        use_pin=user.use_pin,
        is_subscribed=user.is_subscribed,
        blocked=user.blocked,
        override_privacy_mode=user.override_privacy_mode,
        expires_at=user.expires_at,
    )


# --- arriving -------------------------------------------------------------------------------------------


def is_reachable(site: Site, lock: Lock) -> bool:
    """Whether the cloud could talk to the lock this moment, whatever it believes."""
    iq = site.iq(lock.iq_id)
    return iq is not None and iq.link.is_up and lock.link.is_up


def next_event_at(home: Home) -> datetime | None:
    """When the next thing happens by itself."""
    instants = [link.notice_at for link in _links(home) if link.notice_at is not None]
    if home.jobs:
        doors = _open_doors(home)
        instants += [job.run_at for job in home.jobs if job.lock_id in doors]
    return min(instants, default=None)


def _links(home: Home) -> Iterator[Link]:
    for site in home.sites:
        yield from (iq.link for iq in site.iqs)
        yield from (lock.link for lock in site.locks)


def _open_doors(home: Home) -> dict[str, Door]:
    """The doors that hear of changes now, by the id of the lock."""
    return {lock.id: lock.door for site, lock in home.doors() if is_reachable(site, lock)}


def is_due(home: Home, now: datetime) -> bool:
    at = next_event_at(home)
    return at is not None and at <= now


def advance(home: Home, now: datetime) -> None:
    """Do all that was due until now; for each lock in the order in which it was due."""
    for link in _links(home):
        if link.notice_at is not None and link.notice_at <= now:
            link.is_believed_up, link.notice_at = link.is_up, None
    doors = _open_doors(home) if home.jobs else {}
    due = [job for job in home.jobs if job.run_at <= now and job.lock_id in doors]
    if due:
        home.jobs = [job for job in home.jobs if job.run_at > now or job.lock_id not in doors]
    for job in sorted(due, key=lambda job: job.run_at):
        _arrive(doors[job.lock_id], job)


def _arrive(door: Door, job: Job) -> None:
    """Write one change down at the door. What is about a group that it does not know is forgotten."""
    if job.kind == "site":
        door.takes_pins, door.has_subscription = job.takes_pins, job.has_subscription
    elif job.kind == "group":
        _put(door.groups, job.group_id, job.group)
        door.people.update({person.user_id: person for person in job.people})
    elif job.kind == "person":
        _put(door.people, job.user_id, job.person)
        if job.person is None:
            for held in door.groups.values():
                held.members = [member for member in held.members if member != job.user_id]
    elif (group := door.groups.get(job.group_id or "")) is not None:
        if job.kind == "schedule":
            _put(group.schedules, job.schedule_id, job.schedule)
        else:
            group.members = [member for member in group.members if member != job.user_id]
            if job.person is not None:
                group.members.append(job.person.user_id)
                door.people[job.person.user_id] = job.person
    members = {member for group in door.groups.values() for member in group.members}
    door.people = {key: person for key, person in door.people.items() if key in members}


V = TypeVar("V")


def _put(held: dict[str, V], key: str | None, value: V | None) -> None:
    assert key is not None
    if value is None:
        held.pop(key, None)
    else:
        held[key] = value


# --- connections ----------------------------------------------------------------------------------------


def push(site: Site, lock: Lock) -> None:
    """A lock tells the cloud of its state at once, if it can."""
    if is_reachable(site, lock):
        lock.known = copy(lock.real)


def connect_iq(home: Home, site: Site, iq: Iq, is_up: bool, now: datetime, pace: float) -> None:
    """An IQ loses its connection, which the cloud notices late, or is back, which it notices at once."""
    iq.link.is_up = is_up
    _believe(home, iq.link, now, IQ_NOTICE_DELAY, pace)
    for lock in site.locks:
        if lock.iq_id != iq.id:
            continue
        lock.link.notice_at = None
        if is_up:
            _believe(home, lock.link, now, LOCK_NOTICE_DELAY, pace)
            _report(site, lock, now)


def connect_lock(home: Home, site: Site, lock: Lock, is_up: bool, now: datetime, pace: float) -> None:
    """A lock loses its IQ, or finds it again. Behind an IQ that is offline nobody notices either."""
    lock.link.is_up = is_up
    iq = site.iq(lock.iq_id)
    if iq is not None and iq.link.is_up:
        _believe(home, lock.link, now, LOCK_NOTICE_DELAY, pace)
        _report(site, lock, now)


def _believe(home: Home, link: Link, now: datetime, between: tuple[float, float], pace: float) -> None:
    if link.is_up or not link.is_believed_up:
        link.is_believed_up, link.notice_at = link.is_up, None
    else:
        link.notice_at = now + delay(home, between, pace)


def _report(site: Site, lock: Lock, now: datetime) -> None:
    """Back again: state and log, which the lock kept, go to the cloud."""
    push(site, lock)
    if is_reachable(site, lock):
        for entry in site.entries:
            if entry.lock_id == lock.id and entry.listed_at is None:
                entry.listed_at = now + ENTRY_LAG
