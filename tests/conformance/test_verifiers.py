"""
The official verifiers, in JavaScript and Python, old and new, of Seam and of Svix: they take what arrives
from a real house, and refuse what was changed on the way.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ostiary.domain.webhooks import Webhook
from ostiary.engine.deliver import signed
from ostiary.store import webhooks

from ..house import TestHouse, open_house
from ..receivers import Parcel, receiving
from . import telling
from .environments import python_with
from .test_sdk_javascript import MODULES, PACKAGES, node

TOLERANCE = 300
"""Seconds that a timestamp may be off, as every verifier has it."""

SIGNED = ("svix-id", "svix-timestamp", "svix-signature")
TOO_OLD, TOO_NEW = "Message timestamp too old", "Message timestamp too new"
NO_MATCH, MISSING = "No matching signature found", "Missing required headers"


@dataclass(frozen=True)
class Case:
    """
    A request for a verifier.

    Attributes:
        refusal: The words with which it has to be refused; None: it is to be taken.
    """

    name: str
    secret: str
    headers: Mapping[str, str]
    body: str
    refusal: str | None = None

    @property
    def event(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Post:
    """What a house sent: before its secret was changed, while both counted, and after that."""

    webhook: Webhook
    old_secret: str
    new_secret: str
    parcels: list[Parcel]
    with_both: Parcel
    with_new: Parcel


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Post:
    return asyncio.run(posted(tmp_path_factory.mktemp("house")))


async def posted(folder: Path) -> Post:
    """A home is connected, a code set; then the secret is changed, with an hour for the old one."""
    async with receiving() as receiver, open_house(folder) as house:
        made = (await house.call("/webhooks/create", url=receiver.url()))["webhook"]
        await house.connect()
        lock = await house.lock_with_keypad()
        code = await house.create_code(lock["device_id"], code="498882", name="Änne 🔑")
        await house.code_until(code["access_code_id"], lambda code: code["status"] == "set")
        stored = len(await house.events())
        await receiver.until(lambda parcels: len(parcels) >= stored)
        webhook = await house.house.database.read(webhooks.find, made["webhook_id"])
        assert webhook is not None
        parcels = list(receiver.parcels)
        which = {"webhook_id": made["webhook_id"]}
        overlap = {"old_secret_valid_for_seconds": 3600}
        rotated = await house.call("/ostiary/webhooks/rotate_secret", **which, **overlap)
        with_both = await trial(house, receiver.parcels, which)
        await house.advance(3601)
        with_new = await trial(house, receiver.parcels, which)
    return Post(webhook, made["secret"], rotated["webhook"]["secret"], parcels, with_both, with_new)


async def trial(house: TestHouse, parcels: list[Parcel], which: dict[str, str]) -> Parcel:
    """A test event as it came."""
    sent = (await house.call("/ostiary/webhooks/test", **which))["delivery"]

    async def look() -> list[Parcel]:
        return [parcel for parcel in parcels if parcel.event_id == sent["event_id"]]

    [parcel] = await house.until(look, bool)
    return parcel


def cases_of(post: Post) -> list[Case]:
    old, new = post.old_secret, post.new_secret
    good = [Case("as it came", old, parcel.headers, parcel.body.decode()) for parcel in post.parcels]
    sample = next(case for case in good if case.event["event_type"] == "access_code.created")
    titled = {name.title(): value for name, value in sample.headers.items()}
    rotation = [
        Case(f"{name}, {which} secret", secret, parcel.headers, parcel.body.decode(), refusal)
        for name, parcel, old_refused in (
            ("while both sign", post.with_both, None),
            ("after the old one", post.with_new, NO_MATCH),
        )
        for which, secret, refusal in (("new", new, None), ("old", old, old_refused))
    ]
    return [
        *good,
        replace(sample, name="headers in capitals", headers=titled),
        *rotation,
        *(dated(sample, post.webhook, seconds) for seconds in (-TOLERANCE - 5, 60 - TOLERANCE)),
        *(dated(sample, post.webhook, seconds) for seconds in (TOLERANCE + 60, TOLERANCE - 60)),
        *altered(sample),
        replace(sample, name="another secret", secret="whsec_" + "A" * 32, refusal=NO_MATCH),
        replace(sample, name="the secret to come", secret=new, refusal=NO_MATCH),
        *(
            replace(sample, name=f"no {name}", headers=without(sample, name), refusal=MISSING)
            for name in SIGNED
        ),
    ]


def dated(sample: Case, webhook: Webhook, seconds: float) -> Case:
    """Rightly signed, by the engine itself, at a time that is so far from now."""
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    headers = signed(webhook, sample.headers["svix-id"], at, at, sample.body.encode())
    refusal = None if abs(seconds) <= TOLERANCE else TOO_OLD if seconds < 0 else TOO_NEW
    return replace(sample, name=f"signed {seconds:+} s from now", headers=headers, refusal=refusal)


def altered(sample: Case) -> list[Case]:
    """Everything that is signed, changed on the way."""
    later = str(int(sample.headers["svix-timestamp"]) + 1)
    changes: dict[str, dict[str, Any]] = {
        "another body": {"body": sample.body.replace("access_code.created", "access_code.deleted")},
        "a body with one space more": {"body": sample.body.replace(":", ": ", 1)},
        "another id": {"headers": {**sample.headers, "svix-id": "msg_another"}},
        "a timestamp one second later": {"headers": {**sample.headers, "svix-timestamp": later}},
        "the signature of nothing": {"headers": {**sample.headers, "svix-signature": "v1,"}},
    }
    assert all(replace(sample, **change) != sample for change in changes.values())
    return [replace(sample, name=name, refusal=NO_MATCH, **change) for name, change in changes.items()]


def without(sample: Case, name: str) -> dict[str, str]:
    return {key: value for key, value in sample.headers.items() if key != name}


# --- whom they are shown to ------------------------------------------------------------------------------


def javascript(generation: str) -> tuple[list[str], str]:
    package, version = PACKAGES[generation]
    script = str(telling.STORIES / "verify.mjs")
    return [node(package), script, str(MODULES / package), "SeamWebhook"], version


def svix_in_javascript() -> tuple[list[str], str]:
    script = str(telling.STORIES / "verify.mjs")
    return [node("svix"), script, str(MODULES / "svix"), "Webhook"], "1."


def python(package: str, generation: str) -> tuple[list[str], str]:
    interpreter = sys.executable if generation == "3" else str(python_with(f"sdk-{generation}"))
    version = {"1": "1.0.0", "2": "2.0.0", "3": "3."}[generation] if package == "seam" else "1."
    return [interpreter, str(telling.STORIES / "verify.py"), package], version


VERIFIERS: dict[str, Callable[[], tuple[list[str], str]]] = {
    "seam of npm, 1.x": lambda: javascript("1"),
    "seam of npm, today": lambda: javascript("2"),
    "svix of npm": svix_in_javascript,
    "seam of PyPI, 1.x": lambda: python("seam", "1"),
    "seam of PyPI, 2.x": lambda: python("seam", "2"),
    "seam of PyPI, today": lambda: python("seam", "3"),
    "svix of PyPI": lambda: python("svix", "3"),
}


@pytest.mark.parametrize("verifier", list(VERIFIERS))
def test_what_a_verifier_takes_and_what_it_refuses(post: Post, verifier: str) -> None:
    command, version = VERIFIERS[verifier]()
    cases = cases_of(post)
    shown = [{"secret": case.secret, "headers": dict(case.headers), "body": case.body} for case in cases]
    ran = subprocess.run(
        command, input=json.dumps(shown), capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["version"].startswith(version)
    assert len(answer["verdicts"]) == len(cases)
    for case, verdict in zip(cases, answer["verdicts"], strict=True):
        wanted = {"refused": "WebhookVerificationError", "why": case.refusal}
        if case.refusal is None:
            wanted = {name: case.event[name] for name in ("event_id", "event_type")}
        assert verdict == wanted, case.name
