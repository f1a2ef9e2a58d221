"""
Salto KS behind the port: the client's verbs and the mapping, put together.

Setting and changing a code are one thing: look at what the site has of it, and add what is missing. So
whatever a lost answer or a crash left behind is completed, and nothing is made twice. Sections are those of
`salto-ks-connect-api.md`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from ostiary.domain.errors import (
    LoginExpired,
    LoginRejected,
    NoSuchObject,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
)
from ostiary.domain.provider import (
    AccountProblem,
    Activations,
    Credentials,
    DesiredCode,
    LogEntry,
    Login,
    LoginChoices,
    LoginFailed,
    ObservedCode,
    ObservedDevice,
    ProviderHttp,
    RecentEntries,
    VendorSite,
)
from ostiary.domain.secrets import Secret

from . import login, mapping, otp
from .client import NoSeat, NotReady, SaltoClient
from .mapping import Parts
from .models import AccessGroup, Iq, Lock, Site, SiteUser
from .otp import Activation
from .strangers import Door, strangers


class SaltoAdapter:
    """The port's `Adapter`."""

    def __init__(self, http: ProviderHttp, site: VendorSite) -> None:
        self._http = http
        self._site = site
        self._logins = login.Logins(http, site)

    def login_url(self, *, state: str, redirect_uri: str, verifier: str) -> str:
        return self._logins.url(state, redirect_uri, verifier)

    async def finish_login(
        self, query: Mapping[str, str], *, redirect_uri: str, verifier: str, now: datetime
    ) -> Login | LoginChoices:
        return await self._logins.finish(query, redirect_uri, verifier, now)

    async def complete_login(self, pending: Secret, chosen: Sequence[str], *, now: datetime) -> Login:
        return await self._logins.complete(pending, chosen, now)

    async def token_login(self, token: Secret, *, now: datetime) -> Login:
        raise LoginFailed("invalid_token", "Salto KS gives out no tokens: people log in on its own pages.")

    async def refresh(self, credentials: Credentials, *, now: datetime) -> Credentials:
        return await self._logins.refresh(credentials, now)

    def account(
        self, credentials: Credentials, settings: Mapping[str, Any], activations: Activations | None = None
    ) -> "SaltoAccount":
        client = SaltoClient(self._http, self._site.urls["api_url"], credentials.access_token)
        site_ids = tuple(settings.get("site_ids", ()))
        return SaltoAccount(client, site_ids, self._site.pace, activations)

    def vendor_name(self, name: str | None, mark: str) -> str:
        return mapping.vendor_name(name, mark)


