"""Instants: every form that callers send is the same moment, and the wire has one form."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.domain.instants import EPOCH, from_ms, parse_instant, to_ms, to_wire

MOMENT = datetime(2028, 8, 12, 19, 23, 42, tzinfo=UTC)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.integers(2 * 86_400_000_000, 253_402_041_600_000_000).map(
    lambda microseconds: EPOCH + timedelta(microseconds=microseconds)
)


@pytest.mark.parametrize(
    "text",
    [
        "2028-08-12T19:23:42Z",
        "2028-08-12t19:23:42z",
        "2028-08-12T19:23:42",
        "2028-08-12T19:23:42.000Z",
        "2028-08-12T19:23:42.000000Z",
        "2028-08-12T19:23:42.000999Z",
        "2028-08-12T19:23:42.000999999Z",
        "2028-08-12T19:23:42+0000",
        "2028-08-12T19:23:42-00:00",
        "2028-08-12T21:23:42+02:00",
        "2028-08-12T21:23:42+02",
        "2028-08-12T21:23:42.0+0200",
        "2028-08-13T00:53:42+05:30",
        "2028-08-12T09:53:42-0930",
        "2028-08-12 19:23:42",
        "2028-08-12 19:23:42Z",
        "2028-08-12 21:23:42 +0200",
        "Sat, 12 Aug 2028 19:23:42 GMT",
        "Sat, 12 Aug 2028 21:23:42 +0200",
        "12 Aug 2028 19:23:42 UTC",
        "12 Aug 2028 19:23:42",
    ],
)
def test_every_form_is_the_same_moment(text: str) -> None:
    assert parse_instant(text) == MOMENT
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2028-08-12", datetime(2028, 8, 12, tzinfo=UTC)),
        ("2028-08-12T19:23", datetime(2028, 8, 12, 19, 23, tzinfo=UTC)),
        ("2028-08-12T19:23+0200", datetime(2028, 8, 12, 17, 23, tzinfo=UTC)),
        ("2028-08-12T19:23:42.5Z", MOMENT + timedelta(milliseconds=500)),
        ("2028-08-12T19:23:42.9999Z", MOMENT + timedelta(milliseconds=999)),
        ("2028-02-29", datetime(2028, 2, 29, tzinfo=UTC)),
        ("5 Aug 2028 19:23 GMT", datetime(2028, 8, 5, 19, 23, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", EPOCH),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_less_precise_and_outermost_forms(text: str, expected: datetime) -> None:
    assert parse_instant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NaN",
        "now",
        "1785000000",
        "2028",
        "2028-08",
        "20280812T192342Z",
        "2028-W32-6",
        "2028-13-01",
        "2028-00-01",
        "2027-02-29",
        "2028-08-32",
        "2028-08-12T24:00:00Z",
        "2028-08-12T25:00:00Z",
        "2028-08-12T19:60:00Z",
        "2028-08-12T23:59:60Z",
        "2028-08-12T19Z",
        "2028-08-12Z",
        "2028-08-12T19:23:42.Z",
        "2028-08-12T19:23:42,5Z",
        "2028-08-12T19:23:42+24:00",
        "2028-08-12T19:23:42+02:60",
        "2028-08-12T19:23:42+2",
        "2028-08-12T19:23:42Z\n",
        " 2028-08-12T19:23:42Z",
        "2028-08-12T19:23:42Zulu",
        "２０２８-08-12T19:23:42Z",
        "-2028-08-12T19:23:42Z",
        "+012028-08-12T19:23:42Z",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01T00:00:00+00:01",
        "0000-01-01",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-00:01",
        "Sat, 12 Agu 2028 19:23:42 GMT",
        "Sat, 32 Aug 2028 19:23:42 GMT",
        "Sat, 12 Aug 28 19:23:42 GMT",
        "Sat, 12 Aug 2028 19:23:42 PST",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


@given(st.text())
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    try:
        instant = parse_instant(text)
    except ValueError:
        return
    assert instant >= EPOCH


def test_to_wire() -> None:
    assert to_wire(MOMENT) == "2028-08-12T19:23:42.000Z"
    assert to_wire(MOMENT + timedelta(microseconds=999_999)) == "2028-08-12T19:23:42.999Z"
    assert to_wire(MOMENT.astimezone(timezone(timedelta(hours=2)))) == "2028-08-12T19:23:42.000Z"
    assert to_wire(MOMENT.replace(tzinfo=timezone(timedelta(0), "GMT"))) == "2028-08-12T19:23:42.000Z"


def test_a_moment_without_a_zone_does_not_leave_the_house() -> None:
    with pytest.raises(ValueError):
        to_wire(MOMENT.replace(tzinfo=None))
    with pytest.raises(TypeError):
        to_ms(MOMENT.replace(tzinfo=None))


@given(MOMENTS, OFFSETS)
def test_what_is_written_reads_back(moment: datetime, zone: timezone) -> None:
    whole = moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)
    assert parse_instant(to_wire(moment)) == whole
    assert parse_instant(moment.astimezone(zone).isoformat()) == whole


@given(st.integers(0, 253_402_300_799_999))
def test_milliseconds_are_exact(milliseconds: int) -> None:
    instant = from_ms(milliseconds)
    assert to_ms(instant) == milliseconds
    assert to_ms(parse_instant(to_wire(instant))) == milliseconds


def test_milliseconds_round_down() -> None:
    assert to_ms(EPOCH + timedelta(microseconds=1_999)) == 1
    assert to_ms(EPOCH - timedelta(microseconds=1)) == -1
    assert to_ms(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == 253_402_300_799_999
