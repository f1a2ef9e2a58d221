"""Connected accounts, and the lease under which exactly one worker drains each."""

from datetime import datetime

from sqlalchemy import bindparam, case, delete, func, or_, select, update

from ..domain.connected_accounts import ConnectedAccount
from ..domain.errors import not_found
from ..domain.instants import to_ms
from . import tables
from .pages import Position, page
from .rows import Record
from .sql import Statement
from .tx import Tx

_t = tables.connected_accounts
_record = Record(_t, ConnectedAccount)
_INSERT = _record.insert("due_at", "leased_until")
_UPDATE = _record.update()
_GET = Statement(
    "connected_accounts.get",
    _record.select().where(
        _t.c.connected_account_id == bindparam("id"), _t.c.workspace_id == bindparam("ws")
    ),
)
_GET_ANY = Statement(
    "connected_accounts.get_any", _record.select().where(_t.c.connected_account_id == bindparam("id"))
)
_BY_VENDOR = Statement(
    "connected_accounts.by_vendor",
    _record.select().where(
        _t.c.workspace_id == bindparam("ws"),
        _t.c.provider == bindparam("provider"),
        _t.c.vendor_account_id == bindparam("vendor"),
    ),
)
_LIST = Statement(
    "connected_accounts.list",
    page(
        _record.select().where(_t.c.workspace_id == bindparam("ws")),
        _t.c.created_at,
        _t.c.connected_account_id,
    ),
)
_ALL = Statement(
    "connected_accounts.all",
    _record.select().where(_t.c.workspace_id == bindparam("ws")).order_by(_t.c.created_at),
)
_DELETE = Statement(
    "connected_accounts.delete", delete(_t).where(_t.c.connected_account_id == bindparam("id"))
)
_WAKE = Statement(
    "connected_accounts.wake",
    update(_t)
    .where(
        _t.c.connected_account_id == bindparam("id"),
        or_(_t.c.due_at.is_(None), _t.c.due_at > bindparam("at")),
    )
    .values(due_at=bindparam("at")),
)
_WAKE_WORKSPACE = Statement(
    "connected_accounts.wake_workspace",
    update(_t)
    .where(_t.c.workspace_id == bindparam("ws"), _t.c.poll_at.is_not(None))
    .values(
        due_at=bindparam("at"),
        # Never the value that was there: a poll under way sees by it that it was asked for again.
        poll_at=case((_t.c.poll_at > bindparam("poll"), bindparam("poll")), else_=_t.c.poll_at - 1),
    ),
)
_DUE = Statement(
    "connected_accounts.due",
    select(_t.c.connected_account_id)
    .where(_t.c.due_at <= bindparam("now"), _t.c.leased_until <= bindparam("now"))
    .order_by(_t.c.due_at)
    .limit(bindparam("limit")),
)
_NEXT = Statement(
    "connected_accounts.next_due",
    select(func.min(case((_t.c.leased_until > _t.c.due_at, _t.c.leased_until), else_=_t.c.due_at))).where(
        _t.c.due_at.is_not(None)
    ),
)
_CLAIM = Statement(
    "connected_accounts.claim",
    update(_t)
    .where(_t.c.connected_account_id == bindparam("id"), _t.c.leased_until <= bindparam("now"))
    .values(lease=bindparam("token"), leased_until=bindparam("until"), due_at=bindparam("until")),
)
_RENEW = Statement(
    "connected_accounts.renew",
    update(_t)
    .where(_t.c.connected_account_id == bindparam("id"), _t.c.lease == bindparam("token"))
    .values(leased_until=bindparam("until"), due_at=bindparam("until")),
)
_RELEASE = Statement(
    "connected_accounts.release",
    update(_t)
    .where(_t.c.connected_account_id == bindparam("id"), _t.c.lease == bindparam("token"))
    .values(lease=None, leased_until=0, due_at=bindparam("due")),
)
_FREE_ALL = Statement(
    "connected_accounts.free_all",
    update(_t).where(_t.c.leased_until > 0).values(lease=None, leased_until=0, due_at=bindparam("now")),
    scans="start only",
)


