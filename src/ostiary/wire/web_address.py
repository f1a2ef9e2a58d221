"""Addresses of the web in requests."""

import re
from urllib.parse import urlsplit

from ..domain.errors import InvalidInput


def web_address(url: str, field: str) -> str:
    """
    As it was given.

    Raises:
        InvalidInput: It is no whole address that begins with `http://` or `https://`.
    """
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0 and not re.search(r"[\s\x00-\x1f]", url)
        is_good = parts.scheme in ("http", "https") and is_whole
    except ValueError:
        is_good = False
    if not is_good:
        raise InvalidInput("Invalid url", field)
    return url
