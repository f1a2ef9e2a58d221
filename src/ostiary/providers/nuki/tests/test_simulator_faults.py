"""Trouble on demand, the request log, the clock, and state that several instances share."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import uvicorn

from ostiary.domain.secrets import Secret
from ostiary.providers.nuki.simulator import (
    ConnectionDropped,
    FileHomes,
    MemoryHomes,
    ShiftableClock,
    Simulator,
)

from .test_simulator_support import CLIENT_ID, CLIENT_SECRET, E2, HOME, Clock, Nuki, request, run

Loop = Literal["uvloop", "asyncio"]


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("http_429", 429, "Too Many"),
        ("http_503", 503, "nginx"),
        ("http_500_html", 500, "<html>"),
        ("http_401", 401, "Invalid Token Error"),
        ("busy", 423, "stackTrace"),
    ],
)
@run
async def test_refusals_strike_as_often_as_asked_and_change_nothing(
    fault: str, status: int, words: str
) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "faults", fault=fault, times=2, seconds=7)
    for _ in range(2):
        reply = await nuki.create(lock, "Guest", 384756)
        assert reply.status == status
        assert words in reply.text
        if fault == "busy":
            assert reply.json == E2
        if fault == "http_429":
            assert reply.headers["retry-after"] == "7"
    assert (await nuki.control("GET", "faults"))["faults"] == []
    nuki.clock.move(10)
    assert await nuki.codes(lock) == {}
    assert (await nuki.create(lock, "Guest", 384756)).status == 204


@run
async def test_a_fault_strikes_only_what_it_matches_until_it_is_taken_back() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    match = {"method": "PUT", "route": "/smartlock/{id}/auth"}
    await nuki.control("POST", "faults", fault="http_503", match=match)
    for _ in range(3):
        assert (await nuki.create(lock, "Guest", 384756)).status == 503
        assert (await nuki.call("GET", f"/smartlock/{lock}/auth")).status == 200
        assert (await nuki.call("PUT", f"/smartlock/{lock}/sync")).status in (204, 423)
    await nuki.control("DELETE", "faults")
    assert (await nuki.create(lock, "Guest", 384756)).status == 204
    await nuki.control("POST", "faults", fault="http_503", match={"route": f"/smartlock/{lock}*"})
    assert (await nuki.call("GET", f"/smartlock/{lock}/auth")).status == 503
    assert (await nuki.call("GET", "/smartlock")).status == 200


@run
async def test_chance_is_repeatable() -> None:
    async def statuses() -> list[int]:
        nuki = await Nuki().enter()
        await nuki.control("POST", "faults", fault="http_503", probability=0.5)
        return [(await nuki.call("GET", "/smartlock")).status for _ in range(40)]

    first = await statuses()
    assert first == await statuses()
    assert 5 < first.count(503) < 35


@pytest.mark.parametrize(("fault", "carried_out"), [("drop_answer_before", False), ("drop_answer", True)])
@run
async def test_a_dropped_answer_raises_in_process(fault: str, carried_out: bool) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "faults", fault=fault, times=1)
    with pytest.raises(ConnectionDropped):
        await nuki.create(lock, "Guest", 384756)
    nuki.clock.move(10)
    assert ("Guest" in await nuki.codes(lock)) is carried_out
    log = await nuki.control("GET", "requests")
    line = next(one for one in log["requests"] if one["method"] == "PUT")
    assert (line["status"], line["fault"]) == (None, fault)
    assert len(log["writes"]) == carried_out
    assert log["counts"]["PUT /smartlock/{smartlockId}/auth"] == {"received": 1, "accepted": int(carried_out)}


@run
async def test_a_dropped_refresh_spends_the_token() -> None:
    nuki = await Nuki().enter()
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    link = f"/oauth/authorize?response_type=code&client_id={CLIENT_ID}&scope=smartlock"
    link += "&redirect_uri=https://app.example.org/back"
    page = await nuki.form(link, email=HOME, password="1234")
    ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
    location = (await nuki.form(link, ticket=ticket, decision="allow")).headers["location"]
    code = location.partition("code=")[2].partition("&")[0]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://app.example.org/back"}
    await nuki.control("POST", "faults", fault="http_503", times=1)  # not for this path
    tokens = (await nuki.form("/oauth/token", **form, **grant)).json
    await nuki.control("DELETE", "faults")
    await nuki.control("POST", "faults", fault="drop_answer", times=1, match={"route": "/oauth/token"})
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **form}
    with pytest.raises(ConnectionDropped):
        await nuki.form("/oauth/token", **refresh)
    assert (await nuki.form("/oauth/token", **refresh)).json["error"] == "invalid_grant"


@run
async def test_a_rejected_login_kills_every_token() -> None:
    nuki = await Nuki().enter()
    await nuki.control("POST", "faults", fault="login_rejected")
    assert (await nuki.call("GET", "/smartlock")).status == 401
    assert (await nuki.control("GET", "faults"))["faults"] == []
    await nuki.enter()
    assert (await nuki.call("GET", "/smartlock")).status == 200


@run
async def test_a_lost_job_is_accepted_and_never_happens() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "faults", fault="lost", times=2)
    assert (await nuki.create(lock, "Guest", 123456)).status == 400  # does not use it up
    assert (await nuki.create(lock, "Guest", 384756)).status == 204
    assert (await nuki.call("POST", f"/smartlock/{lock}/action/unlock")).status == 204
    nuki.clock.move(3600)
    assert await nuki.codes(lock) == {}
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 1
    assert [one["lost"] for one in (await nuki.control("GET", "requests"))["writes"]] == [True]
    guest = await nuki.created(lock, "Guest", 384756)
    await nuki.control("POST", "faults", fault="lost", times=1)
    path = f"/smartlock/{lock}/auth/{guest['id']}"
    assert (await nuki.call("DELETE", path)).status == 204
    assert "operationId" not in (await nuki.codes(lock))["Guest"]


@run
async def test_a_late_job_works_at_the_door_before_it_is_listed() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "faults", fault="late", times=1, seconds=120)
    assert (await nuki.create(lock, "Guest", 384756)).status == 204
    nuki.clock.move(100)
    assert await nuki.codes(lock) == {}
    assert (await nuki.create(lock, "Other", 384756)).status == 409
    assert (await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756))["accepted"]
    await nuki.call("POST", f"/smartlock/{lock}/sync")
    nuki.clock.move(10)
    assert await nuki.codes(lock) == {}
    nuki.clock.move(20)
    guest = (await nuki.codes(lock))["Guest"]
    assert guest["lockCount"] == 1
    await nuki.control("POST", "faults", fault="late", times=1, seconds=120)
    assert (await nuki.call("DELETE", f"/smartlock/{lock}/auth/{guest['id']}")).status == 204
    nuki.clock.move(100)
    assert "operationId" in (await nuki.codes(lock))["Guest"]
    assert (await nuki.control("GET", "truth"))["devices"][0]["codes"] == []
    nuki.clock.move(30)
    assert await nuki.codes(lock) == {}


@run
async def test_a_hanging_request_is_carried_out_first() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "faults", fault="hang", times=2, seconds=0.2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(nuki.create(lock, "Guest", 384756), 0.05)
    began = time.monotonic()
    assert (await nuki.create(lock, "Guest", 384756)).status == 409
    assert time.monotonic() - began >= 0.2


@run
async def test_the_request_log_holds_reads_and_writes_but_no_pins() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    for _ in range(2):
        nuki.clock.move(0.1)
        await nuki.create(lock, "Guest", 384756)
    log = await nuki.control("GET", "requests")
    assert [(one["method"], one["status"]) for one in log["requests"]] == [
        ("GET", 200),
        ("PUT", 204),
        ("PUT", 409),
    ]
    assert log["counts"] == {"PUT /smartlock/{smartlockId}/auth": {"received": 2, "accepted": 1}}
    assert [(one["kind"], one["name"], one["smartlock_id"]) for one in log["writes"]] == [
        ("create", "Guest", lock)
    ]
    assert "384756" not in json.dumps(log)
    for _ in range(600):
        await nuki.call("GET", "/smartlock")
        await nuki.create(lock, "Guest", 384756)
    assert len((await nuki.control("GET", "requests"))["requests"]) <= 1000


@run
async def test_the_control_plane_explains_mistakes() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    reply = await request(nuki.app, "GET", "/_simulator/truth")  # only one home: may be left out
    assert reply.json["home"] == HOME
    await nuki.control("POST", "homes", home="bob@example.com")
    for method, path, fields, status, words in (
        ("GET", "truth", {}, 400, "Say which"),
        ("GET", "truth", {"home": "eve@example.com"}, 404, "eve@example.com"),
        ("POST", "faults", {"home": HOME, "fault": "flood"}, 400, "drop_answer_before"),
        ("POST", "device", {"home": HOME, "smartlock_id": 1}, 404, "no device 1"),
        ("POST", "device", {"home": HOME, "smartlock_id": lock, "onlin": True}, 400, "onlin"),
        ("POST", "homes", {"home": HOME}, 409, "exists"),
        ("POST", "homes", {"home": "x@y.z"}, 400, "example.com"),
        ("POST", "homes", {"home": "c@example.com", "devices": [{"name": "A", "type": 9}]}, 400, "type 9"),
        (
            "POST",
            "homes",
            {"home": "c@example.com", "devices": [{"name": "A", "time_zone": "UTC"}]},
            400,
            "UTC",
        ),
        ("POST", "clock", {"offset_seconds": 5}, 409, "somebody else"),
        ("GET", "nothing", {"home": HOME}, 404, "nothing"),
    ):
        reply = await request(nuki.app, method, f"/_simulator/{path}", body=json.dumps(fields).encode())
        assert reply.status == status, path
        assert words in reply.json["error"]
    homes = (await request(nuki.app, "GET", "/_simulator/homes")).json["homes"]
    assert [one["home"] for one in homes] == [HOME, "bob@example.com"]


@run
async def test_a_clock_of_its_own_can_be_moved() -> None:
    clock = ShiftableClock()
    app = Simulator(
        MemoryHomes(), clock, url="http://x", client_id=CLIENT_ID, client_secret=Secret(CLIENT_SECRET)
    )

    async def put(**fields: object) -> Any:
        reply = await request(app, "POST", "/_simulator/clock", body=json.dumps(fields).encode())
        assert reply.status == 200
        return reply.json

    assert (await put(frozen_at="2030-01-01T00:00:00Z"))["now"] == "2030-01-01T00:00:00.000Z"
    assert clock() == datetime(2030, 1, 1, tzinfo=UTC)
    assert (await put(offset_seconds=3600))["frozen_at"] is None
    assert 3590 < (clock() - datetime.now(UTC)).total_seconds() < 3610


# --- sharing state --------------------------------------------------------------------------------------


class SlowHomes(MemoryHomes):
    """Lets others in between load and save, as a database would."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = 0

    async def load(self, home: str) -> tuple[bytes | None, int]:
        found = await super().load(home)
        await asyncio.sleep(0)
        return found

    async def save(self, home: str, state: bytes, version: int) -> bool:
        await asyncio.sleep(0)
        is_saved = await super().save(home, state, version)
        self.refused += not is_saved
        return is_saved


