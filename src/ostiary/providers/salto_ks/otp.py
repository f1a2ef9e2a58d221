"""
One-time passwords for remote opening (3.4 of `salto-ks-connect-api.md`), pure.

Each user has a secret and a four-digit PIN for each IQ. Neither can be read again, so both are kept, by the
id of the IQ: the secret from the moment that it is told, the PIN once the IQ has taken a password made of it.
"""

import hashlib
from datetime import UTC, datetime

import msgspec

from ostiary.domain.secrets import Secret


class Activation(msgspec.Struct, omit_defaults=True):
    """One IQ. `pin` None: not activated yet."""

    secret: str
    pin: str | None = None


def read(kept: Secret | None) -> dict[str, Activation]:
    """By the id of the IQ."""
    return {} if kept is None else msgspec.json.decode(kept.reveal(), type=dict[str, Activation])


def write(activations: dict[str, Activation]) -> Secret:
    return Secret(msgspec.json.encode(activations).decode())


def password(secret: str, pin: str, now: datetime) -> str:
    """Good for three minutes, by the vendor's clock."""
    text = f"{now.astimezone(UTC):%Y%m%d%H%M%S}{secret}{pin}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:5]
