"""
The API's operations on authorizations, among them keypad codes (4).

Every write is checked against the cloud's copy, accepted with 204, and carried out later. The order of
the checks is that of 12: ownership, JSON, lengths, parameters, Smart Hosting, busy, duplicates. A
request about many objects is accepted or refused as a whole.
"""

import re
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ostiary.simulation.answers import Answer, json_answer

from . import advanced, cloud, faults, invites, views
from .bodies import (
    Fields,
    as_integer,
    boolean,
    instant,
    integer,
    query_boolean,
    query_integer,
    query_integers,
    read_array,
    read_object,
    text,
)
from .call import Call, device_of
from .refusals import (
    ACCEPTED,
    NO_HOSTING,
    admin_pin_needed,
    bad_parameter,
    busy,
    code_in_use,
    no_hosting,
    not_yours,
    unprocessable,
)
from .state import APP, CODE, FOB, WRITES_KEPT, Auth, AuthWrite, Device, Job
from .webhooks import check_advanced

_PIN = re.compile(r"(?!12)[1-9]{6}")  # 10.2
_NAME_BYTES, _CODE_NAME_BYTES = 32, 20  # taken for UTF-8 bytes, the stricter reading of 10.2
_LAST_MINUTE = 1439


@dataclass(slots=True)
class _Wish:
    """What a body says about one authorization; None where it says nothing."""

    name: str | None
    type: int | None
    code: int | None
    account_user_id: int | None
    enabled: bool | None
    remote_allowed: bool | None
    from_date: datetime | None
    until_date: datetime | None
    week_days: int | None
    from_time: int | None
    until_time: int | None

    @classmethod
    def read(cls, fields: Fields) -> "_Wish":
        """The vendor's examples disable with `enable`; it counts where `enabled` is absent (quirk 10)."""
        enabled = boolean(fields, "enabled")
        return cls(
            name=text(fields, "name"),
            type=integer(fields, "type"),
            code=integer(fields, "code"),
            account_user_id=integer(fields, "accountUserId"),
            enabled=boolean(fields, "enable") if enabled is None else enabled,
            remote_allowed=boolean(fields, "remoteAllowed"),
            from_date=instant(fields, "allowedFromDate"),
            until_date=instant(fields, "allowedUntilDate"),
            week_days=integer(fields, "allowedWeekDays"),
            from_time=integer(fields, "allowedFromTime"),
            until_time=integer(fields, "allowedUntilTime"),
        )

    def check_length(self, kind: int) -> None:
        limit = _CODE_NAME_BYTES if kind == CODE else _NAME_BYTES
        if self.name is not None and len(self.name.encode()) > limit:
            raise unprocessable()

    def check_window(self) -> None:
        for name, value, most in (
            ("allowedWeekDays", self.week_days, 127),
            ("allowedFromTime", self.from_time, _LAST_MINUTE),
            ("allowedUntilTime", self.until_time, _LAST_MINUTE),
        ):
            if value is not None and not 0 <= value <= most:
                raise bad_parameter(name, value)


# --- reading --------------------------------------------------------------------------------------------


def list_auths(call: Call) -> Answer:
    """With `includeEmail`, the addresses of the users too; the name `email` is assumed (4.1)."""
    device = device_of(call)
    types = query_integers(call.query, "types")
    with_email = query_boolean(call.query, "includeEmail", False)
    found = []
    for held in device.cloud.auths.values():
        if types is None or held.type in types:
            user = call.home.user(held.account_user_id or 0) if with_email else None
            found.append(views.auth(device, held) | ({"email": user.email} if user else {}))
    return json_answer(found)


def list_all_auths(call: Call) -> Answer:
    return json_answer(all_auths(call))


def all_auths(call: Call) -> list[dict[str, Any]]:
    """A negative `accountUserId` asks for what belongs to no user (4.1)."""
    types, user = query_integers(call.query, "types"), query_integer(call.query, "accountUserId")
    found: list[dict[str, Any]] = []
    for device in call.home.owned():
        for held in device.cloud.auths.values():
            is_users = user is None or (
                held.account_user_id is None if user < 0 else held.account_user_id == user
            )
            if is_users and (types is None or held.type in types):
                found.append(views.auth(device, held))
    return found


def get_auth(call: Call) -> Answer:
    device, held = _auth_in_path(call)
    return json_answer(views.auth(device, held))


def _auth_in_path(call: Call) -> tuple[Device, Auth]:
    """An unknown one is 403 like a foreign device: 404 is not declared for these paths (4.1)."""
    device = device_of(call)
    held = device.cloud.auths.get(call.ids["authId"])
    if held is None:
        raise not_yours()
    return device, held


def _find(call: Call, auth_id: object) -> tuple[Device, Auth]:
    if not isinstance(auth_id, str):
        raise unprocessable()
    for device in call.home.owned():
        if auth_id in device.cloud.auths:
            return device, device.cloud.auths[auth_id]
    raise not_yours()


