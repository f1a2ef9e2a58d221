"""Devices. The wire's object is stored as it is served, and made anew whenever something in it changes."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import RENDERING, Device
from ..domain.errors import ApiError, not_found
from ..domain.instants import to_ms
from .pages import Position
from .rows import Record
from .sql import Rows, Statement
from .tx import Tx
from .within import Within

_record = Record("devices", Device)
_INSERT = Statement("devices.insert")
_UPDATE = Statement("devices.update")
_GET = Within("devices.get", is_standing=True)
_FIND = Statement("devices.find", is_standing=True)
_GET_ANY = Within("devices.get_any")
_RENDERED = {True: Within("devices.rendered"), False: Within("unmanaged_devices.rendered")}
_BY_NAME = {True: Within("devices.by_name"), False: Within("unmanaged_devices.by_name")}
_LIST = {True: Within("devices.list"), False: Within("unmanaged_devices.list")}
_OF_ACCOUNT = Statement("devices.of_account")
_DUE = Statement("devices.due")
_NEXT = Statement("devices.next_due")
_WAKE = Statement("devices.wake")
_SET_DUE = Statement("devices.set_due")
_NOTICE = Statement("devices.notice")
_DELETE = Statement("devices.delete")
_FORGET = Statement("devices.forget_looks")


def render(device: Device, wire: dict[str, Any]) -> dict[str, Any]:
    return {"rendered": msgspec.json.encode(wire).decode(), "rendering": RENDERING}


async def insert(tx: Tx, device: Device, wire: dict[str, Any]) -> None:
    await _record.write(_INSERT, tx.vault, device, **render(device, wire))


async def update_device(tx: Tx, device: Device, wire: dict[str, Any]) -> None:
    """Everything but `due_at`, which belongs to `wake` and `set_due`."""
    await _record.write(_UPDATE, tx.vault, device, **render(device, wire))


async def get(tx: Tx, workspace_id: str, device_id: str) -> Device:
    """A managed device. Raises: ApiError, 404 `device_not_found`."""
    rows = await _GET(tx, id=device_id, ws=workspace_id)
    if not rows:
        raise await _not_among(tx, workspace_id, device_id, is_managed=True)
    return _record.recall(tx.vault, rows[0])


async def get_any(tx: Tx, workspace_id: str, device_id: str) -> Device:
    """Managed or not. Raises: ApiError, 404 `device_not_found`."""
    rows = await _GET_ANY(tx, id=device_id, ws=workspace_id)
    if not rows:
        raise not_found("device", device_id=device_id)
    return _record.recall(tx.vault, rows[0])


async def find(tx: Tx, device_id: str) -> Device | None:
    """For the engine, which serves every workspace."""
    rows = await _FIND(id=device_id)
    return _record.recall(tx.vault, rows[0]) if rows else None


async def rendered(tx: Tx, workspace_id: str, device_id: str, *, is_managed: bool = True) -> str:
    """The wire's object as stored. Raises: ApiError, 404 `device_not_found`."""
    rows = await _RENDERED[is_managed](tx, id=device_id, ws=workspace_id)
    if not rows:
        raise await _not_among(tx, workspace_id, device_id, is_managed=is_managed)
    return str(rows[0][0])


async def _not_among(tx: Tx, workspace_id: str, device_id: str, *, is_managed: bool) -> ApiError:
    """The caller may have meant one of the other kind."""
    if not await _GET_ANY(tx, id=device_id, ws=workspace_id):
        return not_found("device", device_id=device_id)
    way = "/devices/unmanaged/update with is_managed: true" if is_managed else "/devices/get"
    kind = "unmanaged: make it managed with" if is_managed else "managed: ask for it with"
    return not_found("device", f"This device is {kind} {way}", device_id=device_id)


async def id_by_name(tx: Tx, workspace_id: str, name: str, *, is_managed: bool = True) -> str:
    """The first device of that name or nickname. Raises: ApiError, 404 `device_not_found`."""
    rows = await _BY_NAME[is_managed](tx, ws=workspace_id, name=name)
    if not rows:
        raise not_found("device", name=name)
    return str(rows[0][0])


async def list_rendered(
    tx: Tx, workspace_id: str, position: Position, limit: int, *, is_managed: bool = True
) -> Rows:
    """Rows of (rendered, rendering, device_id, created_at in ms)."""
    return await _LIST[is_managed](tx, ws=workspace_id, limit=limit, **position.params())


async def of_account(tx: Tx, account: ConnectedAccount) -> list[Device]:
    return _record.read_all(tx.vault, await _OF_ACCOUNT(account=account.connected_account_id))


async def remove(tx: Tx, device_id: str) -> None:
    await _DELETE(id=device_id)


# --- the engine's part: the workspace's time -----------------------------------------------------------


async def due(tx: Tx, connected_account_id: str) -> list[str]:
    rows = await _DUE(account=connected_account_id, now=to_ms(tx.now))
    return [row[0] for row in rows]


async def next_due_ms(tx: Tx, connected_account_id: str) -> int | None:
    rows = await _NEXT(account=connected_account_id)
    return rows[0][0] if rows else None


async def wake(tx: Tx, device_id: str, at: datetime | None = None) -> None:
    """Due at the latest at `at`; None: now."""
    await _WAKE(id=device_id, at=to_ms(at or tx.now))


async def set_due(tx: Tx, device_id: str, at: datetime | None) -> None:
    await _SET_DUE(id=device_id, at=None if at is None else to_ms(at))


async def forget_looks(tx: Tx, workspace_id: str) -> None:
    """What the codes of its devices looked like is no longer worth anything: the next poll looks again."""
    await _FORGET(ws=workspace_id)


async def notice(tx: Tx, device: Device, *, look_wanted: bool) -> datetime:
    """
    Its vendor says that it has changed. Each notice leaves another `noticed_at`, by which a look that began
    before sees that it may have missed something. Returns when the look is due.
    """
    at = to_ms(tx.now)
    if device.noticed_at is not None:
        at = max(at, to_ms(device.noticed_at) + 1)
    await _NOTICE(id=device.device_id, at=at, look=int(look_wanted))
    due = replace(device, noticed_at=tx.now).noticed_due(tx.now)
    assert due is not None
    await wake(tx, device.device_id, due)
    return due
