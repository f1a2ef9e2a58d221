"""PINs: told once, renewed, chosen by oneself, and refused by a door that knows whose they are."""

from typing import Any

import pytest

from .test_simulator_support import refused, run, small_site, value


@run
async def test_a_pin_is_told_once_and_never_again() -> None:
    salto = await small_site()
    lock = await salto.lock()
    user, digits = await salto.guest(lock)
    path = f"{await salto.site()}/users/{user['id']}"
    assert len(digits) == 6
    assert digits.isdigit()
    assert await salto.items(f"{path}/keys") == [
        {"type": "pin", "key_identifier": "pin", "expiry_date": None, "offline_access": False}
    ]
    site = await salto.site()
    for target in (
        path,
        f"{path}/keys",
        f"{site}/users",
        f"{site}/me",
        f"{site}/access_groups",
        "/v1.2/sites",
    ):
        assert digits.encode() not in (await salto.call("GET", target)).body
    assert (await salto.call("GET", f"{path}/pin")).status == 405
    log = await salto.control("GET", "requests")
    assert digits not in str(log)


@run
async def test_pins_differ_and_may_begin_with_zero() -> None:
    salto = await small_site(seats=2)
    user = await salto.user()
    path = f"{await salto.site()}/users/{user['id']}/pin"
    replies = [await salto.call("PUT", path, {}) for _ in range(80)]
    assert all(reply.headers["content-type"] == "application/json" for reply in replies)
    pins = [value(reply) for reply in replies]
    assert all(isinstance(pin, str) and len(pin) == 6 for pin in pins)
    assert any(pin.startswith("0") for pin in pins)


@pytest.mark.parametrize("digits", [4, 5, 7, 10])
@run
async def test_a_site_may_have_pins_of_another_length(digits: int) -> None:
    salto = await small_site(pin_digits=digits)
    lock = await salto.lock()
    user, first = await salto.guest(lock)
    assert await salto.opens(lock, first) == "ok"
    pins = [first, *[await salto.pin(user) for _ in range(80)]]
    assert {len(pin) for pin in pins} == {digits}
    assert any(pin.startswith("0") for pin in pins)
    assert len(set(pins)) > 70
    given = await salto.control("POST", "owner/users", user=user["id"], do="give_pin")
    assert len(given["digits"]) == digits


@run
async def test_a_pin_may_expire_by_itself() -> None:
    salto = await small_site()
    lock = await salto.lock()
    user, _ = await salto.guest(lock)
    path = f"{await salto.site(version='v1.1')}/users/{user['id']}"
    digits = value(await salto.call("PUT", f"{path}/pin", {"expiry_date": "2026-03-02T00:00:00.000Z"}))
    assert (await salto.items(f"{path}/keys"))[0]["expiry_date"] == "2026-03-02T00:00:00Z"
    salto.clock.move(46)
    assert await salto.opens(lock, digits, "2026-03-01T23:59:59Z") == "ok"
    assert await salto.opens(lock, digits, "2026-03-02T00:00:00Z") == "unknown_code"


@run
async def test_custom_pins_need_the_feature_and_may_be_shared() -> None:
    salto = await small_site(seats=5)
    lock = await salto.lock()
    first, _ = await salto.guest(lock, start_time="08:00:00", end_time="09:00:00")
    second, _ = await salto.guest(lock)
    paths = [f"{await salto.site()}/users/{user['id']}/pin/custom" for user in (first, second)]
    assert refused(await salto.call("PUT", paths[0], {"pin": "1234"})) == (403, "2212")
    await salto.control("POST", "site", features=["custom_pin"])
    for pin in ("123", "1234567", "12a4", ""):
        assert refused(await salto.call("PUT", paths[0], {"pin": pin})) == (400, "1101")
    assert refused(await salto.call("PUT", paths[0], {})) == (400, "1100")
    assert [value(await salto.call("PUT", path, {"pin": "0123"})) for path in paths] == ["0123", "0123"]
    salto.clock.move(46)
    assert await salto.opens(lock, "0123", "2026-03-01T12:00:00Z") == "ok"  # as the second


@run
async def test_no_pins_where_the_site_has_them_switched_off() -> None:
    salto = await small_site()
    lock = await salto.lock()
    user, digits = await salto.guest(lock)
    await salto.control("POST", "site", pin_enabled=False)
    path = f"{await salto.site()}/users/{user['id']}/pin"
    assert refused(await salto.call("PUT", path, {})) == (403, "2203")
    salto.clock.move(46)
    assert await salto.opens(lock, digits) == "unknown_code"


@pytest.mark.parametrize(
    ("change", "reason"), [({"use_pin": False}, "pin_disabled"), ({"blocked": True}, "blocked")]
)
@run
async def test_the_door_knows_whom_it_refuses(change: dict[str, Any], reason: str) -> None:
    salto = await small_site()
    lock, site = await salto.lock(), await salto.site()
    user, digits = await salto.guest(lock)
    value(await salto.call("PATCH", f"{site}/users/{user['id']}", change))
    salto.clock.move(46)
    assert await salto.opens(lock, digits) == reason
    salto.clock.move(2)
    entry = value(await salto.call("GET", f"{site.replace('v1.2', 'v1.1')}/entries"))["items"][0]
    assert (entry["event_category"], entry["event_detail"]) == ("lock_rejected", None)
    assert entry["user_id"] == user["user"]["id"]
    delete = await salto.call("DELETE", f"{site}/users/{user['id']}/pin")
    assert delete.status == 204
    assert refused(await salto.call("DELETE", f"{site}/users/{user['id']}/pin")) == (404, "2202")
