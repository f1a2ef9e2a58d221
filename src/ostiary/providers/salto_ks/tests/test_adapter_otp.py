"""One-time passwords: what lets us open a door whose IQ asks for them, and how that is kept (3.4)."""

import hashlib
from datetime import UTC, datetime

import pytest

from ostiary.domain.errors import (
    LoginExpired,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Rejected,
    Unreachable,
)
from ostiary.domain.provider import Account, Activations
from ostiary.domain.secrets import Secret
from ostiary.providers.salto_ks import otp

from .test_adapter_support import BACK_DOOR, Site, at_site, main_site

SIDE_DOOR = "SIDE DOOR"
BOTH = main_site(
    iqs=[{"name": "IQ 01", "otp_enabled": True}, {"name": "IQ 02", "otp_enabled": True}],
    locks=[{"name": BACK_DOOR, "iq": "IQ 01"}, {"name": "GATE", "iq": "IQ 02"}],
)


def _with(site: Site, kept: Secret | None) -> Account:
    """The account as the engine has it at this moment, with what it has kept."""
    activations = None if kept is None else Activations(kept, site.world.now)
    return site.world.adapter.account(site.login.credentials, site.login.settings, activations)


async def _mailed(site: Site) -> Secret:
    """The IQ PIN of the last mail."""
    mails = [mail for mail in (await site.control("GET", "inbox"))["inbox"] if mail["iq_pin"]]
    return Secret(mails[-1]["iq_pin"])


async def _activated(site: Site, door: str, kept: Secret | None = None) -> Secret:
    begun = await _with(site, kept).begin_activation(door)
    assert begun is not None
    assert await _with(site, begun).send_activation_pin(door) == site.world.home
    return await _with(site, begun).finish_activation(door, await _mailed(site), now=site.world.now)


async def _opens(site: Site, kept: Secret | None, door: str) -> bool:
    try:
        return await _with(site, kept).unlock_door(door)
    except Rejected:
        return False


def test_the_test_vector() -> None:
    """Of the reference (12)."""
    at = datetime(2030, 5, 1, 13, 5, 10, tzinfo=UTC)
    assert otp.password("0123456789ABCDEF", "0042", at) == "3972e"
    digest = hashlib.md5(b"203005011305100123456789ABCDEF0042", usedforsecurity=False).hexdigest()
    assert digest.startswith("3972e")


@at_site(door=SIDE_DOOR)
async def test_a_door_that_was_activated_opens(site: Site) -> None:
    assert not await _opens(site, None, site.door)
    kept = await _activated(site, site.door)
    for _ in range(3):
        site.pass_time(1000)
        assert await _with(site, kept).unlock_door(site.door) is True
        assert (await site.world.steering.truth(SIDE_DOOR))["locked"] is False
        assert await _with(site, kept).lock_door(site.door) is True


@at_site(door=SIDE_DOOR)
async def test_half_an_activation_opens_nothing_and_sends_nothing(site: Site) -> None:
    begun = await site.account.begin_activation(site.door)
    since = site.count()
    with pytest.raises(Rejected) as refused:
        await _with(site, begun).unlock_door(site.door)
    assert "one-time password" in str(refused.value)
    assert site.writes(since) == []


@at_site()
async def test_a_door_that_asks_for_nothing_needs_no_activation(site: Site) -> None:
    assert await site.account.begin_activation(site.door) is None
    assert await site.account.unlock_door(site.door)


@at_site(BOTH)
async def test_the_activations_of_several_hubs_are_kept_side_by_side(site: Site) -> None:
    """What is once lost can never be told again, so no half may drop what another one brought."""
    gate = next(d.vendor_device_id for d in await site.account.list_devices() if d.name == "GATE")
    first = await _activated(site, site.door)
    assert not await _opens(site, first, gate)
    both = await _activated(site, gate, first)
    assert await _opens(site, both, site.door)
    assert await _opens(site, both, gate)
    again = await _with(site, both).begin_activation(site.door)
    assert again is not None
    assert await _opens(site, again, site.door), "what is activated stays as it is"
    assert await _opens(site, again, gate)


