"""
Notices: what vendors tell us by webhooks, so that we need not ask so often.

`see_to` keeps an account's registration at its vendor; `receive.py` takes what comes; `look_if_noticed` looks
where something is said to have happened. A notice is a hint: all that it can bring about is a look, and
polling goes on without it, if less often.
"""

import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import urlsplit

from .. import store
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import Device
from ..domain.errors import (
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    ProviderError,
    Rejected,
)
from ..domain.provider import Account, NoticeAddress, ObservedDevice, RegistersNotices
from ..domain.secrets import Secret
from ..store.tx import Tx
from ..store.workspaces import token_hash
from . import poll
from .hold import Hold, LeaseLost

log = logging.getLogger("ostiary.engine")
T = TypeVar("T")

CHECK_EVERY: Final = timedelta(days=1)
"""Whether the vendor still has the registration, or now allows one."""

AGAIN: Final = timedelta(minutes=5)
"""When the vendor could not be asked."""

TOKEN_BYTES: Final = 32
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def notices_base(public_url: str, provider: str) -> str:
    """Below which address a brand's notices come; the token of an account follows."""
    return f"{public_url}/ostiary/providers/{provider}/notices"


def is_reachable(public_url: str) -> bool:
    """Whether a vendor would send anything there: https, or this machine for a simulator beside us."""
    parts = urlsplit(public_url)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK


# --- the registration -------------------------------------------------------------------------------------


def is_due(account: ConnectedAccount, base: str | None, now: datetime) -> bool:
    """
    Args:
        base: Where notices should come; None: they are not wanted, or not any more.
    """
    if account.notices_base != base:
        return True
    return base is not None and (account.notices_at is None or account.notices_at <= now)


async def see_to(hold: Hold) -> None:
    """Register, or see that the registration still stands, or end one that is not wanted any more."""
    base = hold.notices_base
    try:
        if base is None:
            await _end(hold)
        else:
            await _ensure(hold, base)
    except (LoginExpired, LoginRejected, Rejected, NoSuchObject):
        # If it is the login that is dead, the next poll says so. Whoever may not have notices is polled.
        await hold.write(_refused, hold, base)
    except ProviderError as error:
        wait = AGAIN if error.retry_after is None else timedelta(seconds=error.retry_after)
        await hold.write(_postponed, hold, base, wait)


async def _ensure(hold: Hold, base: str) -> None:
    account = await hold.read(_account, hold)
    if await _clear(hold, account, base):
        await hold.write(_checked, hold)
        return
    token = Secret(secrets.token_urlsafe(TOKEN_BYTES))
    # Its hash first: an address below `base` whose token nobody knows is one that nobody uses.
    await hold.write(_announced, hold, base, token)
    url = f"{base}/{token.reveal()}"
    address, secret = await _call(hold, lambda verbs: verbs.register_notices(url))
    await hold.write(_registered, hold, address, secret)
    log.info("account %s has webhooks now", hold.account.connected_account_id)


async def _clear(hold: Hold, account: ConnectedAccount, base: str) -> bool:
    """
    End what is left of former registrations. Returns whether the present one stands.

    An address that another account has is left alone: two workspaces may have the same login.
    """
    is_there = False
    for found in await _call(hold, lambda verbs: verbs.list_notice_addresses()):
        is_last = found.registration_id == account.notices_id
        below = found.url.removeprefix(f"{base}/")
        if is_last and below != found.url and account.notices_hash == token_hash(below):
            is_there = True
        elif is_last or (below != found.url and await hold.read(_is_stale, hold, below)):
            await _unregister(hold, found.registration_id)
    return is_there and account.notices_secret is not None


async def _end(hold: Hold) -> None:
    account = await hold.read(_account, hold)
    if account.notices_id is not None:
        await _unregister(hold, account.notices_id)
    await hold.write(_ended, hold)


async def _unregister(hold: Hold, registration_id: str) -> None:
    with contextlib.suppress(NoSuchObject):
        await _call(hold, lambda verbs: verbs.unregister_notices(registration_id))


async def _call(hold: Hold, verb: Callable[[RegistersNotices], Awaitable[T]]) -> T:
    async def ask(account: Account) -> T:
        assert isinstance(account, RegistersNotices), "the manifest offers notices"
        return await verb(account)

    return await hold.call(ask)


