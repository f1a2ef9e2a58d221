"""The event stream: every event once, in order, to whom it belongs, at a bounded cost."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal

import httpx

from ostiary import store
from ostiary.domain.events import EventType, event, own_event
from ostiary.domain.instants import to_wire
from ostiary.domain.workspaces import Workspace
from ostiary.store.opening import open_database
from ostiary.store.tx import Database, Tx
from ostiary.wire.stream import BEGINNING, PATH, Pace, Streams

from ..store.opened import KEY, Clock, add_workspace, opened
from ..streams import Block, listening

QUICK = Pace(heartbeat=0.3, look=0.2, gather=0.001, stalled=5, page=7)
OWN: Final = "ostiary.webhook.test"
Kind = EventType | Literal["ostiary.webhook.test"]


async def emit(
    tx: Tx, /, workspace: Workspace, count: int, event_type: Kind = "device.added", **more: Any
) -> None:
    tx.enter(workspace)
    for _ in range(count):
        if event_type == OWN:
            tx.emit(own_event(event_type, workspace.workspace_id, tx.now, **more))
        else:
            tx.emit(event(event_type, workspace.workspace_id, tx.now, **more))


async def everything(tx: Tx, workspace_id: str) -> list[str]:
    return [each.event_id for _, each in await store.events.after(tx, workspace_id, 0, 100_000)]


async def with_key(tx: Tx, name: str) -> tuple[Workspace, str]:
    workspace = await add_workspace(tx, name)
    _, key = await store.workspaces.create_api_key(tx, workspace, name)
    return workspace, key.reveal()


@dataclass
class Place:
    """A database, a workspace in it with a key, and the streams of one process."""

    url: str
    database: Database
    streams: Streams
    workspace: Workspace
    key: str
    clock: Clock

    async def emit(self, count: int, event_type: Kind = "device.added", **more: Any) -> None:
        await self.database.write(emit, self.workspace, count, event_type, **more)

    async def everything(self) -> list[str]:
        return await self.database.read(everything, self.workspace.workspace_id)

    def listen(self, **query: Any) -> Any:
        return listening(self.streams, self.key, **query)

    async def asked(self, method: str = "GET", key: str = "", **kwargs: Any) -> httpx.Response:
        """An answer that is no stream."""
        transport = httpx.ASGITransport(app=self.streams)
        async with httpx.AsyncClient(transport=transport, base_url="http://house.test", timeout=5) as http:
            headers = {"authorization": f"Bearer {key or self.key}", **kwargs.pop("headers", {})}
            async with asyncio.timeout(5):  # a stream would have no end
                return await http.request(method, PATH, headers=headers, **kwargs)


@asynccontextmanager
async def a_place(url: str, pace: Pace = QUICK, at_most: int = 100) -> AsyncIterator[Place]:
    clock = Clock()
    async with opened(url, clock=clock) as database:
        workspace, key = await database.write(with_key, "house")
        yield Place(url, database, Streams(database, pace=pace, at_most=at_most), workspace, key, clock)


def ids(blocks: list[Block]) -> list[str]:
    return [block.body["event_id"] for block in blocks]


# --- every event, once, in order -------------------------------------------------------------------------


async def test_an_event_is_told_as_it_is_and_at_once(database_url: str) -> None:
    async with a_place(database_url) as place, place.listen() as client:
        assert (await client.begun()).id == BEGINNING
        assert client.headers["content-type"].startswith("text/event-stream")
        assert client.headers["cache-control"].startswith("no-store")
        assert len(client.headers["seam-request-id"]) == 36
        await place.emit(1, device_id="d", customer_key="two\nlines")
        told = await client.event(2)
        assert told.body == {
            "event_id": told.id,
            "event_type": "device.added",
            "workspace_id": place.workspace.workspace_id,
            "created_at": to_wire(place.clock.now),
            "occurred_at": to_wire(place.clock.now),
            "device_id": "d",
            "customer_key": "two\nlines",
        }
        assert told.event == "device.added"
        assert told.data is not None
        assert '": ' not in told.data  # the bytes that webhooks deliver


WRITERS, ROUNDS, EACH = 12, 8, 8


@asynccontextmanager
async def many_writers(place: Place) -> AsyncIterator[list[asyncio.Task[None]]]:
    """At work from two processes where there may be two; each transaction has several events."""
    async with AsyncExitStack() as stack:
        databases = [place.database]
        if not place.url.startswith("sqlite"):
            databases.append(await open_database(place.url, [KEY], place.clock))
            stack.push_async_callback(databases[1].close)

        async def write(at: int) -> None:
            for _ in range(ROUNDS):
                await databases[at % len(databases)].write(emit, place.workspace, EACH)
                await asyncio.sleep(random.random() * 0.01)

        tasks = [asyncio.create_task(write(at)) for at in range(WRITERS)]
        try:
            yield tasks
        finally:
            await asyncio.gather(*tasks)


async def test_nothing_is_missed_while_many_write_at_the_same_time(database_url: str) -> None:
    """Who sees a position has missed none below, though transactions end in another order than they begin."""
    async with a_place(database_url) as place, place.listen() as early:
        await early.begun()
        async with many_writers(place) as tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            async with place.listen() as late:
                since = (await late.begun()).id
                await asyncio.gather(*tasks)
                right = await place.everything()
                assert len(right) == WRITERS * ROUNDS * EACH
                assert ids(await early.events(len(right))) == right
                await early.silent()
                rest = right[right.index(str(since)) + 1 :]
                assert rest
                assert ids(await late.events(len(rest))) == rest


async def test_after_each_event_comes_exactly_the_rest(database_url: str) -> None:
    async with a_place(database_url) as place:
        for _ in range(4):
            await place.emit(5)
        right = await place.everything()
        for at, event_id in enumerate([BEGINNING, *right]):
            by: dict[str, Any]
            by = {"headers": {"last-event-id": event_id}} if at % 2 else {"last_event_id": event_id}
            async with place.listen(**by) as client:
                assert (await client.begun()).id == event_id
                assert ids(await client.events(len(right) - at)) == right[at:]
                await client.silent(0.03)
        by = {"headers": {"last-event-id": right[17]}, "last_event_id": right[3]}
        async with place.listen(**by) as client:  # a client that comes back has the first id in its address
            assert ids(await client.events(2)) == right[18:]


async def test_a_connection_that_breaks_again_and_again_loses_and_repeats_nothing(database_url: str) -> None:
    async with a_place(database_url) as place:
        seen: list[str] = []
        last: str | None = None
        breaks = 0
        async with many_writers(place):
            while len(seen) < WRITERS * ROUNDS * EACH:
                more = {} if last is None else {"headers": {"last-event-id": last}}
                async with place.listen(**more) as client:
                    last = (await client.begun()).id
                    assert last is not None
                    for block in await client.events(
                        min(random.randrange(1, 40), WRITERS * ROUNDS * EACH - len(seen))
                    ):
                        last = str(block.id)
                        seen.append(block.body["event_id"])
                breaks += 1
        assert seen == await place.everything()
        assert breaks > 5
        assert len(place.streams) == 0


async def test_a_wake_that_is_lost_is_made_good(database_url: str) -> None:
    """Another process's, say: SQLite tells nobody outside of one."""
    async with a_place(database_url) as place, place.listen() as client:
        await client.begun()
        other = await open_database(place.url, [KEY], place.clock)
        try:
            await other.write(emit, place.workspace, 3)
        finally:
            await other.close()
        assert ids(await client.events(3, 3)) == await place.everything()


