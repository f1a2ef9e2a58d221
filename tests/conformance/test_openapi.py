"""
Our own description of ourselves: complete, valid, and true.

True is what schemathesis tries to disprove: it makes up requests from the document, good ones and bad
ones, and every answer must be one that the document announces.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any, Literal, get_args

import httpx
import hypothesis
import jsonschema_rs
import msgspec
import pytest
import schemathesis
from hypothesis import strategies
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ostiary import __version__, api
from ostiary.wire import objects, stream
from ostiary.wire.openapi import document
from ostiary.wire.operation import OPERATIONS

from ..house import PUBLIC_URL, TestHouse, open_house

_ = api  # importing it fills the operation table
DOCUMENT = document(PUBLIC_URL)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
LABELS = sorted(
    f"{method} {operation.path}" for operation in OPERATIONS.values() for method in operation.methods
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
OWN_HOUSE = (
    "/access_codes/delete",
    "/connect_webviews/delete",
    "/connected_accounts/delete",
    "/devices/update",
    "/ostiary/clock/update",
)
"""Take something away, or into another century, from the operations after them."""

FAR_FETCHED = (
    "code",
    "starts_at",
    "ends_at",
    "is_one_time_use",
    "is_offline_access_code",
    "use_offline_access_code",
    "use_backup_access_code_pool",
    "accepted_providers",
    "excluded_providers",
    "provider_category",
    "between",
    "event_type",
    "event_types",
    "page_cursor",
)
"""Made-up values of these are nearly always refused, and then hide what the others do."""

Likeness = Literal["made up", "real ids", "sensible"]


# --- the document --------------------------------------------------------------------------------------


def test_it_is_valid_openapi() -> None:
    SCHEMA.validate()
    for name, schema in DOCUMENT["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]})
        assert "description" in schema or "properties" in schema or "anyOf" in schema, name


def test_it_covers_every_operation_and_method() -> None:
    described = {
        f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    assert described == {*LABELS, f"GET {stream.PATH}"}
    assert all(operation["summary"] for path in DOCUMENT["paths"].values() for operation in path.values())


def test_every_reference_leads_somewhere() -> None:
    for reference in set(re.findall(r'"\$ref": ?"#/([^"]+)"', json.dumps(DOCUMENT))):
        place: Any = DOCUMENT
        for step in reference.split("/"):
            place = place[step]


def test_it_is_always_the_same_and_says_whose_it_is() -> None:
    again = document("https://locks.example.com")
    assert again["servers"] == [{"url": "https://locks.example.com"}]
    assert {**again, "servers": DOCUMENT["servers"]} == DOCUMENT
    assert json.dumps(document(PUBLIC_URL)) == json.dumps(DOCUMENT)
    assert DOCUMENT["info"]["version"] == __version__


def test_a_query_is_described_as_it_is_read() -> None:
    described = DOCUMENT["paths"]["/devices/list"]["get"]
    parameters = {parameter["name"]: parameter for parameter in described["parameters"]}
    assert parameters["device_ids"]["explode"] is True
    assert parameters["device_ids"]["schema"]["type"] == "array"
    assert parameters["limit"]["schema"]["default"] == 500
    assert "custom_metadata_has" not in parameters
    assert set(described["x-dot-path-parameters"]) == {"custom_metadata_has"}
    assert "requestBody" not in described


@pytest.mark.parametrize(
    "name", sorted({n.strip("[]") for o in OPERATIONS.values() for n in o.returns.values()})
)
def test_every_answer_is_a_shape_of_its_own(name: str) -> None:
    assert msgspec.json.schema(getattr(objects, name))


# --- the truth of it ------------------------------------------------------------------------------------


class Tried:
    """A house that is asked from outside any event loop, with one of everything in it."""

    def __init__(self, folder: Any) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.house: TestHouse = self._runner.run(self._stack.enter_async_context(open_house(folder)))
        self.ids: dict[str, str] = self._runner.run(self._furnish())

    async def _furnish(self) -> dict[str, str]:
        account_id = await self.house.connect()
        webview = (await self.house.call("/connect_webviews/create"))["connect_webview"]
        lock = await self.house.lock_with_keypad()
        made = await self.house.call("/access_codes/create", device_id=lock["device_id"], name="Ann")
        events = await self.house.events()
        return {
            "access_code_id": made["access_code"]["access_code_id"],
            "device_id": lock["device_id"],
            "connected_account_id": account_id,
            "connect_webview_id": webview["connect_webview_id"],
            "action_attempt_id": made["action_attempt"]["action_attempt_id"],
            "event_id": events[0]["event_id"],
        }

    def send(self, case: schemathesis.Case[Any]) -> httpx.Response:
        given = case.as_transport_kwargs(base_url=PUBLIC_URL)
        names = ("method", "url", "params", "json", "data", "headers")
        kept = {name: given[name] for name in names if given.get(name) is not None}
        headers = {**dict(kept.pop("headers", {})), "authorization": f"Bearer {self.house.api_key}"}
        if "data" in kept:
            kept["content"] = kept.pop("data")
        return self._runner.run(self.house.http.request(headers=headers, **kept))

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    tried = Tried(tmp_path_factory.mktemp("tried"))
    yield tried
    tried.close()


@pytest.mark.parametrize("label", LABELS)
def test_it_keeps_its_word(label: str, request: pytest.FixtureRequest, tmp_path: Any) -> None:
    method, path = label.split()
    if path not in OWN_HOUSE:
        _try(request.getfixturevalue("shared"), method, path)
        return
    tried = Tried(tmp_path)
    _try(tried, method, path)
    tried.close()


def _try(tried: Tried, method: str, path: str) -> None:
    operation = SCHEMA[path][method]
    modes = [GenerationMode.POSITIVE]
    if OPERATIONS[path].request.__struct_fields__:
        modes.append(GenerationMode.NEGATIVE)
    cases = strategies.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @hypothesis.settings(
        max_examples=25,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate,),
    )
    @hypothesis.given(case=cases, likeness=strategies.sampled_from(get_args(Likeness)))
    def ask(case: schemathesis.Case[Any], likeness: Likeness) -> None:
        _liken(case, likeness, tried.ids)
        case.validate_response(tried.send(case), checks=CHECKS)

    ask()


def _liken(case: schemathesis.Case[Any], likeness: Likeness, ids: dict[str, str]) -> None:
    """Bring a made-up request closer to one that somebody would send."""
    given = case.body if isinstance(case.body, dict) else case.query
    if likeness == "made up" or not isinstance(given, dict):
        return
    given.update({name: real for name, real in ids.items() if name in given})
    if likeness == "sensible":
        for name in FAR_FETCHED:
            given.pop(name, None)
        fields = OPERATIONS[case.operation.path].request.__struct_fields__
        missing = [name for name in ids if name in fields]
        if missing and not any(name in given for name in missing):
            given[missing[0]] = ids[missing[0]]
        if "device_ids" in fields:
            given["device_ids"] = [ids["device_id"]]
        if "since" in fields:
            given["since"] = "2020-01-01T00:00:00Z"
