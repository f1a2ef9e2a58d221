"""
What is wrong with an installation and what to do about it, from what is stored. Pure, and without PINs.

An error is what keeps a code, a door or the server itself from doing what it is there for; a warning is worth
knowing. `ostiary doctor` reads the rows and prints what is found.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from . import problems
from .access_codes import AccessCode
from .connected_accounts import DISCONNECTED, ConnectedAccount
from .devices import EMPTY_POOL, FULL, MANY_ACTIVE, PARTIAL_POOL, THIRD_PARTY, Device
from .explanation import Why, reasons
from .instants import to_wire
from .observation import SLOW_ONGOING, late_from
from .rehearsal import Rows
from .webhooks import Line, Webhook
from .workspaces import Workspace

Severity = Literal["error", "warning"]

NEGLECTED_SECONDS: Final = 60.0
"""An account that is due for longer, and that nobody has taken, is worked on by nobody."""

FAILING_LONG: Final = timedelta(hours=1)
"""From then on a webhook that fails is worth knowing."""

NAMES_SHOWN: Final = 3
DELAYED: Final = "delay_in_setting_on_device"
UNTOLD: Final = "(no name)"
INTENDED: Final = ("not_yet", "left_as_is")
"""Reasons for which a code is as it should be, although it is not on the lock as it is wished."""

REMEDIES: Final[Mapping[str, str]] = {
    "device_disconnected": "Look at its battery, and at the bridge, hub or network by which it is reached.",
    "device_removed": "Put it back into the account at its vendor, unless it was meant to leave.",
    "hub_disconnected": "Look at the power and the network of the hub.",
    "missing_device_credentials": "Do what the message says at the vendor; it is noticed by itself.",
    "subscription_required": "Book or renew the subscription at the vendor; it is noticed by itself.",
    EMPTY_POOL: "Wait for the next looks. If it stays, see what keeps them off: {ask}",
    PARTIAL_POOL: "Wait for the next looks. If it stays, see what keeps them off: {ask}",
    MANY_ACTIVE: "Try the codes for which they were pulled at the door: {ask}",
    FULL: "Delete codes that nobody needs, here or in the vendor's app: {ask}",
    THIRD_PARTY: "Find the other system, and let only one of them manage the lock.",
}
"""By `error_code` or `warning_code` of a lock."""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Attributes:
        where: For people, whatever has the trouble.
        do: What ends it.
        ids: By the wire's names.
    """

    severity: Severity
    where: str
    what: str
    do: str
    ids: Mapping[str, Any] = field(default_factory=dict)

    def as_wire(self) -> dict[str, Any]:
        told = {"severity": self.severity, "where": self.where, "what": self.what, "do": self.do}
        return {**told, **self.ids}


# --- accounts --------------------------------------------------------------------------------------------


def of_account(
    account: ConnectedAccount, workspace: Workspace, lacking: str | None, now: datetime
) -> list[Finding]:
    """
    Args:
        lacking: Which settings its brand lacks here, as a sentence; None: none.
    """
    where = f"{workspace.name}: {account.display_name}"
    ids = {"workspace_id": workspace.workspace_id, "connected_account_id": account.connected_account_id}
    found = []
    if lacking is not None:
        do = "Set them and start the server again."
        found.append(Finding("error", where, lacking, do, ids))
    for error in account.errors:
        is_cut_off = error["error_code"] == DISCONNECTED
        do = _reconnecting(account, workspace) if is_cut_off else "Do what the message says at the vendor."
        found.append(Finding("error", where, str(error["message"]), do, ids))
    for warning in account.warnings:
        do = "Do what the message says at the vendor."
        found.append(Finding("warning", where, str(warning["message"]), do, ids))
    if account.paused_until is not None and account.pause_left(now):
        what = f"It is paused until {to_wire(account.paused_until)}: its vendor wants fewer requests."
        do = (
            "It goes on by itself. If that happens often, lower "
            f"OSTIARY_{account.provider.upper()}_REQUESTS_PER_MINUTE."
        )
        found.append(Finding("warning", where, what, do, ids))
    return found


