"""
People who have a login: everybody at example.com, whether or not they have ever used it.

They are the same person at every site, whichever home it is in. All that there is to know about them follows
from the address, so that no home has to ask another.
"""

import hashlib
import uuid

from ostiary.simulation.pages import home_name

from .world import Person

OWNER = "owner@example.com"  # of the sites at which somebody else logs in
INTEGRATION = "integration@example.com"  # a system user for applications, with no site of its own


def id_of(email: str) -> str:
    """The platform id of an address, with or without a login (2.4)."""
    digest = hashlib.sha256(f"person/{email.strip().lower()}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def with_login(email: str) -> Person | None:
    """None: nobody logs in with that address."""
    name = home_name(email)
    return None if name is None else of_home(name)


def of_home(name: str) -> Person:
    """Who logs in there."""
    first_name = name.partition("@")[0].capitalize()
    return Person(id_of(name), first_name, "Example", name, has_profile=True)
