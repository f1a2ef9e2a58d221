"""The API's operations on locks: reading them, and the locking command (3.2, 3.3, 3.5)."""

from ostiary.simulation.answers import Answer, json_answer

from . import otp, views
from .bodies import required, text
from .doors import BY_REMOTE, open_for_a_moment, write_entry
from .refusals import bad_value, failed, not_allowed
from .roles import SUPER_USER
from .rollout import LOST, push
from .visits import Call, Visit, enter, listed
from .world import Lock

UNLOCKED, OFFICE_MODE, LOCKED = "unlocked", "office_mode", "locked"
LOCKING = "locking"


def list_locks(call: Call) -> Answer:
    visit = enter(call)
    return listed(call, [views.lock(visit.site, lock, call.now) for lock in visit.site.locks])


def get_lock(call: Call) -> Answer:
    visit = enter(call)
    return json_answer(views.lock(visit.site, visit.lock(), call.now))


def set_locking(call: Call) -> Answer:
    """
    Open for a moment, hold open, or lock. It reaches the lock before the answer leaves.

    The lock in the answer is assumed; that it shows the new state, too.
    """
    visit = enter(call)
    lock, fields = visit.lock(), visit.body()
    state = required(fields, "locked_state", text(fields, "locked_state"))
    if state not in (UNLOCKED, OFFICE_MODE, LOCKED):
        raise bad_value("The value of 'locked_state' is not valid")
    _check_right(visit, lock)
    _check_way(visit, lock, text(fields, "otp"))
    lost = call.strike(LOST)
    if lost is None:
        _turn(visit, lock, state)
    visit.courier.fault = lost
    visit.written(f"locking_{state}", lock.customer_reference, lock.id)
    return json_answer(views.lock(visit.site, lock, call.now))


def _check_right(visit: Visit, lock: Lock) -> None:
    """The right to open from afar, for every lock or for those that the caller may use anyway (3.3)."""
    user_id = visit.caller.user_id
    is_accessible = any(user_id in group.members and lock.id in group.lock_ids for group in visit.site.groups)
    if not visit.caller.remote_access or not (visit.level >= SUPER_USER or is_accessible):
        raise not_allowed()


def _check_way(visit: Visit, lock: Lock, password: str | None) -> None:
    """The cloud asks for its passwords first; then the IQ, then the lock has to be there (assumed)."""
    iq = visit.site.iq(lock.iq_id)
    if iq is None:
        raise failed("lock_offline")
    held = visit.caller.activations.get(iq.id)
    knows_pin = held is not None and held.pin is not None and bool(password)
    if not iq.link.is_up and (knows_pin or not iq.otp_enabled):
        raise failed("iq_offline")
    if iq.otp_enabled:
        held = otp.check(held, password, LOCKING, visit.call.now)
        if held.activated_at is None:
            raise failed("pin_not_changed")
    if not lock.link.is_up:
        raise failed("lock_offline")


def _turn(visit: Visit, lock: Lock, state: str) -> None:
    call, site = visit.call, visit.site
    was_held_open = lock.real.locked_state == OFFICE_MODE
    if state == UNLOCKED:
        open_for_a_moment(site, lock, call.now)
        category, detail = "lock_opened", None
    else:
        lock.real.locked_state, lock.real.unlocked_until = state, None
        category, detail = OFFICE_MODE, "start" if state == OFFICE_MODE else "end"
    push(site, lock)
    if state != LOCKED or was_held_open:
        user_id = visit.caller.user_id
        write_entry(call.home, site, lock, call.now, category, detail, user_id=user_id, access_by=BY_REMOTE)
