"""The page for people: what it shows, what its forms do, and who may send them."""

import contextlib
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from ostiary.domain.secrets import Secret
from ostiary.providers.nuki.simulator import MemoryHomes, ShiftableClock, Simulator

from .test_simulator_support import CLIENT_ID, CLIENT_SECRET, HOME, Nuki, Reply, request, run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


async def _page(nuki: Nuki, query: str = "") -> str:
    reply = await request(nuki.app, "GET", f"/_simulator/{query}")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert reply.headers["x-frame-options"] == "DENY"
    assert "<script" not in reply.text
    return re.sub(r"\s+", " ", reply.text)


async def _send(nuki: Nuki, verb: str, lock: int, **fields: str) -> Reply:
    return await nuki.form(f"/_simulator/{verb}", home=nuki.home, smartlock_id=str(lock), **fields)


@run
async def test_an_empty_cloud_has_a_page_too() -> None:
    assert "No homes yet" in await _page(Nuki())


@run
async def test_it_shows_both_sides_of_a_code_and_where_they_differ() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    guest = await nuki.created(
        lock, "Guest", 384756, allowedFromDate="2026-06-01T10:00Z", allowedWeekDays=127
    )
    page = await _page(nuki)
    assert "from 2026-06-01 12:00" in page  # the lock's own zone
    assert "its stay begins later" in page
    assert "differs" not in page.partition("<main>")[2]
    await nuki.control("POST", "owner/codes", smartlock_id=lock, do="change", id=guest["id"], code=495867)
    await nuki.control("POST", "owner/codes", smartlock_id=lock, do="add", name="Family", code=777777)
    page = await _page(nuki)
    for words in ("differs: PIN", "<td>495867</td><td>384756</td>", "only at the door", "opens the door now"):
        assert words in page
    await nuki.control("POST", "owner/codes", smartlock_id=lock, do="delete", name="Guest")
    page = await _page(nuki)
    assert "only in the cloud" in page
    assert "the door does not have it" in page


@run
async def test_it_shows_devices_work_log_requests_and_faults() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.create(lock, "Soon", 384756)
    await nuki.control("POST", "faults", fault="lost", times=2)
    await nuki.control("POST", "device", smartlock_id=lock, online=False, door="open", battery=9)
    page = await _page(nuki)
    for words in (
        *("<dt>Connection</dt><dd>offline", "9 %", "in the cloud: 86 %", "<dt>Keypad</dt><dd>Keypad</dd>"),
        *("a new authorization (“Soon”)", "door opened", "not in the cloud yet"),
        *(f"PUT /smartlock/{lock}/auth", "<code>lost</code>, 2 more"),
    ):
        assert words in page, words


@run
async def test_everything_that_somebody_wrote_is_escaped() -> None:
    nuki = Nuki()
    sketch = {"name": "<b>Door</b>", "keypad2": True}
    nuki.token = (await nuki.control("POST", "homes", devices=[sketch]))["api_token"]
    lock = (await nuki.call("GET", "/smartlock")).json[0]["smartlockId"]
    await nuki.created(lock, "<i>'\"&", 384756)
    await nuki.control("POST", "enter_code", smartlock_id=lock, code=384756)
    await nuki.call("GET", "/smartlock/<u>x</u>")
    page = await _page(nuki, "?said=<s>x</s>")
    assert not re.search(r"<[bius]>", page)
    assert "&lt;b&gt;Door&lt;/b&gt;" in page
    refused = await _send(nuki, "enter_code", 5, code="<i>1</i>")
    assert (refused.status, "<i>" in refused.text) == (404, False)


@run
async def test_a_form_does_what_it_says_and_leads_back_to_its_place() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await nuki.created(lock, "Guest", 384756)
    typed = await _send(nuki, "enter_code", lock, code="384756", _place=f"d{lock}")
    assert (typed.status, typed.body) == (303, b"")
    assert typed.headers["location"] == f"./?home=ann%40example.com&said=opened#d{lock}"
    assert "The code was accepted." in await _page(nuki, "?said=opened")
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"] == 3
    wrong = await _send(nuki, "enter_code", lock, code="999999", _place='"><b>')
    assert wrong.headers["location"] == "./?home=ann%40example.com&said=no_unknown_code"
    for verb, fields, shown in (
        ("touch", {"do": "lock"}, ("state", "state", 1)),
        ("device", {"battery": "12"}, ("state", "batteryCharge", 12)),
        ("device", {"door": "open"}, ("state", "doorState", 3)),
        ("device", {"keypad_paired": "false"}, ("config", "keypadPaired", True)),
        ("sync", {}, ("config", "keypadPaired", False)),
    ):
        assert (await _send(nuki, verb, lock, **fields)).status == 303
        part, key, value = shown
        assert (await nuki.call("GET", f"/smartlock/{lock}")).json[part][key] == value
    await _send(nuki, "device", lock, online="false")
    assert (await nuki.call("GET", f"/smartlock/{lock}")).json["serverState"] == 4
    renamed = await _send(nuki, "owner/rename", lock, name="Haustür")
    assert renamed.headers["location"].startswith("../?")


