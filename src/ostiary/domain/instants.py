"""
Instants: how a moment is read from a caller, written on the wire and counted in the store.

Everything inside the house is an aware UTC `datetime`. Callers write moments in whatever form their
language prints, so reading is wide; the wire has exactly one form, so writing is narrow. The store counts
whole milliseconds since 1970, which is why anything finer is cut off on the way in.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

F = TypeVar("F", bound=Callable[..., Any])
RECENT = 1024

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# A blank before the offset is what Ruby and git print; `+02` is what PostgreSQL prints.
_ISO_8601 = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)

_RFC_2822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), *)?"
    r"(?P<day>[0-9]{1,2}) (?P<month>" + "|".join(_MONTHS) + r") (?P<year>[0-9]{4})"
    r" (?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?(?P<fraction>)"
    r"(?: (?P<zone>GMT|UTC|UT|Z|[+-][0-9]{4}))?"
)


def _recalled(function: F) -> F:
    """
    One request reads and writes the same few moments again and again, and many share them. Not for datetimes
    of other zones than UTC: where a clock is set back, two that are an hour apart are equal.
    """
    return cast(F, lru_cache(RECENT)(function))


@_recalled
def parse_instant(text: str) -> datetime:
    """
    Read a moment as callers write it.

    Understood are ISO 8601 (a blank for the `T`, offsets with or without colon, seconds and fractions
    left out, a date alone) and RFC 2822. A date alone is midnight UTC. A date-time without a zone is UTC:
    the wire's own server reads it in its local time, which is UTC, and the official SDKs serialize
    moments without a zone as UTC. Anything finer than a millisecond is cut off, never rounded up, so that
    a code does not begin after the moment that was asked for. As in JavaScript, the weekday of RFC 2822
    is not compared with the date.

    Returns:
        Aware, UTC, whole milliseconds, from 1970 to 9999.
    Raises:
        ValueError: The text has another form, or names a day, time or offset that does not exist; there
            is no `24:00` and no second 60, which the store could not give back.
    """
    match = _ISO_8601.fullmatch(text) or _RFC_2822.fullmatch(text)
    if match is None:
        raise ValueError("not a date-time")
    try:
        instant = _moment(match)
    except OverflowError as error:
        raise ValueError("out of the calendar") from error
    if instant < EPOCH:
        raise ValueError("before 1970")
    return instant


def has_form(text: str) -> bool:
    """Whether it is written as an instant is; what `parse_instant` refuses of those does not exist."""
    return bool(_ISO_8601.fullmatch(text) or _RFC_2822.fullmatch(text))


def to_wire(instant: datetime) -> str:
    """
    The wire's one form: UTC, milliseconds, `Z`. Finer parts are cut off.

    Raises:
        ValueError: The datetime has no zone. Guessing one here would move a guest's access by hours.
    """
    if instant.tzinfo is not UTC:
        if instant.tzinfo is None:
            raise ValueError("an instant has a zone")
        instant = instant.astimezone(UTC)
    return _to_wire(instant)


@_recalled
def _to_wire(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds")[:-6] + "Z"


def to_ms(instant: datetime) -> int:
    """Whole milliseconds since 1970, rounded down. In integers: a float loses the last digits."""
    since = instant - EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def from_ms(milliseconds: int) -> datetime:
    """The aware UTC moment so many milliseconds after 1970; the inverse of `to_ms`."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def rounded(instant: datetime, step: timedelta) -> datetime:
    """The nearest whole multiple of `step` since 1970, halves up; a step of zero changes nothing."""
    if not step:
        return instant
    return EPOCH + (instant - EPOCH + step / 2) // step * step


def unambiguous(instant: datetime, zone: ZoneInfo, *, is_end: bool) -> datetime:
    """
    The instant, unless its wall-clock time comes twice, and what keeps schedules by the clock on the wall
    might open outside of them: then the nearest one inside the window. A start at the second time becomes the
    end of the repeated time, any end in it the beginning.
    """
    local = instant.astimezone(zone)
    if not _comes_twice(local) or (local.fold == 0 and not is_end):
        return instant
    step = -MINUTE if is_end else MINUTE
    edge = local.replace(fold=0 if is_end else 1, second=0, microsecond=0)
    while _comes_twice(edge):
        edge = (edge.astimezone(UTC) + step).astimezone(zone)
    return (edge + MINUTE if is_end else edge).astimezone(UTC)


def _comes_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _moment(match: re.Match[str]) -> datetime:
    """The parts of a match as one UTC moment. The calendar itself refuses what does not exist."""
    year, month, day, hour, minute, second = match.group("year", "month", "day", "hour", "minute", "second")
    fraction = (match["fraction"] or "")[:3].ljust(3, "0")
    zone = _zone(match["zone"])
    local = datetime(
        int(year),
        _MONTHS.index(month) + 1 if month in _MONTHS else int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int(fraction) * 1_000,
        tzinfo=zone,
    )
    return local if zone is UTC else local.astimezone(UTC)


def _zone(text: str | None) -> timezone:
    """The zone that an offset or a name for UTC stands for; none at all is UTC."""
    if text is None or text[0] not in "+-":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if minutes > 59:  # `timezone` itself refuses a whole day or more
        raise ValueError("no such offset")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
