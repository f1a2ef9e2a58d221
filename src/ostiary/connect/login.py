"""
A login, from the choice of a brand to the connected account. The pages (`connect.pages`) call these.

`begin` is written down before the person leaves for the vendor; `offer` when they have something to choose
before we are let in; `finish` is one transaction: webview, account and events exist together or not at all.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from .. import store
from ..domain.connect_webviews import ConnectWebview
from ..domain.connected_accounts import ConnectedAccount, masked
from ..domain.devices import as_wire
from ..domain.errors import ApiError
from ..domain.events import event
from ..domain.ids import ordered_id
from ..domain.provider import Choice, Login, LoginChoices, Manifest
from ..domain.secrets import Secret
from ..domain.workspaces import Workspace
from ..store.tx import Tx
from ..store.workspaces import token_hash

Opened = tuple[ConnectWebview, Workspace]


@dataclass(frozen=True, slots=True)
class Offer:
    """
    What a person may choose from.

    Attributes:
        mark: Of this one login. A form that was filled in for another one carries another.
        is_taken: Somebody has chosen, and the vendor is being told.
    """

    mark: str
    choices: LoginChoices
    is_taken: bool = False


class _Kept(msgspec.Struct):
    """An `Offer` as it is stored, encrypted."""

    mark: str
    pending: str
    noun: str
    choices: list[Choice]
    notice: str
    is_taken: bool = False


class LinkRefused(Exception):
    """
    The link is no good.

    Args:
        reason: `unknown`, `expired`, `used` or `over`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def opened(tx: Tx, connect_webview_id: str, auth_token: str) -> Opened:
    """
    The webview of a link, in its workspace's time.

    Raises:
        LinkRefused: Unknown or expired. A finished one is returned: its page says so.
    """
    webview = await store.connect_webviews.open_with_token(tx, connect_webview_id, auth_token)
    return await _entered(tx, webview)


async def returned(tx: Tx, state: str) -> Opened:
    """The webview whose login comes back from the vendor. Raises: LinkRefused."""
    return await _entered(tx, await store.connect_webviews.by_login_state(tx, state))


async def taken(tx: Tx, state: str) -> tuple[Opened, str]:
    """
    As `returned`, for one who takes what the vendor sent along to the vendor: it is good once, and what the
    second one would be told must not end the login of the first. For everybody else that `state` is spent.

    Returns:
        Also the state by which this one ends the login.
    """
    webview, workspace = await returned(tx, state)
    own = secrets.token_urlsafe(32)
    under_way = replace(webview, login_state_hash=token_hash(own))
    await store.connect_webviews.update(tx, under_way)
    return (under_way, workspace), own


async def _entered(tx: Tx, webview: ConnectWebview | None) -> Opened:
    workspace = None if webview is None else await store.workspaces.get(tx, webview.workspace_id)
    if webview is None or workspace is None:
        raise LinkRefused("unknown")
    tx.enter(workspace)
    if webview.status != "authorized" and tx.now >= webview.expires_at:
        raise LinkRefused("expired")
    return webview, workspace


async def begin(tx: Tx, connect_webview_id: str, auth_token: str, provider: str) -> tuple[Opened, str, str]:
    """
    The person has chosen a brand.

    Returns:
        The webview, and the `state` and `verifier` to send along to the vendor.
    Raises:
        LinkRefused: Also `used`, when somebody has connected through it already.
    """
    webview, workspace = await opened(tx, connect_webview_id, auth_token)
    if webview.status == "authorized":
        raise LinkRefused("used")
    if provider not in webview.accepted_providers:
        raise ApiError("invalid_input", "This link does not offer that provider")
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    begun = replace(
        webview,
        status="pending",
        selected_provider=provider,
        login_state_hash=token_hash(state),
        login_verifier=Secret(verifier),
        pending_login=None,
    )
    await store.connect_webviews.update(tx, begun)
    return (begun, workspace), state, verifier


def is_under_way(webview: ConnectWebview, state: str) -> bool:
    """`state` is that of the login which was begun last, and that one has not ended."""
    known = webview.login_state_hash
    return known is not None and secrets.compare_digest(known, token_hash(state))


