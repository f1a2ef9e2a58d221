"""`/webhooks/…`: where events go."""

from dataclasses import replace
from typing import Annotated
from uuid import uuid4

import msgspec
from msgspec import Meta

from .. import store
from ..domain.errors import InvalidInput
from ..domain.webhooks import EVERYTHING, Webhook, checked_event_types, new_secret
from ..store.tx import Tx
from ..wire.operation import CREATES, DELETES, READS, Answer, Caller, NoParameters, operation
from ..wire.validation import Uuid
from ..wire.web_address import web_address

CHANGES = ("PUT", "PATCH", "POST")
EventTypes = Annotated[list[str], Meta(max_length=200)]


class CreateWebhook(msgspec.Struct, forbid_unknown_fields=True):
    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    event_types: EventTypes = msgspec.field(default_factory=lambda: [EVERYTHING])


class GetWebhook(msgspec.Struct, forbid_unknown_fields=True):
    webhook_id: Uuid


class UpdateWebhook(msgspec.Struct, forbid_unknown_fields=True):
    webhook_id: Uuid
    event_types: EventTypes


@operation("/webhooks/create", CreateWebhook, CREATES, returns={"webhook": "Webhook"})
async def create(body: CreateWebhook, caller: Caller, tx: Tx) -> Answer:
    """Have events sent somewhere from now on. Private addresses only in a sandbox."""
    url = web_address(body.url, "url")
    if not caller.house.may_deliver(caller.workspace, url):
        raise InvalidInput("Invalid url: a webhook of a production workspace is on the open internet", "url")
    webhook = Webhook(
        webhook_id=str(uuid4()),
        workspace_id=caller.workspace_id,
        url=url,
        event_types=checked_event_types(body.event_types),
        secret=new_secret(),
        old_secret=None,
        old_secret_ends_at=None,
        created_at=tx.now,
        disabled_at=None,
    )
    await store.webhooks.insert(tx, webhook)
    return {"webhook": webhook.as_wire()}


@operation("/webhooks/get", GetWebhook, READS, returns={"webhook": "Webhook"}, is_timeless=True)
async def get(body: GetWebhook, caller: Caller, tx: Tx) -> Answer:
    """One webhook, with its secret."""
    webhook = await store.webhooks.get(tx, caller.workspace_id, body.webhook_id)
    return {"webhook": webhook.as_wire()}


@operation("/webhooks/list", NoParameters, READS, returns={"webhooks": "[Webhook]"}, is_timeless=True)
async def list_(body: NoParameters, caller: Caller, tx: Tx) -> Answer:
    """The workspace's webhooks, oldest first. Without pages, as the wire has it."""
    found = await store.webhooks.list_all(tx, caller.workspace_id)
    return {"webhooks": [webhook.as_wire() for webhook in found]}


@operation("/webhooks/update", UpdateWebhook, CHANGES)
async def update(body: UpdateWebhook, caller: Caller, tx: Tx) -> Answer:
    """Choose other types of events. The address stays: another one is another webhook."""
    webhook = await store.webhooks.get(tx, caller.workspace_id, body.webhook_id)
    types = checked_event_types(body.event_types)
    await store.webhooks.update_webhook(tx, replace(webhook, event_types=types))
    return {}


@operation("/webhooks/delete", GetWebhook, DELETES)
async def delete(body: GetWebhook, caller: Caller, tx: Tx) -> Answer:
    """Send nothing there any more, not even what waits."""
    await store.webhooks.remove(tx, caller.workspace_id, body.webhook_id)
    return {}
