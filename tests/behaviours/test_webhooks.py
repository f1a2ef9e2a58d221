"""Events arrive at webhooks: signed, in order, on the documented schedule, and nowhere else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from seam import SeamWebhook
from svix.webhooks import Webhook as SvixWebhook

from ostiary import store
from ostiary.domain.instants import parse_instant
from ostiary.domain.retry import WEBHOOK_WAITS
from ostiary.store.tx import Tx

from ..conftest import OpenHouse
from ..house import TestHouse, fixed
from ..receivers import Parcel, Receiver, Reply, receiving

Wire = dict[str, Any]
DAY = 24 * 3600


@asynccontextmanager
async def with_receiver(open_: OpenHouse, **environment: str) -> AsyncIterator[tuple[TestHouse, Receiver]]:
    async with receiving() as receiver, open_(**environment) as house:
        yield house, receiver


async def hook(house: TestHouse, url: str, *event_types: str) -> Wire:
    wanted = {"event_types": list(event_types)} if event_types else {}
    made: Wire = (await house.call("/webhooks/create", url=url, **wanted))["webhook"]
    return made


async def state(house: TestHouse, webhook: Wire) -> Wire:
    found: Wire = (await house.call("/ostiary/webhooks/get", webhook_id=webhook["webhook_id"]))["webhook"]
    return found


async def log(house: TestHouse, webhook: Wire, **filters: Any) -> list[Wire]:
    asked = {"webhook_id": webhook["webhook_id"], **filters}
    found: list[Wire] = (await house.call("/ostiary/webhooks/deliveries/list", **asked))["deliveries"]
    return found


async def settled(house: TestHouse, webhook: Wire) -> list[Wire]:
    """The log once nothing is to come."""
    found: list[Wire] = await house.until(
        lambda: log(house, webhook), lambda found: all(each["status"] != "pending" for each in found)
    )
    return found


async def test_an_account_s_whole_story_arrives_signed_and_in_order(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        webhook = await hook(house, receiver.url())
        await house.connect()
        lock = await house.lock_with_keypad()
        code = await house.create_code(lock["device_id"], code="498882", name="Anna")
        await house.code_until(code["access_code_id"], lambda code: code["status"] == "set")
        await house.call("/access_codes/delete", access_code_id=code["access_code_id"])
        await house.gone(code["access_code_id"])
        stored = await house.events()
        parcels = await receiver.until(lambda parcels: len(parcels) >= len(stored))
        await settled(house, webhook)
    assert [parcel.event for parcel in parcels] == stored, "each once, in order, as /events/list has it"
    assert receiver.most_at_once["/hook"] == 1
    assert {"access_code.set_on_device", "access_code.removed_from_device"} <= {
        parcel.event["event_type"] for parcel in parcels
    }
    for parcel in parcels:
        assert parcel.headers["content-type"] == "application/json"
        assert parcel.headers["svix-id"] == f"msg_{parcel.event_id}"
        verified = SeamWebhook(webhook["secret"]).verify(parcel.body.decode(), parcel.headers)
        assert verified.event_id == parcel.event_id
        assert SvixWebhook(webhook["secret"]).verify(parcel.body, parcel.headers) == parcel.event


async def test_management_as_the_wire_has_it(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        webhook = await hook(house, receiver.url("/a"))
        assert webhook["secret"].startswith("whsec_")
        assert "access_code.created" in webhook["event_types"]
        assert not any(name.startswith("ostiary.") for name in webhook["event_types"])
        other = await hook(house, receiver.url("/b"), "device.connected", "access_grant.created")
        assert other["event_types"] == ["device.connected", "access_grant.created"]
        assert (await house.call("/webhooks/get", webhook_id=other["webhook_id"]))["webhook"] == other
        assert (await house.call("/webhooks/list"))["webhooks"] == [webhook, other]
        answer = await house.request(
            "PUT",
            "/webhooks/update",
            json={"webhook_id": other["webhook_id"], "event_types": ["lock.locked"]},
        )
        assert answer.json() == {"ok": True}
        asked = {"url": receiver.url("/none"), "event_types": []}
        assert (await house.call("/webhooks/create", **asked))["webhook"]["event_types"] == []
        await house.refused("/webhooks/create", 400, "invalid_input", url="nowhere")
        await house.refused("/webhooks/create", 400, "invalid_input", url="ftp://example.com/")
        unknown = await house.refused(
            "/webhooks/create",
            400,
            "invalid_event_types",
            url=receiver.url(),
            event_types=["device.exploded"],
        )
        assert unknown["data"] == {"invalid_event_types": ["device.exploded"]}
        await house.connect()
        await receiver.until(lambda parcels: len(parcels) > 3, path="/a")
        assert receiver.at("/b") == [], "what was chosen last counts"
        assert receiver.at("/none") == [], "no types at all are none"
        deleted = await house.request("DELETE", f"/webhooks/delete?webhook_id={webhook['webhook_id']}")
        assert deleted.json() == {"ok": True}
        await house.refused("/webhooks/get", 404, "webhook_not_found", webhook_id=webhook["webhook_id"])
        await house.refused("/webhooks/delete", 404, "webhook_not_found", webhook_id=webhook["webhook_id"])


async def test_the_documented_schedule_to_its_end(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        receiver.behaviour = lambda _: Reply(503)
        await house.set_clock(parse_instant("2026-07-01T12:00:00Z").replace(year=2036))
        webhook = await hook(house, receiver.url(), "ostiary.webhook.test")
        first = (await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"]))["delivery"]
        for number, wait in enumerate(WEBHOOK_WAITS, start=1):
            await receiver.until(fixed(number, lambda number, parcels: len(parcels) == number))
            [delivery] = await house.until(
                lambda: log(house, webhook),
                fixed(number, lambda number, found: len(found[0]["attempts"]) == number),
            )
            tried = parse_instant(delivery["attempts"][-1]["attempted_at"])
            due = parse_instant(delivery["next_attempt_at"])
            assert wait <= (due - tried).total_seconds() <= wait * 1.1
            await house.set_clock(due)
        [delivery] = await house.until(
            lambda: log(house, webhook), lambda found: found[0]["status"] == "failed"
        )
        assert len(delivery["attempts"]) == len(receiver.parcels) == 8
        assert delivery["event_id"] == first["event_id"]
        assert delivery["next_attempt_at"] is None
        assert {attempt["response_status"] for attempt in delivery["attempts"]} == {503}
        assert {attempt["problem"] for attempt in delivery["attempts"]} == {"refused"}
    assert {parcel.headers["svix-id"] for parcel in receiver.parcels} == {f"msg_{first['event_id']}"}
    assert len({parcel.body for parcel in receiver.parcels}) == 1
    for parcel in receiver.parcels:  # each with a fresh timestamp, so that verifiers take it
        SvixWebhook(webhook["secret"]).verify(parcel.body, parcel.headers)


async def test_one_that_fails_lets_the_others_pass_and_comes_later(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        webhook = await hook(house, receiver.url(), "ostiary.webhook.test")
        seen: set[str] = set()

        def reply(parcel: Parcel) -> Reply:
            is_first = not seen
            is_repeated = parcel.event_id in seen
            seen.add(parcel.event_id)
            return Reply(500) if is_first and not is_repeated else Reply(204, body=b"")

        receiver.behaviour = reply
        for _ in range(3):
            await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"])
        await receiver.until(lambda parcels: len(parcels) == 3)
        await house.until(lambda: state(house, webhook), lambda found: found["pending_count"] == 1)
        await house.advance(6)
        parcels = await receiver.until(lambda parcels: len(parcels) == 4)
        ids = [parcel.event_id for parcel in parcels]
        assert ids[3] == ids[0]
        assert [len(each["attempts"]) for each in reversed(await settled(house, webhook))] == [2, 1, 1]


async def test_what_counts_as_arrived(open_: OpenHouse) -> None:
    replies = {
        "/created": (Reply(201), None, 201),
        "/redirect": (Reply(302, headers={"location": "/elsewhere"}), "refused", 302),
        "/cut": (Reply(None), "connection_lost", None),
        "/nonsense": (Reply(raw=b"I am not HTTP\r\n\r\n"), "invalid_answer", None),
        "/abort": (Reply(410, headers={"webhook-delivery": "abort-message"}), "refused", 410),
        "/huge": (Reply(200, body=b"x" * 3_000_000), None, 200),
        "/endless": (Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\nx"), None, 200),
    }
    async with with_receiver(open_) as (house, receiver):
        receiver.behaviour = lambda parcel: replies[parcel.path][0]
        closed = "http://127.0.0.1:9/closed"
        hooks = {path: await hook(house, receiver.url(path), "ostiary.webhook.test") for path in replies}
        hooks[closed] = await hook(house, closed, "ostiary.webhook.test")
        for webhook in hooks.values():
            await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"])
        for path, webhook in hooks.items():
            _, problem, status = replies.get(path, (None, "connection_failed", None))
            [delivery] = await house.until(
                partial(log, house, webhook),
                lambda found: bool(found[0]["attempts"]),
            )
            [attempt] = delivery["attempts"]
            assert (attempt["problem"], attempt["response_status"]) == (problem, status), path
            expected = "succeeded" if problem is None else "failed" if path == "/abort" else "pending"
            assert delivery["status"] == expected, path
    assert receiver.at("/elsewhere") == [], "redirects are not followed"


async def test_a_hanging_and_a_dead_webhook_delay_nobody(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        receiver.behaviour = lambda parcel: Reply(200, after=3600 if parcel.path == "/hangs" else 0)
        for path in ("/hangs", "/works"):
            await hook(house, receiver.url(path))
        await hook(house, "http://127.0.0.1:9/dead")
        await house.connect()
        stored = await house.events()
        parcels = await receiver.until(lambda parcels: len(parcels) >= len(stored), path="/works", seconds=8)
        assert [parcel.event_id for parcel in parcels] == [event["event_id"] for event in stored]
        assert len(receiver.at("/hangs")) == 1, "nobody is asked twice at once"


async def test_days_of_failure_disable_a_webhook_and_another_one_hears_of_it(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        receiver.behaviour = lambda parcel: Reply(500 if parcel.path == "/dead" else 200)
        dead = await hook(house, receiver.url("/dead"), "ostiary.webhook.test", "connected_account.created")
        await hook(house, receiver.url("/ear"), "ostiary.webhook.disabled")
        await house.call("/ostiary/webhooks/test", webhook_id=dead["webhook_id"])
        await house.until(lambda: state(house, dead), lambda found: found["failure_count"] == 1)
        await house.advance(4 * DAY)
        await house.until(lambda: state(house, dead), lambda found: found["failure_count"] == 2)
        assert (await state(house, dead))["is_enabled"]
        await house.advance(1 * DAY + 60)
        [told] = await receiver.until(lambda parcels: len(parcels) == 1, path="/ear")
        assert told.event["event_type"] == "ostiary.webhook.disabled"
        assert told.event["webhook_id"] == dead["webhook_id"]
        found = await state(house, dead)
        assert (found["is_enabled"], found["pending_count"]) == (False, 0)
        assert found["disabled_at"] is not None
        came = len(receiver.at("/dead"))
        await house.connect()
        await house.advance(2 * DAY)
        assert len(receiver.at("/dead")) == came, "nothing is sent there any more"
        types = await house.event_types()
        assert not any(name.startswith("ostiary.") for name in types), "no answer of the wire has ours"
        for path in ("test", "deliveries/resend", "replay"):
            more = {"deliveries/resend": {"event_id": told.event_id}, "replay": {"since": "2020-01-01"}}
            asked = {"webhook_id": dead["webhook_id"], **more.get(path, {})}
            await house.refused(f"/ostiary/webhooks/{path}", 400, "webhook_disabled", **asked)
        # Mended, enabled again, and what was missed is replayed.
        receiver.behaviour = lambda _: Reply()
        enabled = await house.call("/ostiary/webhooks/update", webhook_id=dead["webhook_id"], is_enabled=True)
        assert enabled["webhook"]["is_enabled"]
        assert enabled["webhook"]["failure_count"] == 0
        since = "2020-01-01T00:00:00Z"
        replay = (await house.call("/ostiary/webhooks/replay", webhook_id=dead["webhook_id"], since=since))[
            "replay"
        ]
        assert replay["event_count"] == 1
        parcels = await receiver.until(lambda parcels: len(parcels) == came + 1, path="/dead")
        assert parcels[-1].event["event_type"] == "connected_account.created"


async def test_a_webhook_that_works_now_and_then_is_never_disabled(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        webhook = await hook(house, receiver.url(), "ostiary.webhook.test")
        for number in range(4):
            receiver.behaviour = fixed(number, lambda number, _: Reply(500 if number % 2 == 0 else 200))
            await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"])
            await receiver.until(fixed(number, lambda number, parcels: len(parcels) > number))
            await house.until(
                lambda: state(house, webhook),
                fixed(number, lambda number, found: (found["failure_count"] > 0) == (number % 2 == 0)),
            )
            await house.advance(3 * DAY)
        assert (await state(house, webhook))["is_enabled"]


async def test_a_secret_is_changed_without_a_gap(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        webhook = await hook(house, receiver.url(), "ostiary.webhook.test")
        old = webhook["secret"]
        rotated = await house.call(
            "/ostiary/webhooks/rotate_secret",
            webhook_id=webhook["webhook_id"],
            old_secret_valid_for_seconds=600,
        )
        new = rotated["webhook"]["secret"]
        assert new != old
        assert (await house.call("/webhooks/get", webhook_id=webhook["webhook_id"]))["webhook"][
            "secret"
        ] == new
        await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"])
        [both] = await receiver.until(lambda parcels: len(parcels) == 1)
        assert (await state(house, webhook))["old_secret_ends_at"] is not None
        for secret in (old, new):
            assert SvixWebhook(secret).verify(both.body, both.headers)
            assert SeamWebhook(secret).verify(both.body.decode(), both.headers).event_id == both.event_id
        await house.advance(601)
        await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"])
        [_, one] = await receiver.until(lambda parcels: len(parcels) == 2)
        assert SvixWebhook(new).verify(one.body, one.headers)
        with pytest.raises(Exception, match="No matching signature"):
            SvixWebhook(old).verify(one.body, one.headers)
        assert (await state(house, webhook))["old_secret_ends_at"] is None


async def test_what_verifiers_refuse(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        webhook = await hook(house, receiver.url(), "ostiary.webhook.test")
        await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"])
        [parcel] = await receiver.until(lambda parcels: len(parcels) == 1)
    body = parcel.body.decode()
    altered = body.replace("ostiary.webhook.test", "ostiary.webhook.tost")
    old = {**parcel.headers, "svix-timestamp": str(int(parcel.headers["svix-timestamp"]) - 301)}
    for verifier in (SvixWebhook, SeamWebhook):
        secret = webhook["secret"]
        assert verifier(secret).verify(body, parcel.headers)
        with pytest.raises(Exception, match="signature"):
            verifier(secret).verify(altered, parcel.headers)
        with pytest.raises(Exception, match="too old"):
            verifier(secret).verify(body, old)
        with pytest.raises(Exception, match="signature"):
            verifier("whsec_" + "A" * 32).verify(body, parcel.headers)


async def test_the_log_resending_and_replaying_a_time(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        late = await house.now()
        await house.connect()
        stored = await house.events()
        webhook = await hook(house, receiver.url())
        assert await log(house, webhook) == []
        missing = {"webhook_id": webhook["webhook_id"], "event_id": stored[0]["event_id"]}
        await house.refused("/ostiary/webhooks/deliveries/get", 404, "webhook_delivery_not_found", **missing)
        # By hand, an event from before the webhook was there.
        await house.call("/ostiary/webhooks/deliveries/resend", **missing)
        await receiver.until(lambda parcels: len(parcels) == 1)
        [one] = await settled(house, webhook)
        assert (one["event_id"], one["status"]) == (stored[0]["event_id"], "succeeded")
        await house.call("/ostiary/webhooks/deliveries/resend", **missing)
        await receiver.until(lambda parcels: len(parcels) == 2)
        assert [len(each["attempts"]) for each in await settled(house, webhook)] == [2]
        assert len({parcel.headers["svix-id"] for parcel in receiver.parcels}) == 1
        # All of them, in three parts.
        receiver.parcels.clear()
        since = late.isoformat()
        counted = 0
        after: Wire = {}
        while True:
            asked = {"webhook_id": webhook["webhook_id"], "since": since, "limit": 3, **after}
            part = (await house.call("/ostiary/webhooks/replay", **asked))["replay"]
            counted += part["event_count"]
            after = {"after_event_id": part["last_event_id"]}
            if not part["has_more"]:
                break
        assert counted == len(stored)
        parcels = await receiver.until(lambda parcels: len(parcels) >= len(stored))
        assert sorted(parcel.event_id for parcel in parcels) == sorted(event["event_id"] for event in stored)
        await settled(house, webhook)
        # The log: newest first, in pages, filtered.
        asked = {"webhook_id": webhook["webhook_id"], "limit": 4}
        page = await house.call("/ostiary/webhooks/deliveries/list", **asked)
        found = list(page["deliveries"])
        while page["pagination"]["has_next_page"]:
            cursor = page["pagination"]["next_page_cursor"]
            page = await house.call("/ostiary/webhooks/deliveries/list", **asked, page_cursor=cursor)
            found += page["deliveries"]
        assert [each["event_id"] for each in found] == [event["event_id"] for event in reversed(stored)]
        assert await log(house, webhook, status="failed") == []
        named = await log(house, webhook, event_type="device.added")
        assert {each["event_type"] for each in named} == {"device.added"}
        # Only a part of the time.
        receiver.parcels.clear()
        chosen = {"event_types": ["connected_account.created"], "since": since}
        replay = await house.call("/ostiary/webhooks/replay", webhook_id=webhook["webhook_id"], **chosen)
        assert replay["replay"]["event_count"] == 1
        nothing = await house.call(
            "/ostiary/webhooks/replay",
            webhook_id=webhook["webhook_id"],
            since="2020-01-01",
            until="2020-01-02",
        )
        assert nothing["replay"] == {"event_count": 0, "last_event_id": None, "has_more": False}


async def test_what_has_arrived_is_known_while_the_next_hangs(open_: OpenHouse) -> None:
    """Outcomes are written down several at a time, and none waits for a request that takes its time."""
    async with with_receiver(open_) as (house, receiver):
        await house.connect()
        receiver.behaviour = lambda _: Reply(200, after=3600 if len(receiver.parcels) > 3 else 0)
        webhook = await hook(house, receiver.url())
        since = "2020-01-01T00:00:00Z"
        await house.call("/ostiary/webhooks/replay", webhook_id=webhook["webhook_id"], since=since)
        await receiver.until(lambda parcels: len(parcels) == 4)
        found = await house.until(
            lambda: log(house, webhook, status="succeeded"), lambda found: len(found) == 3, 5
        )
        assert [each["event_id"] for each in reversed(found)] == [
            parcel.event_id for parcel in receiver.parcels[:3]
        ]


async def test_a_deleted_webhook_gets_nothing_that_waits(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        receiver.behaviour = lambda _: Reply(200, after=0.3)
        webhook = await hook(house, receiver.url())
        await house.connect()
        await receiver.until(lambda parcels: len(parcels) >= 2)
        await house.call("/webhooks/delete", webhook_id=webhook["webhook_id"])
        came = len(receiver.parcels)
        await asyncio.sleep(1)
        assert len(receiver.parcels) <= came + 1, "one may have been under way"


async def test_nobody_else_s_webhooks(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        webhook = await hook(house, receiver.url())
        mine = house.api_key
        house.api_key = await other_key(house)
        for path, more in (
            ("/webhooks/get", {}),
            ("/webhooks/update", {"event_types": []}),
            ("/webhooks/delete", {}),
            ("/ostiary/webhooks/get", {}),
            ("/ostiary/webhooks/update", {"is_enabled": False}),
            ("/ostiary/webhooks/rotate_secret", {}),
            ("/ostiary/webhooks/test", {}),
            ("/ostiary/webhooks/deliveries/list", {}),
            ("/ostiary/webhooks/replay", {"since": "2020-01-01"}),
        ):
            await house.refused(path, 404, "webhook_not_found", webhook_id=webhook["webhook_id"], **more)
        assert (await house.call("/webhooks/list"))["webhooks"] == []
        house.api_key = mine
        assert (await house.call("/webhooks/list"))["webhooks"] == [webhook]


async def other_key(house: TestHouse) -> str:
    async def make(tx: Tx) -> str:
        workspace = await store.workspaces.create(tx, str(uuid4()), is_sandbox=False)
        _, token = await store.workspaces.create_api_key(tx, workspace, "other")
        return token.reveal()

    return await house.house.database.write(make)


async def test_a_production_workspace_reaches_only_the_open_internet(open_: OpenHouse) -> None:
    async with with_receiver(open_) as (house, receiver):
        house.api_key = await other_key(house)
        for host in ("127.0.0.1", "[::1]", "10.0.0.7", "169.254.169.254", "localhost", "[::ffff:127.0.0.1]"):
            await house.refused("/webhooks/create", 400, "invalid_input", url=f"http://{host}/")
        # Names and other spellings are only known for what they are when they are resolved.
        for host in ("127.1", "0x7f000001", "2130706433", "ip6-localhost"):
            webhook = await hook(house, receiver.url("/in", host=host), "ostiary.webhook.test")
            await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"])
            [delivery] = await house.until(
                partial(log, house, webhook),
                lambda found: bool(found[0]["attempts"]),
            )
            [attempt] = delivery["attempts"]
            assert attempt["problem"] in ("address_not_public", "unknown_host", "invalid_url"), host
        assert receiver.parcels == []
    async with with_receiver(open_, OSTIARY_WEBHOOK_NETWORKS="10.0.0.0/8, 127.0.0.0/8") as (house, receiver):
        house.api_key = await other_key(house)
        webhook = await hook(house, receiver.url("/in"), "ostiary.webhook.test")
        await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"])
        await receiver.until(lambda parcels: len(parcels) == 1, path="/in")


async def test_no_pin_and_no_secret_in_the_log_of_deliveries(
    open_: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        async with with_receiver(open_) as (house, receiver):
            receiver.behaviour = lambda parcel: Reply(500, body=parcel.body)  # says everything back
            webhook = await hook(house, receiver.url(), "access_code.set_on_device")
            await house.connect()
            lock = await house.lock_with_keypad()
            code = await house.create_code(lock["device_id"], code="498882")
            await house.code_until(code["access_code_id"], lambda code: code["status"] == "set")
            [parcel] = await receiver.until(lambda parcels: len(parcels) == 1)
            assert parcel.event["code"] == "498882"
            [delivery] = await house.until(
                lambda: log(house, webhook), lambda found: bool(found[0]["attempts"])
            )
    assert "498882" not in json.dumps(delivery)
    assert "498882" not in caplog.text
    assert webhook["secret"] not in caplog.text


async def test_a_receiver_that_starts_again_hears_everything_in_order_but_what_found_nobody(
    open_: OpenHouse,
) -> None:
    async with with_receiver(open_) as (house, receiver):
        is_down = True
        receiver.behaviour = lambda _: Reply(502) if is_down else Reply()
        webhook = await hook(house, receiver.url(), "ostiary.webhook.test")
        sent = []
        for _ in range(40):
            made = await house.call("/ostiary/webhooks/test", webhook_id=webhook["webhook_id"])
            sent.append(made["delivery"]["event_id"])
        found = await house.until(lambda: state(house, webhook), lambda found: found["failure_count"] >= 2)
        assert found["rests_until"] is not None
        tried = len(receiver.parcels)
        assert tried <= 4, "the others were spared"
        is_down = False
        await house.advance(2)
        parcels = await receiver.until(lambda parcels: len(parcels) >= 40)
        arrived = [parcel.event_id for parcel in parcels[tried:]]
        assert arrived == [event_id for event_id in sent if event_id in set(arrived)]
        assert len(arrived) >= 36
        await house.advance(10)
        await settled(house, webhook)
        assert {parcel.event_id for parcel in receiver.parcels} == set(sent)
        assert (await state(house, webhook))["rests_until"] is None
