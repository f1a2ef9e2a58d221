"""The API's operations on IQs: reading, adding, and activating one for a person (3.1, 3.4)."""

import re
import zoneinfo

from ostiary.simulation.answers import Answer, json_answer

from . import otp, views
from .bodies import required, text
from .refusals import (
    DONE,
    already_activated,
    bad_activation_code,
    bad_value,
    failed,
    missing,
    not_activated,
    not_allowed,
    unknown,
)
from .roles import ADMIN
from .state import Mail
from .visits import Call, Visit, enter, listed
from .world import Activation, Iq, Link

_DELTA = re.compile(r"[0-9]{4}")
_ACTIVATION_CODE = re.compile(r"[0-9A-Za-z-]{6,40}")  # what a real one looks like is not known
CHANGE_PIN, DELETE_PIN = "change_pin", "delete_pin"


def list_iqs(call: Call) -> Answer:
    return listed(call, [views.iq(iq) for iq in enter(call).site.iqs])


def get_iq(call: Call) -> Answer:
    return json_answer(views.iq(enter(call).iq()))


def create_iq(call: Call) -> Answer:
    visit = enter(call, ADMIN)
    fields = visit.body()
    name = required(fields, "customer_reference", text(fields, "customer_reference"))
    zone = required(fields, "time_zone", text(fields, "time_zone"))
    code = required(fields, "activation_code", text(fields, "activation_code"))
    if zone not in zoneinfo.available_timezones():
        raise bad_value("The value of 'time_zone' is not valid")
    if not _ACTIVATION_CODE.fullmatch(code):
        raise bad_activation_code()
    number = len(visit.site.iqs) + 1
    iq = Iq(call.home.new_id(), name, f"AA.BB.{number:02X}", zone, Link())
    visit.site.iqs.append(iq)
    visit.written("create_iq", name, iq.id)
    return json_answer(views.iq(iq))


def restore_iq(call: Call) -> Answer:
    """After a reset: the IQ gets everything back but the activations."""
    visit = enter(call, ADMIN)
    iq = visit.iq()
    iq.restore_required = False
    visit.written("restore_iq", iq.customer_reference, iq.id)
    return DONE


# --- activation, of the caller --------------------------------------------------------------------------


def get_secret(call: Call) -> Answer:
    """The first secret, for as long as the caller has not activated the IQ; begins the activation."""
    visit = enter(call)
    iq = visit.iq()
    held = visit.caller.activations.get(iq.id)
    if "otp" in call.query:
        raise not_allowed()  # known to exist, and refused where it was tried
    if held is not None and held.activated_at is not None:
        raise already_activated()
    if held is None:
        held = visit.caller.activations[iq.id] = Activation()
    if held.secret is None:
        held.secret = otp.new_secret(call.home)
    return json_answer({"secret": held.secret})


def get_pin(call: Call) -> Answer:
    """Not in the answer, but by mail, or else by SMS. It is kept with the site, whoever gets it."""
    visit = enter(call)
    iq = visit.iq()
    held = visit.caller.activations.get(iq.id)
    if held is None:
        raise not_activated()
    if held.activated_at is not None:
        raise failed("command_forbidden", 403)
    if held.pin is None:
        held.pin = held.iq_pin = otp.new_pin(call.home)
    by_mail = call.query.get("send_email", "").lower() == "true"
    mail = Mail(
        at=call.now,
        channel="email" if by_mail else "sms",
        to=call.login,
        subject=f"PIN for {iq.customer_reference}",
        text=f"Your PIN for {iq.customer_reference} is {held.pin}.",
        iq_pin=held.pin,
    )
    call.home.post(mail)
    return DONE


def put_pin(call: Call) -> Answer:
    """With a delta of 0000 the last step of the activation; afterwards a test of the password."""
    visit = enter(call)
    iq, fields = visit.iq(), visit.body()
    password = required(fields, "otp", text(fields, "otp"))
    delta = required(fields, "delta", text(fields, "delta"))
    if not _DELTA.fullmatch(delta):
        raise bad_value("The value of 'delta' is not valid")
    held = _checked(visit, iq, password, CHANGE_PIN)
    if delta != otp.NO_CHANGE:
        otp.change_pin(held, delta)
    held.activated_at = held.activated_at or call.now
    visit.written("put_iq_pin", iq.customer_reference, iq.id)
    return DONE


def delete_pin(call: Call) -> Answer:
    """Takes somebody's activation away; the caller's own password allows it."""
    visit = enter(call)
    iq = visit.iq()
    password = call.query.get("otp") or (text(visit.body(), "otp") if call.body else None)
    if not password:
        raise missing("otp")
    user = visit.site.user_of(call.ids["user_id"])
    if user is None or iq.id not in user.activations:
        raise unknown("User")
    if user is not visit.caller and visit.level < ADMIN:
        raise not_allowed()
    _checked(visit, iq, password, DELETE_PIN)
    del user.activations[iq.id]
    visit.written("delete_iq_pin", iq.customer_reference, iq.id)
    return DONE


def _checked(visit: Visit, iq: Iq, password: str, command: str) -> Activation:
    held = visit.caller.activations.get(iq.id)
    if held is not None and held.pin is not None and not iq.link.is_up:
        raise failed("iq_offline")
    return otp.check(held, password, command, visit.call.now)
