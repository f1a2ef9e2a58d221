"""
The homes of one simulated cloud: loaded, brought up to now, worked on, and saved before anybody is answered.

When a save loses a race the work starts over with what the other one left, so instances may share a store.
"""

import asyncio
import random
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from ostiary.domain.provider import HomeStore

from .state import H, Home, NoSuchHome

DECODED_MOST = 256  # homes kept in decoded form
_TRIES = 1000

T = TypeVar("T")


def always(home: Home) -> bool:
    return True


def never(home: Home) -> bool:
    return False


class Registry(ABC, Generic[H]):
    """
    The homes of one cloud.

    Attributes:
        home_type: The brand's subclass of `Home`; a class attribute of the brand's cloud.
    """

    home_type: type[H]

    def __init__(self, homes: HomeStore, clock: Callable[[], datetime]) -> None:
        self.homes = homes
        self.clock = clock
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(self.home_type)
        self._decoded: OrderedDict[str, tuple[bytes, H]] = OrderedDict()

    @abstractmethod
    def found(self, name: str, now: datetime, wanted: Any = None) -> H:
        """
        A new home, the same each time for the same name and seed.

        Args:
            wanted: The brand's `NewHome`, from somebody who describes the home; None: as everybody gets it.
        Raises:
            ValueError: The description names something that the vendor does not know.
        """

    @abstractmethod
    def is_due(self, home: H, now: datetime) -> bool:
        """Whether something has happened by itself that `advance` has not done yet."""

    @abstractmethod
    def advance(self, home: H, now: datetime) -> None:
        """Do all that was due until now, in order."""

    async def with_home(
        self,
        name: str,
        work: Callable[[H, datetime], T],
        *,
        creates: bool = False,
        changes: Callable[[H], bool] = always,
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
            now = self.clock()
            state, version = await self.homes.load(name)
            if state is None:
                if not creates:
                    raise NoSuchHome(f"There is no home {name!r}.")
                home = self.found(name, now)
            else:
                home = self._peek(name, state)
                if not changes(home) and not self.is_due(home, now):
                    return work(home, now)
                del self._decoded[name]  # what is changed here must not be seen before it is saved
            self.advance(home, now)
            result = self.carry_out(home, now, work)
            after = self._encoder.encode(home)
            if after == state or await self.homes.save(name, after, version):
                self._keep(name, after, home)
                self.saved(home)
                return result
            await asyncio.sleep(random.uniform(0, 0.002 * min(attempt, 10)))  # noqa: S311
        raise RuntimeError(f"The home {name!r} is written to by too many at once.")

    def worked_on(
        self, state: bytes, now: datetime, work: Callable[[H, datetime], T | None]
    ) -> tuple[bytes, T] | None:
        """`with_home` for who loads and saves by himself. None: `work` had nothing to do there."""
        home = self._decoder.decode(state)
        self.advance(home, now)
        result = self.carry_out(home, now, work)
        return None if result is None else (self._encoder.encode(home), result)

    def carry_out(self, home: H, now: datetime, work: Callable[[H, datetime], T]) -> T:
        """Do `work`; a brand that tells others of changes sees here what has changed."""
        return work(home, now)

    def saved(self, home: H) -> None:
        """`home` stands as it is in the store. Only to be looked at."""

    async def look(self, name: str, at: Callable[[H], T]) -> T:
        """
        What a home shows as it was saved, without what was due since. Never saves.

        Args:
            at: Keeps nothing of the state, which is shared.
        Raises:
            NoSuchHome: Nobody has entered it yet.
        """
        state, _ = await self.homes.load(name)
        if state is None:
            raise NoSuchHome(f"There is no home {name!r}.")
        return at(self._peek(name, state))

    async def add(self, home: H) -> bool:
        """Save a new home. False: there is one of that name."""
        return await self.homes.save(home.name, self._encoder.encode(home), 0)

    def _peek(self, name: str, state: bytes) -> H:
        """The decoded state, shared: only to be looked at, and not across an `await`."""
        known = self._decoded.get(name)
        if known is None or known[0] != state:
            self._keep(name, state, self._decoder.decode(state))
        else:
            self._decoded.move_to_end(name)
        return self._decoded[name][1]

    def _keep(self, name: str, state: bytes, home: H) -> None:
        self._decoded[name] = (state, home)
        self._decoded.move_to_end(name)
        if len(self._decoded) > DECODED_MOST:
            self._decoded.popitem(last=False)
