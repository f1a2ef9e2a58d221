"""
`/openapi.json`: the operation table as an OpenAPI 3.1 document.

Nothing is written down here that the table, the request shapes or `wire.objects` know already. Whoever
calls this has imported `ostiary.api`, which fills the table.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from .. import __version__
from . import objects, stream
from .auth import BACKEND, Means
from .operation import OPERATIONS, Operation
from .params import ListOf, Nested, Reading, RecordOf

_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
_BODY_METHODS: Final = ("POST", "PUT", "PATCH")

_UNPAGED: Final = ("/locks/list", "/access_codes/get_timeline")
"""The first shares its request shape with a list that has pages; the second has a `pagination` of its own."""

_REFUSALS: Final[Mapping[int, str]] = {
    400: "The request is not understood (`invalid_input`, `invalid_query_params`, `invalid_content_type`), "
    "or what it asks for cannot be done here; `error.type` says which.",
    401: "No valid key or token, or none that this operation takes.",
    403: "A publishable key asked for more than an empty client session.",
    404: "Nothing in this workspace has that id; to a client session, nothing within its reach.",
    409: "It clashes with something that is there already.",
    413: "The body is too large.",
    429: "Too many of these for one device, or too many streams of one workspace; `Retry-After` says when to "
    "try again.",
    500: "A fault of this server. `request_id` finds it in the log.",
}

_DESCRIPTION: Final = """\
One API in front of many brands of smart locks, in the wire format of the Seam API.

Answers are JSON objects with `ok: true` beside the named results. Every path takes each of its methods in \
the same way: GET and DELETE read the query, the others a JSON body; where both are given, the body wins.

