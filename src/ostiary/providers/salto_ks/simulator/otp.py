"""
One-time passwords, which an IQ asks for before it does anything from afar (3.4).

Both the cloud and the IQ look at them. Each has its own copy of the IQ PIN, and after a change by a delta
these two differ for ever, so that nothing is right any more.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from .choices import OTP_BLOCKED, OTP_VALID, OTP_WRONG_MOST
from .refusals import failed, no_iq_pin, not_activated
from .state import Home
from .world import Activation

SECRET_LENGTH, PIN_DIGITS, OTP_DIGITS = 16, 4, 5
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_CHANGE = "0000"


def one_time_password(at: datetime, secret: str, pin: str) -> str:
    """The first five hex digits of MD5 over the second in UTC, the secret and the IQ PIN."""
    text = f"{at.astimezone(UTC):%Y%m%d%H%M%S}{secret}{pin}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:OTP_DIGITS]


def is_right(held: Activation, otp: str, now: datetime) -> bool:
    """Good for three minutes before and after, as often as one likes."""
    if held.secret is None or held.pin is None or held.pin != held.iq_pin:
        return False
    seconds = int(OTP_VALID.total_seconds())
    around = (now + timedelta(seconds=offset) for offset in range(-seconds, seconds + 1))
    return any(one_time_password(at, held.secret, held.pin) == otp for at in around)


def check(held: Activation | None, otp: str | None, command: str, now: datetime) -> Activation:
    """
    Let a command pass, or count a wrong password. Counts are per person, IQ and command.

    Raises:
        Refusal: In the order in which the vendor's layers see it: nothing to check with, no IQ PIN,
            blocked, wrong.
    """
    if held is None or held.secret is None or not otp:
        raise not_activated()
    if held.pin is None:
        raise no_iq_pin()
    if command in held.blocked_until:
        if now < held.blocked_until[command]:
            raise failed("otp_blocked", 403)
        del held.blocked_until[command]
    if is_right(held, otp, now):
        held.wrong.pop(command, None)
        return held
    held.wrong[command] = held.wrong.get(command, 0) + 1
    if held.wrong[command] >= OTP_WRONG_MOST:
        del held.wrong[command]
        held.blocked_until[command] = now + OTP_BLOCKED
        raise failed("otp_blocked", 403)
    raise failed("otp_invalid")


# --- ingredients ----------------------------------------------------------------------------------------


def new_secret(home: Home) -> str:
    chance = home.chance()
    return "".join(chance.choice(_ALPHABET) for _ in range(SECRET_LENGTH))


def new_pin(home: Home) -> str:
    return f"{home.chance().randrange(10**PIN_DIGITS):0{PIN_DIGITS}d}"


def change_pin(held: Activation, delta: str) -> None:
    """
    The cloud takes the delta off, digit by digit; the IQ adds it to the number. Both were reported (3.4),
    and a delta that is not zero was seen to leave the two at odds.
    """
    assert held.pin is not None
    assert held.iq_pin is not None
    held.pin = "".join(str((int(old) - int(less)) % 10) for old, less in zip(held.pin, delta, strict=True))
    held.iq_pin = f"{(int(held.iq_pin) + int(delta)) % 10**PIN_DIGITS:0{PIN_DIGITS}d}"
