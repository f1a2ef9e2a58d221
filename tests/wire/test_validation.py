"""Validation: msgspec decides, the walk explains, and both always agree."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from ostiary.domain.errors import ApiError
from ostiary.wire.issues import MOST_ISSUES, Issue, invalid_input
from ostiary.wire.json_body import parse_json_object, refuse_unstorable
from ostiary.wire.validation import (
    CustomMetadata,
    CustomMetadataFilter,
    Instant,
    Limit,
    NonEmpty,
    PageCursor,
    Shape,
    Uuid,
)

ID = "11111111-2222-3333-4444-555555555555"


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Slot(Struct, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=4, le=20)]
    colors: list[Color] = []


class Request(Struct, forbid_unknown_fields=True):
    device_id: Uuid
    device_ids: list[Uuid] | UnsetType = UNSET
    name: str | UnsetType | None = UNSET
    code: Annotated[str, Meta(min_length=4, max_length=12, pattern=r"^[0-9]+(?!\n)$")] | UnsetType = UNSET
    kind: Literal["ongoing", "time_bound"] | None = None
    color: Color | UnsetType = UNSET
    limit: Limit = 500
    page_cursor: PageCursor = None
    ratio: Annotated[float, Meta(ge=0, lt=1.5)] | None = None
    is_managed: bool | UnsetType = UNSET
    starts_at: Instant | UnsetType | None = UNSET
    search: NonEmpty | None = None
    custom_metadata: CustomMetadata | UnsetType = UNSET
    custom_metadata_has: CustomMetadataFilter | None = None
    slots: Annotated[list[Slot], Meta(min_length=1, max_length=3)] | UnsetType = UNSET
    slot: Slot | None = None
    text_or_flag: Annotated[str, Meta(max_length=3)] | bool | None = None
    version: Literal[1, 2] | None = None
    camel: str | None = msgspec.field(default=None, name="camelName")


class Window(Struct):
    """With instants further down, and keys that may be unknown."""

    between: Annotated[list[Instant], Meta(min_length=2, max_length=2)] | UnsetType = UNSET
    pair: tuple[str, int] | None = None
    counts: dict[str, Annotated[int, Meta(multiple_of=2)]] | None = None
    number: int | float | None = None
    ints: set[int] | None = None
    extra: Any = None


class Either(Struct, forbid_unknown_fields=True):
    device_id: Uuid | UnsetType = UNSET
    name: NonEmpty | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.device_id is UNSET and self.name is UNSET:
            raise ValueError("Either 'device_id' or 'name' is required")


class Outer(Struct):
    either: list[Either]
    day: date | None = None


REQUEST, WINDOW = Shape(Request), Shape(Window)


def refusal(shape: Shape[Any], data: Mapping[str, object]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        shape.convert(data)
    assert (caught.value.error_type, caught.value.status) == ("invalid_input", 400)
    with pytest.raises(ApiError) as decoded:
        shape.decode(json.dumps(data).encode())
    assert decoded.value.message == caught.value.message
    assert decoded.value.validation_errors == caught.value.validation_errors
    return caught.value


def test_a_good_request_becomes_the_struct() -> None:
    data = {
        "device_id": ID.upper(),
        "starts_at": "Sat, 12 Aug 2028 19:23:42 GMT",
        "custom_metadata": {"a": "x", "b": True, "c": None},
        "ratio": 1,
    }
    request = REQUEST.convert(data)
    assert request == REQUEST.decode(json.dumps(data).encode())
    assert request.device_id == ID.upper()
    assert request.starts_at == "Sat, 12 Aug 2028 19:23:42 GMT"
    assert request.custom_metadata == {"a": "x", "b": True, "c": None}
    assert request.name is UNSET


@pytest.mark.parametrize(
    ("field", "value", "issue"),
    [
        ("device_id", 7, "Expected string, received number"),
        ("device_id", None, "Expected string, received null"),
        ("device_id", "unknown-device", "Invalid uuid"),
        ("device_id", f"{ID}\n", "Invalid uuid"),
        ("device_id", f"{ID}0", "Invalid uuid"),
        ("device_id", ID.replace("-", ""), "Invalid uuid"),
        ("device_ids", 7, "Expected array, received number"),
        ("device_ids", ID, "Expected array, received string"),
        ("device_ids", {}, "Expected array, received object"),
        ("device_ids", None, "Expected array, received null"),
        ("name", True, "Expected string, received boolean"),
        ("name", [], "Expected string, received array"),
        ("code", "12", "String must contain at least 4 character(s)"),
        ("code", "1234567890123", "String must contain at most 12 character(s)"),
        ("code", "12a4", "Invalid"),
        ("code", "1234\n", "Invalid"),
        ("kind", "x", "Invalid enum value. Expected 'ongoing' | 'time_bound', received 'x'"),
        ("kind", 5, "Expected 'ongoing' | 'time_bound', received number"),
        ("color", "green", "Invalid enum value. Expected 'red' | 'blue', received 'green'"),
        ("color", None, "Expected 'red' | 'blue', received null"),
        ("version", 3, "Invalid enum value. Expected 1 | 2, received '3'"),
        ("version", True, "Expected 1 | 2, received boolean"),
        ("limit", 0, "Number must be greater than 0"),
        ("limit", 2**53, "Number must be less than or equal to 9007199254740991"),
        ("limit", 10**30, "Number must be less than or equal to 9007199254740991"),
        ("limit", 1.5, "Expected integer, received float"),
        ("limit", "10", "Expected number, received string"),
        ("limit", True, "Expected number, received boolean"),
        ("ratio", -1, "Number must be greater than or equal to 0"),
        ("ratio", 1.5, "Number must be less than 1.5"),
        ("ratio", "1", "Expected number, received string"),
        ("ratio", 10**400, "Number must be finite"),
        ("is_managed", "true", "Expected boolean, received string"),
        ("is_managed", 1, "Expected boolean, received number"),
        ("starts_at", 1785000000, "Expected string, received number"),
        ("search", "", "String must contain at least 1 character(s)"),
        ("custom_metadata", None, "Expected object, received null"),
        ("custom_metadata", [], "Expected object, received array"),
        (
            "custom_metadata",
            {str(number): "x" for number in range(51)},
            "Custom metadata is limited to a maximum of 50 keys",
        ),
        ("slots", [], "Array must contain at least 1 element(s)"),
        ("slots", [{"size": 4}] * 4, "Array must contain at most 3 element(s)"),
        ("slot", 5, "Expected object, received number"),
        ("text_or_flag", "long", "String must contain at most 3 character(s)"),
        ("camelName", 5, "Expected string, received number"),
    ],
)
def test_one_issue(field: str, value: object, issue: str) -> None:
    error = refusal(REQUEST, {"device_id": ID, field: value})
    assert error.message == f'{issue} for "{field}"'
    assert error.validation_errors == {"_errors": [], field: {"_errors": [issue]}}


@pytest.mark.parametrize(
    ("path", "data", "issue"),
    [
        ("device_ids.1", {"device_ids": [ID, "x"]}, "Invalid uuid"),
        ("slot.size", {"slot": {"size": 3}}, "Number must be greater than or equal to 4"),
        (
            "slots.0.colors.1",
            {"slots": [{"size": 4, "colors": ["red", 5]}]},
            "Expected 'red' | 'blue', received number",
        ),
        ("slot", {"slot": {"size": 4, "x": 1, "y": 2}}, "Unrecognized key(s) in object: 'x', 'y'"),
        (
            "custom_metadata.k",
            {"custom_metadata": {"k": "x" * 501}},
            "String must contain at most 500 character(s)",
        ),
        (
            f"custom_metadata.{'k' * 41}",
            {"custom_metadata": {"k" * 41: "x"}},
            "String must contain at most 40 character(s)",
        ),
        (
            "custom_metadata.a.b",
            {"custom_metadata": {"a.b": "x"}},
            "Custom metadata key names cannot contain a period (.)",
        ),
    ],
)
def test_one_issue_further_down(path: str, data: dict[str, object], issue: str) -> None:
    error = refusal(REQUEST, {"device_id": ID, **data})
    assert error.message == f'{issue} for "{path}"'


def test_a_missing_field() -> None:
    error = refusal(REQUEST, {})
    assert error.message == "device_id is required"
    assert error.validation_errors == {"_errors": [], "device_id": {"_errors": ["Required"]}}
    assert refusal(REQUEST, {"device_id": ID, "slots": [{}]}).message == "slots.0.size is required"


def test_several_issues_make_the_recorded_tree() -> None:
    error = refusal(REQUEST, {"device_ids": [ID, 5], "limit": "x", "code": "a", "foo": 1, "bar": 2})
    assert error.message == (
        '6 Input Errors: Required for "device_id", Expected string, received number for "device_ids.1", '
        'String must contain at least 4 character(s) for "code", Invalid for "code", '
        "Expected number, received string for \"limit\", Unrecognized key(s) in object: 'foo', 'bar'"
    )
    assert error.validation_errors == {
        "_errors": ["Unrecognized key(s) in object: 'foo', 'bar'"],
        "device_id": {"_errors": ["Required"]},
        "device_ids": {"_errors": [], "1": {"_errors": ["Expected string, received number"]}},
        "code": {"_errors": ["String must contain at least 4 character(s)", "Invalid"]},
        "limit": {"_errors": ["Expected number, received string"]},
    }


def test_a_union_shows_what_each_alternative_says() -> None:
    error = refusal(REQUEST, {"device_id": ID, "custom_metadata": {"k": 5}})
    assert error.message == 'Invalid input for "custom_metadata.k"'
    assert error.validation_errors is not None
    custom_metadata: Any = error.validation_errors["custom_metadata"]
    node = custom_metadata["k"]
    assert set(node["_errors"]) == {"Expected string, received number", "Expected boolean, received number"}


def test_a_union_at_the_top_of_the_tree() -> None:
    branches = (Issue("Required", ("device_id",)), Issue("Required", ("name",)))
    error = invalid_input([Issue("Invalid input", (), branches)])
    assert error.message == "Invalid input"
    assert error.validation_errors == {
        "_errors": [],
        "device_id": {"_errors": ["Required"]},
        "name": {"_errors": ["Required"]},
    }


def test_a_key_named_like_the_trees_own() -> None:
    error = refusal(REQUEST, {"device_id": ID, "custom_metadata": {"_errors": "x" * 501}})
    assert error.validation_errors == {
        "_errors": [],
        "custom_metadata": {"_errors": ["String must contain at most 500 character(s)"]},
    }


def test_instants_further_down() -> None:
    moments = ["2028-08-12", "2028-08-13"]
    assert WINDOW.convert({"between": moments}).between == moments
    assert WINDOW.decode(json.dumps({"between": moments}).encode()).between == moments
    error = refusal(WINDOW, {"between": ["2028-08-12", "x"]})
    assert error.message == 'Invalid datetime for "between.1" (such as 2027-06-01T15:00:00+02:00)'


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "such as 2027-06-01T15:00:00+02:00"),
        ("01.06.2027 15:00", "such as 2027-06-01T15:00:00+02:00"),
        ("2028-13-01", "no such date or time, or one before 1970"),
        ("2027-02-30T12:00:00Z", "no such date or time, or one before 1970"),
        ("1969-12-31T23:59:59Z", "no such date or time, or one before 1970"),
    ],
)
def test_what_is_wrong_with_an_instant_is_told_to_people(text: str, hint: str) -> None:
    """And not in the tree, which has the wire's words."""
    error = refusal(REQUEST, {"device_id": ID, "starts_at": text})
    assert error.message == f'Invalid datetime for "starts_at" ({hint})'
    assert error.validation_errors is not None
    assert error.validation_errors["starts_at"] == {"_errors": ["Invalid datetime"]}


