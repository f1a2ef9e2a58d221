"""Tasks end for certain, and what must be done is done."""

import asyncio

import pytest

from ostiary.engine import tasks
from ostiary.engine.tasks import cancel_all, finish


async def test_a_cancellation_that_got_lost_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.05)
    tasks_ended = []

    async def deaf_once() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)  # as a driver that lost it
        finally:
            tasks_ended.append(True)

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel_all([task]), 5)
    assert task.cancelled()
    assert tasks_ended == [True]


async def test_what_must_be_done_is_done_however_often_its_caller_is_cancelled() -> None:
    done = []

    async def work() -> str:
        await asyncio.sleep(0.05)
        done.append(True)
        return "given back"

    caller = asyncio.create_task(finish(work()))
    for _ in range(3):
        await asyncio.sleep(0.01)
        caller.cancel()
    assert await caller == "given back"
    assert done == [True]