# --- whose, and which --------------------------------------------------------------------------------------


async def test_a_workspace_hears_its_own_events_only(database_url: str) -> None:
    async with a_place(database_url) as place:
        theirs, their_key = await place.database.write(with_key, "theirs")
        token = (await place.database.write(store.workspaces.create_personal_token, "mine"))[1].reveal()
        async with (
            place.listen() as mine,
            listening(place.streams, their_key) as their_client,
            listening(place.streams, token, headers={"seam-workspace": theirs.workspace_id}) as with_token,
        ):
            for client in (mine, their_client, with_token):
                await client.begun()
            await place.emit(3)
            await place.database.write(emit, theirs, 2)
            assert ids(await mine.events(3)) == await place.everything()
            right = await place.database.read(everything, theirs.workspace_id)
            assert ids(await their_client.events(2)) == ids(await with_token.events(2)) == right
            for client in (mine, their_client, with_token):
                await client.silent(0.1)
        [first, *_] = await place.everything()
        refused = await place.asked(key=their_key, headers={"last-event-id": first})
        assert (refused.status_code, refused.json()["error"]["type"]) == (404, "event_not_found")


async def test_event_types(database_url: str) -> None:
    async with (
        a_place(database_url) as place,
        place.listen() as everything_,
        place.listen(event_types=["device.removed", OWN]) as some,
        place.listen(event_types=["*"]) as of_the_wire,
    ):
        for client in (everything_, some, of_the_wire):
            await client.begun()
        emitted: list[Kind] = ["device.added", OWN, "device.removed", "device.added"]
        for kind in emitted:
            await place.emit(1, kind)
        kinds = {
            client: [block.event for block in await client.events(count)]
            for client, count in ((everything_, 4), (some, 2), (of_the_wire, 3))
        }
        assert kinds[everything_] == ["device.added", OWN, "device.removed", "device.added"]
        assert kinds[some] == [OWN, "device.removed"]
        assert kinds[of_the_wire] == ["device.added", "device.removed", "device.added"]


