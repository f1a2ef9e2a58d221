"""The API's operations on devices: reading, renaming, acting, syncing, and the logs."""

from collections.abc import Iterable
from typing import Any

from ostiary.simulation.answers import Answer, json_answer

from . import advanced, cloud, views
from .bodies import boolean, integer, query_instant, query_integer, read_object, text
from .call import Call, device_of
from .refusals import ACCEPTED, bad_parameter, busy, unprocessable, wrong_method
from .state import Device, LogEntry
from .webhooks import check_advanced

_NAME_BYTES = 32
_LOG_DEFAULT, _LOG_MOST = 20, 50


def list_smartlocks(call: Call) -> Answer:
    auth_id, kind = query_integer(call.query, "authId"), query_integer(call.query, "type")
    found = [views.smartlock(call.home, device) for device in call.home.owned()]
    return json_answer(
        [
            one
            for one in found
            if (auth_id is None or one["authId"] == auth_id) and (kind is None or one["type"] == kind)
        ]
    )


def get_smartlock(call: Call) -> Answer:
    return json_answer(views.smartlock(call.home, device_of(call, foreign_is_unknown=True)))


def update_smartlock(call: Call) -> Answer:
    """Name and favourite belong to the account, so no job is needed."""
    device = device_of(call)
    fields = read_object(call.body)
    name, favorite = text(fields, "name"), boolean(fields, "favorite")
    if name is not None and len(name.encode()) > _NAME_BYTES:
        raise unprocessable()
    if name == "":
        raise bad_parameter("name", name)
    device.name = device.name if name is None else name
    device.favorite = device.favorite if favorite is None else favorite
    return ACCEPTED


def delete_smartlock(call: Call) -> Answer:
    device_of(call).removed = True
    return ACCEPTED


# --- actions --------------------------------------------------------------------------------------------


def action(call: Call) -> Answer:
    return _act(call, *_asked_action(call))


def _asked_action(call: Call) -> tuple[Device, int]:
    device = device_of(call, foreign_is_unknown=True)
    fields = read_object(call.body)
    wanted, _option = integer(fields, "action"), integer(fields, "option")
    if wanted is None or not cloud.can_act(device, wanted):
        raise bad_parameter("action", wanted)
    return device, wanted


def lock(call: Call) -> Answer:
    device = device_of(call, foreign_is_unknown=True)
    return _act(call, device, cloud.simple_action(device, "lock"))


def unlock(call: Call) -> Answer:
    device = device_of(call, foreign_is_unknown=True)
    return _act(call, device, cloud.simple_action(device, "unlock"))


def _act(call: Call, device: Device, wanted: int) -> Answer:
    if not cloud.can_act(device, wanted):
        raise wrong_method()  # a simple verb that the device has not (9.3)
    if device.operation_id is not None:
        raise busy()
    if not call.strike("lost"):
        cloud.enqueue_action(call.home, device, wanted, call.now, call.pace)
    return ACCEPTED


def action_advanced(call: Call) -> Answer:
    check_advanced(call)
    device, wanted = _asked_action(call)
    return _act_advanced(call, device, wanted, "SmartlockAction")


def lock_advanced(call: Call) -> Answer:
    check_advanced(call)
    device = device_of(call, foreign_is_unknown=True)
    return _act_advanced(call, device, cloud.simple_action(device, "lock"), "LockAction")


def unlock_advanced(call: Call) -> Answer:
    check_advanced(call)
    device = device_of(call, foreign_is_unknown=True)
    return _act_advanced(call, device, cloud.simple_action(device, "unlock"), "UnlockAction")


def _act_advanced(call: Call, device: Device, wanted: int, kind: str) -> Answer:
    """As `_act`; what came of it is told by webhook (8.5). A lost one never is."""
    if device.operation_id is not None:
        raise busy()
    asked = advanced.ask(call.home, kind, 1, call.now)
    if not call.strike("lost"):
        cloud.enqueue_action(call.home, device, wanted, call.now, call.pace, asked.request_id)
    return json_answer({"requestId": asked.request_id})


def sync(call: Call) -> Answer:
    device = device_of(call)
    if device.operation_id is not None:
        raise busy()
    if not call.strike("lost"):
        cloud.enqueue_sync(call.home, device, call.now, call.pace)
    return ACCEPTED


# --- logs -----------------------------------------------------------------------------------------------


def device_log(call: Call) -> Answer:
    return _log(call, [device_of(call, foreign_is_unknown=True)], call.query.get("authId"))


def account_log(call: Call) -> Answer:
    return _log(call, call.home.owned(), None)


def _log(call: Call, devices: Iterable[Device], auth_id: str | None) -> Answer:
    """Newest first; `id` continues after the entry of that id (6)."""
    limit = query_integer(call.query, "limit")
    limit = _LOG_DEFAULT if limit is None else limit
    if limit < 1:
        raise bad_parameter("limit", limit)
    entries = [(entry, device) for device in devices for entry in device.log if entry.is_pushed]
    entries = [(entry, device) for entry, device in entries if _is_asked_for(call, entry, auth_id)]
    entries.reverse()  # what happened at the same moment, too, is newest first
    entries.sort(key=lambda pair: pair[0].at, reverse=True)
    after = call.query.get("id")
    if after:
        places = [place for place, (entry, _) in enumerate(entries) if entry.id == after]
        entries = entries[places[0] + 1 :] if places else []
    found: list[dict[str, Any]] = [views.log_entry(device, entry) for entry, device in entries]
    return json_answer(found[: min(limit, _LOG_MOST)])


def _is_asked_for(call: Call, entry: LogEntry, auth_id: str | None) -> bool:
    query = call.query
    user, kind = query_integer(query, "accountUserId"), query_integer(query, "action")
    begin, end = query_instant(query, "fromDate"), query_instant(query, "toDate")
    return (
        (not auth_id or entry.auth_id == auth_id)
        and (user is None or entry.account_user_id == user)
        and (kind is None or entry.action == kind)
        and (begin is None or entry.at >= begin)
        and (end is None or entry.at <= end)
    )
