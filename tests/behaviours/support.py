"""What the named behaviours share: a connected home, moments ahead, and the vendor's side of the story."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from ostiary import store
from ostiary.domain.instants import to_wire
from ostiary.engine import drain
from ostiary.engine.hold import Hold

from ..conftest import OpenHouse
from ..house import Seen, TestHouse

Wire = dict[str, Any]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MOST_NUDGES = 10
TWO_LOCKS = "two@example.com"
OWN_PINS = {
    "name": "Main Site",
    "locks": [{"name": name, "lock_type": "wall_reader_pin"} for name in ("FRONT DOOR", "BACK DOOR")],
    "features": ["custom_pin"],
}
"""A site whose two doors take PINs of 4 to 6 digits, and choose where nobody says one."""
LISTS_OF_DEVICES = {"nuki": "/smartlock", "salto_ks": "/v1.2/sites/[^/]+/locks"}


@asynccontextmanager
async def at_home(open_: OpenHouse, **environment: str) -> AsyncIterator[tuple[TestHouse, Wire]]:
    """A house that is connected to John's home, and his lock with a keypad: the reference's "N"."""
    async with open_(**environment) as house:
        await house.connect()
        yield house, await house.lock_with_keypad()


@asynccontextmanager
async def at_site(
    open_: OpenHouse, *sites: Wire, name: str = "BACK DOOR", **environment: str
) -> AsyncIterator[tuple[TestHouse, Wire]]:
    """
    A house that is connected to Jane's sites, or to those that are described, and the lock of that name: the
    reference's "S".
    """
    async with open_(**environment) as house:
        house.provider = "salto_ks"
        email = None
        if sites:
            email = "sites@example.com"
            await house.simulator("homes", home=email, sites=list(sites))
        await house.connect(email)
        yield house, await named(house, name)


@asynccontextmanager
async def two_locks(open_: OpenHouse) -> AsyncIterator[tuple[TestHouse, Wire, Wire]]:
    """A home with two locks that take codes."""
    async with open_() as house:
        sketches = [{"name": "Front door"}, {"name": "Back door"}]
        await house.simulator("homes", home=TWO_LOCKS, devices=sketches)
        await house.connect(TWO_LOCKS)
        front, back = sorted(await house.devices(), key=lambda device: device["display_name"], reverse=True)
        yield house, front, back


@asynccontextmanager
async def at_both_brands(
    open_: OpenHouse, *sites: Wire, name: str = "BACK DOOR"
) -> AsyncIterator[tuple[TestHouse, Wire, Wire]]:
    """The reference's "N" and a Salto KS door in one workspace; `house.provider` is that of the door."""
    async with at_home(open_) as (house, nuki):
        house.provider = "salto_ks"
        if sites:
            await house.simulator("homes", home="sites@example.com", sites=list(sites))
        await house.connect("sites@example.com" if sites else None)
        yield house, nuki, await named(house, name)


async def named(house: TestHouse, name: str) -> Wire:
    return next(device for device in await house.devices() if device["display_name"] == name)


# --- time ------------------------------------------------------------------------------------------------


async def ahead(house: TestHouse, *spans: timedelta) -> list[datetime]:
    """Whole seconds of the workspace's time, so far from now."""
    now = (await house.now()).replace(microsecond=0)
    return [now + span for span in spans]


async def window(house: TestHouse, starts_in: timedelta, lasts: timedelta = DAY) -> Wire:
    """`starts_at` and `ends_at` for a wish."""
    starts_at, ends_at = await ahead(house, starts_in, starts_in + lasts)
    return {"starts_at": to_wire(starts_at), "ends_at": to_wire(ends_at)}


async def soon(
    house: TestHouse,
    look: Callable[[], Awaitable[Seen]],
    is_right: Callable[[Seen], bool],
    seconds: float = 20,
) -> Seen:
    """
    Look until it is right. A few nudges of the clock, a second each, save the wait for the engine's next
    look; they stay far below every deadline of the product.
    """
    patience = time.monotonic() + seconds
    nudges = 0
    while True:
        seen = await look()
        if is_right(seen):
            return seen
        assert time.monotonic() < patience, f"still not right: {seen}"
        await asyncio.sleep(0.03)
        if nudges < MOST_NUDGES and is_idle(house):
            nudges += 1
            await house.advance(1)


def is_idle(house: TestHouse) -> bool:
    return house.house.dispatcher.stats()["running"] == 0


async def is_at_rest(house: TestHouse) -> bool:
    """Nothing of the engine is under way, and nothing is due that it only has not heard of yet."""
    if not is_idle(house):
        return False
    due = await house.house.database.read(store.connected_accounts.due, 1)
    return not due and is_idle(house)


async def until_idle(house: TestHouse) -> None:
    await house.until(lambda: is_at_rest(house), bool)


@asynccontextmanager
async def engine_kept_away(house: TestHouse, lock: Wire) -> AsyncIterator[Hold]:
    """Inside the block nobody looks at the lock's account, unless with this hold; then the engine goes on."""

    async def take() -> Hold | None:
        return await drain.take(house.house.database, house.house.vendors, lock["connected_account_id"])

    hold = await house.until(take, bool)
    assert hold is not None
    try:
        yield hold
    finally:
        await drain.give_back(house.house.database, hold)


async def engine_passes(house: TestHouse, seconds: float = 0.0) -> None:
    """Move the clock, and return when the engine has looked at the account and has nothing due any more."""
    before = await _last_poll(house)
    await house.advance(seconds)

    async def has_passed() -> bool:
        return await is_at_rest(house) and await _last_poll(house) > before and is_idle(house)

    await house.until(has_passed, bool)


