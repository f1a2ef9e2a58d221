"""Codes at a Salto KS door: what they are made of, who changes them, and what is left of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ostiary.domain.errors import Busy, NoSuchObject, Rejected
from ostiary.domain.secrets import Secret

from .test_adapter_support import (
    BACK_DOOR,
    FRONT_DOOR,
    MARK,
    Site,
    at_site,
    look,
    main_site,
    pin_of,
    removed,
    with_pin,
)

WINDOW = (datetime(2026, 7, 2, 13, tzinfo=UTC), datetime(2026, 7, 5, 9, tzinfo=UTC))
CUSTOM = main_site(features=["nfc", "custom_pin"])
SECOND = timedelta(seconds=1)


# --- what a code is made of -----------------------------------------------------------------------------


@at_site()
async def test_a_code_is_a_user_in_a_group_with_one_lock_and_one_schedule(site: Site) -> None:
    held = await site.programmed(site.wish("Familie Müller", window=WINDOW))
    user, group = await site.user(), await site.group()
    lock_id = site.door.partition("/")[2]
    assert user["user"]["first_name"] == "Familie Müller"
    assert user["user"]["last_name"] == f"{lock_id[:8]} #abc234"
    assert user["alias"] == held.vendor_name == "Familie Müller #abc234"
    assert user["user"]["email"] is None, "an address would send an invitation"
    assert [role["code"] for role in user["roles"]] == ["site_user"]
    assert (user["use_pin"], user["has_pin"], user["remote_access"]) == (True, True, False)
    assert group["customer_reference"] == f"Ostiary {lock_id[:8]} #abc234"
    assert (group["members"], group["lock_ids"]) == ([user["user"]["id"]], [lock_id])
    [schedule] = group["time_schedules"]
    assert (schedule["start_time"], schedule["end_time"]) == ("00:00:00", "23:59:59")
    assert (schedule["start_date"], schedule["end_date"]) == ("2026-07-02T15:00:00", "2026-07-05T10:59:59")
    assert all(schedule[day] for day in ("monday", "wednesday", "saturday", "sunday"))


@at_site()
async def test_the_pin_comes_last_and_every_write_is_sent_once(site: Site) -> None:
    since = site.count()
    assert await site.set(site.wish()) is None
    assert site.writes(since) == [
        "POST users",
        "POST access_groups",
        "POST access_groups/time_schedules",
        "POST access_groups/locks",
        "POST access_groups/users",  # not found: the user is not ready yet
    ]
    site.pass_time(60)
    since = site.count()
    assert await site.change(site.wish())
    assert site.writes(since) == ["POST access_groups/users", "PUT users/pin"]


@at_site()
async def test_a_pin_is_told_once_and_shown_by_nobody(site: Site) -> None:
    assert await site.set(site.wish()) is None
    site.pass_time(60)
    told = await site.change(site.wish())
    assert told is not None
    assert len(told.reveal()) == 6
    site.settle()
    assert await site.held() == {site.wish().vendor_name: told.reveal()}
    entry = await site.entry()
    assert entry.code is None
    assert told.reveal() not in f"{entry!r}"
    held = replace(site.wish(), code=told, is_from_vendor=True)
    assert await site.change(held) is None
    site.settle()
    assert await site.opens(told.reveal())


@at_site()
async def test_until_the_user_is_ready_the_code_is_busy(site: Site) -> None:
    await site.set(site.wish())
    entry = await site.entry()
    assert (entry.is_busy, entry.is_exact, entry.is_enabled) == (True, False, True)
    with pytest.raises((Busy, NoSuchObject)):
        await site.change(site.wish())
    site.pass_time(60)
    assert not (await site.entry()).is_busy
    await site.completed(site.wish())
    assert await site.parts() == site.whole


@at_site()
async def test_a_user_who_is_not_ready_for_very_long_is_waited_for(site: Site) -> None:
    """Salto says a minute; whatever it takes, nothing is made a second time."""
    await site.world.fault("user_not_ready", seconds=1000.0)
    await site.set(site.wish())
    for _ in range(3):
        site.pass_time(300)
        assert (await site.entry()).is_busy
        with pytest.raises((Busy, NoSuchObject)):
            await site.change(site.wish())
    site.pass_time(300)
    await site.completed(site.wish())
    assert await site.parts() == site.whole


@at_site()
async def test_codes_of_two_doors_of_a_site_are_told_apart(site: Site) -> None:
    """Also by their mark alone, which another door's code may have by chance."""
    front = replace(site, device=next(d for d in await site.account.list_devices() if d.name == FRONT_DOOR))
    back_pin, front_pin = pin_of(await site.programmed()), pin_of(await front.programmed())
    assert [entry.mark for entry in await site.account.list_access_codes(site.door)] == [MARK]
    assert (await site.entry()).vendor_code_id != (await front.entry()).vendor_code_id
    assert (await site.opens(back_pin), await site.opens(front_pin)) == (True, False)
    assert (await front.opens(back_pin), await front.opens(front_pin)) == (False, True)
    key = (await front.entry()).vendor_code_id
    with pytest.raises(NoSuchObject):
        await site.account.remove_access_code(site.door, key)
    await site.remove()
    site.settle()
    assert await look(site.account, site.device) == {}
    assert await front.opens(front_pin)


