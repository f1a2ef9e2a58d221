"""How tests work this brand's simulator, in words that every brand has."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

Control = Callable[..., Awaitable[Any]]


class Steering:
    """
    Args:
        control: Asks the control plane: method, verb, and the fields of the command.
    """

    faults: Final = frozenset[str]()
    """Beyond those that every simulator has. What is lost or late is so on its way to the door, unseen."""

    refuses_duplicates: Final = False
    """Two codes of one device cannot have the same PIN."""

    whole: Final = {"user": 1, "pin": 1, "group": 1, "schedule": 1, "member": 1, "lock": 1}
    """What `parts` finds of one code."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def begin(self) -> None:
        """Once, when the home exists: away with what would only slow tests down."""
        await self._control("POST", "limits", requests_per_second=0)

    # --- at the door ------------------------------------------------------------------------------------

    async def truth(self, name: str) -> dict[str, Any]:
        """What the door of that name itself holds."""
        devices = (await self._control("GET", "truth"))["devices"]
        found: dict[str, Any] = next(one for one in devices if one["name"] == name)
        return found

    async def codes_on(self, name: str) -> dict[str, str]:
        """Name of each code to its PIN, by the door itself; of those that have a time to open it."""
        codes = (await self.truth(name))["codes"]
        return {str(code["name"]): code["code"] for code in codes if code["schedules"]}

    async def opens(self, name: str, pin: str, at: datetime | None = None) -> bool:
        """Whether the keypad opens; with `at`, whether it would at that instant."""
        fields: dict[str, Any] = {"lock_id": (await self.truth(name))["lock_id"], "code": pin}
        if at is not None:
            fields["at"] = at.isoformat()
        return bool((await self._control("POST", "enter_code", **fields))["accepted"])

    async def owner_adds(self, name: str, code_name: str, pin: str) -> None:
        """The site's admin gives somebody a PIN for this door, without us."""
        lock_id = (await self.truth(name))["lock_id"]
        await self._control("POST", "owner/codes", lock_id=lock_id, do="add", name=code_name, code=pin)

    async def owner_changes(self, name: str, code_name: str, /, **fields: Any) -> None:
        """The site's admin gives a person another `name` or PIN (`code`), or sets `enabled` of its use."""
        users = [one for one in (await self.record()).values() if "user" in one]
        person = next(one for one in users if one["user"]["first_name"] == code_name)
        which = {"lock_id": (await self.truth(name))["lock_id"], "id": person["id"]}
        await self._control("POST", "owner/codes", do="change", **which, **fields)

    async def owner_removes(self, name: str, code_name: str) -> None:
        """The site's admin puts a person out."""
        lock_id = (await self.truth(name))["lock_id"]
        await self._control("POST", "owner/codes", lock_id=lock_id, do="delete", name=code_name)

    async def set_online(self, name: str, is_online: bool) -> None:
        """The cloud notices at once."""
        lock_id = (await self.truth(name))["lock_id"]
        await self._control("POST", "device", lock_id=lock_id, online=is_online, noticed=True)

    # --- in the vendor's record -------------------------------------------------------------------------

    async def code_writes(self) -> list[dict[str, Any]]:
        """Accepted writes: `kind`, and `name` as the vendor has it."""
        found: list[dict[str, Any]] = (await self._control("GET", "requests"))["writes"]
        return found

    async def parts(self, mark: str) -> dict[str, int]:
        """How much of what bears that mark there is, by kind; nothing when there is none."""
        tail, found = f"#{mark}", await self.record()
        users = [one for one in found.values() if "user" in one and one["user"]["last_name"].endswith(tail)]
        groups = [one for one in found.values() if one.get("customer_reference", "").endswith(tail)]
        counts = {
            "user": len(users),
            "pin": sum(user["has_pin"] for user in users),
            "group": len(groups),
            "schedule": sum(len(group["time_schedules"]) for group in groups),
            "member": sum(len(group["members"]) for group in groups),
            "lock": sum(len(group["lock_ids"]) for group in groups),
        }
        return {kind: count for kind, count in counts.items() if count}

    async def record(self) -> dict[str, Any]:
        """Every user and every access group of every site, by its id."""
        sites = (await self._control("GET", "cloud"))["sites"]
        return {one["id"]: one for site in sites for one in (*site["users"], *site["groups"])}
