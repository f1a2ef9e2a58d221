"""
What the control plane has for Salto KS alone: a look at both sides, and what happens at doors and hubs.

What people do in the vendor's web app is in `owner.py` and its neighbours. Locks, IQs and sites may be named
by their id or by their name.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec

from ostiary.simulation import control
from ostiary.simulation.control import Command, Fields, Mistake, Nothing

from . import doors, owner, owner_users, rollout, views
from .finding import lock_in
from .founding import BATTERY_LEVELS, SiteSketch
from .locks import LOCKED, OFFICE_MODE
from .owner_codes import OwnerCode, owner_codes
from .refusals import FAULTS
from .state import Home
from .users import name_of
from .world import Credential, Lock, Site

INCIDENTS = (
    *("intrusion_alarm", "end_of_intrusion_alarm", "tamper_alarm", "end_of_tamper_alarm"),
    *("door_left_open_alarm", "end_of_door_left_open_alarm", "low_battery_warning"),
    *("lock_connection_lost", "lock_connection_restored", "iq_connection_lost", "iq_connection_restored"),
    *("lock_time_set", "easyofficemode_finish_failed", "unknown"),
)


class NewHome(control.NewHome):
    """`sites` None: those that everybody gets. `requests_per_second` 0: as many as one likes."""

    sites: list[SiteSketch] | None = None
    requests_per_second: float | None = None


class EnterCode(Fields):
    lock_id: str
    code: str | int
    at: str | None = None


class ChangeDevice(Fields):
    """
    Attributes:
        noticed: The cloud believes `online` at once, and not only after a while.
        opened: Somebody opens the door from inside, or with a tag.
        incident: What the lock reports.
    """

    lock_id: str
    online: bool | None = None
    noticed: bool = False
    battery_level: str | None = None
    privacy_mode: bool | None = None
    lock_type: str | None = None
    locked_state: Literal["locked", "office_mode", "none", "uncertain"] | None = None
    left_open_alarm: bool | None = None
    intrusion_alarm: bool | None = None
    opened: Literal["inside_handle", "tag"] | None = None
    incident: str | None = None


# --- looking --------------------------------------------------------------------------------------------


def summary(home: Home) -> dict[str, Any]:
    devices = [
        {
            "lock_id": lock.id,
            "name": lock.customer_reference,
            "type": lock.lock_type,
            "site": site.customer_reference,
        }
        for site, lock in home.doors()
    ]
    sites = [
        {
            "id": site.id,
            "site_uid": site.site_uid,
            "name": site.customer_reference,
            "released": site.is_released,
            "iqs": [{"iq_id": iq.id, "name": iq.customer_reference} for iq in site.iqs],
        }
        for site in home.sites
    ]
    return {"home": home.name, "user_id": home.account_id, "devices": devices, "sites": sites}


def truth(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    """What the doors hold, PINs included, as nobody but the doors knows it."""
    return {"home": home.name, "devices": [_door(home, site, lock, now) for site, lock in home.doors()]}


def _door(home: Home, site: Site, lock: Lock, now: datetime) -> dict[str, Any]:
    iq, locked_state = site.iq(lock.iq_id), lock.real.shown_at(now)
    people = [person for person in doors.known_people(lock) if person.digits]
    return {
        "lock_id": lock.id,
        "name": lock.customer_reference,
        "type": lock.lock_type,
        "site": site.customer_reference,
        "time_zone": doors.zone_of(site, lock),
        "online": lock.link.is_up,
        "iq_online": iq is not None and iq.link.is_up,
        "locked": locked_state == LOCKED,
        "locked_state": locked_state,
        "privacy_mode": lock.real.privacy_mode,
        "battery_level": lock.real.battery_level,
        "codes": [_code(home, site, lock, person, now) for person in people],
    }


def _code(home: Home, site: Site, lock: Lock, held: Credential, now: datetime) -> dict[str, Any]:
    """`opens`: what the door would say to it now; `schedules`: when it lets this person in."""
    assert held.digits is not None
    return {
        "name": _name(home, site, held.user_id),
        "code": held.digits,
        "user_id": held.user_id,
        "opens": doors.judge(site, lock, held.digits, now).reason,
        "schedules": [views.time_schedule(one) for one in doors.schedules_of(lock, held.user_id)],
    }


def _name(home: Home, site: Site, user_id: str | None) -> str | None:
    """Of whom the cloud has forgotten, nobody knows the name."""
    user = site.user_of(user_id) if user_id else None
    return name_of(home, user) if user else None


def cloud_side(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    """What the API answers from, and what is still on its way to the doors."""
    return {
        "home": home.name,
        "sites": [_site(home, site, now) for site in home.sites],
        "jobs": [
            {
                "kind": job.kind,
                "lock_id": job.lock_id,
                "user_id": job.user_id,
                "group_id": job.group_id,
                "run_at": views.instant(job.run_at),
            }
            for job in home.jobs
        ],
    }


def _site(home: Home, site: Site, now: datetime) -> dict[str, Any]:
    return {
        "site": views.site(home, site),
        "subscription": views.subscription(site),
        "users": [
            {**views.site_user(home, site, user, now), "has_pin": user.pin is not None} for user in site.users
        ],
        "iqs": [views.iq(iq) for iq in site.iqs],
        "locks": [views.lock(site, lock, now) for lock in site.locks],
        "groups": [
            {
                **views.group(group),
                "members": group.members,
                "lock_ids": group.lock_ids,
                "time_schedules": [views.time_schedule(schedule) for schedule in group.schedules],
            }
            for group in site.groups
        ],
    }


def writes(home: Home) -> list[dict[str, Any]]:
    return [
        {
            "at": views.instant(write.at),
            "kind": write.kind,
            "site": write.site,
            "name": write.name,
            "id": write.id,
            "lost": write.is_lost,
        }
        for write in home.writes
    ]


def inbox(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    """Mails and messages: IQ PINs for who is logged in, invitations for others."""
    mails = [{**msgspec.to_builtins(mail), "at": views.instant(mail.at)} for mail in home.inbox]
    return {"home": home.name, "inbox": mails}


# --- at the door ----------------------------------------------------------------------------------------


def enter_code(home: Home, command: EnterCode, now: datetime) -> dict[str, Any]:
    """With `at`: what the door, as it is now, would say at that instant, without touching it."""
    site, lock = lock_in(home, command.lock_id)
    digits = str(command.code)
    if command.at is None:
        verdict = doors.enter_code(home, site, lock, digits, now)
    else:
        verdict = doors.judge(site, lock, digits, control.read_instant("at", command.at))
    return {
        "accepted": verdict.is_accepted,
        "reason": verdict.reason,
        "name": _name(home, site, verdict.user_id),
        "user_id": verdict.user_id,
    }


def change_device(home: Home, command: ChangeDevice, now: datetime, pace: float) -> dict[str, Any]:
    """Something happens to a lock, or at it. What it can, it tells the cloud at once."""
    site, lock = lock_in(home, command.lock_id)
    if command.battery_level is not None and command.battery_level not in BATTERY_LEVELS:
        raise Mistake(f"`battery_level` is one of {', '.join(BATTERY_LEVELS)}.")
    if command.incident is not None and command.incident not in INCIDENTS:
        raise Mistake(f"`incident` is one of {', '.join(INCIDENTS)}.")
    if command.online and lock.iq_id is None:
        raise Mistake(f"{lock.customer_reference} is attached to no IQ.", 409)
    if command.lock_type is not None:
        lock.lock_type = command.lock_type
    if command.online is not None:
        rollout.connect_lock(home, site, lock, command.online, now, pace)
        if command.noticed:
            lock.link.is_believed_up, lock.link.notice_at = lock.link.is_up, None
    _change_state(home, site, lock, command, now)
    if command.incident is not None:
        doors.write_entry(home, site, lock, now, command.incident, is_incident=True)
    return _door(home, site, lock, now)


def _change_state(home: Home, site: Site, lock: Lock, command: ChangeDevice, now: datetime) -> None:
    """Privacy and office mode are in the log, as is whoever opens (7.1)."""
    real = lock.real
    for name in ("battery_level", "left_open_alarm", "intrusion_alarm"):
        value = getattr(command, name)
        if value is not None:
            setattr(real, name, value)
    if command.privacy_mode is not None and command.privacy_mode != real.privacy_mode:
        real.privacy_mode = command.privacy_mode
        detail = "start" if command.privacy_mode else "end"
        doors.write_entry(home, site, lock, now, "privacy_mode", detail)
    if command.locked_state is not None and command.locked_state != real.locked_state:
        if OFFICE_MODE in (command.locked_state, real.locked_state):
            detail = "start" if command.locked_state == OFFICE_MODE else "end"
            doors.write_entry(home, site, lock, now, OFFICE_MODE, detail)
        real.locked_state = command.locked_state
        if command.locked_state == LOCKED:
            real.unlocked_until = None
    if command.opened is not None:
        doors.open_for_a_moment(site, lock, now)
        from_inside = command.opened == "inside_handle"
        user_id = None if from_inside else home.account_id
        doors.write_entry(
            *(home, site, lock, now, "lock_opened"),
            user_id=user_id,
            access_by=command.opened,
            exit_requested=from_inside,
        )
    rollout.push(site, lock)


def commands(pace: float) -> dict[tuple[str, str], Command[Home]]:
    """
    The whole control plane.

    Args:
        pace: Of the simulator, for homes that have none of their own.
    """

    def paced(run: owner.Paced) -> Callable[[Home, Any, datetime], dict[str, Any]]:
        return lambda home, command, now: run(home, command, now, pace if home.pace is None else home.pace)

    by_owner = {**owner.COMMANDS, **owner_users.COMMANDS}
    return {
        **control.commands(FAULTS),
        **{key: Command(shape, paced(run), True) for key, (shape, run) in by_owner.items()},
        ("POST", "owner/codes"): Command(OwnerCode, paced(owner_codes), True),
        ("GET", "truth"): Command(Nothing, truth, False),
        ("GET", "cloud"): Command(Nothing, cloud_side, False),
        ("GET", "inbox"): Command(Nothing, inbox, False),
        ("POST", "enter_code"): Command(EnterCode, enter_code, True),
        ("POST", "device"): Command(ChangeDevice, paced(change_device), True),
    }