@at_site()
async def test_an_end_belongs_to_nobody(site: Site) -> None:
    """A schedule's last second is still in it, so ours ends one second earlier than asked for."""
    held = await site.programmed(site.wish(window=WINDOW))
    starts_at, ends_at = WINDOW
    for at, opens in (
        (starts_at - SECOND, False),
        (starts_at, True),
        (ends_at - SECOND, True),
        (ends_at, False),
    ):
        assert await site.opens(pin_of(held), at) is opens


@at_site()
async def test_a_removed_code_leaves_nothing(site: Site) -> None:
    """The user goes first: it is what opens and what takes the seat."""
    before = await site.cloud()
    held = await site.programmed()
    assert await site.seats() == before["site"]["active_user_amount"] + 1
    since = site.count()
    await site.remove()
    assert site.writes(since) == ["DELETE users", "DELETE access_groups"]
    assert await site.cloud() == before, "at once, the seat included"
    site.settle()
    assert await site.held() == {}
    assert not await site.opens(pin_of(held))


@at_site()
async def test_a_lock_that_lost_its_keypad_takes_no_code(site: Site) -> None:
    """As after a restart of its IQ. What stands there is still seen, and can be taken away."""
    await site.programmed()
    await site.control("POST", "device", lock_id=BACK_DOOR, lock_type="wall_reader")
    assert (await site.look_again()).capabilities.can_program_online_access_codes is None
    with pytest.raises(Rejected) as refused:
        await site.set(site.wish(mark="mnop67"))
    assert refused.value.error_code == "provider_issue"
    assert await site.parts("mnop67") == {}
    await removed(site.world, site.account, site.device)
    assert await site.parts() == {}


@at_site(main_site(pin_enabled=False))
async def test_a_site_without_pins_keeps_a_code_from_being_set(site: Site) -> None:
    assert site.device.capabilities.can_program_online_access_codes is False
    assert await site.set(site.wish()) is None
    site.pass_time(60)
    with pytest.raises(Busy):
        await site.change(site.wish())
    assert not (await site.entry()).is_exact
    await removed(site.world, site.account, site.device)
    assert await site.parts() == {}


@at_site(main_site(iqs=[]))
async def test_a_lock_without_an_iq_is_offline_and_can_nothing_from_afar(site: Site) -> None:
    can = site.device.capabilities
    assert not site.device.is_online
    assert (can.can_remotely_lock, can.can_remotely_unlock) == (None, None)
    with pytest.raises(Rejected):
        await site.account.unlock_door(site.door)


# --- what others do to our codes ------------------------------------------------------------------------


@at_site()
@pytest.mark.parametrize(
    "verb", ["block", "suspend", "change"], ids=["blocked", "suspended", "may not use a PIN"]
)
async def test_a_user_who_is_kept_out_is_let_in_again_with_the_same_pin(site: Site, verb: str) -> None:
    held = await site.programmed()
    fields = {"use_pin": False} if verb == "change" else {}
    await site.admin(verb, (await site.user())["id"], **fields)
    site.settle()
    assert not await site.opens(pin_of(held))
    assert not (await site.entry()).is_enabled
    assert await site.change(held) is None
    site.settle()
    entry = await site.entry()
    assert (entry.is_enabled, entry.is_exact) == (True, True)
    assert await site.opens(pin_of(held))
    assert await site.parts() == site.whole


