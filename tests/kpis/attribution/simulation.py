"""Answers and lost members by chance, with planted drivers, some of which hang together; no database."""

from collections import Counter

import numpy as np

from kpis.attribution.common import Lost
from kpis.attribution.rules import Alike

ANSWERS, MEMBERS = 1_500, 600
TIERS, TIER_SHARES = ("tier:ordinary", "tier:silver", "tier:gold"), (0.6, 0.3, 0.1)
PLANTED = {"gap:delivery": -1.0, "clock:first_reply": -0.5, "tier:gold": 0.3}
"""What moves satisfaction, in stars. Slow replies go with late parcels; prices and silver move nothing."""
HELP = {"given:coupon": 15.0, "case:resolved": 20.0}
"""How many points more come back with it; points given and the tier move nothing."""
STARS = np.arange(1, 6)


def answers(random: np.random.Generator, *, is_planted: bool) -> tuple[list[Alike], dict[str, float]]:
    """Answers of CSAT, and what each driver truly moves them by: scores are cut to whole stars from 1 to 5.

    Stars are drawn so that their mean is exactly as planted: the two that the mean lies between.
    """
    late = random.random(ANSWERS) < 0.2
    slow = random.random(ANSWERS) < np.where(late, 0.5, 0.15)
    price = random.random(ANSWERS) < np.where(late, 0.3, 0.2)
    tier = random.choice(len(TIERS), ANSWERS, p=TIER_SHARES)
    true = dict.fromkeys((*PLANTED, "review:price", "tier:silver"), 0.0)
    if is_planted:
        true |= PLANTED
    mean = (
        4.0
        + true["gap:delivery"] * late
        + true["clock:first_reply"] * slow
        + true["tier:gold"] * (tier == TIERS.index("tier:gold"))
    )
    wide = np.minimum(mean - 1, 5 - mean) * random.choice([-1.0, 1.0], ANSWERS) * random.random(ANSWERS)
    wanted = mean + wide
    floor = np.floor(wanted)
    stars = floor + (random.random(ANSWERS) < wanted - floor)
    counted: Counter[tuple[frozenset[str], float]] = Counter()
    for place in range(ANSWERS):
        held = {TIERS[tier[place]]}
        held |= {"gap:delivery"} if late[place] else set()
        held |= {"clock:first_reply"} if slow[place] else set()
        held |= {"review:price"} if price[place] else set()
        counted[frozenset(held), float(stars[place])] += 1
    return [Alike(held, value, n) for (held, value), n in counted.items()], true


def members(random: np.random.Generator, *, is_planted: bool) -> tuple[list[Lost], dict[str, float]]:
    """Lost members, and how many points more truly come back with each trait than without."""
    shares = {"given:coupon": 0.3, "case:resolved": 0.5, "given:points": 0.25, "tier:gold": 0.15}
    has = {name: random.random(MEMBERS) < share for name, share in shares.items()}
    true = {**dict.fromkeys(shares, 0.0), **(HELP if is_planted else {})}
    chance = 0.25 + sum(points / 100 * has[name] for name, points in true.items())
    back = random.random(MEMBERS) < chance
    counted: Counter[tuple[frozenset[str], bool]] = Counter(
        (frozenset(name for name, held in has.items() if held[place]), bool(back[place]))
        for place in range(MEMBERS)
    )
    return [Lost(held, is_back, n) for (held, is_back), n in counted.items()], true
