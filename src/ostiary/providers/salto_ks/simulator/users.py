"""
The API's operations on users: creating, guests, changing, seats, deleting (2.4 to 2.7).

A full site creates users all the same, only suspended, and says so nowhere but in the user (2.7).
"""

from datetime import timedelta

from ostiary.simulation.answers import Answer, json_answer

from . import people, roles, views
from .bodies import Fields, boolean, instant, required, text, texts
from .choices import READY_DELAY
from .refusals import DONE, bad_value, no_subscription, not_allowed
from .rollout import Courier, delay
from .state import Home, Mail
from .visits import Call, Visit, found, listed, manage
from .world import Person, Site, SiteUser

_FLAGS = (
    *("blocked", "use_pin", "remote_access", "override_privacy_mode"),
    *("toggle_easy_office_mode", "toggle_manual_office_mode"),
)
ACCEPTED = Answer(202)


# --- reading --------------------------------------------------------------------------------------------


def list_users(call: Call) -> Answer:
    visit = manage(call)
    shown = [
        views.site_user(call.home, visit.site, user, call.now)
        for user in visit.site.users
        if visit.sees(user)
    ]
    return listed(call, shown)


def get_user(call: Call) -> Answer:
    visit = manage(call)
    return _shown(visit, visit.user())


def list_keys(call: Call) -> Answer:
    user = manage(call).user()
    return listed(call, [views.key(user)] if user.pin else [])


def list_activated_iqs(call: Call) -> Answer:
    """Only those that the user has activated (3.4)."""
    visit = manage(call)
    done = {iq_id for iq_id, held in visit.user().activations.items() if held.activated_at is not None}
    return listed(
        call,
        [
            {"id": iq.id, "customer_reference": iq.customer_reference, "otp_enabled": iq.otp_enabled}
            for iq in visit.site.iqs
            if iq.id in done
        ],
    )


def _shown(visit: Visit, user: SiteUser, status: int = 200) -> Answer:
    return json_answer(views.site_user(visit.home, visit.site, user, visit.call.now), status)


# --- creating -------------------------------------------------------------------------------------------


def create_user(call: Call) -> Answer:
    """
    Somebody new to the platform; with `email` an invitation goes out (2.6).

    An address is one person, and who has a login has their own names.
    """
    visit = manage(call)
    fields = visit.body()
    first_name = required(fields, "first_name", text(fields, "first_name"))
    last_name = required(fields, "last_name", text(fields, "last_name"))
    role_ids = _roles_in(visit, fields)
    _check_flags(fields)
    email = text(fields, "email")
    if email is not None and "@" not in email:
        raise bad_value(f"Email '{email}' is not valid")
    person = _person(visit, first_name, last_name, email)
    user = _join(visit, person, role_ids, fields)
    if email is not None:
        text_of = f"You have been added to {visit.site.customer_reference}."
        call.home.post(Mail(call.now, "email", email, "Invitation to SALTO KS", text_of))
    visit.written("create_user", f"{person.first_name} {person.last_name}".strip(), user.id)
    return _shown(visit, user)


def _person(visit: Visit, first_name: str, last_name: str, email: str | None) -> Person:
    if email is None:
        return Person(visit.home.new_id(), first_name, last_name, home_site_id=visit.site.id)
    user_id = people.id_of(email)
    _refuse_member(visit, user_id)
    return (
        people.with_login(email)
        or visit.home.people.get(user_id)
        or Person(user_id, first_name, last_name, email, home_site_id=visit.site.id)
    )


def add_existing_user(call: Call) -> Answer:
    """Somebody whom another site of the home has already, or who has a login; `id` is the platform's."""
    visit = manage(call)
    fields = visit.body()
    user_id = required(fields, "id", text(fields, "id")).lower()
    addresses: dict[str, str] = call.news
    known = visit.home.people.get(user_id) or people.with_login(addresses.get(user_id, ""))
    person = found(known, "User")
    _refuse_member(visit, user_id)
    role_ids = _roles_in(visit, fields)
    _check_flags(fields)
    user = _join(visit, person, role_ids, fields)
    visit.written("add_existing_user", f"{person.first_name} {person.last_name}".strip(), user.id)
    return _shown(visit, user)


def _refuse_member(visit: Visit, user_id: str) -> None:
    if visit.site.user_of(user_id) is not None:
        raise bad_value("The user belongs to the site already.")


def create_guest(call: Call) -> Answer:
    """A name and an end, no e-mail, no PIN until it is switched on (2.6)."""
    visit = manage(call)
    fields = visit.body()
    alias = required(fields, "alias", text(fields, "alias"))
    required(fields, "expires_at", instant(fields, "expires_at"))
    person = Person(visit.home.new_id(), "Guest", "", home_site_id=visit.site.id)
    user = _join(visit, person, [roles.BY_CODE["site_guest"].id], fields)
    user.use_pin = False
    visit.written("create_guest", alias, user.id)
    return _shown(visit, user, 201)


