"""Nuki's log read to the end: page borders, lines of one instant, servers that page in ways of their own."""

import asyncio
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.domain.errors import LoginExpired, NoSuchObject, NotPermitted, RateLimited, Unreachable
from ostiary.domain.provider import (
    Account,
    Credentials,
    HttpRequest,
    HttpResponse,
    ProviderHttp,
    RecentEntries,
)
from ostiary.domain.secrets import Secret

from .test_adapter_support import Canned, World, adapter, in_world, over_both

SECOND = timedelta(seconds=1)
CREDENTIALS = Credentials(Secret("token"))


async def make_lines(world: World, device_id: str, count: int, every: timedelta) -> None:
    """So many turns of the knob, each a line."""
    for n in range(count):
        turned = n % 2 == 0
        await world.control("POST", "device", smartlock_id=int(device_id), locked=not turned)
        world.now += every


def asked(world: World) -> list[dict[str, list[str]]]:
    """The queries of calls for a log, and forget them."""
    urls = [urlsplit(request.url) for request in world.taken if "/log" in request.url]
    world.taken.clear()
    return [parse_qs(url.query) for url in urls]


def whole(entries: Any, count: int) -> bool:
    """So many lines, each once, newest first, locked and unlocked by turns."""
    dates = [each.occurred_at for each in entries]
    return (
        len({each.entry_id for each in entries}) == len(entries) == count
        and dates == sorted(dates, reverse=True)
        and sum(each.kind == "locked" for each in entries) == count // 2
    )


@pytest.mark.parametrize("every", [SECOND, timedelta(0)], ids=["apart", "one instant"])
@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 49, 50, 51, 100, 120])
@over_both
def test_the_whole_log_over_page_borders(transport: str, count: int, every: timedelta) -> None:
    async def use(world: World) -> None:
        account, lock = await world.account(), await world.device_id("Front door")
        begin = world.now
        await make_lines(world, lock, count, every)
        asked(world)
        assert whole(await account.entries_since(lock, begin), count)
        assert len(asked(world)) <= 2 + count // 49 + (4 if every == timedelta(0) else 0)

    in_world(transport, use)


@over_both
def test_borders_through_lines_of_one_instant(transport: str) -> None:
    """Instants with eight lines each: some stand on both sides of a border."""

    async def use(world: World) -> None:
        account, lock = await world.account(), await world.device_id("Front door")
        begin = world.now
        for _ in range(18):
            await make_lines(world, lock, 8, timedelta(0))
            world.now += SECOND
        entries = await account.entries_since(lock, begin)
        assert len({each.entry_id for each in entries}) == len(entries) == 8 * 18
        assert {each.vendor_device_id for each in entries} == {lock}

    in_world(transport, use)


@over_both
def test_no_more_is_read_than_is_asked_for(transport: str) -> None:
    async def use(world: World) -> None:
        account, lock = await world.account(), await world.device_id("Front door")
        await make_lines(world, lock, 120, SECOND)
        asked(world)
        begin = world.now - 10 * SECOND
        entries = await account.entries_since(lock, begin)
        assert sum(each.occurred_at >= begin for each in entries) == 10
        assert asked(world) == [{"limit": ["50"]}]

    in_world(transport, use)


@over_both
def test_the_end_of_the_log_of_all_devices(transport: str) -> None:
    async def use(world: World) -> None:
        account, lock = await world.account(), await world.device_id("Front door")
        other = next(d.vendor_device_id for d in await account.list_devices() if d.vendor_device_id != lock)
        asked(world)
        recent = await account.recent_entries()
        assert recent == RecentEntries([], None)
        await world.control("POST", "device", smartlock_id=int(other), door="open")
        world.now += SECOND
        await make_lines(world, lock, 18, SECOND)
        recent = await account.recent_entries()
        assert recent is not None
        assert (len(recent.entries), recent.complete_after) == (19, None)
        assert {each.vendor_device_id for each in recent.entries} == {lock, other}
        await make_lines(world, lock, 60, SECOND)
        recent = await account.recent_entries()
        assert recent is not None
        assert (len(recent.entries), recent.complete_after) == (50, world.now - 50 * SECOND)
        assert asked(world) == [{"limit": ["50"]}] * 3

    in_world(transport, use)