def _reconnecting(account: ConnectedAccount, workspace: Workspace) -> str:
    if account.has_token and not workspace.is_sandbox:
        brand = account.provider.replace("_", "-")
        return f"Connect it with a new token: ostiary accounts connect {brand} --workspace '{workspace.name}'"
    return "Let its owner log in again through a Connect Webview: /connect_webviews/create"


def of_webhook(webhook: Webhook, line: Line, workspace: Workspace, now: datetime) -> list[Finding]:
    """Its address may hold a password, so only the host is named."""
    where = f"{workspace.name}: webhook at {urlsplit(webhook.url).hostname}"
    ids = {"workspace_id": workspace.workspace_id, "webhook_id": webhook.webhook_id}
    if line.failing_since is None or now - line.failing_since < FAILING_LONG:
        return []
    since = f"Nothing has arrived there since {to_wire(line.failing_since)}"
    if webhook.disabled_at is not None:
        do = (
            "Mend the receiver, enable the webhook with /ostiary/webhooks/update, and send again what it "
            "missed with /ostiary/webhooks/replay."
        )
        return [Finding("error", where, f"{since}, and it is disabled.", do, ids)]
    do = "See what it answers in /ostiary/webhooks/deliveries/list, and mend the receiver."
    return [Finding("warning", where, f"{since}.", do, ids)]


def of_engine(neglected: Sequence[str]) -> list[Finding]:
    """Args: neglected: Accounts that nobody has taken, although due for longer than `NEGLECTED_SECONDS`."""
    if not neglected:
        return []
    what = f"Nobody works: {counted(len(neglected), 'account')} should have been looked at a minute ago."
    do = "Start it with ostiary serve. If it runs, its log says what it hangs on: start it again."
    return [Finding("error", "the server", what, do, {"connected_account_ids": list(neglected)})]


# --- locks -----------------------------------------------------------------------------------------------


def of_lock(rows: Rows, workspace: Workspace, now: datetime) -> list[Finding]:
    """A managed lock, and those of its codes that are late."""
    device = rows.device
    living = [code for code in rows.codes if code.gone_at is None and not code.is_spare]
    found = []
    for error in device.errors:
        is_missed = error["error_code"] != "device_removed" or bool(living)
        found.append(_of_problem("error" if is_missed else "warning", error, device, workspace))
    found.extend(_of_problem("warning", warning, device, workspace) for warning in device.warnings)
    late = late_codes(rows, now)
    if late:
        found.append(_of_late(late, device, workspace))
    return found


def _of_problem(
    severity: Severity, problem: problems.Problem, device: Device, workspace: Workspace
) -> Finding:
    code = str(problem.get("error_code") or problem.get("warning_code"))
    remedy = REMEDIES.get(code, "Do what the message says. What that means for its codes: {ask}")
    what = f"{problem['message']} (since {problem['created_at']})"
    return Finding(severity, _place(device, workspace), what, remedy.format(ask=_ask(device)), _ids(device))


def late_codes(rows: Rows, now: datetime) -> list[tuple[AccessCode, Why]]:
    """
    Codes that should stand on the lock by now and do not, that should be gone from it and are not, or that
    are not as they were last wished. Where the account is cut off or its brand has no settings, that says
    enough.
    """
    if rows.account.is_disconnected or rows.names is None:
        return []
    suspects = [code for code in rows.codes if _is_late(code, rows, now)]
    if not suspects:
        return []
    why = reasons(rows, now)
    found = [(code, why[code.access_code_id]) for code in suspects]
    return [(code, each) for code, each in found if each is not None and each.reason not in INTENDED]


def _is_late(code: AccessCode, rows: Rows, now: datetime) -> bool:
    if code.gone_at is not None or code.is_spare:
        return False
    status = code.status(rows.can, now, is_view_stale=False)
    if status == "setting":
        is_warned = problems.has(code.warnings, "warning_code", DELAYED)
        is_never_seen = code.confirmed_at is None and now >= late_from(code, rows.can)
        return bool(code.errors) or is_warned or is_never_seen
    if status == "removing":
        return bool(code.errors) or now >= _over_since(code, now) + SLOW_ONGOING
    return status == "set" and bool(code.errors)


