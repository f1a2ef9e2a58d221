"""
Weekly windows: on which weekdays, and between which times of day, a code opens the door. Pure.

Days and times are those of the lock's own clock, in its own zone, and the lock itself keeps them: nobody here
works out when one is open. The wire has no word for them; theirs is `ostiary_weekly_window`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from .errors import InvalidInput

FIELD: Final = "ostiary_weekly_window"

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)

DAY: Final = 24 * 60
"""Minutes. By the clock every day has as many, also one on which it is put forward or back."""


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """
    Opens with the minute `from_minute` and shuts with `until_minute`, on each of its days.

    Attributes:
        weekdays: Monday is 0. Ascending, none twice, at least one.
        from_minute, until_minute: After midnight. 0 and `DAY`: the whole day.
    """

    weekdays: tuple[int, ...]
    from_minute: int
    until_minute: int

    @property
    def is_whole_day(self) -> bool:
        return (self.from_minute, self.until_minute) == (0, DAY)

    @property
    def limits_nothing(self) -> bool:
        return self.is_whole_day and len(self.weekdays) == len(WEEKDAYS)

    def as_wire(self) -> dict[str, Any]:
        return {
            "weekdays": [WEEKDAYS[day] for day in self.weekdays],
            "from": _time(self.from_minute),
            "until": _time(self.until_minute),
        }

    def __str__(self) -> str:
        days = ", ".join(WEEKDAYS[day] for day in self.weekdays)
        return f"{days} {_time(self.from_minute)}-{_time(self.until_minute)}"


def to_wire(window: WeeklyWindow | None) -> dict[str, Any] | None:
    return None if window is None else window.as_wire()


def words(window: WeeklyWindow | None) -> str | None:
    """In one line, where the wire has room for text only."""
    return None if window is None else str(window)


def wished(weekdays: Sequence[Weekday], begins: str, ends: str) -> WeeklyWindow:
    """
    The window that was asked for.

    Args:
        begins, ends: `HH:MM`; `ends` may be `24:00`.

    Raises:
        InvalidInput: It is empty, limits nothing, or is none that a lock is known to keep.
    """
    if not weekdays:
        raise InvalidInput("At least one weekday must be named", FIELD, "weekdays")
    if len(set(weekdays)) < len(weekdays):
        raise InvalidInput("Each weekday can be named only once", FIELD, "weekdays")
    window = WeeklyWindow(
        tuple(sorted(WEEKDAYS.index(day) for day in weekdays)), _minutes(begins), _minutes(ends)
    )
    if window.from_minute == window.until_minute:
        raise InvalidInput("until must be after from; a whole day is 00:00 to 24:00", FIELD, "until")
    if window.from_minute > window.until_minute:
        raise InvalidInput(
            "until must be after from: what locks do with a window over midnight is not known", FIELD, "until"
        )
    if window.until_minute == DAY and window.from_minute:
        raise InvalidInput("24:00 ends whole days only; else 23:59 is the latest", FIELD, "until")
    if window.limits_nothing:
        raise InvalidInput("Every day and all day long is no limit: leave it out", FIELD)
    return window


def refuse_unkept(device_name: str, time_zone: str | None, *, keeps_weekly_windows: bool) -> None:
    """
    Refuse a lock that cannot keep such windows, or of which nobody knows by which clock it would.

    Raises:
        InvalidInput: The message names the device.
    """
    if not keeps_weekly_windows:
        raise InvalidInput(f"{device_name} cannot keep weekly windows", FIELD)
    if time_zone is None:
        raise InvalidInput(f"{device_name} cannot be given a weekly window: its zone is not known", FIELD)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
