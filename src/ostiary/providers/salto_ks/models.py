"""
The Connect API's JSON as it is: Salto's names and units.

Sources: recorded responses and endpoint pages, sections of `salto-ks-connect-api.md`; the machine-readable
definition could not be had. So every key but an object's own id may be missing, words are open (an unknown
one is kept as it came), and `ErrorCode` may be a number or a text (8.2).
"""

from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")


class Role(msgspec.Struct):
    """2.5."""

    id: str
    code: str = ""


class Site(msgspec.Struct):
    """2.2. `subscribed_user_amount` counts the seats that were bought, `active_user_amount` those in use."""

    id: str
    customer_reference: str = ""
    site_uid: str = ""
    time_zone: str | None = None
    active_user_amount: int | None = None
    subscribed_user_amount: int | None = None
    pin_enabled: bool | None = None
    subscription_valid: bool | None = None
    installation_state: str | None = None


class Subscription(msgspec.Struct):
    """2.3. Whether features are texts or objects is not recorded."""

    user_amount: int | None = None
    features: list[Any] = msgspec.field(default_factory=list)


class Person(msgspec.Struct):
    """The platform's user: `user` of a site user, and `/me` (2.4)."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None


class SiteUser(msgspec.Struct):
    """2.4. `id` is the user's id on this site, `user.id` the platform's: calls differ in which they want."""

    id: str
    user: Person
    roles: list[Role] = msgspec.field(default_factory=list)
    alias: str | None = None
    blocked: bool = False
    subscription_state: str = "subscribed"
    use_pin: bool = False
    remote_access: bool = False
    expires_at: datetime | None = None


class IqOfLock(msgspec.Struct):
    id: str
    is_online: bool | None = None
    otp_enabled: bool | None = None


class Lock(msgspec.Struct):
    """3.2."""

    id: str
    customer_reference: str = ""
    lock_type: str = ""
    locked_state: str | None = None
    online: bool | None = None
    battery_level: str | None = None
    privacy_mode: bool | None = None
    iq: IqOfLock | None = None


class Iq(msgspec.Struct):
    """3.1. Its zone is the clock of the time schedules."""

    id: str
    time_zone: str | None = None
    online: bool | None = None
    restore_required: bool | None = None
    otp_enabled: bool | None = None


class IqSecret(msgspec.Struct):
    """3.4."""

    secret: str


class AccessGroup(msgspec.Struct):
    """5.1."""

    id: str
    customer_reference: str = ""


class Member(msgspec.Struct):
    """A lock or a platform user in an access group; only its id counts."""

    id: str


class TimeSchedule(msgspec.Struct, kw_only=True):
    """5.2. Dates are naive wall-clock time of the IQ; both null: from now on, without end."""

    id: str = ""
    monday: bool = True
    tuesday: bool = True
    wednesday: bool = True
    thursday: bool = True
    friday: bool = True
    saturday: bool = True
    sunday: bool = True
    start_time: str | None = None
    end_time: str | None = None
    start_date: str | None = None
    end_date: str | None = None


class Key(msgspec.Struct):
    """4. A PIN is a key of type `pin`; its digits are never in it."""

    type: str = ""
    expiry_date: datetime | None = None


class Page(msgspec.Struct):
    """8.1. The items are read one by one, as the shape of each list is the caller's."""

    items: list[msgspec.Raw]
    next_page_link: str | None = None


class Refusal(msgspec.Struct, rename="pascal"):
    """8.2."""

    error_code: str | int | None = None
    message: str | None = None


class Tokens(msgspec.Struct):
    """1.4."""

    access_token: str
    expires_in: int | None = None
    refresh_token: str | None = None


class UnreadableError(ValueError):
    """The body is not what the vendor's pages say. Carries nothing out of it."""


WHOLE_DAY: Final = ("00:00:00", "23:59:59")


def read(body: bytes, shape: type[T]) -> T:
    """Raises: UnreadableError."""
    try:
        return msgspec.json.decode(body, type=shape, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableError("another shape than expected") from None
