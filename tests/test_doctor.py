"""`ostiary doctor`: why a code is not on the door, and what else is wrong, with a server and without."""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from . import processes
from .test_accounts_by_token import connect, production, until, without_client

NOBODY = "11111111-2222-4333-8444-555555555555"


def test_it_says_why_with_a_server_and_without(tmp_path: Path) -> None:
    with processes.simulating(tmp_path / "cloud") as simulator:
        env = without_client(simulator)
        production(tmp_path, **env)
        assert connect(tmp_path, simulator.facts["api_token"], **env).returncode == 0
        with processes.serving(tmp_path, **env) as server:
            key = processes.api_key(tmp_path, "home", **env)

            def ask(path: str, **body: Any) -> dict[str, Any]:
                return processes.call(server.url, key, path, **body)

            until(lambda: ask("/devices/list")["devices"])
            devices = ask("/devices/list")["devices"]
            lock = next(one for one in devices if one.get("can_program_online_access_codes"))
            which = {"device_id": lock["device_id"]}
            starts, ends = (
                time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(time.time() + days * 86400))
                for days in (9, 10)
            )
            times = {"starts_at": starts, "ends_at": ends}
            code = ask("/access_codes/create", name="Anna", code="445566", **which, **times)["access_code"]
            doctor = ("doctor", "--device", lock["device_id"])
            until(lambda: ask("/ostiary/devices/plan", **which)["plan"]["due_at"])
            running = processes.data(tmp_path, *doctor, **env)
            assert running["desired"][0]["why"]["reason"] == "not_yet"
            told = ask("/ostiary/devices/plan", **which)["plan"]
            assert {**told, "as_of": running["as_of"]} == running
        assert processes.data(tmp_path, *doctor, **env)["desired"] == running["desired"]
        done = processes.command(tmp_path, *doctor, **env)
        assert done.returncode == 0, done.stderr
        assert f"{code['access_code_id']}  Anna: It is too early" in done.stdout
        assert "proved: wished" in done.stdout
        assert "445566" not in done.stdout + done.stderr

        missing = processes.command(tmp_path, "doctor", "--device", NOBODY, **env)
        assert missing.returncode == 1
        assert missing.stderr.strip().count("\n") == 0
        assert f"there is no device {NOBODY}" in missing.stderr
        both = processes.command(tmp_path, *doctor, "--code", code["access_code_id"], **env)
        assert both.returncode == 2
        assert processes.command(tmp_path, *doctor, "--evidence", **env).returncode == 2


def test_it_tells_all_of_one_code(tmp_path: Path) -> None:
    """What was wished, sent, answered and seen, and whether the record is whole."""
    with processes.simulating(tmp_path / "cloud") as simulator:
        env = without_client(simulator)
        production(tmp_path, **env)
        assert connect(tmp_path, simulator.facts["api_token"], **env).returncode == 0
        with processes.serving(tmp_path, **env) as server:
            key = processes.api_key(tmp_path, "home", **env)

            def ask(path: str, **body: Any) -> dict[str, Any]:
                return processes.call(server.url, key, path, **body)

            def evidence() -> Any:
                return ask("/ostiary/access_codes/evidence", **which)["evidence"]

            until(lambda: ask("/devices/list")["devices"])
            devices = ask("/devices/list")["devices"]
            lock = next(one for one in devices if one.get("can_program_online_access_codes"))
            wish = {"device_id": lock["device_id"], "name": "Anna", "code": "445566"}
            which = {"access_code_id": ask("/access_codes/create", **wish)["access_code"]["access_code_id"]}
            until(lambda: evidence()["status"] == "set")
            doctor = ("doctor", "--code", which["access_code_id"])
            running = processes.data(tmp_path, *doctor, **env)
            assert running["why"] is None
            assert {**evidence(), "why": None} == running
        done = processes.command(tmp_path, *doctor, **env)
        assert done.returncode == 0, done.stderr
        first, *lines = done.stdout.splitlines()
        assert first == f"Anna on {lock['display_name']} is set; proved: read back"
        words = [line.split()[2].rstrip(",") for line in lines]
        assert words[:4] == ["wished", "sending", "answered", "seen"]
        assert "wished by test, access_code.created" in done.stdout
        assert "answered, set, accepted" in done.stdout
        assert "on the lock, set seen, access_code.set_on_device" in done.stdout
        assert "445566" not in done.stdout + done.stderr

        missing = processes.command(tmp_path, "doctor", "--code", NOBODY, **env)
        assert missing.returncode == 1
        assert f"there is no access code {NOBODY}" in missing.stderr


def test_it_says_what_is_wrong_here(tmp_path: Path) -> None:
    """
    Nothing, while a server holds the database and after it has ended; then whatever is. What it looks at is
    as it was before.
    """
    folder = tmp_path / "data"
    with processes.simulating(tmp_path / "cloud") as simulator:
        env = without_client(simulator)

        def doctor(code: int) -> Any:
            done = processes.command(folder, "doctor", "--json", **env)
            assert (done.returncode, done.stderr) == (code, "")
            assert "445566" not in done.stdout
            found = json.loads(done.stdout)
            assert found["ok"] is (code == 0)
            return found

        [finding] = doctor(1)["findings"]
        assert finding["what"] == f"There is no database at {folder / 'ostiary.db'} yet"
        assert not folder.exists()

        production(folder, **env)
        assert connect(folder, simulator.facts["api_token"], **env).returncode == 0
        with processes.serving(folder, **env) as server:
            key = processes.api_key(folder, "home", **env)

            def ask(path: str, **body: Any) -> dict[str, Any]:
                return processes.call(server.url, key, path, **body)

            locks = until(lambda: ask("/devices/list")["devices"])
            lock = next(one for one in locks if one.get("can_program_online_access_codes"))
            made = ask("/access_codes/create", device_id=lock["device_id"], name="Anna", code="445566")
            which = {"access_code_id": made["access_code"]["access_code_id"]}
            until(lambda: ask("/access_codes/get", **which)["access_code"]["status"] == "set")
            counts = {"accounts": 1, "locks": len(locks), "codes": 1}
            assert {**doctor(0), "findings": []} == {"ok": True, "findings": [], "counts": counts}
            people = processes.command(folder, "doctor", **env)
            assert people.stdout.splitlines()[-1].startswith(f"1 account, {len(locks)} locks, 1 code; ")

        database = folder / "ostiary.db"
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE connected_accounts SET due_at = due_at - 86400000")
        (folder / "secret.key").chmod(0o640)
        before = {path: path.stat().st_mode for path in folder.iterdir()}
        found = [one for one in doctor(1)["findings"] if one["severity"] == "error"]
        assert [one["do"].partition(" ")[0] for one in found] == ["chmod", "Start"]
        assert found[1]["what"].startswith("Nobody works: 1 account ")
        assert {path: path.stat().st_mode for path in folder.iterdir()} == before
        people = processes.command(folder, "doctor", **env)
        assert f"    {found[0]['do']}\n" in people.stdout
        assert people.returncode == 1

        (folder / "secret.key").unlink()
        [finding] = doctor(1)["findings"]
        assert finding["do"].startswith("Put it back from your backup")
        assert not (folder / "secret.key").exists()
        env["OSTIARY_RATE_LIMITS"] = "perhaps"
        [finding] = doctor(1)["findings"]
        assert (finding["where"], finding["what"]) == (
            "the settings",
            "OSTIARY_RATE_LIMITS must be one of: on, off",
        )
