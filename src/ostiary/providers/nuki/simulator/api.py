"""The vendor's API as a table of routes, and who may use it."""

from ostiary.simulation import calls
from ostiary.simulation.answers import Answer
from ostiary.simulation.calls import Match, Route

from . import (
    accounts,
    addresses,
    auths,
    config,
    devices,
    keys,
    openers,
    operations,
    otp,
    paging,
    sub_accounts,
    users,
    webhooks,
)
from .call import Call
from .refusals import bad_token, missing_scope, not_served, unknown, wrong_method
from .state import Home

_VIEW = ("smartlock", "smartlock.readOnly")  # either is enough (1.3)
_MANAGE, _ACT, _AUTH, _LOG = ("smartlock",), ("smartlock.action",), ("smartlock.auth",), ("smartlock.log",)
_ACCOUNT, _HOOKS = ("account",), ("webhook.decentral",)

ROUTES: tuple[Route[Home], ...] = (
    *accounts.ROUTES,
    *addresses.ROUTES,
    *config.ROUTES,
    *keys.ROUTES,
    *openers.ROUTES,
    *otp.ROUTES,
    *paging.ROUTES,
    *sub_accounts.ROUTES,
    *users.ROUTES,
    Route("GET", "/smartlock", _VIEW, devices.list_smartlocks),
    Route("GET", "/smartlock/auth", _AUTH, auths.list_all_auths),
    Route("PUT", "/smartlock/auth", _AUTH, auths.create_auths),
    Route("POST", "/smartlock/auth", _AUTH, auths.update_auths),
    Route("DELETE", "/smartlock/auth", _AUTH, auths.delete_auths),
    Route("GET", "/smartlock/log", _LOG, devices.account_log),
    Route("GET", "/smartlock/{smartlockId}", _VIEW, devices.get_smartlock),
    Route("POST", "/smartlock/{smartlockId}", _MANAGE, devices.update_smartlock),
    Route("DELETE", "/smartlock/{smartlockId}", _MANAGE, devices.delete_smartlock),
    Route("POST", "/smartlock/{smartlockId}/action", _ACT, devices.action),
    Route("POST", "/smartlock/{smartlockId}/action/lock", _ACT, devices.lock),
    Route("POST", "/smartlock/{smartlockId}/action/unlock", _ACT, devices.unlock),
    Route("POST", "/smartlock/{smartlockId}/sync", _ACT, devices.sync),
    Route("PUT", "/smartlock/{smartlockId}/sync", _ACT, devices.sync),  # sources differ (7.1)
    Route("GET", "/smartlock/{smartlockId}/auth", _AUTH, auths.list_auths),
    Route("PUT", "/smartlock/{smartlockId}/auth", _AUTH, auths.create_auth),
    Route("GET", "/smartlock/{smartlockId}/auth/{authId}", _AUTH, auths.get_auth),
    Route("POST", "/smartlock/{smartlockId}/auth/{authId}", _AUTH, auths.update_auth),
    Route("DELETE", "/smartlock/{smartlockId}/auth/{authId}", _AUTH, auths.delete_auth),
    Route("POST", "/smartlock/{smartlockId}/auth/advanced/sharedkey", _AUTH, auths.create_shared_key),
    Route("GET", "/smartlock/{smartlockId}/log", _LOG, devices.device_log),
    Route("PUT", "/smartlock/auth/advanced", _AUTH, auths.create_auths_advanced),
    Route("POST", "/smartlock/{smartlockId}/action/advanced", _ACT, devices.action_advanced),
    Route("POST", "/smartlock/{smartlockId}/action/lock/advanced", _ACT, devices.lock_advanced),
    Route("POST", "/smartlock/{smartlockId}/action/unlock/advanced", _ACT, devices.unlock_advanced),
    Route("GET", webhooks.DECENTRAL, _HOOKS, webhooks.list_hooks),
    Route("PUT", webhooks.DECENTRAL, _HOOKS, webhooks.add_hook),
    Route("DELETE", webhooks.DECENTRAL + "/{id}", _HOOKS, webhooks.delete_hook),
    Route("GET", webhooks.ADVANCED_KEY, _ACCOUNT, webhooks.get_integration),
    Route("PUT", webhooks.ADVANCED_KEY, _ACCOUNT, webhooks.apply),
    Route("POST", webhooks.ADVANCED_KEY, _ACCOUNT, webhooks.update_integration),
    Route("DELETE", webhooks.ADVANCED_KEY, _ACCOUNT, webhooks.withdraw),
    Route("POST", webhooks.ADVANCED_KEY + "/reactivate", _ACCOUNT, webhooks.reactivate),
    Route("GET", webhooks.LOGS, _ACCOUNT, webhooks.list_logs),
)


def _not_served(call: Call) -> Answer:
    return not_served(call.method, call.path, operations.reason(call.route))


# All that the vendor has. What no route above serves is 501, what is not even here is 404 or 405.
_DOCUMENTED = tuple(Route(method, path, (), _not_served) for method, path in operations.OPERATIONS)
# Segments that are words and never ids.
_WORDS = ("auth", "log", "token")


def match(method: str, path: str) -> Match[Home] | Answer:
    """The route for a request, or the answer for what is not served."""
    found = calls.match((*ROUTES, *_DOCUMENTED), method, path, _WORDS)
    if found is not None:
        return found
    return wrong_method().answer if calls.methods_at(_DOCUMENTED, path, _WORDS) else unknown().answer


def check_token(call: Call, token: str, scopes: tuple[str, ...]) -> None:
    held = call.access
    if held is None:
        raise bad_token()
    if scopes and not any(scope in held.scopes for scope in scopes):
        raise missing_scope(scopes)