@at_site(door=SIDE_DOOR)
async def test_a_mistyped_pin_may_be_typed_again(site: Site) -> None:
    begun = await site.account.begin_activation(site.door)
    await _with(site, begun).send_activation_pin(site.door)
    right = await _mailed(site)
    wrong = Secret("0000" if right.reveal() != "0000" else "0001")
    with pytest.raises(Rejected) as refused:
        await _with(site, begun).finish_activation(site.door, wrong, now=site.world.now)
    assert wrong.reveal() not in str(refused.value)
    kept = await _with(site, begun).finish_activation(site.door, right, now=site.world.now)
    assert await _opens(site, kept, site.door)


@at_site(door=SIDE_DOOR)
@pytest.mark.parametrize("fault", ["drop_answer", "drop_answer_before"])
async def test_a_proof_whose_answer_was_lost_may_be_given_again(site: Site, fault: str) -> None:
    """It changes nothing a second time, whether or not it has arrived."""
    begun = await site.account.begin_activation(site.door)
    await _with(site, begun).send_activation_pin(site.door)
    pin = await _mailed(site)
    await site.world.fault(fault, match={"method": "PUT"})
    with pytest.raises(OutcomeUnknown):
        await _with(site, begun).finish_activation(site.door, pin, now=site.world.now)
    kept = await _with(site, begun).finish_activation(site.door, pin, now=site.world.now)
    assert await _opens(site, kept, site.door)


@at_site(door=SIDE_DOOR)
async def test_what_was_activated_elsewhere_says_who_can_help(site: Site) -> None:
    kept = await _activated(site, site.door)
    await site.control("POST", "iq", iq_id="IQ 02", activate_in_app=True)
    assert not await _opens(site, kept, site.door), "the app has another secret now"
    for verb in (
        site.account.begin_activation(site.door),
        _with(site, kept).send_activation_pin(site.door),
    ):
        with pytest.raises(Rejected) as refused:
            await verb
        assert "site admin" in str(refused.value).lower()


@at_site(door=SIDE_DOOR)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("http_503", Unreachable),
        ("http_429", RateLimited),
        ("http_401", LoginExpired),
        ("drop_answer", OutcomeUnknown),
    ],
)
async def test_a_mail_that_could_not_be_asked_for_is_asked_for_again(
    site: Site, fault: str, error: type[ProviderError]
) -> None:
    """Trouble on the way is not taken for somebody else's activation."""
    begun = await site.account.begin_activation(site.door)
    await site.world.fault(fault, match={"route": "*/pin"})
    with pytest.raises(ProviderError) as caught:
        await _with(site, begun).send_activation_pin(site.door)
    assert type(caught.value) is error
    await _with(site, begun).send_activation_pin(site.door)
    kept = await _with(site, begun).finish_activation(site.door, await _mailed(site), now=site.world.now)
    assert await _opens(site, kept, site.door)


@at_site(door=SIDE_DOOR)
async def test_a_door_that_was_never_begun_cannot_be_finished(site: Site) -> None:
    with pytest.raises(Rejected):
        await site.account.finish_activation(site.door, Secret("1234"), now=site.world.now)


@at_site(door=SIDE_DOOR)
async def test_nothing_of_it_is_shown(site: Site) -> None:
    kept = await _activated(site, site.door)
    pin, secret = await _mailed(site), next(iter(otp.read(kept).values())).secret
    account = _with(site, kept)
    await site.control("POST", "iq", iq_id="IQ 02", activate_in_app=True)
    with pytest.raises(Rejected) as refused:
        await account.unlock_door(site.door)
    shown = f"{kept!r} {account!r} {refused.value!r} {Activations(kept, site.world.now)!r}"
    assert secret not in shown
    assert pin.reveal() not in str(refused.value)
