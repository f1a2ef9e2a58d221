"""
Whatever guests wish, owners do, vendors lose and servers suffer: the lock ends as it is wished.

A state machine over the whole house with each brand and database: wishes of every kind, codes that change
hands, the owner's own hands, faults of the vendor, locks that drop out, absences and deaths of the server at
any call and any transaction, and time. What must hold at every moment is checked after everything that the
engine does: no code is in `setting` or `removing` past its deadline without a reason that was told. When the
trouble is over, every code is on its lock as it is wished and works there, nothing else of ours is, the
writes were bounded, no working code was taken away to be put back, and another look writes nothing.
"""

import os
from pathlib import Path

import pytest

from .life import Life
from .standing import StandingHouse

STORIES = int(os.environ.get("OSTIARY_TEST_LIVES", "5"))
FIRST = int(os.environ.get("OSTIARY_TEST_FIRST_LIFE", "1"))
STEPS = 30


@pytest.mark.parametrize("seed", range(FIRST, FIRST + STORIES))
@pytest.mark.parametrize("provider", ["nuki", "salto_ks"])
async def test_any_life_ends_as_it_is_wished(
    provider: str, seed: int, database_url: str, tmp_path: Path
) -> None:
    if not database_url.startswith("sqlite") and seed % 4:
        seed += 1000  # other stories than the ones of SQLite, as the rules are the same
    home = StandingHouse(tmp_path, database_url, provider, {"OSTIARY_SANDBOX_PACE": "1"})
    try:
        await Life(home, seed).live(STEPS)
    finally:
        await home.close()
