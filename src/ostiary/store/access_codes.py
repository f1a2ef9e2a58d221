"""Access codes, the codes of others, and the steps that were written down for them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import bindparam, delete, insert, select, union_all

from ..domain.access_codes import AccessCode
from ..domain.errors import ApiError, not_found
from ..domain.instants import to_ms
from ..domain.reconcile import Seen, Step
from ..domain.secrets import Secret
from . import tables
from .pages import Position, page
from .rows import Record
from .sql import Statement, any_of, text_list
from .tx import Tx

_t, _s, _f = tables.access_codes, tables.steps, tables.foreign_codes
_record = Record(_t, AccessCode)
_steps = Record(_s, Step)
_INSERT = _record.insert()
_UPDATE = _record.update()
_living = _t.c.gone_at.is_(None)
_in_workspace = _t.c.workspace_id == bindparam("ws")

_GET = Statement(
    "access_codes.get", _record.select().where(_t.c.access_code_id == bindparam("id"), _in_workspace, _living)
)
_GET_ANY = Statement("access_codes.get_any", _record.select().where(_t.c.access_code_id == bindparam("id")))
_BY_PIN = Statement(
    "access_codes.by_pin",
    _record.select().where(
        _t.c.device_id == bindparam("device"), _t.c.code_hash == bindparam("hash"), _living
    ),
)
_ON_DEVICE = Statement(
    "access_codes.on_device",
    _record.select().where(_t.c.device_id == bindparam("device"), _living).order_by(_t.c.created_at),
)
_BY_IDS = Statement(
    "access_codes.by_ids",
    _record.select().where(any_of(_t.c.access_code_id, "ids"), _in_workspace),
)
_BY_MARKS = Statement(
    "access_codes.gone_by_marks",
    _record.select().where(
        _t.c.device_id == bindparam("device"), any_of(_t.c.mark, "marks"), _t.c.gone_at.is_not(None)
    ),
)
_HOLDER = Statement(
    "access_codes.still_shown",
    select(_t.c.access_code_id)
    .where(
        _t.c.device_id == bindparam("device"),
        _t.c.confirmed_code_hash == bindparam("hash"),
        _t.c.access_code_id != bindparam("id"),
        _living,
    )
    .limit(1),
)
_LIST = Statement(
    "access_codes.list",
    page(
        _record.select().where(_in_workspace, _t.c.device_id == bindparam("device"), _living),
        _t.c.created_at,
        _t.c.access_code_id,
    ),
)
_LIST_ALL = Statement(
    "access_codes.list_all",
    page(_record.select().where(_in_workspace, _living), _t.c.created_at, _t.c.access_code_id),
)
_BY_KEY = Statement(
    "access_codes.by_common_key",
    _record.select()
    .where(_in_workspace, _t.c.common_code_key == bindparam("key"), _living)
    .order_by(_t.c.created_at)
    .limit(1),
)
_IS_PIN_KNOWN = Statement(
    "access_codes.is_pin_known",
    union_all(
        *(
            select(holder).where(device == bindparam("device"), code_hash == bindparam("hash"), *more)
            for holder, device, code_hash, more in (
                (_t.c.access_code_id, _t.c.device_id, _t.c.code_hash, (_living,)),
                (_t.c.access_code_id, _t.c.device_id, _t.c.confirmed_code_hash, (_living,)),
                (_f.c.foreign_code_id, _f.c.device_id, _f.c.code_hash, ()),
            )
        )
    ),
)
_EVER_SENT = Statement(
    "access_codes.ever_sent",
    select(_t.c.access_code_id).where(_t.c.device_id == bindparam("device"), _t.c.was_sent == 1).limit(1),
)
_INSERT_STEP = _steps.insert("workspace_id", "device_id")
_UPDATE_STEP = _steps.update()
_OPEN_STEPS = Statement(
    "steps.open",
    _steps.select()
    .where(_s.c.device_id == bindparam("device"), _s.c.settled_at.is_(None))
    .order_by(_s.c.planned_at),
)
_WRITTEN = Statement(
    "steps.written_pins",
    select(_s.c.access_code_id, _s.c.code_hash).where(any_of(_s.c.access_code_id, "ids")).distinct(),
)
_FORGET_FOREIGN = Statement("foreign_codes.forget", delete(_f).where(_f.c.device_id == bindparam("device")))
_INSERT_FOREIGN = Statement("foreign_codes.insert", insert(_f))
_FOREIGN = Statement(
    "foreign_codes.by_pin",
    select(_f.c.foreign_code_id, _f.c.vendor_code_id).where(
        _f.c.device_id == bindparam("device"), _f.c.code_hash == bindparam("hash")
    ),
)
_FOREIGN_IDS = Statement(
    "foreign_codes.ids",
    select(_f.c.vendor_code_id, _f.c.foreign_code_id, _f.c.name, _f.c.code_hash).where(
        _f.c.device_id == bindparam("device")
    ),
)


async def insert_code(tx: Tx, code: AccessCode) -> None:
    await _INSERT(**_record.insert_params(tx.vault, code))


async def update_code(tx: Tx, code: AccessCode) -> None:
    await _UPDATE(**_record.update_params(tx.vault, code))


async def get(tx: Tx, workspace_id: str, access_code_id: str) -> AccessCode:
    """A living code. Raises: ApiError, 404 `access_code_not_found`."""
    rows = await _GET(id=access_code_id, ws=workspace_id)
    if not rows:
        raise code_not_found(access_code_id=access_code_id)
    return _record.read(tx.vault, rows[0])


async def find(tx: Tx, access_code_id: str) -> AccessCode | None:
    """Living or gone, of any workspace; for the engine and for old action attempts."""
    rows = await _GET_ANY(id=access_code_id)
    return _record.read(tx.vault, rows[0]) if rows else None


async def by_pin(tx: Tx, device_id: str, code_hash: str) -> AccessCode | None:
    rows = await _BY_PIN(device=device_id, hash=code_hash)
    return _record.read(tx.vault, rows[0]) if rows else None


async def refuse_taken(tx: Tx, device_id: str, code_hash: str, access_code_id: str, pin_words: str) -> None:
    """
    One PIN once per lock, whatever the windows; a code that is on its way out still holds its own.

    Raises:
        ApiError: 409 `duplicate_access_code`, with the id of the other code.
    """
    rows = await _BY_PIN(device=device_id, hash=code_hash)
    holder = _record.read(tx.vault, rows[0]).access_code_id if rows else None
    if holder is None:
        shown = await _HOLDER(device=device_id, hash=code_hash, id=access_code_id)
        holder = shown[0][0] if shown else None
    if holder is not None and holder != access_code_id:
        raise ApiError(
            "duplicate_access_code",
            f"{pin_words} is already the code of another access code on this device",
            status=409,
            data={"device_id": device_id, "access_code_id": holder},
        )


def code_not_found(**ids: str | None) -> ApiError:
    message = "Could not find an access_code with device_id or access_code_id"
    return not_found("access_code", message, **ids)


async def on_device(tx: Tx, device_id: str) -> list[AccessCode]:
    return _record.read_all(tx.vault, await _ON_DEVICE(device=device_id))


async def by_ids(tx: Tx, workspace_id: str, ids: Iterable[str]) -> list[AccessCode]:
    """Living and gone."""
    return _record.read_all(tx.vault, await _BY_IDS(ids=text_list(ids), ws=workspace_id))


async def gone_by_marks(tx: Tx, device_id: str, marks: Iterable[str]) -> list[AccessCode]:
    return _record.read_all(tx.vault, await _BY_MARKS(device=device_id, marks=text_list(marks)))


async def list_page(
    tx: Tx, workspace_id: str, device_id: str | None, position: Position, limit: int
) -> list[AccessCode]:
    if device_id is None:
        rows = await _LIST_ALL(ws=workspace_id, limit=limit, **position.params())
    else:
        rows = await _LIST(ws=workspace_id, device=device_id, limit=limit, **position.params())
    return _record.read_all(tx.vault, rows)


async def first_with_key(tx: Tx, workspace_id: str, common_code_key: str) -> AccessCode | None:
    """The code that fixed the PIN of a shared key."""
    rows = await _BY_KEY(ws=workspace_id, key=common_code_key)
    return _record.read(tx.vault, rows[0]) if rows else None


async def is_pin_known(tx: Tx, device_id: str, pin: Secret) -> bool:
    """Wished for, still shown by the lock, or somebody else's."""
    return bool(await _IS_PIN_KNOWN(device=device_id, hash=tx.vault.pin_hash(device_id, pin)))


