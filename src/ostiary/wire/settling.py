"""
`sync: true`: an answer that waits until what was asked for is done.

The request itself is done when its transaction is. What follows is the engine's, and is only looked at here.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from .. import store
from ..domain.errors import ApiError
from ..store.tx import Database, Tx
from .operation import OPERATIONS, Caller

PATIENCE: Final = 20.0
"""Seconds; less than clients of the wire wait by themselves. Then the answer says how far it has come."""

_FIRST, _LONGEST = 0.03, 0.5


async def settled(database: Database, answer: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    """The answer with its action attempt, and the code that it made, as they are when it is finished."""
    if _is_deferred(answer):
        return answer
    until, pause = time.monotonic() + PATIENCE, _FIRST
    while answer["action_attempt"]["status"] == "pending" and time.monotonic() < until:
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST)
        answer = await database.read(_now, answer, caller)
    return answer


def _is_deferred(answer: Mapping[str, Any]) -> bool:
    """Nothing happens before a time that may be days ahead."""
    mutations = answer.get("access_code", {}).get("pending_mutations", ())
    return any(mutation["mutation_code"] == "deferring_creation" for mutation in mutations)


async def _now(tx: Tx, answer: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    workspace = await store.workspaces.get(tx, caller.workspace_id)  # its clock may have been moved
    tx.enter(workspace or caller.workspace)
    tx.narrow(caller.reach)
    found = dict(answer)
    for key, path in (("action_attempt", "/action_attempts/get"), ("access_code", "/access_codes/get")):
        if key in answer:
            operation, its_id = OPERATIONS[path], f"{key}_id"
            wanted = operation.shape.convert({its_id: answer[key][its_id]}, ignore_unknown=False)
            try:
                found |= await operation.handler(wanted, caller, tx)
            except ApiError:  # it is gone: the answer tells of it as it was
                continue
    return found
