"""
The two stories of the vendor's forum, threads 55 and 54, in the calls in which they are told there.

Their bodies end lines with a backslash inside the quotes, write numbers as text now and then, and
disable with `enable`.
"""

import pytest

from .test_simulator_support import Nuki, run


def told(*lines: str) -> bytes:
    r"""A body over several lines, each but the last ended with ` \` as it stands in the forum."""
    return " \\\n".join(lines).encode()


@pytest.mark.parametrize("word", ["enable", "enabled"])
@run
async def test_an_invited_key(word: str) -> None:
    nuki = await Nuki().enter()
    lock = (await nuki.call("GET", "/smartlock")).json[0]["smartlockId"]
    body = told("{", '"email": "guest@example.org",', '"name": "Guest"', "}")
    assert (await nuki.call("PUT", "/account/user", body)).status == 200
    (user,) = (await nuki.call("GET", "/account/user")).json
    number = user["accountUserId"]

    body = told(
        "{",
        '"name": "Holiday",',
        '"allowedFromDate": "2026-03-02T10:00:00Z",',
        '"allowedUntilDate": "2026-03-09T10:00:00Z",',
        '"allowedWeekDays": 127,',
        '"allowedFromTime": 0,',
        '"allowedUntilTime": 0,',
        f'"accountUserId": "{number}",',
        f'"smartlockIds": ["{lock}"],',
        '"remoteAllowed": true,',
        '"smartActionsEnabled": true',
        "}",
    )
    created = await nuki.call("PUT", "/smartlock/auth", body)
    assert (created.status, created.body) == (204, b"")
    nuki.clock.move(10)
    (mail,) = (await nuki.control("GET", "inbox"))["inbox"]
    assert mail["to"] == "guest@example.org"
    await nuki.control("POST", "redeem", code=mail["invite_code"])

    listed = (await nuki.call("GET", f"/smartlock/{lock}/auth")).json
    key = next(one for one in listed if one["name"] == "Holiday")
    assert (key["type"], key["accountUserId"], key["remoteAllowed"]) == (0, number, True)
    path = f"/smartlock/{lock}/auth/{key['id']}"
    body = told("{", '"name": "Weekend",', '"type": 0,', '"allowedWeekDays": 3', "}")
    assert (await nuki.call("POST", path, body)).status == 204
    nuki.clock.move(10)
    edited = (await nuki.call("GET", path)).json
    assert (edited["name"], edited["allowedWeekDays"]) == ("Weekend", 3)
    assert "allowedFromDate" not in edited

    for value in (False, True):
        assert (await nuki.call("POST", path, {word: value})).status == 204
        nuki.clock.move(10)
        assert (await nuki.call("GET", path)).json["enabled"] is value
    assert (await nuki.call("DELETE", path)).status == 204
    nuki.clock.move(10)
    assert (await nuki.call("GET", path)).status == 403
    assert (await nuki.call("DELETE", f"/account/user/{number}")).status == 204
    nuki.clock.move(10)
    assert (await nuki.call("GET", "/account/user")).json == []


@run
async def test_a_pin() -> None:
    nuki = await Nuki().enter()
    lock = (await nuki.call("GET", "/smartlock")).json[0]["smartlockId"]
    create = b'{ "name": "Cleaner",\n"type": 13, "code": 384756 }'
    created = await nuki.call("PUT", f"/smartlock/{lock}/auth", create)
    assert (created.status, created.body) == (204, b"")
    assert await nuki.codes(lock) == {}
    nuki.clock.move(10)
    path = f"/smartlock/{lock}/auth/{(await nuki.codes(lock))['Cleaner']['id']}"

    steps = (
        (b'{ "name": "Help",\n"code": "495867" }', {"name": "Help", "code": 495867}),
        (
            b'{ "type": "13", "allowedFromDate": "2026-03-01T00:00Z", "allowedWeekDays": 62 }',
            {"allowedFromDate": "2026-03-01T00:00:00.000Z", "allowedWeekDays": 62, "name": "Help"},
        ),
        (b'{ "enable": false }', {"enabled": False}),
        (b'{ "enabled": true, "enable": false }', {"enabled": True}),
    )
    for body, expected in steps:
        changed = await nuki.call("POST", path, body)
        assert (changed.status, changed.body) == (204, b"")
        nuki.clock.move(10)
        now = (await nuki.call("GET", path)).json
        assert {name: now[name] for name in expected} == expected
    assert (await nuki.call("PUT", f"/smartlock/{lock}/sync")).status == 204
    nuki.clock.move(10)
    assert (await nuki.call("DELETE", path)).status == 204
    nuki.clock.move(10)
    assert await nuki.codes(lock) == {}


@run
async def test_a_backslash_elsewhere_is_still_unreadable() -> None:
    nuki = await Nuki().enter()
    for body in (b'{ \\ "name": "x" }', b'{ \\\n"name": \\', b"{ \\\n'name': 'x' }"):
        assert (await nuki.call("PUT", "/account/user", body)).status == 422
