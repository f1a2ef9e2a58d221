"""Which PINs a device takes, and that generated ones are among them."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.domain.errors import ApiError
from ostiary.domain.pins import broken_constraint, candidate_pins, check_pin
from ostiary.domain.provider import Capabilities
from ostiary.domain.secrets import Secret

from .samples import device

TABLE = [
    # constraint, PINs that obey it, PINs that break it
    ("no_zeros", ["1234", "9"], ["0123", "1203", "1230", "0"]),
    ("cannot_start_with_12", ["2112", "1312", "1"], ["12", "1234"]),
    ("no_all_same_digits", ["1112", "2111", "12"], ["1111", "000000"]),
    ("cannot_contain_089", ["1234567"], ["0", "18", "91"]),
    ("cannot_contain_0789", ["123456"], ["0", "17", "81", "19"]),
    ("at_least_three_unique_digits", ["1123", "321"], ["1122", "1111", "12"]),
    ("unique_first_four_digits", ["1234", "12344", "98765555"], ["1123", "1231", "12134"]),
    ("no_ascending_or_descending_sequence", ["1235", "1111", "2134", "1357"], ["1234", "4321", "3456789"]),
    (
        "no_triple_consecutive_ints",
        ["1235", "1112", "1357", "112233"],
        ["1111", "1234", "4321", "91234", "0000"],
    ),
    ("a_constraint_of_tomorrow", ["1234"], []),
]
GOOD = [(constraint, pin) for constraint, pins, _ in TABLE for pin in pins]
BAD = [(constraint, pin) for constraint, _, pins in TABLE for pin in pins]


@pytest.mark.parametrize(("constraint", "pin"), GOOD)
def test_a_pin_that_obeys(constraint: str, pin: str) -> None:
    assert broken_constraint(pin, Capabilities(code_constraints=(constraint,))) is None


@pytest.mark.parametrize(("constraint", "pin"), BAD)
def test_a_pin_that_breaks_a_rule_hears_which(constraint: str, pin: str) -> None:
    broken = broken_constraint(pin, Capabilities(code_constraints=(constraint,)))
    assert broken is not None
    assert broken[0] == constraint
    assert broken[1].startswith("must ")
    with pytest.raises(ApiError) as refused:
        check_pin(pin, Capabilities(code_constraints=(constraint,)), device())
    assert (refused.value.error_type, refused.value.status) == ("invalid_access_code", 400)
    assert refused.value.data is not None
    assert refused.value.data["constraint_type"] == constraint


@pytest.mark.parametrize(
    ("pin", "is_right"), [("123", False), ("1234", True), ("12345", False), ("123456", True)]
)
def test_lengths_are_a_list_not_a_range(pin: str, is_right: bool) -> None:
    broken = broken_constraint(pin, Capabilities(code_lengths=(4, 6)))
    assert broken == (None if is_right else ("supported_code_lengths", "must have 4 or 6 digits"))


def test_a_vendor_that_chooses_takes_no_pin() -> None:
    with pytest.raises(ApiError, match="leave out code") as refused:
        check_pin("1234", Capabilities(code_chosen_by="vendor"), device())
    assert refused.value.data is not None
    assert refused.value.data["constraint_type"] == "cannot_specify_pin_code"


names = [constraint for constraint, _, _ in TABLE]
capabilities = st.builds(
    lambda lengths, constraints: Capabilities(code_lengths=lengths, code_constraints=constraints),
    st.lists(st.integers(4, 9), max_size=3, unique=True).map(tuple),
    st.lists(st.sampled_from(names), max_size=4, unique=True).map(tuple),
)


def free(candidates: Iterator[Secret], taken: set[Secret]) -> Secret:
    return next(pin for pin in candidates if pin not in taken)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(capabilities, st.integers(3, 10))
def test_a_generated_pin_obeys_every_rule(can: Capabilities, length: int) -> None:
    taken = {next(candidate_pins(can))}
    pin = free(candidate_pins(can, length), taken)
    assert broken_constraint(pin.reveal(), can) is None
    assert pin not in taken
    supported = can.code_lengths or (4,)
    assert len(pin.reveal()) == (length if length in supported else min(supported))


def test_a_generated_pin_avoids_those_that_are_taken() -> None:
    can = Capabilities(code_lengths=(1,))
    taken = {Secret(str(digit)) for digit in range(10) if digit != 7}
    assert free(candidate_pins(can), taken) == Secret("7")
    with pytest.raises(ApiError, match="No free code"):
        free(candidate_pins(can), {*taken, Secret("7")})


def test_generated_pins_are_spread() -> None:
    pins = {next(candidate_pins(Capabilities(code_lengths=(6,)))).reveal() for _ in range(300)}
    assert len(pins) > 290
    assert {pin[0] for pin in pins} == set("0123456789")
