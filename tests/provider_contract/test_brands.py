"""What every brand's adapter does: the port, verb by verb, against the brand's own simulator."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ostiary.domain.errors import Rejected
from ostiary.domain.provider import Brand, LoginFailed
from ostiary.domain.secrets import Secret

from .worlds import BACK, BRANDS, VERIFIER, every_brand, keypad, lock, opened, over_both, settled, wish

pytestmark = [every_brand, over_both]


def test_there_is_a_brand(brand: Brand, transport: str) -> None:
    assert BRANDS
    assert brand.manifest.known_logins


async def test_a_login_gives_an_account_that_works(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        query = await world.answer_of_login(state="a state & more")
        assert query["state"] == "a state & more"
        login = await world.adapter.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=world.now)
        assert login.vendor_account_id
        assert login.display_name
        assert world.home in login.user_identifier.values()
        again = await world.log_in()
        assert again.vendor_account_id == login.vendor_account_id, "a second login is recognised by it"
        assert await world.adapter.account(login.credentials).list_devices()
        assert login.credentials.access_token.reveal() not in repr(login)


async def test_a_login_that_was_cancelled_or_is_used_twice_fails(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        cancelled = await world.answer_of_login(decision="cancel")
        with pytest.raises(LoginFailed) as failed:
            await world.adapter.finish_login(cancelled, redirect_uri=BACK, verifier=VERIFIER, now=world.now)
        assert failed.value.error_code == "access_denied"
        query = await world.answer_of_login()
        await world.adapter.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=world.now)
        with pytest.raises(LoginFailed):
            await world.adapter.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=world.now)


async def test_a_refresh_gives_working_credentials(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        old = (await world.log_in()).credentials
        if old.expires_at is None:
            pytest.skip("they do not expire")
        world.now = old.expires_at + timedelta(seconds=1)
        fresh = await world.adapter.refresh(old, now=world.now)
        assert fresh.access_token != old.access_token
        assert fresh.expires_at is not None
        assert fresh.expires_at > world.now
        assert await world.adapter.account(fresh).list_devices()


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


async def test_a_door_is_unlocked_and_locked(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        door = lock(await account.list_devices()).vendor_device_id
        for verb, is_locked in ((account.unlock_door, False), (account.lock_door, True)):
            await verb(door)
            world.pass_time(30)
            look = await account.get_device(door)
            assert (look.is_locked, look.is_busy) == (is_locked, False)


async def test_a_code_is_set_seen_changed_and_removed(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        door, before = device.vendor_device_id, await world.codes_on(device)
        wanted = wish(world, device)
        await account.set_access_code(door, wanted)
        entry = (await settled(world, account, device))["abc234"]
        assert entry.name == wanted.vendor_name
        assert entry.code in (wanted.code, None)
        assert (entry.starts_at, entry.ends_at) == (None, None)
        assert entry.is_enabled
        assert entry.is_exact
        assert not entry.is_busy
        assert await world.codes_on(device) == {**before, wanted.vendor_name: wanted.code.reveal()}

        window = (world.now + timedelta(hours=1), world.now + timedelta(hours=3))
        other = wish(world, device, "Ben", "abc234", window, frozenset([wanted.code]))
        await account.change_access_code(door, entry.vendor_code_id, other)
        changed = (await settled(world, account, device))["abc234"]
        assert changed.vendor_code_id == entry.vendor_code_id, "in place"
        assert changed.name == other.vendor_name
        assert (changed.starts_at, changed.ends_at) == window
        assert changed.is_exact
        assert await world.codes_on(device) == {**before, other.vendor_name: other.code.reveal()}

        await account.change_access_code(door, entry.vendor_code_id, wanted)
        back = (await settled(world, account, device))["abc234"]
        assert (back.starts_at, back.ends_at) == (None, None), "a change brings every field"

        await account.remove_access_code(door, entry.vendor_code_id)
        assert "abc234" not in await settled(world, account, device)
        assert await world.codes_on(device) == before


async def test_codes_of_others_are_seen_without_a_mark_and_stay(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        theirs = wish(world, device).code
        await world.owner(device, "add", name="Cleaner", code=int(theirs.reveal()))
        await account.synchronise(device.vendor_device_id)
        world.pass_time(60)
        entries = await account.list_access_codes(device.vendor_device_id)
        [cleaner] = [entry for entry in entries if entry.name == "Cleaner"]
        assert cleaner.mark is None
        assert cleaner.code in (theirs, None)

        clash = replace(wish(world, device), code=theirs)
        with pytest.raises(Rejected) as refused:
            await account.set_access_code(device.vendor_device_id, clash)
        assert refused.value.error_code == "duplicate_code_on_device"
        assert theirs.reveal() not in str(refused.value)

        ours = wish(world, device, but=frozenset([theirs]))
        await account.set_access_code(device.vendor_device_id, ours)
        entry = (await settled(world, account, device))["abc234"]
        await account.remove_access_code(device.vendor_device_id, entry.vendor_code_id)
        await settled(world, account, device)
        assert (await world.codes_on(device))["Cleaner"] == theirs.reveal()


@pytest.mark.parametrize("name", [None, "", "A" * 99, "Zoë Ünal 你好 🗝", "  two\nlines #abc234 ", "#zzzzzz"])
async def test_a_mark_is_recognised_whatever_the_name(brand: Brand, transport: str, name: str | None) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        wanted = wish(world, device, name or "", "mnop67")
        assert world.adapter.vendor_name(name, "mnop67") == world.adapter.vendor_name(name, "mnop67")
        assert world.adapter.vendor_name(name, "mnop67") != world.adapter.vendor_name(name, "mnop66")
        await account.set_access_code(device.vendor_device_id, wanted)
        entry = (await settled(world, account, device))["mnop67"]
        assert entry.name == wanted.vendor_name


async def test_a_pin_that_breaks_the_rules_is_rejected_without_being_quoted(
    brand: Brand, transport: str
) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = keypad(await account.list_devices())
        before = await world.codes_on(device)
        wanted = wish(world, device)
        bad = replace(wanted, code=Secret("1"))
        with pytest.raises(Rejected) as refused:
            await account.set_access_code(device.vendor_device_id, bad)
        assert refused.value.error_code == "code_constraints_violated"
        await settled(world, account, device)
        assert await world.codes_on(device) == before
