"""
What becomes of logins: the vendor is asked, the outcome is settled, and the person is sent on.

Each ends in an address, once however often it is asked for at the same time: a vendor's code is good once,
and an impatient reload or a double click waits for the same answer instead of spoiling the login.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from ..domain.connect_webviews import ConnectWebview
from ..domain.errors import ApiError, ProviderError
from ..domain.instants import to_ms
from ..domain.provider import Adapter, Login, LoginChoices, LoginFailed, Manifest
from ..domain.secrets import Secret
from ..domain.workspaces import Workspace
from ..store.tx import Database, Tx
from . import login, wording
from .login import LinkRefused, Offer
from .screens import Place, Screens

log = logging.getLogger("ostiary.connect")

_WORD: Final = re.compile(r"[a-z0-9_]{1,60}")
_CANCELLED: Final = LoginFailed("access_denied", "The person stopped before connecting")
_FAILED: Final = LoginFailed("login_failed", "The login ended without an account")


class Vendors(Protocol):
    """Every brand, as one workspace reaches it."""

    @property
    def manifests(self) -> Mapping[str, Manifest]: ...

    def adapter(self, workspace: Workspace, provider: str) -> Adapter:
        """
        Raises:
            KeyError: No such brand, or production lacks its settings.
        """
        ...

    def wants_token(self, workspace: Workspace, provider: str) -> bool:
        """Nobody can log in at the brand from here, but it takes tokens that owners make there."""
        ...


@dataclass(frozen=True, slots=True)
class Visit:
    """A link that was opened. `now` is its workspace's time, `real_now` the machine's."""

    webview: ConnectWebview
    workspace: Workspace
    now: datetime
    real_now: datetime

    def place(self, step: int | None = None) -> Place:
        return Place(self.webview, self.workspace, step)

    @property
    def link(self) -> tuple[str, str]:
        """Its id and its token."""
        return self.webview.connect_webview_id, self.webview.auth_token.reveal()


class Logins:
    """
    Where the person goes from each end of a login.

    Raises, in every method that asks the vendor: LinkRefused, when the link or this login of it is over.

    Args:
        redirect_uri: Where vendors send people back.
    """

    def __init__(self, database: Database, vendors: Vendors, screens: Screens, redirect_uri: str) -> None:
        self._database = database
        self._vendors = vendors
        self._screens = screens
        self._redirect_uri = redirect_uri
        self._under_way: dict[str, asyncio.Task[str]] = {}

    def is_under_way(self, key: str) -> bool:
        """Whether this process is at it: the `state` of a login, or the mark of an offer."""
        return key in self._under_way

    async def returned(self, query: Mapping[str, str], state: str) -> str:
        """The vendor has sent the person back."""
        return await self._once(state, lambda: self._return(query, state))

    async def token_given(self, visit: Visit, state: str, token: Secret) -> str:
        """The person has given a token."""
        return await self._once(state, lambda: self._take(visit, state, token))

    async def chosen(self, visit: Visit, offer: Offer, chosen: Sequence[str]) -> str:
        """The person has chosen what to let us into."""
        return await self._once(offer.mark, lambda: self._choose(visit, offer, chosen))

    async def cancelled(self, visit: Visit, offer: Offer) -> str:
        """The person does not want to choose."""
        return await self._once(offer.mark, lambda: self._cancel(visit, offer))

    def again(self, visit: Visit, decision: str) -> str:
        """
        Where an answer leads that comes a second time, such as by a double click: where the first one led.

        Raises:
            LinkRefused: There was no first one: a newer login has begun.
        """
        webview = visit.webview
        if webview.status == "authorized" and decision == "connect":
            return self._connected(webview, visit.real_now)
        if webview.status == "authorized":
            return self._screens.done(webview)
        if webview.status == "failed":
            return self._ended(webview, _CANCELLED if decision == "cancel" else _FAILED)
        raise LinkRefused("over")

    def adapter(self, workspace: Workspace, provider: str) -> Adapter | None:
        """None: the operator has not set the brand up."""
        try:
            return self._vendors.adapter(workspace, provider)
        except KeyError:
            log.warning("%s is not set up, and somebody wanted to connect it", provider)
            return None

    # --- each once ---------------------------------------------------------------------------------------

    async def _once(self, key: str, work: Callable[[], Coroutine[Any, Any, str]]) -> str:
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(task)

    async def _return(self, query: Mapping[str, str], state: str) -> str:
        write = self._database.write
        await self._database.read(login.returned, state)  # strangers do not get into the line of writers
        visit, state = await write(_taken, state)
        try:
            vendor_login = await self._log_in(visit, query)
            if isinstance(vendor_login, LoginChoices):
                return self._screens.select(await write(login.offer, state, vendor_login))
            done, _ = await write(login.finish, state, vendor_login, self._vendors.manifests)
        except (LoginFailed, ProviderError, ApiError) as error:
            return self._ended(await write(login.fail, state), _why(error, visit.webview))
        return self._connected(done, visit.real_now)

    async def _take(self, visit: Visit, state: str, token: Secret) -> str:
        write = self._database.write
        await self._database.read(login.returned, state)  # it may have ended since the form was read
        provider = visit.webview.selected_provider or ""
        try:
            adapter = self.adapter(visit.workspace, provider)
            if adapter is None or not self._vendors.wants_token(visit.workspace, provider):
                raise LoginFailed(wording.NOT_SET_UP, "The provider is not set up")
            vendor_login = await adapter.token_login(token, now=visit.now)
            done, _ = await write(login.finish, state, vendor_login, self._vendors.manifests)
        except (LoginFailed, ProviderError, ApiError) as error:
            return self._ended(await write(login.fail, state), _why(error, visit.webview))
        return self._connected(done, await self._database.read(_real_now))

    async def _choose(self, visit: Visit, offer: Offer, chosen: Sequence[str]) -> str:
        write = self._database.write
        await write(login.take_choice, *visit.link, offer.mark)
        try:
            vendor_login = await self._complete(visit, offer, chosen)
            done, _ = await write(
                login.finish_chosen, *visit.link, vendor_login, self._vendors.manifests, offer.mark
            )
        except (LoginFailed, ProviderError, ApiError) as error:
            why = _why(error, visit.webview)
            return self._ended(await write(login.fail_chosen, *visit.link, offer.mark), why)
        except LinkRefused:
            raise
        except Exception:  # a bug of ours does not cost the person their login
            await write(login.take_choice, *visit.link, offer.mark, is_given_back=True)
            raise
        # The vendor may have been at work for a while: patience begins now.
        return self._connected(done, await self._database.read(_real_now))

    async def _cancel(self, visit: Visit, offer: Offer) -> str:
        failed = await self._database.write(login.fail_chosen, *visit.link, offer.mark)
        return self._ended(failed, _CANCELLED)

    # --- at the vendor -----------------------------------------------------------------------------------

    async def _log_in(self, visit: Visit, query: Mapping[str, str]) -> Login | LoginChoices:
        """Raises: LoginFailed, ProviderError."""
        webview = visit.webview
        adapter = self.adapter(visit.workspace, webview.selected_provider or "")
        if adapter is None or webview.login_verifier is None:
            raise LoginFailed(wording.NOT_SET_UP, "The provider is not set up")
        return await adapter.finish_login(
            query,
            redirect_uri=self._redirect_uri,
            verifier=webview.login_verifier.reveal(),
            now=visit.now,
        )

    async def _complete(self, visit: Visit, offer: Offer, chosen: Sequence[str]) -> Login:
        """Raises: LoginFailed, ProviderError."""
        adapter = self.adapter(visit.workspace, visit.webview.selected_provider or "")
        if adapter is None:
            raise LoginFailed(wording.NOT_SET_UP, "The provider is not set up")
        return await adapter.complete_login(offer.choices.pending, chosen, now=visit.now)

    # --- where to ----------------------------------------------------------------------------------------

    def _connected(self, webview: ConnectWebview, came_back_at: datetime) -> str:
        """
        Args:
            came_back_at: By the machine's clock.
        """
        target = webview.success_url()
        if target is not None and not webview.wait_for_device_creation:
            return target
        return self._screens.done(webview, since=str(to_ms(came_back_at)))

    def _ended(self, webview: ConnectWebview, why: LoginFailed) -> str:
        error_code = word(why.error_code)
        return webview.failure_url(error_code, why.message) or self._screens.failed(webview, error_code)


def word(text: str) -> str:
    """An error code that is fit for pages and addresses."""
    return text if _WORD.fullmatch(text) else "login_failed"


def _why(error: LoginFailed | ProviderError | ApiError, webview: ConnectWebview) -> LoginFailed:
    """For the caller of the API and for the page of the person."""
    if isinstance(error, LoginFailed):
        return error
    if isinstance(error, ApiError):
        return LoginFailed(error.error_type, error.message)
    log.warning("login at %s: %s", webview.selected_provider, type(error).__name__)
    return LoginFailed(wording.UNAVAILABLE, "The provider could not finish the login")


async def _taken(tx: Tx, state: str) -> tuple[Visit, str]:
    (webview, workspace), own = await login.taken(tx, state)
    return Visit(webview, workspace, tx.now, tx.real_now), own


async def _real_now(tx: Tx) -> datetime:
    return tx.real_now
