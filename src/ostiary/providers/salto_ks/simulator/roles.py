"""
Roles of a site, and what they allow (2.5).

The ids of the built-in roles are the same at every site here, as they seem to be within one environment.
Owner, admin, super user and user are levels; the other roles are extras and give none.
"""

from dataclasses import dataclass
from typing import Any, Final

OWNER, ADMIN, SUPER_USER, USER, NOTHING = 4, 3, 2, 1, 0


@dataclass(frozen=True, slots=True)
class Role:
    """
    Attributes:
        level: How far it reaches; `NOTHING` for extras.
        is_hierarchical: A user needs one such role at the least.
    """

    id: str
    code: str
    label: str
    level: int
    is_hierarchical: bool = True
    parent_id: str | None = None

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "customer_reference": self.label,
            "code": self.code,
            "parent_id": self.parent_id,
            "is_hierarchical": self.is_hierarchical,
        }


# The ids of owner, super user and guest are invented; the others were seen (2.5). That a guest's role is
# hierarchical is assumed: a guest has no other.
ROLES: Final = (
    Role("5a0c4f9e-3ef7-11e8-9f1c-0050568d6e36", "site_owner", "Site Owner", OWNER),
    Role(
        "7d53b0b3-3ef7-11e8-9f1c-0050568d6e36",
        "site_admin",
        "Site Admin",
        ADMIN,
        parent_id="5a0c4f9e-3ef7-11e8-9f1c-0050568d6e36",
    ),
    Role(
        "76f7e578-80fb-11e8-a892-000d3a221c5b",
        "site_super_user",
        "Site Super User",
        SUPER_USER,
        parent_id="7d53b0b3-3ef7-11e8-9f1c-0050568d6e36",
    ),
    Role(
        "8f6081a3-80fb-11e8-a892-000d3a221c5b",
        "site_user",
        "Site User",
        USER,
        parent_id="76f7e578-80fb-11e8-a892-000d3a221c5b",
    ),
    Role("c1f1a1b2-9a53-11eb-b9e0-000d3a46a880", "site_guest", "Site Guest", USER),
    Role("9df437bb-80fb-11e8-a892-000d3a221c5b", "site_mobile_user", "Site Mobile User", NOTHING, False),
    Role("1243f463-1033-11ea-ac2c-000d3a46a880", "site_pod_member", "Site Pod Member", NOTHING, False),
    Role(
        "58ebcde4-d01d-11eb-b9e0-000d3a46a880",
        "site_remote_office_mode_user",
        "Site Remote Office Mode User",
        NOTHING,
        False,
    ),
)
BY_ID: Final = {role.id: role for role in ROLES}
BY_CODE: Final = {role.code: role for role in ROLES}


def level_of(role_ids: list[str]) -> int:
    return max((BY_ID[role_id].level for role_id in role_ids), default=NOTHING)


def assignable(level: int) -> list[Role]:
    """
    The roles that somebody of this level may give, and sees (2.5, assumed): an ordinary user only the
    user's; a super user what lies below; an admin all but the owner's, which nobody gives.
    """
    if level <= USER:
        return [BY_CODE["site_user"]]
    highest = USER if level == SUPER_USER else ADMIN
    return [role for role in ROLES if role.level <= highest]


def may_see(level: int, other: int) -> bool:
    """Whether somebody of this level sees a user of that one (2.5)."""
    return level >= ADMIN or (level == SUPER_USER and other < ADMIN)


def may_change(level: int, other: int) -> bool:
    """An admin sees the owner, and that is all (2.5)."""
    return may_see(level, other) and (level == OWNER or other < OWNER)
