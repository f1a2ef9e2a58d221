"""
Checking a request against its shape, and saying what is wrong in the wire's words.

A shape is a `msgspec.Struct`. msgspec converts at full speed but stops at the first error and has its own
wording; the SDKs show a whole tree, with messages in the words of zod 3 that callers (and the official test
suites) compare. So a good request takes the fast path through msgspec alone, and only after a refusal the
data is walked once more beside the type, to collect every issue. msgspec decides, the walk explains: when
it has no explanation, the caller still gets `Invalid input` at the place msgspec names.

Rules across fields belong in the struct's `__post_init__`, as a `ValueError` with the wire's text.

A pattern in a shape should end with `(?!\\n)$`: Python's `$` alone lets a line break through at the end.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, inspect

from ..domain.errors import ApiError
from ..domain.instants import has_form, parse_instant
from .issues import MOST_ISSUES, Issue, Path, invalid_input, mismatch, word
from .json_body import NUL_ESCAPE, parse_json_object

T = TypeVar("T", bound=msgspec.Struct)


# --- field types for shapes ------------------------------------------------------------------------
# `extra["kind"]` is how the walk below, and `wire.params`, recognise them; `extra["hint"]` says in words what
# a pattern asks for.

Uuid = Annotated[
    str,
    Meta(
        # The length refuses the line break that `$` would let through.
        pattern="^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        max_length=36,
        extra={"kind": "uuid"},
        extra_json_schema={"format": "uuid"},
    ),
]
"""Any 8-4-4-4-12 of hex digits, in the caller's letter case."""

Instant = Annotated[
    str,
    Meta(
        description="ISO 8601 or RFC 2822. Without a zone it is UTC; finer than milliseconds is cut off.",
        extra={"kind": "instant"},
        extra_json_schema={"format": "date-time"},
    ),
]
"""A moment as the caller wrote it; `Shape` has made sure that `parse_instant` reads it."""

NonEmpty = Annotated[str, Meta(min_length=1)]

Limit = Annotated[int, Meta(gt=0, le=2**53 - 1)]
"""How many rows at most. Ends where JavaScript stops counting exactly; databases end soon after."""

PageCursor = str | None

_MetadataKey = Annotated[str, Meta(max_length=40, pattern=r"^[^.]*$", extra={"kind": "custom_metadata_key"})]

CustomMetadata = Annotated[
    dict[_MetadataKey, Annotated[str, Meta(max_length=500)] | bool | None],
    Meta(max_length=50, extra={"kind": "custom_metadata"}),
]
"""Up to 50 pairs. On input, null and the empty string mean: remove this key."""

CustomMetadataFilter = Annotated[
    dict[str, str | bool | None],
    Meta(max_length=50, extra={"kind": "custom_metadata"}),
]
"""Pairs that must all match; null matches a key that is not set. From a query, booleans arrive as text."""


# --- shapes ----------------------------------------------------------------------------------------


class Shape(Generic[T]):
    """
    What one operation accepts. Made once per struct, when the operation is declared.

    Unknown keys are refused where the struct says `forbid_unknown_fields=True`.
    """

    def __init__(self, struct_type: type[T]) -> None:
        self.type: Final = struct_type
        info = inspect.type_info(struct_type)
        assert isinstance(info, inspect.StructType)
        self._info: Final = info
        self._known: Final = frozenset(field.encode_name for field in info.fields)
        self._decoder: Final = msgspec.json.Decoder(struct_type)
        self._instants: Final = tuple(field.name for field in info.fields if _is_instant(field.type))
        self._has_inner_instants: Final = any(
            _holds_instant(field.type, frozenset()) for field in info.fields if not _is_instant(field.type)
        )

    def convert(self, data: Mapping[str, object], *, ignore_unknown: bool = False) -> T:
        """
        Turn parsed parameters into the struct.

        Args:
            data: Query and body as one mapping.
            ignore_unknown: Drop keys at the top that the shape does not know. For GET and DELETE, where
                the wire ignores them, in the query as in a body.
        Raises:
            ApiError: 400 `invalid_input` with all issues.
        """
        if ignore_unknown:
            data = {name: value for name, value in data.items() if name in self._known}
        try:
            value = msgspec.convert(data, self.type, strict=True)
        except msgspec.ValidationError as refusal:
            raise self._refusal(data, refusal) from None
        if self._has_inner_instants or self._has_bad_instant(value):
            self._refuse_issues(data)
        return value

    def decode(self, body: bytes) -> T:
        """
        Turn a JSON body into the struct, without a mapping in between.

        Raises:
            ApiError: 400 `invalid_input`: not JSON, not storable, or with all issues.
        """
        try:
            value = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as refusal:
            raise self._refusal(parse_json_object(body), refusal) from None
        if self._has_inner_instants or NUL_ESCAPE in body or self._has_bad_instant(value):
            self._refuse_issues(parse_json_object(body))
        return value

    def issues(self, data: object) -> list[Issue]:
        """Everything that is wrong with the data, in the order of the fields; at most `MOST_ISSUES`."""
        return list(islice(_walk(self._info, data, ()), MOST_ISSUES))

    def _refusal(self, data: object, refusal: Exception) -> ApiError:
        return invalid_input(self.issues(data) or [_as_msgspec_says(refusal)])

    def _refuse_issues(self, data: object) -> None:
        """The late look, for the rules that msgspec does not know."""
        issues = self.issues(data)
        if issues:
            raise invalid_input(issues)

    def _has_bad_instant(self, value: T) -> bool:
        """Whether one at the top cannot be read. Those further down always take the walk."""
        texts = (getattr(value, name) for name in self._instants)
        return any(isinstance(text, str) and not _is_readable(text) for text in texts)


