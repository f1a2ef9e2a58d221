"""Mistakes of callers: the exact answer to each, and that nothing is stored, told or sent because of it."""

import json
from typing import Any

from ostiary.wire.http import MAX_BODY
from ostiary.wire.validation import LIKE_THIS, NO_SUCH_TIME

from ..conftest import OpenHouse
from ..house import TestHouse
from .support import (
    DAY,
    HOUR,
    Wire,
    at_home,
    codes,
    nothing_changes,
    set_code,
    window,
)

NOBODY = "11111111-2222-4333-8444-555555555555"
CREATE, UPDATE, DELETE = "/access_codes/create", "/access_codes/update", "/access_codes/delete"
GET, LIST = "/access_codes/get", "/access_codes/list"
JSON = {"content-type": "application/json"}


async def _raw(house: TestHouse, content: bytes, path: str = CREATE, **headers: str) -> tuple[int, Wire]:
    answer = await house.request("POST", path, content=content, headers={**JSON, **headers})
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["ok"] is False
    return answer.status_code, answer.json()["error"]


async def _invalid(house: TestHouse, path: str, message: str, tree: Wire, **body: Any) -> None:
    """400 `invalid_input` in exactly these words."""
    error = await house.refused(path, 400, "invalid_input", **body)
    assert error["message"] == message
    assert error["validation_errors"] == tree


def _at(field: str, *issues: str) -> Wire:
    return {"_errors": [], field: {"_errors": list(issues)}}


# --- bodies ------------------------------------------------------------------------------------------


async def test_a_body_that_is_no_json_object_is_refused(open_: OpenHouse) -> None:
    """400 `invalid_input` that names the byte and repeats nothing of the body."""
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        good = json.dumps({"device_id": lock["device_id"], "code": "498882"}).encode()
        for content, words in (
            (good[:-1], "Malformed JSON at byte "),
            (good + b"}", "Malformed JSON at byte "),
            (b"device_id=1", "Malformed JSON at byte 0"),
            (good.replace(b"498882", b"49\xff82"), "not UTF-8"),
            (b"[" * 100_000, "nested too deeply"),
            (b"[]", "Expected object, received array"),
            (b'"498882"', "Expected object, received string"),
            (b"null", "Expected object, received null"),
        ):
            status, error = await _raw(house, content)
            assert (status, error["type"]) == (400, "invalid_input"), content[:40]
            assert words in error["message"]
            assert error["validation_errors"] == {"_errors": [error["message"]]}
            assert "498882" not in json.dumps(error)


async def test_text_that_cannot_be_stored_is_refused(open_: OpenHouse) -> None:
    """NUL and half a surrogate pair, in body or query, on both databases alike."""
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        words = "String contains characters that cannot be stored"
        for escape in (b"\\u0000", b"\\ud800"):
            content = b'{"device_id": "%s", "name": "a%sb"}' % (lock["device_id"].encode(), escape)
            status, error = await _raw(house, content)
            assert (status, error["type"], error["validation_errors"]) == (
                400,
                "invalid_input",
                _at("name", words),
            )
        answer = await house.request("GET", f"{LIST}?search=a%00b")
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_input")


async def test_a_body_needs_its_content_type(open_: OpenHouse) -> None:
    """400 `invalid_content_type` for a body that does not say that it is JSON; no body needs none."""
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        body = json.dumps({"device_id": lock["device_id"]}).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            status, error = await _raw(house, body, **{"content-type": kind})
            assert (status, error["type"]) == (400, "invalid_content_type")
            assert error["message"] == "POST requests must have Content-Type header with application/json"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert (await house.request("POST", "/devices/list", headers=headers)).status_code == 200


