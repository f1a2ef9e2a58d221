"""
The Connect pages as a person meets them: in Chromium, against a whole server.

The simulated vendors' own pages are driven by what every login form has (an address, a password, a button),
so that no test knows a brand.
"""

import contextlib
import http.server
import itertools
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from .running import EXAMPLE, Caller, Running, brands, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="the Connect pages were not tested in a browser: apt-get install chromium"
)
BRANDS = [key for key in brands() if key != EXAMPLE]
FIRST = BRANDS[0]
EMAIL, PASSWORD = "input[type=email], input[autocomplete=username]", "input[type=password]"
QUIET = re.compile("cancel|back|deny", re.I)
VENDOR = "**/ostiary/sandbox/**"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("house")) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    flags = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags.split())
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A new window; arguments are those of a Playwright context."""
    contexts = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(5_000)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def caller(server: Running) -> Caller:
    return server.workspace(f"Hotel {next(numbers)}")


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


def login_of(provider: str) -> str:
    return brands()[provider].manifest.known_logins[0]


def connect(page: Page, webview: dict[str, Any]) -> None:
    """The shortest way, for a webview that accepts the first brand only."""
    page.goto(webview["url"])
    page.get_by_role("button", name="Continue").click()
    log_in(page, login_of(FIRST))


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


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

    heading(page, "Your account is connected")
    expect(page.get_by_text("can now work with your")).to_be_visible()
    after = caller.again(webview)
    assert (after["status"], after["login_successful"]) == ("authorized", True)
    devices = caller.post("/devices/list", connected_account_id=after["connected_account_id"])["devices"]
    assert devices, "the page waited for the devices"
    page.reload()
    heading(page, "Your account is connected")
    assert caller.events("connect_webview.login_succeeded") == ["connect_webview.login_succeeded"]


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


def tab(page: Page) -> str:
    """Go one stop on; its name. What has the focus must show it."""
    page.keyboard.press("Tab")
    outline = page.evaluate(
        "() => { const s = getComputedStyle(document.activeElement);"
        " return s.outlineStyle === 'none' ? 0 : parseFloat(s.outlineWidth) }"
    )
    name: str = page.evaluate("document.activeElement.innerText.trim()")
    assert outline >= 2, f"the focus is not visible on {name!r}"
    return name


def tab_to(page: Page, name: str) -> None:
    page.evaluate("document.activeElement.blur()")
    assert any(tab(page).startswith(name) for _ in range(5)), f"{name} cannot be reached"


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
    brands_page = page.url
    page.get_by_role("button", name="Example Locks").click()
    log_in(page, login_of(EXAMPLE))
    heading(page, "Your account is connected")
    for _ in range(6):
        with contextlib.suppress(Error):  # the vendor's page was a form's answer: Chromium asks first
            page.go_back()
        if page.url == brands_page or "/view/done" in page.url:
            break
    else:
        pytest.fail(f"back does not lead back: {page.url}")
    page.wait_for_load_state()
    if page.get_by_role("button", name="Example Locks").count():
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
    webview = caller.webview(accepted_providers=[FIRST])
    page.goto(webview["url"])
    expect(page.get_by_role("complementary")).to_have_count(0)
    with page.expect_response("**/choose") as answer:
        page.get_by_role("button", name="Continue").click()
    assert answer.value.status == 503
    expect(page.get_by_role("alert")).to_contain_text(f"Please let {caller.workspace.name} know")
    after = caller.again(webview)
    assert (after["status"], after["selected_provider"]) == ("pending", None)


def test_names_are_text_and_not_markup(server: Running, page: Page) -> None:
    name = f"<img src=x onerror=alert({next(numbers)})>"
    page.goto(server.workspace(name).webview()["url"])
    expect(page.get_by_text(f"{name} asks for access")).to_be_visible()


# --- inside a frame -----------------------------------------------------------------------------------------


@pytest.fixture
def parent() -> Iterator[Callable[[str], str]]:
    """Somebody else's page, of another origin, with an address in a frame; it keeps what it is told."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            framed = urlsplit(self.path).query
            body = (
                "<script>window.heard = []; onmessage = e => heard.push([e.origin, e.data])</script>"
                f'<iframe width=400 height=800 src="{framed}"></iframe>'
            ).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield lambda url: f"http://localhost:{server.server_port}/?{url}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_frame_tells_its_parent(caller: Caller, page: Page, parent: Callable[[str], str]) -> None:
    webview = caller.webview(accepted_providers=[FIRST])
    page.goto(parent(webview["url"]))
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


# --- for everybody ------------------------------------------------------------------------------------------

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
  for (const e of all('input:not([type=hidden])')) if (!e.labels.length) wrong.push('no label: ' + e.name);
  for (const e of all('img')) if (!e.hasAttribute('alt')) wrong.push('no alt: ' + e.src);
  for (const e of all('img')) if (!e.naturalWidth) wrong.push('broken: ' + e.src);
  for (const e of all('svg')) if (!e.closest('[aria-hidden=true]')) wrong.push('svg is read out');
  const ids = all('[id]').map(e => e.id);
  for (const e of all('[aria-labelledby]'))
    if (!ids.includes(e.getAttribute('aria-labelledby'))) wrong.push('labelled by nothing');
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
        assert page.evaluate(AUDIT) == [], page.url
        assert not broken, "the content security policy blocks something of ours"

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


def test_motion_stops_when_it_is_not_wanted(open_page: Callable[..., Page], caller: Caller) -> None:
    page = open_page(reduced_motion="reduce")
    page.goto(caller.webview(accepted_providers=[FIRST])["url"])
    style = "e => getComputedStyle(e).transitionDuration"
    assert page.get_by_role("button").evaluate(style) == "0s"
