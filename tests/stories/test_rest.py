"""Whoever has nothing to do does nothing: the engine comes to rest after whatever has happened."""

from pathlib import Path

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
