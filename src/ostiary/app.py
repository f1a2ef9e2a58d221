"""
The one place where the rooms meet: settings in, a running house out.

`House.open` makes database, brands, engine and HTTP application from settings; `serve` runs them under
uvicorn in one process.
"""

import asyncio
import difflib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import __version__, api, connect, providers, store
from .connect import pages
from .domain.addresses import Network
from .domain.provider import Adapter, AsgiApp, Brand, Manifest, Receive, Scope, Send
from .domain.workspaces import Workspace
from .engine import receive
from .engine.deliver import Deliveries, DeliveryDispatcher
from .engine.dispatch import EmbeddedDispatcher
from .engine.drain import drain_account
from .engine.notices import is_reachable, notices_base
from .engine.retention import Retention
from .engine.tasks import cancel_all
from .engine.traffic import Gate, Traffic
from .sandbox.worlds import PREFIX, Worlds
from .settings import Settings, SettingsError
from .store.opening import in_plain_words, is_postgres, open_as_it_is, open_database, trouble
from .store.tx import Database, Tx
from .transport.in_process import InProcessHttp
from .wire.http import WireApp, common_headers
from .wire.metrics import Metrics
from .wire.operation import OPERATIONS, Limits
from .wire.operation import House as WireHouse
from .wire.stream import PATH as STREAM
from .wire.stream import Streams

if TYPE_CHECKING:
    from .transport.network import NetworkHttp
    from .transport.outbound import OutboundHttp

log = logging.getLogger("ostiary")
MOST_PATH: Final = 100
"""Characters of a path for which a near one is looked for."""
USUAL_URL: Final = "http://127.0.0.1:8420"
_ = (api, connect)  # importing them fills the operation table


def now() -> datetime:
    """The machine's clock: the only place where the house reads it."""
    return datetime.now(UTC)


class HouseVendors:
    """Every brand, as one workspace reaches it: a sandbox its simulators, production the real clouds."""

    def __init__(
        self, brands: Mapping[str, Brand], settings: Settings, worlds: Worlds, public_url: str
    ) -> None:
        self.manifests: Mapping[str, Manifest] = {key: brand.manifest for key, brand in brands.items()}
        self._brands = brands
        self._settings = settings
        self._worlds = worlds
        self._public_url = public_url
        self._network: NetworkHttp | None = None
        self.simulated = InProcessHttp(worlds.app_for)
        self.traffic = Traffic()

    def adapter(
        self,
        workspace: Workspace,
        provider: str,
        connected_account_id: str | None = None,
        *,
        is_at_door: bool = False,
    ) -> Adapter:
        """A sandbox has no budget: its vendor is this very process."""
        brand = self._brands[provider]
        if workspace.is_sandbox:
            simulated = Gate(self.simulated, self.traffic, "simulated", provider)
            return brand.adapter(simulated, self._worlds.site(workspace, provider))
        try:
            site = self._settings.site(brand.manifest)
        except SettingsError as error:
            raise KeyError(str(error)) from error
        budget = None if connected_account_id is None else self._settings.budget(brand.manifest)
        gate = Gate(
            self._to_the_network(),
            self.traffic,
            "real",
            provider,
            connected_account_id,
            budget,
            is_at_door,
        )
        wants_notices = self.notices_base(workspace, provider) is not None
        return brand.adapter(gate, replace(site, wants_notices=wants_notices))

    def name_at_vendor(self, workspace: Workspace, provider: str) -> Callable[[str | None, str], str] | None:
        """How a brand names codes at its vendor. None: production lacks its settings."""
        try:
            return self.adapter(workspace, provider).vendor_name
        except KeyError:
            return None

    def notices_base(self, workspace: Workspace, provider: str) -> str | None:
        """None in a sandbox too: whatever changes a simulated world wakes the engine."""
        if workspace.is_sandbox or provider not in self.told_by:
            return None
        return self.told_by[provider]

    @cached_property
    def told_by(self) -> Mapping[str, str]:
        """The brands whose notices are switched on and can reach us, each with where they come."""
        on = {key for key, given in self._settings.vendors.items() if given.get("webhooks") == "on"}
        if on and not is_reachable(self._public_url):
            log.warning(
                "webhooks of %s stay off: vendors send them to https addresses only, and OSTIARY_PUBLIC_URL "
                "is none",
                ", ".join(sorted(on)),
            )
            return {}
        return {key: notices_base(self._public_url, key) for key in on}

    def wants_token(self, workspace: Workspace, provider: str) -> bool:
        manifest = self.manifests.get(provider)
        if manifest is None or workspace.is_sandbox:
            return False
        return manifest.takes_token and not self._settings.has_client(manifest)

    def _to_the_network(self) -> "NetworkHttp":
        """Made when a production account first needs it: a sandbox never loads an HTTP client."""
        if self._network is None:
            from .transport.network import NetworkHttp

            self._network = NetworkHttp()
        return self._network

    async def close(self) -> None:
        await self.simulated.close()
        if self._network is not None:
            await self._network.close()


