"""Codes to Salto and back: what we write is what we read, and what is not ours is told apart."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.domain.instants import unambiguous
from ostiary.domain.provider import ObservedCode
from ostiary.providers.salto_ks import mapping, models
from ostiary.providers.salto_ks.mapping import Parts

LOCK_ID = "1a2b3c4d-0000-4000-8000-000000000001"
OTHER_LOCK = "9f8e7d6c-0000-4000-8000-000000000002"
BERLIN = "Europe/Berlin"
MARKS = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=6, max_size=6)
NAMES = st.none() | st.text(max_size=80)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86400))
T = TypeVar("T")


def read(value: Any, shape: type[T]) -> T:
    return models.read(json.dumps(value).encode(), shape)


def user(number: int = 1, mark: str = "abc234", lock_id: str = LOCK_ID, **fields: Any) -> models.SiteUser:
    person = {"id": f"p{number}", "first_name": "Anna", "last_name": mapping.ours(lock_id, mark)}
    person |= fields.pop("person", {})
    whole = {
        "id": f"u{number}",
        "user": person,
        "roles": [{"id": "r", "code": "site_user"}],
        "alias": f"Anna #{mark}",
        "use_pin": True,
    }
    return read({**whole, **fields}, models.SiteUser)


def group(number: int = 1, mark: str = "abc234", lock_id: str = LOCK_ID, **fields: Any) -> models.AccessGroup:
    whole = {"id": f"g{number}", "customer_reference": mapping.group_name(lock_id, mark)}
    return read({**whole, **fields}, models.AccessGroup)


def schedule(body: dict[str, Any] | None = None, **fields: Any) -> models.TimeSchedule:
    whole = mapping.schedule(None, None, BERLIN) if body is None else body
    return read({"id": "t", **whole, **fields}, models.TimeSchedule)


def parts(**fields: Any) -> Parts:
    """A whole code; `fields` says what is otherwise."""
    whole: dict[str, Any] = {
        "mark": "abc234",
        "user": user(),
        "group": group(),
        "members": ("p1",),
        "locks": (LOCK_ID,),
        "schedules": (schedule(),),
        "has_pin": True,
    }
    return Parts(**{**whole, **fields})


def seen(**fields: Any) -> ObservedCode:
    return mapping.code(parts(**fields), LOCK_ID, BERLIN)


# --- names and marks ------------------------------------------------------------------------------------


@given(NAMES, MARKS)
def test_a_vendor_name_fits_and_carries_its_mark(name: str | None, mark: str) -> None:
    made = mapping.vendor_name(name, mark)
    assert len(made) <= mapping.NAME_LENGTH
    assert mapping.mark_in(made) == mark
    assert made == mapping.vendor_name(name, mark)
    assert made.isprintable()
    assert made == made.strip()


@given(NAMES, MARKS)
def test_the_three_names_of_a_user_are_texts_that_salto_takes(name: str | None, mark: str) -> None:
    """None of them is empty, and the one that people read has no mark in it."""
    made = mapping.vendor_name(name, mark)
    first = mapping.first_name(made)
    assert first
    assert first.strip() == first
    assert not first.endswith(f"#{mark}") or (name or "").rstrip().endswith(f"#{mark}")
    for text in (mapping.ours(LOCK_ID, mark), mapping.group_name(LOCK_ID, mark)):
        assert len(text) <= mapping.NAME_LENGTH


@given(NAMES, MARKS)
def test_a_mark_is_recognised_whatever_the_name(name: str | None, mark: str) -> None:
    """In the last name and in the group's name, and for its own lock alone."""
    made = mapping.vendor_name(name, mark)
    found = user(mark=mark, alias=made, person={"first_name": mapping.first_name(made)})
    for one in (found, group(mark=mark)):
        assert mapping.mark_of(LOCK_ID, one) == mark
        assert mapping.mark_of(OTHER_LOCK, one) is None


