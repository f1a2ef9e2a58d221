"""
From bytes to an operation and back.

One ASGI application answers every path of the operation table, in the wire's order of checks: CORS,
authentication, method, content type, parameters, handler. Everything else goes to `others` (pages).
"""

import logging
from collections.abc import Callable, Mapping
from random import getrandbits
from typing import Any, Final

import msgspec

from ..domain.errors import ApiError
from ..domain.provider import AsgiApp, Receive, Scope, Send
from ..store.tx import Database, Tx
from .auth import HEADERS, authenticate, enter, reach_for
from .json_body import parse_json_object
from .operation import OPERATIONS, Caller, House, Operation
from .params import parse_query
from .settling import settled
from .standing import Key, StandingAnswers

log = logging.getLogger("ostiary.wire")

MAX_BODY: Final = 1024 * 1024
"""Bytes of a request body; the largest documented request is far below."""

MOST_KNOWN: Final = 1000
"""Credentials that were let in before, by which strangers are told apart."""

ALLOWED_HEADERS: Final = (
    b"x-csrf-token, x-requested-with, accept, accept-version, content-length, content-md5, content-type, "
    b"date, x-api-version, seam-workspace, authorization, user-agent, seam-lts-version, seam-sdk-version, "
    b"seam-sdk-name, seam-publishable-key, seam-client-session-token, client-session-token, seam-api-key, "
    b"seam-user-identifier-key, user-identifier-key"
)
_encode = msgspec.json.Encoder().encode
_JSON: Final = (b"content-type", b"application/json; charset=utf-8")
_BODY_METHODS: Final = ("POST", "PUT", "PATCH")

Observer = Callable[[str, int], None]


def _request_id() -> str:
    """A UUID of version 4, in a third of the time that `uuid.uuid4` takes."""
    digits = f"{getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


class WireApp:
    """
    The wire's HTTP dialect over one database.

    Args:
        others: Answers what is not in the operation table.
        observe: Told of every answered operation: path and status.
    """

    def __init__(
        self,
        database: Database,
        house: House,
        others: AsgiApp,
        observe: Observer = lambda path, status: None,
    ) -> None:
        self._database = database
        self._house = house
        self._others = others
        self._observe = observe
        self._standing = StandingAnswers()
        self._known: set[Key] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = OPERATIONS.get(scope["path"]) if scope["type"] == "http" else None
        if operation is None:
            await self._others(scope, receive, send)
            return
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        request_id = _request_id()
        if scope["method"] == "OPTIONS":
            await respond(send, 200, b"", request_id, headers)
            return
        status, body, more = await self._answer(operation, scope, headers, receive, request_id)
        await respond(send, status, body, request_id, headers, more)
        self._observe(operation.path, status)

    async def _answer(
        self,
        operation: Operation,
        scope: Scope,
        headers: Mapping[bytes, bytes],
        receive: Receive,
        request_id: str,
    ) -> tuple[int, bytes, tuple[tuple[bytes, bytes], ...]]:
        try:
            body = await read_body(receive)
            request = _Request(scope["method"], headers, scope["query_string"], body, request_id)
            if operation.is_write:
                return 200, _body(await self._write(operation, request)), ()
            return 200, await self._read(operation, request), ()
        except ApiError as error:
            retry_after = () if error.retry_after is None else ((b"retry-after", b"%d" % error.retry_after),)
            return error.status, error_body(error, request_id), retry_after
        except Exception:
            log.exception("request %s to %s failed", request_id, operation.path)
            failure = ApiError("internal_server_error", "Internal server error", status=500)
            return 500, error_body(failure, request_id), ()

    async def _read(self, operation: Operation, request: "_Request") -> bytes:
        """Authentication and answer from one snapshot, or the answer that still stands."""
        version = self._database.version() if operation.is_timeless else None
        if version is None:
            answer, _ = await self._database.read(self._authenticate_and_run, operation, request)
            return _body(answer)
        key = request.key(operation)
        body = self._standing.find(key, version)
        if body is None:
            answer, may_stand = await self._database.read(self._authenticate_and_run, operation, request)
            body = _body(answer)
            if may_stand:
                self._standing.keep(key, version, body)
        return body

    async def _authenticate_and_run(
        self, tx: Tx, operation: Operation, request: "_Request"
    ) -> tuple[Mapping[str, Any], bool]:
        """The answer, and whether it may stand: a session ends by the clock, and nobody commits anything."""
        caller = await self._caller(tx, operation, request)
        parameters = parse(operation, request)
        if operation.is_for_users and parameters.user_identifier_key is not None:
            reach = await reach_for(tx, caller.identity, parameters.user_identifier_key)
            tx.narrow(reach)
        return await operation.handler(parameters, caller, tx), tx.reach is None

    async def _write(self, operation: Operation, request: "_Request") -> Mapping[str, Any]:
        """
        Nothing that is refused for its form, and nobody who was never let in, gets into the line of writers.
        Who is let in is decided in the transaction itself.
        """
        who = (operation.auth, *request.who())
        if who not in self._known:
            await self._database.read(self._caller, operation, request)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known.add(who)
        try:
            parameters = parse(operation, request)
        except ApiError:
            # Who is not let in any more hears only that.
            await self._database.read(self._caller, operation, request)
            raise
        answer, caller = await self._database.write(self._run, operation, parameters, request)
        if getattr(parameters, "sync", None) and "action_attempt" in answer:
            return await settled(self._database, answer, caller, operation.auth)
        return answer

    async def _run(
        self, tx: Tx, operation: Operation, parameters: Any, request: "_Request"
    ) -> tuple[Mapping[str, Any], Caller]:
        caller = await self._caller(tx, operation, request)
        tx.ledger.actor, tx.ledger.cause = caller.actor, "wished"
        return await operation.handler(parameters, caller, tx), caller

    async def _caller(self, tx: Tx, operation: Operation, request: "_Request") -> Caller:
        identity = await authenticate(tx, request.headers, operation.auth)
        enter(tx, identity)
        return Caller(identity, request.request_id, self._house, request.method, request.headers)


