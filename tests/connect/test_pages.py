"""The Connect pages as a person meets them: in Chromium, against a whole server."""

import contextlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Error, Page, expect

from .browsing import (
    ASKING,
    BRANDS,
    EMAIL,
    FIRST,
    PASSWORD,
    QUIET,
    VENDOR,
    agree,
    connect,
    heading,
    is_at_vendor,
    log_in,
    login_of,
    needs_chromium,
    numbers,
    tab,
    tab_to,
)
from .conftest import Elsewhere
from .running import EXAMPLE, Caller, Running, brands

pytestmark = needs_chromium


# --- the way through --------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", BRANDS)
def test_whole_login_on_a_phone_without_javascript(
    provider: str, caller: Caller, open_page: Callable[..., Page]
) -> None:
    page = open_page(viewport={"width": 360, "height": 640}, java_script_enabled=False, has_touch=True)
    webview = caller.webview(accepted_providers=[provider, EXAMPLE], wait_for_device_creation=True)
    page.goto(webview["url"])
    heading(page, "Connect your locks")
    expect(page.get_by_text("Step 1 of 3")).to_be_visible()
    expect(page.get_by_role("complementary")).to_contain_text("Sandbox: no real locks.")
    page.get_by_role("link", name="Continue").tap()

    heading(page, "Choose the brand of your lock")
    expect(page.get_by_text("Step 2 of 3")).to_be_visible()
    name = brands()[provider].manifest.display_name
    expect(page.get_by_role("button", name=name)).to_contain_text(login_of(provider))
    page.get_by_role("button", name=name).tap()
    page.wait_for_url(VENDOR)
    assert caller.again(webview)["selected_provider"] == provider
    log_in(page, login_of(provider))
    agree(page)

    heading(page, "Your account is connected")
    expect(page.get_by_text("can now work with your")).to_be_visible()
    after = caller.again(webview)
    assert (after["status"], after["login_successful"]) == ("authorized", True)
    devices = caller.post("/devices/list", connected_account_id=after["connected_account_id"])["devices"]
    assert devices, "the page waited for the devices"
    page.reload()
    heading(page, "Your account is connected")
    assert caller.events("connect_webview.login_succeeded") == ["connect_webview.login_succeeded"]


def test_picker_shows_every_brand(caller: Caller, page: Page) -> None:
    page.goto(caller.webview()["url"])
    page.get_by_role("link", name="Continue").click()
    buttons = page.get_by_role("main").get_by_role("button")
    names = [brand.manifest.display_name for brand in brands().values()]
    expect(buttons).to_contain_text(names)
    images = page.locator("img").all()
    pictures = {
        page.request.get(f"{caller.running.url}{image.get_attribute('src')}").text() for image in images
    }
    assert len(pictures) == len(images) == len(names), "each has a picture of its own"
    assert len({re.findall('fill="(#[^"]+)"', picture)[0] for picture in pictures}) == len(names)


def test_keyboard_alone_is_enough(caller: Caller, page: Page) -> None:
    webview = caller.webview(accepted_providers=[FIRST, EXAMPLE])
    page.goto(webview["url"])
    tab_to(page, "Continue")
    page.keyboard.press("Enter")
    heading(page, "Choose the brand of your lock")
    names = [tab(page) for _ in range(3)]
    assert [re.sub(r"\s.*", "", name) for name in names] == [
        brands()[FIRST].manifest.display_name.split()[0],
        "Example",
        "Back",
    ]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.body"), "the last stop leads out of the page"
    tab_to(page, "Example Locks")
    page.keyboard.press("Enter")
    page.wait_for_url(VENDOR)
    while is_at_vendor(page):
        if page.locator(EMAIL).count():
            page.locator(EMAIL).first.focus()
            page.keyboard.type(login_of(EXAMPLE))
            page.keyboard.press("Tab")
            page.keyboard.type("1234")
        else:
            page.get_by_role("button").filter(has_not_text=QUIET).first.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
    heading(page, "Your account is connected")


