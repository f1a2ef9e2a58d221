"""`/access_codes/simulate/create_unmanaged_access_code`: in a sandbox, somebody else makes a code."""

from ostiary import store

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import HOUR, Wire, at_home, at_site, codes, engine_passes, nothing_changes, online, set_code
from .test_8_9_changing_hands import CONVERT, attempt_of
from .test_8_9_unmanaged import CREATED, REMOVED, others, story

SIMULATE = "/access_codes/simulate/create_unmanaged_access_code"
NOBODY = "11111111-2222-4333-8444-555555555555"


def wish(lock: Wire, **changes: str) -> Wire:
    return {"device_id": lock["device_id"], "name": "Mum", "code": "332211", **changes}


async def test_a_simulated_code_stands_on_the_lock_and_later_looks_find_the_same(open_: OpenHouse) -> None:
    """At once in the answer and on the lock, which opens for it. One id, one event, however often we look."""
    async with at_home(open_) as (house, lock):
        made = (await house.call(SIMULATE, **wish(lock)))["access_code"]
        assert (made["name"], made["code"], made["is_managed"]) == ("Mum", "332211", False)
        assert (made["status"], made["type"]) == ("set", "ongoing")
        [held] = await house.codes_on_lock(lock)
        assert (held["name"], held["code"]) == ("Mum", 332211)
        assert await house.type_code(lock, "332211")
        assert await others(house, lock) == [made]
        for _ in range(3):
            await engine_passes(house, HOUR.total_seconds())
        assert await others(house, lock) == [made]
        assert await story(house) == [(CREATED, made["access_code_id"])]
        assert await codes(house, lock) == []
        assert await house.code_writes() == []  # nobody has asked the vendor for it

        await attempt_of(house, await house.call(CONVERT, access_code_id=made["access_code_id"]))
        [managed] = await house.codes_on_lock(lock)
        assert managed["id"] == held["id"]

        second = (await house.call(SIMULATE, **wish(lock, name="Dad", code="443322")))["access_code"]
        await house.steering.owner_removes(lock["properties"]["name"], "Dad")
        await engine_passes(house, 25 * HOUR.total_seconds())
        await engine_passes(house, HOUR.total_seconds())
        assert (await story(house))[-1] == (REMOVED, second["access_code_id"])


async def test_what_the_lock_would_not_have_is_not_simulated(open_: OpenHouse) -> None:
    """A PIN against its rules or that it has, a name that is too long, a lock that is offline or unknown."""
    async with at_home(open_) as (house, lock):
        await set_code(house, lock, code="665544")
        await house.steering.owner_adds(lock["properties"]["name"], "Unseen", "776655")
        async with nothing_changes(house, lock):
            await house.refused(SIMULATE, 400, "invalid_input", **wish(lock, code="33x"))
            await house.refused(SIMULATE, 400, "invalid_input", **wish(lock, name=""))
            await house.refused(SIMULATE, 400, "invalid_access_code", **wish(lock, code="3322"))
            await house.refused(SIMULATE, 400, "invalid_access_code", **wish(lock, name="m" * 21))
            await house.refused(SIMULATE, 404, "device_not_found", **wish(lock, device_id=NOBODY))
            for taken in ("665544", "776655"):
                error = await house.refused(SIMULATE, 409, "duplicate_access_code", **wish(lock, code=taken))
                assert taken not in str(error)
        await online(house, lock, False)
        await house.refused(SIMULATE, 400, "device_disconnected", **wish(lock))


async def test_only_sandboxes_and_brands_where_people_choose_pins_are_simulated(open_: OpenHouse) -> None:
    async with at_site(open_) as (house, door):
        await house.refused(SIMULATE, 400, "device_type_not_supported", **wish(door))
        real = await _production(house)
        await real.refused(SIMULATE, 400, "workspace_not_sandbox", **wish(door))


async def _production(house: TestHouse) -> TestHouse:
    database = house.house.database
    workspace = await database.write(store.workspaces.create, "hotel", is_sandbox=False)
    _, token = await database.write(store.workspaces.create_api_key, workspace, "test")
    return TestHouse(house.house, workspace, token.reveal(), house.http)
