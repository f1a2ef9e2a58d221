"""`ostiary doctor`: why a code is not on the door, and what is known of it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from .. import store
from ..app import HouseVendors, consulted
from ..domain import proof
from ..domain.access_codes import AccessCode
from ..domain.devices import Device
from ..domain.evidence import Entry
from ..domain.explanation import explained
from ..settings import Settings
from ..store.tx import Tx
from .errors import Failed
from .installation import refuse_missing

UNTOLD = "(no name)"
Report = tuple[dict[str, Any], list[str]]
"""What to print: as a document, and for people."""


def examine(settings: Settings, *, device_id: str | None, code_id: str | None) -> tuple[dict[str, Any], str]:
    """A lock, or one code. Raises: Failed."""
    data, lines = asyncio.run(
        _opened(settings, lambda tx, vendors: _of_device(tx, vendors, device_id))
        if device_id is not None
        else _opened(settings, lambda tx, vendors: _of_code(tx, vendors, code_id or ""))
    )
    return data, "\n".join(lines)


async def _opened(settings: Settings, use: Callable[[Tx, HouseVendors], Awaitable[Report]]) -> Report:
    refuse_missing(settings)
    async with consulted(settings) as (database, vendors):

        async def read(tx: Tx) -> Report:
            return await use(tx, vendors)

        return await database.read(read)


async def _enter(tx: Tx, workspace_id: str) -> None:
    """The workspace's clock."""
    workspace = await store.workspaces.get(tx, workspace_id)
    assert workspace is not None, "what is in a workspace does not outlive it"
    tx.enter(workspace)


async def _plan(tx: Tx, vendors: HouseVendors, device: Device) -> dict[str, Any]:
    name_at_vendor = vendors.name_at_vendor(tx.workspace, device.provider)
    rows = await store.rehearsals.rows(tx, device, name_at_vendor)
    return explained(rows, tx.now)


# --- a lock ----------------------------------------------------------------------------------------------


async def _of_device(tx: Tx, vendors: HouseVendors, device_id: str) -> Report:
    device = await store.devices.find(tx, device_id)
    if device is None:
        raise Failed(f"there is no device {device_id}; /devices/list shows those there are")
    await _enter(tx, device.workspace_id)
    plan = await _plan(tx, vendors, device)
    levels = {}
    for code in await store.access_codes.on_device(tx, device_id):
        entries = await store.evidence.of_code(tx, device.workspace_id, code.access_code_id)
        levels[code.access_code_id] = _proved(await _judged(tx, code.access_code_id, code, entries))
    return plan, list(_lines(device.display_name, plan, levels))


def _lines(name: str, plan: dict[str, Any], levels: dict[str, str]) -> Iterator[str]:
    state = "online" if plan["is_online"] else "offline"
    yield f"{name} is {state}; it is {plan['as_of']}"
    yield f"last look at its codes: {plan['looked_at'] or 'never'}; next: {plan['due_at'] or 'not by itself'}"
    if plan["paused_until"] is not None:
        yield f"the account is paused until {plan['paused_until']}"
    waiting = [code for code in plan["desired"] if code["why"] is not None]
    yield f"codes as wished: {len(plan['desired']) - len(waiting)}; otherwise: {len(waiting)}"
    for code in plan["desired"]:
        why = "as wished" if code["why"] is None else code["why"]["message"]
        yield f"  {code['access_code_id']}  {code['name'] or UNTOLD}: {why}"
        yield f"    {levels[code['access_code_id']]}"
    others = [entry["name"] or UNTOLD for entry in plan["observed"] if not entry["is_managed"]]
    if others:
        yield f"codes of others on the lock: {', '.join(others)}"
    for write in plan["writes"]:
        yield f"next: {write['kind']} {write['name'] or UNTOLD} ({write['reason']})"
    if plan["further_writes"]:
        yield f"and {plan['further_writes']} more after them"


# --- a code ----------------------------------------------------------------------------------------------


async def _of_code(tx: Tx, vendors: HouseVendors, code_id: str) -> Report:
    """Living or gone, of any workspace."""
    code = await store.access_codes.find(tx, code_id)
    entries = await store.evidence.of_any(tx, code_id)
    if code is None and not entries:
        raise Failed(f"there is no access code {code_id}; /access_codes/list shows those there are")
    await _enter(tx, entries[0].workspace_id if code is None else code.workspace_id)
    device = None if code is None else await store.devices.find(tx, code.device_id)
    why = None
    if code is not None and device is not None and code.gone_at is None:
        plan = await _plan(tx, vendors, device)
        why = next(one["why"] for one in plan["desired"] if one["access_code_id"] == code_id)
    data = {
        **await _judged(tx, code_id, code, entries),
        "why": why,
        "entries": [entry.as_wire() for entry in entries],
    }
    state = entries[-1].state if entries else None
    name = (state and state.name) or UNTOLD
    where = "a lock that is forgotten" if device is None else device.display_name
    return data, list(_told(name, where, data))


async def _judged(tx: Tx, code_id: str, code: AccessCode | None, entries: list[Entry]) -> dict[str, Any]:
    status = await store.evidence.status(tx, code)
    return proof.judged(code_id, status, entries, tx.now, tx.vault.evidence_hash)


def _proved(evidence: dict[str, Any]) -> str:
    if not evidence["is_intact"]:
        return f"its record was changed: entry {evidence['broken_at']} is not as it was written"
    return f"proved: {evidence['level'].replace('_', ' ')}"


def _told(name: str, where: str, data: dict[str, Any]) -> Iterator[str]:
    yield f"{name} on {where} is {data['status'] or 'gone'}; {_proved(data)}"
    if data["why"] is not None:
        yield data["why"]["message"]
    for entry in data["entries"]:
        facts = entry["facts"]
        words = ", ".join(_words(entry["kind"], facts))
        yield f"  {entry['at']}  {entry['status'] or 'gone'}  {words}"


def _words(kind: str, facts: dict[str, Any]) -> Iterator[str]:
    """What one entry says, in few words."""
    actor = facts.get("actor", {})
    by = actor.get("display_name")
    if actor.get("type") == "client_session":
        by = f"client session {actor['id']}"
    yield kind if by is None else f"{kind} by {by}"
    if "write" in facts:
        yield str(facts["write"])
    if "outcome" in facts:
        yield str(facts["outcome"])
    if "error" in facts:
        yield str(facts.get("error_code", facts["error"]))
    if "on_device" in facts:
        yield "not on the lock" if facts["on_device"] is None else "on the lock"
    yield from (f"{write['kind']} {write['outcome']}" for write in facts.get("writes", ()))
    if "what" in facts:
        yield f"{facts['what']} at {facts['occurred_at']}"
    yield from (one["event_type"] for one in facts.get("told", ()))