def test_a_bad_instant_does_not_hide_other_issues() -> None:
    error = refusal(REQUEST, {"starts_at": "x", "limit": 0})
    assert error.message.startswith("3 Input Errors: Required")
    assert 'Invalid datetime for "starts_at"' in error.message


def test_rules_across_fields_speak_in_their_own_words() -> None:
    error = refusal(Shape(Either), {})
    assert error.message == "Either 'device_id' or 'name' is required"
    assert error.validation_errors == {"_errors": ["Either 'device_id' or 'name' is required"]}
    error = refusal(Shape(Outer), {"either": [{"name": "x"}, {}]})
    assert error.message == "Either 'device_id' or 'name' is required for \"either.1\""


def test_a_type_that_the_walk_does_not_know_is_still_refused() -> None:
    error = refusal(Shape(Outer), {"either": [], "day": "soon"})
    assert error.message == 'Invalid input for "day"'


def test_unknown_keys() -> None:
    data = {"device_id": ID, "foo": 1}
    assert refusal(REQUEST, data).message == "Unrecognized key(s) in object: 'foo'"
    assert REQUEST.convert(data, ignore_unknown=True).device_id == ID
    assert REQUEST.convert({"device_id": ID, "camelName": "x"}, ignore_unknown=True).camel == "x"
    assert WINDOW.convert({"foo": 1}) == Window()


