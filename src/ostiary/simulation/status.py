"""
The page at `/_simulator/`: what goes on in the homes, for people, with forms for the main commands.

Here is the frame that every brand may have: the homes, the time, the faults that wait and the last requests.
What stands in the middle is the brand's: `SimulatedCloud.status` and its template `status_home.html`.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from .answers import Answer
from .calls import Incoming
from .control import Mistake, show_faults
from .pages import Pages
from .state import Home, Request

PLACE: Final = "_place"
"""A form's field: where on the page to go on."""

_FORM: Final = "application/x-www-form-urlencoded"
_REQUESTS: Final = 20
_HOMES: Final = 200
_PLACE: Final = re.compile(r"[a-z0-9-]{1,40}")
_NO_FRAMES: Final = ("x-frame-options", "DENY")


# --- forms ----------------------------------------------------------------------------------------------


def is_form(incoming: Incoming) -> bool:
    """Not what curl sends as JSON and calls a form because nobody told it otherwise."""
    kind = incoming.headers.get("content-type", "").partition(";")[0]
    is_json = incoming.body.lstrip().startswith(b"{")
    return incoming.method == "POST" and kind.strip().lower() == _FORM and not is_json


def check_sender(incoming: Incoming) -> None:
    """
    A page of somebody else's must not work the doors through a browser that has this one open.

    Raises:
        Mistake: The request came from another site.
    """
    if incoming.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Mistake("This request came from another site.", 403)


def back(verb: str, home: object, place: str, said: str) -> Answer:
    """To the page, at the home and the place where the form was. The way is relative: see `pages`."""
    query = urlencode({name: value for name, value in (("home", home), ("said", said)) if value})
    location = _root(verb) + (f"?{query}" if query else "") + (f"#{place}" if _PLACE.fullmatch(place) else "")
    return Answer(303, b"", (("location", location), ("cache-control", "no-store")))


def add_slash(path: str) -> Answer:
    return Answer(307, b"", (("location", path.rsplit("/", 1)[-1] + "/"), ("cache-control", "no-store")))


def _root(verb: str) -> str:
    """From a command's address to the page."""
    return "../" * verb.count("/") if "/" in verb else "./"


# --- the page -------------------------------------------------------------------------------------------


def chosen(names: Sequence[str], wanted: object, helpers: Collection[str]) -> str | None:
    """The home to show: the one that was asked for, or else the first that is no helper."""
    if isinstance(wanted, str) and wanted.strip().lower() in names:
        return wanted.strip().lower()
    return next((name for name in names if name not in helpers), names[0] if names else None)


def show(home: Home, now: datetime, reads: Iterable[Request], middle: dict[str, Any]) -> dict[str, Any]:
    """
    What the frame shows of one home.

    Args:
        reads: Plain reads of this process, which save nothing.
        middle: The brand's part.
    """
    lines = sorted([*home.requests, *reads], key=lambda line: line.at, reverse=True)[:_REQUESTS]
    return {
        **middle,
        "name": home.name,
        "now": moment(now),
        "faults": show_faults(home)["faults"],
        "requests": [
            {
                "at": moment(line.at),
                "method": line.method,
                "path": line.path,
                "status": line.status or "no answer",
                "fault": line.fault,
            }
            for line in lines
        ],
    }


def moment(at: datetime) -> str:
    """In UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def page(
    pages: Pages,
    names: Sequence[str],
    shown: dict[str, Any] | None,
    verb: str,
    said: str,
    mistake: Mistake | None,
) -> Answer:
    """
    Args:
        shown: None: there is no home yet.
        verb: The command's, if the page is its answer: then all addresses are as seen from there.
        said: What came of the last command, in the brand's word.
    """
    answer = pages.page(
        "status.html",
        200 if mistake is None else mistake.status,
        homes=list(names[:_HOMES]),
        more_homes=max(0, len(names) - _HOMES),
        home=shown,
        root=_root(verb) if verb else "./",
        place=PLACE,
        said=said,
        mistake="" if mistake is None else str(mistake),
    )
    return replace(answer, headers=(*answer.headers, _NO_FRAMES))
