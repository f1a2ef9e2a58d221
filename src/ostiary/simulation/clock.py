"""The clock of a simulator that stands alone: real time, shifted, or frozen."""

from datetime import UTC, datetime, timedelta


class ShiftableClock:
    """
    Call it for the time in UTC.

    A simulator that was built with one of these lets the control plane move it; with any other clock
    the time belongs to somebody else.
    """

    def __init__(self) -> None:
        self.offset = timedelta()
        self.frozen_at: datetime | None = None

    def __call__(self) -> datetime:
        return self.frozen_at or datetime.now(UTC) + self.offset

    def shift(self, offset_seconds: float) -> None:
        """Run, by so many seconds ahead of real time."""
        self.offset = timedelta(seconds=offset_seconds)
        self.frozen_at = None

    def freeze(self, at: datetime) -> None:
        """Stand still."""
        self.frozen_at = at.astimezone(UTC)