async def test_since(database_url: str) -> None:
    """By the workspace's time, strictly after, as /events/list has it; also an instant to come."""
    async with a_place(database_url) as place:
        began = place.clock.now
        for _ in range(3):
            await place.emit(2)
            place.clock.move(60)
        right = await place.everything()
        for after, rest in ((-1, right), (0, right[2:]), (60, right[4:]), (120, []), (500, [])):
            since = to_wire(began + timedelta(seconds=after))
            async with place.listen(since=since) as client:
                assert (await client.begun()).id in {BEGINNING, *right}
                assert ids(await client.events(len(rest))) == rest, after
                await client.silent(0.03)
        async with place.listen(since=to_wire(began + timedelta(hours=1))) as client:
            await client.begun()
            await place.emit(1)
            await client.silent(0.1)
            place.clock.move(3600)
            await place.emit(1)
            assert ids([await client.event()]) == (await place.everything())[-1:]


async def test_pins_are_in_events_that_carry_them_and_nowhere_else(database_url: str, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    async with a_place(database_url) as place, place.listen() as client:
        await client.begun()
        await place.emit(1, "access_code.created", access_code_id="c")
        await place.emit(1, "access_code.set_on_device", access_code_id="c", secret_fields={"code": "498882"})
        without, carrying = await client.events(2)
        assert "code" not in without.body
        assert carrying.body["code"] == "498882"
        heard = [await client.block() for _ in range(2)]
        assert "498882" not in f"{heard} {client.headers}"
    assert "498882" not in caplog.text


async def test_refusals_are_in_the_wires_form(database_url: str) -> None:
    async with a_place(database_url) as place:
        await place.emit(1)

        async def refused(status: int, kind: str, **kwargs: Any) -> dict[str, Any]:
            answer = await place.asked(**kwargs)
            error: dict[str, Any] = answer.json()["error"]
            assert (answer.status_code, error["type"]) == (status, kind)
            assert error["request_id"] == answer.headers["seam-request-id"]
            assert answer.headers["access-control-allow-origin"] == "*"
            return error

        await refused(401, "unauthorized", key="seam_nobodys_key")
        publishable = (
            await place.database.write(store.workspaces.create_publishable_key, place.workspace, "page")
        )[1]
        await refused(401, "unauthorized", key=publishable.reveal())
        await refused(401, "unauthorized", key="seam_cst1_of_one_user")
        await refused(401, "unauthorized", params={"api_key": place.key}, headers={"authorization": ""})
        await refused(405, "method_not_allowed", method="POST", json={})
        error = await refused(
            400, "invalid_event_types", params={"event_types": ["device.added", "device.x"]}
        )
        assert error["data"] == {"invalid_event_types": ["device.x"]}
        await refused(400, "invalid_input", params={"since": "yesterday"})
        await refused(400, "invalid_input", headers={"last-event-id": "7"})
        await refused(404, "event_not_found", headers={"last-event-id": BEGINNING[:-1] + "1"})
        assert len(place.streams) == 0


async def test_browsers_may_resume(database_url: str) -> None:
    async with a_place(database_url) as place:
        answer = await place.asked("OPTIONS", headers={"origin": "https://desk.example.com"})
        assert answer.status_code == 200
        allowed = {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}
        assert {"authorization", "last-event-id", "seam-workspace"} <= allowed
        async with place.listen(headers={"origin": "https://desk.example.com"}) as client:
            await client.begun()
            assert client.headers["access-control-allow-origin"] == "https://desk.example.com"


# --- beginning, staying, ending ----------------------------------------------------------------------------


async def test_a_heartbeat_says_how_far_the_stream_has_come(database_url: str) -> None:
    """Who asks for rare types only would else come back with an id that is long gone."""
    async with a_place(database_url) as place, place.listen(event_types=["device.removed"]) as client:
        await client.begun()
        first = await client.block(2)
        assert (first.comments, first.id, first.data) == (["still here"], None, None)
        await place.emit(9)
        blocks = [await client.block(2) for _ in range(3)]
        assert all(block.comments == ["still here"] for block in blocks)
        assert [block.id for block in blocks if block.id] == (await place.everything())[-1:]


async def test_a_key_that_is_revoked_hears_nothing_more(database_url: str) -> None:
    """An idle stream ends with its next look, and no event goes out in between."""
    async with a_place(database_url) as place:
        slowly = Streams(place.database, pace=replace(QUICK, look=60, heartbeat=60))
        async with place.listen() as idle, listening(slowly, place.key) as busy:
            for client in (idle, busy):
                await client.begun()
            assert await place.database.write(store.workspaces.revoke_api_key, place.key.rpartition("_")[0])
            assert "API Key not found" in await idle.ended(2)
            assert idle.is_complete
            assert len(place.streams) == 0
            await place.emit(1)
            assert "event:" not in await busy.ended(2)


async def test_a_workspace_has_so_many_streams(database_url: str) -> None:
    async with a_place(database_url, at_most=3) as place:
        _, other_key = await place.database.write(with_key, "theirs")
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(place.listen()) for _ in range(3)]
            for client in clients:
                await client.begun()
            refused = await place.asked()
            assert (refused.status_code, refused.json()["error"]["type"]) == (429, "too_many_streams")
            assert int(refused.headers["retry-after"]) > 0
            async with listening(place.streams, other_key) as client:
                await client.begun()
            clients[0].leave()
            await clients[0].ended()
            async with place.listen() as client:
                await client.begun()


