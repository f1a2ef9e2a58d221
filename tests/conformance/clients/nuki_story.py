"""
The day of a program on `nuki-web-api`, a published client of Nuki: `python nuki_story.py URL TOKEN`.

Knows nothing of Ostiary. Prints what it saw, as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeVar

import requests
from nukiwebapi import NukiWebAPI  # type: ignore[import-not-found]  # is in its own environment

Client = Any
"""Of the package, or what it answers: it has no types."""

Seen = TypeVar("Seen")
PATIENCE = 20.0
NAME, NEW_NAME = "Booking 4711", "Booking 4712"


def until(look: Callable[[], Seen], is_it: Callable[[Seen], bool]) -> Seen:
    """Nuki answers before anything is done, so its clients look until they see it."""
    patience = time.monotonic() + PATIENCE
    while not is_it(seen := look()):
        assert time.monotonic() < patience, seen
        time.sleep(0.05)
    return seen


def door(lock: Client) -> dict[str, Any]:
    def stands(state: int) -> Any:
        return until(lambda: lock.refresh()["state"]["state"], lambda seen: seen == state)

    before = lock.is_locked
    lock.unlock()
    unlocked = stands(3)
    lock.lock(full=True)
    locked = stands(1)
    lock.unlatch()
    return {"before": before, "unlocked": unlocked, "locked": locked, "unlatched": stands(3)}


def refused(call: Callable[[], object]) -> list[Any]:
    try:
        call()
    except requests.HTTPError as error:
        response: Any = error.response
        return [response.status_code, str(error).rpartition("Detail: ")[2]]
    raise AssertionError("it was accepted")


def codes(nuki: Client, lock: Client) -> dict[str, Any]:
    def listed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = nuki.smartlock_auth.list_auths_for_smartlock(lock.id, types="13")
        return found

    def settled(is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """One entry that no operation is at work on."""

        def is_settled(one: dict[str, Any]) -> bool:
            return "operationId" not in one and is_it(one)

        return next(filter(is_settled, until(listed, lambda seen: any(map(is_settled, seen)))))

    def create(code: int, name: str = NAME) -> None:
        nuki.smartlock_auth.create_auth_for_smartlock(
            lock.id,
            name=name,
            remote_allowed=False,
            allowed_from_date="2026-07-01T13:00:00.000Z",
            allowed_until_date="2036-07-05T09:00:00.000Z",
            allowed_week_days=127,
            type=13,
            code=code,
        )

    create(384756)
    at_once = listed()
    made = settled(lambda one: one["name"] == NAME)
    again = refused(lambda: create(384756))
    too_short = refused(lambda: create(38475))
    too_long = refused(lambda: create(384757, name="A name of more than twenty characters"))
    nuki.smartlock_auth.update_auth(lock.id, made["id"], name=NEW_NAME, code=495867)
    changed = settled(lambda one: one["name"] == NEW_NAME)
    one = nuki.smartlock_auth.get_auth(lock.id, made["id"]).json()
    everywhere = nuki.smartlock_auth.list_auths(types="13")
    paged = nuki.smartlock_auth.list_auths_paged(size=1, types="13").json()
    nuki.smartlock_auth.delete_auth(lock.id, made["id"])
    until(listed, lambda seen: not seen)
    return {
        "at_once": at_once,
        "made": [made["code"], made["allowedFromDate"], made["allowedWeekDays"], made["enabled"]],
        "again": again,
        "too_short": too_short,
        "too_long": too_long[0],
        "is_same": changed["id"] == made["id"],
        "changed": [one["code"], one.get("allowedFromDate"), one.get("allowedWeekDays")],
        "everywhere": [found["id"] for found in everywhere] == [made["id"]],
        "paged": [len(paged["results"]), paged["pagination"]["totalItems"]],
    }


def main(url: str, token: str) -> None:
    nuki = NukiWebAPI(token, url)
    locks = nuki.lock_instances
    lock = next(lock for lock in locks.values() if lock.name == "Front door")
    seen = {
        "version": version("nuki-web-api"),
        "account": nuki.account.get()["email"],
        "locks": sorted(lock.name for lock in locks.values()),
        "battery": lock.battery_charge,
        "door": door(lock),
        "codes": codes(nuki, lock),
        "log": [
            [entry["action"], entry["trigger"], entry["state"]]
            for entry in nuki.smartlock_log.list_logs_for_smartlock(lock.id, {"limit": 3}).json()
        ],
        "whole_log": len(nuki.smartlock_log.list_logs().json()),
        "stranger": refused(lambda: NukiWebAPI("no-token", url).lock_instances),
    }
    user = nuki.account_user.create_account_user("guest@example.com", "A guest", language="en")
    seen["users"] = [one["email"] for one in nuki.account_user.list_account_users()]
    seen["is_same_user"] = nuki.account_user.get_account_user(user["accountUserId"])["email"] == user["email"]
    print(json.dumps(seen))


main(*sys.argv[1:])
