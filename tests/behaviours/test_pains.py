"""What users suffer from elsewhere (`pains.md`), each by its number, and what happens here instead."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from ostiary import store
from ostiary.domain.instants import parse_instant, to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    MINUTE,
    Wire,
    ahead,
    at_home,
    clear_faults,
    code_soon,
    codes,
    engine_passes,
    fault,
    kinds_of_writes,
    online,
    preloaded_code,
    problem,
    set_code,
    soon,
    told,
    until_gone,
    until_set,
    vendor_writes,
    window,
)

UPDATE, DELETE, CREATE = "/access_codes/update", "/access_codes/delete", "/access_codes/create"


async def _patience(house: TestHouse) -> None:
    """The last write is found lost, the lock is read anew, the longest pause between two tries ends."""
    for seconds in (70, 20, 620, 20):
        await engine_passes(house, seconds)


async def test_pain_01_accepted_and_forgotten_is_never_set(open_: OpenHouse) -> None:
    """The vendor says 204 and does nothing: never `set`, sent again, and told well before the start."""
    async with at_home(open_) as (house, lock):
        await fault(house, "lost", match={"method": "PUT"})
        code = await house.create_code(lock["device_id"], code="498882", **await window(house, DAY))
        seen: set[tuple[str, bool]] = set()
        for _ in range(12):
            await engine_passes(house, 120)
            found = await house.code(code["access_code_id"])
            seen.add((found["status"], found["is_scheduled_on_device"]))
        assert seen == {("unset", False)}
        writes = await house.code_writes()
        assert len(writes) >= 2
        assert all(write["lost"] for write in writes)
        assert problem(found, "failed_to_set_on_device") is not None
        types = await told(house, code)
        assert types.count("failed_to_set_on_device") == 1
        assert not {"set_on_device", "scheduled_on_device"} & set(types)
        [event] = await house.events(event_type="access_code.failed_to_set_on_device")
        assert parse_instant(event["occurred_at"]) < parse_instant(code["starts_at"]) - 20 * HOUR
        await clear_faults(house)
        await _patience(house)
        healed = await code_soon(house, code["access_code_id"], lambda code: code["is_scheduled_on_device"])
        assert healed["errors"] == []
        assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [498882]


async def test_pain_03_one_changed_field_leaves_every_other_alone(open_: OpenHouse) -> None:
    """Name, PIN, start or end changed alone: the vendor's code keeps all that was not asked for."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882", name="Ann", **await window(house, -HOUR))
        starts_at, ends_at = map(to_wire, await ahead(house, -2 * HOUR, 3 * DAY))
        for name, value, changed in (
            ("name", "Bea", {"name"}),
            ("code", "776655", {"code"}),
            ("starts_at", starts_at, {"allowedFromDate"}),
            ("ends_at", ends_at, {"allowedUntilDate"}),
        ):
            [before] = await house.codes_on_lock(lock)
            await house.call(UPDATE, access_code_id=code["access_code_id"], **{name: value})
            await until_set(house, code["access_code_id"])
            [after] = await house.codes_on_lock(lock)
            differs = {key for key in {**before, **after} if before.get(key) != after.get(key)}
            assert differs - {"updateDate"} == changed
            assert after["allowedWeekDays"] == 127  # without it the vendor does not enforce the dates


