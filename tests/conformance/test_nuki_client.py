"""A client of Nuki's API that was written against Nuki, and never against the simulator."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from .. import processes
from .environments import python_with

STORY = Path(__file__).parent / "clients/nuki_story.py"
HOME = "story@example.com"
SECONDS = 90


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("nuki-client")
    simulator = processes.start(folder, "simulate", "nuki", "--port", "0")
    try:
        made = httpx.post(f"{simulator.url}/_simulator/homes", json={"home": HOME, "pace": 0.05})
        token = made.json()["api_token"]
        done = subprocess.run(
            [str(python_with("client-nuki")), str(STORY), simulator.url, token],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=processes.environment(folder),
            check=False,
        )
    finally:
        simulator.stop()
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_lists_the_account_and_its_locks(seen: dict[str, Any]) -> None:
    assert seen["account"] == HOME
    assert seen["locks"] == ["Front door", "Garden door"]
    assert 0 < seen["battery"] <= 100


def test_it_works_a_door(seen: dict[str, Any]) -> None:
    assert seen["door"] == {"before": True, "unlocked": 3, "locked": 1, "unlatched": 3}


def test_it_creates_changes_and_deletes_a_code(seen: dict[str, Any]) -> None:
    codes = seen["codes"]
    assert codes["at_once"] == [], "a code is not there when it has just been accepted"
    assert codes["made"] == [384756, "2026-07-01T13:00:00.000Z", 127, True]
    assert codes["is_same"]
    assert codes["changed"] == [495867, None, None], "an update that leaves out the window clears it"
    assert codes["everywhere"]
    assert codes["paged"] == [1, 1]


def test_it_is_refused_as_by_nuki(seen: dict[str, Any]) -> None:
    codes = seen["codes"]
    assert codes["again"][0] == 409
    assert codes["too_short"] == [400, "The supplied value '38475' for parameter 'code' is not valid"]
    assert codes["too_long"] == 422
    assert seen["stranger"][0] == 401


def test_it_reads_the_log(seen: dict[str, Any]) -> None:
    assert seen["log"] == [[3, 4, 0], [2, 4, 0], [1, 4, 0]], "newest first, by the web, each a success"
    assert seen["whole_log"] >= 3


def test_it_keeps_users(seen: dict[str, Any]) -> None:
    assert seen["users"] == ["guest@example.com"]
    assert seen["is_same_user"]
