"""What a person lets us into, as they meet it: in Chromium, with the simulated cloud of a brand that asks."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .browsing import (
    ASKING,
    EMAIL,
    PASSWORD,
    QUIET,
    VENDOR,
    heading,
    is_at_vendor,
    log_in,
    log_in_to_choose,
    login_of,
    many_sites,
    needs_chromium,
    tab,
    tab_to,
)
from .conftest import Elsewhere
from .running import EXAMPLE, Caller
from .test_pages import query

pytestmark = needs_chromium

JANE = login_of(ASKING)
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "has_touch": True}
QUESTION = "Which sites do you want to connect?"
CONNECTED = "Your account is connected"
SUCCEEDED, FAILED = "connect_webview.login_succeeded", "connect_webview.login_failed"


def press_agree(page: Page) -> None:
    page.get_by_role("button", name="Agree and connect").click()


def names_of(caller: Caller) -> list[str]:
    """Of the locks that we were let into."""
    devices = caller.post("/devices/list")["devices"]
    return sorted(device["properties"]["name"] for device in devices)


# --- the way through --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [False, True])
def test_ticked_site_alone_is_connected_on_a_phone(
    scripts: bool, caller: Caller, open_page: Callable[..., Page]
) -> None:
    page = open_page(**PHONE, java_script_enabled=scripts)
    webview = caller.webview(accepted_providers=[ASKING, EXAMPLE], wait_for_device_creation=True)
    page.goto(webview["url"])
    expect(page.get_by_text("Step 1 of 3")).to_be_visible()
    page.get_by_role("link", name="Continue").tap()
    page.locator(f"button[value={ASKING}]").tap()
    log_in(page, JANE)

    heading(page, QUESTION)
    expect(page.get_by_text("Step 3 of 3")).to_be_visible()
    expect(page.get_by_role("complementary")).to_contain_text("Sandbox: no real locks.")
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(2)
    for box in boxes.all():
        expect(box).to_be_checked()
    expect(page.get_by_role("region", name="Cannot be connected yet")).to_contain_text("Unfinished Site")
    assert caller.again(webview)["status"] == "pending"
    page.get_by_text("Main Site").tap()
    expect(page.get_by_role("checkbox", name="Main Site")).not_to_be_checked()
    page.get_by_role("button", name="Agree and connect").tap()

    heading(page, CONNECTED)
    assert names_of(caller) == ["SIDE DOOR"]
    page.reload()
    heading(page, CONNECTED)
    assert caller.events(SUCCEEDED, FAILED) == [SUCCEEDED]


def test_choosing_by_keyboard_alone(caller: Caller, page: Page) -> None:
    webview = caller.webview(accepted_providers=[ASKING], wait_for_device_creation=True)
    page.goto(webview["url"])
    tab_to(page, "Continue")
    page.keyboard.press("Enter")
    page.wait_for_url(VENDOR)
    while is_at_vendor(page):
        if page.locator(EMAIL).count():
            page.locator(EMAIL).first.focus()
            page.keyboard.type(JANE)
            page.locator(PASSWORD).first.focus()
            page.keyboard.type("1234")
        else:
            page.get_by_role("button").filter(has_not_text=QUIET).first.focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
    heading(page, QUESTION)
    assert [tab(page).partition("\n")[0] for _ in range(4)] == [
        "Main Site",
        "Second Site",
        "Agree and connect",
        "Cancel",
    ]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement === document.body"), "the last stop leads out of the page"
    tab_to(page, "Second Site")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Second Site")).not_to_be_checked()
    tab_to(page, "Agree and connect")
    page.keyboard.press("Enter")
    heading(page, CONNECTED)
    assert names_of(caller) == ["BACK DOOR", "EXTRA DOOR", "FRONT_DOOR"]


def test_sixty_sites_on_a_phone(caller: Caller, open_page: Callable[..., Page]) -> None:
    page = open_page(**PHONE, java_script_enabled=False)
    caller.home(ASKING, "chain@example.com", sites=many_sites(60))
    log_in_to_choose(caller, page, "chain@example.com", wait_for_device_creation=True)
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(60)
    page.get_by_role("link", name="Tick none").tap()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    page.get_by_role("link", name="Tick all 60").tap()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(60)
    page.get_by_role("link", name="Tick none").tap()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    for name in ("Building 07", "Building 31", "Building 59"):
        page.get_by_text(name, exact=True).tap()
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("link", name="Skip the list").tap()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(3)
    expect(page.get_by_role("region", name="What this does")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Agree and connect")).to_be_in_viewport(ratio=1)
    assert tab(page) == "Agree and connect"
    page.get_by_role("button", name="Agree and connect").tap()
    heading(page, CONNECTED)
    assert names_of(caller) == [f"Door of Building {number}" for number in ("07", "31", "59")]


def test_short_list_needs_no_tools(caller: Caller, page: Page) -> None:
    log_in_to_choose(caller, page, JANE)
    heading(page, QUESTION)
    expect(page.get_by_role("link")).to_have_count(0)


def test_long_name_stays_inside_the_page(caller: Caller, open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 320, "height": 640})
    name = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
    caller.home(ASKING, "long@example.com", sites=[{"name": name}, {"name": name * 2, "released": False}])
    log_in_to_choose(caller, page, "long@example.com")
    expect(page.get_by_role("checkbox")).to_have_accessible_name(f"{name} 2 of 50 user seats taken")
    assert page.evaluate("document.documentElement.scrollWidth") == 320


# --- nothing ticked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [False, True])
def test_nothing_ticked_is_said_next_to_the_list(
    scripts: bool, caller: Caller, open_page: Callable[..., Page]
) -> None:
    page = open_page(**PHONE, java_script_enabled=scripts)
    webview = log_in_to_choose(caller, page, JANE)
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    with page.expect_response("**/select") as answer:
        press_agree(page)
    assert answer.value.status == 422
    mistake = page.get_by_role("alert")
    expect(mistake).to_have_text("Nothing is ticked. Tick at least one of your sites, or cancel.")
    assert page.title().startswith("Error: ")
    first = page.get_by_role("checkbox").first
    expect(first).to_be_focused()
    expect(first).to_have_attribute("aria-invalid", "true")
    expect(first).to_have_accessible_description(mistake.inner_text())
    for each in (mistake, first):
        expect(each).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    assert caller.again(webview)["status"] == "pending"

    page.keyboard.press("Space")
    press_agree(page)
    heading(page, CONNECTED)


# --- sites that cannot be connected -------------------------------------------------------------------------


def test_only_sites_that_cannot_be_connected(caller: Caller, page: Page) -> None:
    caller.home(
        ASKING,
        "building@example.com",
        sites=[{"name": "Harbour House", "released": False}, {"name": "Mill Lane", "role": "site_user"}],
    )
    webview = log_in_to_choose(caller, page, "building@example.com")
    heading(page, "None of your sites can be connected yet")
    refusals = page.get_by_role("main").get_by_role("listitem")
    expect(refusals).to_contain_text(["Harbour House", "Mill Lane"])
    expect(page.get_by_role("checkbox")).to_have_count(0)
    page.get_by_role("button", name="Sign in again").click()
    log_in(page, "building@example.com")
    page.get_by_role("button", name="Cancel").click()
    heading(page, "You stopped before connecting")
    assert caller.again(webview)["status"] == "failed"


@pytest.mark.parametrize(
    ("sites", "error_code", "title"),
    [
        ([{"name": "Mill Lane", "role": "site_user"}], "insufficient_permissions", "has no admin rights"),
        ([], "no_sites", "There is nothing to connect yet"),
    ],
)
def test_account_that_cannot_let_anybody_in(
    sites: list[dict[str, Any]], error_code: str, title: str, caller: Caller, page: Page
) -> None:
    caller.home(ASKING, "guest@example.com", sites=sites)
    webview = log_in_to_choose(caller, page, "guest@example.com")
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    assert query(page.url)["error_code"] == error_code
    assert caller.again(webview)["status"] == "failed"
    page.get_by_role("button", name="Try again").click()
    log_in(page, JANE)
    heading(page, QUESTION)

    target = f"{caller.running.url}/health"
    log_in_to_choose(caller, page, "guest@example.com", custom_redirect_failure_url=target)
    page.wait_for_url("**/health?**")
    assert query(page.url)["error_code"] == error_code


# --- going back, twice, elsewhere ---------------------------------------------------------------------------


def test_cancelled_choice_can_be_tried_again(caller: Caller, page: Page) -> None:
    webview = log_in_to_choose(caller, page, JANE)
    page.get_by_role("button", name="Cancel").click()
    heading(page, "You stopped before connecting")
    assert caller.again(webview)["status"] == "failed"
    page.go_back()
    heading(page, "Connect your locks")
    page.get_by_role("button", name="Continue").click()
    log_in(page, JANE)
    press_agree(page)
    heading(page, CONNECTED)
    assert caller.events(SUCCEEDED, FAILED) == [FAILED, SUCCEEDED]


def test_cancelled_choice_goes_on_with_its_error_code(caller: Caller, page: Page) -> None:
    target = f"{caller.running.url}/health?room=12"
    webview = log_in_to_choose(caller, page, JANE, custom_redirect_url=target)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/health?**")
    found = query(page.url)
    assert found.pop("error_message")
    assert found == {
        "room": "12",
        "connect_webview_id": webview["connect_webview_id"],
        "error_code": "access_denied",
    }


@pytest.mark.parametrize("waits", [False, True])
def test_choice_goes_on_to_the_custom_url(
    waits: bool, caller: Caller, page: Page, elsewhere: Elsewhere
) -> None:
    """Even when somebody clicks twice; and the link does not travel along."""
    webview = log_in_to_choose(
        caller, page, JANE, custom_redirect_url=elsewhere.origin, wait_for_device_creation=waits
    )
    page.get_by_role("button", name="Agree and connect").dblclick()
    page.wait_for_url(f"{elsewhere.origin}?**")
    assert query(page.url) == {"connect_webview_id": webview["connect_webview_id"]}
    assert page.evaluate("document.referrer") == ""
    assert caller.events(SUCCEEDED, FAILED) == [SUCCEEDED]
    assert len(names_of(caller)) == 4 or not waits


def test_back_and_reload_while_and_after_choosing(caller: Caller, page: Page) -> None:
    log_in_to_choose(caller, page, JANE)
    page.reload()
    heading(page, QUESTION)
    press_agree(page)
    heading(page, CONNECTED)
    page.go_back()
    heading(page, "Already connected")
    assert len(caller.post("/connected_accounts/list")["connected_accounts"]) == 1

    log_in_to_choose(caller, page, JANE)
    heading(page, QUESTION)
    page.goto(f"{caller.running.url}/health")
    page.go_back()
    heading(page, QUESTION)
    press_agree(page)
    heading(page, CONNECTED)


def test_older_tab_chooses_nothing_for_the_newer_login(
    caller: Caller, page: Page, open_page: Callable[..., Page]
) -> None:
    caller.home(ASKING, "jo@example.com", sites=[{"name": "Mill Lane"}])
    webview = log_in_to_choose(caller, page, JANE)
    newer = open_page()
    newer.goto(webview["url"])
    newer.get_by_role("button", name="Continue").click()
    log_in(newer, "jo@example.com")
    heading(newer, QUESTION)
    press_agree(page)
    expect(page.get_by_role("alert")).to_contain_text("This list is newer than the one that you chose from")
    expect(page.get_by_role("checkbox")).to_have_accessible_name("Mill Lane 2 of 50 user seats taken")
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    press_agree(newer)
    heading(newer, CONNECTED)
    press_agree(page)
    heading(page, CONNECTED)
    assert caller.events(SUCCEEDED) == [SUCCEEDED]


def test_link_that_ends_while_somebody_chooses(caller: Caller, page: Page) -> None:
    webview = log_in_to_choose(caller, page, JANE)
    caller.post("/connect_webviews/delete", connect_webview_id=webview["connect_webview_id"])
    press_agree(page)
    heading(page, "This link does not work")
    log_in_to_choose(caller, page, JANE)
    caller.later(hours=25)
    press_agree(page)
    heading(page, "This link has expired")
    assert caller.post("/connected_accounts/list")["connected_accounts"] == []


def test_frame_tells_its_parent_after_the_choice(caller: Caller, page: Page, elsewhere: Elsewhere) -> None:
    webview = caller.webview(accepted_providers=[ASKING])
    page.goto(elsewhere.framing(webview["url"]))
    frame = page.frames[1]
    frame.get_by_role("button", name="Continue").click()
    frame.locator(EMAIL).first.fill(JANE)
    frame.locator(PASSWORD).first.fill("1234")
    while "/ostiary/sandbox/" in frame.url:
        with frame.expect_navigation():
            frame.get_by_role("button").filter(has_not_text=QUIET).first.click()
    assert page.evaluate("heard") == [], "nothing is decided yet"
    frame.get_by_role("button", name="Agree and connect").click()
    page.wait_for_function("heard.length == 1")
    ((_, told),) = page.evaluate("heard")
    identifier = webview["connect_webview_id"]
    assert told == {"event": {"event_type": SUCCEEDED, "connect_webview_id": identifier}}
