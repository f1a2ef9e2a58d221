"""`ostiary accounts`."""

import asyncio
from typing import Any

from .. import app, store
from ..connect import direct
from ..domain.provider import LoginFailed
from ..domain.secrets import Secret
from ..settings import Settings
from .errors import Failed
from .installation import brand_key, opened, prepared, refuse_missing
from .prompts import hidden


def asked_token() -> Secret:
    """Never on the command line, where every program on the machine and the shell's history could read it."""
    text = hidden("API token: ")
    if not text:
        raise Failed("no token was given; type it, or pipe it in: ostiary accounts connect … < token.txt")
    return Secret(text)


def connect(settings: Settings, brand: str, workspace: str) -> tuple[dict[str, Any], str]:
    """What to print: as a document, and for people. Raises: Failed."""
    refuse_missing(settings)
    return asyncio.run(_connect(prepared(settings), brand_key(brand), workspace))


async def _connect(settings: Settings, provider: str, name: str) -> tuple[dict[str, Any], str]:
    async with opened(settings) as house:
        manifests = house.vendors.manifests
        takers = sorted(key for key, manifest in manifests.items() if manifest.takes_token)
        if provider not in takers:
            there = ", ".join(key.replace("_", "-") for key in takers)
            raise Failed(f"{provider} accounts are not connected by a token; there is: {there}")
        workspace = await house.database.read(store.workspaces.find, name)
        if workspace is None:
            raise Failed(f"there is no workspace {name}; ostiary workspaces list shows those there are")
        token = asked_token()
        try:
            adapter = house.vendors.adapter(workspace, provider)
            login = await adapter.token_login(token, now=workspace.at(app.now()))
        except LoginFailed as error:
            raise Failed(f"not connected: {error.message}") from None
        except KeyError as error:
            raise Failed(f"not connected: {error.args[0]}") from None
        account, is_new = await house.database.write(direct.connect, workspace, provider, login, manifests)
    data = {
        "connected_account_id": account.connected_account_id,
        "workspace_id": account.workspace_id,
        "account_type": account.provider,
        "display_name": account.display_name,
        "is_new": is_new,
    }
    verb = "connected" if is_new else "connected again"
    people = f"{account.connected_account_id}  {account.display_name} ({verb})"
    return data, f"{people}\nits devices appear when a server runs: ostiary serve"
