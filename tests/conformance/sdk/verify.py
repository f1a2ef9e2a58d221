"""
What an official verifier says to requests as they came. Knows nothing of Ostiary.

The command line is `seam` or `svix`; standard input is a JSON list of `{secret, headers, body}`, and standard
output the list of verdicts: the event's id and type, or the class and the message of the refusal.
"""

import json
import sys
from importlib.metadata import version
from typing import Any

from seam import SeamWebhook
from svix.webhooks import Webhook


def verdict(case: dict[str, Any]) -> dict[str, str]:
    verifier: Any = {"seam": SeamWebhook, "svix": Webhook}[sys.argv[1]]
    try:
        found = verifier(case["secret"]).verify(case["body"], case["headers"])
    except Exception as error:
        return {"refused": type(error).__name__, "why": str(error)}
    if isinstance(found, dict):
        return {"event_id": found["event_id"], "event_type": found["event_type"]}
    return {"event_id": found.event_id, "event_type": found.event_type}


cases = json.load(sys.stdin)
print(json.dumps({"version": version(sys.argv[1]), "verdicts": [verdict(case) for case in cases]}))
