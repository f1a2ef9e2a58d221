"""What the behaviours of client sessions share: two accounts in one workspace, and sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import TWO_LOCKS, Wire, soon

PIN = "734516"
KEY = "user-anna"


async def session(house: TestHouse, **given: Any) -> Wire:
    """A new client session, as its maker sees it."""
    made: Wire = (await house.call("/client_sessions/create", **given))["client_session"]
    return made


def as_session(house: TestHouse, token: str) -> TestHouse:
    """The same house, asked with a session's token. Its answers are kept with the others."""
    return replace(house, api_key=token)


@dataclass
class Foreign:
    """An account with one of everything that an operation could name, and what must never be told of it."""

    account_id: str
    lock: Wire
    ids: dict[str, Any]
    """By the name of a request's field."""

    needles: set[str]


@asynccontextmanager
async def two_accounts(open_: OpenHouse) -> AsyncIterator[tuple[TestHouse, str, Foreign]]:
    """A house with John's account, whose id is given, and a second one that is full of life."""
    async with open_() as house:
        own = await house.connect()
        sketches = [{"name": "Vault door"}, {"name": "Gate"}]
        await house.simulator("homes", home=TWO_LOCKS, devices=sketches)
        foreign = await house.connect(TWO_LOCKS, customer_key="zoe", custom_metadata={"floor": "7th"})
        yield house, own, await _furnished(house, foreign)


async def _furnished(house: TestHouse, account_id: str) -> Foreign:
    devices = await house.devices(connected_account_id=account_id)
    lock = next(device for device in devices if device["display_name"] == "Vault door")
    gate = next(device for device in devices if device["display_name"] == "Gate")
    made = await house.call(
        "/access_codes/create", device_id=lock["device_id"], name="Zelda", code=PIN, common_code_key="guests"
    )
    code_id = made["access_code"]["access_code_id"]
    await soon(house, lambda: house.code(code_id), lambda code: bool(code["status"] == "set"))
    simulate = "/access_codes/simulate/create_unmanaged_access_code"
    other = await house.call(simulate, device_id=lock["device_id"], name="Quentin", code="918273")
    await house.call("/devices/update", device_id=gate["device_id"], is_managed=False)
    webviews = (await house.call("/connect_webviews/list"))["connect_webviews"]
    webview = next(each for each in webviews if each["connected_account_id"] == account_id)
    events = await house.events(connected_account_id=account_id)
    attempt_id = made["action_attempt"]["action_attempt_id"]
    other_id = other["access_code"]["access_code_id"]
    ids: dict[str, Any] = {
        "device_id": [lock["device_id"], gate["device_id"]],
        "device_ids": [[lock["device_id"], gate["device_id"]]],
        "access_code_id": [code_id, other_id],
        "access_code_ids": [[code_id, other_id]],
        "connected_account_id": [account_id],
        "connected_account_ids": [[account_id]],
        "connect_webview_id": [webview["connect_webview_id"]],
        "action_attempt_id": [attempt_id],
        "action_attempt_ids": [[attempt_id]],
        "event_id": [events[-1]["event_id"], events[0]["event_id"]],
        "event_ids": [[event["event_id"] for event in events[:3]]],
        "event_type": ["device.converted_to_unmanaged"],
        "event_types": [["device.converted_to_unmanaged"]],
        "name": ["Vault door", "Gate"],
        "search": ["Vault", "Zelda", "Quentin", PIN, "7th", account_id],
        "code": [PIN],
        "common_code_key": ["guests"],
        "customer_key": ["zoe"],
        "email": [TWO_LOCKS],
        "user_identifier_key": [KEY],
    }
    needles = {account_id, code_id, other_id, attempt_id, webview["connect_webview_id"], TWO_LOCKS, PIN}
    needles |= {lock["device_id"], gate["device_id"], *(event["event_id"] for event in events)}
    needles |= {"Vault door", '"Gate"', "Zelda", "Quentin", "918273", "7th", '"zoe"', '"guests"'}
    return Foreign(account_id, lock, ids, needles)
