"""Which devices can share one PIN, and by which rules it is made."""

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.domain.devices import Device
from ostiary.domain.pins import broken_constraint, candidate_pins
from ostiary.domain.provider import Capabilities
from ostiary.domain.shared_pins import Share, sharers, takers

from .samples import CAN, device

ANY = ()


def named(
    name: str,
    *lengths: int,
    chosen_by: Literal["caller", "vendor", "either"] = "caller",
    constraints: tuple[str, ...] = (),
) -> Device:
    can = replace(CAN, code_lengths=lengths, code_constraints=constraints, code_chosen_by=chosen_by)
    return replace(device(name=name, capabilities=can), device_id=name)


def length_of(share: Share) -> int:
    assert share.rules is not None
    [length] = share.rules.code_lengths
    return length


@pytest.mark.parametrize(
    ("each", "preferred", "length"),
    [
        ([(4, 5, 6), (4, 5, 6)], None, 4),
        ([(4, 5, 6), (4, 5, 6)], 5, 5),
        ([(4, 5, 6), (4, 5, 6)], 5.0, 5),
        ([(4, 5, 6), (4, 5, 6)], 5.5, 4),
        ([(4, 5, 6), (4, 5, 6)], 12, 4),
        ([(4, 6, 8), (6, 8)], 4, 6),
        ([(4, 6, 8), (6, 8)], 8, 8),
        ([ANY, (6, 8)], None, 6),
        ([ANY, ANY], None, 4),
    ],
)
def test_the_length_is_one_that_all_have(
    each: list[tuple[int, ...]], preferred: float | None, length: int
) -> None:
    share = sharers([named(str(at), *lengths) for at, lengths in enumerate(each)], preferred)
    assert (length_of(share), len(share.device_ids), share.refusals) == (length, len(each), ())


def test_where_no_length_is_common_the_most_share_and_the_others_hear_why() -> None:
    share = sharers([named("four", 4), named("six", 6), named("six too", 6, 8)], preferred_length=4)
    assert (length_of(share), share.device_ids) == (6, frozenset({"six", "six too"}))
    [refusal] = share.refusals
    assert refusal.data == {"device_id": "four", "constraint_type": "supported_code_lengths"}
    assert "6 digits" in refusal.message


def test_a_vendor_that_chooses_shares_nothing_and_one_that_would_choose_does() -> None:
    share = sharers([named("theirs", 6, chosen_by="vendor"), named("both", 4, 5, chosen_by="either")])
    assert (length_of(share), share.device_ids) == (4, frozenset({"both"}))
    [refusal] = share.refusals
    assert refusal.data == {"device_id": "theirs", "constraint_type": "cannot_specify_pin_code"}
    assert sharers([named("theirs", 6, chosen_by="vendor")]).device_ids == set()


def test_a_given_pin_is_taken_where_it_breaks_no_rule() -> None:
    devices = [
        named("any"),
        named("no zeros", 4, constraints=("no_zeros",)),
        named("six", 6),
        named("theirs", chosen_by="vendor"),
    ]
    share = takers("4710", devices)
    assert share.device_ids == {"any"}
    assert [refusal.data and refusal.data["constraint_type"] for refusal in share.refusals] == [
        "no_zeros",
        "supported_code_lengths",
        "cannot_specify_pin_code",
    ]


RULES = (
    "no_zeros",
    "cannot_start_with_12",
    "no_all_same_digits",
    "cannot_contain_0789",
    "unique_first_four_digits",
)
groups = st.lists(
    st.builds(
        lambda lengths, constraints: Capabilities(code_lengths=lengths, code_constraints=constraints),
        st.lists(st.integers(4, 8), max_size=3, unique=True).map(tuple),
        st.lists(st.sampled_from(RULES), max_size=3, unique=True).map(tuple),
    ),
    min_size=1,
    max_size=5,
)


@given(groups, st.none() | st.integers(3, 9))
def test_a_pin_by_the_shared_rules_breaks_nobodys(group: list[Capabilities], preferred: int | None) -> None:
    devices = [
        named(str(at), *can.code_lengths, constraints=can.code_constraints) for at, can in enumerate(group)
    ]
    share = sharers(devices, preferred)
    assert share.device_ids
    assert share.rules is not None
    pin = next(candidate_pins(share.rules)).reveal()
    for each in devices:
        if each.device_id in share.device_ids:
            assert broken_constraint(pin, each.can) is None
    lengths = [set(can.code_lengths) for can in group if can.code_lengths]
    common = set.intersection(*lengths) if lengths else {4}
    if common:
        assert len(share.device_ids) == len(group)
        assert len(pin) == (preferred if preferred in common else min(common))
