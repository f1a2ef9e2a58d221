"""Client sessions: made, found, given more, ended; and what comes out of a session's own webview."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from ostiary import store
from ostiary.domain.instants import parse_instant, to_wire

from ..conftest import OpenHouse
from ..house import TestHouse
from .sessions import as_session, session
from .support import Wire

NOBODY = "11111111-2222-4333-8444-555555555555"
YEAR = timedelta(days=365)


async def test_put_answers_the_one_that_there_is_and_post_refuses(open_: OpenHouse) -> None:
    """One session for each user; it lasts a year unless its maker says otherwise."""
    async with open_() as house:
        now = await house.now()
        given = {"user_identifier_key": "anna", "customer_key": "acme"}
        answer = await house.request("PUT", "/client_sessions/create", json=given)
        made = answer.json()["client_session"]
        assert made["token"].startswith("seam_cst1")
        assert (made["user_identifier_key"], made["customer_key"]) == ("anna", "acme")
        assert made["workspace_id"] == house.workspace.workspace_id
        assert made["device_count"] == 0
        assert made["connected_account_ids"] == made["connect_webview_ids"] == made["user_identity_ids"] == []
        assert abs(parse_instant(made["expires_at"]) - now - YEAR) < timedelta(minutes=1)
        again = await house.request("PUT", "/client_sessions/create", json=given)
        assert again.json() == answer.json()
        error = await house.refused(
            "/client_sessions/create", 400, "client_session_token_already_exists", **given
        )
        assert error["data"] == {"client_session_id": made["client_session_id"]}
        assert made["token"] not in str(error)
        anonymous = [await session(house), await session(house)]
        assert anonymous[0]["client_session_id"] != anonymous[1]["client_session_id"]
        past = to_wire(now - timedelta(seconds=1))
        error = await house.refused("/client_sessions/create", 400, "invalid_input", expires_at=past)
        assert error["message"] == 'Must be in the future for "expires_at"'


async def test_many_who_ask_at_once_for_one_user_get_one_session(open_: OpenHouse) -> None:
    """Two pages of one user load at the same moment."""
    async with open_() as house:
        asked = [{"user_identifier_key": "anna"}] * 8
        found = await asyncio.gather(
            *(house.call("/client_sessions/get_or_create", **each) for each in asked)
        )
        assert len({each["client_session"]["token"] for each in found}) == 1
        assert len((await house.call("/client_sessions/list"))["client_sessions"]) == 1


async def test_get_or_create_finds_prolongs_and_adds(open_: OpenHouse) -> None:
    """A given `expires_at` moves the end of the one that is found, also a year after it; ids are added."""
    async with open_() as house:
        account_id = await house.connect()
        made = (await house.call("/client_sessions/get_or_create", user_identifier_key="anna"))[
            "client_session"
        ]
        same = (await house.call("/client_sessions/get_or_create", user_identifier_key="anna"))[
            "client_session"
        ]
        assert same == made
        until = to_wire((await house.now()).replace(microsecond=0) + timedelta(hours=1))
        more: dict[str, Any] = {"expires_at": until, "connected_account_ids": [account_id]}
        found = (await house.call("/client_sessions/get_or_create", user_identifier_key="anna", **more))[
            "client_session"
        ]
        assert found == {
            **made,
            "expires_at": until,
            "connected_account_ids": [account_id],
            "device_count": 3,
        }
        guest = as_session(house, made["token"])
        assert len(await guest.devices()) == 3
        await house.advance(3601)
        await guest.refused("/devices/list", 401, "client_session_expired")
        later = to_wire((await house.now()).replace(microsecond=0) + timedelta(hours=1))
        found = (
            await house.call("/client_sessions/get_or_create", user_identifier_key="anna", expires_at=later)
        )["client_session"]
        assert (found["token"], found["expires_at"]) == (made["token"], later)
        assert len(await guest.devices()) == 3
        await house.advance(3601)
        assert await house.devices(user_identifier_key="anna") == []
        fresh = (await house.call("/client_sessions/get_or_create", user_identifier_key="anna"))[
            "client_session"
        ]
        assert fresh["client_session_id"] != made["client_session_id"]
        assert fresh["connected_account_ids"] == [], "what has expired is not passed on"
        await guest.refused("/devices/list", 401, "client_session_expired")
        await house.refused(
            "/client_sessions/create",
            *(400, "client_session_token_already_exists"),
            user_identifier_key="anna",
        )


async def test_sessions_are_found_and_listed(open_: OpenHouse) -> None:
    """By id, by user, by webview, without a user; a session finds itself and no other."""
    async with open_() as house:
        webview = (await house.call("/connect_webviews/create"))["connect_webview"]
        which = {"connect_webview_ids": [webview["connect_webview_id"]]}
        anna = await session(house, user_identifier_key="anna", **which)
        ben = await session(house, user_identifier_key="ben")
        nobody = await session(house)
        assert anna["connect_webview_ids"] == [webview["connect_webview_id"]]

        async def listed(**filters: Any) -> list[Wire]:
            found: list[Wire] = (await house.call("/client_sessions/list", **filters))["client_sessions"]
            return found

        assert await listed() == [anna, ben, nobody]
        assert await listed(client_session_id=ben["client_session_id"]) == [ben]
        assert await listed(user_identifier_key="anna") == [anna]
        assert await listed(connect_webview_id=webview["connect_webview_id"]) == [anna]
        assert await listed(without_user_identifier_key=True) == [nobody]
        assert await listed(without_user_identifier_key=False) == [anna, ben, nobody]
        assert await listed(user_identity_id=NOBODY) == []
        assert await listed(user_identifier_key="ben", client_session_id=anna["client_session_id"]) == []
        for asker, given in (
            (house, {"client_session_id": anna["client_session_id"]}),
            (house, {"user_identifier_key": "anna"}),
            (as_session(house, anna["token"]), {}),
            (as_session(house, anna["token"]), {"user_identifier_key": "anna"}),
        ):
            assert (await asker.call("/client_sessions/get", **given))["client_session"] == anna
        for asker, user in ((house, "nobody"), (as_session(house, anna["token"]), "ben")):
            error = await asker.refused(
                "/client_sessions/get", 404, "client_session_not_found", user_identifier_key=user
            )
            assert error["data"] == {"user_identifier_key": user}
        both = {"client_session_id": anna["client_session_id"], "user_identifier_key": "anna"}
        await as_session(house, anna["token"]).refused("/client_sessions/get", 400, "invalid_options", **both)
        await house.refused("/client_sessions/get", 400, "invalid_input")


async def test_access_is_granted_and_never_taken_by_granting(open_: OpenHouse) -> None:
    """Accounts and webviews are added, with the account of a webview that is done; nothing is made up."""
    async with open_() as house:
        account_id = await house.connect()
        done = (await house.call("/connect_webviews/list"))["connect_webviews"][0]
        open_one = (await house.call("/connect_webviews/create"))["connect_webview"]
        anna = await session(house, user_identifier_key="anna")
        guest = as_session(house, anna["token"])
        assert await guest.devices() == []
        which = {"connect_webview_ids": [done["connect_webview_id"]]}
        granted = await house.request(
            "PATCH", "/client_sessions/grant_access", json={"user_identifier_key": "anna", **which}
        )
        assert granted.json()["client_session"]["connected_account_ids"] == [account_id]
        assert len(await guest.devices()) == 3
        ids = {"client_session_id": anna["client_session_id"]}
        for _ in range(2):
            now = await house.call(
                "/client_sessions/grant_access",
                **ids,
                connect_webview_ids=[open_one["connect_webview_id"]],
                connected_account_ids=[account_id],
            )
        assert now["client_session"]["connected_account_ids"] == [account_id]
        webviews = {done["connect_webview_id"], open_one["connect_webview_id"]}
        assert set(now["client_session"]["connect_webview_ids"]) == webviews
        for path, given in (("create", {}), ("get_or_create", {}), ("grant_access", ids)):
            for noun, field, value in (
                ("connected_account", "connected_account_ids", [NOBODY]),
                ("connect_webview", "connect_webview_ids", [NOBODY]),
                ("user_identity", "user_identity_id", NOBODY),
                ("user_identity", "user_identity_ids", [NOBODY]),
            ):
                error = await house.refused(
                    f"/client_sessions/{path}", 404, f"{noun}_not_found", **given, **{field: value}
                )
                assert error["data"] == {f"{noun}_id": NOBODY}
        await house.refused("/client_sessions/create", 404, "customer_not_found", customer_id="c1")
        assert len((await house.call("/client_sessions/list"))["client_sessions"]) == 1, (
            "nothing is half made"
        )
        await house.refused("/client_sessions/grant_access", 400, "invalid_input")
        missing = {"client_session_id": NOBODY}
        for path in ("grant_access", "revoke", "delete", "get"):
            error = await house.refused(
                f"/client_sessions/{path}", 404, "client_session_not_found", **missing
            )
            assert error["data"] == missing


async def test_what_comes_out_of_its_webview_is_its_own_and_goes_with_the_account(open_: OpenHouse) -> None:
    """A session makes a webview, somebody logs in, and the session sees the account until that is deleted."""
    async with open_() as house:
        anna = await session(house, user_identifier_key="anna")
        ben = as_session(house, (await session(house, user_identifier_key="ben"))["token"])
        guest = as_session(house, anna["token"])
        account_id = await guest.connect()
        webview = (await guest.call("/connect_webviews/list"))["connect_webviews"][0]
        assert webview["connected_account_id"] == account_id
        found = (await guest.call("/client_sessions/get"))["client_session"]
        assert found["connect_webview_ids"] == [webview["connect_webview_id"]]
        assert (found["connected_account_ids"], found["device_count"]) == ([account_id], 3)
        assert len(await guest.devices()) == 3
        types = {event["event_type"] for event in await guest.events()}
        assert {"connect_webview.login_succeeded", "connected_account.created", "device.added"} <= types
        assert await ben.devices() == await ben.events() == []
        await ben.refused(
            "/connect_webviews/get",
            *(404, "connect_webview_not_found"),
            connect_webview_id=webview["connect_webview_id"],
        )
        await house.call("/connect_webviews/delete", connect_webview_id=webview["connect_webview_id"])
        left = (await guest.call("/client_sessions/get"))["client_session"]
        assert (left["connect_webview_ids"], left["connected_account_ids"]) == ([], [account_id])
        await house.call("/connected_accounts/delete", connected_account_id=account_id)
        left = (await guest.call("/client_sessions/get"))["client_session"]
        assert (left["connected_account_ids"], left["device_count"]) == ([], 0)
        assert await guest.devices() == await guest.events() == []


async def test_revoked_and_deleted_sessions_are_over_with_the_next_request(open_: OpenHouse) -> None:
    """Each in its own words, also for an answer that was just given; deleting is told, revoking is not."""
    async with open_() as house:
        account_id = await house.connect()
        lock = await house.lock_with_keypad()
        which = {"connected_account_ids": [account_id]}
        for verb, words in (("revoke", "client_session_revoked"), ("delete", "client_session_not_found")):
            made = await session(house, user_identifier_key="anna", **which)
            guest = as_session(house, made["token"])
            for _ in range(3):
                assert len(await guest.devices()) == 3
            ids = {"client_session_id": made["client_session_id"]}
            await house.call(f"/client_sessions/{verb}", **ids)
            for path, body in (
                ("/devices/list", {}),
                ("/locks/unlock_door", {"device_id": lock["device_id"]}),
                ("/client_sessions/get", {}),
            ):
                await guest.refused(path, 401, words, **body)
        assert (await house.call("/action_attempts/list"))["action_attempts"] == []
        listed = (await house.call("/client_sessions/list", user_identifier_key="anna"))["client_sessions"]
        assert len(listed) == 1, "a revoked one stays listed"
        await house.call("/client_sessions/revoke", client_session_id=listed[0]["client_session_id"])
        [told] = await house.events(event_type="client_session.deleted")
        assert told["client_session_id"] == made["client_session_id"]
        await house.refused("/client_sessions/delete", 404, "client_session_not_found", **ids)


async def test_a_session_ends_by_its_workspaces_clock(open_: OpenHouse) -> None:
    """An answer that could stand does not outlive it, though nobody commits anything meanwhile."""
    async with open_() as house:
        account_id = await house.connect()
        real = await house.house.database.write(store.workspaces.create, "real", is_sandbox=False)
        _, key = await house.house.database.write(store.workspaces.create_api_key, real, "real")
        production = as_session(house, key.reveal())
        soon = to_wire((await production.now()) + timedelta(seconds=1.5))
        short = as_session(house, (await session(production, expires_at=soon))["token"])
        until = to_wire((await house.now()) + timedelta(hours=1))
        made = await session(house, connected_account_ids=[account_id], expires_at=until)
        guest = as_session(house, made["token"])
        for _ in range(3):
            assert len(await guest.devices()) == 3
            assert await short.devices() == []
        await asyncio.sleep(1.6)
        await short.refused("/devices/list", 401, "client_session_expired")
        assert len(await guest.devices()) == 3
        await house.advance(3601)
        await guest.refused("/devices/list", 401, "client_session_expired")


async def test_a_token_comes_in_any_of_its_headers(open_: OpenHouse) -> None:
    """A session's header goes before any key, so that a standing answer for the key is not given out."""
    async with open_() as house:
        await house.connect()
        token = (await session(house))["token"]
        for _ in range(2):
            assert len(await house.devices()) == 3
        for name in ("seam-client-session-token", "client-session-token"):
            mixed = await house.request("POST", "/devices/list", json={}, headers={name: token})
            assert mixed.json()["devices"] == [], name
            bad = await house.request("POST", "/devices/list", json={}, headers={name: house.api_key})
            assert (bad.status_code, bad.json()["error"]["type"]) == (400, "invalid_client_session_token")
            both = {name: token, "authorization": f"Bearer {token}"}
            alone = await house.http.post("/devices/list", json={}, headers=both)
            assert alone.json()["devices"] == []
            key_only = await house.request("POST", "/connected_accounts/list", json={}, headers={name: token})
            assert len(key_only.json()["connected_accounts"]) == 1, (
                "no session is taken there: the key decides"
            )
        assert len(await house.devices()) == 3


