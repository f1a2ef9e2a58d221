"""
Every answer as the official schema has it: one long story through the whole house, then what it showed.

The story brings about every state of a code, a door, a device and an account that an answer can tell of,
and with them every kind of event.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jsonschema_rs
import pytest

from ostiary.connect import login
from ostiary.domain.events import EMITTED
from ostiary.wire.openapi import document
from ostiary.wire.operation import OPERATIONS

from ..house import PROVIDER, PUBLIC_URL, TestHouse, fixed, open_house
from . import official
from .left_alone import devices_are_left_alone
from .with_sessions import users_ask_themselves

A_DAY = 25 * 3600.0
"""Seconds after which the simulated cloud has looked at every lock anew, whatever happened to it unseen."""

NOT_IN_STORIES = frozenset(
    {
        "device.removed",
        "device.third_party_integration_detected",
        "device.third_party_integration_no_longer_detected",
    }
)
"""
Kinds of events that no story brings about: a simulated home keeps all its devices, and two systems would take
days to fight for a lock. The behaviours do both, before the same schema.
"""

ALWAYS_REFUSED = frozenset({"/access_codes/report_device_constraints"})
"""Operations that no brand here has a use for."""


@dataclass
class Told:
    """What the stories left behind."""

    recorder: official.Recorder
    events: set[str]
    answers: list[tuple[str, int, Any]]


@asynccontextmanager
async def recorded(folder: Path, told: Told) -> AsyncIterator[TestHouse]:
    """A house whose answers are all compared; at the end its kinds of events are noted."""
    async with open_house(folder) as house:
        told.recorder.app = house.house.asgi
        transport = httpx.ASGITransport(app=told.recorder)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, timeout=30) as http:
            watched = replace(house, http=http)
            yield watched
            told.events.update(event["event_type"] for event in await watched.events(limit=5000))
            told.answers.extend(watched.answers)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """After all stories."""
    official.schema()
    told = Told(official.Recorder(_nowhere), set(), [])

    async def tell() -> None:
        for story in STORIES:
            async with recorded(tmp_path_factory.mktemp(story.__name__), told) as house:
                await story(house)

    asyncio.run(tell())
    return told


async def _nowhere(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("no house is open")


def test_every_answer_is_as_the_official_schema_has_it(told: Told) -> None:
    told.recorder.check()


def test_every_operation_was_answered(told: Told) -> None:
    official_paths = {path for path in OPERATIONS if not path.startswith("/ostiary/")}
    assert official_paths - set(told.recorder.checked) == ALWAYS_REFUSED


def test_every_kind_of_event_was_told(told: Told) -> None:
    assert EMITTED - told.events == NOT_IN_STORIES


def test_nothing_is_sent_that_the_official_schema_does_not_know(told: Told) -> None:
    assert told.recorder.extras == {}


def test_every_answer_is_as_our_own_document_has_it(told: Told) -> None:
    """Here, as these stories show states that made-up requests do not reach."""
    described = document(PUBLIC_URL)
    wrong: set[str] = set()
    assert len(told.answers) > 100
    for path, status, body in told.answers:
        if path not in OPERATIONS:
            continue
        answer = described["paths"][path][OPERATIONS[path].methods[0].lower()]["responses"][str(status)]
        if status != 200:
            answer = described["components"]["responses"][str(status)]
        schema = {**answer["content"]["application/json"]["schema"], "components": described["components"]}
        for error in jsonschema_rs.validator_for(schema).iter_errors(body):
            wrong.add(f"{path}: {'.'.join(str(step) for step in error.schema_path)}: {error.message[:300]}")
    assert wrong == set()


def test_a_mistake_is_found() -> None:
    """The comparison itself: a wrong type, a missing field, a wrong word, all named."""
    official.schema()
    attempt = {"action_attempt_id": "x", "action_type": "LOCK_DOOR", "status": "pending", "result": {}}
    assert official.validate_response("/action_attempts/get", {"action_attempt": attempt, "ok": True}) == [
        "action_attempt.action_attempt_id: 'x' is not a 'uuid'",
        "action_attempt.result: {} is not of type 'null'",
        "action_attempt: 'error' is a required property",
    ]
    assert official.unknown_fields("/action_attempts/get", {"action_attempt": {**attempt, "colour": 1}}) == {
        "action_attempt.colour"
    }


def test_a_mistake_is_found_beside_what_was_good_before() -> None:
    official.schema()
    path = "/workspaces/list"
    good: dict[str, Any] = {
        "workspace_id": "0f9e0a4e-6f2c-4d4c-9b38-21b7d1a9c001",
        "name": "Mistakes",
        "organization_id": None,
        "company_name": "Mistakes",
        "connect_partner_name": None,
        "is_sandbox": True,
        "is_suspended": False,
        "is_publishable_key_auth_enabled": False,
        "connect_webview_customization": {},
    }
    bad: list[dict[str, Any]] = [
        {"workspaces": [good, {**good, "name": None}], "ok": True},
        {"workspaces": [{name: value for name, value in good.items() if name != "name"}, good], "ok": True},
        {"workspaces": None, "ok": True},
        {"workspaces": [good]},
    ]
    for body in ({"workspaces": [good, good], "ok": True}, {"workspaces": [], "ok": True}):
        first = official.Recorder(_nowhere)
        first.record(path, body)
        first.check()
    recorder = official.Recorder(_nowhere)
    for count, body in enumerate(bad, 1):
        recorder.record(path, body)
        assert len(recorder.violations) == count, (body, recorder.violations)
    recorder.record(path, {"workspaces": [good, {**good, "colour": 1}], "ok": True})
    assert recorder.extras == {path: {"workspaces.colour"}}


# --- the stories ---------------------------------------------------------------------------------------


async def asking(house: TestHouse) -> None:
    """Every read in each of its methods, lists with pages, every write that needs no lock."""
    await house.connect(
        customer_key="anna",
        custom_metadata={"floor": "2", "is_new": True},
        custom_redirect_url="https://example.com/done?from=here",
        custom_redirect_failure_url="https://example.com/failed",
        accepted_capabilities=["lock"],
        device_selection_mode="single",
    )
    webview = (await house.call("/connect_webviews/create"))["connect_webview"]
    webview_id = webview["connect_webview_id"]
    account = (await house.call("/connected_accounts/list"))["connected_accounts"][0]
    account_id = account["connected_account_id"]
    lock = await house.lock_with_keypad()
    device_id = lock["device_id"]
    code = await house.create_code(device_id, name="Ann", common_code_key="guests")
    reads: list[tuple[str, dict[str, Any]]] = [
        ("/workspaces/get", {}),
        ("/connect_webviews/get", {"connect_webview_id": webview_id}),
        ("/connect_webviews/list", {"limit": 1}),
        ("/connected_accounts/get", {"connected_account_id": account_id}),
        ("/connected_accounts/get", {"email": "john@example.com"}),
        ("/connected_accounts/list", {"search": "john"}),
        ("/devices/get", {"device_id": device_id}),
        ("/devices/get", {"name": lock["display_name"]}),
        ("/devices/list", {"limit": 1}),
        ("/devices/list", {"device_ids": []}),
        ("/devices/list_device_providers", {}),
        ("/devices/list_device_providers", {"provider_category": "stable"}),
        ("/locks/get", {"device_id": device_id}),
        ("/locks/list", {}),
        ("/access_codes/get", {"access_code_id": code["access_code_id"]}),
        ("/access_codes/list", {"device_id": device_id}),
        ("/access_codes/generate_code", {"device_id": device_id}),
        ("/action_attempts/list", {"device_id": device_id}),
        ("/events/get", {"event_type": "device.added"}),
        ("/events/list", {"since": "1970-01-02T00:00:00Z"}),
    ]
    for path, parameters in reads:
        await house.call(path, **parameters)
        assert (await house.request("GET", path, params=_query(parameters))).status_code == 200, path
    update = {
        "connected_account_id": account_id,
        "display_name": "Anna's home",
        "custom_metadata": {"a": "b"},
    }
    assert (await house.request("PATCH", "/connected_accounts/update", json=update)).status_code == 200
    await house.call("/devices/update", device_id=device_id, name="Haus 3", custom_metadata={"door": "main"})
    await house.call("/devices/list")
    assert (
        await house.request("DELETE", "/connect_webviews/delete", params={"connect_webview_id": webview_id})
    ).status_code == 200


def _query(parameters: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value if value != [] else "") for key, value in parameters.items()]


async def logging_in(house: TestHouse) -> None:
    """A login that fails, one that works, one that is cut off and made again, and its end."""
    made = (await house.call("/connect_webviews/create"))["connect_webview"]
    query = dict(parse_qsl(urlsplit(made["url"]).query))
    database = house.house.database
    _, state, _ = await database.write(login.begin, made["connect_webview_id"], query["auth_token"], PROVIDER)
    await database.write(login.fail, state)
    await house.call("/connect_webviews/get", connect_webview_id=made["connect_webview_id"])
    account_id = await house.connect(customer_key="anna")
    lock = await house.lock_with_keypad()
    code = await house.create_code(lock["device_id"], name="Ann")
    await house.code_until(code["access_code_id"], lambda code: code["status"] == "set")
    await house.simulator("faults", fault="login_rejected")

    async def is_cut_off() -> bool:
        await house.call("/access_codes/update", access_code_id=code["access_code_id"], name="Anna")
        await house.advance(700)
        account = (await house.call("/connected_accounts/get", connected_account_id=account_id))[
            "connected_account"
        ]
        return bool(account["errors"])

    await house.until(is_cut_off, bool)
    await look_around(house)
    await house.call("/locks/unlock_door", device_id=lock["device_id"])
    await house.connect(customer_key="anna")
    await house.code_until(code["access_code_id"], lambda code: code["pending_mutations"] == [])
    await told_of(house, "connected_account.completed_first_sync_after_reconnection")
    assert (
        await house.request(
            "DELETE", "/connected_accounts/delete", params={"connected_account_id": account_id}
        )
    ).status_code == 200


async def devices_change(house: TestHouse) -> None:
    """Offline, low battery, no keypad, no subscription, another name, jammed."""
    await house.connect()
    lock = await house.lock_with_keypad()
    device_id = lock["device_id"]
    number = await house.smartlock_id(lock)

    async def change(event_type: str, after: float = 700, **change: Any) -> None:
        await house.simulator("device", smartlock_id=number, **change)

        async def look() -> list[str]:
            await house.advance(after)
            await asyncio.sleep(0.05)
            return await house.event_types(device_id=device_id)

        before = (await house.event_types(device_id=device_id)).count(event_type)
        await house.until(look, lambda types: types.count(event_type) > before)
        await look_around(house)

    await change("device.disconnected", online=False)
    await change("device.connected", online=True)
    await change("device.low_battery", battery=15)
    await change("device.battery_status_changed", battery=5)
    await change("device.battery_status_changed", battery=90)
    await change("device.error.subscription_required", subscription=False)
    await change("device.error.subscription_required.resolved", subscription=True)
    await change("device.accessory_keypad_disconnected", A_DAY, keypad_paired=False)
    await change("device.accessory_keypad_connected", A_DAY, keypad_paired=True)
    for verb in ("unlock_door", "lock_door", "unlock_door"):
        asked = await house.call(f"/locks/{verb}", device_id=device_id)
        await house.attempt(asked["action_attempt"]["action_attempt_id"])
    await house.simulator("device", smartlock_id=number, jammed=True)
    for verb in ("unlock_door", "lock_door"):
        await house.simulator("faults", fault="http_503", times=50)
        asked = await house.call(f"/locks/{verb}", device_id=device_id)
        await house.advance(40)
        attempt = await house.attempt(asked["action_attempt"]["action_attempt_id"])
        assert attempt["status"] == "error"
        await clear_faults(house)


async def codes_live(house: TestHouse) -> None:
    """Ongoing and time-bound codes, wishes changed, changes by others, deletion."""
    await house.connect()
    lock = await house.lock_with_keypad()
    code = await house.create_code(lock["device_id"], name="Ann", code="498882")
    code_id = code["access_code_id"]
    await house.code_until(code_id, lambda code: code["status"] == "set")
    assert await house.type_code(lock, "498882")
    assert not await house.type_code(lock, "777777")

    async def at_the_keypad() -> list[str]:
        await house.advance(700)
        await asyncio.sleep(0.05)
        return await house.event_types(device_id=lock["device_id"])

    await house.until(at_the_keypad, lambda types: {"lock.unlocked", "lock.access_denied"} <= set(types))
    now = await house.now()
    frame = {
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=9)).isoformat(),
    }
    attempt = await house.call(
        "/access_codes/update", access_code_id=code_id, name="Bo", code="734516", **frame
    )
    await house.call("/access_codes/get", access_code_id=code_id)
    await house.code_until(code_id, lambda code: code["pending_mutations"] == [])
    await house.attempt(attempt["action_attempt"]["action_attempt_id"])
    await house.call("/action_attempts/list", device_id=lock["device_id"])
    number = await house.smartlock_id(lock)
    for deed in ({"do": "change", "code": 734516, "enabled": False}, {"do": "delete", "code": 734516}):
        await house.simulator("owner/codes", smartlock_id=number, **deed)
        before = await house.event_types(access_code_id=code_id)

        async def look(before: list[str] = before) -> bool:
            await house.advance(A_DAY)
            await asyncio.sleep(0.05)
            types = await house.event_types(access_code_id=code_id)
            return any("external" in kind for kind in types[len(before) :])

        await house.until(look, bool)
        await look_around(house)
        await house.code_until(code_id, lambda code: code["errors"] == [])
    for deed, event_type in (
        ({"do": "add", "name": "Mum", "code": 332211}, "access_code.unmanaged.created"),
        ({"do": "delete", "code": 332211}, "access_code.unmanaged.removed"),
    ):
        await house.simulator("owner/codes", smartlock_id=number, **deed)

        async def told_yet() -> list[str]:
            await house.advance(A_DAY)
            await asyncio.sleep(0.05)
            return await house.event_types(device_id=lock["device_id"])

        await house.until(told_yet, fixed(event_type, lambda wanted, types: wanted in types))
        await look_around(house)
    later = {
        "starts_at": (await house.now() + timedelta(hours=24)).isoformat(),
        "ends_at": (await house.now() + timedelta(hours=48)).isoformat(),
    }
    guest = await house.create_code(lock["device_id"], name="Guest", **later)
    await house.code_until(guest["access_code_id"], lambda code: code.get("is_scheduled_on_device") is True)
    await told_of(house, "access_code.scheduled_on_device")
    far = {
        "starts_at": (await house.now() + timedelta(days=24)).isoformat(),
        "ends_at": (await house.now() + timedelta(days=48)).isoformat(),
    }
    await house.create_code(lock["device_id"], name=None, **far)
    await look_around(house)
    await house.advance(A_DAY)
    await house.code_until(guest["access_code_id"], lambda code: code["status"] == "set")
    params = {"access_code_id": guest["access_code_id"]}
    assert (await house.request("DELETE", "/access_codes/delete", params=params)).status_code == 200
    await look_around(house)
    await house.gone(guest["access_code_id"])
    for past in (code_id, guest["access_code_id"]):
        await house.call("/access_codes/get_timeline", access_code_id=past, limit=5)
        await house.call("/access_codes/get_timeline", access_code_id=past, limit=200)
        await house.call("/ostiary/access_codes/evidence", access_code_id=past)


async def a_spare_is_pulled(house: TestHouse) -> None:
    """A pool that is opened, filled, drawn on and closed again."""
    await house.connect()
    lock = await house.lock_with_keypad()
    now = await house.now()
    times = {
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(days=1)).isoformat(),
    }
    guest = await house.create_code(lock["device_id"], use_backup_access_code_pool=True, **times)
    await look_around(house)
    await house.code_until(guest["access_code_id"], lambda code: code["is_backup_access_code_available"])
    await house.call("/access_codes/pull_backup_access_code", access_code_id=guest["access_code_id"])
    await look_around(house)
    await house.call("/devices/update", device_id=lock["device_id"], backup_access_code_pool_enabled=False)
    await look_around(house)


async def codes_together(house: TestHouse) -> None:
    """Codes on several locks at once, one of them offline, and what is not done with them."""
    await house.simulator("homes", home="two@example.com", devices=[{"name": "Front"}, {"name": "Back"}])
    await house.connect("two@example.com")
    locks = await house.devices()
    await house.simulator("device", smartlock_id=await house.smartlock_id(locks[0]), online=False)
    which = {"device_ids": [lock["device_id"] for lock in locks]}
    made = await house.request("PUT", "/access_codes/create_multiple", json={**which, "name": "Ann"})
    codes = made.json()["access_codes"]
    await house.call("/access_codes/create_multiple", **which, code="498882")
    await house.refused("/access_codes/create_multiple", 409, "duplicate_access_code", **which, code="498882")
    await house.code_until(codes[1]["access_code_id"], lambda code: code["status"] == "set")
    await house.call("/access_codes/update_multiple", common_code_key=codes[0]["common_code_key"], name="Bea")
    await house.refused(
        "/access_codes/report_device_constraints",
        *(400, "unsupported_device"),
        device_id=locks[0]["device_id"],
        supported_code_lengths=[6],
    )
    await look_around(house)


async def codes_change_hands(house: TestHouse) -> None:
    """Codes of the owner's are taken over, refused, removed, and handed back."""
    await house.connect()
    lock = await house.lock_with_keypad()
    number = await house.smartlock_id(lock)
    for name, code in (("Mum", 332211), ("Dad", 443322), ("Eve", 554433)):
        await house.simulator("owner/codes", smartlock_id=number, do="add", name=name, code=code)

    async def others() -> dict[str, str]:
        seen = await house.call("/access_codes/unmanaged/list", device_id=lock["device_id"])
        return {code["name"]: code["access_code_id"] for code in seen["access_codes"]}

    async def a_day_later() -> dict[str, str]:
        await house.advance(A_DAY)
        await asyncio.sleep(0.05)
        return await others()

    ids = await house.until(a_day_later, lambda seen: len(seen) == 3)
    await house.call("/access_codes/unmanaged/convert_to_managed", access_code_id=ids["Mum"])
    await told_of(house, "access_code.unmanaged.converted_to_managed")
    await look_around(house)
    at_work = {"method": "POST", "route": "/smartlock/{smartlockId}/auth/{authId}"}
    await house.simulator("faults", fault="http_422", times=1, match=at_work)
    answer = await house.call("/access_codes/unmanaged/update", access_code_id=ids["Dad"], is_managed=True)
    await told_of(house, "access_code.unmanaged.failed_to_convert_to_managed")
    await house.attempt(answer["action_attempt"]["action_attempt_id"])
    answer = await house.call("/access_codes/unmanaged/delete", access_code_id=ids["Eve"])
    await house.attempt(answer["action_attempt"]["action_attempt_id"])
    await house.code_until(ids["Mum"], lambda code: code["pending_mutations"] == [])
    await house.call("/access_codes/update", access_code_id=ids["Mum"], is_managed=False)
    await look_around(house)
    assert set((await others()).values()) == {ids["Mum"], ids["Dad"]}


