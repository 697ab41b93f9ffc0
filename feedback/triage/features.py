"""What a model sees of a text: its words and pairs of neighbouring words, digits made alike.

Numbers stand for nothing that could be learnt, and for much that should not be kept: telephones, orders.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import rjieba

MOST = 8_000
"""Words of a text that are looked at."""
DIGITS = re.compile(r"\d+")
BETWEEN = "\t"


def words_of(text: str) -> list[str]:
    """The words and signs of a folded text in their order."""
    return [one for one in rjieba.cut(DIGITS.sub("0", text)) if not one.isspace()][:MOST]


def features(words: Sequence[str]) -> set[str]:
    """What is told by some words: each, and each pair of neighbours; how often does not matter."""
    return {*words, *(first + BETWEEN + second for first, second in pairwise(words))}
