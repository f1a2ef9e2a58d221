"""The API's operations on account users: the people to whom keys belong (5.2)."""

from ostiary.simulation.answers import Answer, json_answer
from ostiary.simulation.calls import Route

from . import cloud, views
from .account_state import AccountUser
from .accounts import read_language
from .bodies import integer, mail_address, needed_text, query_integer, read_object, text
from .call import Call, number_in_path
from .refusals import ACCEPTED, address_in_use, bad_parameter, busy, unknown
from .state import APP, Auth, Device, Home, Job

_MOST = 100  # a larger `limit` is cut without a word; to how much is assumed


def list_users(call: Call) -> Answer:
    email = call.query.get("email", "").strip().lower()
    offset, limit = query_integer(call.query, "offset") or 0, query_integer(call.query, "limit")
    if offset < 0:
        raise bad_parameter("offset", offset)
    if limit is not None and limit < 1:
        raise bad_parameter("limit", limit)
    found = [user for user in call.home.users if not email or user.email.lower() == email]
    found = found[offset:][: min(limit or _MOST, _MOST)]
    return json_answer([views.account_user(call.home, user) for user in found])


def get_user(call: Call) -> Answer:
    return json_answer(views.account_user(call.home, _user_in_path(call)))


def create_user(call: Call) -> Answer:
    """
    Answers with the user, unlike the creation of an authorization.

    An address that a user has already answers with that user: what the vendor does is not known (14).
    """
    fields = read_object(call.body)
    needed_text(fields, "email")
    email = mail_address(fields, "email") or ""
    name, language, kind = needed_text(fields, "name"), read_language(fields), integer(fields, "type")
    held = _by_address(call.home, email)
    if held is not None:
        return json_answer(views.account_user(call.home, held))
    user = AccountUser(call.home.number(), email, name, call.now, call.now, language=language)
    user.type = _kind(kind, 0)
    call.home.users.append(user)
    return json_answer(views.account_user(call.home, user))


def update_user(call: Call) -> Answer:
    """What is absent stays. Names of authorizations stay too (quirk 44)."""
    user = _free_user(call)
    fields = read_object(call.body)
    email, name = mail_address(fields, "email"), text(fields, "name")
    language, kind = read_language(fields), _kind(integer(fields, "type"), user.type)
    if name == "":
        raise bad_parameter("name", name)
    if email is not None and _by_address(call.home, email) not in (None, user):
        raise address_in_use()
    user.email, user.name = email or user.email, name or user.name
    user.language, user.type, user.updated_at = language or user.language, kind, call.now
    return json_answer(views.account_user(call.home, user))


def delete_user(call: Call) -> Answer:
    """
    Accepted at once, done later: first the devices lose the user's keys, then the cloud the user.

    Keypad codes and fobs stay and belong to nobody then: which of the two happens to what is assumed.
    """
    user, home = _free_user(call), call.home
    if any(job.auth and job.auth.account_user_id == user.id for job in home.jobs):
        raise busy()
    keys = [
        (device, auth)
        for device in home.owned()
        for auth in device.cloud.auths.values()
        if auth.account_user_id == user.id
    ]
    if any(auth.operation_id for _, auth in keys):
        raise busy()
    if not call.strike("lost"):
        _enqueue(call, user, [(device, auth) for device, auth in keys if auth.type == APP])
    return ACCEPTED


def _enqueue(call: Call, user: AccountUser, keys: list[tuple[Device, Auth]]) -> None:
    home, now = call.home, call.now
    ends = [now + cloud.delay(home, cloud.AUTH_DELAY, call.pace)]
    for device, auth in keys:
        job = Job(home.object_id(now), "delete", device.smartlock_id, now, auth_id=auth.id)
        cloud.enqueue_auth(home, job, now, call.pace)
        ends.append(job.run_at)
    user.operation_id = home.object_id(now)
    # At the same instant as the last of them, and behind it.
    home.jobs.append(Job(user.operation_id, "user", 0, max(ends), account_user_id=user.id))


def _user_in_path(call: Call) -> AccountUser:
    user = call.home.user(number_in_path(call, "accountUserId"))
    if user is None:
        raise unknown()
    return user


def _free_user(call: Call) -> AccountUser:
    user = _user_in_path(call)
    if user.operation_id:
        raise busy()
    return user


def _by_address(home: Home, email: str) -> AccountUser | None:
    return next((user for user in home.users if user.email.lower() == email.lower()), None)


def _kind(kind: int | None, otherwise: int) -> int:
    if kind is not None and kind not in (0, 1):
        raise bad_parameter("type", kind)
    return otherwise if kind is None else kind


_SCOPES = ("account", "smartlock.auth")  # either is enough (1.3)

ROUTES: tuple[Route[Home], ...] = (
    Route("GET", "/account/user", _SCOPES, list_users),
    Route("PUT", "/account/user", _SCOPES, create_user),
    Route("GET", "/account/user/{accountUserId}", _SCOPES, get_user),
    Route("POST", "/account/user/{accountUserId}", _SCOPES, update_user),
    Route("DELETE", "/account/user/{accountUserId}", _SCOPES, delete_user),
)
