"""
Reading what a client sends.

A field that has to be there and is not is 1100; one with a value of the wrong kind or outside its range is
1101 (8.2). Unknown fields are ignored. `None` for a field means that the body does not say anything.
"""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

import msgspec

from ostiary.domain.instants import parse_instant
from ostiary.simulation.answers import Refusal

from .choices import FULL_DAY
from .refusals import WRONG_MEDIA, bad_value, invalid, missing

_JSON = "application/json"
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?")
_WALL_CLOCK = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?Z?)?")

Fields = Mapping[str, Any]
T = TypeVar("T")


def read_object(headers: Mapping[str, str], body: bytes) -> Fields:
    """
    Raises:
        Refusal: 415 for a body that does not say that it is JSON, 400 for one that is no JSON object.
    """
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise Refusal(WRONG_MEDIA)
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise invalid("The request body is not an object.")
    return fields


def is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


# --- fields ---------------------------------------------------------------------------------------------


def required(fields: Fields, name: str, value: T | None) -> T:
    """What one of the readers below found, which has to be there."""
    if fields.get(name) is None or value is None:
        raise missing(name)
    return value


def text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    raise bad_value(f"The value of '{name}' is not valid")


def boolean(fields: Fields, name: str) -> bool | None:
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise bad_value(f"The value of '{name}' is not valid")


def texts(fields: Fields, name: str) -> list[str] | None:
    value = fields.get(name)
    if value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        return value
    raise bad_value(f"The value of '{name}' is not valid")


def instant(fields: Fields, name: str) -> datetime | None:
    """A moment in UTC, to the second."""
    value = text(fields, name)
    if value is None:
        return None
    try:
        return parse_instant(value).replace(microsecond=0)
    except ValueError:
        raise bad_value(f"The value of '{name}' is not valid") from None


def time_of_day(fields: Fields, name: str, *, is_end: bool) -> time | None:
    """`HH:MM:SS`; without seconds, the end of a window takes the whole minute (5.2)."""
    value = text(fields, name)
    if value is None:
        return None
    match = _TIME.fullmatch(value)
    try:
        if match is None:
            raise ValueError
        return time(int(match[1]), int(match[2]), int(match[3] or (59 if is_end else 0)))
    except ValueError:
        raise bad_value(f"The value of '{name}' is not valid") from None


def wall_clock(fields: Fields, name: str, *, is_end: bool) -> datetime | None:
    """
    A naive date and time. A `Z` is taken and means nothing; a date alone is the whole day (5.2).

    Other offsets are refused: nobody has seen what becomes of them.
    """
    value = text(fields, name)
    if value is None:
        return None
    match = _WALL_CLOCK.fullmatch(value)
    try:
        if match is None:
            raise ValueError
        clock = time.fromisoformat(match[2]) if match[2] else FULL_DAY[is_end]
        return datetime.combine(date.fromisoformat(match[1]), clock)
    except ValueError:
        raise bad_value(f"The value of '{name}' is not valid") from None


# --- query ----------------------------------------------------------------------------------------------


def query_instant(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        return parse_instant(query[name]).astimezone(UTC)
    except ValueError:
        raise bad_value(f"The value of '{name}' is not valid") from None
