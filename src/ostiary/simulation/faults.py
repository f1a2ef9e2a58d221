"""Trouble on demand: which fault strikes which request, and what the client then sees."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .answers import Answer, html_error
from .state import Fault, Home

# Strike a whole request and are no answer: the connection breaks before or after the work, or waits.
GATES = ("drop_answer_before", "drop_answer", "hang_before", "hang")
# Happens once, when it is asked for: every login of the home is void.
LOGIN_REJECTED = "login_rejected"

# The answers of a proxy in front of the vendor's API, to be taken over by brands that have one.
FROM_A_PROXY: Mapping[str, Callable[[Fault], Answer]] = {
    "http_429": lambda fault: html_error(429, "Too Many Requests", retry_after(fault)),
    "http_503": lambda fault: html_error(503, "Service Temporarily Unavailable"),
    "http_500_html": lambda fault: html_error(500, "Internal Server Error"),
}

_PLACEHOLDER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Faults:
    """
    The faults that a brand knows; iterates over their names.

    Attributes:
        refusals: Faults that strike before the request is carried out, with the answer to each.
            `http_429`, `http_503` and `http_401` are expected of every brand.
        jobs: Faults that strike what an accepted write sets off. The brand's handlers look for them with
            `Call.strike`.
    """

    refusals: Mapping[str, Callable[[Fault], Answer]]
    jobs: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        return iter((*self.gates, *self.jobs, LOGIN_REJECTED))

    @property
    def gates(self) -> tuple[str, ...]:
        """What may strike a whole request."""
        return (*self.refusals, *GATES)


def retry_after(fault: Fault) -> tuple[str, str]:
    """The header; whole seconds, 1 at the least."""
    return ("retry-after", str(max(1, round(fault.seconds))))


def strike(
    home: Home, names: Iterable[str], method: str, route: str, path: str, *, is_login: bool = False
) -> Fault | None:
    """
    The first fault that hits this request, with one of its times used up.

    Without a route a fault hits the API, not the token endpoint: a test that wants the next call of
    the API to fail must not have a refresh in between eat its fault.
    """
    for fault in home.faults:
        if fault.fault not in names or not _matches(fault, method, route, path, is_login):
            continue
        if fault.probability < 1.0 and home.chance().random() >= fault.probability:
            continue
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                home.faults.remove(fault)
        return fault
    return None


def _matches(fault: Fault, method: str, route: str, path: str, is_login: bool) -> bool:
    if fault.method is not None and fault.method.upper() != method:
        return False
    if fault.route is None:
        return not is_login
    wanted = _PLACEHOLDER.sub("{}", fault.route)
    return wanted == _PLACEHOLDER.sub("{}", route) or fnmatchcase(path, fault.route)
