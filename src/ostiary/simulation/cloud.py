"""
A simulated cloud as an ASGI application.

Ostiary's transport calls it in process for sandbox workspaces; `ostiary simulate` serves it over a
socket. Per request it loads one home, lets pass what was due, carries the request out on the state,
saves, and only then answers.
"""

import asyncio
from abc import abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from ostiary.domain.provider import HomeStore, ProviderHttp, Receive, Scope, Send
from ostiary.domain.secrets import Secret

from . import asgi, control, status
from .answers import Answer, Refusal, json_answer
from .calls import Call, Errand, Incoming, Match, Outcome, keep, note, serve_with_faults
from .clock import ShiftableClock
from .courier import Courier, Letter
from .faults import Faults
from .login import Logins
from .oauth import Client, OAuthServer
from .pages import Pages, home_name
from .registry import DECODED_MOST, Registry, always, never
from .state import REQUESTS_KEPT, H, NoSuchHome, Request, Token
from .tokens import home_of, new_token

CONTROL = "/_simulator"
_HANG_MOST = 300.0


class SimulatedCloud(Registry[H]):
    """
    One simulated cloud; a brand subclasses it. See `SimulatorType` for the arguments.

    Instances may share `homes`: nothing that counts lives in the instance. What does: the log of plain
    reads, which would otherwise turn every read into a write of the home.

    Attributes:
        home_type, faults, oauth, pages: What the brand has of these; class attributes.
        new_home: How a person describes a home to the control plane.
        commands: The control plane, by method and verb, `control.commands` included.
        helpers: Homes that a command does not mean when it names none.
        has_status_page: People may look at `/_simulator/`: the brand has `status`, `said` and a template.
        url: Under which address the application is reached, without trailing slash.
        courier: Delivers what homes have in their outbox; None: nobody does.
    """

    faults: Faults
    oauth: OAuthServer[H]
    pages: Pages
    commands: Mapping[tuple[str, str], control.Command[H]]
    new_home: type[control.NewHome] = control.NewHome
    helpers: Collection[str] = ()
    has_status_page: bool = False

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
        http: ProviderHttp | None = None,
    ) -> None:
        super().__init__(homes, clock)
        self.url = url.rstrip("/")
        self.client_id, self.client_secret = client_id, client_secret
        self.courier = None if http is None else Courier(http, self, clock)
        self._pace = pace
        self._reads: OrderedDict[str, deque[Request]] = OrderedDict()
        client = Client(client_id, client_secret, tuple(redirect_uris))
        self._logins = Logins(self, self.oauth, client, self.pages, self.faults, self.mint, self.extras)

    # --- what a brand says ------------------------------------------------------------------------------

    @abstractmethod
    def match(self, method: str, path: str) -> Match[H] | Answer:
        """The route for a request, or the answer for what is not served."""

    @abstractmethod
    def admit(self, call: Call[H], token: str, scopes: tuple[str, ...]) -> None:
        """
        Let a request in or not. One of the scopes is needed; what the token allows is in `call.access`.

        A plain read works on shared state that is not saved, so the home must be left alone here.

        Raises:
            Refusal: The token allows nothing, or not this.
        """

    @abstractmethod
    def bad_token(self, token: str) -> Answer:
        """The answer to a token that leads to no home, and to none at all, which is empty."""

    @abstractmethod
    def summary(self, home: H) -> dict[str, Any]:
        """A home in few words, `home` among them: what the list of homes shows."""

    async def errand(self, login: str, matched: Match[H]) -> Errand:
        """
        Where a request is carried out; by itself in the home to which its token leads.

        Asked once per request and before that home is loaded, so only what stays true, or may be a moment
        old, belongs into the answer.
        """
        return Errand(login)

    def mint(self, home: H, scopes: Sequence[str], now: datetime) -> str:
        """A new access token. The state keeps its digest, so it may be anything that `home_of` can read."""
        return new_token(home.name)

    def extras(self, home: H, scopes: Sequence[str], now: datetime) -> dict[str, Any]:
        """What the token endpoint answers with besides the usual, such as an `id_token`."""
        return {}

    def home_of(self, token: str) -> str | None:
        """The home to which an access token leads, whether or not it is worth anything there."""
        return home_of(token)

    def page(self, incoming: Incoming) -> Answer | None:
        """What anybody may see without a token; None for requests to the API."""
        if incoming.method == "GET" and incoming.path == "/":
            return self.pages.front(self.url, has_status_page=self.has_status_page)
        return None

    def hand_out(self, home: H) -> dict[str, Any]:
        """What whoever made a home through the control plane is told besides its summary."""
        return {}

    def writes(self, home: H) -> list[dict[str, Any]]:
        """Accepted writes, for tests that prove that nothing was written twice. Without PINs."""
        return []

    def status(self, home: H, now: datetime) -> dict[str, Any]:
        """What the brand's template `status_home.html` shows of a home. It must not change the home."""
        return {}

    def said(self, verb: str, result: dict[str, Any]) -> str:
        """What came of a command from the page: a word that `status_home.html` has a sentence for."""
        return ""

    def wakes_at(self, home: H) -> datetime | None:
        """When this home has something to tell although nobody asks; None: never."""
        return None

    # --- the courier's errands ----------------------------------------------------------------------------

    async def collect(self, name: str) -> Sequence[Letter]:
        """
        Take what is in a home's outbox. Whatever is taken is sent at most once.

        Raises:
            NoSuchHome: Nobody has entered it yet.
        """
        return ()

    async def delivered(self, name: str, letter: Letter, status: int | None, seconds: float) -> None:
        """How it went; `status` None: no answer."""

    async def pass_time(self, name: str) -> None:
        """Let happen what is due in a home, as its next request would."""
        await self.with_home(name, lambda home, now: None)

    def saved(self, home: H) -> None:
        if self.courier is not None:
            self.courier.note(home.name, has_post=bool(home.outbox), wakes_at=self.wakes_at(home))

    async def begin(self) -> None:
        """Take up what an earlier life has left to deliver. By itself when the server starts."""
        if self.courier is not None:
            for name in await self.homes.homes():
                await self.pass_time(name)

    async def close(self) -> None:
        """No delivery goes on after this. By itself when the server stops."""
        if self.courier is not None:
            await self.courier.close()

    # --- ASGI -------------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await asgi.serve_lifespan(receive, send, self.begin, self.close)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"The simulator speaks HTTP, not {scope['type']}.")
        body = await asgi.read_body(receive)
        if body is None:
            outcome = Outcome(Answer(413))
        else:
            outcome = await self._answer(asgi.read_request(scope, body, self.url))
        if outcome.hang > 0:
            await asyncio.sleep(min(outcome.hang, _HANG_MOST))
        if outcome.answer is None:
            await asgi.drop(send)
        else:
            await asgi.send_answer(send, outcome.answer)

    async def _answer(self, incoming: Incoming) -> Outcome:
        path = incoming.path
        if path == CONTROL or path.startswith(CONTROL + "/"):
            return Outcome(await self._steer(incoming))
        if path == self.oauth.authorize_path:
            return Outcome(await self._logins.authorize(incoming))
        if path == self.oauth.token_path:
            return await self._logins.token(incoming, self._pace)
        page = self.page(incoming)
        return await self._api(incoming) if page is None else Outcome(page)

    # --- the API ----------------------------------------------------------------------------------------

    async def _api(self, incoming: Incoming) -> Outcome:
        matched = self.match(incoming.method, incoming.path)
        if isinstance(matched, Answer):
            return Outcome(matched)
        token, route = incoming.bearer(), matched.route
        reads = incoming.method == "GET" and not route.changes
        login = self.home_of(token)
        if login is None:
            return Outcome(self.bad_token(token))
        errand = await self.errand(login, matched)
        held: Token | None = None

        def handle(call: Call[H]) -> Answer:
            try:
                self.admit(call, token, route.scopes)
                return route.handler(call)
            except Refusal as refused:
                return refused.answer

        def work(home: H, now: datetime) -> tuple[Outcome, Request | None]:
            pace = self._pace if home.pace is None else home.pace
            access = home.access(token, now) if home.name == login else held
            call = incoming.call(
                *(home, now, route.template, matched.ids, pace), login=login, access=access, news=errand.news
            )
            outcome = serve_with_faults(call, handle, self.faults)
            line = note(call, outcome)
            if reads and not call.struck:
                return outcome, line
            keep(home, line)
            return outcome, None

        def changes(home: H) -> bool:
            return not reads or bool(home.faults)

        try:
            if errand.home != login:
                held = await self.look(login, lambda home: home.access(token, self.clock()))
            outcome, line = await self.with_home(errand.home, work, changes=changes)
        except NoSuchHome:
            return Outcome(self.bad_token(token))
        if line is not None:
            self._note_read(errand.home, line)
        return outcome

    def _note_read(self, name: str, line: Request) -> None:
        self._reads.setdefault(name, deque(maxlen=REQUESTS_KEPT)).append(line)
        self._reads.move_to_end(name)
        if len(self._reads) > DECODED_MOST:
            self._reads.popitem(last=False)

    # --- control plane ----------------------------------------------------------------------------------

    async def _steer(self, incoming: Incoming) -> Answer:
        """Programs send JSON and are answered in JSON; people send forms and come back to the page."""
        verb, is_form = incoming.path.removeprefix(CONTROL).strip("/"), status.is_form(incoming)
        is_from_page = is_form and self.has_status_page and (incoming.method, verb) in self.commands
        fields: dict[str, Any] = {}
        try:
            if self.has_status_page and (incoming.method, verb) == ("GET", ""):
                return await self._status_page(incoming)
            fields = {**incoming.query, **control.read_body(incoming.body, is_form=is_form)}
            place = fields.pop(status.PLACE, "") if is_form else ""
            if incoming.method != "GET":
                status.check_sender(incoming)
            answer = await self._control(incoming.method, verb, dict(fields))
        except control.Mistake as mistake:
            if is_from_page:
                return await self._status_page(incoming, fields.get("home"), mistake)
            return json_answer({"error": str(mistake)}, mistake.status)
        if not is_from_page:
            return answer
        return status.back(verb, fields.get("home"), place, self.said(verb, msgspec.json.decode(answer.body)))

    async def _status_page(
        self, incoming: Incoming, name: str | None = None, mistake: control.Mistake | None = None
    ) -> Answer:
        if not incoming.path.endswith("/") and mistake is None:
            return status.add_slash(incoming.path)  # the page's forms go to what lies below it
        names = await self.homes.homes()
        asked_for = incoming.query.get("home") if name is None else name
        name = status.chosen(names, asked_for, self.helpers)
        reads, shown = list(self._reads.get(name or "", ())), None
        if name is not None:
            shown = await self.with_home(
                name, lambda home, now: status.show(home, now, reads, self.status(home, now)), changes=never
            )
        verb = incoming.path.removeprefix(CONTROL).strip("/")
        return status.page(self.pages, names, shown, verb, incoming.query.get("said", ""), mistake)

    async def _control(self, method: str, verb: str, fields: dict[str, Any]) -> Answer:
        if verb == "homes":
            return await self._control_homes(method, fields)
        if verb == "clock":
            return self._control_clock(method, fields)
        command = self.commands.get((method, verb))
        if command is None and (method, verb) != ("GET", "requests"):
            raise control.Mistake(f"The control plane has no {method} {CONTROL}/{verb}.", 404)
        name = await self._home_in(fields)
        try:
            if command is None:
                return json_answer(await self._requests(name))
            run, wanted = command.run, control.read(command.shape, fields)
            changes = always if command.changes else never
            return json_answer(
                await self.with_home(name, lambda home, now: run(home, wanted, now), changes=changes)
            )
        except NoSuchHome as error:
            raise control.Mistake(str(error), 404) from None

    async def _home_in(self, fields: dict[str, Any]) -> str:
        """The home that a command is about; may be left out when there is only one, helpers aside."""
        name = fields.get("home")
        if isinstance(name, str):
            return name.strip().lower()
        names = await self.homes.homes()
        meant = [name for name in names if name not in self.helpers] or names
        if len(meant) == 1:
            return meant[0]
        raise control.Mistake("Say which `home`: " + (", ".join(names) or "there is none yet") + ".")

    async def _requests(self, name: str) -> dict[str, Any]:
        reads = list(self._reads.get(name, ()))
        return await self.with_home(
            name, lambda home, now: control.requests(home, reads, self.writes(home)), changes=never
        )

    async def _control_homes(self, method: str, fields: dict[str, Any]) -> Answer:
        if method == "GET":
            names = await self.homes.homes()
            shown = [
                await self.with_home(name, lambda home, now: self.summary(home), changes=never)
                for name in names
            ]
            return json_answer({"homes": shown})
        if method != "POST":
            raise control.Mistake(f"The control plane has no {method} {CONTROL}/homes.", 404)
        wanted: control.NewHome = control.read(self.new_home, fields)
        name = home_name(wanted.home)
        if name is None:
            raise control.Mistake("A home is an address at example.com: with it a person logs in.")
        try:
            home = self.found(name, self.clock(), wanted)
        except ValueError as error:
            raise control.Mistake(str(error)) from None
        home.pace = wanted.pace
        handed_out = self.hand_out(home)
        if not await self.add(home):
            raise control.Mistake(f"The home {name} exists already.", 409)
        return json_answer({**self.summary(home), **handed_out}, 201)

    def _control_clock(self, method: str, fields: dict[str, Any]) -> Answer:
        clock = self.clock
        if method == "POST":
            if not isinstance(clock, ShiftableClock):
                raise control.Mistake("This simulator's clock belongs to somebody else.", 409)
            control.set_clock(clock, fields)
        elif method != "GET":
            raise control.Mistake(f"The control plane has no {method} {CONTROL}/clock.", 404)
        return json_answer(control.show_clock(clock))