class SaltoAccount:
    """
    The port's `Account`.

    A device's id is `<site>/<lock>`. A code's is that of its site user, or `group:<id>` for what is left of
    one without a user; somebody else's is `person:<id>`.
    """

    def __init__(
        self,
        client: SaltoClient,
        site_ids: Sequence[str],
        pace: float,
        activations: Activations | None = None,
    ) -> None:
        self._client = client
        self._site_ids = site_ids
        self._activations = otp.read(activations.kept if activations else None)
        self._now = activations.now if activations else None
        self._pace = pace

    # --- devices --------------------------------------------------------------------------------------

    async def list_devices(self) -> Sequence[ObservedDevice]:
        found: list[ObservedDevice] = []
        for site_id in self._site_ids:
            site = await self._client.site(site_id)
            subscription = await self._client.subscription(site_id)
            iqs = {iq.id: iq for iq in await self._client.iqs(site_id)}
            for lock in await self._client.locks(site_id):
                iq = iqs.get(lock.iq.id) if lock.iq else None
                found.append(mapping.device(site, subscription, lock, iq, pace=self._pace))
        return found

    async def list_problems(self) -> Sequence[AccountProblem]:
        return mapping.account_problems([await self._client.site(site_id) for site_id in self._site_ids])

    async def recent_entries(self) -> RecentEntries | None:
        return None  # a site has a log (7.1), which is not read yet

    async def entries_since(self, vendor_device_id: str, since: datetime) -> Sequence[LogEntry]:
        return ()

    async def get_device(self, vendor_device_id: str) -> ObservedDevice:
        site_id, lock_id = mapping.split_device_id(vendor_device_id)
        lock = await self._client.lock(site_id, lock_id)
        site = await self._client.site(site_id)
        subscription = await self._client.subscription(site_id)
        return mapping.device(site, subscription, lock, await self._iq(site_id, lock), pace=self._pace)

    async def _iq(self, site_id: str, lock: Lock) -> Iq | None:
        return None if lock.iq is None else await self._client.iq(site_id, lock.iq.id)

    async def synchronise(self, vendor_device_id: str) -> None:
        """Salto has no such thing: its record is what its IQs are told, by themselves."""

    # --- one-time passwords -----------------------------------------------------------------------------

    async def begin_activation(self, vendor_device_id: str) -> Secret | None:
        """
        The IQ's secret for our user. It is told only as long as nothing is activated; what was activated
        before is kept, for it can never be told again.
        """
        site_id, lock = await self._of_device(vendor_device_id)
        if lock.iq is None or not lock.iq.otp_enabled:
            return None
        held = self._activations.get(lock.iq.id)
        if held is None or held.pin is None:
            try:
                held = Activation((await self._client.iq_secret(site_id, lock.iq.id)).reveal())
            except LoginRejected:
                raise Rejected("provider_issue", ACTIVATED_ELSEWHERE) from None
        return otp.write({**self._activations, lock.iq.id: held})

    async def send_activation_pin(self, vendor_device_id: str) -> str:
        site_id, lock = await self._of_device(vendor_device_id)
        assert lock.iq is not None, "it was begun"
        try:
            await self._client.mail_iq_pin(site_id, lock.iq.id)
        except (NotReady, Rejected):
            raise Rejected("provider_issue", ACTIVATED_ELSEWHERE) from None
        return (await self._client.me()).email or "our user's mailbox"

    async def finish_activation(self, vendor_device_id: str, pin: Secret, *, now: datetime) -> Secret:
        site_id, lock = await self._of_device(vendor_device_id)
        held = None if lock.iq is None else self._activations.get(lock.iq.id)
        if lock.iq is None or held is None:
            raise Rejected("provider_issue", "The activation of this door was not begun.")
        await self._client.prove_iq_pin(site_id, lock.iq.id, otp.password(held.secret, pin.reveal(), now))
        return otp.write({**self._activations, lock.iq.id: Activation(held.secret, pin.reveal())})

    def _password(self, iq_id: str) -> str:
        """Raises: Rejected. One password per attempt: a few wrong ones block our user for 20 minutes."""
        held = self._activations.get(iq_id)
        if held is None or held.pin is None or self._now is None:
            raise Rejected("provider_issue", OTP_NEEDED)
        return otp.password(held.secret, held.pin, self._now)

    async def _of_device(self, vendor_device_id: str) -> tuple[str, Lock]:
        site_id, lock_id = mapping.split_device_id(vendor_device_id)
        return site_id, await self._client.lock(site_id, lock_id)

    # --- doors ----------------------------------------------------------------------------------------

    async def lock_door(self, vendor_device_id: str) -> bool:
        """Ends office mode; a Salto door is locked otherwise whenever it is closed (3.3)."""
        return await self._operate(vendor_device_id, "locked")

    async def unlock_door(self, vendor_device_id: str) -> bool:
        """Opens for a few seconds; the door locks itself again (3.3)."""
        return await self._operate(vendor_device_id, "unlocked")

    async def _operate(self, vendor_device_id: str, locked_state: str) -> bool:
        site_id, lock_id = mapping.split_device_id(vendor_device_id)
        lock = await self._client.lock(site_id, lock_id)
        if lock.iq is None:
            raise Rejected("provider_issue", "This lock has no IQ, so nobody can operate it from afar.")
        body = {"locked_state": locked_state}
        if lock.iq.otp_enabled:
            body["otp"] = self._password(lock.iq.id)
        if lock.online is False or lock.iq.is_online is False:
            raise Rejected("device_disconnected", "The lock or its IQ is offline. Nothing was sent.")
        try:
            await self._client.set_locked_state(site_id, lock_id, body)
        except NotReady:
            raise Rejected("provider_issue", NO_REMOTE_RIGHT) from None
        except NoSuchObject:
            # 3.5: a missing one-time password is "not found", for a lock that was found just now.
            raise Rejected("provider_issue", OTP_NEEDED) from None
        return True

    # --- codes: looking -------------------------------------------------------------------------------

    async def list_access_codes(self, vendor_device_id: str) -> Sequence[ObservedCode]:
        site_id, lock_id = mapping.split_device_id(vendor_device_id)
        _, zone = await self._lock(site_id, lock_id)
        users = await self._client.users(site_id)
        groups = await self._client.groups(site_id)
        ours = [
            await self._whole(site_id, parts)
            for parts in await self._belonging(site_id, lock_id, users, groups)
        ]
        our_groups = {parts.group.id for parts in ours if parts.group is not None}
        door = Door(site_id, lock_id, zone)
        others = await strangers(self._client, door, users, groups, our_groups)
        return [*(mapping.code(parts, lock_id, zone) for parts in ours), *others]

    async def _belonging(
        self,
        site_id: str,
        lock_id: str,
        users: Sequence[SiteUser],
        groups: Sequence[AccessGroup],
        vendor_code_id: str | None = None,
    ) -> list[Parts]:
        """
        What the site has of our codes for a lock. What does not bear our marks for it is not looked at.

        Args:
            vendor_code_id: Leave out what has another mark than this entry.
        """
        marks = {mapping.mark_of(lock_id, group) for group in groups} - {None}
        if vendor_code_id is not None:
            marks = {mapping.mark_of_entry(lock_id, users, groups, vendor_code_id)} - {None}
        read = []
        for group in groups:
            if mapping.mark_of(lock_id, group) in marks:
                read.append((group, await self._client.group_users(site_id, group.id)))
        return mapping.belonging(lock_id, users, read)

    async def _whole(self, site_id: str, parts: Parts) -> Parts:
        """With what only further calls tell."""
        if parts.user is not None:
            keys = await self._client.keys(site_id, parts.user.id)
            has_pin = any(key.type == "pin" and key.expiry_date is None for key in keys)
            parts = replace(parts, has_pin=has_pin)
        if parts.group is not None:
            group_id = parts.group.id
            parts = replace(
                parts,
                locks=tuple(await self._client.group_locks(site_id, group_id)),
                schedules=tuple(await self._client.schedules(site_id, group_id)),
            )
        return parts

    async def _lock(self, site_id: str, lock_id: str) -> tuple[Lock, str]:
        """A lock and the zone of its IQ. Raises: Unreachable, without a zone nothing can be said."""
        lock = await self._client.lock(site_id, lock_id)
        zone = mapping.zone_of(await self._iq(site_id, lock))
        if zone is None:
            raise Unreachable("This lock has no IQ, or that tells no time zone that we know")
        return lock, zone

    # --- codes: writing -------------------------------------------------------------------------------

    async def set_access_code(self, vendor_device_id: str, wanted: DesiredCode) -> Secret | None:
        """
        Make the user first: it needs up to a minute to become usable, and until then the rest of the recipe
        may be refused (5.4). What has come to be by then is found by a look, and completed by a change.
        """
        site_id, lock_id = mapping.split_device_id(vendor_device_id)
        lock, zone = await self._lock(site_id, lock_id)
        if not mapping.has_keypad(lock):
            raise Rejected("provider_issue", "This lock has no keypad any more.")
        await self._refuse_pin(site_id, wanted)
        await self._refuse_full(await self._client.site(site_id))
        mark = _mark(wanted)
        user = await self._create_user(site_id, lock_id, mark, wanted)
        with _already_begun():
            try:
                return await self._complete(site_id, lock_id, zone, Parts(mark, user=user), wanted)
            except (NotReady, NoSuchObject):
                return None

    async def change_access_code(
        self, vendor_device_id: str, vendor_code_id: str, wanted: DesiredCode
    ) -> Secret | None:
        site_id, lock_id = mapping.split_device_id(vendor_device_id)
        _, zone = await self._lock(site_id, lock_id)
        parts = await self._found(site_id, lock_id, vendor_code_id)
        return await self._complete(site_id, lock_id, zone, await self._whole(site_id, parts), wanted)

    async def remove_access_code(self, vendor_device_id: str, vendor_code_id: str) -> None:
        """The user first: it is what opens the door and takes the seat. Then its group."""
        site_id, lock_id = mapping.split_device_id(vendor_device_id)
        parts = await self._found(site_id, lock_id, vendor_code_id)
        if parts.user is not None:
            await self._client.delete_user(site_id, parts.user.id)
        if parts.group is not None:
            try:
                await self._client.delete_group(site_id, parts.group.id)
            except NoSuchObject:
                return  # with the user gone, nothing of it opens a door

    async def _found(self, site_id: str, lock_id: str, vendor_code_id: str) -> Parts:
        """The entry of a look, if it is there and ours still. Raises: NoSuchObject."""
        users = await self._client.users(site_id)
        groups = await self._client.groups(site_id)
        for parts in await self._belonging(site_id, lock_id, users, groups, vendor_code_id):
            if parts.vendor_code_id == vendor_code_id:
                return parts
        raise NoSuchObject("That user or group is not there any more")

    async def _create_user(self, site_id: str, lock_id: str, mark: str, wanted: DesiredCode) -> SiteUser:
        roles = {role.code: role.id for role in await self._client.roles(site_id)}
        if mapping.SITE_USER not in roles:
            raise Rejected("provider_issue", "Our user may not create users at this Salto KS site.")
        body = {**_names(lock_id, mark, wanted), "role_ids": [roles[mapping.SITE_USER]], "use_pin": True}
        user = await self._client.create_user(site_id, body)
        if user.subscription_state != "subscribed":
            # The last seat went to somebody else since we looked (2.7): leave nothing behind.
            with _already_begun():
                await self._client.delete_user(site_id, user.id)
            raise _full()
        return user

    async def _refuse_pin(self, site_id: str, wanted: DesiredCode) -> None:
        """Before anything is made for it: Salto would do so only at the very end."""
        if wanted.code is None or wanted.is_from_vendor:
            return
        if not mapping.takes_pin(await self._client.subscription(site_id), wanted.code.reveal()):
            raise _bad_pin()

    async def _refuse_full(self, site: Site) -> None:
        if site.subscription_valid is False:
            raise Rejected("subscription_required", "The subscription of the Salto KS site has ended.")
        if mapping.is_full(site):
            raise _full()

    async def _complete(
        self, site_id: str, lock_id: str, zone: str, parts: Parts, wanted: DesiredCode
    ) -> Secret | None:
        """
        Add what is missing and mend what differs, the PIN last: nothing may open before all its limits stand.

        Returns:
            The PIN, if Salto has chosen one now.
        """
        user = parts.user or await self._create_user(site_id, lock_id, parts.mark, wanted)
        await self._mend_user(site_id, lock_id, parts.mark, user, wanted)
        group = parts.group
        if group is None:
            group = await self._client.create_group(site_id, mapping.group_name(lock_id, parts.mark))
        await self._mend_schedule(site_id, group.id, zone, parts, wanted)
        for strange in set(parts.locks) - {lock_id}:
            await self._client.remove_group_lock(site_id, group.id, strange)
        if lock_id not in parts.locks:
            await self._client.add_group_lock(site_id, group.id, lock_id)
        if user.user.id not in parts.members:
            await self._client.add_group_user(site_id, group.id, user.user.id)
        return await self._mend_pin(site_id, user, parts, wanted)

    async def _mend_user(
        self, site_id: str, lock_id: str, mark: str, user: SiteUser, wanted: DesiredCode
    ) -> None:
        as_it_is = {
            "first_name": user.user.first_name,
            "last_name": user.user.last_name,
            "alias": user.alias,
            "use_pin": user.use_pin,
            "blocked": user.blocked,
        }
        as_wanted = {**_names(lock_id, mark, wanted), "use_pin": True, "blocked": False}
        different = {name: value for name, value in as_wanted.items() if as_it_is[name] != value}
        if different:
            await self._client.update_user(site_id, user.id, different)
        if user.subscription_state != "subscribed":
            await self._subscribe(site_id, user)

    async def _subscribe(self, site_id: str, user: SiteUser) -> None:
        """Only a second look tells whether there was a seat (2.7)."""
        try:
            await self._client.subscribe(site_id, user.id)
        except NoSeat:
            raise _full() from None
        if (await self._client.user(site_id, user.id)).subscription_state != "subscribed":
            raise _full()

    async def _mend_schedule(
        self, site_id: str, group_id: str, zone: str, parts: Parts, wanted: DesiredCode
    ) -> None:
        """In place, so that the PIN survives; a group without a schedule opens nothing (5.2)."""
        if wanted.starts_at is not None and wanted.ends_at is not None and wanted.ends_at <= wanted.starts_at:
            message = (
                "The window lies within an hour that the clocks show twice, and cannot be told to the lock."
            )
            raise Rejected("code_constraints_violated", message)
        body = mapping.schedule(wanted.starts_at, wanted.ends_at, zone)
        if not parts.schedules:
            await self._client.create_schedule(site_id, group_id, body)
            return
        first, *others = parts.schedules
        for surplus in others:
            await self._client.delete_schedule(site_id, group_id, surplus.id)
        if not mapping.says(first, body, zone):
            await self._client.update_schedule(site_id, group_id, first.id, body)

    async def _mend_pin(
        self, site_id: str, user: SiteUser, parts: Parts, wanted: DesiredCode
    ) -> Secret | None:
        if wanted.code is None or (wanted.is_from_vendor and not parts.has_pin):
            return await self._client.new_pin(site_id, user.id)
        if not wanted.is_from_vendor:
            try:
                await self._client.set_pin(site_id, user.id, wanted.code)
            except NotReady:
                raise
            except Rejected:
                raise _bad_pin() from None
        return None