@pytest.mark.parametrize(
    ("name", "made", "first"),
    [
        (None, "#abc234", "Guest"),
        ("", "#abc234", "Guest"),
        ("  \n ", "#abc234", "Guest"),
        ("Booking 4711, Miller family", "Booking 4711, Miller family #abc234", "Booking 4711, Miller family"),
        ("x" * 60, "x" * 42 + " #abc234", "x" * 42),
        ("Mu\u0308ller", "Müller #abc234", "Müller"),
        ("a\tb\u200b  c", "a b c #abc234", "a b c"),
        ("Guest #zzzzzz", "Guest #zzzzzz #abc234", "Guest #zzzzzz"),
    ],
)
def test_names_by_example(name: str | None, made: str, first: str) -> None:
    assert mapping.vendor_name(name, "abc234") == made
    assert mapping.first_name(made) == first


@pytest.mark.parametrize(
    ("last_name", "mark"),
    [
        ("1a2b3c4d #abc234", "abc234"),
        ("Ostiary 1a2b3c4d #abc234", "abc234"),
        ("1a2b3c4d #abc234 ", None),
        ("1a2b3c4d #abc234\n", None),
        ("1A2B3C4D #abc234", None),
        ("1a2b3c4d #ABC234", None),
        ("1a2b3c4d #abc019", None),
        ("1a2b3c4 #abc234", None),
        ("9f8e7d6c #abc234", None),
        ("#abc234", None),
        ("Miller", None),
        ("", None),
        (None, None),
    ],
)
def test_what_is_ours_is_told_by_lock_and_mark_together(last_name: str | None, mark: str | None) -> None:
    assert mapping.mark_of(LOCK_ID, user(person={"last_name": last_name})) == mark
    assert mapping.mark_of(LOCK_ID, group(customer_reference=last_name or "")) == mark


def test_whoever_has_an_address_is_a_person() -> None:
    assert mapping.mark_of(LOCK_ID, user(person={"email": "ann@example.com"})) is None
    assert mapping.mark_of(LOCK_ID, user(person={"email": ""})) == "abc234"
    assert mapping.mark_of(LOCK_ID, user(person={"email": None})) == "abc234"


# --- putting together -----------------------------------------------------------------------------------


def ids(found: list[Parts]) -> set[tuple[str | None, str | None]]:
    return {(one.user.id if one.user else None, one.group.id if one.group else None) for one in found}


def test_a_user_and_its_group_are_one_entry() -> None:
    [found] = mapping.belonging(LOCK_ID, [user()], [(group(), ("p1",))])
    assert (found.mark, found.vendor_code_id, found.members) == ("abc234", "u1", ("p1",))
    assert found.is_member


def test_what_is_not_ours_is_left_out() -> None:
    strangers = [
        user(1, person={"last_name": "Miller"}),
        user(2, person={"email": "ann@example.com"}),
        user(3, lock_id=OTHER_LOCK),
    ]
    groups = [(group(1, customer_reference="Cleaners"), ("p1",)), (group(2, lock_id=OTHER_LOCK), ("p3",))]
    assert mapping.belonging(LOCK_ID, strangers, groups) == []


@pytest.mark.parametrize("members", [("p9",), ("p1", "p9"), ("p9", "p1")])
def test_a_group_with_somebody_else_in_it_is_not_ours(members: tuple[str, ...]) -> None:
    [found] = mapping.belonging(LOCK_ID, [user()], [(group(), members)])
    assert (found.user, found.group, found.members) == (user(), None, ())
    assert mapping.belonging(LOCK_ID, [], [(group(), members)]) == []


def test_halves_are_entries_of_their_own() -> None:
    assert ids(mapping.belonging(LOCK_ID, [user()], [])) == {("u1", None)}
    assert ids(mapping.belonging(LOCK_ID, [], [(group(), ())])) == {(None, "g1")}
    [left] = mapping.belonging(LOCK_ID, [], [(group(), ())])
    assert left.vendor_code_id == "group:g1"
    assert mapping.mark_of_entry(LOCK_ID, [], [group()], "group:g1") == "abc234"
    assert mapping.mark_of_entry(LOCK_ID, [user()], [], "u1") == "abc234"
    assert mapping.mark_of_entry(LOCK_ID, [user()], [group()], "g1") is None
    assert mapping.mark_of_entry(OTHER_LOCK, [user()], [group()], "u1") is None


