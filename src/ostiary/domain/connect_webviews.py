"""A Connect Webview: one person's one login, from the link to the account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .instants import to_wire
from .secrets import Secret

LIFETIME: Final = timedelta(hours=24)
"""How long a link works. Unpublished for the wire; a day covers a link that was sent by mail."""


@dataclass(frozen=True, slots=True)
class ConnectWebview:
    """
    Attributes:
        auth_token: The link's own credential.
        login_state_hash: Of the `state` that was sent along to the vendor; one login at a time.
        login_verifier: For vendors with PKCE.
        pending_login: While the vendor has let the person in and they have something to choose: what is
            offered, as JSON.
    """

    connect_webview_id: str
    workspace_id: str
    auth_token: Secret
    status: str
    connected_account_id: str | None
    selected_provider: str | None
    accepted_providers: list[str]
    accepted_capabilities: list[str]
    any_provider_allowed: bool
    device_selection_mode: str
    custom_redirect_url: str | None
    custom_redirect_failure_url: str | None
    custom_metadata: Mapping[str, str | bool]
    customer_key: str | None
    automatically_manage_new_devices: bool
    wait_for_device_creation: bool
    login_state_hash: str | None
    login_verifier: Secret | None
    pending_login: Secret | None
    authorized_at: datetime | None
    expires_at: datetime
    created_at: datetime

    @property
    def is_finished(self) -> bool:
        return self.status != "pending"

    def url(self, public_url: str) -> str:
        query = urlencode(
            {"connect_webview_id": self.connect_webview_id, "auth_token": self.auth_token.reveal()}
        )
        return f"{public_url}/connect_webviews/view?{query}"

    def success_url(self) -> str | None:
        if self.custom_redirect_url is None:
            return None
        return with_query(self.custom_redirect_url, connect_webview_id=self.connect_webview_id)

    def failure_url(self, error_code: str, error_message: str) -> str | None:
        target = self.custom_redirect_failure_url or self.custom_redirect_url
        if target is None:
            return None
        return with_query(
            target,
            connect_webview_id=self.connect_webview_id,
            error_code=error_code,
            error_message=error_message,
        )

    def as_wire(self, public_url: str) -> dict[str, Any]:
        wire: dict[str, Any] = {
            "connect_webview_id": self.connect_webview_id,
            "workspace_id": self.workspace_id,
            "url": self.url(public_url),
            "status": self.status,
            "login_successful": self.status == "authorized",
            "connected_account_id": self.connected_account_id,
            "authorized_at": None if self.authorized_at is None else to_wire(self.authorized_at),
            "selected_provider": self.selected_provider,
            "accepted_providers": self.accepted_providers,
            "accepted_capabilities": self.accepted_capabilities,
            "any_provider_allowed": self.any_provider_allowed,
            "device_selection_mode": self.device_selection_mode,
            "custom_redirect_url": self.custom_redirect_url,
            "custom_redirect_failure_url": self.custom_redirect_failure_url,
            "custom_metadata": self.custom_metadata,
            "automatically_manage_new_devices": self.automatically_manage_new_devices,
            "wait_for_device_creation": self.wait_for_device_creation,
            "accepted_devices": [],
            "any_device_allowed": False,
            "created_at": to_wire(self.created_at),
        }
        if self.customer_key is not None:
            wire["customer_key"] = self.customer_key
        return wire


def with_query(url: str, **more: str) -> str:
    """`url` with further query parameters; what it has already stays."""
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *more.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))
