"""
What nobody outside the vendor knows, decided once each.

Section numbers refer to the project's reference of the Salto KS Connect API; what it measured or found
documented stands where it is used. `NOTES.md` lists these choices with their reasons.
"""

from datetime import time, timedelta
from typing import Final

# --- delays: seconds, drawn evenly between two bounds, times `pace` -------------------------------------

# A PIN, a person or a membership on its way to a lock whose group has a schedule there (5.4: within 45 s).
PERSON_DELAY: Final = (5.0, 45.0)
# A schedule, or a whole group that the lock has never seen (5.4: about 3.5 min; 11: 20 s).
SCHEDULE_DELAY: Final = (20.0, 210.0)
# A new user without roles, whose PIN and memberships are refused (5.4: for up to a minute).
READY_DELAY: Final = (2.0, 60.0)
# Until the cloud believes that an IQ is offline (3.1: up to 30 min), or a lock (3.2: five heartbeats).
IQ_NOTICE_DELAY: Final = (60.0, 1800.0)
LOCK_NOTICE_DELAY: Final = (30.0, 150.0)
# From what happens at a door until the API lists it (11).
ENTRY_LAG: Final = timedelta(seconds=2)

# --- doors ----------------------------------------------------------------------------------------------

OPEN_TIME: Final = timedelta(seconds=5)  # a momentary opening (11); the door's own time, so without pace
# Whether a lock by itself turns away a user whose `expires_at` has passed (5.4: never measured). The careful
# side is that it does not: whoever relies on it must be seen failing.
EXPIRY_LOCKS_OUT: Final = False
FULL_DAY: Final = (time(0, 0, 0), time(23, 59, 59))

# --- requests -------------------------------------------------------------------------------------------

REQUESTS_PER_SECOND: Final = 8.0  # and as many at once (8.3)
PAGE_DEFAULT, PAGE_MOST = 20, 100  # (8.1)
EMPTY_PAGES: Final = 0.25  # how often a page of entries is empty although there are more (7.2)
NEXT_LINK_SCHEME: Final = "http"  # of `next_page_link`, whatever the client came by (8.1)

# --- identity -------------------------------------------------------------------------------------------

CODE_LASTS: Final = timedelta(minutes=5)
ACCESS_LASTS: Final = timedelta(seconds=3600)  # measured (1.4)
REFRESH_LASTS: Final = timedelta(days=30)  # sliding (11)

# --- OTP ------------------------------------------------------------------------------------------------

OTP_VALID: Final = timedelta(minutes=3)  # documented, both ways (3.4)
OTP_WRONG_MOST: Final = 8  # the one that blocks (3.4: measured 8, later 3)
OTP_BLOCKED: Final = timedelta(minutes=20)  # documented

# --- what is kept ---------------------------------------------------------------------------------------

ENTRIES_KEPT = 1000  # per site
EVENTS_TTL: Final = timedelta(days=90)  # `store_events_ttl` (2.2)
MAILS_KEPT = 100
WRITES_KEPT = 2000
PIN_DIGITS = 6  # measured; a test may ask for any of `PIN_DIGITS_BETWEEN` (4: "6, sometimes 7", "6-10")
PIN_DIGITS_BETWEEN = (4, 10)
CUSTOM_PIN_DIGITS = (4, 6)

# Stands for "nobody that this site knows" in entries (7.1).
SENTINEL_USER: Final = "00000000-0000-0000-0000-000000000001"
