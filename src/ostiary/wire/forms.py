"""The forms of single values on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from ..domain.weekly_windows import Weekday

Id = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
        extra_json_schema={"format": "date-time"},
    ),
]

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
TimeOfDay = Annotated[str, Meta(pattern=rf"^{_TIME}(?!\n)$", extra={"hint": "such as 08:30"})]
TimeOfDayOrMidnight = Annotated[
    str, Meta(pattern=rf"^({_TIME}|24:00)(?!\n)$", extra={"hint": "such as 17:30, or 24:00"})
]


class WeeklyWindow(
    msgspec.Struct, forbid_unknown_fields=True, rename={"begins": "from", "ends": "until"}, frozen=True
):
    """
    On which weekdays, each once, and between which times of day a code opens the door.

    Hours and minutes by the lock's own clock, `from` included and `until` not. `until` is after `from`;
    `24:00` with `from` `00:00` only, for whole days.
    """

    weekdays: list[Weekday]
    begins: TimeOfDay
    ends: TimeOfDayOrMidnight
