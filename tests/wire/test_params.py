"""Queries: the same parameters, however an SDK generation writes them."""

from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import Annotated, Literal
from urllib.parse import quote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from ostiary.domain.errors import ApiError
from ostiary.wire.params import ListOf, Nested, RecordOf, Scalar, parse_query, plan_query
from ostiary.wire.validation import CustomMetadataFilter, Instant, Limit, Shape, Uuid


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Inner(Struct):
    size: int | None = None
    tags: list[str] = []


class Query(Struct, forbid_unknown_fields=True):
    device_id: Uuid | UnsetType = UNSET
    device_ids: list[Uuid] | UnsetType = UNSET
    numbers: list[int] | None = None
    limit: Limit = 500
    ratio: float | UnsetType | None = UNSET
    is_managed: bool | UnsetType | None = UNSET
    created_before: Instant | UnsetType | None = UNSET
    between: Annotated[list[Instant], Meta(max_length=2)] | UnsetType = UNSET
    order: Literal["asc", "desc"] | None = None
    version: Literal[1, 2] | None = None
    level: Level | None = None
    custom_metadata_has: CustomMetadataFilter | UnsetType = UNSET
    counts: dict[str, int] | None = None
    inner: Inner | None = None
    camel: str | None = msgspec.field(default=None, name="camelName")
    mixed: int | str | None = None


class Loop(Struct):
    again: "Loop | None" = None
    objects: list[Inner] = []


PLAN = plan_query(Query)


def generous(query: str | bytes) -> dict[str, object]:
    return parse_query(PLAN, query)


def strict(query: str) -> dict[str, object]:
    return parse_query(PLAN, f"{query}&_strict=true")


def refused(query: str) -> str:
    with pytest.raises(ApiError) as caught:
        generous(query)
    assert (caught.value.error_type, caught.value.status) == ("invalid_query_params", 400)
    return caught.value.message


def test_the_plan_follows_the_types() -> None:
    assert PLAN.readings == {
        "device_id": Scalar("string"),
        "device_ids": ListOf("string"),
        "numbers": ListOf("number"),
        "limit": Scalar("number"),
        "ratio": Scalar("number"),
        "is_managed": Scalar("boolean"),
        "created_before": Scalar("instant"),
        "between": ListOf("instant"),
        "order": Scalar("string"),
        "version": Scalar("number"),
        "level": Scalar("number"),
        "custom_metadata_has": RecordOf("string"),
        "counts": RecordOf("number"),
        "inner": Nested({"size": Scalar("number"), "tags": ListOf("string")}),
        "camelName": Scalar("string"),
        "mixed": Scalar("string"),
    }


def test_a_shape_within_itself_ends() -> None:
    assert plan_query(Loop).readings == {"again": Scalar("string"), "objects": ListOf("string")}


@pytest.mark.parametrize("read", [generous, strict])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("device_id=a", {"device_id": "a"}),
        ("device_id=", {"device_id": None}),
        ("device_id", {"device_id": None}),
        ("device_id=+a%20", {"device_id": " a "}),
        ("device_id=%F0%9F%94%91", {"device_id": "🔑"}),
        ("device_id=a%3Db%26c=d", {"device_id": "a=b&c=d"}),
        ("device_ids=a", {"device_ids": ["a"]}),
        ("device_ids=b&limit=1&device_ids=a", {"device_ids": ["b", "a"], "limit": 1}),
        ("device_ids=", {"device_ids": []}),
        ("numbers=1&numbers=x&numbers=2.5", {"numbers": [1, "x", 2.5]}),
        ("limit=20", {"limit": 20}),
        ("limit=-5", {"limit": -5}),
        ("limit=1e3", {"limit": 1000}),
        ("limit=", {"limit": None}),
        ("limit=abc", {"limit": "abc"}),
        ("limit=NaN", {"limit": "NaN"}),
        ("limit=Infinity", {"limit": "Infinity"}),
        ("limit=1e999", {"limit": "1e999"}),
        ("limit=1_000", {"limit": "1_000"}),
        ("limit=%D9%A1", {"limit": "١"}),
        ("limit=" + "9" * 5000, {"limit": "9" * 5000}),
        ("ratio=2.50", {"ratio": 2.5}),
        ("ratio=.5", {"ratio": 0.5}),
        ("is_managed=true", {"is_managed": True}),
        ("is_managed=false", {"is_managed": False}),
        ("is_managed=tRue", {"is_managed": "tRue"}),
        ("is_managed=", {"is_managed": None}),
        ("created_before=2028-08-12", {"created_before": "2028-08-12"}),
        ("created_before=never", {"created_before": "never"}),
        ("between=a&between=b", {"between": ["a", "b"]}),
        ("version=2", {"version": 2}),
        ("level=2", {"level": 2}),
        ("order=1", {"order": "1"}),
        ("mixed=1", {"mixed": "1"}),
        ("custom_metadata_has.k=true", {"custom_metadata_has": {"k": "true"}}),
        (
            "custom_metadata_has.a=x,y&custom_metadata_has.b=",
            {"custom_metadata_has": {"a": "x,y", "b": None}},
        ),
        ("custom_metadata_has=", {"custom_metadata_has": None}),
        ("custom_metadata_has=x", {"custom_metadata_has": "x"}),
        ("counts.a=1&counts.b=x", {"counts": {"a": 1, "b": "x"}}),
        ("inner.size=3&inner.tags=a&inner.tags=b", {"inner": {"size": 3, "tags": ["a", "b"]}}),
        ("inner=", {"inner": None}),
        ("inner=x", {"inner": "x"}),
        ("inner.other=1", {}),
        ("camelName=x&camel=y", {"camelName": "x"}),
        ("unknown=1&unknown=2&device_id.x=1&&", {}),
        ("device_ids[0]=a", {}),
    ],
)
def test_both_modes(
    read: Callable[[str], dict[str, object]], query: str, expected: dict[str, object]
) -> None:
    assert read(query) == expected


