"""How early codes are put on a device, as its API user wants it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ostiary.domain.lead_times import spelled

from .samples import CAN, NOW, code, device

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_a_device_adds_its_own_leads_to_what_a_look_showed() -> None:
    assert device().can == CAN
    own = replace(device(), preload_hours=24, just_in_time_minutes=15).can
    starts_at = NOW + 100 * HOUR
    native, just_in_time = code(starts_at, starts_at + HOUR), code(starts_at, starts_at + HOUR, native=False)
    assert native.programmed_from(own) == starts_at - 24 * HOUR
    assert just_in_time.programmed_from(own) == starts_at - 15 * MINUTE
    assert replace(device(), preload_hours=24).can.just_in_time_lead == CAN.just_in_time_lead


@pytest.mark.parametrize(("is_native", "stays"), [(True, True), (False, False)])
def test_a_shorter_lead_takes_off_only_what_opens_too_early(is_native: bool, stays: bool) -> None:
    """And what is preloaded stays only as long as nobody wishes it otherwise."""
    starts_at = NOW + timedelta(minutes=50 if not is_native else 70 * 60)
    shorter = replace(device(), preload_hours=1, just_in_time_minutes=5).can
    one = replace(
        code(starts_at, starts_at + HOUR, native=is_native),
        vendor_code_id="v-1",
        confirmed_at=NOW,
        confirmed_generation=1,
    )
    assert one.is_wanted(CAN, NOW)
    assert one.is_wanted(shorter, NOW) is stays
    assert not replace(one, generation=2).is_wanted(shorter, NOW)
    assert not replace(one, vendor_code_id=None).is_wanted(shorter, NOW)
    assert not replace(one, delete_requested_at=NOW).is_wanted(shorter, NOW)


@pytest.mark.parametrize(
    ("lead", "words"),
    [(72 * HOUR, "72 hours"), (HOUR, "1 hour"), (90 * MINUTE, "90 minutes"), (5 * MINUTE, "5 minutes")],
)
def test_leads_in_words(lead: timedelta, words: str) -> None:
    assert spelled(lead) == words
