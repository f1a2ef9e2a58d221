"""Custom metadata: the caller's own key-value pairs on accounts, devices and webviews."""

from collections.abc import Mapping

Metadata = Mapping[str, str | bool]


def cleaned(given: Mapping[str, str | bool | None]) -> dict[str, str | bool]:
    """As it is stored: null and the empty string mean that the key is not there."""
    return {key: value for key, value in given.items() if value is not None and value != ""}


def merged(stored: Metadata, given: Mapping[str, str | bool | None]) -> dict[str, str | bool]:
    """Keys added, changed and, by null or the empty string, removed."""
    kept = {key: value for key, value in stored.items() if key not in given}
    return {**kept, **cleaned(given)}


def matches(stored: Metadata, wanted: Mapping[str, str | bool | None] | None) -> bool:
    """
    All pairs must match; null matches an unset key. Over GET a boolean arrives as text, so the text forms
    are compared.
    """
    if not wanted:
        return True
    return all(
        key not in stored if value is None else key in stored and _text(stored[key]) == _text(value)
        for key, value in wanted.items()
        if value != ""
    )


def contains(stored: Metadata, text: str) -> bool:
    """Partial match on any key or value, for `search`."""
    return any(text in key.lower() or text in _text(value).lower() for key, value in stored.items())


def _text(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value