@at_site()
async def test_a_pin_that_was_taken_away_is_renewed_and_told(site: Site) -> None:
    held = await site.programmed()
    await site.admin("take_pin", (await site.user())["id"])
    assert not (await site.entry()).is_exact
    told = await site.change(held)
    assert told is not None
    site.settle()
    assert await site.held() == {held.vendor_name: told.reveal()}
    assert await site.change(replace(held, code=told)) is None
    assert await site.parts() == site.whole


MONDAYS = {
    "monday": True,
    "start_time": "00:00",
    "end_time": "23:59",
    "start_date": None,
    "end_date": None,
}
NIGHTS_OFF = {
    **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), True),
    "start_time": "08:00",
    "end_time": "18:00",
    "start_date": "2026-07-02T15:00:00",
    "end_date": "2026-07-05T10:59:59",
}


@at_site()
@pytest.mark.parametrize("schedule", [MONDAYS, NIGHTS_OFF], ids=["mondays", "no nights"])
@pytest.mark.parametrize("how", ["changed", "added", "removed"])
async def test_a_schedule_that_others_changed_is_ours_again(
    site: Site, schedule: dict[str, Any], how: str
) -> None:
    """In place where there is one, and never with two: each of them opens."""
    held = await site.programmed(site.wish(window=WINDOW))
    group = await site.group()
    [ours] = group["time_schedules"]
    if how == "removed":
        await site.control("POST", "owner/groups", group=group["id"], do="remove_schedule")
    else:
        which = {"schedule_id": ours["id"]} if how == "changed" else {}
        await site.control(
            "POST", "owner/groups", group=group["id"], do="set_schedule", schedule=schedule, **which
        )
    assert not (await site.entry()).is_exact
    assert await site.change(held) is None
    [again] = (await site.group())["time_schedules"]
    assert {**again, "id": ""} == {**ours, "id": ""}
    assert (await site.entry()).is_exact
    site.settle()
    assert not await site.opens(pin_of(held))
    assert await site.opens(pin_of(held), WINDOW[0])


@at_site()
async def test_what_others_took_out_of_our_group_or_put_into_it_is_mended(site: Site) -> None:
    held = await site.programmed()
    group, user = (await site.group())["id"], (await site.user())["id"]
    for do, fields in (
        ("remove_member", {"user": user}),
        ("remove_lock", {"lock_id": BACK_DOOR}),
        ("add_lock", {"lock_id": FRONT_DOOR}),
    ):
        await site.control("POST", "owner/groups", group=group, do=do, **fields)
        assert not (await site.entry()).is_exact, do
        assert await site.change(held) is None
        assert (await site.entry()).is_exact, do
        assert await site.parts() == site.whole
        site.settle()
        assert await site.opens(pin_of(held))
        assert not await site.world.steering.opens(FRONT_DOOR, pin_of(held))


@at_site()
async def test_a_user_whom_somebody_renamed_is_still_ours(site: Site) -> None:
    held = await site.programmed()
    user = await site.user()
    await site.api("PATCH", f"/users/{user['id']}", {"alias": "Somebody", "first_name": "Some"})
    entry = await site.entry()
    assert (entry.name, entry.mark, entry.vendor_code_id) == ("Somebody", MARK, user["id"])
    assert await site.change(held) is None
    again = await site.user()
    assert (again["alias"], again["user"]["first_name"]) == (held.vendor_name, "Anna")
    assert (await site.entry()).name == held.vendor_name


@at_site()
async def test_a_group_that_was_taken_away_is_made_again(site: Site) -> None:
    held = await site.programmed()
    await site.control("POST", "owner/groups", group=(await site.group())["id"], do="remove")
    assert not (await site.entry()).is_exact
    assert await site.change(held) is None
    assert await site.parts() == site.whole
    site.settle()
    assert await site.held() == {held.vendor_name: pin_of(held)}


@at_site()
async def test_what_is_left_of_a_code_without_its_user_is_seen_and_completed_or_removed(site: Site) -> None:
    held = await site.programmed()
    await site.admin("remove", (await site.user())["id"])
    entry = await site.entry()
    assert entry.vendor_code_id == f"group:{(await site.group())['id']}"
    assert (entry.name, entry.is_enabled, entry.is_exact) == ("", False, False)
    with pytest.raises((Busy, NoSuchObject)):
        await site.change(held)  # makes the user, who is not ready for more
    again = await site.completed(held, renews=True)
    assert await site.parts() == site.whole
    assert await site.held() == {again.vendor_name: pin_of(again)}

    await site.admin("remove", (await site.user())["id"])
    await site.remove()
    assert await site.parts() == {}
    assert await look(site.account, site.device) == {}


