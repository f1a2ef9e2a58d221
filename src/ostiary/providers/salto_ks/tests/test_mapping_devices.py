"""Salto's locks and sites in the house's words."""

import json
from typing import Any, TypeVar

import pytest

from ostiary.domain.provider import Capabilities, DeviceProblem, DeviceWarning, ObservedDevice
from ostiary.providers.salto_ks import MANIFEST, mapping, models

SITE_ID, LOCK_ID, IQ_ID = (f"11111111-1111-4111-8111-{number:012d}" for number in (1, 2, 3))
T = TypeVar("T")

# Recorded (12), with what does not matter here left in.
LOCK = {
    "id": LOCK_ID,
    "customer_reference": "BACK DOOR",
    "mac": "01638130000001",
    "floor": None,
    "lock_type": "wall_reader_pin",
    "locked_state": "locked",
    "online": True,
    "iq_link_state": "attached",
    "battery_level": "fresh",
    "left_open_alarm": False,
    "privacy_mode": False,
    "easy_office_mode_schedule": None,
    "repeater": None,
    "iq": {"id": IQ_ID, "customer_reference": "IQ 01", "is_online": True, "otp_enabled": False},
    "vendor": {"id": "v", "reference": "sallis", "display_name": "SALTO Sallis"},
}
IQ = {"id": IQ_ID, "time_zone": "Europe/Berlin", "online": True, "state": "active"}
SITE = {
    "id": SITE_ID,
    "site_uid": "DE0123456789",
    "customer_reference": "Main Site",
    "time_zone": "Europe/Vienna",
    "active_user_amount": 2,
    "subscribed_user_amount": 50,
    "pin_enabled": True,
    "subscription_valid": True,
    "installation_state": "released",
    "owner": {"id": "o"},
}
PLAN = {"user_amount": 50, "type": "default", "features": ["nfc", "activity_log"]}


def read(value: Any, shape: type[T]) -> T:
    return models.read(json.dumps(value).encode(), shape)


def site(**fields: Any) -> models.Site:
    return read({**SITE, **fields}, models.Site)


def lock(
    hub: dict[str, Any] | None = IQ,
    /,
    site: dict[str, Any] | None = None,
    features: list[Any] | None = None,
    pace: float = 1.0,
    **fields: Any,
) -> ObservedDevice:
    plan = {**PLAN, **({} if features is None else {"features": features})}
    return mapping.device(
        read({**SITE, **(site or {})}, models.Site),
        read(plan, models.Subscription),
        read({**LOCK, **fields}, models.Lock),
        None if hub is None else read(hub, models.Iq),
        pace=pace,
    )


def test_a_lock_by_example() -> None:
    """The reference's sample (9.2), and what its models want besides."""
    metadata = {
        "lock_id": LOCK_ID,
        "customer_reference": "BACK DOOR",
        "lock_type": "wall_reader_pin",
        "battery_level": "fresh",
        "locked_state": "locked",
        "model": "wall_reader_pin",
        "site_id": SITE_ID,
        "site_name": "Main Site",
    }
    assert lock() == ObservedDevice(
        vendor_device_id=f"{SITE_ID}/{LOCK_ID}",
        device_type="salto_lock",
        name="BACK DOOR",
        is_online=True,
        capabilities=Capabilities(
            can_remotely_lock=True,
            can_remotely_unlock=True,
            can_program_online_access_codes=True,
            code_chosen_by="vendor",
            code_lengths=(6,),
            code_constraints=("cannot_specify_pin_code",),
            codes_are_readable=False,
            max_access_codes=100,
            settles_within=90.0,
            reaches_device_after=240.0,
            time_step=60.0,
            wall_clock_zone="Europe/Berlin",
        ),
        properties={
            "manufacturer": "salto",
            "model": {
                "display_name": "Wall Reader Pin",
                "manufacturer_display_name": "Salto",
                "can_connect_accessory_keypad": False,
                "has_built_in_keypad": True,
                "accessory_keypad_supported": False,
                "online_access_codes_supported": True,
                "offline_access_codes_supported": False,
            },
            "has_direct_power": True,
            "has_native_entry_events": False,
            "supported_code_lengths": [6],
            "max_active_codes_supported": 100,
            "code_constraints": [{"constraint_type": "cannot_specify_pin_code"}],
            "salto_ks_metadata": {**metadata, "has_custom_pin_subscription": False},
            "salto_metadata": metadata,
        },
        is_locked=True,
        time_zone="Europe/Berlin",
        battery_level=1.0,
    )


