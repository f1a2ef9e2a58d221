"""The commands. Each imports what it needs when it runs, so that `--help` is quick."""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Group, Parameter, UnknownCommandError, ValidationError

from .. import __version__
from .errors import Failed, explained
from .keys import api_keys, tokens, workspaces
from .output import Json, show

JsonWhenReady = Annotated[
    bool,
    Parameter(name="--json", negative="", help="Say that it is ready as one JSON document."),
]


def _port(type_: Any, value: int) -> None:
    if not 0 <= value <= 65535:
        raise ValueError("A port is a number from 0 to 65535")


Port = Annotated[int, Parameter(validator=_port)]


def _in_one_line(error: CycloptsError) -> str:
    """What is wrong with a command line, with every command there is where none of them was meant."""
    if isinstance(error, ValidationError) and error.group is not None:
        return f"ostiary: {error.exception_message}"
    text = str(error)
    if isinstance(error, UnknownCommandError) and error.app is not None:
        names = ", ".join(name for name in error.app if not name.startswith("-"))
        text = f"{text.partition(' Available commands:')[0]} Commands: {names}."
    return f"ostiary: {''.join(sign if sign.isprintable() else ' ' for sign in text)}"


app = App(
    name="ostiary",
    error_formatter=_in_one_line,
    version=__version__,
    help_format="plaintext",
    help="""One API in front of many brands of smart locks, in the wire format of the Seam API.

See it work:            ostiary demo
Run it:                 ostiary serve
Make a key, then point an official Seam SDK at it:
                        ostiary api-keys create --workspace sandbox --name laptop

Settings come from environment variables; docs/reference/settings.md lists them all.""",
)
accounts = App(name="accounts", help="Accounts at vendors that are connected without a browser.")
doors = App(name="doors", help="Doors that need a person's help before they can be operated from afar.")
for _group in (workspaces, api_keys, tokens, accounts, doors):
    app.command(_group)


@app.command
def serve(*, host: str = "127.0.0.1", port: Port = 8420, json: JsonWhenReady = False) -> None:
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
    from .installation import settings
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
    brand: str,
    /,
    *,
    host: str = "127.0.0.1",
    port: Port = 8480,
    state: Path | None = None,
    json: JsonWhenReady = False,
) -> None:
    """
    Run a vendor's simulated cloud alone, on a port.

    Point a production workspace at it with the settings that it prints: OSTIARY_<BRAND>_API_URL, every
    other address that the brand has (such as OSTIARY_<BRAND>_IDENTITY_URL), and the client id and secret. Its
    control plane is under /_simulator/.

    Parameters
    ----------
    brand
        Which vendor; with a name that there is not, it says which there are.
    host
        Address to listen on. 0.0.0.0 for every interface.
    port
        Port to listen on; 0 picks a free one.
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
    from ..settings import make_data_dir
    from ..store import schema
    from ..store.opening import in_plain_words, is_postgres, sqlite_path
    from .installation import settings

    with explained():
        chosen = settings()
        make_data_dir(chosen.data_dir)
        with in_plain_words(chosen.database_url):
            if is_postgres(chosen.database_url):
                before = schema.migrate_postgres(chosen.database_url)
            else:
                before = schema.migrate_sqlite(sqlite_path(chosen.database_url))
    what = "was current" if before == schema.HEAD else f"{before or 'empty'} -> {schema.HEAD}"
    show({"from": before, "to": schema.HEAD}, json, f"schema: {what}")


def _one_at_most(given: Any) -> None:
    names = [argument.name for argument in given.filter_by(value_set=True)]
    if len(names) > 1:
        raise ValueError(f"{' and '.join(names)} do not go together: give one of them")


_EXAMINED = Group("What to look at (one at most)", validator=_one_at_most)


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
    from .installation import settings

    if device is None and code is None:
        from .checkup import check

        data, people = check(settings, with_evidence=evidence)
        show(data, json, people)
        sys.exit(0 if data["ok"] else 1)
    from .doctor import examine

    with explained():
        data, people = examine(settings(), device_id=device, code_id=code)
    show(data, json, people)


@accounts.command(name="connect")
def connect_account(provider: str, /, *, workspace: str, json: Json = False) -> None:
    """
    Connect your own account at a vendor by a token that you have made there.

    The token is asked for, or read from standard input; it is never an argument. An account that is connected
    already gets the new token. Works while a server runs.

    Parameters
    ----------
    provider
        Which vendor; with one that takes no tokens, it says which do.
    workspace
        Name or id.
    """
    from .accounts import connect
    from .installation import settings

    with explained():
        data, people = connect(settings(), provider, workspace)
    show(data, json, people)


@doors.command(name="activate")
def activate_door(
    device_id: str, /, *, finish: Annotated[bool, Parameter(negative="")] = False, json: Json = False
) -> None:
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
    from .installation import settings

    pin = asked_pin() if finish else None
    with explained():
        data, people = activate(settings(), device_id, pin)
    show(data, json, people)
