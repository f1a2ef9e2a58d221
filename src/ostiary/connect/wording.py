"""The sentences that depend on the case: why something failed, and what access means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..domain.provider import Manifest

NOT_SET_UP: Final = "provider_not_set_up"
UNAVAILABLE: Final = "provider_unavailable"
INVALID_TOKEN: Final = "invalid_token"  # noqa: S105 - an error code
INSUFFICIENT_SCOPE: Final = "insufficient_scope"


@dataclass(frozen=True, slots=True)
class Trouble:
    """
    What went wrong, for the person in front of the page.

    Attributes:
        is_calm: Nothing broke, such as when somebody changed their mind.
        is_worth_another_try: A second try may end better.
    """

    title: str
    text: str
    status: int = 200
    is_calm: bool = False
    is_worth_another_try: bool = True


def of_failure(error_code: str, brand: str, asker: str) -> Trouble:
    """
    Why a login ended without an account. Unknown codes get a sentence that is always true.

    Args:
        brand: The display name.
        asker: The workspace's name.
    """
    if error_code == "access_denied":
        return Trouble(
            "You stopped before connecting",
            f"Nothing was connected, and your {brand} account is as it was. "
            "Changed your mind? You can start again whenever you like.",
            is_calm=True,
        )
    if error_code == UNAVAILABLE:
        return Trouble(
            f"{brand} is not answering",
            f"{brand} could not finish the sign-in just now, so nothing was connected. "
            "Give it a minute, then try again.",
        )
    if error_code == INVALID_TOKEN:
        return Trouble(
            f"{brand} does not know this token",
            "It may be incomplete, or it was deleted since, so nothing was connected. Copy it again as a "
            f"whole, or make a new one at {brand}.",
        )
    if error_code == INSUFFICIENT_SCOPE:
        return Trouble(
            "This token does not allow enough",
            f"{brand} knows it, but it does not let {asker} see and program your locks, so nothing was "
            f"connected. Make another one at {brand} that allows more.",
        )
    if error_code == "customer_key_already_set":
        return Trouble(
            "This account is connected elsewhere",
            f"This {brand} account is already connected for another customer of {asker}. "
            f"Sign in with a different account, or ask {asker} for help.",
        )
    if error_code == "insufficient_permissions":
        return Trouble(
            "This account has no admin rights",
            f"Only an administrator’s {brand} account can give {asker} access, so nothing was connected. "
            "Sign in with such an account, or pass your link on to somebody who has one.",
        )
    if error_code == "no_sites":
        return Trouble(
            "There is nothing to connect yet",
            f"This {brand} account has no sites, so nothing was connected. Do you have another account? "
            "Then sign in with that one.",
            is_calm=True,
        )
    if error_code == "subscription_limit_exceeded":
        return Trouble(
            "There is no free user seat",
            f"{asker} works at {brand} as a user of its own, which takes one seat of the subscription, and "
            "all are taken. Free one there, or get more, and try again.",
        )
    if error_code == NOT_SET_UP:
        return Trouble(
            f"{brand} is not available yet",
            f"{asker} has not finished setting up {brand}, so you cannot sign in there yet. "
            f"Please let {asker} know. Your link stays good.",
            status=503,
            is_worth_another_try=False,
        )
    return Trouble(
        "The account was not connected",
        f"{brand} did not finish the sign-in, so nothing was connected. You can try again.",
    )


_ENDED: Final = {
    "unknown": Trouble(
        "This link does not work",
        "It may be incomplete, or it was withdrawn. Open it again from the message it came in, or ask "
        "whoever sent it to you for a new one.",
        status=404,
        is_calm=True,
    ),
    "expired": Trouble(
        "This link has expired",
        "Links to connect an account work for a limited time, to keep your locks safe. Ask whoever sent "
        "it to you for a new one.",
        status=410,
        is_calm=True,
    ),
    "over": Trouble(
        "This sign-in is over",
        "If you have just connected your account, you are done and can close this page. Otherwise open "
        "your link again to start a new sign-in.",
        status=410,
        is_calm=True,
    ),
    "not_offered": Trouble(
        "That brand is not offered here",
        "This link connects other brands of locks. Go back and choose one of those.",
        status=400,
    ),
    "broken": Trouble(
        "Something went wrong on our side",
        "This is not your fault, and nothing was lost. Open your link again in a minute.",
        status=500,
    ),
}


def of_link(reason: str) -> Trouble:
    """
    Why a link leads nowhere.

    Args:
        reason: `unknown`, `expired`, `over`, `not_offered` or `broken`.
    """
    return _ENDED[reason]


def of_choice(mistake: str, noun: str) -> str:
    """
    What is wrong with a choice that was sent.

    Args:
        mistake: `nothing` was chosen; or the page was `outdated`, and what it offered is offered no more.
        noun: What is chosen, in the plural.
    """
    if mistake == "nothing":
        return f"Nothing is ticked. Tick at least one of your {noun}, or cancel."
    return f"This list is newer than the one that you chose from. Look at your {noun} and choose again."


def of_access(offered: Sequence[Manifest]) -> list[str]:
    """What becomes possible when one of the brands is connected."""
    flags = {flag for manifest in offered for flag in manifest.flags}
    lines = ["See your locks, and whether they are online and charged"]
    if {"can_remotely_lock", "can_remotely_unlock"} <= flags:
        lines.append("Lock and unlock your doors")
    elif "can_remotely_unlock" in flags:
        lines.append("Unlock your doors")
    if "can_program_online_access_codes" in flags:
        lines.append("Add, change and remove door codes")
    return lines
