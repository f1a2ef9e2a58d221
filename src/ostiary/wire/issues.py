"""
What is wrong with a request, in the wire's words: a message, and zod's tree of messages.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ..domain.errors import ApiError

Path = tuple[str, ...]

# A small body can hold very many mistakes; the answer to it should stay small too.
MOST_ISSUES: Final = 100
DEEPEST_PATH: Final = 32


@dataclass(frozen=True, slots=True)
class Issue:
    """
    One thing that is wrong.

    Attributes:
        path: Wire names and list indices from the top; empty for the request itself.
        branches: For a union, what every alternative had to say; the tree shows these instead.
        hint: What would be right, where the wire's word does not tell. For people: the tree is without it.
    """

    message: str
    path: Path = ()
    branches: "tuple[Issue, ...]" = ()
    hint: str = ""


def invalid_input(issues: Sequence[Issue]) -> ApiError:
    """400 `invalid_input` about all issues (at least one), with the message and tree of zod 3."""
    if len(issues) == 1:
        message = _alone(issues[0])
    else:
        message = f"{len(issues)} Input Errors: {', '.join(map(_among_others, issues))}"
    return ApiError("invalid_input", message, validation_errors=_tree(issues))


def _alone(issue: Issue) -> str:
    if issue.message == "Required" and issue.path:
        return f"{'.'.join(issue.path)} is required"
    return _among_others(issue)


def _among_others(issue: Issue) -> str:
    place = f' for "{".".join(issue.path)}"' if issue.path else ""
    hint = f" ({issue.hint})" if issue.hint else ""
    return f"{issue.message}{place}{hint}"


def _tree(issues: Iterable[Issue]) -> dict[str, object]:
    root: dict[str, Any] = {"_errors": []}
    for issue in _flat(issues):
        node = root
        for name in issue.path:
            if name == "_errors":  # a caller's own metadata key; the tree has no place below this name
                break
            node = node.setdefault(name, {"_errors": []})
        node["_errors"].append(issue.message)
    return root


def _flat(issues: Iterable[Issue]) -> Iterator[Issue]:
    for issue in issues:
        if issue.branches:
            yield from _flat(issue.branches)
        else:
            yield issue


def word(value: object) -> str:
    """zod's word for what a value is."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "nan" if value != value else "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case list() | tuple() | set() | frozenset():
            return "array"
        case date():
            return "date"
    return "unknown"


def mismatch(expected: str, value: object, path: Path) -> Issue:
    return Issue(f"Expected {expected}, received {word(value)}", path)
