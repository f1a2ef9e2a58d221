"""
Where vendors send their notices: `POST /ostiary/providers/<provider>/notices/<token>`.

The token in the address says whose notice it is, the brand's signature that it comes from the vendor. Nothing
of its body is stored or believed: it only says which devices to look at. A notice that is forged is refused,
one that is repeated costs at most a look, and looks at one thing are `NOTICES_APART`, however many come.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from .. import store
from ..domain.connected_accounts import ConnectedAccount
from ..domain.devices import NOTICES_APART
from ..domain.errors import ApiError
from ..domain.provider import BadNotice, Notice, ReadsNotices
from ..domain.workspaces import Workspace
from ..store.tx import Database, Tx
from ..wire.http import error_body, read_body
from .vendors import Vendors

PATH: Final = "/ostiary/providers/{provider}/notices/{token}"

MAX_BODY: Final = 256 * 1024
"""Bytes. A vendor's longest notice, a device with all its settings, has a few thousand."""


def routes(database: Database, vendors: Vendors) -> list[BaseRoute]:
    receiver = _Receiver(database, vendors)
    return [Route(PATH, receiver.receive, methods=["POST"])]


class _Receiver:
    def __init__(self, database: Database, vendors: Vendors) -> None:
        self._database = database
        self._vendors = vendors

    async def receive(self, request: Request) -> Response:
        """204, and the engine looks. 404: nobody has that address. 401: it is not from the vendor."""
        try:
            account_id, notice = await self._read(request)
            if notice != Notice():
                await self._database.write(_take, account_id, notice)
        except ApiError as error:
            body = error_body(error, request.headers.get("x-request-id", ""))
            return Response(body, status_code=error.status, media_type="application/json")
        return Response(status_code=204)

    async def _read(self, request: Request) -> tuple[str, Notice]:
        body = await read_body(request.receive, MAX_BODY)
        found = await self._database.read(
            _owner, request.path_params["provider"], request.path_params["token"]
        )
        if found is None:
            raise ApiError("not_found", "Nobody expects notices here", status=404)
        account, workspace = found
        try:
            adapter = self._vendors.adapter(workspace, account.provider)
        except KeyError:
            raise ApiError("not_found", "Nobody expects notices here", status=404) from None
        assert account.notices_secret is not None
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            if not isinstance(adapter, ReadsNotices):
                raise BadNotice("the brand sends none")
            return account.connected_account_id, adapter.read_notice(headers, body, account.notices_secret)
        except BadNotice as bad:
            raise ApiError("unauthorized", f"Not taken: {bad}", status=401) from None


async def _owner(tx: Tx, provider: str, token: str) -> tuple[ConnectedAccount, Workspace] | None:
    account = await store.connected_accounts.by_notices(tx, token)
    if account is None or account.provider != provider or account.notices_secret is None:
        return None
    workspace = await store.workspaces.get(tx, account.workspace_id)
    return None if workspace is None else (account, workspace)


async def _take(tx: Tx, connected_account_id: str, notice: Notice) -> None:
    """Write down where to look. The rows are the promise; the engine is woken after the commit."""
    account = await store.connected_accounts.find(tx, connected_account_id)
    workspace = None if account is None else await store.workspaces.get(tx, account.workspace_id)
    if account is None or workspace is None or account.is_disconnected:
        return
    tx.enter(workspace)
    named = notice.state_of | notice.codes_of
    devices = await store.devices.of_account(tx, account)
    for device in devices:
        if device.vendor_device_id in named:
            look_wanted = device.look_wanted or device.vendor_device_id in notice.codes_of
            due = await store.devices.notice(tx, device, look_wanted=look_wanted)
            await store.connected_accounts.wake(tx, connected_account_id, due)
    known = {device.vendor_device_id for device in devices if device.removed_at is None}
    if notice.is_of_account or named - known:
        await _poll(tx, account)


async def _poll(tx: Tx, account: ConnectedAccount) -> None:
    """
    Look at the list of devices. `poll_at` moves in any case, by which a look that is under way sees that it
    may have missed something.
    """
    if account.poll_at is None:
        return
    sooner = min(account.poll_at - timedelta(milliseconds=1), tx.now + NOTICES_APART)
    await store.connected_accounts.update_account(tx, replace(account, poll_at=sooner))
    await store.connected_accounts.wake(tx, account.connected_account_id, sooner)