@over_both
def test_what_a_lock_did_offline_comes_when_it_is_back(transport: str) -> None:
    async def use(world: World) -> None:
        account, lock = await world.account(), await world.device_id("Front door")
        begin = world.now
        await world.control("POST", "device", smartlock_id=int(lock), online=False)
        await make_lines(world, lock, 130, SECOND)
        assert await account.entries_since(lock, begin) == []
        await world.control("POST", "device", smartlock_id=int(lock), online=True)
        assert whole(await account.entries_since(lock, begin), 130)

    in_world(transport, use)


# --- servers with ways of their own -------------------------------------------------------------------


class Pager:
    """
    Between us and Nuki: takes parameters away, or changes the page.

    Args:
        without: Parameters that the server ignores.
        is_shallow: What comes by cursor is empty.
        is_exclusive: `toDate` itself is not shown.
    """

    def __init__(
        self,
        http: ProviderHttp,
        *without: str,
        is_shallow: bool = False,
        is_exclusive: bool = False,
    ) -> None:
        self.http = http
        self.without = without
        self.is_shallow = is_shallow
        self.is_exclusive = is_exclusive
        self.calls = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        url = request.url
        if "/log?" in url:
            self.calls += 1
            if self.is_shallow and "&id=" in url:
                return HttpResponse(200, {}, b"[]")
            for name in self.without:
                url = re.sub(rf"&{name}=[^&]*", "", url)
            if self.is_exclusive and "toDate=" in url:
                url = re.sub(r"(\d{3})Z(?=&|$)", lambda found: f"{int(found[1]) - 1:03}Z", url)
        return await self.http.send(HttpRequest(request.method, url, request.headers, request.body))


async def through(world: World, pager: Pager) -> Account:
    login = await world.log_in()
    return adapter(pager, world.url).account(login.credentials, login.settings)


@pytest.mark.parametrize("count", [49, 50, 51, 120])
@pytest.mark.parametrize(
    ("without", "how"),
    [(("id",), {}), ((), {"is_shallow": True}), (("id",), {"is_exclusive": True}), (("limit",), {})],
    ids=["no cursor", "shallow cursor", "exclusive date", "no limit"],
)
@over_both
def test_where_the_cursor_leads_nowhere_dates_do(
    transport: str, without: tuple[str, ...], how: dict[str, bool], count: int
) -> None:
    async def use(world: World) -> None:
        pager = Pager(world.http, *without, **how)
        account, lock = await through(world, pager), await world.device_id("Front door")
        begin = world.now
        await make_lines(world, lock, count, SECOND)
        assert whole(await account.entries_since(lock, begin), count)
        assert pager.calls <= 9

    in_world(transport, use)


@over_both
def test_a_server_that_gives_fifty_lines_and_no_more(transport: str) -> None:
    """Nothing can be done about the rest, but it comes to an end."""

    async def use(world: World) -> None:
        pager = Pager(world.http, "id", "toDate")
        account, lock = await through(world, pager), await world.device_id("Front door")
        begin = world.now
        await make_lines(world, lock, 70, SECOND)
        assert len(await account.entries_since(lock, begin)) == 50
        assert pager.calls == 5

    in_world(transport, use)


# --- who may read it --------------------------------------------------------------------------------------


