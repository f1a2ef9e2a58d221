"""The API's operations on sub accounts (5.3). Nobody can log in as one: they are only listed and changed."""

import re
from typing import Any

from ostiary.simulation.answers import Answer, json_answer
from ostiary.simulation.calls import Route

from . import views
from .account_state import SubAccount
from .accounts import address, read_config, read_language, read_password, read_profile
from .bodies import Fields, integer, mail_address, needed_text, read_object, text
from .call import Call, number_in_path
from .refusals import ACCEPTED, address_in_use, bad_parameter, unknown
from .shapes import present
from .state import Home

_RIGHTS_AT_FIRST, _RIGHTS = 31, 127  # the two tables of 5.3 contradict each other; each bound as it stands

# A filter may have these of the regular expressions, so that none can keep the server busy.
_SIMPLE = re.compile(r"\^?(?:[\w@%-]|\\[.+]|\.\*?){0,254}\$?")


def list_subs(call: Call) -> Answer:
    """`email` is a regular expression in the vendor's words; a list, though the schema has one account."""
    wanted = call.query.get("email", "")
    if not _SIMPLE.fullmatch(wanted) or wanted.count("*") > 3:
        raise bad_parameter("email", wanted)
    pattern = re.compile(wanted, re.IGNORECASE)
    return json_answer([view(call.home, sub) for sub in call.home.subs if pattern.search(sub.email)])


def get_sub(call: Call) -> Answer:
    return json_answer(view(call.home, _sub_in_path(call)))


def create_sub(call: Call) -> Answer:
    home, fields = call.home, read_object(call.body)
    for name in ("email", "password", "name", "language"):
        needed_text(fields, name)
    email = mail_address(fields, "email") or ""
    read_password(fields)
    rights = _rights(fields, _RIGHTS_AT_FIRST)
    if rights is None:
        raise bad_parameter("rights", None)
    if _is_taken(home, email, None):
        raise bad_parameter("email", email)  # 409 is not declared here
    language = read_language(fields) or ""
    sub = SubAccount(home.number(), email, needed_text(fields, "name"), rights, language, call.now, call.now)
    sub.profile = read_profile(fields)
    home.subs.append(sub)
    return json_answer(view(home, sub))


def update_sub(call: Call) -> Answer:
    """What is absent stays, but `language` has to be there."""
    sub, fields = _sub_in_path(call), read_object(call.body)
    needed_text(fields, "language")
    language, email, name = read_language(fields), mail_address(fields, "email"), text(fields, "name")
    rights, config, profile = _rights(fields, _RIGHTS), read_config(fields), read_profile(fields)
    read_password(fields)
    if name == "":
        raise bad_parameter("name", name)
    if email is not None and _is_taken(call.home, email, sub):
        raise address_in_use()
    sub.email, sub.name, sub.language = email or sub.email, name or sub.name, language or sub.language
    sub.rights = sub.rights if rights is None else rights
    sub.config, sub.profile = config or sub.config, profile or sub.profile
    sub.updated_at = call.now
    return ACCEPTED


def delete_sub(call: Call) -> Answer:
    call.home.subs.remove(_sub_in_path(call))
    return ACCEPTED


def _is_taken(home: Home, email: str, by: SubAccount | None) -> bool:
    others = [sub.email for sub in home.subs if sub is not by]
    return email.lower() in {one.lower() for one in (*others, address(home))}


def _rights(fields: Fields, most: int) -> int | None:
    rights = integer(fields, "rights")
    if rights is not None and not 0 <= rights <= most:
        raise bad_parameter("rights", rights)
    return rights


def _sub_in_path(call: Call) -> SubAccount:
    number = number_in_path(call, "accountId")
    sub = next((sub for sub in call.home.subs if sub.id == number), None)
    if sub is None:
        raise unknown()
    return sub


def view(home: Home, sub: SubAccount) -> dict[str, Any]:
    return present(
        {
            "accountId": sub.id,
            "type": 0,
            "email": sub.email,
            "emailVerified": False,
            "name": sub.name,
            "masterAccountId": home.account_id,
            "rights": sub.rights,
            "language": sub.language,
            "config": sub.config,
            "profile": sub.profile,
            "creationDate": views.instant(sub.created_at),
            "updateDate": views.instant(sub.updated_at),
        }
    )


_SCOPES = ("account",)

ROUTES: tuple[Route[Home], ...] = (
    Route("GET", "/account/sub", _SCOPES, list_subs),
    Route("PUT", "/account/sub", _SCOPES, create_sub),
    Route("GET", "/account/sub/{accountId}", _SCOPES, get_sub),
    Route("POST", "/account/sub/{accountId}", _SCOPES, update_sub),
    Route("DELETE", "/account/sub/{accountId}", _SCOPES, delete_sub),
)
