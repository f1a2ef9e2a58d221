"""What an installation costs before anybody asks it anything: start-up, memory at rest, packages."""

import re
import socket
import time
import tomllib
from pathlib import Path

from .children import (
    OSTIARY,
    ROOT,
    START_SECONDS,
    NotStarted,
    child,
    cpu_seconds,
    environment,
    free_port,
    resident_mb,
)

_HEALTH = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==")


def start_up(folder: Path, times: int) -> tuple[list[float], list[float], list[float]]:
    """
    Start on a folder that exists already.

    Returns:
        Seconds from making the process to the first healthy answer, seconds of processor time in that, and MB
        resident 2 s later.
    """
    _start_once(folder)  # makes key, database and sandbox
    starts = [_start_once(folder) for _ in range(times)]
    seconds, processor, memory = zip(*starts, strict=True)
    return list(seconds), list(processor), list(memory)


def _start_once(folder: Path) -> tuple[float, float, float]:
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    env = environment(OSTIARY_DATA_DIR=str(folder))
    log = folder / "start.log"
    begun = time.perf_counter()
    with child([*OSTIARY, "serve", "--port", str(port), "--json"], log, env) as process:
        _first_answer(port, begun)
        took = time.perf_counter() - begun
        used = cpu_seconds(process.pid)
        time.sleep(2)
        return took, used, resident_mb(process.pid)


def _first_answer(port: int, begun: float) -> None:
    """The port is open long before the first answer, so one connection is enough to wait on."""
    while time.perf_counter() - begun < START_SECONDS:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
                connection.sendall(_HEALTH)
                if connection.recv(12) == b"HTTP/1.1 200":
                    return
        except OSError:
            pass
        time.sleep(0.002)
    raise NotStarted("no healthy answer")


def runtime_packages() -> int:
    """
    What `pip install ostiary` brings, itself included: the names pinned in `requirements/run.txt`, less those
    that are there for an extra only, as the file's own `via` comments tell.
    """
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {re.split(r"[\[>=<; ]", text)[0].lower() for texts in extras.values() for text in texts}
    reasons = _reasons((ROOT / "requirements" / "run.txt").read_text())
    left_out = named & set(reasons)
    while more := {n for n, via in reasons.items() if via and via <= left_out} - left_out:
        left_out |= more
    return len(set(reasons) - left_out) + 1


def _reasons(text: str) -> dict[str, set[str]]:
    """Each pinned name with those that asked for it."""
    found: dict[str, set[str]] = {}
    name = ""
    for line in text.splitlines():
        if pinned := _PINNED.match(line):
            name = pinned[1].lower()
            found[name] = set()
        elif line.strip().startswith("#") and name:
            word = line.strip(" #").removeprefix("via").strip()
            if word:
                found[name].add(word.split(" ")[0].lower())
    return found
