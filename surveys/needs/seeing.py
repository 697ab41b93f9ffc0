"""Who may read what evidence: of another department's case nothing is told."""

from datetime import UTC, datetime, time
from typing import Any

from django.db.models import Count, Model, Q, QuerySet

from config.common.models import User
from feedback.cases.queries import visible_to
from feedback.models import Case, Post, Review
from surveys.models import SOURCES, Answer, Evidence, Passage, Wave
from surveys.results.cells import smallest_cell

READS = {
    "review": "feedback.view_review",
    "post": "feedback.view_post",
    "passage": "surveys.view_interview",
    "answer": "surveys.view_response",
    "case": "feedback.view_case",
}
"""What it takes to read what there is of a source."""


def rows(source: str, user: User | None) -> QuerySet[Any]:
    """The rows of a source that somebody may read; without a person, all."""
    found = _all(source)
    if user is None:
        return found
    if not user.has_perm(READS[source]):
        return found.none()
    if source == "case":
        return found.filter(pk__in=visible_to(user).values("pk"))
    if source == "answer":
        return found.filter(_answers(user))
    return found


def _all(source: str) -> QuerySet[Any]:
    models: dict[str, QuerySet[Any]] = {
        "review": Review.objects.all(),
        "post": Post.objects.filter(deleted_at=None),
        "passage": Passage.objects.select_related("interview"),
        "answer": Answer.objects.select_related("response__wave__campaign", "question"),
        "case": Case.objects.all(),
    }
    return models[source]


def _answers(user: User, prefix: str = "") -> Q:
    """Answers about a case that this person may see or about none; anonymous ones of waves of enough."""
    about = f"{prefix}response__invitation__case"
    named = Q(**{f"{prefix}response__is_anonymous": False})
    seen = Q(**{f"{about}__isnull": True}) | Q(**{f"{about}__in": visible_to(user).values("pk")})
    enough = (
        Wave.objects.filter(responses__is_anonymous=True)
        .annotate(number=Count("responses"))
        .filter(number__gte=smallest_cell())
    )
    hidden = Q(
        **{f"{prefix}response__is_anonymous": True, f"{prefix}response__wave__in": enough.values("pk")}
    )
    return named & seen | hidden


def readable(evidence: QuerySet[Evidence], source: str, user: User) -> QuerySet[Evidence]:
    """The evidence of a source that somebody may read."""
    found = evidence.filter(**{f"{source}__isnull": False})
    if not user.has_perm(READS[source]):
        return found.none()
    if source == "case":
        return found.filter(case__in=visible_to(user).values("pk"))
    if source == "answer":
        return found.filter(_answers(user, "answer__"))
    return found


def may_see(evidence: Evidence, user: User) -> bool:
    """Whether somebody may read a piece of evidence."""
    source = source_of(evidence)
    return readable(Evidence.objects.filter(pk=evidence.pk), source, user).exists()


def source_of(evidence: Evidence) -> str:
    """What kind of thing it is."""
    return next(source for source in SOURCES if getattr(evidence, f"{source}_id") is not None)


def moment_of(row: Model) -> datetime:
    """When something was said."""
    if isinstance(row, Case):
        return row.opened_at
    if isinstance(row, Passage):
        return row.interview.held_at or datetime.combine(row.interview.month, time(12), UTC)
    moment: datetime = row.written_at  # type: ignore[attr-defined]  # a review or a post
    return moment