class Counting:
    """A database that counts what is read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reads = 0

    def on_wake(self, listener: Callable[[set[str]], None]) -> None:
        self._database.on_wake(listener)

    async def read(self, *args: Any, **kwargs: Any) -> Any:
        self.reads += 1
        return await self._database.read(*args, **kwargs)


async def test_a_client_that_does_not_read_costs_one_page_and_delays_nobody(database_url: str) -> None:
    async with a_place(database_url) as place:
        counting: Any = Counting(place.database)
        place.streams = Streams(counting, pace=replace(QUICK, stalled=1.5))
        async with place.listen() as slow, place.listen() as quick:
            for client in (slow, quick):
                await client.begun()
            slow.room = asyncio.Semaphore(1)
            before = counting.reads
            for _ in range(20):
                await place.emit(50)
            right = await place.everything()
            assert ids(await quick.events(1000, 5)) == right
            looks_of_the_quick = 1000 / QUICK.page
            assert counting.reads - before < 2 * looks_of_the_quick + 20
            reads = counting.reads
            quick.leave()
            await quick.ended()
            await asyncio.sleep(0.3)
            assert counting.reads <= reads + 1, "who does not read is not read for"
            held = await slow.events(1)
            await slow.ended(3)
            assert not slow.is_complete
            assert ids(held) == right[:1]
        async with place.listen(last_event_id=str(held[0].id)) as again:
            assert ids(await again.events(999)) == right[1:]


async def test_streams_end_with_the_server(database_url: str) -> None:
    async with a_place(database_url) as place, place.listen() as client, place.listen() as stuck:
        for each in (client, stuck):
            await each.begun()
        stuck.room = asyncio.Semaphore(0)
        await place.emit(1)
        await client.event()
        place.streams.stop()
        await client.ended(1)
        assert client.is_complete
        await stuck.ended(2)
        async with place.listen() as late:
            await late.ended(1)
            assert (late.status, late.is_complete) == (200, True)


async def test_two_processes_hear_each_other_at_once(postgres_server: str, postgres_template: str) -> None:
    from ..databases import postgres_database

    with postgres_database(postgres_server, template=postgres_template) as url:
        async with a_place(url, Pace(look=60)) as place, place.listen() as client:
            await client.begun()
            other = await open_database(url, [KEY], place.clock)
            try:
                await asyncio.sleep(0.3)  # both listen
                await other.write(emit, place.workspace, 2)
                assert ids(await client.events(2, 2)) == await place.everything()
            finally:
                await other.close()
