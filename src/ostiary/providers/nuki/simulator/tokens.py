"""
Tokens that lead to their home by themselves.

A home is one blob, so a request has to know its home before anything is loaded. The first half of a
token carries the home's name; the second half is chance. They have the vendor's shapes: two dotted
parts for OAuth (1.2), hex digits for API tokens (1.1). The state keeps only their SHA-256.
"""

import base64
import binascii
import hashlib
import secrets

_PART = 32  # bytes; 43 characters of base64url
_API_TOKEN = 40  # bytes; 80 hex digits, more for a long name
_CHANCE = 16  # bytes, at the least


def new_token(home: str) -> str:
    return f"{_text(_with_name(home, _PART))}.{_text(secrets.token_bytes(_PART))}"


def new_api_token(home: str) -> str:
    name_length = 1 + len(home.encode())
    return _with_name(home, max(_API_TOKEN, name_length + _CHANCE)).hex()


def home_of(token: str) -> str | None:
    """The home that a token leads to, whether or not it is worth anything there."""
    try:
        if "." in token:
            part = token.partition(".")[0]
            data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        else:
            data = bytes.fromhex(token)
        length = data[0]
        name = data[1 : 1 + length].decode()
    except (ValueError, IndexError, binascii.Error):
        return None
    return name if len(data) > length > 0 else None


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _with_name(home: str, size: int) -> bytes:
    name = home.encode()
    if not 0 < len(name) < 256:
        raise ValueError("The name of a home has 1 to 255 bytes.")
    data = bytes([len(name)]) + name
    return data + secrets.token_bytes(max(size - len(data), 0))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