def test_an_id_alone_is_a_lock() -> None:
    """Every other key may be missing."""
    device = mapping.device(
        read({"id": SITE_ID}, models.Site),
        read({}, models.Subscription),
        read({"id": LOCK_ID}, models.Lock),
        None,
    )
    assert (device.name, device.is_online, device.is_locked) == (f"Salto KS {LOCK_ID[:8]}", False, None)
    assert device.capabilities == Capabilities()
    assert (device.time_zone, device.battery_level, device.problems) == (None, None, ())
    assert device.properties["model"]["display_name"] == "Salto KS lock"
    texts = device.properties["salto_ks_metadata"]
    assert {type(value) for key, value in texts.items() if key != "has_custom_pin_subscription"} == {str}


def test_the_manifest_says_what_the_devices_have() -> None:
    assert MANIFEST.device_types == (mapping.DEVICE_TYPE,)
    assert all(getattr(lock().capabilities, flag) for flag in MANIFEST.flags)


def test_ids_of_devices_go_there_and_back() -> None:
    assert mapping.split_device_id(mapping.device_id(SITE_ID, LOCK_ID)) == (SITE_ID, LOCK_ID)


@pytest.mark.parametrize(
    ("lock_type", "has_keypad", "has_power", "name"),
    [
        ("wall_reader_pin", True, True, "Wall Reader Pin"),
        ("escutcheon_pin", True, False, "Escutcheon Pin"),
        ("brand_new_thing_pin", True, False, "Brand New Thing Pin"),
        ("wall_reader", False, True, "Wall Reader"),
        ("escutcheon", False, False, "Escutcheon"),
        ("cylinder", False, False, "Cylinder"),
        ("unknown", False, False, "Unknown"),
        ("pin", False, False, "Pin"),
        ("", False, False, "Salto KS lock"),
    ],
)
def test_a_keypad_is_in_the_name_of_the_type(
    lock_type: str, has_keypad: bool, has_power: bool, name: str
) -> None:
    """A lock without one has no flag for codes at all, and none of the properties of codes (9.2)."""
    device = lock(lock_type=lock_type)
    assert device.capabilities.can_program_online_access_codes is (True if has_keypad else None)
    assert device.capabilities.can_remotely_unlock is True
    for key in ("supported_code_lengths", "max_active_codes_supported", "code_constraints"):
        assert (key in device.properties) is has_keypad
    assert device.properties["model"]["online_access_codes_supported"] is has_keypad
    assert device.properties["model"]["has_built_in_keypad"] is has_keypad
    assert device.properties["has_direct_power"] is has_power
    assert device.properties["model"]["display_name"] == name
    assert device.properties["salto_ks_metadata"]["model"] == lock_type


@pytest.mark.parametrize(
    ("state", "is_locked"),
    [
        ("locked", True),
        ("unlocked", False),
        ("office_mode", False),
        ("none", None),
        ("uncertain", None),
        ("brand_new", None),
        (None, None),
    ],
)
def test_states_of_a_lock(state: str | None, is_locked: bool | None) -> None:
    device = lock(locked_state=state)
    assert device.is_locked is is_locked
    assert device.is_busy is False
    assert device.properties["salto_ks_metadata"]["locked_state"] == (state or "none")


@pytest.mark.parametrize(
    ("level", "share"),
    [
        ("fresh", 1.0),
        ("good", 0.75),
        ("low", 0.25),
        ("critical", 0.05),
        ("none", None),
        ("unknown", None),
        ("brand_new", None),
        (None, None),
    ],
)
def test_battery(level: str | None, share: float | None) -> None:
    device = lock(battery_level=level)
    assert device.battery_level == share
    assert device.properties["salto_metadata"]["battery_level"] == (level or "unknown")