def _as_msgspec_says(refusal: Exception) -> Issue:
    """What is left when the walk finds nothing: a rule of `__post_init__`, or a type it does not know."""
    cause = refusal.__cause__
    message = str(cause) if isinstance(cause, ValueError) else "Invalid input"
    match = re.search(r" - at (?:`key` in )?`\$([^`]*)`$", str(refusal))
    steps = re.findall(r"\.([^.\[]+)|\[([^\]]*)\]", match[1]) if match else []
    path: list[str] = []
    for name, index in steps:
        if index == "...":  # msgspec does not tell which
            break
        path.append(name or index)
    return Issue(message, tuple(path))


def _is_readable(text: str) -> bool:
    try:
        parse_instant(text)
    except ValueError:
        return False
    return True


def _is_instant(node: inspect.Type) -> bool:
    """Whether a field holds the instant itself: `Instant`, perhaps with null or unset."""
    if isinstance(node, inspect.UnionType):
        return any(_is_instant(each) for each in node.types)
    return isinstance(node, inspect.Metadata) and _kind(node) == "instant"


def _holds_instant(node: inspect.Type, seen: frozenset[type]) -> bool:
    """Whether there is an instant anywhere in a type."""
    if _is_instant(node):
        return True
    if isinstance(node, inspect.StructType):
        inside = seen | {node.cls}
        return node.cls not in seen and any(_holds_instant(each.type, inside) for each in node.fields)
    return any(_holds_instant(each, seen) for each in _parts(node))


def _parts(node: inspect.Type) -> tuple[inspect.Type, ...]:
    match node:
        case inspect.Metadata():
            return (node.type,)
        case inspect.UnionType():
            return node.types
        case inspect.DictType():
            return (node.key_type, node.value_type)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            return (node.item_type,)
        case inspect.TupleType():
            return node.item_types
    return ()


def _kind(node: inspect.Metadata) -> object:
    return (node.extra or {}).get("kind")


NO_SUCH_TIME: Final = "no such date or time, or one before 1970"
LIKE_THIS: Final = "such as 2027-06-01T15:00:00+02:00"

# --- the walk --------------------------------------------------------------------------------------
# One function per type, each yielding the issues of a value that stands at a path.

Walker = Callable[[Any, object, Path], Iterator[Issue]]


def _walk(node: inspect.Type, value: object, path: Path) -> Iterator[Issue]:
    """Types that shapes do not use have no walker: there msgspec's own verdict has to do."""
    walker = _WALKERS.get(type(node))
    return walker(node, value, path) if walker else iter(())


def _walk_metadata(node: inspect.Metadata, value: object, path: Path) -> Iterator[Issue]:
    walker = _KIND_WALKERS.get(_kind(node))
    hint = (node.extra or {}).get("hint")
    for issue in walker(node.type, value, path) if walker else _walk(node.type, value, path):
        yield replace(issue, hint=hint) if hint and issue.message == "Invalid" else issue


def _walk_struct(node: inspect.StructType, value: object, path: Path) -> Iterator[Issue]:
    if not isinstance(value, Mapping):
        yield mismatch("object", value, path)
        return
    for field in node.fields:
        name = field.encode_name
        if name in value:
            yield from _walk(field.type, value[name], (*path, name))
        elif field.required:
            yield Issue("Required", (*path, name))
    known = _names(node.cls)
    unknown = [key for key in value if key not in known]
    if unknown and node.forbid_unknown_fields:
        listed = ", ".join(f"'{key}'" for key in unknown)
        yield Issue(f"Unrecognized key(s) in object: {listed}", path)


