"""A server, a browser and somebody who calls the API; started as seldom as possible."""

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from .browsing import CHROMIUM, numbers
from .running import EXAMPLE, Caller, Running, brands, running


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A server of another origin that shows, in a frame, the address in its query."""

    origin: str

    def framing(self, url: str) -> str:
        return f"{self.origin}/?{url}"


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Elsewhere]:
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
    yield Elsewhere(f"http://localhost:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, elsewhere: Elsewhere) -> Iterator[Running]:
    """In production only one brand has settings, and its cloud is elsewhere."""
    names = ("client_id", "client_secret", *brands()[EXAMPLE].manifest.default_urls)
    environment = {
        f"OSTIARY_{EXAMPLE}_{name}".upper(): elsewhere.origin if name.endswith("url") else "set"
        for name in names
    }
    with running(tmp_path_factory.mktemp("house"), **environment) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the whole session: while Playwright is open, no other test can run an event loop."""
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
