"""`/connected_accounts/…`."""

from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from .. import store
from ..domain.connected_accounts import ConnectedAccount
from ..domain.errors import ApiError, not_found
from ..domain.events import event
from ..domain.instants import to_ms
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import DELETES, READS, UPDATES, Answer, Caller, operation
from ..wire.pages import collect, pagination, read_cursor
from ..wire.validation import CustomMetadata, CustomMetadataFilter, Limit, NonEmpty, PageCursor, Uuid
from . import metadata
from .connect_webviews import Capability


class GetConnectedAccount(msgspec.Struct, forbid_unknown_fields=True):
    """By id or by e-mail address, at least one."""

    connected_account_id: Uuid | None = None
    email: str | None = None

    def __post_init__(self) -> None:
        if self.connected_account_id is None and self.email is None:
            raise ValueError("Either 'connected_account_id' or 'email' is required")


class ListConnectedAccounts(msgspec.Struct, forbid_unknown_fields=True):
    customer_key: str | None = None
    space_id: Uuid | None = None
    user_identifier_key: str | None = None
    custom_metadata_has: CustomMetadataFilter | None = None
    search: NonEmpty | None = None
    limit: Limit = 11000
    page_cursor: PageCursor = None


class UpdateConnectedAccount(msgspec.Struct, forbid_unknown_fields=True):
    connected_account_id: Uuid
    automatically_manage_new_devices: bool | None = None
    custom_metadata: CustomMetadata | None = None
    accepted_capabilities: list[Capability] | None = None
    customer_key: NonEmpty | None = None
    display_name: Annotated[str, Meta(min_length=1, max_length=255)] | None = None


class DeleteConnectedAccount(msgspec.Struct, forbid_unknown_fields=True):
    connected_account_id: Uuid
    sync: bool | None = None


def _wire(account: ConnectedAccount, caller: Caller) -> dict[str, Any]:
    return account.as_wire(caller.house.manifests[account.provider].display_name)


@operation(
    "/connected_accounts/get",
    GetConnectedAccount,
    READS,
    returns={"connected_account": "ConnectedAccount"},
    auth=SESSIONS,
)
async def get(body: GetConnectedAccount, caller: Caller, tx: Tx) -> Answer:
    """One connected account."""
    if body.connected_account_id is not None:
        account = await store.connected_accounts.get(tx, caller.workspace_id, body.connected_account_id)
        return {"connected_account": _wire(account, caller)}
    for account in await store.connected_accounts.list_all(tx, caller.workspace_id):
        if account.user_identifier.get("email") == body.email:
            return {"connected_account": _wire(account, caller)}
    raise not_found("connected_account", email=body.email)


@operation(
    "/connected_accounts/list",
    ListConnectedAccounts,
    READS,
    returns={"connected_accounts": "[ConnectedAccount]"},
)
async def list_(body: ListConnectedAccounts, caller: Caller, tx: Tx) -> Answer:
    """The workspace's connected accounts, oldest first."""
    found, following = await collect(
        lambda position, size: store.connected_accounts.list_page(tx, caller.workspace_id, position, size),
        lambda account: Position(to_ms(account.created_at), account.connected_account_id),
        read_cursor(body),
        body.limit,
        lambda account: _matches(account, body),
    )
    return {
        "connected_accounts": [_wire(account, caller) for account in found],
        "pagination": pagination(body, "/connected_accounts/list", caller.house.public_url, following),
    }


def _matches(account: ConnectedAccount, body: ListConnectedAccounts) -> bool:
    if body.space_id is not None:
        return False  # there are no spaces to belong to
    if body.customer_key is not None and account.customer_key != body.customer_key:
        return False
    if not metadata.matches(account.custom_metadata, body.custom_metadata_has):
        return False
    if body.search is None:
        return True
    text = body.search.lower()
    fields = (
        account.connected_account_id,
        account.provider,
        account.customer_key or "",
        *account.user_identifier.values(),
    )
    return any(text in field.lower() for field in fields) or metadata.contains(account.custom_metadata, text)


@operation(
    "/connected_accounts/update",
    UpdateConnectedAccount,
    UPDATES,
    returns={"connected_account": "ConnectedAccount"},
)
async def update(body: UpdateConnectedAccount, caller: Caller, tx: Tx) -> Answer:
    """Change what is ours about an account. `custom_metadata` replaces the whole object."""
    account = await store.connected_accounts.get(tx, caller.workspace_id, body.connected_account_id)
    if body.customer_key is not None and account.customer_key not in (None, body.customer_key):
        raise ApiError(
            "customer_key_already_set",
            "This account already has a customer_key",
            data={"connected_account_id": account.connected_account_id},
        )
    changes: dict[str, Any] = {
        name: value
        for name in (
            "automatically_manage_new_devices",
            "accepted_capabilities",
            "customer_key",
            "display_name",
        )
        if (value := getattr(body, name)) is not None
    }
    if body.custom_metadata is not None:
        changes["custom_metadata"] = metadata.cleaned(body.custom_metadata)
    account = replace(account, **changes)
    await store.connected_accounts.update_account(tx, account)
    return {"connected_account": _wire(account, caller)}


@operation("/connected_accounts/delete", DeleteConnectedAccount, DELETES)
async def delete(body: DeleteConnectedAccount, caller: Caller, tx: Tx) -> Answer:
    """Forget an account, its devices and its codes. Nothing at the vendor is touched: codes stay on locks."""
    account = await store.connected_accounts.get(tx, caller.workspace_id, body.connected_account_id)
    for device in await store.devices.of_account(tx, account):
        for code in await store.access_codes.on_device(tx, device.device_id):
            deleted = None if code.code is None else code.code.reveal()
            if not code.is_spare:
                tx.emit(code.event("access_code.deleted", tx.now, secret_fields={"code": deleted}))
        tx.emit(device.event("device.deleted", tx.now, device_name=device.display_name))
    tx.emit(
        event(
            "connected_account.deleted",
            account.workspace_id,
            tx.now,
            connected_account_id=account.connected_account_id,
            customer_key=account.customer_key,
        )
    )
    await store.connected_accounts.remove(tx, account.connected_account_id)
    return {}
