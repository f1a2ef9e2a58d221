"""
A life: random wishes, the owner's own hands, a vendor's faults, absences and deaths, and what must hold.
"""

import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ostiary.domain.instants import parse_instant, to_wire

from ..behaviours.support import clear_faults
from .standing import StandingHouse

Wire = dict[str, Any]
LOCKS = ("Front door", "Back door")
HOME = "life@example.com"
HOMES: dict[str, Wire] = {
    "nuki": {"devices": [{"name": name} for name in LOCKS]},
    "salto_ks": {
        "sites": [{"name": "Main Site", "seats": 50, "locks": [{"name": name} for name in LOCKS]}],
        "requests_per_second": 0,
    },
}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WINDOWS: dict[str, tuple[timedelta, timedelta] | None] = {
    "ongoing": None,
    "now": (-HOUR, 50 * HOUR),
    "brief": (timedelta(0), 4 * MINUTE),
    "soon": (20 * MINUTE, 3 * HOUR),
    "later": (5 * HOUR, 9 * HOUR),
    "far": (80 * HOUR, 90 * HOUR),
}
NAMES = ("Anna", "Ben Fischer-Dieskau the elder", "")
PINS = ("345678", "456789", "987654")
WAITS = (1, 5, 20, 90, 400, 1500)
FAULTS = {
    "nuki": ("drop_answer", "drop_answer_before", "http_429", "http_503", "lost", "late", "busy", "http_401"),
    "salto_ks": ("drop_answer", "drop_answer_before", "http_429", "http_503", "http_500", "http_401"),
}
WRITES_OF_A_SET = {"nuki": 1, "salto_ks": 6}
"""What the vendor counts of one code that is put on the lock."""

DEADLINE = timedelta(minutes=12)
"""
After so long in `setting` or `removing` there is a reason, and it was told: `SLOW_ONGOING` and some. One that
is put on the lock ahead of its start has until then.
"""

REASONS = (
    "access_code.delay_in_setting_on_device",
    "access_code.failed_to_set_on_device",
    "access_code.failed_to_remove_from_device",
)


@dataclass
class Wish:
    """
    A code as the house has accepted it.

    Attributes:
        is_taken_over: It was somebody else's before; its owner may take it away before it is ours.
        past: Since when it has been wished as it was; None: away.
    """

    access_code_id: str
    lock: str
    shown: Wire
    is_native: bool
    is_deleted: bool = False
    is_ours: bool = True
    is_taken_over: bool = False
    past: list[tuple[datetime, Wire | None]] = field(default_factory=list)

    def is_over(self, now: datetime) -> bool:
        ends_at = self.shown["ends_at"]
        return self.is_deleted or (ends_at is not None and now >= parse_instant(ends_at))

    def has_begun(self, now: datetime) -> bool:
        starts_at = self.shown["starts_at"]
        return starts_at is None or now >= parse_instant(starts_at)

    def was_active(self, at: datetime) -> bool:
        """At that moment and a little around it, by the wishes of then."""
        around = (at - MINUTE, at + MINUTE)
        wished = [shown for since, shown in self.past if since <= at][-1:]
        wished += [shown for since, shown in self.past if around[0] <= since <= around[1]]
        return bool(wished) and all(_is_inside(shown, moment) for shown in wished for moment in around)


def _is_inside(shown: Wire | None, moment: datetime) -> bool:
    if shown is None:
        return False
    starts_at, ends_at = shown["starts_at"], shown["ends_at"]
    return starts_at is None or parse_instant(starts_at) <= moment < parse_instant(ends_at)


