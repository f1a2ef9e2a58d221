"""What time alone makes of a code."""

from dataclasses import replace
from datetime import timedelta

from ostiary.domain import problems
from ostiary.domain.reconcile import advance

from .samples import CAN, NOW, code

FAR = (NOW + timedelta(days=10), NOW + timedelta(days=12))
TROUBLED = replace(
    code(*FAR),
    errors=problems.raised((), "error_code", "failed_to_set_on_device", "Lost.", NOW),
    warnings=problems.raised((), "warning_code", "delay_in_setting_on_device", "Late.", NOW),
)


def test_what_went_wrong_is_over_for_a_code_that_is_moved_far_ahead() -> None:
    """It is not on the lock and is not to be there yet; its time comes later, with its own problems."""
    after = advance(TROUBLED, CAN, NOW, has_open_step=False).code
    assert (after.errors, after.warnings) == ((), ())
    assert advance(after, CAN, NOW, has_open_step=False).code == after


def test_it_is_not_while_the_lock_has_it_or_may_have() -> None:
    on_lock = replace(TROUBLED, vendor_code_id="v-1", was_sent=True)
    assert advance(on_lock, CAN, NOW, has_open_step=False).code.errors == TROUBLED.errors
    assert advance(TROUBLED, CAN, NOW, has_open_step=True).code.errors == TROUBLED.errors
