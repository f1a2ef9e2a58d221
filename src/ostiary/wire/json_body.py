"""Bodies: from bytes to a JSON object that the store can hold, or a refusal that repeats nothing of it."""

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

import msgspec

from ..domain.errors import ApiError
from .issues import DEEPEST_PATH, MOST_ISSUES, Issue, Path, invalid_input, mismatch

# The only way for NUL into a string: msgspec refuses the byte itself, and half a surrogate pair.
NUL_ESCAPE: Final = b"\\u0000"
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def parse_json_object(body: bytes) -> dict[str, object]:
    """
    Read a body that must be a JSON object.

    Raises:
        ApiError: 400 `invalid_input`: the body is not JSON, not an object, or has text that the store
            refuses. The message gives the place but never repeats the body, which may hold a PIN.
    """
    try:
        data = msgspec.json.decode(body)
    except RecursionError:
        raise _malformed(": nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _refuse_lone_surrogates(body)
        raise _malformed(_where(body, error)) from None
    if not isinstance(data, dict):
        raise invalid_input([mismatch("object", data, ())])
    if NUL_ESCAPE in body:
        refuse_unstorable(data)
    return data


def refuse_unstorable(data: object) -> None:
    """
    Refuse text with NUL, which PostgreSQL cannot hold, or with half a surrogate pair, which UTF-8 cannot.

    Raises:
        ApiError: 400 `invalid_input`, with the place of each such string. One in a key is reported at the
            object, since the key itself could not be sent back.
    """
    issues = list(islice(_unstorable(data), MOST_ISSUES))
    if issues:
        raise invalid_input(issues)


def _unstorable(data: object) -> Iterator[Issue]:
    """Without recursion: msgspec nests deeper than Python may."""
    todo: deque[tuple[Path, object]] = deque([((), data)])
    while todo:
        path, value = todo.popleft()
        if isinstance(value, str):
            if _UNSTORABLE.search(value):
                yield Issue("String contains characters that cannot be stored", path[:DEEPEST_PATH])
        elif isinstance(value, Mapping):
            for key, child in value.items():
                is_bad = isinstance(key, str) and _UNSTORABLE.search(key)
                todo.append((path, key) if is_bad else ((*path, str(key)), child))
        elif isinstance(value, list | tuple):
            todo.extend(((*path, str(index)), child) for index, child in enumerate(value))


def _refuse_lone_surrogates(body: bytes) -> None:
    """JSON allows half a surrogate pair as an escape, msgspec does not; name the string, not a byte."""
    if b"\\u" not in body:
        return
    try:
        data = json.loads(body.decode())
    except (ValueError, RecursionError):
        return
    refuse_unstorable(data)


def _where(body: bytes, error: Exception) -> str:
    """Which byte, and why, in words that hold nothing of the body."""
    try:
        body.decode()
    except UnicodeDecodeError as undecodable:
        return f" at byte {undecodable.start}: not UTF-8"
    if isinstance(error, msgspec.ValidationError):
        return ": a number is out of range"
    match = re.fullmatch(r"JSON is malformed: (.+) \(byte ([0-9]+)\)", str(error))
    return f" at byte {match[2]}: {match[1]}" if match else f" at byte {len(body)}: it ends too early"


def _malformed(detail: str) -> ApiError:
    return invalid_input([Issue(f"Malformed JSON{detail}")])
