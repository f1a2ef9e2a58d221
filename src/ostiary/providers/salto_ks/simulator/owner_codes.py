"""
The site's admin gives somebody a PIN for one door, as the control plane of every simulator can ask for.

In the vendor's web app that takes a user, an access group and a schedule; the group has the user's name.
"""

from datetime import datetime
from typing import Any, Literal

from ostiary.simulation.control import Fields, Mistake

from . import users, views
from .choices import FULL_DAY
from .finding import lock_in, user_in
from .owner_users import add_stranger
from .pins import choose_digits
from .rollout import Courier
from .state import Home
from .world import Group, PinKey, Site, SiteUser, TimeSchedule


class OwnerCode(Fields):
    """
    Attributes:
        id: The site user's; or else `name` says who.
        code: None: the cloud chooses. The web app may choose where the API may not.
        enabled: Whether the user may use a PIN.
    """

    lock_id: str
    do: Literal["add", "change", "delete"]
    id: str | None = None
    name: str | None = None
    code: str | int | None = None
    enabled: bool | None = None


def owner_codes(home: Home, command: OwnerCode, now: datetime, pace: float) -> dict[str, Any]:
    site, lock = lock_in(home, command.lock_id)
    courier = Courier(home, now, pace)
    if command.do == "add":
        if not command.name:
            raise Mistake("A new code needs `name`.")
        user = add_stranger(home, site, command.name, now)
        _set(home, site, user, command)
        _let_in(home, site, lock.id, user, command.name, courier)
        return _shown(home, site, user, now)
    user = user_in(home, site, command.id or command.name or "")
    if command.do == "delete":
        shown = _shown(home, site, user, now)
        _put_out(site, user, courier)
        users.remove(home, site, user, courier)
        return shown
    if command.id is not None and command.name:
        home.people[user.user_id].first_name = command.name
    _set(home, site, user, command)
    courier.person_changed(site, user)
    return _shown(home, site, user, now)


def _set(home: Home, site: Site, user: SiteUser, command: OwnerCode) -> None:
    if command.code is not None:
        user.pin = PinKey(str(command.code))
    elif user.pin is None:
        user.pin = PinKey(choose_digits(home, site))
    user.use_pin = user.use_pin if command.enabled is None else command.enabled


def _let_in(home: Home, site: Site, lock_id: str, user: SiteUser, name: str, courier: Courier) -> None:
    always = TimeSchedule(home.new_id(), [True] * 7, *FULL_DAY)
    group = Group(home.new_id(), name, [user.user_id], [lock_id], [always])
    site.groups.append(group)
    courier.lock_changed(site, group, lock_id)


def _put_out(site: Site, user: SiteUser, courier: Courier) -> None:
    """Takes the groups along that nobody else is in."""
    for group in [group for group in site.groups if group.members == [user.user_id]]:
        site.groups.remove(group)
        for lock_id in group.lock_ids:
            courier.lock_changed(site, group, lock_id)


def _shown(home: Home, site: Site, user: SiteUser, now: datetime) -> dict[str, Any]:
    digits = user.pin.digits if user.pin else None
    return {"code": {**views.site_user(home, site, user, now), "code": digits}}
