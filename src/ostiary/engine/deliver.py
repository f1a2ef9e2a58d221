"""
Deliveries: events on their way to webhooks.

Whatever is due at one webhook is sent by one worker, which holds the lease of the webhook's line, one at a
time and in the order of the events; so a slow or dead webhook delays nobody but itself. A delivery that
fails is due again when the schedule says and lets those behind it pass; where nobody is there, the line rests
for a moment, so that those behind keep their order. What came of attempts is settled
while the next ones are under way, several at a time; should the process die in between, they are sent once
more under the same message id.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec
from standardwebhooks import Webhook as Signer

from .. import store
from ..domain.events import own_event
from ..domain.instants import to_wire
from ..domain.webhooks import Answer, Attempt, Delivery, NotDelivered, Webhook, message_id
from ..domain.workspaces import Workspace
from ..store.tx import Database, Tx
from ..wire.metrics import Family, labelled
from .dispatch import SWEEP_SECONDS, EmbeddedDispatcher
from .tasks import finish

log = logging.getLogger("ostiary.engine")

PATIENCE: Final = 15.0
"""Seconds for an answer, as the wire documents it."""

LEASE: Final = timedelta(seconds=30)
"""Longer than one attempt with its settlement, each of which renews it."""

BATCH: Final = 64
STALE: Final = 1.0
"""Seconds after which a batch is not believed to be as it was read."""

GATHER: Final = 0.1
"""
Seconds that a success may wait for others to be settled with, as long as there is more to send: a commit for
each would cost more than the requests. Failures do not wait: they tell why the order was broken.
"""

LINGER: Final = 2.0
"""Seconds that a worker keeps an empty line: what comes meanwhile is sent without taking it again."""

_encode = msgspec.json.Encoder().encode


class LineLost(Exception):
    """The line has another worker, or is gone: whatever is not settled is sent again, by that one."""


class Outbound(Protocol):
    """`transport.outbound.OutboundHttp`, as far as deliveries need it."""

    async def post(
        self, url: str, headers: dict[str, str], body: bytes, *, seconds: float, is_guarded: bool
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery with what is sent; None: its event is gone."""

    delivery: Delivery
    message_id: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What is due at a webhook, and what is needed to send it.

    Attributes:
        real_now: When it was read, by the machine's clock; `read_at` the same as the system tells it.
        wait: Seconds until something else is due; None: nothing is.
    """

    webhook: Webhook
    workspace: Workspace
    letters: tuple[Letter, ...]
    real_now: datetime
    read_at: float
    wait: float | None

    @property
    def age(self) -> float:
        """Seconds, those of a sleeping machine included. Below 0: its clock was put back."""
        return time.time() - self.read_at


@dataclass(frozen=True, slots=True)
class Addressee:
    """A webhook as it is right before a request to it. `real_now`: when that was, by the machine's clock."""

    webhook: Webhook
    real_now: datetime


class Deliveries:
    """
    Works off lines; `deliver` is what a dispatcher calls.

    Args:
        outbound: Makes the HTTP client when the first delivery needs it.
    """

    def __init__(
        self,
        database: Database,
        outbound: Callable[[], Outbound],
        *,
        linger: float = LINGER,
        patience: float = PATIENCE,
    ) -> None:
        self.database = database
        self.outbound = outbound
        self.linger = linger
        self.patience = patience
        self.changes = 0
        database.on_wake(self._note)
        self.counts: Counter[tuple[str]] = Counter()

    def _note(self, keys: set[str]) -> None:
        self.changes += store.webhooks.CHANGED in keys

    async def deliver(self, webhook_id: str, woken: asyncio.Event) -> None:
        """Take the line if it is free, send what is due until nothing comes any more, and give it back."""
        lease = secrets.token_hex(8)
        try:
            if not await self.database.write(_claim, webhook_id, lease):
                return
            with contextlib.suppress(LineLost):
                await _Line(self, webhook_id, lease, woken).work()
        finally:
            await finish(self.database.write(store.webhooks.release, webhook_id, lease))

    def families(self) -> Iterator[Family]:
        yield Family("ostiary_webhook_attempts", "Deliveries tried", ("outcome",), labelled(self.counts))


