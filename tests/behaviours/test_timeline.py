"""`/access_codes/get_timeline`: what happened to a code, in order, and who did it."""

from itertools import pairwise
from typing import Any

from ostiary.domain.instants import parse_instant

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    Wire,
    at_home,
    code_soon,
    engine_passes,
    fault,
    neighbour,
    set_code,
    soon,
    until_gone,
    until_idle,
    until_set,
)

TIMELINE = "/access_codes/get_timeline"
STARTED, FINISHED = "internal.access_code.programming_started", "internal.access_code.programming_finished"
NOBODY = "11111111-2222-4333-8444-555555555555"


async def lines(house: TestHouse, code: Wire, **more: Any) -> list[Wire]:
    found: list[Wire] = (await house.call(TIMELINE, access_code_id=code["access_code_id"], **more))[
        "timeline_events"
    ]
    return found


def types(timeline: list[Wire]) -> list[str]:
    return [line["event_type"].rpartition("access_code.")[2] for line in timeline]


async def test_the_way_from_the_wish_to_the_lock_and_back(open_: OpenHouse) -> None:
    """Asked for by a key, done by the server, oldest first; it can still be read when the code is gone."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        which = {"access_code_id": code["access_code_id"]}
        await house.call("/access_codes/update", **which, name="Bea")
        await until_set(house, code["access_code_id"])
        await house.call("/access_codes/delete", **which)
        await until_gone(house, code["access_code_id"])
        found = await lines(house, code)
        assert types(found) == [
            "created",
            "mutations_requested",
            "programming_started",
            "programming_finished",
            "set_on_device",
            "mutations_requested",
            "programming_started",
            "programming_finished",
            "name_changed",
            "set_on_device",
            "mutations_requested",
            "programming_started",
            "programming_finished",
            "removed_from_device",
            "deleted",
        ]
        asked = [line for line in found if line["actor"]["type"] == "api_key"]
        assert types(asked) == ["created", *["mutations_requested"] * 3]
        assert {line["actor"]["display_name"] for line in asked} == {"test"}
        assert all(len(line["actor"]["id"]) == 36 for line in asked)
        assert {line["actor"]["type"] for line in found} == {"api_key", "system"}
        assert [line["details"]["write"] for line in found if line["event_type"] == STARTED] == [
            "set",
            "change",
            "remove",
        ]
        finished = [line["details"] for line in found if line["event_type"] == FINISHED]
        assert {details["outcome"] for details in finished} == {"accepted"}
        assert len({line["timeline_event_id"] for line in found}) == len(found)
        instants = [parse_instant(line["occurred_at"]) for line in found]
        assert instants == sorted(instants)
        for line in found:
            related = line["related_resource_ids"]
            assert related["device_id"] == lock["device_id"]
            assert related["connected_account_id"] == lock["connected_account_id"]
            is_internal = line["event_type"].startswith("internal.")
            assert ("event_id" in related) is not is_internal
        assert "498882" not in str(found)


async def test_what_failed_and_what_others_did(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await fault(house, "http_409", match={"method": "PUT"}, times=1)
        made = await house.create_code(lock["device_id"], code="498882", name="Ann")
        await engine_passes(house, 120)
        code = await until_set(house, made["access_code_id"])
        await until_idle(house)
        await house.steering.owner_removes(lock["properties"]["name"], code["appearance"]["name"])
        await engine_passes(house, 25 * 3600)
        await engine_passes(house, 3700)
        found = await soon(
            house,
            lambda: lines(house, code),
            lambda seen: "deleted_external_to_seam" in types(seen),
        )
        [external] = [line for line in found if line["actor"]["type"] == "external"]
        assert types([external]) == ["deleted_external_to_seam"]
        outcomes = [line["details"] for line in found if line["event_type"] == FINISHED]
        assert (outcomes[0]["outcome"], outcomes[0]["error"]) == ("refused", "Rejected")
        assert outcomes[0]["error_code"] == "duplicate_code_on_device"
        assert "refused" in next(line["description"] for line in found if line["event_type"] == FINISHED)


async def test_times_types_and_pages(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        for name in ("Ann", "Bea", "Cleo"):
            await house.advance(5)
            await house.call("/access_codes/update", access_code_id=code["access_code_id"], name=name)
            await code_soon(
                house,
                code["access_code_id"],
                lambda seen: not seen["pending_mutations"],
            )
        await until_idle(house)
        whole = await lines(house, code, limit=200)
        assert len(whole) > 12
        asked = ["access_code.mutations_requested"]
        assert await lines(house, code, event_types=asked) == [
            line for line in whole if line["event_type"] in asked
        ]
        assert await lines(house, code, event_types=["access_code.deleted"]) == []
        middle = whole[len(whole) // 2]["occurred_at"]
        before, after = await lines(house, code, before=middle), await lines(house, code, after=middle)
        assert before == [line for line in whole if line["occurred_at"] < middle]
        assert after == [line for line in whole if line["occurred_at"] > middle]
        await _pages(house, code, whole)
        for wrong in ({"limit": 0}, {"limit": 201}, {"event_types": ["device.added"]}, {"after": "soon"}):
            which = {"access_code_id": code["access_code_id"], **wrong}
            await house.refused(TIMELINE, 400, "invalid_input", **which)


async def _pages(house: TestHouse, code: Wire, whole: list[Wire]) -> None:
    """There and back again."""
    which = {"access_code_id": code["access_code_id"], "limit": 5}
    pages = [await house.call(TIMELINE, **which)]
    while pages[-1]["pagination"]["has_more"]:
        cursor = pages[-1]["pagination"]["next_cursor"]
        pages.append(await house.call(TIMELINE, **which, page_cursor=cursor))
    assert [line for page in pages for line in page["timeline_events"]] == whole
    assert pages[0]["pagination"]["prev_cursor"] is None
    assert pages[-1]["pagination"]["next_cursor"] is None
    for earlier, later in pairwise(pages):
        cursor = later["pagination"]["prev_cursor"]
        assert await house.call(TIMELINE, **which, page_cursor=cursor) == earlier
    other = {**which, "limit": 6, "page_cursor": cursor}
    await house.refused(TIMELINE, 400, "mismatched_page_parameters", **other)


async def test_the_timeline_of_a_code_that_nobody_has(open_: OpenHouse) -> None:
    """Nor of somebody else's: what is not ours has events and no wish."""
    async with at_home(open_) as (house, lock):
        await house.refused(TIMELINE, 404, "access_code_not_found", access_code_id=NOBODY)
        code = await house.create_code(lock["device_id"], code="498882")
        other = await neighbour(house)
        await other.refused(TIMELINE, 404, "access_code_not_found", access_code_id=code["access_code_id"])
        await house.steering.owner_adds(lock["properties"]["name"], "Mum", "332211")
        await engine_passes(house, 25 * 3600)
        await engine_passes(house, 3700)
        found = await house.call("/access_codes/unmanaged/list", device_id=lock["device_id"])
        [foreign] = found["access_codes"]
        which = {"access_code_id": foreign["access_code_id"]}
        await house.refused(TIMELINE, 404, "access_code_not_found", **which)
