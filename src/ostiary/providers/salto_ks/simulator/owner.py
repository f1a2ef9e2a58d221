"""
What people do without us: the site's own admin in the vendor's web app, and whoever runs the hubs.

Their changes travel to the doors like everybody's, but no API call of ours has caused them. What they do with
the people of a site is in `owner_users.py`.
"""

import zoneinfo
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec

from ostiary.simulation.answers import Refusal
from ostiary.simulation.control import Fields, Mistake

from . import groups, otp, rollout, views
from .finding import group_in, iq_in, lock_in, member_in, site_in, user_in
from .rollout import Courier
from .state import Home
from .world import Activation, Group, Site, SiteUser


class ChangeSite(Fields):
    site: str | None = None
    seats: int | None = None
    released: bool | None = None
    subscription_valid: bool | None = None
    features: list[str] | None = None
    pin_enabled: bool | None = None


class ChangeIq(Fields):
    """
    Attributes:
        noticed: The cloud believes `online` at once, and not only after up to half an hour.
        reset: As with the button: all activations are void.
        activate_in_app: A member of the site activates the IQ in the mobile app, which changes the secret.
        user: That member, as in `ChangeMe`.
    """

    iq_id: str
    online: bool | None = None
    noticed: bool = False
    otp_enabled: bool | None = None
    time_zone: str | None = None
    reset: bool = False
    activate_in_app: bool = False
    user: str | None = None


class OwnerGroup(Fields):
    """
    The site's admin works on an access group: its schedule, its members, its locks, itself.

    Attributes:
        schedule: The whole schedule in the API's words, for `set_schedule`.
    """

    group: str
    do: Literal[
        "set_schedule",
        "remove_schedule",
        "add_member",
        "remove_member",
        "add_lock",
        "remove_lock",
        "remove",
    ]
    user: str | None = None
    lock_id: str | None = None
    schedule_id: str | None = None
    schedule: dict[str, Any] = msgspec.field(default_factory=dict)


class Rename(Fields):
    """One of the last four says what gets the new name."""

    name: str
    site: str | None = None
    lock_id: str | None = None
    iq_id: str | None = None
    group: str | None = None


class Limits(Fields):
    """`requests_per_second` 0: as many as one likes."""

    requests_per_second: float | None = None
    bare_site_list: bool | None = None


# --- hardware and subscription --------------------------------------------------------------------------


def change_site(home: Home, command: ChangeSite, now: datetime, pace: float) -> dict[str, Any]:
    """When the subscription ends nobody gets in any more; who had a seat has it again when it goes on."""
    site = site_in(home, command.site)
    paid = site.subscription
    paid.user_amount = paid.user_amount if command.seats is None else command.seats
    paid.features = paid.features if command.features is None else command.features
    paid.is_valid = paid.is_valid if command.subscription_valid is None else command.subscription_valid
    site.is_released = site.is_released if command.released is None else command.released
    site.pin_enabled = site.pin_enabled if command.pin_enabled is None else command.pin_enabled
    if command.subscription_valid is not None or command.pin_enabled is not None:
        Courier(home, now, pace).site_changed(site)
    return views.site(home, site)


def change_iq(home: Home, command: ChangeIq, now: datetime, pace: float) -> dict[str, Any]:
    site, iq = iq_in(home, command.iq_id)
    if command.online is not None:
        rollout.connect_iq(home, site, iq, command.online, now, pace)
        if command.noticed:
            iq.link.is_believed_up, iq.link.notice_at = iq.link.is_up, None
    if command.time_zone is not None:
        iq.time_zone = _zone(command.time_zone)
    iq.otp_enabled = iq.otp_enabled if command.otp_enabled is None else command.otp_enabled
    if command.reset:
        iq.restore_required, iq.reset_date = True, now
        for user in site.users:
            user.activations.pop(iq.id, None)
    if command.activate_in_app:
        _activate_in_app(home, member_in(home, site, command.user), iq.id, now)
    return views.iq(iq)


def _activate_in_app(home: Home, user: SiteUser, iq_id: str, now: datetime) -> None:
    """Whatever secret anybody else has is worth nothing from now on (3.4)."""
    held = user.activations.setdefault(iq_id, Activation())
    held.secret, held.activated_at = otp.new_secret(home), now
    held.pin = held.iq_pin = held.pin or otp.new_pin(home)


