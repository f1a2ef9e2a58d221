"""Seats: each code takes one, and a full site says so nowhere but in a user that opens nothing (2.7)."""

from typing import Any

import pytest

from ostiary.domain.errors import OutcomeUnknown, Rejected

from .test_adapter_support import (
    MARK,
    Site,
    adapter,
    at_site,
    look,
    main_site,
    pin_of,
    removed,
)

FULL = "salto_ks_subscription_limit_exceeded"
SMALL = main_site(seats=3)  # two are taken by who runs it


async def _refused(verb: Any) -> None:
    with pytest.raises(Rejected) as refused:
        await verb
    assert refused.value.error_code == FULL
    assert refused.value.is_of_account, "the account is to be looked at again"


async def _sell_out(site: Site) -> None:
    await site.control("POST", "site", site=site.door.partition("/")[0], seats=await site.seats())


async def _buy(site: Site, more: int = 1) -> None:
    seats = await site.seats() + more
    await site.control("POST", "site", site=site.door.partition("/")[0], seats=seats)


@at_site(main_site(seats=2))
async def test_a_full_site_refuses_a_code_before_anything_is_made(site: Site) -> None:
    before, since = await site.cloud(), site.count()
    await _refused(site.set(site.wish()))
    assert site.writes(since) == []
    assert await site.cloud() == before


@at_site(SMALL)
async def test_the_last_seat_can_be_taken_and_a_removal_gives_it_back(site: Site) -> None:
    await site.programmed()
    await _refused(site.set(site.wish(mark="mnop67")))
    assert await site.parts("mnop67") == {}
    await site.remove()
    held = await site.programmed(site.wish(mark="mnop67"))
    assert await site.opens(pin_of(held))
    assert await site.seats() == 3


@at_site(SMALL)
async def test_a_seat_that_goes_between_the_look_and_the_write_leaves_nothing(site: Site) -> None:
    """Salto makes the user all the same, suspended. It is taken away again, and had no seat to give back."""
    before = await site.cloud()
    since, ahead = site.count(), 4  # the lock, its IQ, the site, the roles
    site.world.line.set_trap(ahead, lambda: site.admin("add", "Cleaner"))
    await _refused(site.set(site.wish()))
    assert site.writes(since) == ["POST users", "DELETE users"]
    assert await site.parts() == {}
    assert (await site.cloud())["groups"] == before["groups"]
    assert [user["user"]["first_name"] for user in (await site.cloud())["users"]][-1] == "Cleaner"


@at_site(SMALL)
@pytest.mark.parametrize("fault", ["drop_answer", "drop_answer_before", "http_503", "http_429", "http_401"])
async def test_a_user_without_a_seat_that_could_not_be_taken_away_is_completed_later(
    site: Site, fault: str
) -> None:
    """Whatever stopped us, a user may stand there: it is unknown, so nothing is made a second time."""
    site.world.line.set_trap(4, lambda: site.admin("add", "Cleaner"))
    await site.world.fault(fault, match={"method": "DELETE"})
    with pytest.raises(OutcomeUnknown):
        await site.set(site.wish())
    site.pass_time(60)
    entry = (await look(site.account, site.device)).get(MARK)
    if fault == "drop_answer":
        assert entry is None
    else:
        assert entry is not None
        assert not entry.is_enabled
        await _refused(site.change(site.wish()))
    await _buy(site)
    held = await site.completed(site.wish())
    assert await site.parts() == site.whole
    assert await site.opens(pin_of(held))


@at_site(SMALL)
async def test_a_suspended_code_waits_for_a_seat_and_keeps_its_pin(site: Site) -> None:
    held = await site.programmed()
    await site.admin("suspend", (await site.user())["id"])
    await site.admin("add", "Cleaner")
    assert not (await site.entry()).is_enabled
    await _refused(site.change(held))
    assert (await site.user())["subscription_state"] == "suspended"
    await _buy(site)
    assert await site.change(held) is None
    site.settle()
    assert (await site.entry()).is_enabled
    assert await site.held() == {held.vendor_name: pin_of(held)}
    assert await site.opens(pin_of(held))