@given(st.permutations([1, 2, 3]), st.permutations([1, 2, 3]))
def test_a_group_goes_to_its_member_whatever_the_order(users: list[int], groups: list[int]) -> None:
    """Only what has nobody in it is given to whoever has none."""
    held = {1: ("p1",), 2: (), 3: ("p3",)}
    found = mapping.belonging(
        LOCK_ID, [user(number) for number in users], [(group(number), held[number]) for number in groups]
    )
    assert ids(found) == {("u1", "g1"), ("u2", "g2"), ("u3", "g3")}


def test_what_is_there_twice_is_seen_twice() -> None:
    found = mapping.belonging(
        LOCK_ID,
        [user(1), user(2)],
        [(group(1), ()), (group(2), ("p2",)), (group(3), ("p2",)), (group(4), ())],
    )
    assert ids(found) == {("u1", "g1"), ("u2", "g2"), (None, "g3"), (None, "g4")}


@given(st.lists(MARKS, unique=True, max_size=5))
def test_codes_with_different_marks_never_meet(marks: list[str]) -> None:
    users = [user(number, mark) for number, mark in enumerate(marks)]
    groups = [(group(number, mark), (f"p{number}",)) for number, mark in reversed(list(enumerate(marks)))]
    found = mapping.belonging(LOCK_ID, users, groups)
    assert [one.mark for one in found] == marks
    assert all(one.user and one.group and one.user.id[1:] == one.group.id[1:] for one in found)


# --- a code as a look shows it --------------------------------------------------------------------------


def test_a_code_by_example() -> None:
    window = (datetime(2026, 7, 1, 13, tzinfo=UTC), datetime(2026, 7, 5, 9, tzinfo=UTC))
    assert seen(schedules=(schedule(mapping.schedule(*window, BERLIN)),)) == ObservedCode(
        vendor_code_id="u1",
        name="Anna #abc234",
        code=None,
        mark="abc234",
        starts_at=window[0],
        ends_at=window[1],
    )
    assert seen().is_exact


@pytest.mark.parametrize(
    ("fields", "is_enabled", "is_busy", "is_exact"),
    [
        ({}, True, False, True),
        ({"user": user(blocked=True)}, False, False, True),
        ({"user": user(use_pin=False)}, False, False, True),
        ({"user": user(subscription_state="suspended")}, False, False, True),
        ({"user": user(subscription_state="brand_new")}, False, False, True),
        ({"user": user(roles=[])}, True, True, True),
        ({"user": user(expires_at="2026-08-01T00:00:00Z")}, True, False, False),
        ({"has_pin": False}, True, False, False),
        ({"members": ()}, True, False, False),
        ({"locks": ()}, True, False, False),
        ({"locks": (LOCK_ID, OTHER_LOCK)}, True, False, False),
        ({"locks": (OTHER_LOCK,)}, True, False, False),
        ({"schedules": ()}, True, False, False),
        ({"schedules": (schedule(), schedule())}, True, False, False),
        ({"group": None, "members": (), "locks": (), "schedules": ()}, True, False, False),
        ({"user": None, "members": ()}, False, False, False),
    ],
)
def test_what_is_missing_or_in_the_way(
    fields: dict[str, Any], is_enabled: bool, is_busy: bool, is_exact: bool
) -> None:
    code = seen(**fields)
    assert (code.is_enabled, code.is_busy, code.is_exact) == (is_enabled, is_busy, is_exact)


@pytest.mark.parametrize(
    ("alias", "first_name", "name"),
    [("Anna #abc234", "x", "Anna #abc234"), ("", "Ben", "Ben"), (None, "Ben", "Ben"), (None, None, "")],
)
def test_the_name_is_what_people_see(alias: str | None, first_name: str | None, name: str) -> None:
    assert seen(user=user(alias=alias, person={"first_name": first_name})).name == name


