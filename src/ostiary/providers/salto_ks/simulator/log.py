"""
The site's log: entries and incidents (7.1 to 7.3), with paging by token (7.2).

A token is a JSON array in a string, to be sent back unchanged in a header. A page may be empty although
there are more: the cloud has then looked through lines that were not asked for.
"""

import base64
import csv
import hashlib
import io
from typing import Any

import msgspec

from ostiary.simulation.answers import Answer, json_answer

from . import odata, views
from .bodies import query_instant
from .choices import EMPTY_PAGES, EVENTS_TTL
from .refusals import invalid, missing
from .visits import Call, Visit, manage
from .world import Entry

_OPTIONS = ("$filter", "$orderby", "$top")  # no $skip, no $inlinecount
TOKEN_HEADER = "clp-continuation-token"  # noqa: S105 - a name


def list_entries(call: Call) -> Answer:
    return _page(call, manage(call), is_incident=False)


def list_incidents(call: Call) -> Answer:
    return _page(call, manage(call), is_incident=True)


def _page(call: Call, visit: Visit, *, is_incident: bool) -> Answer:
    """Newest first, unless asked otherwise."""
    odata.check_options(call.query, _OPTIONS)
    top = odata.read_top(call.query)
    lines = [views.entry(entry) for entry in reversed(_visible(call, visit, is_incident))]
    lines = odata.select(lines, call.query)
    mark = _fingerprint(call)
    start, was_empty = _read_token(call, mark, lines)
    if start > 0 and not was_empty and _is_empty_page(call, start):
        return _answer([], _token(mark, lines[start - 1]["id"], is_empty=True))
    page = lines[start : start + top]
    is_last = start + top >= len(lines)
    return _answer(page, None if is_last else _token(mark, page[-1]["id"], is_empty=False))


def _visible(call: Call, visit: Visit, is_incident: bool) -> list[Entry]:
    """What has reached the cloud and is not too old."""
    return [
        entry
        for entry in visit.site.entries
        if entry.is_incident == is_incident
        and entry.listed_at is not None
        and entry.listed_at <= call.now < entry.at + EVENTS_TTL
    ]


def _is_empty_page(call: Call, start: int) -> bool:
    """Chance without drawing from the home's, since a read must not change the home."""
    digest = hashlib.sha256(f"{call.home.seed}/page/{call.path}/{start}".encode()).digest()
    return digest[0] < 256 * EMPTY_PAGES


def _answer(items: list[odata.Item], token: str | None) -> Answer:
    return json_answer({"items": items, "continuation_token": token})


# --- tokens ---------------------------------------------------------------------------------------------


def _fingerprint(call: Call) -> str:
    """What a token is bound to: the list, and what was asked of it."""
    asked = [call.path, *(call.query.get(name, "") for name in ("$filter", "$orderby"))]
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()[:16]


def _token(mark: str, last_id: str, *, is_empty: bool) -> str:
    place = base64.b64encode(f"{mark}/{last_id}/{int(is_empty)}".encode()).decode()
    return msgspec.json.encode([{"token": place, "range": {"min": "", "max": "FF"}}]).decode()


def _read_token(call: Call, mark: str, lines: list[odata.Item]) -> tuple[int, bool]:
    """Where to go on, and whether the page before was an empty one."""
    text = call.headers.get(TOKEN_HEADER)
    if text is None:
        return 0, False
    try:
        parts: list[dict[str, Any]] = msgspec.json.decode(text, type=list[dict[str, Any]])
        held, last_id, was_empty = base64.b64decode(parts[0]["token"], validate=True).decode().split("/")
    except (msgspec.DecodeError, KeyError, IndexError, TypeError, ValueError):
        raise invalid("The continuation token is not valid.") from None
    places = [place for place, line in enumerate(lines) if line["id"] == last_id]
    if held != mark or not places:
        raise invalid("The continuation token is not valid.")
    return places[0] + 1, was_empty == "1"


# --- export ---------------------------------------------------------------------------------------------


def export_entries(call: Call) -> Answer:
    """The same lines as CSV. The vendor's columns are not known: these are the fields of an entry."""
    visit = manage(call)
    begin, end = query_instant(call.query, "from_date"), query_instant(call.query, "to_date")
    if begin is None or end is None:
        raise missing("from_date" if begin is None else "to_date")
    lines = [views.entry(entry) for entry in _visible(call, visit, False) if begin <= entry.at <= end]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(lines[0]) if lines else ["id"])
    writer.writeheader()
    writer.writerows(lines)
    name = call.query.get("export_file_name") or "entries"
    disposition = f'attachment; filename="{_plain(name)}.csv"'
    headers = (("content-type", "text/csv"), ("content-disposition", disposition))
    return Answer(200, file.getvalue().encode(), headers)


def _plain(name: str) -> str:
    return "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter in "-_."))
