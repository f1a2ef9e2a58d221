"""Webhooks and deliveries, as shapes. `objects` says what they are for."""

from typing import Literal

import msgspec

from .forms import Id, Moment


class Webhook(msgspec.Struct, forbid_unknown_fields=True):
    """
    Where events go. `event_types` is written out where everything was asked for; `secret` is what receivers
    verify signatures with.
    """

    webhook_id: Id
    url: str
    event_types: list[str]
    secret: str


class DeliveryState(msgspec.Struct, forbid_unknown_fields=True):
    """
    How a webhook is doing.

    `failure_count` counts attempts in a row that failed, since `failing_since`. Of a disabled one
    `disabled_at` says since when. Until `rests_until` nothing is tried, as nobody was there.
    `old_secret_ends_at` is how long a replaced secret still signs along.
    """

    webhook_id: Id
    is_enabled: bool
    disabled_at: Moment | None
    pending_count: int
    failure_count: int
    failing_since: Moment | None
    last_succeeded_at: Moment | None
    last_failed_at: Moment | None
    rests_until: Moment | None
    old_secret_ends_at: Moment | None


class DeliveryAttempt(msgspec.Struct, forbid_unknown_fields=True):
    """
    One request. `response_status` is null when there was no answer, `problem` when it was accepted; else it
    is one word that says what went wrong.
    """

    attempted_at: Moment
    duration_ms: int
    response_status: int | None
    problem: str | None


class WebhookDelivery(msgspec.Struct, forbid_unknown_fields=True):
    """
    One event on its way to one webhook.

    `next_attempt_at` is null when no attempt is to come. `attempts` holds the last twenty, oldest first.
    """

    webhook_id: Id
    event_id: Id
    event_type: str
    status: Literal["pending", "succeeded", "failed"]
    created_at: Moment
    next_attempt_at: Moment | None
    settled_at: Moment | None
    attempts: list[DeliveryAttempt]


class Replay(msgspec.Struct, forbid_unknown_fields=True):
    """
    What was put in line again. With `has_more`, the next part begins after `last_event_id`, which is null
    when there was nothing.
    """

    event_count: int
    last_event_id: Id | None
    has_more: bool
