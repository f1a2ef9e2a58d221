"""What keeps a command from its work is told in one sentence, without a password, and nothing is made."""

import resource
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from ostiary.store.opening import plain_words

from . import processes

COMMANDS = (
    ("serve", "--port", "0"),
    ("workspaces", "list"),
    ("workspaces", "create", "--name", "house"),
    ("api-keys", "create"),
    ("migrate",),
    ("doctor",),
    ("doctor", "--device", "x"),
)
SIMULATE = ("simulate", "nuki", "--port", "0")


def refused(folder: Path, *arguments: str, **env: str) -> str:
    """What a command says that fails as it should."""
    done = processes.command(folder, *arguments, **env)
    said = done.stderr + (done.stdout if arguments[0] == "doctor" else "")
    assert done.returncode == 1, (arguments, said)
    assert "Traceback" not in said
    assert "sqlalche" not in said
    if not done.stdout:
        assert said.startswith("ostiary: "), said
        assert said.count("\n") == 1, said
    return said


# --- databases and folders -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OSTIARY_DATABASE_URL", "postgresql://bob:topsecret@127.0.0.1:1/x", "onnection refused"),
        ("OSTIARY_DATABASE_URL", "postgresql://bob:top/secret@127.0.0.1:1/x", "OSTIARY_DATABASE_URL"),
        ("OSTIARY_DATABASE_URL", "postgresql://bob:top%secret@127.0.0.1:1/x", "ts address cannot be read"),
        ("OSTIARY_DATABASE_URL", "postgresql://:x", "ts address cannot be read"),
        ("OSTIARY_DATABASE_URL", "sqlite:////nonexistent/x.db", "here is no folder /nonexistent"),
        ("OSTIARY_DATA_DIR", "/etc/hostname", "OSTIARY_DATA_DIR must be a folder"),
    ],
)
def test_what_cannot_be_reached(tmp_path: Path, name: str, value: str, words: str) -> None:
    for arguments in COMMANDS:
        said = refused(tmp_path, *arguments, **{name: value})
        assert words in said, arguments
        assert "secret" not in said.replace("secret.key", "")
        assert "chmod" not in said
    assert not list(tmp_path.glob("*.db"))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    for arguments in COMMANDS:
        assert "/proc/x" in refused(Path("/proc/x"), *arguments)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    letter = tmp_path / "ostiary.db"
    letter.write_text("This is a letter, not a database.\n" * 100)
    for arguments in COMMANDS:
        said = refused(tmp_path, *arguments)
        assert "ile is not a database" in said
        assert str(letter) in said
    assert letter.read_text().startswith("This is a letter")


