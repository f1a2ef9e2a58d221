"""Nobody can forget the reach of a client session: every read of a tenant's rows has a form for it."""

import re

from ostiary.domain.reach import NOTHING, Reach
from ostiary.store.sql import compiled
from ostiary.store.tx import Tx
from ostiary.store.vault import Vault

from .opened import KEY, Clock

WITHOUT = {
    "client_sessions.by_key": "a session is found by whoever may see it",
    "client_sessions.get": "a session asks for itself only",
    "client_sessions.list": "no session may list",
    "connected_accounts.by_vendor": "for a login, which nobody asks for with a key",
    "events.count": "for figures of the whole workspace",
    "events.first_since": "a number for the stream, which no session may read",
    "events.last": "a place for the stream, which no session may read, and nobody's event",
    "events.oldest": "what is old goes, whoever it is about",
    "events.within": "for webhooks, which are the workspace's",
    "virtual_homes.get": "a simulated vendor's state, read for a device that was found",
    "virtual_homes.names": "for the vendor itself",
    "webhook_deliveries.any_old": "what is old goes, whoever it is about",
    "webhook_deliveries.first_waiting": "the same",
    "webhooks.get": "no session may ask for webhooks",
    "webhooks.list": "no session may ask for webhooks",
    "webhooks.of_workspace": "whoever causes an event, all of them are told",
    "workspaces.get": "the workspace itself",
}
"""Reads by workspace that know no reach, and why."""


def _reads_by_workspace() -> set[str]:
    texts = compiled("sqlite").items()
    return {name for name, text in texts if text.startswith("SELECT") and re.search(r":ws\b", text)}


def test_every_read_by_workspace_keeps_to_a_reach_or_says_why_not() -> None:
    reads = _reads_by_workspace()
    within = {name.removesuffix("_within") for name in reads if name.endswith("_within")}
    assert len(within) > 25
    plain = {name for name in reads if not name.endswith("_within")}
    assert plain - within == set(WITHOUT)
    assert within <= plain


def test_a_form_within_a_reach_asks_for_it() -> None:
    for texts in (compiled("sqlite"), compiled("postgres")):
        for name, text in texts.items():
            assert name.endswith("_within") == ("reach_" in text), name


def test_a_reach_never_grows() -> None:
    tx = Tx(Vault([KEY]), Clock()())
    one, other = Reach(frozenset("ab"), frozenset("x")), Reach(frozenset("bc"), frozenset("x"))
    tx.narrow(None)
    assert tx.reach is None
    tx.narrow(one)
    tx.narrow(None)
    assert tx.reach == one
    tx.narrow(other)
    assert tx.reach == Reach(frozenset("b"), frozenset("x"))
    tx.narrow(NOTHING)
    tx.narrow(one)
    assert tx.reach == NOTHING


def test_what_belongs_to_no_account_belongs_to_its_webview() -> None:
    reach = Reach(frozenset({"account"}), frozenset({"webview"}))
    assert reach.includes("account")
    assert reach.includes("account", "of somebody else")
    assert reach.includes(None, "webview")
    assert not reach.includes("another", "webview")
    assert not reach.includes(None, None)
    assert not NOTHING.includes("account", "webview")
