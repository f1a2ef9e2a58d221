"""How the control plane finds what a person names: by id, or by the name that people see."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from ostiary.simulation.control import Mistake

from . import people
from .state import Home
from .users import name_of
from .world import Group, Iq, Lock, Site, SiteUser


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def customer_reference(self) -> str: ...


N = TypeVar("N", bound=_Named)


def site_in(home: Home, wanted: str | None) -> Site:
    """May be left out where there is only one."""
    if wanted is None and len(home.sites) == 1:
        return home.sites[0]
    sites = [site for site in home.sites if wanted in (site.id, site.site_uid, site.customer_reference)]
    return _only(sites, "site", wanted)


def lock_in(home: Home, wanted: str) -> tuple[Site, Lock]:
    return _below(home, ((site, lock) for site, lock in home.doors()), "lock", wanted)


def iq_in(home: Home, wanted: str) -> tuple[Site, Iq]:
    return _below(home, ((site, iq) for site in home.sites for iq in site.iqs), "IQ", wanted)


def group_in(home: Home, wanted: str) -> tuple[Site, Group]:
    return _below(home, ((site, group) for site in home.sites for group in site.groups), "group", wanted)


def user_in(home: Home, site: Site, wanted: str) -> SiteUser:
    """By either id, by the e-mail address, by the alias or by the name."""
    by_address = people.id_of(wanted) if "@" in wanted else wanted
    users = [
        user
        for user in site.users
        if wanted in (user.id, user.user_id, name_of(home, user)) or user.user_id == by_address
    ]
    return _only(users, "user", wanted)


def member_in(home: Home, site: Site, wanted: str | None) -> SiteUser:
    """As `user_in`; None: whose home it is."""
    if wanted is not None:
        return user_in(home, site, wanted)
    user = site.user_of(home.account_id)
    if user is None:
        raise Mistake(f"{home.name} does not belong to {site.customer_reference}.", 409)
    return user


def _below(home: Home, pairs: Iterable[tuple[Site, N]], what: str, wanted: str) -> tuple[Site, N]:
    return _only([pair for pair in pairs if wanted in (pair[1].id, pair[1].customer_reference)], what, wanted)


T = TypeVar("T")


def _only(found: list[T], what: str, wanted: str | None) -> T:
    if len(found) > 1:
        raise Mistake(f"There is more than one {what} {wanted!r}: give its id.", 409)
    if not found:
        raise Mistake(f"There is no {what} {wanted!r}.", 404)
    return found[0]
