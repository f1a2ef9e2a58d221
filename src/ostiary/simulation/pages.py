"""
The pages on which a person logs in and agrees.

Plain HTML without scripts. The forms have no `action`: a browser then posts to the address of the page,
query included, so that they work wherever the application is mounted and the request travels along.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .answers import Answer

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


@dataclass(frozen=True, slots=True)
class Pages:
    """
    The pages of one brand.

    Attributes:
        brand: As in "the simulated … cloud".
        product: What the vendor writes above its login.
        templates: The brand's folder of templates. There belongs `brand.css`, which sets the colours
            `--lead` and `--lead-ink`; a template of a shared one's name takes its place.
    """

    brand: str
    product: str
    templates: Path

    def page(self, template: str, status: int = 200, **values: object) -> Answer:
        found = _environment(self.templates).get_template(template)
        text = found.render(brand=self.brand, product=self.product, **values)
        return Answer(status, text.encode(), _HEADERS)

    def login(self, email: str = "", *, email_error: str = "", password_error: str = "") -> Answer:
        """
        The first page.

        Args:
            email: What the person typed before, kept.
        """
        status = 422 if email_error or password_error else 200
        return self.page(
            "login.html", status, email=email, email_error=email_error, password_error=password_error
        )

    def check_login(self, email: str, password: str) -> Answer | None:
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
            return self.login(email.strip(), email_error=email_error, password_error=password_error)
        return None

    def consent(
        self,
        email: str,
        ticket: str,
        scopes: Iterable[str],
        agreements: Mapping[str, str],
        given: Collection[str] | None = None,
    ) -> Answer:
        """
        The second page.

        Args:
            scopes: What the application wants to do, in words.
            agreements: What has to be ticked as well: names of fields and words.
            given: Which of them are; None when the page is shown for the first time.
        """
        is_missing = given is not None
        return self.page(
            "consent.html",
            422 if is_missing else 200,
            email=email,
            ticket=ticket,
            scopes=list(scopes),
            agreements=agreements,
            given=given or (),
            is_missing=is_missing,
        )

    def timed_out(self) -> Answer:
        """The ticket of the consent page is void: back to the start, with a sentence about why."""
        words = "Your login took too long or was used already. Log in again."
        return self.login(password_error=words)

    def problem(self, message: str) -> Answer:
        """A link that must not be answered by a redirect."""
        return self.page("problem.html", 400, message=message)

    def front(self, url: str, *, has_status_page: bool = False) -> Answer:
        """What a person sees who opens the bare address."""
        return self.page("front.html", url=url, has_status_page=has_status_page)


@cache
def _environment(templates: Path) -> "Environment":
    from jinja2 import (  # with the first page, not at every start
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )

    loader = FileSystemLoader([templates, Path(__file__).parent / "templates"])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
