"""
A lock with fewer places than codes: a day of 500 bookings at one with 200 places, and single scenes.

The day's clock goes in steps of an hour. After each the lock itself is asked what it holds, and its keypad
what it says to those who come and go, and every three hours to all who are in. The vendor's own record of
every write tells the rest: when each code came to the lock and when it left.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ostiary.domain.backup_pool import POOL_SIZE
from ostiary.domain.instants import parse_instant, to_wire
from ostiary.domain.provider import HttpRequest

from ..conftest import OpenHouse
from ..house import PUBLIC_URL, TestHouse, fixed, open_house
from .support import (
    DAY,
    HOUR,
    Wire,
    at_home,
    code_soon,
    codes,
    engine_passes,
    fault,
    is_idle,
    move_to,
    mutations,
    preloaded_code,
    problem,
    set_code,
    soon,
    told,
    until_idle,
    vendor_requests,
    window,
)

ROOM, FOREIGN, BOOKINGS = 200, 10, 500
OURS = ROOM - FOREIGN
NO_SPACE = "no_space_for_access_code_on_device"
FULL = "max_access_codes_reached"
ON_LOCK_WITHIN = timedelta(seconds=60)
"""After a wish for an active code; see docs/reference/engine.md."""

OFF_LOCK_WITHIN = timedelta(seconds=60)
"""After its end."""

STEP = HOUR
Told = tuple[set[str], set[str], set[str]]
"""Names: of those on the lock, those who are told that they are, and those who are told that they wait."""


@dataclass
class Booking:
    """One guest, with a PIN and a name that nobody else has."""

    name: str
    pin: str
    starts_at: datetime
    ends_at: datetime
    booked_at: datetime | None = None
    presence: list[list[datetime | None]] = field(default_factory=list)
    """When its code came to the lock, and when it left."""

    def is_active(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


class FullDay:
    def __init__(self, house: TestHouse, lock: Wire, smartlock_id: int) -> None:
        self.house = house
        self.lock = lock
        self.smartlock_id = smartlock_id
        self.booked: dict[str, Booking] = {}
        self.most_active = 0

    async def book(self, bookings: Iterable[Booking]) -> None:
        for one in bookings:
            times = {"starts_at": to_wire(one.starts_at), "ends_at": to_wire(one.ends_at)}
            await self.house.create_code(self.lock["device_id"], name=one.name, code=one.pin, **times)
            one.booked_at = await self.house.now()
            self.booked[one.name] = one

    async def held(self) -> set[str]:
        """The names of our codes on the lock."""
        found = await self.house.codes_on_lock(self.lock)
        return {entry["name"].split(" #")[0] for entry in found if " #" in entry["name"]}

    async def at_rest(self) -> None:
        """The lock holds the most urgent, as many as fit, and nobody who has left; and each guest is told."""
        now = await self.house.now()
        living = [one for one in self.booked.values() if one.ends_at > now]
        self.most_active = max(self.most_active, sum(one.is_active(now) for one in living))

        names = {one.name for one in living}

        async def look() -> Told:
            entries = await codes(self.house, self.lock)
            waiting = {code["name"] for code in entries if problem(code, NO_SPACE)}
            confirmed = {code["name"] for code in entries if code["is_scheduled_on_device"]}
            return await self.held(), confirmed, waiting

        def is_right(seen: Told) -> bool:
            on_lock, confirmed, waiting = seen
            return on_lock == confirmed == names - waiting and waiting <= names

        on_lock, _, waiting = await self._when(look, is_right)
        assert len(on_lock) == min(len(living), OURS)
        last = max((max(self.booked[name].starts_at, now) for name in on_lock), default=now)
        assert all(self.booked[name].starts_at >= last > now for name in waiting)
        device = (await self.house.call("/devices/get", device_id=self.lock["device_id"]))["device"]
        assert [w["warning_code"] for w in device["warnings"]] == ([FULL] if len(on_lock) == OURS else [])

    async def _when(
        self,
        look: Callable[[], Awaitable[Told]],
        is_right: Callable[[Told], bool],
    ) -> Told:
        """As `soon`, but it looks only when the engine rests: each look is at hundreds of codes."""
        patience = time.monotonic() + 90
        while True:
            await asyncio.sleep(0.05)
            assert time.monotonic() < patience, "still not right"
            if is_idle(self.house):
                seen = await look()
                if is_right(seen):
                    return seen
                await self.house.advance(1)

    async def opens(self, one: Booking, at: datetime) -> bool:
        fields = {"smartlock_id": self.smartlock_id, "code": one.pin, "at": at.isoformat()}
        return bool((await _at_vendor(self.house, "enter_code", fields))["accepted"])

    async def check_doors(self, until: datetime) -> None:
        """The keypad's answer now, and around every start and end until the next step."""
        now = await self.house.now()
        asks_all = now.hour % 3 == 0
        for one in self.booked.values():
            moments = [now]
            for boundary in (one.starts_at, one.ends_at):
                if now < boundary <= until:
                    moments += [boundary - timedelta(seconds=1), boundary]
            is_in = asks_all and one.is_active(now)
            if len(moments) > 1 or is_in or now - STEP <= one.ends_at <= now:
                for at in moments:
                    assert await self.opens(one, at) == one.is_active(at), f"{one} at {at}"

    async def check_record(self) -> tuple[int, int]:
        """By the vendor's record of its writes; returns their number, and that of codes that made room."""
        writes = await self.house.code_writes()
        for write in writes:
            presence = self.booked[write["name"].split(" #")[0]].presence
            assert write["kind"] in ("create", "delete"), "a code was changed that is as wished"
            if write["kind"] == "create":
                presence.append([parse_instant(write["at"]), None])
            else:
                assert presence[-1][1] is None
                presence[-1][1] = parse_instant(write["at"])
        for one in self.booked.values():
            _check_presence(one)
        return len(writes), sum(len(one.presence) - 1 for one in self.booked.values())


