"""Lists: every page of them, in whichever form, from the address that we know and no other (8.1)."""

import asyncio
from typing import Any

import pytest
from tests.provider_contract.worlds import opened

from ostiary.domain.errors import OutcomeUnknown, RateLimited, Unreachable
from ostiary.domain.provider import Credentials
from ostiary.domain.secrets import Secret

from .test_adapter_support import BRAND, MARK, Canned, Site, adapter, at_site, look, main_site

SITE = "11111111-1111-4111-8111-000000000001"
LOCK = {"id": "l1", "customer_reference": "Door", "lock_type": "wall_reader_pin"}
MANY = main_site(seats=1000)


@at_site(MANY, over=["in_process"])
async def test_a_code_is_found_behind_hundreds_of_users_and_groups(site: Site) -> None:
    """Ours are made last, so they are on the last page of each list."""
    for number in range(205):
        await site.admin("add", f"Guest {number}")
        await site.api("POST", "/access_groups", {"customer_reference": f"Group {number}"})
    held = await site.programmed()
    since = site.count()
    assert (await site.entry()).is_exact
    assert site.calls(since).count("GET users") == 3
    assert site.calls(since).count("GET access_groups") == 3
    assert await site.parts() == site.whole
    assert await site.change(held) is None
    await site.remove()
    assert await look(site.account, site.device) == {}
    assert len((await site.cloud())["groups"]) == 205


@at_site(over=["in_process"])
async def test_a_list_is_asked_for_in_large_pages(site: Site) -> None:
    since = site.count()
    await site.account.list_devices()
    lists = [r.url for r in site.world.line.requests[since:] if r.url.endswith("100")]
    assert len(lists) == 4
    assert all("%24top=100" in url for url in lists)


@at_site(main_site(locks=[{"name": f"Door {number}"} for number in range(230)]), door="Door 229")
async def test_every_page_is_asked_of_the_address_that_we_know(site: Site) -> None:
    """The links of a list are absolute; our token goes to nobody but the vendor's own address."""
    since = site.count()
    devices = await site.account.list_devices()
    assert [device.name for device in devices] == [f"Door {number}" for number in range(230)]
    pages = [r.url for r in site.world.line.requests[since:] if "/locks?" in r.url]
    assert len(pages) == 3
    assert all(url.startswith(f"{site.world.url}/v1.2/sites/") for url in pages)


def test_a_link_that_says_http_or_another_host_is_followed_to_our_own() -> None:
    async def run() -> None:
        for link in (
            f"http://connect.my-clay.com/v1.2/sites/{SITE}/locks?$top=1&$skip=1",
            f"https://evil.example/v1.2/sites/{SITE}/locks?$top=1&$skip=1",
            f"//evil.example/v1.2/sites/{SITE}/locks?$top=1&$skip=1",
        ):
            vendor = Canned(
                {
                    "skip=1": (200, {"items": [{**LOCK, "id": "l2"}]}),
                    "/locks": (200, {"items": [LOCK], "next_page_link": link, "count": None}),
                    "/iqs": (200, {"items": []}),
                    "/subscription": (200, {"features": []}),
                    f"/sites/{SITE}": (200, {"id": SITE}),
                }
            )
            devices = await vendor.account(SITE).list_devices()
            assert [device.vendor_device_id for device in devices] == [f"{SITE}/l1", f"{SITE}/l2"]
            assert {request.url.partition("/v1")[0] for request in vendor.requests} == {
                "https://connect.my-clay.com"
            }
            tokens = {request.headers["Authorization"] for request in vendor.requests}
            assert tokens == {"Bearer token"}

    asyncio.run(run())


def test_below_a_path_the_links_path_is_not_doubled() -> None:
    async def run() -> None:
        base = "https://proxy.example/salto"
        vendor = Canned(
            {
                "skip=1": (200, {"items": [{**LOCK, "id": "l2"}]}),
                "/locks": (200, {"items": [LOCK], "next_page_link": f"{base}/v1.2/sites/s/locks?$skip=1"}),
                "/iqs": (200, []),
                "/subscription": (200, {}),
                "/sites/s": (200, {"id": "s"}),
            }
        )
        account = adapter(vendor, api_url=base).account(Credentials(Secret("t")), {"site_ids": ["s"]})
        assert len(await account.list_devices()) == 2
        assert [r.url for r in vendor.requests if "skip" in r.url] == [f"{base}/v1.2/sites/s/locks?$skip=1"]

    asyncio.run(run())


