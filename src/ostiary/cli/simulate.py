"""`ostiary simulate`: a vendor's cloud alone, for production workspaces, load tests and others' clients."""

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from .. import providers
from ..domain.provider import Brand, HomeStore, Manifest
from ..domain.secrets import Secret
from ..simulation import FileHomes, MemoryHomes, ShiftableClock
from ..transport.network import NetworkHttp
from .errors import Failed
from .installation import brand_key
from .serve import Server, listen, local_url, uvicorn_config, uvloop_runner


def run_simulator(name: str, host: str, port: int, state: Path | None, *, as_json: bool) -> None:
    """Until SIGTERM or SIGINT. Raises: Failed."""
    brands = providers.load()
    brand = brands.get(brand_key(name))
    if brand is None:
        known = ", ".join(key.replace("_", "-") for key in brands)
        raise Failed(f"there is no simulator {name}; there is: {known}")
    if state is not None:
        _refuse_unusable(state)
    homes: HomeStore = MemoryHomes() if state is None else FileHomes(state)
    with listen(host, port) as listener, uvloop_runner() as runner:
        runner.run(_serve(brand, homes, state, listener, local_url(host, listener), as_json))


def _refuse_unusable(state: Path) -> None:
    """Raises: Failed, rather than at the first request."""
    if state.is_dir():
        raise Failed(f"--state {state} is a folder; name a file in it")
    try:
        with state.open("ab"):
            pass
    except OSError as error:
        raise Failed(f"--state {state} cannot be written: {error.strerror}; name another file") from error


def _client(state: Path | None) -> tuple[str, str]:
    """The OAuth client: with a state file the same at every start, so that logins made before go on."""
    if state is None:
        return secrets.token_urlsafe(16), secrets.token_hex(16)
    digest = hashlib.sha256(str(state.absolute()).encode()).hexdigest()
    return digest[:22], digest[32:]


async def _serve(
    brand: Brand, homes: HomeStore, state: Path | None, listener: Any, url: str, as_json: bool
) -> None:
    client_id, client_secret = _client(state)
    http = NetworkHttp()
    simulator = brand.simulator(
        homes, ShiftableClock(), url=url, client_id=client_id, client_secret=Secret(client_secret), http=http
    )
    login = brand.manifest.known_logins[0]
    issue: Any = getattr(simulator, "issue_api_token", None)
    facts = {
        "url": url,
        **({"api_token": await issue(login)} if issue is not None else {}),
        "client_id": client_id,
        "client_secret": client_secret,
        "login": {"email": login, "password": "1234"},
    }
    people = "\n".join(_ready(brand.manifest, facts, getattr(simulator, "has_status_page", False)))
    ready = msgspec.json.encode(facts).decode() if as_json else people
    try:
        await Server(uvicorn_config(simulator, has_lifespan=True), ready).serve(sockets=[listener])
    finally:
        await http.close()


def _ready(manifest: Manifest, facts: dict[str, Any], has_status_page: bool) -> Iterator[str]:
    """For people: what to log in with, and the settings that point production workspaces here."""
    yield f"Simulated {manifest.display_name} cloud at {facts['url']}"
    yield f"  log in as {facts['login']['email']}, password {facts['login']['password']}"
    if "api_token" in facts:
        yield f"  api_token: {facts['api_token']}"
    if has_status_page:
        yield f"  doors: {facts['url']}/_simulator/"
    yield "  settings for production workspaces:"
    prefix = f"OSTIARY_{manifest.key}".upper()
    for name in manifest.default_urls:
        yield f"    {prefix}_{name.upper()}={facts['url']}"
    for name in ("client_id", "client_secret"):
        yield f"    {prefix}_{name.upper()}={facts[name]}"
