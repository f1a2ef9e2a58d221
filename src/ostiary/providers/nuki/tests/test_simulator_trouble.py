"""Every fault by name: it bites as often as it was asked to, and then all is as before."""

import asyncio
import time
from datetime import datetime
from pathlib import Path

import pytest

from ostiary.providers.nuki.simulator import ConnectionDropped
from ostiary.providers.nuki.simulator.faults import FAULTS

from . import test_simulator_faults as others
from . import test_simulator_webhooks as webhooks
from .test_simulator_support import E2, Nuki, run


def test_each_fault_has_a_test() -> None:
    """By its name in this file or its neighbours."""
    files = (__file__, others.__file__, webhooks.__file__)
    text = "".join(Path(str(one)).read_text() for one in files)
    assert [name for name in FAULTS if f'"{name}"' not in text] == []


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("http_403", 403, "stackTrace"),
        ("http_409", 409, "stackTrace"),
        ("http_422", 422, "Unprocessable Entity"),
        ("http_502_html", 502, "<html>"),
    ],
)
@run
async def test_a_refusal_strikes_once_and_changes_nothing(fault: str, status: int, words: str) -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "faults", fault=fault, times=1)
    reply = await nuki.create(lock, "Guest", 384756)
    assert (reply.status, words in reply.text) == (status, True)
    if words == "stackTrace":
        assert reply.json == E2
    nuki.clock.move(10)
    assert await nuki.codes(lock) == {}
    await nuki.created(lock, "Guest", 384756)


@run
async def test_a_request_that_hangs_before_was_never_carried_out() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "faults", fault="hang_before", times=2, seconds=0.2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(nuki.create(lock, "Guest", 384756), 0.05)
    began = time.monotonic()
    with pytest.raises(ConnectionDropped):
        await nuki.create(lock, "Guest", 384756)
    assert time.monotonic() - began >= 0.2
    nuki.clock.move(10)
    assert await nuki.codes(lock) == {}
    await nuki.created(lock, "Guest", 384756)


@run
async def test_offline_strikes_one_device_and_passes() -> None:
    nuki = await Nuki().enter()
    lock, other = await nuki.lock_id(), await nuki.lock_id(keypad=False)
    match = {"method": "PUT", "route": "/smartlock/{id}/auth"}
    await nuki.control("POST", "faults", fault="offline", times=1, seconds=60, match=match)
    assert (await nuki.create(lock, "Guest", 384756)).status == 204
    shown = {one["smartlockId"]: one["serverState"] for one in (await nuki.call("GET", "/smartlock")).json}
    assert shown == {lock: 4, other: 0}
    await nuki.control("POST", "touch", smartlock_id=lock, do="unlock")
    nuki.clock.move(50)
    assert await nuki.codes(lock) == {}
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 1
    nuki.clock.move(11)
    device = (await nuki.call("GET", f"/smartlock/{lock}")).json
    assert (device["serverState"], device["state"]["state"]) == (0, 3)
    assert await nuki.codes(lock) == {}  # what failed does not come back
    await nuki.created(lock, "Guest", 384756)


@run
async def test_offline_without_a_device_in_the_path_strikes_all() -> None:
    nuki = await Nuki().enter()
    await nuki.control("POST", "faults", fault="offline", times=1, seconds=60)
    states = [one["serverState"] for one in (await nuki.call("GET", "/smartlock")).json]
    assert states == [4, 4]
    nuki.clock.move(61)
    assert [one["serverState"] for one in (await nuki.call("GET", "/smartlock")).json] == [0, 0]


