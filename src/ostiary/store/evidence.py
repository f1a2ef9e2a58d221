"""
The evidence of access codes: appended by every transaction that touches one, read by those who doubt.

Nothing is ever updated but the seal, which moves to the newest entry, and nothing is deleted.
"""

from collections import defaultdict
from functools import lru_cache

import msgspec

from ..domain import problems
from ..domain.access_codes import AccessCode, Status
from ..domain.connected_accounts import DISCONNECTED
from ..domain.devices import as_asked
from ..domain.events import Event
from ..domain.evidence import LOST, Entry, Happening, State, Tail, View, appended
from ..domain.provider import Capabilities
from . import access_codes
from .rows import Record
from .sql import Statement
from .tx import Tx
from .within import Within

_record = Record("evidence", Entry)
_INSERT = Statement("evidence.insert")
_LAST = Statement("evidence.last")
_OF_CODE = Within("evidence.of_code")
_UNSEAL = Statement("evidence.unseal")
_VIEW = Statement("evidence.view")


async def of_code(tx: Tx, workspace_id: str, access_code_id: str) -> list[Entry]:
    """All of it, oldest first; empty: the workspace never had such a code."""
    return _record.read_all(tx.vault, await _OF_CODE(tx, id=access_code_id, ws=workspace_id))


async def of_any(tx: Tx, access_code_id: str) -> list[Entry]:
    """Of any workspace; for the command line."""
    last = await _last(tx, access_code_id)
    return [] if last is None else await of_code(tx, last.workspace_id, access_code_id)


async def status(tx: Tx, code: AccessCode | None) -> Status | None:
    """As the wire has it now; None: it is gone."""
    found = None if code is None or code.gone_at is not None else await view(tx, code.device_id)
    if code is None or found is None:
        return None
    return code.status(found.can, tx.now, is_view_stale=not found.is_account_connected)


async def flush(tx: Tx) -> None:
    """Write what this transaction has to say; the drivers call it before they commit."""
    ledger = tx.ledger
    told: defaultdict[str, list[Event]] = defaultdict(list)
    for event in tx.events:
        if event.access_code_id is not None and event.event_type.startswith("access_code."):
            told[event.access_code_id].append(event)
    for access_code_id in dict.fromkeys((*ledger.codes, *told)):
        await _append(tx, access_code_id, told[access_code_id])


async def _append(tx: Tx, access_code_id: str, told: list[Event]) -> None:
    ledger, digest = tx.ledger, tx.vault.evidence_hash
    code = ledger.codes.get(access_code_id) or await access_codes.find(tx, access_code_id)
    last = None if access_code_id in ledger.made else await _last(tx, access_code_id)
    state, workspace_id = await _state(tx, code, last)
    if state is None:
        return  # somebody else's
    begun = Tail() if access_code_id in ledger.made else LOST
    tail = begun if last is None else Tail.of(last, digest)
    notes = ledger.notes.get(access_code_id, ())
    what = Happening(state, ledger.cause, ledger.actor, notes, told)
    entries = appended(access_code_id, workspace_id, tail, what, tx.now, digest)
    if entries and last is not None:
        await _UNSEAL(id=access_code_id, at_position=last.position)
    for entry in entries:
        await _record.write(_INSERT, tx.vault, entry)


async def _last(tx: Tx, access_code_id: str) -> Entry | None:
    rows = await _LAST(id=access_code_id)
    return _record.read(tx.vault, rows[0]) if rows else None


async def _state(tx: Tx, code: AccessCode | None, last: Entry | None) -> tuple[State | None, str]:
    """As it is at the end of this transaction, and whose it is. None: it never was a code of ours."""
    found = None if code is None else await view(tx, code.device_id)
    if code is not None and found is not None:
        return State.of(code, found), code.workspace_id
    if last is None or last.state is None:
        return None, ""
    return msgspec.structs.replace(last.state, is_gone=True), last.workspace_id


async def view(tx: Tx, device_id: str) -> View | None:
    """None: the device is not there any more."""
    if device_id not in tx.ledger.views:
        rows = await _VIEW(device=device_id)
        if not rows:
            return None
        tx.ledger.views[device_id] = _read_view(*rows[0])
    return tx.ledger.views[device_id]


@lru_cache(256)
def _read_view(
    capabilities: str, preload_hours: int | None, just_in_time_minutes: int | None, errors: str
) -> View:
    """From the rows' JSON; the locks of one brand have few different ones."""
    shown = msgspec.json.decode(capabilities, type=Capabilities)
    can = as_asked(shown, preload_hours, just_in_time_minutes)
    is_cut_off = problems.has(msgspec.json.decode(errors), "error_code", DISCONNECTED)
    return View(can, not is_cut_off)
