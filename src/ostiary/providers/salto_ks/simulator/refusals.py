"""
Answers of the API that say no (8.2), and the empty ones that say yes.

An application error has a code of four digits, as a string, and a message. What the framework in front of
the application refuses (401, 405, 415, 429) has no body.
"""

from typing import Any

from ostiary.simulation.answers import Answer, Refusal, json_answer
from ostiary.simulation.faults import FROM_A_PROXY, Faults, retry_after

DONE = Answer(204)


def refusal(status: int, code: str, message: str) -> Refusal:
    return Refusal(json_answer({"ErrorCode": code, "Message": message}, status))


# --- the request ----------------------------------------------------------------------------------------


def invalid(message: str) -> Refusal:
    return refusal(400, "1100", message)


def missing(field: str) -> Refusal:
    return invalid(f"The {field} field is required.")


def bad_value(message: str) -> Refusal:
    return refusal(400, "1101", message)


def bad_odata(message: str) -> Refusal:
    return refusal(400, "1102", message)


def bad_activation_code() -> Refusal:
    return refusal(400, "1501", "The activation code is invalid.")


# --- who and what ---------------------------------------------------------------------------------------


def unauthorized(token: str = "") -> Answer:
    """401 without a body (1.6). `token`: what came, empty if nothing did."""
    challenge = 'Bearer error="invalid_token", error_description="The access token is not valid"'
    return Answer(401, b"", (("www-authenticate", challenge if token else "Bearer"),))


def unknown(what: str) -> Refusal:
    return refusal(404, "2202", f"{what} not found")


def not_allowed() -> Refusal:
    return refusal(403, "2203", "User does not have permission for this operation.")


def pins_are_off() -> Refusal:
    """The site does not use PINs. The code is assumed."""
    return refusal(403, "2203", "PIN is not enabled on this site.")


def not_released() -> Refusal:
    return refusal(400, "2210", "Site is not released.")


def no_subscription() -> Refusal:
    """For a subscription that is over, a feature that it has not, and seats that it has not (2.7)."""
    return refusal(403, "2212", "No valid subscription for this feature.")


# --- commands to an IQ (3.4, 3.5) -----------------------------------------------------------------------


def not_activated() -> Refusal:
    """Without an OTP, or from a user who never began to activate the IQ."""
    return refusal(404, "2202", "Otp is invalid")


def already_activated() -> Refusal:
    return refusal(403, "2203", "Cannot get first secret for an already activated Iq.")


def no_iq_pin() -> Refusal:
    return refusal(404, "3104", "Cannot find pin for accessor")


def failed(word: str, status: int = 400) -> Refusal:
    """The IQ did not do it; `word` is its reason, such as `otp_invalid`."""
    return refusal(status, "3102", f"Request execution failed with code: {word}")


# --- the framework --------------------------------------------------------------------------------------

WRONG_METHOD = Answer(405)
WRONG_MEDIA = Answer(415)
NO_SUCH_PATH = Answer(404)


def too_many(seconds: int = 1) -> Answer:
    return Answer(429, b"", (("retry-after", str(seconds)),))


def problem(status: int, title: str) -> Answer:
    """As version 2 of the API refuses (2.1)."""
    body: dict[str, Any] = {
        "type": f"https://httpstatuses.io/{status}",
        "title": title,
        "status": status,
        "traceId": "00-00000000000000000000000000000000-0000000000000000-00",
    }
    return Answer(status, json_answer(body).body, (("content-type", "application/problem+json"),))


def not_served(method: str, path: str) -> Answer:
    """For operations of the vendor that nobody has simulated."""
    text = f"The simulated Salto KS cloud does not serve {method} {path} yet."
    return json_answer({"error": text}, 501)


FAULTS = Faults(
    {
        "http_429": lambda fault: Answer(429, b"", (retry_after(fault),)),
        "http_503": FROM_A_PROXY["http_503"],
        "http_500": lambda fault: refusal(500, "2201", "Internal error").answer,
        "http_401": lambda fault: unauthorized("spent"),
    },
    jobs=("lost", "late", "user_not_ready"),
)
