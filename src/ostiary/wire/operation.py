"""
The operation table: every path that we answer, declared once, next to the function that answers it.

Routing, parsing, authentication and `/openapi.json` all read this table; there is no second list.
"""

import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from ..domain import devices
from ..domain.addresses import Network, is_public, is_within
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.errors import ApiError
from ..domain.evidence import Actor
from ..domain.provider import Manifest, TakesCodesOfOthers
from ..domain.reach import Reach
from ..domain.workspaces import Workspace
from ..store.tx import Tx
from .auth import BACKEND, Headers, Identity, Means
from .params import QueryPlan, plan_query
from .validation import Shape

READS: Final = ("GET", "POST")
CREATES: Final = ("POST",)
UPDATES: Final = ("PATCH", "PUT", "POST")
DELETES: Final = ("DELETE", "POST")

Answer = Mapping[str, Any]
Handler = Callable[[Any, "Caller", Tx], Awaitable[Answer]]
Hits = deque[tuple[float, str]]
"""When, in this process's steady seconds, and by which request."""


class Limits:
    """
    How often one device may be asked per minute, as the wire documents it.

    Counted in this process and in real time; a hit is counted once per request, however often its
    transaction is repeated.
    """

    PER_MINUTE: Final[Mapping[str, int]] = {
        "lock_door": 15,
        "unlock_door": 15,
        "access_codes.create": 10,
        "access_codes.update": 10,
        "access_codes.delete": 20,
    }

    def __init__(self, *, is_enforced: bool = True) -> None:
        self.is_enforced = is_enforced
        self._hits: defaultdict[tuple[str, str], Hits] = defaultdict(deque)

    def hit(self, verb: str, device_ids: Iterable[str], request_id: str) -> None:
        """
        Count for each of the devices, or for none.

        Raises:
            ApiError: 429 `rate_limited`, with the seconds until the next one is free.
        """
        if not self.is_enforced:
            return
        now = time.monotonic()
        free = [self._free(verb, device_id, request_id, now) for device_id in device_ids]
        for hits in free:
            if hits is not None:
                hits.append((now, request_id))

    def _free(self, verb: str, device_id: str, request_id: str, now: float) -> "Hits | None":
        """The hits of one device, which has room for one more; None: this request is among them."""
        hits = self._hits[verb, device_id]
        while hits and hits[0][0] <= now - 60:
            hits.popleft()
        limit = self.PER_MINUTE[verb]
        if any(seen == request_id for _, seen in hits):
            return None
        if len(hits) >= limit:
            wait = max(1, round(hits[0][0] + 60 - now))
            raise ApiError(
                "rate_limited",
                f"At most {limit} of these per minute and device; try again in {wait} seconds",
                status=429,
                data={"device_id": device_id},
                retry_after=wait,
            )
        return hits


@dataclass(frozen=True, slots=True)
class House:
    """What every request may need beside the database."""

    public_url: str
    manifests: Mapping[str, Manifest]
    limits: Limits
    name_at_vendor: Callable[[Workspace, str], Callable[[str | None, str], str] | None]
    """For a brand, by its key: how its vendor is to name codes. None: the server lacks its settings."""
    takes_codes_of_others: Callable[[Workspace, str], TakesCodesOfOthers | None]
    """For a brand: its simulator. None: its vendor is real, or nobody chooses PINs there."""
    webhook_networks: Sequence[Network] = ()

    def may_deliver(self, workspace: Workspace, url: str) -> bool:
        """
        Whether a webhook may be at an address, as far as the address itself tells.

        Names are resolved, and looked at again, when something is delivered.
        """
        host = urlsplit(url).hostname or ""
        if workspace.is_sandbox:
            return True
        try:
            return is_public(host) or is_within(host, self.webhook_networks)
        except ValueError:  # a name
            return not (host == "localhost" or host.endswith(".localhost"))

    def is_set_up(self, workspace: Workspace, provider: str) -> bool:
        """Whether the server has what it takes to reach the vendor for such a workspace."""
        return self.name_at_vendor(workspace, provider) is not None

    def render(self, device: Device, account: ConnectedAccount) -> dict[str, Any]:
        manifest = self.manifests[device.provider]
        return devices.as_wire(device, account, manifest.display_name, manifest.provider_categories[0])


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Who asks, for which workspace, and how.

    Attributes:
        method: Of the request; for what two methods of one path do differently.
    """

    identity: Identity
    request_id: str
    house: House
    method: str
    headers: Headers

    @property
    def workspace(self) -> Workspace:
        workspace = self.identity.workspace
        assert workspace is not None, "this operation takes callers without a workspace"
        return workspace

    @property
    def actor(self) -> Actor:
        return self.identity.actor

    @property
    def reach(self) -> Reach | None:
        """
        What the caller may see of the workspace; None: everything.

        The store keeps to it by itself (`store.within`), in every transaction of this caller.
        """
        return self.identity.reach

    @property
    def workspace_id(self) -> str:
        return self.workspace.workspace_id

    def limit(self, verb: str, *device_ids: str) -> None:
        """Raises: ApiError, 429; then nothing is counted."""
        self.house.limits.hit(verb, device_ids, self.request_id)


@dataclass(frozen=True, slots=True)
class Operation:
    """
    Attributes:
        returns: Response key to the name of its shape in `wire.objects`; empty for the wire's void.
        is_write: Runs in a write transaction.
        auth: The means of authentication that it takes.
        is_for_users: With `user_identifier_key` it answers as it would to that user's client session.
        is_timeless: A read that depends on the request and the database alone, not on what time it is.
    """

    path: str
    methods: tuple[str, ...]
    request: type[msgspec.Struct]
    shape: Shape[Any]
    query: QueryPlan
    handler: Handler
    returns: Mapping[str, str]
    auth: frozenset[Means]
    is_write: bool
    is_for_users: bool
    is_timeless: bool
    summary: str


OPERATIONS: Final[dict[str, Operation]] = {}


def operation(
    path: str,
    request: type[msgspec.Struct],
    methods: tuple[str, ...],
    *,
    returns: Mapping[str, str] | None = None,
    auth: frozenset[Means] = BACKEND,
    is_timeless: bool = False,
) -> Callable[[Handler], Handler]:
    """
    Enter a function into the table. Whatever accepts only GET and POST reads; the rest writes.

    Who says nothing about `auth` is closed to everybody but the backend.
    """

    def enter(handler: Handler) -> Handler:
        if path in OPERATIONS:
            raise ValueError(f"two operations answer {path}")
        summary = (handler.__doc__ or "").strip().split("\n")[0]
        OPERATIONS[path] = Operation(
            path=path,
            methods=methods,
            request=request,
            shape=Shape(request),
            query=plan_query(request),
            handler=handler,
            returns=returns or {},
            auth=auth,
            is_write=methods != READS,
            is_for_users=_names_user(path, request) and methods == READS,
            is_timeless=is_timeless,
            summary=summary,
        )
        return handler

    return enter


def _names_user(path: str, request: type[msgspec.Struct]) -> bool:
    """Sessions themselves are found by the key, not seen through it."""
    return "user_identifier_key" in request.__struct_fields__ and not path.startswith("/client_sessions/")


class NoParameters(msgspec.Struct, forbid_unknown_fields=True):
    """For operations that take none."""
