"""The whole story once, on both databases."""

from ..conftest import OpenHouse


async def test_a_code_is_set_when_the_lock_shows_it_and_gone_when_it_does_not(open_: OpenHouse) -> None:
    async with open_() as house:
        await house.connect()
        lock = await house.lock_with_keypad()
        code = await house.create_code(lock["device_id"], name="Ann", code="498882")
        assert code["status"] == "setting"
        await house.code_until(code["access_code_id"], lambda code: code["status"] == "set")
        assert [entry["code"] for entry in await house.codes_on_lock(lock)] == [498882]
        assert await house.type_code(lock, "498882")
        assert not await house.type_code(lock, "498883")
        await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        await house.gone(code["access_code_id"])
        assert await house.codes_on_lock(lock) == []
        types = await house.event_types(access_code_id=code["access_code_id"])
        told = [name for name in types if name.startswith("access_code.")]  # the door tells of its use later
        assert told == [
            "access_code.created",
            "access_code.mutations_requested",
            "access_code.set_on_device",
            "access_code.mutations_requested",
            "access_code.removed_from_device",
            "access_code.deleted",
        ]


async def test_a_door_is_unlocked_and_locked(open_: OpenHouse) -> None:
    async with open_() as house:
        await house.connect()
        lock = await house.lock_with_keypad()
        for verb, is_locked in (("unlock_door", False), ("lock_door", True)):
            asked = await house.call(f"/locks/{verb}", device_id=lock["device_id"])
            attempt = await house.attempt(asked["action_attempt"]["action_attempt_id"])
            assert attempt["status"] == "success"
            assert attempt["result"] == {"was_confirmed_by_device": True}
            device = (await house.call("/devices/get", device_id=lock["device_id"]))["device"]
            assert device["properties"]["locked"] is is_locked
        told = await house.event_types(device_id=lock["device_id"])
        assert told[-4:] == [
            "action_attempt.unlock_door.succeeded",
            "lock.unlocked",
            "action_attempt.lock_door.succeeded",
            "lock.locked",
        ]
