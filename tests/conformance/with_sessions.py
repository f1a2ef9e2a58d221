"""A story for the official schema: users of an app ask for themselves, and a token makes workspaces."""

from dataclasses import replace

from ostiary import store

from ..house import TestHouse


async def users_ask_themselves(house: TestHouse) -> None:
    """Sessions in every state, made by a backend and by a page; and what they see."""
    database = house.house.database
    account_id = await house.connect()
    made = await house.call(
        "/client_sessions/create",
        user_identifier_key="anna",
        customer_key="acme",
        connected_account_ids=[account_id],
        expires_at="2100-01-01T00:00:00Z",
    )
    session = made["client_session"]
    guest = replace(house, api_key=session["token"])
    await guest.call("/client_sessions/get")
    webview = (await guest.call("/connect_webviews/create"))["connect_webview"]
    for path in ("/devices/list", "/locks/list", "/connect_webviews/list", "/workspaces/list"):
        await guest.call(path)
    await guest.call("/workspaces/get")
    await guest.refused("/connected_accounts/list", 401, "unauthorized")
    await house.call("/client_sessions/create")
    _, key = await database.write(store.workspaces.create_publishable_key, house.workspace, "page")
    page = {"seam-publishable-key": key.reveal()}
    body = {"user_identifier_key": "ben"}
    for method in ("POST", "PUT"):
        answer = await house.http.request(method, "/client_sessions/get_or_create", json=body, headers=page)
        assert answer.status_code == 200
    await house.call("/workspaces/get")
    grant = {**body, "connect_webview_ids": [webview["connect_webview_id"]]}
    await house.call("/client_sessions/grant_access", **grant)
    await house.call("/client_sessions/list")
    for verb in ("revoke", "delete"):
        await house.call(f"/client_sessions/{verb}", client_session_id=session["client_session_id"])
    _, token = await database.write(store.workspaces.create_personal_token, "me")
    me = replace(house, api_key=token.reveal())
    await me.call("/workspaces/create", name="Hotel", company_name="Hotel Ltd", is_sandbox=True)
    await me.call("/workspaces/list")
    await house.events()
