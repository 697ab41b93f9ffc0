"""Kano: what a feature is to those who were asked, from how they feel with it and without it.

The evaluation table and the rule of the most frequent answer are those of Berger et al. (1993), "Kano's
methods for understanding customer-defined quality", Center for Quality of Management Journal 2 (4).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.common.errors import Invalid

LIKE, EXPECT, NEUTRAL, TOLERATE, DISLIKE = range(1, 6)
TABLE = (
    # without it: like, expect, neutral, tolerate, dislike
    "QAAAO",  # with it: like
    "RIIIM",  # expect
    "RIIIM",  # neutral
    "RIIIM",  # tolerate
    "RRRRQ",  # dislike
)
ORDER = "MOAIRQ"
"""Of categories that are equally frequent the first counts: M > O > A > I (Berger et al., p. 19)."""


@dataclass(frozen=True)
class Summary:
    """What a feature is to a group: how many put it into each category, and how much it moves them.

    `better` is the share, from 0 to 1, whom the feature would make more satisfied, `worse` the share, from -1
    to 0, whom its absence would make less satisfied: (A + O) and -(O + M), each of A + O + M + I. Without any
    of these four there is neither. `category` is None where nobody answered.
    """

    category: str | None
    better: float | None
    worse: float | None
    n: int
    counts: dict[str, int]


def category(functional: int, dysfunctional: int) -> str:
    """The category of one answer: how one feels with the feature and without it, 1 (like) to 5 (dislike).

    Gives A attractive, O performance, M must-be, I indifferent, R reverse or Q questionable.

    Raises:
        Invalid: an answer is not from 1 to 5.
    """
    for answer in (functional, dysfunctional):
        if type(answer) is not int or not LIKE <= answer <= DISLIKE:
            raise Invalid(
                _("A Kano question is answered from 1 to 5, not by %(answer)s.") % {"answer": answer}
            )
    return TABLE[functional - 1][dysfunctional - 1]


def summarise(categories: Iterable[str]) -> Summary:
    """What a feature is to those whose categories are given.

    Raises:
        Invalid: there is no such category.
    """
    return summarise_counts(Counter(categories))


def summarise_counts(found: Mapping[str, int]) -> Summary:
    """The same of how many put the feature into each category.

    Raises:
        Invalid: there is no such category.
    """
    unknown = set(found) - set(ORDER)
    if unknown:
        raise Invalid(
            _("There is no Kano category %(name)s.") % {"name": ", ".join(sorted(map(str, unknown)))}
        )
    counts = {letter: found.get(letter, 0) for letter in ORDER}
    n = sum(counts.values())
    if not n:
        return Summary(None, None, None, 0, counts)
    frequent = max(ORDER, key=lambda letter: (counts[letter], -ORDER.index(letter)))
    base = sum(counts[letter] for letter in "AOMI")
    if not base:
        return Summary(frequent, None, None, n, counts)
    better = (counts["A"] + counts["O"]) / base
    worse = -(counts["O"] + counts["M"]) / base
    return Summary(frequent, better, worse, n, counts)
