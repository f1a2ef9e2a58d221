"""What a look tells of codes of others."""

from dataclasses import replace

import pytest

from ostiary.domain.attribution import Seen
from ostiary.domain.provider import ObservedCode
from ostiary.domain.secrets import Secret
from ostiary.domain.unmanaged_codes import observe

from .samples import NOW, device

SEEN = Seen(ObservedCode("v-1", "Mum", Secret("3322")), "hash of 3322")


def test_a_code_is_told_of_when_it_comes_and_when_it_goes() -> None:
    came = observe((), (SEEN,), device(), NOW)
    assert [event.event_type for event in came.events] == ["access_code.unmanaged.created"]
    still = observe(came.appeared, (SEEN,), device(), NOW)
    assert (still.appeared, still.changed, still.gone, still.events) == ((), (), (), ())
    went = observe(came.appeared, (), device(), NOW)
    assert [event.event_type for event in went.events] == ["access_code.unmanaged.removed"]


@pytest.mark.parametrize("shown", [(), (SEEN,)])
def test_a_look_that_something_has_overtaken_tells_of_nothing_gone(shown: tuple[Seen, ...]) -> None:
    """A code that came after the look began is not in it, and has not gone; the next look judges."""
    known = observe((), (SEEN,), device(), NOW).appeared
    overtaken = replace(device(), noticed_at=NOW)
    findings = observe(known, shown, overtaken, NOW)
    assert (findings.gone, findings.events) == ((), ())
