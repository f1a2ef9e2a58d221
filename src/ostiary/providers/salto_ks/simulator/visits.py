"""
A request in its site: which one, as whom, and whether that is allowed. The site may be one of another home.

Reading a site, its locks, IQs and roles, and oneself, is open to everybody who belongs to it; users, groups,
PINs and the log are for super users and above. That the cloud draws the line there is assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from ostiary.simulation import calls
from ostiary.simulation.answers import Answer

from . import odata, people
from .bodies import Fields, is_uuid, read_object
from .choices import WRITES_KEPT
from .refusals import invalid, no_subscription, not_allowed, not_released, unknown
from .roles import NOTHING, SUPER_USER, level_of, may_change, may_see
from .rollout import Courier
from .state import Home, Write
from .world import Group, Iq, Lock, Site, SiteUser

Call = calls.Call[Home]


@dataclass(slots=True)
class Visit:
    """
    Attributes:
        caller: The person of the token, as the site knows them.
        courier: Takes what this request changes to the doors.
    """

    call: Call
    site: Site
    caller: SiteUser
    courier: Courier

    @property
    def home(self) -> Home:
        return self.call.home

    @property
    def level(self) -> int:
        return level_of(self.caller.role_ids)

    def body(self) -> Fields:
        return read_object(self.call.headers, self.call.body)

    def sees(self, user: SiteUser) -> bool:
        return user is self.caller or may_see(self.level, level_of(user.role_ids))

    def user(self) -> SiteUser:
        """The site user in the path."""
        user = self.site.user(self.call.ids["site_user_id"])
        if user is None or not self.sees(user):
            raise unknown("User")
        return user

    def user_to_change(self) -> SiteUser:
        user = self.user()
        if not may_change(self.level, level_of(user.role_ids)):
            raise not_allowed()
        return user

    def group(self) -> Group:
        return found(self.site.group(self.call.ids["group_id"]), "Access group")

    def iq(self) -> Iq:
        return found(self.site.iq(self.call.ids["iq_id"]), "Iq")

    def lock(self) -> Lock:
        return found(self.site.lock(self.call.ids["lock_id"]), "Lock")

    def written(self, kind: str, name: str, written_id: str) -> None:
        """Note an accepted write; after the courier has left, so that it can say whether that was lost."""
        site = self.site.customer_reference
        write = Write(self.call.now, kind, site, name, written_id, self.courier.is_lost)
        self.home.writes.append(write)
        del self.home.writes[:-WRITES_KEPT]


T = TypeVar("T")


def found(value: T | None, what: str) -> T:
    if value is None:
        raise unknown(what)
    return value


def enter(call: Call, least: int = NOTHING) -> Visit:
    """
    Come into the site in the path.

    Args:
        least: The level that the caller needs.
    Raises:
        Refusal: The site is none of the caller's, or not ready for anything.
    """
    visit = look_at(call)
    if not visit.site.is_released:
        raise not_released()
    if visit.level < least:
        raise not_allowed()
    if call.method != "GET" and not visit.site.subscription.is_valid:
        raise no_subscription()
    return visit


def look_at(call: Call) -> Visit:
    """The site itself is shown even before it is released."""
    site_id = call.ids["site_id"]
    if not is_uuid(site_id):
        raise invalid(f"The value '{site_id}' is not valid.")  # a `site_uid`, quirk 1
    site = call.home.site(site_id.lower())
    caller = site.user_of(people.id_of(call.login)) if site is not None else None
    if site is None or caller is None or caller.blocked or not caller.is_subscribed:
        raise not_allowed()
    courier = Courier(call.home, call.now, call.pace, call.strike)
    return Visit(call, site, caller, courier)


def manage(call: Call) -> Visit:
    """Come in as somebody who may work on users, groups and the log."""
    return enter(call, SUPER_USER)


def listed(call: Call, items: Sequence[odata.Item]) -> Answer:
    """One page of a list at the request's own address."""
    return odata.answer_list(items, call.query, f"{call.url}{call.path}")
