"""One-time passwords: activating an IQ, opening with them, and what goes wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ostiary.providers.salto_ks.simulator.otp import one_time_password

from .test_simulator_support import Salto, message, refused, run, value


class Hub:
    """The second site of Jane's, whose IQ asks for one-time passwords."""

    def __init__(self, salto: Salto, site: str, iq: str, lock: str) -> None:
        self.salto, self.site, self.iq, self.lock = salto, site, iq, lock
        self.path = f"{site}/iqs/{iq}"
        self.secret = self.pin = ""

    @classmethod
    async def enter(cls) -> "Hub":
        salto = await Salto().enter()
        site = await salto.site("Second Site")
        return cls(salto, site, await salto.iq(site), await salto.lock(site=site))

    async def fetch(self) -> None:
        """Secret and IQ PIN, without the last step."""
        self.secret = value(await self.salto.call("GET", f"{self.path}/secret"))["secret"]
        sent = await self.salto.send(
            "GET", f"{self.path}/pin?send_email=true", {"Authorization": f"Bearer {self.salto.token}"}
        )
        assert (sent.status, sent.body) == (204, b"")
        mail = (await self.salto.control("GET", "inbox"))["inbox"][-1]
        assert mail["to"] == self.salto.home
        self.pin = mail["iq_pin"]

    async def activate(self) -> "Hub":
        await self.fetch()
        assert (await self.put(delta="0000")).status == 204
        return self

    async def put(self, otp: str | None = None, delta: str = "0000") -> Any:
        return await self.salto.call("PUT", f"{self.path}/pin", {"otp": otp or self.otp(), "delta": delta})

    def otp(self, seconds: float = 0, secret: str | None = None, pin: str | None = None) -> str:
        at = self.salto.clock.now + timedelta(seconds=seconds)
        return one_time_password(at, secret or self.secret, pin or self.pin)

    def wrong(self) -> str:
        """Wrong, and not right for any second of the window either."""
        return "zzzzz"

    async def locking(self, otp: str | None = None, state: str = "unlocked") -> Any:
        body = {"locked_state": state} if otp is None else {"locked_state": state, "otp": otp}
        return await self.salto.call("PATCH", f"{self.site}/locks/{self.lock}/locking", body)


def test_the_vector_of_the_reference() -> None:
    at = datetime(2030, 5, 1, 13, 5, 10, tzinfo=UTC)
    assert one_time_password(at, "0123456789ABCDEF", "0042") == "3972e"


@run
async def test_the_four_steps_to_an_open_door() -> None:
    hub = await Hub.enter()
    salto = hub.salto
    activated = f"/v1.2/me/{hub.site.rpartition('/')[2]}/activated_iqs"
    assert refused(await hub.locking()) == (404, "2202")
    assert message(await hub.locking("00000")) == "Otp is invalid"
    assert await salto.items(activated) == []
    secret = value(await salto.call("GET", f"{hub.path}/secret"))["secret"]
    assert len(secret) == 16
    assert await salto.items(activated) == [{"iq_id": hub.iq, "activated": False, "activation_date": None}]
    reply = await hub.locking(hub.otp(secret=secret, pin="0000"))
    assert refused(reply) == (404, "3104")
    assert message(reply) == "Cannot find pin for accessor"
    await hub.fetch()
    assert hub.secret == secret
    reply = await hub.locking(hub.otp())
    assert refused(reply) == (400, "3102")
    assert message(reply) == "Request execution failed with code: pin_not_changed"
    assert (await hub.put()).status == 204
    assert await salto.items(activated) == [
        {"iq_id": hub.iq, "activated": True, "activation_date": "2026-03-01T12:00:00Z"}
    ]
    me = value(await salto.call("GET", f"{hub.site}/me"))["id"]
    listed = await salto.items(f"{hub.site}/users/{me}/activated_iqs")
    assert listed == [{"id": hub.iq, "customer_reference": "IQ 02", "otp_enabled": True}]
    assert value(await hub.locking(hub.otp()))["locked_state"] == "unlocked"


@run
async def test_what_can_be_had_only_before_the_activation() -> None:
    hub = await (await Hub.enter()).activate()
    salto = hub.salto
    reply = await salto.call("GET", f"{hub.path}/secret")
    assert refused(reply) == (403, "2203")
    assert message(reply) == "Cannot get first secret for an already activated Iq."
    reply = await salto.call("GET", f"{hub.path}/pin")
    assert (reply.status, "command_forbidden" in message(reply)) == (403, True)
    headers = {"Authorization": f"Bearer {salto.token}"}
    assert refused(await salto.send("GET", f"{hub.path}/secret?otp={hub.otp()}", headers)) == (403, "2203")
    me = value(await salto.call("GET", "/v1.2/me"))["id"]
    reply = await salto.call("DELETE", f"{hub.path}/pin/{me}")
    assert (refused(reply), message(reply)) == ((400, "1100"), "The otp field is required.")
    assert (await salto.call("DELETE", f"{hub.path}/pin/{me}", {"otp": hub.otp()})).status == 204
    assert refused(await hub.locking(hub.otp())) == (404, "2202")
    assert (await hub.activate()).secret


