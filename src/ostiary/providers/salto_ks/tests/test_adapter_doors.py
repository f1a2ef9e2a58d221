"""Devices as a look shows them, and doors as we open them."""

from typing import Any

import pytest

from ostiary.domain.errors import LoginRejected, NoSuchObject, Rejected
from ostiary.providers.salto_ks import MANIFEST

from .test_adapter_support import BACK_DOOR, FRONT_DOOR, Site, at_site, main_site

IQ = main_site(iqs=[{"name": "IQ 01"}])


@at_site()
async def test_the_known_sites(site: Site) -> None:
    """The unreleased site is left out, and each lock has its site's id in front of its own."""
    devices = {device.name: device for device in await site.account.list_devices()}
    assert list(devices) == [FRONT_DOOR, BACK_DOOR, "EXTRA DOOR", "SIDE DOOR"]
    flags = {
        name: (
            device.capabilities.can_remotely_lock,
            device.capabilities.can_remotely_unlock,
            device.capabilities.can_program_online_access_codes,
        )
        for name, device in devices.items()
    }
    assert flags[FRONT_DOOR] == flags[BACK_DOOR] == flags["SIDE DOOR"] == (True, True, True)
    assert flags["EXTRA DOOR"][2] is None
    zones = {name: device.time_zone for name, device in devices.items() if name != "EXTRA DOOR"}
    assert zones == {
        FRONT_DOOR: "Europe/Berlin",
        BACK_DOOR: "Europe/Berlin",
        "SIDE DOOR": "America/New_York",
    }
    assert {device.device_type for device in devices.values()} == set(MANIFEST.device_types)
    back = devices[BACK_DOOR]
    assert (back.is_online, back.is_locked, back.battery_level) == (True, True, 1.0)
    assert (back.problems, back.warnings) == ((), ())
    assert back.vendor_device_id.count("/") == 1


@at_site(IQ)
async def test_what_happens_to_a_door_is_seen(site: Site) -> None:
    async def seen(**fields: Any) -> Any:
        await site.control("POST", "device", lock_id=BACK_DOOR, **fields)
        return await site.look_again()

    device = await seen(locked_state="office_mode", battery_level="low")
    assert (device.is_locked, device.battery_level) == (False, 0.25)
    assert [one.warning_code for one in device.warnings] == ["salto_ks_office_mode"]
    device = await seen(locked_state="uncertain", privacy_mode=True, battery_level="unknown")
    assert (device.is_locked, device.battery_level) == (None, None)
    assert [one.warning_code for one in device.warnings] == ["salto_ks_privacy_mode", "privacy_mode"]
    device = await seen(online=False, noticed=True)
    assert (device.is_online, device.problems) == (False, ())
    await seen(online=True)
    await site.control("POST", "iq", iq_id="IQ 01", online=False, noticed=True)
    device = await site.look_again()
    assert not device.is_online
    assert [problem.error_code for problem in device.problems] == ["hub_disconnected"]
    assert device.capabilities.can_program_online_access_codes is True, "being away is not being unable"
    assert device in await site.account.list_devices()


@at_site()
async def test_a_door_opens_for_a_moment_and_the_answer_is_the_doors(site: Site) -> None:
    since = site.count()
    assert await site.account.unlock_door(site.door) is True
    assert site.writes(since) == ["PATCH locks/locking"]
    assert site.world.line.requests[-1].body == b'{"locked_state":"unlocked"}'
    assert (await site.world.steering.truth(BACK_DOOR))["locked"] is False
    assert (await site.look_again()).is_locked is False
    site.pass_time(6)
    assert (await site.world.steering.truth(BACK_DOOR))["locked"] is True, "by itself"
    assert (await site.look_again()).is_locked is True


@at_site()
async def test_locking_ends_what_holds_a_door_open(site: Site) -> None:
    await site.control("POST", "device", lock_id=BACK_DOOR, locked_state="office_mode")
    assert (await site.look_again()).is_locked is False
    assert await site.account.lock_door(site.door) is True
    assert (await site.look_again()).is_locked is True
    assert await site.account.lock_door(site.door) is True, "a locked door is locked"


@at_site(IQ)
@pytest.mark.parametrize("what", ["lock", "iq"])
async def test_a_door_that_is_known_to_be_offline_is_not_asked(site: Site, what: str) -> None:
    verb, name = ("device", {"lock_id": BACK_DOOR}) if what == "lock" else ("iq", {"iq_id": "IQ 01"})
    await site.control("POST", verb, online=False, noticed=True, **name)
    since = site.count()
    with pytest.raises(Rejected) as refused:
        await site.account.unlock_door(site.door)
    assert refused.value.error_code == "device_disconnected"
    assert site.writes(since) == []


@at_site(IQ)
@pytest.mark.parametrize("what", ["lock", "iq"])
async def test_a_door_of_which_nobody_knows_yet_that_it_is_offline_says_so(site: Site, what: str) -> None:
    verb, name = ("device", {"lock_id": BACK_DOOR}) if what == "lock" else ("iq", {"iq_id": "IQ 01"})
    await site.control("POST", verb, online=False, **name)
    with pytest.raises(Rejected) as refused:
        await site.account.unlock_door(site.door)
    assert refused.value.error_code in ("provider_issue", "device_disconnected")
    assert (await site.world.steering.truth(BACK_DOOR))["locked"] is True


@at_site(main_site(remote_access=False))
async def test_without_the_right_of_remote_opening_the_refusal_says_which_right(site: Site) -> None:
    with pytest.raises(Rejected) as refused:
        await site.account.unlock_door(site.door)
    assert "right of remote opening" in str(refused.value)
    assert (await site.world.steering.truth(BACK_DOOR))["locked"] is True


@at_site(door="SIDE DOOR")
async def test_a_door_that_asks_for_one_time_passwords_is_not_asked_without_one(site: Site) -> None:
    since = site.count()
    for verb in (site.account.unlock_door, site.account.lock_door):
        with pytest.raises(Rejected) as refused:
            await verb(site.door)
        assert "one-time password" in str(refused.value)
    assert site.writes(since) == []


@at_site()
async def test_a_door_that_is_not_there_is_unknown_to_every_verb(site: Site) -> None:
    unknown = f"{site.door.partition('/')[0]}/00000000-0000-4000-8000-000000000000"
    for verb in (
        site.account.get_device(unknown),
        site.account.list_access_codes(unknown),
        site.account.set_access_code(unknown, site.wish()),
        site.account.change_access_code(unknown, "x", site.wish()),
        site.account.remove_access_code(unknown, "x"),
        site.account.unlock_door(unknown),
        site.account.lock_door(unknown),
    ):
        with pytest.raises(NoSuchObject):
            await verb


@at_site()
async def test_there_is_nothing_to_synchronise(site: Site) -> None:
    since = site.count()
    await site.account.synchronise(site.door)
    assert site.calls(since) == []


@at_site()
@pytest.mark.parametrize("how", [{"blocked": True}, {"suspended": True}, {"removed": True}])
async def test_whoever_the_site_shuts_out_is_cut_off(site: Site, how: dict[str, bool]) -> None:
    """As Seam says it: the account is disconnected until somebody lets our user in again (9.1)."""
    await site.control("POST", "me", site=site.door.partition("/")[0], **how)
    for verb in (site.account.list_devices(), site.account.list_access_codes(site.door), site.look_again()):
        with pytest.raises(LoginRejected):
            await verb