@cache
def _names(struct_type: type[msgspec.Struct]) -> frozenset[str]:
    """The keys that a struct knows, with that of its tag."""
    tag = struct_type.__struct_config__.tag_field
    return frozenset(struct_type.__struct_encode_fields__) | ({tag} if tag else frozenset())


def _walk_string(node: inspect.StrType, value: object, path: Path) -> Iterator[Issue]:
    if not isinstance(value, str):
        yield mismatch("string", value, path)
        return
    if node.min_length is not None and len(value) < node.min_length:
        yield Issue(f"String must contain at least {node.min_length} character(s)", path)
    if node.max_length is not None and len(value) > node.max_length:
        yield Issue(f"String must contain at most {node.max_length} character(s)", path)
    if node.pattern is not None and not re.search(node.pattern, value):
        yield Issue("Invalid", path)


def _walk_integer(node: inspect.IntType, value: object, path: Path) -> Iterator[Issue]:
    if isinstance(value, float) and value == value:
        yield Issue("Expected integer, received float", path)
    elif not isinstance(value, int) or isinstance(value, bool):
        yield mismatch("number", value, path)
    else:
        yield from _walk_range(node, value, path)


def _walk_float(node: inspect.FloatType, value: object, path: Path) -> Iterator[Issue]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield mismatch("number", value, path)
        return
    try:
        number = float(value)
    except OverflowError:
        yield Issue("Number must be finite", path)
        return
    yield from _walk_range(node, number, path)


def _walk_range(node: inspect.IntType | inspect.FloatType, value: float, path: Path) -> Iterator[Issue]:
    """Asked so that NaN, which compares with nothing, is out of every range."""
    if node.gt is not None and not value > node.gt:
        yield Issue(f"Number must be greater than {node.gt}", path)
    if node.ge is not None and not value >= node.ge:
        yield Issue(f"Number must be greater than or equal to {node.ge}", path)
    if node.lt is not None and not value < node.lt:
        yield Issue(f"Number must be less than {node.lt}", path)
    if node.le is not None and not value <= node.le:
        yield Issue(f"Number must be less than or equal to {node.le}", path)
    if node.multiple_of is not None and value % node.multiple_of != 0:
        yield Issue(f"Number must be a multiple of {node.multiple_of}", path)


def _walk_boolean(node: inspect.BoolType, value: object, path: Path) -> Iterator[Issue]:
    if not isinstance(value, bool):
        yield mismatch("boolean", value, path)


def _walk_null(node: inspect.NoneType, value: object, path: Path) -> Iterator[Issue]:
    if value is not None:
        yield mismatch("null", value, path)


def _walk_literal(node: inspect.LiteralType, value: object, path: Path) -> Iterator[Issue]:
    if value is None and None in node.values:
        return iter(())
    return _walk_choice([each for each in node.values if each is not None], value, path)


def _walk_enum(node: inspect.EnumType, value: object, path: Path) -> Iterator[Issue]:
    return _walk_choice([each.value for each in node.cls], value, path)


def _walk_choice(choices: Sequence[object], value: object, path: Path) -> Iterator[Issue]:
    """Compared with their types, since to Python `True` is 1."""
    if any(type(value) is type(each) and value == each for each in choices):
        return
    listed = " | ".join(f"'{each}'" if isinstance(each, str) else str(each) for each in choices)
    if word(value) in {word(each) for each in choices}:
        yield Issue(f"Invalid enum value. Expected {listed}, received '{value}'", path)
    else:
        yield mismatch(listed, value, path)


def _walk_list(
    node: inspect.ListType | inspect.VarTupleType | inspect.SetType | inspect.FrozenSetType,
    value: object,
    path: Path,
) -> Iterator[Issue]:
    if not isinstance(value, list | tuple | set | frozenset):
        yield mismatch("array", value, path)
        return
    yield from _walk_count(node, len(value), path)
    for index, item in enumerate(value):
        yield from _walk(node.item_type, item, (*path, str(index)))


def _walk_tuple(node: inspect.TupleType, value: object, path: Path) -> Iterator[Issue]:
    if not isinstance(value, list | tuple | set | frozenset):
        yield mismatch("array", value, path)
        return
    wanted = len(node.item_types)
    if len(value) != wanted:
        limit = "at least" if len(value) < wanted else "at most"
        yield Issue(f"Array must contain {limit} {wanted} element(s)", path)
    for index, (item_type, item) in enumerate(zip(node.item_types, value, strict=False)):
        yield from _walk(item_type, item, (*path, str(index)))