def _check_presence(one: Booking) -> None:
    """On the lock through the whole booking without a break, and off it soon after."""
    assert one.booked_at is not None
    came_at, left_at = one.presence[-1]
    assert came_at is not None
    assert left_at is not None
    assert came_at <= max(one.starts_at, one.booked_at + ON_LOCK_WITHIN), f"{one} came late"
    assert one.ends_at <= left_at <= one.ends_at + OFF_LOCK_WITHIN, f"{one} did not leave at its end"
    assert all(left is not None and left < one.starts_at for _, left in one.presence[:-1])


def _pins(dice: random.Random) -> Iterable[str]:
    known: set[str] = set()
    while True:
        pin = "".join(dice.choice("3456789") for _ in range(6))
        if pin not in known:
            known.add(pin)
            yield pin


def _bookings(midnight: datetime, dice: random.Random) -> tuple[list[Booking], list[Booking]]:
    """Guests of last night and of the next, 20 visitors in each hour of the day; and those who book late."""
    times = [(midnight - 9 * HOUR, midnight + 11 * HOUR)] * 60
    times += [(midnight + 15 * HOUR, midnight + 35 * HOUR)] * 120
    times += [(midnight + hour * HOUR, midnight + (hour + 1) * HOUR) for hour in range(6, 22)] * 20
    pins = iter(_pins(dice))
    everybody = [Booking(f"G{number}", next(pins), *pair) for number, pair in enumerate(times)]
    assert len(everybody) == BOOKINGS
    visitors = [one for one in everybody if one.ends_at - one.starts_at == HOUR]
    late = dice.sample(visitors, 100)
    early = [one for one in everybody if one not in late]
    dice.shuffle(early)
    return early, late


async def _at_vendor(house: TestHouse, verb: str, fields: Wire) -> Wire:
    """Past the sandbox's door, which would wake the engine each time: it has to come by itself."""
    url = f"{PUBLIC_URL}/ostiary/sandbox/{house.workspace.workspace_id}/{house.provider}"
    request = HttpRequest("POST", f"{url}/_simulator/{verb}", body=json.dumps(fields).encode())
    answer = await house.house.vendors.simulated.send(request)
    assert answer.status == 200, answer
    found: Wire = json.loads(answer.body)
    return found


async def _others_fill(house: TestHouse, lock: Wire, count: int) -> None:
    """Codes that were made at the vendor; after a day its record knows of them."""
    smartlock_id = await house.smartlock_id(lock)
    for number in range(count):
        fields: Wire = {"smartlock_id": smartlock_id, "do": "add", "name": f"Staff {number}"}
        await _at_vendor(house, "owner/codes", {**fields, "code": 211111 + number})
    await engine_passes(house, 25 * 3600)


