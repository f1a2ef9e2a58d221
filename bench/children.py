"""
Processes that the benchmark starts. They end with it, however it ends: in order when it leaves the block, and
by the kernel (on Linux) when it is killed.
"""

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OSTIARY = (sys.executable, "-m", "ostiary")
START_SECONDS = 60.0
END_SECONDS = 8.0
_PR_SET_PDEATHSIG = 1


class NotStarted(Exception):
    """A child ended, or said nothing, before it was ready."""


def environment(**more: str) -> dict[str, str]:
    """This process's, without settings of the person who runs the benchmark."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OSTIARY_", "SEAM_"))}
    return {**kept, "NODE_ENV": "production", **more}


@contextmanager
def child(
    command: Sequence[str], log: Path, env: Mapping[str, str], cwd: Path = ROOT
) -> Iterator["subprocess.Popen[str]"]:
    """A process; its standard error goes to `log`."""
    with log.open("a") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=dict(env),
            cwd=cwd,
            preexec_fn=_end_with_parent,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def ready_line(process: "subprocess.Popen[str]", log: Path) -> dict[str, Any]:
    """
    The JSON document that a child prints when it is ready.

    Raises:
        NotStarted: With the end of what it wrote to standard error.
    """
    assert process.stdout is not None
    told, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if told else ""
    if not line:
        raise NotStarted(f"{process.args!r} did not start: {log.read_text()[-2000:]}")
    facts: dict[str, Any] = json.loads(line)
    return facts


def document(*arguments: str, env: Mapping[str, str]) -> dict[str, Any]:
    """What an `ostiary` command answers with `--json`."""
    done = subprocess.run(
        [*OSTIARY, *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        env=dict(env),
        cwd=ROOT,
        check=False,
    )
    if done.returncode != 0:
        raise NotStarted(f"ostiary {' '.join(arguments)}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout)) if done.stdout.strip() else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident_mb(pid: int) -> float:
    """Resident memory of one process, in MB (10^6 bytes)."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        kib = int(line.split()[1])
    else:
        kib = int(
            subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True).stdout
        )
    return kib * 1024 / 1e6


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far, which other work on the machine hardly changes."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


def wait_until(is_right: Any, seconds: float, what: str) -> None:
    patience = time.monotonic() + seconds
    while not is_right():
        if time.monotonic() > patience:
            raise NotStarted(f"{what}: not after {seconds:.0f} s")
        time.sleep(0.05)


def _end_with_parent() -> None:
    """Runs in the child before its program: the kernel ends it should the benchmark be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
