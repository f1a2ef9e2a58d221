"""Events are found by any combination of filters."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import Any

from ostiary import store
from ostiary.domain.events import Event, event
from ostiary.domain.workspaces import Workspace
from ostiary.store.events import FILTERS
from ostiary.store.tx import Tx

from .opened import add_workspace, opened

FIELDS = [name for name in FILTERS if name not in ("event_type", "event_id")]


def _some(workspace: Workspace) -> list[Event]:
    """For each set of fields an event of each type that has them, and others' values or none elsewhere."""
    made: list[Event] = []
    for chosen in (names for size in range(len(FIELDS) + 1) for names in combinations(FIELDS, size)):
        elsewhere = "other" if len(chosen) % 2 else None
        values: Any = {name: name if name in chosen else elsewhere for name in FIELDS}
        for event_type in ("device.added", "device.removed"):
            at = workspace.created_at + timedelta(milliseconds=len(made) // 3)
            one = event(event_type, workspace.workspace_id, at)
            made.append(replace(one, created_at=at, **values))
    return made


async def _emit(tx: Tx, events: list[Event]) -> None:
    for each in events:
        tx.emit(each)


async def _filtered(tx: Tx, workspace_id: str, filters: dict[str, Any]) -> list[Event]:
    return await store.events.list_events(tx, workspace_id, since=None, until=None, limit=1000, **filters)


async def test_every_combination_of_filters(database_url: str) -> None:
    async with opened(database_url) as database:
        workspace = await database.write(add_workspace)
        events = _some(workspace)
        await database.write(_emit, events)
        newest_first = sorted(events, key=lambda each: (each.created_at, each.event_id), reverse=True)
        wanted = {name: [name, "nothing"] for name in FIELDS}
        wanted["event_type"] = ["device.added"]
        wanted["event_id"] = [each.event_id for each in events[::2]]

        async def ask(filters: dict[str, Any]) -> list[str]:
            return [each.event_id for each in await database.read(_filtered, workspace.workspace_id, filters)]

        for size in range(len(FILTERS) + 1):
            for names in combinations(FILTERS, size):
                filters = {name: wanted[name] for name in names}
                right = [e.event_id for e in newest_first if all(getattr(e, n) in wanted[n] for n in names)]
                assert await ask(filters) == right, names
                assert right, names
                if names:
                    assert await ask({**filters, names[-1]: []}) == [], names
