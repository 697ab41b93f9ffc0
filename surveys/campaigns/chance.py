"""Chance that never changes its mind: who is drawn for a wave, and who is never asked.

A member's place is the first 32 bits of the MD5 of "campaign|wave|member", by code, label and number: the
same on every machine, at every look, for ever. Whoever has a place below the share of their stratum is drawn.
The holdout goes by "campaign|holdout|member", without the wave: the same members in all of them, and
independent of who is drawn.
"""

import hashlib
from decimal import Decimal

PLACES = 2**32
HOLDOUT = "holdout"
"""Stands where the wave's label does; no wave is called so (see rules.round_at)."""


def seed(campaign: str, label: str) -> str:
    """What is hashed before the member's number."""
    return f"{campaign}|{label}|"


def place(campaign: str, label: str, member_id: int) -> int:
    """A member's place, 0 up to PLACES."""
    found = hashlib.md5(f"{seed(campaign, label)}{member_id}".encode(), usedforsecurity=False)
    return int(found.hexdigest()[:8], 16)


def limit(percent: Decimal | int) -> int:
    """Places below this are so many per cent of all."""
    return int(PLACES * Decimal(percent) / 100)


def sql(seed: str, member: str) -> str:
    """The same place in SQL: two names, of the parameter with the seed and of the column with the member."""
    return f"('x' || substr(md5({seed} || {member}::text), 1, 8))::bit(32)::bigint"
