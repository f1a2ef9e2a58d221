"""Accounts of an API token: whose it is, what it allows, and how it ends."""

import asyncio
from datetime import UTC, datetime

import pytest

from ostiary.domain.errors import LoginExpired, LoginRejected, Rejected
from ostiary.domain.provider import Account, Credentials, DesiredCode, LoginFailed
from ostiary.domain.secrets import Secret

from .test_adapter_support import JOHN, Canned, World, in_world, over_both

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
MOST = ["account", "smartlock.readOnly", "smartlock.auth"]


async def token(world: World, *scopes: str) -> Secret:
    """As the owner makes it in Nuki Web."""
    await world.log_in()  # the home comes into being
    fields = {"scopes": list(scopes)} if scopes else {}
    return Secret((await world.control("POST", "api_token", **fields))["api_token"])


async def account(world: World, *scopes: str) -> Account:
    login = await world.adapter.token_login(await token(world, *scopes), now=world.now)
    return world.adapter.account(login.credentials, login.settings)


async def refusal(world: World, given: Secret) -> LoginFailed:
    with pytest.raises(LoginFailed) as caught:
        await world.adapter.token_login(given, now=world.now)
    assert given.reveal().strip() == "" or given.reveal() not in f"{caught.value!r} {caught.value.message}"
    return caught.value


@over_both
def test_a_token_is_a_login_without_an_end(transport: str) -> None:
    """Of the same account as a login at Nuki's pages; blanks around what was pasted do not matter."""

    async def use(world: World) -> None:
        given = await token(world)
        login = await world.adapter.token_login(Secret(f"  {given.reveal()}\n"), now=world.now)
        assert login.credentials == Credentials(given)
        assert login.user_identifier == {"email": JOHN}
        assert login.vendor_account_id == (await world.log_in()).vendor_account_id
        assert set(login.settings["scopes"]) == {*MOST, "smartlock.action", "smartlock.log"}
        verbs = world.adapter.account(login.credentials, login.settings)
        assert len(await verbs.list_devices()) == 3

    in_world(transport, use)


@over_both
def test_asking_what_a_token_allows_writes_nothing(transport: str) -> None:
    async def use(world: World) -> None:
        given = await token(world)
        before = len(world.taken)
        await world.adapter.token_login(given, now=world.now)
        assert {request.method for request in world.taken[before:]} == {"GET"}

    in_world(transport, use)


@over_both
def test_doors_and_codes_work_with_a_token(transport: str) -> None:
    async def use(world: World) -> None:
        verbs = await account(world)
        lock = next(
            device
            for device in await verbs.list_devices()
            if device.capabilities.can_program_online_access_codes
        )
        wanted = DesiredCode("code", "Ann #abc234", Secret("498882"))
        await verbs.set_access_code(lock.vendor_device_id, wanted)
        world.pass_time()
        [code] = await verbs.list_access_codes(lock.vendor_device_id)
        assert code.code == Secret("498882")
        await verbs.lock_door(lock.vendor_device_id)
        world.pass_time()
        await verbs.synchronise(lock.vendor_device_id)

    in_world(transport, use)


@over_both
def test_a_token_without_the_log_is_good_enough(transport: str) -> None:
    async def use(world: World) -> None:
        login = await world.adapter.token_login(await token(world, *MOST), now=world.now)
        assert "smartlock.log" not in login.settings["scopes"]

    in_world(transport, use)


@over_both
def test_what_is_no_token_is_refused_with_a_sentence(transport: str) -> None:
    """Unknown to Nuki; or no text that any token could have, which is never sent."""

    async def use(world: World) -> None:
        unknown = await refusal(world, Secret("0123456789abcdef" * 5))
        assert unknown.error_code == "invalid_token"
        assert "make a new one" in unknown.message
        before = len(world.taken)
        for text in ("", "   ", "abc", "two words", "a token\r\nX-Evil: 1", "ключ" * 20, "x" * 5000):
            assert (await refusal(world, Secret(text))).error_code == "invalid_token"
        assert len(world.taken) == before

    in_world(transport, use)


@over_both
def test_a_token_that_allows_too_little_is_told_what_is_missing(transport: str) -> None:
    async def use(world: World) -> None:
        for missing in MOST:
            given = await token(world, *(scope for scope in MOST if scope != missing))
            error = await refusal(world, given)
            assert error.error_code == "insufficient_scope"
            assert missing in error.message

    in_world(transport, use)


@over_both
def test_without_the_right_to_doors_they_are_refused_and_the_account_stays(transport: str) -> None:
    """The same 401 as for a token that is gone: what it may read tells the difference."""

    async def use(world: World) -> None:
        verbs = await account(world, *MOST)
        device_id = (await verbs.list_devices())[0].vendor_device_id
        with pytest.raises(Rejected, match="does not allow"):
            await verbs.unlock_door(device_id)
        await verbs.synchronise(device_id)
        await verbs.list_access_codes(device_id)

    in_world(transport, use)


@over_both
def test_a_token_that_is_gone_ends_the_login(transport: str) -> None:
    """Quirk 34: with a change of the password, say."""

    async def use(world: World) -> None:
        gone = Credentials(Secret("0123456789abcdef" * 5))
        verbs = world.adapter.account(gone, {})
        devices = await (await account(world)).list_devices()
        device_id = next(one.vendor_device_id for one in devices if one.capabilities.can_remotely_lock)
        for call in (verbs.list_devices(), verbs.lock_door(device_id), verbs.synchronise(device_id)):
            with pytest.raises(LoginExpired):
                await call
        with pytest.raises(LoginRejected, match="API token"):
            await world.adapter.refresh(gone, now=world.now)

    in_world(transport, use)


@pytest.mark.parametrize("status", [500, 503, 429, 404])
def test_trouble_at_nuki_says_nothing_about_the_token(status: int) -> None:
    with pytest.raises(LoginFailed) as caught:
        asyncio.run(Canned(status).adapter().token_login(Secret("a" * 80), now=NOW))
    assert caught.value.error_code == "provider_unavailable"