async def insert(tx: Tx, account: ConnectedAccount) -> None:
    """Stored with its first poll due at once."""
    params = _record.insert_params(tx.vault, account)
    await _INSERT(**params, due_at=to_ms(tx.real_now), leased_until=0)
    tx.wake(account.connected_account_id)


async def update_account(tx: Tx, account: ConnectedAccount) -> None:
    await _UPDATE(**_record.update_params(tx.vault, account))


async def get(tx: Tx, workspace_id: str, connected_account_id: str) -> ConnectedAccount:
    """Raises: ApiError, 404 `connected_account_not_found`."""
    rows = await _GET(id=connected_account_id, ws=workspace_id)
    if not rows:
        raise not_found("connected_account", connected_account_id=connected_account_id)
    return _record.recall(tx.vault, rows[0])


async def find(tx: Tx, connected_account_id: str) -> ConnectedAccount | None:
    """For the engine, which serves every workspace."""
    rows = await _GET_ANY(id=connected_account_id)
    return _record.recall(tx.vault, rows[0]) if rows else None


async def by_vendor_account(
    tx: Tx, workspace_id: str, provider: str, vendor_account_id: str
) -> ConnectedAccount | None:
    rows = await _BY_VENDOR(ws=workspace_id, provider=provider, vendor=vendor_account_id)
    return _record.recall(tx.vault, rows[0]) if rows else None


async def list_page(tx: Tx, workspace_id: str, position: Position, limit: int) -> list[ConnectedAccount]:
    rows = await _LIST(ws=workspace_id, limit=limit, **position.params())
    return _record.read_all(tx.vault, rows)


async def list_all(tx: Tx, workspace_id: str) -> list[ConnectedAccount]:
    return _record.read_all(tx.vault, await _ALL(ws=workspace_id))


async def remove(tx: Tx, connected_account_id: str) -> None:
    """With everything below it. The caller has told the events."""
    await _DELETE(id=connected_account_id)


# --- the dispatcher's part: real time -----------------------------------------------------------------


async def wake(tx: Tx, connected_account_id: str, at: datetime | None = None) -> None:
    """Due at the latest at `at`, in the workspace's time; None: now."""
    real = tx.real_now if at is None else tx.real(at)
    await _WAKE(id=connected_account_id, at=to_ms(real))
    tx.wake(connected_account_id)


async def wake_workspace(tx: Tx, workspace_id: str) -> None:
    """Its clock was moved, or its simulated world changed: everybody looks again."""
    await _WAKE_WORKSPACE(ws=workspace_id, at=to_ms(tx.real_now), poll=to_ms(tx.now))
    for account in await list_all(tx, workspace_id):
        tx.wake(account.connected_account_id)


async def due(tx: Tx, limit: int) -> list[str]:
    return [row[0] for row in await _DUE(now=to_ms(tx.real_now), limit=limit)]


async def next_due_ms(tx: Tx) -> int | None:
    """When, in real time, the next account is due and free."""
    rows = await _NEXT()
    return rows[0][0] if rows else None


async def claim(tx: Tx, connected_account_id: str, token: str, until: datetime) -> bool:
    """
    Take the lease. Should its holder die, the account is due again when the lease ends.
    """
    rows = await _CLAIM(id=connected_account_id, token=token, now=to_ms(tx.real_now), until=to_ms(until))
    return bool(rows[0][0])


async def renew(tx: Tx, connected_account_id: str, token: str, until: datetime) -> bool:
    """False: the lease was lost, and nothing that was done under it may be written."""
    rows = await _RENEW(id=connected_account_id, token=token, until=to_ms(until))
    return bool(rows[0][0])


async def release(tx: Tx, connected_account_id: str, token: str, due_at: datetime | None) -> None:
    """
    Give the lease back.

    Args:
        due_at: Real time; the earliest of what the account's rows wait for, read in this transaction, so
            that work which came in during the drain is not lost.
    """
    await _RELEASE(id=connected_account_id, token=token, due=None if due_at is None else to_ms(due_at))
    if due_at is not None:
        tx.wake(connected_account_id)


async def free_all(tx: Tx) -> None:
    """Void every lease; only for who knows that no other server lives."""
    await _FREE_ALL(now=to_ms(tx.real_now))