async def offer(tx: Tx, state: str, choices: LoginChoices) -> ConnectWebview:
    """The vendor knows the person, who must choose before we are let in. Raises: LinkRefused."""
    webview, _ = await returned(tx, state)
    if webview.status == "authorized":
        raise LinkRefused("used")
    kept = _Kept(
        mark=secrets.token_urlsafe(12),
        pending=choices.pending.reveal(),
        noun=choices.noun,
        choices=list(choices.choices),
        notice=choices.notice,
    )
    content = msgspec.json.encode(kept).decode()
    offered = replace(webview, login_state_hash=None, login_verifier=None, pending_login=Secret(content))
    await store.connect_webviews.update(tx, offered)
    return offered


def offered(webview: ConnectWebview) -> Offer | None:
    """What the person may choose from now; None: nothing."""
    if webview.pending_login is None or webview.status != "pending":
        return None
    kept = msgspec.json.decode(webview.pending_login.reveal(), type=_Kept)
    choices = LoginChoices(Secret(kept.pending), kept.noun, kept.choices, kept.notice)
    return Offer(kept.mark, choices, kept.is_taken)


async def take_choice(
    tx: Tx, connect_webview_id: str, auth_token: str, mark: str, *, is_given_back: bool = False
) -> None:
    """
    Before the vendor is told of a choice: it is good once, and a second one, in another process, must not end
    the login of the first. Given back, it is open again. Raises: LinkRefused.
    """
    webview = await _choosing(tx, connect_webview_id, auth_token, mark)
    assert webview.pending_login is not None
    kept = msgspec.json.decode(webview.pending_login.reveal(), type=_Kept)
    if kept.is_taken and not is_given_back:
        raise LinkRefused("over")
    content = msgspec.json.encode(msgspec.structs.replace(kept, is_taken=not is_given_back)).decode()
    await store.connect_webviews.update(tx, replace(webview, pending_login=Secret(content)))


async def finish(
    tx: Tx, state: str, login: Login, manifests: Mapping[str, Manifest]
) -> tuple[ConnectWebview, ConnectedAccount]:
    """
    The vendor has let us in: connect the account, or connect it again.

    Raises:
        LinkRefused: The webview was deleted, or used, in the meantime.
        ApiError: 400, the account belongs to another customer.
    """
    webview, _ = await returned(tx, state)
    return await _finish(tx, webview, login, manifests)


async def finish_chosen(
    tx: Tx,
    connect_webview_id: str,
    auth_token: str,
    login: Login,
    manifests: Mapping[str, Manifest],
    mark: str,
) -> tuple[ConnectWebview, ConnectedAccount]:
    """As `finish`, after the person has chosen from the offer of that mark."""
    webview = await _choosing(tx, connect_webview_id, auth_token, mark)
    return await _finish(tx, webview, login, manifests)


async def _choosing(tx: Tx, connect_webview_id: str, auth_token: str, mark: str) -> ConnectWebview:
    """Raises: LinkRefused, `over` also when another login has begun since: only the newest counts."""
    webview, _ = await opened(tx, connect_webview_id, auth_token)
    offer = offered(webview)
    if offer is None or mark != offer.mark:
        raise LinkRefused("over")
    return webview


async def _finish(
    tx: Tx, webview: ConnectWebview, login: Login, manifests: Mapping[str, Manifest]
) -> tuple[ConnectWebview, ConnectedAccount]:
    if webview.status == "authorized" or webview.selected_provider is None:
        raise LinkRefused("used")
    manifest = manifests[webview.selected_provider]
    known = await store.connected_accounts.by_vendor_account(
        tx, webview.workspace_id, manifest.key, login.vendor_account_id
    )
    if known is None:
        account = await _connect(tx, webview, login, manifest)
    else:
        account = await _reconnect(tx, webview, login, known, manifest)
    done = replace(
        webview,
        status="authorized",
        connected_account_id=account.connected_account_id,
        authorized_at=tx.now,
        login_state_hash=None,
        login_verifier=None,
        pending_login=None,
    )
    await store.connect_webviews.update(tx, done)
    account_id = account.connected_account_id
    await store.client_sessions.follow_login(tx, done.connect_webview_id, account_id)
    _tell(tx, done, account, is_new=known is None)
    await store.connected_accounts.wake(tx, account_id)
    return done, account


