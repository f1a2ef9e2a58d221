"""Action attempts."""

from collections.abc import Iterable
from datetime import datetime

from ..domain.action_attempts import ActionAttempt
from ..domain.errors import not_found
from ..domain.instants import from_ms, to_ms
from .pages import Position
from .rows import Record
from .sql import Statement, text_list
from .tx import Tx
from .within import Within

_record = Record("action_attempts", ActionAttempt)
_INSERT = Statement("action_attempts.insert")
_UPDATE = Statement("action_attempts.update")
_GET = Within("action_attempts.get")
_LIST = Within("action_attempts.list")
_LIST_DEVICE = Within("action_attempts.list_device")
_LIST_IDS = Within("action_attempts.list_ids")
_DOOR = Statement("action_attempts.door")
_DOORS = Statement("action_attempts.doors")
_HISTORY = Statement("action_attempts.history")
_SETTLE_CODE = Statement("action_attempts.settle_code")
_GIVE_UP_CODE = Statement("action_attempts.give_up_code")


async def insert(tx: Tx, attempt: ActionAttempt) -> None:
    await _record.write(_INSERT, tx.vault, attempt)


async def update_attempt(tx: Tx, attempt: ActionAttempt) -> None:
    await _record.write(_UPDATE, tx.vault, attempt)


async def get(tx: Tx, workspace_id: str, action_attempt_id: str) -> ActionAttempt:
    """Raises: ApiError, 404 `action_attempt_not_found`."""
    rows = await _GET(tx, id=action_attempt_id, ws=workspace_id)
    if not rows:
        raise not_found("action_attempt", action_attempt_id=action_attempt_id)
    return _record.read(tx.vault, rows[0])


async def list_page(
    tx: Tx,
    workspace_id: str,
    position: Position,
    limit: int,
    *,
    device_id: str | None = None,
    ids: Iterable[str] | None = None,
) -> list[ActionAttempt]:
    params = {"ws": workspace_id, "limit": limit, **position.params()}
    if ids is not None:
        rows = await _LIST_IDS(tx, ids=text_list(ids), **params)
    elif device_id is not None:
        rows = await _LIST_DEVICE(tx, device=device_id, **params)
    else:
        rows = await _LIST(tx, **params)
    return _record.read_all(tx.vault, rows)


async def pending_at_door(tx: Tx, device_id: str) -> list[ActionAttempt]:
    """Lock and unlock attempts in the order in which they were asked."""
    return _record.read_all(tx.vault, await _DOOR(device=device_id))


async def waiting_doors(tx: Tx, connected_account_id: str) -> list[tuple[str, datetime]]:
    """The devices of an account at which somebody waits for a door, and when each is due."""
    return [(row[0], from_ms(row[1])) for row in await _DOORS(account=connected_account_id)]


async def at_door(tx: Tx, device_id: str, since: datetime) -> list[ActionAttempt]:
    """Lock and unlock attempts that were asked for since then, settled ones too."""
    return _record.read_all(tx.vault, await _HISTORY(device=device_id, since=to_ms(since)))


async def settle_code(tx: Tx, access_code_id: str, action_types: Iterable[str], generation: int) -> None:
    """A look showed what these attempts asked for, up to that wish."""
    await _SETTLE_CODE(code=access_code_id, types=text_list(action_types), gen=generation, now=to_ms(tx.now))


async def give_up_code(tx: Tx, access_code_id: str, why: str) -> None:
    """The code is gone: what was still asked of it will not happen."""
    await _GIVE_UP_CODE(code=access_code_id, why=why, now=to_ms(tx.now))
