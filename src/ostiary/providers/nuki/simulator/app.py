"""
The simulated Nuki cloud as an ASGI application.

Ostiary's transport calls it in process for sandbox workspaces; `ostiary simulate` serves it over a
socket. Per request it loads one home, lets pass what was due, carries the request out on the state,
saves, and only then answers. When a save loses a race it starts over with what the other one left.
"""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from ostiary.domain.provider import HomeStore, Receive, Scope, Send
from ostiary.domain.secrets import Secret
from ostiary.simulation import ShiftableClock

from . import api, control, pages
from .call import Call
from .cloud import advance, is_due
from .founding import NoSuchHome, found
from .login import Logins
from .oauth import Client, issue_api_token
from .refusals import Answer, bad_token, json_answer
from .state import REQUESTS_KEPT, Home, Request, decode, encode
from .tokens import home_of

_BODY_MOST = 1_000_000
_DECODED_MOST = 256  # homes kept in decoded form
_TRIES = 1000
_HANG_MOST = 300.0

T = TypeVar("T")


def _always(home: Home) -> bool:
    return True


def _never(home: Home) -> bool:
    return False


class ConnectionDropped(ConnectionAbortedError):
    """The simulated connection broke: the client gets no answer, whether or not the request was done."""


class Simulator:
    """
    One simulated cloud. See `SimulatorType` for the arguments.

    Instances may share `homes`: nothing that counts lives in the instance. What does: the log of plain
    reads, which would otherwise turn every read into a write of the home.
    """

    def __init__(
        self,
        homes: HomeStore,
        clock: Callable[[], datetime],
        *,
        url: str,
        client_id: str,
        client_secret: Secret,
        redirect_uris: Sequence[str] = (),
        pace: float = 1.0,
    ) -> None:
        self._homes = homes
        self._clock = clock
        self._url = url.rstrip("/")
        self._prefix = urlsplit(self._url).path
        self._pace = pace
        self._decoded: OrderedDict[str, tuple[bytes, Home]] = OrderedDict()
        self._reads: OrderedDict[str, deque[Request]] = OrderedDict()
        self._logins = Logins(Client(client_id, client_secret, tuple(redirect_uris)), self.with_home)

    async def issue_api_token(self, home_name: str) -> str:
        """
        A fresh API token, good for everything but webhooks, for a home that may not exist yet.

        Raises:
            ValueError: Nobody can log in with that address.
        """
        name = pages.home_name(home_name)
        if name is None:
            raise ValueError(f"A home is an address at example.com, not {home_name!r}.")
        return await self.with_home(name, lambda home, now: issue_api_token(home), creates=True)

    # --- state ------------------------------------------------------------------------------------------

    async def with_home(
        self,
        name: str,
        work: Callable[[Home, datetime], T],
        *,
        creates: bool = False,
        changes: Callable[[Home], bool] = _always,
    ) -> T:
        """
        Do `work` on the state of one home and save what came of it.

        Args:
            work: Free of I/O; called again from the start when another instance saved first.
            creates: Found the home if nobody has entered it yet.
            changes: Whether `work` may change this home; if not, the shared decoded state will do.
        Raises:
            NoSuchHome: Nobody has entered it yet.
        """
        for attempt in range(_TRIES):
            now = self._clock()
            state, version = await self._homes.load(name)
            if state is None:
                if not creates:
                    raise NoSuchHome(f"There is no home {name!r}.")
                home = found(name, now)
            else:
                home = self._peek(name, state)
                if not changes(home) and not is_due(home, now):
                    return work(home, now)
                del self._decoded[name]  # what is changed here must not be seen before it is saved
            advance(home, now)
            result = work(home, now)
            after = encode(home)
            if after == state or await self._homes.save(name, after, version):
                self._keep(name, after, home)
                return result
            await asyncio.sleep(random.uniform(0, 0.002 * min(attempt, 10)))  # noqa: S311
        raise RuntimeError(f"The home {name!r} is written to by too many at once.")

    def _peek(self, name: str, state: bytes) -> Home:
        """The decoded state, shared: only to be looked at, and not across an `await`."""
        known = self._decoded.get(name)
        if known is None or known[0] != state:
            self._keep(name, state, decode(state))
        else:
            self._decoded.move_to_end(name)
        return self._decoded[name][1]

    def _keep(self, name: str, state: bytes, home: Home) -> None:
        self._decoded[name] = (state, home)
        self._decoded.move_to_end(name)
        if len(self._decoded) > _DECODED_MOST:
            self._decoded.popitem(last=False)

    # --- ASGI -------------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"The simulator speaks HTTP, not {scope['type']}.")
        body = await _read_body(receive)
        if body is None:
            answer: Answer | None = Answer(413)
        else:
            answer = await self._answer(scope, body)
        if answer is None:
            await _drop(send)
            return
        await _send(send, answer)

    async def _answer(self, scope: Scope, body: bytes) -> Answer | None:
        method, path = scope["method"], self._path(scope)
        query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        if path == "/_simulator" or path.startswith("/_simulator/"):
            try:
                return await self._control(method, path.removeprefix("/_simulator").strip("/"), query, body)
            except control.Mistake as mistake:
                return json_answer({"error": str(mistake)}, mistake.status)
        if path == "/oauth/authorize":
            return await self._logins.authorize(method, query, body)
        if path == "/oauth/token":
            return await self._play(await self._logins.token(method, path, headers, body, self._pace))
        if path == "/" and method == "GET":
            return pages.front(self._url)
        return await self._play(await self._api(method, path, query, headers, body))

    def _path(self, scope: Scope) -> str:
        """The path below the place where the application is mounted."""
        path: str = scope["path"]
        for prefix in (scope.get("root_path", ""), self._prefix):
            if prefix and (path == prefix or path.startswith(prefix + "/")):
                return path[len(prefix) :] or "/"
        return path

    async def _play(self, outcome: api.Outcome) -> Answer | None:
        if outcome.hang > 0:
            await asyncio.sleep(min(outcome.hang, _HANG_MOST))
        return outcome.answer

    async def _api(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes
    ) -> api.Outcome:
        matched = api.match(method, path)
        if isinstance(matched, Answer):
            return api.Outcome(matched)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        name = home_of(token.strip()) if scheme.lower() == "bearer" else None
        if name is None:
            return api.Outcome(bad_token().answer)
        reads = method == "GET"
        route = matched.route

        def work(home: Home, now: datetime) -> tuple[api.Outcome, Request | None]:
            pace = self._pace if home.pace is None else home.pace
            call = Call(home, now, method, path, route.template, matched.ids, query, body, pace)
            outcome = api.serve(call, route.scopes, route.handler, token.strip())
            line = api.note(call, outcome)
            if reads and not call.struck:
                return outcome, line
            api.keep(home, line)
            return outcome, None

        def changes(home: Home) -> bool:
            return not reads or bool(home.faults)

        try:
            outcome, line = await self.with_home(name, work, changes=changes)
        except NoSuchHome:
            return api.Outcome(bad_token().answer)
        if line is not None:
            self._note_read(name, line)
        return outcome

    def _note_read(self, name: str, line: Request) -> None:
        self._reads.setdefault(name, deque(maxlen=REQUESTS_KEPT)).append(line)
        self._reads.move_to_end(name)
        if len(self._reads) > _DECODED_MOST:
            self._reads.popitem(last=False)

    # --- control plane ----------------------------------------------------------------------------------

    async def _control(self, method: str, verb: str, query: dict[str, str], body: bytes) -> Answer:
        fields = {**query, **_control_fields(body)}
        if verb == "homes":
            return await self._control_homes(method, fields)
        if verb == "clock":
            return self._control_clock(method, fields)
        command = control.COMMANDS.get((method, verb))
        if command is None and (method, verb) != ("GET", "requests"):
            raise control.Mistake(f"The control plane has no {method} /_simulator/{verb}.", 404)
        name = await self._home_of(fields)
        try:
            if command is None:
                reads = list(self._reads.get(name, ()))
                found = await self.with_home(
                    name, lambda home, now: control.requests(home, reads), changes=_never
                )
                return json_answer(found)
            wanted = control.read(command.shape, fields)
            return json_answer(
                await self.with_home(
                    name,
                    lambda home, now: command.run(home, wanted, now),
                    changes=_always if command.changes else _never,
                )
            )
        except NoSuchHome as error:
            raise control.Mistake(str(error), 404) from None

    async def _home_of(self, fields: dict[str, Any]) -> str:
        """The home that a command is about; may be left out when there is only one."""
        name = fields.get("home")
        if isinstance(name, str):
            return name.strip().lower()
        names = await self._homes.homes()
        if len(names) == 1:
            return names[0]
        raise control.Mistake("Say which `home`: " + (", ".join(names) or "there is none yet") + ".")

    async def _control_homes(self, method: str, fields: dict[str, Any]) -> Answer:
        if method == "GET":
            found_homes = [
                await self.with_home(name, lambda home, now: control.summary(home), changes=_never)
                for name in await self._homes.homes()
            ]
            return json_answer({"homes": found_homes})
        if method != "POST":
            raise control.Mistake(f"The control plane has no {method} /_simulator/homes.", 404)
        wanted: control.NewHome = control.read(control.NewHome, fields)
        name = pages.home_name(wanted.home)
        if name is None:
            raise control.Mistake("A home is an address at example.com: with it a person logs in.")
        try:
            home = found(name, self._clock(), wanted.devices, wanted.seed)
        except ValueError as error:
            raise control.Mistake(str(error)) from None
        home.pace = wanted.pace
        token = issue_api_token(home)
        if not await self._homes.save(name, encode(home), 0):
            raise control.Mistake(f"The home {name} exists already.", 409)
        return json_answer({**control.summary(home), "api_token": token}, 201)

    def _control_clock(self, method: str, fields: dict[str, Any]) -> Answer:
        clock = self._clock
        if method == "POST":
            if not isinstance(clock, ShiftableClock):
                raise control.Mistake("This simulator's clock belongs to somebody else.", 409)
            control.set_clock(clock, fields)
        elif method != "GET":
            raise control.Mistake(f"The control plane has no {method} /_simulator/clock.", 404)
        return json_answer(control.show_clock(clock))


def _control_fields(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise control.Mistake(f"The body is not a JSON object: {error}") from None


# --- ASGI mechanics -------------------------------------------------------------------------------------


async def _read_body(receive: Receive) -> bytes | None:
    """None: more than anybody would send to this API."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > _BODY_MOST:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _send(send: Send, answer: Answer) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _drop(send: Send) -> None:
    """
    Break the connection without a byte.

    ASGI has no word for that, and a server that meets an exception answers 500. uvicorn's `send` is
    bound to an object that knows its `transport`, so under uvicorn that is cut, and its handling of a
    lost connection does the rest. Everywhere else, above all in process, the exception says it.
    """
    exchange = getattr(send, "__self__", None)
    transport = getattr(exchange, "transport", None)
    if transport is None:
        raise ConnectionDropped("The simulated connection broke.")
    transport.abort()
    for _ in range(100):  # until uvicorn has noticed; it would answer to a connection that it thinks alive
        if getattr(exchange, "disconnected", True):
            break
        await asyncio.sleep(0)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