def _join(visit: Visit, person: Person, role_ids: list[str], fields: Fields) -> SiteUser:
    """Takes a seat, or without a word none. What the site makes of the person takes a while (5.4)."""
    call, site = visit.call, visit.site
    slow = call.strike("user_not_ready")
    pause = timedelta(seconds=slow.seconds) if slow else delay(call.home, READY_DELAY, call.pace)
    user = SiteUser(call.home.new_id(), person.id, role_ids, ready_at=call.now + pause)
    user.is_subscribed = site.seats_taken < site.subscription.user_amount
    _change(user, fields)
    visit.home.people[person.id] = person
    site.users.append(user)
    return user


def _roles_in(visit: Visit, fields: Fields) -> list[str]:
    role_ids = required(fields, "role_ids", texts(fields, "role_ids"))
    known = [roles.BY_ID[role_id] for role_id in role_ids if role_id in roles.BY_ID]
    if len(known) < len(role_ids) or not any(role.is_hierarchical for role in known):
        raise bad_value("The value of 'role_ids' is not valid")
    if any(role not in roles.assignable(visit.level) for role in known):
        raise not_allowed()
    return [role.id for role in known]


def _check_flags(fields: Fields) -> None:
    """Before anything is changed: a body is taken as a whole or not at all."""
    for name in _FLAGS:
        boolean(fields, name)
    text(fields, "alias")
    instant(fields, "expires_at")


def _change(user: SiteUser, fields: Fields) -> None:
    for name in _FLAGS:
        value = boolean(fields, name)
        if value is not None:
            setattr(user, name, value)
    if "alias" in fields:
        user.alias = text(fields, "alias")
    if "expires_at" in fields:
        user.expires_at = instant(fields, "expires_at")


# --- changing -------------------------------------------------------------------------------------------


def update_user(call: Call) -> Answer:
    visit = manage(call)
    user, fields = visit.user_to_change(), visit.body()
    role_ids = _roles_in(visit, fields) if "role_ids" in fields else user.role_ids
    names = [text(fields, name) for name in ("first_name", "last_name")]
    _check_flags(fields)
    _check_owner(visit, user, fields)
    user.role_ids = role_ids
    _change(user, fields)
    person = call.home.people[user.user_id]
    if not person.has_profile:  # or else the names are the person's own
        person.first_name = person.first_name if names[0] is None else names[0]
        person.last_name = person.last_name if names[1] is None else names[1]
    visit.courier.person_changed(visit.site, user)
    visit.written("update_user", name_of(visit.home, user), user.id)
    return _shown(visit, user)


def _check_owner(visit: Visit, user: SiteUser, fields: Fields) -> None:
    """Nobody can take the owner's place or shut them out."""
    if user.user_id == visit.site.owner_id and ("role_ids" in fields or boolean(fields, "blocked")):
        raise not_allowed()


def update_subscription(call: Call) -> Answer:
    """Gives or takes a seat. The body's key is `state`, whatever the user shows (2.6)."""
    visit = manage(call)
    user, fields = visit.user_to_change(), visit.body()
    state = text(fields, "state")
    if state not in ("subscribed", "suspended"):
        raise bad_value("The value of 'state' is not valid")
    is_wanted = state == "subscribed"
    if is_wanted and not user.is_subscribed and visit.site.seats_taken >= visit.site.subscription.user_amount:
        raise no_subscription()
    user.is_subscribed = is_wanted
    visit.courier.person_changed(visit.site, user)
    visit.written("subscribe_user" if is_wanted else "suspend_user", name_of(visit.home, user), user.id)
    return DONE


# --- deleting -------------------------------------------------------------------------------------------


def delete_user(call: Call) -> Answer:
    """202, yet done at once: the seat is free, and the user is unknown (2.6)."""
    visit = manage(call)
    user = visit.user_to_change()
    if user.user_id == visit.site.owner_id:
        raise not_allowed()
    name = name_of(visit.home, user)
    remove(visit.home, visit.site, user, visit.courier)
    visit.written("delete_user", name, user.id)
    return ACCEPTED


def remove(home: Home, site: Site, user: SiteUser, courier: Courier) -> None:
    """Out of the site and its groups, and out of the platform unless another site has them, or a login."""
    courier.person_changed(site, user, is_gone=True)
    site.users.remove(user)
    for group in site.groups:
        group.members = [member for member in group.members if member != user.user_id]
    is_elsewhere = any(other.user_of(user.user_id) for other in home.sites)
    if not is_elsewhere and not home.people[user.user_id].has_profile:
        del home.people[user.user_id]


def name_of(home: Home, user: SiteUser) -> str:
    person = home.people[user.user_id]
    return user.alias or f"{person.first_name} {person.last_name}".strip()