@pytest.mark.parametrize(
    ("fields", "is_exact"),
    [
        ({}, True),
        ({"start_time": "00:00"}, True),
        ({"end_time": "23:59:00"}, True),
        ({"end_time": "23:59"}, True),
        ({"monday": False}, False),
        ({"start_time": "08:00:00"}, False),
        ({"end_time": "18:00:59"}, False),
        ({"start_time": None}, False),
        ({"start_date": "2026-07-01T15:00:00"}, False),
        ({"end_date": "2026-07-01T15:00:00"}, False),
        ({"start_date": "2026-07-01T15:00:00", "end_date": "2026-07-05T10:59:59"}, True),
        ({"start_date": "soon", "end_date": "2026-07-05T10:59:59"}, False),
        ({"start_date": "0001-01-01T00:00:00", "end_date": "9999-12-31T23:59:59"}, False),
        ({"start_date": "0001-01-01T00:00:00", "end_date": "2026-07-05T10:59:59"}, False),
    ],
)
def test_limits_that_we_never_write_are_not_exact(fields: dict[str, Any], is_exact: bool) -> None:
    assert seen(schedules=(schedule(**fields),)).is_exact is is_exact


@pytest.mark.parametrize(
    "date", ["2026-07-01T15:00:00", "2026-07-01T15:00:00Z", "2026-07-01T15:00:00.0000000", "2026-07-01T15:00"]
)
def test_dates_are_the_wall_clock_of_the_iq_whatever_stands_behind_them(date: str) -> None:
    code = seen(schedules=(schedule(start_date=date, end_date="2026-07-05T10:59:59"),))
    assert code.starts_at == datetime(2026, 7, 1, 13, tzinfo=UTC)
    assert code.ends_at == datetime(2026, 7, 5, 9, tzinfo=UTC)


# --- windows --------------------------------------------------------------------------------------------

ZONES = [BERLIN, "America/New_York", "Australia/Lord_Howe", "America/St_Johns"]
CHANGES = {
    zone: [
        (datetime.fromisoformat(f"{forward}T00:00:00Z"), datetime.fromisoformat(f"{back}T00:00:00Z"))
        for forward, back in years
    ]
    for zone, years in {
        BERLIN: [("2026-03-29", "2026-10-25"), ("2027-03-28", "2027-10-31")],
        "America/New_York": [("2026-03-08", "2026-11-01"), ("2027-03-14", "2027-11-07")],
        "Australia/Lord_Howe": [("2026-10-04", "2026-04-05"), ("2027-10-03", "2027-04-04")],
        "America/St_Johns": [("2026-03-08", "2026-11-01"), ("2027-03-14", "2027-11-07")],
    }.items()
}


def there_and_back(
    starts_at: datetime | None, ends_at: datetime | None, zone: str
) -> tuple[datetime | None, datetime | None]:
    body = json.loads(json.dumps(mapping.schedule(starts_at, ends_at, zone)))
    found = schedule(body)
    assert mapping.is_whole(found)
    assert mapping.says(found, mapping.schedule(starts_at, ends_at, zone), zone)
    return mapping.window(found, zone)


def as_kept(starts_at: datetime, ends_at: datetime, zone: str) -> tuple[datetime, datetime]:
    """As the house asks a lock that goes by a clock on the wall to keep it."""
    name = ZoneInfo(zone)
    return unambiguous(starts_at, name, is_end=False), unambiguous(ends_at, name, is_end=True)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("which", ["forward", "back"])
@pytest.mark.parametrize("year", [0, 1])
def test_windows_of_every_minute_of_a_day_with_a_change_of_clocks(zone: str, which: str, year: int) -> None:
    """As starts and as ends, also at the very minutes at which the clock is put."""
    midnight = CHANGES[zone][year][which == "back"] - 14 * HOUR
    offsets = set()
    for minute in range(52 * 60):
        instant = midnight + minute * MINUTE
        offsets.add(instant.astimezone(ZoneInfo(zone)).utcoffset())
        for asked in ((instant, instant + 3 * DAY), (instant - 3 * DAY, instant)):
            kept = as_kept(*asked, zone)
            assert there_and_back(*kept, zone) == kept, asked
            assert asked[0] <= kept[0]
            assert kept[1] <= asked[1]
    assert len(offsets) == 2, "the clock is put within that time"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("which", [0, 1])
