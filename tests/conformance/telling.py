"""
The guides' stories as an SDK in a process of its own lives them, and what it has to see.

The story asks for a webview, a person logs in there, and the rest is between the SDK and `ostiary serve`.
"""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .. import processes
from .environments import ROOT

STORIES = Path(__file__).parent / "sdk"
TELLING_SECONDS = 120
PACE = {"nuki": "0.2"}
"""Where a story runs out of patience, a door has to move for longer than a millisecond: 0.2 to 0.8 s."""

CHOICES = {"salto": ("Main Site", "Second Site")}
"""What the person of a story lets us into, where their vendor asks."""

KINDS = {"short_pin": "SeamHttpInvalidInputError", "wrong_key": "SeamHttpUnauthorizedError"}


def in_python(interpreter: Path, story: str) -> tuple[str, ...]:
    return str(interpreter), "-m", f"tests.conformance.sdk.story_{story}"


def tell(
    story: str,
    command: Sequence[str],
    folder: Path,
    more: Callable[[Path], Sequence[str]] = lambda folder: (),
) -> dict[str, Any]:
    """
    What the story saw.

    Args:
        command: Runs it; the endpoint and an API key are added.
        more: Makes further arguments, when the server runs.
    """
    with processes.serving(folder, OSTIARY_SANDBOX_PACE=PACE.get(story, "0")) as server:
        arguments = [*command, server.url, processes.api_key(folder), *more(folder)]
        with (folder / "story.log").open("w") as errors:
            teller = subprocess.Popen(
                arguments,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=ROOT,
                env=processes.environment(folder),
            )
        assert teller.stdout is not None
        try:
            webview = teller.stdout.readline().strip()
            assert webview.startswith("http"), (folder / "story.log").read_text()
            processes.log_in(webview, choose=CHOICES.get(story))
            told, _ = teller.communicate(timeout=TELLING_SECONDS)
        finally:
            teller.kill()
            teller.wait()
            teller.stdout.close()
        assert teller.returncode == 0, (folder / "story.log").read_text()[-3000:]
        seen: dict[str, Any] = json.loads(told)
        assert "Traceback" not in server.log.read_text()
        return seen


def _same(seen: Any, wanted: Any) -> None:
    assert seen == wanted, f"{seen!r}, not {wanted!r}"


def _check_connected(seen: dict[str, Any], provider: str) -> None:
    wanted = {
        "first": "pending",
        "then": "authorized",
        "login_successful": True,
        "metadata": {"tenant": "t-1"},
        "provider": provider,
    }
    _same(seen["connected"], wanted)


# --- Nuki ------------------------------------------------------------------------------------------------


def check_nuki(seen: dict[str, Any]) -> None:
    """The same for every SDK."""
    _check_connected(seen, "nuki")
    _same(seen["devices"], ["Front door", "Garden door", "Street entrance"])
    _same(seen["locks"], seen["devices"])
    _same((seen["got"], seen["by_name"], seen["device_type"]), ("Front door", True, "nuki_lock"))
    wanted = {
        "unlock": ["UNLOCK_DOOR", "success", False],
        "lock": ["LOCK_DOOR", "success"],
        "hurried": ["pending", "success"],
        "timed_out": "LOCK_DOOR",
    }
    _same(seen["doors"], wanted)
    _check_codes(seen["codes"])
    refusals = {
        "unknown_device": (404, "device_not_found"),
        "gone": (404, "access_code_not_found"),
        "bad_pin": (400, "invalid_access_code"),
        "short_pin": (400, "invalid_input"),
        "no_keypad": (400, "unsupported_device"),
        "wrong_key": (401, "unauthorized"),
    }
    _check_refusals(seen, refusals)


def check_pages(seen: dict[str, Any]) -> None:
    """Three pages of one device each, and the same devices in one go."""
    found = seen["pages"]
    assert [len(page) for page in found["pages"]] == [1, 1, 1]
    assert [device for page in found["pages"] for device in page] == found["flat"]
    assert len(set(found["flat"])) == 3


