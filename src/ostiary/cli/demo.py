"""
`ostiary demo`: a host's first day, played in a terminal.

A temporary server with simulated locks, and against it a program like anybody would write: the official
SDK, pointed here by its `endpoint`. The pages of the login are filled in as a browser would.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console
from rich.table import Table

from .errors import Failed

PATIENCE: Final = 15.0
EMAIL: Final = "john@example.com"
PASSWORD: Final = "1234"  # noqa: S105 - the simulated vendor's, printed on its page


def play() -> int:
    """The whole story. Returns the exit code. Raises: Failed, without the SDK."""
    try:
        from seam import Seam
    except ImportError:
        raise Failed(
            "the demo talks through the official Seam SDK, which is not installed; "
            "run: make demo, or: pip install 'ostiary[demo]'"
        ) from None
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ostiary-demo-") as folder, _server(Path(folder)) as url:
        key = _api_key(Path(folder))
        story = Story(Seam(api_key=key, endpoint=url), url, key, Console(highlight=False))
        story.tell()
    print(f"\nPlayed in {time.monotonic() - started:.1f} s; nothing of it is left.\n")
    print(WHAT_NEXT)
    return 0


WHAT_NEXT: Final = """What to try next
  ostiary serve                                            keep a server, with a sandbox of your own
  ostiary api-keys create --workspace sandbox --name me    a key for it
  docs/guides/                                             this story, line by line, in your own program"""


def _environment(folder: Path) -> dict[str, str]:
    """Ours alone: no setting of the person who plays, and above all not the address of another database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OSTIARY_")}
    return {**kept, "OSTIARY_DATA_DIR": str(folder), "OSTIARY_LOG_LEVEL": "warning"}


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """A real `ostiary serve` on a free port, ended with the demo."""
    environment = _environment(folder)
    command = [sys.executable, "-m", "ostiary", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise Failed("the temporary server did not start; its reason stands above")
            yield msgspec.json.decode(line)["url"]
        finally:
            process.terminate()
            process.wait(10)


def _api_key(folder: Path) -> str:
    command = [sys.executable, "-m", "ostiary", "api-keys", "create", "--name", "demo", "--json"]
    environment = _environment(folder)
    made = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)  # noqa: S603
    key: str = msgspec.json.decode(made.stdout)["api_key"]
    return key


