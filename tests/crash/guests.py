"""
Careful clients of the API: whoever loses a connection looks first, and repeats only what has not happened.

`Guest` is one code from its wish to its end, `Porter` one person who operates one door. Both know at any time
what the house has promised them.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx

Kind = Literal["ongoing", "now", "future", "expiring", "starting"]
KINDS: tuple[Kind, ...] = ("ongoing", "ongoing", "now", "now", "future", "future", "ongoing", "now", "future")
DIGITS = "3456789"


@dataclass
class Api:
    """
    The API of whichever server lives at the moment.

    Attributes:
        up: Set while there is one.
        before_write: Told of every write before it is sent.
    """

    key: str
    url: str = ""
    up: asyncio.Event = field(default_factory=asyncio.Event)
    before_write: Callable[[], None] = lambda: None
    writes: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(timeout=20, headers={"authorization": f"Bearer {self.key}"})

    async def close(self) -> None:
        await self._http.aclose()

    async def write(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """One try. None: the connection was lost, and nobody knows."""
        await self.up.wait()
        self.before_write()
        self.writes += 1
        answer = await self._post(path, body)
        self.lost += answer is None
        return answer

    async def _post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        try:
            answer = await self._http.post(self.url + path, json=body)
        except httpx.TransportError:
            return None
        assert answer.status_code < 500, f"{path}: {answer.status_code} {answer.text}"
        return answer.status_code, answer.json()

    async def look(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """A read, until somebody answers."""
        while True:
            await self.up.wait()
            answer = await self._post(path, body)
            if answer is not None:
                return answer
            await asyncio.sleep(0.05)

    async def found(self, path: str, **body: Any) -> dict[str, Any]:
        status, whole = await self.look(path, **body)
        assert status == 200, f"{path}: {status} {whole}"
        return whole


# --- codes -----------------------------------------------------------------------------------------------


@dataclass
class Guest:
    """
    One code.

    Attributes:
        wish: name, code, starts_at and ends_at as the house has accepted them.
        access_code_id: None until it was created.
        updates: How many wishes after the first were accepted.
        is_deleted: Its deletion was accepted, or its time is over by itself.
        names: Every name that it has had.
        hands: How often the code was handed over and taken back, each accepted.
        is_others: It was deleted as an unmanaged one.
        has_own_pin: False: the vendor chooses, and its windows are whole minutes.
    """

    api: Api
    number: int
    device_id: str
    chance: random.Random
    kind: Kind
    wish: dict[str, Any] = field(default_factory=dict)
    access_code_id: str | None = None
    updates: int = 0
    is_deleted: bool = False
    names: list[str] = field(default_factory=list)
    has_own_pin: bool = True
    hands: int = 0
    is_others: bool = False

    def _name(self) -> str:
        name = f"g{self.number:02d}.{len(self.names)}"
        self.names.append(name)
        return name

    def _pin(self) -> str:
        """Never another guest's: the first three digits tell whose it is."""
        own = "".join(DIGITS[self.number // base % 7] for base in (49, 7, 1))
        return own + "".join(self.chance.choice(DIGITS) for _ in range(3))

    def _window(self, kind: Kind) -> dict[str, Any]:
        """Whole seconds, as vendors may keep no more, or whole minutes."""
        now = datetime.now(UTC).replace(microsecond=0)
        now = now if self.has_own_pin else now.replace(second=0)
        if kind == "ongoing":
            return {"starts_at": None, "ends_at": None}
        start = {
            "now": now - timedelta(hours=1),
            "future": now + timedelta(hours=self.chance.randint(2, 48)),
            "expiring": now - timedelta(hours=1),
            "starting": now + timedelta(seconds=self.chance.randint(10, 30)),
        }[kind]
        end = now + timedelta(seconds=self.chance.randint(15, 40)) if kind == "expiring" else None
        end = end or start + timedelta(hours=self.chance.randint(24, 72))
        return {"starts_at": _wire(start), "ends_at": _wire(end)}

    async def live(self, pause: Callable[[], Awaitable[None]]) -> None:
        own = {"code": self._pin()} if self.has_own_pin else {}
        self.wish = {"name": self._name(), **own, **self._window(self.kind)}
        await self._create()
        if self.kind == "expiring":
            self.is_deleted = True
            return
        for _ in range(self.chance.choice((0, 1, 1, 2, 3))):
            await self._wait_or_hurry(pause)
            await self._update({"name": self._name()} if self.kind == "starting" else self._change())
        if self.has_own_pin and self.number % 3 == 0:
            await self._change_hands(pause)
        if not self.is_deleted and self.chance.random() < 0.35:
            await self._wait_or_hurry(pause)
            await self._delete()

    async def _wait_or_hurry(self, pause: Callable[[], Awaitable[None]]) -> None:
        """Some let the lock keep up, some change their mind at once."""
        if self.chance.random() < 0.25:
            return
        for _ in range(self.chance.randint(1, 3)):
            await pause()

    def _change(self) -> dict[str, Any]:
        all_kinds = ("name", "code", "window") if self.has_own_pin else ("name", "window")
        kinds = self.chance.sample(all_kinds, self.chance.choice((1, 1, 2)))
        change: dict[str, Any] = {}
        if "name" in kinds:
            change["name"] = self._name()
        if "code" in kinds:
            change["code"] = self._pin()
        if "window" in kinds:
            change.update(self._window(self.chance.choice(("ongoing", "now", "future"))))
        return change

    async def _create(self) -> None:
        body = {name: value for name, value in self.wish.items() if value is not None}
        while True:
            answer = await self.api.write("/access_codes/create", {"device_id": self.device_id, **body})
            if answer is not None:
                status, whole = answer
                assert status == 200, whole
                self.access_code_id = whole["access_code"]["access_code_id"]
                return
            listed = await self.api.found("/access_codes/list", device_id=self.device_id)
            mine = [code for code in listed["access_codes"] if code["name"] == self.wish["name"]]
            assert len(mine) <= 1, f"one create made {len(mine)} codes"
            if mine:
                self.access_code_id = mine[0]["access_code_id"]
                return

    async def _update(self, change: dict[str, Any]) -> None:
        wanted = {**self.wish, **change}
        if wanted == self.wish:
            return
        body = {"access_code_id": self.access_code_id, **change}
        if "starts_at" in change:
            body["type"] = "ongoing" if change["starts_at"] is None else "time_bound"
        while True:
            answer = await self.api.write("/access_codes/update", body)
            if answer is None:
                code = await self.api.found("/access_codes/get", access_code_id=self.access_code_id)
                shown = {name: code["access_code"][name] for name in wanted}
                assert shown in (wanted, self.wish), f"half an update: {shown}, {self.wish} -> {wanted}"
                if shown != wanted:
                    continue
            else:
                assert answer[0] == 200, answer
            self.wish = wanted
            self.updates += 1
            return

    async def _change_hands(self, pause: Callable[[], Awaitable[None]]) -> None:
        """Handed over as it stands, and then taken back or removed as somebody else's."""
        its_id = {"access_code_id": self.access_code_id}
        while not await self._rests():
            await pause()
        await self._until(
            "/access_codes/update", {**its_id, "is_managed": False}, lambda: self._is("unmanaged")
        )
        if self.number % 2:
            await self._until("/access_codes/unmanaged/delete", its_id, self._is_unwanted)
            self.is_deleted = self.is_others = True
            return
        await self._until("/access_codes/unmanaged/convert_to_managed", its_id, lambda: self._is("managed"))
        self.hands += 1
        while not await self._rests():
            await pause()

    async def _rests(self) -> bool:
        """Nothing is under way for it: it is on the lock as it is wished, and ours."""
        found = await self.api.found("/access_codes/get", access_code_id=self.access_code_id)
        attempts = (await self.api.found("/action_attempts/list", device_id=self.device_id))[
            "action_attempts"
        ]
        ours = [one for one in attempts if one["action_type"] == "CONVERT_ACCESS_CODE_TO_MANAGED"]
        code = found["access_code"]
        is_there = code["appearance"] is not None and not code["pending_mutations"]
        return is_there and not any(one["status"] == "pending" for one in ours)

    async def _until(self, path: str, body: dict[str, Any], is_done: Callable[[], Awaitable[bool]]) -> None:
        """Asked, and looked for where the answer was lost."""
        while True:
            answer = await self.api.write(path, body)
            if answer is not None:
                assert answer[0] == 200, answer
                return
            if await is_done():
                return

    async def _is(self, whose: Literal["managed", "unmanaged"]) -> bool:
        path = "/access_codes/get" if whose == "managed" else "/access_codes/unmanaged/get"
        return (await self.api.look(path, access_code_id=self.access_code_id))[0] == 200

    async def _is_unwanted(self) -> bool:
        """Asking twice does no harm: it is gone already, or its removal is asked for again."""
        return not await self._is("unmanaged")

    async def _delete(self) -> None:
        while True:
            answer = await self.api.write("/access_codes/delete", {"access_code_id": self.access_code_id})
            if answer is None:
                status, whole = await self.api.look("/access_codes/get", access_code_id=self.access_code_id)
                if status == 200 and not _is_leaving(whole["access_code"]):
                    continue
            else:
                assert answer[0] == 200, answer
            self.is_deleted = True
            return


def _is_leaving(code: dict[str, Any]) -> bool:
    return any(mutation["mutation_code"] == "deleting" for mutation in code["pending_mutations"])


def _wire(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- doors -----------------------------------------------------------------------------------------------


@dataclass
class Asked:
    """
    One attempt at a door.

    Attributes:
        by: Monotonic time by which it had been written down, so its deadline is at most 30 s after it.
        settled_at: When its end was first seen; `outcome` is its status or error type.
    """

    action_attempt_id: str
    verb: str
    since: float
    by: float
    settled_at: float = 0.0
    outcome: str = ""


@dataclass
class Porter:
    """Asks for one door, one thing after the other: never a second before the first is settled."""

    api: Api
    device_id: str
    vendor_device_id: str
    asked: list[Asked] = field(default_factory=list)

    async def work(self, is_over: Callable[[], bool], pause: Callable[[], Awaitable[None]]) -> None:
        while not is_over():
            await self.operate("unlock_door" if len(self.asked) % 2 == 0 else "lock_door")
            await pause()

    async def operate(self, verb: str) -> Asked:
        asked = await self.ask(verb)
        await self.settled(asked)
        return asked

    async def leave_locked(self) -> None:
        while (await self.operate("lock_door")).outcome != "success":
            pass

    async def ask(self, verb: str) -> Asked:
        known = {one.action_attempt_id for one in self.asked}
        since = time.monotonic()
        while True:
            answer = await self.api.write(f"/locks/{verb}", {"device_id": self.device_id})
            by = time.monotonic()
            if answer is None:
                listed = await self.api.found("/action_attempts/list", device_id=self.device_id)
                new = {one["action_attempt_id"] for one in listed["action_attempts"]} - known
            else:
                assert answer[0] == 200, answer
                new = {answer[1]["action_attempt"]["action_attempt_id"]}
            assert len(new) <= 1, f"one request made {len(new)} attempts"
            if new:
                self.asked.append(Asked(new.pop(), verb, since, by))
                return self.asked[-1]

    async def settled(self, asked: Asked) -> None:
        patience = time.monotonic() + 90
        while True:
            found = await self.api.found("/action_attempts/get", action_attempt_id=asked.action_attempt_id)
            attempt = found["action_attempt"]
            if attempt["status"] != "pending":
                asked.settled_at = time.monotonic()
                asked.outcome = attempt["error"]["type"] if attempt["error"] else "success"
                return
            assert time.monotonic() < patience, f"still pending after 90 s: {attempt}"
            await asyncio.sleep(0.25)