@pytest.mark.parametrize(
    ("fields", "iq", "is_online", "codes"),
    [
        ({}, IQ, True, []),
        ({"online": False}, IQ, False, []),
        ({"online": None}, IQ, False, []),
        ({}, {**IQ, "online": False}, False, ["hub_disconnected"]),
        ({"iq": {"id": IQ_ID, "is_online": False}}, IQ, False, ["hub_disconnected"]),
        ({"iq": {"id": IQ_ID}}, None, True, []),
        ({"iq": {"id": IQ_ID, "is_online": False}}, None, False, ["hub_disconnected"]),
        ({"iq": None}, None, False, []),
    ],
)
def test_being_online_takes_the_lock_and_its_iq(
    fields: dict[str, Any], iq: dict[str, Any] | None, is_online: bool, codes: list[str]
) -> None:
    device = lock(iq, **fields)
    assert device.is_online is is_online
    assert [problem.error_code for problem in device.problems] == codes
    assert all(isinstance(problem, DeviceProblem) and problem.message for problem in device.problems)


def test_without_an_iq_nothing_works_from_afar() -> None:
    device = mapping.device(
        site(), read(PLAN, models.Subscription), read({**LOCK, "iq": None}, models.Lock), None
    )
    can = device.capabilities
    assert (can.can_remotely_lock, can.can_remotely_unlock) == (None, None)
    assert can.can_program_online_access_codes is False
    assert device.time_zone == "Europe/Vienna", "the site's, for people"
    assert can.wall_clock_zone is None


@pytest.mark.parametrize(
    ("iq_zone", "site_zone", "zone", "shown"),
    [
        ("America/New_York", "Europe/Berlin", "America/New_York", "America/New_York"),
        (None, "Europe/Berlin", None, "Europe/Berlin"),
        ("Mars/Olympus", "Europe/Berlin", None, "Europe/Berlin"),
        ("../../etc/passwd", None, None, None),
        ("", "", None, None),
        (None, "Europe", None, None),
    ],
)
def test_schedules_go_by_the_clock_of_the_iq(
    iq_zone: str | None, site_zone: str | None, zone: str | None, shown: str | None
) -> None:
    """Without one that we know no window can be written, so there are no codes now (5.2)."""
    device = lock({**IQ, "time_zone": iq_zone}, site={"time_zone": site_zone})
    assert device.capabilities.wall_clock_zone == zone
    assert device.capabilities.can_program_online_access_codes is (zone is not None)
    assert device.time_zone == shown


@pytest.mark.parametrize(("pin_enabled", "flag"), [(True, True), (None, True), (False, False)])
def test_a_site_may_have_switched_pins_off(pin_enabled: bool | None, flag: bool) -> None:
    device = lock(site={"pin_enabled": pin_enabled})
    assert device.capabilities.can_program_online_access_codes is flag


@pytest.mark.parametrize(
    ("features", "is_custom"),
    [
        ([], False),
        (["nfc"], False),
        (["nfc", "custom_pin"], True),
        ([{"name": "custom_pin"}], True),
        ([{"name": "nfc"}, 7, None], False),
    ],
)
def test_pins_of_ones_own_are_a_matter_of_the_plan(features: list[Any], is_custom: bool) -> None:
    """Whether features are texts or objects is not recorded (2.3)."""
    device = lock(features=features)
    can = device.capabilities
    assert can.code_chosen_by == ("either" if is_custom else "vendor")
    assert can.vendor_may_choose
    assert can.code_lengths == ((4, 5, 6) if is_custom else (6,))
    assert can.code_constraints == (() if is_custom else ("cannot_specify_pin_code",))
    assert device.properties["supported_code_lengths"] == list(can.code_lengths)
    assert device.properties["salto_ks_metadata"]["has_custom_pin_subscription"] is is_custom
    assert "has_custom_pin_subscription" not in device.properties["salto_metadata"]


