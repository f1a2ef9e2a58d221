"""One-time passwords for the account's own login (5.1), as RFC 6238 makes them from a secret and the time."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from ostiary.simulation.answers import Answer, json_answer
from ostiary.simulation.calls import Route

from .bodies import read_object, text
from .call import Call
from .refusals import ACCEPTED, bad_parameter, too_many, wrong_method, wrong_password
from .state import Home

_STEP, _DIGITS, _SECRET = 30, 6, 20  # seconds, digits, bytes

# The vendor has a limit (429 is declared); its figures are assumed.
_ATTEMPTS, _WITHIN = 5, timedelta(minutes=5)


def password_at(secret: str, moment: datetime) -> str:
    """The one-time password that an authenticator app shows."""
    counter = int(moment.timestamp()) // _STEP
    mac = hmac.new(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def begin(call: Call) -> Answer:
    """A secret for the authenticator app; it counts once a password made from it has been sent."""
    account = call.home.account
    if account.otp_enabled_at is not None:
        raise wrong_method()
    account.otp_secret = base64.b32encode(call.home.chance().randbytes(_SECRET)).decode()
    return json_answer(account.otp_secret)


def enable(call: Call) -> Answer:
    account, now = call.home.account, call.now
    otp = text(read_object(call.body), "otp")
    if not otp or account.otp_secret is None:
        raise bad_parameter("otp", otp)
    recent = [at for at in account.otp_failures if at > now - _WITHIN]
    if len(recent) >= _ATTEMPTS:
        raise too_many(int((min(recent) + _WITHIN - now).total_seconds()) + 1)
    steps = (-_STEP, 0, _STEP)  # clocks differ
    if not any(
        hmac.compare_digest(password_at(account.otp_secret, now + timedelta(seconds=step)), otp)
        for step in steps
        if otp.isascii()
    ):
        account.otp_failures = [*recent, now]
        raise wrong_password("The one-time password is wrong")
    account.otp_enabled_at, account.otp_failures = now, []
    return ACCEPTED


def disable(call: Call) -> Answer:
    account = call.home.account
    account.otp_secret, account.otp_enabled_at, account.otp_failures = None, None, []
    return ACCEPTED


_SCOPES = ("account",)

ROUTES: tuple[Route[Home], ...] = (
    Route("PUT", "/account/otp", _SCOPES, begin),
    Route("POST", "/account/otp", _SCOPES, enable),
    Route("DELETE", "/account/otp", _SCOPES, disable),
)
