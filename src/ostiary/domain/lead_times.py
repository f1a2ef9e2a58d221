"""
How long before its start a code is put on the lock: what is usual, what an API user may ask for instead, and
how it is said to people. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

NATIVE_LEAD: Final = timedelta(hours=72)
"""On a lock that keeps schedules itself: the code is preloaded, and opens nothing before its start."""

JUST_IN_TIME_LEAD: Final = timedelta(minutes=60)
"""On a lock that does not: the code opens the door from the moment when it is set."""

MOST_PRELOAD_HOURS: Final = 365 * 24
LEAST_JUST_IN_TIME_MINUTES: Final = 5
"""A write that is lost must have time to be repeated before the guest stands at the door."""
MOST_JUST_IN_TIME_MINUTES: Final = 24 * 60
"""For so long the door opens before it should."""


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """What holds for one device."""

    native: timedelta
    just_in_time: timedelta

    def as_wire(self) -> dict[str, int]:
        return {
            "preload_hours": self.native // timedelta(hours=1),
            "just_in_time_minutes": self.just_in_time // timedelta(minutes=1),
        }


def lead_times(preload_hours: int | None, just_in_time_minutes: int | None) -> LeadTimes:
    """None: as usual."""
    return LeadTimes(
        NATIVE_LEAD if preload_hours is None else timedelta(hours=preload_hours),
        JUST_IN_TIME_LEAD if just_in_time_minutes is None else timedelta(minutes=just_in_time_minutes),
    )


def in_force(
    device_id: str, preload_hours: int | None, just_in_time_minutes: int | None
) -> Mapping[str, Any]:
    """The wire's settings of a device: what holds, and what of it was asked for."""
    return {
        "device_id": device_id,
        **lead_times(preload_hours, just_in_time_minutes).as_wire(),
        "overrides": {"preload_hours": preload_hours, "just_in_time_minutes": just_in_time_minutes},
    }


@cache
def spelled(lead: timedelta) -> str:
    """In whole hours if it is some, else in minutes."""
    hours, rest = divmod(lead, timedelta(hours=1))
    if hours and not rest:
        return "1 hour" if hours == 1 else f"{hours} hours"
    return f"{lead // timedelta(minutes=1)} minutes"
