"""Percentiles of times from counts that add up over days: buckets that grow by a constant ratio.

After DDSketch (Masson, Rim and Lee, VLDB 2019): a percentile read from the buckets is at most `ERROR` of
itself away from the one read from all values. Two days' percentiles say nothing of both days' percentile;
their buckets, added up, do. Pure.
"""

import math
from collections.abc import Mapping

ERROR = 0.02
GAMMA = (1 + ERROR) / (1 - ERROR)
"""How much longer the longest time of a bucket is than that of the one before."""
LN_GAMMA = math.log(GAMMA)


def bucket(seconds: float) -> int:
    """The bucket of a time; what took a second or less is in the first, 0."""
    return max(0, math.ceil(math.log(seconds) / LN_GAMMA)) if seconds > 1 else 0


def middle(number: int) -> float:
    """The seconds that stand for a bucket: nowhere in it is further away than `ERROR` of a time."""
    return 2 * GAMMA**number / (GAMMA + 1) if number else 1.0


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The time below which a share of all lies, between two of them by distance; None of nothing.

    `counts` are how many times each bucket holds; `share` is from 0 to 1.
    """
    n = sum(counts.values())
    if not n:
        return None
    rank = share * (n - 1)
    low, high = (_at(counts, place) for place in (math.floor(rank), math.ceil(rank)))
    return low + (rank - math.floor(rank)) * (high - low)


def _at(counts: Mapping[int, int], place: int) -> float:
    """What the bucket stands for in which the value at a place, from 0, is."""
    seen = 0
    for number in sorted(counts):
        seen += counts[number]
        if place < seen:
            return middle(number)
    raise IndexError(place)
