"""`/connect_webviews/…`: links through which somebody connects a lock account."""

import secrets
import string
from typing import Any, Literal

import msgspec

from .. import store
from ..domain.connect_webviews import LIFETIME, ConnectWebview
from ..domain.errors import InvalidInput
from ..domain.ids import ordered_id
from ..domain.instants import to_ms
from ..domain.secrets import Secret
from ..store.pages import Position
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import CREATES, DELETES, READS, Answer, Caller, operation
from ..wire.pages import collect, pagination, read_cursor
from ..wire.validation import CustomMetadata, CustomMetadataFilter, Limit, NonEmpty, PageCursor, Uuid
from ..wire.web_address import web_address
from . import metadata

Category = Literal[
    "stable",
    "consumer_smartlocks",
    "beta",
    "thermostats",
    "noise_sensors",
    "access_control_systems",
    "cameras",
    "connectors",
    "internal_beta",
]
Capability = Literal["lock", "thermostat", "noise_sensor", "access_control", "camera"]
TOKEN_LENGTH = 33


class CreateConnectWebview(msgspec.Struct, forbid_unknown_fields=True):
    accepted_providers: list[str] | None = None
    excluded_providers: list[str] | None = None
    provider_category: Category | None = None
    accepted_capabilities: list[Capability] | None = None
    custom_redirect_url: str | None = None
    custom_redirect_failure_url: str | None = None
    custom_metadata: CustomMetadata | None = None
    automatically_manage_new_devices: bool | None = None
    wait_for_device_creation: bool | None = None
    customer_key: NonEmpty | None = None
    device_selection_mode: Literal["none", "single", "multiple"] | None = None


class GetConnectWebview(msgspec.Struct, forbid_unknown_fields=True):
    connect_webview_id: Uuid


class ListConnectWebviews(msgspec.Struct, forbid_unknown_fields=True):
    customer_key: str | None = None
    user_identifier_key: str | None = None
    custom_metadata_has: CustomMetadataFilter | None = None
    search: NonEmpty | None = None
    limit: Limit = 500
    page_cursor: PageCursor = None


@operation(
    "/connect_webviews/create",
    CreateConnectWebview,
    CREATES,
    returns={"connect_webview": "ConnectWebview"},
    auth=SESSIONS,
)
async def create(body: CreateConnectWebview, caller: Caller, tx: Tx) -> Answer:
    """Make a link through which somebody connects an account."""
    alphabet = string.ascii_letters + string.digits
    webview = ConnectWebview(
        connect_webview_id=ordered_id(tx.now),
        workspace_id=caller.workspace_id,
        auth_token=Secret("".join(secrets.choice(alphabet) for _ in range(TOKEN_LENGTH))),
        status="pending",
        connected_account_id=None,
        selected_provider=None,
        accepted_providers=_accepted(body, caller),
        accepted_capabilities=list(body.accepted_capabilities or ["lock"]),
        any_provider_allowed=False,
        device_selection_mode=body.device_selection_mode or "none",
        custom_redirect_url=_redirect(body.custom_redirect_url, "custom_redirect_url"),
        custom_redirect_failure_url=_redirect(
            body.custom_redirect_failure_url, "custom_redirect_failure_url"
        ),
        custom_metadata=metadata.cleaned(body.custom_metadata or {}),
        customer_key=body.customer_key,
        automatically_manage_new_devices=body.automatically_manage_new_devices is not False,
        wait_for_device_creation=body.wait_for_device_creation is True,
        login_state_hash=None,
        login_verifier=None,
        pending_login=None,
        authorized_at=None,
        expires_at=tx.now + LIFETIME,
        created_at=tx.now,
    )
    await store.connect_webviews.insert(tx, webview)
    if caller.identity.client_session_id is not None:
        made = [webview.connect_webview_id]
        await store.client_sessions.grant(tx, caller.identity.client_session_id, webviews=made)
    return {"connect_webview": webview.as_wire(caller.house.public_url)}


def _accepted(body: CreateConnectWebview, caller: Caller) -> list[str]:
    """
    The providers that the picker offers: those named, or those of the category, less the excluded. Whose
    settings the server lacks is offered only by name, or where there is no other.

    Names that no brand here has are an error: a picker without them would puzzle its user more.
    """
    manifests = caller.house.manifests
    for field in ("accepted_providers", "excluded_providers"):
        for at, name in enumerate(getattr(body, field) or []):
            if name not in manifests:
                expected = " | ".join(f"'{key}'" for key in sorted(manifests))
                issue = f"Invalid enum value. Expected {expected}, received '{name}'"
                raise InvalidInput(issue, field, str(at))
    if body.accepted_providers:
        chosen = list(dict.fromkeys(body.accepted_providers))
    else:
        category = body.provider_category or "stable"
        chosen = [key for key, manifest in manifests.items() if category in manifest.provider_categories]
    accepted = [key for key in chosen if key not in (body.excluded_providers or [])]
    if not accepted:
        raise InvalidInput("No provider is left to choose from")
    if body.accepted_providers:
        return accepted
    is_set_up = caller.house.is_set_up
    return [key for key in accepted if is_set_up(caller.workspace, key)] or accepted


def _redirect(url: str | None, field: str) -> str | None:
    """A redirect leads a browser somewhere: only to the web."""
    return None if url is None else web_address(url, field)


@operation(
    "/connect_webviews/get",
    GetConnectWebview,
    READS,
    returns={"connect_webview": "ConnectWebview"},
    auth=SESSIONS,
)
async def get(body: GetConnectWebview, caller: Caller, tx: Tx) -> Answer:
    """One Connect Webview, with what became of it."""
    webview = await store.connect_webviews.get(tx, caller.workspace_id, body.connect_webview_id)
    return {"connect_webview": webview.as_wire(caller.house.public_url)}


@operation(
    "/connect_webviews/list",
    ListConnectWebviews,
    READS,
    returns={"connect_webviews": "[ConnectWebview]"},
    auth=SESSIONS,
)
async def list_(body: ListConnectWebviews, caller: Caller, tx: Tx) -> Answer:
    """The workspace's Connect Webviews, oldest first."""
    found, following = await collect(
        lambda position, size: store.connect_webviews.list_page(tx, caller.workspace_id, position, size),
        lambda webview: Position(to_ms(webview.created_at), webview.connect_webview_id),
        read_cursor(body),
        body.limit,
        lambda webview: _matches(webview, body),
    )
    url = caller.house.public_url
    return {
        "connect_webviews": [webview.as_wire(url) for webview in found],
        "pagination": pagination(body, "/connect_webviews/list", url, following),
    }


def _matches(webview: ConnectWebview, body: ListConnectWebviews) -> bool:
    if body.customer_key is not None and webview.customer_key != body.customer_key:
        return False
    if not metadata.matches(webview.custom_metadata, body.custom_metadata_has):
        return False
    if body.search is None:
        return True
    text = body.search.lower()
    fields: list[Any] = [webview.connect_webview_id, webview.customer_key or "", *webview.accepted_providers]
    return any(text in field.lower() for field in fields) or metadata.contains(webview.custom_metadata, text)


@operation("/connect_webviews/delete", GetConnectWebview, DELETES)
async def delete(body: GetConnectWebview, caller: Caller, tx: Tx) -> Answer:
    """Take the link away. An account that was connected through it stays."""
    await store.connect_webviews.remove(tx, caller.workspace_id, body.connect_webview_id)
    return {}
