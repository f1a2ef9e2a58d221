"""
Turning state into the vendor's JSON: its names and its nulls, as recorded (2 to 5, 7, 12).

Nothing is left out because it has no value: the vendor writes null.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from .choices import EVENTS_TTL
from .roles import BY_ID
from .state import Home
from .world import Entry, Group, Iq, Lock, Person, Site, SiteUser, TimeSchedule

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
VENDOR_ID = "11111111-1111-4111-8111-0000000000f1"


def instant(moment: datetime | None) -> str | None:
    """UTC, whole seconds, `Z` (8.4)."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def naive(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}"


def time_span(span: timedelta) -> str:
    """As .NET writes it: `90.00:00:00`."""
    hours, rest = divmod(span.seconds, 3600)
    return f"{span.days}.{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


# --- sites ----------------------------------------------------------------------------------------------


def site(home: Home, held: Site) -> dict[str, Any]:
    return {
        "id": held.id,
        "site_uid": held.site_uid,
        "customer_reference": held.customer_reference,
        "country_code": held.country_code,
        "time_zone": held.time_zone,
        "active_user_amount": held.seats_taken,
        "subscribed_user_amount": held.subscription.user_amount,
        "active_iq_amount": len(held.iqs),
        "pin_enabled": held.pin_enabled,
        "subscription_valid": held.subscription.is_valid,
        "installation_state": "released" if held.is_released else "unreleased",
        "mkey_compatible": True,
        "store_events_ttl": time_span(EVENTS_TTL),
        "owner": person(home.people[held.owner_id], held),
    }


def subscription(held: Site) -> dict[str, Any]:
    paid = held.subscription
    return {"user_amount": paid.user_amount, "type": paid.type, "features": list(paid.features)}


# --- users ----------------------------------------------------------------------------------------------


def person(held: Person, at: Site) -> dict[str, Any]:
    """The `user` object, whose id is that of memberships and entries."""
    return {
        "id": held.id,
        "first_name": held.first_name,
        "last_name": held.last_name,
        "email": held.email,
        "image_url": None,
        "tag_number": held.tag_number,
        "is_managed_by_current_site": held.home_site_id == at.id,
        "has_profile": held.has_profile,
    }


def site_user(home: Home, at: Site, held: SiteUser, now: datetime) -> dict[str, Any]:
    """`roles` is empty until the cloud has got round to them (5.4)."""
    roles = [BY_ID[role_id].view() for role_id in held.role_ids] if now >= held.ready_at else []
    return {
        "id": held.id,
        "user": person(home.people[held.user_id], at),
        "roles": roles,
        "alias": held.alias,
        "toggle_easy_office_mode": held.toggle_easy_office_mode,
        "toggle_manual_office_mode": held.toggle_manual_office_mode,
        "remote_access": held.remote_access,
        "blocked": held.blocked,
        "tag_owned_by_this_site": False,
        "subscription_state": subscription_state(at, held),
        "override_privacy_mode": held.override_privacy_mode,
        "use_pin": held.use_pin,
        "data_removal_expires_at": None,
        "expires_at": instant(held.expires_at),
    }


def subscription_state(at: Site, held: SiteUser) -> str:
    """When the site's own subscription is over, nobody is subscribed (2.7)."""
    return "subscribed" if held.is_subscribed and at.subscription.is_valid else "suspended"


def key(held: SiteUser) -> dict[str, Any]:
    """The PIN key, without the PIN (4)."""
    assert held.pin is not None
    expiry = instant(held.pin.expires_at)
    return {"type": "pin", "key_identifier": "pin", "expiry_date": expiry, "offline_access": False}


def account(held: Person) -> dict[str, Any]:
    return {
        "id": held.id,
        "first_name": held.first_name,
        "last_name": held.last_name,
        "phone": None,
        "email": held.email,
        "language": "en-US",
        "tag_number": held.tag_number,
        "tag_rf_id_uid": None,
        "image_url": None,
    }


# --- hardware -------------------------------------------------------------------------------------------


def iq(held: Iq) -> dict[str, Any]:
    return {
        "id": held.id,
        "customer_reference": held.customer_reference,
        "time_zone": held.time_zone,
        "mac": held.mac,
        "operator": "simulated",
        "state": "active",
        "online": held.link.is_believed_up,
        "restore_required": held.restore_required,
        "reset_date": instant(held.reset_date),
        "led_enabled": True,
        "data_sync_state": "not_synced",  # a healthy steady state (3.1, quirk 15)
        "signal_strength": 21,
        "revision": "2.0",
        "otp_enabled": held.otp_enabled,
    }


def lock(at: Site, held: Lock, now: datetime) -> dict[str, Any]:
    """As the cloud knows it, which may be behind the door."""
    known = held.known
    return {
        "id": held.id,
        "customer_reference": held.customer_reference,
        "mac": held.mac,
        "floor": None,
        "lock_type": held.lock_type,
        "locked_state": known.shown_at(now),
        "online": held.link.is_believed_up,
        "iq_link_state": "detached" if held.iq_id is None else "attached",
        "tag_registration_state": "not_started",
        "battery_level": known.battery_level,
        "left_open_alarm": known.left_open_alarm,
        "intrusion_alarm": known.intrusion_alarm,
        "privacy_mode": known.privacy_mode,
        "communication_type": "blue_net",
        "offline_access_keys_limit": 360,
        "offline_access_keys_count": 0,
        "easy_office_mode_schedule": None,
        "repeater": None,
        "iq": _iq_of(at.iq(held.iq_id)),
        "vendor": {"id": VENDOR_ID, "reference": "sallis", "display_name": "SALTO Sallis"},
    }


def _iq_of(held: Iq | None) -> dict[str, Any] | None:
    if held is None:
        return None
    return {
        "id": held.id,
        "customer_reference": held.customer_reference,
        "mac_address": held.mac,
        "is_online": held.link.is_believed_up,
        "revision": "2.0",
        "otp_enabled": held.otp_enabled,
    }


# --- rights ---------------------------------------------------------------------------------------------


def group(held: Group) -> dict[str, Any]:
    return {"id": held.id, "customer_reference": held.customer_reference}


def time_schedule(held: TimeSchedule) -> dict[str, Any]:
    return {
        "id": held.id,
        **dict(zip(DAYS, held.days, strict=True)),
        "start_time": f"{held.start_time:%H:%M:%S}",
        "end_time": f"{held.end_time:%H:%M:%S}",
        "start_date": naive(held.start_date),
        "end_date": naive(held.end_date),
    }


# --- the log --------------------------------------------------------------------------------------------


def entry(held: Entry) -> dict[str, Any]:
    return {
        "id": held.id,
        "event_category": held.category,
        "event_detail": held.detail,
        "utc_date_time": instant(held.at),
        "local_date_time": naive(held.local),
        "lock_id": held.lock_id,
        "lock_mac_address": held.lock_mac,
        "lock_customer_reference": held.lock_name,
        "user_id": held.user_id,
        "user_first_name": held.first_name,
        "user_last_name": held.last_name,
        "user_image_url": None,
        "user_alias": held.alias,
        "iq_id": held.iq_id,
        "iq_customer_reference": held.iq_name,
        "iq_mac_address": held.iq_mac,
        "iq_revision": None if held.iq_id is None else "2.0",
        "exit_requested": held.exit_requested,
        "access_by": held.access_by,
        "access_detail": "" if held.access_by else None,
        "ttl_in_seconds": int(EVENTS_TTL.total_seconds()),
        "expiration_date_time": instant(held.at + EVENTS_TTL),
    }
