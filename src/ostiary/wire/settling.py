"""
`sync: true`: an answer that waits until what was asked for is done.

The request itself is done when its transaction is. What follows is the engine's, and is only looked at here.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..domain.errors import ApiError
from ..store.tx import Database, Tx
from .auth import Means, authenticate, enter
from .operation import OPERATIONS, Caller

PATIENCE: Final = 20.0
"""Seconds; less than clients of the wire wait by themselves. Then the answer says how far it has come."""

_FIRST, _LONGEST = 0.03, 0.5


async def settled(
    database: Database, answer: Mapping[str, Any], caller: Caller, auth: frozenset[Means]
) -> Mapping[str, Any]:
    """
    The answer with its action attempt, and the code that it made, as they are when it is finished. Whoever is
    not let in any more meanwhile is answered with what stood when they asked.
    """
    if _is_deferred(answer):
        return answer
    until, pause = time.monotonic() + PATIENCE, _FIRST
    while answer["action_attempt"]["status"] == "pending" and time.monotonic() < until:
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST)
        try:
            answer = await database.read(_now, answer, caller, auth)
        except ApiError:
            break
    return answer


def _is_deferred(answer: Mapping[str, Any]) -> bool:
    """Nothing happens before a time that may be days ahead."""
    mutations = answer.get("access_code", {}).get("pending_mutations", ())
    return any(mutation["mutation_code"] == "deferring_creation" for mutation in mutations)


async def _now(
    tx: Tx, answer: Mapping[str, Any], caller: Caller, auth: frozenset[Means]
) -> Mapping[str, Any]:
    """Raises: ApiError, 401, when the caller's key or session has ended."""
    caller = replace(caller, identity=await authenticate(tx, caller.headers, auth))
    enter(tx, caller.identity)  # also by the workspace's clock, which may have been moved
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