def test_a_simulator_that_is_reached_by_https_gives_http_links_and_is_read_to_the_end() -> None:
    """The world of this test is in process; only the address says https."""

    async def run() -> None:
        async with opened(BRAND, "in_process", origin="https://salto.test") as world:
            world.home = "sites@example.com"
            locks = [{"name": f"Door {number}"} for number in range(101)]
            await world.control("POST", "homes", sites=[main_site(locks=locks)])
            account = await world.account()
            assert len(await account.list_devices()) == 101

    asyncio.run(run())


@at_site()
async def test_a_list_may_be_a_bare_array(site: Site) -> None:
    await site.control("POST", "limits", bare_site_list=True)
    assert await (await site.world.account()).list_devices()


def test_an_empty_list_and_an_empty_array_are_empty() -> None:
    async def run(users: Any) -> None:
        vendor = Canned(
            {
                "/users": (200, users),
                "/access_groups": (200, users),
                "/locks/l1": (200, {**LOCK, "iq": {"id": "q1"}}),
                "/iqs/q1": (200, {"id": "q1", "time_zone": "Europe/Berlin"}),
            }
        )
        assert await vendor.account("s").list_access_codes("s/l1") == []

    answers: list[Any] = [[], {"items": []}, {"items": [], "next_page_link": None, "count": 0}]
    for empty in answers:
        asyncio.run(run(empty))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"{}",
        b'{"items":null}',
        b'{"items":[{"name":"no id"}]}',
        b"[1]",
        b'{"items":[{"id":7}]}',
        b"\xff",
    ],
)
def test_a_list_that_is_not_readable_is_not_empty(body: bytes) -> None:
    """An account whose devices vanish from an answer must not lose them."""

    async def run() -> None:
        vendor = Canned(
            {
                "/locks": (200, body),
                "/iqs": (200, {"items": []}),
                "/subscription": (200, {}),
                "/sites/s": (200, {"id": "s"}),
            }
        )
        with pytest.raises(Unreachable) as caught:
            await vendor.account("s").list_devices()
        assert type(caught.value) is Unreachable

    asyncio.run(run())


def test_a_list_that_goes_in_circles_ends() -> None:
    async def run() -> None:
        circle = {"items": [LOCK], "next_page_link": "https://connect.my-clay.com/v1.2/sites/s/locks?$skip=1"}
        vendor = Canned(
            {
                "/locks": (200, circle),
                "/iqs": (200, {"items": []}),
                "/subscription": (200, {}),
                "/sites/s": (200, {"id": "s"}),
            }
        )
        with pytest.raises(Unreachable):
            await vendor.account("s").list_devices()
        assert len(vendor.requests) < 200

    asyncio.run(run())


# --- the limit ------------------------------------------------------------------------------------------


@at_site(over=["in_process"])
async def test_a_code_is_made_in_spite_of_the_limit_on_requests(site: Site) -> None:
    """Eight a second are let in, and a code takes more: what is refused for a moment is asked again."""
    await site.control("POST", "limits", requests_per_second=8)
    await site.set(site.wish())
    await site.control("POST", "limits", requests_per_second=0)
    statuses = [line["status"] for line in (await site.control("GET", "requests"))["requests"]]
    assert 429 in statuses
    site.pass_time(60)
    await site.completed(site.wish())
    assert await site.parts() == site.whole


@at_site(over=["in_process"])
async def test_a_limit_that_asks_for_more_than_a_moment_is_the_engines(site: Site) -> None:
    await site.world.fault("http_429", seconds=30)
    since = site.count()
    with pytest.raises(RateLimited) as caught:
        await site.look_again()
    assert caught.value.retry_after == 30.0
    assert site.count() == since + 1
    await site.world.fault("http_429", seconds=30, match={"method": "POST", "route": "*/access_groups"})
    with pytest.raises(OutcomeUnknown):
        await site.set(site.wish())  # the user is made already
    assert MARK in await look(site.account, site.device)
