"""Interim: replaced by the full document."""

from typing import Any


def document(public_url: str) -> dict[str, Any]:
    return {"openapi": "3.1.0", "servers": [{"url": public_url}]}
