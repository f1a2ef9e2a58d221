"""
When the trouble is over: every lock as it is wished, everybody told, and nothing left to do.
"""

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from ostiary import store
from ostiary.domain import proof
from ostiary.domain.backup_pool import POOL_SIZE
from ostiary.domain.instants import parse_instant

from ..behaviours.support import clear_faults
from .wishes import HOME, HOUR, IN_EFFECT, LOCKS, MINUTE, WRITES_OF_A_SET, Wire, Wish

THIRD_PARTY = "third_party_integration_detected"
"""Of codes too, for a day after their owner has meddled."""

if TYPE_CHECKING:
    from .life import Life


async def come_to_rest(life: "Life") -> None:
    await clear_faults(life.home.house)
    for lock in LOCKS:
        await life.home.steering.set_online(lock, True)
    await _log_in_again(life)
    await _read_anew(life)
    await life.home.wait(4000, life.look_on)
    await _log_in_again(life)  # a death between a renewal and its commit has cost the login
    await life.home.wait(7000, life.look_on)
    await _leave_edges(life)
    await life.home.look_again()
    before = await life.home.steering.code_writes()
    await life.home.look_again()
    writes = await life.home.steering.code_writes()
    assert writes == before, "a second look writes nothing"
    most = 3 * WRITES_OF_A_SET[life.provider] * (life.causes + 1)
    assert len(writes) <= most, f"{len(writes)} writes for {life.causes} causes"
    if life.provider == "nuki":
        _nobody_lost_a_working_code(life, writes)
    await _check(life)


async def _log_in_again(life: "Life") -> None:
    """Where the vendor has refused the login, which only a person can heal."""
    account_id = life.home.account_id
    found = await life.home.house.call("/connected_accounts/get", connected_account_id=account_id)
    if found["connected_account"]["errors"]:
        await life.home.connect(HOME)
        assert life.home.account_id == account_id


async def _read_anew(life: "Life") -> None:
    """As the vendor does once a day: what the owner did at the lock comes to the cloud."""
    if life.provider != "nuki":
        return
    house = life.home.house
    token = (await house.simulator("api_token", home=HOME))["api_token"]
    base = f"/ostiary/sandbox/{house.workspace.workspace_id}/nuki"
    for device in life.devices.values():
        path = f"{base}/smartlock/{await house.smartlock_id(device)}/sync"
        for _ in range(20):
            answer = await house.http.post(path, headers={"authorization": f"Bearer {token}"})
            if answer.status_code != 423:  # it is at work on something else
                break
            await life.home.wait(5, life.look_on)
        assert answer.status_code == 204, answer.text


async def _leave_edges(life: "Life") -> None:
    """Until nothing has just begun or ended, or is about to."""
    for _ in range(20):
        now = await life.home.now()
        frames = [(w.shown["starts_at"], w.shown["ends_at"]) for w in life.wishes.values()]
        moments = [parse_instant(end) for frame in frames for end in frame if end is not None]
        leads = [moment - lead for moment in moments for lead in (HOUR, 72 * HOUR)]
        if all(abs(moment - now) > 15 * MINUTE for moment in (*moments, *leads)):
            return
        await life.home.wait(600, life.look_on)


async def _check(life: "Life") -> None:
    now = await life.home.now()
    listed: dict[str, Wire] = {}
    for lock, device in life.devices.items():
        whole = await life.home.house.call("/access_codes/list", device_id=device["device_id"])
        codes: list[Wire] = whole["access_codes"]
        listed |= {code["access_code_id"]: code for code in codes}
        await _check_lock(life, lock, codes)
    wishes = {key: wish for key, wish in life.wishes.items() if wish.is_ours and not wish.is_over(now)}
    lost = {key for key, wish in wishes.items() if wish.is_taken_over and key not in listed}
    free = {key for key, code in listed.items() if _is_left_alone(code)}  # others say how long they live
    free |= {key for key, wish in wishes.items() if wish.shown.get("is_external_modification_allowed")}
    assert set(listed) - free == set(wishes) - lost - free
    for key, code in listed.items():
        if key not in free:
            await _check_code(life, code, wishes[key], now)
    for key in life.samples:
        await _check_evidence(life, key)


def _is_left_alone(code: Wire) -> bool:
    return any(warning["warning_code"] == IN_EFFECT for warning in code["warnings"])


async def _check_lock(life: "Life", lock: str, codes: list[Wire]) -> None:
    """By its own truth it holds ours, those of others that are listed, and the spares of its pool."""
    shown = {code["appearance"]["name"]: code["code"] for code in codes if code["appearance"]}
    others = {code["name"]: code["code"] for code in await life.unmanaged(lock)}
    held = await life.home.steering.codes_on(lock)
    free = {name: pin for name, pin in shown.items() if pin not in others.values()}
    assert free.items() <= held.items(), f"{lock} holds {held} and not {shown}"
    spares = held.keys() - (shown | others).keys()
    assert len(spares) == (POOL_SIZE if lock in life.has_pool else 0), f"{lock}: {held} {shown} {others}"
    assert all(name.startswith("Backup ") for name in spares)
    assert (shown | others).keys() <= held.keys()


async def _check_code(life: "Life", code: Wire, wish: Wish, now: datetime) -> None:
    for name in ("starts_at", "ends_at") if wish.is_taken_over else ("name", "starts_at", "ends_at"):
        assert code[name] == wish.shown[name]
    assert code.get("ostiary_weekly_window") == wish.shown.get("ostiary_weekly_window")
    others = {other["code"] for other in await life.unmanaged(wish.lock)}
    if code["code"] is not None and code["code"] in others:
        assert "duplicate_code_on_device" in [error["error_code"] for error in code["errors"]]
        return
    begun = wish.has_begun(now)
    is_early = not wish.is_native and wish.has_begun(now + HOUR)  # it works from its lead on
    assert code["status"] == ("set" if begun or is_early else "unset"), code
    assert code["errors"] == [], code
    warnings = {warning["warning_code"] for warning in code["warnings"]}
    assert warnings <= {THIRD_PARTY, "using_backup_access_code"}, code
    if begun and "ostiary_weekly_window" not in code:
        assert await life.home.steering.opens(wish.lock, code["code"]), code


async def _check_evidence(life: "Life", access_code_id: str) -> None:
    """The record is whole, and explains each status that anybody has seen."""
    database = life.home.database
    entries = await database.read(store.evidence.of_any, access_code_id)
    judged = proof.judged(access_code_id, None, entries, entries[-1].at, database.vault.evidence_hash)
    assert judged["is_intact"], judged
    for at, status in life.samples[access_code_id]:
        assert proof.explains(entries, at, status), f"{access_code_id}: nothing explains {status} at {at}"


def _nobody_lost_a_working_code(life: "Life", writes: list[Wire]) -> None:
    """
    Nuki can change in place: what is removed in a code's own time is a second entry of it, which a write
    had left that was thought lost.
    """
    marks = {mark: life.wishes[key] for key, mark in life.marks.items() if key in life.wishes}
    standing: Counter[str] = Counter()
    for write in writes:
        mark = write["name"].rpartition("#")[2]
        if write["lost"] or "#" not in write["name"]:
            continue
        if write["kind"] == "create":
            standing[mark] += 1
        elif write["kind"] == "delete":
            at = parse_instant(write["at"])
            is_working = mark in marks and marks[mark].was_active(at) and not marks[mark].is_taken_over
            assert not is_working or standing[mark] > 1, f"a working code was removed: {write}"
            standing[mark] -= 1