def _body(answer: Mapping[str, Any]) -> bytes:
    return _encode({**answer, "ok": True})


class _Request:
    __slots__ = ("body", "headers", "method", "query", "request_id")

    def __init__(
        self, method: str, headers: Mapping[bytes, bytes], query: bytes, body: bytes, request_id: str
    ) -> None:
        self.method = method
        self.headers = headers
        self.query = query
        self.body = body
        self.request_id = request_id

    def key(self, operation: Operation) -> Key:
        """All that a timeless answer depends on beside the database: who asks for what, and in which form."""
        content_type = self.headers.get(b"content-type")
        return (operation.path, self.method, self.query, self.body, content_type, *self.who())

    def who(self) -> Key:
        """All that `authenticate` goes by."""
        return tuple(map(self.headers.get, HEADERS))


def parse(operation: Operation, request: _Request) -> Any:
    """
    The operation's request from query and body; the body wins where both name a key.

    Raises:
        ApiError: 405, or 400 of the kind that fits.
    """
    if request.method not in operation.methods:
        allowed = ",".join(operation.methods)
        raise ApiError("method_not_allowed", f"only {allowed} accepted", status=405)
    body = request.body
    is_body_method = request.method in _BODY_METHODS
    if body and is_body_method and b"application/json" not in request.headers.get(b"content-type", b""):
        raise ApiError(
            "invalid_content_type",
            f"{request.method} requests must have Content-Type header with application/json",
        )
    if not request.query:
        return operation.shape.decode(body or b"{}")
    parameters = parse_query(operation.query, request.query)
    if body:
        parameters = {**parameters, **parse_json_object(body)}
    return operation.shape.convert(parameters, ignore_unknown=not body)


async def read_body(receive: Receive, limit: int = MAX_BODY) -> bytes:
    """
    Raises:
        ApiError: 413 `request_too_large`.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ApiError("request_aborted", "The request ended early")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise ApiError("request_too_large", f"A request body has at most {limit} bytes", status=413)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def error_body(error: ApiError, request_id: str) -> bytes:
    content: dict[str, Any] = {"type": error.error_type, "message": error.message}
    if error.data:
        content["data"] = error.data
    if error.validation_errors is not None:
        content["validation_errors"] = error.validation_errors
    content["request_id"] = request_id
    return _encode({"error": content, "ok": False})


def common_headers(request_id: str, headers: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """On every answer: the request's id and what browsers need."""
    return [
        (b"seam-request-id", request_id.encode()),
        (b"access-control-allow-origin", headers.get(b"origin", b"*")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, OPTIONS"),
        (b"access-control-allow-headers", ALLOWED_HEADERS),
        (b"access-control-expose-headers", b"seam-request-id"),
        (b"vary", b"origin"),
    ]


async def respond(
    send: Send,
    status: int,
    body: bytes,
    request_id: str,
    headers: Mapping[bytes, bytes],
    more: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [_JSON, length, *common_headers(request_id, headers), *more],
        }
    )
    await send({"type": "http.response.body", "body": body})
