"""
The API's operations on webhooks (8), and the way of a message to whom it is for.

One client is registered per simulator, and whoever may see its key is its developer. Its access to the
Advanced API (1.4) is `ACTIVE` from the start, since nobody here reviews an application.
"""

import hashlib
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from ostiary.domain.provider import HttpRequest
from ostiary.domain.secrets import Secret
from ostiary.simulation import control
from ostiary.simulation.answers import Answer, json_answer
from ostiary.simulation.control import Command, Mistake
from ostiary.simulation.courier import Letter

from . import hooks, views
from .bodies import Fields, boolean, read_object, text
from .call import Call
from .founding import DEVELOPER
from .hooks import CENTRAL, FEATURES
from .refusals import ACCEPTED, bad_parameter, missing_scope, not_yours, unknown
from .state import SENT_KEPT, Home, Hook, Integration, Sent

DECENTRAL = "/api/decentralWebhook"
ADVANCED_KEY = "/api/key/{apiKeyId}/advanced"
LOGS = "/api/key/{apiKeyId}/webhook/logs"

TYPES = ("ONLY_SECRET", "SHORT_RENTAL", "HEALTHCARE", "SMART_HOME", "OTHER")
STATUSES = ("INACTIVE", "APPLIED", "TESTING", "ACTIVE")
SUCCESS = (200, 202, 204)  # 8.3
GIVE_UP_AFTER = timedelta(hours=24)
"""How long deliveries have to fail without exception until they stop. Nuki says "a long time" (8.3)."""

TIMEOUT = 10.0  # seconds; not documented
_SECRET_LENGTH = 32
_LOGS_DEFAULT, _LOGS_MOST = 50, 100
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class News:
    """
    What handlers have to know from outside of the caller's home.

    Attributes:
        integration: The client's access to the Advanced API.
        lines: Of the webhook logs of all homes, each with its account.
    """

    api_key_id: int
    client_secret: Secret
    integration: Integration | None = None
    lines: Sequence[tuple[int, Sent]] = field(default=())


def key_id(client_id: str) -> int:
    """An `apiKeyId` for a client, the same each time."""
    return int.from_bytes(hashlib.sha256(client_id.encode()).digest()[:4], "big") >> 1


def integration_of(home: Home, now: datetime) -> Integration:
    """The developer's, or the one that a new simulator has."""
    return home.integration or Integration(created_at=now, updated_at=now)


def check_advanced(call: Call) -> None:
    """
    Raises:
        Refusal: 403, the Advanced API is not active, or the caller has an API token (1.1, 1.4).
    """
    news: News = call.news
    if news.integration is None or news.integration.status not in ("TESTING", "ACTIVE"):
        raise not_yours()
    if call.access is not None and call.access.kind == "api":
        raise missing_scope(("webhook.central", "webhook.decentral"))


# --- decentral webhooks ---------------------------------------------------------------------------------


def list_hooks(call: Call) -> Answer:
    """Without the secrets, which are told once (quirk 27)."""
    check_advanced(call)
    return json_answer([_hook(hook) for hook in call.home.hooks])


def _hook(hook: Hook) -> dict[str, Any]:
    return {"id": hook.id, "webhookUrl": hook.url, "webhookFeatures": hook.features}


def add_hook(call: Call) -> Answer:
    """Each call adds one, also for an address that has one already (8.1)."""
    check_advanced(call)
    fields = read_object(call.body)
    url, features = _url(call, fields), _features(fields)
    letters = string.ascii_letters + string.digits
    hook = Hook(
        id=call.home.chance().randrange(1, 2**31),
        url=url,
        features=features,
        secret="".join(secrets.choice(letters) for _ in range(_SECRET_LENGTH)),
    )
    call.home.hooks.append(hook)
    shown = _hook(hook)
    return json_answer({"id": shown.pop("id"), "secret": hook.secret, **shown})


def delete_hook(call: Call) -> Answer:
    """404 is not declared, so a foreign id is 403 as elsewhere (13, 4.7)."""
    check_advanced(call)
    kept = [hook for hook in call.home.hooks if str(hook.id) != call.ids["id"]]
    if len(kept) == len(call.home.hooks):
        raise not_yours()
    call.home.hooks = kept
    return ACCEPTED


