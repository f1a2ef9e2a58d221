"""`ostiary simulate`: a vendor's cloud alone, for production workspaces, load tests and others' clients."""

import hashlib
import secrets
from pathlib import Path
from typing import Any

import msgspec

from .. import providers
from ..domain.provider import Brand, HomeStore
from ..domain.secrets import Secret
from ..simulation import FileHomes, MemoryHomes, ShiftableClock
from ..transport.network import NetworkHttp
from .errors import Failed
from .serve import Server, listen, local_url, uvicorn_config, uvloop_runner


def run_simulator(name: str, host: str, port: int, state: Path | None, *, as_json: bool) -> None:
    """Until SIGTERM or SIGINT. Raises: Failed."""
    brands = providers.load()
    brand = brands.get(name.replace("-", "_"))
    if brand is None:
        known = ", ".join(key.replace("_", "-") for key in brands)
        raise Failed(f"there is no simulator {name}; there is: {known}")
    homes: HomeStore = MemoryHomes() if state is None else FileHomes(state)
    with listen(host, port) as listener, uvloop_runner() as runner:
        runner.run(_serve(brand, homes, state, listener, local_url(host, listener), as_json))


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
    people = "\n".join(
        [
            f"Simulated {brand.manifest.display_name} cloud at {url}",
            *(f"  {k}: {v}" for k, v in facts.items()),
            *([f"  doors: {url}/_simulator/"] if getattr(simulator, "has_status_page", False) else []),
        ]
    )
    ready = msgspec.json.encode(facts).decode() if as_json else people
    try:
        await Server(uvicorn_config(simulator, has_lifespan=True), ready).serve(sockets=[listener])
    finally:
        await http.close()