class _Line:
    """One worker's time with one webhook."""

    def __init__(self, house: Deliveries, webhook_id: str, lease: str, woken: asyncio.Event) -> None:
        self._house = house
        self._webhook_id = webhook_id
        self._lease = lease
        self._woken = woken
        self._done: list[tuple[Delivery, Attempt | None]] = []
        self._hurry = asyncio.Event()
        self._changes = 0

    async def work(self) -> None:
        while True:
            self._woken.clear()
            self._changes = self._house.changes
            batch = await self._house.database.read(_due, self._webhook_id)
            if batch is None:
                return
            if batch.letters:
                await self._send(batch)
            elif not await self._more_comes(batch.wait):
                return

    async def _more_comes(self, wait: float | None) -> bool:
        """Whether something was put in line, or became due, while it was worth waiting for."""
        is_due_soon = wait is not None and wait <= self._house.linger
        try:
            async with asyncio.timeout(wait if is_due_soon else self._house.linger):
                await self._woken.wait()
        except TimeoutError:
            return is_due_soon
        return True

    async def _send(self, batch: Batch) -> None:
        """In order; what came of some is settled while the next are under way."""
        settling: asyncio.Task[None] | None = None
        self._hurry.clear()
        try:
            for letter in batch.letters:
                attempt = None
                if letter.body is not None:
                    to = await self._addressee(batch, letter.delivery)
                    if to is None:
                        await self._settle()  # raises where it is the line that was lost
                        continue
                    attempt = await self._attempt(batch.workspace, to, letter, letter.body)
                self._done.append((letter.delivery, attempt))
                if attempt is not None and not attempt.is_success:
                    self._hurry.set()
                    if attempt.is_nobody_there:
                        break
                if settling is None or settling.done():
                    if settling is not None:
                        settling.result()
                    settling = asyncio.create_task(self._settle_soon())
        finally:
            # Also when stopped: what has arrived need not be sent again.
            self._hurry.set()
            if settling is not None:
                await finish(_ended(settling))
            if self._done:
                await finish(self._settle())
        if settling is not None:
            settling.result()

    async def _addressee(self, batch: Batch, delivery: Delivery) -> Addressee | None:
        """
        Looked at once more before a request, when a webhook was changed since the batch was read or that is a
        while ago: the requests before it may have taken minutes, and what another process changes is told
        late or not at all. None: it is not to be sent, at least not by this worker or not for this reason.
        """
        if self._changes == self._house.changes and 0 <= batch.age < STALE:
            return Addressee(batch.webhook, batch.real_now + timedelta(seconds=batch.age))
        return await self._house.database.read(_waited_for, delivery, self._lease)

    async def _settle_soon(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER):
                await self._hurry.wait()
        self._hurry.clear()
        await self._settle()

    async def _settle(self) -> None:
        done, self._done = self._done, []
        await self._house.database.write(_settle, self._webhook_id, self._lease, done)

    async def _attempt(self, workspace: Workspace, to: Addressee, letter: Letter, body: bytes) -> Attempt:
        """One request, signed with the machine's time: receivers compare it with their own."""
        at, now = to.real_now, workspace.at(to.real_now)
        began = time.monotonic()
        headers = signed(to.webhook, letter.message_id, at, now, body)
        status, problem, is_last = None, None, False
        try:
            answer = await self._house.outbound().post(
                to.webhook.url,
                headers,
                body,
                seconds=self._house.patience,
                is_guarded=not workspace.is_sandbox,
            )
        except NotDelivered as error:
            problem = str(error)
        except Exception:  # one delivery must not stop the line
            log.exception("a bug in a delivery to webhook %s", self._webhook_id)
            problem = "internal_error"
        else:
            status, is_last = answer.status, answer.is_last
            problem = None if 200 <= status < 300 else "refused"
        self._house.counts[(problem or "succeeded",)] += 1
        duration_ms = round((time.monotonic() - began) * 1000)
        return Attempt(now, duration_ms, status, problem, is_last)


async def _ended(task: "asyncio.Task[None]") -> None:
    await asyncio.wait({task})


def signed(webhook: Webhook, message: str, at: datetime, now: datetime, body: bytes) -> dict[str, str]:
    """
    The headers of one attempt.

    Args:
        at: The machine's time, which is signed.
        now: The workspace's, which says whether a replaced secret still counts.
    """
    text = body.decode()
    signatures = [Signer(secret.reveal()).sign(message, at, text) for secret in webhook.signing_secrets(now)]
    return {
        "content-type": "application/json",
        "svix-id": message,
        "svix-timestamp": str(int(at.timestamp())),
        "svix-signature": " ".join(signatures),
    }


# --- transactions -----------------------------------------------------------------------------------------


async def _claim(tx: Tx, webhook_id: str, lease: str) -> bool:
    return await store.webhooks.claim(tx, webhook_id, lease, tx.real_now + LEASE)


