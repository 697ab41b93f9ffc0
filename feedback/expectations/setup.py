"""How what members care about is reckoned at the moment: weights, averages of groups, numbers."""

from collections import defaultdict
from collections.abc import Mapping

from feedback.expectations.rules import CARED, EVEN, Setup, Weights
from feedback.models import ExpectationSetup, GroupMean, SignWeight

FEWEST = 30
"""An average of fewer members is not gone by; that of all is, and of fewer of those none."""
ALL = "all"


def current() -> ExpectationSetup:
    """The one row; as it ships where nobody has saved it."""
    return ExpectationSetup.objects.filter(pk=1).first() or ExpectationSetup(pk=1)


def numbers(setup: ExpectationSetup) -> Setup:
    """What the rules go by."""
    return Setup(float(setup.prior_votes), float(setup.least_votes), setup.sure_percent / 100)


def weights() -> Weights:
    """How many votes each sign gives."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for sign, cared, weight in SignWeight.objects.filter(weight__gt=0).values_list("sign", "cared", "weight"):
        found[sign][cared] = float(weight)
    return found


def means() -> dict[str, Mapping[str, float]]:
    """What the groups care about on average, in percent; those of too few members are left out."""
    rows = GroupMean.objects.filter(members__gte=FEWEST)
    return {row.group: {one: float(getattr(row, one)) for one in CARED} for row in rows}


def mean_of(group: str, known: Mapping[str, Mapping[str, float]]) -> Mapping[str, float]:
    """What is taken for a member of a group where they say nothing themselves."""
    return known.get(group) or known.get(ALL) or EVEN
