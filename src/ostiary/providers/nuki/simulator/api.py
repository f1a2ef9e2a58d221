"""The vendor's API as a table of routes, and how one request goes through it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from . import auths, devices
from .call import Call
from .faults import GATES, REFUSALS, refusal
from .refusals import Answer, Refusal, bad_token, missing_scope, not_served, unknown, wrong_method
from .state import REQUESTS_KEPT, Count, Home, Request
from .tokens import digest

Handler = Callable[[Call], Answer]

_VIEW = ("smartlock", "smartlock.readOnly")  # either is enough (1.3)
_MANAGE, _ACT, _AUTH, _LOG = ("smartlock",), ("smartlock.action",), ("smartlock.auth",), ("smartlock.log",)


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    template: str
    scopes: tuple[str, ...]
    handler: Handler


ROUTES = (
    Route("GET", "/account", ("account",), devices.account),
    Route("GET", "/smartlock", _VIEW, devices.list_smartlocks),
    Route("GET", "/smartlock/auth", _AUTH, auths.list_all_auths),
    Route("PUT", "/smartlock/auth", _AUTH, auths.create_auths),
    Route("POST", "/smartlock/auth", _AUTH, auths.update_auths),
    Route("DELETE", "/smartlock/auth", _AUTH, auths.delete_auths),
    Route("GET", "/smartlock/log", _LOG, devices.account_log),
    Route("GET", "/smartlock/{smartlockId}", _VIEW, devices.get_smartlock),
    Route("POST", "/smartlock/{smartlockId}", _MANAGE, devices.update_smartlock),
    Route("DELETE", "/smartlock/{smartlockId}", _MANAGE, devices.delete_smartlock),
    Route("POST", "/smartlock/{smartlockId}/action", _ACT, devices.action),
    Route("POST", "/smartlock/{smartlockId}/action/lock", _ACT, devices.lock),
    Route("POST", "/smartlock/{smartlockId}/action/unlock", _ACT, devices.unlock),
    Route("POST", "/smartlock/{smartlockId}/sync", _ACT, devices.sync),
    Route("PUT", "/smartlock/{smartlockId}/sync", _ACT, devices.sync),  # sources differ (7.1)
    Route("GET", "/smartlock/{smartlockId}/auth", _AUTH, auths.list_auths),
    Route("PUT", "/smartlock/{smartlockId}/auth", _AUTH, auths.create_auth),
    Route("GET", "/smartlock/{smartlockId}/auth/{authId}", _AUTH, auths.get_auth),
    Route("POST", "/smartlock/{smartlockId}/auth/{authId}", _AUTH, auths.update_auth),
    Route("DELETE", "/smartlock/{smartlockId}/auth/{authId}", _AUTH, auths.delete_auth),
    Route("GET", "/smartlock/{smartlockId}/log", _LOG, devices.device_log),
)

# First segments of everything else that the vendor offers (13).
_VENDOR_PATHS = (
    *("account", "address", "api", "bulk-web-config", "company", "notification", "opener"),
    *("service", "smartlock", "static"),
)
_METHODS = ("GET", "PUT", "POST", "DELETE")
# Segments below `/smartlock` that are no device.
_WORDS = ("auth", "log")


@dataclass(frozen=True, slots=True)
class Match:
    route: Route
    ids: Mapping[str, str]


def match(method: str, path: str) -> Match | Answer:
    """The route for a request, or the answer for what is not served."""
    segments = path.strip("/").split("/")
    for route in ROUTES:
        if route.method == method:
            ids = _fit(route.template.strip("/").split("/"), segments)
            if ids is not None:
                return Match(route, ids)
    if segments[0] not in _VENDOR_PATHS:
        return unknown().answer
    return not_served(method, path) if method in _METHODS else wrong_method().answer


def _fit(template: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(template) != len(segments):
        return None
    ids: dict[str, str] = {}
    for wanted, segment in zip(template, segments, strict=True):
        if wanted.startswith("{"):
            if not segment or segment in _WORDS:
                return None
            ids[wanted.strip("{}")] = segment
        elif wanted != segment:
            return None
    return ids


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What becomes of a request.

    Attributes:
        answer: None: the connection breaks without one.
        hang: Seconds of real time before the answer.
    """

    answer: Answer | None
    hang: float = 0.0


def serve(call: Call, scopes: tuple[str, ...], handler: Handler, token: str) -> Outcome:
    """Carry out one request of the API, with the faults that it meets."""

    def checked(call: Call) -> Answer:
        try:
            check_token(call.home, token, scopes, call.now)
            return handler(call)
        except Refusal as refused:
            return refused.answer

    return serve_with_faults(call, checked)


def serve_with_faults(call: Call, handler: Handler) -> Outcome:
    """Carry out a request that needs no access token, with the faults that it meets."""
    gate = call.strike(*GATES)
    name = gate.fault if gate else None
    answer: Answer | None
    if gate is not None and name in REFUSALS:
        answer = refusal(gate)
    else:
        answer = None if name == "drop_answer_before" else handler(call)
    if call.method != "GET":
        count = call.home.counts.setdefault(f"{call.method} {call.route}", Count())
        count.received += 1
        count.accepted += answer is not None and answer.status < 300
    if name == "drop_answer":
        answer = None
    return Outcome(answer, gate.seconds if gate is not None and name == "hang" else 0.0)


def check_token(home: Home, token: str, scopes: tuple[str, ...], now: datetime) -> None:
    held = home.tokens.get(digest(token))
    if held is None or held.kind == "refresh" or (held.expires_at is not None and held.expires_at <= now):
        raise bad_token()
    if not any(scope in held.scopes for scope in scopes):
        raise missing_scope(scopes)


def note(call: Call, outcome: Outcome) -> Request:
    """The line for the request log."""
    struck = ",".join(fault.fault for fault in call.struck) or None
    status = outcome.answer.status if outcome.answer else 0
    return Request(at=call.now, method=call.method, path=call.path, status=status, fault=struck)


def keep(home: Home, line: Request) -> None:
    home.requests.append(line)
    del home.requests[:-REQUESTS_KEPT]
