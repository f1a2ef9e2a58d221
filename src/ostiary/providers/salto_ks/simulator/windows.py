"""
When a group opens: the lock compares what its own clock on the wall shows (5.2).

The API stores naive times, and the IQ reads them in its zone. Around a change of the clocks this
simulator takes that at its word: whatever the clock on the wall shows counts. An hour that comes twice
counts twice, so a window that begins inside it opens, shuts as the clock goes back, and opens again; an
hour that is left out never comes, so a bound inside it takes effect as the clock goes forward. Bounds are
whole seconds and belong to the window: 11:00:00 as the end opens until just before 11:00:01, otherwise a
full day that ends at 23:59:59 would leave a hole at midnight. All of this is assumed.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from .world import TimeSchedule


def wall_clock(at: datetime, time_zone: str) -> datetime:
    """What a clock there shows, to the second: naive, and the same twice where an hour is repeated."""
    return at.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None, fold=0, microsecond=0)


def standing(schedules: Iterable[TimeSchedule], local: datetime) -> str:
    """`ok` when one of them is open, else where the moment lies in the first: see `standing_in`."""
    found = [standing_in(schedule, local) for schedule in schedules]
    return "ok" if "ok" in found else found[0]


def standing_in(schedule: TimeSchedule, local: datetime) -> str:
    """`ok`, `not_yet`, `over`, `day` or `time`."""
    if schedule.start_date is not None and local < schedule.start_date:
        return "not_yet"
    if schedule.end_date is not None and local > schedule.end_date:
        return "over"
    if not schedule.days[local.weekday()]:
        return "day"
    return "ok" if schedule.start_time <= local.time() <= schedule.end_time else "time"
