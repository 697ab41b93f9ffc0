"""What points are worth, how many an amount earns, and what is left of them after refunds."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal

from config.common.money import FEN_PER_YUAN


def worth_fen(points: int, *, per_points: int, fen: int) -> int:
    """What points cost the house where `per_points` of them are worth `fen`; part of a fen counts whole."""
    return -(-points * fen // per_points)


def for_amount(fen: int, per_yuan: Decimal) -> int:
    """The points of an amount at so many for each yuan, rounded down; none for less than nothing."""
    return int(max(fen, 0) * per_yuan // FEN_PER_YUAN)


def kept(earned: int, *, base_fen: int, refunded_fen: int, per_yuan: Decimal) -> int:
    """What is left of an order's points when so much of it was refunded in all.

    It goes by the sum of all refunds alone, so any parts of a refund come to the same as one.
    """
    return min(earned, for_amount(base_fen - refunded_fen, per_yuan))


def within(points: int, limits: Iterable[tuple[int | None, int]]) -> int:
    """How many of the points may be given, each limit being (at most, given already); None is no limit."""
    return max(0, min([points, *(most - given for most, given in limits if most is not None)]))


def ends(at: datetime, days: int, zone: tzinfo) -> datetime:
    """The midnight that ends the day on which so many days have passed."""
    day = (at.astimezone(zone) + timedelta(days=days)).date() + timedelta(days=1)
    return datetime.combine(day, time.min, zone)
