"""A workspace and its clock."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from .errors import ApiError
from .instants import to_wire

LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Deadlines are added to the clock, and the calendar ends with the year 9999."""


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
    company_name: str | None = None
    connect_partner_name: str | None = None
    is_publishable_key_auth_enabled: bool = False

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
        shown = self.at(real_now)
        if not shown <= now < LATEST:
            raise ApiError(
                "invalid_input",
                f"The clock of this workspace shows {to_wire(shown)}; "
                "it only moves forward, and not beyond the year 9000",
            )
        if is_frozen:
            return replace(self, clock_frozen_at=now, clock_offset_ms=0)
        # Rounded up: the clock must have reached the instant, or what begins then has not begun.
        offset = math.ceil((now - real_now) / timedelta(milliseconds=1))
        return replace(self, clock_frozen_at=None, clock_offset_ms=offset)
