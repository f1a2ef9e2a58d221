"""
What the cloud tells others when something changes: the device-triggered webhooks (8.2, 8.4).

Nothing has to be called where a change is made. `look` remembers what the API would show now, `tell` compares
and puts a message into the home's outbox for whatever differs; both stand around every request, every command
and every thing that happens by itself. So a change that the owner makes in the app tells nothing until a sync
brings it into the cloud (quirk 35). A home without webhooks pays nothing for it.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from ostiary.simulation import faults
from ostiary.simulation.state import Parcel

from . import views
from .state import SENT_KEPT, Device, Home, Hook, LogEntry, Sent

FEATURES = (
    *("DEVICE_STATUS", "DEVICE_MASTERDATA", "DEVICE_CONFIG", "DEVICE_LOGS", "DEVICE_AUTHS"),
    "ACCOUNT_USER",
)
CENTRAL = "central"
TWICE, MISSING, FORGED = "webhook_twice", "webhook_missing", "webhook_forged"

_MASTERDATA = (
    *("accountId", "type", "authId", "name", "favorite", "firmwareVersion", "hardwareVersion"),
    *("serverState", "adminPinState", "creationDate", "updateDate"),
)
_CONFIGS = ("config", "advancedConfig", "openerAdvancedConfig", "smartdoorAdvancedConfig")


@dataclass(frozen=True, slots=True)
class Fact:
    """
    Something that a webhook may be about.

    Attributes:
        compared: Another value means that it has changed.
        body: What a message says beside the feature. Log entries are many and never change, so theirs is made
            when it is needed.
    """

    compared: Any
    body: Mapping[str, Any] | Callable[[], Mapping[str, Any]]

    def told(self) -> Mapping[str, Any]:
        return self.body() if callable(self.body) else self.body


Key = tuple[str, int, str]  # feature, device, and what there is many of
Seen = Mapping[Key, Fact]


def grants_central(home: Home) -> bool:
    """Once a token with the scope was handed out, the registration is complete (8.1)."""
    return any("webhook.central" in token.scopes for token in home.tokens.values())


def is_wanted(home: Home) -> bool:
    """Whether anybody is to be told what happens in this home."""
    return bool(home.hooks) or grants_central(home)


# --- what has changed -----------------------------------------------------------------------------------


def look(home: Home) -> Seen | None:
    """What there is to tell of; None while nobody wants to know."""
    if not is_wanted(home):
        return None
    found = {key: fact for device in home.owned() for key, fact in _facts(home, device)}
    for user in home.users:
        shown = views.account_user(home, user)
        lasting = {name: value for name, value in shown.items() if name != "operationId"}
        body = {"deleted": False, "accountUser": shown}
        found["ACCOUNT_USER", 0, str(user.id)] = Fact(lasting, body)
    return found


def _facts(home: Home, device: Device) -> Iterator[tuple[Key, Fact]]:
    lock = device.smartlock_id
    shown = views.smartlock(home, device)
    status = {
        "smartlockId": lock,
        **{name: shown[name] for name in ("state", "serverState", "adminPinState")},
    }
    yield ("DEVICE_STATUS", lock, ""), Fact(status, status)
    known = {name: shown[name] for name in _MASTERDATA if name in shown}
    unmoving = {name: value for name, value in known.items() if name != "updateDate"}
    yield (
        ("DEVICE_MASTERDATA", lock, ""),
        Fact((unmoving, device.synced_at), {"deleted": False, "smartlockId": lock, **known}),
    )
    configs = {name: shown[name] for name in _CONFIGS if name in shown}
    yield ("DEVICE_CONFIG", lock, ""), Fact((configs, device.synced_at), {"smartlockId": lock, **configs})
    for held in device.cloud.auths.values():
        auth = views.auth(device, held)
        lasting = {name: value for name, value in auth.items() if name != "operationId"}
        yield ("DEVICE_AUTHS", lock, held.id), Fact(lasting, {"deleted": False, "smartlockAuth": auth})
    for entry in device.log:
        if entry.is_pushed:
            yield ("DEVICE_LOGS", lock, entry.id), Fact(None, partial(_log_body, device, entry))


def _log_body(device: Device, entry: LogEntry) -> Mapping[str, Any]:
    return {"smartlockLog": views.log_entry(device, entry)}


def tell(home: Home, before: Seen | None, at: datetime) -> Seen | None:
    """Queue messages about all that differs from `before`. Returns how it is now."""
    now = look(home)
    if before is None or now is None:
        return now
    for key, fact in now.items():
        held = before.get(key)
        if held is None or held.compared != fact.compared:
            queue(home, key[0], fact.told(), at)
    devices = {lock for _, lock, _ in now}
    for key, fact in before.items():
        feature, lock, _ = key
        # With a device goes all that it had, and that alone is told.
        if key not in now and (
            feature in ("DEVICE_MASTERDATA", "ACCOUNT_USER")
            or (feature == "DEVICE_AUTHS" and lock in devices)
        ):
            queue(home, feature, {**fact.told(), "deleted": True}, at)
    return now


# --- messages -------------------------------------------------------------------------------------------


def queue(home: Home, feature: str, body: Mapping[str, Any], at: datetime) -> None:
    """One message about a feature, to all who asked for it."""
    text = msgspec.json.encode({"feature": feature, **body}).decode()
    for hook in home.hooks:
        if feature in hook.features:
            _put(home, str(hook.id), feature, text, at)
    if grants_central(home):
        _put(home, CENTRAL, feature, text, at)  # the developer's features are asked when it leaves


def queue_result(home: Home, request_id: str, body: Mapping[str, Any], at: datetime) -> None:
    """The result of an advanced call, to all webhooks: it belongs to no feature (8.5)."""
    text = msgspec.json.encode(body).decode()
    for hook in home.hooks:
        _put(home, str(hook.id), request_id, text, at)
    if grants_central(home):
        _put(home, CENTRAL, request_id, text, at)


def _put(home: Home, to: str, about: str, text: str, at: datetime) -> None:
    route = f"/webhook/{about if about in FEATURES else 'result'}"

    def strikes(fault: str) -> bool:
        return faults.strike(home, (fault,), "POST", route, route) is not None

    if strikes(MISSING):
        return
    is_forged = strikes(FORGED)
    for _ in range(2 if strikes(TWICE) else 1):
        home.outbox.append(Parcel(home.object_id(at), to, about, text, is_forged))


def signatures(body: bytes, secret: str, *, is_forged: bool = False) -> dict[str, str]:
    """Both headers, over the raw bytes (8.3, quirk 26)."""
    key = (secret + "?" if is_forged else secret).encode()
    return {
        "X-Nuki-Signature": hmac.new(key, body, hashlib.sha1).hexdigest(),
        "X-Nuki-Signature-SHA256": hmac.new(key, body, hashlib.sha256).hexdigest(),
    }


def hook_of(home: Home, to: str) -> Hook | None:
    """The decentral webhook that a parcel is for, if it is still there."""
    return next((hook for hook in home.hooks if str(hook.id) == to), None)


def write_down(
    home: Home, parcel: Parcel, url: str, headers: Mapping[str, str], now: datetime, *, is_sent: bool = True
) -> Sent:
    """The line for the log. Without `is_sent` it is all that ever becomes of the message."""
    line = Sent(
        id=parcel.id,
        at=now,
        updated_at=now,
        url=url,
        headers=dict(headers),
        body=parcel.body,
        request_id="" if parcel.about in FEATURES else parcel.about,
        succeeded=None if is_sent else False,
    )
    home.sent.append(line)
    del home.sent[:-SENT_KEPT]
    return line


def leave_unsent(home: Home, now: datetime) -> None:
    """For a simulator from which nothing leaves."""
    for parcel in home.outbox:
        hook = hook_of(home, parcel.to)
        if hook is not None:
            headers = signatures(parcel.body.encode(), hook.secret, is_forged=parcel.is_forged)
            write_down(home, parcel, hook.url, headers, now, is_sent=False)
    home.outbox = []
