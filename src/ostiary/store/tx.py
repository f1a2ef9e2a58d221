"""
A transaction as a use case sees it, and what a database must do with one.

A use case is an `async def` that takes a `Tx` first and awaits nothing but statements. It may be run more
than once (a serialization failure, a read that took too long), so it keeps nothing outside itself.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from ..domain.events import Event
from ..domain.reach import Reach
from ..domain.workspaces import Workspace
from .ledger import Ledger
from .vault import Vault

P = ParamSpec("P")
T = TypeVar("T")
UseCase = Callable[Concatenate["Tx", P], Coroutine[Any, Any, T]]


class Tx:
    """
    One transaction.

    Attributes:
        real_now: The machine's time at its start.
        now: The workspace's time, once `enter` was called; the only time that rules see.
        reach: What it may see of its workspace; None: everything.
        ledger: What becomes evidence of access codes with this transaction.
    """

    __slots__ = ("_workspace", "directed", "events", "ledger", "now", "reach", "real_now", "vault", "wakes")

    def __init__(self, vault: Vault, real_now: datetime) -> None:
        self.vault = vault
        self.real_now = real_now
        self.now = real_now
        self._workspace: Workspace | None = None
        self.reach: Reach | None = None
        self.events: list[Event] = []
        self.directed: dict[str, str] = {}
        self.wakes: set[str] = set()
        self.ledger = Ledger()

    def enter(self, workspace: Workspace) -> None:
        """From here on it is that workspace's time."""
        self._workspace = workspace
        self.now = workspace.at(self.real_now)

    def go_on(self, real_now: datetime) -> None:
        """After it had to wait for others: what is written from here on is of this instant."""
        self.real_now = real_now
        self.now = real_now if self._workspace is None else self._workspace.at(real_now)

    def narrow(self, reach: Reach | None) -> None:
        """From here on what lies outside does not exist. It never becomes more."""
        if reach is not None:
            self.reach = reach if self.reach is None else self.reach.within(reach)

    @property
    def workspace(self) -> Workspace:
        assert self._workspace is not None, "this transaction has not entered a workspace"
        return self._workspace

    def real(self, instant: datetime) -> datetime:
        """When, by the machine's clock, the workspace's clock will show `instant`; never before now."""
        wait: timedelta = max(instant - self.now, timedelta(0))
        return self.real_now + wait

    def emit(self, event: Event, *, to: str | None = None) -> None:
        """
        Store an event with this transaction, and its deliveries.

        Args:
            to: The one webhook that it is for, whatever that has asked for. None: all that want it.
        """
        self.events.append(event)
        if to is not None:
            self.directed[event.event_id] = to

    def wake(self, key: str) -> None:
        """
        Hint, after the commit, that an account has work. The row's `due_at` is the promise.

        Args:
            key: The account's id; `webhook/` and its id for a webhook, `events/` and its id for a
                workspace where something happened.
        """
        self.wakes.add(key)


class Database(Protocol):
    """SQLite or PostgreSQL."""

    vault: Vault

    async def read(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case that only reads."""
        ...

    async def write(self, use_case: UseCase[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case and return after its commit is durable."""
        ...

    def version(self) -> int | None:
        """
        Another number after every commit, whoever made it, in this process or another; None where asking
        costs as much as reading.
        """
        ...

    def on_wake(self, listener: Callable[[set[str]], None]) -> None:
        """Who is told which keys (as `Tx.wake` has them) a commit woke, here or in another process."""
        ...

    def trouble(self) -> str | None:
        """Why nothing can be stored, as far as the last commit showed; None: nothing is known to be wrong."""
        ...

    async def close(self) -> None: ...


Clock = Callable[[], datetime]
AnyUseCase = Callable[..., Coroutine[Any, Any, Any]]