@at_site(SMALL)
async def test_a_seat_that_goes_while_a_code_is_completed_refuses_it(site: Site) -> None:
    """Somebody suspends the new user and takes the seat, before there is a PIN."""
    await site.set(site.wish())
    site.pass_time(60)
    await site.admin("suspend", (await site.user())["id"])
    await site.admin("add", "Cleaner")
    await _refused(site.change(site.wish()))
    assert "pin" not in await site.parts(), "a PIN would open nothing, and would be told for nothing"
    await removed(site.world, site.account, site.device)
    assert await site.parts() == {}


@at_site(SMALL)
async def test_what_is_left_without_a_user_gets_none_at_a_full_site(site: Site) -> None:
    held = await site.programmed()
    await site.admin("remove", (await site.user())["id"])
    await site.admin("add", "Cleaner")
    await _refused(site.change(held))
    assert "user" not in await site.parts()
    await site.remove()
    assert await site.parts() == {}


@at_site()
async def test_a_seat_counts_only_when_a_second_look_shows_it(site: Site) -> None:
    """Of what the API answers to giving a seat nothing is known: only the user itself tells (2.7)."""
    held = await site.programmed()
    await site.admin("suspend", (await site.user())["id"])
    since = site.count()
    await site.change(held)
    calls = site.calls(since)
    assert calls[calls.index("PATCH users/subscription") + 1] == "GET users"


@at_site(main_site(seats=50))
async def test_a_subscription_that_has_ended_refuses_codes_and_says_so(site: Site) -> None:
    held = await site.programmed()
    site_id = site.door.partition("/")[0]
    await site.control("POST", "site", site=site_id, subscription_valid=False)
    before = await site.cloud()
    with pytest.raises(Rejected) as refused:
        await site.set(site.wish(mark="mnop67"))
    assert refused.value.error_code == "subscription_required"
    assert await site.cloud() == before
    with pytest.raises(Rejected):
        await site.remove()
    await site.control("POST", "site", site=site_id, subscription_valid=True)
    site.settle()
    assert await site.opens(pin_of(held))
    await removed(site.world, site.account, site.device)
    assert await site.parts() == {}


# --- the account ----------------------------------------------------------------------------------------


@at_site(main_site(seats=10), {"name": "Other Site", "seats": 3, "locks": [{"name": "Gate"}]})
async def test_the_account_says_when_seats_are_short_and_when_there_are_none(site: Site) -> None:
    async def codes() -> list[tuple[str, str]]:
        return [(found.kind, found.code) for found in await site.account.list_problems()]

    short = ("warning", "salto_ks_subscription_limit_almost_reached")
    assert await codes() == []
    for name in ("a", "b", "c", "d", "e", "f"):
        await site.admin("add", name)
    assert (await site.seats(), await codes()) == (8, []), "80 % is not more than 80 %"
    await site.admin("add", "g")
    assert await codes() == [short]
    await site.admin("add", "h")
    [problem] = await site.account.list_problems()
    assert (problem.kind, problem.code) == ("error", FULL)
    assert "Main Site" in problem.message
    [full] = problem.more["salto_ks_metadata"]["sites"]
    assert full == {
        "site_id": site.door.partition("/")[0],
        "site_name": "Main Site",
        "subscribed_site_user_count": 10,
        "site_user_subscription_limit": 10,
    }
    await site.control("POST", "owner/users", user="Cleaner", do="add", site="Other Site")
    [problem] = await site.account.list_problems()
    assert [one["site_name"] for one in problem.more["salto_ks_metadata"]["sites"]] == [
        "Main Site",
        "Other Site",
    ]
    await site.admin("remove", "h")
    assert ("error", FULL) in await codes()
    assert short in await codes(), "one site is full, another nearly"


@at_site(main_site(), {"name": "Other Site", "locks": [{"name": "Gate"}]})
async def test_sites_that_were_not_chosen_are_no_concern_of_ours(site: Site) -> None:
    site_id = site.door.partition("/")[0]
    url = site.world.url
    only = adapter(site.world.http, api_url=url, identity_url=url).account(
        site.login.credentials, {"site_ids": [site_id]}
    )
    await site.control("POST", "site", site="Other Site", seats=2)
    assert await only.list_problems() == []
    assert {device.vendor_device_id.partition("/")[0] for device in await only.list_devices()} == {site_id}
    assert await site.account.list_problems() != []
