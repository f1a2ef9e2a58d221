"""Webhooks behind the port: the scope, the registration, and what a notice is about."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.domain.errors import NoSuchObject, OutcomeUnknown, Rejected
from ostiary.domain.provider import (
    BadNotice,
    Notice,
    ReadsNotices,
    RegistersNotices,
    VendorSite,
)
from ostiary.domain.secrets import Secret
from ostiary.providers.nuki import Adapter as NukiAdapter
from ostiary.providers.nuki.notices import read

from .test_adapter_support import BACK, Canned, World, in_world, over_both
from .test_simulator_support import run

SECRET = Secret("s" * 32)
URL = "https://locks.example.com/ostiary/providers/nuki/notices/token"


def signed(body: bytes, secret: Secret = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    return {"x-nuki-signature-sha256": digest}


@pytest.mark.parametrize(
    ("content", "notice"),
    [
        ({"feature": "DEVICE_STATUS", "smartlockId": 17618910285}, Notice(frozenset({"17618910285"}))),
        ({"feature": "DEVICE_CONFIG", "smartlockId": "17"}, Notice(frozenset({"17"}))),
        ({"feature": "DEVICE_MASTERDATA", "deleted": False, "smartlockId": 17}, Notice(frozenset({"17"}))),
        ({"feature": "DEVICE_MASTERDATA", "deleted": True, "smartlockId": 17}, Notice(is_of_account=True)),
        ({"feature": "DEVICE_LOGS", "smartlockLog": {"smartlockId": 17}}, Notice(is_of_account=True)),
        ({"feature": "DEVICE_LOGS", "smartlockId": 17}, Notice(is_of_account=True)),
        (
            {"feature": "DEVICE_AUTHS", "deleted": True, "smartlockAuth": {"smartlockId": 17}},
            Notice(codes_of=frozenset({"17"})),
        ),
        ({"type": "LockAction", "smartlockId": 17, "success": True}, Notice(frozenset({"17"}))),
        (
            {"type": "AuthCreation", "detail": [{"smartlockId": 17}, {"smartlockId": 18}, 3]},
            Notice(codes_of=frozenset({"17", "18"})),
        ),
        ({"feature": "ACCOUNT_USER", "accountUser": {}}, Notice()),
        ({"feature": "DEVICE_DREAMS", "smartlockId": 17}, Notice()),
        ({"feature": "DEVICE_STATUS", "smartlockId": {"a": 1}}, Notice()),
        ({"feature": "DEVICE_STATUS", "smartlockId": True}, Notice()),
        ({"type": "AuthCreation", "detail": 3}, Notice()),
        ({}, Notice()),
    ],
)
def test_what_a_notice_is_about(content: dict[str, Any], notice: Notice) -> None:
    body = json.dumps(content).encode()
    assert read(signed(body), body, SECRET) == notice


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-nuki-signature-sha256": ""},
        {"x-nuki-signature-sha256": "0" * 64},
        {"x-nuki-signature-sha256": "é" * 64},
        signed(b'{"feature":"DEVICE_STATUS"}', Secret("another")),
        signed(b'{"feature":"DEVICE_STATUS" }'),
        # The old header (quirk 26), rightly signed, proves nothing.
        {
            "x-nuki-signature": hmac.new(
                SECRET.reveal().encode(), b'{"feature":"DEVICE_STATUS"}', hashlib.sha1
            ).hexdigest()
        },
    ],
)
def test_a_notice_that_is_not_signed_is_none(headers: dict[str, str]) -> None:
    with pytest.raises(BadNotice):
        read(headers, b'{"feature":"DEVICE_STATUS"}', SECRET)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{", b'"DEVICE_STATUS"', b"[" * 5000])
def test_a_notice_that_is_not_readable_is_none(body: bytes) -> None:
    with pytest.raises(BadNotice):
        read(signed(body), body, SECRET)


@pytest.mark.parametrize("wants", [True, False])
def test_the_scope_is_asked_for_only_where_webhooks_are_wanted(wants: bool) -> None:
    site = VendorSite({"api_url": "https://nuki.test"}, "client", Secret("s"), wants_notices=wants)
    url = NukiAdapter(Canned(200), site).login_url(state="s", redirect_uri=BACK, verifier="v")
    assert ("webhook.decentral" in parse_qs(urlsplit(url).query)["scope"][0].split()) is wants


@over_both
def test_a_webhook_is_registered_listed_and_ended(transport: str) -> None:
    async def story(world: World) -> None:
        site = VendorSite({"api_url": world.url}, "client", Secret("secret-of-client"), wants_notices=True)
        world.adapter = NukiAdapter(world.http, site)
        assert isinstance(world.adapter, ReadsNotices)
        account = await world.account()
        assert isinstance(account, RegistersNotices)
        assert await account.list_notice_addresses() == []
        address, secret = await account.register_notices(URL)
        assert (address.url, len(secret.reveal())) == (URL, 32)
        assert await account.list_notice_addresses() == [address]
        await account.unregister_notices(address.registration_id)
        assert await account.list_notice_addresses() == []
        with pytest.raises(NoSuchObject):
            await account.unregister_notices(address.registration_id)

    in_world(transport, story)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, b'{"stackTrace":[],"suppressedExceptions":[]}', Rejected),
        (403, b'{"detailMessage":"Advanced API inactive"}', Rejected),
        (200, b'{"id":1,"webhookUrl":"https://x"}', OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (502, b"<html>", OutcomeUnknown),
    ],
)
@run
async def test_what_a_refusal_means(status: int, body: bytes, error: type[Exception]) -> None:
    account = Canned(status, body).account()
    assert isinstance(account, RegistersNotices)
    with pytest.raises(error):
        await account.register_notices(URL)
