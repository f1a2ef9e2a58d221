"""What every brand's adapter makes of trouble, and what is true at the vendor afterwards."""

from collections.abc import Awaitable, Callable

import pytest

from ostiary.domain.errors import (
    Busy,
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Unreachable,
)
from ostiary.domain.provider import Account, Brand, ObservedDevice

from .worlds import World, every_brand, keypad, lock, opened, over_both, settled, wish

pytestmark = [every_brand, over_both]
MARK = "abc234"

# Fault, the class of a write's error, whether the write happened.
WRITES = [
    ("drop_answer", OutcomeUnknown, True),
    ("drop_answer_before", OutcomeUnknown, False),
    ("http_429", RateLimited, False),
    ("http_503", Unreachable, False),
]
READS = [
    ("drop_answer", Unreachable),
    ("drop_answer_before", Unreachable),
    ("http_429", RateLimited),
    ("http_503", Unreachable),
]
faults_of_writes = pytest.mark.parametrize(("fault", "error", "happens"), WRITES)


async def _fails(world: World, fault: str, error: type[ProviderError], call: Awaitable[object]) -> None:
    """Exactly that class, so that the engine does the right thing; a limit says when to come back."""
    await world.fault(fault)
    with pytest.raises(ProviderError) as raised:
        await call
    assert type(raised.value) is error
    if error is RateLimited:
        assert raised.value.retry_after is not None
        assert raised.value.retry_after > 0
    assert (await world.control("GET", "faults"))["faults"] == [], "it struck once, and we sent once"


async def _begin(world: World) -> tuple[Account, ObservedDevice]:
    account = await world.account()
    return account, keypad(await account.list_devices())


@faults_of_writes
async def test_a_set(
    brand: Brand, transport: str, fault: str, error: type[ProviderError], happens: bool
) -> None:
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        wanted = wish(world, device)
        await _fails(world, fault, error, account.set_access_code(device.vendor_device_id, wanted))
        assert (MARK in await settled(world, account, device)) is happens
        assert (wanted.vendor_name in await world.codes_on(device)) is happens


@faults_of_writes
async def test_a_change(
    brand: Brand, transport: str, fault: str, error: type[ProviderError], happens: bool
) -> None:
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        door, wanted = device.vendor_device_id, wish(world, device)
        await account.set_access_code(door, wanted)
        key = (await settled(world, account, device))[MARK].vendor_code_id
        other = wish(world, device, "Ben", MARK, but=frozenset([wanted.code]))
        await _fails(world, fault, error, account.change_access_code(door, key, other))
        stands = other if happens else wanted
        assert (await settled(world, account, device))[MARK].name == stands.vendor_name
        assert (await world.codes_on(device))[stands.vendor_name] == stands.code.reveal()


@faults_of_writes
async def test_a_removal(
    brand: Brand, transport: str, fault: str, error: type[ProviderError], happens: bool
) -> None:
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        await account.set_access_code(device.vendor_device_id, wish(world, device))
        key = (await settled(world, account, device))[MARK].vendor_code_id
        await _fails(world, fault, error, account.remove_access_code(device.vendor_device_id, key))
        assert (MARK not in await settled(world, account, device)) is happens


@faults_of_writes
async def test_an_unlock(
    brand: Brand, transport: str, fault: str, error: type[ProviderError], happens: bool
) -> None:
    async with opened(brand, transport) as world:
        account = await world.account()
        device = lock(await account.list_devices())
        await account.lock_door(device.vendor_device_id)
        world.pass_time(30)
        await _fails(world, fault, error, account.unlock_door(device.vendor_device_id))
        world.pass_time(30)
        assert (await account.get_device(device.vendor_device_id)).is_locked is not happens


@pytest.mark.parametrize(("fault", "error"), READS)
async def test_reads(brand: Brand, transport: str, fault: str, error: type[ProviderError]) -> None:
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        door = device.vendor_device_id
        reads: list[Callable[[], Awaitable[object]]] = [
            account.list_devices,
            lambda: account.get_device(door),
            lambda: account.list_access_codes(door),
        ]
        for read in reads:
            await _fails(world, fault, error, read())
            assert await read() is not None


async def test_a_late_write_shows_late_and_once(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        await world.fault("late", seconds=300.0)
        wanted = wish(world, device)
        await account.set_access_code(device.vendor_device_id, wanted)
        assert MARK not in await settled(world, account, device), "not listed, though it may be there"
        world.pass_time(300)
        assert MARK in await settled(world, account, device)
        assert (await world.codes_on(device))[wanted.vendor_name] == wanted.code.reveal()


async def test_a_lost_write_is_accepted_and_never_shows(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        await world.fault("lost")
        await account.set_access_code(device.vendor_device_id, wish(world, device))
        world.pass_time(3000)
        assert MARK not in await settled(world, account, device)


async def test_a_busy_object_waits_alone(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        wanted = wish(world, device)
        await account.set_access_code(device.vendor_device_id, wanted)
        key = (await settled(world, account, device))[MARK].vendor_code_id
        await _fails(world, "busy", Busy, account.remove_access_code(device.vendor_device_id, key))
        assert MARK in await settled(world, account, device)


async def test_a_login_that_was_taken_back_is_rejected(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        login = await world.log_in()
        account = world.adapter.account(login.credentials)
        device = keypad(await account.list_devices())
        before = await world.codes_on(device)
        await world.fault("login_rejected")
        with pytest.raises((LoginExpired, LoginRejected)):
            await account.list_devices()
        with pytest.raises((LoginExpired, LoginRejected)):
            await account.set_access_code(device.vendor_device_id, wish(world, device))
        with pytest.raises(LoginRejected):
            await world.adapter.refresh(login.credentials, now=world.now)
        assert await world.codes_on(device) == before
        again = await world.account()
        assert await again.list_devices(), "whoever logs in again is let in"


async def test_what_does_not_exist_is_told_apart(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        door = device.vendor_device_id
        await account.set_access_code(door, wish(world, device))
        key = (await settled(world, account, device))[MARK].vendor_code_id
        await account.remove_access_code(door, key)
        assert MARK not in await settled(world, account, device)
        with pytest.raises(NoSuchObject):
            await account.remove_access_code(door, key)
        with pytest.raises(NoSuchObject):
            await account.change_access_code(door, key, wish(world, device))