class Story:
    """One scene per method, in order."""

    def __init__(self, seam: Any, url: str, key: str, console: Console) -> None:
        import httpx

        self.seam = seam
        self.url = url
        self.console = console
        self.browser = httpx.Client(timeout=10, follow_redirects=True)
        self.ours = httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=10)
        self.lock: Any = None

    def tell(self) -> None:
        with self.browser, self.ours:
            for scene in (
                self.connect,
                self.list_locks,
                self.operate,
                self.ongoing_code,
                self.weekend_code,
                self.bad_code,
            ):
                scene()

    def scene(self, title: str, code: str) -> None:
        self.console.print(f"\n[bold]{title}[/bold]")
        self.console.print(f"  [cyan]{code}[/cyan]", soft_wrap=True)

    def say(self, text: str) -> None:
        self.console.print(f"  {text}", soft_wrap=True)

    def wait(self, what: str, look: Callable[[], Any], is_right: Callable[[Any], bool]) -> Any:
        """Look until it is right, as a program without webhooks would."""
        began = time.monotonic()
        while not is_right(seen := look()):
            if time.monotonic() - began > PATIENCE:
                raise Failed(f"{what} took longer than {PATIENCE:.0f} s; that is a bug, please report it")
            time.sleep(0.05)
        return seen

    def connect(self) -> None:
        self.scene("Connect an account", "seam.connect_webviews.create()")
        webview = self.seam.connect_webviews.create()
        self.say(f"open in a browser: {webview.url[:72]}…")
        self._log_in(webview.url)
        done = self.wait(
            "connecting",
            lambda: self.seam.connect_webviews.get(connect_webview_id=webview.connect_webview_id),
            lambda seen: seen.login_successful,
        )
        self.wait(
            "the first look at the account",
            lambda: self.ours.post("/events/list", json={"since": "2020-01-01T00:00:00Z"}).text,
            lambda text: "connected_account.completed_first_sync" in text,
        )
        self.say(f"logged in as {EMAIL} → {done.selected_provider} account connected")

    def _log_in(self, link: str) -> None:
        """What a person clicks: the brand, the vendor's login, its consent."""
        intro = self.browser.get(link)
        fields = dict(re.findall(r'name="(connect_webview_id|auth_token)" value="([^"]+)"', intro.text))
        if not fields:
            choice = self.browser.get(link, params={**intro.url.params, "step": "brands"})
            fields = dict(re.findall(r'name="(connect_webview_id|auth_token)" value="([^"]+)"', choice.text))
            intro = choice
        provider = re.search(r'name="provider" value="([^"]+)"', intro.text)
        if not fields or provider is None:
            raise Failed("the Connect Webview looks different from what the demo expects")
        chosen = urljoin(self.url, "/connect_webviews/view/choose")
        vendor = self.browser.post(chosen, data={**fields, "provider": provider[1]})
        answer = {"email": EMAIL, "password": PASSWORD, "decision": "login"}
        consent = self.browser.post(str(vendor.url), data=answer)
        ticket = re.search(r'name="ticket" value="([^"]+)"', consent.text)
        if ticket is None:
            raise Failed("the simulated vendor did not accept the login")
        self.browser.post(str(consent.url), data={"ticket": ticket[1], "decision": "allow"})

    def list_locks(self) -> None:
        self.scene("List its locks", "seam.locks.list()")
        table = Table("lock", "locked", "battery", "remote unlock", "codes", box=None, padding=(0, 2))
        for device in self.seam.devices.list():
            level = device.properties.battery and device.properties.battery.level
            codes = device.can_program_online_access_codes
            table.add_row(
                device.display_name,
                {True: "yes", False: "no"}.get(device.properties.locked, "–"),
                f"{level:.0%}" if level else "–",
                "yes" if device.can_remotely_unlock else "–",
                "yes" if codes else "no keypad",
            )
            if codes:
                self.lock = device
        self.console.print(table)

    def operate(self) -> None:
        for verb, shown in (("unlock_door", "unlocked"), ("lock_door", "locked")):
            self.scene(f"{verb.split('_')[0].capitalize()} it", f"seam.locks.{verb}(device_id=…)")
            began = time.monotonic()
            getattr(self.seam.locks, verb)(device_id=self.lock.device_id)
            self.say(f"{shown}, confirmed by the lock after {time.monotonic() - began:.1f} s")

    def ongoing_code(self) -> None:
        self.scene(
            "A code for the cleaner", 'seam.access_codes.create(device_id=…, name="Cleaner", code="498882")'
        )
        code = self.seam.access_codes.create(device_id=self.lock.device_id, name="Cleaner", code="498882")
        self.say(f"status right after the answer: {code.status}")
        began = time.monotonic()
        self._until_status(code, "set")
        self.say(f"status once a look at the lock showed it: set ({time.monotonic() - began:.1f} s later)")
        self.say(f"typed at the keypad: {self._typed('498882')}; another code: {self._typed('777777')}")

    def _until_status(self, code: Any, status: str) -> Any:
        return self.wait(
            "programming",
            lambda: self.seam.access_codes.get(access_code_id=code.access_code_id),
            lambda seen: seen.status == status and not seen.pending_mutations,
        )

    def _typed(self, code: str, at: datetime | None = None) -> str:
        body = {"smartlock_id": self._simulated_id(), "code": code}
        if at is not None:
            body["at"] = at.isoformat()
        opens = self.ours.post(f"{self._simulator()}/enter_code", json=body).json()["accepted"]
        return "[green]opens[/green]" if opens else "[red]refused[/red]"

    def _simulator(self) -> str:
        return f"/ostiary/sandbox/{self.lock.workspace_id}/{self.lock.properties.manufacturer}/_simulator"

    def _simulated_id(self) -> int:
        truth = self.ours.get(f"{self._simulator()}/truth").json()
        named = (d for d in truth["devices"] if d["name"] == self.lock.properties.name)
        return int(next(named)["smartlock_id"])

    def weekend_code(self) -> None:
        self.scene(
            "A code for the weekend guest, 15:00 on Friday to 11:00 on Sunday",
            'seam.access_codes.create(device_id=…, name="Guest", starts_at=…, ends_at=…)',
        )
        zone = ZoneInfo(self.lock.location.time_zone)
        friday = _next_friday(datetime.now(zone))
        starts_at, ends_at = friday.replace(hour=15), (friday + timedelta(days=2)).replace(hour=11)
        code = self.seam.access_codes.create(
            device_id=self.lock.device_id,
            name="Guest",
            starts_at=starts_at.isoformat(),
            ends_at=ends_at.isoformat(),
        )
        self.say(f"a generated PIN that this lock can take: {code.code}; status: {code.status}")
        noon = (friday - timedelta(days=1)).replace(hour=12)
        self.ours.post("/ostiary/clock/update", json={"now": noon.isoformat()}).raise_for_status()
        self.say("the sandbox's clock is moved to Thursday noon: the lock gets the code ahead of time")
        self.wait(
            "preloading",
            lambda: self.seam.access_codes.get(access_code_id=code.access_code_id),
            lambda seen: seen.is_scheduled_on_device,
        )
        self._keypad_by_the_hour(code.code, starts_at, ends_at)

    def _keypad_by_the_hour(self, pin: str, starts_at: datetime, ends_at: datetime) -> None:
        second = timedelta(seconds=1)
        table = Table("at the keypad", "", box=None, padding=(0, 2))
        moments = (starts_at - second, starts_at, starts_at + timedelta(days=1), ends_at - second, ends_at)
        for moment in moments:
            table.add_row(f"{moment:%a %H:%M:%S}", self._typed(pin, moment))
        self.console.print(table)

    def bad_code(self) -> None:
        self.scene(
            "A code that the keypad could not take", 'seam.access_codes.create(device_id=…, code="123456")'
        )
        try:
            self.seam.access_codes.create(device_id=self.lock.device_id, code="123456")
        except Exception as error:  # the SDK's own classes, which differ by generation
            self.say(f"refused: {error}")
        else:
            raise Failed("the server took a code that no keypad takes; that is a bug, please report it")


def _next_friday(now: datetime) -> datetime:
    """A Friday at least two days away, at midnight of the lock's own zone."""
    ahead = (4 - now.weekday()) % 7
    days = ahead if ahead >= 2 else ahead + 7
    return (now + timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
