"""
One installation that is killed again and again while its guests and porters go about their business.

Nothing here judges: `play` brings back the evidence, and `test_kill_nine.py` reads it.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from .. import processes
from ..processes import Running
from .guests import KINDS, Api, Guest, Kind, Porter
from .passage import PLACES, Passage, Trap, Write

PACE = 0.1
"""Of the simulated vendor: a write reaches the lock after 0.2 to 0.6 s, a door moves for 0.1 to 0.4 s."""

PATIENCE = 140.0
"""A write that was on its way when its server died is waited out for 75 s, then the lock is read anew."""


@dataclass(frozen=True)
class Trade:
    """
    What differs from brand to brand.

    Attributes:
        home: What is asked of the simulator for each account.
        doors: Where porters are, in the first home; in words, and what the vendor calls each.
        env: More settings. There are no budgets: a day's work is done in minutes.
        locks_by_itself: Its doors are locked whenever nobody has just opened one.
    """

    brand: str
    home: dict[str, Any]
    doors: tuple[str, ...]
    vendor_id: Callable[[dict[str, Any]], str]
    has_own_pins: bool = True
    kinds: tuple[Kind, ...] = KINDS
    special: tuple[Kind, ...] = ("expiring", "starting")
    env: Mapping[str, str] = field(default_factory=dict)
    locks_by_itself: bool = False


NUKI = Trade(
    "nuki",
    {
        "devices": [
            {"name": "Front door"},
            {"name": "Garden door", "keypad": False, "subscription": None},
            {"name": "Cellar door", "keypad": False, "subscription": None},
        ],
        "pace": PACE,
    },
    ("Garden door", "Cellar door"),
    lambda device: str(device["properties"]["nuki_metadata"]["device_id"]),
    env={"OSTIARY_NUKI_REQUESTS_PER_MINUTE": "0"},
)
SALTO_KS = Trade(
    "salto_ks",
    {
        "sites": [
            {
                "name": "Main Site",
                "seats": 200,
                "locks": [
                    {"name": "Front door"},
                    {"name": "Garden door", "lock_type": "escutcheon"},
                    {"name": "Cellar door", "lock_type": "escutcheon"},
                ],
            }
        ],
        "pace": PACE / 2,
        "requests_per_second": 0,
    },
    ("Garden door", "Cellar door"),
    lambda device: str(device["properties"]["salto_ks_metadata"]["lock_id"]),
    has_own_pins=False,
    locks_by_itself=True,
    special=("ongoing", "now"),
    env={"OSTIARY_SALTO_KS_PACE": str(PACE / 2), "OSTIARY_SALTO_KS_REQUESTS_PER_MINUTE": "0"},
)


@dataclass
class Plan:
    """
    Attributes:
        rounds: How often the server is killed.
        homes: Accounts at the vendor; the guests are spread over them.
        stranding_until: After this round no kill is aimed at a write before the vendor has it, as each of
            those takes 75 s to be waited out.
        at_once: How many guests are busy at a time.
        pause: The longest that they take between two wishes, in seconds.
        countdown: At most so many writes pass before the one that is trapped.
        life: Seconds after which a round ends in which nothing ran into its trap.
        has_late_door: At the end, a door is asked for, the server dies, and comes back after the deadline.
    """

    seed: int
    rounds: int
    guests: int
    homes: int
    stranding_until: int
    at_once: int = 3
    pause: float = 1.0
    countdown: int = 3
    life: float = 1.2
    has_late_door: bool = False
    trade: Trade = NUKI


@dataclass
class Evidence:
    """What was seen, for the tests to judge."""

    plan: Plan
    guests: list[Guest] = field(default_factory=list)
    porters: list[Porter] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=dict)
    truth: list[dict[str, Any]] = field(default_factory=list)
    clouds: list[dict[str, Any]] = field(default_factory=list)
    vendor_writes: list[dict[str, Any]] = field(default_factory=list)
    vendor_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    listed: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    api_writes: int = 0
    api_lost: int = 0
    log: str = ""
    unsettled: list[str] = field(default_factory=list)

    def told(self) -> str:
        """For the terminal."""
        fates = Counter(write.place for write in self.writes if write.place)
        starts = sorted(self.starts)
        return (
            f"seed {self.plan.seed}: {sum(self.kills.values())} kills {self.kills}; "
            f"{self.api_writes} writes to the API, {self.api_lost} of them lost; "
            f"{len(self.writes)} writes sent to the vendor, {len(self.vendor_writes)} accepted; "
            f"trapped {dict(fates)}; {sum(len(p.asked) for p in self.porters)} doors asked for; "
            f"{len(self.events)} events; start {starts[len(starts) // 2]:.2f} s in the middle; "
            + ", ".join(f"{name} {value:.1f} s" for name, value in self.seconds.items())
        )


class Story:
    def __init__(self, folder: Path, plan: Plan, **env: str) -> None:
        self.folder = folder
        self.plan = plan
        self.chance = random.Random(plan.seed)
        self.evidence = Evidence(plan)
        self.env = {"OSTIARY_RATE_LIMITS": "off", **plan.trade.env, **env}
        self.trade = plan.trade
        self.server: Running | None = None
        self.dead = asyncio.Event()

    async def play(self) -> Evidence:
        began = time.monotonic()
        async with contextlib.AsyncExitStack() as stack:
            simulator = await self._in_thread(processes.start, self.folder / "vendor", "simulate",
                                              self.trade.brand, "--port", "0")  # fmt: skip
            stack.callback(simulator.stop)
            self.vendor = simulator
            self.passage = Passage(simulator.url, self._strike)
            relay = await self.passage.open()
            stack.push_async_callback(self.passage.close, relay)
            stack.callback(self._end_server)
            self.env.update(processes.pointed_at(simulator, self.passage.url, self.trade.brand))
            await self._move_in()
            stack.push_async_callback(self.api.close)
            self._mark("moved in", began)
            await self._live_and_die()
            self._mark("rounds over", began)
            await self._converge()
            self._mark("converged", began)
            await self._collect()
        self._mark("all", began)
        return self.evidence

    def _mark(self, name: str, began: float) -> None:
        self.evidence.seconds[name] = time.monotonic() - began

    async def _in_thread(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(work, *args, **kwargs)

    # --- the beginning -----------------------------------------------------------------------------------

    async def _move_in(self) -> None:
        if "OSTIARY_DATABASE_URL" in self.env:
            await self._in_thread(processes.data, self.folder, "migrate", **self.env)
        await self._in_thread(
            processes.data, self.folder, "workspaces", "create", "--name", "house", "--production", **self.env
        )
        self.api = Api(await self._in_thread(processes.api_key, self.folder, "house", **self.env))
        await self._start()
        async with httpx.AsyncClient() as http:
            for number in range(self.plan.homes):
                home = {"home": f"home{number}@example.com", **self.trade.home}
                made = await http.post(f"{self.vendor.url}/_simulator/homes", json=home)
                assert made.status_code == 201, made.text
        for number in range(self.plan.homes):
            devices = await self._in_thread(
                processes.connect,
                self.api.url,
                self.api.key,
                f"home{number}@example.com",
                accepted_providers=[self.trade.brand],
            )
            self._people(number, {device["properties"]["name"]: device for device in devices})

    def _people(self, home: int, devices: dict[str, Any]) -> None:
        special, kinds = self.trade.special, self.trade.kinds
        for number in range(home, self.plan.guests, self.plan.homes):
            kind = special[number // 10 % 2] if number % 10 == 9 else kinds[number % len(kinds)]
            chance = random.Random(f"{self.plan.seed}/{number}")
            guest = Guest(self.api, number, devices["Front door"]["device_id"], chance, kind)
            guest.has_own_pin = self.trade.has_own_pins
            self.evidence.guests.append(guest)
        for name in self.trade.doors if home == 0 else ():
            porter = Porter(self.api, devices[name]["device_id"], self.trade.vendor_id(devices[name]))
            self.evidence.porters.append(porter)

    # --- life and death ----------------------------------------------------------------------------------

    async def _start(self) -> None:
        began = time.monotonic()
        self.dead.clear()
        self.server = await self._in_thread(processes.start_server, self.folder, **self.env)
        self.evidence.starts.append(time.monotonic() - began)
        self.api.url = self.server.url
        self.api.up.set()

    def _strike(self) -> None:
        """`kill -9`, at this very line."""
        if self.server is not None and not self.dead.is_set():
            self.api.up.clear()
            self.server.process.kill()
            self.dead.set()

    async def _bury(self) -> None:
        assert self.server is not None
        await self._in_thread(self.server.kill)
        self.server = None

    def _end_server(self) -> None:
        if self.server is not None:
            self.server.stop()

    async def _live_and_die(self) -> None:
        self.rounds_left = self.plan.rounds
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lives())
            for porter in self.evidence.porters:
                group.create_task(porter.work(self._is_over, self._pause))
            for number in range(self.plan.rounds):
                await self._until_killed(number)
                self.rounds_left -= 1
                await self._bury()
                await asyncio.sleep(self.chance.uniform(0, 0.1))
                await self._start()
            self.passage.trap = None
            self.api.before_write = lambda: None

    def _is_over(self) -> bool:
        return self.rounds_left <= 0

    async def _pause(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.2, self.plan.pause))

    async def _lives(self) -> None:
        """A few guests at a time, so that there are some in every round."""
        room = asyncio.Semaphore(self.plan.at_once)

        async def live(guest: Guest) -> None:
            async with room:
                await guest.live(self._pause)
                await self._pause()

        await asyncio.gather(*(live(guest) for guest in self.evidence.guests))

    async def _until_killed(self, number: int) -> None:
        """Set this round's trap; where nothing runs into it, death comes at a random moment."""
        why = self.chance.choice(["random", "asking", *PLACES, "after", "around"])
        if number >= self.plan.stranding_until and why in ("before", "on_the_road"):
            why = "after"
        delay = self.chance.uniform(0.5, 3.0) if why == "on_the_road" else self.chance.uniform(0, 0.006)
        life = self.chance.uniform(0.15, 1.0) if why == "random" else self.plan.life
        countdown = self.chance.randint(1, self.plan.countdown)
        wants_door = why in ("after", "around", "on_the_road") and self.chance.random() < 0.3
        self.passage.is_watched = lambda write: write.is_action == wants_door
        self.passage.trap = None
        self.api.before_write = lambda: None
        for place in PLACES:
            if place == why:
                self.passage.trap = Trap(place, countdown, delay)
        if why == "asking":
            self.api.before_write = self._struck_while_asking(countdown, delay)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(life):
                await self.dead.wait()
        why = why if self.dead.is_set() else "random"
        self.evidence.kills[why] = self.evidence.kills.get(why, 0) + 1
        self._strike()

    def _struck_while_asking(self, countdown: int, delay: float) -> Callable[[], None]:
        """The server dies while it answers a write of the API: before, in or after its commit."""
        left = countdown

        def about_to_ask() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                asyncio.get_running_loop().call_later(delay, self._strike)

        return about_to_ask

    # --- the end -----------------------------------------------------------------------------------------

    async def _converge(self) -> None:
        """Until the house says of every wish that it is fulfilled. What is not by then is evidence."""
        if self.plan.has_late_door:
            await self._come_too_late()
        patience = time.monotonic() + PATIENCE
        while True:
            self.evidence.unsettled = await self._unsettled()
            if not self.evidence.unsettled or time.monotonic() > patience:
                return
            await asyncio.sleep(0.5)

    async def _come_too_late(self) -> None:
        """Two locked doors are asked for; the server dies before the vendor hears of it, for 31 s."""
        one, other = self.evidence.porters[:2]
        await asyncio.gather(one.leave_locked(), other.leave_locked())
        self.passage.is_watched = lambda write: write.is_action
        self.passage.trap = Trap("before", 1, 0)
        asked = [await one.ask("unlock_door")]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.dead.wait()
        self._strike()
        await self._bury()
        await self._start()
        asked.append(await other.ask("unlock_door"))
        self._strike()
        await self._bury()
        await asyncio.sleep(31)
        await self._start()
        await asyncio.gather(one.settled(asked[0]), other.settled(asked[1]))

    async def _unsettled(self) -> list[str]:
        found: list[str] = []
        codes = await self._all_codes()
        for guest in self.evidence.guests:
            code = codes.get(guest.access_code_id or "")
            if guest.is_deleted and code is not None:
                found.append(f"{guest.number} is still there: {code}")
            elif not guest.is_deleted and (code is None or code["pending_mutations"] or code["errors"]):
                found.append(f"{guest.number} is not as wished: {code}")
        attempts = (await self.api.found("/action_attempts/list"))["action_attempts"]
        # Unmanaged codes are in no list of ours: an open attempt to remove one keeps the story going.
        found.extend(f"pending: {attempt}" for attempt in attempts if attempt["status"] == "pending")
        return found

    async def _all_codes(self) -> dict[str, dict[str, Any]]:
        codes: dict[str, dict[str, Any]] = {}
        for device_id in {guest.device_id for guest in self.evidence.guests}:
            listed = await self.api.found("/access_codes/list", device_id=device_id)
            codes.update({code["access_code_id"]: code for code in listed["access_codes"]})
        return codes

    async def _collect(self) -> None:
        evidence = self.evidence
        evidence.listed = list((await self._all_codes()).values())
        evidence.attempts = (await self.api.found("/action_attempts/list"))["action_attempts"]
        while True:
            asked = {"since": "2000-01-01T00:00:00Z", "limit": 500, "unstable_offset": len(evidence.events)}
            page = (await self.api.found("/events/list", **asked))["events"]
            evidence.events.extend(page)
            if len(page) < 500:
                break
        evidence.events.reverse()
        async with httpx.AsyncClient(base_url=self.vendor.url) as http:
            for number in range(self.plan.homes):
                home = {"home": f"home{number}@example.com"}
                truth = (await http.get("/_simulator/truth", params=home)).json()
                evidence.truth.extend(truth["devices"])
                evidence.clouds.append((await http.get("/_simulator/cloud", params=home)).json())
                requests = (await http.get("/_simulator/requests", params=home)).json()
                evidence.vendor_writes.extend(requests["writes"])
                for name, count in requests["counts"].items():
                    sums = evidence.vendor_counts.setdefault(name, {"received": 0, "accepted": 0})
                    for word in sums:
                        sums[word] += count[word]
        evidence.writes = self.passage.writes
        evidence.api_writes, evidence.api_lost = self.api.writes, self.api.lost
        assert self.server is not None
        evidence.log = self.server.log.read_text()
