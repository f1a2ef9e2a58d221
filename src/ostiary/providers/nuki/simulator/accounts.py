"""
The API's operations on the account itself (5.1, 5.4).

Logging in stays as it is for every simulated home, whatever becomes of address and password here.
"""

from typing import Any

from ostiary.simulation.answers import Answer, json_answer
from ostiary.simulation.calls import Route

from . import invites, keys, views
from .account_state import Account, Mail
from .bodies import (
    Fields,
    boolean,
    mail_address,
    mapping,
    needed_text,
    query_boolean,
    read_object,
    text,
)
from .call import Call
from .refusals import (
    ACCEPTED,
    address_in_use,
    bad_parameter,
    has_subs,
    unknown,
    unprocessable,
    wrong_password,
)
from .shapes import present
from .state import Home

PASSWORD_LEAST = 7  # characters
_LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "cs", "sk", "pl")  # pl: the PDF alone (5.2)
_CONFIG = ("alexaPin", "gactionsHomePin")
_PROFILE = ("firstName", "lastName", "address", "zip", "city", "country")
_VIEWS = {
    "deviceViewType": ("LIST", "TILE"),
    "deviceSortType": ("FAVOURITES_FIRST", "NAME_ASC", "NAME_DESC", "LAST_ADDED_DESC"),
}


def get_account(call: Call) -> Answer:
    return json_answer(view(call.home))


def update_account(call: Call) -> Answer:
    """What is absent stays, but `language` has to be there. A password is checked and forgotten."""
    home, fields = call.home, read_object(call.body)
    needed_text(fields, "language")
    language, email, name = read_language(fields), mail_address(fields, "email"), text(fields, "name")
    if name == "":
        raise bad_parameter("name", name)
    password = read_password(fields)
    config, profile = read_config(fields), read_profile(fields)
    keeps_tokens = not query_boolean(call.query, "deleteApiTokens", True)
    if email is not None:
        check_free(home, email)
    account = home.account
    account.email, account.name = email or account.email, name or account.name
    account.language = language or account.language
    account.config = config or account.config
    account.profile = profile or account.profile
    account.updated_at = call.now
    if password is not None and not keeps_tokens:
        keys.revoke_api_tokens(home)
    return ACCEPTED


def delete_account(call: Call) -> Answer:
    """Nobody is logged in any more, and whoever logs in again finds an empty account."""
    home = call.home
    if home.subs:
        raise has_subs()
    home.revoke_all()
    for device in home.devices:
        device.removed = True
    home.account = Account()
    home.users, home.keys, home.invites, home.addresses = [], [], [], []
    home.hooks, home.asked = [], []
    home.jobs = [job for job in home.jobs if job.kind != "user"]
    return ACCEPTED


# --- address and password -------------------------------------------------------------------------------


def change_email(call: Call) -> Answer:
    """A mail goes to the new address, which counts once it is verified."""
    home, fields = call.home, read_object(call.body)
    needed_text(fields, "email")
    email = mail_address(fields, "email") or ""
    check_free(home, email)
    home.account.wanted_email = email
    invites.post(home, Mail(email, "verify_email", "Verify your address for Nuki Web", call.now))
    return ACCEPTED


def verify_email(call: Call) -> Answer:
    """As if the link in the mail had been followed: that this is what the operation does is assumed."""
    account = call.home.account
    if account.wanted_email is None:
        raise bad_parameter("email", None)
    check_free(call.home, account.wanted_email)
    account.email, account.wanted_email = account.wanted_email, None
    account.email_verified, account.updated_at = True, call.now
    return ACCEPTED


def reset_password(call: Call) -> Answer:
    """
    Mails a link, and takes the API tokens away at once unless it is told not to.

    The definition's scheme for this operation is undefined: a token of the account is asked for here.
    Another account's address is 401, the one refusal that is declared.
    """
    home, fields = call.home, read_object(call.body)
    needed_text(fields, "email")
    email, deletes = mail_address(fields, "email") or "", boolean(fields, "deleteApiTokens")
    if email.lower() != address(home).lower():
        raise wrong_password("There is no such account")
    invites.post(home, Mail(email, "reset_password", "Reset your password for Nuki Web", call.now))
    if deletes is not False:
        keys.revoke_api_tokens(home)
    return ACCEPTED


