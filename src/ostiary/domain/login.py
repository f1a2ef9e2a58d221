"""Logging in at a vendor: what a finished login is, and what a person may have to choose first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .secrets import Secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """What lets us act for an account. Stored encrypted. `expires_at` None: does not expire."""

    access_token: Secret
    refresh_token: Secret | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """
    A finished login.

    Attributes:
        vendor_account_id: The vendor's own id of the account, by which a second login is recognised.
        display_name: For people; e-mail addresses are masked by the caller.
        user_identifier: The wire's object: any of `username`, `email`, `phone`.
        settings: What the brand must know of the account at every call beside its credentials, such as
            what the person has chosen. JSON, no secrets.
    """

    credentials: Credentials
    vendor_account_id: str
    display_name: str
    user_identifier: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """
    One thing that a person may let us into.

    Attributes:
        refusal: Why it cannot be chosen, for people; None: it can.
    """

    choice_id: str
    name: str
    details: str = ""
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class LoginChoices:
    """
    A login that wants something more of the person before it is finished.

    Attributes:
        pending: What `complete_login` needs of what has happened so far. Kept encrypted.
        noun: What is chosen, in the plural, such as `sites`.
        notice: What the person agrees to by going on, in whole sentences.
    """

    pending: Secret
    noun: str
    choices: Sequence[Choice]
    notice: str


class LoginFailed(Exception):
    """
    The vendor or the person ended the login.

    Args:
        error_code: `access_denied` when the person cancelled, else a short word.
    """

    def __init__(self, error_code: str, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.message = message
