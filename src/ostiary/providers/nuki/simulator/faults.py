"""Trouble on demand: which fault strikes which request, and what the client then sees."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from .refusals import Answer, bad_token, busy, html_error
from .state import Fault, Home

# Strike before the request is carried out; the client gets an answer.
REFUSALS = ("http_429", "http_503", "http_500_html", "http_401", "busy")
# Strike a whole request.
GATES = (*REFUSALS, "drop_answer_before", "drop_answer", "hang")
# Strike what an accepted write sets off.
JOBS = ("lost", "late")
# Happens once, when it is asked for.
AT_ONCE = ("login_rejected",)
FAULTS = (*GATES, *JOBS, *AT_ONCE)

_PLACEHOLDER = re.compile(r"\{[^}]*\}")


def strike(home: Home, names: Iterable[str], method: str, route: str, path: str) -> Fault | None:
    """
    The first fault that hits this request, with one of its times used up.

    Without a route a fault hits the API, not the token endpoint: a test that wants the next call of
    the API to fail must not have a refresh in between eat its fault.
    """
    for fault in home.faults:
        if fault.fault not in names or not _matches(fault, method, route, path):
            continue
        if fault.probability < 1.0 and home.chance().random() >= fault.probability:
            continue
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                home.faults.remove(fault)
        return fault
    return None


def _matches(fault: Fault, method: str, route: str, path: str) -> bool:
    if fault.method is not None and fault.method.upper() != method:
        return False
    if fault.route is None:
        return not route.startswith("/oauth/")
    wanted = _PLACEHOLDER.sub("{}", fault.route)
    return wanted == _PLACEHOLDER.sub("{}", route) or fnmatchcase(path, fault.route)


def refusal(fault: Fault) -> Answer:
    """The answer that a fault of `REFUSALS` gives."""
    if fault.fault == "http_429":
        return html_error(429, "Too Many Requests", ("retry-after", str(max(1, round(fault.seconds)))))
    if fault.fault == "http_503":
        return html_error(503, "Service Temporarily Unavailable")
    if fault.fault == "http_500_html":
        return html_error(500, "Internal Server Error")
    if fault.fault == "http_401":
        return bad_token().answer
    return busy().answer
