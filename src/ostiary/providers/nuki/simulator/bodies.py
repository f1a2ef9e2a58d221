"""
Reading what a client sends.

The vendor turns numeric strings into numbers and does not mind unknown fields (0.2); whatever cannot
be read at all is 422 without a hint which field (11, quirk 16).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from .refusals import bad_parameter, unprocessable

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)")
_INTEGER = re.compile(r"-?\d{1,18}")

_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")

# A line that a shell was meant to continue: the vendor's examples have such ends inside the quotes.
_CONTINUED = re.compile(rb"\\[ \t]*\r?\n")

Fields = Mapping[str, Any]


def read_json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return msgspec.json.decode(_CONTINUED.sub(b"\n", body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise unprocessable() from None


def read_object(body: bytes) -> Fields:
    fields = read_json(body)
    if not isinstance(fields, dict):
        raise unprocessable()
    return fields


def read_array(body: bytes) -> list[Any]:
    items = read_json(body)
    if not isinstance(items, list):
        raise unprocessable()
    return items


def as_integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise unprocessable()


def integer(fields: Fields, name: str) -> int | None:
    value = fields.get(name)
    return None if value is None else as_integer(value)


def boolean(fields: Fields, name: str) -> bool | None:
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise unprocessable()


def text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    raise unprocessable()


def needed_text(fields: Fields, name: str) -> str:
    """A missing or empty one is a bad parameter."""
    value = text(fields, name)
    if not value:
        raise bad_parameter(name, value)
    return value


def mail_address(fields: Fields, name: str) -> str | None:
    value = text(fields, name)
    if value is not None and (len(value) > 254 or not _ADDRESS.fullmatch(value)):
        raise bad_parameter(name, value)
    return value


def texts(fields: Fields, name: str) -> list[str] | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise unprocessable()
    return value


def mapping(fields: Fields, name: str) -> dict[str, Any] | None:
    value = fields.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise unprocessable()


def integers(fields: Fields, name: str) -> list[int] | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise unprocessable()
    return [as_integer(one) for one in value]


def instant(fields: Fields, name: str) -> datetime | None:
    """A moment in UTC, cut to milliseconds, in one of the forms of 0.2."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise unprocessable()
    moment = parse_instant(value)
    if moment is None:
        raise unprocessable()
    return moment


def parse_instant(value: str) -> datetime | None:
    if not _INSTANT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def query_integer(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name)
    if value is None or value == "":
        return None
    if not _INTEGER.fullmatch(value):
        raise bad_parameter(name, value)
    return int(value)


def query_boolean(query: Mapping[str, str], name: str, default: bool) -> bool:
    value = query.get(name)
    if value is None or value == "":
        return default
    if value not in ("true", "false"):
        raise bad_parameter(name, value)
    return value == "true"


def query_integers(query: Mapping[str, str], name: str) -> set[int] | None:
    value = query.get(name)
    if value is None or value == "":
        return None
    parts = [part.strip() for part in value.split(",")]
    if not all(_INTEGER.fullmatch(part) for part in parts):
        raise bad_parameter(name, value)
    return {int(part) for part in parts}


def query_instant(query: Mapping[str, str], name: str) -> datetime | None:
    value = query.get(name)
    if value is None or value == "":
        return None
    moment = parse_instant(value.replace(" ", "+"))  # an offset's plus sign, if the client left it bare
    if moment is None:
        raise bad_parameter(name, value)
    return moment
