"""The Opener's catalogue, addresses, and the list of authorizations page by page."""

from .test_simulator_support import E2, JOHN, Nuki, e1, run


@run
async def test_the_catalogue_of_intercoms_is_open_to_anybody() -> None:
    nuki = await Nuki().enter()
    for token in (nuki.token, ""):
        brands = (await nuki.call("GET", "/opener/brand", token=token)).json
        assert len(brands) > 1
        first = brands[0]
        assert (await nuki.call("GET", f"/opener/brand/{first['brandId']}", token=token)).json == first
        models = (await nuki.call("GET", f"/opener/intercom?brandId={first['brandId']}", token=token)).json
        assert {model["brandId"] for model in models} == {first["brandId"]}
        one = (await nuki.call("GET", f"/opener/intercom/{models[0]['intercomId']}", token=token)).json
        assert one == models[0]
        for path in ("/opener/brand/99", "/opener/intercom/99", "/opener/intercom/x"):
            assert (await nuki.call("GET", path, token=token)).status == 404
        bare = await nuki.call("GET", "/opener/intercom", token=token)
        assert (bare.status, bare.json) == (400, e1("null", "brandId"))
    assert (await nuki.call("GET", "/opener/brand", token="00")).status == 401
    assert (await nuki.call("POST", "/opener/brand")).status == 405


@run
async def test_models_that_are_not_verified_come_on_demand() -> None:
    nuki = await Nuki().enter()
    verified = (await nuki.call("GET", "/opener/intercom?brandId=2")).json
    assert {model["verified"] for model in verified} == {1}
    every = (await nuki.call("GET", "/opener/intercom?brandId=2&ignoreVerified=true")).json
    assert len(every) > len(verified)
    recent = (await nuki.call("GET", "/opener/intercom?recentlyChanged=true&ignoreVerified=true")).json
    dates = [model["updateDate"] for model in recent]
    assert dates == sorted(dates)
    assert (await nuki.call("GET", "/opener/intercom?recentlyChanged=perhaps")).status == 400


@run
async def test_addresses_group_devices_and_units_have_tokens() -> None:
    nuki = await Nuki(JOHN).enter()
    lock, opener = await nuki.lock_id(), await nuki.lock_id(keypad=False, kind=2)
    assert (await nuki.call("GET", "/address")).json == []
    foreign = await nuki.call("PUT", "/address", {"name": "House", "smartlockIds": [1]})
    assert (foreign.status, foreign.json) == (403, E2)
    assert (await nuki.call("PUT", "/address", {"name": "House"})).json == e1("null", "smartlockIds")
    house = (await nuki.call("PUT", "/address", {"name": "House", "smartlockIds": [lock, str(opener)]})).json
    assert (house["smartlockIds"], house["timeZone"]) == ([lock, opener], "Europe/Berlin")
    path = f"/address/{house['addressId']}"
    unit = (await nuki.call("PUT", f"{path}/unit", {"name": "Flat 1"})).json
    assert (await nuki.call("GET", f"{path}/unit")).json == [unit]
    (token,) = (await nuki.call("GET", f"{path}/token")).json
    assert (token["id"], token["addressId"]) == (unit["addressTokenId"], house["addressId"])
    shown = (await nuki.call("GET", f"/address/token/{token['id']}")).json
    assert shown["addressName"] == "House"
    assert len(shown["smartlockNames"]) == 2
    assert (await nuki.call("GET", f"/address/token/{token['id']}/redeem")).json == token
    assert (await nuki.call("GET", "/address/token/5f0a")).status == 404
    assert (await nuki.call("POST", path, {"name": "Villa", "settings": {"a": "b"}})).status == 204
    (changed,) = (await nuki.call("GET", "/address")).json
    assert (changed["name"], changed["settings"], changed["smartlockIds"]) == (
        "Villa",
        {"a": "b"},
        [lock, opener],
    )
    await nuki.call("DELETE", f"/smartlock/{opener}")
    assert (await nuki.call("GET", "/address")).json[0]["smartlockIds"] == [lock]
    assert (await nuki.call("DELETE", path)).status == 204
    assert (await nuki.call("GET", f"{path}/unit")).status == 403


@run
async def test_all_authorizations_come_page_by_page() -> None:
    nuki = await Nuki(JOHN).enter()
    lock = await nuki.lock_id()
    for number in range(5):
        await nuki.created(lock, f"Guest {number}", 384751 + number)
    seen, page, link = [], 0, "/smartlock/auth/paged?page=0&size=2&types=13"
    while True:
        reply = (await nuki.call("GET", link)).json
        pagination = reply["pagination"]
        assert (pagination["totalItems"], pagination["totalPages"]) == (5, 3)
        assert (pagination["currentPage"], pagination["pageSize"]) == (page, 2)
        assert ("prevPage" in pagination) == (page > 0)
        seen += [one["name"] for one in reply["results"]]
        if "nextPage" not in pagination:
            break
        page, link = page + 1, pagination["nextPage"]
    assert seen == [f"Guest {number}" for number in range(5)]
    everything = (await nuki.call("GET", "/smartlock/auth/paged")).json
    assert everything["results"] == (await nuki.call("GET", "/smartlock/auth")).json
    assert everything["pagination"]["pageSize"] == 100
    assert (await nuki.call("GET", "/smartlock/auth/paged?page=9")).json["results"] == []
    for query in ("page=-1", "size=0", "size=1001"):
        assert (await nuki.call("GET", f"/smartlock/auth/paged?{query}")).status == 400


@run
async def test_addresses_of_users_come_on_demand() -> None:
    nuki = await Nuki().enter()
    lock = await nuki.lock_id()
    user = (await nuki.call("PUT", "/account/user", {"email": "g@example.org", "name": "G"})).json
    await nuki.created(lock, "Guest", 384756, accountUserId=user["accountUserId"])
    path = f"/smartlock/{lock}/auth?types=13"
    assert "email" not in (await nuki.call("GET", path)).json[0]
    assert (await nuki.call("GET", f"{path}&includeEmail=true")).json[0]["email"] == "g@example.org"
