"""`ostiary` as an operator meets it: processes, signals, ports, files, exit codes."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

import ostiary.api  # noqa: F401 - fills the operation table
from ostiary.wire.operation import OPERATIONS

from . import processes

REFUSED = {503}


def knock(url: str, key: str, path: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{url}{path}", json=body, headers={"authorization": f"Bearer {key}"}, timeout=20)


def one_document(text: str) -> dict[str, Any]:
    """Exactly one JSON document on one line, and nothing else."""
    assert text.endswith("\n")
    assert text.count("\n") == 1, text
    found: dict[str, Any] = json.loads(text)
    return found


def one_sentence(text: str) -> str:
    """What a person reads when a command fails."""
    assert text.startswith("ostiary: "), text
    assert text.strip().count("\n") == 0, text
    assert "Traceback" not in text
    return text


# --- the end of a server ---------------------------------------------------------------------------------


def test_sigterm_ends_a_busy_server_cleanly_within_five_seconds(tmp_path: Path) -> None:
    """Whoever has an answer has a whole one, and what was answered is kept."""
    with processes.serving(tmp_path, OSTIARY_RATE_LIMITS="off") as server:
        key = processes.api_key(tmp_path)
        made: list[str] = []
        broken: list[str] = []
        is_over = threading.Event()

        def client() -> None:
            headers = {"authorization": f"Bearer {key}"}
            with httpx.Client(base_url=server.url, headers=headers, timeout=20) as http:
                while not is_over.is_set():
                    try:
                        answer = http.post("/connect_webviews/create", json={})
                    except httpx.TransportError:
                        return
                    try:
                        made.append(answer.json()["connect_webview"]["connect_webview_id"])
                    except (ValueError, KeyError):
                        if answer.status_code not in REFUSED:
                            broken.append(f"{answer.status_code} {answer.text!r}")

        clients = [threading.Thread(target=client) for _ in range(6)]
        for thread in clients:
            thread.start()
        patience = time.monotonic() + 20
        while len(made) < 50 and time.monotonic() < patience:
            time.sleep(0.01)
        began = time.monotonic()
        assert server.end(processes.END_SECONDS) == 0
        assert time.monotonic() - began < processes.END_SECONDS
        is_over.set()
        for thread in clients:
            thread.join(20)
        assert broken == []
        assert len(made) >= 50
        assert "Traceback" not in server.log.read_text()
    with processes.serving(tmp_path) as server:
        listed = processes.call(server.url, key, "/connect_webviews/list", limit=100_000)["connect_webviews"]
        assert set(made) <= {webview["connect_webview_id"] for webview in listed}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_with_an_open_connection_ends_at_once(tmp_path: Path, number: int) -> None:
    with processes.serving(tmp_path) as server:
        with httpx.Client(base_url=server.url) as http:
            assert http.get("/health").json()["ok"] is True
            os.kill(server.process.pid, number)
            assert server.process.wait(processes.END_SECONDS) == 0
        assert "Traceback" not in server.log.read_text()


def test_a_server_that_is_stopped_in_mid_drain_leaves_no_lease(tmp_path: Path) -> None:
    """Stopped while the vendor is at work, the next server goes on at once instead of waiting it out."""
    with processes.serving(tmp_path, OSTIARY_SANDBOX_PACE="0.3") as server:
        key = processes.api_key(tmp_path)
        devices = processes.connect(server.url, key)
        lock = next(device for device in devices if device.get("can_program_online_access_codes"))
        asked = processes.call(server.url, key, "/locks/unlock_door", device_id=lock["device_id"])
        assert server.end() == 0
    attempt_id = asked["action_attempt"]["action_attempt_id"]
    with processes.serving(tmp_path) as server:
        patience = time.monotonic() + 15
        while True:
            found = processes.call(server.url, key, "/action_attempts/get", action_attempt_id=attempt_id)
            if found["action_attempt"]["status"] != "pending":
                break
            assert time.monotonic() < patience, found
            time.sleep(0.1)
        assert found["action_attempt"]["status"] == "success"


def test_a_server_whose_database_is_deleted_answers_nothing_as_if_it_were_stored(tmp_path: Path) -> None:
    with processes.serving(tmp_path) as server:
        key = processes.api_key(tmp_path)
        for file in tmp_path.glob("ostiary.db*"):
            file.unlink()
        refused = knock(server.url, key, "/connect_webviews/create")
        assert (refused.status_code, refused.json()["error"]["type"]) == (500, "internal_server_error")
        health = httpx.get(f"{server.url}/health")
        assert (health.status_code, health.json()["error"]["type"]) == (503, "database_unavailable")
        assert "removed or replaced" in health.json()["error"]["message"]
        assert str(tmp_path) not in health.text
        assert server.log.read_text().count("nothing can be stored") == 1
        assert server.end() == 0


# --- refusals at the start --------------------------------------------------------------------------------


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with processes.serving(tmp_path) as server:
        second = processes.command(tmp_path, "serve", "--port", "0", "--json")
        assert (second.returncode, second.stdout) == (1, "")
        sentence = one_sentence(second.stderr)
        assert str(tmp_path) in sentence
        assert str(server.process.pid) in sentence
        assert httpx.get(f"{server.url}/health").status_code == 200


def test_a_server_that_was_killed_leaves_the_folder_free(tmp_path: Path) -> None:
    with processes.serving(tmp_path) as server:
        server.kill()
    with processes.serving(tmp_path) as server:
        assert httpx.get(f"{server.url}/health").status_code == 200


def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for arguments in (("serve",), ("simulate", "nuki")):
            done = processes.command(tmp_path, *arguments, "--port", port)
            assert (done.returncode, done.stdout) == (1, "")
            assert port in one_sentence(done.stderr)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OSTIARY_DATABASE_URL", "mysql://somewhere/else"),
        ("OSTIARY_PUBLIC_URL", "locks.example.com"),
        ("OSTIARY_SECRET_KEYS", "c2hvcnQ="),
        ("OSTIARY_RATE_LIMITS", "perhaps"),
        ("OSTIARY_SANDBOX_PACE", "quick"),
        ("OSTIARY_LOG_LEVEL", "loud"),
        ("OSTIARY_EVENTS_KEPT_DAYS", "ninety"),
        ("OSTIARY_DELIVERIES_KEPT_DAYS", "-1"),
        ("OSTIARY_NUKI_API_URL", "not an address"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(tmp_path: Path, name: str, value: str) -> None:
    done = processes.command(tmp_path, "serve", "--port", "0", **{name: value})
    assert (done.returncode, done.stdout) == (1, "")
    assert name in one_sentence(done.stderr)


# --- files ------------------------------------------------------------------------------------------------


def test_the_key_file_is_for_its_owner_only_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    processes.api_key(folder)
    key_file = folder / "secret.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    before = key_file.read_text()
    with processes.serving(folder):
        assert key_file.read_text() == before


def test_a_lost_key_file_is_not_quietly_replaced(tmp_path: Path) -> None:
    """With another key no PIN and no login can be read any more: better not to start."""
    processes.api_key(tmp_path)
    (tmp_path / "secret.key").unlink()
    done = processes.command(tmp_path, "serve", "--port", "0", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "key" in one_sentence(done.stderr)


# --- what is loaded -----------------------------------------------------------------------------------------

LISTS_IMPORTS = {"PYTHONPROFILEIMPORTTIME": "1"}


def imported(errors: str) -> set[str]:
    """The packages that a process loaded, from what it told on standard error."""
    lines = [line for line in errors.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_sql_is_compiled_ahead(tmp_path: Path) -> None:
    """SQLAlchemy and Alembic are loaded to migrate, and by nothing else that is asked of a server."""
    with processes.serving(tmp_path, **LISTS_IMPORTS) as server:
        assert {"sqlalchemy", "alembic"} <= imported(server.log.read_text())
        assert server.end() == 0
    server.log.unlink()
    with processes.serving(tmp_path, OSTIARY_RATE_LIMITS="off", **LISTS_IMPORTS) as server:
        key = processes.api_key(tmp_path)
        devices = processes.connect(server.url, key)
        device_id = next(d for d in devices if d.get("can_program_online_access_codes"))["device_id"]
        code = processes.call(server.url, key, "/access_codes/create", device_id=device_id)["access_code"]
        processes.call(server.url, key, "/locks/unlock_door", device_id=device_id)
        for path, operation in OPERATIONS.items():
            known = {"device_id": device_id, "access_code_id": code["access_code_id"]}
            fields = {field.name for field in msgspec.structs.fields(operation.request)}
            body = {name: value for name, value in known.items() if name in fields}
            assert knock(server.url, key, path, **body).status_code < 500, path
        since = "2020-01-01T00:00:00Z"
        filters = {"device_ids": [device_id], "event_types": ["device.connected"], "customer_key": "x"}
        processes.call(server.url, key, "/events/list", since=since, **filters)
        for path in ("/health", "/openapi.json", "/metrics"):
            assert httpx.get(f"{server.url}{path}").status_code == 200
        assert server.end() == 0
    loaded = imported(server.log.read_text())
    assert {"ostiary", "starlette", "oauthlib", "jinja2", "prometheus_client"} <= loaded
    assert not loaded & {"sqlalchemy", "alembic"}


@pytest.mark.parametrize("arguments", [("--help",), ("migrate",), ("api-keys", "create"), ("doctor",)])
def test_commands_load_nothing_to_compile_sql(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    processes.data(tmp_path, "migrate")
    processes.data(tmp_path, "api-keys", "create")
    done = processes.command(tmp_path, *arguments, **LISTS_IMPORTS)
    assert done.returncode == 0
    assert not imported(done.stderr) & {"sqlalchemy", "alembic"}


# --- commands ---------------------------------------------------------------------------------------------


def test_json_is_exactly_one_document_for_every_command(tmp_path: Path) -> None:
    def run(*arguments: str) -> dict[str, Any]:
        done = processes.command(tmp_path, *arguments, "--json")
        assert (done.returncode, done.stderr) == (0, ""), arguments
        return one_document(done.stdout)

    assert set(run("migrate")) == {"from", "to"}
    made = run("workspaces", "create", "--name", "house", "--production")
    assert made == {"workspace_id": made["workspace_id"], "name": "house", "is_sandbox": False}
    assert made in run("workspaces", "list")["workspaces"]
    assert run("doctor") == {"ok": True, "findings": [], "counts": {"accounts": 0, "locks": 0, "codes": 0}}
    key = run("api-keys", "create", "--workspace", made["workspace_id"], "--name", "laptop")
    assert set(key) == {"api_key", "api_key_id", "workspace_id"}
    page = run("api-keys", "create", "--workspace", made["workspace_id"], "--publishable", "--name", "page")
    assert set(page) == {"publishable_key", "api_key_id", "workspace_id"}
    both = run("api-keys", "list")["api_keys"]
    assert [each["kind"] for each in both] == ["api_key", "publishable_key"]
    assert page["publishable_key"] not in json.dumps(both)
    assert run("api-keys", "revoke", page["api_key_id"]) == {"revoked": page["api_key_id"]}
    (listed,) = (each for each in run("api-keys", "list")["api_keys"] if not each["is_revoked"])
    assert listed["api_key_id"] == key["api_key_id"]
    assert key["api_key"] not in json.dumps(listed)
    assert "personal_access_token" in run("personal-access-tokens", "create", "--name", "laptop")
    assert run("api-keys", "revoke", key["api_key_id"]) == {"revoked": key["api_key_id"]}


def test_long_running_commands_print_one_line_when_ready(tmp_path: Path) -> None:
    with processes.serving(tmp_path) as server, processes.simulating(tmp_path) as simulator:
        assert set(server.facts) == {"url"}
        assert set(simulator.facts) == {"url", "api_token", "client_id", "client_secret", "login"}
        for running in (server, simulator):
            running.process.terminate()
            rest, _ = running.process.communicate(timeout=processes.END_SECONDS)
            assert (rest, running.process.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        (("serve", "--help"), 0),
        (("bake",), 2),
        (("serve", "--port", "many"), 2),
        (("serve", "--oven"), 2),
        (("workspaces", "create"), 2),
        (("simulate",), 2),
        (("simulate", "acme"), 1),
        (("api-keys", "create", "--workspace", "nowhere"), 1),
        (("api-keys", "revoke", "nothing"), 1),
    ],
)
def test_exit_codes(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    done = processes.command(tmp_path, *arguments)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    if code == 1:
        one_sentence(done.stderr)
    if code:
        assert done.stdout == ""


def test_keys_work_and_are_revoked_while_the_server_runs(tmp_path: Path) -> None:
    with processes.serving(tmp_path) as server:
        made = processes.data(tmp_path, "api-keys", "create", "--workspace", "sandbox", "--name", "laptop")
        assert knock(server.url, made["api_key"], "/devices/list").status_code == 200
        processes.data(tmp_path, "api-keys", "revoke", made["api_key_id"])
        assert knock(server.url, made["api_key"], "/devices/list").status_code == 401
        workspace = processes.data(tmp_path, "workspaces", "create", "--name", "second")
        key = processes.api_key(tmp_path, workspace["workspace_id"])
        found = processes.call(server.url, key, "/workspaces/get")["workspace"]
        assert found["workspace_id"] == workspace["workspace_id"]


def test_a_simulator_keeps_its_state_in_a_file(tmp_path: Path) -> None:
    state = tmp_path / "vendor.state"
    token = ""
    for number in range(2):
        with processes.simulating(tmp_path, "nuki", "--state", str(state)) as simulator:
            token = token or simulator.facts["api_token"]
            answer = httpx.get(f"{simulator.url}/smartlock", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 200, number
            assert len(answer.json()) == 3
            simulator.kill()


def test_output_that_nobody_reads_any_more_is_no_crash(tmp_path: Path) -> None:
    """`ostiary … | head` ends without a traceback."""
    process = subprocess.Popen(
        [*processes.OSTIARY, "workspaces", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=processes.environment(tmp_path),
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(processes.START_SECONDS)
    assert "Traceback" not in errors
