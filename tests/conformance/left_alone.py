"""A story for the official schema: a device with somebody else's code is left alone, and managed again."""

import asyncio

from ..house import TestHouse, fixed


async def devices_are_left_alone(house: TestHouse) -> None:
    """Its events, its object in both states, and what is set for it."""
    await house.connect()
    lock = await house.lock_with_keypad()
    which = {"device_id": lock["device_id"]}
    await house.call("/ostiary/devices/get", **which)
    await house.call("/ostiary/devices/update", **which, preload_hours=96)
    simulate = "/access_codes/simulate/create_unmanaged_access_code"
    await house.call(simulate, **which, name="Mum", code="332211")
    code = await house.create_code(lock["device_id"], name="Ann", code="498882")
    await house.code_until(code["access_code_id"], lambda code: code["status"] == "set")
    await house.call("/devices/update", **which, is_managed=False)
    for is_online in (False, True):
        number = await house.smartlock_id(lock)
        await house.simulator("device", smartlock_id=number, online=is_online)
        told = "device.unmanaged.connected" if is_online else "device.unmanaged.disconnected"

        async def look() -> list[str]:
            await house.advance(700)
            await asyncio.sleep(0.05)
            return await house.event_types(device_id=lock["device_id"])

        await house.until(look, fixed(told, lambda wanted, types: wanted in types))
        await house.call("/devices/unmanaged/get", **which)
        await house.call("/devices/unmanaged/list")
        await house.call("/access_codes/unmanaged/list", **which)
    await house.call("/devices/unmanaged/update", **which, is_managed=True)
    await house.call("/devices/list")
    await house.events(limit=5000)