async def test_an_oversized_body_is_refused(open_: OpenHouse) -> None:
    """413 `request_too_large` beyond the limit, whole or in pieces; just below it is read."""
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        good = json.dumps({"device_id": lock["device_id"], "code": "123456"}).encode()
        status, error = await _raw(house, good + b" " * (MAX_BODY - len(good)))
        assert (status, error["type"]) == (400, "invalid_access_code")

        async def pieces() -> Any:
            for _ in range(MAX_BODY // 65536 + 1):
                yield b" " * 65536

        for content in (good + b" " * (MAX_BODY - len(good) + 1), pieces()):
            status, error = await _raw(house, content)
            assert (status, error["type"]) == (413, "request_too_large")
            assert str(MAX_BODY) in error["message"]


# --- fields ------------------------------------------------------------------------------------------


async def test_wrong_types_are_named_in_the_wires_words(open_: OpenHouse) -> None:
    """`Expected …, received … for "…"`, as the SDKs' own tests compare it; several at once are counted."""
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        device = {"device_id": lock["device_id"]}
        for field, value, issue in (
            ("code", 498882, "Expected string, received number"),
            ("name", ["Ann"], "Expected string, received array"),
            ("starts_at", 1786562622, "Expected string, received number"),
            ("prefer_native_scheduling", "true", "Expected boolean, received string"),
            ("preferred_code_length", "6", "Expected number, received string"),
            ("common_code_key", "", "String must contain at least 1 character(s)"),
        ):
            await _invalid(
                house, CREATE, f'{issue} for "{field}"', _at(field, issue), **{**device, field: value}
            )
        await _invalid(
            house,
            CREATE,
            '2 Input Errors: Expected string, received number for "device_id", '
            'Expected string, received boolean for "name"',
            {
                "_errors": [],
                "device_id": {"_errors": ["Expected string, received number"]},
                "name": {"_errors": ["Expected string, received boolean"]},
            },
            device_id=7,
            name=True,
        )
        issue = "Expected array, received number"
        await _invalid(
            house, "/devices/list", f'{issue} for "device_ids"', _at("device_ids", issue), device_ids=4242
        )
        issue = "Invalid enum value. Expected 'ongoing' | 'time_bound', received 'forever'"
        await _invalid(
            house, UPDATE, f'{issue} for "type"', _at("type", issue), access_code_id=NOBODY, type="forever"
        )


async def test_an_id_that_is_no_uuid_is_refused(open_: OpenHouse) -> None:
    """400 `Invalid uuid`, before anybody looks for it."""
    async with open_() as house:
        for bad in ("unknown-device", "", NOBODY + "\n", NOBODY[:-1], f"{{{NOBODY}}}"):
            for path, field in (
                (CREATE, "device_id"),
                (GET, "access_code_id"),
                ("/locks/unlock_door", "device_id"),
            ):
                await _invalid(
                    house, path, f'Invalid uuid for "{field}"', _at(field, "Invalid uuid"), **{field: bad}
                )


async def test_unknown_fields_are_refused_in_a_body_and_ignored_in_a_query(open_: OpenHouse) -> None:
    """A misspelt wish must not be half granted; a query may carry what it likes."""
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        issue = "Unrecognized key(s) in object: 'start_at', 'colour'"
        wish = {"device_id": lock["device_id"], "start_at": "2028-01-01", "colour": "red"}
        await _invalid(house, CREATE, issue, {"_errors": [issue]}, **wish)
        query = {"device_id": lock["device_id"], "colour": "red"}
        assert (await house.request("GET", "/devices/get", params=query)).status_code == 200


async def test_a_query_that_can_be_read_in_two_ways_is_refused(open_: OpenHouse) -> None:
    """400 `invalid_query_params` for a scalar given twice, and for a list mixed with nothing."""
    async with open_() as house:
        for query in (
            f"{GET}?access_code_id={NOBODY}&access_code_id={NOBODY}",
            f"{LIST}?access_code_ids={NOBODY}&access_code_ids=",
        ):
            answer = await house.request("GET", query)
            assert answer.status_code == 400, answer.text
            assert answer.json()["error"]["type"] == "invalid_query_params"


async def test_bad_dates_are_refused(open_: OpenHouse) -> None:
    """What is no moment is 400 at its field, on create, on update and in filters."""
    async with at_home(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], **await window(house, 10 * DAY))
        async with nothing_changes(house, lock):
            good = (await window(house, DAY))["ends_at"]
            formless = ("tomorrow", "", "12/08/2028", "2028-08-12T19:23:42Z\n")
            for bad in (
                *formless,
                *("2028-02-30T12:00:00Z", "2028-08-12T25:00:00Z", "2028-08-12T19:23:42+25:00"),
                *("2028-13-01", "1969-12-31T23:59:59Z"),
            ):
                hint = f"({LIKE_THIS if bad in formless else NO_SUCH_TIME})"
                message = f'Invalid datetime for "starts_at" {hint}'
                tree = _at("starts_at", "Invalid datetime")
                for path, which in (
                    (CREATE, {"device_id": lock["device_id"]}),
                    (UPDATE, {"access_code_id": code["access_code_id"]}),
                ):
                    await _invalid(house, path, message, tree, **which, starts_at=bad, ends_at=good)
                await _invalid(
                    house,
                    "/events/list",
                    f'Invalid datetime for "since" {hint}',
                    _at("since", "Invalid datetime"),
                    since=bad,
                )


