"""
What the stories share: whichever official Python SDK this interpreter has, and patience.

Knows nothing of Ostiary.
"""

import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from seam import Seam, SeamHttpApiError, SeamHttpInvalidInputError

Sdk = Any
"""A client or what it answers: each generation of the SDK has types of its own."""

Seen = TypeVar("Seen")


def opened() -> Sdk:
    """The SDK's client, from the command line: `ENDPOINT API_KEY`."""
    endpoint, api_key = sys.argv[1:]
    return Seam(api_key=api_key, endpoint=endpoint)


def stranger() -> Sdk:
    """A client whose key nobody knows."""
    return Seam(api_key="seam_apikey1_wrong", endpoint=sys.argv[1])


def until(look: Callable[[], Seen], is_right: Callable[[Seen], bool], seconds: float = 30) -> Seen:
    patience = time.monotonic() + seconds
    while True:
        seen = look()
        if is_right(seen):
            return seen
        if time.monotonic() > patience:
            raise TimeoutError(f"still not right: {seen}")
        time.sleep(0.2)


def python_instant(moment: datetime) -> str:
    """As `strftime` writes it: no colon in the offset."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z")


def refusal(call: Callable[..., object], **given: Any) -> dict[str, Any] | None:
    try:
        call(**given)
    except SeamHttpApiError as error:
        return {
            "class": type(error).__name__,
            "is_invalid_input": isinstance(error, SeamHttpInvalidInputError),
            "code": error.code,
            "status": error.status_code,
            "request_id": error.request_id,
            "message": str(error),
        }
    return None


def connected(seam: Sdk, provider: str) -> dict[str, Any]:
    """Prints the webview that somebody has to log in at."""
    webview = seam.connect_webviews.create(accepted_providers=[provider], custom_metadata={"tenant": "t-1"})
    print(webview.url, flush=True)
    done = until(
        lambda: seam.connect_webviews.get(connect_webview_id=webview.connect_webview_id),
        lambda seen: seen.status == "authorized",
    )
    account = seam.connected_accounts.get(connected_account_id=done.connected_account_id)
    return {
        "first": webview.status,
        "then": done.status,
        "login_successful": done.login_successful,
        "metadata": dict(account.custom_metadata),
        "provider": account.account_type,
    }


def is_set(code: Sdk) -> bool:
    return bool(code.status == "set" and not getattr(code, "pending_mutations", None))


def told(seam: Sdk, code: Sdk, event_type: str) -> int:
    """How often."""
    events = seam.events.list(
        access_code_id=code.access_code_id, event_type=event_type, since="2020-01-01T00:00:00Z"
    )
    return len(events)


def events_of(seam: Sdk, lock: Sdk) -> list[Sdk]:
    events: list[Sdk] = seam.events.list(device_id=lock.device_id, since="2020-01-01T00:00:00Z")
    return events
