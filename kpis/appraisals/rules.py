"""How a month becomes a score. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known of one line: a figure with its n between floor and goal, or a mark of 100.

    `role` is the figure of everybody who is judged by the scheme, where the line goes by one's own.
    """

    weight: int
    is_own: bool
    n: int = 0
    value: float | None = None
    floor: float | None = None
    goal: float | None = None
    least_n: int = 0
    role: float | None = None
    mark: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a line came to: how far its own figure is believed, the value judged, points of 100.

    `share` is how much of the score the line decides, in percent; None with no points where it is left out.
    """

    credibility: float | None = None
    judged: float | None = None
    points: float | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A score of 100, or None where nothing of one's own was measured."""

    score: Decimal | None
    lines: tuple[Judged, ...]


def credibility(n: int, least_n: int) -> float:
    """How far a figure is believed by its n: the square-root rule of limited fluctuation.

    The square root of n ÷ the n that is believed in full, 1 at most (Mowbray 1914; Longley-Cook 1962).
    """
    return 1.0 if n >= least_n else math.sqrt(n / least_n)


def points(value: float, floor: float, goal: float) -> float:
    """Points of 100: none at the floor or worse, all at the goal or better, a straight line between."""
    return WHOLE * min(1.0, max(0.0, (value - floor) / (goal - floor)))


def judge(lines: Sequence[Given]) -> Result:
    """Score a month: each line's points by its weight.

    One's own figure with fewer than the smallest n is drawn towards the role's figure by its credibility. A
    line of which nothing was measured, or a mark that nobody gave, is left out and its weight spread over
    the others as they weigh; so is a figure of department or company below the smallest n. Whoever has
    figures of their own to be judged by and none of them measured has no score.
    """
    judged = [_judge(line) for line in lines]
    weight = sum(line.weight for line, one in zip(lines, judged, strict=True) if one.points is not None)
    own = [one.points is not None for line, one in zip(lines, judged, strict=True) if line.is_own]
    if not weight or not any(own or [True]):
        return Result(None, tuple(judged))
    shared = tuple(
        one if one.points is None else replace(one, share=WHOLE * line.weight / weight)
        for line, one in zip(lines, judged, strict=True)
    )
    total = math.fsum(
        one.points * one.share / WHOLE for one in shared if one.points is not None and one.share
    )
    return Result(rounded(total), shared)


def rounded(score: float) -> Decimal:
    """A score with two digits; halves go up."""
    return Decimal(f"{score:.6f}").quantize(Decimal("0.01"), ROUND_HALF_UP)


def _judge(line: Given) -> Judged:
    if line.mark is not None:
        return Judged(points=float(line.mark))
    if line.value is None or line.floor is None or line.goal is None or not line.n:
        return Judged()
    belief = credibility(line.n, line.least_n)
    if not line.is_own or line.role is None:
        if line.n < line.least_n:
            return Judged(credibility=belief)
        belief = 1.0
    value = line.value if line.role is None else belief * line.value + (1 - belief) * line.role
    return Judged(credibility=belief, judged=value, points=points(value, line.floor, line.goal))
