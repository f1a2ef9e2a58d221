"""The shape of `/ostiary/devices/plan`: what the engine would do next at one lock. It holds no PIN."""

from typing import Literal

import msgspec

from ..domain.attribution import Outcome, StepKind
from ..domain.explanation import Reason
from ..domain.rehearsal import Hold
from .forms import Id, Moment, WeeklyWindow


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """
    Why a code does not stand on the lock as it should, or is still there.

    `until` is when that ends or is tried again, null when nobody knows. `attempts` counts writes in a row
    that led to nothing; `error_code` is the newest error of the code.
    """

    reason: Reason
    message: str
    until: Moment | None
    attempts: int
    error_code: str | None


class PlannedCode(msgspec.Struct, forbid_unknown_fields=True):
    """
    A code as it should stand on the lock.

    `starts_at` and `ends_at` are the window that the lock itself keeps, null when it must not limit the code;
    so is `weekly_window`.
    The code is wanted there from `wanted_from` (null: at once) until `wanted_until` (null: for good).
    `differences` is empty when the last look showed it as it should be now. `is_backup`: a spare of the
    device's pool, or one that was pulled.
    """

    access_code_id: Id
    name: str | None
    name_on_device: str | None
    starts_at: Moment | None
    ends_at: Moment | None
    weekly_window: WeeklyWindow | None
    is_wanted: bool
    wanted_from: Moment | None
    wanted_until: Moment | None
    differences: list[
        Literal["missing", "unwanted", "unconfirmed", "name", "code", "time_frame", "weekly_window", "other"]
    ]
    why: Why | None
    is_backup: bool


class SeenCode(msgspec.Struct, forbid_unknown_fields=True):
    """
    A code that the last look showed. `is_exact` false: it was not as was wished then, and how its window
    differs is not kept.
    """

    access_code_id: Id
    is_managed: bool
    name: str | None
    starts_at: Moment | None
    ends_at: Moment | None
    weekly_window: WeeklyWindow | None
    is_enabled: bool
    is_exact: bool


class OpenStep(msgspec.Struct, forbid_unknown_fields=True):
    """A write that was made, or may have been, and whose effect no look has shown yet."""

    step_id: Id
    access_code_id: Id
    kind: StepKind
    outcome: Outcome
    planned_at: Moment
    wait_until: Moment


class PlannedWrite(msgspec.Struct, forbid_unknown_fields=True):
    """What the next tick writes, if the lock then shows what it showed last."""

    kind: StepKind
    access_code_id: Id
    name: str | None
    reason: Literal[
        "missing",
        "name",
        "code",
        "time_frame",
        "weekly_window",
        "unconfirmed",
        "other",
        "deleted",
        "ended",
        "makes_room",
        "surplus",
        "too_early",
    ]


class PlannedCall(msgspec.Struct, forbid_unknown_fields=True):
    """
    One call to the vendor, by its name in the port, with all that goes with it but the PIN. The vendor's ids
    are as the brand's adapter makes them.
    """

    call: Literal[
        "get_device",
        "synchronise",
        "list_access_codes",
        "set_access_code",
        "change_access_code",
        "remove_access_code",
    ]
    vendor_device_id: str
    access_code_id: Id | None
    vendor_code_id: str | None
    name_on_device: str | None
    starts_at: Moment | None
    ends_at: Moment | None
    weekly_window: WeeklyWindow | None


class Plan(msgspec.Struct, forbid_unknown_fields=True):
    """
    What the engine would do next at one lock, by what is stored: no vendor is asked.

    `due_at` is when it comes back to the lock; null: never by itself. `held_by` says why it then writes
    nothing, whatever is wished. `calls` is what the vendor is asked then. `writes` are in their order, each
    with its reason; `further_writes` more follow at once. After its
    look the tick makes `spares_to_make` spares for the device's pool; they are not among the writes yet.
    """

    device_id: Id
    as_of: Moment
    looked_at: Moment | None
    is_online: bool
    due_at: Moment | None
    paused_until: Moment | None
    held_by: Hold | None
    desired: list[PlannedCode]
    observed: list[SeenCode]
    open_steps: list[OpenStep]
    calls: list[PlannedCall]
    writes: list[PlannedWrite]
    further_writes: int
    spares_to_make: int