@run
async def test_what_cannot_be_done_is_said_on_the_page() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    await _send(nuki, "device", lock, online="false")
    reply = await _send(nuki, "sync", lock)
    assert reply.status == 409
    assert 'role="alert">The cloud does not reach the device.' in reply.text
    assert 'action="./sync"' in reply.text
    nested = await _send(nuki, "owner/rename", lock, name=" ")
    assert 'action="../sync"' in nested.text
    program = await request(nuki.app, "POST", "/_simulator/sync", body=b'{"smartlock_id": %d}' % lock)
    assert program.json["error"] == "The cloud does not reach the device."


@run
async def test_a_form_from_another_site_is_refused() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 303)):
        fields = {"home": HOME, "smartlock_id": str(lock), "do": "unlock"}
        reply = await nuki.form("/_simulator/touch", {"Sec-Fetch-Site": site}, **fields)
        assert reply.status == status
        state = (await nuki.call("GET", f"/smartlock/{lock}")).json["state"]["state"]
        assert state == (3 if status == 303 else 1)


@run
async def test_json_that_is_called_a_form_is_json() -> None:
    """As curl sends it with `--data` alone; and another site gets no further by calling it so."""
    nuki = await Nuki().enter()
    body = b'{"smartlock_id": %d, "do": "unlock"}' % await nuki.lock_id()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    foreign = await request(
        nuki.app, "POST", "/_simulator/touch", body=body, headers={**kind, "Sec-Fetch-Site": "cross-site"}
    )
    assert (foreign.status, "another site" in foreign.json["error"]) == (403, True)
    done = await request(nuki.app, "POST", "/_simulator/touch", body=body, headers=kind)
    assert (done.status, done.json["done"]) == (200, True)


@run
async def test_addresses_around_the_page() -> None:
    nuki = await Nuki().enter()
    bare = await request(nuki.app, "GET", "/_simulator")
    assert (bare.status, bare.headers["location"]) == (307, "_simulator/")
    for verb in ("", "/static/x", "/nothing"):  # no page, and so no PINs, for what is no command
        reply = await nuki.form(f"/_simulator{verb}", home=HOME)
        assert (reply.status, "error" in reply.json) == (404, True)
    front = await request(nuki.app, "GET", "/")
    assert "/_simulator/" in front.text


@run
async def test_many_homes_are_chosen_from() -> None:
    nuki = await Nuki().enter()
    await nuki.control("POST", "homes", home="bob@example.com", devices=[{"name": "Bob's door"}])
    assert "Bob&#39;s door" not in await _page(nuki)
    page = await _page(nuki, "?home=bob%40example.com")
    assert "Bob&#39;s door" in page
    assert 'href="./?home=bob%40example.com" aria-current="page"' in page
    assert "Front door" in await _page(nuki, "?home=nobody@example.com")


# --- in a browser ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def _served() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = Simulator(
            MemoryHomes(), ShiftableClock(), url=url, client_id=CLIENT_ID, client_secret=Secret(CLIENT_SECRET)
        )
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield url
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.skipif(CHROMIUM is None, reason="the page was not tried in a browser: apt-get install chromium")
def test_in_a_browser_by_keyboard_on_a_phone_without_scripts() -> None:
    from playwright.sync_api import expect, sync_playwright

    with _served() as url, sync_playwright() as playwright:
        httpx.post(f"{url}/_simulator/homes", json={"home": HOME, "pace": 0})
        code = {"smartlock_id": _lock(url), "do": "add", "name": "Family", "code": 384756}
        httpx.post(f"{url}/_simulator/owner/codes", json=code)
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_context(
            java_script_enabled=False, viewport={"width": 360, "height": 740}
        ).new_page()
        page.set_default_timeout(5_000)
        page.goto(f"{url}/_simulator")
        expect(page.get_by_role("heading", level=1)).to_have_text(HOME)
        page.get_by_label("A PIN at the keypad").focus()
        page.keyboard.type("384756")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("The code was accepted.")
        assert page.url.startswith(f"{url}/_simulator/?home=")
        door = page.get_by_role("region", name="Front door")
        expect(door.get_by_text("unlocked", exact=True)).to_be_visible()
        summary = door.locator("summary", has_text="Family")
        summary.focus()
        page.keyboard.press("Enter")
        expect(door.get_by_role("columnheader", name="In the cloud")).to_be_visible()
        door.get_by_role("button", name="Go offline").press("Enter")
        door.get_by_role("button", name="Sync now").press("Enter")
        expect(page.get_by_role("alert")).to_have_text("The cloud does not reach the device.")
        door.get_by_role("button", name="Go online").press("Enter")
        door.get_by_role("button", name="Sync now").press("Enter")
        expect(door.locator("summary", has_text="Family")).not_to_contain_text("only at the door")
        page_width = page.locator("html").bounding_box()
        assert page_width is not None
        assert page_width["width"] <= 360
        browser.close()


def _lock(url: str) -> int:
    homes = httpx.get(f"{url}/_simulator/homes").json()["homes"]
    return int(homes[0]["devices"][0]["smartlock_id"])
