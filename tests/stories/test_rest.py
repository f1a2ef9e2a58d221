"""Whoever has nothing to do does nothing: the engine comes to rest after whatever has happened."""

import asyncio
from pathlib import Path

from ostiary import store
from ostiary.domain.provider import HttpRequest, HttpResponse
from ostiary.transport.in_process import InProcessHttp

from ..behaviours.support import fault
from .standing import StandingHouse

HOME = "john@example.com"


async def test_an_account_that_was_connected_again_comes_to_rest(tmp_path: Path) -> None:
    """Not due at once for ever, by a registration for notices that nobody asked for."""
    home = StandingHouse(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", "nuki")
    await home.open()
    try:
        await home.connect(HOME)
        await fault(home.house, "login_rejected")
        await home.look_again()
        account = await home.house.call("/connected_accounts/get", connected_account_id=home.account_id)
        assert [error["error_code"] for error in account["connected_account"]["errors"]] == [
            "account_disconnected"
        ]
        await home.connect(HOME)
        before = home.drains
        await home.wait(3600)
        assert home.drains - before <= 10, "a poll every ten minutes, and what that brings"
    finally:
        await home.close()


class LoggedInMeanwhile:
    """While the vendor refuses to renew the old login, its owner logs in again."""

    def __init__(self, http: InProcessHttp, home: StandingHouse) -> None:
        self._http, self._home = http, home
        self.login: asyncio.Task[str] | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        answer = await self._http.send(request)
        if request.url.endswith("/oauth/token") and answer.status == 400 and self.login is None:
            before = await self._token()
            self.login = asyncio.create_task(self._home.house.connect(HOME))
            while await self._token() == before:
                await asyncio.sleep(0.001)
        return answer

    async def _token(self) -> str:
        account = await self._home.database.read(store.connected_accounts.find, self._home.account_id)
        assert account is not None
        return account.access_token.reveal()

    async def close(self) -> None:
        await self._http.close()


async def test_a_login_that_is_renewed_by_hand_is_not_cut_off_for_the_old_one(tmp_path: Path) -> None:
    """The refusal is of the old login: the new one stays, and nobody hears of a disconnection."""
    home = StandingHouse(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", "nuki")
    await home.open()
    try:
        await home.connect(HOME)
        await fault(home.house, "login_rejected")
        vendors = home.house.house.vendors
        meanwhile = LoggedInMeanwhile(vendors.simulated, home)
        vendors.simulated = meanwhile  # type: ignore[assignment]  # stands in for it
        await home.look_again()
        await home.wait(60)
        assert meanwhile.login is not None
        assert await meanwhile.login == home.account_id
        account = await home.house.call("/connected_accounts/get", connected_account_id=home.account_id)
        assert account["connected_account"]["errors"] == []
        assert "connected_account.disconnected" not in await home.house.event_types()
    finally:
        await home.close()
