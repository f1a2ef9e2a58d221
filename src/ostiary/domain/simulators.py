"""What a brand's simulator is given, and what it is: an ASGI application."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from .looks import ObservedCode
from .secrets import Secret
from .vendor_http import ProviderHttp

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class HomeStore(Protocol):
    """
    Where a simulator keeps its state: one blob per virtual home, saved before an answer leaves.

    Several processes may share one; a save that lost a race says so and the simulator starts over.
    """

    async def load(self, home: str) -> tuple[bytes | None, int]:
        """The state and its version; `(None, 0)` for a home that nobody has entered yet."""
        ...

    async def save(self, home: str, state: bytes, version: int) -> bool:
        """Replace the state of `version`. False: somebody else did so first."""
        ...

    async def homes(self) -> Sequence[str]:
        """The names of all homes that have a state."""
        ...


class SimulatorType(Protocol):
    """
    Builds the ASGI application that behaves like the vendor's cloud.

    Args:
        homes: Where state lives.
        clock: The simulated world's time; may be shifted or frozen.
        url: Under which address the application is reached; no trailing slash.
        client_id, client_secret: The OAuth client that it knows.
        redirect_uris: What that client may use; empty allows any.
        pace: Factor on all its delays; 1.0 is as slow as the real cloud.
        http: Over which it tells others what has happened, by webhooks for one. None: nothing leaves it.
    """

    def __call__(
        self,
        homes: HomeStore,
        clock: Callable[[], datetime],
        *,
        url: str,
        client_id: str,
        client_secret: Secret,
        redirect_uris: Sequence[str] = (),
        pace: float = 1.0,
        http: ProviderHttp | None = None,
    ) -> AsgiApp: ...


@runtime_checkable
class TakesCodesOfOthers(Protocol):
    """
    What a simulator also is, if somebody else than we can put a code with a PIN of his choice on its locks.

    It works on the state of a home that the caller has loaded and saves: no request, nothing to wait for.
    """

    def code_of_others(
        self,
        state: bytes,
        vendor_account_id: str,
        vendor_device_id: str,
        name: str,
        code: Secret,
        now: datetime,
    ) -> tuple[bytes, ObservedCode] | None:
        """
        The home with one more code, which the lock holds and the vendor's record shows, and that code as a
        look is to show it. None: the home is not of this account, or has no such device.

        Raises:
            Rejected: The lock takes no such code.
        """
        ...
