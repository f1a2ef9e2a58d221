"""The bodies of the API's refusals (9.2: the shapes E1 to E5; E6 comes from the proxy in front of it)."""

from typing import Any

from ostiary.simulation.answers import Answer, Refusal, json_answer

NO_HOSTING = "No active Smart Hosting subscription for the Smart Lock, please get one!"

_exception: dict[str, Any] = {"stackTrace": [], "suppressedExceptions": []}

ACCEPTED = Answer(204)


def _restlet(status: int, reason: str, description: str, uri: str) -> Answer:
    body = {"code": status, "description": description, "homeRef": "/", "reasonPhrase": reason, "uri": uri}
    return json_answer(body, status)


def bad_token() -> Refusal:
    """401. "Invalid Token Error" is the documented text (1.2); the shape E1 around it is assumed."""
    return Refusal(json_answer({"detailMessage": "Invalid Token Error", **_exception}, 401))


def missing_scope(scopes: tuple[str, ...]) -> Refusal:
    """401: clients report it for a missing scope (1.1); the text is assumed."""
    text = f"The access token lacks the scope {' or '.join(scopes)}"
    return Refusal(json_answer({"detailMessage": text, **_exception}, 401))


def bad_parameter(name: str, value: object) -> Refusal:
    """E1 in the vendor's wording (9.2)."""
    text = "null" if value is None else str(value)
    message = f"The supplied value '{text}' for parameter '{name}' is not valid"
    return Refusal(json_answer({"detailMessage": message, **_exception}, 400))


def not_yours() -> Refusal:
    """E2, 403."""
    return Refusal(json_answer(_exception, 403))


def unknown() -> Refusal:
    """404 as the framework behind the vendor's API words it; only the status is known (3.4)."""
    return Refusal(
        _restlet(
            404,
            "Not Found",
            "The server has not found anything matching the request URI",
            "http://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4.5",
        )
    )


def wrong_method() -> Refusal:
    return Refusal(
        _restlet(
            405,
            "Method Not Allowed",
            "The method specified in the request is not allowed for the resource identified by the "
            "request URI",
            "http://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4.6",
        )
    )


def unprocessable() -> Refusal:
    """E3."""
    return Refusal(
        _restlet(
            422,
            "Unprocessable Entity",
            "The server understands the content type of the request entity and the syntax of the request "
            "entity is correct but was unable to process the contained instructions",
            "http://www.webdav.org/specs/rfc2518.html#STATUS_422",
        )
    )


def busy() -> Refusal:
    """E2, 423."""
    return Refusal(json_answer(_exception, 423))


def code_in_use() -> Refusal:
    """409. The vendor's body was never captured (14); the shape E2 is assumed."""
    return Refusal(json_answer(_exception, 409))


def address_in_use() -> Refusal:
    """409: another account or user has that mail address (5.1, 5.2); E2 is assumed."""
    return Refusal(json_answer(_exception, 409))


def has_subs() -> Refusal:
    """An account with sub accounts cannot be deleted (5.3); the status is assumed."""
    return Refusal(json_answer(_exception, 409))


def admin_pin_needed() -> Refusal:
    """The admin PIN was changed in the app (7.2); that this is E2 with 403 is assumed."""
    return Refusal(json_answer(_exception, 403))


def wrong_password(detail: str) -> Refusal:
    """401 for a wrong one-time password and the like (5.1)."""
    return Refusal(json_answer({"detailMessage": detail, **_exception}, 401))


def too_many(seconds: int) -> Refusal:
    """429 with `Retry-After`, which clients expect (9.1); the body is assumed."""
    text = "The server is refusing to service the request because the rate limit has been reached"
    uri = "http://tools.ietf.org/html/rfc6585#section-4"
    answer = _restlet(429, "Too Many Requests", text, uri)
    return Refusal(Answer(429, answer.body, (*answer.headers, ("retry-after", str(seconds)))))


def no_hosting() -> Refusal:
    """E5. The status is assumed: 402 is the declared one that speaks of money (4.1)."""
    return Refusal(json_answer({"error": NO_HOSTING}, 402))


def not_served(method: str, path: str, reason: str = "") -> Answer:
    """For the vendor's operations that nobody has simulated. `reason` is a sentence of its own."""
    text = f"The simulated Nuki cloud does not serve {method} {path}{'. ' + reason if reason else ' yet.'}"
    return json_answer({"error": text}, 501)
