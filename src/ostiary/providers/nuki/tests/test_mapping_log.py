"""What a line of Nuki's log means."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from ostiary.domain.provider import LogEntry
from ostiary.providers.nuki import log, models

LOCK = 17_622_208_036  # type 4
OPENER = (2 << 32) + 7
AUTH = "5f0c1a2b3c4d5e6f70819203"
AT = datetime(2022, 12, 20, 0, 0, 42, tzinfo=UTC)


def entry(**fields: Any) -> LogEntry:
    """A line as it comes, with what is special about it."""
    line = {
        "id": "a1",
        "smartlockId": LOCK,
        "deviceType": 4,
        "name": "",
        "action": 1,
        "trigger": 0,
        "state": 0,
        "autoUnlock": False,
        "date": "2022-12-20T00:00:42.000Z",
        "source": 0,
        **fields,
    }
    line = {name: value for name, value in line.items() if value is not None}
    found = log.entry(models.read(msgspec.json.encode(line), models.LogLine))
    assert found is not None
    return found


def test_a_code_at_the_keypad_is_known_by_the_id_even_without_a_name() -> None:
    """Quirks 28 and 29."""
    assert entry(trigger=255, source=1, authId=AUTH) == LogEntry(
        "a1", str(LOCK), AT, "unlocked", "keycode", AUTH, None
    )


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        *((1, "unlocked"), (2, "locked"), (3, "unlocked"), (4, "unlocked"), (5, "unlocked")),
        *((action, None) for action in (6, 7, 11, 208, 209, 224, 240, 241, 242, 243)),
        *((action, None) for action in (250, 251, 252, 253, 254, 255, 99, None)),
    ],
)
def test_actions_of_a_lock(action: int | None, kind: str | None) -> None:
    assert entry(action=action, trigger=1).kind == kind


@pytest.mark.parametrize(
    ("action", "kind"), [(1, None), (2, None), (3, "unlocked"), (6, None), (7, None), (224, None)]
)
def test_actions_of_an_opener(action: int, kind: str | None) -> None:
    assert entry(smartlockId=OPENER, action=action, trigger=4).kind == kind


@pytest.mark.parametrize(
    ("trigger", "method"),
    [
        *((0, "unknown"), (1, "manual"), (2, "manual"), (3, "automatic"), (4, "remote"), (5, "remote")),
        *((6, "automatic"), (7, "unknown"), (254, "automatic"), (99, "unknown"), (None, "unknown")),
    ],
)
def test_triggers(trigger: int | None, method: str) -> None:
    found = entry(action=2, trigger=trigger)
    assert (found.kind, found.method) == ("locked", method)


@pytest.mark.parametrize(
    ("action", "source", "method"),
    [
        *((1, 1, "keycode"), (1, 2, "unknown"), (1, 3, "card"), (1, 0, "keycode"), (1, None, "keycode")),
        *((2, 1, "keycode"), (2, 0, "manual"), (2, None, "manual"), (1, 77, "keycode")),
    ],
)
def test_at_the_keypad(action: int, source: int | None, method: str) -> None:
    assert entry(action=action, trigger=255, source=source).method == method


def test_auto_unlock_is_automatic() -> None:
    assert entry(trigger=5, autoUnlock=True).method == "automatic"


@pytest.mark.parametrize(
    ("source", "method"),
    [
        *((0, "automatic"), (1, "automatic"), (2, "remote"), (3, "manual"), (4, "remote"), (5, "remote")),
        *((6, "keycode"), (9, "unknown")),
    ],
)
def test_an_opener_says_more_where_the_trigger_says_nothing(source: int, method: str) -> None:
    strike = {"smartlockId": OPENER, "action": 3, "openerLog": {"source": source, "activeCm": False}}
    assert entry(**strike, trigger=0).method == method
    assert entry(**strike, trigger=4).method == "remote"


@pytest.mark.parametrize(
    ("state", "source", "reason"),
    [
        *((224, 1, "unknown_code"), (225, 2, "credential_error"), (226, 3, "credential_error")),
        *((9, 1, "expired_code"), (10, 1, "credential_error"), (224, 0, "unknown_code")),
    ],
)
def test_who_is_not_let_in_at_the_keypad(state: int, source: int, reason: str) -> None:
    found = entry(trigger=255, source=source, state=state, authId=AUTH)
    assert (found.kind, found.reason_code, found.vendor_code_id) == ("access_denied", reason, AUTH)
    assert found.method == "unknown"


@pytest.mark.parametrize(
    ("state", "reason"),
    [(0, "blocklisted_code"), *((state, "credential_error") for state in (1, 2, 3, 7, 37, 255))],
)
def test_tap_to_unlock_has_errors_of_its_own(state: int, reason: str) -> None:
    found = entry(trigger=253, source=3, state=state)
    assert (found.kind, found.reason_code) == ("access_denied", reason)


@pytest.mark.parametrize("state", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 254, 255, 99])
def test_a_motor_that_does_not_do_it_is_no_event(state: int) -> None:
    assert entry(trigger=4, state=state).kind is None


@pytest.mark.parametrize("state", [1, 2, 8, 254])
def test_a_code_that_was_right_before_a_blocked_motor(state: int) -> None:
    assert entry(trigger=255, source=1, state=state).kind is None


def test_an_error_of_the_keypad_without_a_reason_moves_nothing() -> None:
    assert entry(trigger=253, source=0, state=0).kind is None


def test_lines_without_a_place() -> None:
    line = models.read(b'{"id":"a","action":1,"date":"2022-12-20T00:00:42Z"}', models.LogLine)
    assert log.entry(line) is None
    assert log.entry(line, str(LOCK)) is not None
    undated = models.read(b'{"id":"a","smartlockId":17622208036}', models.LogLine)
    assert log.entry(undated) is None


def test_a_number_and_a_date_in_other_clothes() -> None:
    found = entry(authId=17, date="2022-12-20T01:00:42+01:00", action="2", trigger="1")
    assert (found.vendor_code_id, found.occurred_at, found.kind) == ("17", AT, "locked")
