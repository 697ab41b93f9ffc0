"""Checks for the screens: what is to be scored, what was, whose; how far scorers agree."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count, Q, QuerySet
from django.utils.translation import get_language

from config.common.errors import NotFound
from config.common.models import User
from feedback.models import (
    Agent,
    AppealStatus,
    CheckStatus,
    CoachingNote,
    QualityCheck,
    QualityScore,
)
from feedback.org.queries import SEE_ALL, department_ids
from feedback.quality.rules import Agreement, agreement

REVIEW = "feedback.review_quality"
SHOWN = ("case__member", "agent__user", "department", "scorecard", "rule")


def visible_checks(user: User) -> QuerySet[QualityCheck]:
    """The checks that a person may see: of their departments for who scores, else one's own."""
    own = Q(agent__user=user, status=CheckStatus.SCORED)
    if not user.has_perm(REVIEW):
        return QualityCheck.objects.filter(own)
    if user.has_perm(SEE_ALL):
        return QualityCheck.objects.filter(own | ~Q(agent__user=user))
    return QualityCheck.objects.filter(own | (Q(department__in=department_ids(user)) & ~Q(agent__user=user)))


def get_for(user: User, check_id: int) -> QualityCheck:
    """The check, if this person may see it.

    Raises:
        NotFound: there is no such check for this person.
    """
    found = visible_checks(user).select_related(*SHOWN, "appeal__answered_by").filter(pk=check_id).first()
    if found is None:
        raise NotFound
    return found


def to_score(user: User) -> QuerySet[QualityCheck]:
    """What this person can score, longest first. Page by (drawn_at, id)."""
    found = visible_checks(user).filter(status=CheckStatus.WAITING).exclude(scores__by=user)
    return found.select_related(*SHOWN).order_by("drawn_at", "pk")


def scored(user: User) -> QuerySet[QualityCheck]:
    """What was scored of others, newest first. Page by (scored_at, id)."""
    found = visible_checks(user).filter(status=CheckStatus.SCORED).exclude(agent__user=user)
    return found.select_related(*SHOWN, "appeal").order_by("-scored_at", "-pk")


def appeals(user: User) -> QuerySet[QualityCheck]:
    """The appeals that this person can decide, newest first."""
    return scored(user).filter(appeal__status=AppealStatus.OPEN).exclude(scores__by=user)


def mine(user: User) -> QuerySet[QualityCheck]:
    """An agent's own scored checks, newest first."""
    found = QualityCheck.objects.filter(agent__user=user, status=CheckStatus.SCORED)
    return found.select_related(*SHOWN, "appeal").order_by("-scored_at", "-pk")


def scores_for(user: User, check: QualityCheck) -> list[QualityScore]:
    """The scores of a check that this person may see: while others are to come, one's own alone."""
    found = check.scores.select_related("by")
    return list(found if check.status == CheckStatus.SCORED else found.filter(by=user))


def coaching_of(user: User, *, agent: Agent | None = None) -> QuerySet[CoachingNote]:
    """The coaching notes that a person may see: who scores those of their agents, everybody their own."""
    found = CoachingNote.objects.select_related("agent__user", "by", "check_of__case")
    if agent is not None:
        found = found.filter(agent=agent)
    own = Q(agent__user=user)
    if not user.has_perm(REVIEW):
        return found.filter(own)
    ours = Agent.objects.filter(memberships__department__in=department_ids(user))
    return found.filter(own | Q(agent__in=ours.values("pk")))


@dataclass(frozen=True, slots=True)
class AgentFigure:
    """How an agent's conversations were judged; None where none was."""

    agent: Agent
    n: int
    mean: float | None
    failed: int


def by_agent(user: User, *, since: datetime, until: datetime) -> list[AgentFigure]:
    """The mean score of each agent over what was scored in a time, half-open; lowest first. Two queries."""
    rows = (
        scored(user)
        .filter(scored_at__gte=since, scored_at__lt=until)
        .order_by()
        .values_list("agent")
        .annotate(
            n=Count("pk", distinct=True), mean=Avg("score"), failed=Count("pk", filter=Q(has_failed=True))
        )
    )
    found = list(rows)
    agents = Agent.objects.select_related("user").in_bulk([pk for pk, *_rest in found])
    figures = [AgentFigure(agents[pk], n, float(mean), failed) for pk, n, mean, failed in found]
    return sorted(figures, key=lambda one: (one.mean or 0, str(one.agent)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Two people who scored the same conversations, and how far they agree."""

    first: User
    second: User
    agreement: Agreement


def calibration(user: User, *, since: datetime) -> list[Calibration]:
    """Compare every two people who scored conversations twice over, since a moment. Three queries."""
    checks = scored(user).filter(scorers=2, scored_at__gte=since).prefetch_related("scores__by")
    pairs: dict[tuple[int, int], list[tuple[QualityScore, QualityScore]]] = {}
    best: dict[int, dict[str, int]] = {}
    for check in checks:
        both = sorted(
            (one for one in check.scores.all() if not one.is_after_appeal), key=lambda one: one.by_id
        )
        if len(both) == check.scorers:
            pairs.setdefault((both[0].by_id, both[1].by_id), []).append((both[0], both[1]))
            best[check.pk] = {item["key"]: item["best"] for item in check.form["items"]}
    found = []
    for several in pairs.values():
        items = [share for one, other in several for share in _shares(one, other, best[one.check_of_id])]
        told = agreement([(float(one.score), float(other.score)) for one, other in several], items)
        if told is not None:
            found.append(Calibration(several[0][0].by, several[0][1].by, told))
    return sorted(found, key=lambda one: -one.agreement.apart)


def _shares(one: QualityScore, other: QualityScore, best: dict[str, int]) -> Iterable[tuple[float, float]]:
    for key, most in best.items():
        first, second = one.points.get(key), other.points.get(key)
        if first is not None and second is not None:
            yield first / most, second / most


def in_language(row: dict[str, str], name: str) -> str:
    """A name of a form in the language of the moment."""
    english = row.get(f"{name}_en", "")
    return english if english and (get_language() or "").startswith("en") else row.get(name, "")
