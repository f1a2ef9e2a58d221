"""What is wrong and what to do about it: from rows to findings."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ostiary.domain import diagnosis, problems
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.connected_accounts import ConnectedAccount
from ostiary.domain.devices import Device, counted, removed
from ostiary.domain.diagnosis import Finding
from ostiary.domain.failure import FINAL, SETTING_ERROR
from ostiary.domain.fights import CONFLICT
from ostiary.domain.rehearsal import Rows
from ostiary.domain.room import NO_SPACE, without_room
from ostiary.domain.secrets import Secret
from ostiary.domain.webhooks import Line, Webhook
from ostiary.domain.workspaces import Workspace

from . import samples
from .samples import NOW

HOME = Workspace("workspace-1", "home", False, 0, None, NOW)
SANDBOX = Workspace("workspace-1", "sandbox", True, 0, None, NOW)
LATER = NOW + timedelta(hours=1)
CUT_OFF, _ = samples.account().disconnected(NOW)
BY_LOGIN, _ = samples.account(refresh_token=Secret("refresh")).disconnected(NOW)


def rows(
    *codes: AccessCode,
    device: Device | None = None,
    account: ConnectedAccount | None = None,
    is_set_up: bool = True,
) -> Rows:
    names = {code.access_code_id: code.name or "" for code in codes} if is_set_up else None
    return Rows(device or samples.device(), account or samples.account(), codes, [], [], names)


def found(*codes: AccessCode, **more: Any) -> list[Finding]:
    return diagnosis.of_lock(rows(*codes, **more), HOME, LATER)


def with_error(code: AccessCode, error_code: str = SETTING_ERROR, **changes: Any) -> AccessCode:
    errors = problems.raised((), "error_code", error_code, "It went wrong.", NOW, is_access_code_error=True)
    return replace(code, errors=errors, **changes)


def seen(code: AccessCode, **changes: Any) -> AccessCode:
    """As the last look showed it: just as it is wished."""
    shown: dict[str, Any] = {
        "vendor_code_id": "7",
        "vendor_name": code.name,
        "confirmed_at": NOW,
        "confirmed_name": code.name,
        "confirmed_code": code.code,
        "confirmed_code_hash": code.code_hash,
        "confirmed_generation": code.generation,
        "was_sent": True,
    }
    return replace(code, **{**shown, **changes})


# --- accounts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "workspace", "lacking", "severity", "what", "do"),
    [
        (CUT_OFF, HOME, None, "error", "API token is no longer accepted", "accounts connect acme"),
        (CUT_OFF, SANDBOX, None, "error", "is disconnected", "Connect Webview"),
        (BY_LOGIN, HOME, None, "error", "login is no longer accepted", "/connect_webviews/create"),
        (samples.account(), HOME, "OSTIARY_ACME_CLIENT_ID is missing.", "error", "ACME_CLIENT", "Set them"),
        (samples.account().paused(90, NOW), HOME, None, "warning", "until 2026-07-01T12:01:30", "by itself"),
    ],
)
def test_accounts(
    account: ConnectedAccount, workspace: Workspace, lacking: str | None, severity: str, what: str, do: str
) -> None:
    [finding] = diagnosis.of_account(account, workspace, lacking, NOW)
    assert finding.severity == severity
    assert what in finding.what
    assert do in finding.do
    assert finding.where == f"{workspace.name}: Acme"
    assert finding.as_wire()["connected_account_id"] == "account-1"


def test_an_account_without_trouble() -> None:
    paused = samples.account().paused(90, NOW)
    assert diagnosis.of_account(samples.account(), HOME, None, NOW) == []
    assert diagnosis.of_account(paused, HOME, None, NOW + timedelta(seconds=90)) == []


def test_nobody_works() -> None:
    assert diagnosis.of_engine([]) == []
    [finding] = diagnosis.of_engine(["account-1", "account-2"])
    assert (finding.severity, finding.ids) == ("error", {"connected_account_ids": ["account-1", "account-2"]})
    assert "2 accounts" in finding.what
    assert "ostiary serve" in finding.do


# --- locks -----------------------------------------------------------------------------------------------


def owing(code: str, **changes: Any) -> Device:
    errors = problems.raised((), "error_code", code, "Something is owed.", NOW, is_device_error=True)
    return replace(samples.device(), errors=errors, **changes)


@pytest.mark.parametrize(
    ("device", "severity", "what", "do"),
    [
        (samples.device(is_online=False), "error", "is offline", "battery"),
        (removed(samples.device(), NOW), "warning", "no longer in the account", "Put it back"),
        (owing("subscription_required"), "error", "Something is owed.", "subscription"),
        (owing("something_new"), "error", "Something is owed.", "ostiary doctor --device device-1"),
        (
            counted(samples.device(capabilities=replace(samples.CAN, max_access_codes=3)), 3, NOW),
            "warning",
            "holds as many codes as it can",
            "Delete codes that nobody needs",
        ),
    ],
)
def test_locks(device: Device, severity: str, what: str, do: str) -> None:
    [finding] = found(device=device)
    assert (finding.severity, finding.where) == (severity, "home: Front Door")
    assert what in finding.what
    assert "(since 2026-07-01T12:00:00" in finding.what
    assert do in finding.do
    assert finding.as_wire()["device_id"] == "device-1"


def test_a_lock_that_left_with_codes_is_an_error() -> None:
    first, second = found(samples.code(), device=removed(samples.device(), NOW))
    assert (first.severity, second.severity) == ("error", "error")
    assert "left its account" in second.what


def test_every_remedy_is_complete() -> None:
    for remedy in diagnosis.REMEDIES.values():
        assert "{" not in remedy.format(ask="ostiary doctor --device x")


# --- codes -----------------------------------------------------------------------------------------------


ONGOING = samples.code()
FUTURE = samples.code(NOW + timedelta(days=9), NOW + timedelta(days=10))
OVER = samples.code(NOW - timedelta(days=1), NOW)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (seen(ONGOING), None),
        (FUTURE, None),
        (with_error(FUTURE), None),
        (replace(ONGOING, created_at=LATER), None),
        (ONGOING, "1 code is not as it should be by now. Anna: "),
        (
            with_error(ONGOING, attempts=2, retry_at=LATER + timedelta(minutes=1)),
            "2 tries have led to nothing",
        ),
        (
            with_error(ONGOING, FINAL[0], refused_generation=ONGOING.generation),
            "The vendor refuses this wish",
        ),
        (without_room(ONGOING, NOW).code, "The lock is full"),
        (seen(ONGOING, confirmed_generation=ONGOING.generation - 1), None),
        (with_error(seen(ONGOING, confirmed_generation=ONGOING.generation - 1)), "Anna: "),
        (seen(OVER), "Anna: "),
        (seen(replace(OVER, ends_at=LATER - timedelta(seconds=30))), None),
        (with_error(seen(replace(OVER, ends_at=LATER))), "Anna: "),
        (seen(ONGOING, delete_requested_at=NOW), "Anna: "),
        (seen(ONGOING, delete_requested_at=LATER), None),
        (replace(ONGOING, gone_at=NOW), None),
        (with_error(replace(ONGOING, is_backup=True)), None),
        (with_error(seen(ONGOING), drift="modified"), None),
    ],
)
def test_codes(code: AccessCode, what: str | None) -> None:
    findings = found(code)
    assert len(findings) == (what is not None), findings
    if what is not None:
        [finding] = findings
        assert what in finding.what
        assert finding.severity == "error"
        assert finding.do.endswith("ostiary doctor --device device-1")
        assert finding.ids["access_code_ids"] == [code.access_code_id]
        assert "1234" not in str(finding.as_wire())


def test_what_is_said_of_the_account_is_not_said_of_each_code() -> None:
    late = with_error(ONGOING)
    assert found(late, account=CUT_OFF) == []
    assert found(late, is_set_up=False) == []


def test_codes_of_a_lock_are_told_together() -> None:
    """With what they share said once, and no more names than one can read."""
    full = [
        replace(without_room(samples.code(pin=str(n)), NOW).code, name=f"G{n}") for n in range(1000, 1005)
    ]
    other = with_error(samples.code(), attempts=1, retry_at=LATER + timedelta(minutes=1))
    undone = with_error(
        samples.code(pin="9999"), CONFLICT, undone=3, retry_at=LATER + timedelta(minutes=1), name=None
    )
    [finding] = found(*full, other, undone)
    assert finding.what.startswith(
        "7 codes are not as they should be by now. G1000, G1001, G1002 and 2 more: "
    )
    assert "Anna: 1 tries" in finding.what
    assert "(no name): Somebody else keeps changing or removing it (3 times)" in finding.what
    assert len(finding.ids["access_code_ids"]) == 7
    assert all(NO_SPACE not in str(each) for each in finding.as_wire().values())


def test_records_that_were_changed() -> None:
    assert diagnosis.of_evidence({}, samples.device(), HOME) == []
    [finding] = diagnosis.of_evidence({"code-1": 4}, samples.device(), HOME)
    assert "entry 4" in finding.what
    assert "ostiary doctor --code code-1" in finding.do
    assert finding.as_wire()["access_code_id"] == "code-1"


# --- what it runs on -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "folder", "key"),
    [
        (0o700, None, None),
        (0o600, None, None),
        (0o400, None, None),
        (0o750, "warning", "error"),
        (0o644, "warning", "error"),
        (0o777, "error", "error"),
        (0o720, "error", "error"),
    ],
)
def test_modes(mode: int, folder: str | None, key: str | None) -> None:
    """Also as `stat` gives them, with the kind of file in front."""
    path = Path("/data")
    for finding, severity, remedy in (
        (diagnosis.of_folder(path, 0o040000 | mode), folder, "chmod 700 /data"),
        (diagnosis.of_key_file(path, 0o100000 | mode), key, "chmod 600 /data"),
    ):
        assert [each.severity for each in finding] == ([severity] if severity else [])
        assert [each.do for each in finding] == ([remedy] if severity else [])


@pytest.mark.parametrize(
    ("message", "what", "do"),
    [
        ("the schema is old; run: ostiary migrate", "The schema is old", "Run: ostiary migrate"),
        ("file is not a database", "File is not a database", "Look there."),
        ("docs/a.md is gone; docs/b.md tells more", "docs/a.md is gone", "docs/b.md tells more"),
        ("codes.code.1 does not open; restore it", "codes.code.1 does not open", "Restore it"),
    ],
)
def test_what_cannot_be_read(message: str, what: str, do: str) -> None:
    finding = diagnosis.unreadable("here", message, "Look there.")
    assert finding == Finding("error", "here", what, do)


def test_the_last_line() -> None:
    counts = {"accounts": 1, "locks": 5, "codes": 31}
    error, warning = Finding("error", "", "", ""), Finding("warning", "", "", "")
    for findings, said, is_fine in (
        ([], "nothing is wrong", True),
        ([warning], "1 warning", True),
        ([warning, error, warning], "1 error, 2 warnings", False),
    ):
        assert diagnosis.summed(findings, counts) == f"1 account, 5 locks, 31 codes; {said}"
        assert diagnosis.is_fine(findings) is is_fine


# --- webhooks ----------------------------------------------------------------------------------------------

WEBHOOK = Webhook(
    "webhook-1", "workspace-1", "https://me:pass@app.test/x?key=1", ("*",), Secret("s"), None, None, NOW, None
)


def test_a_webhook_that_works_or_failed_just_now_is_nothing_to_tell() -> None:
    assert diagnosis.of_webhook(WEBHOOK, Line("webhook-1"), HOME, LATER) == []
    failing = Line("webhook-1", 3, NOW)
    assert diagnosis.of_webhook(WEBHOOK, failing, HOME, LATER - timedelta(seconds=1)) == []
    by_hand = replace(WEBHOOK, disabled_at=NOW)
    assert diagnosis.of_webhook(by_hand, Line("webhook-1"), HOME, LATER) == []


def test_a_webhook_that_fails_and_one_that_was_disabled() -> None:
    failing = Line("webhook-1", 3, NOW)
    [warning] = diagnosis.of_webhook(WEBHOOK, failing, HOME, LATER)
    assert (warning.severity, warning.where) == ("warning", "home: webhook at app.test")
    assert warning.ids["webhook_id"] == "webhook-1"
    [error] = diagnosis.of_webhook(replace(WEBHOOK, disabled_at=LATER), failing, HOME, LATER)
    assert error.severity == "error"
    assert "replay" in error.do
    assert "pass" not in str(error) + str(warning)
