"""Templates into responses: the headers that every page has, and the addresses that they link to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
from starlette.responses import HTMLResponse, RedirectResponse

from ..domain.connect_webviews import ConnectWebview
from ..domain.provider import Manifest
from ..domain.workspaces import Workspace
from . import wording
from .assets import Assets
from .login import Offer
from .wording import Trouble

if TYPE_CHECKING:
    from jinja2 import Environment

VIEW: Final = "/connect_webviews/view"
SELECT: Final = f"{VIEW}/select"
TOKEN: Final = f"{VIEW}/token"
CALLBACK: Final = "/connect_webviews/callback"

# The link's token stands in the address: it must not travel on as a referrer, nor stay in a cache.
_PRIVATE: Final = {"cache-control": "no-store", "referrer-policy": "no-referrer"}

# `form-action *`: Chromium applies it to every redirect that follows the form, and those lead to the
# vendor, on through the vendor's own hosts, and to the custom redirect URL. Framing is allowed on purpose.
_HEADERS: Final = {
    **_PRIVATE,
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "script-src 'self'; form-action *; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: whose link it is, and how far the person has come (None: not on the way)."""

    webview: ConnectWebview
    workspace: Workspace
    step: int | None = None


class Screens:
    """
    Args:
        public_url: Its path, if any, precedes every address.
    """

    def __init__(self, manifests: Mapping[str, Manifest], assets: Assets, public_url: str) -> None:
        self._manifests = manifests
        self._url = public_url.rstrip("/")
        self._base = urlsplit(public_url).path.rstrip("/")
        self._assets = assets

    @cached_property
    def _templates(self) -> "Environment":
        """Loaded with the first page: most servers show few, and every start would pay for it."""
        from jinja2 import Environment, PackageLoader, StrictUndefined

        templates = Environment(
            loader=PackageLoader("ostiary.connect"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.globals["asset"] = lambda name: self._base + self._assets.path(name)
        return templates

    # --- addresses --------------------------------------------------------------------------------------

    def view(self, webview: ConnectWebview, **more: str) -> str:
        return self._address(VIEW, webview, more)

    def done(self, webview: ConnectWebview, **more: str) -> str:
        return self._address(f"{VIEW}/done", webview, more)

    def select(self, webview: ConnectWebview, **more: str) -> str:
        return self._address(SELECT, webview, more)

    def token(self, webview: ConnectWebview, state: str) -> str:
        return self._address(TOKEN, webview, {"state": state})

    def failed(self, webview: ConnectWebview, error_code: str) -> str:
        return self._address(f"{VIEW}/failed", webview, {"error_code": error_code})

    def _address(self, path: str, webview: ConnectWebview, more: Mapping[str, str]) -> str:
        query = {
            "connect_webview_id": webview.connect_webview_id,
            "auth_token": webview.auth_token.reveal(),
            **more,
        }
        return f"{self._base}{path}?{urlencode(query)}"

    # --- pages ------------------------------------------------------------------------------------------

    def redirect(self, location: str) -> RedirectResponse:
        """See Other: a reload of what follows repeats nothing."""
        return RedirectResponse(location, 303, headers=_PRIVATE)

    def offered(self, webview: ConnectWebview) -> list[Manifest]:
        """The brands of the picker, in the order that the caller gave."""
        return [self._manifests[key] for key in webview.accepted_providers if key in self._manifests]

    def intro(self, place: Place, by_token: Collection[str]) -> HTMLResponse:
        """
        Args:
            by_token: Brands that are connected by a token, as nobody can log in there from here.
        """
        offered = self.offered(place.webview)
        return self._page(
            "intro.html",
            place,
            offered=offered,
            by_token=by_token,
            access=wording.of_access(offered),
            next_page=self.view(place.webview, step="brands"),
        )

    def brands(self, place: Place, by_token: Collection[str]) -> HTMLResponse:
        offered = self.offered(place.webview)
        back = self.view(place.webview)
        return self._page("brands.html", place, offered=offered, by_token=by_token, back=back)

    def choices(
        self, place: Place, offer: Offer, ticked: Collection[str] | None = None, mistake: str | None = None
    ) -> HTMLResponse:
        """
        What the person lets us into.

        Args:
            ticked: None: whatever can be.
            mistake: Why what they have sent does not do; for `wording.of_choice`.
        """
        choices = offer.choices.choices
        free = [choice for choice in choices if choice.refusal is None]
        return self._page(
            "choices.html" if free else "no_choice.html",
            replace(place, step=self._steps(place.webview)),
            brand=self.brand(place.webview),
            noun=offer.choices.noun,
            notice=offer.choices.notice,
            mark=offer.mark,
            free=free,
            refused=[choice for choice in choices if choice.refusal is not None],
            ticked={choice.choice_id for choice in free} if ticked is None else ticked,
            mistake=wording.of_choice(mistake, offer.choices.noun) if mistake else None,
            select=self._base + SELECT,
            tick_all=self.select(place.webview),
            tick_none=self.select(place.webview, tick="none"),
            status=422 if mistake else 200,
        )

    def token_form(self, place: Place, state: str) -> HTMLResponse:
        """Where the person gives a token of their own, because nobody can log in at the brand from here."""
        webview = place.webview
        manifest = self._manifests[webview.selected_provider or ""]
        is_only = len(self.offered(webview)) == 1
        return self._page(
            "token.html",
            replace(place, step=self._steps(webview)),
            brand=manifest.display_name,
            help=manifest.token_help,
            state=state,
            target=self._base + TOKEN,
            back=self.view(webview) if is_only else self.view(webview, step="brands"),
        )

    def waiting(self, place: Place, *, refresh: int) -> HTMLResponse:
        """The account is connected and its locks are being read. Asks again after `refresh` seconds."""
        return self._page("waiting.html", place, brand=self.brand(place.webview), refresh=refresh)

    def connected(self, place: Place, account: str, *, is_fresh: bool, is_slow: bool) -> HTMLResponse:
        """
        Args:
            account: The account's masked name.
            is_fresh: The person comes from the vendor, and not from the link once more.
            is_slow: We have stopped waiting for the locks.
        """
        told = _event("connect_webview.login_succeeded", place.webview)
        brand = self.brand(place.webview)
        target = place.webview.success_url()
        host = urlsplit(target).netloc if target else ""
        return self._page(
            "done.html",
            place,
            told=told,
            brand=brand,
            account=account,
            is_fresh=is_fresh,
            is_slow=is_slow,
            target=target,
            host=host,
        )

    def failure(self, place: Place, error_code: str, *, provider: str | None = None) -> HTMLResponse:
        """
        The login ended without an account; with a way to begin again.

        Args:
            provider: What was chosen, when the webview has not been told.
        """
        webview = place.webview
        trouble = wording.of_failure(error_code, self.brand(webview, provider), place.workspace.name)
        told = _event(
            "connect_webview.login_failed", webview, error_code=error_code, error_message=trouble.text
        )
        return self._page(
            "failed.html",
            place,
            trouble=trouble,
            told=told,
            offered=self.offered(webview),
            brands_page=self.view(webview, step="brands"),
        )

    def front(self) -> HTMLResponse:
        """For whoever opens the server's own address: a developer, or somebody whose link was cut off."""
        return self._page("front.html", None, url=self._url)

    def trouble(self, trouble: Trouble, back: str | None = None) -> HTMLResponse:
        """A link that leads nowhere. `back`: the address from which the person can go on."""
        return self._page("trouble.html", None, trouble=trouble, back=back)

    def brand(self, webview: ConnectWebview, provider: str | None = None) -> str:
        """What was chosen, for people; its key when the brand has been removed from this server."""
        key = provider or webview.selected_provider or ""
        return self._manifests[key].display_name if key in self._manifests else key

    def _steps(self, webview: ConnectWebview) -> int:
        """
        This link, the brand where there are several, and the login. What a brand lets the person choose is
        part of its login: nobody knows beforehand whether it does, and a count must not grow under way.
        """
        return 3 if len(self.offered(webview)) > 1 else 2

    def _page(self, template: str, place: Place | None, **values: Any) -> HTMLResponse:
        """
        Every template sees `place`, `steps` (how many there are) and `told` (an event for the parent
        window, as JSON, or None).
        """
        steps = self._steps(place.webview) if place is not None else 0
        values = {"place": place, "steps": steps, "told": None, **values}
        values["choose"] = f"{self._base}{VIEW}/choose"
        trouble = values.get("trouble")
        status = values.pop("status", 200) if trouble is None else trouble.status
        html = self._templates.get_template(template).render(**values)
        return HTMLResponse(html, status, headers=_HEADERS)


def _event(event_type: str, webview: ConnectWebview, **more: str) -> str:
    """What a page tells the window that frames it."""
    event = {"event_type": event_type, "connect_webview_id": webview.connect_webview_id, **more}
    return msgspec.json.encode({"event": event}).decode()
