"""One worker at a time has an account, and one that overslept its lease writes nothing."""

import asyncio
from datetime import timedelta

from ostiary.domain.instants import to_ms
from ostiary.store import connected_accounts as accounts
from ostiary.store.tx import Database, Tx

from .opened import Clock, found_all, opened

LEASE = 30.0


async def _claim(tx: Tx, account_id: str, token: str) -> bool:
    return await accounts.claim(tx, account_id, token, tx.real_now + timedelta(seconds=LEASE))


async def _renew(tx: Tx, account_id: str, token: str) -> bool:
    return await accounts.renew(tx, account_id, token, tx.real_now + timedelta(seconds=LEASE))


async def _release(tx: Tx, account_id: str, token: str, seconds: float | None) -> None:
    due_at = None if seconds is None else tx.real_now + timedelta(seconds=seconds)
    await accounts.release(tx, account_id, token, due_at)


async def _account(database: Database) -> str:
    _, account, _ = await database.write(found_all)
    return account.connected_account_id


async def test_an_account_is_due_at_once_and_taken_once(database_url: str) -> None:
    async with opened(database_url) as database:
        account = await _account(database)
        assert await database.read(accounts.due, 10) == [account]
        taken = await asyncio.gather(*(database.write(_claim, account, f"t{n}") for n in range(10)))
        assert taken.count(True) == 1
        assert await database.read(accounts.due, 10) == []


async def test_a_lease_is_renewed_and_given_back_with_the_next_time(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock=clock) as database:
        account = await _account(database)
        assert await database.write(_claim, account, "a")
        for _ in range(3):
            clock.move(LEASE - 1)
            assert await database.write(_renew, account, "a")
            assert not await database.write(_claim, account, "b")
        await database.write(_release, account, "a", 10.0)
        assert await database.read(accounts.next_due_ms) == to_ms(clock.now) + 10_000
        assert await database.read(accounts.due, 10) == []
        clock.move(10)
        assert await database.read(accounts.due, 10) == [account]
        assert await database.write(_claim, account, "b")
        await database.write(_release, account, "b", None)
        assert await database.read(accounts.next_due_ms) is None


async def test_an_expired_lease_is_taken_over_and_its_holder_refused(database_url: str) -> None:
    clock = Clock()
    async with opened(database_url, clock=clock) as database:
        account = await _account(database)
        assert await database.write(_claim, account, "old")
        assert await database.read(accounts.next_due_ms) == to_ms(clock.now) + int(LEASE * 1000)
        clock.move(LEASE)
        assert await database.read(accounts.due, 10) == [account], "a dead worker's account is due"
        assert await database.write(_claim, account, "new")
        assert not await database.write(_renew, account, "old")
        await database.write(_release, account, "old", 0.0)
        assert not await database.write(_claim, account, "third"), "the old one gave back what it had lost"
        assert await database.write(_renew, account, "new")


async def test_a_wake_during_a_lease_does_not_free_it(database_url: str) -> None:
    async with opened(database_url) as database:
        account = await _account(database)
        assert await database.write(_claim, account, "a")
        await database.write(accounts.wake, account)
        assert await database.read(accounts.due, 10) == []
        assert not await database.write(_claim, account, "b")


async def test_free_all_voids_every_lease(database_url: str) -> None:
    async with opened(database_url) as database:
        account = await _account(database)
        assert await database.write(_claim, account, "a")
        await database.write(accounts.free_all)
        assert await database.read(accounts.due, 10) == [account]
        assert not await database.write(_renew, account, "a")
