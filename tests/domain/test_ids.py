"""Ids that sort by creation."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from ostiary.domain.ids import ordered_id

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_ids_of_one_instant_sort_as_they_were_made() -> None:
    """However many: a transaction may tell of a night's worth of events at once."""
    made = [ordered_id(NOW) for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_a_later_instant_sorts_later() -> None:
    assert ordered_id(NOW) < ordered_id(NOW + timedelta(milliseconds=1))


def test_they_are_uuids_of_version_7() -> None:
    made = UUID(ordered_id(NOW))
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