class Life:
    """
    One account with two locks, by the seed of its story.

    Attributes:
        causes: What may have called for a write: wishes, the owner's edits, faults, deaths, offline locks.
        story: What has happened, for whoever has to find out.
        since: Since when a code has shown a status without a pause of the engine.
        marks: access_code_id to the mark in the vendor's name.
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

    async def live(self, steps: int) -> None:
        """Everything that happens, and then peace, in which all must be as it is wished."""
        try:
            await self._move_in()
            for _ in range(steps):
                await self._happen()
            await self._come_to_rest()
        except BaseException as error:
            error.add_note("\n".join(self.story))
            raise

    async def _move_in(self) -> None:
        await self.home.open()
        await self.home.house.simulator("homes", home=HOME, **HOMES[self.provider])
        await self.home.connect(HOME)
        self.devices = {device["display_name"]: device for device in await self.home.house.devices()}
        for window in ("ongoing", "now"):  # what everybody then meddles with
            await self._create(LOCKS[0], window, True, "Anna")
        await self.home.wait(20, self._look_on)

    async def _happen(self) -> None:
        """One thing, chosen by weight."""
        one_of, which = self.chance.choice, self.chance.randrange(8)
        lock, seconds = one_of(LOCKS), one_of(WAITS)
        name, pin, window = one_of(NAMES), one_of(PINS), one_of(sorted(WINDOWS))
        is_it = self.chance.random() < 0.5
        happenings: dict[str, tuple[int, Callable[[], Coroutine[Any, Any, None]]]] = {
            f"create {lock} {window} {is_it} {name}": (4, lambda: self._create(lock, window, is_it, name)),
            f"move {which} {window}": (2, lambda: self._move(which, window)),
            f"rename {which} {name}": (1, lambda: self._update(which, name=name)),
            f"choose_pin {which} {pin}": (2, lambda: self._choose_pin(which, pin)),
            f"delete {which}": (2, lambda: self._delete(which)),
            **{
                f"owner {what} {lock} {which}": (1, partial(self._owner_meddles, lock, which, what))
                for what in ("remove", "rename", "disable")
            },
            f"owner makes {pin} {lock}": (1, lambda: self._owner_makes_a_code(lock, "Mum", pin)),
            f"hand over {which}": (1, lambda: self._hand_over(which)),
            f"take over {lock} {which}": (1, lambda: self._take_over(lock, which)),
            f"remove of others {lock} {which}": (1, lambda: self._remove_of_others(lock, which)),
            f"link {lock} {is_it}": (2, lambda: self._link(lock, is_it)),
            f"trouble {which} {is_it}": (3, lambda: self._trouble(which, is_it)),
            f"wait {seconds}": (8, lambda: self.home.wait(seconds, self._look_on)),
            f"be away {seconds * 20}": (1, lambda: self._be_away(seconds * 20)),
            f"die {which} {is_it} {seconds}": (3, lambda: self._die(2 * which + 1, is_it, seconds)),
        }
        names = list(happenings)
        told = self.chance.choices(names, [happenings[key][0] for key in names])[0]
        self.story.append(told)
        await happenings[told][1]()

    # --- wishes -----------------------------------------------------------------------------------------

    async def _create(self, lock: str, window: str, is_native: bool, name: str) -> None:
        wish = {"name": name or None, "prefer_native_scheduling": is_native, **await self._window(window)}
        body = {key: value for key, value in wish.items() if value is not None}
        code = await self.home.house.create_code(self.devices[lock]["device_id"], **body)
        await self._note(Wish(code["access_code_id"], lock, code, is_native))

    async def _note(self, wish: Wish) -> None:
        """It is wished as it stands there from now on."""
        is_away = wish.is_deleted or not wish.is_ours
        wish.past.append((await self.home.now(), None if is_away else wish.shown))
        self.wishes[wish.access_code_id] = wish
        self.causes += 1

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
        listed = await self._unmanaged(lock)
        return listed[which % len(listed)] if listed else None

    async def _unmanaged(self, lock: str) -> list[Wire]:
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
        await self.home.wait(seconds, self._look_on)
        self.home.fuse.left = None
        self.causes += self.home.deaths - deaths

    # --- what holds at every moment ---------------------------------------------------------------------

    async def _look_on(self) -> None:
        now = await self.home.now()
        found: dict[tuple[str, str], Wire] = {}
        for device in self.devices.values():
            listed = await self.home.house.call("/access_codes/list", device_id=device["device_id"])
            for code in listed["access_codes"]:
                self.statuses[code["status"]] += 1
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

    # --- when the trouble is over -----------------------------------------------------------------------

    async def _come_to_rest(self) -> None:
        await clear_faults(self.home.house)
        for lock in LOCKS:
            await self.home.steering.set_online(lock, True)
        await self._log_in_again()
        await self._read_anew()
        await self.home.wait(4000, self._look_on)
        await self._log_in_again()  # a death between a renewal and its commit has cost the login
        await self.home.wait(7000, self._look_on)
        await self._leave_edges()
        await self.home.look_again()
        before = await self.home.steering.code_writes()
        await self.home.look_again()
        writes = await self.home.steering.code_writes()
        assert writes == before, "a second look writes nothing"
        most = 3 * WRITES_OF_A_SET[self.provider] * (self.causes + 1)
        assert len(writes) <= most, f"{len(writes)} writes for {self.causes} causes"
        if self.provider == "nuki":
            self._nobody_lost_a_working_code(writes)
        await self._check()

    async def _log_in_again(self) -> None:
        """Where the vendor has refused the login, which only a person can heal."""
        account_id = self.home.account_id
        found = await self.home.house.call("/connected_accounts/get", connected_account_id=account_id)
        if found["connected_account"]["errors"]:
            await self.home.connect(HOME)
            assert self.home.account_id == account_id

    async def _read_anew(self) -> None:
        """As the vendor does once a day: what the owner did at the lock comes to the cloud."""
        if self.provider != "nuki":
            return
        house = self.home.house
        token = (await house.simulator("api_token", home=HOME))["api_token"]
        base = f"/ostiary/sandbox/{house.workspace.workspace_id}/nuki"
        for device in self.devices.values():
            path = f"{base}/smartlock/{await house.smartlock_id(device)}/sync"
            for _ in range(20):
                answer = await house.http.post(path, headers={"authorization": f"Bearer {token}"})
                if answer.status_code != 423:  # it is at work on something else
                    break
                await self.home.wait(5, self._look_on)
            assert answer.status_code == 204, answer.text

    async def _leave_edges(self) -> None:
        """Until nothing has just begun or ended, or is about to."""
        for _ in range(20):
            now = await self.home.now()
            frames = [(w.shown["starts_at"], w.shown["ends_at"]) for w in self.wishes.values()]
            moments = [parse_instant(end) for frame in frames for end in frame if end is not None]
            leads = [moment - lead for moment in moments for lead in (HOUR, 72 * HOUR)]
            if all(abs(moment - now) > 15 * MINUTE for moment in (*moments, *leads)):
                return
            await self.home.wait(600, self._look_on)

    async def _check(self) -> None:
        now = await self.home.now()
        listed: dict[str, Wire] = {}
        for lock, device in self.devices.items():
            whole = await self.home.house.call("/access_codes/list", device_id=device["device_id"])
            codes: list[Wire] = whole["access_codes"]
            listed |= {code["access_code_id"]: code for code in codes}
            shown = {code["appearance"]["name"]: code["code"] for code in codes if code["appearance"]}
            others = {code["name"]: code["code"] for code in await self._unmanaged(lock)}
            held = await self.home.steering.codes_on(lock)
            free = {name: pin for name, pin in shown.items() if pin not in others.values()}
            assert free.items() <= held.items(), f"{lock} holds {held} and not {shown}"
            assert held.keys() == (shown | others).keys(), f"{lock} holds {held}: {shown} and {others}"
        wishes = {key: wish for key, wish in self.wishes.items() if wish.is_ours and not wish.is_over(now)}
        lost = {key for key, wish in wishes.items() if wish.is_taken_over and key not in listed}
        assert set(listed) == set(wishes) - lost
        for key, code in listed.items():
            await self._check_code(code, wishes[key], now)

    async def _check_code(self, code: Wire, wish: Wish, now: datetime) -> None:
        for name in ("starts_at", "ends_at") if wish.is_taken_over else ("name", "starts_at", "ends_at"):
            assert code[name] == wish.shown[name]
        others = {other["code"] for other in await self._unmanaged(wish.lock)}
        if code["code"] is not None and code["code"] in others:
            assert "duplicate_code_on_device" in [error["error_code"] for error in code["errors"]]
            return
        begun = wish.has_begun(now)
        is_early = not wish.is_native and wish.has_begun(now + HOUR)  # it works from its lead on
        assert code["status"] == ("set" if begun or is_early else "unset"), code
        assert code["errors"] == [], code
        warnings = {warning["warning_code"] for warning in code["warnings"]}
        assert warnings <= {"third_party_integration_detected"}, code  # the owner is remembered for a day
        if begun:
            assert await self.home.steering.opens(wish.lock, code["code"]), code

    def _nobody_lost_a_working_code(self, writes: list[Wire]) -> None:
        """
        Nuki can change in place: what is removed in a code's own time is a second entry of it, which a write
        had left that was thought lost.
        """
        marks = {mark: self.wishes[key] for key, mark in self.marks.items() if key in self.wishes}
        standing: Counter[str] = Counter()
        for write in writes:
            mark = write["name"].rpartition("#")[2]
            if write["lost"] or "#" not in write["name"]:
                continue
            if write["kind"] == "create":
                standing[mark] += 1
            elif write["kind"] == "delete":
                at = parse_instant(write["at"])
                is_working = mark in marks and marks[mark].was_active(at) and not marks[mark].is_taken_over
                assert not is_working or standing[mark] > 1, f"a working code was removed: {write}"
                standing[mark] -= 1
