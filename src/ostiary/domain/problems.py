"""
Problems: the entries of `errors` and `warnings` that the owner of a lock reads.

They are state, kept in the wire's shape: a code, a message, when it began, a flag that says whose problem
it is, and whatever else the wire has for that code.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .instants import to_wire

Problem = Mapping[str, Any]
Problems = tuple[Problem, ...]


def raised(
    problems: Iterable[Problem], key: str, code: str, message: str, now: datetime, **extra: Any
) -> Problems:
    """`problems` with one of that code; one that stands already keeps its time."""
    kept = list(problems)
    for at, problem in enumerate(kept):
        if problem[key] == code:
            kept[at] = {**problem, "message": message, **extra}
            return tuple(kept)
    return (*kept, {key: code, "message": message, "created_at": to_wire(now), **extra})


def cleared(problems: Iterable[Problem], key: str, *codes: str) -> Problems:
    return tuple(problem for problem in problems if problem[key] not in codes)


def has(problems: Iterable[Problem], key: str, code: str) -> bool:
    return any(problem[key] == code for problem in problems)


def for_event(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """As events carry them: code, message and time only."""
    words = ("error_code", "warning_code", "message", "created_at")
    return [{word: problem[word] for word in words if word in problem} for problem in problems]