async def test_pain_04_a_removal_is_done_when_the_lock_shows_it(open_: OpenHouse) -> None:
    """The vendor says 204 and keeps the code: `removing` until a look misses it, and its PIN stays taken."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await fault(house, "lost", match={"method": "DELETE"})
        await house.call(DELETE, access_code_id=code["access_code_id"])
        for _ in range(6):
            await engine_passes(house, 60)
            assert (await house.code(code["access_code_id"]))["status"] == "removing"
            await house.refused(
                CREATE, 409, "duplicate_access_code", device_id=lock["device_id"], code="498882"
            )
        leaving = await house.code(code["access_code_id"])
        assert problem(leaving, "failed_to_remove_from_device") is not None
        assert (await told(house, code)).count("failed_to_remove_from_device") == 1
        assert len(await house.codes_on_lock(lock)) == 1
        await clear_faults(house)
        await _patience(house)
        await until_gone(house, code["access_code_id"])
        assert await house.codes_on_lock(lock) == []
        assert (await told(house, code))[-2:] == ["removed_from_device", "deleted"]
        await set_code(house, lock, code="498882")


async def test_pain_14_long_names_are_cut_and_stay_apart(open_: OpenHouse) -> None:
    """The same overlong name twice, and one of wide letters: legal and different there, whole here."""
    async with at_home(open_) as (house, lock):
        names = ["Family Featherstonehaugh, Flat 12"] * 2 + [
            "Żółć " * 12,
            "👩‍👩‍👧‍👦 Weber-Gutenberg GmbH & Co",
            "",
        ]
        made = [await set_code(house, lock, name=name) for name in names]
        assert [code["name"] for code in made] == names
        shown = [code["appearance"]["name"] for code in made]
        assert len(set(shown)) == len(names)
        assert all(0 < len(name.encode()) <= 20 for name in shown)
        assert sorted(entry["name"] for entry in await house.codes_on_lock(lock)) == sorted(shown)
        assert shown[0].startswith("Family Feat")
        await house.call(UPDATE, access_code_id=made[0]["access_code_id"], code="498882")
        again = await until_set(house, made[0]["access_code_id"])
        assert (again["name"], again["appearance"]["name"]) == (names[0], shown[0])


async def test_pain_18_a_pin_opens_in_its_time_and_not_a_second_before(open_: OpenHouse) -> None:
    """Preloaded, the keypad still refuses it until `starts_at`, and from `ends_at` on; second by second."""
    async with at_home(open_) as (house, lock):
        code = await preloaded_code(house, lock, HOUR, code="498882")
        starts_at, ends_at = parse_instant(code["starts_at"]), parse_instant(code["ends_at"])
        seconds = [MINUTE / 60 * second for second in range(-4, 4)]
        assert not await house.type_code(lock, "498882")
        for edge, is_open_before in ((starts_at, False), (ends_at, True)):
            opens = {span: await house.type_code(lock, "498882", edge + span) for span in seconds}
            assert opens == {
                span: is_open_before if span < seconds[4] else not is_open_before for span in seconds
            }
        for span in (MINUTE, 30 * MINUTE):
            assert not await house.type_code(lock, "498882", starts_at - span)


async def test_pain_20_thirty_changes_of_an_offline_lock_converge_with_few_writes(open_: OpenHouse) -> None:
    """Ten hours offline: on return only the difference is written, once each, and nobody has to ask."""
    async with at_home(open_) as (house, lock):
        kept, renamed, deleted = [
            await set_code(house, lock, code=pin, name="Ann") for pin in ("498882", "776655", "665544")
        ]
        await online(house, lock, False)
        before = len(await vendor_writes(house))
        for number in range(10):
            which = renamed["access_code_id"]
            await house.call(UPDATE, access_code_id=which, name=f"Bea {number}", code=f"77665{number or 9}")
        for number in range(5):
            await house.call(UPDATE, access_code_id=kept["access_code_id"], name=f"Cleo {number}")
        await house.call(UPDATE, access_code_id=kept["access_code_id"], name="Ann")
        await house.call(DELETE, access_code_id=deleted["access_code_id"])
        passing = [await house.create_code(lock["device_id"]) for _ in range(5)]
        for code in passing:
            await house.call(DELETE, access_code_id=code["access_code_id"])
        new = [await house.create_code(lock["device_id"], code=pin) for pin in ("554433", "443322", "665577")]
        for _ in range(10):
            await engine_passes(house, HOUR.total_seconds())
        assert len(await vendor_writes(house)) == before
        await online(house, lock, True)
        for code in (kept, renamed, *new):
            await until_set(house, code["access_code_id"])
        await until_gone(house, deleted["access_code_id"])
        pins = [498882, 776659, 554433, 443322, 665577]
        assert sorted(entry["code"] for entry in await house.codes_on_lock(lock)) == sorted(pins)
        assert len(await codes(house, lock)) == 5
        await engine_passes(house, HOUR.total_seconds())
        writes = (await kinds_of_writes(house))[3:]
        assert sorted(writes) == ["create", "create", "create", "delete", "update"]
        assert len(await vendor_writes(house)) == before + 5


async def test_pain_25_a_lock_as_wished_is_not_written_to(open_: OpenHouse) -> None:
    """Passes with nothing to do send nothing, and tell only of what somebody else did."""
    async with at_home(open_) as (house, lock):
        await set_code(house, lock, name="Ann")
        await set_code(house, lock, **await window(house, -HOUR, 9 * DAY))
        await set_code(house, lock, prefer_native_scheduling=False, **await window(house, -HOUR, 9 * DAY))
        await preloaded_code(house, lock, 2 * DAY)
        await house.simulator(
            "owner/codes", smartlock_id=await house.smartlock_id(lock), do="add", name="Mum", code=332211
        )
        before = await vendor_writes(house)
        events = len(await house.events())
        for seconds in (0, 1, 60, 600, 3600, 25 * 3600):
            await engine_passes(house, seconds)
        assert await vendor_writes(house) == before
        assert (await house.event_types())[events:] == ["access_code.unmanaged.created"]


# --- 29: no PIN and no token where it has no business ------------------------------------------------------


async def _eventful(house: TestHouse) -> tuple[Wire, list[str]]:
    """A life with every kind of trouble; the lock, and all that must not be found anywhere."""
    await house.connect()
    lock = await house.lock_with_keypad()
    which = {"device_id": lock["device_id"]}
    pins = ["498882", "776655", "665544", "554433", "887766"]
    ann = await set_code(house, lock, code=pins[0], name="Ann")
    bob = await set_code(house, lock, code=pins[1], name="Bob", **await window(house, -HOUR, HOUR * 5))
    for trouble in ("lost", "drop_answer", "http_500_html", "late"):
        await fault(house, trouble, times=1, match={"method": "POST"})
        await house.call(UPDATE, access_code_id=ann["access_code_id"], code=pins[2], name=f"{trouble} Tom")
        await engine_passes(house, 120)
        await house.call(UPDATE, access_code_id=ann["access_code_id"], code=pins[0])
        await engine_passes(house, 120)
    await clear_faults(house)
    await _patience(house)
    await until_set(house, ann["access_code_id"])
    smartlock_id = await house.smartlock_id(lock)
    await house.simulator("owner/codes", smartlock_id=smartlock_id, do="add", name="Mom", code=int(pins[3]))
    await house.create_code(lock["device_id"], code=pins[3], name="Moth")
    await engine_passes(house, 60)
    await house.call("/action_attempts/list", **which)
    asked = await house.call("/locks/unlock_door", **which)
    await house.attempt(asked["action_attempt"]["action_attempt_id"])
    await house.call(DELETE, access_code_id=bob["access_code_id"])
    await until_gone(house, bob["access_code_id"])
    await _refused_with_pins(house, lock, pins)
    await engine_passes(house, 5 * HOUR.total_seconds())  # the login is renewed
    account = await house.house.database.read(store.connected_accounts.find, lock["connected_account_id"])
    assert account is not None
    assert account.refresh_token is not None
    tokens = [account.access_token.reveal(), account.refresh_token.reveal(), house.api_key]
    await fault(house, "login_rejected")
    await soon(house, lambda: house.event_types(), lambda types: "connected_account.disconnected" in types)
    return lock, [*pins, *tokens, *_webview_tokens(house)]


def _webview_tokens(house: TestHouse) -> Iterator[str]:
    for path, _, answer in house.answers:
        if path == "/connect_webviews/create":
            yield parse_qs(urlsplit(answer["connect_webview"]["url"]).query)["auth_token"][0]


async def _refused_with_pins(house: TestHouse, lock: Wire, pins: list[str]) -> None:
    """Requests that hold a PIN and are wrong in some other way, or because of it."""
    which = {"device_id": lock["device_id"]}
    for body in (
        {**which, "code": pins[0]},
        {**which, "code": int(pins[4])},
        {**which, "code": [pins[4]]},
        {**which, "code": pins[4], "colour": pins[4]},
        {**which, "code": pins[4], "starts_at": pins[4]},
        {**which, "code": pins[4], "type": {pins[4]: 1}},
        {**which, "code": pins[4] * 3},
        {**which, "code": pins[4][:5]},
        {**which, "code": f"{pins[4]} "},
    ):
        assert (await house.request("POST", CREATE, json=body)).status_code in (400, 409)
    raw = json.dumps({**which, "code": pins[4]}).encode()
    for content in (raw[:-1], raw + raw, raw.replace(b'"code"', b"code")):
        headers = {"content-type": "application/json"}
        answer = await house.request("POST", CREATE, content=content, headers=headers)
        assert answer.status_code == 400
    for query in ({**which, "code": pins[4]}, {"device_id": pins[4], "code": pins[4]}):
        assert (await house.request("GET", "/access_codes/get", params=query)).status_code in (400, 404)


def _database_bytes(database_url: str, tmp_path: Path) -> bytes:
    """All that the database holds, as it holds it."""
    if database_url.startswith("sqlite"):
        return b"".join(path.read_bytes() for path in sorted(tmp_path.glob("test.db*")))
    found: list[bytes] = []
    with psycopg.connect(database_url, autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as copy:
                found.extend(bytes(chunk) for chunk in copy)
    return b"".join(found)


def _places(secret: str, data: bytes) -> list[bytes]:
    """Where a secret stands. Six digits in the middle of a hash or an id are none."""
    word, found, at = secret.encode(), [], -1
    while (at := data.find(word, at + 1)) >= 0:
        around = data[at - 1 : at], data[at + len(word) : at + len(word) + 1]
        if not all(side in b"0123456789abcdef-" and side for side in around):
            found.append(data[max(0, at - 60) : at + 60])
    return found


async def test_pain_29_no_pin_and_no_token_is_found_outside_the_answers(
    open_: OpenHouse, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Debug logs, the database as it lies on disk, `/metrics` and error bodies hold neither PIN nor token."""
    caplog.set_level(logging.DEBUG)
    async with open_() as house:
        _, secrets = await _eventful(house)
        metrics = (await house.request("GET", "/metrics")).content
        errors = json.dumps([answer for _, status, answer in house.answers if status >= 400]).encode()
        stored = _database_bytes(database_url, tmp_path)
        given = json.dumps([answer for _, status, answer in house.answers if status < 400]).encode()
    places: dict[str, Any] = {
        "logs": "\n".join(_lines(caplog)).encode(),
        "metrics": metrics,
        "errors": errors,
        "database": stored + _database_bytes(database_url, tmp_path),
    }
    assert all(_places(pin, given) for pin in secrets[:2])  # the search finds what is there
    assert len(errors) > 2000
    assert b"access_code.set_on_device" in stored
    found = {name: [p for secret in secrets for p in _places(secret, data)] for name, data in places.items()}
    assert found == {name: [] for name in places}


def _lines(caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    """The house's own log, with tracebacks; the test's HTTP client, which logs its URLs, is not the house."""
    formatter = logging.Formatter("%(name)s %(levelname)s %(message)s")
    for record in caplog.records:
        if not record.name.startswith(("httpx", "httpcore")):
            yield formatter.format(record)