async def codes_fail(house: TestHouse) -> None:
    """Writes that the vendor loses, so that nothing comes of them: late, failed, and failed to go."""
    await house.connect()
    lock = await house.lock_with_keypad()
    stays = await house.create_code(lock["device_id"], name="Stays")
    await house.code_until(stays["access_code_id"], lambda code: code["status"] == "set")
    await house.simulator("faults", fault="lost", times=1000)
    fails = await house.create_code(lock["device_id"], name="Fails")
    await house.call("/access_codes/delete", access_code_id=stays["access_code_id"])

    async def look() -> set[str]:
        await house.advance(200)
        await asyncio.sleep(0.1)
        return set(await house.event_types())

    wanted = {
        "access_code.delay_in_setting_on_device",
        "access_code.failed_to_set_on_device",
        "access_code.failed_to_remove_from_device",
    }
    await house.until(look, lambda types: wanted <= types, 30)
    await look_around(house)
    await house.call("/access_codes/delete", access_code_id=fails["access_code_id"])


async def somebody_is_told(house: TestHouse) -> None:
    """A webhook from its beginning to its end; nobody is there who takes what it is sent."""
    which = {
        "webhook_id": (await house.call("/webhooks/create", url="http://127.0.0.1:9/"))["webhook"][
            "webhook_id"
        ]
    }
    await house.call("/webhooks/get", **which)
    await house.call("/webhooks/update", **which, event_types=["device.connected"])
    await house.connect()
    await house.call("/webhooks/list")
    await house.call("/webhooks/delete", **which)


async def look_around(house: TestHouse) -> None:
    """Every list once, as a state may show in any of them."""
    for device in await house.devices():
        await house.call("/access_codes/list", device_id=device["device_id"])
        seen = await house.call("/access_codes/unmanaged/list", device_id=device["device_id"])
        for code in seen["access_codes"]:
            await house.call("/access_codes/unmanaged/get", access_code_id=code["access_code_id"])
    await house.call("/connected_accounts/list")
    await house.call("/connect_webviews/list")
    await house.call("/action_attempts/list")
    await house.events(limit=5000)


async def told_of(house: TestHouse, event_type: str) -> None:
    await house.until(house.event_types, lambda types: event_type in types)


async def clear_faults(house: TestHouse) -> None:
    base = f"/ostiary/sandbox/{house.workspace.workspace_id}/{PROVIDER}/_simulator"
    await house.request("DELETE", f"{base}/faults")


Story = Callable[[TestHouse], Awaitable[None]]
STORIES: tuple[Story, ...] = (
    *(asking, logging_in, devices_change, somebody_is_told),
    *(codes_live, codes_together, a_spare_is_pulled, codes_change_hands, codes_fail),
    *(devices_are_left_alone, users_ask_themselves),
)
