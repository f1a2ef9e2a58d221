"""
Real `ostiary` processes over real sockets, and a person with a browser.

Whatever is started here is ended here, by its process and nothing else. What a process wrote to its standard
error is part of the failure, should it not start.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from ostiary import providers

OSTIARY = (sys.executable, "-m", "ostiary")
START_SECONDS = 60.0
END_SECONDS = 5.0
"""How long `serve` may take to end on SIGTERM."""


@dataclass
class Running:
    """
    One process that is ready.

    Attributes:
        facts: The JSON of its ready line.
        log: Where its standard error goes.
    """

    process: "subprocess.Popen[str]"
    facts: dict[str, Any]
    log: Path

    @property
    def url(self) -> str:
        return str(self.facts["url"])

    def kill(self) -> None:
        """`kill -9`: it gets no chance to do anything."""
        self.process.kill()
        self._gone(30)

    def end(self, seconds: float = END_SECONDS) -> int:
        """SIGTERM; its exit code. Raises: subprocess.TimeoutExpired."""
        self.process.terminate()
        return self._gone(seconds)

    def _gone(self, seconds: float) -> int:
        code = self.process.wait(seconds)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def stop(self) -> None:
        """However it stands."""
        if self.process.poll() is None:
            try:
                self.end(10)
            except subprocess.TimeoutExpired:
                self.kill()
        else:
            self._gone(1)


def environment(folder: Path, **env: str) -> dict[str, str]:
    """This process's, without settings of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OSTIARY_", "SEAM_"))}
    return {**kept, "OSTIARY_DATA_DIR": str(folder), **env}


def start(folder: Path, *arguments: str, **env: str) -> Running:
    """A command that stays, as soon as it is ready."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{arguments[0]}.log"
    with log.open("a") as errors:
        process = subprocess.Popen(
            [*OSTIARY, *arguments, "--json"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(folder, **env),
        )
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    if not line:
        process.kill()
        process.wait()
        process.stdout.close()
        raise AssertionError(f"{' '.join(arguments)} did not start: {log.read_text()[-2000:]}")
    return Running(process, json.loads(line), log)


def start_server(folder: Path, *arguments: str, **env: str) -> Running:
    return start(folder, "serve", "--port", "0", *arguments, **env)


@contextmanager
def serving(folder: Path, *arguments: str, **env: str) -> Iterator[Running]:
    """`ostiary serve` on a free port, on the data in `folder`."""
    running = start_server(folder, *arguments, **env)
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def simulating(folder: Path, brand: str = "nuki", *arguments: str) -> Iterator[Running]:
    """`ostiary simulate` on a free port. Facts: url, client_id, client_secret, login, perhaps api_token."""
    running = start(folder, "simulate", brand, "--port", "0", *arguments)
    try:
        yield running
    finally:
        running.stop()


def pointed_at(simulator: Running, url: str | None = None, brand: str = "nuki") -> dict[str, str]:
    """
    The settings that make a simulator the cloud of production workspaces.

    Args:
        url: Where it is reached, when something stands in between.
    """
    prefix = f"OSTIARY_{brand.upper()}_"
    names = providers.load()[brand].manifest.default_urls
    return {
        **{f"{prefix}{name.upper()}": url or simulator.url for name in names},
        f"{prefix}CLIENT_ID": simulator.facts["client_id"],
        f"{prefix}CLIENT_SECRET": simulator.facts["client_secret"],
    }


# --- commands that end -----------------------------------------------------------------------------------


def command(folder: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*OSTIARY, *arguments],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        env=environment(folder, **env),
        check=False,
    )


def data(folder: Path, *arguments: str, **env: str) -> dict[str, Any]:
    """The one JSON document of a command that must succeed."""
    done = command(folder, *arguments, "--json", **env)
    assert done.returncode == 0, f"{' '.join(arguments)}: {done.returncode} {done.stderr}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def api_key(folder: Path, workspace: str = "sandbox", **env: str) -> str:
    """A new key; works while the server runs."""
    made = data(folder, "api-keys", "create", "--workspace", workspace, "--name", "test", **env)
    return str(made["api_key"])


# --- a person with a browser -----------------------------------------------------------------------------


@dataclass
class _Box:
    """A tick box. What its label says begins with the name of the thing."""

    name: str
    value: str
    is_ticked: bool
    is_disabled: bool
    is_required: bool
    label: str = ""


@dataclass
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    boxes: list[_Box] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[_Form] = []
        self._is_in_label = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(_Form(given.get("action", "")))
        elif tag == "label":
            self._is_in_label = True
        elif tag == "input" and self.found and "name" in given:
            self._input(self.found[-1], given)
        elif tag == "button" and self.found and "name" in given:
            self.found[-1].buttons.append((given["name"], given.get("value", "")))

    def _input(self, form: _Form, given: Mapping[str, str]) -> None:
        if given.get("type") == "checkbox":
            states = ("checked" in given, "disabled" in given, "required" in given)
            form.boxes.append(_Box(given["name"], given.get("value", "on"), *states))
        else:
            form.fields[given["name"]] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._is_in_label and self.found and self.found[-1].boxes:
            self.found[-1].boxes[-1].label += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._is_in_label = False


def _ticked(form: _Form, wanted: Sequence[str] | None) -> list[_Box]:
    """The boxes to send: those that begin with a wanted name; None: as the page has them."""
    free = [box for box in form.boxes if not box.is_disabled]
    if wanted is None:
        return [box for box in free if box.is_ticked or box.is_required]
    for name in wanted:
        assert any(box.label.startswith(name) for box in free), f"{name!r} cannot be chosen: {form.boxes}"
    return [box for box in free if any(box.label.startswith(name) for name in wanted)]


def press(
    browser: httpx.Client,
    page: httpx.Response,
    value: str,
    *,
    tick: Sequence[str] | None = None,
    **typed: str,
) -> httpx.Response:
    """Fill in the form that has a button of this value, press it, and follow where it leads."""
    for form in _Forms(page.text).found:
        for name, label in form.buttons:
            if label == value:
                target = urljoin(str(page.url), form.action) if form.action else str(page.url)
                boxes: dict[str, list[str]] = {}
                for box in _ticked(form, tick):
                    boxes.setdefault(box.name, []).append(box.value)
                return browser.post(target, data={**form.fields, **boxes, **typed, name: value})
    raise AssertionError(f"there is no button {value!r} at {page.url}: {page.status_code} {page.text[:2000]}")


def offers(page: httpx.Response, button: str) -> list[str]:
    """The values of the buttons of that name."""
    return [value for form in _Forms(page.text).found for name, value in form.buttons if name == button]


def known_login(brand: str) -> str:
    """Whom the brand's simulator suggests."""
    return providers.load()[brand].manifest.known_logins[0]