async def test_a_time_frame_that_cannot_be_is_refused_on_update(open_: OpenHouse) -> None:
    """Ends before it starts, ends in the past, `time_bound` without times: 400, and the times stay."""
    async with at_home(open_) as (house, lock):
        frame = await window(house, 10 * DAY)
        bound = await house.create_code(lock["device_id"], **frame)
        ongoing = await set_code(house, lock)
        past, early = (await window(house, -2 * HOUR, HOUR)), (await window(house, 5 * DAY))
        async with nothing_changes(house, lock):
            for which, wish in (
                (bound, {"ends_at": early["ends_at"]}),
                (bound, {"ends_at": frame["starts_at"]}),
                (bound, past),
                (bound, {"ends_at": None}),
                (ongoing, {"starts_at": frame["starts_at"]}),
                (ongoing, {"type": "time_bound"}),
            ):
                body = {"access_code_id": which["access_code_id"], **wish}
                error = await house.refused(UPDATE, 400, "invalid_input", **body)
                assert error["message"]


async def test_a_name_that_is_too_long_is_refused(open_: OpenHouse) -> None:
    """255 characters are a name, 256 are not; on create and on update."""
    async with at_home(open_) as (house, lock):
        wish = await window(house, 10 * DAY)
        code = await house.create_code(lock["device_id"], name="n" * 255, **wish)
        assert code["name"] == "n" * 255
        issue = "String must contain at most 255 character(s)"
        async with nothing_changes(house, lock):
            for path, which in (
                (CREATE, {"device_id": lock["device_id"]}),
                (UPDATE, {"access_code_id": code["access_code_id"]}),
            ):
                await _invalid(
                    house, path, f'{issue} for "name"', _at("name", issue), **which, name="n" * 256
                )


async def test_a_pin_that_breaks_the_form_is_refused_before_the_lock_is_asked(open_: OpenHouse) -> None:
    """Not 4 to 12 digits: `invalid_input` at `code`; digits that the lock cannot have: the broken rule."""
    async with at_home(open_) as (house, lock):
        code = await house.create_code(lock["device_id"], code="776655", **await window(house, 10 * DAY))
        wishes = (
            (CREATE, {"device_id": lock["device_id"]}),
            (UPDATE, {"access_code_id": code["access_code_id"]}),
        )
        async with nothing_changes(house, lock):
            for path, which in wishes:
                for pin, issue, hint in (
                    ("12a456", "Invalid", " (digits only)"),
                    ("123", "String must contain at least 4 character(s)", ""),
                    ("4" * 13, "String must contain at most 12 character(s)", ""),
                ):
                    message = f'{issue} for "code"{hint}'
                    await _invalid(house, path, message, _at("code", issue), **which, code=pin)
                for pin, constraint, words in (
                    ("4988", "supported_code_lengths", "must have 6 digits"),
                    ("490000", "no_zeros", "must not contain 0"),
                    ("129999", "cannot_start_with_12", "must not start with 12"),
                ):
                    error = await house.refused(path, 400, "invalid_access_code", **which, code=pin)
                    assert error["data"]["constraint_type"] == constraint
                    assert error["message"] == f"The code for Front door {words}"


async def test_a_duplicate_pin_is_refused_and_names_the_holder(open_: OpenHouse) -> None:
    """409 `duplicate_access_code` on create and update, with the id of the code that has the PIN."""
    async with at_home(open_) as (house, lock):
        holder = await set_code(house, lock, code="498882", name="Ann")
        other = await set_code(house, lock, code="776655")
        async with nothing_changes(house, lock):
            for path, which in (
                (CREATE, {"device_id": lock["device_id"]}),
                (UPDATE, {"access_code_id": other["access_code_id"]}),
            ):
                error = await house.refused(path, 409, "duplicate_access_code", **which, code="498882")
                assert error["data"] == {
                    "device_id": lock["device_id"],
                    "access_code_id": holder["access_code_id"],
                }
                assert "498882" not in error["message"]
            same = {"access_code_id": holder["access_code_id"], "code": "498882"}
        await house.call(UPDATE, **same)  # its own PIN is no duplicate
        assert len(await codes(house, lock)) == 2


