"""
What every brand's adapter makes of trouble, and what is true at the vendor afterwards.

A verb may be several requests. So trouble strikes each of them in turn, one in each world, until the verb has
no more; and each time the engine's way of going on has to end with one whole code, or with nothing of it.
"""

import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from ostiary.domain.errors import (
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Unreachable,
)
from ostiary.domain.provider import Account, Brand, LoginFailed, ObservedDevice
from ostiary.domain.secrets import Secret

from .worlds import (
    BACK,
    MARK,
    VERIFIER,
    World,
    completed,
    every_brand,
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

# To the class of a write's error, and whether the write has happened.
FAULTS: dict[str, tuple[type[ProviderError], bool]] = {
    "drop_answer": (OutcomeUnknown, True),
    "drop_answer_before": (OutcomeUnknown, False),
    "http_429": (RateLimited, False),
    "http_503": (Unreachable, False),
}
with_each_fault = pytest.mark.parametrize("fault", FAULTS)
MOST_REQUESTS = 50


async def _fails(world: World, fault: str, ahead: int, call: Awaitable[object]) -> ProviderError | None:
    """
    The error of a verb whose request after `ahead` others meets the fault; None: it has fewer, and is done.

    The class is exact, so that the engine does the right thing: a write that was sent may have happened, and
    a limit says when to come back. Nothing is sent twice, and nothing after it.
    """
    world.line.set_trap(ahead, lambda: world.fault(fault))
    until = len(world.line.requests) + ahead + 1
    try:
        await call
    except ProviderError as raised:
        error = raised
    else:
        assert world.line.has_trap, "a fault that nobody noticed"
        return None
    assert len(world.line.requests) == until, "it struck, and that was the end"
    assert (await world.control("GET", "faults"))["faults"] == [], "it struck once"
    kind = FAULTS[fault][0]
    if kind is OutcomeUnknown and world.line.requests[-1].method == "GET":
        kind = Unreachable
    # Of several writes some may be done: then whatever stops the rest leaves the whole unknown.
    assert type(error) in (kind, OutcomeUnknown)
    if kind is OutcomeUnknown:
        assert type(error) is OutcomeUnknown
    if type(error) is RateLimited:
        assert error.retry_after is not None
        assert error.retry_after > 0
    return error


async def _begin(world: World) -> tuple[Account, ObservedDevice]:
    account = await world.account()
    return account, keypad(await account.list_devices())


async def _at_each_request(
    brand: Brand, transport: str, strikes: Callable[[World, int], Awaitable[bool]]
) -> None:
    """A fresh world for each request of a verb, until `strikes` says that there was none left to strike."""
    for ahead in range(MOST_REQUESTS):
        async with opened(brand, transport) as world:
            if not await strikes(world, ahead):
                assert ahead > 0
                return
    raise AssertionError("a verb without an end")


# --- codes ----------------------------------------------------------------------------------------------


@with_each_fault
@pytest.mark.parametrize("pace", [1.0, 0.0])
async def test_a_set_that_breaks_off_anywhere_is_completed(
    brand: Brand, transport: str, fault: str, pace: float
) -> None:
    """
    One user, group, entry or whatever it takes, with one PIN, and that is the one that we were told. A vendor
    who is never late may take all of it in one go.
    """

    async def strikes(world: World, ahead: int) -> bool:
        account, device = await _begin(world)
        await world.control("POST", "pace", pace=pace)
        record, wanted = await world.steering.record(), wish(world, device)
        before = len(await world.steering.code_writes())
        setting = account.set_access_code(device.vendor_device_id, wanted)
        error = await _fails(world, fault, ahead, setting)
        if error is None:
            return False
        if type(error) is not OutcomeUnknown:
            assert len(await world.steering.code_writes()) == before, "nothing was changed"
        held = await completed(world, account, device, wanted)
        assert await world.steering.parts(MARK) == world.steering.whole
        assert await world.steering.codes_on(device.name) == {held.vendor_name: pin_of(held)}
        assert await world.steering.opens(device.name, pin_of(held))
        await removed(world, account, device)
        assert await world.steering.record() == record
        return True

    await _at_each_request(brand, transport, strikes)


@with_each_fault
async def test_what_completes_a_set_may_break_off_too(brand: Brand, transport: str, fault: str) -> None:
    """A PIN whose answer was lost is told to nobody: it is renewed, and the first opens nothing."""

    async def strikes(world: World, ahead: int) -> bool:
        account, device = await _begin(world)
        wanted = wish(world, device)
        wanted = knowing(wanted, await account.set_access_code(device.vendor_device_id, wanted))
        world.pass_time(device.capabilities.settles_within)
        key = (await look(account, device))[MARK].vendor_code_id
        changing = account.change_access_code(device.vendor_device_id, key, wanted)
        if await _fails(world, fault, ahead, changing) is None:
            return False
        held = await completed(world, account, device, wanted)
        assert await world.steering.parts(MARK) == world.steering.whole
        assert await world.steering.codes_on(device.name) == {held.vendor_name: pin_of(held)}
        return True

    await _at_each_request(brand, transport, strikes)


@with_each_fault
async def test_a_change_that_breaks_off_anywhere_is_completed(
    brand: Brand, transport: str, fault: str
) -> None:
    """And a PIN that the vendor has chosen is still that of before."""

    async def strikes(world: World, ahead: int) -> bool:
        account, device = await _begin(world)
        held = await programmed(world, account, device, wish(world, device))
        entry, record = (await look(account, device))[MARK], await world.steering.record()
        starts_at = world.now.replace(second=0)
        other = rewished(world, device, held, window=(starts_at, starts_at.replace(day=starts_at.day + 2)))
        changing = account.change_access_code(device.vendor_device_id, entry.vendor_code_id, other)
        error = await _fails(world, fault, ahead, changing)
        if error is None:
            return False
        is_first = ahead == 0 and not FAULTS[fault][1]
        assert not is_first or await world.steering.record() == record
        after = await completed(world, account, device, other)
        assert after == other
        assert (await look(account, device))[MARK].vendor_code_id == entry.vendor_code_id, "in place"
        assert await world.steering.parts(MARK) == world.steering.whole
        assert await world.steering.codes_on(device.name) == {other.vendor_name: pin_of(other)}
        return True

    await _at_each_request(brand, transport, strikes)


@with_each_fault
async def test_a_removal_that_breaks_off_anywhere_is_completed(
    brand: Brand, transport: str, fault: str
) -> None:
    async def strikes(world: World, ahead: int) -> bool:
        account, device = await _begin(world)
        record = await world.steering.record()
        held = await programmed(world, account, device, wish(world, device))
        entry, whole = (await look(account, device))[MARK], await world.steering.record()
        removing = account.remove_access_code(device.vendor_device_id, entry.vendor_code_id)
        if await _fails(world, fault, ahead, removing) is None:
            return False
        if ahead == 0 and not FAULTS[fault][1]:
            assert await world.steering.record() == whole
        await removed(world, account, device)
        assert await world.steering.record() == record
        assert await world.steering.codes_on(device.name) == {}
        assert not await world.steering.opens(device.name, pin_of(held))
        return True

    await _at_each_request(brand, transport, strikes)


# --- doors and reads ------------------------------------------------------------------------------------


@with_each_fault
async def test_an_unlock(brand: Brand, transport: str, fault: str) -> None:
    """It is asked for once: the door stays shut unless the vendor did it, and its answer alone was lost."""

    async def strikes(world: World, ahead: int) -> bool:
        account = await world.account()
        device = lock(await account.list_devices())
        await account.lock_door(device.vendor_device_id)
        world.pass_time(30)
        unlocking = account.unlock_door(device.vendor_device_id)
        error = await _fails(world, fault, ahead, unlocking)
        if error is None:
            return False
        has_happened = type(error) is OutcomeUnknown and FAULTS[fault][1]
        if (await account.get_device(device.vendor_device_id)).is_busy:
            world.pass_time(30)
        assert (await world.steering.truth(device.name))["locked"] is not has_happened
        return True

    await _at_each_request(brand, transport, strikes)


@with_each_fault
async def test_reads(brand: Brand, transport: str, fault: str) -> None:
    """None of their requests may fail without being noticed: half a list is worse than none."""
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        await programmed(world, account, device, wish(world, device))
        account = await world.account()
        door = device.vendor_device_id
        reads: tuple[Callable[[], Awaitable[object]], ...] = (
            account.list_devices,
            account.list_problems,
            lambda: account.get_device(door),
            lambda: account.list_access_codes(door),
        )
        for read in reads:
            whole, ahead = await read(), 0
            while await _fails(world, fault, ahead, read()) is not None:
                assert await read() == whole
                ahead += 1
            world.line.clear()


# --- logins ---------------------------------------------------------------------------------------------


@with_each_fault
async def test_a_login_that_breaks_off_is_begun_anew(brand: Brand, transport: str, fault: str) -> None:
    """Until the vendor has a token to lose, and afterwards: the person is told, and logs in again."""

    async def strikes(world: World, ahead: int) -> bool:
        query = await world.answer_of_login()
        world.line.set_trap(ahead, lambda: world.fault(fault, match={"route": "*"}))
        finishing = world.adapter.finish_login(query, redirect_uri=BACK, verifier=VERIFIER, now=world.now)
        try:
            await finishing
        except LoginFailed as failed:
            word = failed.error_code
        else:
            assert world.line.has_trap, "a fault that nobody noticed"
            return False
        assert word == "provider_unavailable"
        assert await (await world.account()).list_devices(), "the next login works"
        return True

    await _at_each_request(brand, transport, strikes)


@with_each_fault
async def test_a_refresh(brand: Brand, transport: str, fault: str) -> None:
    """Only where the token may have been spent is the outcome unknown; else the same one works later."""
    async with opened(brand, transport) as world:
        login = await world.log_in()
        if login.credentials.expires_at is None:
            return
        await world.fault(fault, match={"route": "*"})
        kind, has_happened = FAULTS[fault]
        with pytest.raises(ProviderError) as raised:
            await world.adapter.refresh(login.credentials, now=world.now)
        assert type(raised.value) is kind
        if not has_happened:
            renewed = await world.adapter.refresh(login.credentials, now=world.now)
            assert renewed.access_token != login.credentials.access_token


async def test_a_login_that_was_taken_back_is_rejected(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        login = await world.log_in()
        account = world.of(login)
        device = keypad(await account.list_devices())
        record = await world.steering.record()
        await world.fault("login_rejected")
        for call in (
            account.list_devices(),
            account.set_access_code(device.vendor_device_id, wish(world, device)),
            account.unlock_door(device.vendor_device_id),
        ):
            with pytest.raises((LoginExpired, LoginRejected)):
                await call
        with pytest.raises(LoginRejected):
            await world.adapter.refresh(login.credentials, now=world.now)
        assert await world.steering.record() == record
        again = await world.account()
        assert await again.list_devices(), "whoever logs in again is let in"


@pytest.mark.parametrize("verb", ["set", "change", "remove"])
async def test_a_verb_whose_token_expires_is_done_again_with_another(
    brand: Brand, transport: str, verb: str
) -> None:
    """At whichever of its requests. The engine repeats it at once, so nothing may be made twice by that."""

    async def strikes(world: World, ahead: int) -> bool:
        account, device = await _begin(world)
        door, wanted = device.vendor_device_id, wish(world, device)
        if verb != "set":
            wanted = await programmed(world, account, device, wanted)
            wanted = rewished(world, device, wanted)
        key = (await look(account, device))[MARK].vendor_code_id if verb != "set" else ""

        async def do(account: Account) -> None:
            nonlocal wanted
            if verb == "set":
                wanted = knowing(wanted, await account.set_access_code(door, wanted))
            elif verb == "change":
                wanted = knowing(wanted, await account.change_access_code(door, key, wanted))
            else:
                await account.remove_access_code(door, key)

        world.line.set_trap(ahead, lambda: world.fault("http_401"))
        try:
            await do(account)
        except LoginExpired:
            with contextlib.suppress(NoSuchObject):  # done already, by as much as was done
                await do(await world.account())
        except OutcomeUnknown:
            pass
        else:
            assert world.line.has_trap
            return False
        if verb == "remove":
            await removed(world, account, device)
            return True
        wanted = await completed(world, account, device, wanted)
        assert await world.steering.parts(MARK) == world.steering.whole
        assert await world.steering.codes_on(device.name) == {wanted.vendor_name: pin_of(wanted)}
        return True

    await _at_each_request(brand, transport, strikes)


# --- what is not there ----------------------------------------------------------------------------------


async def test_what_does_not_exist_is_told_apart(brand: Brand, transport: str) -> None:
    async with opened(brand, transport) as world:
        account, device = await _begin(world)
        door = device.vendor_device_id
        held = await programmed(world, account, device, wish(world, device))
        key = (await look(account, device))[MARK].vendor_code_id
        await account.remove_access_code(door, key)
        assert MARK not in await settled(world, account, device)
        with pytest.raises(NoSuchObject):
            await account.remove_access_code(door, key)
        with pytest.raises(NoSuchObject):
            await account.change_access_code(door, key, held)


async def test_no_error_shows_a_secret(brand: Brand, transport: str) -> None:
    """Neither a PIN nor a token, in whatever a log would print of it."""
    async with opened(brand, transport) as world:
        login = await world.log_in()
        account = world.of(login)
        device = keypad(await account.list_devices())
        held = await programmed(world, account, device, wish(world, device))
        key = (await look(account, device))[MARK].vendor_code_id
        secrets = [held.code or Secret(""), login.credentials.access_token]
        for fault in (*FAULTS, "http_401"):
            ahead = 0
            while True:
                world.line.set_trap(ahead, partial(world.fault, fault))
                try:
                    await account.change_access_code(device.vendor_device_id, key, held)
                except ProviderError as error:
                    chain: list[BaseException | None] = [error, error.__cause__, error.__context__]
                    for shown in [f"{one!r} {one}" for one in chain]:
                        assert not any(secret.reveal() in shown for secret in secrets)
                else:
                    break
                ahead += 1
                await settled(world, account, device)
                account = world.of(await world.log_in())
            world.line.clear()
