"""The API's operations on sites, roles and the caller (2.1 to 2.5)."""

import zoneinfo

from ostiary.simulation.answers import Answer, json_answer

from . import roles, views
from .bodies import read_object, required, text
from .odata import Item
from .refusals import bad_value, problem
from .visits import Call, enter, listed, look_at
from .world import Site, SiteUser, Subscription


def list_sites(call: Call) -> Answer:
    """Those to which the caller belongs, in whichever home; also before their release."""
    home = call.home
    found = [site for site in home.sites if site.user_of(home.account_id) is not None]
    elsewhere: list[Item] = call.news
    items = [*(views.site(home, site) for site in found), *elsewhere]
    if home.has_bare_site_list and call.path.startswith("/v1.2/"):
        return json_answer(items)
    return listed(call, items)


def get_site(call: Call) -> Answer:
    return json_answer(views.site(call.home, look_at(call).site))


def create_site(call: Call) -> Answer:
    """The caller becomes its owner; an installer would then release it."""
    home, fields = call.home, read_object(call.headers, call.body)
    zone = required(fields, "time_zone", text(fields, "time_zone"))
    if zone not in zoneinfo.available_timezones():
        raise bad_value("The value of 'time_zone' is not valid")
    country = required(fields, "country_code", text(fields, "country_code"))
    site = Site(
        id=home.new_id(),
        site_uid=f"{country.upper()}{home.chance().randrange(10**10):010d}",
        customer_reference=required(fields, "customer_reference", text(fields, "customer_reference")),
        country_code=country.upper(),
        time_zone=zone,
        owner_id=home.account_id,
        subscription=Subscription(user_amount=0),
        is_released=False,
    )
    owner = SiteUser(home.new_id(), home.account_id, [roles.BY_CODE["site_owner"].id], call.now)
    site.users.append(owner)
    home.sites.append(site)
    return json_answer(views.site(home, site))


def get_subscription(call: Call) -> Answer:
    return json_answer(views.subscription(look_at(call).site))


def list_roles(call: Call) -> Answer:
    """Those that the caller may give (2.5)."""
    return listed(call, [role.view() for role in roles.assignable(enter(call).level)])


# --- the caller -----------------------------------------------------------------------------------------


def me(call: Call) -> Answer:
    return json_answer(views.account(call.home.account))


def me_at_site(call: Call) -> Answer:
    visit = look_at(call)
    shown = views.site_user(call.home, visit.site, visit.caller, call.now)
    is_owner = visit.site.owner_id == visit.caller.user_id
    ownership = "site_owner" if is_owner else "site_user"
    return json_answer({**shown, "ownership_state": ownership, "member_of_pods": [], "guest_of_pods": []})


def my_activated_iqs(call: Call) -> Answer:
    """Also those whose activation has only begun (3.4)."""
    visit = enter(call)
    return listed(
        call,
        [
            {
                "iq_id": iq_id,
                "activated": held.activated_at is not None,
                "activation_date": views.instant(held.activated_at),
            }
            for iq_id, held in visit.caller.activations.items()
        ],
    )


# --- version 2 ------------------------------------------------------------------------------------------


def no_v2(call: Call) -> Answer:
    """Our scope does not reach version 2 (2.1)."""
    return problem(403, "Forbidden")