@run
async def test_two_instances_lose_nothing_to_each_other() -> None:
    homes, clock = SlowHomes(), Clock()
    one, two = Nuki(homes=homes, clock=clock), Nuki(homes=homes, clock=clock)
    await one.enter()
    two.token = one.token
    lock = await one.lock_id()
    replies = await asyncio.gather(
        *((one, two)[n % 2].create(lock, f"Guest {n}", 333331 + n) for n in range(9)),
        *((one, two)[n % 2].create(lock, f"Twin {n}", 444444) for n in range(4)),
    )
    assert homes.refused > 0
    assert sorted(reply.status for reply in replies) == [204] * 10 + [409] * 3
    clock.move(10)
    codes = await two.codes(lock)
    assert len(codes) == 10
    assert codes == await one.codes(lock)
    assert len({one["id"] for one in codes.values()}) == 10
    assert len((await one.control("GET", "requests"))["writes"]) == 10


@run
async def test_a_file_survives_a_restart_and_half_a_line(tmp_path: Path) -> None:
    path, clock = tmp_path / "nuki.state", Clock()
    nuki = await Nuki(homes=FileHomes(path), clock=clock).enter()
    lock = await nuki.lock_id()
    await nuki.create(lock, "Guest", 384756)
    assert path.stat().st_mode & 0o077 == 0
    with path.open("ab") as file:
        file.write(b'{"home":"ann@exa')
    again = Nuki(homes=FileHomes(path), clock=clock)
    again.token = nuki.token
    clock.move(10)
    assert "Guest" in await again.codes(lock)
    await again.created(lock, "Other", 495867)
    assert set(await nuki.codes(lock)) == {"Guest", "Other"}  # the first life sees what the second wrote
    assert await FileHomes(path).homes() == [HOME]


