"""The simulated Nuki cloud: what its API, its homes and its pages add to any simulated cloud."""

from datetime import datetime
from pathlib import Path
from typing import Any

from ostiary.simulation.answers import Answer
from ostiary.simulation.calls import Incoming, Match
from ostiary.simulation.cloud import SimulatedCloud
from ostiary.simulation.pages import Pages, home_name

from . import api, cloud, control, founding, looking, openers, status
from .call import Call
from .faults import FAULTS, befall
from .oauth import SERVER, issue_api_token
from .refusals import bad_token
from .state import Home


class Simulator(SimulatedCloud[Home]):
    """One simulated Nuki cloud. See `SimulatorType` for the arguments."""

    home_type = Home
    new_home = control.NewHome
    faults = FAULTS
    oauth = SERVER
    pages = Pages("Nuki", "Nuki Web", Path(__file__).parent / "templates")
    commands = control.COMMANDS
    has_status_page = True

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
        if wanted is None:
            return founding.found(name, now)
        return founding.found(name, now, wanted.devices, wanted.seed)

    def is_due(self, home: Home, now: datetime) -> bool:
        return cloud.is_due(home, now)

    def advance(self, home: Home, now: datetime) -> None:
        cloud.advance(home, now)

    def page(self, incoming: Incoming) -> Answer | None:
        return openers.without_token(incoming) or super().page(incoming)

    def match(self, method: str, path: str) -> Match[Home] | Answer:
        return api.match(method, path)

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
