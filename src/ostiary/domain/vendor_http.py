"""HTTP towards a vendor, as brands write it and transports carry it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

RequestKind = Literal["read", "write", "command", "wake", "login"]
"""`command` moves a door, `wake` makes the vendor read a device anew, `write` is any other change."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """
    Attributes:
        kind: What it is for, by the brand's own knowledge.
        wakes: Whether it makes the vendor speak to a device, which costs that one's battery.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # tokens
    body: bytes = field(default=b"", repr=False)  # PINs
    timeout: float = 10.0
    kind: RequestKind = "read"
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class NotSent(Exception):
    """The request did not leave: nothing can have happened."""


class NoAnswer(Exception):
    """The request may have arrived and no whole answer came back."""


class ProviderHttp(Protocol):
    """One HTTP exchange with a vendor, over the network or in process towards a simulator."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """
        Send and return whatever status came back. No redirects are followed.

        Raises:
            NotSent: No connection could be made.
            NoAnswer: The time ran out or the connection broke after the request had left.
        """
        ...
