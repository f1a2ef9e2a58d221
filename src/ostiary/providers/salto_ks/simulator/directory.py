"""
What one home has to know of the others: where a site is, and who is where.

A site lives in the home in which it was founded, and people of other homes may belong to it. Everything here
is found by looking through the homes. Where a site is never changes, so that is remembered; nothing else is.
"""

from collections.abc import Callable
from typing import TypeVar

from ostiary.simulation.registry import Registry
from ostiary.simulation.state import NoSuchHome

from . import people, views
from .bodies import is_uuid
from .founding import KNOWN_HOMES
from .odata import Item
from .state import Home

T = TypeVar("T")


class Directory:
    """Looks and never writes."""

    def __init__(self, registry: Registry[Home]) -> None:
        self._registry = registry
        self._home_of_site: dict[str, str] = {}

    async def home_of(self, site_id: str, login: str) -> str:
        """The home that has this site; that of `login` when none has."""
        if site_id not in self._home_of_site and is_uuid(site_id):
            for name in (login, *await self._others(login)):
                self._home_of_site.update(dict.fromkeys(await self._look(name, _site_ids), name))
                if site_id in self._home_of_site:
                    break
        return self._home_of_site.get(site_id, login)

    async def sites_elsewhere(self, login: str) -> list[Item]:
        """As the API lists them: the sites of other homes to which this person belongs."""
        user_id = people.id_of(login)

        def found(home: Home) -> list[Item]:
            return [views.site(home, site) for site in home.sites if site.user_of(user_id) is not None]

        return [item for name in await self._others(login) for item in await self._look(name, found)]

    async def addresses(self) -> dict[str, str]:
        """The address of everybody with a login who was heard of, by platform id."""
        names = await self._registry.homes.homes()
        heard = {*names, *KNOWN_HOMES}
        for name in names:
            heard.update(await self._look(name, _addresses))
        return {people.id_of(email): email for email in heard}

    async def _others(self, login: str) -> list[str]:
        return [name for name in await self._registry.homes.homes() if name != login]

    async def _look(self, name: str, at: Callable[[Home], list[T]]) -> list[T]:
        try:
            return await self._registry.look(name, at)
        except NoSuchHome:
            return []


def _site_ids(home: Home) -> list[str]:
    return [site.id for site in home.sites]


def _addresses(home: Home) -> list[str]:
    return [person.email for person in home.people.values() if person.has_profile and person.email]
