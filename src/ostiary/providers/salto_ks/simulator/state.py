"""
What the simulated Salto KS cloud remembers: one `Home` per login, saved as one blob.

A login is one person of the identity server. The home has that person's tokens, and the sites that were
founded with it, to which people with other homes may belong. What is changed there travels to the doors as
`Job`s.
"""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from ostiary.simulation.state import Home as BaseHome

from .choices import MAILS_KEPT, REQUESTS_PER_SECOND
from .world import Credential, DoorGroup, Lock, Person, Site, TimeSchedule

# --- what is under way, and what is kept for whoever looks ----------------------------------------------


class Job(msgspec.Struct, omit_defaults=True):
    """
    A change on its way to one lock.

    Attributes:
        kind: `person`: what the lock knows of somebody. `member`: one membership of a group. `group`: a
            group as a whole. `schedule`: one schedule of a group. `site`: what holds for all.
        person, group, schedule: The new value; None takes it away.
        user_id, group_id, schedule_id: Of what is taken away, or put.
    """

    kind: Literal["person", "member", "group", "schedule", "site"]
    site_id: str
    lock_id: str
    run_at: datetime
    user_id: str | None = None
    person: Credential | None = None
    group_id: str | None = None
    group: DoorGroup | None = None
    schedule_id: str | None = None
    schedule: TimeSchedule | None = None
    people: list[Credential] = []
    takes_pins: bool = True
    has_subscription: bool = True


class Mail(msgspec.Struct, omit_defaults=True):
    """What reached the mailbox or telephone of somebody: an IQ PIN, an invitation."""

    at: datetime
    channel: Literal["email", "sms"]
    to: str
    subject: str
    text: str
    iq_pin: str | None = None


class Write(msgspec.Struct, omit_defaults=True):
    """An accepted write, for tests that prove that nothing was written twice. Never a PIN."""

    at: datetime
    kind: str
    site: str
    name: str
    id: str
    is_lost: bool = False


class Home(BaseHome, kw_only=True, omit_defaults=True):
    """
    One login, and the sites that are kept with it.

    Attributes:
        account_id: The platform id of who logs in; follows from the address.
        subject: The identity server's id of the same person, which is neither of the others (2.4).
        people: All who belong to the sites, and those with a login who once did. What is said of somebody
            with a login is the same in every home: see `people.py`.
        requests_per_second: Of the login and about the sites together; None: as many as one likes.
        has_bare_site_list: `GET /v1.2/sites` answers an array, as it was once seen (2.2).
    """

    account_id: str = ""
    subject: str = ""
    people: dict[str, Person] = msgspec.field(default_factory=dict)
    sites: list[Site] = msgspec.field(default_factory=list)
    jobs: list[Job] = msgspec.field(default_factory=list)
    inbox: list[Mail] = msgspec.field(default_factory=list)
    writes: list[Write] = msgspec.field(default_factory=list)
    requests_per_second: float | None = REQUESTS_PER_SECOND
    has_bare_site_list: bool = False

    @property
    def account(self) -> Person:
        return self.people[self.account_id]

    def new_id(self) -> str:
        """A version 4 UUID out of the seed."""
        self.draws += 1
        return self.steady_id(str(self.draws))

    def steady_id(self, what: str) -> str:
        """A UUID that is the same each time, and unlike those of all other homes."""
        digest = hashlib.sha256(f"{self.name}/{self.seed}/id/{what}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def post(self, mail: Mail) -> None:
        self.inbox.append(mail)
        del self.inbox[:-MAILS_KEPT]

    def site(self, site_id: str) -> Site | None:
        return next((site for site in self.sites if site.id == site_id), None)

    def doors(self) -> Iterator[tuple[Site, Lock]]:
        return ((site, lock) for site in self.sites for lock in site.locks)
