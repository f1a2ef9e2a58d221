"""
What the control plane has for Nuki alone, put together.

Pure, like the rest: `SimulatedCloud` finds the home, loads and saves it. What is shown is in `looking.py`,
what people do at the door in `doorstep.py`, what befalls a device in `condition.py`, what the owner does in
the app in `owner.py`.
"""

from datetime import datetime
from typing import Any

from ostiary.simulation import control
from ostiary.simulation.control import Command, Fields, Mistake, Nothing

from . import condition, config, doorstep, invites, looking, oauth, owner, webhooks
from .faults import FAULTS
from .founding import DeviceSketch
from .state import Home


class NewHome(control.NewHome):
    """`devices` None: those that everybody gets."""

    devices: list[DeviceSketch] | None = None


class ApiToken(Fields):
    """`scopes` None: all that a token can have."""

    scopes: list[str] | None = None


def api_token(home: Home, command: ApiToken, now: datetime) -> dict[str, Any]:
    scopes = oauth.API_TOKEN_SCOPES if command.scopes is None else tuple(command.scopes)
    strange = sorted(set(scopes) - set(oauth.API_TOKEN_SCOPES))
    if strange:
        raise Mistake(f"An API token cannot have: {', '.join(strange)}.")
    return {"home": home.name, "api_token": oauth.issue_api_token(home, scopes)}


COMMANDS: dict[tuple[str, str], Command[Home]] = {
    **control.commands(FAULTS),
    ("GET", "truth"): Command(Nothing, looking.truth, False),
    ("GET", "cloud"): Command(Nothing, looking.cloud_side, False),
    **doorstep.COMMANDS,
    **condition.COMMANDS,
    **owner.COMMANDS,
    ("POST", "owner/admin_pin"): Command(config.OwnerPin, config.change_pin_in_app, True),
    **webhooks.COMMANDS,
    ("POST", "api_token"): Command(ApiToken, api_token, True),
    ("GET", "inbox"): Command(Nothing, invites.inbox, False),
    ("POST", "redeem"): Command(invites.Redeem, invites.redeem, True),
    ("POST", "use_key"): Command(invites.UseKey, invites.use_key, True),
}
