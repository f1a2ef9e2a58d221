"""
The pages on which a person logs in and agrees.

Plain HTML without scripts. The forms have no `action`: a browser then posts to the address of the page,
query included, so that they work wherever the application is mounted and the request travels along.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .oauth import SCOPES, Authorization
from .refusals import Answer

if TYPE_CHECKING:
    from jinja2 import Environment

PASSWORD = "1234"  # noqa: S105 - everybody's, and printed on the page
_ADDRESS = re.compile(r"[^@\s]{1,64}@example\.com")

_HEADERS = (
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"),
)


def home_name(email: str) -> str | None:
    """The home that an address opens; None for an address that has none."""
    name = email.strip().lower()
    return name if _ADDRESS.fullmatch(name) else None


@cache
def _templates() -> "Environment":
    from jinja2 import (  # with the first page, not at every start
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )

    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def _page(name: str, status: int = 200, **values: object) -> Answer:
    return Answer(status, _templates().get_template(name).render(**values).encode(), _HEADERS)


def login(email: str = "", *, email_error: str = "", password_error: str = "") -> Answer:
    """
    The first page.

    Args:
        email: What the person typed before, kept.
    """
    status = 422 if email_error or password_error else 200
    return _page("login.html", status, email=email, email_error=email_error, password_error=password_error)


def check_login(email: str, password: str) -> Answer | None:
    """The page again, with what is wrong, or None when the person may come in."""
    email_error = password_error = ""
    if not email.strip():
        email_error = "Enter your e-mail address."
    elif "@" not in email:
        email_error = "This is not an e-mail address. It should look like name@example.com."
    if not password:
        password_error = "Enter your password."  # noqa: S105
    if not (email_error or password_error) and (home_name(email) is None or password != PASSWORD):
        password_error = "The e-mail address or the password is not right. Try again."  # noqa: S105
    if email_error or password_error:
        return login(email.strip(), email_error=email_error, password_error=password_error)
    return None


def consent(email: str, ticket: str, request: Authorization) -> Answer:
    words = [SCOPES[scope] for scope in request.scopes]
    return _page("consent.html", email=email, ticket=ticket, scopes=words)


def timed_out() -> Answer:
    """The ticket of the consent page is void: back to the start, with a sentence about why."""
    return login(password_error="Your login took too long or was used already. Log in again.")  # noqa: S106


def problem(message: str) -> Answer:
    return _page("problem.html", 400, message=message)


def front(url: str) -> Answer:
    return _page("front.html", url=url)
