"""
Codes of others on a lock: what a look shows of them, and the removal of those that somebody wants gone.

A part of the tick (`engine.reconcile`). A removal is written down on the code's own row, sent, and settled by
a look that does not show the entry any more. It names one entry, so that repeating it does no harm.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from .. import store
from ..domain import unmanaged_codes
from ..domain.attribution import Seen
from ..domain.devices import Device
from ..domain.errors import (
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    Rejected,
)
from ..domain.provider import Account
from ..domain.unmanaged_codes import UnmanagedCode
from ..store.tx import Tx
from .hold import Hold

SETTLES: Final = timedelta(seconds=35)
"""The longest call, and the time in which a removal shows. After that it is sent again."""

AWAY: Final = timedelta(seconds=60)
"""Between looks at a lock that cannot be reached; its return wakes it sooner."""

AT_ONCE: Final = 10


async def settle(tx: Tx, device: Device, foreign: Sequence[Seen]) -> None:
    """A look's facts. A device that has left its account is not looked at any more: its codes stand as is."""
    if device.removed_at is not None:
        return
    known = await store.unmanaged_codes.on_device(tx, device)
    findings = unmanaged_codes.observe(known, foreign, device, tx.now)
    await store.unmanaged_codes.keep(tx, findings)
    for code in findings.gone:
        await store.action_attempts.settle_code(tx, code.access_code_id, ("DELETE_ACCESS_CODE",), 0)


async def wants_look(tx: Tx, device: Device) -> bool:
    """Somebody wants one of them gone."""
    return bool(await _unwanted(tx, device))


async def due(tx: Tx, device: Device, other: datetime | None) -> datetime | None:
    """When the device has something to do: `other`, or sooner if a removal is to be sent or looked for."""
    instants = [_next(code, tx.now) for code in await _unwanted(tx, device)]
    if not device.is_online:
        instants = [tx.now + AWAY] if instants else []
    return min([*instants, *([] if other is None else [other])], default=None)


def _next(code: UnmanagedCode, now: datetime) -> datetime:
    if code.delete_sent_at is None:
        return max(now, code.retry_at or now)
    is_fresh = now - code.delete_sent_at < timedelta(seconds=10)
    return now + timedelta(seconds=1 if is_fresh else 5)


async def _unwanted(tx: Tx, device: Device) -> list[UnmanagedCode]:
    codes = [] if device.removed_at is not None else await store.unmanaged_codes.on_device(tx, device)
    return [code for code in codes if code.delete_requested_at is not None]


async def remove_unwanted(hold: Hold, device_id: str) -> None:
    """After a look: what it still shows and should not. Raises what the vendor raises."""
    for code in (await hold.read(_to_send, device_id))[:AT_ONCE]:
        written = await hold.write(_write_down, code)
        if written is not None:
            await _send(hold, written)


async def _to_send(tx: Tx, device_id: str) -> list[UnmanagedCode]:
    """None of a lock that is to be read anew first, or that cannot be reached: nothing would come of it."""
    device = await store.devices.find(tx, device_id)
    if device is None or device.removed_at is not None or device.sync_wanted or not device.is_online:
        return []
    return [code for code in await _unwanted(tx, device) if code.is_removal_due(tx.now)]


async def _write_down(tx: Tx, code: UnmanagedCode) -> UnmanagedCode | None:
    """None: it has changed hands or gone since."""
    found = await store.unmanaged_codes.get(tx, code.workspace_id, code.access_code_id)
    if found is None or found.delete_requested_at is None:
        return None
    written = replace(found, delete_sent_at=tx.now, retry_at=tx.now + SETTLES)
    await store.unmanaged_codes.update_code(tx, written)
    return written


async def _where_to(tx: Tx, code: UnmanagedCode) -> str | None:
    """The device by the vendor's id, or None: nobody here wants it gone any more."""
    device = await store.devices.find(tx, code.device_id)
    found = await store.unmanaged_codes.get(tx, code.workspace_id, code.access_code_id)
    if device is None or found is None or found.delete_requested_at is None:
        return None
    return device.vendor_device_id


async def _send(hold: Hold, code: UnmanagedCode) -> None:
    async def remove(account: Account) -> None:
        vendor_device_id = await hold.read(_where_to, code)
        if vendor_device_id is not None:
            await account.remove_access_code(vendor_device_id, code.vendor_code_id)

    try:
        await hold.call(remove)
    except (OutcomeUnknown, NoSuchObject):
        return  # the next look tells
    except Rejected as error:
        await hold.write(_refused, code, error)
    except (LoginExpired, LoginRejected) as error:
        await hold.write(_not_sent, code)
        raise LoginRejected(str(error)) from error
    except ProviderError:
        await hold.write(_not_sent, code)
        raise


async def _not_sent(tx: Tx, code: UnmanagedCode) -> None:
    found = await store.unmanaged_codes.get(tx, code.workspace_id, code.access_code_id)
    if found is not None:
        await store.unmanaged_codes.update_code(tx, replace(found, delete_sent_at=None, retry_at=None))


async def _refused(tx: Tx, code: UnmanagedCode, error: Rejected) -> None:
    """The vendor will not: it stays, and the attempt says why."""
    found = await store.unmanaged_codes.get(tx, code.workspace_id, code.access_code_id)
    if found is not None:
        kept = replace(found, delete_requested_at=None, delete_sent_at=None, retry_at=None)
        await store.unmanaged_codes.update_code(tx, kept)
    why = msgspec.json.encode({"type": error.error_code, "message": str(error)}).decode()
    await store.action_attempts.give_up_code(tx, code.access_code_id, why)