@pytest.mark.parametrize(
    ("pin", "is_taken"),
    [("1234", True), ("012345", True), ("123", False), ("1234567", False), ("12a4", False), ("٤٥٦٧", False)],
)
def test_which_pins_of_ones_own_salto_takes(pin: str, is_taken: bool) -> None:
    custom = read({"features": ["custom_pin"]}, models.Subscription)
    assert mapping.takes_pin(custom, pin) is is_taken
    assert not mapping.takes_pin(read(PLAN, models.Subscription), pin)


def test_what_people_should_know_of_a_door() -> None:
    def warnings(**fields: Any) -> list[str]:
        found = lock(**fields).warnings
        assert all(isinstance(one, DeviceWarning) and one.message for one in found)
        return [one.warning_code for one in found]

    assert warnings() == []
    assert warnings(locked_state="office_mode") == ["salto_ks_office_mode"]
    assert warnings(privacy_mode=True) == ["salto_ks_privacy_mode", "privacy_mode"]
    assert warnings(privacy_mode=None) == []


@pytest.mark.parametrize("pace", [0.0, 0.1, 1.0])
def test_what_takes_time_takes_less_where_it_is_simulated_faster(pace: float) -> None:
    can = lock(pace=pace).capabilities
    assert can.reaches_device_after == 240.0 * pace
    assert can.settles_within == 90.0 * pace


def test_the_house_adds_these_itself() -> None:
    houses_own = {"online", "name", "appearance", "locked", "battery", "battery_level", "keypad_battery"}
    assert not houses_own & lock().properties.keys()


# --- seats ----------------------------------------------------------------------------------------------

FULL, SHORT = "salto_ks_subscription_limit_exceeded", "salto_ks_subscription_limit_almost_reached"


def problems(*seats: tuple[int | None, int | None]) -> list[tuple[str, str]]:
    sites = [
        site(id=f"s{at}", active_user_amount=a, subscribed_user_amount=s) for at, (a, s) in enumerate(seats)
    ]
    return [(found.kind, found.code) for found in mapping.account_problems(sites)]


@pytest.mark.parametrize(
    ("taken", "bought", "found"),
    [
        (0, 10, []),
        (8, 10, []),
        (9, 10, [("warning", SHORT)]),
        (81, 100, [("warning", SHORT)]),
        (99, 100, [("warning", SHORT)]),
        (10, 10, [("error", FULL)]),
        (12, 10, [("error", FULL)]),
        (None, 10, []),
        (5, None, []),
        (None, None, []),
    ],
)
def test_seats_of_one_site(taken: int | None, bought: int | None, found: list[tuple[str, str]]) -> None:
    assert problems((taken, bought)) == found
    assert mapping.is_full(site(active_user_amount=taken, subscribed_user_amount=bought)) is (
        found == [("error", FULL)]
    )


def test_seats_of_several_sites() -> None:
    assert problems() == []
    assert problems((1, 10), (2, 10)) == []
    assert problems((10, 10), (9, 10), (1, 10)) == [("error", FULL), ("warning", SHORT)]
    assert problems((9, 10), (9, 10)) == [("warning", SHORT)]
    assert problems((10, 10), (3, 3)) == [("error", FULL)]


def test_the_error_names_the_full_sites_alone() -> None:
    sites = [
        site(id="a", customer_reference="Full Site", active_user_amount=10, subscribed_user_amount=10),
        site(id="b", customer_reference="Empty Site", active_user_amount=1, subscribed_user_amount=10),
        site(id="c", customer_reference="", active_user_amount=3, subscribed_user_amount=3),
    ]
    [problem] = mapping.account_problems(sites)
    assert "Full Site, c" in problem.message
    assert "Empty Site" not in problem.message
    assert problem.more == {
        "salto_ks_metadata": {
            "sites": [
                {
                    "site_id": "a",
                    "site_name": "Full Site",
                    "subscribed_site_user_count": 10,
                    "site_user_subscription_limit": 10,
                },
                {
                    "site_id": "c",
                    "site_name": "",
                    "subscribed_site_user_count": 3,
                    "site_user_subscription_limit": 3,
                },
            ]
        }
    }
