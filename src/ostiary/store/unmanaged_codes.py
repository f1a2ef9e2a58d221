"""Unmanaged access codes: what others have put on the locks."""

from ..domain.devices import Device
from ..domain.unmanaged_codes import Findings, UnmanagedCode
from .pages import Position
from .rows import Record
from .sql import Statement
from .tx import Tx
from .within import Within

_record = Record("unmanaged_access_codes", UnmanagedCode)
_INSERT = Statement("unmanaged_access_codes.insert")
_UPDATE = Statement("unmanaged_access_codes.update")
_GET = Within("unmanaged_access_codes.get")
_GET_ANY = Statement("unmanaged_access_codes.get_any")
_BY_PIN = Statement("unmanaged_access_codes.by_pin")
_BY_VENDOR_CODE = Statement("unmanaged_access_codes.by_vendor_code")
_ON_DEVICE = Statement("unmanaged_access_codes.on_device")
_LIST = Within("unmanaged_access_codes.list")


async def keep(tx: Tx, findings: Findings) -> None:
    """What a look has changed, with its events."""
    for code in (*findings.gone, *findings.changed):
        await _record.write(_UPDATE, tx.vault, code)
    for code in findings.appeared:
        await _record.write(_INSERT, tx.vault, code)
    for told in findings.events:
        tx.emit(told)


async def update_code(tx: Tx, code: UnmanagedCode) -> None:
    await _record.write(_UPDATE, tx.vault, code)


async def take_back(tx: Tx, code: UnmanagedCode) -> None:
    """One that was managed until now. It may have been unmanaged before; then its row is there still."""
    if await _GET_ANY(id=code.access_code_id):
        await _record.write(_UPDATE, tx.vault, code)
    else:
        await _record.write(_INSERT, tx.vault, code)


async def on_device(tx: Tx, device: Device) -> list[UnmanagedCode]:
    """Those that the last look showed."""
    return _record.read_all(tx.vault, await _ON_DEVICE(device=device.device_id))


async def get(tx: Tx, workspace_id: str, access_code_id: str) -> UnmanagedCode | None:
    """None: there is none of that id, or it is gone."""
    rows = await _GET(tx, id=access_code_id, ws=workspace_id)
    return _record.read(tx.vault, rows[0]) if rows else None


async def with_pin(tx: Tx, device_id: str, code_hash: str) -> UnmanagedCode | None:
    """The one on the device that has that PIN; the oldest, where a vendor allows several."""
    rows = await _BY_PIN(device=device_id, hash=code_hash)
    return _record.read(tx.vault, rows[0]) if rows else None


async def by_vendor_code(tx: Tx, device_id: str, vendor_code_id: str) -> UnmanagedCode | None:
    """The one that the vendor calls so, living or gone: a log may tell late of it."""
    rows = await _BY_VENDOR_CODE(device=device_id, vendor_code=vendor_code_id)
    return _record.read(tx.vault, rows[0]) if rows else None


async def list_page(
    tx: Tx, workspace_id: str, device_id: str, position: Position, limit: int
) -> list[UnmanagedCode]:
    """From the oldest on."""
    rows = await _LIST(tx, ws=workspace_id, device=device_id, limit=limit, **position.params())
    return _record.read_all(tx.vault, rows)
