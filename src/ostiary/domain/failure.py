"""What becomes of a code when a write for it has led to nothing. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from . import problems
from .access_codes import AccessCode
from .attribution import Step, StepKind
from .events import Event, EventType
from .retry import backoff

SETTING_ERROR: Final = "failed_to_set_on_device"
REMOVING_ERROR: Final = "failed_to_remove_from_device"
"""Ends with the entry that would not go, or with the wish that it should."""

FINAL: Final = ("code_constraints_violated", "provider_issue")
"""Refusals that no waiting heals: a new wish is needed."""

DUPLICATE: Final = "duplicate_code_on_device"
DUPLICATE_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Change:
    """
    What became of one code.

    Attributes:
        problem_events: Events that must carry the six arrays of problems, which the engine adds.
        finished: Action types whose pending attempts are now done.
    """

    code: AccessCode
    events: tuple[Event, ...] = ()
    problem_events: tuple[EventType, ...] = ()
    finished: tuple[str, ...] = ()


def failed(change: Change, kind: StepKind, error_code: str | None, message: str, now: datetime) -> Change:
    """
    A write that led to nothing: the problem, its event once, and the time of the next try.

    Args:
        error_code: A more specific error of the wire beside the general one.
    """
    code = change.code
    general = REMOVING_ERROR if kind == "remove" else SETTING_ERROR
    is_new = not problems.has(code.errors, "error_code", general)
    errors = problems.raised(code.errors, "error_code", general, message, now, is_access_code_error=True)
    if error_code is not None and error_code != general:
        is_new = is_new or not problems.has(code.errors, "error_code", error_code)
        errors = problems.raised(errors, "error_code", error_code, message, now, is_access_code_error=True)
    attempts = code.attempts + 1
    broken = replace(code, errors=errors, attempts=attempts, retry_at=now + backoff(attempts))
    is_ghost = code.gone_at is not None  # its story ended with `deleted`
    told = (f"access_code.{general}",) if is_new and not is_ghost else ()
    return replace(change, code=broken, problem_events=(*change.problem_events, *told))


def refused(code: AccessCode, step: Step, error_code: str, message: str, now: datetime) -> Change:
    """
    The vendor will not have a write as it is: the problem, told once, and whether to try again at all.

    A clash of PINs may heal by itself (somebody's deletion that has not arrived yet), so it is tried a few
    times; what no waiting heals is not. Either way a new wish starts afresh.
    """
    if is_eviction(code, step, now):
        return put_off(Change(code), now)
    change = failed(Change(code), step.kind, error_code, message, now)
    is_tired = error_code == DUPLICATE and change.code.attempts >= DUPLICATE_TRIES
    if (error_code in FINAL or is_tired) and code.generation == step.generation:
        return replace(change, code=replace(change.code, refused_generation=step.generation))
    return change


def is_eviction(code: AccessCode, step: Step, now: datetime) -> bool:
    """The removal of a code that stands as it is wished, to make room for a more urgent one."""
    is_its_entry = step.kind == "remove" and step.vendor_code_id == code.vendor_code_id
    return is_its_entry and code.is_as_wished and not code.is_over(now)


def put_off(change: Change, now: datetime) -> Change:
    """Tried again after a pause, if it is still needed then. It is nothing to tell anybody of."""
    attempts = change.code.attempts + 1
    return replace(change, code=replace(change.code, attempts=attempts, retry_at=now + backoff(attempts)))
