"""The Connect pages for everybody: names, headings, contrast, sizes, screen readers."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .browsing import (
    ASKING,
    FIRST,
    connect,
    heading,
    log_in_to_choose,
    login_of,
    many_sites,
    needs_chromium,
)
from .running import EXAMPLE, Caller, Running, brands

pytestmark = needs_chromium

AUDIT = """() => {
  const wrong = [];
  const all = selector => [...document.querySelectorAll(selector)];
  const seen = e => e.checkVisibility() && e.getBoundingClientRect().width > 1;
  if (document.documentElement.lang !== 'en') wrong.push('no lang');
  if (!document.title.trim()) wrong.push('no title');
  if (all('h1').length !== 1) wrong.push(all('h1').length + ' h1');
  if (all('main').length !== 1) wrong.push('no main');
  let before = 0;
  for (const h of all('h1, h2, h3')) {
    const level = +h.tagName[1];
    if (level > before + 1) wrong.push('heading skips to ' + level);
    before = level;
  }
  for (const e of all('a, button')) if (!e.innerText.trim()) wrong.push('no name: ' + e.outerHTML);
  for (const e of all('input:not([type=hidden])')) {
    if (!e.labels.length || !e.labels[0].innerText.trim()) wrong.push('no label: ' + e.name);
    else if (e.labels[0].getBoundingClientRect().height < 44) wrong.push('small target: ' + e.value);
  }
  for (const e of all('img')) if (!e.hasAttribute('alt')) wrong.push('no alt: ' + e.src);
  for (const e of all('img')) if (!e.naturalWidth) wrong.push('broken: ' + e.src);
  for (const e of all('svg')) if (!e.closest('[aria-hidden=true]')) wrong.push('svg is read out');
  const ids = all('[id]').map(e => e.id);
  if (new Set(ids).size < ids.length) wrong.push('an id twice');
  for (const name of ['aria-labelledby', 'aria-describedby'])
    for (const e of all(`[${name}]`))
      for (const id of e.getAttribute(name).split(' '))
        if (!ids.includes(id)) wrong.push(`${name} ${id}, which is nothing`);
  for (const e of all('a.button, a.quiet, button'))
    if (e.getBoundingClientRect().height < 44) wrong.push('small target: ' + e.innerText);
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('scrolls sideways');
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [.2126, .7152, .0722][at], 0);
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  for (const e of all('body *')) {
    const has_text = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!has_text || !seen(e)) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) wrong.push(`contrast ${ratio.toFixed(1)}: ${e.innerText}`);
  }
  return wrong;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_every_page_is_accessible(
    scheme: Any, width: int, caller: Caller, open_page: Callable[..., Page]
) -> None:
    page = open_page(viewport={"width": width, "height": 700}, color_scheme=scheme)
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text) if "Policy" in message.text else None)

    def audit() -> None:
        page.wait_for_load_state("load")  # a tile that is still on its way is not broken
        assert page.evaluate(AUDIT) == [], page.url
        assert not broken, "the content security policy blocks something of ours"

    page.goto(caller.running.url)
    heading(page, "Ostiary is running")
    expect(page.get_by_text(caller.running.url, exact=True)).to_be_visible()
    audit()
    page.goto(caller.webview(accepted_providers=[FIRST])["url"])
    audit()
    webview = caller.webview(accepted_providers=[FIRST, EXAMPLE], custom_redirect_url="https://a.example/b")
    page.goto(webview["url"])
    audit()
    page.get_by_role("link", name="Continue").click()
    heading(page, "Choose the brand of your lock")
    audit()
    page.goto(caller.running.url + "/connect_webviews/callback?state=no")
    audit()
    once = caller.webview(accepted_providers=[FIRST])
    page.goto(once["url"])
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Cancel").click()
    heading(page, "You stopped before connecting")
    audit()
    connect(page, once)
    audit()
    page.goto(once["url"])
    audit()

    log_in_to_choose(caller, page, login_of(ASKING))
    audit()
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_role("button", name="Agree and connect").click()
    expect(page.get_by_role("alert")).to_be_visible()
    audit()
    caller.home(ASKING, "many@example.com", sites=many_sites(12))
    log_in_to_choose(caller, page, "many@example.com")
    audit()
    caller.home(ASKING, "none@example.com", sites=[{"name": "Harbour House", "released": False}])
    log_in_to_choose(caller, page, "none@example.com")
    heading(page, "None of your sites can be connected yet")
    audit()


def test_the_form_for_a_token_is_accessible(server: Running, page: Page) -> None:
    caller = server.workspace("Real and accessible", is_sandbox=False)
    page.goto(caller.webview(accepted_providers=[FIRST])["url"])
    page.get_by_role("button", name="Continue").click()
    heading(page, "Paste your API token")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 640})
        assert page.evaluate(AUDIT) == [], width


def test_tree_that_a_screen_reader_gets(caller: Caller, page: Page) -> None:
    page.goto(caller.webview(accepted_providers=[FIRST])["url"])
    name = brands()[FIRST].manifest.display_name
    expect(page.locator("body")).to_match_aria_snapshot(f"""
      - complementary "Sandbox notice"
      - banner:
        - paragraph: {caller.workspace.name}
      - main:
        - heading "Connect your locks" [level=1]
        - region "What this allows":
          - heading "What this allows" [level=2]
          - list
        - region "Your password stays yours":
          - heading "Your password stays yours" [level=2]
        - button "Continue to {name}"
    """)
    assert page.title() == f"Connect your locks – {caller.workspace.name}"


def test_tree_that_a_screen_reader_gets_of_the_choices(caller: Caller, page: Page) -> None:
    """What the person agrees to comes before the button, and what cannot be chosen is said as well."""
    caller.home(
        ASKING,
        "jo@example.com",
        sites=[{"name": "Harbour House", "released": False}, {"name": "Mill Lane", "seats": 9}],
    )
    log_in_to_choose(caller, page, "jo@example.com")
    expect(page.locator("body")).to_match_aria_snapshot(f"""
      - complementary "Sandbox notice"
      - banner:
        - paragraph: {caller.workspace.name}
      - main:
        - paragraph: Step 2 of 2
        - heading "Which sites do you want to connect?" [level=1]
        - paragraph:
          - strong: {caller.workspace.name}
          - text: will see and change only what you tick.
        - group "Which sites do you want to connect?":
          - list:
            - listitem:
              - checkbox "Mill Lane 2 of 9 user seats taken" [checked]
        - region "Cannot be connected yet":
          - heading "Cannot be connected yet" [level=2]
          - list:
            - listitem: /Harbour House .+/
        - region /What this does at .+/:
          - heading /What this does at .+/ [level=2]
          - paragraph
        - button "Agree and connect"
        - paragraph:
          - button "Cancel"
    """)
    notice = page.locator("#agree p").inner_text()
    assert notice
    expect(page.get_by_role("button", name="Agree and connect")).to_have_accessible_description(notice)


def test_motion_stops_when_it_is_not_wanted(open_page: Callable[..., Page], caller: Caller) -> None:
    page = open_page(reduced_motion="reduce")
    page.goto(caller.webview(accepted_providers=[FIRST])["url"])
    style = "e => getComputedStyle(e).transitionDuration"
    assert page.get_by_role("button").evaluate(style) == "0s"
