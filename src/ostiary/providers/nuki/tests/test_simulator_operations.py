"""The table of operations in the documentation, and the routes: the same in both directions."""

import re
from pathlib import Path

import pytest

from ostiary.providers.nuki.simulator.api import ROUTES
from ostiary.providers.nuki.simulator.operations import OPERATIONS

from .test_simulator_support import Nuki, run

PAGE = Path(__file__).parents[5] / "docs" / "reference" / "nuki-simulator.md"
ROWS = re.findall(r"^\| ([A-Z]+) \| `(/[^`]*)` \| (answered|501) \| ([^|]+) \|$", PAGE.read_text(), re.M)
SYNC_WITH_PUT = ("PUT", "/smartlock/{}/sync")  # the sources differ (7.1)


def bare(method: str, template: str) -> tuple[str, str]:
    """An operation without the names of its placeholders."""
    return method, re.sub(r"\{\w+\}", "{}", template)


SERVED = {bare(route.method, route.template) for route in ROUTES}


def test_the_list_is_the_definitions() -> None:
    assert len(OPERATIONS) == len(set(OPERATIONS)) == 104


def test_every_operation_has_its_row_and_its_remark() -> None:
    assert [(method, path) for method, path, _, _ in ROWS] == list(OPERATIONS)
    assert all(remark.strip() for *_, remark in ROWS)


def test_what_is_called_answered_has_a_route_and_the_rest_has_none() -> None:
    assert {bare(method, path) for method, path, status, _ in ROWS if status == "answered"} == (
        SERVED - {SYNC_WITH_PUT}
    )


def test_every_route_is_an_operation_of_the_vendor() -> None:
    assert SERVED - {bare(*operation) for operation in OPERATIONS} == {SYNC_WITH_PUT}


@pytest.mark.parametrize(("method", "path", "status"), [(row[0], row[1], row[2]) for row in ROWS])
@run
async def test_an_operation_answers_as_its_row_says(method: str, path: str, status: str) -> None:
    nuki = await Nuki().enter()
    reply = await nuki.call(method, re.sub(r"\{\w+\}", "7", path), {})
    if status == "501":
        assert reply.status == 501
        assert re.fullmatch(r"The simulated Nuki cloud does not serve .*\.", reply.json["error"])
    else:
        # 405 is documented for a one-time password that is on already, and this one is off.
        assert reply.status in (200, 204, 400, 401, 403, 404, 422), reply.text