def _url(call: Call, fields: Fields, *, may_be_empty: bool = False) -> str:
    """https; for rehearsals also http to this machine, and to the host on which the simulator itself is."""
    url = text(fields, "webhookUrl")
    if may_be_empty and not url:
        return ""
    try:
        parts = urlsplit(url or "")
        host, scheme = parts.hostname, parts.scheme
    except ValueError:
        host, scheme = None, ""
    is_near = host in _LOOPBACK or host == urlsplit(call.url).hostname
    if not url or not host or not (scheme == "https" or (scheme == "http" and is_near)):
        raise bad_parameter("webhookUrl", url)
    return url


def _features(fields: Fields, *, may_be_empty: bool = False) -> list[str]:
    features = fields.get("webhookFeatures")
    if not isinstance(features, list) or not (features or may_be_empty):
        raise bad_parameter("webhookFeatures", features)
    for feature in features:
        if feature not in FEATURES:
            raise bad_parameter("webhookFeatures", feature)
    return [feature for feature in FEATURES if feature in features]


# --- access to the Advanced API -------------------------------------------------------------------------


def _own(call: Call) -> Integration:
    news: News = call.news
    if call.ids["apiKeyId"] != str(news.api_key_id):
        raise not_yours()
    return integration_of(call.home, call.now)


def get_integration(call: Call) -> Answer:
    held, news = _own(call), call.news
    if held.status == "INACTIVE":
        raise unknown()
    is_told = held.status in ("TESTING", "ACTIVE")
    shown = {
        "name": held.name,
        "country": held.country,
        "description": held.description,
        "type": held.type,
        "url": held.url,
        "email": held.email,
        "webhookUrl": held.webhook_url,
        "webhookFeatures": held.webhook_features,
        "restricted": held.restricted,
        "webhookStatus": held.webhook_status,
        "secret": news.client_secret.reveal() if is_told else None,
        "status": held.status,
        "creationDate": views.instant(held.created_at),
        "updateDate": views.instant(held.updated_at),
    }
    return json_answer({name: value for name, value in shown.items() if value is not None})


def apply(call: Call) -> Answer:
    """An application, approved at once."""
    _own(call)
    fields = read_object(call.body)
    kind = text(fields, "type")
    if kind not in TYPES:
        raise bad_parameter("type", kind)
    is_without = kind == "ONLY_SECRET"
    call.home.integration = Integration(
        created_at=call.now,
        updated_at=call.now,
        name=_needed(fields, "name"),
        country=_needed(fields, "country"),
        description=_needed(fields, "description"),
        url=_needed(fields, "url"),
        email=_needed(fields, "email"),
        type=kind,
        webhook_url=_url(call, fields, may_be_empty=is_without),
        webhook_features=_features(fields, may_be_empty=is_without),
        restricted=bool(boolean(fields, "restricted")),
    )
    return ACCEPTED


def _needed(fields: Fields, name: str) -> str:
    value = text(fields, name)
    if not value:
        raise bad_parameter(name, value)
    return value


def update_integration(call: Call) -> Answer:
    held = _own(call)
    fields = read_object(call.body)
    held.webhook_url = _url(call, fields)
    held.webhook_features = _features(fields, may_be_empty=True)
    held.updated_at = call.now
    call.home.integration = held
    return ACCEPTED


def withdraw(call: Call) -> Answer:
    held = _own(call)
    held.status, held.webhook_url, held.webhook_features = "INACTIVE", "", []
    held.updated_at = call.now
    call.home.integration = held
    return ACCEPTED


def reactivate(call: Call) -> Answer:
    held = _own(call)
    held.webhook_status, held.failing_since = "ACTIVE", None
    held.updated_at = call.now
    call.home.integration = held
    return ACCEPTED


# --- the log --------------------------------------------------------------------------------------------