# --- who and how ---------------------------------------------------------------------------------------


async def test_wrong_methods_are_refused_with_the_right_ones(open_: OpenHouse) -> None:
    """405 `method_not_allowed` with the list of what is accepted; only after the key was checked."""
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        for method, path, accepted in (
            ("GET", CREATE, "POST"),
            ("DELETE", CREATE, "POST"),
            ("GET", UPDATE, "PATCH,PUT,POST"),
            ("GET", DELETE, "DELETE,POST"),
            ("PUT", LIST, "GET,POST"),
            ("PATCH", "/locks/unlock_door", "POST"),
        ):
            answer = await house.request(method, path, params={"device_id": lock["device_id"]})
            assert answer.status_code == 405, answer.text
            assert answer.json()["error"]["type"] == "method_not_allowed"
            assert answer.json()["error"]["message"] == f"only {accepted} accepted"
            bare = await house.http.request(method, path)
            assert bare.status_code == 401


async def test_cursors_are_bound_to_their_list(open_: OpenHouse) -> None:
    """No cursor at all is 400 at `page_cursor`; one of another list is `mismatched_page_parameters`."""
    async with at_home(open_) as (house, lock):
        wish = await window(house, 10 * DAY)
        made = [(await house.create_code(lock["device_id"], **wish))["access_code_id"] for _ in range(3)]
        which = {"device_id": lock["device_id"], "limit": 2}
        first = await house.call(LIST, **which)
        cursor = first["pagination"]["next_page_cursor"]
        rest = await house.call(LIST, **which, page_cursor=cursor)
        found = [code["access_code_id"] for page in (first, rest) for code in page["access_codes"]]
        assert found == made
        assert rest["pagination"] == {"has_next_page": False, "next_page_cursor": None, "next_page_url": None}
        issue = 'Invalid page cursor for "page_cursor"'
        for bad in ("nonsense", "!!!!", cursor[:-4], "bm9uc2Vuc2U=", "WzEsMiwzXQ=="):
            await _invalid(
                house, LIST, issue, _at("page_cursor", "Invalid page cursor"), **which, page_cursor=bad
            )
        for path, other in (
            (LIST, {**which, "limit": 1}),
            (LIST, {"access_code_ids": made, "limit": 2}),
            ("/devices/list", {"limit": 2}),
            ("/action_attempts/list", which),
        ):
            error = await house.refused(
                path, 400, "mismatched_page_parameters", **{**other, "page_cursor": cursor}
            )
            assert "parameters identical" in error["message"]
        for limit in (0, -1):
            issue = "Number must be greater than 0"
            body = {"device_id": lock["device_id"], "limit": limit}
            await _invalid(house, LIST, f'{issue} for "limit"', _at("limit", issue), **body)


async def test_a_read_that_says_too_little_or_too_much_is_refused(open_: OpenHouse) -> None:
    """Reads that need one of several parameters, or that are given two of one kind, say which."""
    async with at_home(open_) as (house, lock), nothing_changes(house, lock):
        for path, body, message in (
            (GET, {}, "Either access_code_id or both device_id and code are required"),
            (GET, {"device_id": NOBODY}, "Either access_code_id or both device_id and code are required"),
            (
                GET,
                {"access_code_id": NOBODY, "code": "498882"},
                "Cannot specify both access_code_id and code",
            ),
            (LIST, {}, "Must specify device_id or access_code_ids"),
            ("/devices/get", {}, "Either 'device_id' or 'name' is required"),
            ("/events/list", {}, "Must specify either since or between"),
            (
                "/events/list",
                {"since": "2026-01-01", "between": ["2026-01-01", "2026-01-02"]},
                "Cannot specify both since and between",
            ),
        ):
            await _invalid(house, path, message, {"_errors": [message]}, **body)
        message = 'second value must be greater than first value for "between"'
        tree = _at("between", "second value must be greater than first value")
        await _invalid(house, "/events/list", message, tree, between=["2026-01-02", "2026-01-01"])