In a query a list is a repeated key (`k=a&k=b`, empty: `k=`), a record one key per entry in dot form \
(`k.name=value`), and null is `k=`. OpenAPI has no style for dot form, so records are named in \
`x-dot-path-parameters`, and nowhere among the `parameters`. With `_strict=true` only these forms are read; \
without it also `k[]=a`, `k=a,b` and `yes`. Parameters that are not known are ignored in a query and refused \
in a body."""


def document(public_url: str) -> dict[str, Any]:
    """
    The OpenAPI document of this server.

    Args:
        public_url: Under which callers reach it; no trailing slash.
    """
    operations = sorted(OPERATIONS.values(), key=lambda operation: operation.path)
    schemas = _schemas(operations)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ostiary", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": public_url}],
        "tags": [
            {"name": noun}
            for noun in sorted({_noun(path) for path in (*(each.path for each in operations), stream.PATH)})
        ],
        "paths": {
            **{operation.path: _path(operation, schemas) for operation in operations},
            stream.PATH: {"get": _stream(schemas)},
        },
        "components": {
            "schemas": schemas,
            "responses": {str(status): _refusal(status) for status in _REFUSALS},
            "headers": {
                "request_id": {"description": "Names this request in the log.", "schema": {"type": "string"}}
            },
            "securitySchemes": _SECURITY,
        },
    }


_MEANS: Final[Mapping[Means, dict[str, list[str]]]] = {
    "api_key": {"api_key": []},
    "pat_with_workspace": {"personal_access_token": [], "seam_workspace": []},
    "pat_without_workspace": {"personal_access_token": []},
    "client_session": {"client_session": []},
    "publishable_key": {"publishable_key": []},
}
"""By each means of authentication, what a request carries."""

_SECURITY: Final = {
    "api_key": {"type": "http", "scheme": "bearer", "description": "A key for one workspace, `seam_…`."},
    "personal_access_token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token for every workspace, `seam_at1…`, together with `seam-workspace`.",
    },
    "seam_workspace": {
        "type": "apiKey",
        "in": "header",
        "name": "seam-workspace",
        "description": "The workspace that a personal access token is used for.",
    },
    "client_session": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of one user, `seam_cst1…`; or in the header `client-session-token` or "
        "`seam-client-session-token`, which goes before any other. What the session does not reach answers "
        "as if it did not exist.",
    },
    "publishable_key": {
        "type": "apiKey",
        "in": "header",
        "name": "seam-publishable-key",
        "description": "A key that may stand in a web page, `seam_pk1…`, without `Authorization`. The user "
        "may also be named in the header `seam-user-identifier-key` or `user-identifier-key`.",
    },
}


# --- schemas -----------------------------------------------------------------------------------------


def _schemas(operations: list[Operation]) -> dict[str, Any]:
    """Every shape that is asked for or answered, by name, in the order of the names."""
    requests = dict.fromkeys([*(operation.request for operation in operations), stream.StreamEvents])
    answers = sorted({name.strip("[]") for operation in operations for name in operation.returns.values()})
    shapes = [*requests, *(getattr(objects, name) for name in answers), objects.Pagination, objects.ErrorBody]
    found, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    # msgspec knows no name for a union: what it found for one of the answers stands here under ours.
    answered = dict(zip(answers, found[len(requests) :], strict=False))
    schemas: dict[str, Any] = {**answered, **components}
    _open_for_brands(schemas)
    return dict(sorted(schemas.items()))


def _open_for_brands(schemas: dict[str, Any]) -> None:
    """Properties are complete but for the one object that a brand adds under a name of its own."""
    properties = schemas.get("DeviceProperties")
    if properties is not None:
        properties["patternProperties"] = {"^[a-z0-9_]+_metadata$": {"type": "object"}}
        properties["additionalProperties"] = False


# --- paths -------------------------------------------------------------------------------------------


def _noun(path: str) -> str:
    return path.strip("/").rpartition("/")[0]


def _path(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {method.lower(): _method(operation, method, schemas) for method in operation.methods}


def _method(operation: Operation, method: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{operation.path.strip('/').replace('/', '_')}_{method.lower()}",
        "summary": operation.summary,
        "tags": [_noun(operation.path)],
        "security": _security(operation.auth),
    }
    shape = schemas[operation.request.__name__]
    if method in _BODY_METHODS:
        schema = {"$ref": _REF.format(name=operation.request.__name__)}
        described["requestBody"] = {
            "required": bool(shape["required"]),
            "content": {_JSON: {"schema": schema}},
        }
    else:
        described["parameters"] = list(_parameters(operation.query.readings, shape, schemas))
        records = dict(_records(operation.query.readings, shape))
        if records:
            described["x-dot-path-parameters"] = records
    described["responses"] = _responses(operation)
    return described


def _security(accepted: frozenset[Means]) -> list[dict[str, list[str]]]:
    return [needed for means, needed in _MEANS.items() if means in accepted]


def _stream(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The one answer that is no JSON object: it stands beside the table."""
    resume = {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "format": "uuid"},
        "description": "The last `id` that was read; the stream goes on after it.",
    }
    shape = schemas[stream.StreamEvents.__name__]
    return {
        "operationId": f"{stream.PATH.strip('/').replace('/', '_')}_get",
        "summary": "The workspace's events as they happen, as server-sent events.",
        "tags": [_noun(stream.PATH)],
        "security": _security(BACKEND),
        "parameters": [*_parameters(stream.QUERY.readings, shape, schemas), resume],
        "responses": {
            "200": {
                "description": "Never ends by itself. `id` is the `event_id`, `event` the `event_type`, "
                "`data` the event as webhooks deliver it, on one line.",
                "headers": _HEADERS,
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **_refused(400, 401, 404, 429, 500),
        },
    }


def _parameters(
    readings: Mapping[str, Reading], shape: Mapping[str, Any], schemas: Mapping[str, Any], prefix: str = ""
) -> Iterator[dict[str, Any]]:
    """The query's parameters. The fields of a shape within the shape have dot names."""
    for name, reading in readings.items():
        schema = _without_null(shape["properties"][name])
        if isinstance(reading, Nested):
            inner = schemas[schema["$ref"].rpartition("/")[2]]
            yield from _parameters(reading.readings, inner, schemas, f"{prefix}{name}.")
        elif not isinstance(reading, RecordOf):
            is_required = not prefix and name in shape["required"]
            parameter = {"name": prefix + name, "in": "query", "required": is_required, "schema": schema}
            if isinstance(reading, ListOf):
                parameter |= {"style": "form", "explode": True}
            yield parameter


def _records(
    readings: Mapping[str, Reading], shape: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, reading in readings.items():
        if isinstance(reading, RecordOf):
            yield name, _without_null(shape["properties"][name])


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a query writes out: null is the absence of a value there, and of a parameter mostly."""
    kept = {word: value for word, value in schema.items() if value is not None or word != "default"}
    members = [member for member in kept.pop("anyOf", ()) if member != {"type": "null"}]
    if len(members) == 1:
        return {**members[0], **kept}
    return {**kept, "anyOf": members} if members else kept


# --- answers -----------------------------------------------------------------------------------------


def _responses(operation: Operation) -> dict[str, Any]:
    properties: dict[str, Any] = {key: _result(name) for key, name in operation.returns.items()}
    if "page_cursor" in operation.request.__struct_fields__ and operation.path not in _UNPAGED:
        properties["pagination"] = {"$ref": _REF.format(name="Pagination")}
    properties["ok"] = {"type": "boolean", "const": True}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    answer = {"description": "Done.", "headers": _HEADERS, "content": {_JSON: {"schema": schema}}}
    return {"200": answer, **_refused(*_REFUSALS)}


def _refused(*statuses: int) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _result(name: str) -> dict[str, Any]:
    reference = {"$ref": _REF.format(name=name.strip("[]"))}
    return {"type": "array", "items": reference} if name.startswith("[") else reference


_HEADERS: Final = {"seam-request-id": {"$ref": "#/components/headers/request_id"}}


def _refusal(status: int) -> dict[str, Any]:
    headers: dict[str, Any] = dict(_HEADERS)
    if status == 429:
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}}
    return {
        "description": _REFUSALS[status],
        "headers": headers,
        "content": {_JSON: {"schema": {"$ref": _REF.format(name="ErrorBody")}}},
    }
