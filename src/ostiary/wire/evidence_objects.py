"""The shapes of the evidence of an access code, and of its timeline. They hold no PIN."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from ..domain.access_codes import Status
from ..domain.attribution import Outcome, StepKind
from ..domain.evidence import ActorType, Kind
from ..domain.proof import Level
from ..domain.timeline import TimelineType
from .forms import Id, Moment, WeeklyWindow


class EvidenceActor(msgspec.Struct, forbid_unknown_fields=True):
    """Who asked: an API key, by its id and name; a client session, by its id; or the engine by itself."""

    type: ActorType
    id: Id | UnsetType = UNSET
    display_name: str | UnsetType = UNSET


class EvidenceState(msgspec.Struct, forbid_unknown_fields=True):
    """
    The code from this entry to the next. With the time it makes the status.

    `pin` stands for the PIN: the first half of its keyed hash, equal for equal PINs of one device.
    `wanted_from` is when programming may begin, null for at once. `generation` grows with each wish. `errors`
    and `warnings` are the codes of those that stand on the code itself.
    """

    name: str | None
    pin: str | None
    starts_at: Moment | None
    ends_at: Moment | None
    weekly_window: WeeklyWindow | None
    generation: int
    wanted_from: Moment | None
    is_native: bool
    is_account_connected: bool
    is_deleted: bool
    is_gone: bool
    is_handed_over: bool
    was_sent: bool
    is_on_device: bool
    is_confirmed: bool
    is_as_wished: bool
    errors: list[str]
    warnings: list[str]


class EvidenceTold(msgspec.Struct, forbid_unknown_fields=True):
    event_type: str
    event_id: Id


class EvidenceSighting(msgspec.Struct, forbid_unknown_fields=True):
    """What a look showed. `entries` is how many the lock had of the code; one is right."""

    name: str
    pin: str | None
    starts_at: Moment | None
    ends_at: Moment | None
    weekly_window: WeeklyWindow | None
    is_enabled: bool
    is_exact: bool
    entries: int


class EvidenceWrite(msgspec.Struct, forbid_unknown_fields=True):
    """What a look has shown to have become of a write: `seen` or `lost`."""

    step_id: Id
    kind: StepKind
    outcome: Outcome


class EvidenceFacts(msgspec.Struct, forbid_unknown_fields=True):
    """
    What an entry holds. Every one has `state` and `actor`; `told` are the events of its transaction.

    `sending` and `answered` have `step_id`, `write`, `generation` and `pin`; the latter also `outcome`, and
    the class of the vendor's `error` with its `error_code`. `seen` has `on_device` (null: not there), whether
    that `is_new`, and `writes`. `used` has `what`, `occurred_at` by the door's clock, and its event.
    """

    state: EvidenceState
    actor: EvidenceActor
    told: list[EvidenceTold] | UnsetType = UNSET
    step_id: Id | UnsetType = UNSET
    write: StepKind | UnsetType = UNSET
    generation: int | UnsetType = UNSET
    pin: str | UnsetType | None = UNSET
    outcome: Outcome | UnsetType = UNSET
    error: str | UnsetType = UNSET
    error_code: str | UnsetType = UNSET
    on_device: EvidenceSighting | UnsetType | None = UNSET
    is_new: bool | UnsetType = UNSET
    writes: list[EvidenceWrite] | UnsetType = UNSET
    what: Literal["locked", "unlocked", "access_denied"] | UnsetType = UNSET
    occurred_at: Moment | UnsetType = UNSET
    event_id: Id | UnsetType = UNSET
    event_type: str | UnsetType = UNSET
    method: str | UnsetType = UNSET
    reason: dict[str, str] | UnsetType = UNSET


class EvidenceEntry(msgspec.Struct, forbid_unknown_fields=True):
    """One link of the chain. `status` is null once the code is gone."""

    position: int
    at: Moment
    kind: Kind
    status: Status | None
    facts: EvidenceFacts
    previous_hash: str | None
    hash: str


class Evidence(msgspec.Struct, forbid_unknown_fields=True):
    """
    What is known of a code, oldest first.

    `level` is how far the present wish is proved. `is_intact` tells whether the whole chain, not just this
    page, is as it was written; `broken_at` is the first position that is not.
    """

    access_code_id: Id
    level: Level
    status: Status | None
    is_intact: bool
    broken_at: int | None
    entries: list[EvidenceEntry]


class TimelineActor(msgspec.Struct, forbid_unknown_fields=True):
    """Who did it: `api_key` is also a client session, `external` somebody else, at the vendor."""

    type: Literal["api_key", "console_user", "system", "external"]
    id: str | UnsetType = UNSET
    display_name: str | UnsetType = UNSET


class RelatedResources(msgspec.Struct, forbid_unknown_fields=True):
    event_id: Id | UnsetType = UNSET
    device_id: Id | UnsetType = UNSET
    connected_account_id: Id | UnsetType = UNSET
    action_attempt_id: Id | UnsetType = UNSET


class TimelineEvent(msgspec.Struct, forbid_unknown_fields=True):
    timeline_event_id: Id
    event_type: TimelineType
    occurred_at: Moment
    description: str
    actor: TimelineActor
    details: dict[str, Any]
    related_resource_ids: RelatedResources


class TimelinePagination(msgspec.Struct, forbid_unknown_fields=True):
    """Cursors for `page_cursor`; null where there is no such page."""

    has_more: bool
    next_cursor: str | None
    prev_cursor: str | None
