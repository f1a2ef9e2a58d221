"""`/ostiary/access_codes/evidence`: what is known of a code, how far it is proved, and that it is whole."""

import asyncio
import random
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from ostiary import store
from ostiary.domain.access_codes import Status
from ostiary.domain.evidence import Entry, broken_at
from ostiary.domain.instants import parse_instant, to_wire
from ostiary.domain.proof import explains
from ostiary.wire.objects import Evidence

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    Wire,
    at_home,
    at_site,
    clear_faults,
    code_soon,
    engine_passes,
    fault,
    neighbour,
    set_code,
    soon,
    until_gone,
    until_idle,
    until_set,
    vendor_requests,
    window,
)

EVIDENCE = "/ostiary/access_codes/evidence"
NOBODY = "11111111-2222-4333-8444-555555555555"
POLL = 610


async def proved(house: TestHouse, code: Wire) -> Wire:
    found: Wire = (await house.call(EVIDENCE, access_code_id=code["access_code_id"]))["evidence"]
    msgspec.convert(found, Evidence)  # it has the shape that `/openapi.json` tells
    assert found["is_intact"] is True
    assert found["broken_at"] is None
    return found


def kinds(evidence: Wire) -> list[str]:
    return [entry["kind"] for entry in evidence["entries"]]


def of_kind(evidence: Wire, kind: str) -> list[Wire]:
    return [entry["facts"] for entry in evidence["entries"] if entry["kind"] == kind]


def told(evidence: Wire) -> list[str]:
    return [one["event_type"] for entry in evidence["entries"] for one in entry["facts"].get("told", ())]


async def until_level(house: TestHouse, code: Wire, level: str) -> Wire:
    found: Wire = await soon(house, lambda: proved(house, code), lambda seen: seen["level"] == level)
    return found


async def entries_of(house: TestHouse, access_code_id: str) -> list[Entry]:
    read, workspace_id = house.house.database.read, house.workspace.workspace_id
    found = await read(store.evidence.of_code, workspace_id, access_code_id)
    assert broken_at(found, house.house.database.vault.evidence_hash) is None
    return found


# --- from the wish to the door -------------------------------------------------------------------------


async def test_pain_02_the_level_of_a_code_is_never_over_stated(open_: OpenHouse) -> None:
    """
    Accepted is not read back, and read back is not used. A write that does not show is not believed: the
    vendor is made to read the lock anew, once, before it is sent again.
    """
    async with at_home(open_) as (house, lock):
        await fault(house, "lost", match={"method": "PUT"}, times=1)
        code = await house.create_code(lock["device_id"], code="498882", name="Ann")
        seen = [(await proved(house, code))["level"]]
        accepted = await until_level(house, code, "accepted")
        assert accepted["status"] == "setting"
        while (await house.code(code["access_code_id"]))["status"] != "set":
            seen.append((await proved(house, code))["level"])
            await engine_passes(house, 5)
        assert set(seen) <= {"wished", "sent", "accepted"}
        syncs = [line for line in await vendor_requests(house) if line["path"].endswith("/sync")]
        assert len(syncs) == 1
        assert len(await house.code_writes()) == 2

        found = await until_level(house, code, "read_back")
        assert (found["status"], kinds(found)[0]) == ("set", "wished")
        assert [facts["outcome"] for facts in of_kind(found, "answered")] == ["accepted", "accepted"]
        writes = [write for facts in of_kind(found, "seen") for write in facts.get("writes", ())]
        assert [write["outcome"] for write in writes] == ["lost", "seen"]

        assert await house.type_code(lock, "498882")
        await engine_passes(house, POLL)
        used = await until_level(house, code, "used_at_door")
        assert [facts["what"] for facts in of_kind(used, "used")] == ["unlocked"]

        await house.call("/access_codes/update", access_code_id=code["access_code_id"], code="776655")
        assert (await proved(house, code))["level"] in ("wished", "sent", "accepted")
        await until_set(house, code["access_code_id"])
        again = await until_level(house, code, "read_back")  # nobody has used the new one
        pins = {entry["facts"]["state"]["pin"] for entry in again["entries"]}
        assert len(pins) == 2
        assert not any(pin in str(again) for pin in ("498882", "776655"))


