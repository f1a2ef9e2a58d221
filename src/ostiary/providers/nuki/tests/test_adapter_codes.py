"""Codes and doors through the adapter, against the simulator, over both transports."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from ostiary.domain.errors import (
    Busy,
    LoginExpired,
    NoSuchObject,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Rejected,
    Unreachable,
)
from ostiary.domain.provider import Account, Credentials, ObservedCode
from ostiary.domain.secrets import Secret
from ostiary.providers.nuki import MANIFEST

from .test_adapter_support import World, adapter, in_world, over_both, wish

WINDOW = (datetime(2026, 7, 2, 13, 0, 30, tzinfo=UTC), datetime(2026, 7, 5, 9, tzinfo=UTC))
FRONT, GARDEN, STREET = "Front door", "Garden door", "Street entrance"
FOREIGN = str((4 << 32) | 1)


async def start(world: World, name: str = FRONT) -> tuple[Account, str]:
    account = await world.account()
    return account, await world.device_id(name)


async def programmed(world: World, account: Account, device_id: str, **wanted: Any) -> ObservedCode:
    await account.set_access_code(device_id, wish(**wanted))
    world.pass_time()
    return (await account.list_access_codes(device_id))[-1]


def calls(world: World) -> list[str]:
    return [f"{request.method} {request.url.removeprefix(world.url)}" for request in world.taken]


# --- devices -------------------------------------------------------------------------------------------


@over_both
def test_the_known_home(transport: str) -> None:
    async def use(world: World) -> None:
        account = await world.account()
        devices = {device.name: device for device in await account.list_devices()}
        assert set(devices) == {FRONT, GARDEN, STREET}
        flags = {
            name: (
                device.capabilities.can_remotely_lock,
                device.capabilities.can_remotely_unlock,
                device.capabilities.can_program_online_access_codes,
            )
            for name, device in devices.items()
        }
        assert flags == {
            FRONT: (True, True, True),
            GARDEN: (True, True, False),
            STREET: (None, True, False),
        }
        assert all(device.is_online and not device.problems for device in devices.values())
        assert {device.time_zone for device in devices.values()} == {"Europe/Berlin"}
        assert {device.device_type for device in devices.values()} == set(MANIFEST.device_types)
        front = devices[FRONT]
        assert await account.get_device(front.vendor_device_id) == front
        assert (front.is_locked, front.battery_level) == (True, 0.86)

    in_world(transport, use)


@over_both
def test_what_happens_to_a_device_is_seen(transport: str) -> None:
    async def use(world: World) -> None:
        account, device_id = await start(world)
        number = int(device_id)
        await world.control("POST", "device", smartlock_id=number, subscription=False, door="open")
        device = await account.get_device(device_id)
        assert [problem.error_code for problem in device.problems] == ["subscription_required"]
        assert device.capabilities.can_program_online_access_codes is False
        assert device.properties["door_open"] is True
        await world.control("POST", "device", smartlock_id=number, subscription=True, online=False)
        device = await account.get_device(device_id)
        assert (device.is_online, device.problems) == (False, ())
        assert device.capabilities.can_program_online_access_codes is True

    in_world(transport, use)


@over_both
def test_locking_and_unlocking(transport: str) -> None:
    async def use(world: World) -> None:
        account, device_id = await start(world)
        await account.unlock_door(device_id)
        assert (await account.get_device(device_id)).is_busy
        world.pass_time()
        device = await account.get_device(device_id)
        assert (device.is_locked, device.is_busy) == (False, False)
        await account.lock_door(device_id)
        world.pass_time()
        assert (await account.get_device(device_id)).is_locked is True
        assert f"POST /smartlock/{device_id}/action" in calls(world)
        assert not any(call.endswith(("/action/unlock", "/action/lock")) for call in calls(world))

    in_world(transport, use)


def test_a_knob_does_not_open_by_itself() -> None:
    """Unlock is action 1, never 3, whatever the fitting (3.3)."""

    async def use(world: World) -> None:
        account, device_id = await start(world)
        await account.unlock_door(device_id)
        assert world.taken[-1].body == b'{"action":1}'
        await account.unlock_door(await world.device_id(STREET))
        assert world.taken[-1].body == b'{"action":3}'

    in_world("in_process", use)


@over_both
def test_an_opener_only_opens(transport: str) -> None:
    async def use(world: World) -> None:
        account, device_id = await start(world, STREET)
        await account.unlock_door(device_id)
        world.pass_time()
        assert (await account.get_device(device_id)).is_locked is None
        before = len(world.taken)
        with pytest.raises(Rejected):
            await account.lock_door(device_id)
        assert len(world.taken) == before

    in_world(transport, use)


# --- codes ------------------------------------------------------------------------------------------


@over_both
def test_a_code_from_wish_to_end(transport: str) -> None:
    async def use(world: World) -> None:
        account, device_id = await start(world)
        assert await account.list_access_codes(device_id) == []
        wanted = wish("Familie Müller-Lüdenscheidt", window=WINDOW)
        await account.set_access_code(device_id, wanted)
        assert await account.list_access_codes(device_id) == []  # accepted is not done
        world.pass_time()
        [code] = await account.list_access_codes(device_id)
        assert (code.name, code.mark, code.code) == ("Familie Mül #abc234", "abc234", Secret("384756"))
        assert (code.starts_at, code.ends_at) == WINDOW
        assert (code.is_exact, code.is_enabled, code.is_busy, code.error) == (True, True, False, None)
        assert not await world.is_opened_by(device_id, "384756")
        world.now = WINDOW[0]
        assert await world.is_opened_by(device_id, "384756")

        changed = wish("Anna", pin="918273")
        account = await world.account()
        await account.change_access_code(device_id, code.vendor_code_id, changed)
        [busy] = await account.list_access_codes(device_id)
        assert busy.is_busy
        with pytest.raises(Busy) as caught:
            await account.change_access_code(device_id, code.vendor_code_id, changed)
        assert caught.value.retry_after == 3.0
        world.pass_time()
        [code] = await account.list_access_codes(device_id)
        assert (code.name, code.code, code.starts_at, code.ends_at) == (
            "Anna #abc234",
            Secret("918273"),
            None,
            None,
        )
        assert await world.is_opened_by(device_id, "918273")
        assert not await world.is_opened_by(device_id, "384756")

        await account.remove_access_code(device_id, code.vendor_code_id)
        world.pass_time()
        assert await account.list_access_codes(device_id) == []
        assert not await world.is_opened_by(device_id, "918273")
        with pytest.raises(NoSuchObject):
            await account.remove_access_code(device_id, code.vendor_code_id)
        with pytest.raises(NoSuchObject):
            await account.change_access_code(device_id, code.vendor_code_id, changed)

    in_world(transport, use)


@over_both
def test_a_code_that_somebody_disabled_is_enabled_by_a_change(transport: str) -> None:
    async def use(world: World) -> None:
        account, device_id = await start(world)
        code = await programmed(world, account, device_id)
        await world.control(
            "POST",
            "owner/codes",
            smartlock_id=int(device_id),
            do="change",
            id=code.vendor_code_id,
            enabled=False,
        )
        await account.synchronise(device_id)
        world.pass_time()
        [code] = await account.list_access_codes(device_id)
        assert not code.is_enabled
        await account.change_access_code(device_id, code.vendor_code_id, wish())
        world.pass_time()
        [code] = await account.list_access_codes(device_id)
        assert code.is_enabled

    in_world(transport, use)


@over_both
def test_somebody_elses_code_shows_after_a_sync(transport: str) -> None:
    async def use(world: World) -> None:
        account, device_id = await start(world)
        number = int(device_id)
        await world.control("POST", "owner/codes", smartlock_id=number, do="add", name="Cleaner", code=555555)
        assert await account.list_access_codes(device_id) == []
        await account.synchronise(device_id)
        world.pass_time()
        [code] = await account.list_access_codes(device_id)
        assert (code.name, code.mark, code.code) == ("Cleaner", None, Secret("555555"))

    in_world(transport, use)


@over_both
def test_many_codes_with_and_without_names(transport: str) -> None:
    async def use(world: World) -> None:
        account, device_id = await start(world)
        marks = [f"aaaa{one}{two}" for one in "bcd" for two in "efg"]
        for index, mark in enumerate(marks):
            pin = f"9{index + 1}3456"
            await account.set_access_code(
                device_id, wish(None if index % 2 else "🏠 Guest", pin=pin, mark=mark)
            )
        world.pass_time()
        seen: Sequence[ObservedCode] = await account.list_access_codes(device_id)
        assert sorted(code.mark or "" for code in seen) == marks

    in_world(transport, use)


# --- refusals -----------------------------------------------------------------------------------------


@over_both
def test_refusals_of_a_code(transport: str) -> None:
    async def use(world: World) -> None:
        account, device_id = await start(world)
        await programmed(world, account, device_id, pin="384756")

        async def refused(device: str, error_code: str, **wanted: Any) -> None:
            with pytest.raises(Rejected) as caught:
                await account.set_access_code(device, wish(mark="zzzzzz", **wanted))
            assert caught.value.error_code == error_code
            assert_hides(caught.value, wanted.get("pin", "384756"))

        await refused(device_id, "duplicate_code_on_device", pin="384756")
        await refused(device_id, "code_constraints_violated", pin="123456")
        await refused(device_id, "code_constraints_violated", pin="345670")
        await refused(await world.device_id(GARDEN), "provider_issue", pin="345678")
        await world.control("POST", "device", smartlock_id=int(device_id), subscription=False)
        await refused(device_id, "subscription_required", pin="345678")
        await world.control("POST", "device", smartlock_id=int(device_id), subscription=True)

        too_long = wish("x" * 30)
        object.__setattr__(too_long, "vendor_name", "x" * 21)
        with pytest.raises(Rejected) as caught:
            await account.set_access_code(device_id, too_long)
        assert caught.value.error_code == "provider_issue"
        assert len(await account.list_access_codes(device_id)) == 1

    in_world(transport, use)


def assert_hides(error: BaseException | None, *secrets: str) -> None:
    while error is not None:
        assert all(secret not in f"{error} {error!r}" for secret in secrets)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@over_both
def test_a_device_of_somebody_else(transport: str) -> None:
    async def use(world: World) -> None:
        account = await world.account()
        verbs = (
            account.get_device(FOREIGN),
            account.list_access_codes(FOREIGN),
            account.set_access_code(FOREIGN, wish()),
            account.change_access_code(FOREIGN, "0" * 24, wish()),
            account.remove_access_code(FOREIGN, "0" * 24),
            account.lock_door(FOREIGN),
            account.unlock_door(FOREIGN),
            account.synchronise(FOREIGN),
        )
        for verb in verbs:
            with pytest.raises(NoSuchObject):
                await verb

    in_world(transport, use)


READS = ("list_devices", "get_device", "list_access_codes")
WRITES = ("set_access_code", "change_access_code", "remove_access_code", "unlock_door", "synchronise")


@over_both
@pytest.mark.parametrize(
    ("fault", "read", "write"),
    [
        ("http_401", LoginExpired, LoginExpired),
        ("http_429", RateLimited, RateLimited),
        ("http_503", Unreachable, Unreachable),
        ("http_500_html", Unreachable, OutcomeUnknown),
        ("drop_answer", Unreachable, OutcomeUnknown),
        ("drop_answer_before", Unreachable, OutcomeUnknown),
        ("busy", Busy, Busy),
    ],
)
def test_trouble(transport: str, fault: str, read: type[ProviderError], write: type[ProviderError]) -> None:
    async def use(world: World) -> None:
        account, device_id = await start(world)
        code = await programmed(world, account, device_id)
        arguments: dict[str, tuple[Any, ...]] = {
            "list_devices": (),
            "set_access_code": (device_id, wish(pin="456789", mark="zzzzzz")),
            "change_access_code": (device_id, code.vendor_code_id, wish()),
            "remove_access_code": (device_id, code.vendor_code_id),
        }
        for verb in (*READS, *WRITES):
            await world.fault(fault, seconds=7)
            with pytest.raises(ProviderError) as caught:
                await getattr(account, verb)(*arguments.get(verb, (device_id,)))
            assert type(caught.value) is (read if verb in READS else write), verb
            assert_hides(caught.value, "384756", "456789")
            if fault == "http_429":
                assert caught.value.retry_after == 7.0
            await world.control("DELETE", "faults")
            world.pass_time()

    in_world(transport, use)


@over_both
def test_an_answer_that_is_lost_after_the_write(transport: str) -> None:
    """The engine's case: the outcome is unknown, the look finds the code by its mark, there is one."""

    async def use(world: World) -> None:
        account, device_id = await start(world)
        await world.fault("drop_answer", method="PUT")
        with pytest.raises(OutcomeUnknown):
            await account.set_access_code(device_id, wish())
        world.pass_time()
        assert [code.mark for code in await account.list_access_codes(device_id)] == ["abc234"]
        writes = (await world.control("GET", "requests"))["writes"]
        assert len(writes) == 1

    in_world(transport, use)


@over_both
def test_nobody_there(transport: str) -> None:
    async def use(world: World) -> None:
        nobody = adapter(world.http, "http://nobody.invalid").account(Credentials(Secret("token")), {})
        for verb in (nobody.list_devices(), nobody.set_access_code(FOREIGN, wish())):
            with pytest.raises(Unreachable):
                await verb

    in_world(transport, use)
