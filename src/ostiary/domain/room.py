"""
Who has a place on a lock that has fewer of them than there are codes. Pure.

The places belong to the most urgent: codes that are active, then those that start soonest, then the oldest
wish. A code that is more urgent than one on the lock makes the farthest leave, and is set when a look shows
the place free. An active code never leaves, and a foreign one is never made to. Spares that nobody has pulled
leave before all others, and get what is left. Between codes that start at the same time whoever stands there
stays: a place changes hands only for a gain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from . import problems
from .access_codes import AccessCode
from .attribution import Attribution, PlannedStep, Step
from .failure import Change
from .provider import Capabilities, DesiredCode

NO_SPACE: Final = "no_space_for_access_code_on_device"
NO_SPACE_MESSAGE: Final = (
    "The device holds as many codes as it can, and those that are needed sooner go first. "
    "The code is set as soon as there is a place for it."
)

SAFE_REMOVAL: Final = timedelta(minutes=2)
"""A code that starts sooner stays: its removal might reach the lock when it is active."""


NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Holder:
    """
    A wanted code that has a place, or a set on its way to one.

    Attributes:
        vendor_code_id: What to remove if it has to leave; None: a write for it is under way.
    """

    code: AccessCode
    vendor_code_id: str | None


@dataclass
class Places:
    """
    The places of one lock while they are dealt out.

    Attributes:
        free: None: as many as anybody could want.
        leaving: Places that somebody is leaving already.
        may_leave: The farthest first.
    """

    free: int | None
    leaving: int = 0
    may_leave: list[Holder] = field(default_factory=list)
    evictions: list[PlannedStep] = field(default_factory=list)

    def take(self, code: AccessCode, now: datetime) -> bool | None:
        """For the next newcomer. True: there is a place; None: one is being cleared; False: there is none."""
        if self.free is None:
            return True
        if self.free > 0:
            self.free -= 1
            return True
        if self.leaving > 0:
            self.leaving -= 1
            return None
        if self.may_leave and urgency(self.may_leave[0].code, now)[0] > urgency(code, now)[0]:
            self._evict(self.may_leave.pop(0))
            return None
        return False

    def _evict(self, holder: Holder) -> None:
        """What is on its way to the lock is taken off when it is there."""
        key = holder.vendor_code_id
        if key is not None:
            self.evictions.append(PlannedStep("remove", holder.code, None, key, makes_room=True))


@dataclass(frozen=True, slots=True)
class Allotment:
    """
    Attributes:
        evictions: Removals that make room.
        waiting: access_code_ids of those for whom there is no place, nor one that is being cleared.
    """

    sets: tuple[PlannedStep, ...]
    evictions: tuple[PlannedStep, ...]
    waiting: tuple[str, ...]


def deal(newcomers: Iterable[tuple[AccessCode, DesiredCode]], places: Places, now: datetime) -> Allotment:
    """A place for each newcomer, the most urgent first, as long as there are any."""
    sets: list[PlannedStep] = []
    waiting: list[str] = []
    for code, wanted in sorted(newcomers, key=lambda pair: urgency(pair[0], now)):
        place = places.take(code, now)
        if place:
            sets.append(PlannedStep("set", code, wanted, None))
        elif place is False:
            waiting.append(code.access_code_id)
    return Allotment(tuple(sets), tuple(places.evictions), tuple(waiting))


def places_of(
    can: Capabilities, taken: int, leaving: int, holders: Iterable[Holder], now: datetime
) -> Places:
    """Args: holders: All that have a place and could be written; who must keep his is sorted out here."""
    if can.max_access_codes is None:
        return Places(None)
    may_leave = [holder for holder in holders if _may_leave(holder.code, now)]
    may_leave.sort(key=lambda holder: urgency(holder.code, now), reverse=True)
    return Places(can.max_access_codes - taken, leaving, may_leave)


def coming(open_steps: Sequence[Step], attribution: Attribution) -> int:
    """Sets that no look has shown yet: each may need a place."""
    return sum(1 for step in open_steps if step.kind == "set" and step.access_code_id not in attribution.ours)


def urgency(code: AccessCode, now: datetime) -> tuple[datetime, datetime]:
    """The smaller, the more urgent. A spare that nobody has pulled is less so than what anybody wishes."""
    if code.is_spare:
        return (NEVER, code.created_at)
    return (max(code.starts_at or now, now), code.created_at)


def _may_leave(code: AccessCode, now: datetime) -> bool:
    """
    Not an active code, nor one that soon will be. Nor one with a PIN that the vendor chose: the PIN would go
    with its entry, and a guest may have been told it. A spare is nobody's, and always may.
    """
    if code.is_spare:
        return True
    if code.starts_at is None or code.is_code_from_vendor:
        return False
    return code.starts_at > now + SAFE_REMOVAL


# --- what the API user is told ----------------------------------------------------------------------------


def without_room(code: AccessCode, now: datetime) -> Change:
    """
    There is no place for it. Nothing was tried and nothing has failed; and it gives no reason to look at the
    lock, until a look that something else is the reason for shows room. The event tells it once.
    """
    is_new = not problems.has(code.errors, "error_code", NO_SPACE)
    errors = problems.raised(
        code.errors, "error_code", NO_SPACE, NO_SPACE_MESSAGE, now, is_access_code_error=True
    )
    waiting = replace(code, errors=errors, waits_for_room=True, retry_at=None)
    return Change(waiting, problem_events=("access_code.failed_to_set_on_device",) if is_new else ())


def out_of_the_queue(code: AccessCode) -> AccessCode:
    """It needs no place yet; perhaps its start was moved far ahead."""
    if not problems.has(code.errors, "error_code", NO_SPACE):
        return code
    errors = problems.cleared(code.errors, "error_code", NO_SPACE)
    return replace(code, errors=errors, waits_for_room=False)