def address(home: Home) -> str:
    return home.account.email or home.name


def check_free(home: Home, email: str) -> None:
    """Only the accounts of this home can be known here: the account itself may keep its own address."""
    if any(sub.email.lower() == email.lower() for sub in home.subs):
        raise address_in_use()


# --- what bodies of accounts have in common ----------------------------------------------------------------


def read_language(fields: Fields) -> str | None:
    language = text(fields, "language")
    if language is not None and language not in _LANGUAGES:
        raise bad_parameter("language", language)
    return language


def read_password(fields: Fields) -> str | None:
    """Never quoted in the refusal, unlike other values."""
    password = text(fields, "password")
    if password is not None and len(password) < PASSWORD_LEAST:
        raise bad_parameter("password", "***")
    return password


def read_config(fields: Fields) -> dict[str, str] | None:
    config = mapping(fields, "config")
    if config is None:
        return None
    return {name: value for name in _CONFIG if (value := text(config, name)) is not None}


def read_profile(fields: Fields) -> dict[str, str] | None:
    """All of it or none (5.1)."""
    profile = mapping(fields, "profile")
    if profile is None:
        return None
    values = {name: needed_text(profile, name) for name in _PROFILE}
    if len(values["country"]) != 2:
        raise bad_parameter("country", values["country"])
    return values


# --- settings -------------------------------------------------------------------------------------------


def get_setting(call: Call) -> Answer:
    setting = call.home.account.setting
    if setting is None:
        raise unknown()
    return json_answer(setting)


def put_setting(call: Call) -> Answer:
    """Kept as it comes, for it is the web page's own matter; only the two lists of words are checked."""
    setting = dict(read_object(call.body))
    web = mapping(setting, "web") or {}
    for name, words in _VIEWS.items():
        value = text(web, name)
        if value is not None and value not in words:
            raise bad_parameter(name, value)
    if len(call.body) > 65536:
        raise unprocessable()
    call.home.account.setting = setting
    return json_answer(setting)


def delete_setting(call: Call) -> Answer:
    call.home.account.setting = None
    return ACCEPTED


def companies(call: Call) -> Answer:
    """The partner network, with one partner (5.4)."""
    return json_answer([{"name": "Example Partner", "email": "partner@example.com"}])


def view(home: Home) -> dict[str, Any]:
    account = home.account
    config: dict[str, Any] = dict(account.config or {})
    if account.otp_enabled_at is not None:
        config["otpEnabledDate"] = views.instant(account.otp_enabled_at)
    return present(
        {
            "accountId": home.account_id,
            "type": 0,
            "email": address(home),
            "emailVerified": account.email_verified,
            "name": account.name or home.name.partition("@")[0].replace(".", " ").title(),
            "language": account.language,
            "config": config or None,
            "profile": account.profile,
            "creationDate": views.instant(home.created_at),
            "updateDate": views.instant(account.updated_at or home.created_at),
        }
    )


_SCOPES = ("account",)

ROUTES: tuple[Route[Home], ...] = (
    Route("GET", "/account", _SCOPES, get_account),
    Route("POST", "/account", _SCOPES, update_account),
    Route("DELETE", "/account", _SCOPES, delete_account),
    Route("POST", "/account/email/change", _SCOPES, change_email),
    Route("POST", "/account/email/verify", _SCOPES, verify_email),
    Route("POST", "/account/password/reset", (), reset_password),
    Route("GET", "/account/setting", _SCOPES, get_setting),
    Route("PUT", "/account/setting", _SCOPES, put_setting),
    Route("DELETE", "/account/setting", _SCOPES, delete_setting),
    Route("GET", "/company", (), companies),
)
