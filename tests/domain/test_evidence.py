"""What becomes an entry, what the chain proves, and what the entries say of a code."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.domain.access_codes import AccessCode
from ostiary.domain.attribution import Seen, Step
from ostiary.domain.errors import OutcomeUnknown, Rejected, Unreachable
from ostiary.domain.evidence import (
    SYSTEM,
    Actor,
    Entry,
    Happening,
    Kind,
    Note,
    State,
    Tail,
    View,
    answered,
    appended,
    broken_at,
    seen,
    sending,
    sighting,
)
from ostiary.domain.instants import to_wire
from ostiary.domain.proof import explains, level, status_at
from ostiary.domain.provider import ObservedCode
from ostiary.domain.secrets import Secret

from .samples import CAN, NOW, code

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
VIEW = View(CAN, is_account_connected=True)
WORKSPACE, CODE = "workspace-1", "11111111-2222-4333-8444-555555555555"


def digest(content: bytes) -> str:
    return hashlib.sha256(b"a key" + content).hexdigest()


class Story:
    """A chain that grows."""

    def __init__(self, wish: AccessCode) -> None:
        self.code = wish
        self.now = NOW
        self.entries: list[Entry] = []
        self.happens("wished")

    def happens(self, cause: Kind, *notes: Note, after: timedelta = MINUTE, **changes: Any) -> list[Entry]:
        self.now += after
        self.code = replace(self.code, **changes)
        tail = Tail.of(self.entries[-1], digest) if self.entries else Tail()
        what = Happening(State.of(self.code, VIEW), cause, SYSTEM, notes)
        made = appended(CODE, WORKSPACE, tail, what, self.now, digest)
        if made and self.entries:
            self.entries[-1] = replace(self.entries[-1], seal=None)
        self.entries += made
        return made

    def sent(self, kind: Any = "set", step_id: str = "s-1") -> Step:
        step = Step(
            step_id, CODE, kind, self.code.generation, None, self.code.code_hash, NOW, "planned", NOW, NOW
        )
        self.happens("told", sending(step), was_sent=True)
        return step

    def confirmed(self, step: Step) -> None:
        self.happens(
            "told",
            Note("seen", {"on_device": {"name": "Anna"}, "writes": [written(step, "seen")]}),
            vendor_code_id="v-1",
            confirmed_at=self.now,
            confirmed_generation=self.code.generation,
        )

    def at_door(self, what: str, at: datetime | None = None) -> None:
        self.happens("told", Note("used", {"what": what, "occurred_at": to_wire(at or self.now)}))

    @property
    def level(self) -> str:
        return level(self.entries, self.now)


def written(step: Step, outcome: str) -> dict[str, str]:
    return {"step_id": step.step_id, "kind": step.kind, "outcome": outcome}


# --- the status --------------------------------------------------------------------------------------

instants = st.sampled_from([None, *(NOW + hours * HOUR for hours in (-100, -1, 0, 1, 2, 100))])
flags = st.booleans()


@settings(max_examples=600, deadline=None)
@given(
    window=st.tuples(instants, instants),
    native=flags,
    fields=st.fixed_dictionaries(
        {
            "was_sent": flags,
            "vendor_code_id": st.sampled_from([None, "v-1"]),
            "confirmed_at": st.sampled_from([None, NOW]),
            "delete_requested_at": st.sampled_from([None, NOW]),
            "conversion": st.sampled_from(["none", "pending", "done"]),
            "drift": st.sampled_from(["none", "modified", "inactive", "removed"]),
            "confirmed_starts_at": st.sampled_from([None, NOW - HOUR, NOW + HOUR]),
            "confirmed_ends_at": st.sampled_from([None, NOW + 2 * HOUR]),
        }
    ),
    has_pin=flags,
    is_connected=flags,
    later=st.sampled_from([timedelta(0), MINUTE, HOUR, 2 * HOUR - MINUTE, 73 * HOUR, 200 * HOUR]),
)
def test_a_state_makes_the_status_that_the_wire_has(
    window: tuple[datetime | None, datetime | None],
    native: bool,
    fields: dict[str, Any],
    has_pin: bool,
    is_connected: bool,
    later: timedelta,
) -> None:
    """Now, and at any later instant of which the entry knew nothing but the window."""
    starts_at, ends_at = window if None not in window else (None, None)
    wish = replace(code(starts_at, ends_at, native=native), **fields)
    wish = wish if has_pin else replace(wish, code=None, code_hash=None)
    at = NOW + later
    state = State.of(wish, View(CAN, is_connected))
    assert state.status(at) == wish.status(CAN, at, is_view_stale=not is_connected)


def test_a_code_that_is_gone_has_no_status() -> None:
    assert State.of(replace(code(), gone_at=NOW), VIEW).status(NOW) is None


def test_the_last_entry_before_an_instant_explains_its_status() -> None:
    story = Story(code(NOW + HOUR, NOW + 2 * HOUR))
    made_at = story.now
    assert status_at(story.entries, NOW) is None
    assert status_at(story.entries, made_at) == "unset"
    assert status_at(story.entries, NOW + HOUR) == "setting"  # nobody had to write that down
    step = story.sent()
    story.confirmed(step)
    assert status_at(story.entries, NOW + HOUR) == "set"
    assert status_at(story.entries, NOW + 2 * HOUR) == "removing"
    assert status_at(story.entries, made_at) == "unset"
    assert not explains(story.entries, made_at, "set")
    assert not explains(story.entries, NOW, "unset")


def test_within_one_instant_each_of_its_statuses_is_explained() -> None:
    """A frozen clock: the code is made, set and confirmed at once."""
    story = Story(code())
    story.happens("told", after=timedelta(0), vendor_code_id="v-1", confirmed_at=story.now)
    assert [entry.at for entry in story.entries] == [story.now] * 2
    assert explains(story.entries, story.now, "setting")
    assert explains(story.entries, story.now, "set")
    assert not explains(story.entries, story.now, "removing")
    assert not explains(story.entries, story.now + MINUTE, "setting")


# --- what becomes an entry ---------------------------------------------------------------------------


def test_nothing_new_is_no_entry() -> None:
    story = Story(code())
    assert story.happens("told") == []
    assert story.happens("told", attempts=3, retry_at=NOW, waits_for_room=True) == []
    assert story.happens("told", name="Ben") != []


def test_a_status_that_time_alone_has_changed_is_an_entry() -> None:
    story = Story(code(NOW + HOUR, NOW + 2 * HOUR))
    assert story.happens("time") == []
    [entry] = story.happens("time", after=HOUR)
    assert (entry.kind, entry.status) == ("time", "setting")


def test_each_note_is_an_entry_and_events_stand_with_the_last() -> None:
    wish = code()
    told = [wish.event("access_code.created", NOW)]
    what = Happening(State.of(wish, VIEW), "wished", Actor("api_key", "k-1", "desk"), (), told)
    [entry] = appended(CODE, WORKSPACE, Tail(), what, NOW, digest)
    assert entry.all_facts["actor"] == {"type": "api_key", "id": "k-1", "display_name": "desk"}
    assert entry.all_facts["told"] == [{"event_type": "access_code.created", "event_id": told[0].event_id}]
    two = replace(what, notes=(Note("sending"), Note("answered")))
    first, second = appended(CODE, WORKSPACE, Tail(), two, NOW, digest)
    assert "told" not in first.all_facts
    assert "told" in second.all_facts
    assert (first.seal, second.previous_hash) == (None, first.hash)


def test_a_look_is_noted_when_it_shows_something_else() -> None:
    entry = ObservedCode("v-1", "Anna", Secret("123456"), None, None, None)
    one, other = sighting([Seen(entry, "h" * 64)]), sighting([Seen(replace(entry, name="Ben"), "h" * 64)])
    assert sighting([]) is None
    assert seen(None, None, []) is None
    assert seen(one, one, []) is None
    shown = [seen(None, one, []), seen(one, other, []), seen(one, None, [])]
    assert [note is not None and note.facts["is_new"] for note in shown] == [True] * 3
    step = Step("s-1", CODE, "set", 1, None, "h" * 64, NOW, "lost", NOW, NOW)
    settled = seen(one, one, [step])
    assert settled is not None
    assert settled.facts["writes"] == [{"step_id": "s-1", "kind": "set", "outcome": "lost"}]
    assert settled.facts["is_new"] is False


def test_of_a_pin_only_half_of_its_hash_is_kept() -> None:
    step = Step("s-1", CODE, "set", 1, None, "0123456789abcdef" * 4, NOW, "planned", NOW, NOW)
    assert sending(step).facts["pin"] == "0123456789abcdef" * 2


def test_an_answer_is_noted_with_the_kind_of_its_error() -> None:
    step = Step("s-1", CODE, "set", 1, None, None, NOW, "planned", NOW, NOW)

    def told(outcome: str, error: BaseException | None = None) -> list[Any]:
        facts = answered(step, outcome, error).facts
        return [facts["outcome"], facts.get("error"), facts.get("error_code")]

    assert told("accepted") == ["accepted", None, None]
    assert told("unknown", OutcomeUnknown("498882 timed out")) == ["unknown", "OutcomeUnknown", None]
    assert told("not_sent", Unreachable("503")) == ["not_sent", "Unreachable", None]
    refusal = Rejected("duplicate_code_on_device", "498882 is taken")
    assert told("refused", refusal) == ["refused", "Rejected", "duplicate_code_on_device"]


# --- the chain ---------------------------------------------------------------------------------------


def test_another_key_does_not_sign_the_same() -> None:
    story = Story(code())
    assert broken_at(story.entries, digest) is None
    assert broken_at(story.entries, lambda content: digest(b"!" + content)) == 1


def test_an_entry_cannot_stand_in_another_chain() -> None:
    story = Story(code())
    elsewhere = [replace(entry, access_code_id=WORKSPACE) for entry in story.entries]
    assert broken_at(elsewhere, digest) == 1
    assert broken_at([replace(entry, workspace_id=CODE) for entry in story.entries], digest) == 1


def test_a_chain_whose_end_was_cut_off_stays_broken() -> None:
    """Also when somebody goes on writing, who does not look at all of it."""
    story = Story(code())
    for name in "Ben", "Cara", "Dora":
        story.happens("wished", name=name)
    story.entries = story.entries[:2]
    assert broken_at(story.entries, digest) == 3
    story.happens("wished", name="Eve")
    assert broken_at(story.entries, digest) == 3


# --- how far it is proved ----------------------------------------------------------------------------


def outcomes(kind: Any, *told: str) -> Sequence[str]:
    levels = []
    for outcome in told:
        story = Story(code())
        step = story.sent(kind)
        levels.append(story.level)
        story.happens("told", answered(step, outcome))
        levels.append(story.level)
    return levels


def test_a_written_down_step_proves_nothing_and_an_answer_little() -> None:
    assert outcomes("set", "accepted") == ["wished", "accepted"]
    assert outcomes("set", "unknown") == ["wished", "sent"]
    assert outcomes("set", "refused", "not_sent") == ["wished"] * 4


def test_only_a_look_makes_it_read_back_and_only_the_door_more() -> None:
    story = Story(code())
    step = story.sent()
    story.happens("told", answered(step, "accepted"))
    story.confirmed(step)
    assert story.level == "read_back"
    story.at_door("unlocked", NOW)  # before it was read back: perhaps by the PIN of an earlier wish
    assert story.level == "read_back"
    story.at_door("access_denied")  # of an ongoing code that says nothing good
    assert story.level == "read_back"
    story.at_door("unlocked")
    assert story.level == "used_at_door"


def test_a_refusal_outside_of_its_window_shows_that_the_lock_knows_both() -> None:
    for native, at, wanted in (
        (True, NOW + 10 * MINUTE, "confirmed_by_device"),
        (True, NOW + 2 * HOUR, "read_back"),
        (False, NOW + 10 * MINUTE, "read_back"),
    ):
        story = Story(code(NOW + HOUR, NOW + DAY, native=native))
        story.confirmed(story.sent())
        story.at_door("access_denied", at)
        assert story.level == wanted


def test_a_write_that_a_look_found_lost_proves_nothing_any_more() -> None:
    story = Story(code())
    step = story.sent()
    story.happens("told", answered(step, "accepted"))
    story.happens("told", Note("seen", {"on_device": None, "writes": [written(step, "lost")]}))
    assert story.level == "wished"
    again = story.sent(step_id="s-2")
    story.happens("told", answered(again, "unknown"))
    assert story.level == "sent"


def test_another_wish_begins_anew() -> None:
    story = Story(code())
    story.confirmed(story.sent())
    story.at_door("unlocked")
    story.happens("wished", name="Ben", generation=2)
    assert story.level == "wished"
    step = story.sent("change", "s-2")
    story.happens("told", answered(step, "accepted"))
    assert story.level == "accepted"
    story.confirmed(step)
    assert story.level == "read_back"


def test_what_somebody_changed_on_the_lock_is_not_read_back() -> None:
    story = Story(code())
    story.confirmed(story.sent())
    story.at_door("unlocked")
    story.happens("told", errors=({"error_code": "conflicting_external_modification"},))
    assert story.level == "wished"
    story.happens("told", errors=())
    assert story.level == "read_back"  # the use was before that


def test_a_code_that_is_over_is_proved_to_be_gone() -> None:
    story = Story(code(NOW, NOW + HOUR))
    story.confirmed(story.sent())
    story.at_door("unlocked")
    story.now = NOW + HOUR
    assert story.level == "wished"
    step = story.sent("remove", "s-2")
    story.happens("told", answered(step, "accepted"))
    assert story.level == "accepted"
    gone = Note("seen", {"on_device": None, "writes": [written(step, "seen")]})
    story.happens("told", gone, vendor_code_id=None, gone_at=story.now)
    assert story.level == "read_back"


def test_a_code_that_was_never_sent_is_gone_without_a_look() -> None:
    story = Story(code())
    story.happens("wished", delete_requested_at=NOW, generation=2)
    story.happens("time", gone_at=NOW)
    assert story.level == "wished"
