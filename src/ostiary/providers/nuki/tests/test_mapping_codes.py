"""Codes to Nuki and back: what we write is what we read, and what is not ours is told apart."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.domain.provider import DesiredCode, ObservedCode
from ostiary.domain.secrets import Secret
from ostiary.domain.weekly_windows import DAY, WeeklyWindow
from ostiary.providers.nuki import mapping, models

MARKS = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=6, max_size=6)
NAMES = st.none() | st.text(max_size=40)
PINS = st.from_regex(r"(?!12)[1-9]{6}", fullmatch=True)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.builds(
    lambda milliseconds, zone: datetime.fromtimestamp(milliseconds / 1000, zone),
    st.integers(946_700_000_000, 4_000_000_000_000),
    ZONES,
)
WINDOWS = st.none() | st.tuples(INSTANTS, INSTANTS)
DAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
TIMES = st.just((0, DAY)) | st.lists(st.integers(0, DAY - 1), min_size=2, max_size=2, unique=True).map(sorted)
WEEKLY = st.none() | st.builds(lambda days, times: WeeklyWindow(days, *times), DAYS, TIMES).filter(
    lambda window: not window.limits_nothing
)
WINDOW_KEYS = (
    "allowedFromDate",
    "allowedUntilDate",
    "allowedWeekDays",
    "allowedFromTime",
    "allowedUntilTime",
)
FROM, UNTIL = "2026-07-01T13:00:00.000Z", "2026-07-05T09:00:00.000Z"


@st.composite
def wishes(draw: st.DrawFn) -> DesiredCode:
    starts_at, ends_at = draw(WINDOWS) or (None, None)
    return DesiredCode(
        access_code_id="a",
        vendor_name=mapping.vendor_name(draw(NAMES), draw(MARKS)),
        code=Secret(draw(PINS)),
        starts_at=starts_at,
        ends_at=ends_at,
        weekly=draw(WEEKLY),
    )


def wish(
    name: str = "Anna #abc234",
    window: tuple[datetime, datetime] | None = None,
    weekly: WeeklyWindow | None = None,
) -> DesiredCode:
    starts_at, ends_at = window or (None, None)
    return DesiredCode("a", name, Secret("384756"), starts_at, ends_at, weekly=weekly)


def seen(**fields: object) -> ObservedCode:
    entry = {"id": "65f0c0ffee0000000000abcd", "type": 13, "name": "Anna #abc234", "code": 384756, **fields}
    [code] = mapping.codes(models.read(json.dumps([entry]).encode(), list[models.Auth]))
    return code


def as_listed(body: dict[str, Any]) -> dict[str, Any]:
    """What Nuki shows of what it was told: no key without a value."""
    kept = {key: value for key, value in body.items() if value is not None}
    return {"id": "65f0c0ffee0000000000abcd", "type": 13, "enabled": True, **kept}


# --- names -------------------------------------------------------------------------------------------


@given(NAMES, MARKS)
def test_a_vendor_name_fits_and_carries_its_mark(name: str | None, mark: str) -> None:
    made = mapping.vendor_name(name, mark)
    assert len(made.encode()) <= 20
    assert mapping.mark_in(made) == mark
    assert made == mapping.vendor_name(name, mark)
    assert made.isprintable()
    assert made == made.strip()


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12), MARKS)
def test_a_short_name_stays_whole(name: str, mark: str) -> None:
    assert mapping.vendor_name(name, mark) == f"{name} #{mark}"


@given(st.text(st.characters(codec="utf-8", categories=["L", "So"]), min_size=1), MARKS)
def test_no_character_is_cut_in_half(name: str, mark: str) -> None:
    head = mapping.vendor_name(name, mark).removesuffix(f"#{mark}").rstrip()
    assert mapping.vendor_name(head, mark).removesuffix(f"#{mark}").rstrip() == head
    assert "\ufffd" not in head or "\ufffd" in name


@pytest.mark.parametrize(
    ("name", "made"),
    [
        (None, "#abc234"),
        ("", "#abc234"),
        ("  \n ", "#abc234"),
        ("Booking 4711, Miller family", "Booking 4711 #abc234"),
        ("Ferienwohnung", "Ferienwohnun #abc234"),
        ("Müllerstraße 12", "Müllerstra #abc234"),
        ("Mu\u0308ller", "Müller #abc234"),
        ("🏠🏠🏠🏠", "🏠🏠🏠 #abc234"),
        ("a\tb\u200b  c", "a b c #abc234"),
        ("Guest #zzzzzz", "Guest #zzzzz #abc234"),
        ("twelve chars and", "twelve chars #abc234"),
    ],
)
def test_names_by_example(name: str | None, made: str) -> None:
    assert mapping.vendor_name(name, "abc234") == made


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("#abc234", "abc234"),
        ("Anna #abc234", "abc234"),
        ("Anna#abc234", "abc234"),
        ("Anna #abc234 ", None),
        ("Anna #abc234\n", None),
        ("Anna #ABC234", None),
        ("Anna #abc019", None),
        ("Anna", None),
        ("", None),
    ],
)
def test_a_mark_is_found_at_the_end_only(name: str, mark: str | None) -> None:
    assert mapping.mark_in(name) == mark


# --- there and back ----------------------------------------------------------------------------------


@given(wishes())
def test_a_created_code_reads_as_it_was_wished(wanted: DesiredCode) -> None:
    body = json.loads(models.write(mapping.create_body(wanted)))
    assert body["type"] == 13
    assert wanted.code is not None
    assert body["code"] == int(wanted.code.reveal())
    assert_same(seen(**as_listed(body)), wanted)


@given(wishes(), wishes())
def test_an_update_leaves_nothing_of_what_was_there(before: DesiredCode, wanted: DesiredCode) -> None:
    created = json.loads(models.write(mapping.create_body(before)))
    update = json.loads(models.write(mapping.update_body(wanted)))
    assert set(WINDOW_KEYS) <= update.keys()
    assert "type" not in update
    assert_same(seen(**as_listed({**created, **update})), wanted)


def assert_same(code: ObservedCode, wanted: DesiredCode) -> None:
    assert (code.name, code.code) == (wanted.vendor_name, wanted.code)
    assert (code.starts_at, code.ends_at, code.weekly) == (wanted.starts_at, wanted.ends_at, wanted.weekly)
    assert code.mark == mapping.mark_in(wanted.vendor_name)
    assert (code.is_exact, code.is_enabled, code.is_busy, code.error) == (True, True, False, None)


def test_bodies_by_example() -> None:
    window = (datetime(2026, 7, 1, 13, tzinfo=UTC), datetime(2026, 7, 5, 9, tzinfo=UTC))
    common = {"name": "Anna #abc234", "code": 384756}
    limits = dict(zip(WINDOW_KEYS, (FROM, UNTIL, 127, 0, 0), strict=True))
    none = dict.fromkeys(WINDOW_KEYS)

    def create(wanted: DesiredCode) -> Any:
        return json.loads(models.write(mapping.create_body(wanted)))

    def update(wanted: DesiredCode) -> Any:
        return json.loads(models.write(mapping.update_body(wanted)))

    assert create(wish()) == {**common, "type": 13, "remoteAllowed": False}
    assert create(wish(window=window)) == {**common, "type": 13, "remoteAllowed": False, **limits}
    assert update(wish()) == {**common, "enabled": True, **none}
    assert update(wish(window=window)) == {**common, "enabled": True, **limits}

    office = WeeklyWindow((0, 1, 2, 3, 4), 8 * 60, 17 * 60 + 30)
    always = dict(zip(WINDOW_KEYS, ("2020-01-01T00:00:00.000Z", None, 124, 480, 1050), strict=True))
    both = dict(zip(WINDOW_KEYS, (FROM, UNTIL, 124, 480, 1050), strict=True))
    assert update(wish(weekly=office)) == {**common, "enabled": True, **always}
    assert update(wish(window=window, weekly=office)) == {**common, "enabled": True, **both}
    always.pop("allowedUntilDate")
    assert create(wish(weekly=office)) == {**common, "type": 13, "remoteAllowed": False, **always}
    weekend = update(wish(weekly=WeeklyWindow((5, 6), 0, DAY)))
    assert [weekend[key] for key in WINDOW_KEYS[2:]] == [3, 0, 0]


def test_no_body_shows_its_pin() -> None:
    bodies = [mapping.create_body(wish()), mapping.update_body(wish()), seen()]
    assert all("384756" not in repr(body) and "384756" not in str(body) for body in bodies)


# --- what others wrote ----------------------------------------------------------------------------------


def test_a_code_by_example() -> None:
    code = seen(allowedFromDate=FROM, allowedUntilDate=UNTIL, allowedWeekDays=127, enabled=False)
    assert code == ObservedCode(
        vendor_code_id="65f0c0ffee0000000000abcd",
        name="Anna #abc234",
        code=Secret("384756"),
        mark="abc234",
        starts_at=datetime(2026, 7, 1, 13, tzinfo=UTC),
        ends_at=datetime(2026, 7, 5, 9, tzinfo=UTC),
        is_enabled=False,
    )


@pytest.mark.parametrize(
    ("limits", "is_exact"),
    [
        ({}, True),
        ({"allowedWeekDays": 127}, True),
        ({"allowedWeekDays": 0}, True),
        ({"allowedFromTime": 0, "allowedUntilTime": 0}, True),
        ({"allowedWeekDays": 64}, False),
        ({"allowedWeekDays": 127, "allowedFromTime": 480, "allowedUntilTime": 1020}, False),
        ({"allowedUntilTime": 1020}, False),
        ({"allowedFromDate": FROM, "allowedUntilDate": UNTIL, "allowedWeekDays": 127}, True),
        (
            {
                "allowedFromDate": FROM,
                "allowedUntilDate": UNTIL,
                "allowedWeekDays": 127,
                "allowedFromTime": 9,
            },
            False,
        ),
        ({"allowedFromDate": FROM, "allowedUntilDate": UNTIL}, False),
        ({"allowedFromDate": FROM, "allowedUntilDate": UNTIL, "allowedWeekDays": 0}, False),
        ({"allowedFromDate": FROM, "allowedUntilDate": UNTIL, "allowedWeekDays": 128}, False),
        ({"allowedFromDate": FROM, "allowedUntilDate": UNTIL, "allowedFromTime": 480}, False),
        ({"allowedUntilDate": UNTIL, "allowedWeekDays": 127}, False),
        ({"allowedFromDate": FROM, "allowedWeekDays": 127}, False),
    ],
)
def test_limits_that_we_never_write_are_not_exact(limits: dict[str, Any], is_exact: bool) -> None:
    assert seen(**limits).is_exact is is_exact
    assert seen(**limits).weekly is None


@pytest.mark.parametrize(
    ("limits", "weekly"),
    [
        ({"allowedWeekDays": 63}, ((1, 2, 3, 4, 5, 6), 0, DAY)),
        ({"allowedWeekDays": 64}, ((0,), 0, DAY)),
        ({"allowedWeekDays": 1, "allowedFromTime": 0, "allowedUntilTime": 0}, ((6,), 0, DAY)),
        ({"allowedWeekDays": 127, "allowedFromTime": 480, "allowedUntilTime": 481}, (range(7), 480, 481)),
        ({"allowedWeekDays": 127, "allowedUntilTime": 1439}, (range(7), 0, 1439)),
    ],
)
@pytest.mark.parametrize("dates", [{}, {"allowedUntilDate": UNTIL}])
def test_weekdays_and_hours_that_the_device_keeps_are_a_weekly_window(
    limits: dict[str, Any], weekly: tuple[Iterable[int], int, int], dates: dict[str, Any]
) -> None:
    code = seen(allowedFromDate=FROM, **limits, **dates)
    days, begins, ends = weekly
    assert code.weekly == WeeklyWindow(tuple(days), begins, ends)
    assert code.is_exact
    assert code.starts_at == datetime(2026, 7, 1, 13, tzinfo=UTC)
    assert (code.ends_at is None) is (not dates)


@pytest.mark.parametrize(
    "hours",
    [
        {"allowedFromTime": 1320, "allowedUntilTime": 120},
        {"allowedFromTime": 1080},
        {"allowedFromTime": 480, "allowedUntilTime": 480},
        {"allowedFromTime": 480, "allowedUntilTime": 1440},
        {"allowedFromTime": -5, "allowedUntilTime": 480},
    ],
)
def test_hours_that_we_never_write_are_no_window_and_not_exact(hours: dict[str, Any]) -> None:
    code = seen(allowedFromDate=FROM, allowedUntilDate=UNTIL, allowedWeekDays=124, **hours)
    assert (code.weekly, code.is_exact) == (None, False)


@pytest.mark.parametrize("operation", ["65f0", {"timestamp": 1, "counter": 2}])
def test_a_running_operation_keeps_a_code_busy(operation: object) -> None:
    assert seen(operationId=operation).is_busy


def test_an_error_does_not_quote_the_pin() -> None:
    error = seen(error="The supplied value '384756' for parameter 'code' is not valid").error
    assert error == "The supplied value '•••' for parameter 'code' is not valid"


def test_what_nuki_leaves_out_or_has_grown_does_not_matter() -> None:
    assert seen(code="384756").code == Secret("384756")
    assert seen(code=None).code is None
    assert seen(name=None).name == ""
    assert seen(allowedFromDate="2026-07-01T13:00:00").starts_at == datetime(2026, 7, 1, 13, tzinfo=UTC)
    assert seen(fingerprints={"1": "left"}, appId=7, brandNew=[1]).is_exact


def test_only_keypad_codes_count() -> None:
    entries = [{"id": str(kind), "type": kind, "name": "x"} for kind in (0, 1, 2, 3, 13, 14, 15, 99)]
    auths = models.read(json.dumps([*entries, {"id": "none"}]).encode(), list[models.Auth])
    assert [code.vendor_code_id for code in mapping.codes(auths)] == ["13"]
