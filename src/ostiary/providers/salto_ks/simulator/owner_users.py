"""What the site's own admin does with its people, in the vendor's web app."""

from datetime import datetime
from typing import Any, Literal

from ostiary.simulation.control import Fields, Mistake

from . import people, roles, users, views
from .finding import member_in, site_in, user_in
from .owner import Paced
from .pins import choose_digits
from .rollout import Courier
from .state import Home
from .world import Person, PinKey, Site, SiteUser


class ChangeMe(Fields):
    """
    What the site does with who is logged in.

    Attributes:
        user: Somebody else who belongs to the site, as in `OwnerUser`: their own home may be another one.
        removed: They no longer belong to it.
    """

    site: str | None = None
    user: str | None = None
    role: str | None = None
    remote_access: bool | None = None
    blocked: bool | None = None
    suspended: bool | None = None
    removed: bool = False


class OwnerUser(Fields):
    """
    The site's admin works on a user.

    Attributes:
        user: An e-mail address, an id, the alias or the name. For `add` an address adds who logs in with it,
            and any other text is the name of somebody new.
        do: `change` does what the fields below say, and nothing else.
        role: The code of the new role.
    """

    user: str
    do: Literal["add", "change", "remove", "block", "unblock", "suspend", "subscribe", "give_pin", "take_pin"]
    site: str | None = None
    role: str | None = None
    remote_access: bool | None = None
    use_pin: bool | None = None


def change_me(home: Home, command: ChangeMe, now: datetime, pace: float) -> dict[str, Any]:
    site = site_in(home, command.site)
    user, courier = member_in(home, site, command.user), Courier(home, now, pace)
    _set(user, command)
    if command.blocked is not None:
        user.blocked = command.blocked
    if command.suspended is not None:
        user.is_subscribed = not command.suspended
    if command.removed:
        users.remove(home, site, user, courier)
        return {"home": home.name, "site": site.customer_reference, "removed": True}
    courier.person_changed(site, user)
    return views.site_user(home, site, user, now)


def change_user(home: Home, command: OwnerUser, now: datetime, pace: float) -> dict[str, Any]:
    site, courier = site_in(home, command.site), Courier(home, now, pace)
    is_new = command.do == "add"
    user = _add(home, site, command.user, now) if is_new else user_in(home, site, command.user)
    if command.do == "remove":
        users.remove(home, site, user, courier)
        return {"home": home.name, "removed": user.id}
    if command.do in ("block", "unblock"):
        user.blocked = command.do == "block"
    elif command.do in ("suspend", "subscribe"):
        _seat(site, user, command.do == "subscribe")
    elif command.do == "give_pin":
        user.pin = PinKey(choose_digits(home, site))
    elif command.do == "take_pin":
        user.pin = None
    _set(user, command)
    user.use_pin = user.use_pin if command.use_pin is None else command.use_pin
    courier.person_changed(site, user)
    digits = user.pin.digits if user.pin else None
    return {**views.site_user(home, site, user, now), "digits": digits}


def _set(user: SiteUser, command: ChangeMe | OwnerUser) -> None:
    if command.role is not None:
        if command.role not in roles.BY_CODE:
            raise Mistake(f"`role` is one of {', '.join(roles.BY_CODE)}.")
        user.role_ids = [roles.BY_CODE[command.role].id]
    if command.remote_access is not None:
        user.remote_access = command.remote_access


def _add(home: Home, site: Site, wanted: str, now: datetime) -> SiteUser:
    person = people.with_login(wanted)
    if person is None:
        return add_stranger(home, site, wanted, now)
    if site.user_of(person.id) is not None:
        raise Mistake(f"{person.email} belongs to {site.customer_reference} already.", 409)
    return _join(home, site, person, now)


def add_stranger(home: Home, site: Site, name: str, now: datetime) -> SiteUser:
    """Somebody who is nobody anywhere else."""
    return _join(home, site, Person(home.new_id(), name, "", home_site_id=site.id), now)


def _join(home: Home, site: Site, person: Person, now: datetime) -> SiteUser:
    """The web app waits until the roles are there, so this user is ready at once."""
    home.people[person.id] = person
    user = SiteUser(home.new_id(), person.id, [roles.BY_CODE["site_user"].id], ready_at=now, use_pin=True)
    user.is_subscribed = site.seats_taken < site.subscription.user_amount
    site.users.append(user)
    return user


def _seat(site: Site, user: SiteUser, is_wanted: bool) -> None:
    if is_wanted and not user.is_subscribed and site.seats_taken >= site.subscription.user_amount:
        raise Mistake(f"{site.customer_reference} has no seat left.", 409)
    user.is_subscribed = is_wanted


COMMANDS: dict[tuple[str, str], tuple[type[Fields], Paced]] = {
    ("POST", "me"): (ChangeMe, change_me),
    ("POST", "owner/users"): (OwnerUser, change_user),
}
