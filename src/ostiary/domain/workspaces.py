"""A workspace and its clock."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .errors import ApiError


@dataclass(frozen=True, slots=True)
class Workspace:
    """
    The tenant that everything belongs to.

    A sandbox workspace has its own clock: real time plus an offset, or frozen at an instant. A production
    workspace always has real time.
    """

    workspace_id: str
    name: str
    is_sandbox: bool
    clock_offset_ms: int
    clock_frozen_at: datetime | None
    created_at: datetime

    def at(self, real_now: datetime) -> datetime:
        """What the workspace's clock shows at a real instant."""
        if self.clock_frozen_at is not None:
            return self.clock_frozen_at
        return real_now + timedelta(milliseconds=self.clock_offset_ms)

    def with_clock(self, now: datetime, *, is_frozen: bool, real_now: datetime) -> "Workspace":
        """
        Set the clock of a sandbox.

        Raises:
            ApiError: `workspace_not_sandbox`; or the time would run backwards, which no history survives.
        """
        if not self.is_sandbox:
            raise ApiError("workspace_not_sandbox", "Only a sandbox workspace has a clock that can be set")
        if now < self.at(real_now):
            raise ApiError("invalid_input", "The clock of a workspace only moves forward")
        if is_frozen:
            return replace(self, clock_frozen_at=now, clock_offset_ms=0)
        offset = round((now - real_now) / timedelta(milliseconds=1))
        return replace(self, clock_frozen_at=None, clock_offset_ms=offset)