@run
async def test_a_file_is_written_anew_before_it_grows_without_end(tmp_path: Path) -> None:
    path = tmp_path / "nuki.state"
    writer, reader = FileHomes(path), FileHomes(path)
    largest = 0
    for version in range(60):
        assert await writer.save(HOME, b"x" * 50_000 + str(version).encode(), version)
        assert not await reader.save(HOME, b"late", version)
        if version % 7 == 0:
            assert (await reader.load(HOME))[1] == version + 1
        largest = max(largest, path.stat().st_size)
    assert 1_000_000 < largest < 2_000_000
    assert path.stat().st_size < largest
    state, version = await reader.load(HOME)
    assert (version, state and state[-2:]) == (60, b"59")


# --- over a socket --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _served(app: Simulator, loop: Loop) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, log_level="warning", loop=loop, http="httptools" if loop == "uvloop" else "h11"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_over_a_socket_a_dropped_answer_is_a_broken_connection(
    loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    app = Simulator(
        MemoryHomes(),
        ShiftableClock(),
        url="http://x",
        client_id=CLIENT_ID,
        client_secret=Secret(CLIENT_SECRET),
    )
    with _served(app, loop) as url, httpx.Client(base_url=url) as client:
        home = client.post("/_simulator/homes", json={"home": HOME, "pace": 0}).json()
        client.headers["Authorization"] = f"Bearer {home['api_token']}"
        path = f"/smartlock/{home['devices'][0]['smartlock_id']}/auth"
        for name, code, fault in (("Gone", 384756, "drop_answer_before"), ("Done", 495867, "drop_answer")):
            client.post("/_simulator/faults", json={"fault": fault, "times": 1, "match": {"method": "PUT"}})
            with pytest.raises(httpx.RemoteProtocolError, match="without sending"):
                client.put(path, json={"name": name, "type": 13, "code": code})
        listed = client.get(path, params={"types": "13"})
        assert [one["name"] for one in listed.json()] == ["Done"]
        done = client.delete(f"{path}/{listed.json()[0]['id']}")
        assert (done.status_code, done.content) == (204, b"")
        assert client.get(path, params={"types": "13"}).json() == []
        assert client.get("/").status_code == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
