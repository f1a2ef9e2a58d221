"""
`kill -9` while thousands of events are delivered to receivers that fail, hang and die.

Two installations side by side, one on SQLite and one on PostgreSQL. Two webhooks each: one whose receiver
does all that receivers do wrong, and one whose receiver is always there. Every event has to arrive at both;
what arrives twice is counted, and has to be the same.
"""

import asyncio
import os
import random
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from svix.webhooks import Webhook as Verifier

from ostiary.engine.deliver import BATCH

from .. import databases, processes
from ..processes import Running
from ..receivers import Parcel, Receiver, Reply

SEED = int(os.environ.get("OSTIARY_TEST_SEED", "20261121"))
EVENTS = {"sqlite": 2000, "postgres": 500}
KILLS = {"sqlite": 20, "postgres": 3}
"""A dead server's lease on PostgreSQL lasts 30 s."""
pytestmark = pytest.mark.timeout(600)
PATIENCE = 200.0


@dataclass
class Evidence:
    """What was seen, for the tests to judge."""

    kills: int = 0
    deaths: int = 0
    replies: Counter[str] = field(default_factory=Counter)
    parcels: list[Parcel] = field(default_factory=list)
    accepted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    events: list[dict[str, Any]] = field(default_factory=list)
    deliveries: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    log: str = ""

    def at(self, path: str) -> list[Parcel]:
        return [parcel for parcel in self.parcels if parcel.path == path]

    def repeated(self, path: str) -> int:
        """Beyond what a receiver had itself refused."""
        counted = Counter(parcel.event_id for parcel in self.at(path))
        return sum(count - 1 for count in counted.values())


