"""What lives are made of: two locks, the windows and names of wishes, and what was wished when."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ostiary.domain.instants import parse_instant

Wire = dict[str, Any]
LOCKS = ("Front door", "Back door")
HOME = "life@example.com"
HOMES: dict[str, Wire] = {
    "nuki": {"devices": [{"name": name} for name in LOCKS]},
    "salto_ks": {
        "sites": [{"name": "Main Site", "seats": 50, "locks": [{"name": name} for name in LOCKS]}],
        "requests_per_second": 0,
    },
}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WINDOWS: dict[str, tuple[timedelta, timedelta] | None] = {
    "ongoing": None,
    "now": (-HOUR, 50 * HOUR),
    "brief": (timedelta(0), 4 * MINUTE),
    "soon": (20 * MINUTE, 3 * HOUR),
    "later": (5 * HOUR, 9 * HOUR),
    "far": (80 * HOUR, 90 * HOUR),
}
NAMES = ("Anna", "Ben Fischer-Dieskau the elder", "")
PINS = ("345678", "456789", "987654")
WAITS = (1, 5, 20, 90, 400, 1500)
FAULTS = {
    "nuki": ("drop_answer", "drop_answer_before", "http_429", "http_503", "lost", "late", "busy", "http_401"),
    "salto_ks": ("drop_answer", "drop_answer_before", "http_429", "http_503", "http_500", "http_401"),
}
WRITES_OF_A_SET = {"nuki": 1, "salto_ks": 6}
"""What the vendor counts of one code that is put on the lock."""

WEEKLY = {"weekdays": ["monday", "wednesday", "saturday", "sunday"], "from": "06:00", "until": "23:30"}
IN_EFFECT = "external_modification_in_effect"
DEADLINE = timedelta(minutes=12)
"""
After so long in `setting` or `removing` there is a reason, and it was told: `SLOW_ONGOING` and some. One that
is put on the lock ahead of its start has until then.
"""

REASONS = (
    "access_code.delay_in_setting_on_device",
    "access_code.failed_to_set_on_device",
    "access_code.failed_to_remove_from_device",
)


@dataclass
class Wish:
    """
    A code as the house has accepted it.

    Attributes:
        is_taken_over: It was somebody else's before; its owner may take it away before it is ours.
        is_backup: It was pulled from the pool for another, whose end it follows.
        past: Since when it has been wished as it was; None: away.
    """

    access_code_id: str
    lock: str
    shown: Wire
    is_native: bool
    is_deleted: bool = False
    is_ours: bool = True
    is_taken_over: bool = False
    is_backup: bool = False
    past: list[tuple[datetime, Wire | None]] = field(default_factory=list)

    def is_over(self, now: datetime) -> bool:
        ends_at = self.shown["ends_at"]
        return self.is_deleted or (ends_at is not None and now >= parse_instant(ends_at))

    def has_begun(self, now: datetime) -> bool:
        starts_at = self.shown["starts_at"]
        return starts_at is None or now >= parse_instant(starts_at)

    def was_active(self, at: datetime) -> bool:
        """At that moment and a little around it, by the wishes of then."""
        around = (at - MINUTE, at + MINUTE)
        wished = [shown for since, shown in self.past if since <= at][-1:]
        wished += [shown for since, shown in self.past if around[0] <= since <= around[1]]
        return bool(wished) and all(_is_inside(shown, moment) for shown in wished for moment in around)


def _is_inside(shown: Wire | None, moment: datetime) -> bool:
    if shown is None:
        return False
    starts_at, ends_at = shown["starts_at"], shown["ends_at"]
    return starts_at is None or parse_instant(starts_at) <= moment < parse_instant(ends_at)
