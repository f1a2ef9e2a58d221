"""Publishable keys and personal access tokens: what each may do, and that its end is at once."""

from datetime import timedelta
from typing import Any

import httpx

from ostiary import store
from ostiary.domain.instants import to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .sessions import as_session, session
from .support import Wire

NOBODY = "11111111-2222-4333-8444-555555555555"
MAKE, GET_OR_MAKE = "/client_sessions/create", "/client_sessions/get_or_create"


class Browser:
    """A web page of the API user's, with a publishable key in it."""

    def __init__(self, house: TestHouse, key: str) -> None:
        self._house, self._headers = house, {"seam-publishable-key": key}

    async def ask(
        self, path: str, headers: dict[str, str] | None = None, method: str = "POST", **body: Any
    ) -> httpx.Response:
        sent = {**self._headers, **(headers or {})}
        return await self._house.http.request(method, path, json=body, headers=sent)

    async def refused(self, path: str, headers: dict[str, str] | None = None, **body: Any) -> tuple[int, str]:
        answer = await self.ask(path, headers, **body)
        return answer.status_code, answer.json()["error"]["type"]


async def _flag(house: TestHouse) -> bool:
    return bool((await house.call("/workspaces/get"))["workspace"]["is_publishable_key_auth_enabled"])


async def test_a_publishable_key_makes_empty_sessions_of_named_users(open_: OpenHouse) -> None:
    """A user must be named, in the body or a header; what a session could reach must not."""
    async with open_() as house:
        assert not await _flag(house)
        database = house.house.database
        _, key = await database.write(store.workspaces.create_publishable_key, house.workspace, "page")
        assert key.reveal().startswith("seam_pk1")
        assert await _flag(house)
        page = Browser(house, key.reveal())
        made = (await page.ask(GET_OR_MAKE, user_identifier_key="anna")).json()["client_session"]
        assert (made["user_identifier_key"], made["connected_account_ids"]) == ("anna", [])
        for name in ("seam-user-identifier-key", "user-identifier-key"):
            assert (await page.ask(GET_OR_MAKE, {name: "anna"})).json()["client_session"] == made
        put = await page.ask(MAKE, method="PUT", user_identifier_key="anna")
        assert put.json()["client_session"] == made
        assert await page.refused(MAKE, user_identifier_key="anna") == (
            400,
            "client_session_token_already_exists",
        )
        unnamed = "publishable_key_requires_user_identifier_key"
        assert await page.refused(MAKE) == (401, unnamed)
        assert await page.refused(GET_OR_MAKE) == (400, unnamed)
        for field, value in {
            "connected_account_ids": [NOBODY],
            "connect_webview_ids": [],
            "user_identity_id": NOBODY,
            "user_identity_ids": [NOBODY],
        }.items():
            for path in (MAKE, GET_OR_MAKE):
                given = {"user_identifier_key": "zoe", field: value}
                refusal = (403, "publishable_keys_must_create_empty_client_sessions")
                assert await page.refused(path, None, **given) == refusal
        assert await page.refused(MAKE, user_identifier_key="zoe", customer_key="acme") == refusal
        for headers in ({"seam-publishable-key": "seam_pk1_x"}, {"seam-publishable-key": house.api_key}):
            assert await page.refused(GET_OR_MAKE, headers, user_identifier_key="zoe") == (
                401,
                "invalid_publishable_key",
            )
        with_key = {"authorization": f"Bearer {key.reveal()}"}
        assert await page.refused(GET_OR_MAKE, with_key, user_identifier_key="zoe") == (401, "unauthorized")
        for path in ("/devices/list", "/client_sessions/get", "/client_sessions/list", "/workspaces/get"):
            assert await page.refused(path) == (401, "unauthorized"), path
        listed = (await house.call("/client_sessions/list"))["client_sessions"]
        assert [each["user_identifier_key"] for each in listed] == ["anna"]


