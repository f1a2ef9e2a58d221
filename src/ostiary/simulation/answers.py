"""What a simulated cloud answers: the answer itself, and the shapes that no brand has for itself."""

from dataclasses import dataclass

import msgspec

_JSON = ("content-type", "application/json")
_HTML = ("content-type", "text/html")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP. `headers` are pairs of name, in lower case, and value."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(Exception):
    """The request is not carried out."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(value: object, status: int = 200, *headers: tuple[str, str]) -> Answer:
    return Answer(status, msgspec.json.encode(value), (_JSON, *headers))


def html_error(status: int, reason: str, *headers: tuple[str, str]) -> Answer:
    """What a proxy in front of a vendor's API sends when it speaks for itself."""
    title = f"{status} {reason}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status, page.encode(), (_HTML, *headers))


def redirect(location: str) -> Answer:
    """Send a browser somewhere else. Not to be stored: the address may carry a code."""
    return Answer(302, b"", (("location", location), ("cache-control", "no-store")))
