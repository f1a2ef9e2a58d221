"""The vendor's API as a table of routes, and the answers for what is not in it (2.1)."""

from collections.abc import Iterator

from ostiary.simulation import calls
from ostiary.simulation.answers import Answer
from ostiary.simulation.calls import Handler, Match, Route, methods_at

from . import groups, iqs, locks, log, pins, sites, users
from .identity import FULL_ACCESS
from .refusals import NO_SUCH_PATH, WRONG_METHOD, not_served
from .state import Home

_SCOPES = (FULL_ACCESS,)
_V1_1, _V1_2 = "/v1.1", "/v1.2"
_SITE, _USER, _IQ, _LOCK = "/sites/{site_id}", "/users/{site_user_id}", "/iqs/{iq_id}", "/locks/{lock_id}"
_GROUP, _SCHEDULES = "/access_groups/{group_id}", "/access_groups/{group_id}/time_schedules"
# Segments that are no id.
_WORDS = ("existing", "export", "custom")

# Both versions have these; where a client was seen using only one, that the other has it too is assumed.
_BOTH: tuple[tuple[str, str, Handler[Home]], ...] = (
    ("GET", "/me", sites.me),
    ("GET", "/me/{site_id}/activated_iqs", sites.my_activated_iqs),
    ("GET", "/sites", sites.list_sites),
    ("POST", "/sites", sites.create_site),
    ("GET", _SITE, sites.get_site),
    ("GET", _SITE + "/subscription", sites.get_subscription),
    ("GET", _SITE + "/me", sites.me_at_site),
    ("GET", _SITE + "/roles", sites.list_roles),
    ("GET", _SITE + "/users", users.list_users),
    ("POST", _SITE + "/users", users.create_user),
    ("POST", _SITE + "/users/existing", users.add_existing_user),
    ("POST", _SITE + "/guests", users.create_guest),
    ("GET", _SITE + _USER, users.get_user),
    ("PATCH", _SITE + _USER, users.update_user),
    ("DELETE", _SITE + _USER, users.delete_user),
    ("PATCH", _SITE + _USER + "/subscription", users.update_subscription),
    ("GET", _SITE + _USER + "/keys", users.list_keys),
    ("GET", _SITE + _USER + "/activated_iqs", users.list_activated_iqs),
    ("PUT", _SITE + _USER + "/pin", pins.put_pin),
    ("PUT", _SITE + _USER + "/pin/custom", pins.put_custom_pin),
    ("DELETE", _SITE + _USER + "/pin", pins.delete_pin),
    ("GET", _SITE + "/iqs", iqs.list_iqs),
    ("POST", _SITE + "/iqs", iqs.create_iq),
    ("GET", _SITE + _IQ, iqs.get_iq),
    ("POST", _SITE + _IQ + "/restore", iqs.restore_iq),
    ("PUT", _SITE + _IQ + "/pin", iqs.put_pin),
    ("DELETE", _SITE + _IQ + "/pin/{user_id}", iqs.delete_pin),
    ("GET", _SITE + "/locks", locks.list_locks),
    ("GET", _SITE + _LOCK, locks.get_lock),
    ("PATCH", _SITE + _LOCK + "/locking", locks.set_locking),
    ("GET", _SITE + "/access_groups", groups.list_groups),
    ("POST", _SITE + "/access_groups", groups.create_group),
    ("DELETE", _SITE + _GROUP, groups.delete_group),
    ("GET", _SITE + _GROUP + "/locks", groups.list_locks),
    ("POST", _SITE + _GROUP + "/locks", groups.add_lock),
    ("PATCH", _SITE + _GROUP + "/locks", groups.change_locks),
    ("DELETE", _SITE + _GROUP + _LOCK, groups.remove_lock),
    ("GET", _SITE + _GROUP + "/users", groups.list_members),
    ("POST", _SITE + _GROUP + "/users", groups.add_member),
    ("PATCH", _SITE + _GROUP + "/users", groups.change_members),
    ("DELETE", _SITE + _GROUP + "/users/{user_id}", groups.remove_member),
)
# A GET that changes something: the first secret is made when it is read, and the IQ PIN is mailed.
_CHANGING_READS: tuple[tuple[str, Handler[Home]], ...] = (
    (_SITE + _IQ + "/secret", iqs.get_secret),
    (_SITE + _IQ + "/pin", iqs.get_pin),
)
_ONLY_V1_1: tuple[tuple[str, str, Handler[Home]], ...] = (
    ("GET", _SITE + _SCHEDULES, groups.list_schedules),
    ("POST", _SITE + _SCHEDULES, groups.create_schedule),
    ("PATCH", _SITE + _SCHEDULES + "/{schedule_id}", groups.update_schedule),
    ("DELETE", _SITE + _SCHEDULES + "/{schedule_id}", groups.delete_schedule),
    ("GET", _SITE + "/entries", log.list_entries),
    ("GET", _SITE + "/entries/export", log.export_entries),
    ("GET", _SITE + "/incidents", log.list_incidents),
)
# Known to be refused: the log in version 1.2, and all of version 2 that was tried.
_NO_LOG = ("entries", "incidents")
_V2 = ("/v2" + _SITE + tail for tail in ("/me/permissions", "/me/roles", "/roles", "/permissions"))


def _routes() -> Iterator[Route[Home]]:
    for version in (_V1_1, _V1_2):
        for method, path, handler in _BOTH:
            yield Route(method, version + path, _SCOPES, handler)
        for path, handler in _CHANGING_READS:
            yield Route("GET", version + path, _SCOPES, handler, changes=True)
    for method, path, handler in _ONLY_V1_1:
        yield Route(method, _V1_1 + path, _SCOPES, handler)
    for path in _V2:
        yield Route("GET", path, _SCOPES, sites.no_v2)


ROUTES = tuple(_routes())


def match(method: str, path: str) -> Match[Home] | Answer:
    """The route for a request, or the answer for what is not served."""
    found = calls.match(ROUTES, method, path, _WORDS)
    if found is not None:
        return found
    if methods_at(ROUTES, path, _WORDS) or _is_log_of_v1_2(path):
        return WRONG_METHOD
    version = path.strip("/").partition("/")[0]
    return not_served(method, path) if version in ("v1", "v1.1", "v1.2", "v2") else NO_SUCH_PATH


def _is_log_of_v1_2(path: str) -> bool:
    segments = path.strip("/").split("/")
    return segments[:2] == ["v1.2", "sites"] and len(segments) > 3 and segments[3] in _NO_LOG
