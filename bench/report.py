"""Figures to a table, targets beside them, and everything to a file."""

import json
import os
import platform
import sqlite3
import statistics
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .children import ROOT
from .deliveries import CASES, DEAD, MANY
from .load import CONNECTIONS, Measured
from .subjects import BARE, CLIENT, CREATE, ENGINE, GET, LIST, LOCKS, OPERATIONS, PEER, SQLITE, TITLES

RESULTS = ROOT / "bench" / "results"
Rounds = Mapping[str, Mapping[str, list[Measured]]]
"""Operation, then subject, then one figure per round."""


@dataclass(frozen=True)
class Frame:
    """
    What an installation costs at rest.

    Attributes:
        start_up, start_up_cpu: Seconds, and seconds of processor time, one per start.
        memory: MB resident 2 s after a start.
        memory_loaded: MB resident after the rounds, with 100 locks and all codes.
        sync_ms: One 16 KiB append that is made durable, on the disk that held the data.
    """

    start_up: list[float]
    start_up_cpu: list[float]
    memory: list[float]
    memory_loaded: float
    packages: int
    sync_ms: float


@dataclass(frozen=True)
class Spread:
    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))

    def shown(self, digits: int) -> str:
        return f"{self.middle:,.{digits}f} ({self.least:,.{digits}f}–{self.most:,.{digits}f})"


@dataclass(frozen=True)
class Target:
    text: str
    value: str
    is_met: bool


def ratio(rounds: Rounds, operation: str, one: str, other: str, of: str = "rate") -> Spread | None:
    """Round by round, so that what disturbs both at a time cancels out."""
    ours, theirs = rounds[operation].get(one), rounds[operation].get(other)
    if not ours or not theirs:
        return None
    return Spread.of([getattr(a, of) / getattr(b, of) for a, b in zip(ours, theirs, strict=False)])


def targets(rounds: Rounds, frame: Frame) -> list[Target]:
    found: list[Target] = []
    for operation, least in ((GET, 3.0), (LIST, 8.0), (CREATE, 2.5)):
        against = ratio(rounds, operation, SQLITE, PEER)
        slowness = ratio(rounds, operation, SQLITE, PEER, "p99")
        if against is not None and slowness is not None:
            text = f"{operation}: at least {least:g}x the peer"
            found.append(Target(text, f"{against.shown(2)}x", against.middle >= least))
            text = f"{operation}: lower p99 than the peer"
            found.append(Target(text, f"{slowness.shown(2)}x", slowness.middle < 1))
    if (share := ratio(rounds, GET, SQLITE, BARE)) is not None:
        found.append(Target(f"{GET}: at least 0.4 of the bare server", share.shown(2), share.middle >= 0.4))
    start_up, memory = Spread.of(frame.start_up), Spread.of(frame.memory)
    found += [
        Target("start-up below 0.8 s", f"{start_up.shown(2)} s", start_up.middle < 0.8),
        Target("memory at rest below 80 MB", f"{memory.middle:.0f} MB", memory.middle < 80),
        Target("about 40 packages", str(frame.packages), frame.packages <= 42),
    ]
    return found


# --- the table ----------------------------------------------------------------------------------------------

_COLUMNS = ("", "per s (least–most)", "p50 ms", "p99 ms", "CPU µs", "bytes", "to the peer", "to bare")
_WIDTHS = (34, 24, 10, 10, 8, 9, 19, 17)