async def test_a_browser_may_ask_with_a_session(open_: OpenHouse) -> None:
    """What a page of another origin sends is allowed before it is sent, and its origin is echoed."""
    async with open_() as house:
        token = (await session(house))["token"]
        origin = {"origin": "https://app.example.com"}
        asked = {
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,client-session-token,content-type",
        }
        before = await house.http.options("/devices/list", headers={**origin, **asked})
        assert before.status_code == 200
        _allows(before, origin["origin"])
        allowed = {name.strip() for name in before.headers["access-control-allow-headers"].split(",")}
        assert allowed >= {
            *("authorization", "content-type", "client-session-token", "seam-client-session-token"),
            *("seam-publishable-key", "seam-user-identifier-key", "user-identifier-key"),
        }
        headers = {**origin, "authorization": f"Bearer {token}", "client-session-token": token}
        for sent, status in ((headers, 200), (origin, 401)):
            answer = await house.http.post("/devices/list", json={}, headers=sent)
            assert answer.status_code == status
            _allows(answer, origin["origin"])


def _allows(answer: httpx.Response, origin: str) -> None:
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-credentials"] == "true"


async def test_tokens_are_encrypted_and_looked_up_by_their_hash(open_: OpenHouse, tmp_path: Any) -> None:
    """Nothing in the database's file shows a token, though the API does."""
    async with open_() as house:
        made = await session(house, user_identifier_key="anna")
        assert (await house.call("/client_sessions/get", user_identifier_key="anna"))[
            "client_session"
        ] == made
        for file in tmp_path.glob("test.db*"):
            assert made["token"].encode() not in file.read_bytes()
        wrong = TestHouse(house.house, house.workspace, made["token"][:-1], house.http)
        await wrong.refused("/devices/list", 401, "client_session_not_found")
