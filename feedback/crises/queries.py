"""Crises for screens and the API."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet

from config.common.errors import NotFound
from config.common.models import User
from feedback.cases.queries import visible_to
from feedback.crises.finding import HOUR
from feedback.crises.membership import matching
from feedback.models import Case, Crisis, CrisisCase, CrisisHour, CrisisStatus, Statement, StatementStatus
from feedback.models.crisis import LIVE, UNENDED

SIZE = 50
SHOWN = 5
PREVIEW = 10


def listed() -> QuerySet[Crisis]:
    """All crises, the newest first, with how many cases each has."""
    inside = Count("cases", filter=Q(cases__left_at=None))
    return (
        Crisis.objects.select_related("department", "owner")
        .annotate(n_cases=inside)
        .order_by("-began_at", "-pk")
    )


def unended() -> QuerySet[Crisis]:
    """What is proposed or goes on, the gravest first."""
    found = Crisis.objects.filter(status__in=[str(one) for one in UNENDED]).select_related("department")
    return found.order_by("-severity", "-began_at", "-pk")


def going() -> QuerySet[Crisis]:
    """What goes on, the gravest first."""
    return unended().filter(status__in=LIVE)


def crisis_for(crisis_id: int) -> Crisis:
    """One crisis.

    Raises:
        NotFound: there is none.
    """
    found = (
        Crisis.objects.select_related("department", "owner", "opened_by", "ended_by", "playbook", "watch")
        .filter(pk=crisis_id)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def cases_of(crisis: Crisis, user: User, *, before: int | None = None) -> tuple[list[CrisisCase], int | None]:
    """The cases of a crisis that a person may see, those that joined last first, and the key for the next."""
    rows = CrisisCase.objects.filter(crisis=crisis, left_at=None, case__in=visible_to(user).order_by())
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(
        rows.select_related("case__member__tier", "case__agent__user", "case__department").order_by("-pk")[
            : SIZE + 1
        ]
    )
    return found[:SIZE], found[SIZE - 1].pk if len(found) > SIZE else None


def samples(crisis: Crisis, user: User) -> list[Case]:
    """Cases that a proposal shows, of those that the person may see."""
    wanted = crisis.evidence.get("samples", []) if crisis.of == "case" else []
    found = visible_to(user).filter(pk__in=wanted).select_related("member__tier", "department")
    return list(found.order_by("opened_at", "pk"))


@dataclass(frozen=True, slots=True)
class Preview:
    """What conditions would take in now."""

    count: int
    cases: list[Case]
    elsewhere: int
    """How many of them are in another crisis that goes on, and stay there."""


def preview(crisis: Crisis, user: User) -> Preview:
    """The cases that would belong to a crisis with these conditions; it need not be stored."""
    found = matching(crisis)
    others = CrisisCase.objects.filter(is_live=True).exclude(crisis=crisis.pk)
    shown = found.filter(pk__in=visible_to(user).order_by().values("pk"))
    return Preview(
        found.count(),
        list(shown.select_related("member__tier", "department").order_by("-pk")[:PREVIEW]),
        found.filter(pk__in=others.values("case")).count(),
    )


def crises_of(case: Case) -> list[CrisisCase]:
    """The crises that a case is or was in, what goes on first."""
    rows = CrisisCase.objects.filter(case=case, left_at=None).select_related(
        "crisis__department", "crisis__playbook"
    )
    return list(rows.order_by("-is_live", "-pk"))


def said_to(cases: Iterable[Case]) -> dict[int, Statement]:
    """The published statement of the crisis that each of some cases is in. One query."""
    rows = Statement.objects.filter(
        status=StatementStatus.PUBLISHED, crisis__cases__case__in=list(cases), crisis__cases__left_at=None
    ).annotate(case=F("crisis__cases__case"))
    return {row.case: row for row in rows.order_by("published_at")}


@dataclass(frozen=True, slots=True)
class Line:
    """What was counted of a crisis's thing hour by hour, and what was usual a week before, from a time on."""

    hours: list[datetime]
    counted: list[int]
    week_before: list[int]


def line(crisis: Crisis, *, at: datetime, most: int = 24 * 14) -> Line:
    """What came of what a crisis was found by, from a day before it began; empty where nobody counts."""
    if not crisis.of:
        return Line([], [], [])
    until = min(crisis.ended_at or at, at)
    since = max(crisis.began_at - timedelta(days=1), until - most * HOUR)
    since = since.replace(minute=0, second=0, microsecond=0)
    hours = [since + step * HOUR for step in range(int((until - since) / HOUR) + 1)]
    week = timedelta(weeks=1)
    rows = CrisisHour.objects.filter(of=crisis.of, by=crisis.by, value=crisis.value)
    counts = dict(rows.filter(hour__gte=since - week, hour__lte=until).values_list("hour", "n"))
    return Line(
        hours, [counts.get(hour, 0) for hour in hours], [counts.get(hour - week, 0) for hour in hours]
    )


def states(crisis: Crisis) -> dict[str, int]:
    """How many of its cases stand where."""
    rows = Case.objects.filter(crises__crisis=crisis, crises__left_at=None).order_by()
    return dict(rows.values_list("status").annotate(n=Count("pk")).order_by("-n"))


def statements_of(crisis: Crisis) -> list[Statement]:
    """What was said or written, the last version first."""
    return list(
        Statement.objects.filter(crisis=crisis)
        .select_related("written_by", "published_by")
        .order_by("-number")
    )


def proposed() -> int:
    """How many proposals wait for somebody."""
    return Crisis.objects.filter(status=CrisisStatus.PROPOSED).count()
