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

    faults: Final = frozenset({"busy", "late", "lost"})
    """Beyond those that every simulator has."""

    refuses_duplicates: Final = True
    """Two codes of one device cannot have the same PIN."""

    whole: Final = {"code": 1}
    """What `parts` finds of one code."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def begin(self) -> None:
        """Once, when the home exists: away with what would only slow tests down."""

    # --- at the door ------------------------------------------------------------------------------------

    async def truth(self, name: str) -> dict[str, Any]:
        """What the device of that name itself holds."""
        devices = (await self._control("GET", "truth"))["devices"]
        found: dict[str, Any] = next(one for one in devices if one["name"] == name)
        return found

    async def codes_on(self, name: str) -> dict[str, str]:
        """Name of each code to its PIN, by the device itself."""
        return {code["name"]: str(code["code"]) for code in (await self.truth(name))["codes"]}

    async def opens(self, name: str, pin: str, at: datetime | None = None) -> bool:
        """Whether the keypad opens; with `at`, whether it would at that instant."""
        fields: dict[str, Any] = {"smartlock_id": (await self.truth(name))["smartlock_id"], "code": pin}
        if at is not None:
            fields["at"] = at.isoformat()
        return bool((await self._control("POST", "enter_code", **fields))["accepted"])

    async def owner_adds(self, name: str, code_name: str, pin: str) -> None:
        """The owner makes a code without us."""
        fields = {"smartlock_id": (await self.truth(name))["smartlock_id"], "do": "add", "code": int(pin)}
        await self._control("POST", "owner/codes", name=code_name, **fields)

    async def owner_changes(self, name: str, code_name: str, /, **fields: Any) -> None:
        """The owner gives a code another `name` or `code`, or sets `enabled`."""
        truth = await self.truth(name)
        held = next(code for code in truth["codes"] if code["name"] == code_name)
        which = {"smartlock_id": truth["smartlock_id"], "id": held["id"]}
        await self._control("POST", "owner/codes", do="change", **which, **fields)

    async def owner_removes(self, name: str, code_name: str) -> None:
        """The owner takes a code off the device."""
        smartlock_id = (await self.truth(name))["smartlock_id"]
        await self._control("POST", "owner/codes", smartlock_id=smartlock_id, do="delete", name=code_name)

    async def set_online(self, name: str, is_online: bool) -> None:
        await self._control(
            "POST", "device", smartlock_id=(await self.truth(name))["smartlock_id"], online=is_online
        )

    # --- in the vendor's record -------------------------------------------------------------------------

    async def code_writes(self) -> list[dict[str, Any]]:
        """Accepted writes about codes: `kind`, and `name` as the vendor has it."""
        found: list[dict[str, Any]] = (await self._control("GET", "requests"))["writes"]
        return found

    async def parts(self, mark: str) -> dict[str, int]:
        """How much of what bears that mark there is, by kind; nothing when there is none."""
        count = sum(code["name"].endswith(f"#{mark}") for code in (await self.record()).values())
        return {"code": count} if count else {}

    async def record(self) -> dict[str, Any]:
        """Every code, by its id."""
        devices = (await self._control("GET", "cloud"))["devices"]
        return {str(code["id"]): code for device in devices for code in device["codes"]}
