"""Every generation of devices through the adapter: what it says that they can do, they do."""

from ostiary.domain.provider import Account, ObservedDevice
from ostiary.providers.nuki.simulator.generations import GENERATIONS

from .test_adapter_support import World, in_world, over_both, wish

PLACES = {"smart_lock_1": 100, "smart_lock_2": 100, "opener": 100, "smart_door": 100}
"""Of the rest 200; of Openers and Smart Doors nobody says how many, and fewer does no harm."""

MODELS = {
    "smart_lock_1": "Smart Lock",
    "smart_lock_2": "Smart Lock",
    "box": "Box",
    "opener": "Opener",
    "smart_door": "Smart Door",
    "smart_lock_3": "Smart Lock",
    "smart_lock_3_pro": "Smart Lock Pro",
    "smart_lock_4": "Smart Lock",
    "smart_lock_4_pro": "Smart Lock Pro",
    "smart_lock_5_go": "Smart Lock Go",
    "smart_lock_5_pro": "Smart Lock Pro",
    "smart_lock_5_ultra": "Smart Lock Ultra",
}


async def _home(world: World) -> tuple[Account, dict[str, ObservedDevice]]:
    sketches = [{"name": name, "generation": name, "keypad": name != "box"} for name in GENERATIONS]
    await world.control("POST", "homes", devices=sketches)
    account = await world.account()
    return account, {device.name: device for device in await account.list_devices()}


@over_both
def test_what_each_is_and_can(transport: str) -> None:
    async def use(world: World) -> None:
        _, devices = await _home(world)
        assert list(devices) == list(GENERATIONS)
        assert {
            name: device.properties["model"]["display_name"] for name, device in devices.items()
        } == MODELS
        for name, device in devices.items():
            can = device.capabilities
            assert can.can_remotely_unlock is True
            assert can.can_remotely_lock is (None if name in ("box", "opener") else True)
            assert can.can_program_online_access_codes is (None if name == "box" else True)
            assert can.max_access_codes == (None if name == "box" else PLACES.get(name, 200))
            assert (device.battery_level is not None) is GENERATIONS[name].tells_charge
            assert (device.time_zone is not None) is GENERATIONS[name].knows_zones

    in_world(transport, use)


@over_both
def test_doors_of_every_generation(transport: str) -> None:
    async def use(world: World) -> None:
        account, devices = await _home(world)
        for name, device in devices.items():
            await account.unlock_door(device.vendor_device_id)
            world.pass_time()
            unlocked = await account.get_device(device.vendor_device_id)
            assert not unlocked.is_busy, name
            if not device.capabilities.can_remotely_lock:
                assert unlocked.is_locked is None, name
                continue
            assert unlocked.is_locked is False, name
            await account.lock_door(device.vendor_device_id)
            world.pass_time()
            assert (await account.get_device(device.vendor_device_id)).is_locked is True, name

    in_world(transport, use)


@over_both
def test_codes_of_every_generation(transport: str) -> None:
    async def use(world: World) -> None:
        account, devices = await _home(world)
        for name, device in devices.items():
            if device.capabilities.can_program_online_access_codes is None:
                continue
            await account.set_access_code(device.vendor_device_id, wish())
            world.pass_time()
            [seen] = await account.list_access_codes(device.vendor_device_id)
            assert seen.mark == "abc234", name
            assert await world.is_opened_by(device.vendor_device_id, "384756"), name
            await account.remove_access_code(device.vendor_device_id, seen.vendor_code_id)
            world.pass_time()
            assert await account.list_access_codes(device.vendor_device_id) == [], name

    in_world(transport, use)