@over_both
def test_the_login_asks_for_the_log_and_keeps_what_was_granted(transport: str) -> None:
    async def use(world: World) -> None:
        login = await world.log_in()
        assert "smartlock.log" in login.settings["scopes"]
        account = world.adapter.account(login.credentials, login.settings)
        devices = await account.list_devices()
        assert all(device.properties["has_native_entry_events"] is True for device in devices)
        assert await account.get_device(devices[0].vendor_device_id) == devices[0]

    in_world(transport, use)


@pytest.mark.parametrize("settings", [{}, {"scopes": ["account", "smartlock.readOnly"]}])
@over_both
def test_a_login_without_the_log_is_not_asked_for_it(transport: str, settings: dict[str, Any]) -> None:
    async def use(world: World) -> None:
        account = world.adapter.account((await world.log_in()).credentials, settings)
        devices = await account.list_devices()
        asked(world)
        assert await account.recent_entries() is None
        assert list(await account.entries_since(devices[0].vendor_device_id, world.now)) == []
        assert asked(world) == []
        assert all(device.properties["has_native_entry_events"] is False for device in devices)

    in_world(transport, use)


@over_both
def test_a_token_that_lacks_the_scope_is_still_good(transport: str) -> None:
    """1.1: Nuki says 401 to it, as to a login that has ended."""

    async def use(world: World) -> None:
        query = await world.answer_of_login(without="smartlock.log")
        login = await world.finish_login(query)
        assert "smartlock.log" not in login.settings["scopes"]
        assert await world.adapter.account(login.credentials, login.settings).recent_entries() is None
        pretending = world.adapter.account(login.credentials, {"scopes": ["smartlock.log"]})
        with pytest.raises(NotPermitted):
            await pretending.recent_entries()
        lock = await world.device_id("Front door")
        with pytest.raises(NotPermitted):
            await pretending.entries_since(lock, world.now)
        assert len(await pretending.list_devices()) == 3

    in_world(transport, use)


@over_both
def test_a_login_that_has_ended_since_the_list_was_read_is_no_lack_of_a_scope(transport: str) -> None:
    """It is renewed, and the log is read."""

    async def use(world: World) -> None:
        account, lock = await world.account(), await world.device_id("Front door")
        world.now += timedelta(hours=2)
        with pytest.raises(LoginExpired):
            await account.recent_entries()
        with pytest.raises(LoginExpired):
            await account.entries_since(lock, world.now)

    in_world(transport, use)


@over_both
def test_trouble_is_told_apart(transport: str) -> None:
    async def use(world: World) -> None:
        account, lock = await world.account(), await world.device_id("Front door")
        for fault, error in (
            ("http_503", Unreachable),
            ("http_429", RateLimited),
            ("drop_answer", Unreachable),
        ):
            await world.fault(fault, route="/smartlock/log")
            with pytest.raises(error):
                await account.recent_entries()
        with pytest.raises(NoSuchObject):
            await account.entries_since(str(int(lock) + 1), world.now)

    in_world(transport, use)


def test_lines_out_of_order_do_not_pretend_to_reach_far() -> None:
    """A line that came late stands last: only the newest instant is safe then."""
    lines = [f'{{"id":"{n}","smartlockId":17622208036,"date":"2026-07-01T12:00:{n:02}Z"}}' for n in range(20)]
    body = f"[{','.join(reversed(lines))}]".encode()
    shuffled = f"[{','.join([*reversed(lines[1:]), lines[0], lines[1].replace(':01Z', ':30Z')])}]".encode()

    async def newest(body: bytes) -> RecentEntries | None:
        vendor = Canned(200, body)
        return await vendor.adapter().account(CREDENTIALS, {"scopes": ["smartlock.log"]}).recent_entries()

    in_order, out_of_order = asyncio.run(newest(body)), asyncio.run(newest(shuffled))
    assert isinstance(in_order, RecentEntries)
    assert isinstance(out_of_order, RecentEntries)
    assert in_order.complete_after is not None
    assert in_order.complete_after.second == 0
    assert out_of_order.complete_after is not None
    assert out_of_order.complete_after.second == 30