async def _due(tx: Tx, webhook_id: str) -> Batch | None:
    """None: there is nothing to deliver to."""
    webhook = await store.webhooks.find(tx, webhook_id)
    workspace = None if webhook is None else await store.workspaces.get(tx, webhook.workspace_id)
    if webhook is None or workspace is None or not webhook.is_enabled:
        return None
    tx.enter(workspace)
    line = await store.webhooks.line(tx, webhook_id)
    is_resting = line.rests_until is not None and line.rests_until > tx.now
    deliveries = [] if is_resting else await store.deliveries.due(tx, webhook_id, BATCH)
    events = await store.events.by_ids(tx, [delivery.event_id for delivery in deliveries])
    letters = []
    for delivery in deliveries:
        event = events.get(delivery.event_id)
        body = None if event is None else _encode(event.as_wire())
        letters.append(Letter(delivery, message_id(delivery.event_id), body))
    wait = None
    if not deliveries and workspace.clock_frozen_at is None:
        next_due = await store.deliveries.next_due(tx, webhook_id)
        if next_due is not None and is_resting:
            next_due = max(next_due, line.rests_until or next_due)
        wait = None if next_due is None else (next_due - tx.now).total_seconds()
    return Batch(webhook, workspace, tuple(letters), tx.real_now, time.time(), wait)


async def _waited_for(tx: Tx, delivery: Delivery, lease: str) -> Addressee | None:
    webhook = await store.webhooks.waited_for(tx, delivery, lease)
    return None if webhook is None else Addressee(webhook, tx.real_now)


async def _settle(tx: Tx, webhook_id: str, lease: str, done: list[tuple[Delivery, Attempt | None]]) -> None:
    """
    Raises:
        LineLost: Nothing was written.
    """
    if not await store.webhooks.renew(tx, webhook_id, lease, tx.real_now + LEASE):
        raise LineLost
    webhook = await store.webhooks.find(tx, webhook_id)
    workspace = None if webhook is None else await store.workspaces.get(tx, webhook.workspace_id)
    if webhook is None or workspace is None:
        raise LineLost
    tx.enter(workspace)
    line = before = await store.webhooks.line(tx, webhook_id)
    for delivery, attempt in done:
        line = line if attempt is None else line.after(attempt)
        settled = delivery.expired(tx.now) if attempt is None else delivery.after(attempt)
        if not await store.deliveries.settle(tx, delivery, settled) and attempt is not None:
            await _join(tx, delivery, attempt)
    if line != before:
        await store.webhooks.update_line(tx, line)
    if webhook.is_enabled and line.is_given_up(tx.now):
        await store.webhooks.update_webhook(tx, replace(webhook, disabled_at=tx.now))
        await store.deliveries.give_up(tx, webhook_id)
        assert line.failing_since is not None
        tx.emit(
            own_event(
                "ostiary.webhook.disabled",
                webhook.workspace_id,
                tx.now,
                webhook_id=webhook_id,
                failing_since=to_wire(line.failing_since),
            )
        )


async def _join(tx: Tx, delivery: Delivery, attempt: Attempt) -> None:
    """While it was under way somebody has decided what becomes of it."""
    current = await store.deliveries.find(tx, delivery.webhook_id, delivery.event_id)
    if current is not None:
        await store.deliveries.settle(tx, current, current.joined(attempt))


# --- bringing workers to lines ----------------------------------------------------------------------------


class DeliveryDispatcher(EmbeddedDispatcher):
    """A loop over the lines of all webhooks in this process; a wake-up names the line, and needs no look."""

    AT_ONCE = 512
    IN_A_TURN = 16
    KEY = store.webhooks.key("")

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._to_wake: deque[str] = deque()

    async def _start_due(self) -> float:
        soonest = SWEEP_SECONDS
        for webhook_id, wait in sorted(
            await self._database.read(store.webhooks.waiting), key=lambda each: each[1]
        ):
            if webhook_id in self._running:
                continue
            if wait > 0 or len(self._running) >= self.AT_ONCE:
                return max(0.01, min(soonest, wait))
            self._start(webhook_id)
        return soonest

    def wake(self, keys: Iterable[str]) -> None:
        """
        A few lines in each turn of the loop: an event that a hundred webhooks want must not keep waiting the
        request that caused it, nor any other.
        """
        is_at_it = bool(self._to_wake)
        self._to_wake.extend(key.removeprefix(self.KEY) for key in keys if key.startswith(self.KEY))
        if self._to_wake and not is_at_it:
            asyncio.get_running_loop().call_soon(self._wake_next)

    def _wake_next(self) -> None:
        for _ in range(min(self.IN_A_TURN, len(self._to_wake))):
            self._wake_line(self._to_wake.popleft())
        if self._to_wake:
            asyncio.get_running_loop().call_soon(self._wake_next)

    def _wake_line(self, webhook_id: str) -> None:
        if webhook_id in self._woken:
            self._woken[webhook_id].set()
        elif self._is_running and len(self._running) < self.AT_ONCE:
            self._start(webhook_id)
