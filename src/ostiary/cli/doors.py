"""`ostiary doors`."""

import asyncio
from typing import Any

from ..domain.errors import ProviderError
from ..domain.secrets import Secret
from ..engine import activate as engine
from ..settings import Settings
from .errors import Failed
from .installation import opened, prepared, refuse_missing
from .prompts import hidden


def asked_pin() -> Secret:
    """Never on the command line, where everybody on the machine could read it. Raises: Failed."""
    text = hidden("PIN: ")
    if not (text.isascii() and text.isdigit()):
        raise Failed("a PIN has digits only; run it again and type the PIN that has come")
    return Secret(text)


def activate(settings: Settings, device_id: str, pin: Secret | None) -> tuple[dict[str, Any], str]:
    """What to print: as a document, and for people. Raises: Failed."""
    refuse_missing(settings)
    return asyncio.run(_activate(prepared(settings), device_id, pin))


async def _activate(settings: Settings, device_id: str, pin: Secret | None) -> tuple[dict[str, Any], str]:
    async with opened(settings) as house:
        try:
            if pin is not None:
                name = await engine.finish(house.database, house.vendors, device_id, pin)
                data = {"device_id": device_id, "is_active": True}
                return data, f"{name} can be opened from afar now."
            begun = await engine.begin(house.database, house.vendors, device_id)
        except engine.NoSuchDoor:
            raise Failed(f"there is no device {device_id}; /devices/list shows those there are") from None
        except (ProviderError, KeyError) as error:
            raise Failed(f"not activated: {error}") from None
    if begun.sent_to is None:
        data = {"device_id": device_id, "is_active": True}
        return data, f"{begun.name} needs no activation."
    data = {"device_id": device_id, "is_active": False, "sent_to": begun.sent_to}
    hint = f"next: ostiary doors activate {device_id} --finish"
    return data, f"A PIN for {begun.name} is on its way to {begun.sent_to}.\n{hint}"
