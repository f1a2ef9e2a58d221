"""
What a person does, for tests: come with a link, press keys, log in at the vendor.

The simulated vendors' own pages are driven by what every login form has (an address, a password, a button),
so that hardly a test knows a brand.
"""

import itertools
import re
import shutil
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .running import EXAMPLE, Caller, brands

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="the Connect pages were not tested in a browser: apt-get install chromium"
)
BRANDS = [key for key in brands() if key != EXAMPLE]
FIRST = BRANDS[0]
ASKING = "salto_ks"
"""After the login it asks what to let us into."""
EMAIL, PASSWORD = "input[type=email], input[autocomplete=username]", "input[type=password]"
QUIET = re.compile("cancel|back|deny", re.I)
VENDOR = "**/ostiary/sandbox/**"
numbers = itertools.count(1)


def is_at_vendor(page: Page) -> bool:
    return "/ostiary/sandbox/" in page.url


def log_in(page: Page, email: str, password: str = "1234") -> None:
    """Through the vendor's pages, whatever they ask."""
    page.wait_for_url(VENDOR)
    while is_at_vendor(page):
        if page.locator(EMAIL).count():
            page.locator(EMAIL).first.fill(email)
        if page.locator(PASSWORD).count():
            page.locator(PASSWORD).first.fill(password)
        with page.expect_navigation():
            page.get_by_role("button").filter(has_not_text=QUIET).first.click()
        if password != "1234":
            return


def agree(page: Page) -> None:
    """To all that may be connected, if the brand asks."""
    if "/connect_webviews/view/select" in page.url:
        page.get_by_role("button", name="Agree and connect").click()


def login_of(provider: str) -> str:
    return brands()[provider].manifest.known_logins[0]


def connect(page: Page, webview: dict[str, Any]) -> None:
    """The shortest way, for a webview that accepts the first brand only."""
    page.goto(webview["url"])
    page.get_by_role("button", name="Continue").click()
    log_in(page, login_of(FIRST))


def log_in_to_choose(caller: Caller, page: Page, email: str, **webview: Any) -> dict[str, Any]:
    """As far as the page that asks what to let us into."""
    made = caller.webview(accepted_providers=[ASKING], **webview)
    page.goto(made["url"])
    page.get_by_role("button", name="Continue").click()
    log_in(page, email)
    return made


def many_sites(count: int) -> list[dict[str, Any]]:
    """For a home of the brand that asks: each with a lock that has the name of its site."""
    names = [f"Building {number:02}" for number in range(count)]
    return [{"name": name, "locks": [{"name": f"Door of {name}"}]} for name in names]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def tab(page: Page) -> str:
    """Go one stop on; its name. What has the focus must show it."""
    page.keyboard.press("Tab")
    outline = page.evaluate(
        "() => { const s = getComputedStyle(document.activeElement);"
        " return s.outlineStyle === 'none' ? 0 : parseFloat(s.outlineWidth) }"
    )
    name: str = page.evaluate(
        "() => { const e = document.activeElement; return (e.labels?.[0] ?? e).innerText.trim() }"
    )
    assert outline >= 2, f"the focus is not visible on {name!r}"
    return name


def tab_to(page: Page, name: str) -> None:
    page.evaluate("document.activeElement.blur()")
    assert any(tab(page).startswith(name) for _ in range(5)), f"{name} cannot be reached"
