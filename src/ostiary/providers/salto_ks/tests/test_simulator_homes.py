"""Several homes at one simulator, and several simulators over the same homes."""

import asyncio
from collections.abc import Sequence

import pytest

from ostiary.domain.provider import HomeStore
from ostiary.simulation import MemoryHomes

from .test_simulator_support import INTEGRATION, JANE, SMALL, Salto, refused, run, value


class CountingHomes:
    """Knows how often each home was saved, and can make the next saves lose their race."""

    def __init__(self) -> None:
        self._homes = MemoryHomes()
        self.saves: dict[str, int] = {}
        self.losses = 0

    async def load(self, home: str) -> tuple[bytes | None, int]:
        await asyncio.sleep(0)
        return await self._homes.load(home)

    async def save(self, home: str, state: bytes, version: int) -> bool:
        await asyncio.sleep(0)
        if self.losses:
            self.losses -= 1
            return False
        self.saves[home] = self.saves.get(home, 0) + 1
        return await self._homes.save(home, state, version)

    async def homes(self) -> Sequence[str]:
        return await self._homes.homes()


async def _three(homes: HomeStore | None = None) -> tuple[Salto, Salto, Salto]:
    """Jane and Ann with their sites, and the integration user as a member of both."""
    jane = await Salto(homes=homes).enter()
    ann = await jane.beside(SMALL)
    integration = await jane.beside(INTEGRATION)
    for one in (jane, ann):
        await one.member(integration)
    return jane, ann, integration


@run
async def test_one_integration_user_at_sites_of_two_homes() -> None:
    jane, ann, integration = await _three()
    sites = await integration.items("/v1.2/sites")
    assert [site["customer_reference"] for site in sites] == ["Small Site", "Main Site"]
    assert sites == [*await ann.items("/v1.2/sites"), (await jane.items("/v1.2/sites"))[0]]
    pins = {}
    for owner, door in ((jane, "FRONT_DOOR"), (ann, "Front door")):
        site = await owner.site()
        _, pins[door] = await integration.guest(await integration.lock(door, site), site=site)
    for owner, door in ((jane, "FRONT_DOOR"), (ann, "Front door")):
        assert [await owner.opens(door, pin) for pin in pins.values()] == [
            "ok" if name == door else "unknown_code" for name in pins
        ]
    assert refused(await jane.call("GET", f"{await ann.site()}/users")) == (403, "2203")
    await ann.control("POST", "me", user=INTEGRATION, removed=True)
    assert refused(await integration.call("GET", f"{await ann.site()}/users")) == (403, "2203")
    assert (await integration.call("GET", f"{await jane.site()}/users")).status == 200
    await integration.control("POST", "limits", bare_site_list=True)
    bare = value(await integration.call("GET", "/v1.2/sites"))
    assert [site["customer_reference"] for site in bare] == ["Main Site"]


# --- whose trouble it is --------------------------------------------------------------------------------


@run
async def test_trouble_and_the_log_are_of_the_home_of_the_site() -> None:
    jane, ann, integration = await _three()
    main, small = await jane.site(), await ann.site()
    body = {"customer_reference": "G"}
    await jane.control("POST", "faults", fault="http_503", times=1)
    await integration.control("POST", "faults", fault="http_500", times=1)
    assert (await integration.call("POST", f"{small}/access_groups", body)).status == 200
    assert (await integration.call("POST", f"{main}/access_groups", body)).status == 503
    assert (await integration.call("POST", f"{main}/access_groups", body)).status == 200
    assert (await integration.call("GET", "/v1.2/me")).status == 500
    assert (await integration.call("GET", f"{main}/iqs")).status == 200
    logs = [await one.control("GET", "requests") for one in (jane, ann, integration)]
    assert [
        [(line["path"], line["status"]) for line in log["requests"] if "access_groups" in line["path"]]
        for log in logs
    ] == [
        [(f"{main}/access_groups", 503), (f"{main}/access_groups", 200)],
        [(f"{small}/access_groups", 200)],
        [],
    ]
    assert [[write["kind"] for write in log["writes"]] for log in logs] == [
        *(["add_existing_user", "create_group"], ["add_existing_user", "create_group"], [])
    ]
    count = "POST /v1.2/sites/{site_id}/access_groups"
    assert [log["counts"].get(count) for log in logs] == [
        {"received": 2, "accepted": 1},
        {"received": 1, "accepted": 1},
        None,
    ]
    for log, path in ((logs[0], f"{main}/iqs"), (logs[2], "/v1.2/me")):
        assert [path in {line["path"] for line in one["requests"]} for one in logs] == [
            one is log for one in logs
        ]


