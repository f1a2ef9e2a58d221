"""
Webhooks: who hears of which events, and what becomes of a delivery.

An event goes to each webhook that wants it at least once, on a schedule of its own, so that one that fails
does not hold up those behind it. A webhook where nothing has arrived for days is disabled.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from .errors import ApiError
from .event_types import KNOWN
from .events import EMITTED, OWN
from .instants import to_wire
from .retry import webhook_rest, webhook_wait
from .secrets import Secret

EVERYTHING: Final = "*"
GIVEN_UP_AFTER: Final = timedelta(days=5)
"""Without a single success in this time, while deliveries were tried, a webhook is disabled."""

OLD_SECRET_SECONDS: Final = 24 * 3600
"""How long a replaced secret signs along, unless told otherwise."""

ATTEMPTS_KEPT: Final = 20
"""Of one delivery, newest last. The schedule has eight; more come from sending again by hand."""

NOBODY_THERE: Final = (429, 502, 503, 504)
"""What is answered in place of a receiver, or by one that wants to be left alone."""

Status = Literal["pending", "succeeded", "failed"]


def new_secret() -> Secret:
    """In the form that every verifier takes: 32 characters of base64 without padding."""
    return Secret("whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())


def checked_event_types(names: Sequence[str]) -> tuple[str, ...]:
    """
    As they are stored: each once, in their order.

    Raises:
        ApiError: 400 `invalid_event_types`.
    """
    unknown = sorted({name for name in names if name != EVERYTHING and name not in KNOWN | OWN})
    if unknown:
        raise ApiError(
            "invalid_event_types",
            f"There is no event type {', '.join(unknown)}",
            data={"invalid_event_types": unknown},
        )
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Webhook:
    """
    Attributes:
        event_types: As asked for; `*` stands for every type of the wire, those of later versions included.
        old_secret: What `secret` has replaced; signs along until `old_secret_ends_at`.
        disabled_at: Since when nothing is delivered; None: it is in use.
    """

    webhook_id: str
    workspace_id: str
    url: str
    event_types: tuple[str, ...]
    secret: Secret
    old_secret: Secret | None
    old_secret_ends_at: datetime | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None

    def wants(self, event_type: str) -> bool:
        return event_type in self.event_types or (EVERYTHING in self.event_types and event_type not in OWN)

    def signing_secrets(self, now: datetime) -> tuple[Secret, ...]:
        """Newest first."""
        if self.old_secret is None or self.old_secret_ends_at is None or self.old_secret_ends_at <= now:
            return (self.secret,)
        return (self.secret, self.old_secret)

    def rotated(self, now: datetime, overlap: timedelta) -> "Webhook":
        """With a new secret; the one before signs along for the time of the overlap."""
        return replace(self, secret=new_secret(), old_secret=self.secret, old_secret_ends_at=now + overlap)

    def as_wire(self) -> dict[str, Any]:
        """`*` is shown as what it means today, as the wire does."""
        names = list(self.event_types)
        if EVERYTHING in names:
            names = [*sorted(EMITTED), *(name for name in names if name in OWN)]
        return {
            "webhook_id": self.webhook_id,
            "url": self.url,
            "event_types": names,
            "secret": self.secret.reveal(),
        }


@dataclass(frozen=True, slots=True)
class Line:
    """
    How a webhook has been doing: what waits before it stands in line.

    Attributes:
        failures: Attempts in a row that failed.
        failing_since: When the first of them was.
        rests_until: Nobody was there, so nothing is tried before then, whatever is due: those behind keep
            their order, and a receiver that starts again is not met by a burst that it cannot take.
    """

    webhook_id: str
    failures: int = 0
    failing_since: datetime | None = None
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    rests_until: datetime | None = None

    def after(self, attempt: "Attempt") -> "Line":
        at = attempt.attempted_at
        if attempt.is_success:
            return replace(self, failures=0, failing_since=None, succeeded_at=at, rests_until=None)
        failures, since = self.failures + 1, self.failing_since or at
        rests_until = at + webhook_rest(failures) if attempt.is_nobody_there else None
        return replace(self, failures=failures, failing_since=since, failed_at=at, rests_until=rests_until)

    def is_given_up(self, now: datetime) -> bool:
        return self.failing_since is not None and now - self.failing_since >= GIVEN_UP_AFTER


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One request that was made, or that could not be made.

    Attributes:
        status: Of the answer; None: there was none.
        problem: A word for why it failed; None: it did not.
        is_last: The receiver has asked for no further one.
    """

    attempted_at: datetime
    duration_ms: int
    status: int | None
    problem: str | None
    is_last: bool = False

    @property
    def is_success(self) -> bool:
        return self.problem is None

    @property
    def is_nobody_there(self) -> bool:
        """It says nothing about the event: no other would have arrived."""
        return not self.is_success and (self.status is None or self.status in NOBODY_THERE)

    def as_wire(self) -> dict[str, Any]:
        return {
            "attempted_at": to_wire(self.attempted_at),
            "duration_ms": self.duration_ms,
            "response_status": self.status,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One event on its way to one webhook.

    Attributes:
        position: Of the event, in the order of commits.
        attempts: What was tried, as the wire shows it, oldest first; the last `ATTEMPTS_KEPT`.
        tries: Attempts since it was last put in line.
        due_at: When the next attempt is; None: there is none to come.
    """

    webhook_id: str
    event_id: str
    workspace_id: str
    position: int
    event_type: str
    status: str
    attempts: tuple[Mapping[str, Any], ...]
    tries: int
    created_at: datetime
    due_at: datetime | None
    settled_at: datetime | None

    def after(self, attempt: Attempt) -> "Delivery":
        """Settled, or due again when the schedule says."""
        tries = self.tries + 1
        wait = None if attempt.is_success or attempt.is_last else webhook_wait(tries)
        tried = replace(
            self,
            attempts=(*self.attempts, attempt.as_wire())[-ATTEMPTS_KEPT:],
            tries=tries,
            due_at=None if wait is None else attempt.attempted_at + wait,
        )
        if wait is not None:
            return tried
        status = "succeeded" if attempt.is_success else "failed"
        return replace(tried, status=status, settled_at=attempt.attempted_at)

    def joined(self, attempt: Attempt) -> "Delivery":
        """
        After an attempt that was under way when somebody gave it up or put it in line again: what they have
        decided stands. Only that it arrived is true whatever was decided.
        """
        tried = replace(self, attempts=(*self.attempts, attempt.as_wire())[-ATTEMPTS_KEPT:])
        return replace(tried, status="succeeded") if self.due_at is None and attempt.is_success else tried

    def expired(self, now: datetime) -> "Delivery":
        """Its event is gone, so there is nothing to send any more."""
        return replace(self, status="failed", due_at=None, settled_at=now)

    def as_wire(self) -> dict[str, Any]:
        return {
            "webhook_id": self.webhook_id,
            "event_id": self.event_id,
            "event_type": self.event_type,
            "status": self.status,
            "created_at": to_wire(self.created_at),
            "next_attempt_at": None if self.due_at is None else to_wire(self.due_at),
            "settled_at": None if self.settled_at is None else to_wire(self.settled_at),
            "attempts": list(self.attempts),
        }


def message_id(event_id: str) -> str:
    """What a receiver knows repetitions by: the same for every attempt, at every webhook."""
    return f"msg_{event_id}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What counts of an answer to a delivery. `is_last`: the receiver asks for no further attempt."""

    status: int
    is_last: bool


class NotDelivered(Exception):
    """There was no answer. The text is one word that says why."""
