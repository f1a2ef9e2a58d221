"""
Encryption of what a thief of the database must not read: PINs, vendor tokens, simulated homes.

A value is `version (1 byte) | key id (4) | nonce (12) | AES-256-GCM text and tag`. The associated data
names table, column and row, so that a value copied to another row does not open.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..domain.secrets import Secret

VERSION: Final = 1
KEY_BYTES: Final = 32


class VaultError(Exception):
    """A stored secret cannot be opened; the message says what to do."""


class Vault:
    """
    Encrypts with the first key, decrypts with any.

    Args:
        keys: 32 bytes each, newest first.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError("a secret key has 32 bytes")
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._newest = _key_id(keys[0])
        self._pin_key: bytes | None = None
        self._evidence_key: bytes | None = None

    def set_pin_key(self, key: bytes) -> None:
        """
        The installation's own key for `pin_hash`, which outlives a rotation of the secret keys. That of
        evidence is derived from it, so that whoever checks a chain need not be able to test PINs.
        """
        self._pin_key = key
        self._evidence_key = hmac.digest(key, b"ostiary evidence", "sha256")

    def seal(self, data: bytes, place: str) -> bytes:
        """Encrypt for one place, such as `access_codes.code.<id>`."""
        nonce = os.urandom(12)
        sealed = self._ciphers[self._newest].encrypt(nonce, data, place.encode())
        return bytes([VERSION]) + self._newest + nonce + sealed

    def open(self, value: bytes, place: str) -> bytes:
        """
        Decrypt.

        Raises:
            VaultError: The key is missing from the settings, or the value was moved or damaged.
        """
        value = bytes(value)
        cipher = self._ciphers.get(value[1:5])
        if value[:1] != bytes([VERSION]) or cipher is None:
            raise VaultError(
                f"{place} was encrypted with a key that OSTIARY_SECRET_KEYS does not hold; "
                "add the old key after the new"
            )
        try:
            return cipher.decrypt(value[5:17], value[17:], place.encode())
        except InvalidTag:
            raise VaultError(f"{place} does not open: it was changed or belongs to another row") from None

    def pin_hash(self, device_id: str, pin: Secret) -> str:
        """Equal for equal PINs on one device, and useless without the key: PINs are short."""
        assert self._pin_key is not None, "the database was not opened"
        return hmac.digest(self._pin_key, f"{device_id}:{pin.reveal()}".encode(), "sha256").hex()

    def evidence_hash(self, content: bytes) -> str:
        """What nobody without the key can make: it signs the entries of evidence."""
        assert self._evidence_key is not None, "the database was not opened"
        return hmac.digest(self._evidence_key, content, "sha256").hex()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"ostiary key id" + key).digest()[:4]
