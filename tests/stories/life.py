"""
A life: random wishes, the owner's own hands, a vendor's faults, absences and deaths.

What must hold at every moment is checked here, what must hold in the end in `peace`.
"""

import random
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any

from ostiary.domain.access_codes import Status
from ostiary.domain.backup_pool import POOL_SIZE
from ostiary.domain.instants import parse_instant, to_wire

from .peace import come_to_rest
from .standing import StandingHouse
from .wishes import (
    DEADLINE,
    FAULTS,
    HOME,
    HOMES,
    LOCKS,
    MINUTE,
    NAMES,
    PINS,
    REASONS,
    WAITS,
    WEEKLY,
    WINDOWS,
    Wire,
    Wish,
)

EXTRAS = ("nothing", "nothing", "free", "weekly", "pool")


class Life:
    """
    One account with two locks, by the seed of its story.

    Attributes:
        causes: What may have called for a write: wishes, the owner's edits, faults, deaths, offline locks.
        story: What has happened, for whoever has to find out.
        since: Since when a code has shown a status without a pause of the engine.
        marks: access_code_id to the mark in the vendor's name.
        samples: access_code_id to each status that somebody has seen, and when.
        has_pool: Names of locks whose pool of spares is open.
    """

    def __init__(self, home: StandingHouse, seed: int) -> None:
        self.home = home
        self.provider = home.provider
        self.chance = random.Random(seed)
        random.seed(seed)  # the pauses after failures have jitter
        self.wishes: dict[str, Wish] = {}
        self.devices: dict[str, Wire] = {}
        self.since: dict[tuple[str, str], datetime] = {}
        self.causes = 0
        self.story: list[str] = []
        self.statuses: Counter[str] = Counter()
        self.marks: dict[str, str] = {}
        self.samples: dict[str, list[tuple[datetime, Status]]] = {}
        self.has_pool: set[str] = set()

    async def live(self, steps: int) -> None:
        """Everything that happens, and then peace, in which all must be as it is wished."""
        try:
            await self._move_in()
            for _ in range(steps):
                await self._happen()
            await come_to_rest(self)
        except BaseException as error:
            error.add_note("\n".join(self.story))
            raise

    async def _move_in(self) -> None:
        await self.home.open()
        await self.home.house.simulator("homes", home=HOME, **HOMES[self.provider])
        await self.home.connect(HOME)
        self.devices = {device["display_name"]: device for device in await self.home.house.devices()}
        for window in ("ongoing", "now"):  # what everybody then meddles with
            await self._create(LOCKS[0], window, "Anna")
        await self.home.wait(20, self.look_on)

    async def _happen(self) -> None:
        """One thing, chosen by weight."""
        one_of, which = self.chance.choice, self.chance.randrange(8)
        lock, seconds = one_of(LOCKS), one_of(WAITS)
        name, pin, window = one_of(NAMES), one_of(PINS), one_of(sorted(WINDOWS))
        is_it, extra = self.chance.random() < 0.5, one_of(EXTRAS)
        happenings: dict[str, tuple[int, Callable[[], Coroutine[Any, Any, None]]]] = {
            f"create {lock} {window} {name} {is_it} {extra}": (
                4,
                lambda: self._create(lock, window, name, is_it, extra),
            ),
            f"move {which} {window}": (2, lambda: self._move(which, window)),
            f"rename {which} {name}": (1, lambda: self._update(which, name=name)),
            f"choose_pin {which} {pin}": (2, lambda: self._choose_pin(which, pin)),
            f"delete {which}": (2, lambda: self._delete(which)),
            **{
                f"owner {what} {lock} {which}": (1, partial(self._owner_meddles, lock, which, what))
                for what in ("remove", "rename", "disable")
            },
            f"owner makes {pin} {lock}": (1, lambda: self._owner_makes_a_code(lock, "Mum", pin)),
            f"pull {which}": (1, lambda: self._pull(which)),
            f"close pool {lock}": (1, lambda: self._close_pool(lock)),
            f"hand over {which}": (1, lambda: self._hand_over(which)),
            f"take over {lock} {which}": (1, lambda: self._take_over(lock, which)),
            f"remove of others {lock} {which}": (1, lambda: self._remove_of_others(lock, which)),
            f"link {lock} {is_it}": (2, lambda: self._link(lock, is_it)),
            f"trouble {which} {is_it}": (3, lambda: self._trouble(which, is_it)),
            f"wait {seconds}": (8, lambda: self.home.wait(seconds, self.look_on)),
            f"be away {seconds * 20}": (1, lambda: self._be_away(seconds * 20)),
            f"die {which} {is_it} {seconds}": (3, lambda: self._die(2 * which + 1, is_it, seconds)),
        }
        names = list(happenings)
        told = self.chance.choices(names, [happenings[key][0] for key in names])[0]
        self.story.append(told)
        await happenings[told][1]()

    # --- wishes -----------------------------------------------------------------------------------------

    async def _create(
        self, lock: str, window: str, name: str, is_native: bool = True, extra: str = "nothing"
    ) -> None:
        """`extra`: `free` if others may change it, `weekly` with hours of its own, `pool` with spares."""
        frame = await self._window(window)
        wish = {"name": name or None, "prefer_native_scheduling": is_native, **frame}
        if extra == "free":
            wish["is_external_modification_allowed"] = True
        if extra == "weekly" and self.provider == "nuki":
            wish["ostiary_weekly_window"] = WEEKLY
        if extra == "pool" and self.provider == "nuki" and frame:
            wish["use_backup_access_code_pool"] = True
            await self._open_pool(lock)
        body = {key: value for key, value in wish.items() if value is not None}
        code = await self.home.house.create_code(self.devices[lock]["device_id"], **body)
        await self._note(Wish(code["access_code_id"], lock, code, is_native))

    async def _open_pool(self, lock: str) -> None:
        self.has_pool.add(lock)
        self.causes += POOL_SIZE

    async def _close_pool(self, lock: str) -> None:
        if self.provider == "nuki":
            which = {"device_id": self.devices[lock]["device_id"]}
            await self.home.house.call("/devices/update", **which, backup_access_code_pool_enabled=False)
            self.has_pool.discard(lock)
            self.causes += POOL_SIZE

    async def _pull(self, which: int) -> None:
        wish = await self._living(which)
        if wish is None:
            return
        body = {"access_code_id": wish.access_code_id}
        answer = await self.home.house.request("POST", "/access_codes/pull_backup_access_code", json=body)
        assert answer.status_code in (200, 400, 404), answer.text
        if answer.status_code == 200:
            code = answer.json()["backup_access_code"]
            if code["access_code_id"] not in self.wishes:
                spare = Wish(code["access_code_id"], wish.lock, code, is_native=True, is_backup=True)
                await self._note(spare)
                self.causes += 2

    async def _note(self, wish: Wish) -> None:
        """It is wished as it stands there from now on."""
        is_away = wish.is_deleted or not wish.is_ours
        wish.past.append((await self.home.now(), None if is_away else wish.shown))
        self.wishes[wish.access_code_id] = wish
        self.causes += 1
        await self._follow()

    async def _follow(self) -> None:
        """Pulled spares end with what they stand in for, whatever becomes of it."""
        for spare in [wish for wish in self.wishes.values() if wish.is_backup and not wish.is_deleted]:
            body = {"access_code_id": spare.access_code_id}
            answer = await self.home.house.request("POST", "/access_codes/get", json=body)
            spare.is_deleted = answer.status_code == 404
            if answer.status_code == 200:
                spare.shown = answer.json()["access_code"]
                warnings = [one["warning_code"] for one in spare.shown["warnings"]]
                spare.is_deleted = "being_deleted" in warnings

    async def _window(self, word: str) -> Wire:
        window = WINDOWS[word]
        if window is None:
            return {}
        now = (await self.home.now()).replace(second=0, microsecond=0)
        return {"starts_at": to_wire(now + window[0]), "ends_at": to_wire(now + window[1])}

    async def _move(self, which: int, window: str) -> None:
        frame = await self._window(window)
        await self._update(which, **(frame or {"type": "ongoing"}))

    async def _choose_pin(self, which: int, pin: str) -> None:
        if self.provider == "nuki":
            await self._update(which, code=pin)

    async def _update(self, which: int, **change: Any) -> None:
        wish = await self._living(which)
        if wish is None:
            return
        body = {"access_code_id": wish.access_code_id, **change}
        answer = await self.home.house.request("POST", "/access_codes/update", json=body)
        if answer.status_code == 404 and wish.is_taken_over:
            wish.is_ours = False  # its owner was quicker
            return
        is_taken = answer.status_code == 409 and "code" in change
        assert answer.status_code == 200 or is_taken, answer.text
        wish.shown = await self.home.house.code(wish.access_code_id)
        await self._note(wish)

    async def _living(self, which: int) -> Wish | None:
        now = await self.home.now()
        living = [wish for wish in self.wishes.values() if wish.is_ours and not wish.is_over(now)]
        return living[which % len(living)] if living else None

    async def _delete(self, which: int) -> None:
        wish = await self._living(which)
        if wish is not None:
            body = {"access_code_id": wish.access_code_id}
            answer = await self.home.house.request("POST", "/access_codes/delete", json=body)
            assert answer.status_code == 200 or (answer.status_code == 404 and wish.is_taken_over)
            wish.is_deleted = True
            await self._note(wish)

    # --- others -----------------------------------------------------------------------------------------

    async def _owner_meddles(self, lock: str, which: int, what: str) -> None:
        names = sorted(name for name in await self.home.steering.codes_on(lock) if "#" in name)
        if not names:
            return
        name = names[which % len(names)]
        steering = self.home.steering
        if what == "remove":
            await steering.owner_removes(lock, name)
        elif what == "rename" and self.provider == "nuki":
            await steering.owner_changes(lock, name, name=f"x{name}"[:20])
        elif what == "disable" and self.provider == "nuki":
            await steering.owner_changes(lock, name, enabled=False)
        self.causes += 1

    async def _owner_makes_a_code(self, lock: str, name: str, pin: str) -> None:
        held = await self.home.steering.codes_on(lock)
        if name in held or pin in held.values():
            return
        await self.home.steering.owner_adds(lock, name, pin)
        self.causes += 1

    async def _hand_over(self, which: int) -> None:
        wish = await self._living(which)
        if wish is None:
            return
        body = {"access_code_id": wish.access_code_id, "is_managed": False}
        answer = await self.home.house.request("POST", "/access_codes/update", json=body)
        assert answer.status_code in (200, 400, 404), answer.text
        if answer.status_code == 200:
            wish.is_ours = False
            await self._note(wish)

    async def _take_over(self, lock: str, which: int) -> None:
        code = await self._of_others(lock, which)
        if code is None:
            return
        body = {"access_code_id": code["access_code_id"]}
        answer = await self.home.house.request(
            "POST", "/access_codes/unmanaged/convert_to_managed", json=body
        )
        assert answer.status_code in (200, 400, 409), answer.text
        if answer.status_code == 200:
            taken = Wish(code["access_code_id"], lock, code, is_native=True, is_taken_over=True)
            if taken.access_code_id in self.wishes:
                taken.past = self.wishes[taken.access_code_id].past
            await self._note(taken)

    async def _remove_of_others(self, lock: str, which: int) -> None:
        code = await self._of_others(lock, which)
        if code is not None:
            body = {"access_code_id": code["access_code_id"]}
            answer = await self.home.house.request("POST", "/access_codes/unmanaged/delete", json=body)
            assert answer.status_code in (200, 400), answer.text
            self.causes += 1

    async def _of_others(self, lock: str, which: int) -> Wire | None:
        listed = await self.unmanaged(lock)
        return listed[which % len(listed)] if listed else None

    async def unmanaged(self, lock: str) -> list[Wire]:
        device_id = self.devices[lock]["device_id"]
        whole = await self.home.house.call("/access_codes/unmanaged/list", device_id=device_id)
        listed: list[Wire] = whole["access_codes"]
        return listed

    async def _link(self, lock: str, is_online: bool) -> None:
        await self.home.steering.set_online(lock, is_online)
        self.causes += 1

    async def _trouble(self, which: int, is_for_writes: bool) -> None:
        names, times = FAULTS[self.provider], self.chance.randint(1, 3)
        method = {"nuki": "PUT", "salto_ks": "POST"}[self.provider]
        match = {"match": {"method": method}} if is_for_writes else {}
        fault = {"fault": names[which % len(names)], "times": times, "seconds": 30.0, **match}
        await self.home.house.simulator("faults", **fault)
        self.causes += times

    # --- time -------------------------------------------------------------------------------------------

    async def _be_away(self, seconds: int) -> None:
        await self.home.jump(seconds)
        self.since.clear()

    async def _die(self, calls: int, is_after: bool, seconds: int) -> None:
        self.home.fuse.set(calls, is_after=is_after)
        deaths = self.home.deaths
        await self.home.wait(seconds, self.look_on)
        self.home.fuse.left = None
        self.causes += self.home.deaths - deaths

    # --- what holds at every moment ---------------------------------------------------------------------

    async def look_on(self) -> None:
        now = await self.home.now()
        found: dict[tuple[str, str], Wire] = {}
        for device in self.devices.values():
            listed = await self.home.house.call("/access_codes/list", device_id=device["device_id"])
            for code in listed["access_codes"]:
                self.statuses[code["status"]] += 1
                self.samples.setdefault(code["access_code_id"], []).append((now, code["status"]))
                if code["appearance"]:
                    self.marks[code["access_code_id"]] = code["appearance"]["name"].rpartition("#")[2]
                found[code["access_code_id"], code["status"]] = code
        self.since = {key: self.since.get(key, now) for key in found}
        for key, code in found.items():
            since = self.since[key]
            if code["status"] == "setting" and code["starts_at"] is not None:
                since = max(since, parse_instant(code["starts_at"]) - DEADLINE + MINUTE)
            if code["status"] in ("setting", "removing") and now - since > DEADLINE:
                await self._has_reason(code)

    async def _has_reason(self, code: Wire) -> None:
        warnings = [one for one in code["warnings"] if one["warning_code"] != "being_deleted"]
        assert code["errors"] or warnings, f"nothing says why: {code}"
        told = await self.home.house.event_types(access_code_id=code["access_code_id"])
        elsewhere = [one for one in code["errors"] if not one.get("is_access_code_error")]
        assert elsewhere or set(told) & set(REASONS), f"nobody was told: {told}"
