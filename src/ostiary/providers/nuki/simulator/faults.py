"""
The faults that the simulated Nuki cloud knows, what its refusals look like, and what some of them do.

`lost`, `late`, `window_lost`, `listed_at_once` strike where a write is accepted, `nameless` where a line of
the log is written; `race` and `offline` here.
"""

from collections.abc import Iterable
from datetime import timedelta

from ostiary.simulation.answers import html_error
from ostiary.simulation.faults import FROM_A_PROXY, Faults

from .call import Call
from .hooks import FORGED, MISSING, TWICE
from .refusals import bad_token, busy, code_in_use, not_yours, unprocessable
from .state import Auth, Device, Job

FAULTS = Faults(
    {
        **FROM_A_PROXY,
        "http_502_html": lambda fault: html_error(502, "Bad Gateway"),
        "http_401": lambda fault: bad_token().answer,
        "http_403": lambda fault: not_yours().answer,
        "http_409": lambda fault: code_in_use().answer,
        "http_422": lambda fault: unprocessable().answer,
        "busy": lambda fault: busy().answer,
    },
    jobs=(
        *("lost", "late", "window_lost", "listed_at_once", "race", "offline", "nameless"),
        *(MISSING, TWICE, FORGED),
    ),
)


def loses_race(call: Call, auths: Iterable[Auth]) -> bool:
    """
    Whether this update is accepted and dropped because the one before is in its last instant (quirk 19).

    How long that instant is, the fault says; by itself the house never does this.
    """
    working = {auth.id for auth in auths if auth.operation_id}
    waiting = [fault for fault in call.home.faults if fault.fault == "race"]
    if not working or not waiting:
        return False
    last = call.now + timedelta(seconds=max(fault.seconds for fault in waiting))
    is_ending = any(job.auth_id in working and job.run_at <= last for job in call.home.jobs)
    return is_ending and call.strike("race") is not None


def befall(call: Call) -> None:
    """`offline`: the device that the request is about, or every one, drops out, and returns by itself."""
    if not any(fault.fault == "offline" for fault in call.home.faults):
        return
    struck = call.strike("offline")
    if struck is None:
        return
    for device in _meant(call):
        device.online = False
        job = Job(
            id=call.home.object_id(call.now),
            kind="online",
            smartlock_id=device.smartlock_id,
            run_at=call.now + timedelta(seconds=struck.seconds),
        )
        call.home.jobs.append(job)


def _meant(call: Call) -> list[Device]:
    named = call.ids.get("smartlockId")
    return [device for device in call.home.owned() if named in (None, str(device.smartlock_id))]
