"""
Whose PINs open a door beside our codes: people whom the site's admin has let in.

At Salto a PIN belongs to a person and opens every keypad that the person's access groups name (4). So each
person with a PIN and a way to the door is a code of somebody else's on it. Sections are those of
`salto-ks-connect-api.md`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from ostiary.domain.errors import NoSuchObject
from ostiary.domain.provider import ObservedCode

from . import mapping
from .client import SaltoClient
from .models import AccessGroup, Key, SiteUser, TimeSchedule

Ways = Sequence[tuple[Collection[str], Sequence[TimeSchedule]]]
"""Access groups with the door in them: the platform ids of their members, and their schedules."""


@dataclass(frozen=True, slots=True)
class Door:
    site_id: str
    lock_id: str
    zone: str


async def strangers(
    client: SaltoClient,
    door: Door,
    users: Sequence[SiteUser],
    groups: Sequence[AccessGroup],
    our_groups: Collection[str],
) -> list[ObservedCode]:
    """
    Costs a call for each group of the site, two more for each that has the door, and one for each person in
    those.

    Args:
        our_groups: Ids of groups that are parts of our codes.
    """
    others = [group for group in groups if group.id not in our_groups]
    ways = [way for group in others if (way := await _way(client, door, group)) is not None]
    found = []
    for user in users:
        schedules = [one for members, theirs in ways if user.user.id in members for one in theirs]
        if schedules and not mapping.is_made_by_us(user):
            key = await _pin(client, door.site_id, user)
            if key is not None:
                found.append(_code(user, key, schedules, door.zone))
    return found


async def _way(
    client: SaltoClient, door: Door, group: AccessGroup
) -> tuple[Collection[str], Sequence[TimeSchedule]] | None:
    """None: it does not lead through the door; without a schedule a group opens nothing (5.2)."""
    try:
        if door.lock_id not in await client.group_locks(door.site_id, group.id):
            return None
        members = await client.group_users(door.site_id, group.id)
        schedules = await client.schedules(door.site_id, group.id) if members else ()
    except NoSuchObject:
        return None  # it went while we were reading
    return (members, schedules) if schedules else None


async def _pin(client: SaltoClient, site_id: str, user: SiteUser) -> Key | None:
    try:
        keys = await client.keys(site_id, user.id)
    except NoSuchObject:
        return None
    return next((key for key in keys if key.type == "pin"), None)


def _code(user: SiteUser, key: Key, schedules: Sequence[TimeSchedule], zone: str) -> ObservedCode:
    """The id is not the user's own: what we know by that one is ours."""
    starts_at, ends_at, is_exact = _window(schedules, zone)
    names = (user.user.first_name, user.user.last_name)
    return ObservedCode(
        vendor_code_id=f"person:{user.id}",
        name=user.alias or " ".join(name for name in names if name),
        code=None,
        starts_at=starts_at,
        ends_at=ends_at,
        is_enabled=mapping.may_use_pin(user),
        is_exact=is_exact and user.expires_at is None and key.expiry_date is None,
        takes_room=False,
        is_removable=False,  # a person with keys, rights and a login, not a code
    )


def _window(schedules: Sequence[TimeSchedule], zone: str) -> tuple[datetime | None, datetime | None, bool]:
    """Start and end, and whether they are the whole truth: several schedules have no one window."""
    if len(schedules) > 1:
        return None, None, False
    try:
        return *mapping.window(schedules[0], zone), mapping.is_whole(schedules[0])
    except ValueError:
        return None, None, False
