"""Whoever logs in again decides from then on, also while a worker is at the account with the login before."""

import asyncio
from datetime import datetime
from typing import cast

import pytest

from ostiary import store
from ostiary.domain.errors import LoginExpired, LoginRejected, Unreachable
from ostiary.domain.provider import Account, Adapter, Credentials
from ostiary.domain.secrets import Secret
from ostiary.engine import poll
from ostiary.store.tx import Tx

from ..behaviours.support import Wire, at_home, engine_kept_away, fault, is_idle, until_idle
from ..conftest import OpenHouse

HOME = "two-sites@example.com"


def _site(name: str, lock: str) -> Wire:
    return {
        "name": name,
        "locks": [{"name": lock, "lock_type": "wall_reader_pin"}],
        "features": ["custom_pin"],
    }


async def test_a_login_counts_for_a_look_that_begins_after_it(open_: OpenHouse) -> None:
    """The site that was added is there after the first sync, which a look of before it does not finish."""
    async with open_() as house:
        house.provider = "salto_ks"
        sites = [_site("Main Site", "FRONT DOOR"), _site("Annex", "GARAGE")]
        await house.simulator("homes", home=HOME, sites=sites)
        account_id = await house.connect(HOME, choose=["Main Site"])
        assert [device["display_name"] for device in await house.devices()] == ["FRONT DOOR"]
        await until_idle(house)
        await fault(house, "hang", times=1, seconds=1.0, match={"route": "/v1.2/sites/{site_id}/locks"})
        await house.advance(3600)
        await asyncio.sleep(0.3)
        assert not is_idle(house), "no look is under way: the test shows nothing"
        assert await house.connect(HOME) == account_id
        names = {device["display_name"] for device in await house.devices()}
        assert names == {"FRONT DOOR", "GARAGE"}


@pytest.mark.parametrize("is_refused", [False, True], ids=["renewed", "refused"])
async def test_what_becomes_of_the_login_before_does_not_touch_the_new_one(
    open_: OpenHouse, is_refused: bool
) -> None:
    """Somebody logs in while the old login is being renewed, and another call has taken theirs up already."""
    async with at_home(open_) as (house, lock):
        database = house.house.database
        async with engine_kept_away(house, lock) as hold:

            async def logged_in(tx: Tx) -> None:
                account = await store.connected_accounts.find(tx, lock["connected_account_id"])
                assert account is not None
                new = account.reconnected(Credentials(Secret("new"), Secret("renews new"), None), tx.now)
                await store.connected_accounts.update_account(tx, new)

            adapter = hold.adapter

            class Slow:
                account = staticmethod(adapter.account)

                async def refresh(self, spent: Credentials, *, now: datetime) -> Credentials:
                    await hold.write(logged_in)
                    await hold._make_sure()
                    if is_refused:
                        raise LoginRejected("no")
                    return Credentials(Secret("old, renewed"), None, None)

            async def ask(account: Account) -> str:
                if not asked:
                    asked.append("with the old")
                    raise LoginExpired("no")
                return "with the new"

            hold.adapter = cast(Adapter, Slow())
            asked: list[str] = []
            if is_refused:
                with pytest.raises(Unreachable):
                    await hold.call(ask)
            assert await hold.call(ask) == "with the new"
            hold.adapter = adapter
            assert hold.account.access_token.reveal() == "new"
            kept = await database.read(store.connected_accounts.find, lock["connected_account_id"])
            assert kept is not None
            assert kept.access_token.reveal() == "new"


async def test_a_new_login_is_not_cut_off_for_the_one_before(open_: OpenHouse) -> None:
    """Somebody logs in while a worker whose login was refused lets its other calls come to an end."""
    async with at_home(open_) as (house, lock):
        database = house.house.database
        async with engine_kept_away(house, lock) as hold:

            async def refused(account: Account) -> None:
                raise LoginRejected("no")

            async def logged_in(tx: Tx) -> None:
                account = await store.connected_accounts.find(tx, lock["connected_account_id"])
                assert account is not None
                new = account.reconnected(Credentials(Secret("new"), None, None), tx.now)
                await store.connected_accounts.update_account(tx, new)

            with pytest.raises(LoginRejected):
                await hold.call(refused)
            await hold.write(logged_in)
            await hold._make_sure()
            await hold.write(poll.disconnect, hold)
            kept = await database.read(store.connected_accounts.find, lock["connected_account_id"])
            assert kept is not None
            assert not kept.is_disconnected
