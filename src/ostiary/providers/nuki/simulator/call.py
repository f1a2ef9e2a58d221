"""One request to the API, as the handlers see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from . import faults
from .refusals import not_yours, unknown
from .state import Device, Fault, Home


@dataclass(slots=True)
class Call:
    """
    Attributes:
        route: The template of the path, such as `/smartlock/{smartlockId}`.
        ids: What stands in the path for the template's placeholders.
        pace: Factor on delays.
        struck: Faults that this request has met.
    """

    home: Home
    now: datetime
    method: str
    path: str
    route: str
    ids: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    pace: float
    struck: list[Fault] = field(default_factory=list)

    def strike(self, *names: str) -> Fault | None:
        fault = faults.strike(self.home, names, self.method, self.route, self.path)
        if fault is not None:
            self.struck.append(fault)
        return fault

    def device(self, *, foreign_is_unknown: bool = False) -> Device:
        """
        The device that the path names.

        A foreign one is 404 on reads and actions and 403 elsewhere (4.7, quirks 14 and 15).
        """
        text = self.ids["smartlockId"]
        device = self.home.device(int(text)) if text.isascii() and text.isdigit() and len(text) < 20 else None
        if device is None:
            raise unknown() if foreign_is_unknown else not_yours()
        return device
