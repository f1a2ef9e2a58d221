"""
Reading a query string by the type of the request's shape.

Current SDKs send reads and deletes as a query, and a query has no types: `device_ids=a` is a list of one
only because the shape says so. A `QueryPlan`, made once per shape, tells how to read each parameter;
`parse_query` follows it. What can be read in two ways is refused here (`invalid_query_params`). What can
be read but is wrong stays a string, so that `wire.validation` reports it like the same mistake in a body.

Two dialects: with `_strict=true`, which current SDKs always append, only the form that they write. Without
it also what old clients and people with curl write: `k[]=a`, `k=a,b`, `yes`, blanks around numbers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_plus

import msgspec
from msgspec import inspect

from ..domain.errors import ApiError
from .json_body import refuse_unstorable

Leaf = Literal["string", "number", "boolean", "instant"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: `k=v`."""

    leaf: Leaf


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of values: `k=a&k=b`."""

    leaf: Leaf


@dataclass(frozen=True, slots=True)
class RecordOf:
    """Values under names that the caller chooses: `k.name=v`."""

    leaf: Leaf


@dataclass(frozen=True, slots=True)
class Nested:
    """A shape within the shape: `k.field=v`."""

    readings: Mapping[str, "Reading"]


Reading = Scalar | ListOf | RecordOf | Nested


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """How to read each parameter of one request shape, by wire name."""

    readings: Mapping[str, Reading]


Pairs = Mapping[str, list[str]]

_STRICT_KEY = "_strict"
_TRUE = {"true", "True", "TRUE", "yes", "Yes", "YES", "1"}
_FALSE = {"false", "False", "FALSE", "no", "No", "NO", "0"}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LARGEST_EXACT = 2**53 - 1


# --- the plan --------------------------------------------------------------------------------------


def plan_query(shape: type[msgspec.Struct]) -> QueryPlan:
    """
    Work out how to read queries for a shape. Done once, when the operation is declared.

    A type that a query cannot carry (a list of objects, say) is read as a string, which validation then
    refuses: the operation still takes it in a body.
    """
    return QueryPlan(_readings(shape, ()))


def _readings(shape: type, inside: tuple[type, ...]) -> dict[str, Reading]:
    info = inspect.type_info(shape)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: _reading(field.type, (*inside, shape)) for field in info.fields}


def _reading(node: inspect.Type, inside: tuple[type, ...]) -> Reading:
    """`inside` are the shapes around this one; a shape within itself has no end in a query."""
    for member in _members(node):
        bare = _bare(member)
        if isinstance(
            bare, inspect.ListType | inspect.VarTupleType | inspect.SetType | inspect.FrozenSetType
        ):
            return ListOf(_leaf(bare.item_type))
        if isinstance(bare, inspect.TupleType):
            return ListOf(_leaf(bare.item_types[0]) if bare.item_types else "string")
        if isinstance(bare, inspect.DictType):
            return RecordOf(_leaf(bare.value_type))
        if isinstance(bare, inspect.StructType) and bare.cls not in inside:
            return Nested(_readings(bare.cls, inside))
    return Scalar(_leaf(node))


def _leaf(node: inspect.Type) -> Leaf:
    """Several kinds at once read as a string: the query cannot tell `true` from `"true"`."""
    kinds = {_member_leaf(member) for member in _members(node)}
    return kinds.pop() if len(kinds) == 1 else "string"


def _member_leaf(member: inspect.Type) -> Leaf:
    if isinstance(member, inspect.Metadata) and (member.extra or {}).get("kind") == "instant":
        return "instant"
    bare = _bare(member)
    if isinstance(bare, inspect.BoolType):
        return "boolean"
    if isinstance(bare, inspect.IntType | inspect.FloatType):
        return "number"
    if isinstance(bare, inspect.LiteralType) and all(isinstance(value, int | None) for value in bare.values):
        return "number"
    if isinstance(bare, inspect.EnumType) and all(type(each.value) is int for each in bare.cls):
        return "number"
    return "string"


def _members(node: inspect.Type) -> list[inspect.Type]:
    """The alternatives of a type, without null, which a query writes as `k=` for every type."""
    bare = _bare(node)
    if isinstance(bare, inspect.UnionType):
        return [each for each in bare.types if not isinstance(each, inspect.NoneType)]
    return [node]


def _bare(node: inspect.Type) -> inspect.Type:
    while isinstance(node, inspect.Metadata):
        node = node.type
    return node


# --- the reading -----------------------------------------------------------------------------------


def parse_query(plan: QueryPlan, raw_query: bytes | str) -> dict[str, object]:
    """
    Read a query string. Parameters that the plan does not know are ignored.

    Args:
        raw_query: As it stands after the `?`, still percent-encoded.
    Returns:
        The parameters that were given; `k=` is `[]` for a list and None for anything else.
    Raises:
        ApiError: 400 `invalid_query_params` when a parameter can be read in more than one way;
            400 `invalid_input` when a value holds characters that the store refuses.
    """
    if not raw_query:
        return {}
    text = raw_query.decode("utf-8", "replace") if isinstance(raw_query, bytes) else raw_query
    pairs = _pairs(text)
    strict = "true" in pairs.pop(_STRICT_KEY, ())
    params = _read_fields(plan.readings, pairs, "", strict)
    if "%00" in text or "\x00" in text:
        refuse_unstorable(params)
    return params


def _pairs(text: str) -> dict[str, list[str]]:
    """The values of each key, in order. `k` alone is `k=`."""
    pairs: dict[str, list[str]] = {}
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            pairs.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return pairs


def _read_fields(
    readings: Mapping[str, Reading], pairs: Pairs, prefix: str, strict: bool
) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, reading in readings.items():
        for value in _read(reading, pairs, prefix + name, strict):
            found[name] = value
    return found


def _read(reading: Reading, pairs: Pairs, name: str, strict: bool) -> list[object]:
    """The parameter's value in a list of one, or an empty list when it was not given."""
    match reading:
        case ListOf(leaf):
            return _read_list(leaf, pairs, name, strict)
        case RecordOf(leaf):
            return _read_owner(name, pairs, strict) or _read_record(leaf, pairs, name, strict)
        case Nested(readings):
            owner = _read_owner(name, pairs, strict)
            fields = {} if owner else _read_fields(readings, pairs, f"{name}.", strict)
            return owner or ([fields] if fields else [])
        case Scalar(leaf):
            return [_read_leaf(leaf, _only(name, pairs), strict)] if name in pairs else []


