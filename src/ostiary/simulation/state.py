"""
What every simulated cloud remembers of a home: who is logged in, which faults wait, who asked for what.

A brand adds its devices and its work by subclassing `Home`, which is saved as one blob.
"""

import random
from datetime import datetime
from typing import Literal, TypeVar

import msgspec

from .tokens import digest

REQUESTS_KEPT = 500


class NoSuchHome(LookupError):
    """Nobody has entered this home yet."""


class Ticket(msgspec.Struct, omit_defaults=True):
    """A person has logged in and not yet said yes or no. Bound to the request it was made for."""

    request_hash: str
    expires_at: datetime


class Code(msgspec.Struct, omit_defaults=True):
    """An authorization code that nobody has exchanged yet."""

    client_id: str
    redirect_uri: str
    scopes: list[str]
    expires_at: datetime
    challenge: str | None = None
    challenge_method: str = "plain"


class Token(msgspec.Struct, omit_defaults=True):
    """What a token allows. `expires_at` None: never expires."""

    kind: Literal["access", "refresh", "api"]
    scopes: list[str]
    expires_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class Fault(msgspec.Struct, omit_defaults=True):
    """
    Trouble on demand.

    Attributes:
        times: How often it still strikes; None until it is taken back.
        seconds: What the fault needs one for: the length of a `hang`, the `Retry-After` of `http_429`.
        method, route: Which requests; None for every request of the API.
    """

    fault: str
    times: int | None = None
    probability: float = 1.0
    seconds: float = 5.0
    method: str | None = None
    route: str | None = None


class Request(msgspec.Struct, omit_defaults=True):
    """A request that came in. Never its body: bodies carry PINs. `status` 0: no answer was given."""

    at: datetime
    method: str
    path: str
    status: int
    fault: str | None = None


class Count(msgspec.Struct):
    """How many writes of one kind came in, and how many of them were accepted."""

    received: int = 0
    accepted: int = 0


class Parcel(msgspec.Struct, omit_defaults=True):
    """
    Something to tell somebody outside, saved together with its cause.

    Attributes:
        to: The addressee in the brand's words. What goes to the same one goes in order.
        about: What it is about, in the brand's words.
        is_forged: Signed wrongly, for the fault that does so.
    """

    id: str
    to: str
    about: str
    body: str
    is_forged: bool = False


class Home(msgspec.Struct, omit_defaults=True, kw_only=True):
    """
    One account at the vendor.

    Attributes:
        name: The login address in lower case.
        seed, draws: All chance comes from these two, so that a run can be repeated.
        pace: Factor on delays for this home alone; None: the simulator's.
        tokens, codes, tickets: By the SHA-256 of what was handed out.
        requests: The last ones, without plain reads, which save nothing.
        counts: Writes, by method and route.
        outbox: What the courier has not fetched yet.
    """

    name: str
    seed: str
    created_at: datetime
    draws: int = 0
    pace: float | None = None
    tickets: dict[str, Ticket] = {}
    codes: dict[str, Code] = {}
    tokens: dict[str, Token] = {}
    faults: list[Fault] = []
    requests: list[Request] = []
    counts: dict[str, Count] = {}
    outbox: list[Parcel] = []

    def chance(self) -> random.Random:
        """A fresh source of chance; the same one when the same attempt is made again."""
        self.draws += 1
        return random.Random(f"{self.seed}/{self.draws}")  # noqa: S311 - has to be repeatable

    def access(self, token: str, now: datetime) -> Token | None:
        """What a token gives access to; None if it is unknown or too old, or good only for a refresh."""
        held = self.tokens.get(digest(token))
        return None if held is None or held.kind == "refresh" or held.is_over(now) else held

    def revoke_all(self) -> None:
        """Nobody is logged in any more: tokens, codes and tickets are void."""
        self.tokens, self.codes, self.tickets = {}, {}, {}


H = TypeVar("H", bound=Home)
H_contra = TypeVar("H_contra", bound=Home, contravariant=True)
