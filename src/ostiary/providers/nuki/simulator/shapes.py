"""What all of the vendor's JSON has in common."""

from typing import Any


def present(fields: dict[str, Any]) -> dict[str, Any]:
    """No key without a value (0.2)."""
    return {name: value for name, value in fields.items() if value is not None}
