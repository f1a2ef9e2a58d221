"""
Client sessions and workspaces, with an official Python SDK:
`python -m tests.conformance.sdk.story_sessions ENDPOINT API_KEY TOKEN WORKSPACE`.

Knows nothing of Ostiary. The first line that it prints is the webview that somebody has to log in at, the
second is what it saw, as JSON.
"""

import json
import sys
from importlib.metadata import version
from typing import Any

import seam as sdk
from seam import Seam

from .steps import Sdk, connected, refusal, until

ENDPOINT, API_KEY, TOKEN, WORKSPACE = sys.argv[1:]


def sessions(seam: Sdk, user: str) -> dict[str, Any]:
    """The life of one session, and what its user would see."""
    made = seam.client_sessions.create(user_identifier_key=user)
    found = seam.client_sessions.get_or_create(user_identifier_key=user)
    which = {"client_session_id": made.client_session_id}
    account = seam.connected_accounts.list()[0].connected_account_id
    before = len(seam.devices.list(user_identifier_key=user))
    seam.client_sessions.grant_access(**which, connected_account_ids=[account])
    granted = seam.client_sessions.get(user_identifier_key=user)
    after = len(seam.devices.list(user_identifier_key=user))
    listed = [each.user_identifier_key for each in seam.client_sessions.list(user_identifier_key=user)]
    seam.client_sessions.revoke(**which)
    ended = len(seam.devices.list(user_identifier_key=user))
    seam.client_sessions.delete(**which)
    return {
        "is_same": made.token == found.token and made.token.startswith("seam_cst1"),
        "seen": [before, after, ended],
        "device_count": [made.device_count, granted.device_count],
        "accounts": granted.connected_account_ids == [account],
        "listed": listed,
        "gone": refusal(seam.client_sessions.get, **which),
    }


def workspaces(seam: Sdk) -> dict[str, Any]:
    """With a token that is used for no workspace."""
    made = seam.workspaces.create(name="Hotel", company_name="Hotel Ltd", is_sandbox=True)
    return {
        "made": [made.name, made.company_name, made.is_sandbox],
        "listed": [each.name for each in seam.workspaces.list()],
    }


def main() -> None:
    seam = Seam(api_key=API_KEY, endpoint=ENDPOINT)
    personal = Seam(personal_access_token=TOKEN, workspace_id=WORKSPACE, endpoint=ENDPOINT)
    names: Sdk = sdk
    without = getattr(names, "SeamWithoutWorkspace", None) or names.SeamMultiWorkspace
    result: dict[str, Any] = {"version": version("seam"), "connected": connected(seam, "nuki")}
    until(seam.devices.list, lambda found: len(found) == 3)
    result["by_key"] = sessions(seam, "user-anna")
    result["by_token"] = sessions(personal, "user-ben")
    result["workspaces"] = workspaces(without(personal_access_token=TOKEN, endpoint=ENDPOINT))
    result["own"] = [[each.name for each in one.workspaces.list()] for one in (seam, personal)]
    print(json.dumps(result))


main()
