"""Which rule acts on what happened, and what that comes to. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from compensation.models import GrantKind, RuleAmount, RuleGive, RuleVersion
from compensation.points.rules import worth_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What happened: a gap, or a case that was opened; what it has nothing of stays empty."""

    trigger: str
    happened_at: datetime
    aspect: str = ""
    gap_kind: str = ""
    cause: str = ""
    severity: int = 0
    case_kind: str = ""
    problem: str = ""
    tier: str = ""
    categories: frozenset[str] = frozenset()
    amount_fen: int = 0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Values:
    """What things are worth on the day: coupons by their key, points by the rule in force."""

    coupons: Mapping[int, int]
    points: int
    points_fen: int


def matches(version: RuleVersion, facts: Facts, at: datetime) -> bool:
    """Whether all that a version asks for holds; a list that is empty asks for nothing."""
    said = (
        (version.aspects, facts.aspect),
        (version.gap_kinds, facts.gap_kind),
        (version.causes, facts.cause),
        (version.case_kinds, facts.case_kind),
        (version.problems, facts.problem),
        (version.tiers, facts.tier),
    )
    return (
        version.trigger == facts.trigger
        and all(not wanted or one in wanted for wanted, one in said)
        and (not version.categories or not facts.categories.isdisjoint(version.categories))
        and (version.trigger != "gap" or facts.severity >= version.severity_from)
        and (version.amount_from_fen is None or facts.amount_fen >= version.amount_from_fen)
        and (version.amount_up_to_fen is None or facts.amount_fen <= version.amount_up_to_fen)
        and facts.pictures >= version.pictures_from
        and at - facts.happened_at <= timedelta(days=version.within_days)
    )


def first(versions: Iterable[RuleVersion], facts: Facts, at: datetime) -> RuleVersion | None:
    """The one that acts: of the versions in their order, the first that matches."""
    return next((version for version in versions if matches(version, facts, at)), None)


def cost_fen(give: RuleGive, *, paid_fen: int, values: Values) -> int:
    """What one thing costs; a price difference nobody can say beforehand: it counts nothing."""
    if give.kind == GrantKind.COUPON:
        return values.coupons.get(give.template_id or 0, 0)
    if give.kind == GrantKind.POINTS:
        return worth_fen(give.points or 0, per_points=values.points, fen=values.points_fen)
    if give.amount == RuleAmount.FIXED:
        return give.amount_fen or 0
    if give.kind == GrantKind.RESHIPMENT or give.amount == RuleAmount.PAID:
        return paid_fen
    return 0
