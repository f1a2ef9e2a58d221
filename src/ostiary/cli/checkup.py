"""
`ostiary doctor`: what is wrong with this installation, and what to do about it.

Reads settings, files and rows; `domain.diagnosis` says what they mean. Nothing is made or changed: no key
file, no schema, no lease.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import store
from ..app import HouseVendors, consulted
from ..domain import diagnosis
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.diagnosis import Finding
from ..domain.evidence import broken_at
from ..domain.workspaces import Workspace
from ..settings import KEY_FILE, REFERENCE, Settings, SettingsError
from ..store.opening import LOOK, DatabaseError
from ..store.schema import SchemaError
from ..store.tx import Tx
from ..store.vault import VaultError
from .installation import DATABASE, missing

MOST_NEGLECTED = 1000


@dataclass
class Checkup:
    """What was found, and among how much."""

    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("accounts", "locks", "codes"), 0))

    def count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number


def check(read: Callable[[], Settings], *, with_evidence: bool) -> tuple[dict[str, Any], str]:
    """As one document, and for people."""
    checkup = Checkup()
    try:
        settings = read()
    except (SettingsError, OSError) as error:
        do = f"{REFERENCE} says what each setting takes."
        checkup.findings.append(diagnosis.unreadable("the settings", str(error), do))
    else:
        checkup.findings.extend(_of_files(settings))
        checkup = asyncio.run(_of_rows(settings, checkup, with_evidence=with_evidence))
    return _as_document(checkup), "\n".join(_lines(checkup))


def _as_document(checkup: Checkup) -> dict[str, Any]:
    findings = [finding.as_wire() for finding in checkup.findings]
    return {"ok": diagnosis.is_fine(checkup.findings), "findings": findings, "counts": checkup.counts}


def _lines(checkup: Checkup) -> list[str]:
    lines = []
    for finding in checkup.findings:
        lines += [f"{finding.severity}  {finding.where}: {finding.what}", f"    {finding.do}"]
    return [*lines, diagnosis.summed(checkup.findings, checkup.counts)]


# --- files -----------------------------------------------------------------------------------------------


def _of_files(settings: Settings) -> list[Finding]:
    found = []
    folder, key = settings.data_dir, settings.data_dir / KEY_FILE
    if folder.exists():
        found.extend(diagnosis.of_folder(folder, folder.stat().st_mode))
    if not os.environ.get("OSTIARY_SECRET_KEYS") and key.exists():
        found.extend(diagnosis.of_key_file(key, key.stat().st_mode))
    return found


# --- rows ------------------------------------------------------------------------------------------------


async def _of_rows(settings: Settings, checkup: Checkup, *, with_evidence: bool) -> Checkup:
    """What was found so far, and what is stored has to say."""
    try:
        lacking = missing(settings)
        if lacking is not None:
            checkup.findings.append(diagnosis.unreadable(*lacking))
            return checkup
        async with consulted(settings) as (database, vendors):
            reading = _Reading(settings, vendors, with_evidence)
            seen = await database.read(reading.run)
    except (SchemaError, VaultError, DatabaseError, OSError) as error:
        checkup.findings.append(diagnosis.unreadable(DATABASE, str(error), LOOK))
        return checkup
    return Checkup([*checkup.findings, *seen.findings], seen.counts)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One walk through everything, in one transaction; it may be run more than once."""

    settings: Settings
    vendors: HouseVendors
    with_evidence: bool

    async def run(self, tx: Tx) -> Checkup:
        checkup = Checkup()
        neglected = await store.connected_accounts.neglected(tx, diagnosis.NEGLECTED_SECONDS, MOST_NEGLECTED)
        checkup.findings.extend(diagnosis.of_engine(neglected))
        for workspace in await store.workspaces.list_all(tx):
            tx.enter(workspace)
            for account in await store.connected_accounts.list_all(tx, workspace.workspace_id):
                lacking = self._lacking(account, workspace)
                checkup.count("accounts")
                checkup.findings.extend(diagnosis.of_account(account, workspace, lacking, tx.now))
                for device in await store.devices.of_account(tx, account):
                    if device.is_managed:
                        await self._of_lock(tx, checkup, workspace, device)
            for webhook in await store.webhooks.list_all(tx, workspace.workspace_id):
                line = await store.webhooks.line(tx, webhook.webhook_id)
                checkup.findings.extend(diagnosis.of_webhook(webhook, line, workspace, tx.now))
        return checkup

    async def _of_lock(self, tx: Tx, checkup: Checkup, workspace: Workspace, device: Device) -> None:
        name_at_vendor = None
        if device.provider in self.vendors.manifests:
            name_at_vendor = self.vendors.name_at_vendor(workspace, device.provider)
        rows = await store.rehearsals.rows(tx, device, name_at_vendor)
        living = [code for code in rows.codes if code.gone_at is None]
        checkup.count("locks")
        checkup.count("codes", sum(not code.is_spare for code in living))
        checkup.findings.extend(diagnosis.of_lock(rows, workspace, tx.now))
        if not self.with_evidence:
            return
        broken = {}
        for code in living:
            entries = await store.evidence.of_code(tx, workspace.workspace_id, code.access_code_id)
            position = broken_at(entries, tx.vault.evidence_hash)
            if position is not None:
                broken[code.access_code_id] = position
        checkup.count("records", len(living))
        checkup.findings.extend(diagnosis.of_evidence(broken, device, workspace))

    def _lacking(self, account: ConnectedAccount, workspace: Workspace) -> str | None:
        """Which settings production accounts of the brand need and do not have here."""
        manifest = self.vendors.manifests.get(account.provider)
        if manifest is None:
            return f"This version knows no brand {account.provider}."
        if workspace.is_sandbox:
            return None
        try:
            self.settings.site(manifest)
        except SettingsError as error:
            return f"{error}."
        if account.has_token or self.settings.has_client(manifest):
            return None
        prefix = f"OSTIARY_{manifest.key.upper()}"
        return f"{prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET are not set, and its login cannot be renewed."
