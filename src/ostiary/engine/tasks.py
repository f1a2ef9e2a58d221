"""Ending tasks for certain."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable
from typing import Any, Final, TypeVar

T = TypeVar("T")

AGAIN_SECONDS: Final = 2.0


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
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Work that must be done even while its caller is being cancelled, however often."""
    task = asyncio.create_task(work)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    return task.result()