# --- creating -------------------------------------------------------------------------------------------


def create_auth(call: Call) -> Answer:
    device = device_of(call)
    return _create(call, [device], read_object(call.body))


def create_auths(call: Call) -> Answer:
    """`smartlockIds` is needed although the schema does not say so (4.3, quirk 16)."""
    fields = read_object(call.body)
    return _create(call, _devices_in(call, fields), fields)


def _devices_in(call: Call, fields: Fields) -> list[Device]:
    ids = fields.get("smartlockIds")
    if not isinstance(ids, list) or not ids:
        raise unprocessable()
    devices = []
    for smartlock_id in dict.fromkeys(as_integer(one) for one in ids):
        device = call.home.device(smartlock_id)
        if device is None:
            raise not_yours()
        devices.append(device)
    return devices


def create_auths_advanced(call: Call) -> Answer:
    """
    As `create_auths`, with a result by webhook (8.5). No keypad codes: neither `type` nor `code` is in the
    schema, though an official example sends `"0"` (4.3). Devices without Smart Hosting are named in `error`
    and left out; that the others are served all the same is assumed.
    """
    check_advanced(call)
    fields = read_object(call.body)
    devices, wish = _devices_in(call, fields), _Wish.read(fields)
    if wish.type not in (None, APP):
        raise bad_parameter("type", wish.type)
    wish.check_length(APP)
    _check_new(wish, APP, devices)
    _check_user(call, wish, APP)
    lapsed = [device.smartlock_id for device in devices if device.subscription == "EXPIRED"]
    served = [device for device in devices if device.smartlock_id not in lapsed]
    asked = advanced.ask(call.home, "AuthCreation", len(served), call.now)
    drafts = [(device, _draft(call, wish, APP)) for device in served]
    _accept(call, "create", drafts, asked.request_id)
    if drafts:  # not mailed: whoever asks this way gets the code by webhook, and sends it (4.8)
        asked.invite_code = invites.issue(call.home, drafts, call.now).code
    answer = {"requestId": asked.request_id}
    if lapsed:
        answer["error"] = f"{NO_HOSTING} ({', '.join(map(str, lapsed))})"
    return json_answer(answer)


def _create(call: Call, devices: list[Device], fields: Fields) -> Answer:
    wish = _Wish.read(fields)
    kind = APP if wish.type is None else wish.type
    wish.check_length(kind)
    _check_new(wish, kind, devices)
    _check_user(call, wish, kind)
    _check_hosting(devices)
    for device in devices:
        if wish.code is not None and wish.code in cloud.reserved_digits(call.home, device):
            raise code_in_use()
    drafts = [(device, _draft(call, wish, kind)) for device in devices]
    _accept(call, "create", drafts)
    if kind == APP:
        invites.send(call.home, drafts, call.now)
    return ACCEPTED


def create_shared_key(call: Call) -> Answer:
    """
    Answers with the authorization as it will be, its number on the device still 0.

    Only the schema is known (4.1): that it is a key for an app, written by a job like any other and mailed
    to nobody, is assumed.
    """
    device, wish = device_of(call), _Wish.read(read_object(call.body))
    wish.check_length(APP)
    if not wish.name:
        raise bad_parameter("name", wish.name)
    wish.check_window()
    if wish.account_user_id is not None:
        _check_user(call, wish, APP)
    _check_hosting([device])
    draft = _draft(call, wish, APP)
    _accept(call, "create", [(device, draft)])
    return json_answer([views.auth(device, draft)])


def _check_user(call: Call, wish: _Wish, kind: int) -> None:
    """
    A key needs a user to whom the invite can be mailed. That an unknown one is refused is assumed.

    A keypad code takes any number: nothing is mailed (4.8).
    """
    if kind != CODE and call.home.user(wish.account_user_id or 0) is None:
        raise bad_parameter("accountUserId", wish.account_user_id)


def _check_new(wish: _Wish, kind: int, devices: list[Device]) -> None:
    """The rules of 4.7; `remoteAllowed` may be missing (4.3)."""
    if not wish.name:
        raise bad_parameter("name", wish.name)
    if kind not in (APP, FOB, CODE):
        raise bad_parameter("type", kind)
    if kind == CODE:
        if not all(device.cloud.has_keypad for device in devices):
            raise bad_parameter("type", kind)
        _check_code(wish.code)
    else:
        if wish.code is not None:
            raise bad_parameter("code", wish.code)
        if wish.account_user_id is None:
            raise bad_parameter("accountUserId", None)
    wish.check_window()


def _check_code(code: int | None) -> None:
    if code is None or not _PIN.fullmatch(str(code)):
        raise bad_parameter("code", code)


def _check_hosting(devices: list[Device]) -> None:
    if any(views.is_without_hosting(device) for device in devices):
        raise no_hosting()


