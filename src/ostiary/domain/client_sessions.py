"""Client sessions: what one user of an API user's app may see and do, and for how long."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from .errors import InvalidInput
from .events import Event, event
from .instants import to_wire
from .reach import Reach
from .secrets import Secret

LIFETIME: Final = timedelta(days=365)
"""Of a session whose maker names no end. Unpublished for the wire."""


@dataclass(frozen=True, slots=True)
class ClientSession:
    """
    Attributes:
        user_identifier_key: The API user's own id of its user; at most one session that is not over has it.
        customer_key: A label; it widens nothing.
    """

    client_session_id: str
    workspace_id: str
    token: Secret
    user_identifier_key: str | None
    customer_key: str | None
    expires_at: datetime
    revoked_at: datetime | None
    created_at: datetime

    def end(self, now: datetime) -> Literal["revoked", "expired"] | None:
        return end(self.expires_at, self.revoked_at, now)

    def as_wire(self, reach: Reach, device_count: int) -> dict[str, Any]:
        """The wire's object, with its token: this is where it is meant to go."""
        wire: dict[str, Any] = {
            "client_session_id": self.client_session_id,
            "workspace_id": self.workspace_id,
            "token": self.token.reveal(),
            "user_identifier_key": self.user_identifier_key,
            "created_at": to_wire(self.created_at),
            "expires_at": to_wire(self.expires_at),
            "device_count": device_count,
            "connected_account_ids": sorted(reach.accounts),
            "connect_webview_ids": sorted(reach.webviews),
            "user_identity_ids": [],
        }
        if self.customer_key is not None:
            wire["customer_key"] = self.customer_key
        return wire

    def deleted(self, now: datetime) -> Event:
        return event(
            "client_session.deleted", self.workspace_id, now, client_session_id=self.client_session_id
        )


def end(
    expires_at: datetime, revoked_at: datetime | None, now: datetime
) -> Literal["revoked", "expired"] | None:
    """How a session has ended; None: it has not. What has expired cannot be revoked any more."""
    if revoked_at is not None and revoked_at < expires_at:
        return "revoked"
    return "expired" if now >= expires_at or revoked_at is not None else None


def expiry(asked: datetime | None, now: datetime) -> datetime:
    """When a new session ends. Raises: InvalidInput, it would have ended already."""
    if asked is not None and asked <= now:
        raise InvalidInput("Must be in the future", "expires_at")
    return asked or now + LIFETIME
