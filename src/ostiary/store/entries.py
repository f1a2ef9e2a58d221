"""How far the vendors' logs have been told, and whose codes their lines name."""

from ..domain.access_codes import AccessCode
from ..domain.connected_accounts import ConnectedAccount
from ..domain.entries import EntryMark
from . import access_codes, unmanaged_codes
from .rows import Record
from .sql import Statement
from .tx import Tx

_record = Record("entry_marks", EntryMark)
_INSERT = Statement("entry_marks.insert")
_UPDATE = Statement("entry_marks.update")
_OF_ACCOUNT = Statement("entry_marks.of_account")
_FORGET_CODE = Statement("vendor_codes.forget")
_INSERT_CODE = Statement("vendor_codes.insert")
_CODE = Statement("vendor_codes.get")


async def marks(tx: Tx, account: ConnectedAccount) -> dict[str, EntryMark]:
    """By device; those whose log has never been read have none."""
    rows = await _OF_ACCOUNT(account=account.connected_account_id)
    return {found.device_id: found for found in _record.read_all(tx.vault, rows)}


async def insert_mark(tx: Tx, made: EntryMark) -> None:
    await _record.write(_INSERT, tx.vault, made)


async def update_mark(tx: Tx, moved: EntryMark) -> None:
    await _record.write(_UPDATE, tx.vault, moved)


async def remember_code(tx: Tx, code: AccessCode) -> None:
    """Under which id the vendor has that code now. Kept when the code is gone."""
    assert code.vendor_code_id is not None
    await _FORGET_CODE(device=code.device_id, vendor_id=code.vendor_code_id)
    await _INSERT_CODE(
        device_id=code.device_id, vendor_code_id=code.vendor_code_id, access_code_id=code.access_code_id
    )


async def code_named(tx: Tx, device_id: str, vendor_code_id: str) -> AccessCode | str | None:
    """Our code that has or had that id at the vendor, living or gone; or the id of somebody else's."""
    ours = await _CODE(device=device_id, vendor_id=vendor_code_id)
    if ours:
        code = await access_codes.find(tx, ours[0][0])
        if code is not None and code.is_spare:
            return None  # nobody has been told that there is such a code
        return code if code is None or code.released_at is None else code.access_code_id
    foreign = await unmanaged_codes.by_vendor_code(tx, device_id, vendor_code_id)
    return None if foreign is None else foreign.access_code_id
