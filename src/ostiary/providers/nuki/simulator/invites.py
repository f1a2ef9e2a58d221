"""
Invites: the codes by which an app gets its key (4.8).

Creating a key for an account user mails a code to that user. The key itself is written to the device by
its own job; whoever types the code into the app within 48 hours can use it from then on. The API shows
nothing of all this: `lockCount` stays 0 until the key is used.
"""

import string
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from ostiary.simulation.control import Fields, Mistake, Nothing

from . import handling, keypad, views
from .account_state import MAILS_KEPT, Invite, InvitedKey, Mail
from .state import Auth, Device, Home

LASTS = timedelta(hours=48)
_KEPT = 1000
_ACTIONS = {"unlock": handling.UNLOCK, "lock": handling.LOCK}


class Redeem(Fields):
    code: str


class UseKey(Fields):
    smartlock_id: int
    code: str
    do: Literal["unlock", "lock"] = "unlock"


# --- sending --------------------------------------------------------------------------------------------


def issue(home: Home, drafts: Iterable[tuple[Device, Auth]], now: datetime) -> Invite:
    """
    A code for one request's keys, not mailed to anybody.

    One code for all devices of a request: the sources differ, and the vendor's own message about a
    request has room for one only (4.8).
    """
    pairs = list(drafts)
    invite = Invite(
        code=_fresh_code(home),
        name=pairs[0][1].name,
        issued_at=now,
        expires_at=now + LASTS,
        keys=[InvitedKey(device.smartlock_id, auth.id) for device, auth in pairs],
        account_user_id=pairs[0][1].account_user_id,
    )
    home.invites.append(invite)
    del home.invites[:-_KEPT]
    return invite


def _fresh_code(home: Home) -> str:
    taken = {invite.code for invite in home.invites}
    while True:
        letters = "".join(home.chance().choices(string.ascii_uppercase, k=9))
        code = f"{letters[:3]}-{letters[3:6]}-{letters[6:]}"
        if code not in taken:
            return code


def send(home: Home, drafts: Iterable[tuple[Device, Auth]], now: datetime) -> None:
    """Mail an invite for these keys to the user whom they belong to."""
    invite = issue(home, drafts, now)
    user = home.user(invite.account_user_id or 0)
    if user is None:
        return
    mail = Mail(
        to=user.email,
        kind="invite",
        subject=f"Your key {invite.name!r} for the Nuki app",
        sent_at=now,
        code=invite.code,
        expires_at=invite.expires_at,
        smartlock_ids=[key.smartlock_id for key in invite.keys],
    )
    post(home, mail)


def post(home: Home, mail: Mail) -> None:
    home.inbox.append(mail)
    del home.inbox[:-MAILS_KEPT]


# --- the control plane ----------------------------------------------------------------------------------


def inbox(home: Home, command: Nothing, now: datetime) -> dict[str, Any]:
    """Every mail that the cloud has sent for this account, oldest first."""
    mails = [
        {
            "to": mail.to,
            "kind": mail.kind,
            "subject": mail.subject,
            "sent_at": views.instant(mail.sent_at),
            "invite_code": mail.code,
            "expires_at": views.instant(mail.expires_at),
            "smartlock_ids": mail.smartlock_ids,
        }
        for mail in home.inbox
    ]
    return {"home": home.name, "inbox": mails}


def redeem(home: Home, command: Redeem, now: datetime) -> dict[str, Any]:
    """Type an invite code into the app. It works once, within 48 hours, for keys that the devices have."""
    invite = _invite(home, command.code)
    if invite.redeemed_at is not None:
        raise Mistake("The invite code has been redeemed already.", 409)
    if now >= invite.expires_at:
        raise Mistake("The invite code has expired: it was good for 48 hours.", 409)
    keys = [
        {"smartlock_id": key.smartlock_id, "id": auth.id, "auth_id": auth.auth_id, "name": auth.name}
        for key in invite.keys
        if (auth := _on_device(home, key)) is not None
    ]
    if not keys:
        raise Mistake("No device has the key of this invite: not yet, or not any more.", 409)
    invite.redeemed_at = now
    return {"home": home.name, "keys": keys}


def use_key(home: Home, command: UseKey, now: datetime) -> dict[str, Any]:
    """Somebody stands at the door and uses the key in the app, over Bluetooth."""
    invite = _invite(home, command.code)
    device = next((found for found in home.devices if found.smartlock_id == command.smartlock_id), None)
    if device is None:
        raise Mistake(f"There is no device {command.smartlock_id} in the home {home.name}.", 404)
    key = next((key for key in invite.keys if key.smartlock_id == device.smartlock_id), None)
    auth = None if key is None else _on_device(home, key)
    reason = _judge(invite, device, auth, now)
    if auth is not None and reason == "ok":
        handling.use(auth, now)
        handling.perform(home, device, _ACTIONS[command.do], now, handling.BLUETOOTH, auth=auth)
    return {"accepted": reason == "ok", "reason": reason, "name": auth.name if auth else None}


def _judge(invite: Invite, device: Device, auth: Auth | None, now: datetime) -> str:
    if invite.redeemed_at is None:
        return "not_redeemed"
    if auth is None:
        return "no_key"
    return keypad.standing(auth, device, now)


def _invite(home: Home, code: str) -> Invite:
    wanted = code.strip().upper()
    invite = next((invite for invite in home.invites if invite.code == wanted), None)
    if invite is None:
        raise Mistake("There is no such invite code.", 404)
    return invite


def _on_device(home: Home, key: InvitedKey) -> Auth | None:
    device = next((found for found in home.devices if found.smartlock_id == key.smartlock_id), None)
    return None if device is None else device.truth.auths.get(key.auth_id)