async def test_nobody_stands_before_a_closed_door_on_a_day_of_500_bookings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On SQLite alone: it is the planner's day, and long enough."""
    dice = random.Random(1)
    async with at_home(lambda: open_house(tmp_path)) as (house, lock):
        await _others_fill(house, lock, FOREIGN)
        midnight = (await house.now() + DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        await move_to(house, midnight)
        day = FullDay(house, lock, await house.smartlock_id(lock))
        early, late = _bookings(midnight, dice)
        await day.book(early)
        steps = [*(midnight + number * STEP for number in range(25)), midnight + 35 * HOUR]
        for at, until in zip(steps, [*steps[1:], steps[-1] + HOUR], strict=True):
            await house.advance(max(0.0, (at - await house.now()).total_seconds()))
            await day.book(one for one in late if one.starts_at == until)
            await day.at_rest()
            await day.check_doors(until)
        assert await day.held() == set()
        writes, made_room = await day.check_record()
        assert not await house.event_types(event_type="access_code.delay_in_setting_on_device")
        assert made_room <= BOOKINGS - OURS, "each booking makes at most one other leave"
        assert writes <= 2 * (BOOKINGS + made_room)
        for word in ("set_on_device", "removed_from_device", "deleted"):
            found = await house.event_types(event_type=f"access_code.{word}", limit=2 * BOOKINGS)
            assert len(found) == BOOKINGS + (made_room if word == "removed_from_device" else 0)
    with capsys.disabled():
        print(
            f"\n500 bookings, 190 places, at most {day.most_active} at once: "
            f"{writes} writes, {made_room} of the codes made room"
        )


async def _full_but_for(house: TestHouse, lock: Wire, places: int) -> None:
    """Others have all the places but so many, and the house knows."""
    await _others_fill(house, lock, ROOM - places)
    made = await set_code(house, lock)
    await house.call("/access_codes/delete", access_code_id=made["access_code_id"])
    await house.gone(made["access_code_id"])


async def _device_warnings(house: TestHouse, lock: Wire) -> list[Wire]:
    device = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
    found: list[Wire] = device["warnings"]
    return found


def _lacks_room(code: Wire) -> bool:
    return problem(code, NO_SPACE) is not None


async def test_a_nearer_code_takes_the_place_of_the_farthest_and_gives_it_back(open_: OpenHouse) -> None:
    """What each of them says meanwhile, and that each event is told once."""
    async with at_home(open_) as (house, lock):
        await _full_but_for(house, lock, 2)
        assert await _device_warnings(house, lock) == []
        near = await preloaded_code(house, lock, DAY)
        far = await preloaded_code(house, lock, 2 * DAY)
        [warning] = await _device_warnings(house, lock)
        assert (warning["warning_code"], warning["active_access_code_count"]) == (FULL, ROOM)
        assert warning["max_active_access_code_count"] == ROOM
        nearest = await preloaded_code(house, lock, 2 * HOUR)
        left = await code_soon(house, far["access_code_id"], _lacks_room)
        assert (left["status"], left["is_scheduled_on_device"]) == ("unset", False)
        assert [error["error_code"] for error in left["errors"]] == [NO_SPACE]
        assert left["errors"][0]["is_access_code_error"] is True
        assert mutations(left) == ["creating"]
        before = ["created", "mutations_requested", "scheduled_on_device"]
        assert await told(house, far) == [*before, "removed_from_device", "failed_to_set_on_device"]
        assert [w["warning_code"] for w in await _device_warnings(house, lock)] == [FULL]
        farthest = await house.create_code(lock["device_id"], **await window(house, 60 * HOUR))
        await code_soon(house, farthest["access_code_id"], _lacks_room)
        await house.call("/access_codes/delete", access_code_id=nearest["access_code_id"])
        back = await code_soon(house, far["access_code_id"], lambda code: code["is_scheduled_on_device"])
        assert (back["errors"], mutations(back), back["code"]) == ([], [], far["code"])
        assert (await told(house, far))[5:] == ["scheduled_on_device"]
        assert await told(house, near) == before, "the nearer one was left alone"
        assert _lacks_room(await house.code(farthest["access_code_id"]))
        for code in (near, far, farthest):
            await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
            await house.gone(code["access_code_id"])
        assert await _device_warnings(house, lock) == []
        writes = [write["kind"] for write in await house.code_writes()]
        assert (writes.count("create"), writes.count("delete")) == (6, 6), "one made room"


async def test_spares_make_room_for_guests_and_come_back_after_them(open_: OpenHouse) -> None:
    """Each guest is set in the place of one spare. What is left of the pool can be pulled, and no more."""
    async with at_home(open_) as (house, lock):
        await _full_but_for(house, lock, POOL_SIZE + 1)
        now = await window(house, -HOUR)
        pool, pull = "empty_backup_access_code_pool", "/access_codes/pull_backup_access_code"
        first = await set_code(house, lock, use_backup_access_code_pool=True, **now)

        async def state() -> tuple[set[str], int]:
            device = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
            problems = [*device["errors"], *device["warnings"]]
            on_lock = [entry["name"] for entry in await house.codes_on_lock(lock)]
            count = sum(name.startswith("Backup") for name in on_lock)
            return {each.get("error_code") or each["warning_code"] for each in problems}, count

        await soon(house, state, lambda seen: seen == ({FULL}, POOL_SIZE))
        guests = []
        for left in range(POOL_SIZE - 1, -1, -1):
            guests.append(await set_code(house, lock, **now))
            says = pool if left == 0 else "partial_backup_access_code_pool"
            await soon(house, state, fixed(({FULL, says}, left), lambda right, seen: seen == right))
        await house.refused(pull, 404, "backup_access_code_not_found", access_code_id=first["access_code_id"])
        last = await house.create_code(lock["device_id"], **now)
        await code_soon(house, last["access_code_id"], _lacks_room)
        writes = len(await house.code_writes())
        await engine_passes(house, 7200)
        assert len(await house.code_writes()) == writes, "spares that have no place cost nothing"
        for code in (last, *guests):
            await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
            await house.gone(code["access_code_id"])
        await soon(house, state, lambda seen: seen == ({FULL}, POOL_SIZE))
        pulled = await house.call(pull, access_code_id=first["access_code_id"])
        assert pulled["backup_access_code"]["status"] == "set"


async def test_active_codes_stay_and_the_rest_wait_without_a_call(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, lock):
        await _full_but_for(house, lock, 1)
        first = await set_code(house, lock)
        for wish in ({}, await window(house, -HOUR), await window(house, HOUR)):
            made = await house.create_code(lock["device_id"], **wish)
            waiting = await code_soon(house, made["access_code_id"], _lacks_room)
            assert waiting["status"] == (
                "unset" if wish.get("starts_at", "") > to_wire(await house.now()) else "setting"
            )
        await until_idle(house)
        calls, writes = len(await vendor_requests(house)), len(await house.code_writes())
        await asyncio.sleep(3)
        assert len(await vendor_requests(house)) == calls, "nothing has happened, and the vendor is asked"
        for _ in range(5):
            await engine_passes(house, 600)
        assert len(await house.code_writes()) == writes
        entries = await codes(house, lock)
        assert sorted(map(_lacks_room, entries)) == [False, True, True, True]
        assert (await house.code(first["access_code_id"]))["status"] == "set"
        for code in entries:
            expected = 0 if code["access_code_id"] == first["access_code_id"] else 1
            assert (await told(house, code)).count("failed_to_set_on_device") == expected


async def test_a_code_of_others_that_leaves_makes_room_by_the_next_look(open_: OpenHouse) -> None:
    """Though none of ours was ever on the lock."""
    async with at_home(open_) as (house, lock):
        await _others_fill(house, lock, ROOM)
        code = await house.create_code(lock["device_id"])
        await code_soon(house, code["access_code_id"], _lacks_room)
        smartlock_id = await house.smartlock_id(lock)
        await house.simulator("owner/codes", smartlock_id=smartlock_id, do="delete", code=211111)
        await engine_passes(house, 25 * 3600)
        await code_soon(house, code["access_code_id"], lambda seen: seen["status"] == "set")


async def test_a_door_does_not_wait_for_a_whole_lock_of_codes(open_: OpenHouse) -> None:
    """40 codes are on their way, 0.1 s each, ten between two looks; the door is behind the one under way."""
    route = "/smartlock/{smartlockId}/auth"
    async with at_home(open_) as (house, lock):
        await fault(house, "hang", times=1, seconds=2, match={"method": "GET", "route": route})
        await fault(house, "hang", seconds=0.1, match={"method": "PUT", "route": route})
        for _ in range(40):
            await house.create_code(lock["device_id"])  # all of them while the first look takes its time
        await house.until(lambda: house.code_writes(), lambda writes: len(writes) >= 3)
        attempt = (await house.call("/locks/unlock_door", device_id=lock["device_id"]))["action_attempt"]
        before = len(await house.code_writes())
        assert (await house.attempt(attempt["action_attempt_id"]))["status"] == "success"

        async def statuses() -> set[str]:
            return {code["status"] for code in await codes(house, lock)}

        await house.until(statuses, lambda seen: seen == {"set"}, 30)
        calls = [
            "W" if line["method"] == "PUT" else "D" if line["path"].endswith("/action") else "L"
            for line in await vendor_requests(house)
            if line["path"].endswith(("/auth", "/action"))
        ]
        assert calls[: calls.index("D")].count("W") <= before + 2 < 10
        assert max(map(len, "".join(calls).replace("D", "L").split("L"))) == 10
        assert calls.count("W") == 40


async def test_twenty_codes_that_end_together_leave_within_the_stated_time(open_: OpenHouse) -> None:
    """At the simulator's usual pace, where each removal takes the lock some seconds."""
    async with at_home(open_, OSTIARY_SANDBOX_PACE="1") as (house, lock):
        times = await window(house, -HOUR, 2 * HOUR)
        for _ in range(20):
            await house.create_code(lock["device_id"], **times)

        async def on_lock() -> int:
            return len(await house.codes_on_lock(lock))

        await soon(house, on_lock, lambda count: count == 20, 60)
        ends_at = parse_instant(times["ends_at"])
        await house.advance((ends_at - await house.now()).total_seconds())
        while await on_lock() > 0:
            assert await house.now() < ends_at + OFF_LOCK_WITHIN
            await asyncio.sleep(0.2)
        print(f"gone {(await house.now() - ends_at).total_seconds():.1f} s after their end")