async def was_ever_sent(tx: Tx, device_id: str) -> bool:
    """A code of ours may stand on the device, living or given up: a write may land very late."""
    return bool(await _EVER_SENT(device=device_id))


# --- steps ------------------------------------------------------------------------------------------------


async def write_down(tx: Tx, workspace_id: str, device_id: str, step: Step) -> None:
    await _INSERT_STEP(**_steps.insert_params(tx.vault, step), workspace_id=workspace_id, device_id=device_id)


async def update_step(tx: Tx, step: Step) -> None:
    await _UPDATE_STEP(**_steps.update_params(tx.vault, step))


async def open_steps(tx: Tx, device_id: str) -> list[Step]:
    return _steps.read_all(tx.vault, await _OPEN_STEPS(device=device_id))


async def written_pins(tx: Tx, access_code_ids: Iterable[str]) -> dict[str, set[str]]:
    """access_code_id to the hashes of all PINs that a step has ever carried for it."""
    found: dict[str, set[str]] = {}
    for access_code_id, code_hash in await _WRITTEN(ids=text_list(access_code_ids)):
        if code_hash is not None:
            found.setdefault(access_code_id, set()).add(code_hash)
    return found


# --- the codes of others -----------------------------------------------------------------------------------


async def remember_foreign(
    tx: Tx, workspace_id: str, device_id: str, foreign: Sequence[Seen], now: datetime
) -> None:
    """Keep what a look showed of others' codes: enough to recognise them, not their PINs."""
    known = {row[0]: row for row in await _FOREIGN_IDS(device=device_id)}
    shown = {i.entry.vendor_code_id: (i.entry.vendor_code_id, i.entry.name, i.code_hash) for i in foreign}
    if {key: (row[0], row[2], row[3]) for key, row in known.items()} == shown:
        return
    await _FORGET_FOREIGN(device=device_id)
    for vendor_code_id, name, code_hash in shown.values():
        await _INSERT_FOREIGN(
            foreign_code_id=known[vendor_code_id][1] if vendor_code_id in known else str(uuid4()),
            workspace_id=workspace_id,
            device_id=device_id,
            vendor_code_id=vendor_code_id,
            name=name,
            code_hash=code_hash,
            seen_at=to_ms(now),
        )


async def foreign_with_pin(tx: Tx, device_id: str, code_hash: str) -> str | None:
    """The id of somebody else's code with that PIN."""
    rows = await _FOREIGN(device=device_id, hash=code_hash)
    return rows[0][0] if rows else None