def test_numbers_that_are_whole_are_ints() -> None:
    values = [generous(f"limit={text}")["limit"] for text in ("5", "5.0", "+5", "5e0", "05")]
    assert values == [5] * 5
    assert all(type(value) is int for value in values)
    assert type(generous("limit=9007199254740991")["limit"]) is int
    assert type(generous("limit=9007199254740993")["limit"]) is float


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("device_ids=a,b", {"device_ids": ["a,b"]}),
        ("device_ids=a,b&device_ids=c,d", {"device_ids": ["a,b", "c,d"]}),
        ("device_ids=+", {"device_ids": [" "]}),
        ("device_ids[]=a", {}),
        ("device_ids[]=a&device_ids=b", {"device_ids": ["b"]}),
        ("limit=+2", {"limit": " 2"}),
        ("limit=+", {"limit": " "}),
        ("is_managed=+true", {"is_managed": " true"}),
        ("is_managed=1", {"is_managed": "1"}),
        ("is_managed=TRUE", {"is_managed": "TRUE"}),
        ("is_managed=no", {"is_managed": "no"}),
        ("created_before=+2028-08-12", {"created_before": " 2028-08-12"}),
        ("inner=+", {"inner": " "}),
        ("custom_metadata_has.a[]=x", {"custom_metadata_has": {"a[]": "x"}}),
    ],
)
def test_strict_takes_only_what_the_serializer_writes(query: str, expected: dict[str, object]) -> None:
    assert strict(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("device_ids=a,b", {"device_ids": ["a", "b"]}),
        ("device_ids=a%2Cb", {"device_ids": ["a", "b"]}),
        ("device_ids[]=a", {"device_ids": ["a"]}),
        ("device_ids%5B%5D=a&device_ids[]=b", {"device_ids": ["a", "b"]}),
        ("device_ids[]=", {"device_ids": []}),
        ("device_ids=++", {"device_ids": []}),
        ("numbers=1,2", {"numbers": [1, 2]}),
        ("numbers=1,+2", {"numbers": [1, 2]}),
        ("limit=+2+", {"limit": 2}),
        ("limit=+", {"limit": None}),
        ("created_before=+2028-08-12+", {"created_before": "2028-08-12"}),
        ("is_managed=%09yes+", {"is_managed": True}),
        ("device_id=+", {"device_id": " "}),
        ("inner=+", {"inner": None}),
        ("inner.tags=a,b", {"inner": {"tags": ["a", "b"]}}),
        ("inner.tags[]=a", {"inner": {"tags": ["a"]}}),
    ],
)
def test_generous_also_takes_older_forms(query: str, expected: dict[str, object]) -> None:
    assert generous(query) == expected


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "yes", "Yes", "YES", "1"])
def test_generous_true(text: str) -> None:
    assert generous(f"is_managed={text}") == {"is_managed": True}


@pytest.mark.parametrize("text", ["false", "False", "FALSE", "no", "No", "NO", "0"])
def test_generous_false(text: str) -> None:
    assert generous(f"is_managed={text}") == {"is_managed": False}


