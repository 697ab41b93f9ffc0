"""Whether what somebody may give covers what a grant comes to. All amounts are fen."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import timedelta

from compensation.models import GrantKind

MONEY = (GrantKind.REFUND, GrantKind.PRICE_DIFFERENCE)
DAY = timedelta(hours=24)
"""The day of a member: the last 24 hours, so that midnight splits nothing."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What somebody may give, or what a grant comes to together with all that is live beside it."""

    grant: int = 0
    problem: int = 0
    order: int = 0
    member_day: int = 0


def covers(limits: Sums, need: Sums) -> bool:
    """Whether every sum stays within its limit."""
    return exceeded(limits, need) is None


def exceeded(limits: Sums, need: Sums) -> str | None:
    """The name of the first sum that is beyond its limit."""
    for one in fields(Sums):
        if getattr(need, one.name) > getattr(limits, one.name):
            return one.name
    return None


def highest(limits: Iterable[Sums]) -> Sums:
    """The highest of several roles, each limit for itself; none at all give nothing."""
    rows = list(limits)
    return Sums(*(max((getattr(row, one.name) for row in rows), default=0) for one in fields(Sums)))


def with_grant(before: Sums, cost: int, *, has_order: bool) -> Sums:
    """What a grant of that cost comes to beside what is live already."""
    return Sums(
        grant=cost,
        problem=before.problem + cost,
        order=before.order + cost if has_order else 0,
        member_day=before.member_day + cost,
    )


def left(limits: Sums, before: Sums, *, has_order: bool) -> int:
    """The most that could still be given beside what is live already, never below zero."""
    rest = [limits.grant, limits.problem - before.problem, limits.member_day - before.member_day]
    if has_order:
        rest.append(limits.order - before.order)
    return max(0, min(rest))


def needs_evidence(kind: GrantKind, cost: int, *, unproved: int = 0, above: int) -> bool:
    """Whether so much money goes back for an order that pictures must prove it.

    `unproved` is what goes back for the order already without a picture, under whatever name.
    """
    return kind in MONEY and unproved + cost > above
