"""
`python -m bench`: five rounds, every server in each of them, one table.

The figures decide nothing: it ends with 0 whatever they are, and with 1 only when it could not measure.
"""

import argparse
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from . import deliveries, report, subjects
from .children import NotStarted, resident_mb
from .load import Measured, WrongAnswer, measure
from .startup import runtime_packages, start_up
from .subjects import BARE, CLIENT, CREATE, ENGINE, GET, OPERATIONS, POSTGRES, SQLITE, Subject

ROUNDS_UNTIL = 330.0
"""Seconds after which no further round begins."""

OVERDUE = 450
"""Seconds after which the run is given up, children and all."""

DELIVERY_ROUNDS = 3
"""Of the five; each takes about half a minute."""


class Overdue(Exception):
    """A signal says that it has to end: children are ended on the way out."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, for trying")
    parser.add_argument(
        "--profile", choices=OPERATIONS, help="keep Ostiary under this load for 30 s, for py-spy"
    )
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, _give_up)
    signal.alarm(OVERDUE)
    report.RESULTS.mkdir(exist_ok=True)
    try:
        # Beside the results, not in /tmp: that may be in memory, where a durable commit costs nothing.
        with tempfile.TemporaryDirectory(prefix="data-", dir=report.RESULTS) as folder:
            if options.profile:
                _profile(Path(folder), options.profile)
            else:
                _run(Path(folder), is_quick=options.quick)
    except (NotStarted, WrongAnswer, Overdue, KeyboardInterrupt) as error:
        print(f"the benchmark broke off: {str(error) or type(error).__name__}", file=sys.stderr)
        return 1
    finally:
        signal.alarm(0)
    return 0


def _give_up(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise Overdue(f"{signal.Signals(number).name}")


def _say(text: str) -> None:
    print(text, flush=True)


def _run(folder: Path, *, is_quick: bool) -> None:
    begun = time.monotonic()
    sync_ms = _sync_ms(folder)
    _say("starting and ending an installation")
    seconds, processor, memory = start_up(folder / "start", 1 if is_quick else 5)
    _say("starting servers with 100 locks")
    with subjects.ostiary(SQLITE, folder / "prepared"):
        pass
    shutil.copytree(folder / "prepared", folder / "sqlite")
    left_out: list[str] = []
    with ExitStack() as stack:
        servers = _servers(stack, folder, left_out)
        rounds: dict[str, dict[str, list[Measured]]] = {
            operation: {server.name: [] for server in servers if operation in server.operations}
            for operation in OPERATIONS
        }
        rounds[CREATE][ENGINE] = []
        rounds |= {case.name: {SQLITE: [], CLIENT: []} for case in deliveries.CASES}
        post = _post(stack, folder)
        _warm_up(servers, 0.2 if is_quick else 1.0)
        for number in range(1 if is_quick else 5):
            if time.monotonic() - begun > ROUNDS_UNTIL:
                left_out.append(f"rounds from {number + 1} on: the time was up")
                break
            _round(number, servers, rounds, is_quick=is_quick)
            rounds[CREATE][ENGINE].append(_with_engine(folder, number, 200 if is_quick else 500))
            if number < DELIVERY_ROUNDS:
                _deliver(post, rounds, is_quick=is_quick)
            _tell(number, rounds)
        frame = report.Frame(
            seconds, processor, memory, resident_mb(servers[0].pid), runtime_packages(), sync_ms
        )
    _say(report.table(rounds, frame))
    for line in left_out:
        _say(f"left out: {line}")
    _say(f"{time.monotonic() - begun:.0f} s; all figures in {report.write(rounds, frame, left_out)}")


def _servers(stack: ExitStack, folder: Path, left_out: list[str]) -> list[Subject]:
    first = stack.enter_context(subjects.ostiary(SQLITE, folder / "sqlite"))
    servers = [first]
    if reason := subjects.has_peer():
        left_out.append(f"the peer: {reason}")
    else:
        servers.append(stack.enter_context(subjects.peer(folder, subjects.rich_locks(first))))
        servers.append(stack.enter_context(subjects.peer(folder, [])))
    servers.append(stack.enter_context(subjects.bare(folder, first)))
    try:
        url = stack.enter_context(subjects.postgres())
        servers.append(stack.enter_context(subjects.ostiary(POSTGRES, folder / "postgres", url)))
    except (ImportError, NotStarted) as error:
        left_out.append(f"PostgreSQL: {error}")
    return servers


def _warm_up(servers: list[Subject], seconds: float) -> None:
    for server in servers:
        for operation in server.operations:
            measure(server.url, server.pid, server.requests(operation), seconds, 100)
            if operation != CREATE:
                measure(server.url, server.pid, server.requests(operation), seconds)


def _round(
    number: int, servers: list[Subject], rounds: dict[str, dict[str, list[Measured]]], *, is_quick: bool
) -> None:
    """One operation after the other, and for each all servers, so that compared figures are neighbours."""
    for operation in OPERATIONS:
        asked = [server for server in servers if operation in server.operations]
        turn = number % len(asked)
        for server in asked[turn:] + asked[:turn]:
            seconds, most = (0.5 if is_quick else 2.0), None
            if operation == CREATE and server.name != BARE:
                # As many for each, because codes that are there already make the next one dearer.
                seconds, most = 8.0, 200 if is_quick else 1000
            found = measure(server.url, server.pid, server.requests(operation), seconds, most)
            rounds[operation][server.name].append(found)


def _with_engine(folder: Path, number: int, most: int) -> Measured:
    """Codes that are due at once, on a server of their own: its engine must not disturb the others."""
    data = folder / f"engine-{number}"
    shutil.copytree(folder / "prepared", data)
    with subjects.ostiary(ENGINE, data) as server:
        return measure(server.url, server.pid, server.requests(CREATE), 8.0, most)


def _post(stack: ExitStack, folder: Path) -> deliveries.Post:
    """On a server of its own: a hundred webhooks must not disturb the others."""
    shutil.copytree(folder / "prepared", folder / "deliveries")
    server = stack.enter_context(subjects.ostiary(SQLITE, folder / "deliveries"))
    return stack.enter_context(deliveries.post(folder, server))


def _deliver(post: deliveries.Post, rounds: dict[str, dict[str, list[Measured]]], *, is_quick: bool) -> None:
    for case in deliveries.CASES:
        for name, found in deliveries.measured(post, case, is_quick=is_quick).items():
            rounds[case.name][name].append(found)


def _tell(number: int, rounds: dict[str, dict[str, list[Measured]]]) -> None:
    shown = "  ".join(f"{name} {figures[-1].rate:,.0f}" for name, figures in rounds[GET].items() if figures)
    _say(f"round {number + 1}: {GET} per s: {shown}")


def _sync_ms(folder: Path) -> float:
    """Median of 50 durable appends: what a commit cannot go below on this disk."""
    took = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(50):
            begun = time.perf_counter()
            file.write(bytes(16384))
            os.fsync(file.fileno())
            took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1000


def _profile(folder: Path, operation: str) -> None:
    with subjects.ostiary(SQLITE, folder / "sqlite") as server:
        _say(f"py-spy record --gil --pid {server.pid} --rate 500 --duration 20 --output profile.svg")
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found = measure(server.url, server.pid, server.requests(operation), 5.0)
            _say(f"{operation}: {found.rate:,.0f} per s, p99 {found.p99:.1f} ms, CPU {found.cpu_us:.0f} µs")


if __name__ == "__main__":
    sys.exit(main())