@pytest.mark.parametrize(
    "query",
    [
        "device_id=1&device_id=2",
        "device_id=1&device_id=1",
        "device_ids=&device_ids=1",
        "device_ids=&device_ids=",
        "custom_metadata_has=&custom_metadata_has.a=1",
        "custom_metadata_has=&custom_metadata_has=",
        "custom_metadata_has.a=1&custom_metadata_has.a=2",
        "custom_metadata_has.a.b=1",
        "inner=&inner.size=1",
        "inner=x&inner.other=1",
        "inner.size=1&inner.size=2",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(query: str) -> None:
    refused(query)
    refused(f"_strict=true&{query}")


@pytest.mark.parametrize(
    "query",
    [
        "device_ids=a&device_ids[]=b",
        "device_ids=a,b&device_ids[]=c",
        "device_ids=a,b&device_ids=c",
        "device_ids[]=a,b",
        "device_ids=a,",
        "device_ids=a,,b",
        "device_ids=a&device_ids=+",
        "device_ids[]=&device_ids[]=a",
        "custom_metadata_has.a[]=x",
    ],
)
def test_generous_refuses_mixed_formats(query: str) -> None:
    refused(query)


def test_the_refusal_names_the_parameter() -> None:
    assert refused("inner.size=1&inner.size=2") == (
        "Cannot read parameter 'inner.size': it takes one value and is given several"
    )


def test_only_the_literal_true_makes_it_strict() -> None:
    for text in ("false", "True", "1", ""):
        assert generous(f"device_ids=a,b&_strict={text}") == {"device_ids": ["a", "b"]}
    assert generous("_strict=true") == {}
    assert generous("_strict=true&device_ids=a,b") == {"device_ids": ["a,b"]}
    assert generous("_strict=true&_strict=false&device_ids=a,b") == {"device_ids": ["a,b"]}


def test_bytes_and_broken_encodings() -> None:
    assert generous(b"device_id=%C3%A9") == {"device_id": "é"}
    assert generous("device_id=é".encode()) == {"device_id": "é"}
    assert generous(b"device_id=%FF") == {"device_id": "\ufffd"}
    assert generous(b"device_id=%ED%A0%80") == {"device_id": "\ufffd" * 3}
    assert generous(b"device_id=%zz%") == {"device_id": "%zz%"}
    assert generous(b"") == {}


@pytest.mark.parametrize("query", ["device_ids=a%00&device_ids=b", "device_ids=a\x00&device_ids=b"])
def test_nul_is_refused(query: str) -> None:
    with pytest.raises(ApiError) as caught:
        generous(query)
    assert caught.value.error_type == "invalid_input"
    assert caught.value.message == 'String contains characters that cannot be stored for "device_ids.0"'
    assert generous("unknown=%00") == {}


def test_what_cannot_be_parsed_is_for_validation_to_report() -> None:
    with pytest.raises(ApiError) as caught:
        Shape(Query).convert(generous("limit=abc&is_managed=maybe&device_id=&created_before=soon"))
    assert caught.value.message == (
        '4 Input Errors: Expected string, received null for "device_id", '
        'Expected number, received string for "limit", '
        'Expected boolean, received string for "is_managed", Invalid datetime for "created_before" '
        "(such as 2027-06-01T15:00:00+02:00)"
    )


NONEMPTY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "device_id": st.none() | NONEMPTY,
        "device_ids": st.lists(NONEMPTY),
        "limit": st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
        "is_managed": st.none() | st.booleans(),
        "counts": st.dictionaries(st.text("abc[]_", min_size=1), st.none() | st.integers(0, 9), min_size=1),
        "inner": st.fixed_dictionaries({"tags": st.lists(NONEMPTY)}, optional={"size": st.integers(0, 9)}),
    },
)


def serialize(value: object, name: str) -> list[str]:
    """What the official serializer writes."""
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in serialize(inner, f"{name}.{key}")]
    if isinstance(value, list):
        return [pair for inner in value or [None] for pair in serialize(inner, name)]
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return [f"{quote_plus(name)}={quote_plus(text)}"]


@given(VALUES)
def test_strict_is_the_inverse_of_the_serializer(values: dict[str, object]) -> None:
    query = "&".join(pair for name, value in values.items() for pair in serialize(value, name))
    assert strict(query) == values


@given(st.text("abdeil_smtn.[]=&,%+ 01", max_size=60), st.booleans())
def test_any_query_is_read_or_refused(text: str, is_strict: bool) -> None:
    read = strict if is_strict else generous
    for name in ("device_ids", "limit", "inner", "counts"):
        with suppress(ApiError):
            assert set(read(f"{name}{text}&{name}=1")) <= set(PLAN.readings)