async def _account(tx: Tx, hold: Hold) -> ConnectedAccount:
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if account is None:
        raise LeaseLost
    return account


async def _is_stale(tx: Tx, hold: Hold, token: str) -> bool:
    """Nobody's, or this account's own of which the vendor's answer was lost, and with it the secret."""
    owner = await store.connected_accounts.by_notices(tx, token)
    return owner is None or owner.connected_account_id == hold.account.connected_account_id


async def _announced(tx: Tx, hold: Hold, base: str, token: Secret) -> None:
    account = (await _account(tx, hold)).without_notices()
    await store.connected_accounts.update_account(
        tx,
        replace(
            account, notices_base=base, notices_hash=token_hash(token.reveal()), notices_at=tx.now + AGAIN
        ),
    )


async def _registered(tx: Tx, hold: Hold, address: NoticeAddress, secret: Secret) -> None:
    """From now on we are told; a look at the list closes the gap before it."""
    account = await _account(tx, hold)
    account = replace(
        account,
        notices_id=address.registration_id,
        notices_secret=secret,
        notices_at=tx.now + CHECK_EVERY,
        are_notices_refused=False,
    )
    await store.connected_accounts.update_account(tx, account)
    await poll.look_soon(tx, account, timedelta(0))


async def _checked(tx: Tx, hold: Hold) -> None:
    account = replace(await _account(tx, hold), notices_at=tx.now + CHECK_EVERY)
    await store.connected_accounts.update_account(tx, account)


async def _ended(tx: Tx, hold: Hold) -> None:
    account = (await _account(tx, hold)).without_notices()
    await store.connected_accounts.update_account(tx, account)
    await poll.look_soon(tx, account)  # its next poll may be an hour away


async def _refused(tx: Tx, hold: Hold, base: str | None) -> None:
    account = await _account(tx, hold)
    if base is not None and not account.are_notices_refused:
        log.warning(
            "the vendor does not let account %s have webhooks; it is asked every %g seconds instead",
            account.connected_account_id,
            hold.manifest.poll_every,
        )
    account = account.without_notices()
    if base is not None:
        account = replace(
            account, notices_base=base, notices_at=tx.now + CHECK_EVERY, are_notices_refused=True
        )
    await store.connected_accounts.update_account(tx, account)


async def _postponed(tx: Tx, hold: Hold, base: str | None, wait: timedelta) -> None:
    """
    The vendor could not be asked. What stands stays, but for a registration of which nobody knows whether it
    was made: it has no secret here, and the next try ends it.
    """
    account = await _account(tx, hold)
    if base is None:
        account = account.without_notices()  # what still comes meets an unknown address
    await store.connected_accounts.update_account(
        tx, replace(account, notices_base=base, notices_at=None if base is None else tx.now + wait)
    )


# --- looks ------------------------------------------------------------------------------------------------


async def look_if_noticed(hold: Hold, device_id: str) -> None:
    """Look at a device that its vendor says has changed."""
    device = await hold.read(_noticed, device_id)
    if device is None:
        return
    number = hold.asks()
    try:
        look = await hold.call(lambda account: account.get_device(device.vendor_device_id))
    except NoSuchObject:
        await hold.write(_followed, hold, device, None, number)
        raise
    await hold.write(_followed, hold, device, look, number)


async def _noticed(tx: Tx, device_id: str) -> Device | None:
    device = await store.devices.find(tx, device_id)
    due = None if device is None else device.noticed_due(tx.now)
    return device if due is not None and due <= tx.now else None


async def _followed(tx: Tx, hold: Hold, asked: Device, look: ObservedDevice | None, number: int) -> None:
    """Settle a look. A notice that has come since the vendor was asked stays to be followed."""
    device = await store.devices.find(tx, asked.device_id)
    account = await store.connected_accounts.find(tx, hold.account.connected_account_id)
    if device is None or account is None:
        return
    if look is not None:
        device = await poll.settle_device(tx, hold, account, device, look, number)
        device = replace(device, attempts=0)
    is_newer = device.noticed_at != asked.noticed_at
    device = replace(device, noticed_at=device.noticed_at if is_newer else None, seen_at=tx.now)
    await store.devices.update_device(tx, device, hold.render(device, account))
