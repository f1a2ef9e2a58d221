"""A migrated, open database with a clock that the test moves, and a few rows to begin with."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from ostiary import store
from ostiary.domain.access_codes import AccessCode, Wish, requested
from ostiary.domain.connected_accounts import ConnectedAccount
from ostiary.domain.devices import Device, added
from ostiary.domain.provider import Capabilities, ObservedDevice
from ostiary.domain.secrets import Secret
from ostiary.domain.workspaces import Workspace
from ostiary.store.opening import open_database
from ostiary.store.tx import Database, Tx

from .. import databases

KEY = b"1" * 32


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 7, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@asynccontextmanager
async def opened(
    url: str, keys: Sequence[bytes] = (KEY,), clock: Clock | None = None
) -> AsyncIterator[Database]:
    await databases.migrate(url)
    database = await open_database(url, keys, clock or Clock())
    try:
        yield database
    finally:
        await database.close()


async def add_workspace(tx: Tx, name: str = "house") -> Workspace:
    workspace = await store.workspaces.create(tx, name, is_sandbox=True)
    tx.enter(workspace)
    return workspace


async def add_account(tx: Tx, workspace: Workspace) -> ConnectedAccount:
    account = ConnectedAccount(
        connected_account_id=str(uuid4()),
        workspace_id=workspace.workspace_id,
        provider="acme",
        vendor_account_id=str(uuid4()),
        display_name="Acme",
        user_identifier={"email": "a@example.com"},
        accepted_capabilities=[],
        automatically_manage_new_devices=True,
        custom_metadata={},
        customer_key=None,
        errors=(),
        warnings=(),
        settings={},
        access_token=Secret("access-token-of-acme"),
        refresh_token=Secret("refresh-token-of-acme"),
        token_expires_at=None,
        created_at=tx.now,
        connected_at=tx.now,
        first_synced_at=None,
        poll_at=tx.now,
        attempts=0,
    )
    await store.connected_accounts.insert(tx, account)
    return account


async def add_device(tx: Tx, account: ConnectedAccount) -> Device:
    can = Capabilities(can_program_online_access_codes=True, code_lengths=(6,))
    look = ObservedDevice(str(uuid4()), "acme_lock", "Front Door", True, can, {})
    device = added(str(uuid4()), look, account, tx.now)
    await store.devices.insert(tx, device, {})
    return device


async def add_code(tx: Tx, device: Device, pin: str = "498882") -> AccessCode:
    wish = Wish("Anna", Secret(pin), None, None)
    code = requested(device, wish, tx.vault.pin_hash(device.device_id, Secret(pin)), tx.now)
    await store.access_codes.insert_code(tx, code)
    return code


async def found_all(tx: Tx) -> tuple[Workspace, ConnectedAccount, Device]:
    """A workspace with an account with a device."""
    workspace = await add_workspace(tx)
    account = await add_account(tx, workspace)
    return workspace, account, await add_device(tx, account)