class LazyOutbound:
    """The HTTP client towards webhooks, made when there is something to deliver."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        self._networks = networks
        self._made: OutboundHttp | None = None

    def get(self) -> "OutboundHttp":
        if self._made is None:
            from .transport.outbound import OutboundHttp

            self._made = OutboundHttp(self._networks)
        return self._made

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()


@dataclass(frozen=True, slots=True)
class House:
    """
    Everything that runs.

    Attributes:
        asgi: The whole HTTP side.
        dispatcher: Runs the engine; `engine` keeps it going.
        deliveries: The same for webhooks.
        streams: Of events, open as long as their clients want; a server that stops has to end them.
    """

    database: Database
    vendors: HouseVendors
    dispatcher: EmbeddedDispatcher
    deliveries: DeliveryDispatcher
    asgi: AsgiApp
    streams: Streams
    retention: Retention

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[None]:
        """The engine runs for the time of the block."""
        dispatchers = (self.dispatcher, self.deliveries)
        tasks = [asyncio.create_task(each.run()) for each in dispatchers]
        tidying = asyncio.create_task(self.retention.run())
        try:
            yield
        finally:
            for each in dispatchers:
                each.stop()
            await asyncio.gather(*tasks)
            await cancel_all([tidying])


@asynccontextmanager
async def consulted(settings: Settings) -> AsyncIterator[tuple[Database, HouseVendors]]:
    """
    What is stored, for the time of the block: nothing is migrated, made or woken, and nobody works.

    Raises:
        SchemaError, VaultError, DatabaseError: As `open_as_it_is` says.
    """
    brands = providers.load()
    public_url = settings.public_url or USUAL_URL
    database = await open_as_it_is(settings.database_url, settings.secret_keys, now)
    try:
        worlds = Worlds(database, brands, public_url, now, settings.sandbox_pace)
        vendors = HouseVendors(brands, settings, worlds, public_url)
        try:
            with in_plain_words(settings.database_url):
                yield database, vendors
        finally:
            await vendors.close()
    finally:
        await database.close()


@asynccontextmanager
async def opened(settings: Settings, public_url: str) -> AsyncIterator[House]:
    """A house, open for the time of the block. The engine runs only inside `engine`."""
    brands = providers.load()
    if not is_postgres(settings.database_url):
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = await open_database(settings.database_url, settings.secret_keys, now)
    worlds = Worlds(database, brands, public_url, now, settings.sandbox_pace)
    vendors = HouseVendors(brands, settings, worlds, public_url)
    limits = Limits(is_enforced=settings.are_limits_enforced)
    dispatcher = EmbeddedDispatcher(database)

    async def handle(connected_account_id: str, woken: asyncio.Event) -> None:
        await drain_account(database, vendors, connected_account_id, woken)

    await dispatcher.open(handle)
    for provider, base in vendors.told_by.items():
        await database.write(store.connected_accounts.wake_unregistered, provider, base)
    outbound = LazyOutbound(settings.webhook_networks)
    deliveries = Deliveries(database, outbound.get)
    delivery_dispatcher = DeliveryDispatcher(database)
    await delivery_dispatcher.open(deliveries.deliver)
    metrics = Metrics(dispatcher.stats, vendors.traffic.families, deliveries.families)
    wire = WireHouse(
        public_url,
        vendors.manifests,
        limits,
        vendors.name_at_vendor,
        worlds.takes_codes_of_others,
        settings.webhook_networks,
    )
    streams = Streams(database, observe=metrics.observe)
    others = _others(database, vendors, worlds, public_url, metrics, streams)
    retention = Retention(database, settings.events_kept, settings.deliveries_kept)
    asgi = WireApp(database, wire, others, metrics.observe)
    try:
        yield House(database, vendors, dispatcher, delivery_dispatcher, asgi, streams, retention)
    finally:
        streams.stop()
        await dispatcher.close()
        await delivery_dispatcher.close()
        await outbound.close()
        await vendors.close()
        await database.close()


def _others(
    database: Database,
    vendors: HouseVendors,
    worlds: Worlds,
    public_url: str,
    metrics: Metrics,
    streams: Streams,
) -> AsgiApp:
    """Pages, simulated vendors, description and health: all that is not an operation."""

    @cache
    def openapi() -> bytes:
        """Made when somebody first asks: working out all schemas would take a start 30 ms."""
        from .wire.openapi import document

        return msgspec.json.encode(document(public_url))

    async def describe(request: Request) -> Response:
        return Response(openapi(), media_type="application/json")

    async def health(request: Request) -> Response:
        why = await trouble(database)
        if why is not None:
            return _error(request, 503, "database_unavailable", f"Nothing can be stored: {why}")
        return Response(
            msgspec.json.encode({"ok": True, "msg": "I am a doorkeeper", "version": __version__}),
            media_type="application/json",
        )

    async def measure(request: Request) -> Response:
        return Response(metrics.render(), media_type="text/plain; version=0.0.4")

    starlette = Starlette(
        routes=[
            Route("/openapi.json", describe, methods=["GET"]),
            Route("/health", health, methods=["GET", "POST"]),
            Route("/health/get_health", health, methods=["GET", "POST"]),
            Route("/metrics", measure, methods=["GET"]),
            *pages.routes(database, vendors, public_url),
            *receive.routes(database, vendors),
        ],
        exception_handlers={HTTPException: _plain_error},
    )
    starlette.router.redirect_slashes = False

    async def others(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await worlds.serve(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == STREAM:
            await streams(scope, receive, send)
        else:
            await starlette(scope, receive, send)

    return others


async def _plain_error(request: Request, error: Exception) -> Response:
    """Unknown paths in the wire's error form, so that a client's mistake is readable."""
    assert isinstance(error, HTTPException)
    if error.status_code != 404:
        return _error(request, error.status_code, "method_not_allowed", error.detail)
    if request.method == "OPTIONS":  # a browser asks before it may see that there is nothing
        return Response(headers=_headers(request, str(uuid4())))
    return _error(request, 404, "not_found", f"There is nothing at {request.url.path}{_meant(request)}")


def _meant(request: Request) -> str:
    near = difflib.get_close_matches(request.url.path[:MOST_PATH], OPERATIONS, n=1, cutoff=0.8)
    return f". Did you mean {near[0]}?" if near else "; /openapi.json describes what is served"


def _error(request: Request, status: int, kind: str, message: str) -> Response:
    """In the wire's form, with what browsers need to show it to a program."""
    request_id = str(uuid4())
    body = {"error": {"type": kind, "message": message, "request_id": request_id}, "ok": False}
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers=_headers(request, request_id),
    )


def _headers(request: Request, request_id: str) -> dict[str, str]:
    common = common_headers(request_id, {b"origin": request.headers.get("origin", "*").encode("latin-1")})
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in common}


# --- one process --------------------------------------------------------------------------------------


async def first_start(tx: Tx) -> None:
    """A new installation has a sandbox to play in."""
    if not await store.workspaces.list_all(tx):
        await store.workspaces.create(tx, "sandbox", is_sandbox=True)


async def free_leases(tx: Tx) -> None:
    """On SQLite the lock beside the file proves that no other server lives: leases of a dead one are void."""
    await store.connected_accounts.free_all(tx)
    await store.webhooks.free_all(tx)
