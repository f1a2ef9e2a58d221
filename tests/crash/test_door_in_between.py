"""A door that is asked for while the engine is busy with the codes of the same lock."""

from pathlib import Path

from ..house import open_house


async def test_a_door_asked_for_during_a_look_at_the_codes_is_operated_after_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.connect()
        lock = await house.lock_with_keypad()
        code = await house.create_code(lock["device_id"], name="Ann", code="498882")
        await house.code_until(code["access_code_id"], lambda code: code["status"] == "set")
        # The look before the change, and the one that confirms it and leaves nothing to come back for.
        match = {"method": "GET", "route": "/smartlock/{smartlockId}/auth"}
        await house.simulator("faults", fault="hang", times=2, seconds=1.0, match=match)
        await house.call("/access_codes/update", access_code_id=code["access_code_id"], name="Bob")

        async def slow_looks() -> int:
            return sum(line["fault"] == "hang" for line in (await house.simulated("requests"))["requests"])

        await house.until(slow_looks, lambda count: count == 2)
        asked = await house.call("/locks/unlock_door", device_id=lock["device_id"])
        attempt_id = asked["action_attempt"]["action_attempt_id"]

        async def status() -> str:
            found = await house.call("/action_attempts/get", action_attempt_id=attempt_id)
            return str(found["action_attempt"]["status"])

        assert await house.until(status, lambda status: status != "pending", 8) == "success"
