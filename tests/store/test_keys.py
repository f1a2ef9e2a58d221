"""API keys: shown once, kept as a hash, in the wire's forms, dead as soon as they are revoked."""

import hashlib
import re

from ostiary import store
from ostiary.domain.secrets import Secret
from ostiary.domain.workspaces import Workspace
from ostiary.store.tx import Database, Tx
from ostiary.store.workspaces import BASE58, ApiKey

from .opened import add_workspace, opened

RANDOM = f"[{BASE58}]"


async def _workspace(database: Database, token: Secret) -> Workspace | None:
    found = await database.read(store.workspaces.by_api_key, token.reveal())
    return None if found is None else found[0]


async def _production(tx: Tx) -> Workspace:
    return await store.workspaces.create(tx, "real", is_sandbox=False)


async def test_a_key_opens_its_workspace_and_is_stored_as_a_hash(database_url: str) -> None:
    async with opened(database_url) as database:
        workspace = await database.write(add_workspace)
        key, token = await database.write(store.workspaces.create_api_key, workspace, "laptop")
        assert await _workspace(database, token) == workspace
        assert await database.read(store.workspaces.by_api_key, token.reveal() + "x") is None
        assert await database.read(store.workspaces.by_api_key, key.token_hash) is None
        [stored] = await database.read(store.workspaces.list_api_keys)
        assert stored == key
        assert stored.token_hash == hashlib.sha256(token.reveal().encode()).hexdigest()
        shown = [getattr(stored, name) for name in ApiKey.__slots__]
        assert not any(token.reveal() in str(value) for value in shown)
        assert token.reveal().startswith(stored.shown_prefix + "_")


async def test_the_forms_of_keys_are_the_wires(database_url: str) -> None:
    async with opened(database_url) as database:
        sandbox, real = await database.write(add_workspace), await database.write(_production)
        for _ in range(20):
            _, test = await database.write(store.workspaces.create_api_key, sandbox, "k")
            _, live = await database.write(store.workspaces.create_api_key, real, "k")
            _, personal = await database.write(store.workspaces.create_personal_token, "k")
            assert re.fullmatch(rf"seam_test{RANDOM}{{4}}_{RANDOM}{{24}}", test.reveal())
            assert re.fullmatch(rf"seam_{RANDOM}{{8}}_{RANDOM}{{24}}", live.reveal())
            assert re.fullmatch(rf"seam_at1{RANDOM}{{8}}_{RANDOM}{{24}}", personal.reveal())
            _, page = await database.write(store.workspaces.create_publishable_key, real, "k")
            assert re.fullmatch(rf"seam_pk1{RANDOM}{{8}}_{RANDOM}{{24}}", page.reveal())
            session = store.workspaces.client_session_token()
            assert re.fullmatch(rf"seam_cst1{RANDOM}{{8}}_{RANDOM}{{24}}", session.reveal())
            for key in (test, live):  # what the official SDKs take for a token of another kind
                assert not key.reveal().startswith(("seam_at", "seam_cst", "seam_pk", "ey"))


async def test_a_revoked_key_is_dead_at_once_and_alone(database_url: str) -> None:
    async with opened(database_url) as database:
        workspace = await database.write(add_workspace)
        first, token = await database.write(store.workspaces.create_api_key, workspace, "first")
        second, other = await database.write(store.workspaces.create_api_key, workspace, "second")
        assert await database.write(store.workspaces.revoke_api_key, first.api_key_id)
        assert await database.read(store.workspaces.by_api_key, token.reveal()) is None
        assert await _workspace(database, other) == workspace
        assert not await database.write(store.workspaces.revoke_api_key, first.api_key_id)
        assert not await database.write(store.workspaces.revoke_api_key, "no such key")
        assert await database.write(store.workspaces.revoke_api_key, second.shown_prefix)
        assert await database.read(store.workspaces.by_api_key, other.reveal()) is None


async def test_a_personal_token_is_no_key_of_a_workspace(database_url: str) -> None:
    async with opened(database_url) as database:
        await database.write(add_workspace)
        key, token = await database.write(store.workspaces.create_personal_token, "me")
        assert await database.read(store.workspaces.by_personal_token, token.reveal())
        assert await database.read(store.workspaces.by_api_key, token.reveal()) is None
        assert await database.write(store.workspaces.revoke_api_key, key.api_key_id)
        assert not await database.read(store.workspaces.by_personal_token, token.reveal())


async def test_a_publishable_key_is_none_of_the_others(database_url: str) -> None:
    """The first one switches its workspace on, and the end of the last one off."""
    async with opened(database_url) as database:
        workspace, other = await database.write(add_workspace), await database.write(_production)

        async def flags() -> list[bool]:
            found = await database.read(store.workspaces.list_all)
            by_name = {each.name: each.is_publishable_key_auth_enabled for each in found}
            return [by_name[workspace.name], by_name[other.name]]

        assert await flags() == [False, False]
        made = [await database.write(store.workspaces.create_publishable_key, workspace, "p") for _ in "ab"]
        assert await flags() == [True, False]
        key, token = made[0]
        assert key.kind == "publishable_key"
        assert await database.read(store.workspaces.by_api_key, token.reveal()) is None
        assert not await database.read(store.workspaces.by_personal_token, token.reveal())
        found = await database.read(store.workspaces.by_api_key, token.reveal(), "publishable_key")
        assert found is not None
        assert found[0].workspace_id == workspace.workspace_id
        _, secret = await database.write(store.workspaces.create_api_key, workspace, "k")
        assert await database.read(store.workspaces.by_api_key, secret.reveal(), "publishable_key") is None
        for at, (key, token) in enumerate(made):
            assert await database.write(store.workspaces.revoke_api_key, key.shown_prefix)
            assert await flags() == [at == 0, False]
            assert await database.read(store.workspaces.by_api_key, token.reveal(), "publishable_key") is None
