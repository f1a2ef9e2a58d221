"""Instants: every form that callers send is the same moment, and the wire has one form."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.domain.instants import EPOCH, from_ms, parse_instant, rounded, to_ms, to_wire, unambiguous

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


def test_times_that_come_twice_are_two_moments() -> None:
    """To Python the two are equal, so nothing that was found for the one may be recalled for the other."""
    first = datetime(2028, 10, 29, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    second = first.replace(fold=1)
    assert first == second
    assert (to_wire(first), to_wire(second)) == ("2028-10-29T00:30:00.000Z", "2028-10-29T01:30:00.000Z")
    assert to_ms(second) - to_ms(first) == 3_600_000
    assert rounded(second, timedelta(minutes=1)) - rounded(first, timedelta(minutes=1)) == timedelta(hours=1)


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


# --- what a device can keep ---------------------------------------------------------------------------------

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, 0),
        (29.999999, 0),
        (30, 60),
        (30.000001, 60),
        (59.999999, 60),
        (60, 60),
        (90, 120),
        (-30, 0),
        (-31, -60),
    ],
)
def test_halves_are_rounded_up(seconds: float, expected: float) -> None:
    assert rounded(MOMENT.replace(second=0) + timedelta(seconds=seconds), MINUTE) == MOMENT.replace(
        second=0
    ) + timedelta(seconds=expected)


def test_a_step_of_zero_rounds_nothing() -> None:
    assert rounded(MOMENT + timedelta(microseconds=1), timedelta(0)) == MOMENT + timedelta(microseconds=1)


def test_rounding_counts_from_1970() -> None:
    assert rounded(EPOCH + timedelta(seconds=100), timedelta(seconds=70)) == EPOCH + timedelta(seconds=70)
    assert rounded(EPOCH + timedelta(seconds=105), timedelta(seconds=70)) == EPOCH + timedelta(seconds=140)
    assert rounded(MOMENT, timedelta(hours=1)) == MOMENT.replace(minute=0, second=0)


@given(MOMENTS, st.sampled_from([1, 60, 900, 3600]))
def test_what_is_rounded_is_near_and_stays(moment: datetime, seconds: int) -> None:
    step = timedelta(seconds=seconds)
    once = rounded(moment, step)
    assert abs(once - moment) <= step / 2
    assert rounded(once, step) == once
    assert (once - EPOCH) % step == timedelta(0)


# The clocks of four zones, as they go back: when the times that come twice begin, and for how long.
REPEATED = {
    "Europe/Berlin": (datetime(2026, 10, 25, 0, tzinfo=UTC), timedelta(hours=1)),
    "America/New_York": (datetime(2026, 11, 1, 5, tzinfo=UTC), timedelta(hours=1)),
    "Australia/Lord_Howe": (datetime(2026, 4, 4, 14, 30, tzinfo=UTC), timedelta(minutes=30)),
    "America/St_Johns": (datetime(2026, 11, 1, 3, 30, tzinfo=UTC), timedelta(hours=1)),
}
repeated = pytest.mark.parametrize(("zone", "first", "length"), [(z, *at) for z, at in REPEATED.items()])


@repeated
def test_a_start_at_the_second_of_two_equal_times_is_the_end_of_them(
    zone: str, first: datetime, length: timedelta
) -> None:
    def start(at: datetime) -> datetime:
        return unambiguous(at, ZoneInfo(zone), is_end=False)

    second, end = first + length, first + 2 * length
    tick = timedelta(microseconds=1)
    for moment in (first - MINUTE, first, first + MINUTE, second - tick, end, end + MINUTE):
        assert start(moment) == moment
    for moment in (second, second + tick, second + length / 3, end - MINUTE, end - tick):
        assert start(moment) == end
        assert start(moment).tzinfo is UTC


@repeated
def test_an_end_at_a_time_that_comes_twice_is_the_beginning_of_the_first(
    zone: str, first: datetime, length: timedelta
) -> None:
    def end(at: datetime) -> datetime:
        return unambiguous(at, ZoneInfo(zone), is_end=True)

    second, last = first + length, first + 2 * length
    tick = timedelta(microseconds=1)
    for moment in (first - MINUTE, first - tick, first, last, last + MINUTE):
        assert end(moment) == moment
    for moment in (first + tick, first + MINUTE, second - tick, second, second + length / 3, last - tick):
        assert end(moment) == first
        assert end(moment).tzinfo is UTC


@repeated
def test_a_lock_that_goes_by_the_clock_on_the_wall_opens_at_no_other_time(
    zone: str, first: datetime, length: timedelta
) -> None:
    """It compares what the clock shows with what it was told, and knows of no repetition."""
    place = ZoneInfo(zone)

    def clock(at: datetime) -> datetime:
        return at.astimezone(place).replace(tzinfo=None, fold=0)

    edges = [first + step * timedelta(minutes=10) for step in range(-9, 18)]
    shown = [(at, clock(at)) for at in edges]
    for starts_at in edges:
        frame_start = clock(unambiguous(starts_at, place, is_end=False))
        for ends_at in (edge for edge in edges if edge > starts_at):
            frame_end = clock(unambiguous(ends_at, place, is_end=True))
            opens = [at for at, time in shown if frame_start <= time < frame_end]
            assert all(starts_at <= at < ends_at for at in opens), f"{starts_at} to {ends_at}"
            if starts_at < first and ends_at >= first + 2 * length:
                assert opens == [at for at in edges if starts_at <= at < ends_at], "all of it"


def test_where_the_clocks_never_change_every_time_comes_once() -> None:
    for zone in ("UTC", "Asia/Tokyo"):
        for is_end in (True, False):
            assert unambiguous(MOMENT, ZoneInfo(zone), is_end=is_end) == MOMENT


@repeated
def test_the_hour_that_is_left_out_in_spring_is_no_matter(
    zone: str, first: datetime, length: timedelta
) -> None:
    place = ZoneInfo(zone)
    moments = [first + timedelta(days=100) + step * timedelta(hours=6) for step in range(4 * 200)]
    assert len({moment.astimezone(place).utcoffset() for moment in moments}) == 2, "it is left out meanwhile"
    for moment in moments:
        assert unambiguous(moment, place, is_end=False) == moment
        assert unambiguous(moment, place, is_end=True) == moment
