"""`ostiary listen`: a workspace's events in the terminal, and forwarded to a server in development."""

import asyncio
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from standardwebhooks import Webhook

from .. import __version__
from ..domain.webhooks import message_id, new_secret
from ..wire.stream import PATH
from .errors import Failed
from .event_source import EventSource, Told, in_words

ANSWER_SECONDS: Final = 15
"""What a webhook's receiver has, too."""

WAITS: Final = (0.5, 1.0, 2.0)
"""Seconds between the attempts of one event. A developer is there and sees them fail."""

PERSONAL: Final = "seam_at"
"""How personal access tokens begin, and no other keys."""

SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/]{8,}={0,2}")

ABOUT: Final = ("access_code", "action_attempt", "device", "connect_webview", "connected_account", "webhook")
"""What an event is about: the first of these whose id it has. Nothing else of it is shown to people."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What is asked of the server, and where events go.

    Attributes:
        key: API key or personal access token. Never shown.
        secret: `whsec_…`; None: one is made and shown.
    """

    url: str
    key: str
    workspace: str | None
    event_types: Sequence[str]
    since: str | None
    last_event_id: str | None
    forward: str | None
    secret: str | None

    @property
    def headers(self) -> dict[str, str]:
        workspace = {} if self.workspace is None else {"seam-workspace": self.workspace}
        return {"authorization": f"Bearer {self.key}", "accept": "text/event-stream", **workspace}

    @property
    def query(self) -> dict[str, Any]:
        asked = {"event_types": list(self.event_types) or None, "since": self.since}
        return {name: value for name, value in asked.items() if value is not None}


def listen(wanted: Wanted, *, as_json: bool) -> None:
    """Until SIGINT or SIGTERM. Raises: Failed."""
    for name, url in (("--url", wanted.url), ("--forward", wanted.forward)):
        parts = urlsplit(url or "http://nowhere")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failed(f"{name} must be a web address, such as http://127.0.0.1:3000/webhooks")
    if wanted.workspace is not None and not wanted.key.startswith(PERSONAL):
        raise Failed("--workspace goes with a personal access token only; every other key has its workspace")
    signer = _signer(wanted) if wanted.forward is not None or wanted.secret is not None else None
    asyncio.run(_until_told(_listen(wanted, signer, as_json)))


def _signer(wanted: Wanted) -> Webhook:
    """Raises: Failed."""
    secret = wanted.secret
    if secret is None:
        secret = new_secret().reveal()
        notice(f"secret for your verifier: {secret}  (give it with --secret to keep it next time)")
    if not SECRET.fullmatch(secret):  # the library would sign with whatever it makes of it
        raise Failed("--secret must be whsec_ and base64, as webhooks have it")
    return Webhook(secret)


async def _until_told(work: Any) -> None:
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise


async def _listen(wanted: Wanted, signer: Webhook | None, as_json: bool) -> None:
    async with aiohttp.ClientSession(
        headers={"user-agent": f"Ostiary/{__version__}"}, cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        where = "" if wanted.forward is None else f", forwarding to {wanted.forward}"
        source = EventSource(
            http,
            f"{wanted.url.rstrip('/')}{PATH}",
            wanted.headers,
            wanted.query,
            notice,
            greeting=f"listening at {wanted.url}{where}; Ctrl-C ends it",
            last_event_id=wanted.last_event_id,
        )
        forward = Forward(http, wanted.forward, signer) if signer and wanted.forward else None
        try:
            async for told in source.events():
                if as_json:
                    print(told.data.decode(), flush=True)
                answer = "" if forward is None else await forward.deliver(told)
                line = f"{described(told.body)}{answer and f'  {answer}'}"
                if not as_json:
                    print(line, flush=True)
                elif answer:
                    notice(line)
        finally:
            if source.last_event_id != wanted.last_event_id:
                notice(f"to go on from here: --last-event-id {source.last_event_id}")


def notice(sentence: str) -> None:
    """To people, beside the events."""
    print(sentence, file=sys.stderr, flush=True)


def described(event: Mapping[str, Any]) -> str:
    """When, what, and what it is about: never a PIN."""
    at = str(event.get("created_at", ""))[:19].replace("T", " ")
    name = next((name for name in ABOUT if f"{name}_id" in event), None)
    about = "" if name is None else f"  {name.replace('_', ' ')} {event[f'{name}_id']}"
    return f"{at}  {event.get('event_type')}{about}"


class Forward:
    """Posts events to a receiver, signed as a webhook's deliveries are."""

    def __init__(self, http: aiohttp.ClientSession, url: str, signer: Webhook) -> None:
        self._http = http
        self._url = url
        self._signer = signer

    async def deliver(self, told: Told) -> str:
        """Try, and try again, and then leave it. What came of it, for people."""
        for wait in (*WAITS, None):
            began = time.monotonic()
            is_good, answer = await self._post(told)
            answer = f"{answer} in {(time.monotonic() - began) * 1000:.0f} ms"
            if is_good:
                return f"-> {answer}"
            if wait is not None:
                notice(f"{described(told.body)}  -> {answer}; again in {wait} s")
                await asyncio.sleep(wait)
        return f"-> {answer}; skipped after {len(WAITS) + 1} attempts"

    async def _post(self, told: Told) -> tuple[bool, str]:
        """Each attempt is signed anew: a verifier refuses what was signed minutes ago."""
        message, at = message_id(told.event_id), datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "svix-id": message,
            "svix-timestamp": str(int(at.timestamp())),
            "svix-signature": self._signer.sign(message, at, told.data.decode()),
        }
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with self._http.post(
                self._url, data=told.data, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                await answer.content.read(10_000)
                return 200 <= answer.status < 300, str(answer.status)
        except TimeoutError:
            return False, "no answer"
        except (aiohttp.ClientError, OSError) as error:
            return False, f"no answer ({in_words(error)})"
