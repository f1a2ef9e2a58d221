"""Whoever logs in again decides from then on, also while a worker is at the account with the login before."""

import asyncio

from ..behaviours.support import Wire, fault, is_idle, until_idle
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