async def _connect(tx: Tx, webview: ConnectWebview, login: Login, manifest: Manifest) -> ConnectedAccount:
    account = ConnectedAccount(
        connected_account_id=ordered_id(tx.now),
        workspace_id=webview.workspace_id,
        provider=manifest.key,
        vendor_account_id=login.vendor_account_id,
        display_name=masked(login.display_name),
        user_identifier=dict(login.user_identifier),
        accepted_capabilities=webview.accepted_capabilities,
        automatically_manage_new_devices=webview.automatically_manage_new_devices,
        custom_metadata=webview.custom_metadata,
        customer_key=webview.customer_key,
        errors=(),
        warnings=(),
        settings=login.settings,
        access_token=login.credentials.access_token,
        refresh_token=login.credentials.refresh_token,
        token_expires_at=login.credentials.expires_at,
        created_at=tx.now,
        connected_at=tx.now,
        first_synced_at=None,
        poll_at=tx.now,
        attempts=0,
    )
    await store.connected_accounts.insert(tx, account)
    return account


async def _reconnect(
    tx: Tx, webview: ConnectWebview, login: Login, known: ConnectedAccount, manifest: Manifest
) -> ConnectedAccount:
    """Same account, new login: its metadata is replaced by the webview's, and its error goes everywhere."""
    if webview.customer_key is not None and known.customer_key not in (None, webview.customer_key):
        raise ApiError("customer_key_already_set", "This account is already connected for another customer")
    account = replace(
        known.reconnected(login.credentials, tx.now),
        settings=login.settings,
        custom_metadata=webview.custom_metadata,
        customer_key=webview.customer_key or known.customer_key,
        automatically_manage_new_devices=webview.automatically_manage_new_devices,
        accepted_capabilities=webview.accepted_capabilities,
    )
    await store.connected_accounts.update_account(tx, account)
    tx.ledger.cause = "account"
    for device in await store.devices.of_account(tx, account):
        for code in await store.access_codes.on_device(tx, device.device_id):
            tx.ledger.touch(code)
        wire = as_wire(device, account, manifest.display_name, manifest.provider_categories[0])
        await store.devices.update_device(tx, device, wire)
        await store.devices.wake(tx, device.device_id)
    return account


def _tell(tx: Tx, webview: ConnectWebview, account: ConnectedAccount, *, is_new: bool) -> None:
    ids: dict[str, Any] = {
        "connected_account_id": account.connected_account_id,
        "connect_webview_id": webview.connect_webview_id,
    }
    if is_new:
        tx.emit(event("connected_account.created", webview.workspace_id, tx.now, **ids))
    customer: dict[str, Any] = {"customer_key": account.customer_key}
    tx.emit(event("connected_account.connected", webview.workspace_id, tx.now, **ids, **customer))
    tx.emit(event("connected_account.successful_login", webview.workspace_id, tx.now, **ids))
    tx.emit(
        event(
            "connect_webview.login_succeeded",
            webview.workspace_id,
            tx.now,
            **ids,
            **customer,
            connected_account_custom_metadata=account.custom_metadata,
        )
    )


async def fail(tx: Tx, state: str) -> ConnectWebview:
    """
    The person cancelled or the vendor refused. The link stays good for another try. Raises: LinkRefused.
    """
    webview, _ = await returned(tx, state)
    return await _fail(tx, webview)


async def fail_chosen(tx: Tx, connect_webview_id: str, auth_token: str, mark: str) -> ConnectWebview:
    """As `fail`, while or after the person chose."""
    return await _fail(tx, await _choosing(tx, connect_webview_id, auth_token, mark))


async def _fail(tx: Tx, webview: ConnectWebview) -> ConnectWebview:
    failed = replace(webview, status="failed", login_state_hash=None, login_verifier=None, pending_login=None)
    await store.connect_webviews.update(tx, failed)
    tx.emit(
        event(
            "connect_webview.login_failed",
            webview.workspace_id,
            tx.now,
            connect_webview_id=webview.connect_webview_id,
        )
    )
    return failed


async def is_synced(tx: Tx, connected_account_id: str) -> bool:
    """The first look at the account's devices is done; for webviews that wait for it."""
    account = await store.connected_accounts.find(tx, connected_account_id)
    return account is not None and account.first_synced_at is not None
