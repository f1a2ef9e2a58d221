"""A home at the simulator whose owner has logged in with webhooks, and who receives them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from ostiary.domain.provider import HttpRequest, HttpResponse, NoAnswer
from ostiary.domain.secrets import Secret
from ostiary.providers.nuki.simulator import Simulator
from ostiary.providers.nuki.simulator.hooks import FEATURES

from .test_simulator_support import BACK, CLIENT_ID, CLIENT_SECRET, HOME, Nuki

TARGET = "https://receiver.example.com/nuki"
ALL_SCOPES = "account smartlock smartlock.action smartlock.auth webhook.decentral"


@dataclass
class Receiver:
    """Whom the simulator tells."""

    status: int | None = 204
    taken: list[HttpRequest] = field(default_factory=list)

    async def send(self, sent: HttpRequest) -> HttpResponse:
        self.taken.append(sent)
        if self.status is None:
            raise NoAnswer("silence")
        return HttpResponse(self.status, {}, b"")

    def bodies(self, feature: str = "") -> list[Any]:
        found = [json.loads(one.body) for one in self.taken]
        return [one for one in found if not feature or feature in (one.get("feature"), one.get("type"))]

    def features(self) -> list[str]:
        return [one.get("feature") or one["type"] for one in self.bodies()]


class Told(Nuki):
    """A home whose owner has logged in with webhooks, and one receiver for everything."""

    def __init__(self, **more: Any) -> None:
        self.receiver = Receiver()
        super().__init__(**more)
        self.app = Simulator(
            self.homes,
            self.clock,
            url="https://nuki.test",
            client_id=CLIENT_ID,
            client_secret=Secret(CLIENT_SECRET),
            redirect_uris=(BACK,),
            http=self.receiver,
        )

    async def log_in(self, scopes: str = ALL_SCOPES, home: str = HOME) -> str:
        """An access token with these scopes."""
        asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": BACK, "scope": scopes}
        url = f"/oauth/authorize?{urlencode(asked)}"
        page = await self.form(url, email=home, password="1234", decision="login")
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
        assert ticket, page.text
        back = await self.form(url, ticket=ticket[1], decision="allow")
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        answer = await self.form(
            "/oauth/token",
            grant_type="authorization_code",
            code=code,
            redirect_uri=BACK,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
        )
        return str(answer.json["access_token"])

    async def register(self, url: str = TARGET, features: Any = FEATURES) -> Any:
        wanted = {"webhookUrl": url, "webhookFeatures": list(features)}
        reply = await self.call("PUT", "/api/decentralWebhook", wanted)
        assert reply.status == 200, reply.text
        return reply.json

    async def user(self) -> int:
        """Whom a key may belong to."""
        made = await self.call("PUT", "/account/user", {"email": "guest@example.com", "name": "Guest"})
        return int(made.json["accountUserId"])

    async def settled(self) -> list[str]:
        """Features in the order in which they came, when nothing is under way any more."""
        courier = self.app.courier
        assert courier is not None
        while courier._rounds:
            await asyncio.sleep(0)
        return self.receiver.features()

    async def moved(self, seconds: float) -> list[str]:
        """What comes while time passes, without anybody asking."""
        self.receiver.taken.clear()
        self.clock.move(seconds)
        await self.app.pass_time(self.home)
        return await self.settled()


@asynccontextmanager
async def told(**more: Any) -> AsyncIterator[Told]:
    nuki = Told(**more)
    nuki.token = await nuki.log_in()
    try:
        yield nuki
    finally:
        await nuki.app.close()
