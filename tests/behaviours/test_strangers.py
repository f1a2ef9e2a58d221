"""Callers who have no business here: ids of nothing, keys of another workspace, and no good key at all."""

from dataclasses import replace

from ostiary import store

from ..conftest import OpenHouse
from .support import (
    at_home,
    engine_passes,
    neighbour,
    nothing_changes,
    set_code,
    two_locks,
)

NOBODY = "11111111-2222-4333-8444-555555555555"
CREATE, UPDATE, DELETE = "/access_codes/create", "/access_codes/update", "/access_codes/delete"
GET, LIST = "/access_codes/get", "/access_codes/list"


async def test_unknown_ids_are_not_found(open_: OpenHouse) -> None:
    """404 with the noun's own type, and the id in `data`."""
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        for noun, paths in {
            "device": (
                *("/devices/get", "/devices/update", "/locks/get", "/locks/lock_door", "/locks/unlock_door"),
                *(CREATE, LIST, "/access_codes/generate_code"),
            ),
            "access_code": (GET, UPDATE, DELETE),
            "connected_account": tuple(f"/connected_accounts/{v}" for v in ("get", "update", "delete")),
            "connect_webview": ("/connect_webviews/get", "/connect_webviews/delete"),
            "action_attempt": ("/action_attempts/get",),
            "event": ("/events/get",),
        }.items():
            for path in paths:
                error = await house.refused(path, 404, f"{noun}_not_found", **{f"{noun}_id": NOBODY})
                assert error["data"] == {f"{noun}_id": NOBODY}


async def test_a_code_of_another_device_is_not_found(open_: OpenHouse) -> None:
    """Where a device is named too, both must fit: else 404, and nothing happens to the code."""
    async with two_locks(open_) as (house, front, back):
        code = await set_code(house, front, code="498882")
        which = {"access_code_id": code["access_code_id"], "device_id": back["device_id"]}
        async with nothing_changes(house, front):
            for path in (GET, UPDATE, DELETE):
                error = await house.refused(path, 404, "access_code_not_found", **which)
                assert error["data"] == which
            by_pin = {"device_id": back["device_id"], "code": "498882"}
            await house.refused(GET, 404, "access_code_not_found", **by_pin)


async def test_another_workspace_sees_and_touches_nothing(open_: OpenHouse) -> None:
    """With a key of another workspace everything is 404, lists are empty, and nothing changes."""
    async with at_home(open_) as (house, lock):
        code = await set_code(house, lock, code="498882")
        await house.call("/locks/lock_door", device_id=lock["device_id"])
        await engine_passes(house, 60)
        webview = (await house.call("/connect_webviews/list"))["connect_webviews"][0]
        attempt = (await house.call("/action_attempts/list"))["action_attempts"][0]
        ids = {
            "device": lock["device_id"],
            "access_code": code["access_code_id"],
            "connected_account": lock["connected_account_id"],
            "connect_webview": webview["connect_webview_id"],
            "action_attempt": attempt["action_attempt_id"],
            "event": (await house.events())[0]["event_id"],
        }
        other = await neighbour(house)
        async with nothing_changes(house, lock):
            for noun, verbs in {
                "device": ("devices/get", "devices/update", "locks/get", "locks/unlock_door"),
                "access_code": ("access_codes/get", "access_codes/update", "access_codes/delete"),
                "connected_account": ("connected_accounts/get", "connected_accounts/delete"),
                "connect_webview": ("connect_webviews/get", "connect_webviews/delete"),
                "action_attempt": ("action_attempts/get",),
                "event": ("events/get",),
            }.items():
                for verb in verbs:
                    await other.refused(f"/{verb}", 404, f"{noun}_not_found", **{f"{noun}_id": ids[noun]})
            for path in (CREATE, LIST, "/access_codes/generate_code"):
                await other.refused(path, 404, "device_not_found", device_id=ids["device"])
            assert await other.devices() == []
            assert await other.events() == []
            listed = await other.call(LIST, access_code_ids=[ids["access_code"]])
            assert listed["access_codes"] == []
            for noun in ("connected_account", "connect_webview", "action_attempt"):
                assert (await other.call(f"/{noun}s/list"))[f"{noun}s"] == []


async def test_another_workspace_does_not_reach_the_simulated_vendor(open_: OpenHouse) -> None:
    """The control plane, where PINs are in the clear, opens only to its own workspace's key."""
    async with at_home(open_) as (house, _):
        other = await neighbour(house)
        path = f"/ostiary/sandbox/{house.workspace.workspace_id}/nuki/_simulator"
        for below in ("/truth", "/"):
            assert (await house.request("GET", path + below)).status_code == 200
        token = (await house.call("/client_sessions/create"))["client_session"]["token"]
        guest = replace(house, api_key=token)
        for below in ("/truth", "/", "", "/static/truth"):
            assert (await other.request("GET", path + below)).status_code == 401
            assert (await guest.request("GET", path + below)).status_code == 401


async def test_every_kind_of_bad_credentials_is_unauthorized(open_: OpenHouse) -> None:
    """401, whatever else is wrong with the request; a revoked key is an unknown one."""
    async with at_home(open_) as (house, lock):
        database = house.house.database
        key, revoked = await database.write(store.workspaces.create_api_key, house.workspace, "old")
        assert await database.write(store.workspaces.revoke_api_key, key.api_key_id)
        _, personal = await database.write(store.workspaces.create_personal_token, "me")
        nobody, here = {"seam-workspace": NOBODY}, {"seam-workspace": house.workspace.workspace_id}
        no_method = "No authentication methods succeeded"
        async with nothing_changes(house, lock):
            for headers, message in (
                ({}, no_method),
                ({"authorization": "Bearer "}, no_method),
                ({"authorization": f"Basic {house.api_key}"}, no_method),
                ({"authorization": house.api_key}, no_method),
                ({"authorization": "Bearer seam_cst1_x"}, "Client session not found"),
                ({"authorization": "Bearer seam_pk1_x"}, no_method),
                ({"authorization": "Bearer seam_test_nobody"}, "API Key not found"),
                ({"authorization": f"Bearer {house.api_key[:-1]}"}, "API Key not found"),
                ({"authorization": f"Bearer {revoked.reveal()}"}, "API Key not found"),
                ({"authorization": f"Bearer {personal.reveal()}"}, no_method),
                ({"authorization": f"Bearer {personal.reveal()}", **nobody}, "Workspace not found"),
                ({"authorization": "Bearer seam_at1_x", **here}, "Personal access token not found"),
            ):
                for path, body in ((CREATE, {"device_id": lock["device_id"]}), (GET, {"device_id": 7})):
                    answer = await house.http.post(path, json=body, headers=headers)
                    assert answer.status_code == 401, (headers, answer.text)
                    error = answer.json()["error"]
                    kind = "client_session_not_found" if "session" in message else "unauthorized"
                    assert (error["type"], error["message"]) == (kind, message)
                    assert error["request_id"] == answer.headers["seam-request-id"]
        good = {"authorization": f"Bearer {personal.reveal()}", **here}
        assert (await house.http.post("/devices/list", json={}, headers=good)).status_code == 200
