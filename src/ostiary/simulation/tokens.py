"""
Tokens that lead to their home by themselves.

A home is one blob, so a request has to know its home before anything is loaded. The first part of a
token carries the home's name; the rest is chance. Two shapes: two dotted parts of base64url, and hex
digits. The state keeps only their SHA-256.
"""

import base64
import binascii
import hashlib
import secrets

_PART = 32  # bytes; 43 characters of base64url
_CHANCE = 16  # bytes, at the least


def new_token(home: str) -> str:
    """Two dotted parts of 43 characters, the first longer for a long name."""
    return f"{_text(_with_name(home, _PART))}.{_text(secrets.token_bytes(_PART))}"


def new_hex_token(home: str, size: int) -> str:
    """`size` bytes as hex digits; more for a long name, so that enough of it is chance."""
    name_length = 1 + len(home.encode())
    return _with_name(home, max(size, name_length + _CHANCE)).hex()


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
