"""Cursors: opaque to the caller, bound to the parameters of the first page."""

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from ..domain.errors import ApiError
from ..store.pages import Position

T = TypeVar("T")
_Instant = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_RowId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f-]{1,40}$")]
_Content = tuple[str, _Instant, _RowId]
CHUNK: Final = 500
_encode = msgspec.json.Encoder(order="deterministic").encode


def read_cursor(request: msgspec.Struct) -> Position:
    """
    Where the asked page begins.

    Raises:
        ApiError: 400 `invalid_input` for a text that is no cursor, `mismatched_page_parameters` for one
            that belongs to other parameters.
    """
    cursor: str | None = getattr(request, "page_cursor", None)
    if not cursor:
        return Position()
    try:
        digest, created_at_ms, row_id = msgspec.json.decode(
            base64.b64decode(cursor, validate=True), type=_Content
        )
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise ApiError(
            "invalid_input",
            'Invalid page cursor for "page_cursor"',
            validation_errors={"_errors": [], "page_cursor": {"_errors": ["Invalid page cursor"]}},
        ) from None
    if digest != _digest(request):
        raise ApiError(
            "mismatched_page_parameters",
            "When using page_cursor, the request must have parameters identical to those of the first page",
        )
    return Position(created_at_ms, row_id)


def pagination(
    request: msgspec.Struct, path: str, public_url: str, following: Position | None
) -> dict[str, Any]:
    """The wire's `pagination`. `following` is the first row of the next page, None on the last one."""
    if following is None:
        return {"has_next_page": False, "next_page_cursor": None, "next_page_url": None}
    cursor = write_cursor(request, following)
    query = urlencode([*_flat(_parameters(request)), ("page_cursor", cursor)])
    return {
        "has_next_page": True,
        "next_page_cursor": cursor,
        "next_page_url": f"{public_url}{path}?{query}",
    }


def write_cursor(request: msgspec.Struct, following: Position) -> str:
    """What `read_cursor` reads, for a request with the same parameters."""
    content = _encode((_digest(request), following.created_at_ms, following.row_id))
    return base64.b64encode(content).decode()


def _parameters(request: msgspec.Struct) -> dict[str, Any]:
    """All parameters with their defaults, so that naming a default changes nothing."""
    everything: dict[str, Any] = msgspec.to_builtins(request)
    return {name: value for name, value in everything.items() if name != "page_cursor" and value is not None}


def _digest(request: msgspec.Struct) -> str:
    return hashlib.sha256(type(request).__name__.encode() + _encode(_parameters(request))).hexdigest()[:16]


def _flat(parameters: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """The wire's query form: repeated keys, dot paths, `key=` for an empty list."""
    pairs: list[tuple[str, str]] = []
    for name, value in sorted(parameters.items()):
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            pairs.extend(_flat(value, f"{key}."))
        elif isinstance(value, list):
            pairs.extend([(key, str(item)) for item in value] or [(key, "")])
        elif isinstance(value, bool):
            pairs.append((key, str(value).lower()))
        else:
            pairs.append((key, "" if value is None else str(value)))
    return pairs


async def collect(
    fetch: Callable[[Position, int], Awaitable[Sequence[T]]],
    place: Callable[[T], Position],
    start: Position,
    limit: int,
    matches: Callable[[T], bool] | None = None,
) -> tuple[list[T], Position | None]:
    """
    One page of what matches, and the first row after it.

    Without `matches` it is one query; with it, as many chunks are read as it takes.
    """
    found: list[T] = []
    position = start
    size = limit + 1 if matches is None else max(CHUNK, limit + 1)
    is_first = True
    while True:
        rows = list(await fetch(position, size))
        for row in rows if is_first else rows[1:]:  # a chunk begins with the row that ended the last one
            if matches is None or matches(row):
                if len(found) == limit:
                    return found, place(row)
                found.append(row)
        if len(rows) < size:
            return found, None
        position, is_first = place(rows[-1]), False
