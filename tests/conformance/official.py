"""
The wire as its makers describe it: the OpenAPI document inside the npm package `@seamapi/types`.

Nothing of the package is in this repository; `npm ci` in `tests/conformance/js` puts it there. Without it
`schema()` skips the test that asks, and a `Recorder` lets everything pass.

The document is OpenAPI 3.0 of generated code: `nullable` beside a type, and unions of up to a hundred
objects that differ in the value of one field. Both are rewritten here, so that a plain JSON Schema
validator reads them and says what is wrong with the one member that was meant.
"""

import copy
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema.exceptions import ValidationError

JAVASCRIPT: Final = Path(__file__).parent / "js"
MODULE: Final = JAVASCRIPT / "node_modules/@seamapi/types/lib/seam/connect/openapi.js"
HOW: Final = "the official schema needs Node.js with npm, then: npm ci (in tests/conformance/js)"

KNOWN_EXTRAS: Final = frozenset(
    {"access_code.appearance", "event.customer_key", "action_attempt", "ostiary_weekly_window"}
)
"""
Fields that we send on purpose. The first the official documentation tells users to read although its schema
leaves it out; the second the schema has for some kinds of events, we for all that can be filtered by it; with
the third answers what takes a code over, as the documentation shows and the schema does not. The last is
this project's own.
"""