def _draft(call: Call, wish: _Wish, kind: int) -> Auth:
    assert wish.name
    return Auth(
        id=call.home.object_id(call.now),
        auth_id=0,  # the device will give the number
        type=kind,
        name=wish.name,
        created_at=call.now,
        updated_at=call.now,
        code=wish.code,
        account_user_id=wish.account_user_id,
        remote_allowed=bool(wish.remote_allowed),
        from_date=wish.from_date,
        until_date=wish.until_date,
        week_days=wish.week_days,
        from_time=wish.from_time,
        until_time=wish.until_time,
    )


# --- updating -------------------------------------------------------------------------------------------


def update_auth(call: Call) -> Answer:
    device, held = _auth_in_path(call)
    return _update(call, [(device, held, _Wish.read(read_object(call.body)))])


def update_auths(call: Call) -> Answer:
    changes = []
    for fields in read_array(call.body):
        if not isinstance(fields, dict):
            raise unprocessable()
        device, held = _find(call, fields.get("id"))
        changes.append((device, held, _Wish.read(fields)))
    return _update(call, changes)


def _update(call: Call, changes: list[tuple[Device, Auth, _Wish]]) -> Answer:
    for _, held, wish in changes:
        wish.check_length(held.type)
    for _, held, wish in changes:
        if wish.name == "":
            raise bad_parameter("name", wish.name)
        if wish.code is not None:
            if held.type != CODE:
                raise bad_parameter("code", wish.code)
            _check_code(wish.code)
        wish.check_window()
    _check_hosting([device for device, _, _ in changes])
    if faults.loses_race(call, [held for _, held, _ in changes]):
        _accept(call, "update", [(device, held) for device, held, _ in changes], is_dropped=True)
        return ACCEPTED
    _check_free([held for _, held, _ in changes])
    taken: set[tuple[int, int]] = set()
    for device, held, wish in changes:
        if wish.code is None:
            continue
        users = cloud.reserved_digits(call.home, device).get(wish.code, set()) - {held.id}
        if users or (device.smartlock_id, wish.code) in taken:
            raise code_in_use()
        taken.add((device.smartlock_id, wish.code))
    _accept(call, "update", [(device, _merged(held, wish)) for device, held, wish in changes])
    return ACCEPTED


def _check_free(auths: list[Auth]) -> None:
    """Busy, or named twice in one request: the second would meet the first at work."""
    if any(held.operation_id for held in auths) or len({held.id for held in auths}) < len(auths):
        raise busy()


def _merged(held: Auth, wish: _Wish) -> Auth:
    """
    What the authorization will be.

    The five fields of the window are replaced as a whole: one that is absent is cleared (4.4, quirk 4).
    The others stay when they are absent.
    """
    changed = copy(held)
    for name in ("name", "code", "account_user_id", "enabled", "remote_allowed"):
        value = getattr(wish, name)
        if value is not None:
            setattr(changed, name, value)
    for name in ("from_date", "until_date", "week_days", "from_time", "until_time"):
        setattr(changed, name, getattr(wish, name))
    return changed


# --- deleting -------------------------------------------------------------------------------------------


def delete_auth(call: Call) -> Answer:
    return _delete(call, [_auth_in_path(call)])


def delete_auths(call: Call) -> Answer:
    return _delete(call, [_find(call, auth_id) for auth_id in read_array(call.body)])


def _delete(call: Call, found: list[tuple[Device, Auth]]) -> Answer:
    """A lapse of Smart Hosting does not keep anybody from taking a code away (assumed)."""
    _check_free([held for _, held in found])
    _accept(call, "delete", found)
    return ACCEPTED


def _accept(
    call: Call,
    kind: Literal["create", "update", "delete"],
    drafts: list[tuple[Device, Auth]],
    request_id: str = "",
    *,
    is_dropped: bool = False,
) -> None:
    if any(device.admin_pin_state for device, _ in drafts):
        raise admin_pin_needed()
    lost = is_dropped or call.strike("lost") is not None
    late = None if lost else call.strike("late")
    torn = None if lost or kind == "delete" else call.strike("window_lost")
    listed = kind == "create" and not lost and call.strike("listed_at_once")
    home = call.home
    for device, auth in drafts:
        home.writes.append(
            AuthWrite(
                at=call.now,
                kind=kind,
                smartlock_id=device.smartlock_id,
                name=auth.name,
                auth_id=auth.id,
                is_lost=lost,
            )
        )
        if lost:
            continue
        job = Job(
            id=home.object_id(call.now),
            kind=kind,
            smartlock_id=device.smartlock_id,
            run_at=call.now,
            auth_id=auth.id,
            auth=None if kind == "delete" else auth,
            late=late.seconds if late else 0.0,
            without_window=torn is not None,
            request_id=request_id,
        )
        if listed:
            device.cloud.auths[auth.id] = copy(auth)
        cloud.enqueue_auth(home, job, call.now, call.pace)
    del home.writes[:-WRITES_KEPT]
