"""The commands. Each imports what it needs when it runs, so that `--help` is quick."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from cyclopts import App, Group, Parameter
from cyclopts.validators import LimitedChoice

from .. import __version__
from .errors import Failed, explained

if TYPE_CHECKING:
    from ..settings import Settings
    from ..store.tx import Database

T = TypeVar("T")
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print exactly one JSON document.")]

app = App(
    name="ostiary",
    version=__version__,
    help_format="plaintext",
    help="""One API in front of many brands of smart locks, in the wire format of the Seam API.

See it work:            ostiary demo
Run it:                 ostiary serve
Make a key, then point an official Seam SDK at it:
                        ostiary api-keys create --workspace sandbox --name laptop

Settings come from environment variables; docs/reference/settings.md lists them all.""",
)
workspaces = App(name="workspaces", help="Tenants: each has its own accounts, devices, codes and keys.")
api_keys = App(name="api-keys", help="Keys of one workspace, for the SDKs' api_key and publishableKey.")
tokens = App(
    name="personal-access-tokens",
    help="Tokens for every workspace of this server, for the SDKs' personal_access_token.",
)
accounts = App(name="accounts", help="Accounts at vendors that are connected without a browser.")
doors = App(name="doors", help="Doors that need a person's help before they can be operated from afar.")
for _group in (workspaces, api_keys, tokens, accounts, doors):
    app.command(_group)


def settings(*, may_make_key: bool = True) -> "Settings":
    from .. import providers
    from ..settings import read_settings

    manifests = {key: brand.manifest for key, brand in providers.load().items()}
    return read_settings(os.environ, manifests, may_make_key=may_make_key)


def with_database(use: "Callable[[Database], Awaitable[T]]") -> T:
    """Open the database, use it, close it. Works while a server runs."""

    async def run() -> T:
        from ..app import now
        from ..store.opening import open_database

        chosen = settings()
        chosen.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = await open_database(chosen.database_url, chosen.secret_keys, now)
        try:
            return await use(database)
        finally:
            await database.close()

    with explained():
        return asyncio.run(run())


def show(data: Any, as_json: bool, people: str) -> None:
    import msgspec

    print(msgspec.json.encode(data).decode() if as_json else people)


@app.command
def serve(*, host: str = "127.0.0.1", port: int = 8420, json: Json = False) -> None:
    """
    Run API, pages and engine in one process.

    The first start creates the data folder, the key file, the database and a sandbox workspace named
    `sandbox`. Prints one line with the URL when it is ready. Stops cleanly on SIGTERM.

    Parameters
    ----------
    host
        Address to listen on. 0.0.0.0 for every interface; put TLS in front of it.
    port
        Port to listen on; 0 picks a free one.
    """
    from .serve import run_server

    with explained():
        run_server(settings(), host, port, as_json=json)


@app.command
def demo() -> None:
    """
    Play the whole story in this terminal, on a temporary server of its own.

    Connects an account, lists locks, locks and unlocks, programs codes, and shows what the keypad accepts
    at which hour. Nothing of it stays.
    """
    from .demo import play

    with explained():
        sys.exit(play())


@app.command
def listen(
    *,
    forward: str | None = None,
    url: str = "http://127.0.0.1:8420",
    api_key: Annotated[str | None, Parameter(env_var="SEAM_API_KEY")] = None,
    workspace: str | None = None,
    event_types: Annotated[list[str] | None, Parameter(negative="")] = None,
    since: str | None = None,
    last_event_id: str | None = None,
    secret: Annotated[str | None, Parameter(env_var="OSTIARY_WEBHOOK_SECRET")] = None,
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """
    Print a workspace's events as they happen, and forward them to a server that you are developing.

    Forwarded events are signed as webhooks are, so that a receiver can be written and tried without a public
    address. A lost connection is taken up again where it was: no event is missing and none comes twice. A
    receiver that fails is asked four times within seconds, and then the event is skipped.

    The lines show no PIN. Stops with Ctrl-C.

    Parameters
    ----------
    forward
        Where to post events, such as http://127.0.0.1:3000/webhooks. Without it they are only printed.
    url
        The Ostiary server.
    api_key
        Key of the workspace; better given by the environment than here. Or a personal access token.
    workspace
        Id of the workspace; only with a personal access token.
    event_types
        Only these, with commas between. Without it every type, those of Ostiary alone included.
    since
        Begin with what was created after this instant, instead of now.
    last_event_id
        Begin after this event, as the end of the last run told it.
    secret
        What events are signed with, whsec_…; without it one is made and shown at the start.
    json
        One JSON document per line: the whole event, also the PINs that it carries. The rest goes to standard
        error.
    """
    from .listen import Wanted
    from .listen import listen as listen_to

    if not api_key:
        raise Failed("there is no key; set SEAM_API_KEY to one that ostiary api-keys create has made")
    types = [name for part in event_types or () for name in part.split(",") if name]
    wanted = Wanted(url, api_key, workspace, types, since, last_event_id, forward, secret)
    listen_to(wanted, as_json=json)


@app.command
def simulate(
    brand: str, /, *, host: str = "127.0.0.1", port: int = 8480, state: Path | None = None, json: Json = False
) -> None:
    """
    Run a vendor's simulated cloud alone, on a port.

    Point a production workspace at it with OSTIARY_<BRAND>_API_URL and the client id and secret that it
    prints. Its control plane is under /_simulator/.

    Parameters
    ----------
    brand
        Which vendor; an unknown one lists those there are.
    state
        File that keeps its state; without it everything is forgotten at the end.
    """
    from .simulate import run_simulator

    with explained():
        run_simulator(brand, host, port, state, as_json=json)


@app.command
def migrate(*, json: Json = False) -> None:
    """
    Bring the database to this version's schema.

    SQLite also does this by itself at start, after a backup beside the file. PostgreSQL only here.
    """
    from ..store import schema
    from ..store.opening import is_postgres, sqlite_path

    with explained():
        chosen = settings()
        if is_postgres(chosen.database_url):
            before = schema.migrate_postgres(chosen.database_url)
        else:
            chosen.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            before = schema.migrate_sqlite(sqlite_path(chosen.database_url))
    what = "was current" if before == schema.HEAD else f"{before or 'empty'} -> {schema.HEAD}"
    show({"from": before, "to": schema.HEAD}, json, f"schema: {what}")


_EXAMINED = Group("One at most", validator=LimitedChoice(0, 1))


@app.command
def doctor(
    *,
    device: Annotated[str | None, Parameter(group=_EXAMINED)] = None,
    code: Annotated[str | None, Parameter(group=_EXAMINED)] = None,
    evidence: Annotated[bool, Parameter(group=_EXAMINED, negative="")] = False,
    json: Json = False,
) -> None:
    """
    Say what is wrong here and what to do about it; or all about one lock, or one code.

    Without a choice: settings, files, database, engine, accounts, locks and codes. One line for each
    finding, and below it what ends it. Exit code 1 when there is an error; warnings leave it at 0.

    Changes nothing, asks no vendor, prints no PIN. Works while a server runs, and without one.

    Parameters
    ----------
    device
        Id of a lock, as /devices/list shows it: why codes are not on it, and what is done about it next.
    code
        Id of an access code, also of one that is gone: all that was wished, sent, answered and seen.
    evidence
        Also whether the records of all codes that are not gone are as they were written. Takes longer.
    """
    if device is None and code is None:
        from .checkup import check

        data, people = check(lambda: settings(may_make_key=False), with_evidence=evidence)
        show(data, json, people)
        sys.exit(0 if data["ok"] else 1)
    from .doctor import examine

    with explained():
        data, people = examine(settings(), device_id=device, code_id=code)
    show(data, json, people)


@workspaces.command(name="create")
def create_workspace(*, name: str, production: bool = False, json: Json = False) -> None:
    """
    Create a workspace.

    Parameters
    ----------
    name
        For people, and to name it on this command line.
    production
        Real locks instead of simulated ones.
    """
    from .. import store

    made = with_database(
        lambda database: database.write(store.workspaces.create, name, is_sandbox=not production)
    )
    data = {"workspace_id": made.workspace_id, "name": made.name, "is_sandbox": made.is_sandbox}
    kind = "sandbox" if made.is_sandbox else "production"
    hint = f"next: ostiary api-keys create --workspace {name!r} --name laptop"
    show(data, json, f"{made.workspace_id}  {made.name} ({kind})\n{hint}")


@workspaces.command(name="list")
def list_workspaces(*, json: Json = False) -> None:
    """List the workspaces."""
    from .. import store

    found = with_database(lambda database: database.read(store.workspaces.list_all))
    data = [{"workspace_id": w.workspace_id, "name": w.name, "is_sandbox": w.is_sandbox} for w in found]
    lines = [f"{w.workspace_id}  {'sandbox   ' if w.is_sandbox else 'production'}  {w.name}" for w in found]
    show({"workspaces": data}, json, "\n".join(lines) or "none yet; ostiary serve creates a sandbox")


@api_keys.command(name="create")
def create_api_key(
    *,
    workspace: str = "sandbox",
    name: str = "key",
    publishable: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """
    Create a key. It is shown once; only its hash is stored.

    A publishable key opens nothing by itself. It may stand in a web page, whose users get client sessions
    with it. The first one switches that on for the workspace, and ending the last one switches it off.

    Parameters
    ----------
    workspace
        Name or id.
    name
        What the key is for, to recognise it in the list.
    publishable
        One for web pages.
    """
    from .. import app as house
    from .. import store

    async def make(database: "Database") -> dict[str, Any]:
        await database.write(house.first_start)
        found = await database.read(store.workspaces.find, workspace)
        if found is None:
            raise Failed(f"there is no workspace {workspace}; ostiary workspaces list shows those there are")
        create = store.workspaces.create_publishable_key if publishable else store.workspaces.create_api_key
        key, token = await database.write(create, found, name)
        return {
            key.kind: token.reveal(),
            "api_key_id": key.api_key_id,
            "workspace_id": found.workspace_id,
        }

    data = with_database(make)
    shown = data["publishable_key" if publishable else "api_key"]
    show(data, json, f"{shown}\n(shown once; keep it)")


@api_keys.command(name="list")
def list_api_keys(*, json: Json = False) -> None:
    """List keys and tokens, without their secret parts."""
    from .. import store
    from ..domain.instants import to_wire

    found = with_database(lambda database: database.read(store.workspaces.list_api_keys))
    data = [
        {
            "api_key_id": key.api_key_id,
            "kind": key.kind,
            "name": key.name,
            "prefix": key.shown_prefix,
            "workspace_id": key.workspace_id,
            "created_at": to_wire(key.created_at),
            "is_revoked": key.revoked_at is not None,
        }
        for key in found
    ]
    lines = [
        f"{row['api_key_id']}  {row['prefix']}_…  {row['name']}{'  revoked' if row['is_revoked'] else ''}"
        for row in data
    ]
    show({"api_keys": data}, json, "\n".join(lines) or "none yet; ostiary api-keys create makes one")


@api_keys.command(name="revoke")
def revoke_api_key(key: str, /, *, json: Json = False) -> None:
    """
    Take a key away; it stops working at once.

    Parameters
    ----------
    key
        Its id, or the part before the second underscore, as `list` shows both.
    """
    from .. import store

    if not with_database(lambda database: database.write(store.workspaces.revoke_api_key, key)):
        raise Failed(f"there is no key {key} that still works; ostiary api-keys list shows all")
    show({"revoked": key}, json, "revoked")


@tokens.command(name="create")
def create_token(*, name: str = "token", json: Json = False) -> None:
    """Create a token. It is shown once; only its hash is stored."""
    from .. import store

    key, token = with_database(lambda database: database.write(store.workspaces.create_personal_token, name))
    data = {"personal_access_token": token.reveal(), "api_key_id": key.api_key_id}
    show(data, json, f"{token.reveal()}\n(shown once; keep it)")


@accounts.command(name="connect")
def connect_account(provider: str, /, *, workspace: str, json: Json = False) -> None:
    """
    Connect your own account at a vendor by a token that you have made there.

    The token is asked for, or read from standard input; it is never an argument. An account that is connected
    already gets the new token. Works while a server runs.

    Parameters
    ----------
    provider
        Which vendor; one that takes no tokens lists those that do.
    workspace
        Name or id.
    """
    from .accounts import connect

    with explained():
        data, people = connect(settings(), provider, workspace)
    show(data, json, people)


@doors.command(name="activate")
def activate_door(device_id: str, /, *, finish: bool = False, json: Json = False) -> None:
    """
    Set up remote opening at a door whose vendor asks for one-time passwords.

    The first time, the vendor sends a PIN to the mailbox of the user that acts for the account. Run it again
    with --finish, and type that PIN, or give it on standard input. Works while a server runs.

    Parameters
    ----------
    device_id
        Of the door, as /devices/list shows it.
    finish
        The PIN has come.
    """
    from .doors import activate, asked_pin

    pin = asked_pin() if finish else None
    with explained():
        data, people = activate(settings(), device_id, pin)
    show(data, json, people)