def _read_list(leaf: Leaf, pairs: Pairs, name: str, strict: bool) -> list[object]:
    plain = pairs.get(name, [])
    brackets = [] if strict else pairs.get(f"{name}[]", [])
    if plain and brackets:
        raise _ambiguous(name, "it is given both with and without brackets")
    values = plain or brackets
    if not values:
        return []
    if len(values) == 1 and _is_null(values[0], strict):
        return [[]]
    if any(_is_null(value, strict) for value in values):
        raise _ambiguous(name, "an empty value stands for the empty list, so it must be the only one")
    if not strict and any("," in value for value in values):
        values = _split(name, plain)
    return [[_read_leaf(leaf, value, strict) for value in values]]


def _split(name: str, plain: list[str]) -> list[str]:
    """The elements of `k=a,b`, which is the one place where a generous query may have a comma."""
    if not plain:
        raise _ambiguous(name, "a value in brackets cannot contain a comma")
    if len(plain) > 1:
        raise _ambiguous(name, "it is either repeated or separated by commas, not both")
    values = plain[0].split(",")
    if not all(value.strip() for value in values):
        raise _ambiguous(name, "there is nothing between two commas or at an end")
    return values


def _read_owner(name: str, pairs: Pairs, strict: bool) -> list[object]:
    """What `k=` or `k=x` says of a `k` that has names of its own: null, or a string to be refused later."""
    if name not in pairs:
        return []
    value = _only(name, pairs)
    below = next((key for key in pairs if key.startswith(f"{name}.")), None)
    if below is not None:
        raise _ambiguous(name, f"it cannot have a value of its own beside '{below}'")
    return [None if _is_null(value, strict) else value]


def _read_record(leaf: Leaf, pairs: Pairs, name: str, strict: bool) -> list[object]:
    prefix = f"{name}."
    record: dict[str, object] = {}
    for key in pairs:
        if key.startswith(prefix):
            inner = key[len(prefix) :]
            if "." in inner or (inner.endswith("[]") and not strict):
                raise _ambiguous(key, "the values of a record are plain, without names or lists below")
            record[inner] = _read_leaf(leaf, _only(key, pairs), strict)
    return [record] if record else []


def _only(name: str, pairs: Pairs) -> str:
    values = pairs[name]
    if len(values) > 1:
        raise _ambiguous(name, "it takes one value and is given several")
    return values[0]


def _is_null(value: str, strict: bool) -> bool:
    return not (value if strict else value.strip())


def _read_leaf(leaf: Leaf, value: str, strict: bool) -> object:
    if leaf == "string":
        return value or None
    if not strict:
        value = value.strip()
    if not value:
        return None
    if leaf == "number":
        return _number(value)
    return _boolean(value, strict) if leaf == "boolean" else value


def _boolean(value: str, strict: bool) -> bool | str:
    if value in _TRUE and (not strict or value == "true"):
        return True
    if value in _FALSE and (not strict or value == "false"):
        return False
    return value


def _number(value: str) -> int | float | str:
    """A whole number is an int however it is written, up to where JavaScript still counts exactly."""
    if not _NUMBER.fullmatch(value):
        return value
    number = float(value)
    if number.is_integer() and abs(number) <= _LARGEST_EXACT:
        return int(number)
    return value if number in (float("inf"), float("-inf")) else number


def _ambiguous(name: str, why: str) -> ApiError:
    return ApiError("invalid_query_params", f"Cannot read parameter '{name}': {why}")