@run
async def test_pace_and_limit_are_of_the_home_of_the_site() -> None:
    jane, _, integration = await _three()
    site = await jane.site()
    await jane.control("POST", "pace", pace=0)
    body = {"first_name": "A", "last_name": "B", "role_ids": [await integration.role(site=site)]}
    made = value(await integration.call("POST", f"{site}/users", body))
    assert [role["code"] for role in made["roles"]] == ["site_user"]
    await jane.control("POST", "pace", pace=1)
    await jane.control("POST", "limits", requests_per_second=3)
    jane.clock.move(10)
    replies = [await one.call("GET", f"{site}/locks") for one in (jane, integration) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert (await integration.call("GET", "/v1.2/me")).status == 200


@run
async def test_a_token_is_good_by_its_own_home() -> None:
    jane, _, integration = await _three()
    site = await jane.site()
    await jane.control("POST", "faults", fault="login_rejected")
    assert (await jane.call("GET", site)).status == 401
    assert (await integration.call("GET", site)).status == 200
    await integration.control("POST", "faults", fault="login_rejected")
    for path in (site, f"{site}/locks", "/v1.2/me", "/v1.2/sites"):
        assert (await integration.call("GET", path)).status == 401
    await integration.enter()
    assert (await integration.call("GET", site)).status == 200
    old = integration.token
    jane.clock.move(3600)
    reply = await integration.call("GET", site, token=old)
    assert (reply.status, reply.body) == (401, b"")
    openid = value(await integration.log_in(scope="openid"))["access_token"]
    assert (await integration.call("GET", site, token=openid)).status == 401


@run
async def test_a_token_of_a_home_that_is_not_there_is_401() -> None:
    jane, elsewhere = await Salto().enter(), await Salto(INTEGRATION).enter()
    for path in (await jane.site(), "/v1.2/me", "/v1.2/sites"):
        assert (await jane.call("GET", path, token=elsewhere.token)).status == 401


# --- several instances ----------------------------------------------------------------------------------


@run
async def test_two_simulators_over_the_same_homes() -> None:
    jane, ann, integration = await _three()
    again = integration.again()
    main, small = await jane.site(), await ann.site()
    assert await again.items("/v1.2/sites") == await integration.items("/v1.2/sites")
    for site in (main, small):
        group = value(await again.call("POST", f"{site}/access_groups", {"customer_reference": "G"}))
        assert await integration.items(f"{site}/access_groups") == [group]
    added = {"customer_reference": "New", "country_code": "DE", "time_zone": "Europe/Berlin"}
    new = value(await jane.again().call("POST", "/v1.1/sites", added))["id"]  # after both have looked around
    for one in (integration, again):
        assert refused(await one.call("GET", f"/v1.2/sites/{new}")) == (403, "2203")
    await jane.control("POST", "owner/users", site=new, do="add", user=INTEGRATION)
    await jane.control("POST", "site", site=new, seats=5)
    await jane.control("POST", "owner/users", site=new, do="subscribe", user=INTEGRATION)
    for one in (integration, again):
        assert (await one.call("GET", f"/v1.2/sites/{new}")).status == 200
    await jane.again().control("POST", "owner/users", site="Main Site", do="block", user=INTEGRATION)
    for one in (integration, again):
        assert refused(await one.call("GET", f"{main}/locks")) == (403, "2203")
        assert (await one.call("GET", f"{small}/locks")).status == 200


@run
async def test_reading_writes_nothing_anywhere() -> None:
    homes = CountingHomes()
    jane, _, integration = await _three(homes)
    site, lock = await jane.site(), await jane.lock()
    user, _ = await integration.guest(lock, site=site)
    jane.clock.move(3600)
    for one in (jane, integration):  # what is due is done, and tokens are fresh
        await one.items(f"{site}/users")
    before = dict(homes.saves)
    for one in (integration, integration.again(), jane):
        for path in ("", "/users", "/locks", "/iqs", "/access_groups", "/roles", "/me", "/subscription"):
            assert (await one.call("GET", f"{site}{path}")).status == 200
        assert (await one.call("GET", f"{site}/users/{user['id']}/keys")).status == 200
        assert (await one.call("GET", f"{site.replace('v1.2', 'v1.1')}/entries")).status == 200
        for path in ("/v1.2/me", "/v1.2/sites"):
            assert (await one.call("GET", path)).status == 200
    assert homes.saves == before


@run
async def test_looking_for_sites_does_not_do_what_was_due_in_other_homes() -> None:
    homes = CountingHomes()
    jane, _, integration = await _three(homes)
    site = await jane.site()
    await integration.guest(await jane.lock(), site=site)
    await jane.control("POST", "device", lock_id="BACK DOOR", online=False)
    jane.clock.move(3600)
    value(await integration.call("GET", "/v1.2/me"))  # with a fresh token
    before = dict(homes.saves)
    assert len(await integration.items("/v1.2/sites")) == 2
    assert homes.saves == before
    await integration.items(f"{site}/locks")
    assert homes.saves == {**before, JANE: before[JANE] + 1}


@run
async def test_a_write_that_loses_its_race_begins_anew() -> None:
    homes = CountingHomes()
    jane, _, integration = await _three(homes)
    site = await jane.site()
    homes.losses = 3
    value(await integration.call("POST", f"{site}/access_groups", {"customer_reference": "G"}))
    assert len(await jane.items(f"{site}/access_groups")) == 1
    saves = homes.saves[INTEGRATION]
    writes = [
        one.call("POST", f"{site}/access_groups", {"customer_reference": f"G {number}"})
        for number in range(10)
        for one in (jane, jane.again(), integration, integration.again())
    ]
    assert {reply.status for reply in await asyncio.gather(*writes)} == {200}
    assert len(await jane.items(f"{site}/access_groups", top="100")) == 41
    assert homes.saves[INTEGRATION] == saves


@run
async def test_both_ways_at_once_nobody_waits_for_ever() -> None:
    jane, ann, _ = await _three(CountingHomes())
    await jane.member(ann)
    await ann.member(jane)
    sites = [await jane.site("Main Site"), await ann.site("Small Site")]
    writes = [
        one.call("POST", f"{site}/access_groups", {"customer_reference": "G"})
        for _ in range(10)
        for one in (jane, ann, jane.again(), ann.again())
        for site in sites
    ]
    replies = await asyncio.wait_for(asyncio.gather(*writes), 60)
    assert {reply.status for reply in replies} == {200}
    for site in sites:
        assert len(await jane.items(f"{site}/access_groups", top="100")) == 40


# --- the control plane ----------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [(), (INTEGRATION,), (INTEGRATION, SMALL)])
@run
async def test_a_command_need_not_name_the_home_beside_the_integration_users(
    others: tuple[str, ...],
) -> None:
    jane = await Salto().enter()
    for home in others:
        await jane.beside(home)
    reply = await jane.send("GET", "/_simulator/truth")
    assert reply.status == (400 if SMALL in others else 200)
    if SMALL not in others:
        assert value(reply)["home"] == JANE