def _check_codes(codes: dict[str, Any]) -> None:
    first, was_set, wished, changed = codes["ongoing"]
    _same([code["type"] for code in codes["ongoing"]], ["ongoing"] * 4)
    _same((first["status"], was_set["status"], changed["status"]), ("setting", "set", "set"))
    _same((first["name"], first["code"]), ("Ann", "498882"))
    _same((wished["name"], wished["code"]), ("Anna", "498883"))
    _same((changed["name"], changed["code"]), ("Anna", "498883"))
    assert was_set["starts_at"] is None
    first, was_set, changed = codes["bound"]
    _same([code["type"] for code in codes["bound"]], ["time_bound"] * 3)
    _same((was_set["status"], changed["status"]), ("set", "set"))
    assert len(first["code"]) == 6
    assert first["starts_at"] == was_set["starts_at"] == changed["starts_at"]
    assert first["ends_at"] < changed["ends_at"]
    _same(codes["listed"], ["Ann", "Bob"])
    expected = {
        "access_code.created",
        "access_code.set_on_device",
        "access_code.name_changed",
        "access_code.code_changed",
        "access_code.time_frame_changed",
        "access_code.removed_from_device",
        "access_code.deleted",
        "lock.unlocked",
        "lock.locked",
        "action_attempt.unlock_door.succeeded",
        "action_attempt.lock_door.succeeded",
        "device.connected",
    }
    _same(expected - set(codes["events"]), set())
    _same(codes["newest_first"], sorted(codes["newest_first"], reverse=True))


def _check_refusals(seen: dict[str, Any], wanted: dict[str, tuple[int, str]]) -> None:
    refusals = {**seen["refusals"], "gone": seen["codes"]["gone"]}
    _same({name: (one["status"], one["code"]) for name, one in refusals.items()}, wanted)
    for name, one in refusals.items():
        assert one["request_id"], name
        _same(one["is_invalid_input"], name == "short_pin")
        _same(one["class"], KINDS.get(name, "SeamHttpApiError"))


# --- Salto KS ----------------------------------------------------------------------------------------------


def check_salto(seen: dict[str, Any]) -> None:
    """The same for every SDK."""
    _check_connected(seen, "salto_ks")
    keypad, bare = ["salto_lock", ["access_code", "lock"]], ["salto_lock", []]
    wanted = {"FRONT_DOOR": keypad, "BACK DOOR": keypad, "EXTRA DOOR": bare, "SIDE DOOR": keypad}
    _same(seen["devices"], wanted)
    _same(seen["by_name"], True)
    doors = seen["doors"]
    _same((doors["unlock"], doors["lock"]), (["UNLOCK_DOOR", "success"], ["LOCK_DOOR", "success"]))
    _same((doors["failed"]["code"], doors["failed"]["status"]), ("provider_issue", "error"))
    assert "one-time password" in doors["failed"]["message"]
    _check_vendor_codes(seen["codes"])
    refusals = {
        "own_pin": (400, "invalid_access_code"),
        "no_keypad": (400, "unsupported_device"),
        "gone": (404, "access_code_not_found"),
    }
    _check_refusals(seen, refusals)


def _check_vendor_codes(codes: dict[str, Any]) -> None:
    """The vendor chooses the PINs, and nothing claims to know one before."""
    first, was_set = codes["ongoing"]
    _same((first["code"], first["is_waiting"], first["status"]), (None, True, "setting"))
    _same((was_set["is_waiting"], was_set["status"], was_set["type"]), (False, "set", "ongoing"))
    assert was_set["code"].isdigit()
    for code in codes["far"]:
        _same((code["code"], code["is_waiting"], code["status"]), (None, True, "unset"))
        _same(code["starts_at"], "2028-08-12T19:24:00.000Z")
        _same(code["ends_at"], "2028-08-13T19:24:00.000Z")
    first, ready, moved = codes["near"]
    _same((first["code"], first["is_waiting"], first["is_scheduled"]), (None, True, False))
    _same((ready["is_waiting"], ready["is_scheduled"], ready["status"]), (False, True, "unset"))
    assert ready["code"].isdigit()
    _same((moved["code"], moved["status"]), (ready["code"], "unset"))
    assert ready["ends_at"] == moved["starts_at"] < moved["ends_at"]
    expected = {
        "access_code.created",
        "access_code.scheduled_on_device",
        "access_code.set_on_device",
        "access_code.time_frame_changed",
        "access_code.removed_from_device",
        "access_code.deleted",
        "action_attempt.unlock_door.succeeded",
        "action_attempt.lock_door.succeeded",
        "lock.unlocked",
    }
    _same(expected - set(codes["events"]), set())


CHECKS = {"nuki": check_nuki, "salto": check_salto}
"""By story: `sdk/story_<name>`."""
