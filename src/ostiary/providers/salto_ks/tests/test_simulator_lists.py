"""Lists and the log: filters, pages, and what may be wrong with a request."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from .test_simulator_support import Salto, asked, refused, run, value

TOKEN = "CLP-Continuation-Token"


async def _many(number: int) -> tuple[Salto, str]:
    """A site with so many access groups: `Group 00`, `Group 01`, …"""
    salto = await Salto().enter()
    site = await salto.site()
    for index in range(number):
        body = {"customer_reference": f"Group {index:02d}"}
        value(await salto.call("POST", f"{site}/access_groups", body))
    return salto, f"{site}/access_groups"


# --- pages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [40, 45])
@run
async def test_pages_lead_from_one_to_the_next(number: int) -> None:
    salto, path = await _many(number)
    page = value(await salto.call("GET", path))
    assert (len(page["items"]), page["count"]) == (20, None)
    names = [item["customer_reference"] for item in page["items"]]
    while page["next_page_link"] is not None:
        link = urlsplit(page["next_page_link"])
        assert (link.scheme, link.netloc) == ("http", "salto.test")
        page = value(await salto.call("GET", f"{link.path}?{link.query}"))
        assert page["items"]
        names += [item["customer_reference"] for item in page["items"]]
    assert names == [f"Group {index:02d}" for index in range(number)]


@run
async def test_next_links_keep_what_was_asked() -> None:
    salto, path = await _many(5)
    query = {
        "filter": "contains(customer_reference,'Group')",
        "orderby": "customer_reference desc",
        "top": "2",
    }
    names, page = [], value(await salto.call("GET", asked(path, inlinecount="allpages", **query)))
    assert page["count"] == 5
    while True:
        names += [item["customer_reference"][-1] for item in page["items"]]
        if page["next_page_link"] is None:
            break
        link = urlsplit(page["next_page_link"])
        page = value(await salto.call("GET", f"{link.path}?{link.query}"))
    assert "".join(names) == "43210"
    assert len(await salto.items(path, skip="4")) == 1
    assert await salto.items(path, skip="5") == []
    assert len(await salto.items(path, top="100")) == 5


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("customer_reference eq 'Group 01'", ["Group 01"]),
        ("customer_reference ne 'Group 01'", ["Group 00", "Group 02", "It's"]),
        ("customer_reference eq 'It''s'", ["It's"]),
        ("contains(customer_reference,'up 0')", ["Group 00", "Group 01", "Group 02"]),
        ("contains(customer_reference, 'and ')", []),
        (
            "contains(customer_reference,'Group') and customer_reference gt 'Group 00'",
            ["Group 01", "Group 02"],
        ),
        ("customer_reference eq 'a and b'", []),
        ("id eq null", []),
    ],
)
@run
async def test_filters(expression: str, names: list[str]) -> None:
    salto, path = await _many(3)
    value(await salto.call("POST", path, {"customer_reference": "It's"}))
    assert [item["customer_reference"] for item in await salto.items(path, filter=expression)] == names


@run
async def test_filters_of_the_reference() -> None:
    salto = await Salto().enter()
    site, sites = await salto.site(), await salto.items("/v1.1/sites")
    uid = sites[1]["site_uid"]
    assert [one["id"] for one in await salto.items("/v1.1/sites", filter=f"site_uid eq '{uid}'")] == [
        sites[1]["id"]
    ]
    assert len(await salto.items(f"{site}/locks", filter="locked_state eq 'locked'")) == 3
    assert len(await salto.items(f"{site}/locks", filter="online eq true")) == 2
    assert len(await salto.items(f"{site}/locks", filter="online eq false")) == 1
    assert len(await salto.items(f"{site}/locks", orderby="id asc", top="2")) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "nothing eq 'X'"},
        {"filter": "customer_reference"},
        {"filter": "startswith(customer_reference,'G')"},
        {"filter": "customer_reference eq Group"},
        {"filter": "customer_reference eq 'a' or customer_reference eq 'b'"},
        {"filter": ""},
        {"orderby": "nothing"},
        {"orderby": "id sideways"},
        {"orderby": "id,customer_reference"},
        {"top": "0"},
        {"top": "101"},
        {"top": "many"},
        {"skip": "-1"},
        {"inlinecount": "some"},
        {"count": "true"},
        {"select": "id"},
        {"expand": "locks"},
    ],
)
@run
async def test_anything_else_is_1102(query: dict[str, str]) -> None:
    salto, path = await _many(1)
    assert refused(await salto.call("GET", asked(path, **query))) == (400, "1102")


@run
async def test_objects_cannot_be_compared() -> None:
    salto = await Salto().enter()
    path = f"{await salto.site()}/locks"
    for query in ({"filter": "iq eq 'X'"}, {"orderby": "vendor"}, {"filter": "iq/id eq 'X'"}):
        assert refused(await salto.call("GET", asked(path, **query))) == (400, "1102")


@run
async def test_the_list_of_sites_may_be_bare() -> None:
    salto = await Salto().enter()
    listed = await salto.items("/v1.2/sites")
    await salto.control("POST", "limits", bare_site_list=True)
    assert value(await salto.call("GET", "/v1.2/sites")) == listed
    assert await salto.items("/v1.1/sites") == listed


# --- the log --------------------------------------------------------------------------------------------


async def _log(salto: Salto, path: str, token: str | None = None, **query: str) -> tuple[Any, str | None]:
    headers = {} if token is None else {TOKEN: token}
    page = value(await salto.call("GET", asked(path, **query), headers=headers))
    assert list(page) == ["items", "continuation_token"]
    return page["items"], page["continuation_token"]


async def _all(salto: Salto, path: str, **query: str) -> tuple[list[Any], int]:
    """Every line, and how many pages were empty."""
    lines, token = await _log(salto, path, **query)
    pages = [lines]
    while token is not None:
        assert isinstance(json.loads(token), list)
        lines, token = await _log(salto, path, token, **query)
        pages.append(lines)
    return [line for page in pages for line in page], sum(not page for page in pages)


async def _entries(number: int) -> tuple[Salto, str, str]:
    """A door at which somebody has typed as many wrong PINs, one each minute."""
    salto = await Salto().enter()
    lock, site = await salto.lock("BACK DOOR"), await salto.site(version="v1.1")
    for _ in range(number):
        await salto.opens(lock, "999999")
        salto.clock.move(60)
    return salto, f"{site}/entries", lock


@run
async def test_an_entry_has_the_recorded_fields() -> None:
    salto = await Salto().enter()
    lock, site = await salto.lock("BACK DOOR"), await salto.site(version="v1.1")
    user, digits = await salto.guest(lock)
    at = salto.clock.now
    assert await salto.opens(lock, digits) == "ok"
    assert (await _log(salto, f"{site}/entries"))[0] == []
    salto.clock.move(2)
    entry = (await _log(salto, f"{site}/entries"))[0][0]
    iq = (await salto.items(f"{site}/iqs"))[0]
    assert entry == {
        "id": entry["id"],
        "event_category": "lock_opened",
        "event_detail": None,
        "utc_date_time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "local_date_time": f"{at:%Y-%m-%dT}{at.hour + 1}:{at:%M:%S}",
        "lock_id": lock,
        "lock_mac_address": value(await salto.call("GET", f"{site}/locks/{lock}"))["mac"],
        "lock_customer_reference": "BACK DOOR",
        "user_id": user["user"]["id"],
        "user_first_name": "Guest",
        "user_last_name": "",
        "user_image_url": None,
        "user_alias": None,
        "iq_id": iq["id"],
        "iq_customer_reference": "IQ 01",
        "iq_mac_address": iq["mac"],
        "iq_revision": "2.0",
        "exit_requested": False,
        "access_by": "pin_code",
        "access_detail": "",
        "ttl_in_seconds": 7776000,
        "expiration_date_time": entry["expiration_date_time"],
    }
    assert digits not in json.dumps(entry)


@run
async def test_an_unknown_pin_is_logged_as_nobody_s() -> None:
    salto, path, lock = await _entries(1)
    entry = (await _log(salto, path))[0][0]
    assert (entry["event_category"], entry["event_detail"]) == ("lock_rejected", "no_access")
    users = await salto.items(f"{path.removesuffix('/entries')}/users")
    assert entry["user_id"] not in {user["user"]["id"] for user in users}
    assert (entry["lock_id"], entry["user_alias"], entry["user_first_name"]) == (lock, None, None)


@run
async def test_pages_of_the_log_are_followed_by_token_and_may_be_empty() -> None:
    salto, path, _ = await _entries(30)
    first, token = await _log(salto, path)
    assert (len(first), token is not None) == (20, True)
    lines, _ = await _all(salto, path)
    assert len({line["id"] for line in lines}) == len(lines) == 30
    assert [line["utc_date_time"] for line in lines] == sorted(
        (line["utc_date_time"] for line in lines), reverse=True
    )
    one_by_one, empty = await _all(salto, path, top="1")
    assert one_by_one == lines
    assert empty > 0
    upwards, _ = await _all(salto, path, top="7", orderby="utc_date_time asc")
    assert upwards == lines[::-1]


@run
async def test_the_log_can_be_cut_by_time() -> None:
    salto, path, _ = await _entries(5)
    lines, _ = await _all(salto, path)
    since = f"utc_date_time ge DateTime'{lines[2]['utc_date_time']}'"
    assert (await _all(salto, path, filter=since))[0] == lines[:3]
    until = f"{since} and utc_date_time lt DateTime'{lines[0]['utc_date_time']}'"
    assert (await _all(salto, path, filter=until))[0] == lines[1:3]
    local, _ = await _all(salto, path, orderby="local_date_time desc")
    assert local == lines


@pytest.mark.parametrize(
    "query",
    [
        {"orderby": "date"},
        {"skip": "1"},
        {"inlinecount": "allpages"},
        {"filter": "date ge 'x'"},
        {"filter": "utc_date_time ge DateTime'2026-02-30T00:00:00Z'"},
        {"top": "101"},
    ],
)
@run
async def test_the_log_refuses(query: dict[str, str]) -> None:
    salto, path, _ = await _entries(2)
    assert refused(await salto.call("GET", asked(path, **query))) == (400, "1102")


@pytest.mark.parametrize("token", ["rubbish", "[]", '[{"token":"x"}]', '[{"range":1}]', "[1]"])
@run
async def test_tokens_that_are_none(token: str) -> None:
    salto, path, _ = await _entries(2)
    assert refused(await salto.call("GET", path, headers={TOKEN: token})) == (400, "1100")
    _, held = await _log(salto, path, top="1")
    assert held
    other = await salto.call("GET", asked(path, orderby="utc_date_time asc"), headers={TOKEN: held})
    assert refused(other) == (400, "1100")


@run
async def test_the_log_forgets_after_ninety_days() -> None:
    salto, path, _ = await _entries(2)
    salto.clock.move(90 * 86_400 - 180)
    assert len((await _all(salto, path))[0]) == 2
    salto.clock.move(90)
    assert len((await _all(salto, path))[0]) == 1
    salto.clock.move(90)
    assert (await _all(salto, path))[0] == []


@run
async def test_what_happens_at_an_offline_door_is_listed_when_it_is_back() -> None:
    salto = await Salto().enter()
    lock, site = await salto.lock(), await salto.site(version="v1.1")
    _, digits = await salto.guest(lock)
    iq = await salto.iq()
    await salto.control("POST", "iq", iq_id=iq, online=False)
    assert await salto.opens(lock, digits) == "ok"
    at = f"{salto.clock.now:%Y-%m-%dT%H:%M:%SZ}"
    salto.clock.move(3600)
    assert (await _log(salto, f"{site}/entries"))[0] == []
    await salto.control("POST", "iq", iq_id=iq, online=True)
    salto.clock.move(2)
    assert [one["utc_date_time"] for one in (await _log(salto, f"{site}/entries"))[0]] == [at]


@run
async def test_entries_and_incidents_are_two_lists_of_version_1_1() -> None:
    salto = await Salto().enter()
    lock, site = await salto.lock(), await salto.site(version="v1.1")
    await salto.control("POST", "device", lock_id=lock, opened="inside_handle")
    await salto.control("POST", "device", lock_id=lock, incident="intrusion_alarm", intrusion_alarm=True)
    await salto.control("POST", "device", lock_id=lock, privacy_mode=True)
    salto.clock.move(2)
    entries = (await _log(salto, f"{site}/entries"))[0]
    assert [(one["event_category"], one["event_detail"], one["access_by"]) for one in entries] == [
        ("privacy_mode", "start", None),
        ("lock_opened", None, "inside_handle"),
    ]
    assert entries[1]["exit_requested"] is True
    incidents = (await _log(salto, f"{site}/incidents"))[0]
    assert [one["event_category"] for one in incidents] == ["intrusion_alarm"]
    held = value(await salto.call("GET", f"{site}/locks/{lock}"))
    assert (held["intrusion_alarm"], held["privacy_mode"]) == (True, True)
    for path in ("entries", "incidents", "entries/export"):
        reply = await salto.call("GET", f"{site.replace('v1.1', 'v1.2')}/{path}")
        assert (reply.status, reply.body) == (405, b"")


@run
async def test_entries_as_a_file() -> None:
    salto, path, _ = await _entries(3)
    headers = {"Authorization": f"Bearer {salto.token}"}
    query = "export_file_name=march&from_date=2026-03-01T00:00:00.000Z&to_date=2026-03-02T00:00:00.000Z"
    reply = await salto.send("GET", f"{path}/export?{query}", headers)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/csv")
    assert len(reply.body.decode().splitlines()) == 4
    assert refused(await salto.send("GET", f"{path}/export", headers)) == (400, "1100")
