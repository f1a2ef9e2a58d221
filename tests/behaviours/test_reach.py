"""
To a client session, what lies outside its reach does not exist.

The operation table is walked: whatever is asked for with something of another account answers exactly as if
it were made up, tells nothing of that account, and changes nothing. A new operation is walked by being there.
"""

import json
import re
from itertools import product
from typing import Any

import msgspec

from ostiary import store
from ostiary.domain.reach import NOTHING, Reach
from ostiary.store.pages import Position
from ostiary.store.tx import Tx
from ostiary.wire.operation import OPERATIONS, Operation

from ..conftest import OpenHouse
from ..house import TestHouse
from .sessions import KEY, PIN, Foreign, as_session, session, two_accounts
from .support import TWO_LOCKS, Wire, soon, until_idle

UNKNOWN: dict[str, Any] = {
    "name": "Nobody's door",
    "search": "nothing has this",
    "code": "846251",
    "common_code_key": "nobodys",
    "customer_key": "nobody",
    "email": "nobody@example.com",
    "event_type": "lock.access_denied",
    "user_identifier_key": "nobody",
}
"""What nothing in the workspace has; ids are made up."""

NEEDED: dict[str, Any] = {
    "since": "1970-01-02T00:00:00Z",
    "is_managed": True,
    "name": "Nobody's door",
    "code": "846251",
    "min_code_length": 4,
    "max_code_length": 6,
}
"""Without which a request is refused for its form, or changes nothing."""

TOGETHER = (("device_id", "code"), ("access_code_id", "device_id"), ("event_type", "device_id"))
"""Optional fields that are asked for in pairs."""

NOBODY = "11111111-2222-4333-8444-555555555555"
OWN_ONLY = frozenset({"/connect_webviews/create"})
"""Names nothing that exists: there is nothing foreign in it to find."""


def requests(operation: Operation, foreign: Foreign) -> list[tuple[Wire, Wire]]:
    """Each way to ask for something foreign, and the same with something made up in its place."""
    fields = {field.name: field for field in msgspec.structs.fields(operation.request)}
    base = {name: value for name, value in NEEDED.items() if name in fields and _is_needed(operation, name)}
    needed = [name for name, field in fields.items() if field.required and name in foreign.ids]
    found: list[tuple[Wire, Wire]] = []
    optional = [[name] for name in fields if name in foreign.ids and name not in needed]
    pairs = [list(pair) for pair in TOGETHER if set(pair) <= set(fields) - set(needed)]
    for extra in ([], *optional, *pairs):
        names = [*needed, *extra]
        for values in product(*(foreign.ids[name] for name in names)):
            asked = {**base, **dict(zip(names, values, strict=True))}
            made_up = {**base, **{name: _unknown(name, asked[name]) for name in names}}
            found.append((asked, made_up))
    return found


def _is_needed(operation: Operation, name: str) -> bool:
    is_reading = operation.path.endswith(("/get", "/list"))
    return name == "since" if is_reading else not operation.path.endswith("_multiple") or name == "name"


def _unknown(name: str, value: Any) -> Any:
    if name == "event_types":
        return ["lock.access_denied"]
    if isinstance(value, list):
        return [f"{at:08d}{NOBODY[8:]}" for at in range(len(value))]
    return UNKNOWN.get(name, NOBODY)


def faceless(text: str, asked: Wire) -> str:
    """An answer without what was asked for, and without what differs from request to request."""
    for value in asked.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                text = text.replace(json.dumps(each)[1:-1], "…")
    return re.sub(r'"request_id":"[^"]+"', "", text)


async def state(house: TestHouse, foreign: Foreign) -> Wire:
    """Everything of the foreign account, as its owner sees it."""
    account = {"connected_account_id": foreign.account_id}
    which = {"device_id": foreign.lock["device_id"]}
    return {
        "account": await house.call("/connected_accounts/get", **account),
        "devices": await house.devices(**account),
        "unmanaged": await house.call("/devices/unmanaged/list", **account),
        "codes": await house.call("/access_codes/list", **which),
        "others": await house.call("/access_codes/unmanaged/list", **which),
        "attempts": await house.call("/action_attempts/list", **which),
        "events": await house.events(**account),
        "at the vendor": (await house.simulated("truth", home=TWO_LOCKS))["devices"],
    }


async def test_the_whole_table_is_blind_to_what_a_session_does_not_reach(open_: OpenHouse) -> None:
    """A session that reaches nothing, and one of another account: no id, name, PIN or count, no change."""
    async with two_accounts(open_) as (house, own, foreign):
        await session(house, user_identifier_key=KEY, connected_account_ids=[foreign.account_id])
        nothing = await session(house)
        john = await session(house, user_identifier_key="john", connected_account_ids=[own])
        assert (nothing["device_count"], john["device_count"]) == (0, 3)
        await until_idle(house)
        before = await state(house, foreign)
        taken = [each for each in OPERATIONS.values() if "client_session" in each.auth]
        assert len(taken) > 30
        for guest in (as_session(house, nothing["token"]), as_session(house, john["token"])):
            for operation in taken:
                if operation.path not in OWN_ONLY:
                    await _walk(guest, operation, foreign)
        await until_idle(house)
        assert await state(house, foreign) == before


