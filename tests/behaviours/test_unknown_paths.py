"""Paths that are not served: a clear word, also for programs in a browser."""

import pytest

from ..conftest import OpenHouse
from .support import at_home


async def test_an_unknown_path_is_404_in_the_wires_form_and_names_what_was_meant(open_: OpenHouse) -> None:
    async with at_home(open_) as (house, _):
        for path, told in (
            ("/locks/unlock", "Did you mean /locks/unlock_door?"),
            ("/acces_codes/create", "Did you mean /access_codes/create?"),
            ("/thermostats/list", "/openapi.json describes what is served"),
            ("/" + "x" * 5000, "/openapi.json describes what is served"),
        ):
            answer = await house.request("POST", path, json={})
            error = answer.json()["error"]
            assert (answer.status_code, error["type"]) == (404, "not_found")
            assert error["message"].startswith(f"There is nothing at {path}")
            assert told in error["message"]
            assert error["request_id"] == answer.headers["seam-request-id"]


@pytest.mark.parametrize("path", ["/locks/unlock", "/nothing/here"])
async def test_a_browser_lets_its_program_see_that_a_path_is_unknown(open_: OpenHouse, path: str) -> None:
    origin = {"origin": "https://app.example.com"}
    async with at_home(open_) as (house, _):
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
        before = await house.request("OPTIONS", path, headers={**origin, **asked})
        assert before.status_code == 200
        answer = await house.request("POST", path, headers=origin, json={})
        assert answer.status_code == 404
        for each in (before, answer):
            assert each.headers["access-control-allow-origin"] == "https://app.example.com"
            assert "authorization" in each.headers["access-control-allow-headers"]