def _walk_count(
    node: inspect.ListType | inspect.VarTupleType | inspect.SetType | inspect.FrozenSetType,
    count: int,
    path: Path,
) -> Iterator[Issue]:
    if node.min_length is not None and count < node.min_length:
        yield Issue(f"Array must contain at least {node.min_length} element(s)", path)
    if node.max_length is not None and count > node.max_length:
        yield Issue(f"Array must contain at most {node.max_length} element(s)", path)


def _walk_record(node: inspect.DictType, value: object, path: Path) -> Iterator[Issue]:
    if not isinstance(value, Mapping):
        yield mismatch("object", value, path)
        return
    if node.min_length is not None and len(value) < node.min_length:
        yield Issue(f"Object must contain at least {node.min_length} key(s)", path)
    if node.max_length is not None and len(value) > node.max_length:
        yield Issue(f"Object must contain at most {node.max_length} key(s)", path)
    yield from _walk_pairs(node, value, path)


def _walk_pairs(node: inspect.DictType, value: Mapping[Any, object], path: Path) -> Iterator[Issue]:
    for key, item in value.items():
        below = (*path, str(key))
        yield from _walk(node.key_type, key, below)
        yield from _walk(node.value_type, item, below)


def _walk_union(node: inspect.UnionType, value: object, path: Path) -> Iterator[Issue]:
    """
    As zod has it, null is no alternative but a permission, and an alternative of the right type that
    only breaks a rule (a string that is too long) speaks for itself.
    """
    members = [each for each in node.types if not isinstance(each, inspect.NoneType)]
    if value is None and len(members) < len(node.types):
        return
    verdicts = [list(islice(_walk(each, value, path), MOST_ISSUES)) for each in members]
    if not all(verdicts):
        return
    close = [each for each in verdicts if not any(issue.path == path and _is_type(issue) for issue in each)]
    if len(members) == 1 or len(close) == 1:
        yield from (close or verdicts)[0]
    else:
        yield Issue("Invalid input", path, tuple(issue for each in verdicts for issue in each))


def _is_type(issue: Issue) -> bool:
    return issue.message.startswith("Expected ") and ", received " in issue.message


def _walk_uuid(node: inspect.StrType, value: object, path: Path) -> Iterator[Issue]:
    for issue in islice(_walk_string(node, value, path), 1):
        yield issue if _is_type(issue) else Issue("Invalid uuid", path)


def _walk_instant(node: inspect.StrType, value: object, path: Path) -> Iterator[Issue]:
    if not isinstance(value, str):
        yield mismatch("string", value, path)
    elif not _is_readable(value):
        yield Issue("Invalid datetime", path, hint=NO_SUCH_TIME if has_form(value) else LIKE_THIS)


def _walk_custom_metadata(node: inspect.DictType, value: object, path: Path) -> Iterator[Issue]:
    if not isinstance(value, Mapping):
        yield mismatch("object", value, path)
        return
    if node.max_length is not None and len(value) > node.max_length:
        yield Issue(f"Custom metadata is limited to a maximum of {node.max_length} keys", path)
    yield from _walk_pairs(node, value, path)


def _walk_custom_metadata_key(node: inspect.StrType, value: object, path: Path) -> Iterator[Issue]:
    for issue in _walk_string(node, value, path):
        if issue.message == "Invalid":
            yield Issue("Custom metadata key names cannot contain a period (.)", path)
        else:
            yield issue


_WALKERS: Final[Mapping[type, Walker]] = {
    inspect.Metadata: _walk_metadata,
    inspect.StructType: _walk_struct,
    inspect.UnionType: _walk_union,
    inspect.StrType: _walk_string,
    inspect.IntType: _walk_integer,
    inspect.FloatType: _walk_float,
    inspect.BoolType: _walk_boolean,
    inspect.NoneType: _walk_null,
    inspect.LiteralType: _walk_literal,
    inspect.EnumType: _walk_enum,
    inspect.ListType: _walk_list,
    inspect.VarTupleType: _walk_list,
    inspect.SetType: _walk_list,
    inspect.FrozenSetType: _walk_list,
    inspect.TupleType: _walk_tuple,
    inspect.DictType: _walk_record,
}

_KIND_WALKERS: Final[Mapping[object, Walker]] = {
    "uuid": _walk_uuid,
    "instant": _walk_instant,
    "custom_metadata": _walk_custom_metadata,
    "custom_metadata_key": _walk_custom_metadata_key,
}
