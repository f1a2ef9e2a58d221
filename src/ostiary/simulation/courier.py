"""
Brings what a simulated cloud has to tell to whom it is for: a vendor's webhooks.

What is to be told is saved in a home's outbox together with its cause. The cloud calls `note` after every
save; the courier fetches the outbox in a save of its own, so that nothing is sent twice whoever dies, posts
outside of any lock, and tells the cloud how it went. A home that will have something to tell later, although
nobody asks, is woken at that time.

Tasks begin with the first home that has anything for the courier, and end with `close`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Protocol

from ostiary.domain.provider import HttpRequest, NoAnswer, NotSent, ProviderHttp

from .state import NoSuchHome

log = logging.getLogger("ostiary.simulation")

GLANCE_SECONDS: Final = 0.5
"""How often the courier looks at the clock, which somebody may move."""


@dataclass(frozen=True, slots=True)
class Letter:
    """
    One delivery, ready to be posted.

    Attributes:
        to: What goes to the same addressee goes in order; others do not wait for it.
    """

    id: str
    to: str
    request: HttpRequest


class Cloud(Protocol):
    """What the courier asks of the cloud for which it works."""

    async def collect(self, name: str) -> Sequence[Letter]: ...

    async def delivered(self, name: str, letter: Letter, status: int | None, seconds: float) -> None: ...

    async def pass_time(self, name: str) -> None: ...


class Courier:
    """
    Args:
        http: Follows no redirects.
        clock: The simulated world's.
    """

    def __init__(self, http: ProviderHttp, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._cloud = cloud
        self._clock = clock
        self._wakes: dict[str, datetime] = {}
        self._again: set[str] = set()
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._is_closed = False

    def note(self, name: str, *, has_post: bool, wakes_at: datetime | None) -> None:
        """How a home stands now."""
        if self._is_closed:
            return
        if wakes_at is None:
            self._wakes.pop(name, None)
        else:
            self._wakes[name] = wakes_at
            if self._watch is None:
                self._watch = asyncio.create_task(self._wake())
        if has_post:
            self._set_out(name)

    async def close(self) -> None:
        """Everything stops where it is. A delivery that is under way may have arrived."""
        self._is_closed = True
        tasks = [*self._rounds.values(), *([self._watch] if self._watch else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- posting ------------------------------------------------------------------------------------------

    def _set_out(self, name: str) -> None:
        if name in self._rounds:
            self._again.add(name)  # it may have fetched before this was saved
            return
        self._rounds[name] = asyncio.create_task(self._round(name))

    async def _round(self, name: str) -> None:
        try:
            while True:
                self._again.discard(name)
                letters = await self._cloud.collect(name)
                ordered = sorted(letters, key=lambda letter: letter.to)  # stable
                await asyncio.gather(
                    *(self._post(name, list(some)) for _, some in groupby(ordered, lambda one: one.to))
                )
                if name not in self._again:
                    return
        except NoSuchHome:
            return
        except Exception:
            log.exception("what the home %s has to tell was not delivered", name)
        finally:
            del self._rounds[name]  # here and not in a callback: whoever notes post meanwhile must be seen

    async def _post(self, name: str, letters: Iterable[Letter]) -> None:
        for letter in letters:
            status: int | None = None
            began = time.monotonic()
            try:
                status = (await self._http.send(letter.request)).status
            except (NotSent, NoAnswer):
                pass
            except ValueError:  # an address that is none
                pass
            await self._cloud.delivered(name, letter, status, time.monotonic() - began)

    # --- waking -------------------------------------------------------------------------------------------

    async def _wake(self) -> None:
        while True:
            now = self._clock()
            for name in [name for name, at in self._wakes.items() if at <= now]:
                del self._wakes[name]
                try:
                    await self._cloud.pass_time(name)  # notes when to wake it next
                except NoSuchHome:
                    continue
                except Exception:
                    log.exception("time does not pass in the home %s until somebody asks", name)
            waits = [(at - self._clock()).total_seconds() for at in self._wakes.values()]
            await asyncio.sleep(max(0.0, min([*waits, GLANCE_SECONDS])))
