"""The simulated Nuki cloud: what its API, its homes and its pages add to any simulated cloud."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from ostiary.domain.provider import ObservedCode
from ostiary.domain.secrets import Secret
from ostiary.simulation.answers import Answer
from ostiary.simulation.calls import Errand, Incoming, Match
from ostiary.simulation.cloud import SimulatedCloud
from ostiary.simulation.courier import Letter
from ostiary.simulation.pages import Pages, home_name
from ostiary.simulation.registry import never
from ostiary.simulation.state import NoSuchHome

from . import api, cloud, control, founding, hooks, looking, openers, owner, status, webhooks
from .account_state import ApiKey
from .call import Call
from .faults import FAULTS, befall
from .founding import DEVELOPER
from .oauth import SERVER, issue_api_token
from .refusals import bad_token
from .state import Home, Integration, Sent
from .webhooks import News

T = TypeVar("T")


class Simulator(SimulatedCloud[Home]):
    """One simulated Nuki cloud. See `SimulatorType` for the arguments."""

    home_type = Home
    new_home = control.NewHome
    faults = FAULTS
    oauth = SERVER
    pages = Pages("Nuki", "Nuki Web", Path(__file__).parent / "templates")
    commands = control.COMMANDS
    has_status_page = True
    helpers = (DEVELOPER,)

    async def issue_api_token(self, email: str) -> str:
        """
        A fresh API token, good for everything but webhooks, for a home that may not exist yet.

        Raises:
            ValueError: Nobody can log in with that address.
        """
        name = home_name(email)
        if name is None:
            raise ValueError(f"A home is an address at example.com, not {email!r}.")
        return await self.with_home(name, lambda home, now: issue_api_token(home), creates=True)

    def found(self, name: str, now: datetime, wanted: Any = None) -> Home:
        sketches, seed = (None, None) if wanted is None else (wanted.devices, wanted.seed)
        home = founding.found(name, now, sketches, seed)
        if name == DEVELOPER:
            home.keys.append(ApiKey(self.api_key_id, self.client_id, now, "The client of this simulator"))
        return home

    def is_due(self, home: Home, now: datetime) -> bool:
        return cloud.is_due(home, now)

    def advance(self, home: Home, now: datetime) -> None:
        cloud.advance(home, now)

    def page(self, incoming: Incoming) -> Answer | None:
        return openers.without_token(incoming) or super().page(incoming)

    def match(self, method: str, path: str) -> Match[Home] | Answer:
        return api.match(method, path)

    @property
    def api_key_id(self) -> int:
        """Of the one registered client; the same for the same `client_id`."""
        return webhooks.key_id(self.client_id)

    async def errand(self, login: str, matched: Match[Home]) -> Errand:
        """
        What is about the client's access to the Advanced API is carried out in its developer's home, and some
        of the rest has to know how that stands.
        """
        template = matched.route.template
        if template.startswith(webhooks.ADVANCED_KEY):
            await self.with_home(DEVELOPER, lambda home, now: None, creates=True, changes=never)
            return Errand(DEVELOPER, News(self.api_key_id, self.client_secret))
        if template == webhooks.LOGS:
            lines = [line for name in await self.homes.homes() for line in await self.look(name, _sent)]
            return Errand(login, News(self.api_key_id, self.client_secret, lines=lines))
        if template.startswith(webhooks.DECENTRAL) or template.endswith("/advanced"):
            return Errand(login, News(self.api_key_id, self.client_secret, await self._integration()))
        return Errand(login)

    async def _integration(self) -> Integration:
        """As it was saved last; untouched, as long as nobody has changed anything."""
        try:
            return await self.look(DEVELOPER, lambda home: webhooks.integration_of(home, home.created_at))
        except NoSuchHome:
            return Integration(created_at=self.clock(), updated_at=self.clock())

    # --- webhooks -------------------------------------------------------------------------------------------

    def carry_out(self, home: Home, now: datetime, work: Callable[[Home, datetime], T]) -> T:
        seen = hooks.look(home)
        result = work(home, now)
        hooks.tell(home, seen, now)
        if self.courier is None:
            hooks.leave_unsent(home, now)
        return result

    def wakes_at(self, home: Home) -> datetime | None:
        return cloud.next_event_at(home) if hooks.is_wanted(home) else None

    async def collect(self, name: str) -> Sequence[Letter]:
        integration = await self._integration()

        def take(home: Home, now: datetime) -> list[Letter]:
            return webhooks.letters(home, integration, self.client_secret, now)

        return await self.with_home(name, take)

    async def delivered(self, name: str, letter: Letter, status: int | None, seconds: float) -> None:
        await self.with_home(
            name, lambda home, now: webhooks.note_outcome(home, letter.id, status, seconds, now)
        )
        await self.with_home(
            DEVELOPER, lambda home, now: webhooks.count_outcome(home, status, now), creates=True
        )

    # --- codes of others ------------------------------------------------------------------------------------

    def code_of_others(
        self,
        state: bytes,
        vendor_account_id: str,
        vendor_device_id: str,
        name: str,
        code: Secret,
        now: datetime,
    ) -> tuple[bytes, ObservedCode] | None:
        """Made in the app, with a phone that tells the cloud at once."""

        def work(home: Home, now: datetime) -> ObservedCode | None:
            device = home.device(int(vendor_device_id))
            if str(home.account_id) != vendor_account_id or device is None:
                return None
            auth = owner.code_for(home, device, name, code.reveal(), now)
            return ObservedCode(vendor_code_id=auth.id, name=auth.name, code=code)

        return self.worked_on(state, now, work)

    def admit(self, call: Call, token: str, scopes: tuple[str, ...]) -> None:
        api.check_token(call, token, scopes)
        befall(call)

    def bad_token(self, token: str) -> Answer:
        return bad_token().answer

    def summary(self, home: Home) -> dict[str, Any]:
        return looking.summary(home)

    def hand_out(self, home: Home) -> dict[str, Any]:
        return {"api_token": issue_api_token(home)}

    def writes(self, home: Home) -> list[dict[str, Any]]:
        return looking.writes(home)

    def status(self, home: Home, now: datetime) -> dict[str, Any]:
        return status.show(home, now)

    def said(self, verb: str, result: dict[str, Any]) -> str:
        return status.said(verb, result)


def _sent(home: Home) -> list[tuple[int, Sent]]:
    """The lines of the webhook log of one home, each with its account."""
    return [(home.account_id, line) for line in home.sent]
