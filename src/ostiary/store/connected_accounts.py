"""Connected accounts, and the lease under which exactly one worker drains each."""

from datetime import datetime

from ..domain.connected_accounts import ConnectedAccount
from ..domain.errors import not_found
from ..domain.instants import from_ms, to_ms
from .pages import Position
from .rows import Record
from .sql import Statement
from .tx import Tx
from .within import Within
from .workspaces import token_hash

_record = Record("connected_accounts", ConnectedAccount)
_INSERT = Statement("connected_accounts.insert")
_UPDATE = Statement("connected_accounts.update")
_GET = Within("connected_accounts.get", is_standing=True)
_GET_ANY = Statement("connected_accounts.get_any", is_standing=True)
_BY_VENDOR = Statement("connected_accounts.by_vendor")
_BY_NOTICES = Statement("connected_accounts.by_notices")
_WAKE_UNREGISTERED = Statement("connected_accounts.wake_unregistered")
_LIST = Within("connected_accounts.list")
_ALL = Within("connected_accounts.all")
_DELETE = Statement("connected_accounts.delete")
_WAKE = Statement("connected_accounts.wake")
_WAKE_WORKSPACE = Statement("connected_accounts.wake_workspace")
_DUE = Statement("connected_accounts.due")
_NEXT = Statement("connected_accounts.next_due")
_CLAIM = Statement("connected_accounts.claim")
_RENEW = Statement("connected_accounts.renew")
_HELD = Statement("connected_accounts.held")
_RELEASE = Statement("connected_accounts.release")
_FREE_ALL = Statement("connected_accounts.free_all")


async def insert(tx: Tx, account: ConnectedAccount) -> None:
    """Stored with its first poll due at once."""
    await _record.write(_INSERT, tx.vault, account, due_at=to_ms(tx.real_now), leased_until=0)
    tx.wake(account.connected_account_id)


async def update_account(tx: Tx, account: ConnectedAccount) -> None:
    await _record.write(_UPDATE, tx.vault, account)


async def get(tx: Tx, workspace_id: str, connected_account_id: str) -> ConnectedAccount:
    """Raises: ApiError, 404 `connected_account_not_found`."""
    rows = await _GET(tx, id=connected_account_id, ws=workspace_id)
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


async def by_notices(tx: Tx, token: str) -> ConnectedAccount | None:
    """Whose notices come to the address with this token. For the receiver, which knows no workspace."""
    rows = await _BY_NOTICES(hash=token_hash(token))
    return _record.recall(tx.vault, rows[0]) if rows else None


async def list_page(tx: Tx, workspace_id: str, position: Position, limit: int) -> list[ConnectedAccount]:
    rows = await _LIST(tx, ws=workspace_id, limit=limit, **position.params())
    return _record.read_all(tx.vault, rows)


async def list_all(tx: Tx, workspace_id: str) -> list[ConnectedAccount]:
    return _record.read_all(tx.vault, await _ALL(tx, ws=workspace_id))


async def remove(tx: Tx, connected_account_id: str) -> None:
    """With everything below it. The caller has told the events."""
    await _DELETE(id=connected_account_id)


# --- the dispatcher's part: real time -----------------------------------------------------------------


async def wake(tx: Tx, connected_account_id: str, at: datetime | None = None) -> None:
    """
    Due at the latest at `at`, in the workspace's time; None: now.

    To be called before anything else of the account's is changed: the engine begins with the account's row
    too, and on PostgreSQL two who change the same rows in different orders end in a deadlock.
    """
    real = tx.real_now if at is None else tx.real(at)
    rows = await _WAKE(id=connected_account_id, at=to_ms(real))
    if real <= tx.real_now or rows[0][0]:  # what is due later is no news to who comes earlier anyway
        tx.wake(connected_account_id)


async def wake_workspace(tx: Tx, workspace_id: str) -> None:
    """Its clock was moved, or its simulated world changed: everybody looks again."""
    await _WAKE_WORKSPACE(ws=workspace_id, at=to_ms(tx.real_now), poll=to_ms(tx.now))
    for account in await list_all(tx, workspace_id):
        tx.wake(account.connected_account_id)


async def wake_unregistered(tx: Tx, provider: str, base: str) -> None:
    """At start: accounts whose notices do not come below this address yet see to it at once."""
    await _WAKE_UNREGISTERED(provider=provider, base=base, at=to_ms(tx.real_now))


async def due(tx: Tx, limit: int) -> list[str]:
    return [row[0] for row in await _DUE(now=to_ms(tx.real_now), limit=limit)]


async def neglected(tx: Tx, seconds: float, limit: int) -> list[str]:
    """Those that have been due for so long, in real time, without anybody taking them."""
    rows = await _DUE(now=to_ms(tx.real_now) - round(seconds * 1000), limit=limit)
    return [row[0] for row in rows]


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


async def held(tx: Tx, connected_account_id: str, token: str, until: datetime) -> datetime | None:
    """If the lease lasts until then: when somebody last logged in. None: it does not, or is another's."""
    rows = await _HELD(id=connected_account_id, token=token, until=to_ms(until))
    return from_ms(rows[0][0]) if rows else None


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
