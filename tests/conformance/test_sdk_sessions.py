"""Client sessions, publishable keys and personal access tokens, as the official SDKs use them."""

from pathlib import Path
from typing import Any

import pytest

from .. import processes
from . import telling
from .test_sdk_javascript import MODULES, PACKAGES, node
from .test_sdk_python import GENERATIONS, interpreter

HOME = ["Front door", "Garden door", "Street entrance"]


def _publishable(folder: Path) -> list[str]:
    made = processes.data(folder, "api-keys", "create", "--publishable", "--name", "page")
    return [str(made["publishable_key"])]


def _token_and_workspace(folder: Path) -> list[str]:
    made = processes.data(folder, "personal-access-tokens", "create", "--name", "me")
    workspaces = processes.data(folder, "workspaces", "list")["workspaces"]
    return [str(made["personal_access_token"]), str(workspaces[0]["workspace_id"])]


@pytest.mark.parametrize("generation", list(PACKAGES))
def test_users_in_their_browsers_with_the_javascript_sdk(generation: str, tmp_path: Path) -> None:
    package, version = PACKAGES[generation]
    story = telling.STORIES / "story_sessions.mjs"
    command = (node(package), str(story), str(MODULES / package))
    seen = telling.tell("sessions", command, tmp_path, _publishable)
    assert seen["version"] == version
    assert seen["connected"]["then"] == "authorized"
    assert (seen["first"], seen["devices"]) == ([], HOME)
    assert seen["unlocked"] == ["UNLOCK_DOOR", "success"]
    assert seen["again"] is True, "PUT answers the session that there is"
    assert seen["ben"]["devices"] == []
    for asked in ("device", "unlock"):
        refused = seen["ben"][asked]
        assert (refused["status"], refused["code"]) == (404, "device_not_found")
    assert seen["seen_by"] == {"anna": HOME, "ben": []}
    assert (seen["updated"], seen["device_count"]) == (HOME, 3)
    for asked in ("refused", "revoked", "update_refused"):
        assert (seen[asked]["status"], seen[asked]["code"]) == (401, "unauthorized")
    assert seen["wrong"] == 401


@pytest.mark.parametrize("generation", list(GENERATIONS))
def test_a_backend_with_the_python_sdk(generation: str, tmp_path: Path) -> None:
    command = telling.in_python(interpreter(generation), "sessions")
    seen = telling.tell("sessions", command, tmp_path, _token_and_workspace)
    assert seen["version"].startswith(GENERATIONS[generation])
    for asker, user in (("by_key", "user-anna"), ("by_token", "user-ben")):
        _check_session(seen[asker], user)
    assert seen["workspaces"] == {"made": ["Hotel", "Hotel Ltd", True], "listed": ["sandbox", "Hotel"]}
    assert seen["own"] == [["sandbox"], ["sandbox"]]


def _check_session(seen: dict[str, Any], user: str) -> None:
    assert seen["is_same"]
    assert (seen["seen"], seen["device_count"], seen["accounts"]) == ([0, 3, 0], [0, 3], True)
    assert seen["listed"] == [user]
    assert (seen["gone"]["status"], seen["gone"]["code"]) == (404, "client_session_not_found")