async def _walk(guest: TestHouse, operation: Operation, foreign: Foreign) -> None:
    for asked, made_up in requests(operation, foreign):
        for method in operation.methods:
            if method in ("GET", "DELETE"):
                real = await guest.request(method, operation.path, params=asked)
                unreal = await guest.request(method, operation.path, params=made_up)
            else:
                real = await guest.request(method, operation.path, json=asked)
                unreal = await guest.request(method, operation.path, json=made_up)
            story = f"{method} {operation.path} {asked}: {real.text}"
            assert real.status_code == unreal.status_code, f"{story} but {unreal.text}"
            assert faceless(real.text, asked) == faceless(unreal.text, made_up), story
            told = {needle for needle in foreign.needles if needle in real.text}
            assert not told - _named(asked), f"{told}: {story}"


def _named(asked: Wire) -> set[str]:
    """What a refusal may say because the caller said it."""
    values = [each for value in asked.values() for each in (value if isinstance(value, list) else [value])]
    return {str(value) for value in values} | {json.dumps(value) for value in values}


async def test_what_a_session_may_not_ask_at_all(open_: OpenHouse) -> None:
    """Operations for the backend alone refuse a session, whatever it reaches."""
    async with two_accounts(open_) as (house, own, foreign):
        full = await session(house, connected_account_ids=[own, foreign.account_id])
        guest = as_session(house, full["token"])
        closed = [each for each in OPERATIONS.values() if "client_session" not in each.auth]
        assert {"/connected_accounts/list", "/ostiary/clock/update"} <= {each.path for each in closed}
        for operation in closed:
            error = await guest.refused(operation.path, 401, "unauthorized")
            assert error["message"] == "No authentication methods succeeded"


async def test_a_session_sees_and_does_what_is_its_own(open_: OpenHouse) -> None:
    """Devices, locks, codes, attempts, events, accounts and webviews of its account, and only these."""
    async with two_accounts(open_) as (house, own, foreign):
        john = await session(house, user_identifier_key="john", connected_account_ids=[own])
        guest = as_session(house, john["token"])
        mine = {device["device_id"] for device in await house.devices(connected_account_id=own)}
        assert {device["device_id"] for device in await guest.devices()} == mine
        locks = (await guest.call("/locks/list"))["locks"]
        assert {lock["device_id"] for lock in locks} == mine
        lock = await guest.lock_with_keypad()
        asked = await guest.call("/locks/unlock_door", device_id=lock["device_id"])
        attempt_id = asked["action_attempt"]["action_attempt_id"]

        async def attempt() -> Wire:
            answer = await guest.call("/action_attempts/get", action_attempt_id=attempt_id)
            seen: Wire = answer["action_attempt"]
            return seen

        done = await soon(house, attempt, lambda seen: bool(seen["status"] != "pending"))
        assert done["status"] == "success"
        waited = await guest.call("/locks/lock_door", device_id=lock["device_id"], sync=True)
        assert waited["action_attempt"]["status"] == "success"
        code = await guest.create_code(lock["device_id"], name="Jon", common_code_key="guests")
        assert code["code"] != PIN, "the key of somebody else's codes is not this one"
        code_id = code["access_code_id"]
        await soon(house, lambda: guest.code(code_id), lambda seen: bool(seen["status"] == "set"))
        assert (await guest.call("/connected_accounts/get", connected_account_id=own))["ok"]
        seen = await guest.events()
        assert {event["connected_account_id"] for event in seen} == {own}
        assert len(seen) == len(await house.events(connected_account_id=own))
        moments = (await guest.call("/access_codes/get_timeline", access_code_id=code_id))["timeline_events"]
        assert moments[0]["actor"] == {"type": "api_key", "id": john["client_session_id"]}
        evidence = (await house.call("/ostiary/access_codes/evidence", access_code_id=code_id))["evidence"]
        asker = {"type": "client_session", "id": john["client_session_id"]}
        assert evidence["entries"][0]["facts"]["actor"] == asker
        await guest.call("/access_codes/update_multiple", common_code_key="guests", name="Jonas")
        listed = (await house.call("/access_codes/list", device_id=foreign.lock["device_id"]))["access_codes"]
        assert [code["name"] for code in listed] == ["Zelda"]


