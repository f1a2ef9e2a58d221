"""One request as the handlers see it: how it finds its handler, meets its faults and is written down."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic

from . import faults
from .answers import Answer
from .state import REQUESTS_KEPT, Count, Fault, H, Home, Request, Token


@dataclass(frozen=True, slots=True)
class Incoming:
    """
    A request as it came in, before it is known which home it is about.

    Attributes:
        url: Under which address the application is reached, without trailing slash. With `path` the
            request's own address, for answers that say where to go on.
        path: Below `url`, decoded.
        query: Of a name that comes twice, the last.
        headers: By their names in lower case.
    """

    method: str
    url: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def bearer(self) -> str:
        """The access token; empty if there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def call(
        self,
        home: H,
        now: datetime,
        route: str,
        ids: Mapping[str, str],
        pace: float,
        *,
        is_login: bool = False,
        login: str = "",
        access: Token | None = None,
        news: Any = None,
    ) -> "Call[H]":
        """This request in that home."""
        return Call(
            home=home,
            now=now,
            method=self.method,
            url=self.url,
            path=self.path,
            route=route,
            ids=ids,
            query=self.query,
            headers=self.headers,
            body=self.body,
            pace=pace,
            is_login=is_login,
            login=login,
            access=access,
            news=news,
        )


@dataclass(frozen=True, slots=True)
class Errand:
    """
    Where a request to the API is carried out.

    Attributes:
        home: On whose state: its faults, log, counts and pace are met. Mostly the caller's own.
        news: What the handler has to know of other homes; the brand's own words.
    """

    home: str
    news: Any = None


@dataclass(slots=True)
class Call(Generic[H]):
    """
    A request in its home. What is not said here is as in `Incoming`.

    Attributes:
        route: The template of the path, such as `/homes/{home_id}`.
        ids: What stands in the path for the template's placeholders.
        pace: Factor on delays.
        is_login: It goes to the token endpoint and not to the API.
        login: The home to which the token leads, which may be another one; empty at the token endpoint.
        access: What the token allows, by that home; None: nothing.
        news: See `Errand`.
        struck: Faults that this request has met.
    """

    home: H
    now: datetime
    method: str
    url: str
    path: str
    route: str
    ids: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    pace: float
    is_login: bool = False
    login: str = ""
    access: Token | None = None
    news: Any = None
    struck: list[Fault] = field(default_factory=list)

    def strike(self, *names: str) -> Fault | None:
        """The first of these faults that waits for this request, with one of its times used up."""
        fault = faults.strike(self.home, names, self.method, self.route, self.path, is_login=self.is_login)
        if fault is not None:
            self.struck.append(fault)
        return fault


Handler = Callable[[Call[H]], Answer]


# --- finding the handler --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route(Generic[H]):
    """
    One operation of a brand's API.

    Attributes:
        template: The path, with `{names}` for whole segments.
        scopes: One of them is needed.
        changes: A `GET` that changes the home all the same. Any other works on shared state that is not
            saved, and must leave it alone; other methods may always change it.
    """

    method: str
    template: str
    scopes: tuple[str, ...]
    handler: Handler[H]
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Match(Generic[H]):
    """The route of a request, and what stands for its placeholders."""

    route: Route[H]
    ids: Mapping[str, str]


def match(routes: Iterable[Route[H]], method: str, path: str, words: Collection[str] = ()) -> Match[H] | None:
    """
    The first route that fits; None if none does.

    Args:
        words: Segments that never stand for a placeholder.
    """
    segments = _segments(path)
    for route in routes:
        if route.method == method:
            ids = _fit(_segments(route.template), segments, words)
            if ids is not None:
                return Match(route, ids)
    return None


def methods_at(routes: Iterable[Route[H]], path: str, words: Collection[str] = ()) -> tuple[str, ...]:
    """The methods that a path has; none for an unknown path. For the difference between 404 and 405."""
    segments = _segments(path)
    fitting = (route for route in routes if _fit(_segments(route.template), segments, words) is not None)
    return tuple(dict.fromkeys(route.method for route in fitting))


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _fit(template: list[str], segments: list[str], words: Collection[str]) -> dict[str, str] | None:
    if len(template) != len(segments):
        return None
    ids: dict[str, str] = {}
    for wanted, segment in zip(template, segments, strict=True):
        if wanted.startswith("{"):
            if not segment or segment in words:
                return None
            ids[wanted.strip("{}")] = segment
        elif wanted != segment:
            return None
    return ids


# --- carrying it out ------------------------------------------------------------------------------------


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


def serve_with_faults(call: Call[H], handler: Handler[H], known: faults.Faults) -> Outcome:
    """Carry out a request with the faults that it meets, and count it if it is a write."""
    gate = call.strike(*known.gates)
    name = gate.fault if gate else ""
    refuse = known.refusals.get(name)
    answer: Answer | None
    if gate is not None and refuse is not None:
        answer = refuse(gate)
    else:
        answer = None if name in ("drop_answer_before", "hang_before") else handler(call)
    if call.method != "GET":
        count = call.home.counts.setdefault(f"{call.method} {call.route}", Count())
        count.received += 1
        count.accepted += answer is not None and answer.status < 300
    if name == "drop_answer":
        answer = None
    return Outcome(answer, gate.seconds if gate and name in ("hang", "hang_before") else 0.0)


# --- the request log ------------------------------------------------------------------------------------


def note(call: Call[H], outcome: Outcome) -> Request:
    """The line for the request log."""
    struck = ",".join(fault.fault for fault in call.struck) or None
    status = outcome.answer.status if outcome.answer else 0
    return Request(at=call.now, method=call.method, path=call.path, status=status, fault=struck)


def keep(home: Home, line: Request) -> None:
    home.requests.append(line)
    del home.requests[:-REQUESTS_KEPT]
