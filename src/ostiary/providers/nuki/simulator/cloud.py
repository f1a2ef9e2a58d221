"""
What happens while nobody asks: accepted work reaches the devices, devices report, syncs come round.

There are no background tasks. `advance` is called at the start of every request and does everything
that was due by then, in order, so that a shifted or frozen clock needs nothing else.
"""

from copy import copy
from datetime import datetime, timedelta

from ostiary.simulation.faults import strike

from . import advanced, chores, generations, hooks
from .founding import SYNC_EVERY
from .state import BOX, CODE, LOG_KEPT, OPENER, WINDOW, Auth, Device, Home, Job, LogEntry

# Seconds, drawn evenly (12). The vendor says no more than "seconds" when a device is online.
AUTH_DELAY, ACTION_DELAY, SYNC_DELAY = (2.0, 6.0), (1.0, 4.0), (3.0, 8.0)
RTO_LASTS = timedelta(minutes=20)

# Texts for `error`. Codes are the Bluetooth ones of 8.6; the vendor's wording is not known.
UNREACHABLE = "Device is offline or unreachable (ff)"
GONE = "Invalid authorization id (24)"
FULL = "Storage is full, too many entries (29)"
TOO_MANY_USERS = "Too many users (13)"
CODE_EXISTS = "Keypad code already exists (2a)"

LOCKED, UNLOCKED, UNLATCHED, MOTOR_BLOCKED = 1, 3, 5, 254
DOOR_MODE, CONTINUOUS_MODE = 2, 3
WEB = 4  # log trigger of what came through the cloud (6.1)

# Which values `state.state` takes, one after the other (3.4).
_LOCK_STEPS = {1: [2, 3], 2: [4, 1], 3: [7, 5, 3], 4: [2, 6, 4, 1], 5: [7, 5, 6, 4, 1]}
_OPENER_ACTIONS = (1, 2, 3, 6, 7)
_BOX_ACTIONS = (1,)


def can_act(device: Device, action: int) -> bool:
    return action in {OPENER: _OPENER_ACTIONS, BOX: _BOX_ACTIONS}.get(device.type, _LOCK_STEPS)


def next_event_at(home: Home) -> datetime | None:
    """When the next thing happens by itself."""
    instants = [job.run_at for job in home.jobs]
    instants += [device.next_sync_at for device in home.owned()]
    return min(instants, default=None)


def is_due(home: Home, now: datetime) -> bool:
    at = next_event_at(home)
    return at is not None and at <= now


def advance(home: Home, now: datetime) -> None:
    """Do all that was due until now, in order."""
    seen = hooks.look(home)
    while (at := next_event_at(home)) is not None and at <= now:
        index = next((index for index, job in enumerate(home.jobs) if job.run_at == at), None)
        if index is not None:
            job = home.jobs.pop(index)
            _run(home, job, at)
            seen = hooks.tell(home, seen, at)
            advanced.settle(home, job, at)
            continue
        device = next(device for device in home.owned() if device.next_sync_at == at)
        synchronise(home, device, at)
        # With no work in between, a hundred missed syncs show nothing that the last one does not.
        missed = 0 if any(job.run_at <= now for job in home.jobs) else (now - at) // SYNC_EVERY
        device.next_sync_at = at + (missed + 1) * SYNC_EVERY
        seen = hooks.tell(home, seen, at)


def delay(home: Home, between: tuple[float, float], pace: float) -> timedelta:
    return timedelta(seconds=home.chance().uniform(*between) * pace)


# --- accepting work -----------------------------------------------------------------------------------


def enqueue_auth(home: Home, job: Job, now: datetime, pace: float) -> None:
    """
    Queue a write about an authorization.

    An update or delete marks that authorization as busy, and so does a create that is listed at once;
    other creates stay invisible and may overlap each other and everything else.
    """
    job.run_at = now + delay(home, AUTH_DELAY, pace)
    home.jobs.append(job)
    device = home.device(job.smartlock_id)
    if device and job.auth_id in device.cloud.auths:
        device.cloud.auths[job.auth_id].operation_id = job.id


def enqueue_action(
    home: Home, device: Device, action: int, now: datetime, pace: float, request_id: str = ""
) -> None:
    """Queue a lock action. It marks the device as busy for other actions and syncs, not for auths."""
    steps = steps_of(device, action)
    total = delay(home, ACTION_DELAY, pace)
    job = Job(
        id=home.object_id(now),
        kind="action",
        smartlock_id=device.smartlock_id,
        run_at=now + total / len(steps),
        action=action,
        steps=steps,
        every=total.total_seconds() / len(steps),
        request_id=request_id,
    )
    home.jobs.append(job)
    device.operation_id = job.id


