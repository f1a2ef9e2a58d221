"""`/events/…`: what happened."""

from typing import Annotated

import msgspec
from msgspec import Meta

from .. import store
from ..domain.errors import InvalidInput, not_found
from ..domain.event_types import KNOWN
from ..domain.instants import parse_instant
from ..store.tx import Tx
from ..wire.auth import SESSIONS
from ..wire.operation import READS, Answer, Caller, operation
from ..wire.validation import Instant, Limit, Uuid


class GetEvent(msgspec.Struct, forbid_unknown_fields=True):
    """By id, or the newest of a type or of a device."""

    event_id: Uuid | None = None
    event_type: str | None = None
    device_id: Uuid | None = None

    def __post_init__(self) -> None:
        if self.event_id is None and self.event_type is None and self.device_id is None:
            raise ValueError("Must specify event_id, event_type or device_id")


class ListEvents(msgspec.Struct, forbid_unknown_fields=True):
    """`since` or `between`, both exclusive; filters combine."""

    since: Instant | None = None
    between: list[Instant] | None = None
    event_ids: list[str] | None = None
    event_type: str | None = None
    event_types: list[str] | None = None
    device_id: Uuid | None = None
    device_ids: list[str] | None = None
    access_code_id: Uuid | None = None
    access_code_ids: list[str] | None = None
    connected_account_id: Uuid | None = None
    connect_webview_id: Uuid | None = None
    customer_key: str | None = None
    space_id: str | None = None
    space_ids: list[str] | None = None
    user_identity_id: str | None = None
    access_grant_id: str | None = None
    access_grant_ids: list[str] | None = None
    access_method_id: str | None = None
    access_method_ids: list[str] | None = None
    acs_system_id: str | None = None
    acs_system_ids: list[str] | None = None
    acs_access_group_id: str | None = None
    acs_credential_id: str | None = None
    acs_encoder_id: str | None = None
    acs_entrance_id: str | None = None
    acs_user_id: str | None = None
    limit: Limit = 500
    unstable_offset: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0

    def __post_init__(self) -> None:
        if self.since is None and self.between is None:
            raise ValueError("Must specify either since or between")
        if self.since is not None and self.between is not None:
            raise ValueError("Cannot specify both since and between")


ELSEWHERE = (
    "space_id",
    "space_ids",
    "user_identity_id",
    "access_grant_id",
    "access_grant_ids",
    "access_method_id",
    "access_method_ids",
    "acs_system_id",
    "acs_system_ids",
    "acs_access_group_id",
    "acs_credential_id",
    "acs_encoder_id",
    "acs_entrance_id",
    "acs_user_id",
)
"""Filters on resources that no event here has: with one of them, nothing matches."""


@operation("/events/get", GetEvent, READS, returns={"event": "Event"}, auth=SESSIONS)
async def get(body: GetEvent, caller: Caller, tx: Tx) -> Answer:
    """One event; given a type or a device, the newest."""
    if body.event_id is not None:
        event = await store.events.get(tx, caller.workspace_id, body.event_id)
        is_match = event is not None and (
            body.event_type in (None, event.event_type) and body.device_id in (None, event.device_id)
        )
        found = [event] if event is not None and is_match else []
    else:
        found = await store.events.list_events(
            tx,
            caller.workspace_id,
            since=None,
            until=None,
            limit=1,
            event_type=None if body.event_type is None else [body.event_type],
            device_id=None if body.device_id is None else [body.device_id],
        )
    if not found:
        raise not_found("event", event_id=body.event_id)
    return {"event": found[0].as_wire()}


@operation("/events/list", ListEvents, READS, returns={"events": "[Event]"}, auth=SESSIONS)
async def list_(body: ListEvents, caller: Caller, tx: Tx) -> Answer:
    """The workspace's events, newest first. Without pages, as the wire has it."""
    since, until = body.since, None
    if body.between is not None:
        if len(body.between) != 2:
            raise InvalidInput("Array must contain exactly 2 element(s)", "between")
        since, until = body.between
    since_at = None if since is None else parse_instant(since)
    until_at = None if until is None else parse_instant(until)
    if since_at is not None and until_at is not None and until_at <= since_at:
        raise InvalidInput("second value must be greater than first value", "between")
    for at, name in enumerate(filter(None, [body.event_type, *(body.event_types or [])])):
        _refuse_unknown(name, "event_type" if at == 0 and body.event_type else "event_types")
    if any(getattr(body, name) is not None for name in ELSEWHERE):
        return {"events": []}
    found = await store.events.list_events(
        tx,
        caller.workspace_id,
        since=since_at,
        until=until_at,
        limit=body.limit,
        offset=body.unstable_offset,
        event_id=body.event_ids,
        event_type=_both(body.event_type, body.event_types),
        device_id=_both(body.device_id, body.device_ids),
        access_code_id=_both(body.access_code_id, body.access_code_ids),
        connected_account_id=_both(body.connected_account_id, None),
        connect_webview_id=_both(body.connect_webview_id, None),
        customer_key=_both(body.customer_key, None),
    )
    return {"events": [event.as_wire() for event in found]}


def _both(one: str | None, several: list[str] | None) -> list[str] | None:
    """Singular and plural filter together."""
    if one is None:
        return several
    return [one] if several is None or one in several else []


def _refuse_unknown(name: str, field: str) -> None:
    """A type that can never match is a mistake; the wire's other types are just never emitted here."""
    if name not in KNOWN:
        raise InvalidInput(f"Invalid enum value, received '{name}'", field)
