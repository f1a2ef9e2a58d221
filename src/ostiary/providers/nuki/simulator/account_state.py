"""What the simulated cloud remembers of an account besides its devices (1.5, 4.8, 5, 7.7)."""

from datetime import datetime
from typing import Any

import msgspec

MAILS_KEPT = 200


class Account(msgspec.Struct, omit_defaults=True):
    """
    What the account says of itself; the rest follows from the home.

    Attributes:
        email: None: the login address. Changing it does not change with which address one logs in.
        wanted_email: Waits to be verified.
        otp_secret: Base32; counts once `otp_enabled_at` is set.
        otp_failures: When a wrong one-time password came in, the last few.
        setting: What a client has stored as `AccountSetting`, as it came.
    """

    email: str | None = None
    wanted_email: str | None = None
    email_verified: bool = True
    name: str | None = None
    language: str = "en"
    config: dict[str, str] | None = None
    profile: dict[str, str] | None = None
    updated_at: datetime | None = None
    otp_secret: str | None = None
    otp_enabled_at: datetime | None = None
    otp_failures: list[datetime] = []
    setting: dict[str, Any] | None = None


class SubAccount(msgspec.Struct, omit_defaults=True):
    id: int
    email: str
    name: str
    rights: int
    language: str
    created_at: datetime
    updated_at: datetime
    config: dict[str, str] | None = None
    profile: dict[str, str] | None = None


class AccountUser(msgspec.Struct, omit_defaults=True):
    """Somebody to whom authorizations can belong. `operation_id`: a deletion is under way."""

    id: int
    email: str
    name: str
    created_at: datetime
    updated_at: datetime
    type: int = 0
    language: str | None = None
    operation_id: str | None = None


class KeyToken(msgspec.Struct, omit_defaults=True):
    """An API token of a key. `digest` leads to what it allows, in the home's tokens."""

    id: str
    digest: str
    scopes: list[str]
    created_at: datetime
    description: str | None = None


class ApiKey(msgspec.Struct, omit_defaults=True):
    """`api_key` is what OAuth calls the client id."""

    id: int
    api_key: str
    created_at: datetime
    description: str | None = None
    redirect_uris: list[str] | None = None
    tokens: list[KeyToken] = []


class InvitedKey(msgspec.Struct):
    """The authorization on one device that an invite is about."""

    smartlock_id: int
    auth_id: str


class Invite(msgspec.Struct, omit_defaults=True):
    """An invite code (4.8). `redeemed_at` None: nobody has used it."""

    code: str
    name: str
    issued_at: datetime
    expires_at: datetime
    keys: list[InvitedKey]
    account_user_id: int | None = None
    redeemed_at: datetime | None = None


class Mail(msgspec.Struct, omit_defaults=True):
    """
    A mail that the cloud has sent.

    Attributes:
        kind: `invite`, `verify_email` or `reset_password`.
        code: For an invite, what is to be typed into the app.
    """

    to: str
    kind: str
    subject: str
    sent_at: datetime
    code: str | None = None
    expires_at: datetime | None = None
    smartlock_ids: list[int] = []


class AddressUnit(msgspec.Struct, omit_defaults=True):
    """One flat at an address. Its token is what a tenant redeems."""

    id: str
    name: str
    token_id: str
    created_at: datetime


class Address(msgspec.Struct, omit_defaults=True):
    id: int
    name: str
    smartlock_ids: list[int]
    created_at: datetime
    updated_at: datetime
    settings: dict[str, Any] | None = None
    units: list[AddressUnit] = []
