"""
The API's operations on PINs (4).

The digits are in the answer of the call that makes them and nowhere else. A PIN is a key of its user: made
again, it is the same key with other digits. Whether it opens anything, the cloud does not ask.
"""

import re

from ostiary.simulation.answers import Answer, json_answer

from .bodies import instant, required, text
from .choices import CUSTOM_PIN_DIGITS
from .refusals import DONE, bad_value, no_subscription, not_allowed, pins_are_off, unknown
from .state import Home
from .users import name_of
from .visits import Call, Visit, manage
from .world import PinKey, Site, SiteUser

_CUSTOM = re.compile(rf"[0-9]{{{CUSTOM_PIN_DIGITS[0]},{CUSTOM_PIN_DIGITS[1]}}}")
CUSTOM_FEATURE = "custom_pin"


def put_pin(call: Call) -> Answer:
    """The cloud chooses; also for a suspended user, whom it opens nothing (2.7)."""
    visit = manage(call)
    user, fields = visit.user_to_change(), visit.body()
    expires_at = instant(fields, "expiry_date")
    _check(visit, user)
    return _put(visit, user, PinKey(choose_digits(call.home, visit.site), expires_at))


def put_custom_pin(call: Call) -> Answer:
    """The caller chooses, if the site has paid for that. Two users may have the same."""
    visit = manage(call)
    user, fields = visit.user_to_change(), visit.body()
    if CUSTOM_FEATURE not in visit.site.subscription.features:
        raise no_subscription()
    digits = required(fields, "pin", text(fields, "pin"))
    if not _CUSTOM.fullmatch(digits):
        raise bad_value("The value of 'pin' is not valid")
    _check(visit, user)
    return _put(visit, user, PinKey(digits))


def delete_pin(call: Call) -> Answer:
    """Assumed; the vendor's own path for this is not known (4)."""
    visit = manage(call)
    user = visit.user_to_change()
    if user.pin is None:
        raise unknown("Key")
    user.pin = None
    visit.courier.person_changed(visit.site, user)
    visit.written("delete_pin", name_of(call.home, user), user.id)
    return DONE


def _check(visit: Visit, user: SiteUser) -> None:
    if not visit.site.pin_enabled:
        raise pins_are_off()
    if visit.call.now < user.ready_at:
        raise not_allowed()


def _put(visit: Visit, user: SiteUser, key: PinKey) -> Answer:
    user.pin = key
    visit.courier.person_changed(visit.site, user)
    visit.written("put_pin", name_of(visit.home, user), user.id)
    return json_answer(key.digits)


def choose_digits(home: Home, site: Site) -> str:
    """Unlike any other of the site, leading zeros included (4)."""
    taken = {user.pin.digits for user in site.users if user.pin is not None}
    chance = home.chance()
    while True:
        digits = f"{chance.randrange(10**site.pin_digits):0{site.pin_digits}d}"
        if digits not in taken:
            return digits