def _zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise Mistake(f"There is no time zone {name!r}.")
    return name


# --- groups ---------------------------------------------------------------------------------------------


def change_group(home: Home, command: OwnerGroup, now: datetime, pace: float) -> dict[str, Any]:
    site, group = group_in(home, command.group)
    courier = Courier(home, now, pace)
    if command.do in ("set_schedule", "remove_schedule"):
        _change_schedule(home, site, group, command, courier)
    elif command.do in ("add_member", "remove_member"):
        user = user_in(home, site, _given(command.user, "user"))
        _put(group.members, user.user_id, is_in=command.do == "add_member")
        courier.member_changed(site, group, user)
    elif command.do in ("add_lock", "remove_lock"):
        lock = lock_in(home, _given(command.lock_id, "lock_id"))[1]
        if site.lock(lock.id) is None:
            raise Mistake(f"The lock is not one of {site.customer_reference}.")
        _put(group.lock_ids, lock.id, is_in=command.do == "add_lock")
        courier.lock_changed(site, group, lock.id)
    else:
        site.groups.remove(group)
        for lock_id in group.lock_ids:
            courier.lock_changed(site, group, lock_id)
    schedules = [views.time_schedule(schedule) for schedule in group.schedules]
    return {
        **views.group(group),
        "members": group.members,
        "lock_ids": group.lock_ids,
        "time_schedules": schedules,
    }


def _change_schedule(home: Home, site: Site, group: Group, command: OwnerGroup, courier: Courier) -> None:
    """Without `schedule_id` a new schedule is set, and the only one removed."""
    held = group.schedule(command.schedule_id or "")
    if command.do == "remove_schedule":
        held = held or (group.schedules[0] if len(group.schedules) == 1 else None)
        if held is None:
            raise Mistake("There is no such schedule: give `schedule_id`.", 404)
        group.schedules.remove(held)
        courier.schedule_changed(site, group, held.id)
        return
    try:
        schedule = groups.read_schedule(command.schedule, held.id if held else home.new_id())
    except Refusal as refused:
        raise Mistake(f"The vendor would not take this schedule: {refused.answer.body.decode()}") from None
    if held is not None:
        group.schedules.remove(held)
    group.schedules.append(schedule)
    courier.schedule_changed(site, group, schedule.id)


def _put(ids: list[str], one: str, *, is_in: bool) -> None:
    if one in ids:
        ids.remove(one)
    if is_in:
        ids.append(one)


def _given(value: str | None, name: str) -> str:
    if value is None:
        raise Mistake(f"Say which `{name}`.")
    return value


# --- names and limits -----------------------------------------------------------------------------------


def rename(home: Home, command: Rename, now: datetime, pace: float) -> dict[str, Any]:
    if command.lock_id is not None:
        lock_in(home, command.lock_id)[1].customer_reference = command.name
    elif command.iq_id is not None:
        iq_in(home, command.iq_id)[1].customer_reference = command.name
    elif command.group is not None:
        group_in(home, command.group)[1].customer_reference = command.name
    else:
        site_in(home, command.site).customer_reference = command.name
    return {"home": home.name, "name": command.name}


def set_limits(home: Home, command: Limits, now: datetime, pace: float) -> dict[str, Any]:
    if command.requests_per_second is not None:
        home.requests_per_second = command.requests_per_second or None
    if command.bare_site_list is not None:
        home.has_bare_site_list = command.bare_site_list
    return {
        "home": home.name,
        "requests_per_second": home.requests_per_second,
        "bare_site_list": home.has_bare_site_list,
    }


Paced = Callable[[Home, Any, datetime, float], dict[str, Any]]
COMMANDS: dict[tuple[str, str], tuple[type[Fields], Paced]] = {
    ("POST", "site"): (ChangeSite, change_site),
    ("POST", "iq"): (ChangeIq, change_iq),
    ("POST", "owner/groups"): (OwnerGroup, change_group),
    ("POST", "owner/rename"): (Rename, rename),
    ("POST", "limits"): (Limits, set_limits),
}