def test_the_answer_stays_small() -> None:
    error = refusal(REQUEST, {"device_id": ID, "device_ids": [1] * 5_000})
    assert error.message.startswith(f"{MOST_ISSUES} Input Errors")


def test_openapi_schema() -> None:
    _, components = msgspec.json.schema_components([Request])
    fields = components["Request"]["properties"]
    assert fields["device_id"]["format"] == "uuid"
    assert re.search(fields["device_id"]["pattern"], ID)
    assert fields["starts_at"]["anyOf"][0]["format"] == "date-time"
    assert fields["limit"]["exclusiveMinimum"] == 0
    assert fields["custom_metadata"]["maxProperties"] == 50
    assert fields["custom_metadata"]["propertyNames"]["maxLength"] == 40
    json.dumps(components)


# --- bodies ----------------------------------------------------------------------------------------


def body_refusal(body: bytes) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parse_json_object(body)
    with pytest.raises(ApiError) as decoded:
        WINDOW.decode(body)
    assert decoded.value.message == caught.value.message
    assert (caught.value.error_type, caught.value.status) == ("invalid_input", 400)
    return caught.value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Malformed JSON at byte 0: it ends too early"),
        (b'{"code": "1234"', "Malformed JSON at byte 15: it ends too early"),
        (b'{"code": 1234x}', "Malformed JSON at byte 13: "),
        (b'{"a": NaN}', "Malformed JSON at byte 6: invalid character"),
        (b'{"a": Infinity}', "Malformed JSON at byte 6: invalid character"),
        (b'{"a": 1} {}', "Malformed JSON at byte 10: trailing characters"),
        (b'{"a": "\xff"}', "Malformed JSON at byte 7: not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "Malformed JSON at byte 7: not UTF-8"),
        (b'{"a": "\x00"}', "Malformed JSON at byte 7: invalid character"),
        (b'{"a": 1e999}', "Malformed JSON: a number is out of range"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "Malformed JSON: a number is out of range"),
        (b'{"a":' * 100_000, "Malformed JSON: nested too deeply"),
        (b"[" * 100_000, "Malformed JSON: nested too deeply"),
        (b'{"a": "\\u12"}', "Malformed JSON at byte "),
        (b"[]", "Expected object, received array"),
        (b"null", "Expected object, received null"),
        (b'"1234"', "Expected object, received string"),
        (b"7", "Expected object, received number"),
    ],
)
def test_a_body_that_is_no_json_object(body: bytes, message: str) -> None:
    error = body_refusal(body)
    assert error.message.startswith(message)
    assert "1234" not in error.message
    assert error.validation_errors == {"_errors": [error.message]}


