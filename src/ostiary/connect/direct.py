"""
Connecting an account without a browser, for `ostiary accounts connect`: the owner of the server has a token.

There is a Connect Webview all the same, finished as soon as it is made, so that lists and events tell of
such a login as of any other.
"""

import secrets
from collections.abc import Mapping

from .. import store
from ..domain.connect_webviews import LIFETIME, ConnectWebview
from ..domain.connected_accounts import ConnectedAccount
from ..domain.ids import ordered_id
from ..domain.provider import Login, Manifest
from ..domain.secrets import Secret
from ..domain.workspaces import Workspace
from ..store.tx import Tx
from . import login


async def connect(
    tx: Tx, workspace: Workspace, provider: str, vendor_login: Login, manifests: Mapping[str, Manifest]
) -> tuple[ConnectedAccount, bool]:
    """
    The account of that login, and whether it is new. One that is known keeps what its API user has set.
    """
    tx.enter(workspace)
    known = await store.connected_accounts.by_vendor_account(
        tx, workspace.workspace_id, provider, vendor_login.vendor_account_id
    )
    webview = _webview(tx, workspace, provider, known)
    await store.connect_webviews.insert(tx, webview)
    link = (webview.connect_webview_id, webview.auth_token.reveal())
    _, state, _ = await login.begin(tx, *link, provider)
    _, account = await login.finish(tx, state, vendor_login, manifests)
    return account, known is None


def _webview(tx: Tx, workspace: Workspace, provider: str, known: ConnectedAccount | None) -> ConnectWebview:
    return ConnectWebview(
        connect_webview_id=ordered_id(tx.now),
        workspace_id=workspace.workspace_id,
        auth_token=Secret(secrets.token_urlsafe(32)),
        status="pending",
        connected_account_id=None,
        selected_provider=None,
        accepted_providers=[provider],
        accepted_capabilities=["lock"] if known is None else known.accepted_capabilities,
        any_provider_allowed=False,
        device_selection_mode="none",
        custom_redirect_url=None,
        custom_redirect_failure_url=None,
        custom_metadata={} if known is None else known.custom_metadata,
        customer_key=None if known is None else known.customer_key,
        automatically_manage_new_devices=known is None or known.automatically_manage_new_devices,
        wait_for_device_creation=False,
        login_state_hash=None,
        login_verifier=None,
        pending_login=None,
        authorized_at=None,
        expires_at=tx.now + LIFETIME,
        created_at=tx.now,
    )