def log_in(
    webview_url: str,
    email: str | None = None,
    brand: str | None = None,
    choose: Sequence[str] | None = None,
) -> None:
    """
    Walk through a Connect Webview and the vendor's own pages until the account is connected.

    Args:
        email: None: the brand's first known login.
        brand: None: the first that is offered.
        choose: Names of what to let us into, where the vendor asks; None: what is ticked already.
    """
    with httpx.Client(follow_redirects=True, timeout=30) as browser:
        page = browser.get(webview_url)
        if not offers(page, "provider"):
            page = browser.get(f"{webview_url}&step=brands")
        brand = brand or offers(page, "provider")[0]
        page = press(browser, page, brand)
        page = press(browser, page, "login", email=email or known_login(brand), password="1234")
        page = press(browser, page, "allow")
        if "connect" in offers(page, "decision"):
            page = press(browser, page, "connect", tick=choose)
        assert page.status_code == 200, f"{page.url}: {page.status_code} {page.text[:2000]}"
        assert "/connect_webviews/view/failed" not in str(page.url), page.text[:2000]


def call(url: str, key: str, path: str, **body: Any) -> dict[str, Any]:
    """One POST that must succeed."""
    answer = httpx.post(f"{url}{path}", json=body, headers={"authorization": f"Bearer {key}"}, timeout=30)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
    whole: dict[str, Any] = answer.json()
    return whole


def connect(
    url: str,
    key: str,
    email: str | None = None,
    brand: str | None = None,
    choose: Sequence[str] | None = None,
    **webview: Any,
) -> list[Mapping[str, Any]]:
    """Connect an account over HTTP, as a person does (`log_in`); its devices."""
    made = call(url, key, "/connect_webviews/create", **webview)["connect_webview"]
    log_in(made["url"], email, brand, choose)
    patience = time.monotonic() + 30
    while True:
        asked = {"connect_webview_id": made["connect_webview_id"]}
        seen = call(url, key, "/connect_webviews/get", **asked)["connect_webview"]
        if seen["status"] == "authorized":
            mine = {"connected_account_id": seen["connected_account_id"]}
            devices: list[Mapping[str, Any]] = call(url, key, "/devices/list", **mine)["devices"]
            if devices:
                return devices
        assert time.monotonic() < patience, seen
        time.sleep(0.05)
