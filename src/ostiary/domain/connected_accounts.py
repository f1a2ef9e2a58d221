"""A connected account: somebody's login at a vendor, and what it is good for now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from . import problems
from .events import Event, event
from .instants import to_wire
from .problems import Problems
from .provider import AccountProblem, Credentials
from .secrets import Secret

DISCONNECTED: Final = "account_disconnected"


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """
    Attributes:
        provider: The wire's provider key and `account_type`.
        vendor_account_id: By which a second login to the same account is recognised.
        settings: What the brand must know at every call, as the login left it.
        activations: What lets us operate doors whose vendor asks for more than the login.
        poll_at: When to look at its devices next; None while it is disconnected.
        attempts: Failed drains in a row.
        paused_until: Before that only doors are worked on: the vendor wants fewer calls, or we do.
        notices_base: Below which address of ours its notices come, or should; None: none are wanted.
        notices_hash: SHA-256 of the token that ends that address.
        notices_id, notices_secret: The vendor's registration, and what signs its notices; None: none.
        notices_at: When to see to the registration next.
        are_notices_refused: The vendor said that this account may not have any.
    """

    connected_account_id: str
    workspace_id: str
    provider: str
    vendor_account_id: str
    display_name: str
    user_identifier: Mapping[str, str]
    accepted_capabilities: list[str]
    automatically_manage_new_devices: bool
    custom_metadata: Mapping[str, str | bool]
    customer_key: str | None
    errors: Problems
    warnings: Problems
    settings: Mapping[str, Any]
    access_token: Secret
    refresh_token: Secret | None
    token_expires_at: datetime | None
    created_at: datetime
    connected_at: datetime
    first_synced_at: datetime | None
    poll_at: datetime | None
    attempts: int
    activations: Secret | None = None
    paused_until: datetime | None = None
    notices_base: str | None = None
    notices_hash: str | None = None
    notices_id: str | None = None
    notices_secret: Secret | None = None
    notices_at: datetime | None = None
    are_notices_refused: bool = False

    def pause_left(self, now: datetime) -> float:
        """Seconds; 0: it is not paused."""
        return 0.0 if self.paused_until is None else max(0.0, (self.paused_until - now).total_seconds())

    def paused(self, seconds: float, now: datetime) -> "ConnectedAccount":
        """For that long at least."""
        until = now + timedelta(seconds=max(seconds, self.pause_left(now)))
        return replace(self, paused_until=until)

    @property
    def has_notices(self) -> bool:
        """Whether its vendor tells us what happens."""
        return self.notices_id is not None

    def without_notices(self) -> "ConnectedAccount":
        """As an account that never had any."""
        return replace(
            self,
            notices_base=None,
            notices_hash=None,
            notices_id=None,
            notices_secret=None,
            notices_at=None,
            are_notices_refused=False,
        )

    @property
    def is_disconnected(self) -> bool:
        return problems.has(self.errors, "error_code", DISCONNECTED)

    @property
    def has_token(self) -> bool:
        """It was connected by a token that its owner made, which lasts until it is taken away."""
        return self.refresh_token is None and self.token_expires_at is None

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.access_token, self.refresh_token, self.token_expires_at)

    def with_credentials(self, credentials: Credentials) -> "ConnectedAccount":
        return replace(
            self,
            access_token=credentials.access_token,
            refresh_token=credentials.refresh_token,
            token_expires_at=credentials.expires_at,
        )

    def is_same_login(self, credentials: Credentials) -> bool:
        """Nobody has logged in again, nor renewed the login, since these were read."""
        mine = (self.access_token, self.refresh_token)
        return mine == (credentials.access_token, credentials.refresh_token)

    def observed(self, found: Sequence[AccountProblem], now: datetime) -> "ConnectedAccount":
        """After a look at what the vendor has against the account: its problems, and none of its old ones."""
        errors = tuple(e for e in self.errors if e["error_code"] in (DISCONNECTED, *_codes(found, "error")))
        warnings = tuple(w for w in self.warnings if w["warning_code"] in _codes(found, "warning"))
        for problem in found:
            if problem.kind == "error":
                errors = problems.raised(
                    errors,
                    "error_code",
                    problem.code,
                    problem.message,
                    now,
                    is_connected_account_error=True,
                    **problem.more,
                )
            else:
                warnings = problems.raised(
                    warnings, "warning_code", problem.code, problem.message, now, **problem.more
                )
        return replace(self, errors=errors, warnings=warnings)

    def disconnected(self, now: datetime) -> tuple["ConnectedAccount", list[Event]]:
        """The vendor refuses the login: nothing more is tried until somebody logs in again."""
        if self.is_disconnected:
            return replace(self, poll_at=None), []
        lost = (
            "its API token is no longer accepted. It was deleted, or went with a change of the password. "
            "Make a new one and connect the account with it."
            if self.has_token
            else "its login is no longer accepted. Connect the account again through a Connect Webview."
        )
        errors = problems.raised(
            self.errors,
            "error_code",
            DISCONNECTED,
            f"{self.display_name} is disconnected: {lost}",
            now,
            is_connected_account_error=True,
        )
        account = replace(self, errors=errors, poll_at=None)
        return account, [
            event(
                "connected_account.disconnected",
                self.workspace_id,
                now,
                connected_account_id=self.connected_account_id,
                customer_key=self.customer_key,
                connected_account_errors=problems.for_event(errors),
                connected_account_warnings=problems.for_event(self.warnings),
            )
        ]

    def reconnected(self, credentials: Credentials, now: datetime) -> "ConnectedAccount":
        """Logged in again: the error goes, and the next poll is due."""
        return replace(
            self.with_credentials(credentials),
            errors=problems.cleared(self.errors, "error_code", DISCONNECTED),
            connected_at=now,
            first_synced_at=None,
            poll_at=now,
            attempts=0,
            # This login may allow what the last one did not; where none were asked for, nothing is due.
            notices_at=None if self.notices_base is None else now,
        )

    def as_wire(self, account_type_display_name: str) -> dict[str, Any]:
        wire: dict[str, Any] = {
            "connected_account_id": self.connected_account_id,
            "account_type": self.provider,
            "account_type_display_name": account_type_display_name,
            "display_name": self.display_name,
            "user_identifier": self.user_identifier,
            "accepted_capabilities": self.accepted_capabilities,
            "automatically_manage_new_devices": self.automatically_manage_new_devices,
            "custom_metadata": self.custom_metadata,
            "errors": self.errors,
            "warnings": self.warnings,
            "created_at": to_wire(self.created_at),
        }
        if self.customer_key is not None:
            wire["customer_key"] = self.customer_key
        return wire


def _codes(found: Sequence[AccountProblem], kind: str) -> set[str]:
    return {problem.code for problem in found if problem.kind == kind}


def masked(email: str) -> str:
    """`john@example.com` as `j**n@example.com`: recognisable to its owner only."""
    local, at, host = email.partition("@")
    if not at:
        return email
    if len(local) <= 2:
        return f"{local[:1]}*@{host}"
    return f"{local[0]}{'*' * (len(local) - 2)}{local[-1]}@{host}"
