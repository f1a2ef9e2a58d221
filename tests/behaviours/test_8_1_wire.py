"""Behaviours 8.1 of the access reference: the dialects in which the same call arrives."""

from typing import Any

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import DAY, Wire, at_home, codes, until_gone, window


async def _far_code(house: TestHouse, lock: Wire, **wish: Any) -> Wire:
    """A code that begins so late that the engine leaves it alone: its wire form stands still."""
    return await house.create_code(lock["device_id"], **{**await window(house, 10 * DAY), **wish})


async def test_01_get_by_query_and_by_body_answer_alike(open_: OpenHouse) -> None:
    """GET with a query and POST with a body are the same read."""
    async with at_home(open_) as (house, lock):
        code = await _far_code(house, lock, name="Ann")
        which = {"access_code_id": code["access_code_id"]}
        by_query = await house.request("GET", "/access_codes/get", params=which)
        by_body = await house.request("POST", "/access_codes/get", json=which)
        assert by_query.status_code == by_body.status_code == 200
        assert by_query.json() == by_body.json() == {"access_code": code, "ok": True}


async def test_02_strict_is_swallowed(open_: OpenHouse) -> None:
    """`_strict=true`, which SDKs add to every query, is no parameter and changes no answer."""
    async with at_home(open_) as (house, lock):
        code = await _far_code(house, lock)
        which = {"access_code_id": code["access_code_id"]}
        plain = await house.request("GET", "/access_codes/get", params=which)
        strict = await house.request("GET", "/access_codes/get", params={**which, "_strict": "true"})
        assert strict.status_code == 200
        assert strict.json() == plain.json()
        gone = await house.request("DELETE", "/access_codes/delete", params={**which, "_strict": "true"})
        assert gone.status_code == 200, gone.text
        await until_gone(house, code["access_code_id"])


async def test_03_ids_come_as_repeated_keys_or_as_one(open_: OpenHouse) -> None:
    """`access_code_ids` in a query is a list, also when it holds a single id."""
    async with at_home(open_) as (house, lock):
        a, b, _ = [(await _far_code(house, lock))["access_code_id"] for _ in range(3)]

        async def listed(query: str) -> list[str]:
            answer = await house.request("GET", f"/access_codes/list?{query}")
            assert answer.status_code == 200, answer.text
            return [code["access_code_id"] for code in answer.json()["access_codes"]]

        assert await listed(f"access_code_ids={a}&access_code_ids={b}&_strict=true") == [a, b]
        assert await listed(f"access_code_ids={b}&_strict=true") == [b]
        assert await listed(f"access_code_ids={b}") == [b]
        assert await listed("access_code_ids=") == []


async def test_04_delete_by_query_without_a_body(open_: OpenHouse) -> None:
    """DELETE with the id in the query and no body deletes the code."""
    async with at_home(open_) as (house, lock):
        code = await _far_code(house, lock)
        which = {"access_code_id": code["access_code_id"]}
        answer = await house.request("DELETE", "/access_codes/delete", params=which)
        assert answer.status_code == 200, answer.text
        assert answer.json()["ok"] is True
        assert answer.json()["action_attempt"]["action_type"] == "DELETE_ACCESS_CODE"
        await until_gone(house, code["access_code_id"])
        assert await codes(house, lock) == []


async def test_05_update_comes_as_patch_put_or_post(open_: OpenHouse) -> None:
    """All three verbs of the SDK generations change the code."""
    async with at_home(open_) as (house, lock):
        code = await _far_code(house, lock, name="nobody")
        for verb in ("PATCH", "PUT", "POST"):
            body = {"access_code_id": code["access_code_id"], "name": f"by {verb}"}
            answer = await house.request(verb, "/access_codes/update", json=body)
            assert answer.status_code == 200, answer.text
            assert answer.json()["ok"] is True
            assert (await house.code(code["access_code_id"]))["name"] == f"by {verb}"


async def test_06_create_multiple_comes_as_put_or_post(open_: OpenHouse) -> None:
    """Both methods make the codes."""
    async with at_home(open_) as (house, lock):
        for count, method in enumerate(("PUT", "POST"), 1):
            body = {"device_ids": [lock["device_id"]], **await window(house, 10 * DAY)}
            answer = await house.request(method, "/access_codes/create_multiple", json=body)
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["access_codes"]) == 1
            assert len(await codes(house, lock)) == count


async def test_07_offset_without_colon_is_accepted(open_: OpenHouse) -> None:
    """`+0000`, as the guides send it, is UTC."""
    async with at_home(open_) as (house, lock):
        year = (await house.now()).year + 2
        code = await house.create_code(
            lock["device_id"],
            starts_at=f"{year}-08-12T19:23:42+0000",
            ends_at=f"{year}-08-13T19:23:42+0000",
        )
        assert code["starts_at"] == f"{year}-08-12T19:23:42.000Z"
        assert code["ends_at"] == f"{year}-08-13T19:23:42.000Z"


async def test_08_an_offset_is_answered_as_the_same_instant_in_utc(open_: OpenHouse) -> None:
    """A time with `+02:00` comes back two hours earlier, with `Z`."""
    async with at_home(open_) as (house, lock):
        year = (await house.now()).year + 2
        code = await house.create_code(
            lock["device_id"],
            starts_at=f"{year}-08-12T01:23:42+02:00",
            ends_at=f"{year}-08-13T19:23:42.500+02:00",
        )
        assert code["starts_at"] == f"{year}-08-11T23:23:42.000Z"
        assert code["ends_at"] == f"{year}-08-13T17:23:42.500Z"


async def test_09_a_missing_parameter_is_named_in_the_wires_words(open_: OpenHouse) -> None:
    """400 `invalid_input` with the field's own `_errors`, `ok: false` and a request id, by body and query."""
    async with open_() as house:
        for path, missing in (
            ("/access_codes/create", "device_id"),
            ("/access_codes/update", "access_code_id"),
            ("/access_codes/delete", "access_code_id"),
            ("/access_codes/generate_code", "device_id"),
            ("/locks/unlock_door", "device_id"),
        ):
            error = await house.refused(path, 400, "invalid_input")
            assert error["message"] == f"{missing} is required"
            assert error["validation_errors"] == {"_errors": [], missing: {"_errors": ["Required"]}}
        answer = await house.request("DELETE", "/access_codes/delete", params={"_strict": "true"})
        assert answer.status_code == 400
        assert answer.json()["ok"] is False
        assert answer.json()["error"]["validation_errors"]["access_code_id"]["_errors"] == ["Required"]
        assert answer.json()["error"]["request_id"] == answer.headers["seam-request-id"]


async def test_10_an_unknown_code_is_not_found_with_its_id(open_: OpenHouse) -> None:
    """404 `access_code_not_found`, with the id that was asked for in `data`, for every operation on it."""
    async with open_() as house:
        unknown = "11111111-2222-4333-8444-555555555555"
        for path in ("/access_codes/get", "/access_codes/update", "/access_codes/delete"):
            error = await house.refused(path, 404, "access_code_not_found", access_code_id=unknown)
            assert error["data"] == {"access_code_id": unknown}
            assert error["message"] == "Could not find an access_code with device_id or access_code_id"
        answer = await house.request("GET", "/access_codes/get", params={"access_code_id": unknown})
        assert answer.status_code == 404
        assert answer.json()["error"]["data"] == {"access_code_id": unknown}