class Story:
    """One installation, from its first event until every delivery is settled."""

    def __init__(self, folder: Path, kind: str, **env: str) -> None:
        self.folder = folder
        self.env = {"OSTIARY_RATE_LIMITS": "off", **env}
        self.events, self.kills = EVENTS[kind], KILLS[kind]
        self.chance = random.Random(SEED + len(kind))
        self.receiver = Receiver()
        self.receiver.behaviour = self._reply
        self.is_wild = True
        self.found = Evidence()
        self.http = httpx.AsyncClient(timeout=20)
        self.server: Running | None = None
        self.key = self.device_id = ""
        self._listener: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    # --- the receiver ----------------------------------------------------------------------------

    def _reply(self, parcel: Parcel) -> Reply:
        fate = self.chance.random() if self.is_wild and parcel.path == "/moody" else 1.0
        for name, share, reply in (
            ("hangs", 0.01, Reply(200, after=60)),
            ("fails", 0.09, Reply(self.chance.choice([400, 404, 500, 503, 301]))),
            ("cuts", 0.05, Reply(None)),
            ("babbles", 0.02, Reply(raw=b"SMTP ready\r\n\r\n")),
        ):
            if fate < share:
                self.found.replies[name] += 1
                return reply
            fate -= share
        self.found.replies["accepts"] += 1
        self.found.accepted[parcel.path].add(parcel.event_id)
        return Reply(200)

    async def _live(self) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.add(writer)
            try:
                await self.receiver._serve(reader, writer)
            finally:
                self._writers.discard(writer)
                writer.close()

        self._listener = await asyncio.start_server(serve, "127.0.0.1", self.receiver.port)
        self.receiver.port = self._listener.sockets[0].getsockname()[1]

    async def _die(self) -> None:
        assert self._listener is not None
        self._listener.close()
        for writer in list(self._writers):
            writer.transport.abort()

    # --- the story ----------------------------------------------------------------------------------

    async def play(self) -> Evidence:
        await self._live()
        try:
            await self._start()
            self.key = await asyncio.to_thread(processes.api_key, self.folder, **self.env)
            await self._prepare()
            living = asyncio.create_task(self._deaths())
            await asyncio.gather(self._cause_events(), self._kill_again_and_again())
            await self._be_wild_enough()
            living.cancel()
            self.is_wild = False
            await self._settle()
            await self._look()
        finally:
            if self.server is not None:
                await asyncio.to_thread(self.server.stop)
            await self._die()
            await self.http.aclose()
        self.found.parcels = self.receiver.parcels
        self.found.log = (self.folder / "serve.log").read_text()
        return self.found

    async def _start(self) -> None:
        self.server = await asyncio.to_thread(processes.start_server, self.folder, **self.env)

    async def _call(self, path: str, **body: Any) -> dict[str, Any]:
        """Asked until it is answered: the server may be dead."""
        until = time.monotonic() + PATIENCE
        while True:
            assert self.server is not None
            try:
                answer = await self.http.post(
                    f"{self.server.url}{path}", json=body, headers={"authorization": f"Bearer {self.key}"}
                )
                assert answer.status_code == 200, f"{path}: {answer.text}"
                whole: dict[str, Any] = answer.json()
                return whole
            except httpx.HTTPError:
                assert time.monotonic() < until
                await asyncio.sleep(0.1)

    async def _prepare(self) -> None:
        assert self.server is not None
        devices = await asyncio.to_thread(processes.connect, self.server.url, self.key, brand="nuki")
        self.device_id = devices[0]["device_id"]
        for path in ("/moody", "/steady"):
            webhook = (await self._call("/webhooks/create", url=self.receiver.url(path)))["webhook"]
            self.found.secrets[path] = webhook["secret"]
            self.found.deliveries[path] = [webhook]

    async def _cause_events(self) -> None:
        """Names are changed, several at a time; one whose answer is lost may have been heard or not."""
        numbers = iter(range(self.events))

        async def rename() -> None:
            for number in numbers:
                await self._call("/devices/update", device_id=self.device_id, name=f"Door {number}")

        await asyncio.gather(*(rename() for _ in range(4)))

    async def _kill_again_and_again(self) -> None:
        while self.found.kills < self.kills:
            await asyncio.sleep(self.chance.uniform(0.1, 1.2))
            assert self.server is not None
            await asyncio.to_thread(self.server.kill)
            self.found.kills += 1
            await self._start()

    async def _deaths(self) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(1.0, 4.0))
            await self._die()
            self.found.deaths += 1
            await asyncio.sleep(self.chance.uniform(0.1, 1.0))
            await self._live()

    async def _be_wild_enough(self) -> None:
        """After the last kill the leases of the dead may have to end before anything is delivered."""
        until = time.monotonic() + PATIENCE
        while sum(self.found.replies[name] for name in ("fails", "cuts", "babbles")) < 10:
            assert time.monotonic() < until, self.found.replies
            await asyncio.sleep(0.2)

    async def _settle(self) -> None:
        """The receivers are well again; the days of the schedule go by."""
        if self._listener is None or not self._listener.is_serving():
            await self._live()
        until = time.monotonic() + PATIENCE
        while True:
            states = [
                (await self._call("/ostiary/webhooks/get", webhook_id=found[0]["webhook_id"]))["webhook"]
                for found in self.found.deliveries.values()
            ]
            if all(state["pending_count"] == 0 for state in states):
                return
            assert time.monotonic() < until, states
            await asyncio.sleep(0.5)
            await self._call("/ostiary/clock/update", advance_seconds=3600)

    async def _look(self) -> None:
        asked = {"since": "2020-01-01T00:00:00Z", "limit": 100_000}
        self.found.events = list(reversed((await self._call("/events/list", **asked))["events"]))
        for path, [webhook] in self.found.deliveries.items():
            asked = {"webhook_id": webhook["webhook_id"], "limit": 100_000}
            found = await self._call("/ostiary/webhooks/deliveries/list", **asked)
            self.found.deliveries[path] = list(reversed(found["deliveries"]))