Json = dict[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


# --- the document ------------------------------------------------------------------------------------


def node() -> str | None:
    """The Node.js that came with the packages, else the machine's."""
    own = JAVASCRIPT / "node_modules/.bin/node"
    return str(own) if own.exists() else shutil.which("node")


def is_installed() -> bool:
    return MODULE.exists() and node() is not None


@cache
def schema() -> Json:
    """The official document, as published. Skips the test when it is not installed."""
    program = node()
    if program is None or not MODULE.exists():
        pytest.skip(HOW)
    script = "import(process.argv[1]).then(m => process.stdout.write(JSON.stringify(m.default)))"
    ran = subprocess.run([program, "-e", script, MODULE.as_uri()], capture_output=True, check=True)
    document: Json = json.loads(ran.stdout)
    _add_conversion(document["components"]["schemas"]["action_attempt"]["oneOf"])
    return document


def _add_conversion(attempts: list[Json]) -> None:
    """
    The paths that take over a code name the kind of their attempt, and the union of attempts has no such
    kind: it is taken to look like that of an update.
    """
    for member in list(attempts):
        if member["properties"]["action_type"]["enum"] == ["UPDATE_ACCESS_CODE"]:
            kind = {**member["properties"]["action_type"], "enum": ["CONVERT_ACCESS_CODE_TO_MANAGED"]}
            attempts.append({**member, "properties": {**member["properties"], "action_type": kind}})


def knows(path: str) -> bool:
    """Whether the official API has this path; ours below `/ostiary/` it does not."""
    return path in schema()["paths"]


def _answer(path: str) -> Json:
    """The schema of the 200 answer; it is the same for all methods of a path."""
    methods = schema()["paths"][path]
    operation = methods.get("post") or next(iter(methods.values()))
    answer: Json = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return _mended(path, answer)


def _mended(path: str, answer: Json) -> Json:
    """
    Where the schema contradicts the official documentation, what that says.

    A generated code is described as a whole access code; every sample has the two fields of `_GENERATED`. The
    details of a timeline's event are described as access codes by any name; the official types say anything.
    """
    if path == "/access_codes/get_timeline":
        mended: Json = copy.deepcopy(answer)
        lines = mended["properties"]["timeline_events"]["items"]["properties"]
        lines["details"] = {"type": "object", "additionalProperties": True}
        return mended
    if path != "/access_codes/generate_code":
        return answer
    return {**answer, "properties": {**answer["properties"], "generated_code": _GENERATED}}


_GENERATED: Final[Json] = {
    "type": "object",
    "properties": {"device_id": {"type": "string", "format": "uuid"}, "code": {"type": "string"}},
    "required": ["device_id", "code"],
}


# --- checking ----------------------------------------------------------------------------------------


def validate_response(path: str, body: Json) -> list[str]:
    """
    What the official schema has against a 200 answer; empty for a good one.

    Fields that it does not know are no error, as it forbids none: see `unknown_fields`.
    """
    return sorted(text for error in _validator(path).iter_errors(body) for text in _words(error))


@cache
def event_schemas() -> dict[str, Json]:
    """What the document says of each type of event."""
    members = schema()["components"]["schemas"]["event"]["oneOf"]
    return {kind: member for member in members for kind in member["properties"]["event_type"]["enum"]}


def validate_event(event: Json) -> list[str]:
    """What the official schema of its own type has against an event; empty for a good one."""
    kind = event.get("event_type")
    if kind not in event_schemas():
        return [f"event_type: {kind!r} is unknown"]
    return sorted(text for error in _event_validator(kind).iter_errors(event) for text in _words(error))


@cache
def _event_validator(kind: str) -> Any:
    return _Validator({**modern(event_schemas()[kind]), "components": _components()}, format_checker=FORMATS)


def _words(error: ValidationError) -> list[str]:
    """Without the offending value, which may be long: place, and what is missed there."""
    place = error.json_path.removeprefix("$.")
    if error.validator == "anyOf" and error.context:
        return [text for inner in _closest(error.context) for text in _words(inner)]
    if error.validator in ("enum", "const"):
        return [f"{place}: {error.instance!r} is not one of {error.validator_value}"]
    return [f"{place}: {error.message[:200]}"]


def _closest(errors: list[ValidationError]) -> list[ValidationError]:
    """The complaints of the alternative that is not simply of another type."""
    branches: dict[Any, list[ValidationError]] = {}
    for error in errors:
        branches.setdefault(error.schema_path[0], []).append(error)
    close = [each for each in branches.values() if not any(_is_of_other_type(error) for error in each)]
    return min(close or list(branches.values()), key=len)


def _is_of_other_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


@cache
def _validator(path: str) -> Any:
    answer = {**modern(_answer(path)), "components": _components()}
    return _Validator(answer, format_checker=FORMATS)


@cache
def _components() -> Json:
    return {"schemas": {name: modern(each) for name, each in schema()["components"]["schemas"].items()}}


def modern(old: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema 2020-12."""
    if isinstance(old, list):
        return [modern(each) for each in old]
    if not isinstance(old, dict):
        return old
    new = {word: modern(value) for word, value in old.items() if word not in ("nullable", "discriminator")}
    if isinstance(old.get("properties"), dict):
        new["properties"] = {name: modern(each) for name, each in old["properties"].items()}
    if isinstance(old.get("oneOf"), list):
        new.pop("oneOf")
        new["allOf"] = [*new.get("allOf", ()), _union(old["oneOf"])]
    if new.get("exclusiveMinimum") is True:
        new["exclusiveMinimum"] = new.pop("minimum")
    if old.get("nullable") is True:
        # Alone it is what the generator makes of "always null".
        is_alone = not {"type", "oneOf", "allOf", "$ref", "enum", "properties"} & set(old)
        return {"type": "null"} if is_alone else {"anyOf": [{"type": "null"}, new]}
    return new


def _union(members: list[Json]) -> Json:
    """
    A union by the field whose value tells its members apart, if there is one.

    As a keyword of our own, so that a mistake is reported for the member that was meant, and quickly.
    """
    field = _telling_field(members)
    if field is None:
        return {"oneOf" if len(members) > 1 else "anyOf": [modern(member) for member in members]}
    groups: dict[str, list[Json]] = {}
    for member in members:
        for value in member["properties"][field]["enum"]:
            groups.setdefault(value, []).append(member)
    by_value = {
        value: modern(group[0]) if len(group) == 1 else _union(group) for value, group in groups.items()
    }
    return {"memberBy": {"field": field, "members": by_value}}


def _member_by(validator: Any, union: Json, instance: Any, schema: Json) -> Iterator[ValidationError]:
    field, members = union["field"], union["members"]
    value = instance.get(field) if isinstance(instance, dict) else None
    if value in members:
        yield from validator.descend(instance, members[value])
    else:
        yield ValidationError(f"{field} {value!r} is not one of {sorted(members)}")


def _telling_field(members: list[Json]) -> str | None:
    for field in members[0].get("properties", ()):
        values = [member.get("properties", {}).get(field, {}).get("enum") for member in members]
        if all(values) and len({tuple(value) for value in values}) > 1:
            return str(field)
    return None


def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or str(UUID(value)) == value


def _is_instant(value: object) -> bool:
    if not isinstance(value, str):
        return True
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"
    return bool(re.fullmatch(shape, value)) and datetime.fromisoformat(value).tzinfo is not None


def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).netloc)


def _is_email(value: object) -> bool:
    return not isinstance(value, str) or "@" in value


FORMATS: Final = FormatChecker(formats=())
for _name, _is in {"uuid": _is_uuid, "date-time": _is_instant, "uri": _is_uri, "email": _is_email}.items():
    FORMATS.checks(_name, raises=ValueError)(_is)


_Validator: Final = validators.extend(Draft202012Validator, {"memberBy": _member_by})  # type: ignore[no-untyped-call]  # its stubs leave it out


# --- what we say beyond it -----------------------------------------------------------------------------


def unknown_fields(path: str, body: Json) -> set[str]:
    """
    Fields that we send and the official schema does not know, as `access_code.appearance`.

    List indices are left out; so are `KNOWN_EXTRAS`, wherever the object stands.
    """
    found = _unknown([_answer(path)], body, "")
    singular = {re.sub(r"^(access_code|device|event|lock)s\b", r"\1", name) for name in found}
    return {name for name in singular if not any(name.endswith(extra) for extra in KNOWN_EXTRAS)}


def _unknown(schemas: list[Json], value: Any, place: str) -> Iterator[str]:
    """`schemas` describe the same value together."""
    flat = [each for one in schemas for each in _flat(one, value)]
    if isinstance(value, list):
        items = [each["items"] for each in flat if "items" in each]
        for item in value:
            yield from _unknown(items, item, place)
    elif isinstance(value, dict) and any("properties" in each for each in flat):
        for name, inner in value.items():
            under = [each["properties"][name] for each in flat if name in each.get("properties", ())]
            below = f"{place}.{name}" if place else name
            if under:
                yield from _unknown(under, inner, below)
            elif not any(each.get("additionalProperties") for each in flat):
                yield below


def _flat(one: Json, value: Any) -> Iterator[Json]:
    """A schema without references and unions: what is left of them for this value."""
    if "$ref" in one:
        yield from _flat(schema()["components"]["schemas"][one["$ref"].rpartition("/")[2]], value)
        return
    yield one
    for part in one.get("allOf", ()):
        yield from _flat(part, value)
    for member in one.get("oneOf", ()):
        if _may_be(member, value):
            yield from _flat(member, value)


def _may_be(member: Json, value: Any) -> bool:
    """Whether the fields that have one value only have it here."""
    if not isinstance(value, dict):
        return True
    fields = {name: each["enum"] for name, each in member.get("properties", {}).items() if "enum" in each}
    return all(value[name] in values for name, values in fields.items() if name in value)


# --- for any test ----------------------------------------------------------------------------------------


_GOOD: Final[set[bytes]] = set()
"""Marks of what was compared, and nothing was found. Tests look at the same answers again and again."""


def _news(path: str, body: Json) -> tuple[Json, set[bytes]]:
    """The answer without those members of its lists that were good before, and the marks of what is left."""
    lists = {name: value for name, value in body.items() if isinstance(value, list)}
    single = {name: value for name, value in body.items() if name not in lists}
    fresh = {
        name: {mark: each for each in members if (mark := _mark(path, name, each)) not in _GOOD}
        for name, members in lists.items()
    }
    whole = _mark(path, sorted(lists), single)
    marks = {mark for members in fresh.values() for mark in members} | {whole} - _GOOD
    return single | {name: list(members.values()) for name, members in fresh.items()}, marks


def _mark(path: str, name: str | list[str], member: object) -> bytes:
    return sha256(json.dumps([path, name, member]).encode()).digest()


class Recorder:
    """
    ASGI middleware that compares every JSON answer with status 200 with the official schema.

        recorder = Recorder(house.asgi)
        transport = httpx.ASGITransport(app=recorder)
        ...
        recorder.check()

    Where the schema is not installed it only passes requests on.

    Attributes:
        checked: How many answers of each path were compared.
        violations: `path: place: what is wrong`, each once.
        extras: Fields beyond the official schema, by path.
    """

    def __init__(self, app: AsgiApp) -> None:
        self.app = app
        self._is_on = is_installed()
        self.checked: Counter[str] = Counter()
        self.violations: dict[str, Json] = {}
        self.extras: dict[str, set[str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if not self._is_on or scope["type"] != "http" or not knows(path):
            await self.app(scope, receive, send)
            return
        status = 0
        chunks: list[bytes] = []

        async def listen(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body" and status == 200:
                chunks.append(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, listen)
        if status == 200 and any(chunks):
            self.record(path, json.loads(b"".join(chunks)))

    def record(self, path: str, body: Json) -> None:
        """Compare one answer; also for those that came another way. What was good once is good."""
        self.checked[path] += 1
        new, marks = _news(path, body)
        if not marks:
            return
        violations, extras = validate_response(path, new), unknown_fields(path, new)
        for error in violations:
            anywhere = re.sub(r"\[[0-9]+\]", "[]", error)
            self.violations.setdefault(f"{path}: {anywhere}", body)
        if extras:
            self.extras.setdefault(path, set()).update(extras)
        if not violations and not extras:
            _GOOD.update(marks)

    def check(self) -> None:
        """Raises: AssertionError, with every violation."""
        assert not self.violations, "not as the official schema has it:\n" + "\n".join(self.violations)
