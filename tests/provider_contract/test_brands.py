"""What every brand's adapter does: the port, verb by verb, against the brand's own simulator."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ostiary.domain.errors import Rejected
from ostiary.domain.provider import Brand, LoginChoices, LoginFailed, ObservedDevice
from ostiary.domain.secrets import Secret
from ostiary.domain.weekly_windows import DAY, WeeklyWindow

from .worlds import (
    BACK,
    BRANDS,
    MARK,
    VERIFIER,
    World,
    completed,
    every_brand,
    in_hours,
    keypad,
    knowing,
    lock,
    look,
    opened,
    over_both,
    pin_of,
    programmed,
    removed,
    rewished,
    settled,
    wish,
)

pytestmark = [every_brand, over_both]
MINUTE = timedelta(minutes=1)


def test_there_is_a_brand(brand: Brand, transport: str) -> None:
    assert BRANDS
    assert brand.manifest.known_logins


# --- logging in -----------------------------------------------------------------------------------------


async def test_a_login_gives_an_account_that_works(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        query = await world.answer_of_login(state="a state & more")
        assert query["state"] == "a state & more"
        login = await world.finish(query)
        assert login.vendor_account_id
        assert login.display_name
        assert world.home in login.user_identifier.values()
        again = await world.log_in()
        assert again.vendor_account_id == login.vendor_account_id, "a second login is recognised by it"
        assert await world.of(login).list_devices()
        assert not await world.of(login).list_problems()
        token = login.credentials.access_token.reveal()
        assert token not in f"{login!r} {login.settings}"


async def test_a_login_that_was_cancelled_or_is_used_twice_fails(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        with pytest.raises(LoginFailed) as failed:
            await world.finish(await world.answer_of_login(decision="cancel"))
        assert failed.value.error_code == "access_denied"
        query = await world.answer_of_login()
        await world.finish(query)
        with pytest.raises(LoginFailed):
            await world.finish(query)


async def test_a_choice_is_asked_for_once_and_may_be_told_twice(brand: Brand, transport: str) -> None:
    """What was not offered cannot be chosen, nor nothing at all; whoever offers nothing takes no choice."""
    async with opened(brand, transport) as world:
        query = await world.answer_of_login()
        done = await world.adapter.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=world.now)
        if not isinstance(done, LoginChoices):
            with pytest.raises(LoginFailed):
                await world.adapter.complete_login(Secret("{}"), ["x"], now=world.now)
            return
        assert done.choices
        assert done.noun
        assert done.notice.endswith(".")
        possible = [choice.choice_id for choice in done.choices if choice.refusal is None]
        refused = [choice.choice_id for choice in done.choices if choice.refusal is not None]
        for chosen in ([], ["made up"], [*possible, "made up"], *([one] for one in refused)):
            with pytest.raises(LoginFailed):
                await world.adapter.complete_login(done.pending, chosen, now=world.now)
        with pytest.raises(LoginFailed):
            await world.adapter.complete_login(Secret("{}"), possible, now=world.now)
        first, second = await world.complete(done), await world.complete(done)
        assert first.vendor_account_id == second.vendor_account_id
        assert first.settings == second.settings
        assert await world.of(second).list_devices()
        token = second.credentials.access_token.reveal()
        assert token not in f"{done!r} {done.pending!r} {done.notice}"


async def test_a_refresh_gives_working_credentials(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        login = await world.log_in()
        old = login.credentials
        if old.expires_at is None:
            return
        world.now = old.expires_at + timedelta(seconds=1)
        fresh = await world.adapter.refresh(old, now=world.now)
        assert fresh.access_token != old.access_token
        assert fresh.expires_at is not None
        assert fresh.expires_at > world.now
        assert await world.of(replace(login, credentials=fresh)).list_devices()


# --- devices and doors ----------------------------------------------------------------------------------


async def test_devices_are_what_the_manifest_promises(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        devices = await account.list_devices()
        assert len({device.vendor_device_id for device in devices}) == len(devices) > 1
        shown = {flag for d in devices for flag in brand.manifest.flags if getattr(d.capabilities, flag)}
        assert shown == set(brand.manifest.flags)
        for device in devices:
            assert device.device_type in brand.manifest.device_types
            assert device.battery_level is None or 0 <= device.battery_level <= 1
            assert await account.get_device(device.vendor_device_id) == device
            if device.capabilities.wall_clock_zone is not None:
                assert device.capabilities.has_native_scheduling


async def test_a_door_is_unlocked_and_locked(brand: Brand, transport: str) -> None:
    """Whoever answers for the door has done it by then; else a look shows it, when it had its time."""
    async with opened(brand, transport) as world:
        account = await world.account()
        device = lock(await account.list_devices())
        for verb, is_locked in ((account.unlock_door, False), (account.lock_door, True)):
            if not await verb(device.vendor_device_id):
                world.pass_time(30)
                seen = await account.get_device(device.vendor_device_id)
                assert (seen.is_locked, seen.is_busy) == (is_locked, False)
            assert (await world.steering.truth(device.name))["locked"] is is_locked


# --- codes ----------------------------------------------------------------------------------------------


async def test_a_code_is_set_seen_changed_and_removed(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        door, steering = device.vendor_device_id, world.steering
        record, before = await steering.record(), await steering.codes_on(device.name)
        wanted = await programmed(world, account, device, wish(world, device))
        entry = (await look(account, device))[MARK]
        assert entry.name == wanted.vendor_name
        assert (entry.starts_at, entry.ends_at) == (None, None)
        assert entry.code == (wanted.code if device.capabilities.codes_are_readable else None)
        assert await steering.codes_on(device.name) == {**before, wanted.vendor_name: pin_of(wanted)}
        assert await steering.opens(device.name, pin_of(wanted))
        assert await steering.parts(MARK) == steering.whole

        window = in_hours(world, device, 2, 4)
        other = rewished(world, device, wanted, window=window)
        await account.change_access_code(door, entry.vendor_code_id, other)
        changed = (await settled(world, account, device))[MARK]
        assert changed.vendor_code_id == entry.vendor_code_id, "in place"
        assert changed.name == other.vendor_name
        assert (changed.starts_at, changed.ends_at) == window
        assert changed.is_exact
        assert await steering.codes_on(device.name) == {**before, other.vendor_name: pin_of(other)}
        await _opens_only_within(world, device, pin_of(other), window)
        assert await steering.parts(MARK) == steering.whole

        back = replace(other, vendor_name=wanted.vendor_name, starts_at=None, ends_at=None)
        assert await account.change_access_code(door, entry.vendor_code_id, back) is None
        seen = (await settled(world, account, device))[MARK]
        assert (seen.starts_at, seen.ends_at) == (None, None), "a change brings every field"
        assert await steering.opens(device.name, pin_of(back))

        await account.remove_access_code(door, entry.vendor_code_id)
        assert MARK not in await settled(world, account, device)
        assert await steering.codes_on(device.name) == before
        assert not await steering.opens(device.name, pin_of(back))
        assert await steering.record() == record, "nothing is left of it"


async def test_a_weekly_window_is_kept_or_not_promised(brand: Brand, transport: str) -> None:
    """By itself and beside a window of dates, changed in place, and gone with a change that has none."""
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        if not device.capabilities.keeps_weekly_windows:
            assert not any(each.capabilities.keeps_weekly_windows for each in await account.list_devices())
            return
        assert device.time_zone is not None
        today = world.now.astimezone(ZoneInfo(device.time_zone))
        tomorrow = (today.weekday() + 1) % 7
        soon = today.hour * 60 + today.minute + 120
        weekly = WeeklyWindow((today.weekday(),), soon, soon + 60)
        wanted = await programmed(world, account, device, replace(wish(world, device), weekly=weekly))
        begins = today.replace(second=0, microsecond=0) + 120 * MINUTE
        ends = begins + 60 * MINUTE
        assert ends.date() == today.date(), "the world begins early in the day"
        await _opens_only_within(world, device, pin_of(wanted), (begins, ends))
        [entry] = (await look(account, device)).values()
        for changes in (
            {"weekly": WeeklyWindow((tomorrow,), 0, DAY)},
            {"starts_at": world.now, "ends_at": world.now + timedelta(days=9)},
            {"weekly": None},
            {"weekly": weekly, "starts_at": None, "ends_at": None},
        ):
            wanted = replace(wanted, **changes)
            await account.change_access_code(device.vendor_device_id, entry.vendor_code_id, wanted)
            seen = (await settled(world, account, device))[MARK]
            assert (seen.vendor_code_id, seen.weekly) == (entry.vendor_code_id, wanted.weekly)
            assert (seen.starts_at, seen.ends_at) == (wanted.starts_at, wanted.ends_at)
            assert seen.is_exact
            is_open = await world.steering.opens(device.name, pin_of(wanted), begins)
            assert is_open is (wanted.weekly in (None, weekly))


async def _opens_only_within(
    world: World, device: ObservedDevice, pin: str, window: tuple[datetime, datetime]
) -> None:
    starts_at, ends_at = window
    for instant, opens in (
        (starts_at - MINUTE, False),
        (starts_at, True),
        (ends_at - MINUTE, True),
        (ends_at + MINUTE, False),
    ):
        assert await world.steering.opens(device.name, pin, instant) is opens, instant


async def test_a_change_of_the_window_keeps_the_pin(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        window = in_hours(world, device, 24, 48)
        held = await programmed(world, account, device, wish(world, device, window=window))
        key = (await look(account, device))[MARK].vendor_code_id
        for later in (in_hours(world, device, 30, 60), (None, None), in_hours(world, device, 6, 7)):
            starts_at, ends_at = later
            moved = replace(held, starts_at=starts_at, ends_at=ends_at)
            assert await account.change_access_code(device.vendor_device_id, key, moved) is None
            seen = (await settled(world, account, device))[MARK]
            assert (seen.vendor_code_id, seen.starts_at, seen.ends_at) == (key, starts_at, ends_at)
            assert await world.steering.codes_on(device.name) == {held.vendor_name: pin_of(held)}
        assert not await world.steering.opens(device.name, pin_of(held))


async def test_a_code_as_wished_is_changed_by_nothing(brand: Brand, transport: str) -> None:
    """The same wish twice is one code with one PIN, which is told once."""
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        wanted = await programmed(world, account, device, wish(world, device))
        entry, record = (await look(account, device))[MARK], await world.steering.record()
        for _ in range(2):
            told = await account.change_access_code(device.vendor_device_id, entry.vendor_code_id, wanted)
            assert told is None
            assert (await settled(world, account, device))[MARK] == entry
        assert _without_times(await world.steering.record()) == _without_times(record)
        assert await world.steering.codes_on(device.name) == {wanted.vendor_name: pin_of(wanted)}
        assert await world.steering.parts(MARK) == world.steering.whole


def _without_times(record: Mapping[str, Any]) -> dict[str, Any]:
    """A vendor may note when something was written."""
    return {
        key: {name: value for name, value in one.items() if not name.lower().endswith(("date", "_at"))}
        for key, one in record.items()
    }


async def test_two_codes_of_one_device_have_nothing_in_common(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        first = await programmed(world, account, device, wish(world, device))
        other = wish(world, device, mark="mnop67", but=frozenset([first.code]))
        second = await programmed(world, account, device, other)
        assert first.code != second.code
        for mark in (MARK, "mnop67"):
            assert await world.steering.parts(mark) == world.steering.whole
        before = await world.steering.parts(MARK)
        await removed(world, account, device, "mnop67")
        assert await world.steering.parts("mnop67") == {}
        assert await world.steering.parts(MARK) == before
        assert await world.steering.opens(device.name, pin_of(first))
        assert not await world.steering.opens(device.name, pin_of(second))


async def test_what_was_taken_away_is_set_again(brand: Brand, transport: str) -> None:
    """A code that is gone at the vendor is set like a new one, whatever PIN it had."""
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        held = await programmed(world, account, device, wish(world, device))
        await removed(world, account, device)
        told = await account.set_access_code(device.vendor_device_id, held)
        wanted = knowing(held, told, renews=True)
        again = await completed(world, account, device, wanted, renews=True)
        assert await world.steering.codes_on(device.name) == {again.vendor_name: pin_of(again)}
        assert await world.steering.parts(MARK) == world.steering.whole


@pytest.mark.parametrize("name", [None, "", "A" * 99, "Zoë Ünal 你好 🗝", "  two\nlines #abc234 ", "#zzzzzz"])
async def test_a_mark_is_recognised_whatever_the_name(brand: Brand, transport: str, name: str | None) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        wanted = wish(world, device, name or "", "mnop67")
        assert world.adapter.vendor_name(name, "mnop67") == world.adapter.vendor_name(name, "mnop67")
        assert world.adapter.vendor_name(name, "mnop67") != world.adapter.vendor_name(name, "mnop66")
        await programmed(world, account, device, wanted)
        entry = (await look(account, device))["mnop67"]
        assert entry.name == wanted.vendor_name
        assert await world.steering.parts("mnop67") == world.steering.whole


async def test_a_pin_that_breaks_the_rules_is_rejected_without_being_quoted(
    brand: Brand, transport: str
) -> None:
    """Also where nobody may say one: nothing is left of it at the vendor."""
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        record = await world.steering.record()
        bad = replace(wish(world, device), code=Secret("10000000001"))
        with pytest.raises(Rejected) as refused:
            await account.set_access_code(device.vendor_device_id, bad)
        assert refused.value.error_code == "code_constraints_violated"
        assert "10000000001" not in f"{refused.value} {refused.value!r}"
        assert await settled(world, account, device) == {}
        assert await world.steering.record() == record


# --- what is not ours -----------------------------------------------------------------------------------


async def test_codes_of_others_are_seen_without_a_mark_or_not_at_all_and_stay(
    brand: Brand, transport: str
) -> None:
    """Whatever ours go through: set, changed, changed back, removed."""
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        await world.steering.owner_adds(device.name, "Cleaner", "738291")
        await world.steering.owner_adds(device.name, "Owner #zzzzzz", "738292")
        await account.synchronise(device.vendor_device_id)
        await settled(world, account, device)
        theirs = await world.steering.record()
        for entry in await account.list_access_codes(device.vendor_device_id):
            assert entry.name in ("Cleaner", "Owner #zzzzzz")
            assert entry.mark in (None, entry.name.partition("#")[2])
            assert entry.code in (Secret("738291"), Secret("738292"), None)

        held = await programmed(world, account, device, wish(world, device))
        await _still_there(world, theirs)
        key = (await look(account, device))[MARK].vendor_code_id
        for wanted in (rewished(world, device, held, window=in_hours(world, device, 2, 4)), held):
            await account.change_access_code(device.vendor_device_id, key, wanted)
            await settled(world, account, device)
            await _still_there(world, theirs)
        await removed(world, account, device)
        assert await world.steering.record() == theirs
        for pin in ("738291", "738292"):
            assert await world.steering.opens(device.name, pin)


async def _still_there(world: World, theirs: Mapping[str, Any]) -> None:
    now = await world.steering.record()
    assert {key: now.get(key) for key in theirs} == theirs


async def test_a_copy_of_our_name_is_left_alone(brand: Brand, transport: str) -> None:
    """People copy what they see; the copy has a PIN that we have never written, or lacks what nobody sees."""
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        held = await programmed(world, account, device, wish(world, device))
        [ours] = (await look(account, device)).values()
        mine = await world.steering.record()
        await world.steering.owner_adds(device.name, held.vendor_name, "738291")
        await account.synchronise(device.vendor_device_id)
        world.pass_time(device.capabilities.settles_within + device.capabilities.reaches_device_after)
        theirs = {key: one for key, one in (await world.steering.record()).items() if key not in mine}
        entries = await account.list_access_codes(device.vendor_device_id)
        marked = [entry for entry in entries if entry.mark == MARK and entry.code in (None, held.code)]
        assert [entry.vendor_code_id for entry in marked] == [ours.vendor_code_id]
        other = rewished(world, device, held, window=in_hours(world, device, 2, 4))
        await account.change_access_code(device.vendor_device_id, ours.vendor_code_id, other)
        world.pass_time(device.capabilities.settles_within)
        await _still_there(world, theirs)
        await account.remove_access_code(device.vendor_device_id, ours.vendor_code_id)
        world.pass_time(device.capabilities.settles_within + device.capabilities.reaches_device_after)
        assert theirs
        await _still_there(world, theirs)
        assert await world.steering.opens(device.name, "738291")