@pytest.fixture(scope="module")
def empty_postgres(postgres_server: str) -> Iterator[str]:
    with databases.postgres_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def played(empty_postgres: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Both stories, each to its end or to what broke it."""
    folder: Path = tmp_path_factory.mktemp("kill-nine-webhooks")
    asyncio.run(databases.migrate(empty_postgres))
    stories = {
        "sqlite": Story(folder / "sqlite", "sqlite"),
        "postgres": Story(folder / "postgres", "postgres", OSTIARY_DATABASE_URL=empty_postgres),
    }

    async def play() -> list[Any]:
        return await asyncio.gather(*(story.play() for story in stories.values()), return_exceptions=True)

    return dict(zip(stories, asyncio.run(play()), strict=True))


@pytest.fixture(params=list(EVENTS))
def evidence(request: pytest.FixtureRequest, played: dict[str, Any]) -> Evidence:
    print(f"OSTIARY_TEST_SEED={SEED}")
    found = played[request.param]
    if isinstance(found, BaseException):
        raise found
    assert isinstance(found, Evidence)
    print(
        f"{len(found.events)} events, {found.kills} kills, {found.deaths} deaths of the receiver, replies "
        f"{dict(found.replies)}; repeated at the steady one {found.repeated('/steady')}, at the moody one "
        f"{found.repeated('/moody')}"
    )
    return found


def test_it_was_as_bad_as_planned(evidence: Evidence) -> None:
    assert evidence.kills >= min(KILLS.values())
    assert evidence.deaths > 0
    assert sum(count for name, count in evidence.replies.items() if name != "accepts") >= 10
    assert len(evidence.events) >= min(EVENTS.values())
    assert "Traceback" not in evidence.log, evidence.log[-3000:]


def test_every_event_was_accepted_by_both(evidence: Evidence) -> None:
    known = [delivery["event_id"] for delivery in evidence.deliveries["/steady"]]
    renamed = {event["event_id"] for event in evidence.events if event["event_type"] == "device.name_changed"}
    assert renamed <= set(known) <= {event["event_id"] for event in evidence.events}
    assert len(set(known)) == len(known)
    for path in ("/moody", "/steady"):
        assert set(known) - evidence.accepted[path] == set()
        assert {delivery["status"] for delivery in evidence.deliveries[path]} == {"succeeded"}
        assert [delivery["event_id"] for delivery in evidence.deliveries[path]] == known


def test_nothing_arrived_that_did_not_happen(evidence: Evidence) -> None:
    stored = {event["event_id"]: event for event in evidence.events}
    for parcel in evidence.parcels:
        assert stored[parcel.event_id] == parcel.event


def test_what_came_again_was_the_same_and_is_known_by_its_id(evidence: Evidence) -> None:
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for parcel in evidence.parcels:
        assert parcel.headers["svix-id"] == f"msg_{parcel.event_id}"
        bodies[parcel.headers["svix-id"]].add(parcel.body)
    assert {len(found) for found in bodies.values()} == {1}


def test_few_came_again_where_all_was_accepted(evidence: Evidence) -> None:
    """Only what was under way, or not settled yet, when the server died or the connection was cut."""
    assert evidence.repeated("/steady") <= evidence.kills * BATCH + evidence.deaths


def test_every_signature_is_right(evidence: Evidence) -> None:
    verifiers = {path: Verifier(secret) for path, secret in evidence.secrets.items()}
    now = time.time()
    for parcel in evidence.parcels:
        if now - int(parcel.headers["svix-timestamp"]) < 290:  # verifiers refuse what is older
            verifiers[parcel.path].verify(parcel.body, parcel.headers)


def test_the_steady_one_heard_of_everything_in_order(evidence: Evidence) -> None:
    """But for what it missed while it was dead; a kill can take the note that it did along."""
    deliveries = evidence.deliveries["/steady"]
    late = {
        delivery["event_id"]
        for delivery in deliveries
        if any(attempt["problem"] for attempt in delivery["attempts"])
    }
    order = {delivery["event_id"]: number for number, delivery in enumerate(deliveries)}
    arrived = dict.fromkeys(parcel.event_id for parcel in evidence.at("/steady"))
    places = [order[event_id] for event_id in arrived if event_id not in late]
    assert len(places) > len(deliveries) / 2
    assert len(places) - longest_rise(places) <= evidence.kills


def longest_rise(numbers: list[int]) -> int:
    """How many are left when as few as possible are taken out, so that the others rise."""
    ends: list[int] = []
    for number in numbers:
        at = bisect_left(ends, number)
        ends[at : at + 1] = [number]
    return len(ends)
