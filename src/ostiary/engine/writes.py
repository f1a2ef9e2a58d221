"""
A tick's writes to the vendor, each by itself: written down, sent, settled.

A part of the tick (`engine.reconcile`). Die anywhere and the next tick finds what was written down.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import msgspec

from .. import store
from ..domain import conversion, evidence, reconcile
from ..domain.access_codes import AccessCode
from ..domain.errors import (
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    Rejected,
)
from ..domain.provider import Account, Capabilities
from ..domain.reconcile import Outcome, PlannedStep, Step, StepKind
from ..domain.retry import backoff
from ..domain.secrets import Secret
from ..store.tx import Tx
from . import poll
from .hold import CALL, Hold
from .lock import load, naming_the_other, store_change

REMOVAL_SETTLES: Final = 20.0


class _NotSent(Exception):
    """Between writing it down and sending it, what it was written down for has changed."""


async def write(hold: Hold, device_id: str, planned: PlannedStep) -> None:
    """Write down, send, settle. Nothing is sent that was not written down, nor after its wish changed."""
    step = await hold.write(_write_down, device_id, planned)
    if step is None:
        return
    try:
        told = await hold.call(lambda account: _send(account, hold, device_id, planned))
    except _NotSent:
        await hold.write(_settle_step, device_id, step, "not_sent")
    except OutcomeUnknown as error:
        await hold.write(_settle_step, device_id, step, "unknown", None, error)
    except Rejected as error:
        await hold.write(_refused, hold, device_id, step, error)
    except NoSuchObject as error:
        await hold.write(_missed, device_id, step, error)
        if planned.kind == "set":
            raise  # it is the device that the vendor does not know
    except (LoginExpired, LoginRejected) as error:
        await hold.write(_settle_step, device_id, step, "not_sent", None, error)
        raise LoginRejected(str(error)) from error
    except ProviderError as error:
        await hold.write(_settle_step, device_id, step, "not_sent", None, error)
        raise
    else:
        await hold.write(_settle_step, device_id, step, "accepted", told)


async def _send(account: Account, hold: Hold, device_id: str, planned: PlannedStep) -> Secret | None:
    """The PIN, if the vendor chose one and has now told it."""
    vendor_device_id = await hold.read(_where_to, device_id, planned)
    if planned.kind == "remove":
        assert planned.vendor_code_id is not None
        await account.remove_access_code(vendor_device_id, planned.vendor_code_id)
        return None
    assert planned.wanted is not None
    if planned.kind == "change":
        assert planned.vendor_code_id is not None
        return await account.change_access_code(vendor_device_id, planned.vendor_code_id, planned.wanted)
    return await account.set_access_code(vendor_device_id, planned.wanted)


async def _where_to(tx: Tx, device_id: str, planned: PlannedStep) -> str:
    """
    The device by the vendor's id, if it may be sent still. A login that had to be renewed takes time, and a
    machine may have slept: what was handed over meanwhile, in the same commit even, is nobody's to remove.
    """
    device = await store.devices.find(tx, device_id)
    if device is None:
        raise NoSuchObject("the device was deleted here")
    code = await store.access_codes.find(tx, planned.code.access_code_id)
    if code is None or not _still_stands(planned, code, tx.now):
        raise _NotSent
    return device.vendor_device_id


def _still_stands(planned: PlannedStep, code: AccessCode, now: datetime) -> bool:
    """Whether what the plan was made for is still wished."""
    if code.generation != planned.code.generation:
        return False
    if planned.kind != "remove" and code.is_over(now):
        return False
    return not (planned.makes_room and code.is_active(now) and not code.is_spare)


async def _write_down(tx: Tx, device_id: str, planned: PlannedStep) -> Step | None:
    """None: the wish has changed since the plan was made."""
    code = await store.access_codes.find(tx, planned.code.access_code_id)
    if code is None or not _still_stands(planned, code, tx.now):
        return None
    device = await store.devices.find(tx, device_id)
    assert device is not None
    sent_by = tx.now + CALL
    step = Step(
        step_id=str(uuid4()),
        access_code_id=code.access_code_id,
        kind=planned.kind,
        generation=code.generation,
        vendor_code_id=planned.vendor_code_id,
        code_hash=code.code_hash,
        planned_at=tx.now,
        outcome="planned",
        wait_until=sent_by + _settling(planned.kind, device.can),
        reaches_at=sent_by + _reaching(device.can) if _reaching(device.can) else tx.now,
    )
    await store.access_codes.write_down(tx, device.workspace_id, device_id, step)
    tx.ledger.note(code.access_code_id, evidence.sending(step))
    if planned.kind == "set" and not code.was_sent:
        await store.access_codes.update_code(tx, replace(code, was_sent=True))
    return step


async def _settle_step(
    tx: Tx,
    device_id: str,
    step: Step,
    outcome: Outcome,
    told: Secret | None = None,
    error: ProviderError | None = None,
) -> None:
    """
    What the vendor answered. Accepted and unknown stay open until a look shows more. A PIN that the vendor
    tells only now is kept with the step that made it: if this is lost, so is the PIN, and it is renewed.
    """
    device = await store.devices.find(tx, device_id)
    if device is None:
        return
    tx.ledger.note(step.access_code_id, evidence.answered(step, outcome, error))
    if outcome == "not_sent":
        await store.access_codes.update_step(tx, replace(step, outcome=outcome, settled_at=tx.now))
        return
    settled = replace(
        step,
        outcome=outcome,
        wait_until=tx.now + _settling(step.kind, device.can),
        reaches_at=tx.now + _reaching(device.can),
    )
    code = await store.access_codes.find(tx, step.access_code_id)
    if code is not None and code.released_at is not None:
        settled = replace(settled, settled_at=tx.now)  # it was handed over meanwhile: nobody waits for it
    if told is not None:
        settled = await _keep_pin(tx, device_id, settled, told)
    await store.access_codes.update_step(tx, settled)


async def _keep_pin(tx: Tx, device_id: str, step: Step, told: Secret) -> Step:
    code = await store.access_codes.find(tx, step.access_code_id)
    if code is None:
        return step
    code_hash = tx.vault.pin_hash(device_id, told)
    holder = await store.access_codes.by_pin(tx, device_id, code_hash)
    is_taken = holder is not None and holder.access_code_id != code.access_code_id
    after, answered = reconcile.pin_told(code, step, told, code_hash, tx.now, is_taken=is_taken)
    if after != code:
        await store.access_codes.update_code(tx, after)
    return answered


def _reaching(can: Capabilities) -> timedelta:
    return timedelta(seconds=can.reaches_device_after)


def _settling(kind: StepKind, can: Capabilities) -> timedelta:
    """
    How long an effect may take to show. A removal names one entry: repeating it does no harm, and waiting
    keeps a guest's code on the lock, so it is given less time.
    """
    seconds = min(REMOVAL_SETTLES, can.settles_within) if kind == "remove" else can.settles_within
    return timedelta(seconds=seconds) + _reaching(can)


async def _missed(tx: Tx, device_id: str, step: Step, error: NoSuchObject) -> None:
    """The vendor does not know what the write was about; a later look tells what there is."""
    tx.ledger.note(step.access_code_id, evidence.answered(step, "not_sent", error))
    await store.access_codes.update_step(tx, replace(step, outcome="not_sent", settled_at=tx.now))
    code = await store.access_codes.find(tx, step.access_code_id)
    if code is not None:
        await store.access_codes.update_code(tx, replace(code, retry_at=tx.now + backoff(1)))


async def _refused(tx: Tx, hold: Hold, device_id: str, step: Step, error: Rejected) -> None:
    """The vendor will not have it as it is: a problem on the code, told once."""
    await store.access_codes.update_step(tx, replace(step, outcome="refused", settled_at=tx.now))
    tx.ledger.note(step.access_code_id, evidence.answered(step, "refused", error))
    lock = await load(tx, device_id)
    code = await store.access_codes.find(tx, step.access_code_id)
    if lock is None or code is None:
        return
    # A problem of the account stands on the account, and from there on its codes: see `look_soon`.
    error_code = reconcile.SETTING_ERROR if error.is_of_account else error.error_code
    change = reconcile.refused(code, step, error_code, str(error), tx.now)
    if error.error_code == reconcile.DUPLICATE and change.code.attempts == 1:
        # A code that was removed at the door stays taken in the vendor's record until it reads the lock.
        device = replace(lock.device, sync_wanted=True)
        await store.devices.update_device(tx, device, hold.render(device, lock.account))
    if error.error_code == reconcile.DUPLICATE:
        change = await naming_the_other(tx, device_id, change)
    if error.is_of_account:
        await poll.look_soon(tx, lock.account)
    if change.code.refused_generation == code.generation:
        why = msgspec.json.encode({"type": error.error_code, "message": str(error)}).decode()
        await store.action_attempts.give_up_code(tx, code.access_code_id, why)
        if code.conversion == "pending" and code.is_on_lock:
            change = conversion.failed(change, tx.now)
    await store_change(tx, lock, code, change)