def test_a_json_object() -> None:
    assert parse_json_object(b' {"a": [1, {"b": null}]} ') == {"a": [1, {"b": None}]}
    assert parse_json_object(rb'{"a": "\u00e9 \ud83d\udd11 \\u0000"}') == {"a": "é 🔑 \\u0000"}


UNSTORABLE = "String contains characters that cannot be stored"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (rb'{"a": {"b": ["x", "y\u0000"]}}', f'{UNSTORABLE} for "a.b.1"'),
        (rb'{"a": "\ud800"}', f'{UNSTORABLE} for "a"'),
        (rb'{"a": "\uDC00\uD800"}', f'{UNSTORABLE} for "a"'),
        (rb'{"a": {"k\u0000": 1}}', f'{UNSTORABLE} for "a"'),
        (rb'{"a": {"k\ud800": 1}}', f'{UNSTORABLE} for "a"'),
        (rb'{"\u0000": 1}', UNSTORABLE),
        (rb'{"a": "\u0000", "b": "\ud800"}', f'2 Input Errors: {UNSTORABLE} for "a", {UNSTORABLE} for "b"'),
    ],
)
def test_text_that_cannot_be_stored(body: bytes, message: str) -> None:
    error = body_refusal(body)
    assert error.message == message
    msgspec.json.encode(error.validation_errors)