def list_logs(call: Call) -> Answer:
    """The client's last messages, newest first; with `id`, those older than that one (8.3)."""
    news: News = call.news
    if call.ids["apiKeyId"] != str(news.api_key_id):
        raise not_yours()
    asked = call.query.get("limit", "")
    limit = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
    limit = limit if 1 <= limit <= _LOGS_MOST else _LOGS_DEFAULT
    lines = sorted(news.lines, key=lambda pair: (pair[1].at, pair[1].id), reverse=True)
    lines = lines[:SENT_KEPT]
    after = call.query.get("id")
    if after:
        places = [place for place, (_, line) in enumerate(lines) if line.id == after]
        lines = lines[places[0] + 1 :] if places else []
    return json_answer([_line(news, account, line) for account, line in lines[:limit]])


def _line(news: News, account_id: int, line: Sent) -> dict[str, Any]:
    """What was sent stands in `response`, as published entries have it (8.3)."""
    shown = {
        "id": line.id,
        "requestId": line.request_id or None,
        "succeeded": line.succeeded,
        "responseStatus": line.status,
        "duration": line.milliseconds,
        "accountId": account_id,
        "apiKeyId": news.api_key_id,
        "response": {
            "headers": line.headers,
            "body": msgspec.json.decode(line.body),
            "timestamp": views.instant(line.at),
            "path": line.url,
        },
        "updated": views.instant(line.updated_at),
        "created": views.instant(line.at.replace(microsecond=0)),
    }
    return {name: value for name, value in shown.items() if value is not None}


# --- on its way -----------------------------------------------------------------------------------------


def letters(home: Home, integration: Integration, client_secret: Secret, now: datetime) -> list[Letter]:
    """
    Empty the outbox. What nobody wants any more is dropped: a webhook that was deleted, a feature that the
    developer did not ask for, and everything while deliveries are switched off.
    """
    parcels, home.outbox = home.outbox, []
    is_on = integration.status in ("TESTING", "ACTIVE") and integration.webhook_status == "ACTIVE"
    ready = []
    for parcel in parcels:
        if parcel.to == CENTRAL:
            is_asked = parcel.about in integration.webhook_features or parcel.about not in FEATURES
            url, secret = integration.webhook_url if is_asked else "", client_secret.reveal()
        else:
            hook = hooks.hook_of(home, parcel.to)
            url, secret = (hook.url, hook.secret) if hook else ("", "")
        if not url or not is_on:
            continue
        body = parcel.body.encode()
        signed = hooks.signatures(body, secret, is_forged=parcel.is_forged)
        headers = {"Content-Type": "application/json; charset=UTF-8", **signed}
        hooks.write_down(home, parcel, url, signed, now)
        ready.append(Letter(parcel.id, parcel.to, HttpRequest("POST", url, headers, body, TIMEOUT)))
    return ready


def note_outcome(home: Home, sent_id: str, status: int | None, seconds: float, now: datetime) -> None:
    for line in home.sent:
        if line.id == sent_id:
            line.status, line.succeeded = status, status in SUCCESS
            line.milliseconds, line.updated_at = round(seconds * 1000), now


def count_outcome(home: Home, status: int | None, now: datetime) -> None:
    """Count a delivery of the client; after a long time without any success there are no more (8.3)."""
    held = home.integration = integration_of(home, now)
    if status in SUCCESS:
        held.sent, held.failing_since = held.sent + 1, None
        return
    held.failed += 1
    held.failing_since = held.failing_since or now
    if now - held.failing_since >= GIVE_UP_AFTER:
        held.webhook_status = "DEACTIVATED"


# --- the control plane ----------------------------------------------------------------------------------


class ChangeIntegration(control.Fields):
    status: Literal["INACTIVE", "APPLIED", "TESTING", "ACTIVE"] | None = None
    webhook_status: Literal["ACTIVE", "DEACTIVATED"] | None = None


def change_integration(home: Home, command: ChangeIntegration, now: datetime) -> dict[str, Any]:
    """What Nuki's staff, or lasting trouble, do with the client's access to the Advanced API."""
    if home.name != DEVELOPER:
        raise Mistake(f"The client belongs to the home {DEVELOPER}: name that one, and make it if need be.")
    held = home.integration = integration_of(home, now)
    held.status = command.status or held.status
    held.webhook_status = command.webhook_status or held.webhook_status
    return {
        "status": held.status,
        "webhook_status": held.webhook_status,
        "sent": held.sent,
        "failed": held.failed,
    }


COMMANDS = {("POST", "integration"): Command(ChangeIntegration, change_integration, True)}
