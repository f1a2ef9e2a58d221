"""The clock of a sandbox."""

from datetime import UTC, datetime, timedelta

import pytest

from ostiary.domain.errors import ApiError
from ostiary.domain.workspaces import LATEST, Workspace

REAL = datetime(2026, 11, 21, 12, tzinfo=UTC)
AHEAD = timedelta(days=30)


def workspace() -> Workspace:
    made = Workspace("an id", "sandbox", True, 0, None, REAL)
    return made.with_clock(REAL + AHEAD, is_frozen=False, real_now=REAL)


@pytest.mark.parametrize("instant", [REAL, REAL + AHEAD - timedelta(seconds=1), LATEST])
def test_a_clock_that_will_not_move_says_what_it_shows(instant: datetime) -> None:
    """Whoever has not moved it cannot know."""
    with pytest.raises(ApiError, match=r"clock of this workspace shows 2026-12-21T12:00:00\.000Z; it only"):
        workspace().with_clock(instant, is_frozen=False, real_now=REAL)


def test_it_moves_forward_and_goes_on_from_there() -> None:
    later = workspace().with_clock(REAL + AHEAD + timedelta(hours=1), is_frozen=False, real_now=REAL)
    assert later.at(REAL + timedelta(minutes=1)) == REAL + AHEAD + timedelta(hours=1, minutes=1)
