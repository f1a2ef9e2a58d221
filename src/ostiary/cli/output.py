"""What commands print."""

import sys
from typing import Annotated, Any

from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print exactly one JSON document.")]


def show(data: Any, as_json: bool, people: str) -> None:
    import msgspec

    print(msgspec.json.encode(data).decode() if as_json else people)


def notice(sentence: str) -> None:
    """To people, beside what a program may read."""
    print(sentence, file=sys.stderr, flush=True)
