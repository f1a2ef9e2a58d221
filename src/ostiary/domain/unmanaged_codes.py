"""
Unmanaged access codes: what somebody else has put on a lock, as the last look showed it. Pure.

There is no wish here, only facts. A code lives from the first look that shows its entry to the first that
does not; in between it keeps its id, whatever is changed about it at the vendor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .access_codes import frame, shown
from .attribution import Seen
from .connected_accounts import ConnectedAccount
from .devices import Device, account_errors
from .events import Event, event
from .ids import ordered_id
from .instants import to_wire
from .provider import ObservedCode
from .secrets import Secret
from .weekly_windows import FIELD, WeeklyWindow


@dataclass(frozen=True, slots=True)
class UnmanagedCode:
    """
    Attributes:
        vendor_code_id: By which a look recognises it.
        name: None: the vendor has none.
        code: None: the vendor does not tell it; or the code is gone.
        starts_at, ends_at: Both or neither; None too when two instants do not say how it is limited.
        is_enabled: False: it is on the lock and opens nothing.
        created_at: When a look first showed it.
        gone_at: When a look first did not, or when it became a managed code.
        mark: A mark in the form of ours, from another workspace, another server, or once from here.
        is_exact: False: it is limited in other ways than by two instants and a weekly window.
        is_removable: False: with the entry more than a code would go.
        delete_requested_at: Somebody here wants it gone from the lock.
        delete_sent_at: When a removal was last written down, before it was sent.
        retry_at: No removal is sent before this instant.
        weekly_window: The lock keeps it, beside start and end or without them.
    """

    access_code_id: str
    workspace_id: str
    connected_account_id: str
    device_id: str
    vendor_code_id: str
    name: str | None
    code: Secret | None
    code_hash: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_enabled: bool
    created_at: datetime
    gone_at: datetime | None = None
    mark: str | None = None
    is_exact: bool = True
    is_removable: bool = True
    delete_requested_at: datetime | None = None
    delete_sent_at: datetime | None = None
    retry_at: datetime | None = None
    weekly_window: WeeklyWindow | None = None

    def is_removal_due(self, now: datetime) -> bool:
        """Somebody wants it gone, and it may be sent now."""
        return self.delete_requested_at is not None and (self.retry_at is None or self.retry_at <= now)

    def is_usable(self, now: datetime) -> bool:
        """It may open the lock at this instant, as far as we know of its limits; not by its weekly window."""
        if self.starts_at is None or self.ends_at is None:
            return self.is_enabled
        return self.is_enabled and self.starts_at <= now < self.ends_at

    def as_wire(self, device: Device, account: ConnectedAccount, now: datetime) -> dict[str, Any]:
        """The wire's unmanaged access code at an instant."""
        wire: dict[str, Any] = {
            "access_code_id": self.access_code_id,
            "device_id": self.device_id,
            "workspace_id": self.workspace_id,
            "name": self.name,
            "code": shown(self.code),
            "type": "ongoing" if self.ends_at is None else "time_bound",
            "status": "set" if self.is_usable(now) else "unset",
            **frame(self.starts_at, self.ends_at),
            "created_at": to_wire(self.created_at),
            "is_managed": False,
            "errors": [*device.errors, *account_errors(account)],
            "warnings": [],
        }
        if unmanageable(self) is not None:
            wire["cannot_be_managed"] = True
        if not self.is_removable:
            wire["cannot_delete_unmanaged_access_code"] = True
        if self.weekly_window is not None:
            wire[FIELD] = self.weekly_window.as_wire()
        return wire


