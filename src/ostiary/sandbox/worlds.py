"""
The simulated vendors of sandbox workspaces, in process.

Every sandbox workspace has a world of its own: one simulator per brand, on the workspace's clock, with its
state in Ostiary's database. The same application answers the engine (through `InProcessHttp`), the
browser of whoever logs in, and, with an API key, the control plane under `/_simulator/`.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from .. import store
from ..domain.errors import ApiError
from ..domain.provider import (
    AsgiApp,
    Brand,
    Integrator,
    Receive,
    Scope,
    Send,
    TakesCodesOfOthers,
    VendorSite,
)
from ..domain.secrets import Secret
from ..domain.workspaces import Workspace
from ..store.tx import Database, Tx
from ..wire.auth import authenticate, unauthorized
from ..wire.http import error_body, respond

PREFIX: Final = "/ostiary/sandbox/"
CLIENT_ID: Final = "ostiary-sandbox"
INTEGRATOR: Final = Integrator("integration@example.com", Secret("1234"))  # as everybody at the simulators


class World:
    """One simulator of one workspace, with the workspace's clock."""

    def __init__(self, workspace: Workspace, real_clock: Callable[[], datetime]) -> None:
        self.workspace = workspace
        self._real_clock = real_clock
        self.app: AsgiApp | None = None

    def now(self) -> datetime:
        return self.workspace.at(self._real_clock())


class Worlds:
    """
    Args:
        public_url: Under which browsers reach this server.
        pace: Factor on the simulators' delays.
    """

    def __init__(
        self,
        database: Database,
        brands: Mapping[str, Brand],
        public_url: str,
        real_clock: Callable[[], datetime],
        pace: float,
    ) -> None:
        self._database = database
        self._brands = brands
        self._public_url = public_url
        self._real_clock = real_clock
        self._pace = pace
        self._worlds: dict[tuple[str, str], World] = {}

    def site(self, workspace: Workspace, provider: str) -> VendorSite:
        """The simulated vendor as the production adapter sees it."""
        url = self._url(workspace.workspace_id, provider)
        manifest = self._brands[provider].manifest
        return VendorSite(
            dict.fromkeys(manifest.default_urls, url),
            CLIENT_ID,
            _client_secret(workspace),
            INTEGRATOR if manifest.takes_integrator else None,
            self._pace,
        )

    def app_for(self, url: str) -> AsgiApp | None:
        """What is mounted at exactly this URL; for `InProcessHttp`."""
        prefix = f"{self._public_url}{PREFIX}"
        workspace_id, _, provider = url.removeprefix(prefix).partition("/")
        if not url.startswith(prefix) or provider not in self._brands or not workspace_id:
            return None

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            world = await self._world(workspace_id, provider)
            if world is None or world.app is None:
                raise ApiError("workspace_not_found", "No such sandbox", status=404)
            await world.app(scope, receive, send)

        return app

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests from outside below `/ostiary/sandbox/<workspace_id>/<provider>/`."""
        workspace_id, provider, rest = (*scope["path"].removeprefix(PREFIX).split("/", 2), "", "")[:3]
        headers = dict(scope["headers"])
        try:
            world = await self._world(workspace_id, provider)
            if world is None or world.app is None:
                raise ApiError("workspace_not_found", "No such sandbox workspace or provider", status=404)
            is_control = rest.partition("/")[0] == "_simulator"
            if is_control:
                identity = await self._database.read(authenticate, headers)
                if identity.workspace is None or identity.workspace.workspace_id != workspace_id:
                    raise unauthorized("API Key not found")
        except ApiError as error:
            await respond(send, error.status, error_body(error, ""), "", headers)
            return
        mounted = {**scope, "root_path": f"{PREFIX}{workspace_id}/{provider}"}
        await world.app(mounted, receive, send)
        if is_control and scope["method"] != "GET":
            await self._database.write(_wake, workspace_id)

    async def _world(self, workspace_id: str, provider: str) -> World | None:
        """The world with its clock as it stands now; None for production and for what does not exist."""
        workspace: Workspace | None = await self._database.read(store.workspaces.get, workspace_id)
        return None if workspace is None else self._world_of(workspace, provider)

    def takes_codes_of_others(self, workspace: Workspace, provider: str) -> TakesCodesOfOthers | None:
        """The simulator, if there is one and its locks take codes with a PIN that somebody else chooses."""
        world = self._world_of(workspace, provider)
        return world.app if world is not None and isinstance(world.app, TakesCodesOfOthers) else None

    def _world_of(self, workspace: Workspace, provider: str) -> World | None:
        workspace_id = workspace.workspace_id
        if not workspace.is_sandbox or provider not in self._brands:
            return None
        world = self._worlds.get((workspace_id, provider))
        if world is None:
            world = World(workspace, self._real_clock)
            world.app = self._brands[provider].simulator(
                store.homes.WorkspaceHomes(self._database, workspace_id, provider),
                world.now,
                url=self._url(workspace_id, provider),
                client_id=CLIENT_ID,
                client_secret=_client_secret(workspace),
                redirect_uris=[f"{self._public_url}/connect_webviews/callback"],
                pace=self._pace,
            )
            self._worlds[workspace_id, provider] = world
        world.workspace = workspace
        return world

    def _url(self, workspace_id: str, provider: str) -> str:
        return f"{self._public_url}{PREFIX}{workspace_id}/{provider}"


def _client_secret(workspace: Workspace) -> Secret:
    """Guards nothing: whoever runs this server runs both sides."""
    return Secret(hashlib.sha256(f"sandbox {workspace.workspace_id}".encode()).hexdigest()[:32])


async def _wake(tx: Tx, workspace_id: str) -> None:
    """The simulated world has changed: the engine looks at once, as it would on a vendor's notice."""
    workspace = await store.workspaces.get(tx, workspace_id)
    if workspace is not None:
        tx.enter(workspace)
        await store.connected_accounts.wake_workspace(tx, workspace_id)
        await store.devices.forget_looks(tx, workspace_id)
