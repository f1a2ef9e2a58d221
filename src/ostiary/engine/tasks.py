"""Ending tasks for certain."""

import asyncio
from collections.abc import Iterable
from typing import Any


async def cancel_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """
    Cancel, again and again, until all have ended.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, which database drivers use, loses a
    cancellation that comes together with its result.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.5)