def _over_since(code: AccessCode, now: datetime) -> datetime:
    """Of a code that is over."""
    return min(each for each in (code.delete_requested_at, code.times[1], now) if each is not None)


def _of_late(late: Sequence[tuple[AccessCode, Why]], device: Device, workspace: Workspace) -> Finding:
    by_message: dict[str, list[str]] = {}
    for code, why in late:
        by_message.setdefault(why.as_wire()["message"], []).append(code.name or UNTOLD)
    told = " ".join(f"{_names(names)}: {message}" for message, names in by_message.items())
    how_many = "1 code is not as it" if len(late) == 1 else f"{len(late)} codes are not as they"
    what = f"{how_many} should be by now. {told}"
    ids = {**_ids(device), "access_code_ids": [code.access_code_id for code, _ in late]}
    return Finding(
        "error", _place(device, workspace), what, f"See what is done about it: {_ask(device)}", ids
    )


def of_evidence(broken: Mapping[str, int], device: Device, workspace: Workspace) -> list[Finding]:
    """Args: broken: access_code_id to the first entry that is not as it was written."""
    where = _place(device, workspace)
    return [
        Finding(
            "error",
            where,
            f"The record of code {access_code_id} was changed: entry {position} is not as it was written.",
            f"Find out who can write to the database. What is left of it: "
            f"ostiary doctor --code {access_code_id}",
            {**_ids(device), "access_code_id": access_code_id},
        )
        for access_code_id, position in broken.items()
    ]


def _place(device: Device, workspace: Workspace) -> str:
    return f"{workspace.name}: {device.display_name}"


def _ids(device: Device) -> dict[str, Any]:
    names = ("workspace_id", "connected_account_id", "device_id")
    return {name: getattr(device, name) for name in names}


def _ask(device: Device) -> str:
    return f"ostiary doctor --device {device.device_id}"


def _names(names: Sequence[str]) -> str:
    shown, more = names[:NAMES_SHOWN], len(names) - NAMES_SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


# --- what it runs on -------------------------------------------------------------------------------------


def of_folder(path: PurePath, mode: int) -> list[Finding]:
    """The data folder. Args: mode: Its permission bits."""
    if not mode & 0o077:
        return []
    severity: Severity = "error" if mode & 0o022 else "warning"
    others = "write into it, and replace key and database" if mode & 0o022 else "look into it"
    what = f"Other users of this machine may {others} (mode {mode & 0o777:04o})."
    return [Finding(severity, str(path), what, f"chmod 700 {path}")]


def of_key_file(path: PurePath, mode: int) -> list[Finding]:
    """Who has it reads every PIN and login. Args: mode: Its permission bits."""
    if not mode & 0o077:
        return []
    what = f"Other users of this machine may use the key of all PINs and logins (mode {mode & 0o777:04o})."
    return [Finding("error", str(path), what, f"chmod 600 {path}")]


def unreadable(where: str, message: str, do: str = "") -> Finding:
    """What keeps the rest from being read. What a message says after a semicolon is what to do."""
    what, _, remedy = message.partition("; ")
    return Finding("error", where, _sentence(what), _sentence(remedy or do))


def _sentence(text: str) -> str:
    """A path, a setting or the name of a column stays as it is."""
    first = text.partition(" ")[0]
    is_word = first.replace("-", "").removesuffix(":").removesuffix(",").isalpha()
    return text[:1].upper() + text[1:] if is_word else text


# --- all of it -------------------------------------------------------------------------------------------


def is_fine(findings: Iterable[Finding]) -> bool:
    """Nothing that has to be mended; perhaps something worth knowing."""
    return all(finding.severity != "error" for finding in findings)


def summed(findings: Sequence[Finding], counts: Mapping[str, int]) -> str:
    """`2 accounts, 5 locks, 31 codes; nothing is wrong`."""
    things = ", ".join(counted(number, noun.removesuffix("s")) for noun, number in counts.items())
    numbers = {noun: sum(finding.severity == noun for finding in findings) for noun in ("error", "warning")}
    said = ", ".join(counted(number, noun) for noun, number in numbers.items() if number)
    return f"{things}; {said or 'nothing is wrong'}"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
