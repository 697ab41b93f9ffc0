"""What a member cares about, from the signs that were counted of them. Pure.

Each sign gives votes to what it speaks for. The shares of a member's own votes are drawn towards the average
of their group, the more the fewer votes there are: the mean of a Dirichlet-multinomial posterior whose prior
is the group's average, worth so many votes (Gelman et al., Bayesian Data Analysis, 3rd ed., ch. 3.4 and 5;
the idea of borrowing from a group is empirical Bayes: Casella, The American Statistician 39 (1985) 83–87).
Whether the first is really ahead of the second is asked of the two alone: of p1/(p1+p2), which is
Beta-distributed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.special import betainc

from feedback.models import Cared, Sign

CARED = tuple(Cared.values)
EVEN: dict[str, float] = dict.fromkeys(CARED, 100 / len(CARED))
"""What is taken for the average where nobody is known: each as much."""
HALF = 0.5
Weights = Mapping[str, Mapping[str, float]]
"""How many votes each time of a sign gives, by sign and by what it speaks for."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How often a sign was seen of a member: times, of how many (None: of no number), times by their age."""

    n: int
    of: int | None
    aged: float


@dataclass(frozen=True, slots=True)
class Setup:
    """How it is reckoned."""

    prior_votes: float = 6.0
    least_votes: float = 3.0
    sure: float = 0.8


@dataclass(frozen=True, slots=True)
class Scored:
    """What a member cares about: percent by what it is, and what comes first where we are sure."""

    scores: Mapping[str, float]
    cares_for: str
    certainty: float
    votes: float


def votes(signs: Mapping[str, Seen], weights: Weights) -> dict[str, float]:
    """The votes of a member for each thing."""
    found = dict.fromkeys(CARED, 0.0)
    for sign, seen in signs.items():
        for cared, weight in weights.get(sign, {}).items():
            found[cared] += weight * seen.aged
    return found


def score(own: Mapping[str, float], mean: Mapping[str, float], setup: Setup) -> Scored:
    """Draw a member's own votes towards the mean of their group (in percent), and see what comes first."""
    total = sum(own.values())
    whole = sum(mean.values()) or 1.0
    alphas = {one: own[one] + setup.prior_votes * mean[one] / whole for one in CARED}
    scores = {one: round(100 * alphas[one] / (total + setup.prior_votes), 1) for one in CARED}
    first, second = sorted(CARED, key=lambda one: -alphas[one])[:2]
    ahead = certainty(alphas[first], alphas[second])
    is_sure = total >= setup.least_votes and ahead >= setup.sure
    return Scored(scores, first if is_sure else "", round(ahead, 3), round(total, 2))


def certainty(first: float, second: float) -> float:
    """How likely a share with so many votes is larger than another with so many."""
    if second <= 0:
        return 1.0 if first > 0 else HALF
    return float(1 - betainc(first, second, HALF))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sign that spoke for something, and how many votes it gave."""

    sign: Sign
    cared: Cared
    n: int
    of: int | None
    votes: float


def evidence(signs: Mapping[str, Seen], weights: Weights) -> list[Evidence]:
    """What speaks for what, the heaviest first; what gives no votes is left out."""
    found = [
        Evidence(Sign(sign), Cared(cared), seen.n, seen.of, round(weight * seen.aged, 2))
        for sign, seen in signs.items()
        if sign in Sign.values
        for cared, weight in weights.get(sign, {}).items()
        if weight * seen.aged > 0
    ]
    return sorted(found, key=lambda one: (-one.votes, one.sign, one.cared))


def usual(days: Sequence[float], *, share: float = 0.8, least: int = 3) -> float | None:
    """Within how many days so large a share of a member's parcels came; None where there are too few."""
    if len(days) < least:
        return None
    ordered = sorted(days)
    place = -(-len(ordered) * share // 1)
    return round(ordered[int(place) - 1], 2)
