"""The Connect pages over plain HTTP, and a vendor that does what a test wants."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from uuid import uuid4

from starlette.applications import Starlette

from ostiary import store
from ostiary.connect.pages import routes
from ostiary.domain.connect_webviews import ConnectWebview
from ostiary.domain.provider import Credentials, HttpRequest, HttpResponse, Login, LoginChoices, Manifest
from ostiary.domain.secrets import Secret
from ostiary.domain.workspaces import Workspace
from ostiary.store.opening import open_database
from ostiary.store.tx import Database, Tx
from ostiary.transport.in_process import InProcessHttp

from .. import databases

URL = "https://locks.example.com/gate"
LOGIN = Login(
    Credentials(Secret("let me in")), "account 1", "john@example.com", {"email": "john@example.com"}
)
ACME = Manifest(
    key="acme_locks",
    display_name="Acme <Locks>",
    provider_categories=("stable",),
    default_urls={},
    needs_client=False,
    flags=("can_remotely_unlock",),
    device_types=("acme_lock",),
    known_logins=(),
    token_help="Make a token in the Acme app.",
)
BOLT = replace(ACME, key="bolt_locks", display_name="Bolt")


@dataclass
class Vendor:
    """
    Two adapters and `Vendors` in one.

    Attributes:
        answer: What finishing a login does.
        completion: What completing it does, after the person has chosen.
        asked: The callbacks' queries.
        chosen: Brand, pending secret and choices of every completion.
        is_by_token: Nobody can log in at Acme; it takes tokens.
        tokens: That were given.
    """

    answer: Callable[[], Awaitable[Login | LoginChoices]]
    completion: Callable[[], Awaitable[Login]]
    is_set_up: bool = True
    is_by_token: bool = False
    manifests: Mapping[str, Manifest] = field(default_factory=lambda: {ACME.key: ACME, BOLT.key: BOLT})
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    chosen: list[tuple[str, str, list[str]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def wants_token(self, workspace: Workspace, provider: str) -> bool:
        return self.is_by_token and provider == ACME.key

    def adapter(self, workspace: Workspace, provider: str) -> Any:
        if not self.is_set_up:
            raise KeyError(provider)
        return _Adapter(self, self.manifests[provider])


@dataclass
class _Adapter:
    vendor: Vendor
    manifest: Manifest

    def login_url(self, *, state: str, redirect_uri: str, verifier: str) -> str:
        return "https://acme.example/login?" + urlencode({"state": state, "redirect_uri": redirect_uri})

    async def finish_login(self, query: Mapping[str, str], **more: Any) -> Login | LoginChoices:
        self.vendor.asked.append({**query, **more})
        return await self.vendor.answer()

    async def token_login(self, token: Secret, *, now: datetime) -> Login:
        self.vendor.tokens.append(token.reveal())
        login = await self.vendor.answer()
        assert isinstance(login, Login)
        return login

    async def complete_login(self, pending: Secret, chosen: Sequence[str], *, now: datetime) -> Login:
        self.vendor.chosen.append((self.manifest.key, pending.reveal(), list(chosen)))
        return await self.vendor.completion()


class Clock:
    now = datetime(2025, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class House:
    database: Database
    vendor: Vendor
    http: InProcessHttp
    clock: "Clock"

    async def get(self, url: str, **headers: str) -> HttpResponse:
        return await self.http.send(HttpRequest("GET", url, headers))

    async def page(self, url: str, status: int = 200) -> str:
        answer = await self.get(url)
        assert answer.status == status
        return answer.body.decode()

    async def post(self, path: str, form: Sequence[tuple[str, str]]) -> HttpResponse:
        body = urlencode(form).encode()
        return await self.http.send(HttpRequest("POST", f"{URL}/connect_webviews/view/{path}", body=body))

    async def choose(self, webview: ConnectWebview, provider: str = ACME.key) -> HttpResponse:
        return await self.post("choose", [*link(webview), ("provider", provider)])

    async def callback(self, webview: ConnectWebview, provider: str = ACME.key) -> str:
        """Begin a login; the address to which the vendor sends the person back."""
        chosen = await self.choose(webview, provider)
        assert chosen.status == 303
        state = parse_qs(urlsplit(chosen.headers["location"]).query)["state"][0]
        return f"{URL}/connect_webviews/callback?state={state}&code=c"

    async def go(self, answer: HttpResponse, status: int = 200) -> str:
        """The page to which an answer leads."""
        assert answer.status == 303, answer.body.decode()
        return await self.page(urljoin(URL, answer.headers["location"]), status)

    async def webview(self, **fields: Any) -> ConnectWebview:
        return await self.database.write(_create, fields)

    async def again(self, webview: ConnectWebview) -> ConnectWebview:
        return await self.database.read(
            store.connect_webviews.get, webview.workspace_id, webview.connect_webview_id
        )


def link(webview: ConnectWebview) -> list[tuple[str, str]]:
    """What every form of ours sends."""
    return [
        ("connect_webview_id", webview.connect_webview_id),
        ("auth_token", webview.auth_token.reveal()),
    ]


async def _create(tx: Tx, fields: Mapping[str, Any]) -> ConnectWebview:
    workspace = (await store.workspaces.list_all(tx))[0]
    tx.enter(workspace)
    webview = ConnectWebview(
        connect_webview_id=str(uuid4()),
        workspace_id=workspace.workspace_id,
        auth_token=Secret(f"token{uuid4()}"),
        status="pending",
        connected_account_id=None,
        selected_provider=None,
        accepted_providers=[ACME.key],
        accepted_capabilities=["lock"],
        any_provider_allowed=False,
        device_selection_mode="none",
        custom_redirect_url=None,
        custom_redirect_failure_url=None,
        custom_metadata={},
        customer_key=None,
        automatically_manage_new_devices=True,
        wait_for_device_creation=False,
        login_state_hash=None,
        login_verifier=None,
        pending_login=None,
        authorized_at=None,
        expires_at=tx.now + timedelta(hours=24),
        created_at=tx.now,
    )
    webview = replace(webview, **fields)
    await store.connect_webviews.insert(tx, webview)
    return webview


async def let_in() -> Login:
    return LOGIN


def failing(error: Exception) -> Callable[[], Awaitable[Login]]:
    async def fail() -> Login:
        raise error

    return fail


@asynccontextmanager
async def house(
    tmp_path: Path,
    answer: Callable[[], Awaitable[Login | LoginChoices]] = let_in,
    *,
    is_set_up: bool = True,
    database_url: str | None = None,
) -> AsyncIterator[House]:
    """The pages, behind a proxy that serves them below a path. Opened again it is the same house."""
    vendor = Vendor(answer, let_in, is_set_up)
    clock = Clock()
    database = await _database(database_url or f"sqlite:///{tmp_path / 'ostiary.db'}", clock)
    app = Starlette(routes=routes(database, vendor, URL))
    opened = House(database, vendor, InProcessHttp({URL: app}.get), clock)
    try:
        yield opened
    finally:
        await opened.http.close()
        await database.close()


class Overtaken:
    """
    A database whose next answer to a reader comes only after something else has happened.

    Attributes:
        meanwhile: That, once; None: readers are not kept waiting.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def read(self, *asked: Any) -> Any:
        answer = await self._database.read(*asked)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


@asynccontextmanager
async def overtaken(it: House) -> AsyncIterator[tuple[House, Overtaken]]:
    """The same pages, where a reader can be kept waiting."""
    database = Overtaken(it.database)
    app = Starlette(routes=routes(cast(Database, database), it.vendor, URL))
    http = InProcessHttp({URL: app}.get)
    yield replace(it, http=http), database
    await http.close()


async def _database(url: str, clock: Clock) -> Database:
    await databases.migrate(url)
    database = await open_database(url, [bytes(32)], clock)
    if not await database.read(store.workspaces.list_all):
        await database.write(store.workspaces.create, "Hotel", is_sandbox=True)
    return database