@contextmanager
def _already_begun() -> Iterator[None]:
    """A user is made: whatever stops the rest, look before anything is repeated, or there are two."""
    try:
        yield
    except (Unreachable, RateLimited, LoginExpired) as error:
        raise OutcomeUnknown(str(error)) from error


OTP_NEEDED = (
    "Remote opening at this door asks for one-time passwords, and they are not set up: run `ostiary doors "
    "activate` for it. Nothing was sent."
)
ACTIVATED_ELSEWHERE = (
    "Salto KS tells the secret of this IQ no more: it was activated for our user before, elsewhere. A site "
    "admin has to reset its PIN in the web app."
)
NO_REMOTE_RIGHT = "Our user at the Salto KS site lacks the right of remote opening. Nothing was opened."


def _full() -> Rejected:
    return Rejected(
        "salto_ks_subscription_limit_exceeded",
        "All user seats of the Salto KS site are taken. The code is set when one becomes free.",
        is_of_account=True,
    )


def _bad_pin() -> Rejected:
    return Rejected(
        "code_constraints_violated",
        "Salto KS does not take this PIN: it has to have 4 to 6 digits, and the site's plan has to include "
        "PINs of one's own.",
    )


def _mark(wanted: DesiredCode) -> str:
    mark = mapping.mark_in(wanted.vendor_name)
    assert mark is not None, "every name that we give has our mark"
    return mark


def _names(lock_id: str, mark: str, wanted: DesiredCode) -> dict[str, Any]:
    """No `email`: that would send an invitation (2.6)."""
    return {
        "first_name": mapping.first_name(wanted.vendor_name),
        "last_name": mapping.ours(lock_id, mark),
        "alias": wanted.vendor_name,
    }
