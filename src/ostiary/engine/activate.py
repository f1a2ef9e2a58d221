"""
Doors whose vendor asks for more than the login before they are operated from afar.

A person does it once per door, in two halves, from the command line: what the first half brings is stored
before the vendor is asked to send the PIN for the second, since it may never be told again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from .. import store
from ..domain.devices import Device
from ..domain.errors import NoSuchObject, ProviderError
from ..domain.provider import Account
from ..domain.secrets import Secret
from ..store.tx import Database, Tx
from .drain import give_back, take
from .hold import Hold, now_of
from .vendors import Vendors

T = TypeVar("T")
PATIENCE: Final = 60
"""Seconds to wait for an account that the engine is at work on."""


class NoSuchDoor(Exception):
    """No workspace has such a device."""


@dataclass(frozen=True, slots=True)
class Begun:
    """`sent_to` None: this door needs no activation."""

    name: str
    sent_to: str | None


async def begin(database: Database, vendors: Vendors, device_id: str) -> Begun:
    """
    Raises:
        NoSuchDoor, ProviderError: The vendor's words are in the message.
    """
    return await _held(database, vendors, device_id, _begin)


async def finish(database: Database, vendors: Vendors, device_id: str, pin: Secret) -> str:
    """With the PIN that came. Returns the door's name. Raises as `begin`."""

    async def work(hold: Hold, device: Device) -> str:
        now = await hold.read(now_of)
        kept = await hold.call(
            lambda account: account.finish_activation(device.vendor_device_id, pin, now=now)
        )
        await hold.write(_keep, hold, kept)
        return device.display_name

    return await _held(database, vendors, device_id, work)


async def _begin(hold: Hold, device: Device) -> Begun:
    kept = await hold.call(lambda account: account.begin_activation(device.vendor_device_id))
    if kept is None:
        return Begun(device.display_name, None)
    await hold.write(_keep, hold, kept)
    hold.account = replace(hold.account, activations=kept)

    async def send(account: Account) -> str:
        return await account.send_activation_pin(device.vendor_device_id)

    return Begun(device.display_name, await hold.call(send))


async def _keep(tx: Tx, hold: Hold, kept: Secret) -> None:
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if account is not None:
        await store.connected_accounts.update_account(tx, replace(account, activations=kept))


async def _held(
    database: Database, vendors: Vendors, device_id: str, work: Callable[[Hold, Device], Awaitable[T]]
) -> T:
    """Under the account's lease, as everything that talks to a vendor for it."""
    device = await database.read(store.devices.find, device_id)
    if device is None:
        raise NoSuchDoor(device_id)
    for _ in range(PATIENCE):
        held = await take(database, vendors, device.connected_account_id)
        if held is not None:
            break
        await asyncio.sleep(1)
    else:
        raise ProviderError("the account is being worked on; try again in a minute")
    try:
        return await work(held, device)
    except NoSuchObject:
        raise ProviderError("the vendor does not know this door any more") from None
    finally:
        await give_back(database, held)