def table(rounds: Rounds, frame: Frame) -> str:
    lines: list[str] = []
    for operation in OPERATIONS:
        lines += ["", operation, _row(_COLUMNS)]
        lines += [
            _row(_cells(rounds, operation, name, figures))
            for name, figures in rounds[operation].items()
            if figures
        ]
    lines += _deliveries(rounds)
    lines += ["", "targets"]
    lines += [
        f"  {'ok  ' if target.is_met else 'MISS'}  {target.text:<44} {target.value}"
        for target in targets(rounds, frame)
    ]
    start = ", ".join(f"{s:.2f}" for s in frame.start_up)
    lines += [
        "",
        f"start-up on an existing folder: {start} s, "
        f"of it {Spread.of(frame.start_up_cpu).shown(2)} s processor "
        f"time; memory with {LOCKS} locks after the rounds: "
        f"{frame.memory_loaded:.0f} MB; one durable append here: {frame.sync_ms:.2f} ms",
        f"{CONNECTIONS} connections, medians of {len(rounds[GET][SQLITE])} rounds, ratios round by round. "
        "CPU: of the server's own process, per answer.",
        f"{CREATE}: codes that begin in 10 days, so that nothing is due while it is measured; "
        f"'{TITLES[ENGINE]}' has the engine at work on them in the same process.",
    ]
    return "\n".join(lines)


_OF_DELIVERIES = (*_COLUMNS[:6], "p50 to client", "rate to client")


def _deliveries(rounds: Rounds) -> list[str]:
    lines: list[str] = []
    for case in CASES:
        lines += ["", case.name, _row(_OF_DELIVERIES)]
        for name, figures in rounds[case.name].items():
            slowness = ratio(rounds, case.name, name, CLIENT, "p50") if name != CLIENT else None
            share = ratio(rounds, case.name, name, CLIENT) if name != CLIENT else None
            against = ["" if found is None else found.shown(2) for found in (slowness, share)]
            lines.append(_row((*_cells(rounds, case.name, name, figures)[:6], *against)))
    shown = [f"{word} {found.shown(2)}x" for word, of in _OF_DEAD if (found := _with_dead(rounds, of))]
    return [*lines, "", f"with a dead endpoint, the {MANY.living - 1} others: {', '.join(shown)} of without"]


_OF_DEAD = (("p50", "p50"), ("p99", "p99"), ("deliveries per second", "rate"))


def _with_dead(rounds: Rounds, of: str) -> Spread | None:
    """What a dead endpoint makes of the others, round by round."""
    pairs = zip(rounds[DEAD.name][SQLITE], rounds[MANY.name][SQLITE], strict=False)
    found = [getattr(dead, of) / getattr(alive, of) for dead, alive in pairs]
    return Spread.of(found) if found else None


def _cells(rounds: Rounds, operation: str, name: str, figures: list[Measured]) -> tuple[str, ...]:
    def middle(of: Callable[[Measured], float], digits: int) -> str:
        return f"{statistics.median(of(f) for f in figures):,.{digits}f}"

    def against(other: str) -> str:
        found = ratio(rounds, operation, name, other) if name != other else None
        return "" if found is None else found.shown(2)

    return (
        TITLES[name],
        Spread.of([f.rate for f in figures]).shown(0),
        middle(lambda f: f.p50, 2),
        middle(lambda f: f.p99, 2),
        middle(lambda f: f.cpu_us, 0),
        middle(lambda f: f.answer_bytes, 0),
        "" if name == BARE else against(PEER),
        against(BARE),
    )


def _row(cells: tuple[str, ...]) -> str:
    first, *others = cells
    shown = "".join(f"{cell:>{width}}" for cell, width in zip(others, _WIDTHS[1:], strict=True))
    return f"  {first:<{_WIDTHS[0]}}{shown}".rstrip()


# --- the file -----------------------------------------------------------------------------------------------


def write(rounds: Rounds, frame: Frame, left_out: list[str]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    document: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "connections": CONNECTIONS,
        "left_out": left_out,
        "rounds": {
            operation: {name: [asdict(f) for f in figures] for name, figures in by_name.items()}
            for operation, by_name in rounds.items()
        },
        "frame": asdict(frame),
        "targets": [asdict(target) for target in targets(rounds, frame)],
    }
    path = RESULTS / "latest.json"
    path.write_text(json.dumps(document, indent=1))
    return path


def machine() -> dict[str, Any]:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True) if _has_node() else None
    return {
        "cores": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "node": node.stdout.strip() if node else None,
    }


def _has_node() -> bool:
    import shutil

    return shutil.which("node") is not None
