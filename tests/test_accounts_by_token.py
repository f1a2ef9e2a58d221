"""An owner without an OAuth client: `ostiary accounts connect`, and the form in the Connect Webview."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from . import processes
from .processes import Running

WORKSPACE = "home"


def without_client(simulator: Running) -> dict[str, str]:
    """Production as it is before anybody has applied for anything: an address, and nothing else."""
    return {"OSTIARY_NUKI_API_URL": simulator.url}


def production(folder: Path, **env: str) -> str:
    return str(
        processes.data(folder, "workspaces", "create", "--name", WORKSPACE, "--production", **env)[
            "workspace_id"
        ]
    )


def connect(
    folder: Path, token: str, brand: str = "nuki", workspace: str = WORKSPACE, **env: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*processes.OSTIARY, "accounts", "connect", brand, "--workspace", workspace, "--json"],
        capture_output=True,
        text=True,
        input=f"{token}\n",
        timeout=processes.START_SECONDS,
        env=processes.environment(folder, **env),
        check=False,
    )


def until(look: Callable[[], Any], seconds: float = 30) -> Any:
    patience = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < patience, "it did not come true"
        time.sleep(0.1)
    return seen


def test_a_token_on_standard_input_connects_an_account(tmp_path: Path) -> None:
    """Before a server runs, and again while one does; its locks appear, and a lost token is told of."""
    with processes.simulating(tmp_path / "cloud") as simulator:
        env = without_client(simulator)
        workspace_id = production(tmp_path, **env)
        token = simulator.facts["api_token"]
        done = connect(tmp_path, token, **env)
        assert done.returncode == 0, done.stderr
        first = json.loads(done.stdout)
        assert first == {
            "connected_account_id": first["connected_account_id"],
            "workspace_id": workspace_id,
            "account_type": "nuki",
            "display_name": first["display_name"],
            "is_new": True,
        }
        with processes.serving(tmp_path, **env) as server:
            key = processes.api_key(tmp_path, WORKSPACE, **env)

            def ask(path: str, **body: Any) -> dict[str, Any]:
                return processes.call(server.url, key, path, **body)

            assert len(until(lambda: ask("/devices/list")["devices"])) == 3
            again = json.loads(connect(tmp_path, token, **env).stdout)
            assert again == {**first, "is_new": False}
            fault = {"home": "john@example.com", "fault": "login_rejected"}
            httpx.post(f"{simulator.url}/_simulator/faults", json=fault).raise_for_status()
            lock = next(one for one in ask("/devices/list")["devices"] if one.get("can_remotely_lock"))
            ask("/locks/lock_door", device_id=lock["device_id"])
            which = {"connected_account_id": first["connected_account_id"]}
            [error] = until(lambda: ask("/connected_accounts/get", **which)["connected_account"]["errors"])
            assert error["error_code"] == "account_disconnected"
            assert "API token is no longer accepted" in error["message"]
        log = server.log.read_text()
        assert token not in log
        assert token not in done.stderr


def test_what_cannot_be_connected_says_why(tmp_path: Path) -> None:
    """One sentence, exit code 1, and the token in none of it. As an argument it is refused."""
    with processes.simulating(tmp_path / "cloud") as simulator:
        env = without_client(simulator)
        production(tmp_path, **env)
        bad = "0123456789abcdef" * 5
        for given, more, words in (
            (bad, {}, "does not know this API token"),
            ("", {}, "no token was given"),
            (bad, {"brand": "salto-ks"}, "not connected by a token; there is: nuki"),
            (bad, {"brand": "acme"}, "there is: nuki"),
            (bad, {"workspace": "nowhere"}, "there is no workspace nowhere"),
        ):
            done = connect(tmp_path, given, **more, **env)
            assert done.returncode == 1, (words, done.stdout)
            assert words in done.stderr
            assert done.stderr.startswith("ostiary: ")
            assert done.stderr.strip().count("\n") == 0
            assert bad not in done.stdout + done.stderr
        arguments = ("accounts", "connect", "nuki", bad, "--workspace", WORKSPACE)
        assert processes.command(tmp_path, *arguments, **env).returncode == 2


def test_where_there_is_no_client_the_webview_asks_for_a_token(tmp_path: Path) -> None:
    """In production; a sandbox of the same server still shows Nuki's own pages."""
    with processes.simulating(tmp_path / "cloud") as simulator:
        env = without_client(simulator)
        production(tmp_path, **env)
        with processes.serving(tmp_path, **env) as server, httpx.Client(follow_redirects=True) as browser:
            key = processes.api_key(tmp_path, WORKSPACE, **env)
            made = processes.call(server.url, key, "/connect_webviews/create", accepted_providers=["nuki"])[
                "connect_webview"
            ]
            page = processes.press(browser, browser.get(made["url"]), "nuki")
            assert "Paste your API token" in page.text
            assert "Nuki Web" in page.text
            token = simulator.facts["api_token"]
            page = processes.press(browser, page, "connect", token=token)
            assert "Your account is connected" in page.text
            assert token not in page.text + str(page.url)
            again = processes.call(
                server.url, key, "/connect_webviews/get", connect_webview_id=made["connect_webview_id"]
            )["connect_webview"]
            assert again["login_successful"] is True
            until(lambda: processes.call(server.url, key, "/devices/list")["devices"])

            processes.data(tmp_path, "workspaces", "create", "--name", "play", **env)
            sandbox = processes.api_key(tmp_path, "play", **env)
            made = processes.call(
                server.url, sandbox, "/connect_webviews/create", accepted_providers=["nuki"]
            )["connect_webview"]
            page = processes.press(browser, browser.get(made["url"]), "nuki")
            assert "/ostiary/sandbox/" in str(page.url)
        assert token not in server.log.read_text()