def enqueue_sync(home: Home, device: Device, now: datetime, pace: float) -> None:
    run_at = now + delay(home, SYNC_DELAY, pace)
    job = Job(id=home.object_id(now), kind="sync", smartlock_id=device.smartlock_id, run_at=run_at)
    home.jobs.append(job)
    device.operation_id = job.id


def reserved_digits(home: Home, device: Device) -> dict[int, set[str]]:
    """
    Every keypad code that the cloud takes for used on this device, with the auths that use it.

    That includes what is on its way there and what is on its way out (4.7, quirk 20).
    """
    used: dict[int, set[str]] = {}
    for auth in device.cloud.auths.values():
        if auth.code is not None:
            used.setdefault(auth.code, set()).add(auth.id)
    for job in home.jobs:
        if job.smartlock_id == device.smartlock_id and job.auth and job.auth.code is not None:
            used.setdefault(job.auth.code, set()).add(job.auth.id)
    return used


# --- doing it -----------------------------------------------------------------------------------------


def _run(home: Home, job: Job, at: datetime) -> None:
    if job.kind == "user":
        chores.delete_user(home, job)
        return
    device = home.device(job.smartlock_id)
    if device is None:
        return
    if job.stage == "cloud":
        _publish(device, job)
    elif job.kind in ("create", "update", "delete"):
        job.error = error = _write_auth(device, job, at)
        if error is None:
            _report(home, device, job)
        else:
            _fail(device, job, error)
    elif job.kind == "action":
        _act(home, device, job, at)
    elif job.kind in ("config", "pin"):
        device.operation_id = None
        device.error = chores.write(device, job) if device.is_reachable else UNREACHABLE
        push(device, at)
    elif job.kind == "sync":
        synchronise(home, device, at)
        device.operation_id = None
    elif job.kind == "rto_end" and device.truth.status.rto_end == at:
        device.truth.status.state, device.truth.status.rto_end = LOCKED, None
        push(device, at)
    elif job.kind == "alert_end":
        device.truth.status.alert = 0
        push(device, at)
    elif job.kind == "online":
        device.online = True
        push(device, at)


def _write_auth(device: Device, job: Job, at: datetime) -> str | None:
    """Bring the device's own list to what was asked; the reason if it refuses."""
    if not device.is_reachable:
        return UNREACHABLE
    if not chores.check_pin(device):
        return chores.BAD_PIN
    auths = device.truth.auths
    assert job.auth_id
    if job.kind == "delete":
        auths.pop(job.auth_id, None)
        return None
    assert job.auth
    wanted, held = copy(job.auth), auths.get(job.auth_id)
    if job.kind == "update" and held is None:
        return GONE  # the owner took it away in the app
    others = [auth for auth in auths.values() if auth.id != wanted.id]
    if wanted.code is not None and any(auth.code == wanted.code for auth in others):
        return CODE_EXISTS  # the owner made it in the app; the cloud could not know
    if held is None:
        if is_full(device, wanted.type):
            return FULL if wanted.type == CODE else TOO_MANY_USERS
        device.last_auth_number += 1
        wanted.auth_id, wanted.created_at = device.last_auth_number, at
    else:
        wanted.lock_count, wanted.last_active_at = held.lock_count, held.last_active_at
    wanted.updated_at, wanted.operation_id, wanted.error, wanted.is_ahead = at, None, None, False
    if job.without_window:
        copy_window(held, wanted)
    auths[wanted.id] = wanted
    return None


def is_full(device: Device, kind: int) -> bool:
    """Keypad codes and other authorizations are counted apart (10.1)."""
    held = sum((auth.type == CODE) == (kind == CODE) for auth in device.truth.auths.values())
    generation = generations.of(device)
    return held >= (generation.codes if kind == CODE else generation.others)


def copy_window(source: Auth | None, target: Auth) -> None:
    """The five fields of 4.4; of nothing: no limits."""
    for name in WINDOW:
        setattr(target, name, None if source is None else getattr(source, name))


def _report(home: Home, device: Device, job: Job) -> None:
    """Tell the cloud, at once or as late as a fault wants."""
    if job.late <= 0:
        _publish(device, job)
        return
    job.stage, job.run_at = "cloud", job.run_at + timedelta(seconds=job.late)
    home.jobs.append(job)


def _publish(device: Device, job: Job) -> None:
    assert job.auth_id
    held = device.truth.auths.get(job.auth_id)
    if held is None:
        device.cloud.auths.pop(job.auth_id, None)
    else:
        device.cloud.auths[held.id] = shown = copy(held)
        if job.without_window:
            copy_window(job.auth, shown)
            shown.is_ahead = True
    if job.kind == "create":
        device.error = None


def _fail(device: Device, job: Job, error: str) -> None:
    """
    Leave the trace that the vendor leaves (0.3, point 4).

    A create for a device out of reach vanishes (quirk 3); one that the device refused shows on the
    device, since there is no authorization to carry it; updates and deletes show on the authorization, and
    so does a create that was listed at once.
    """
    if job.kind == "create":
        device.error = device.error if error == UNREACHABLE else error
    held = device.cloud.auths.get(job.auth_id or "")
    if held is not None:
        held.operation_id, held.error = None, error


