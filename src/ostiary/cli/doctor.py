"""`ostiary doctor`: why a code is not on the door."""

import asyncio
from collections.abc import Iterator
from typing import Any

from .. import store
from ..app import House, opened
from ..domain.explanation import explained
from ..settings import Settings
from ..store.tx import Tx
from .errors import Failed

UNTOLD = "(no name)"


def examine(settings: Settings, device_id: str) -> tuple[dict[str, Any], str]:
    """What to print: as a document, and for people. Raises: Failed."""
    return asyncio.run(_examine(settings, device_id))


async def _examine(settings: Settings, device_id: str) -> tuple[dict[str, Any], str]:
    async with opened(settings, settings.public_url or "http://127.0.0.1:8420") as house:
        found = await house.database.read(_plan, house, device_id)
    if found is None:
        raise Failed(f"there is no device {device_id}; /devices/list shows those there are")
    name, plan = found
    return plan, "\n".join(_lines(name, plan))


async def _plan(tx: Tx, house: House, device_id: str) -> tuple[str, dict[str, Any]] | None:
    """The device's name and its plan, by its workspace's clock."""
    device = await store.devices.find(tx, device_id)
    if device is None:
        return None
    workspace = await store.workspaces.get(tx, device.workspace_id)
    assert workspace is not None, "a device outlives its workspace"
    tx.enter(workspace)
    name_at_vendor = house.vendors.name_at_vendor(workspace, device.provider)
    rows = await store.rehearsals.rows(tx, device, name_at_vendor)
    return device.display_name, explained(rows, tx.now)


def _lines(name: str, plan: dict[str, Any]) -> Iterator[str]:
    state = "online" if plan["is_online"] else "offline"
    yield f"{name} is {state}; it is {plan['as_of']}"
    yield f"last look at its codes: {plan['looked_at'] or 'never'}; next: {plan['due_at'] or 'not by itself'}"
    if plan["paused_until"] is not None:
        yield f"the account is paused until {plan['paused_until']}"
    waiting = [code for code in plan["desired"] if code["why"] is not None]
    yield f"codes as wished: {len(plan['desired']) - len(waiting)}; otherwise: {len(waiting)}"
    for code in waiting:
        yield f"  {code['access_code_id']}  {code['name'] or UNTOLD}: {code['why']['message']}"
    others = [entry["name"] or UNTOLD for entry in plan["observed"] if not entry["is_managed"]]
    if others:
        yield f"codes of others on the lock: {', '.join(others)}"
    for write in plan["writes"]:
        yield f"next: {write['kind']} {write['name'] or UNTOLD} ({write['reason']})"
    if plan["further_writes"]:
        yield f"and {plan['further_writes']} more after them"
