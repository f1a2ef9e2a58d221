"""
Tokens that say what they are: JWT, signed with RS256, as the identity server makes them (1.4).

The key is this process's own, so a token can be verified with the JWKS of the process that made it. The
simulator itself does not look at signatures: its state knows every token that it has handed out.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_BITS = 2048


@cache
def _key() -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric import rsa  # with the first login, not at every start

    return rsa.generate_private_key(65537, _BITS)


def sign(claims: Mapping[str, Any], kind: str) -> str:
    """
    Args:
        kind: The header's `typ`: `at+jwt` for access tokens, `JWT` for the others.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    header = {"alg": "RS256", "kid": _key_id(), "typ": kind}
    text = f"{encode(msgspec.json.encode(header))}.{encode(msgspec.json.encode(claims))}"
    return f"{text}.{encode(_key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def unverified_claims(token: str) -> Mapping[str, Any]:
    """
    What a token says of itself.

    Raises:
        ValueError: It is none.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("not three parts")
    data = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError("no claims") from error


def key_set() -> dict[str, Any]:
    """The public half, as JWKS."""
    numbers = _key().public_key().public_numbers()
    return {
        "keys": [
            {
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": _key_id(),
                "n": encode(numbers.n.to_bytes(_BITS // 8, "big")),
                "e": encode(numbers.e.to_bytes(3, "big")),
            }
        ]
    }


@cache
def _key_id() -> str:
    modulus = _key().public_key().public_numbers().n
    return hashlib.sha256(modulus.to_bytes(_BITS // 8, "big")).hexdigest()[:32].upper()


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