@run
async def test_reading_the_secret_is_saved() -> None:
    hub = await Hub.enter()
    await hub.fetch()
    other = Salto(homes=hub.salto.homes, clock=hub.salto.clock)
    other.token, other._renew_at = hub.salto.token, hub.salto._renew_at
    assert value(await other.call("GET", f"{hub.path}/secret"))["secret"] == hub.secret
    assert [mail["iq_pin"] for mail in (await other.control("GET", "inbox"))["inbox"]] == [hub.pin]


@run
async def test_without_the_mail_it_is_a_message_to_the_telephone() -> None:
    hub = await Hub.enter()
    await hub.salto.call("GET", f"{hub.path}/secret")
    assert (await hub.salto.call("GET", f"{hub.path}/pin")).status == 204
    assert (await hub.salto.control("GET", "inbox"))["inbox"][-1]["channel"] == "sms"


@run
async def test_a_password_is_good_for_three_minutes_and_more_than_once() -> None:
    hub = await (await Hub.enter()).activate()
    for seconds in (-180, -1, 0, 0, 180):
        value(await hub.locking(hub.otp(seconds)))
    for seconds in (-181, 181):
        reply = await hub.locking(hub.otp(seconds))
        assert refused(reply) == (400, "3102")
        assert message(reply) == "Request execution failed with code: otp_invalid"


@run
async def test_the_eighth_wrong_one_blocks_for_twenty_minutes() -> None:
    hub = await (await Hub.enter()).activate()
    assert [(await hub.locking(hub.wrong())).status for _ in range(7)] == [400] * 7
    value(await hub.locking(hub.otp()))  # a right one begins the count anew
    assert [(await hub.locking(hub.wrong())).status for _ in range(8)] == [400] * 7 + [403]
    reply = await hub.locking(hub.otp())
    assert (refused(reply), "otp_blocked" in message(reply)) == ((403, "3102"), True)
    assert (await hub.put()).status == 204  # counted by command
    hub.salto.clock.move(20 * 60 - 1)
    assert (await hub.locking(hub.otp())).status == 403
    hub.salto.clock.move(1)
    value(await hub.locking(hub.otp()))


@run
async def test_a_delta_ruins_the_pin() -> None:
    hub = await (await Hub.enter()).activate()
    assert (await hub.put(delta="0000")).status == 204
    assert (await hub.put(delta="1234")).status == 204
    assert refused(await hub.locking(hub.otp())) == (400, "3102")
    old = [int(digit) for digit in hub.pin]
    digitwise = "".join(str((one - less) % 10) for one, less in zip(old, (1, 2, 3, 4), strict=True))
    numeric = f"{(int(hub.pin) + 1234) % 10000:04d}"
    assert [(await hub.locking(hub.otp(pin=pin))).status for pin in (digitwise, numeric)] == [400, 400]
    for delta in ("12", "abcd", "12345"):
        assert refused(await hub.put("00000", delta)) == (400, "1101")
    assert refused(await hub.salto.call("PUT", f"{hub.path}/pin", {"delta": "0000"})) == (400, "1100")


@run
async def test_the_app_takes_the_secret_away_and_a_reset_everything() -> None:
    hub = await (await Hub.enter()).activate()
    await hub.salto.control("POST", "iq", iq_id=hub.iq, activate_in_app=True)
    assert refused(await hub.locking(hub.otp())) == (400, "3102")
    held = await hub.salto.control("POST", "iq", iq_id=hub.iq, reset=True)
    assert (held["restore_required"], held["reset_date"]) == (True, "2026-03-01T12:00:00Z")
    assert refused(await hub.locking(hub.otp())) == (404, "2202")
    assert (await hub.salto.call("POST", f"{hub.path}/restore")).status == 204
    assert value(await hub.salto.call("GET", hub.path))["restore_required"] is False
    await hub.activate()
    value(await hub.locking(hub.otp()))


@run
async def test_the_way_to_a_door_behind_an_offline_iq() -> None:
    hub = await (await Hub.enter()).activate()
    await hub.salto.control("POST", "iq", iq_id=hub.iq, online=False)
    reply = await hub.locking(hub.otp())
    assert (refused(reply), "iq_offline" in message(reply)) == ((400, "3102"), True)
    assert refused(await hub.locking()) == (404, "2202")
    reply = await hub.put()
    assert (refused(reply), "iq_offline" in message(reply)) == ((400, "3102"), True)
