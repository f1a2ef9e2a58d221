"""Access codes, and the steps that were written down for them."""

from collections.abc import Iterable
from operator import attrgetter

from ..domain import pins
from ..domain.access_codes import AccessCode
from ..domain.devices import Device
from ..domain.errors import ApiError, not_found
from ..domain.reconcile import Step
from ..domain.secrets import Secret
from .pages import Position
from .rows import Record, usual
from .sql import Statement, text_list
from .tx import Tx
from .within import Within

_record = Record("access_codes", AccessCode)
_steps = Record("steps", Step)
_INSERT = Statement("access_codes.insert")
_INSERT_USUAL = Statement("access_codes.insert_usual")
_UPDATE = Statement("access_codes.update")
_GET = Within("access_codes.get")
_GET_ANY = Statement("access_codes.get_any")
_BY_PIN = Statement("access_codes.by_pin")
_ON_DEVICE = Statement("access_codes.on_device")
_BY_IDS = Within("access_codes.by_ids")
_BY_MARKS = Statement("access_codes.gone_by_marks")
_HOLDER = Statement("access_codes.still_shown")
_LIST = Within("access_codes.list")
_LIST_ALL = Within("access_codes.list_all")
_BY_KEY = Within("access_codes.by_common_key")
_WITH_KEY = Within("access_codes.with_common_key")
_IS_PIN_KNOWN = Statement("access_codes.is_pin_known")
_EVER_SENT = Statement("access_codes.ever_sent")
_INSERT_STEP = Statement("steps.insert")
_UPDATE_STEP = Statement("steps.update")
_OPEN_STEPS = Statement("steps.open")
_WRITTEN = Statement("steps.written_pins")


_USUAL = usual(AccessCode, "weekly_window")
_beyond_the_wish = attrgetter(*_USUAL)
_nothing_yet = tuple(_USUAL.values())


async def insert_code(tx: Tx, code: AccessCode) -> None:
    """One of which nothing is known but the wish, as most are, has a shorter way."""
    is_usual = _beyond_the_wish(code) == _nothing_yet
    await _record.write(_INSERT_USUAL if is_usual else _INSERT, tx.vault, code)
    tx.ledger.make(code)


async def update_code(tx: Tx, code: AccessCode) -> None:
    await _record.write(_UPDATE, tx.vault, code)
    tx.ledger.touch(code)


async def take_over(tx: Tx, code: AccessCode, earlier: AccessCode | None) -> None:
    """One that was unmanaged until now; `earlier` is its row of a former managed life."""
    if earlier is None:
        await insert_code(tx, code)
    else:
        await update_code(tx, code)


async def get(tx: Tx, workspace_id: str, access_code_id: str) -> AccessCode:
    """A living code. Raises: ApiError, 404 `access_code_not_found`."""
    rows = await _GET(tx, id=access_code_id, ws=workspace_id)
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


async def shown_elsewhere(tx: Tx, code: AccessCode) -> str | None:
    """The access_code_id of another code that the lock showed with the PIN that this one wishes for."""
    rows = await _HOLDER(device=code.device_id, hash=code.code_hash, id=code.access_code_id)
    return rows[0][0] if rows else None


def code_not_found(**ids: str | None) -> ApiError:
    message = "Could not find an access_code with device_id or access_code_id"
    return not_found("access_code", message, **ids)


async def on_device(tx: Tx, device_id: str) -> list[AccessCode]:
    return _record.read_all(tx.vault, await _ON_DEVICE(device=device_id))


async def by_ids(tx: Tx, workspace_id: str, ids: Iterable[str]) -> list[AccessCode]:
    """Living and gone."""
    return _record.read_all(tx.vault, await _BY_IDS(tx, ids=text_list(ids), ws=workspace_id))


async def gone_by_marks(tx: Tx, device_id: str, marks: Iterable[str]) -> list[AccessCode]:
    return _record.read_all(tx.vault, await _BY_MARKS(device=device_id, marks=text_list(marks)))


async def list_page(
    tx: Tx, workspace_id: str, device_id: str | None, position: Position, limit: int
) -> list[AccessCode]:
    if device_id is None:
        rows = await _LIST_ALL(tx, ws=workspace_id, limit=limit, **position.params())
    else:
        rows = await _LIST(tx, ws=workspace_id, device=device_id, limit=limit, **position.params())
    return _record.read_all(tx.vault, rows)


async def first_with_key(tx: Tx, workspace_id: str, common_code_key: str) -> AccessCode | None:
    """The code that fixed the PIN of a shared key."""
    rows = await _BY_KEY(tx, ws=workspace_id, key=common_code_key)
    return _record.read(tx.vault, rows[0]) if rows else None


async def with_key(tx: Tx, workspace_id: str, common_code_key: str) -> list[AccessCode]:
    """All living codes of a shared key, oldest first."""
    return _record.read_all(tx.vault, await _WITH_KEY(tx, ws=workspace_id, key=common_code_key))


async def is_pin_known(tx: Tx, device_id: str, pin: Secret) -> bool:
    """Wished for, still shown by the lock, or somebody else's."""
    return bool(await _IS_PIN_KNOWN(device=device_id, hash=tx.vault.pin_hash(device_id, pin)))


async def free_pin(tx: Tx, device: Device, length: float | None) -> Secret:
    """A PIN that the device takes and does not have. Raises: ApiError, 400 when there is none."""
    candidates = pins.candidate_pins(device.can, length)
    pin = next(candidates)
    while await is_pin_known(tx, device.device_id, pin):
        pin = next(candidates)
    return pin


async def was_ever_sent(tx: Tx, device_id: str) -> bool:
    """A code of ours may stand on the device, living or given up: a write may land very late."""
    return bool(await _EVER_SENT(device=device_id))


# --- steps ------------------------------------------------------------------------------------------------


async def write_down(tx: Tx, workspace_id: str, device_id: str, step: Step) -> None:
    await _steps.write(_INSERT_STEP, tx.vault, step, workspace_id=workspace_id, device_id=device_id)


async def update_step(tx: Tx, step: Step) -> None:
    await _steps.write(_UPDATE_STEP, tx.vault, step)


async def open_steps(tx: Tx, device_id: str) -> list[Step]:
    return _steps.read_all(tx.vault, await _OPEN_STEPS(device=device_id))


async def with_open_steps(tx: Tx, workspace_id: str, device_id: str) -> tuple[list[AccessCode], list[Step]]:
    """
    The codes of a lock that are not gone, its open steps, and gone codes that one of these waits for. None of
    those that were handed over, whatever was under way for them.
    """
    codes = await on_device(tx, device_id)
    steps = await open_steps(tx, device_id)
    living = {code.access_code_id for code in codes}
    orphans = [step.access_code_id for step in steps if step.access_code_id not in living]
    if orphans:
        former = await by_ids(tx, workspace_id, orphans)
        codes += [code for code in former if code.released_at is None]
    ours = {code.access_code_id for code in codes}
    return codes, [step for step in steps if step.access_code_id in ours]


async def written_pins(tx: Tx, access_code_ids: Iterable[str]) -> dict[str, set[str]]:
    """access_code_id to the hashes of all PINs that a step has ever carried for it."""
    found: dict[str, set[str]] = {}
    for access_code_id, code_hash in await _WRITTEN(ids=text_list(access_code_ids)):
        if code_hash is not None:
            found.setdefault(access_code_id, set()).add(code_hash)
    return found