async def _last_poll(house: TestHouse) -> str:
    """When it was. Not how many there were: the simulator remembers the latest requests only."""
    return max((line["at"] for line in await polls(house)), default="")


async def move_to(house: TestHouse, instant: datetime) -> None:
    """Set the clock, and return when the engine has done what is due by then."""
    await engine_passes(house, (instant - await house.now()).total_seconds())


# --- codes -------------------------------------------------------------------------------------------------


async def code_soon(house: TestHouse, access_code_id: str, is_right: Callable[[Wire], bool]) -> Wire:
    found: Wire = await soon(house, lambda: house.code(access_code_id), is_right)
    return found


async def until_set(house: TestHouse, access_code_id: str) -> Wire:
    """`set`, and nothing under way."""
    return await code_soon(
        house, access_code_id, lambda code: code["status"] == "set" and not code["pending_mutations"]
    )


async def set_code(house: TestHouse, lock: Wire, **wish: Any) -> Wire:
    """Create a code and wait until it is `set`."""
    made = await house.create_code(lock["device_id"], **wish)
    return await until_set(house, made["access_code_id"])


async def preloaded_code(house: TestHouse, lock: Wire, starts_in: timedelta = DAY, **wish: Any) -> Wire:
    """Create a code that begins later and wait until the lock has it."""
    made = await house.create_code(lock["device_id"], **await window(house, starts_in), **wish)
    return await code_soon(house, made["access_code_id"], lambda code: code["is_scheduled_on_device"])


async def until_gone(house: TestHouse, access_code_id: str) -> None:
    async def status() -> int:
        answer = await house.request("POST", "/access_codes/get", json={"access_code_id": access_code_id})
        return answer.status_code

    await soon(house, status, lambda status: status == 404)


def ids(*locks: Wire) -> list[str]:
    return [lock["device_id"] for lock in locks]


async def create_multiple(house: TestHouse, *locks: Wire, **wish: Any) -> list[Wire]:
    made = await house.call("/access_codes/create_multiple", device_ids=ids(*locks), **wish)
    assert set(made) == {"access_codes", "ok"}
    found: list[Wire] = made["access_codes"]
    assert [code["device_id"] for code in found] == ids(*locks)
    return found


async def codes(house: TestHouse, lock: Wire) -> list[Wire]:
    found: list[Wire] = (await house.call("/access_codes/list", device_id=lock["device_id"]))["access_codes"]
    return found


def problem(code: Wire, error_code: str) -> Wire | None:
    """The error or warning of that code, if it stands."""
    for entry in (*code["errors"], *code["warnings"]):
        if error_code in (entry.get("error_code"), entry.get("warning_code")):
            found: Wire = entry
            return found
    return None


def mutations(code: Wire) -> list[str]:
    return [mutation["mutation_code"] for mutation in code["pending_mutations"]]


async def told(house: TestHouse, code: Wire) -> list[str]:
    """The types of a code's own events, oldest first, without `access_code.`; not what a door tells of it."""
    types = await house.event_types(access_code_id=code["access_code_id"])
    return [name.removeprefix("access_code.") for name in types if name.startswith("access_code.")]


# --- the vendor's side -----------------------------------------------------------------------------


async def online(house: TestHouse, lock: Wire, is_online: bool) -> None:
    """The lock goes, or comes back; returns when the house has noticed."""
    await house.simulator("device", smartlock_id=await house.smartlock_id(lock), online=is_online)

    async def look() -> bool:
        device = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
        return bool(device["properties"]["online"])

    await soon(house, look, lambda seen: seen is is_online)


async def fault(house: TestHouse, name: str, **how: Any) -> None:
    await house.simulator("faults", fault=name, **how)


async def clear_faults(house: TestHouse) -> None:
    base = f"/ostiary/sandbox/{house.workspace.workspace_id}/{house.provider}/_simulator"
    answer = await house.request("DELETE", f"{base}/faults")
    assert answer.status_code == 200, answer.text


async def vendor_requests(house: TestHouse) -> list[Wire]:
    lines: list[Wire] = (await house.simulated("requests"))["requests"]
    return lines


async def polls(house: TestHouse) -> list[Wire]:
    """Requests for the list of devices."""
    lists = re.compile(LISTS_OF_DEVICES[house.provider])
    return [line for line in await vendor_requests(house) if lists.fullmatch(line["path"])]


async def vendor_writes(house: TestHouse) -> list[Wire]:
    """Every request that could change something at the vendor, refused ones too."""
    return [
        line
        for line in await vendor_requests(house)
        if line["method"] != "GET" and line["path"].startswith(("/smartlock", "/v1"))
    ]


async def kinds_of_writes(house: TestHouse) -> list[str]:
    """`create`, `update` and `delete`, as the vendor accepted them."""
    return [write["kind"] for write in await house.code_writes()]


@asynccontextmanager
async def nothing_changes(house: TestHouse, lock: Wire) -> AsyncIterator[None]:
    """Inside the block nothing is stored, nothing is told and nothing is sent."""

    async def state() -> tuple[list[Wire], list[Wire], list[Wire]]:
        return await codes(house, lock), await house.events(), await vendor_writes(house)

    before = await state()
    yield
    await engine_passes(house)
    assert await state() == before


# --- another tenant ---------------------------------------------------------------------------------


async def neighbour(house: TestHouse) -> TestHouse:
    """A second workspace of the same house, with a key of its own."""
    database = house.house.database
    workspace = await database.write(store.workspaces.create, "neighbour", is_sandbox=True)
    _, token = await database.write(store.workspaces.create_api_key, workspace, "test")
    return TestHouse(house.house, workspace, token.reveal(), house.http)