async def test_a_publishable_key_prolongs_nothing_and_is_over_when_it_is_revoked(open_: OpenHouse) -> None:
    """A page may have less time, never more; nothing that has expired or was revoked comes back to it."""
    async with open_() as house:
        account_id = await house.connect()
        database = house.house.database
        made, key = await database.write(store.workspaces.create_publishable_key, house.workspace, "page")
        page = Browser(house, key.reveal())
        granted = await session(
            house,
            user_identifier_key="anna",
            connected_account_ids=[account_id],
            expires_at="2100-01-01T00:00:00Z",
        )

        async def asked(**body: Any) -> Wire:
            answer = await page.ask(GET_OR_MAKE, user_identifier_key="anna", **body)
            found: Wire = answer.json()["client_session"]
            return found

        assert await asked() == granted
        assert await asked(expires_at="2101-01-01T00:00:00Z") == granted
        shorter = await asked(expires_at="2099-01-01T00:00:00Z")
        assert shorter == {**granted, "expires_at": "2099-01-01T00:00:00.000Z"}
        await house.call("/client_sessions/revoke", client_session_id=granted["client_session_id"])
        empty = await asked()
        assert empty["client_session_id"] != granted["client_session_id"]
        assert empty["connected_account_ids"] == []
        guest = as_session(house, empty["token"])
        assert await guest.devices() == []
        which = {"client_session_id": empty["client_session_id"], "connected_account_ids": [account_id]}
        await house.call("/client_sessions/grant_access", **which)
        assert len(await guest.devices()) == 3
        soon = to_wire(await house.now() + timedelta(hours=1))
        assert (await asked(expires_at=soon))["client_session_id"] == empty["client_session_id"]
        await house.advance(3601)
        again = await asked(expires_at="2100-01-01T00:00:00Z")
        assert again["client_session_id"] != empty["client_session_id"]
        assert again["connected_account_ids"] == [], "what has expired does not come back to a page"
        await guest.refused("/devices/list", 401, "client_session_expired")
        guest = as_session(house, again["token"])
        await database.write(store.workspaces.revoke_api_key, made.api_key_id)
        assert await page.refused(GET_OR_MAKE, user_identifier_key="anna") == (401, "invalid_publishable_key")
        assert not await _flag(house)
        assert await guest.devices() == [], "a session stands by itself"


async def test_a_personal_token_lists_and_makes_workspaces(open_: OpenHouse) -> None:
    """Without `seam-workspace` it does only that; with it, it is as good as a key of that workspace."""
    async with open_() as house:
        await house.connect()
        _, token = await house.house.database.write(store.workspaces.create_personal_token, "me")
        me = as_session(house, token.reveal())
        made = (await me.call("/workspaces/create", name="Hotel", company_name="Hotel Ltd"))["workspace"]
        assert (made["name"], made["company_name"], made["connect_partner_name"]) == (
            "Hotel",
            "Hotel Ltd",
            "Hotel Ltd",
        )
        assert not made["is_sandbox"]
        sandbox = (await me.call("/workspaces/create", name="Try", is_sandbox=True))["workspace"]
        assert (sandbox["is_sandbox"], sandbox["company_name"]) == (True, "Try")
        listed = (await me.call("/workspaces/list"))["workspaces"]
        assert [each["name"] for each in listed] == ["sandbox", "Hotel", "Try"]
        assert listed[1:] == [made, sandbox]
        await me.refused("/workspaces/create", 409, "workspace_name_taken", name="Hotel")
        for field, value in (
            ("organization_id", NOBODY),
            ("connect_webview_customization", {"logo_shape": "circle"}),
            ("webview_success_message", "Thanks"),
        ):
            error = await me.refused(
                "/workspaces/create", 400, "invalid_input", name="Other", **{field: value}
            )
            assert field in error["validation_errors"]
        await me.refused("/devices/list", 401, "unauthorized")
        await me.refused("/workspaces/get", 401, "unauthorized")
        here = {"seam-workspace": house.workspace.workspace_id}
        for path, key, count in (("/devices/list", "devices", 3), ("/workspaces/list", "workspaces", 1)):
            assert len((await me.request("POST", path, json={}, headers=here)).json()[key]) == count
        there = {"seam-workspace": made["workspace_id"]}
        assert (await me.request("POST", "/devices/list", json={}, headers=there)).json()["devices"] == []


async def test_keys_and_sessions_list_their_own_workspace(open_: OpenHouse) -> None:
    """And make none."""
    async with open_() as house:
        await house.house.database.write(store.workspaces.create, "other", is_sandbox=True)
        guest = as_session(house, (await session(house))["token"])
        for asker in (house, guest):
            [listed] = (await asker.call("/workspaces/list"))["workspaces"]
            assert listed["workspace_id"] == house.workspace.workspace_id
            await asker.refused("/workspaces/create", 401, "unauthorized", name="mine")


async def test_whatever_is_revoked_is_over_with_the_next_request(open_: OpenHouse) -> None:
    """A key and a token, also where their answers stand in memory; their sessions go on."""
    async with open_() as house:
        await house.connect()
        database = house.house.database
        guest = as_session(house, (await session(house))["token"])
        here = {"seam-workspace": house.workspace.workspace_id}
        key, text = await database.write(store.workspaces.create_api_key, house.workspace, "old")
        personal, token = await database.write(store.workspaces.create_personal_token, "me")
        for made, secret, headers in ((key, text, {}), (personal, token, here)):
            asker = as_session(house, secret.reveal())
            for _ in range(3):
                answer = await asker.request("POST", "/devices/list", json={}, headers=headers)
                assert len(answer.json()["devices"]) == 3
            await database.write(store.workspaces.revoke_api_key, made.api_key_id)
            answer = await asker.request("POST", "/devices/list", json={}, headers=headers)
            assert answer.status_code == 401
        assert await guest.devices() == []
        assert len(await house.devices()) == 3