def test_a_disk_that_is_full_at_the_first_start(tmp_path: Path) -> None:
    """It is told, and when there is room again, the next start finds nothing that is half done."""
    done = subprocess.run(
        [*processes.OSTIARY, "migrate"],
        capture_output=True,
        text=True,
        env=processes.environment(tmp_path, PYTHONDONTWRITEBYTECODE="1"),  # what others read, too
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ostiary: the database: ")
    assert done.stderr.count("\n") == 1
    assert "disk" in done.stderr
    assert processes.data(tmp_path, "migrate")["to"]
    assert processes.api_key(tmp_path)


@pytest.mark.parametrize(
    ("limit", "remedy"),
    [("PRAGMA max_page_count = 3", "make room"), ("PRAGMA query_only = 1", "may be written")],
)
def test_what_to_do_when_nothing_more_can_be_written(tmp_path: Path, limit: str, remedy: str) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as file:
        file.execute("CREATE TABLE kept (value)")
        file.execute(limit)
        with pytest.raises(sqlite3.OperationalError) as met:
            file.execute("INSERT INTO kept VALUES (zeroblob(100000))")
    assert remedy in (plain_words(met.value) or "")


def test_nobody_else_s_errors_are_taken_for_the_database_s() -> None:
    assert plain_words(ValueError("a bug")) is None
    assert plain_words(ModuleNotFoundError("No module named 'x'", name="x")) is None
    missing = ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
    assert "install ostiary[postgres]" in (plain_words(missing) or "")


@pytest.mark.parametrize("state", ["/nonexistent/x", "/etc"])
def test_a_state_that_cannot_be_kept(tmp_path: Path, state: str) -> None:
    assert f"--state {state}" in refused(tmp_path, *SIMULATE, "--state", state)


# --- hosts and ports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("serve",), ("simulate", "nuki")])
@pytest.mark.parametrize("port", ["-1", "65536", "99999"])
def test_a_port_that_there_cannot_be_is_wrong_usage(
    tmp_path: Path, command: tuple[str, ...], port: str
) -> None:
    done = processes.command(tmp_path, *command, "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert "from 0 to 65535" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("host", ["", "300.1.2.3", "203.0.113.9", "nobody.invalid", "2001:db8::1"])
def test_a_host_that_is_not_here_is_blamed_instead_of_the_port(tmp_path: Path, host: str) -> None:
    for command in (("serve",), ("simulate", "nuki")):
        said = refused(tmp_path, *command, "--host", host, "--port", "0")
        assert said.startswith(f"ostiary: --host {host or 'is empty'}")
        assert "choose another --port" not in said


def test_who_listens_everywhere_says_so(tmp_path: Path) -> None:
    for host, url in (("0.0.0.0", "http://127.0.0.1:"), ("127.0.0.1", "http://127.0.0.1:")):
        [first, *_] = ready_lines(tmp_path, "--host", host)
        assert first.startswith(f"Ostiary is ready at {url}")
        assert ("listening on every interface" in first) is (host == "0.0.0.0")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_who_listens_everywhere_by_ipv6_too(tmp_path: Path) -> None:
    [first, *_] = ready_lines(tmp_path, "--host", "::")
    assert first.startswith("Ostiary is ready at http://[::1]:")
    assert "listening on every interface" in first


def ready_lines(folder: Path, *arguments: str) -> list[str]:
    """What `serve` tells people until it ends."""
    process = subprocess.Popen(
        [*processes.OSTIARY, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=processes.environment(folder),
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first
    process.terminate()
    with process.stdout:
        rest = process.stdout.read()
    process.wait(processes.END_SECONDS)
    return [first.rstrip(), *rest.splitlines()]


def test_a_server_without_a_key_says_how_one_is_made(tmp_path: Path) -> None:
    [_, hint] = ready_lines(tmp_path)
    assert hint.startswith("next: ostiary api-keys create --workspace sandbox")
    processes.api_key(tmp_path)
    assert len(ready_lines(tmp_path)) == 1


# --- one database, one server, its own key ---------------------------------------------------------------


def test_a_second_server_on_the_same_file_is_refused(tmp_path: Path) -> None:
    """Whatever its data folder is, and by which name it knows the file."""
    here, there = tmp_path / "here", tmp_path / "there"
    with processes.serving(here) as server:
        processes.data(here, "migrate")
        there.mkdir()
        (there / "linked.db").symlink_to(here / "ostiary.db")
        key = (here / "secret.key").read_text().strip()
        for file in (here / "ostiary.db", there / "linked.db"):
            env = {"OSTIARY_DATABASE_URL": f"sqlite:///{file}", "OSTIARY_SECRET_KEYS": key}
            said = refused(there, "serve", "--port", "0", **env)
            assert f"process {server.process.pid}" in said
            assert str(here / "ostiary.db") in said
        server.kill()
    env = {"OSTIARY_DATABASE_URL": f"sqlite:///{here / 'ostiary.db'}", "OSTIARY_SECRET_KEYS": key}
    with processes.serving(there, **env):
        pass


def test_a_lost_key_file_is_missed_and_not_made_anew(tmp_path: Path, database_url: str) -> None:
    env = {"OSTIARY_DATABASE_URL": database_url}
    processes.data(tmp_path, "migrate", **env)
    processes.api_key(tmp_path, **env)
    file = tmp_path / "secret.key"
    file.rename(tmp_path / "backup")
    for arguments in COMMANDS:
        if arguments != ("migrate",):
            said = refused(tmp_path, *arguments, **env)
            assert f"he key file {file} is missing, and this database was written with one" in said
            assert "your backup" in said
            assert "OSTIARY_SECRET_KEYS" not in said
            assert not file.exists()
    (tmp_path / "backup").rename(file)
    assert processes.api_key(tmp_path, **env)


def test_a_migrated_database_gets_its_key_from_who_first_makes_something(
    tmp_path: Path, database_url: str
) -> None:
    env = {"OSTIARY_DATABASE_URL": database_url}
    processes.data(tmp_path, "migrate", **env)
    assert not (tmp_path / "secret.key").exists()
    assert "o server has been started on it yet" in refused(tmp_path, "workspaces", "list", **env)
    assert processes.api_key(tmp_path, **env)
    assert (tmp_path / "secret.key").exists()


READING = (
    ("workspaces", "list"),
    ("api-keys", "list"),
    ("api-keys", "revoke", "nothing"),
    ("doctor",),
    ("doctor", "--device", "x"),
    ("doctor", "--code", "x"),
    ("accounts", "connect", "nuki", "--workspace", "sandbox"),
    ("doors", "activate", "x"),
)


def test_who_reads_makes_no_database_and_who_makes_one_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for arguments in READING:
        assert f"here is no database at {folder / 'ostiary.db'} yet" in refused(folder, *arguments)
        assert not folder.exists()
    making: tuple[tuple[str, ...], ...] = (
        ("api-keys", "create"),
        ("workspaces", "create", "--name", "house"),
    )
    for maker in making:
        first, second = (processes.command(folder / maker[0], *maker) for _ in range(2))
        assert first.returncode == 0
        assert f"no database at {folder / maker[0] / 'ostiary.db'}; made a new one\n" in first.stderr
        assert "made a new one" not in second.stderr
