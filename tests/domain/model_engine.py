"""
What `engine/reconcile.py` does with the pure functions, without its database: for the planner's properties.

It checks as it goes: see `model_checks`. What must hold at the end is for the tests to say.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ostiary.domain import access_codes, reconcile
from ostiary.domain.access_codes import AccessCode
from ostiary.domain.backup_pool import silenced
from ostiary.domain.errors import NoSuchObject, OutcomeUnknown, ProviderError, Rejected
from ostiary.domain.provider import ObservedCode
from ostiary.domain.reconcile import Change, Outcome, Plan, PlannedStep, Seen, Step
from ostiary.domain.retry import backoff
from ostiary.domain.secrets import Secret

from .model_checks import Checked, Told
from .model_vendor import Crash
from .model_wishes import is_wanted, pin_hash, vendor_name

CALL = timedelta(seconds=15)
REMOVAL_SETTLES = 20.0
POLL = timedelta(seconds=600)


@dataclass
class Engine(Checked):
    # --- time ---------------------------------------------------------------------------------------

    def run_until(self, end: datetime) -> None:
        """Tick whenever something is due, and look at least at every poll."""
        self.poll_at = (self.poll_at or self.now + POLL) if self.polls else None
        while True:
            moments = [moment for moment in (self.due_at, self.poll_at) if moment is not None]
            at = max(min(moments, default=end), self.now)
            if at > end or not moments:
                break
            self._go_to(at)
            if self.poll_at is not None and self.poll_at <= at:
                self.look_wanted = True
                self.poll_at = at + POLL
            self.tick()
        self._go_to(end)

    def jump_to(self, at: datetime) -> None:
        """A long time in which nobody polls: only what the engine itself asked for happens."""
        self.poll_at = at
        self.run_until(at)

    def _go_to(self, at: datetime) -> None:
        self.now = at
        self.vendor.pass_time(at)
        self._check_doors()

    def wake(self, at: datetime | None = None) -> None:
        at = at or self.now
        self.due_at = at if self.due_at is None else min(self.due_at, at)

    # --- a tick, as in engine/reconcile.py --------------------------------------------------------------

    def tick(self) -> None:
        self.ticks += 1
        assert self.ticks < 8_000, "it never comes to rest"
        try:
            self._tick()
        except Crash:
            self.due_at = self.now + timedelta(seconds=1)
        except ProviderError:
            self.attempts += 1
            self.due_at = self.now + backoff(self.attempts)
        self._check_doors()

    def _tick(self) -> None:
        waiting = {step.access_code_id for step in self.steps}
        for code in self.living():
            is_open = code.access_code_id in waiting
            self._store(reconcile.advance(code, self.can, self.now, has_open_step=is_open))
        must_look = self.look_wanted or self.sync_wanted
        if not must_look and not reconcile.needs_look(self.living(), self.steps, self.can, self.now):
            self.due_at = reconcile.due(self.living(), self.steps, self.can, self.now)
            return
        if self.sync_wanted:
            self.vendor.synchronise()
            self.sync_wanted, self.look_wanted = False, True
            self.due_at = self.now + timedelta(seconds=8)
            return
        entries = self.vendor.list_access_codes()
        for step in self._settle_look(entries).steps:
            self._write(step)
        self.due_at = (
            self.now if self.sync_wanted else reconcile.due(self._loaded(), self.steps, self.can, self.now)
        )

    def _loaded(self) -> list[AccessCode]:
        """Living codes, and gone ones that a step still waits for."""
        waiting = {step.access_code_id for step in self.steps}
        return [c for c in self.codes.values() if c.gone_at is None or c.access_code_id in waiting]

    def _settle_look(self, entries: Sequence[ObservedCode]) -> Plan:
        self.last_look, self.looked_at = list(entries), self.now
        self.pins_of_look = {key: entry.pin for key, entry in self.vendor.entries.items()}
        seen = [Seen(entry, pin_hash(entry.code.reveal()) if entry.code else None) for entry in entries]
        codes = self._loaded()
        known = {code.access_code_id for code in codes}
        marks = {entry.mark for entry in entries}
        gone = [c for c in self.codes.values() if c.access_code_id not in known and c.mark in marks]
        codes += gone
        names = {code.access_code_id: vendor_name(code) for code in codes}
        written = self._written(codes, entries)
        observation = reconcile.observe(codes, self.steps, seen, self.can, names, self.now, written)
        for change in observation.changes:
            self.changes += 1
            self._store(change)
        settled = {step.step_id for step in observation.settled}
        self.steps = [step for step in self.steps if step.step_id not in settled]
        self.look_wanted, self.attempts = False, 0
        self.sync_wanted = self.sync_wanted or observation.sync_wanted
        if self.sync_wanted:
            return Plan()
        now_codes = self._filled([self.codes[code.access_code_id] for code in codes])
        names = {code.access_code_id: vendor_name(code) for code in now_codes}
        plan = reconcile.plan(now_codes, self.steps, seen, self.can, names, self.now, written)
        self._check(plan, seen)
        for code in now_codes:
            if code.access_code_id in plan.blocked:
                self._store(reconcile.blocked(code, *plan.blocked[code.access_code_id], self.now))
            elif code.waits_for_room:
                self.codes[code.access_code_id] = replace(code, waits_for_room=False)
        self.last_plan = plan
        return plan

    def _filled(self, codes: list[AccessCode]) -> list[AccessCode]:
        """With the spares of a device that keeps some: see `test_spares`."""
        return codes

    def _written(self, codes: Iterable[AccessCode], entries: Iterable[ObservedCode]) -> dict[str, set[str]]:
        """For entries that bear our mark and are not known by their id."""
        known = {code.vendor_code_id for code in codes}
        marks = {entry.mark for entry in entries if entry.vendor_code_id not in known}
        return {c.access_code_id: self.written.get(c.access_code_id, set()) for c in codes if c.mark in marks}

    # --- writes ---------------------------------------------------------------------------------------

    def _write(self, planned: PlannedStep) -> None:
        step = self._write_down(planned)
        if step is None:
            return
        try:
            told = self.vendor.write(planned)
        except OutcomeUnknown:
            self._settle(step, "unknown")
        except Rejected as error:
            self._refused(step, error)
        except NoSuchObject:
            self._drop(step)
            code = self.codes[step.access_code_id]
            self.codes[code.access_code_id] = replace(code, retry_at=self.now + backoff(1))
        except ProviderError:
            self._drop(step)
            raise
        else:
            self._settle(step, "accepted", told)

    def _write_down(self, planned: PlannedStep) -> Step | None:
        code = self.codes[planned.code.access_code_id]
        if code.generation != planned.code.generation:
            return None
        if planned.kind != "remove" and code.is_over(self.now):
            return None
        if planned.makes_room and code.is_active(self.now) and not code.is_spare:
            return None
        sent_by, reaching = self.now + CALL, timedelta(seconds=self.can.reaches_device_after)
        step = Step(
            step_id=f"s{self.vendor.writes}-{len(self.steps)}",
            access_code_id=code.access_code_id,
            kind=planned.kind,
            generation=code.generation,
            vendor_code_id=planned.vendor_code_id,
            code_hash=code.code_hash,
            planned_at=self.now,
            outcome="planned",
            wait_until=sent_by + self._settling(planned),
            reaches_at=sent_by + reaching if reaching else self.now,
        )
        self.steps.append(step)
        self.evictions += planned.makes_room
        if planned.kind == "remove" and planned.vendor_code_id == code.vendor_code_id:
            self.taken_off.add(code.access_code_id)
        if code.code_hash is not None:
            self.written.setdefault(code.access_code_id, set()).add(code.code_hash)
        if planned.kind == "set":
            self.codes[code.access_code_id] = replace(code, was_sent=True)
        return step

    def _settle(self, step: Step, outcome: Outcome, told: str | None = None) -> None:
        self._drop(step)
        settled = replace(
            step,
            outcome=outcome,
            wait_until=self.now + self._settling(step),
            reaches_at=self.now + timedelta(seconds=self.can.reaches_device_after),
        )
        self.steps.append(settled if told is None else self._keep_pin(settled, told))

    def _keep_pin(self, step: Step, told: str) -> Step:
        code, code_hash = self.codes[step.access_code_id], pin_hash(told)
        others = [c for c in self.living() if c.access_code_id != code.access_code_id]
        is_taken = any(other.code_hash == code_hash for other in others)
        code, step = reconcile.pin_told(code, step, Secret(told), code_hash, self.now, is_taken=is_taken)
        self.codes[code.access_code_id] = code
        if step.code_hash is not None:
            self.written.setdefault(code.access_code_id, set()).add(step.code_hash)
        return step

    def _settling(self, step: Step | PlannedStep) -> timedelta:
        settles = self.can.settles_within
        seconds = min(REMOVAL_SETTLES, settles) if step.kind == "remove" else settles
        return timedelta(seconds=seconds + self.can.reaches_device_after)

    def _refused(self, step: Step, error: Rejected) -> None:
        self._drop(step)
        code = self.codes[step.access_code_id]
        change = reconcile.refused(code, step, error.error_code, str(error), self.now)
        if error.error_code == reconcile.DUPLICATE and change.code.attempts == 1:
            self.sync_wanted = True
        self._store(change)

    def _drop(self, step: Step) -> None:
        self.steps = [other for other in self.steps if other.step_id != step.step_id]

    # --- events -----------------------------------------------------------------------------------------

    def _store(self, change: Change) -> None:
        change = silenced(change)
        code = change.code
        before = self.codes[code.access_code_id]
        self._check_pins(before, change)
        if before.errors and not code.errors and not is_wanted(code, self.can, self.now):
            self.relieved.add(code.access_code_id)
        self.codes[code.access_code_id] = code
        types = [*(event.event_type for event in change.events), *change.problem_events]
        for event_type in types:
            errors = tuple(str(error["error_code"]) for error in code.errors)
            told = Told(event_type, code.generation, errors)
            self._check_event(code, told)
            self.told[code.access_code_id].append(told)

    # --- wishes ---------------------------------------------------------------------------------------

    def is_taken(self, pin: str, but: str | None) -> bool:
        """As `store.access_codes.refuse_taken`: a code that is on its way out still holds its PIN."""
        wanted = pin_hash(pin)
        return any(
            wanted in (code.code_hash, code.confirmed_code_hash)
            for code in self.living()
            if code.access_code_id != but
        )

    def create(
        self, name: str, pin: str | None, window: tuple[datetime, datetime] | None, native: bool
    ) -> None:
        """`pin` None: the vendor is to choose it."""
        if pin is not None and self.is_taken(pin, None):
            return
        number = len(self.codes) + 1
        starts_at, ends_at = window or (None, None)
        code = AccessCode(
            access_code_id=f"code-{number}",
            workspace_id="w",
            connected_account_id="a",
            device_id="d",
            mark=f"mark{number:02}",
            name=name,
            code=None if pin is None else Secret(pin),
            code_hash=None if pin is None else pin_hash(pin),
            starts_at=starts_at,
            ends_at=ends_at,
            is_external_modification_allowed=False,
            prefer_native_scheduling=native,
            attempt_for_offline_device=True,
            common_code_key=None,
            generation=1,
            created_at=self.now + timedelta(microseconds=number),
            wished_at=self.now,
        )
        self.codes[code.access_code_id] = code
        if pin is not None:
            self.asked[code.access_code_id] = pin
        self.wake()

    def rewish(self, before: AccessCode, **changes: Any) -> None:
        if "code" in changes:
            self.asked[before.access_code_id] = changes["code"].reveal()
        self.codes[before.access_code_id] = access_codes.rewished(before, self.now, **changes)
        self.wake()

    def is_pin_forgotten(self, code: AccessCode) -> bool:
        """
        A set with the present PIN is under way, or stands there unmet, and no open step remembers it.

        See `test_a_write_that_lands_after_its_pin_was_changed_is_removed` for what a new PIN does then.
        """
        patience = {step.code_hash: step.wait_until for step in self.steps if step.kind == "set"}
        under_way = [(job.wanted, job.due_at, job.copies) for job in self.vendor.jobs if job.kind == "set"]
        for wanted, due_at, copies in under_way:
            if wanted is not None and wanted.access_code_id == code.access_code_id:
                assert wanted.code is not None
                until = patience.get(pin_hash(wanted.code.reveal()))
                if copies > 1 or until is None or due_at + timedelta(seconds=16) > until:
                    return True
        unmet = [e for e in self.vendor.ours() if e.mark == code.mark]
        return len(unmet) > 1 or any(
            e.vendor_code_id != code.vendor_code_id
            and patience.get(pin_hash(e.pin), self.now) - self.now < timedelta(seconds=16)
            for e in unmet
        )
