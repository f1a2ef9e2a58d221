"""How a client session ends."""

from datetime import UTC, datetime, timedelta

import pytest

from ostiary.domain.client_sessions import LIFETIME, end, expiry
from ostiary.domain.errors import InvalidInput

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_it_ends_at_its_expiry_and_not_before() -> None:
    assert end(NOW, None, NOW - SECOND) is None
    assert end(NOW, None, NOW) == "expired"
    assert end(NOW, None, NOW + LIFETIME) == "expired"


def test_it_ends_when_it_is_revoked_and_is_never_both() -> None:
    """One that had expired by then stays expired: that is how its user's key was given to another."""
    assert end(NOW, NOW - SECOND, NOW - SECOND) == "revoked"
    assert end(NOW, NOW - SECOND, NOW + SECOND) == "revoked"
    assert end(NOW, NOW + SECOND, NOW + SECOND) == "expired"


def test_no_session_begins_after_its_end() -> None:
    assert expiry(None, NOW) == NOW + LIFETIME
    assert expiry(NOW + SECOND, NOW) == NOW + SECOND
    for asked in (NOW, NOW - SECOND):
        with pytest.raises(InvalidInput, match="expires_at"):
            expiry(asked, NOW)