@run
async def test_an_update_in_the_last_instant_of_another_is_accepted_and_dropped() -> None:
    """Quirk 19: several 204, and the value before the last one stays."""
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    path = f"/smartlock/{lock}/auth/{guest['id']}"
    await nuki.control("POST", "faults", fault="race", times=1, seconds=0.5)
    assert (await nuki.call("POST", path, {"code": 495867})).status == 204
    assert (await nuki.call("POST", path, {"code": 666666})).status == 423  # too early for the race
    jobs = (await nuki.control("GET", "cloud"))["jobs"]
    ends = datetime.fromisoformat(jobs[0]["run_at"])
    nuki.clock.move((ends - nuki.clock.now).total_seconds() - 0.2)
    assert (await nuki.call("POST", path, {"code": 777777})).status == 204
    nuki.clock.move(10)
    code = (await nuki.codes(lock))["Guest"]
    assert (code["code"], "operationId" in code, "error" in code) == (495867, False, False)
    writes = (await nuki.control("GET", "requests"))["writes"]
    assert [(one["kind"], one["lost"]) for one in writes] == [
        ("create", False),
        ("update", False),
        ("update", True),
    ]
    assert (await nuki.control("GET", "faults"))["faults"] == []
    assert (await nuki.call("POST", path, {"code": 777777})).status == 204
    nuki.clock.move(10)
    assert (await nuki.codes(lock))["Guest"]["code"] == 777777


@run
async def test_a_new_code_may_be_listed_at_once_as_work_under_way() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "faults", fault="listed_at_once", times=2)
    assert (await nuki.create(lock, "Guest", 384756)).status == 204
    guest = (await nuki.codes(lock))["Guest"]
    assert "operationId" in guest
    assert (await nuki.create(lock, "Twin", 384756)).status == 409
    path = f"/smartlock/{lock}/auth/{guest['id']}"
    assert (await nuki.call("DELETE", path)).status == 423
    typed = await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
    assert typed["reason"] == "unknown_code"
    nuki.clock.move(10)
    found = (await nuki.codes(lock))["Guest"]
    assert (found["id"], "operationId" in found) == (guest["id"], False)
    await nuki.control("POST", "device", smartlock_id=lock, online=False)
    await nuki.create(lock, "Other", 495867)
    nuki.clock.move(10)
    other = (await nuki.codes(lock))["Other"]
    assert ("operationId" in other, "(ff)" in other["error"]) == (False, True)
    await nuki.control("POST", "device", smartlock_id=lock, online=True)
    await nuki.control("POST", "sync", smartlock_id=lock)
    assert set(await nuki.codes(lock)) == {"Guest"}
    await nuki.create(lock, "Third", 666666)
    assert set(await nuki.codes(lock)) == {"Guest"}


@pytest.mark.parametrize("cure", ["sync", "rename"])
@run
async def test_a_window_that_only_the_cloud_has_is_mended_by_a_sync_or_another_name(cure: str) -> None:
    """Quirks 6 and 7."""
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    path = f"/smartlock/{lock}/auth/{guest['id']}"
    window = {"allowedFromDate": "2027-01-01T00:00:00.000Z", "allowedWeekDays": 127}
    await nuki.control("POST", "faults", fault="window_lost", times=1)
    assert (await nuki.call("POST", path, {"name": "Guest", **window})).status == 204
    nuki.clock.move(10)
    assert (await nuki.codes(lock))["Guest"]["allowedFromDate"] == window["allowedFromDate"]
    assert (await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756))["accepted"]
    if cure == "sync":
        await nuki.call("POST", f"/smartlock/{lock}/sync")
    else:
        await nuki.call("POST", path, {"name": "Guest 2", **window})
    nuki.clock.move(10)
    typed = await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
    assert typed["reason"] == "not_yet"
    assert [one["allowedFromDate"] for one in (await nuki.codes(lock)).values()] == [
        window["allowedFromDate"]
    ]


@run
async def test_a_new_code_whose_window_is_lost_opens_for_ever_until_the_daily_sync() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.control("POST", "faults", fault="window_lost", times=1)
    window = {"allowedFromDate": "2027-01-01T00:00:00.000Z", "allowedWeekDays": 127}
    await nuki.created(lock, "Guest", 384756, **window)
    assert (await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756))["accepted"]
    nuki.clock.move(25 * 3600)
    typed = await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
    assert typed["reason"] == "not_yet"


@run
async def test_a_line_of_the_log_may_be_without_a_name() -> None:
    """Quirk 29."""
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(lock, "Guest", 384756)
    await nuki.control("POST", "faults", fault="nameless", times=1)
    for _ in range(2):
        await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
        nuki.clock.move(60)
    lines = (await nuki.call("GET", f"/smartlock/{lock}/log?limit=2")).json
    assert [line["name"] for line in lines] == ["Guest", ""]
    assert {line["authId"] for line in lines} == {guest["id"]}
