"""
Lists: the subset of OData that is known to be used (8.1). Anything else is 1102.

A filter compares top-level fields of what the list shows, joined by `and`:
`customer_reference eq 'X'`, `contains(customer_reference,'X')`, `online eq true`,
`utc_date_time ge DateTime'2026-01-01T00:00:00Z'`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ostiary.domain.instants import parse_instant
from ostiary.simulation.answers import Answer, json_answer

from .choices import NEXT_LINK_SCHEME, PAGE_DEFAULT, PAGE_MOST
from .refusals import bad_odata

Item = dict[str, Any]
Test = Callable[[Item], bool]

_OPTIONS = ("$filter", "$orderby", "$top", "$skip", "$inlinecount")
_STRING = r"'((?:[^']|'')*)'"
_COMPARISON = re.compile(r"(\w+)\s+(eq|ne|gt|ge|lt|le)\s+(.+)", re.DOTALL)
_CONTAINS = re.compile(rf"contains\(\s*(\w+)\s*,\s*{_STRING}\s*\)", re.DOTALL)
_TEXT = re.compile(_STRING, re.DOTALL)
_DATE_TIME = re.compile(r"(?:DateTime(?:Offset)?'([^']+)'|(\d{4}-\d\d-\d\dT[\d:.]+Z?))", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)")  # not inside a string

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: bool(left == right),
    "ne": lambda left, right: bool(left != right),
    "gt": lambda left, right: bool(left > right),
    "ge": lambda left, right: bool(left >= right),
    "lt": lambda left, right: bool(left < right),
    "le": lambda left, right: bool(left <= right),
}


def answer_list(items: Sequence[Item], query: Mapping[str, str], url: str) -> Answer:
    """
    One page of a list.

    Args:
        url: The full address of the list, without query.
    Raises:
        Refusal: 1102.
    """
    check_options(query, _OPTIONS)
    found = select(items, query)
    top, skip = read_top(query), read_number(query, "$skip", 0)
    page = found[skip : skip + top]
    counted = query.get("$inlinecount", "none")
    if counted not in ("none", "allpages"):
        raise bad_odata("The $inlinecount is not valid.")
    more = skip + top < len(found)
    return json_answer(
        {
            "items": page,
            "next_page_link": _next_link(url, query, skip + top) if more else None,
            "count": len(found) if counted == "allpages" else None,
        }
    )


def check_options(query: Mapping[str, str], known: Sequence[str]) -> None:
    for name in query:
        if name.startswith("$") and name not in known:
            raise bad_odata(f"The query option {name} is not supported.")


def select(items: Sequence[Item], query: Mapping[str, str]) -> list[Item]:
    """What passes `$filter`, in the order of `$orderby`. In an empty list every field may be asked for."""
    fields = items[0] if items else None
    is_wanted = read_filter(query["$filter"], fields) if "$filter" in query else None
    found = [item for item in items if is_wanted is None or is_wanted(item)]
    if "$orderby" in query:
        name, backwards = read_order(query["$orderby"], fields)
        found.sort(key=lambda item: _sortable(item[name]), reverse=backwards)
    return found


def read_top(query: Mapping[str, str]) -> int:
    top = read_number(query, "$top", PAGE_DEFAULT)
    if not 0 < top <= PAGE_MOST:
        raise bad_odata(f"The value of $top is not between 1 and {PAGE_MOST}.")
    return top


def read_number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"\d{1,9}", value):
        raise bad_odata(f"The value of {name} is not valid.")
    return int(value)


def _next_link(url: str, query: Mapping[str, str], skip: int) -> str:
    """Absolute, and with the scheme that the servers behind the proxy believe in (8.1)."""
    address = urlsplit(url)._replace(scheme=NEXT_LINK_SCHEME).geturl()
    return f"{address}?{urlencode({**query, '$skip': str(skip)}, safe='$', quote_via=quote)}"


# --- order ----------------------------------------------------------------------------------------------


def read_order(expression: str, fields: Item | None) -> tuple[str, bool]:
    """The field, and whether the order is descending."""
    match = re.fullmatch(r"\s*(\w+)(?:\s+(asc|desc))?\s*", expression)
    if match is None:
        raise bad_odata("The $orderby expression is not valid.")
    return _known(match[1], fields), match[2] == "desc"


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, "" if value is None or isinstance(value, (dict, list)) else value)


# --- filter ---------------------------------------------------------------------------------------------


def read_filter(expression: str, fields: Item | None) -> Test:
    """
    Args:
        fields: Any one item, for the names that there are.
    """
    tests = [_read_term(term.strip(), fields) for term in _AND.split(expression)]
    return lambda item: all(test(item) for test in tests)


def _read_term(term: str, fields: Item | None) -> Test:
    match = _CONTAINS.fullmatch(term)
    if match is not None:
        name, part = _known(match[1], fields), match[2].replace("''", "'")
        return lambda item: isinstance(item[name], str) and part in item[name]
    match = _COMPARISON.fullmatch(term)
    if match is None:
        raise bad_odata("The $filter expression is not valid.")
    return _compare(_known(match[1], fields), match[2], _read_literal(match[3].strip()))


def _known(name: str, fields: Item | None) -> str:
    if fields is not None and (name not in fields or isinstance(fields[name], (dict, list))):
        raise bad_odata(f"Could not find a property named '{name}'.")
    return name


def _compare(name: str, operator: str, wanted: Any) -> Test:
    compare = _COMPARE[operator]

    def test(item: Item) -> bool:
        value = item[name]
        if isinstance(wanted, datetime) and isinstance(value, str):
            value = parse_instant(value)
        if operator in ("eq", "ne"):
            return compare(value, wanted)
        if value is None or type(value) is not type(wanted):
            return False
        return compare(value, wanted)

    return test


def _read_literal(literal: str) -> str | bool | int | datetime | None:
    if (match := _TEXT.fullmatch(literal)) is not None:
        return match[1].replace("''", "'")
    if (match := _DATE_TIME.fullmatch(literal)) is not None:
        try:
            return parse_instant(match[1] or match[2]).astimezone(UTC)
        except ValueError:
            raise bad_odata("The $filter has a date that does not exist.") from None
    if literal in ("true", "false"):
        return literal == "true"
    if literal == "null":
        return None
    if re.fullmatch(r"-?\d{1,18}", literal):
        return int(literal)
    raise bad_odata("The $filter has a literal that is not valid.")
