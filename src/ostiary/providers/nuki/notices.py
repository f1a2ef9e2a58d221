"""
Nuki's webhooks, as they come in (8): whether one is Nuki's, and which devices it is about.

There is no id and no time in a webhook, so one that is sent again cannot be told from a new one (8.3). That
does no harm, because nothing of it is taken over: whoever reads it looks.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from ostiary.domain.provider import BadNotice, Notice
from ostiary.domain.secrets import Secret

FEATURES: Final = ("DEVICE_STATUS", "DEVICE_MASTERDATA", "DEVICE_CONFIG", "DEVICE_LOGS", "DEVICE_AUTHS")
"""What we want to be told of (8.2). Account users concern no lock."""

SIGNATURE: Final = "x-nuki-signature-sha256"


def read(headers: Mapping[str, str], body: bytes, secret: Secret) -> Notice:
    """
    See `ReadsNotices.read_notice`. The old header with SHA-1 is not looked at (quirk 26).

    Raises:
        BadNotice: The signature is missing or wrong, or the body is not readable.
    """
    wanted = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), headers.get(SIGNATURE, "").strip().lower().encode()):
        raise BadNotice("the signature is missing or wrong")
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise BadNotice("the body is not a JSON object")
    # A feature first, then a type: results of advanced calls have no feature (8.5).
    meaning = _MEANINGS.get(content.get("feature") or content.get("type") or "")
    return Notice() if meaning is None else meaning(content)


def _of_state(content: Mapping[str, Any]) -> Notice:
    return Notice(state_of=_lock(content))


def _of_masterdata(content: Mapping[str, Any]) -> Notice:
    """A device that was removed is missing in the list; at a device itself there is nothing to see then."""
    return Notice(is_of_account=True) if content.get("deleted") is True else _of_state(content)


def _of_log(content: Mapping[str, Any]) -> Notice:
    """The log is read with the list of devices. Some sources nest the fields, one does not (8.4)."""
    return Notice(is_of_account=bool(_lock(_inner(content, "smartlockLog"))))


def _of_codes(content: Mapping[str, Any]) -> Notice:
    return Notice(codes_of=_lock(_inner(content, "smartlockAuth")))


def _of_creation(content: Mapping[str, Any]) -> Notice:
    detail = content.get("detail")
    found = [_lock(one) for one in detail if isinstance(one, dict)] if isinstance(detail, list) else []
    return Notice(codes_of=frozenset[str]().union(*found))


def _inner(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = content.get(name)
    return inner if isinstance(inner, dict) else content


def _lock(content: Mapping[str, Any]) -> frozenset[str]:
    found = content.get("smartlockId")
    is_id = isinstance(found, int | str) and not isinstance(found, bool)
    return frozenset({str(found)}) if is_id else frozenset()


_MEANINGS: Final[Mapping[Any, Callable[[Mapping[str, Any]], Notice]]] = {
    "DEVICE_STATUS": _of_state,
    "DEVICE_MASTERDATA": _of_masterdata,
    "DEVICE_CONFIG": _of_state,
    "DEVICE_LOGS": _of_log,
    "DEVICE_AUTHS": _of_codes,
    "LockAction": _of_state,
    "UnlockAction": _of_state,
    "SmartlockAction": _of_state,
    "AuthCreation": _of_creation,
}
