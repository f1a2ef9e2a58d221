"""`ostiary workspaces`, `api-keys` and `personal-access-tokens`; what is typed at a hidden prompt."""

import os
import pty
import shlex
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest

from . import processes


def key_of(done: "subprocess.CompletedProcess[str]") -> str:
    """What a shell takes: all of standard output."""
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, done.stdout
    assert "(shown once; keep it)" in done.stderr
    return done.stdout.strip()


def test_the_key_stands_alone_on_standard_output(tmp_path: Path) -> None:
    for arguments in (("api-keys", "create"), ("personal-access-tokens", "create")):
        assert key_of(processes.command(tmp_path, *arguments)).startswith("seam_")


def test_a_whole_key_is_revoked_and_never_repeated(tmp_path: Path) -> None:
    for arguments in (("api-keys", "create"), ("personal-access-tokens", "create")):
        whole = key_of(processes.command(tmp_path, *arguments))
        prefix, _, secret = whole.rpartition("_")
        done = processes.command(tmp_path, "api-keys", "revoke", f" {whole}", "--json")
        assert done.returncode == 0, done.stderr
        assert prefix in done.stdout
        again = processes.command(tmp_path, "api-keys", "revoke", whole)
        assert again.returncode == 1
        assert "api-keys list" in again.stderr
        for said in (done, again):
            assert secret not in said.stdout + said.stderr


def test_the_list_says_kind_and_workspace(tmp_path: Path) -> None:
    processes.data(tmp_path, "workspaces", "create", "--name", "house")
    for arguments in (
        ("api-keys", "create", "--workspace", "house", "--name", "laptop"),
        ("api-keys", "create", "--workspace", "house", "--publishable", "--name", "page"),
        ("personal-access-tokens", "create", "--name", "console"),
    ):
        processes.data(tmp_path, *arguments)
    processes.data(tmp_path, "workspaces", "create", "--name", "other")
    lines = processes.command(tmp_path, "api-keys", "list").stdout.splitlines()
    assert [line.split("  ", 2)[2].split() for line in lines] == [
        ["API", "key", "house", "laptop"],
        ["publishable", "key", "house", "page"],
        ["personal", "access", "token", "(every", "workspace)", "console"],
    ]
    only = processes.data(tmp_path, "api-keys", "list", "--workspace", "house")["api_keys"]
    assert [key["name"] for key in only] == ["laptop", "page"]
    assert processes.data(tmp_path, "api-keys", "list", "--workspace", "other")["api_keys"] == []
    done = processes.command(tmp_path, "api-keys", "list", "--workspace", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x1b[2Jb"])
def test_a_name_that_nobody_could_read_is_wrong_usage(tmp_path: Path, name: str) -> None:
    for command in ("workspaces", "api-keys", "personal-access-tokens"):
        done = processes.command(tmp_path, command, "create", "--name", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert "\x1b" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_hint_after_a_new_workspace_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    name = 'Anna\'s "house" $HOME'
    done = processes.command(tmp_path, "workspaces", "create", "--name", name)
    hint = shlex.split(done.stdout.splitlines()[-1].removeprefix("next: "))
    assert hint[:4] == ["ostiary", "api-keys", "create", "--workspace"]
    assert processes.data(tmp_path, *hint[1:])["workspace_id"] in done.stdout


# --- prompts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "prompt"),
    [
        (("accounts", "connect", "nuki", "--workspace", "home"), b"API token: "),
        (("doors", "activate", "11111111-2222-4333-8444-555555555555", "--finish"), b"PIN: "),
    ],
)
def test_ctrl_c_at_a_hidden_prompt_ends_it_at_once(
    tmp_path: Path, arguments: tuple[str, ...], prompt: bytes
) -> None:
    """And the terminal shows again what is typed."""
    processes.data(tmp_path, "workspaces", "create", "--name", "home", "--production")
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        [*processes.OSTIARY, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=processes.environment(tmp_path),
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # it becomes their terminal
    )
    try:
        seen = b""
        patience = time.monotonic() + processes.START_SECONDS
        while prompt not in seen:
            assert time.monotonic() < patience, seen
            seen += os.read(ours, 1000)
        is_hidden = not termios.tcgetattr(theirs)[3] & termios.ECHO
        os.write(ours, b"\x03")
        assert process.wait(processes.END_SECONDS) == 128 + signal.SIGINT
        assert is_hidden
        assert termios.tcgetattr(theirs) == before
        rest = os.read(ours, 10_000)
        assert b"Traceback" not in rest
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
        os.close(theirs)