def synchronise(home: Home, device: Device, at: datetime) -> None:
    """
    Read the device into the cloud (7.1). A device out of reach cannot be read.

    Authorizations with work under way are left to that work.
    """
    if not device.is_reachable:
        return
    working = {job.auth_id for job in home.jobs if job.smartlock_id == device.smartlock_id and job.auth_id}
    known, fresh = device.cloud.auths, dict[str, Auth]()
    for auth in device.truth.auths.values():
        if auth.id not in working:
            if auth.id in known and known[auth.id].is_ahead:
                copy_window(known[auth.id], auth)  # a sync mends what quirk 7 has torn
            fresh[auth.id] = copy(auth)
            fresh[auth.id].error = known[auth.id].error if auth.id in known else None
        elif auth.id in known:
            fresh[auth.id] = known[auth.id]
    for auth in known.values():
        if auth.id in working:
            fresh.setdefault(auth.id, auth)
    device.cloud.auths = fresh
    device.cloud.keypad_paired = device.truth.keypad_paired
    device.cloud.keypad2_paired = device.truth.keypad2_paired
    if device.truth.name != device.cloud.name:
        device.name = device.truth.name  # the account follows what the owner did in the app
    device.cloud.settings = device.truth.settings
    chores.check_pin(device)
    device.synced_at = at
    push(device, at)


def push(device: Device, at: datetime) -> None:
    """State and log go from the device to the cloud at once (0.3, point 5), if it can be reached."""
    if not device.is_reachable:
        return
    device.cloud.status = copy(device.truth.status)
    device.updated_at = at
    for entry in reversed(device.log):
        if entry.is_pushed:
            break
        entry.is_pushed = True


def write_log(home: Home, device: Device, entry: LogEntry) -> None:
    """The fault `nameless` leaves out who it was; `authId` stays (quirk 29)."""
    if strike(home, ("nameless",), "", "", "") is not None:
        entry.name = ""
    entry.is_pushed = device.is_reachable
    device.log.append(entry)
    del device.log[:-LOG_KEPT]


# --- actions ------------------------------------------------------------------------------------------


def simple_action(device: Device, verb: str) -> int:
    """What `/action/lock` and `/action/unlock` stand for on this device (3.3)."""
    if device.type == OPENER:
        return 2 if verb == "lock" else 3
    if verb == "lock":
        return 2
    return 3 if device.has_knob else 1


def steps_of(device: Device, action: int) -> list[int]:
    """The values of `state.state` on the way; a Box has none to show (2.9)."""
    now = device.truth.status.state
    if device.type == BOX:
        return [now]
    if device.type != OPENER:
        return list(_LOCK_STEPS[action])
    return {1: [3], 2: [1], 3: [7, 5, now if now in (1, 3) else 1], 6: [now], 7: [now]}[action]


def _act(home: Home, device: Device, job: Job, at: datetime) -> None:
    """
    One step of a lock action. Out of reach at the first step: nothing happens at all (3.4).

    Once it has begun, the motor goes on whether or not the cloud hears of it.
    """
    job.is_started = job.is_started or device.is_reachable
    status = device.truth.status
    state = job.steps.pop(0)
    if job.is_started and not device.jammed:
        status.state, status.alert = state, 0
        push(device, at)
    if job.steps:
        job.run_at = at + timedelta(seconds=job.every)
        home.jobs.append(job)
        return
    device.operation_id = None
    if not job.is_started:
        return
    if device.jammed:
        status.state = MOTOR_BLOCKED
    status.last_action, status.trigger = job.action, 0
    if device.type == OPENER:
        finish_opener(home, device, job.action, at)
    web = device.truth.auths.get(device.web_auth_id)
    entry = LogEntry(
        id=home.object_id(at),
        at=at,
        action=job.action,
        trigger=WEB,
        state=1 if device.jammed else 0,
        auth_id=device.web_auth_id,
        name=web.name if web else "",
    )
    write_log(home, device, entry)
    push(device, at)


def finish_opener(home: Home, device: Device, action: int, at: datetime) -> None:
    """Ring to open ends by itself; a simple lock ends continuous mode too (3.3)."""
    status = device.truth.status
    if action in (6, 7):
        status.mode = CONTINUOUS_MODE if action == 6 else DOOR_MODE
    elif action == 2:
        status.mode, status.rto_end = DOOR_MODE, None
    elif action == 1:
        status.rto_end = at + RTO_LASTS
        job = Job(
            id=home.object_id(at), kind="rto_end", smartlock_id=device.smartlock_id, run_at=status.rto_end
        )
        home.jobs.append(job)
