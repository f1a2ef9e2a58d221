"""Trouble that not every brand's vendor makes, with the brands whose vendor does."""

import pytest

from ostiary.domain.errors import Busy, Rejected
from ostiary.domain.provider import Brand
from ostiary.domain.secrets import Secret

from .worlds import (
    MARK,
    brands_where,
    brands_with,
    keypad,
    look,
    opened,
    over_both,
    pin_of,
    programmed,
    settled,
    wish,
)

pytestmark = over_both


@brands_with("late")
async def test_a_late_write_shows_late_and_once(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        await world.fault("late", seconds=300.0)
        wanted = wish(world, device)
        await account.set_access_code(device.vendor_device_id, wanted)
        assert MARK not in await settled(world, account, device), "not listed, though it may be there"
        world.pass_time(300)
        assert MARK in await settled(world, account, device)
        assert (await world.steering.codes_on(device.name))[wanted.vendor_name] == pin_of(wanted)
        assert await world.steering.parts(MARK) == world.steering.whole


@brands_with("lost")
async def test_a_lost_write_is_accepted_and_never_shows(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        await world.fault("lost")
        await account.set_access_code(device.vendor_device_id, wish(world, device))
        world.pass_time(3000)
        assert MARK not in await settled(world, account, device)


@brands_with("busy")
async def test_a_busy_object_waits_alone(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        await programmed(world, account, device, wish(world, device))
        key = (await look(account, device))[MARK].vendor_code_id
        await world.fault("busy")
        with pytest.raises(Busy):
            await account.remove_access_code(device.vendor_device_id, key)
        assert MARK in await settled(world, account, device)


@brands_where(lambda steering: steering.refuses_duplicates)
async def test_a_pin_that_somebody_has_already_is_refused_without_being_quoted(
    brand: Brand, transport: str
) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        clash = wish(world, device)
        await world.steering.owner_adds(device.name, "Cleaner", pin_of(clash))
        await account.synchronise(device.vendor_device_id)
        world.pass_time(60)
        with pytest.raises(Rejected) as refused:
            await account.set_access_code(device.vendor_device_id, clash)
        assert refused.value.error_code == "duplicate_code_on_device"
        assert pin_of(clash) not in f"{refused.value} {refused.value!r}"
        assert await settled(world, account, device) == {}
        entries = await account.list_access_codes(device.vendor_device_id)
        assert [(entry.name, entry.code) for entry in entries] == [("Cleaner", Secret(pin_of(clash)))]
