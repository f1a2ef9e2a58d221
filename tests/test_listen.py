"""`ostiary listen`: events in the terminal, and at a receiver that checks their signatures."""

import asyncio
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from seam import SeamWebhook

from ostiary import store
from ostiary.cli.event_source import Blocks
from ostiary.domain.webhooks import new_secret
from ostiary.store.tx import Tx

from . import processes
from .test_stream_process import at_the_database, many_events

SECRET = new_secret().reveal()


@dataclass
class Receiver:
    """A developer's server, which answers as it is told and keeps what comes."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, dict[str, str], int]] = field(default_factory=list)

    def verified(self, secret: str = SECRET) -> list[Any]:
        """What was accepted, after the official verifier has looked at it."""
        webhook = SeamWebhook(secret)
        return [webhook.verify(body, headers) for body, headers, status in self.got if status == 200]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status = receiver.answers.pop(0) if receiver.answers else 200
            receiver.got.append((body, {name.lower(): value for name, value in self.headers.items()}, status))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Listening:
    process: "subprocess.Popen[str]"
    out: Path
    err: Path

    def lines(self) -> list[str]:
        return self.out.read_text().splitlines()

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(10)


@contextmanager
def listening(folder: Path, url: str, key: str, *arguments: str, **env: str) -> Iterator[Listening]:
    """Connected already."""
    out, err = folder / "listen.out", folder / "listen.err"
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen(
            [*processes.OSTIARY, "listen", "--url", url, *arguments],
            stdout=stdout,
            stderr=stderr,
            text=True,
            env=processes.environment(folder, SEAM_API_KEY=key, **env),
        )
    try:
        yield Listening(process, out, err)
    finally:
        process.kill()
        process.wait()


def until(is_so: Callable[[], bool], what: Callable[[], object], seconds: float = 30) -> None:
    patience = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < patience, what()
        time.sleep(0.05)


def all_events(folder: Path) -> list[dict[str, Any]]:
    """In the order of commits."""

    async def read(tx: Tx) -> list[dict[str, Any]]:
        workspace = await store.workspaces.find(tx, "sandbox")
        assert workspace is not None
        found = await store.events.after(tx, workspace.workspace_id, 0, 10_000)
        return [each.as_wire() for _, each in found]

    async def run() -> list[dict[str, Any]]:
        async with at_the_database(folder) as database:
            return await database.read(read)

    return asyncio.run(run())


def test_every_event_arrives_signed_and_once_though_the_server_dies(tmp_path: Path) -> None:
    """Also those that come while it is down, and though the receiver has a bad moment."""
    server = processes.start_server(tmp_path, OSTIARY_RATE_LIMITS="off")
    port = str(urlsplit(server.url).port)
    key = processes.api_key(tmp_path)
    env = {"OSTIARY_WEBHOOK_SECRET": SECRET}
    try:
        with (
            receiving() as receiver,
            listening(tmp_path, server.url, key, "--forward", receiver.url, **env) as listener,
        ):
            until(lambda: "listening at" in listener.err.read_text(), listener.err.read_text)
            receiver.answers = [200, 500, 302]
            lock = next(
                d for d in processes.connect(server.url, key) if d.get("can_program_online_access_codes")
            )
            asked = {"device_id": lock["device_id"], "code": "498882"}
            processes.call(server.url, key, "/access_codes/create", **asked)
            until(
                lambda: "access_code.set_on_device" in listener.out.read_text(),
                lambda: (listener.out.read_text(), listener.err.read_text()),
            )
            server.kill()
            until(lambda: "is gone" in listener.err.read_text(), listener.err.read_text)
            asyncio.run(many_events(tmp_path, 7))
            server = processes.start(tmp_path, "serve", "--port", port)
            asyncio.run(many_events(tmp_path, 3))
            processes.call(server.url, key, "/locks/unlock_door", device_id=lock["device_id"])
            until(
                lambda: "unlock_door.succeeded" in listener.out.read_text(),
                lambda: (listener.out.read_text(), listener.err.read_text()),
            )
            right = all_events(tmp_path)
            until(lambda: len(receiver.verified()) >= len(right), lambda: len(receiver.got))
            assert listener.end() == 0
            accepted = [(body, headers) for body, headers, status in receiver.got if status == 200]
            assert [json.loads(body) for body, _ in accepted] == right
            assert [each.event_id for each in receiver.verified()] == [each["event_id"] for each in right]
            assert {headers["content-type"] for _, headers in accepted} == {"application/json"}
            ids = [headers["svix-id"] for _, headers in accepted]
            assert ids == [f"msg_{each['event_id']}" for each in right]
            again = [headers["svix-id"] for _, headers, status in receiver.got if status != 200]
            assert again == [ids[1], ids[1]]
            lines, said = listener.lines(), listener.err.read_text()
            assert len(lines) == len(right)
            for line, each in zip(lines, right, strict=True):
                assert each["event_type"] in line
                assert "-> 200 in" in line
                assert each["created_at"][:10] in line
            assert any(lock["device_id"] in line for line in lines)
            assert "-> 500 in" in said
            assert "-> 302 in" in said
            assert "connected again" in said
            assert f"--last-event-id {right[-1]['event_id']}" in said
            for secret in ("498882", key, SECRET):
                assert secret not in f"{lines} {said}"
    finally:
        server.stop()


def test_json_filters_and_where_it_begins(tmp_path: Path) -> None:
    with processes.serving(tmp_path) as server:
        key = processes.api_key(tmp_path)
        lock = next(d for d in processes.connect(server.url, key) if d.get("can_program_online_access_codes"))
        asked = {"device_id": lock["device_id"], "code": "498882"}
        processes.call(server.url, key, "/access_codes/create", **asked)

        def told(count: int, *arguments: str, **env: str) -> list[dict[str, Any]]:
            with listening(
                tmp_path, server.url, env.pop("key", key), "--json", *arguments, **env
            ) as listener:
                until(lambda: len(listener.lines()) >= count, listener.err.read_text)
                time.sleep(0.2)
                assert listener.end(signal.SIGTERM) == 0
                assert "Traceback" not in listener.err.read_text()
                assert "498882" not in listener.err.read_text()
                return [json.loads(line) for line in listener.lines()]

        until(lambda: any(e["event_type"].endswith("set_on_device") for e in all_events(tmp_path)), list)
        right = all_events(tmp_path)
        assert told(len(right), "--since", "2020-01-01T00:00:00Z") == right
        assert told(len(right) - 3, "--last-event-id", right[2]["event_id"]) == right[3:]
        types = "device.added,access_code.set_on_device"
        some = [each for each in right if each["event_type"] in types.split(",")]
        given = told(len(some), "--since", "2020-01-01T00:00:00Z", "--event-types", types)
        assert given == some
        assert given[-1]["code"] == "498882"
        token = processes.data(tmp_path, "personal-access-tokens", "create")["personal_access_token"]
        beginning = ("--last-event-id", str(UUID(int=0)))
        workspace = ("--workspace", right[0]["workspace_id"])
        assert told(len(right), *beginning, *workspace, key=token) == right


def test_a_receiver_that_never_works_is_left_after_some_attempts(tmp_path: Path) -> None:
    """With a secret that was made and shown."""
    with processes.serving(tmp_path) as server, receiving() as receiver:
        key = processes.api_key(tmp_path)
        receiver.answers = [500, 404, 503, 500]
        forward = ("--forward", receiver.url)
        with listening(tmp_path, server.url, key, *forward) as listener:
            until(lambda: "listening at" in listener.err.read_text(), listener.err.read_text)
            asyncio.run(many_events(tmp_path, 2))
            until(lambda: len(listener.lines()) == 2, listener.err.read_text)
            first, second = listener.lines()
            assert "-> 500 in" in first
            assert "skipped after 4 attempts" in first
            assert "-> 200 in" in second
            secret = listener.err.read_text().partition("verifier: ")[2].split()[0]
            assert len(receiver.verified(secret)) == 1
            assert listener.end() == 0


def test_a_key_that_is_revoked_ends_it(tmp_path: Path) -> None:
    with processes.serving(tmp_path) as server:
        made = processes.data(tmp_path, "api-keys", "create", "--name", "laptop")
        with listening(tmp_path, server.url, made["api_key"]) as listener:
            until(lambda: "listening at" in listener.err.read_text(), listener.err.read_text)
            processes.data(tmp_path, "api-keys", "revoke", made["api_key_id"])
            assert listener.process.wait(15) == 1
            *_, sentence = listener.err.read_text().splitlines()
            assert sentence == "ostiary: the server refuses: API Key not found"
            assert made["api_key"] not in listener.err.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--api-key", "seam_wrong_key"), "API Key not found"),
        (("--event-types", "device.x"), "no event type device.x"),
        (("--since", "yesterday"), "refuses"),
        (("--last-event-id", "00000000-0000-4000-8000-000000000001"), "not kept any more"),
        (("--forward", "nowhere"), "--forward must be a web address"),
        (("--forward", "http://127.0.0.1:9/", "--secret", "whsec_!"), "--secret must be"),
        (("--url", "http://127.0.0.1:9"), "cannot reach a server"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    arguments: tuple[str, ...], words: str, mistaken: tuple[Path, str, str]
) -> None:
    folder, url, key = mistaken
    where = () if "--url" in arguments else ("--url", url)
    done = processes.command(folder, "listen", *where, *arguments, SEAM_API_KEY=key)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ostiary: ")
    assert words in done.stderr
    assert key not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str]]:
    folder = tmp_path_factory.mktemp("mistaken")
    with processes.serving(folder) as server:
        yield folder, server.url, processes.api_key(folder)


def test_without_a_key(tmp_path: Path) -> None:
    done = processes.command(tmp_path, "listen")
    assert (done.returncode, done.stdout) == (1, "")
    assert "SEAM_API_KEY" in done.stderr


def test_a_stream_may_come_in_any_pieces() -> None:
    text = b"retry: 2000\r\nid: a\r\n\r\n: hm\nid: b\nevent: x\ndata: {}\n\ndata:y\ndata: z\nid:c\n\nid: d\n"
    right = [("a", None), ("b", [b"{}"]), ("c", [b"y", b"z"])]
    for size in range(1, len(text)):
        blocks = Blocks()
        pieces = (text[at : at + size] for at in range(0, len(text), size))
        assert [(b.event_id, b.data) for piece in pieces for b in blocks.feed(piece)] == right
