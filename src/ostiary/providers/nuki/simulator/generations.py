"""
What distinguishes the generations of the vendor's devices (2.2, 2.4, 10.1).

Numbers of firmware and hardware are plausible ones of each line; the vendor publishes no table. Which of
them have a charge to tell, HomeKit or Matter is assumed from their age.
"""

from dataclasses import dataclass
from typing import Final

from .state import BOX, LOCK_1_2, LOCK_3_4, LOCK_5, OPENER, SMART_DOOR, Device


@dataclass(frozen=True, slots=True)
class Generation:
    """
    One line of devices.

    Attributes:
        codes: How many keypad codes fit. Nothing is written about the Opener; it is taken to be like its
            contemporary, the Smart Lock 2.
        others: How many other authorizations fit besides.
        has_wifi: Built-in Wi-Fi, the mark of a Pro (2.4); None where the key does not exist.
        product_variant: Of type 5 alone.
        tells_charge: Reports its battery in percent and not only whether it is low.
        knows_zones: Keeps `timezoneId`; otherwise an offset and the European rule (10.3).
    """

    type: int
    firmware: tuple[int, int, int]
    hardware: tuple[int, int]
    codes: int = 200
    others: int = 200
    has_wifi: bool | None = False
    product_variant: int | None = None
    homekit: int = 1
    matter: int | None = 0
    tells_charge: bool = True
    knows_zones: bool = True

    @property
    def packed_firmware(self) -> int:
        """Three bytes (2.3)."""
        major, minor, patch = self.firmware
        return major << 16 | minor << 8 | patch

    @property
    def packed_hardware(self) -> int:
        """Two bytes (2.3)."""
        return self.hardware[0] << 8 | self.hardware[1]


GENERATIONS: Final[dict[str, Generation]] = {
    "smart_lock_1": Generation(
        LOCK_1_2, (1, 10, 4), (1, 7), 100, 100, homekit=0, matter=None, tells_charge=False, knows_zones=False
    ),
    "smart_lock_2": Generation(LOCK_1_2, (2, 8, 15), (5, 11), 100),
    "box": Generation(BOX, (1, 4, 2), (2, 1), 0, has_wifi=None, homekit=0, matter=None, tells_charge=False),
    "opener": Generation(OPENER, (1, 11, 6), (5, 11), 100, has_wifi=None, matter=None, tells_charge=False),
    "smart_door": Generation(SMART_DOOR, (1, 3, 5), (3, 2), homekit=0, matter=None),
    "smart_lock_3": Generation(LOCK_3_4, (3, 10, 7), (5, 11)),
    "smart_lock_3_pro": Generation(LOCK_3_4, (3, 10, 7), (5, 11), has_wifi=True),
    "smart_lock_4": Generation(LOCK_3_4, (4, 4, 3), (6, 2), matter=1),
    "smart_lock_4_pro": Generation(LOCK_3_4, (4, 4, 3), (6, 2), has_wifi=True, matter=1),
    "smart_lock_5_go": Generation(LOCK_5, (5, 2, 6), (7, 1), product_variant=1, matter=1),
    "smart_lock_5_pro": Generation(LOCK_5, (5, 2, 6), (7, 2), has_wifi=True, product_variant=2, matter=1),
    "smart_lock_5_ultra": Generation(LOCK_5, (5, 2, 6), (7, 3), has_wifi=True, product_variant=3, matter=1),
}

USUAL: Final[dict[int, str]] = {
    LOCK_1_2: "smart_lock_2",
    BOX: "box",
    OPENER: "opener",
    SMART_DOOR: "smart_door",
    LOCK_3_4: "smart_lock_3_pro",
    LOCK_5: "smart_lock_5_pro",
}
"""The generation of a device of which only the type is told."""


def of(device: Device) -> Generation:
    return GENERATIONS[device.generation or USUAL[device.type]]


def is_lock(device: Device) -> bool:
    """Has a bolt: no Opener, no Box."""
    return device.type not in (OPENER, BOX)
