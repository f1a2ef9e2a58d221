"""Pages: no row twice, none missing, whatever matches and however small the chunks."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.store.pages import Position
from ostiary.wire import pages


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "CHUNK", 3)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.text("abc", min_size=1, max_size=4)), unique=True),
    st.integers(1, 7),
    st.sampled_from([1, 2, 3, 100]),
)
def test_pages_put_together_are_the_matching_rows(
    rows: list[tuple[int, str]], limit: int, divisor: int
) -> None:
    table = sorted(rows)

    async def fetch(position: Position, size: int) -> Sequence[tuple[int, str]]:
        after = [row for row in table if row >= (position.created_at_ms, position.row_id)]
        return after[:size]

    def matches(row: tuple[int, str]) -> bool:
        return row[0] % divisor == 0

    async def read_all() -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        position: Position | None = Position()
        while position is not None:
            page, position = await pages.collect(
                fetch, lambda row: Position(*row), position, limit, None if divisor == 1 else matches
            )
            assert len(page) <= limit
            found += page
        return found

    assert asyncio.run(read_all()) == [row for row in table if matches(row)]