def test_wrong_password_stays_in_place(caller: Caller, page: Page) -> None:
    webview = caller.webview(accepted_providers=[FIRST])
    page.goto(webview["url"])
    expect(page.get_by_text("Step 1 of 2")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    log_in(page, login_of(FIRST), password="wrong")
    assert is_at_vendor(page)
    expect(page.get_by_role("alert").first).to_be_visible()
    assert caller.again(webview)["status"] == "pending"
    log_in(page, login_of(FIRST))
    heading(page, "Your account is connected")


def test_cancelled_login_can_be_tried_again(caller: Caller, page: Page) -> None:
    webview = caller.webview(accepted_providers=[FIRST, EXAMPLE])
    page.goto(webview["url"] + "&step=brands")
    page.get_by_role("button", name="Example Locks").click()
    page.get_by_role("button", name="Cancel").click()
    heading(page, "You stopped before connecting")
    expect(page.get_by_role("alert")).to_contain_text("your Example Locks account is as it was")
    assert caller.again(webview)["status"] == "failed"
    page.reload()
    heading(page, "You stopped before connecting")

    page.get_by_role("link", name="Try again").click()
    heading(page, "Choose the brand of your lock")
    page.get_by_role("button", name="Example Locks").click()
    log_in(page, login_of(EXAMPLE))
    heading(page, "Your account is connected")
    told = caller.events("connect_webview.login_failed", "connect_webview.login_succeeded")
    assert told == ["connect_webview.login_failed", "connect_webview.login_succeeded"]


def test_only_brand_is_tried_again_at_once(caller: Caller, page: Page) -> None:
    page.goto(caller.webview(accepted_providers=[FIRST])["url"])
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Cancel").click()
    heading(page, "You stopped before connecting")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url(VENDOR)


# --- redirects --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("waits", [False, True])
def test_success_goes_on_to_the_custom_url(waits: bool, caller: Caller, page: Page) -> None:
    target = f"{caller.running.url}/health?room=12&empty="
    webview = caller.webview(
        accepted_providers=[FIRST], custom_redirect_url=target, wait_for_device_creation=waits
    )
    connect(page, webview)
    page.wait_for_url("**/health?**")
    assert query(page.url) == {"room": "12", "empty": "", "connect_webview_id": webview["connect_webview_id"]}
    if waits:
        assert caller.post("/devices/list")["devices"]
    page.goto(webview["url"])
    expect(page.get_by_role("link", name="Go on to 127.0.0.1")).to_have_attribute(
        "href", page_target(target, webview)
    )


def page_target(target: str, webview: dict[str, Any]) -> str:
    return f"{target}&connect_webview_id={webview['connect_webview_id']}"


@pytest.mark.parametrize("field", ["custom_redirect_failure_url", "custom_redirect_url"])
def test_failure_goes_on_with_its_error_code(field: str, caller: Caller, page: Page) -> None:
    target = f"{caller.running.url}/health?room=12"
    webview = caller.webview(accepted_providers=[FIRST], **{field: target})
    page.goto(webview["url"])
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/health?**")
    found = query(page.url)
    assert found.pop("error_message")
    assert found == {
        "room": "12",
        "connect_webview_id": webview["connect_webview_id"],
        "error_code": "access_denied",
    }


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


# --- links that were used, are old, or never were -----------------------------------------------------------


def test_back_button_after_success_does_no_harm(caller: Caller, page: Page) -> None:
    webview = caller.webview(accepted_providers=[FIRST, EXAMPLE])
    page.goto(webview["url"])
    page.get_by_role("link", name="Continue").click()
    heading(page, "Choose the brand of your lock")
    page.get_by_role("button", name="Example Locks").click()
    log_in(page, login_of(EXAMPLE))
    heading(page, "Your account is connected")
    for _ in range(6):
        with contextlib.suppress(Error):  # the vendor's page was a form's answer: Chromium asks first
            page.go_back()
        if page.get_by_text(re.compile("Already connected|Choose the brand")).count():
            break
    else:
        pytest.fail(f"back does not lead back: {page.url}")
    if page.get_by_role("button", name="Example Locks").count():  # kept by the browser
        page.get_by_role("button", name="Example Locks").click()
    heading(page, "Already connected")
    assert len(caller.post("/connected_accounts/list")["connected_accounts"]) == 1


def test_spent_callback_is_a_page_and_changes_nothing(caller: Caller, page: Page) -> None:
    webview = caller.webview(accepted_providers=[FIRST])
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    connect(page, webview)
    heading(page, "Your account is connected")
    callback = next(url for url in seen if "/connect_webviews/callback" in url)
    before = caller.again(webview)
    answer = page.goto(callback)
    assert answer is not None
    assert answer.status == 410
    heading(page, "This sign-in is over")
    assert caller.again(webview) == before


def test_used_link_says_so(caller: Caller, page: Page) -> None:
    webview = caller.webview(accepted_providers=[FIRST])
    connect(page, webview)
    answer = page.goto(webview["url"])
    assert answer is not None
    assert answer.status == 200
    heading(page, "Already connected")
    expect(page.get_by_text(f"ask {caller.workspace.name} for a new one")).to_be_visible()


@pytest.mark.parametrize("is_failed", [False, True])
def test_expired_link(is_failed: bool, caller: Caller, page: Page) -> None:
    webview = caller.webview(accepted_providers=[FIRST])
    page.goto(webview["url"])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(VENDOR)
    if is_failed:
        page.get_by_role("button", name="Cancel").click()
        heading(page, "You stopped before connecting")
    caller.later(hours=25)
    for url in (webview["url"], webview["url"] + "&step=brands"):
        answer = page.goto(url)
        assert answer is not None
        assert answer.status == 410
        heading(page, "This link has expired")
    assert caller.again(webview)["status"] == ("failed" if is_failed else "pending")


def test_login_that_took_until_the_link_expired(caller: Caller, page: Page) -> None:
    page.goto(caller.webview(accepted_providers=[FIRST])["url"])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(VENDOR)
    caller.later(hours=25)
    log_in(page, login_of(FIRST))
    heading(page, "This link has expired")
    assert caller.post("/connected_accounts/list")["connected_accounts"] == []


def test_unknown_links(caller: Caller, page: Page) -> None:
    url = caller.webview()["url"]
    view = url.partition("?")[0]
    known = urlsplit(url).query.partition("&")[0]
    for bad in (
        url[:-1] + "!",
        url + "x",
        view,
        f"{view}?{known}",
        f"{view}?connect_webview_id=%00&auth_token=x",
    ):
        answer = page.goto(bad)
        assert answer is not None
        assert answer.status == 404, bad
        heading(page, "This link does not work")


# --- accounts and workspaces --------------------------------------------------------------------------------


def test_two_links_to_one_account(caller: Caller, open_page: Callable[..., Page]) -> None:
    accounts = []
    for room in ("1", "2"):
        webview = caller.webview(accepted_providers=[FIRST], custom_metadata={"room": room})
        page = open_page()
        connect(page, webview)
        heading(page, "Your account is connected")
        accounts.append(caller.again(webview)["connected_account_id"])
    assert accounts[0] == accounts[1]
    (account,) = caller.post("/connected_accounts/list")["connected_accounts"]
    assert account["custom_metadata"] == {"room": "2"}


def test_account_of_another_customer(caller: Caller, page: Page) -> None:
    connect(page, caller.webview(accepted_providers=[FIRST], customer_key="a"))
    webview = caller.webview(accepted_providers=[FIRST], customer_key="b")
    connect(page, webview)
    heading(page, "This account is connected elsewhere")
    assert caller.again(webview)["status"] == "failed"


def test_brand_that_production_has_no_settings_for(server: Running, page: Page) -> None:
    caller = server.workspace(f"Real {next(numbers)}", is_sandbox=False)
    webview = caller.webview(accepted_providers=[ASKING])
    page.goto(webview["url"])
    expect(page.get_by_role("complementary")).to_have_count(0)
    with page.expect_response("**/choose") as answer:
        page.get_by_role("button", name="Continue").click()
    assert answer.value.status == 503
    expect(page.get_by_role("alert")).to_contain_text(f"Please let {caller.workspace.name} know")
    after = caller.again(webview)
    assert (after["status"], after["selected_provider"]) == ("pending", None)


def test_production_offers_what_it_has_settings_for(server: Running) -> None:
    """What nobody can connect is not offered, unless it is asked for by name or there is nothing else."""
    caller = server.workspace(f"Real {next(numbers)}", is_sandbox=False)
    offered = caller.webview()["accepted_providers"]
    assert FIRST in offered
    assert ASKING not in offered
    others = [key for key in brands() if key != ASKING]
    assert caller.webview(excluded_providers=others)["accepted_providers"] == [ASKING]
    assert caller.webview(accepted_providers=[ASKING, FIRST])["accepted_providers"] == [ASKING, FIRST]
    assert ASKING in server.workspace(f"Sandbox {next(numbers)}").webview()["accepted_providers"]


def test_brand_without_settings_that_takes_tokens(server: Running, open_page: Callable[..., Page]) -> None:
    """A phone without JavaScript: the form is explained; what is no token is refused before it is sent."""
    page = open_page(viewport={"width": 360, "height": 640}, java_script_enabled=False, has_touch=True)
    caller = server.workspace(f"Real {next(numbers)}", is_sandbox=False)
    webview = caller.webview(accepted_providers=[FIRST])
    page.goto(webview["url"])
    page.get_by_role("button", name="Continue").tap()
    heading(page, "Paste your API token")
    field = page.get_by_label("API token")
    assert (field.get_attribute("type"), field.get_attribute("autocomplete")) == ("password", "off")
    field.fill("no token")
    page.get_by_role("button", name="Connect").tap()
    heading(page, f"{brands()[FIRST].manifest.display_name} does not know this token")
    assert "no+token" not in page.url
    assert caller.again(webview)["status"] == "failed"
    page.get_by_role("button", name="Try again").tap()
    heading(page, "Paste your API token")


def test_names_are_text_and_not_markup(server: Running, page: Page) -> None:
    name = f"<img src=x onerror=alert({next(numbers)})>"
    page.goto(server.workspace(name).webview()["url"])
    expect(page.get_by_text(f"{name} asks for access")).to_be_visible()


# --- other origins ------------------------------------------------------------------------------------------


def test_way_to_a_vendor_of_another_origin(server: Running, elsewhere: Elsewhere, page: Page) -> None:
    caller = server.workspace(f"Real {next(numbers)}", is_sandbox=False)
    page.goto(caller.webview(accepted_providers=[EXAMPLE])["url"])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{elsewhere.origin}/**")
    assert page.evaluate("document.referrer") == ""


def test_frame_tells_its_parent(caller: Caller, page: Page, elsewhere: Elsewhere) -> None:
    webview = caller.webview(accepted_providers=[FIRST])
    page.goto(elsewhere.framing(webview["url"]))
    frame = page.frames[1]
    frame.get_by_role("button", name="Continue").click()
    frame.get_by_role("button", name="Cancel").click()
    page.wait_for_function("heard.length == 1")
    frame.get_by_role("button", name="Try again").click()
    frame.locator(EMAIL).first.fill(login_of(FIRST))
    frame.locator(PASSWORD).first.fill("1234")
    while "/ostiary/sandbox/" in frame.url:
        with frame.expect_navigation():
            frame.get_by_role("button").filter(has_not_text=QUIET).first.click()
    page.wait_for_function("heard.length == 2")
    (origin, failed), (_, succeeded) = page.evaluate("heard")
    assert origin == caller.running.url
    identifier = webview["connect_webview_id"]
    assert failed["event"].pop("error_message")
    assert failed == {
        "event": {
            "event_type": "connect_webview.login_failed",
            "connect_webview_id": identifier,
            "error_code": "access_denied",
        }
    }
    assert succeeded == {
        "event": {"event_type": "connect_webview.login_succeeded", "connect_webview_id": identifier}
    }