def test_text_that_cannot_be_stored_far_down() -> None:
    body = b'{"a":' * 600 + rb'"\u0000"' + b"}" * 600
    error = body_refusal(body)
    assert error.message.count("a") < 50
    msgspec.json.encode(error.validation_errors)


def test_text_in_a_good_request_that_cannot_be_stored() -> None:
    with pytest.raises(ApiError) as caught:
        REQUEST.decode(b'{"device_id": "%s", "name": "a\\u0000"}' % ID.encode())
    assert caught.value.message == f'{UNSTORABLE} for "name"'


def test_nan_is_no_number() -> None:
    issues = REQUEST.issues({"device_id": ID, "limit": float("nan"), "name": float("nan")})
    assert [issue.message for issue in issues] == [
        "Expected string, received nan",
        "Expected number, received nan",
    ]


def test_storable_text() -> None:
    refuse_unstorable({"a": ["é🔑\n\t\x7f", 1, None, {"": True}]})


# --- agreement -------------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-1, 30)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([0.0, 1.0, 1.5, -2.5, 1e300, float("nan"), float("inf"), 10**400])
    | st.sampled_from(["", "x", "long", "red", "ongoing", "1234", "1234\n", "1" * 14, ID, f"{ID}\n", "a.b"])
    | st.text(max_size=5)
    | st.sampled_from(["x" * 500, "x" * 501])
)  # fmt: skip
KEYS = st.sampled_from(["size", "colors", "x", "a.b", "k" * 40, "k" * 41, "_errors", "", "n\n"])
MANY = st.integers(49, 52).map(lambda count: {str(each): "x" for each in range(count)})
ANYTHING = MANY | st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def fields_of(struct: type[Struct]) -> st.SearchStrategy[dict[str, object]]:
    names = st.sampled_from([*struct.__struct_encode_fields__, "unknown"])
    required = st.sampled_from([{}, {"device_id": ID}])
    return st.builds(
        lambda base, more: {**base, **more}, required, st.dictionaries(names, ANYTHING, max_size=4)
    )


def is_accepted(struct: type[Struct], data: object) -> bool:
    try:
        msgspec.convert(data, struct, strict=True)
    except msgspec.ValidationError:
        return False
    return True


def without_instants(issues: list[Issue]) -> list[Issue]:
    return [issue for issue in issues if issue.message != "Invalid datetime"]


@settings(max_examples=1_500, deadline=None)
@given(st.sampled_from([Request, Window]), st.data())
def test_the_walk_agrees_with_msgspec(struct: type[Struct], data: st.DataObject) -> None:
    value = data.draw(fields_of(struct) | ANYTHING)
    issues = without_instants(Shape(struct).issues(value))
    assert bool(issues) is not is_accepted(struct, value), issues


FIELDS = [(struct, field) for struct in (Request, Window) for field in struct.__struct_encode_fields__]


@settings(max_examples=2_500, deadline=None)
@given(st.sampled_from(FIELDS), ANYTHING)
@example((Window, "pair"), ["a"])
@example((Window, "pair"), ["a", 1, 2])
@example((Window, "counts"), {"a": 3})
@example((Window, "ints"), [1, 1])
@example((Request, "ratio"), float("nan"))
def test_the_walk_agrees_on_each_field(case: tuple[type[Struct], str], value: object) -> None:
    struct, field = case
    data = {"device_id": ID, field: value}
    issues = without_instants(Shape(struct).issues(data))
    assert bool(issues) is not is_accepted(struct, data), issues


@settings(max_examples=500, deadline=None)
@given(fields_of(Request))
def test_a_body_and_a_mapping_get_the_same_answer(data: dict[str, object]) -> None:
    body = json.dumps(data).encode()
    direct, through = (
        answer(lambda: REQUEST.decode(body)),
        answer(lambda: REQUEST.convert(parse_json_object(body))),
    )
    assert direct == through
    msgspec.json.encode(direct)


def answer(ask: Callable[[], object]) -> object:
    """What the caller would get: the struct, or the error's body."""
    try:
        return ask()
    except ApiError as error:
        return [error.error_type, error.message, error.validation_errors]


@given(st.binary(max_size=40) | st.text('{}[]",:\\u0d8ea1 ', max_size=40).map(str.encode))
def test_any_body_is_an_object_or_an_api_error(body: bytes) -> None:
    try:
        assert isinstance(parse_json_object(body), dict)
    except ApiError as error:
        msgspec.json.encode(error.validation_errors)