@at_site()
async def test_the_surplus_of_a_code_can_be_taken_away_without_harm(site: Site) -> None:
    """Two users and two groups of one mark, as an answer that came far too late could leave them."""
    held = await site.programmed()
    user, group = await site.user(), await site.group()
    role = user["roles"][0]["id"]
    names = {name: user["user"][name] for name in ("first_name", "last_name")}
    await site.api("POST", "/users", {**names, "alias": user["alias"], "role_ids": [role], "use_pin": True})
    await site.api("POST", "/access_groups", {"customer_reference": group["customer_reference"]})
    site.pass_time(60)
    entries = await site.account.list_access_codes(site.door)
    assert {entry.mark for entry in entries} == {MARK}
    [ours] = [entry for entry in entries if entry.is_exact]
    assert ours.vendor_code_id == user["id"], "the group is its own, whichever is listed first"
    for entry in entries:
        if entry is not ours:
            await site.account.remove_access_code(site.door, entry.vendor_code_id)
    for left in await site.account.list_access_codes(site.door):
        if left.vendor_code_id != ours.vendor_code_id:
            await site.account.remove_access_code(site.door, left.vendor_code_id)
    assert await site.parts() == site.whole
    site.settle()
    assert await site.opens(pin_of(held))


# --- what is not ours -----------------------------------------------------------------------------------


async def _copied(site: Site, held_group: dict[str, Any]) -> dict[str, Any]:
    """An admin's group with the name of one of ours, a door and a member of their own."""
    lock_id = site.door.partition("/")[2]
    cleaner = (await site.admin("add", "Cleaner"))["user"]["id"]
    group = await site.api("POST", "/access_groups", {"customer_reference": held_group["customer_reference"]})
    always = {**NIGHTS_OFF, "start_date": None, "end_date": None}
    await site.api("POST", f"/access_groups/{group['id']}/time_schedules", always)
    await site.api("POST", f"/access_groups/{group['id']}/users", {"user_id": cleaner})
    await site.api("POST", f"/access_groups/{group['id']}/locks", {"lock_id": lock_id})
    return await _group(site, group["id"])


async def _group(site: Site, group_id: str) -> dict[str, Any]:
    return next(dict(one) for one in (await site.cloud())["groups"] if one["id"] == group_id)


@at_site()
@pytest.mark.parametrize("is_older", [True, False])
async def test_a_group_that_bears_our_name_and_has_somebody_else_in_it_is_left_alone(
    site: Site, is_older: bool
) -> None:
    held, copy = site.wish(), {}
    if is_older:
        lock_id = site.door.partition("/")[2]
        copy = await _copied(site, {"customer_reference": f"Ostiary {lock_id[:8]} #{MARK}"})
        assert await look(site.account, site.device) == {}
    held = await site.programmed(held)
    if not is_older:
        copy = await _copied(site, await site.group())
    entry = await site.entry()
    assert entry.is_exact
    later = replace(held, starts_at=WINDOW[0], ends_at=WINDOW[1])
    assert await site.change(later) is None
    assert await _group(site, copy["id"]) == copy
    await removed(site.world, site.account, site.device)
    assert await _group(site, copy["id"]) == copy
    assert len((await site.cloud())["groups"]) == 1


@at_site()
async def test_a_group_of_ours_for_which_somebody_found_a_use_is_theirs(site: Site) -> None:
    """Whoever else was put into it keeps what it opens; our code gets another group."""
    held = await site.programmed()
    first = (await site.group())["id"]
    cleaner = (await site.admin("add", "Cleaner"))["user"]["id"]
    await site.control("POST", "owner/groups", group=first, do="add_member", user=cleaner)
    assert not (await site.entry()).is_exact
    assert await site.change(held) is None
    assert (await site.entry()).is_exact
    await removed(site.world, site.account, site.device)
    [left] = (await site.cloud())["groups"]
    assert (left["id"], left["members"]) == (first, [cleaner])


