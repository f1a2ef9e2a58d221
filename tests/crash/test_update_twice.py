"""An update that is sent again because its answer was lost."""

from pathlib import Path

from ..house import open_house


async def test_the_same_update_again_does_not_count_as_done_before_the_lock_shows_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.connect()
        lock = await house.lock_with_keypad()
        code = await house.create_code(lock["device_id"], name="Ann", code="498882")
        access_code_id = code["access_code_id"]
        await house.code_until(access_code_id, lambda code: code["status"] == "set")
        match = {"method": "GET", "route": "/smartlock/{smartlockId}/auth"}
        await house.simulator("faults", fault="http_503", match=match)
        attempts = []
        for _ in range(2):
            asked = await house.call("/access_codes/update", access_code_id=access_code_id, code="498883")
            attempts.append(asked["action_attempt"]["action_attempt_id"])
        for attempt_id in attempts:
            found = await house.call("/action_attempts/get", action_attempt_id=attempt_id)
            assert found["action_attempt"]["status"] == "pending"
        answer = await house.request(
            "DELETE",
            f"/ostiary/sandbox/{house.workspace.workspace_id}/nuki/_simulator/faults",
        )
        assert answer.status_code == 200
        for attempt_id in attempts:
            assert (await house.attempt(attempt_id))["status"] == "success"
        assert await house.type_code(lock, "498883")
        # What is as wished already is done at once.
        asked = await house.call("/access_codes/update", access_code_id=access_code_id, code="498883")
        attempt_id = asked["action_attempt"]["action_attempt_id"]
        found = await house.call("/action_attempts/get", action_attempt_id=attempt_id)
        assert found["action_attempt"]["status"] == "success"