def test_the_door_is_open_within_the_window_and_never_beside_it(zone: str, which: int) -> None:
    """
    By the rule of the door: what the clock on the wall shows, bounds included. Where that comes twice, the
    door may be shut for a while.
    """
    noon = CHANGES[zone][0][which] - 14 * HOUR
    name = ZoneInfo(zone)
    for start in range(0, 40 * 60, 10):
        for minutes in (10, 25, 60, 95, 180, 24 * 60):
            starts_at = noon + start * MINUTE
            asked = (starts_at, starts_at + minutes * MINUTE)
            kept = as_kept(*asked, zone)
            if kept[1] <= kept[0]:
                continue  # within the repeated time alone: it is refused
            body = mapping.schedule(*kept, zone)
            for instant in (*_around(asked[0]), *_around(asked[1]), asked[0] + minutes * MINUTE / 2):
                shown = instant.astimezone(name).replace(tzinfo=None, fold=0).isoformat()
                is_open = body["start_date"] <= shown <= body["end_date"]
                assert not is_open or asked[0] <= instant < asked[1], (asked, instant)
                if kept[0] <= instant < kept[1] and not _comes_twice(instant, name):
                    assert is_open, (asked, instant)


def _comes_twice(instant: datetime, zone: ZoneInfo) -> bool:
    local = instant.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _around(instant: datetime) -> list[datetime]:
    return [instant + seconds * SECOND for seconds in (-3600, -1801, -1, 0, 1, 1799, 3600)]


@given(
    st.sampled_from(ZONES),
    st.integers(1_700_000_000 // 60, 2_500_000_000 // 60).map(
        lambda minutes: datetime.fromtimestamp(minutes * 60, UTC)
    ),
    st.integers(1, 60 * 24 * 400).map(lambda minutes: minutes * MINUTE),
)
def test_any_window_reads_as_it_was_written(zone: str, starts_at: datetime, lasts: timedelta) -> None:
    kept = as_kept(starts_at, starts_at + lasts, zone)
    assert there_and_back(*kept, zone) == kept


def test_without_a_window_there_are_no_dates() -> None:
    assert there_and_back(None, None, BERLIN) == (None, None)


def test_a_schedule_by_example() -> None:
    window = (datetime(2030, 5, 1, 13, tzinfo=UTC), datetime(2030, 5, 4, 9, tzinfo=UTC))
    assert mapping.schedule(*window, BERLIN) == {
        "monday": True,
        "tuesday": True,
        "wednesday": True,
        "thursday": True,
        "friday": True,
        "saturday": True,
        "sunday": True,
        "start_time": "00:00:00",
        "end_time": "23:59:59",
        "start_date": "2030-05-01T15:00:00",
        "end_date": "2030-05-04T10:59:59",
    }


def test_an_end_at_the_end_of_the_repeated_hour_is_not_taken_for_its_first_time() -> None:
    """03:00 in winter time is one second after a 02:59:59 that comes twice; the door shuts at the second."""
    ends_at = datetime(2026, 10, 25, 2, tzinfo=UTC)
    window = (ends_at - DAY, ends_at)
    body = mapping.schedule(*window, BERLIN)
    assert body["end_date"] == "2026-10-25T02:59:59"
    assert there_and_back(*window, BERLIN) == window


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, True),
        ({"end_time": "23:59"}, True),
        ({"friday": False}, False),
        ({"start_date": "2030-05-01T15:00:01"}, False),
        ({"end_date": "2030-05-04T11:00:00"}, False),
        ({"end_date": None}, False),
        ({"end_date": "never"}, False),
        ({"end_date": "9999-12-31T23:59:59"}, False),
        ({"start_date": "0001-01-01T00:00:00"}, False),
    ],
)
def test_whether_a_schedule_needs_no_change(change: dict[str, Any], says: bool) -> None:
    window = (datetime(2030, 5, 1, 13, tzinfo=UTC), datetime(2030, 5, 4, 9, tzinfo=UTC))
    body = mapping.schedule(*window, BERLIN)
    assert mapping.says(schedule({**body, **change}), body, BERLIN) is says