@at_site()
async def test_a_person_who_can_log_in_is_never_ours_whatever_the_name(site: Site) -> None:
    held = await site.programmed()
    user = await site.user()
    names = {name: user["user"][name] for name in ("first_name", "last_name")}
    role = user["roles"][0]["id"]
    person = await site.api(
        "POST", "/users", {**names, "alias": user["alias"], "role_ids": [role], "email": "ann@example.com"}
    )
    assert [entry.vendor_code_id for entry in (await look(site.account, site.device)).values()] == [
        user["id"]
    ]
    for verb in (
        site.account.remove_access_code(site.door, person["id"]),
        site.account.change_access_code(site.door, person["id"], held),
    ):
        with pytest.raises(NoSuchObject):
            await verb
    await site.remove()
    assert person["id"] in [one["id"] for one in (await site.cloud())["users"]]


@at_site()
async def test_what_is_not_marked_for_this_door_cannot_be_touched_by_its_id(site: Site) -> None:
    """Not even by whoever asks for it: nobody's user and nobody's group."""
    await site.world.steering.owner_adds(site.device.name, "Cleaner", "738291")
    before = await site.cloud()
    held = site.wish()
    for user in before["users"]:
        with pytest.raises(NoSuchObject):
            await site.account.remove_access_code(site.door, user["id"])
        with pytest.raises(NoSuchObject):
            await site.account.change_access_code(site.door, user["id"], held)
    for group in before["groups"]:
        with pytest.raises(NoSuchObject):
            await site.account.remove_access_code(site.door, f"group:{group['id']}")
    assert await site.cloud() == before


# --- PINs of one's own ----------------------------------------------------------------------------------


@at_site(CUSTOM)
async def test_where_the_plan_allows_it_a_pin_is_the_callers(site: Site) -> None:
    can = site.device.capabilities
    assert (can.code_chosen_by, can.code_lengths, can.code_constraints) == ("either", (4, 5, 6), ())
    wanted = with_pin(site.wish(), "0471")
    assert await site.completed(wanted) == wanted
    assert await site.held() == {wanted.vendor_name: "0471"}
    assert await site.change(with_pin(wanted, "08154")) is None
    site.settle()
    assert await site.held() == {wanted.vendor_name: "08154"}
    assert await site.parts() == site.whole


@at_site(CUSTOM)
async def test_where_the_plan_allows_it_and_nobody_says_one_the_vendor_chooses(site: Site) -> None:
    held = await site.programmed()
    assert held.is_from_vendor
    assert len(pin_of(held)) == 6
    assert await site.opens(pin_of(held))


@at_site(CUSTOM)
@pytest.mark.parametrize("pin", ["123", "1234567", "12a4", "", "١٢٣٤"])
async def test_a_pin_that_salto_does_not_take_is_refused_before_anything_is_made(
    site: Site, pin: str
) -> None:
    before, since = await site.cloud(), site.count()
    with pytest.raises(Rejected) as refused:
        await site.set(with_pin(site.wish(), pin))
    assert refused.value.error_code == "code_constraints_violated"
    assert not pin or pin not in f"{refused.value!r} {refused.value}"
    assert site.writes(since) == []
    assert await site.cloud() == before


@at_site(CUSTOM)
async def test_a_plan_that_ends_leaves_a_pin_of_ones_own_as_it_is_and_takes_no_other(site: Site) -> None:
    wanted = await site.completed(with_pin(site.wish(), "4711"))
    await site.control("POST", "site", site=site.door.partition("/")[0], features=["nfc"])
    with pytest.raises(Rejected) as refused:
        await site.change(with_pin(wanted, "4712"))
    assert refused.value.error_code == "code_constraints_violated"
    assert "4712" not in f"{refused.value!r} {refused.value}"
    site.settle()
    assert await site.opens("4711")
    with pytest.raises(Rejected):
        await site.set(with_pin(site.wish(mark="mnop67"), "4713"))
    assert await site.parts("mnop67") == {}


@at_site(CUSTOM)
async def test_two_codes_may_have_the_same_pin_of_ones_own(site: Site) -> None:
    """Salto does not mind (4); whether anybody should, is not the adapter's to say."""
    first = await site.completed(with_pin(site.wish(), "4711"))
    second = await site.completed(with_pin(site.wish(mark="mnop67"), "4711"))
    await removed(site.world, site.account, site.device, "mnop67")
    assert first.code == second.code == Secret("4711")
    assert await site.opens("4711")
