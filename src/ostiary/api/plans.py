"""`/ostiary/devices/…`: what the wire has not. What the engine would do at a lock, and why."""

import msgspec

from .. import store
from ..domain.explanation import explained
from ..store.tx import Tx
from ..wire.operation import READS, Answer, Caller, operation
from ..wire.validation import Uuid


class GetPlan(msgspec.Struct, forbid_unknown_fields=True):
    device_id: Uuid


@operation("/ostiary/devices/plan", GetPlan, READS, returns={"plan": "Plan"})
async def plan(body: GetPlan, caller: Caller, tx: Tx) -> Answer:
    """What a lock should hold, what it held at the last look, and what the engine does next."""
    device = await store.devices.get(tx, caller.workspace_id, body.device_id)
    name_at_vendor = caller.house.name_at_vendor(caller.workspace, device.provider)
    rows = await store.rehearsals.rows(tx, device, name_at_vendor)
    return {"plan": explained(rows, tx.now)}
