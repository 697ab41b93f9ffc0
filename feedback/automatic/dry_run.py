"""What a version of a rule would have done: over gaps and cases of the past, before it is published."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Sum

from compensation.budgets.caps import ZONE
from compensation.budgets.rules import fits, window
from compensation.models import LIVE, Cap, CapScope, Grant, OrderLine, RuleGive, RuleTrigger, RuleVersion
from compensation.rules.matching import Facts, Values, cost_fen, first, matches
from compensation.rules.queries import in_force, values_now
from feedback.automatic import facts
from feedback.automatic.applying import rough
from feedback.models import Case, Channel, Gap

MOST_GAPS, MOST_CASES = 20_000, 1_000


@dataclass(slots=True)
class Total:
    """How many, and what they cost together."""

    times: int = 0
    fen: int = 0

    def add(self, fen: int) -> None:
        """Count one."""
        self.times += 1
        self.fen += fen


@dataclass(slots=True)
class Report:
    """What would have come of a version."""

    since: datetime
    looked: int = 0
    is_cut: bool = False
    """Whether there was more in that time than was looked at: then it is the newest."""
    occurrences: int = 0
    """How many of them match."""
    given: Total = field(default_factory=Total)
    refused: Total = field(default_factory=Total)
    """What caps would have sent to a person."""
    taken: int = 0
    """What a rule in force that comes before would have taken."""
    repeated: int = 0
    """How many things the order would have had already, by a rule that gives them once an order."""
    made_good: int = 0
    """What somebody or another rule has made good in fact."""
    by_department: dict[str, Total] = field(default_factory=lambda: defaultdict(Total))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened, as rules see it."""

    cause: str
    member_id: int
    department: str
    at: datetime
    facts: Facts
    paid_fen: int
    order_id: int | None = None


def dry_run(version: RuleVersion, *, days: int, at: datetime) -> Report:
    """Let a version, published or not, look at the last days; nothing is written.

    Caps are counted from what the version itself would have given, in the order of time; budgets are not.
    """
    report = Report(since=at - timedelta(days=days))
    before = [
        one
        for one in in_force(version.trigger)
        if one.rule_id != version.rule_id
        and (one.rule.position, one.rule_id) < (version.rule.position, version.rule_id)
    ]
    gives, values = list(version.gives.all()), values_now()
    caps = _Caps(version)
    occurrences = _gaps if version.trigger == RuleTrigger.GAP else _cases
    causes: list[str] = []
    had: set[tuple[int, str]] = set()
    for one in occurrences(version, report, at):
        if not matches(version, one.facts, one.at):
            continue
        if first(before, one.facts, one.at):
            report.taken += 1
            continue
        causes.append(one.cause)
        fresh = [give for give in gives if not _had(version, one, give, had)]
        report.repeated += len(gives) - len(fresh)
        _count(report, one, fresh, values, caps)
    report.made_good = Grant.objects.filter(cause__in=causes, status__in=LIVE).count()
    return report


def _had(version: RuleVersion, one: Occurrence, give: RuleGive, had: set[tuple[int, str]]) -> bool:
    """Whether the order had such a thing before, by this version; notes that it has it now."""
    if not version.once_an_order or one.order_id is None:
        return False
    key = (one.order_id, give.kind)
    is_repeated = key in had
    had.add(key)
    return is_repeated


def _count(report: Report, one: Occurrence, gives: list[RuleGive], values: Values, caps: "_Caps") -> None:
    """Count what one occurrence would have come to."""
    report.occurrences += 1
    for give in gives:
        fen = cost_fen(give, paid_fen=one.paid_fen, values=values)
        if not caps.take(give.kind, fen, one):
            report.refused.add(fen)
            continue
        report.given.add(fen)
        report.by_department[one.department].add(fen)


class _Caps:
    """The caps as if they began with the first occurrence."""

    def __init__(self, version: RuleVersion) -> None:
        self.code = version.code
        self.caps = [
            cap
            for cap in Cap.objects.filter(is_active=True).exclude(scope=CapScope.AGENT)
            if cap.rule_code in {"", version.code}
        ]
        self.used: dict[tuple[int, str, datetime], Total] = defaultdict(Total)

    def take(self, kind: str, fen: int, one: Occurrence) -> bool:
        """Count towards all, or towards none."""
        counts = [
            (
                cap,
                self.used[
                    cap.pk, self._whose(cap, one), window(cap.period, cap.days, one.at, ZONE).starts_at
                ],
            )
            for cap in self.caps
            if cap.kind in {"", kind}
        ]
        if not all(
            fits(count.fen, fen, cap.limit_fen) and fits(count.times, 1, cap.limit_count)
            for cap, count in counts
        ):
            return False
        for _cap, count in counts:
            count.add(fen)
        return True

    def _whose(self, cap: Cap, one: Occurrence) -> str:
        return f"member:{one.member_id}" if cap.scope == CapScope.MEMBER else f"rule:{self.code}"


def _gaps(version: RuleVersion, report: Report, at: datetime) -> Iterator[Occurrence]:
    """The gaps that were found in the time, in its order."""
    rows = (
        Gap.objects.filter(detected_at__gt=report.since, detected_at__lte=at, withdrawn_at=None)
        .select_related("order", "member__tier", "case__department")
        .order_by("-detected_at", "-pk")[: MOST_GAPS + 1]
    )
    found = list(rows)
    report.is_cut, found = len(found) > MOST_GAPS, found[:MOST_GAPS]
    report.looked = len(found)
    categories, paid = _of_orders([gap.order_id for gap in found if gap.order_id])
    for gap in reversed(found):
        yield Occurrence(
            cause=f"gap:{gap.pk}",
            member_id=gap.member_id,
            department=version.department or (gap.case.department.code if gap.case else ""),
            at=gap.detected_at,
            facts=facts.of_gap(gap, categories=frozenset(categories[gap.order_id or 0])),
            paid_fen=paid.get(gap.order_id or 0, 0),
            order_id=gap.order_id,
        )


def _cases(version: RuleVersion, report: Report, at: datetime) -> Iterator[Occurrence]:
    """The cases that were opened in the time, in its order."""
    rows = (
        Case.objects.filter(opened_at__gt=report.since, opened_at__lte=at, merged_into=None)
        .exclude(channel=Channel.GAP)
        .select_related("order", "member__tier", "department")
        .order_by("-opened_at", "-pk")[: MOST_CASES + 1]
    )
    found = list(rows)
    report.is_cut, found = len(found) > MOST_CASES, found[:MOST_CASES]
    report.looked = len(found)
    _categories, paid = _of_orders([case.order_id for case in found if case.order_id])
    for case in reversed(found):
        quick = facts.of_case(case, full=False)
        if matches(rough(version), quick, case.opened_at):
            yield Occurrence(
                cause=f"case:{case.pk}",
                member_id=case.member_id,
                department=version.department or case.department.code,
                at=case.opened_at,
                facts=facts.of_case(case),
                paid_fen=paid.get(case.order_id or 0, 0),
                order_id=case.order_id,
            )


def _of_orders(ids: list[int]) -> tuple[dict[int, set[str]], dict[int, int]]:
    """The categories of orders, and what was paid for their goods."""
    lines = OrderLine.objects.filter(order__in=set(ids))
    categories: dict[int, set[str]] = defaultdict(set)
    for order, category in lines.values_list("order", "product__category"):
        if category:
            categories[order].add(category)
    paid = dict(lines.order_by().values_list("order").annotate(Sum("paid_fen")))
    return categories, paid