def unmanageable(code: UnmanagedCode) -> str | None:
    """
    Why it cannot become a managed code as it is; None: it can. As a managed one it would be written anew, and
    must not open the door more often than its owner meant.
    """
    if code.code is None:
        return "its PIN cannot be read"
    if not code.is_exact:
        return "it is limited in a way in which a managed code cannot be"
    if not code.is_enabled:
        return "it is disabled at the vendor, and would be enabled"
    return None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look changes about the unmanaged codes of its lock."""

    appeared: tuple[UnmanagedCode, ...]
    changed: tuple[UnmanagedCode, ...]
    gone: tuple[UnmanagedCode, ...]
    events: tuple[Event, ...]


def observe(
    known: Sequence[UnmanagedCode], foreign: Sequence[Seen], device: Device, now: datetime
) -> Findings:
    """
    Compare what is known with what a look showed.

    Args:
        known: Those of the lock that are not gone.
        foreign: What the look attributed to nobody here.
        device: If something has happened there since the look began (`noticed_at`), that look may have missed
            what has come since: nothing is gone until the next one, which is due.
    """
    shown_now = {item.entry.vendor_code_id: item for item in foreign}
    before = {code.vendor_code_id: code for code in known}
    appeared = tuple(_new(item, device, now) for key, item in shown_now.items() if key not in before)
    after = [(code, _as_shown(code, shown_now[key], now)) for key, code in before.items() if key in shown_now]
    missing = [code for key, code in before.items() if key not in shown_now]
    gone = tuple(_gone(code, now) for code in missing if device.noticed_at is None)
    return Findings(
        appeared=appeared,
        changed=tuple(new for old, new in after if new != old),
        gone=gone,
        events=(
            *(_event("access_code.unmanaged.created", code, now) for code in appeared),
            *(_event("access_code.unmanaged.removed", code, now) for code in gone),
        ),
    )


def _new(item: Seen, device: Device, now: datetime) -> UnmanagedCode:
    blank = UnmanagedCode(
        access_code_id=ordered_id(now),
        workspace_id=device.workspace_id,
        connected_account_id=device.connected_account_id,
        device_id=device.device_id,
        vendor_code_id=item.entry.vendor_code_id,
        name=None,
        code=None,
        code_hash=None,
        starts_at=None,
        ends_at=None,
        is_enabled=True,
        created_at=now,
    )
    return _as_shown(blank, item, now)


def _as_shown(code: UnmanagedCode, item: Seen, now: datetime) -> UnmanagedCode:
    entry = item.entry
    # A start alone limits nothing any more once it is past; until then no managed code could be like it.
    is_exact = entry.is_exact and (
        entry.starts_at is None or entry.ends_at is not None or entry.starts_at <= now
    )
    starts_at, ends_at = _frame(entry)
    return replace(
        code,
        name=entry.name or None,
        code=entry.code,
        code_hash=item.code_hash,
        starts_at=starts_at,
        ends_at=ends_at,
        is_enabled=entry.is_enabled,
        mark=entry.mark,
        is_exact=is_exact,
        is_removable=entry.is_removable,
        weekly_window=entry.weekly if is_exact else None,
    )


def _frame(entry: ObservedCode) -> tuple[datetime | None, datetime | None]:
    """Instants that are not the truth are none, nor is one alone."""
    if not entry.is_exact or entry.starts_at is None or entry.ends_at is None:
        return None, None
    return entry.starts_at, entry.ends_at


def _gone(code: UnmanagedCode, now: datetime) -> UnmanagedCode:
    """The row stays, so that old log entries find it; its PIN is nobody's business any more."""
    return without_pin(code, now)


def without_pin(code: UnmanagedCode, now: datetime) -> UnmanagedCode:
    """It is no unmanaged code any more, whether it is gone or managed from now on."""
    return replace(
        code,
        code=None,
        code_hash=None,
        gone_at=now,
        delete_requested_at=None,
        delete_sent_at=None,
        retry_at=None,
    )


def _event(event_type: Any, code: UnmanagedCode, now: datetime) -> Event:
    return event(
        event_type,
        code.workspace_id,
        now,
        access_code_id=code.access_code_id,
        device_id=code.device_id,
        connected_account_id=code.connected_account_id,
    )
