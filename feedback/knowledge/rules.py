"""How well an article answers a question, as a number that can be explained."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import log

BODY = 0.5
"""How much a word counts that stands only in the article's text, not in its title or ways of asking."""
ASKED, COVERED = 0.6, 0.4
RARE = 1.0
SINGLE = 0.5
"""How much a single sign counts: in Chinese it is mostly what was left of a longer word."""


@dataclass(frozen=True, slots=True)
class Words:
    """The informative words of an article: of each way of asking (the title is one), and of its text."""

    asked: tuple[frozenset[str], ...]
    body: frozenset[str]


def weight(texts: int, total: int) -> float:
    """How much a word tells that stands in `texts` of `total` texts: 1 in one or none, near 0 in all.

    The inverse document frequency log(1 + N/n) as a share of its largest value.
    """
    if total <= 0 or texts <= 0:
        return RARE
    return log(1 + total / min(texts, total)) / log(1 + total)


def score(question: Collection[str], article: Words, weights: Mapping[str, float]) -> float:
    """From 0 to 1: how sure we are that the article answers the question.

    0.6 × the best agreement with one of the article's own ways of asking (the harmonic mean of how much of
    the question it says and how much of it the question says) + 0.4 × how much of the question the article
    speaks of at all. Words count by how rare they are, unknown ones in full: what we never heard of makes
    us less sure. 1 is a question in the very words of the article.
    """
    asked = frozenset(question)
    whole = _sum(asked, weights)
    if not whole:
        return 0.0
    best = max((_agreement(asked, way, whole, weights) for way in article.asked), default=0.0)
    named = frozenset().union(*article.asked)
    covered = _sum(asked & named, weights) + BODY * _sum((asked & article.body) - named, weights)
    return min(1.0, ASKED * best + COVERED * covered / whole)


def _agreement(
    asked: frozenset[str], way: frozenset[str], whole: float, weights: Mapping[str, float]
) -> float:
    both, length = _sum(asked & way, weights), _sum(way, weights)
    return 2 * both / (whole + length) if both else 0.0


def _sum(words: Collection[str], weights: Mapping[str, float]) -> float:
    return sum(weights.get(word, RARE) * (SINGLE if len(word) == 1 else 1) for word in words)