async def test_what_is_wished_sent_answered_seen_and_told_stands_in_order(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        await until_idle(house)
        found = await proved(house, code)
        in_order = [kind for kind in kinds(found) if kind in ("wished", "sending", "answered", "seen")]
        assert in_order == ["wished", "sending", "answered", "seen"]
        assert told(found) == [
            "access_code.created",
            "access_code.mutations_requested",
            "access_code.set_on_device",
        ]
        wish, *_, last = found["entries"]
        actor = wish["facts"]["actor"]
        assert (actor["type"], actor["display_name"]) == ("api_key", "test")
        assert last["facts"]["actor"] == {"type": "system"}
        [on_device] = [facts["on_device"] for facts in of_kind(found, "seen")]
        assert on_device["name"] == code["appearance"]["name"]
        assert on_device["pin"] == last["facts"]["state"]["pin"]
        assert [entry["status"] for entry in found["entries"]][-1] == found["status"] == "set"
        events = {event["event_id"] for event in await house.events(access_code_id=code["access_code_id"])}
        assert {
            one["event_id"] for entry in found["entries"] for one in entry["facts"].get("told", ())
        } == events


async def test_a_quiet_day_leaves_no_entry(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await engine_passes(house, 3700)
        before = await proved(house, code)
        for _ in range(8):
            await engine_passes(house, 3 * 3600)
        assert await proved(house, code) == before


async def test_a_vendor_that_gives_no_answer_refuses_or_is_away(open_: OpenHouse) -> None:
    """Each with the kind of its error, and `sent` only where the write may have arrived."""
    async with at_home(open_) as (house, lock):
        await fault(house, "drop_answer", match={"method": "PUT"}, times=1)
        code = await house.create_code(lock["device_id"], code="498882")
        await until_level(house, code, "sent")
        found = await until_level(house, code, "read_back")
        [answer] = of_kind(found, "answered")
        assert (answer["outcome"], answer["error"]) == ("unknown", "OutcomeUnknown")
        await fault(house, "http_409", match={"method": "PUT"}, times=1)
        other = await house.create_code(lock["device_id"], code="332211")
        refused = await soon(
            house, lambda: proved(house, other), lambda seen: bool(of_kind(seen, "answered"))
        )
        answer = of_kind(refused, "answered")[0]
        assert (answer["outcome"], answer["error"]) == ("refused", "Rejected")
        assert answer["error_code"] == "duplicate_code_on_device"
        assert refused["level"] == "wished"
        assert "access_code.failed_to_set_on_device" in told(refused)


async def test_what_others_do_to_a_code_is_seen(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        await until_idle(house)
        await house.steering.owner_removes(lock["properties"]["name"], code["appearance"]["name"])
        await engine_passes(house, 25 * 3600)
        await engine_passes(house, 3700)
        found = await soon(
            house,
            lambda: proved(house, code),
            lambda seen: any(facts["on_device"] is None for facts in of_kind(seen, "seen")),
        )
        assert "access_code.deleted_external_to_seam" in told(found)
        await until_set(house, code["access_code_id"])
        await until_level(house, code, "read_back")


async def test_a_lock_that_refuses_outside_of_the_window_confirms_both(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        made = await house.create_code(lock["device_id"], code="498882", **await window(house, HOUR))
        await code_soon(house, made["access_code_id"], lambda code: code["is_scheduled_on_device"])
        await engine_passes(house, 60)
        assert not await house.type_code(lock, "498882")
        await engine_passes(house, POLL)
        found = await until_level(house, made, "confirmed_by_device")
        assert found["status"] == "unset"


async def test_a_code_of_a_vendor_that_chooses(open_: OpenHouse) -> None:
    async with at_site(open_) as (house, door):
        code = await set_code(house, door, name="Ann")
        found = await until_level(house, code, "read_back")
        assert found["entries"][0]["facts"]["state"]["pin"] is None
        assert found["entries"][-1]["facts"]["state"]["pin"] is not None
        assert str(code["code"]) not in str([entry["facts"] for entry in found["entries"]])


# --- whose it is, and until when -----------------------------------------------------------------------


async def test_the_evidence_of_a_code_that_is_gone(open_: OpenHouse) -> None:
    """Its removal is proved by a look, and the record stays when the account is forgotten."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        await until_gone(house, code["access_code_id"])
        found = await proved(house, code)
        assert (found["status"], found["level"]) == (None, "read_back")
        assert [facts["write"] for facts in of_kind(found, "sending")] == ["set", "remove"]
        assert told(found)[-2:] == ["access_code.removed_from_device", "access_code.deleted"]
        living = await set_code(house, lock, code="776655")
        account = lock["connected_account_id"]
        await house.call("/connected_accounts/delete", connected_account_id=account)
        assert await proved(house, code) == found
        forgotten = await proved(house, living)
        assert (forgotten["status"], forgotten["level"]) == (None, "wished")  # nobody has looked
        assert told(forgotten)[-1] == "access_code.deleted"


async def test_codes_that_change_hands_keep_their_record(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann")
        which = {"access_code_id": code["access_code_id"]}
        await house.call("/access_codes/update", **which, is_managed=False)
        away = await proved(house, code)
        assert away["status"] is None
        assert away["entries"][-1]["facts"]["state"]["is_handed_over"] is True
        await house.call("/access_codes/unmanaged/convert_to_managed", **which)
        back = await soon(
            house,
            lambda: proved(house, code),
            lambda seen: "access_code.unmanaged.converted_to_managed" in told(seen),
        )
        assert back["entries"][: len(away["entries"])] == away["entries"]
        assert back["level"] == "read_back"


async def test_nobody_else_reads_it(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        which = {"access_code_id": code["access_code_id"]}
        other = await neighbour(house)
        await other.refused(EVIDENCE, 404, "access_code_not_found", **which)
        await other.refused("/access_codes/get_timeline", 404, "access_code_not_found", **which)
        await house.refused(EVIDENCE, 404, "access_code_not_found", access_code_id=NOBODY)
        await house.refused(EVIDENCE, 400, "invalid_input", access_code_id="x")


async def test_a_long_record_comes_in_pages(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        which = {"access_code_id": code["access_code_id"], "limit": 2}
        whole = (await proved(house, code))["entries"]
        found: list[Wire] = []
        page = await house.call(EVIDENCE, **which)
        while True:
            assert len(page["evidence"]["entries"]) <= 2
            assert page["evidence"]["is_intact"] is True
            found += page["evidence"]["entries"]
            if not page["pagination"]["has_next_page"]:
                break
            page = await house.call(EVIDENCE, **which, page_cursor=page["pagination"]["next_page_cursor"])
        assert found == whole
        for previous, entry in pairwise(whole):
            assert entry["previous_hash"] == previous["hash"]


async def test_a_cut_off_account_is_written_down_for_each_code(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await until_idle(house)
        await fault(house, "login_rejected")
        await engine_passes_until(house, code, "unknown")
        found = await proved(house, code)
        assert (found["status"], kinds(found)[-1]) == ("unknown", "account")
        await clear_faults(house)
        await house.connect()
        await code_soon(house, code["access_code_id"], lambda seen: seen["status"] == "set")
        back = await proved(house, code)
        assert kinds(back).count("account") == 2
        assert back["level"] == "read_back"


async def engine_passes_until(house: TestHouse, code: Wire, status: str) -> None:
    async def look() -> str:
        await house.advance(POLL)
        found: str = (await house.code(code["access_code_id"]))["status"]
        return found

    await house.until(look, lambda seen: seen == status)


# --- every status it ever had --------------------------------------------------------------------------

PINS = ("498882", "776655", "445566", "889977", "667788")
STEPS = 26
COMMIT = timedelta(seconds=2)
"""What is committed is dated when its transaction began: until then readers see what was before."""


class Sampler:
    """What the wire said of each code, and between which instants."""

    def __init__(self, house: TestHouse) -> None:
        self.house = house
        self.seen: list[tuple[str, datetime, datetime, Status]] = []
        self.ids: list[str] = []

    async def look(self) -> None:
        for access_code_id in self.ids:
            since = await self.house.now()
            asked = {"access_code_id": access_code_id}
            answer = await self.house.request("POST", "/access_codes/get", json=asked)
            until = await self.house.now()
            if answer.status_code == 200:
                self.seen.append((access_code_id, since, until, answer.json()["access_code"]["status"]))

    async def check(self) -> None:
        """Each of them follows from the record as it is in the end."""
        records = {one: await entries_of(self.house, one) for one in self.ids}
        for access_code_id, since, until, status in self.seen:
            entries = records[access_code_id]
            between = [entry.at for entry in entries if since <= entry.at <= until]
            window = [_boundary(entry) for entry in entries]
            between += [at for ends in window for at in ends if at is not None and since <= at <= until]
            instants = [since - COMMIT, since, *between, until]
            assert any(explains(entries, at, status) for at in instants), (
                f"{status} of {access_code_id} at {since}: {[entry.as_wire() for entry in entries]}"
            )


def _boundary(entry: Entry) -> list[datetime | None]:
    state = entry.state
    assert state is not None
    ends = (state.wanted_from, state.starts_at, state.ends_at)
    return [None if text is None else parse_instant(text) for text in ends]


async def _something(house: TestHouse, lock: Wire, chance: random.Random, sampler: Sampler) -> None:
    """One thing that happens; what is refused has not happened."""

    async def ask(path: str, **body: Any) -> Wire:
        answer = await house.request("POST", path, json=body)
        assert answer.status_code < 500, answer.text
        found: Wire = answer.json()
        return found

    some = chance.choice(sampler.ids) if sampler.ids else None
    starts_in = chance.choice([-HOUR, 30 * MINUTE, 3 * HOUR, 80 * HOUR])
    times = await window(house, starts_in, chance.choice([2 * HOUR, DAY]))
    match chance.choice(["make", "make", "pin", "name", "times", "delete", "fault", "owner", "net", "door"]):
        case "make":
            native = chance.random() < 0.7
            wish = times if chance.random() < 0.7 else {}
            made = await ask(
                "/access_codes/create",
                device_id=lock["device_id"],
                code=chance.choice(PINS),
                prefer_native_scheduling=native,
                **wish,
            )
            sampler.ids += [made["access_code"]["access_code_id"]] if "access_code" in made else []
        case "pin" if some:
            await ask("/access_codes/update", access_code_id=some, code=chance.choice(PINS))
        case "name" if some:
            await ask("/access_codes/update", access_code_id=some, name=chance.choice(["Ann", "Ben"]))
        case "times" if some:
            await ask("/access_codes/update", access_code_id=some, **times)
        case "delete" if some:
            await ask("/access_codes/delete", access_code_id=some)
        case "fault":
            name = chance.choice(["lost", "drop_answer", "http_503", "http_409"])
            await fault(house, name, match={"method": chance.choice(["PUT", "DELETE"])}, times=1)
        case "owner":
            for entry in (await house.codes_on_lock(lock))[:1]:
                await house.steering.owner_removes(lock["properties"]["name"], entry["name"])
        case "net":
            is_online = chance.random() < 0.7
            await house.simulator("device", smartlock_id=await house.smartlock_id(lock), online=is_online)
        case "door":
            await house.type_code(lock, chance.choice(PINS))
        case _:
            pass


async def _every_status(house: TestHouse, lock: Wire, sampler: Sampler) -> None:
    """What chance may have left out."""

    async def look_at(code: Wire) -> None:
        sampler.ids.append(code["access_code_id"])
        await sampler.look()

    last = await set_code(house, lock, code="994499")
    await look_at(last)
    await look_at(await house.create_code(lock["device_id"], code="991199", **await window(house, 9 * DAY)))
    await fault(house, "lost", match={"method": "PUT"}, times=1)
    await look_at(await house.create_code(lock["device_id"], code="881188"))
    await fault(house, "lost", match={"method": "DELETE"}, times=1)
    await house.call("/access_codes/delete", access_code_id=last["access_code_id"])
    await sampler.look()
    await clear_faults(house)
    cut_off = await set_code(house, lock, code="778877")
    await fault(house, "login_rejected")
    await engine_passes_until(house, cut_off, "unknown")
    await look_at(cut_off)
    await clear_faults(house)
    await house.connect()
    await sampler.look()
    await until_idle(house)
    await sampler.look()


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_record_of_a_code_explains_every_status_it_ever_had(open_: OpenHouse, seed: int) -> None:
    """Random wishes, faults, strangers and waiting; looked at after each, and in between."""
    chance = random.Random(seed)
    async with at_home(open_) as (house, lock):
        sampler = Sampler(house)
        for _ in range(STEPS):
            await _something(house, lock, chance, sampler)
            await sampler.look()
            await asyncio.sleep(chance.choice([0, 0.02]))
            await sampler.look()
            wait = chance.choice([1, 8, 20, 65, 700, 3600, 3 * 3600, 40 * 3600])
            await until_idle(house)  # no login lasts that long in a call, and no transaction
            await house.advance(wait)
            await sampler.look()
            for _ in range(chance.choice([0, 0, 3])):
                await asyncio.sleep(0.02)
                await until_idle(house)
                await sampler.look()
                await house.advance(3)
        await clear_faults(house)
        await house.simulator("device", smartlock_id=await house.smartlock_id(lock), online=True)
        await _every_status(house, lock, sampler)
        assert {status for *_, status in sampler.seen} == {"setting", "set", "unset", "removing", "unknown"}
        await sampler.check()
        for access_code_id in sampler.ids:
            whole = await proved(house, {"access_code_id": access_code_id})
            assert not any(f'"{pin}"' in str(whole) or f"'{pin}'" in str(whole) for pin in PINS)


def test_the_check_of_the_stories_can_fail() -> None:
    """A status that nobody wrote down is not explained."""
    assert not explains([], datetime.fromisoformat("2026-07-01T12:00:00Z"), "set")
    assert to_wire(datetime.fromisoformat("2026-07-01T12:00:00Z") + timedelta(0)).endswith("Z")