async def test_the_store_keeps_to_a_reach_where_no_operation_leads_yet(open_: OpenHouse) -> None:
    """Reads that sessions cannot ask for today, or only after another has refused."""
    async with two_accounts(open_) as (house, own, foreign):
        device_id = foreign.lock["device_id"]
        code_id, *_ = foreign.ids["access_code_id"]

        async def seen(tx: Tx, reach: Reach | None) -> list[int]:
            tx.enter(house.workspace)
            tx.narrow(reach)
            here = (tx, house.workspace.workspace_id)
            attempts = store.action_attempts.list_page
            ids = foreign.ids["action_attempt_id"]
            found = (
                await attempts(*here, Position(), 100, device_id=device_id),
                await attempts(*here, Position(), 100, ids=ids),
                await attempts(*here, Position(), 100),
                await store.access_codes.list_page(*here, device_id, Position(), 100),
                await store.unmanaged_codes.list_page(*here, device_id, Position(), 100),
                await store.events.of_code(*here, code_id, ["access_code.created"]),
                await store.evidence.of_code(*here, code_id),
            )
            return [len(each) for each in found]

        whole = Reach(frozenset({foreign.account_id}), frozenset())
        everything = await house.house.database.read(seen, None)
        assert all(everything)
        assert await house.house.database.read(seen, whole) == everything
        for reach in (NOTHING, Reach(frozenset({own}), frozenset())):
            assert not any(await house.house.database.read(seen, reach))


async def test_pages_are_full_although_rows_between_are_foreign(open_: OpenHouse) -> None:
    """`limit` counts what is seen: three devices of an account on pages of one, with others in between."""
    async with two_accounts(open_) as (house, own, _):
        sketches = [{"name": "Late door"}]
        await house.simulator("homes", home="late@example.com", devices=sketches)
        late = await house.connect("late@example.com")
        both = await session(house, user_identifier_key="both", connected_account_ids=[own, late])
        guest = as_session(house, both["token"])
        everything = [device["device_id"] for device in await guest.devices()]
        assert len(everything) == 4
        for asker, user in ((guest, {}), (house, {"user_identifier_key": "both"})):
            cursor = None
            pages: list[list[str]] = []
            while cursor is not None or not pages:
                page = await asker.call("/devices/list", limit=1, page_cursor=cursor, **user)
                pages.append([device["device_id"] for device in page["devices"]])
                cursor = page["pagination"]["next_page_cursor"]
            assert pages == [[device_id] for device_id in everything]


async def test_a_backend_sees_what_a_user_would_see(open_: OpenHouse) -> None:
    """With `user_identifier_key`, lists are those of that user's session; of one that has ended, empty."""
    async with two_accounts(open_) as (house, own, foreign):
        zoe = await session(house, user_identifier_key="zoe", connected_account_ids=[foreign.account_id])
        await session(house, user_identifier_key="john", connected_account_ids=[own])
        webview = (await as_session(house, zoe["token"]).call("/connect_webviews/create"))["connect_webview"]
        which = {"user_identifier_key": "zoe"}
        gate = {"connected_account_id": foreign.account_id}
        expected: dict[str, tuple[str, str, list[str]]] = {
            "/devices/list": ("devices", "display_name", ["Vault door"]),
            "/locks/list": ("locks", "display_name", ["Vault door"]),
            "/devices/unmanaged/list": ("devices", "connected_account_id", [foreign.account_id]),
            "/connected_accounts/list": (
                "connected_accounts",
                "connected_account_id",
                [foreign.account_id],
            ),
            "/connect_webviews/list": (
                "connect_webviews",
                "connect_webview_id",
                [webview["connect_webview_id"]],
            ),
            "/access_codes/list": ("access_codes", "name", ["Zelda"]),
        }
        assert {each.path for each in OPERATIONS.values() if each.is_for_users} == {
            *expected,
            "/access_codes/unmanaged/list",
        }
        for path, (key, field, values) in expected.items():
            assert [each[field] for each in (await house.call(path, **which))[key]] == values, path
            assert (await house.call(path, user_identifier_key="nobody"))[key] == [], path
        others = {**which, "device_id": foreign.lock["device_id"]}
        listed = (await house.call("/access_codes/unmanaged/list", **others))["access_codes"]
        assert [code["name"] for code in listed] == ["Quentin"]
        johns = {**others, "user_identifier_key": "john"}
        await house.refused("/access_codes/unmanaged/list", 404, "device_not_found", **johns)
        assert len((await house.call("/devices/unmanaged/list", **gate))["devices"]) == 1
        both = await session(
            house, user_identifier_key="both", connected_account_ids=[own, foreign.account_id]
        )
        guest = as_session(house, both["token"])
        assert len(await guest.devices(user_identifier_key="both")) == 4
        for user in ("zoe", "john", "nobody"):
            assert await guest.devices(user_identifier_key=user) == [], "what they share is not told"
        await house.call("/client_sessions/revoke", client_session_id=zoe["client_session_id"])
        for path, (key, _, _) in expected.items():
            assert (await house.call(path, **which))[key] == [], path
