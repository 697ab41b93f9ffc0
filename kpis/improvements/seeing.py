"""Who may read what evidence: of another department's case nothing is told."""

from typing import Any

from django.db.models import QuerySet

from config.common.models import User
from feedback.cases.queries import visible_to
from feedback.models import Case, Gap, Review
from kpis.models import ROWS, Ground
from surveys.models import Need

FIGURE = "figure"
READS = {
    "case": "feedback.view_case",
    "gap": "feedback.view_gap",
    "review": "feedback.view_review",
    "need": "surveys.view_need",
}
"""What it takes to read what there is of a source."""


def rows(source: str, user: User | None) -> QuerySet[Any]:
    """The rows of a source that somebody may read; without a person, all."""
    found: dict[str, QuerySet[Any]] = {
        "case": Case.objects.all(),
        "gap": Gap.objects.all(),
        "review": Review.objects.filter(deleted_at=None),
        "need": Need.objects.filter(merged_into=None),
    }
    if user is None:
        return found[source]
    if not user.has_perm(READS[source]):
        return found[source].none()
    if source == "case":
        return found[source].filter(pk__in=visible_to(user).values("pk"))
    return found[source]


def source_of(ground: Ground) -> str:
    """What kind of thing it is."""
    return next((one for one in ROWS if getattr(ground, f"{one}_id") is not None), FIGURE)


def may_see(ground: Ground, user: User) -> bool:
    """Whether somebody may read a piece of evidence. Figures are seen by whoever sees the improvement."""
    source = source_of(ground)
    return source == FIGURE or rows(source, user).filter(pk=getattr(ground, f"{source}_id")).exists()


def readable(grounds: list[Ground], user: User) -> set[int]:
    """Which of some evidence somebody may read, by primary key. A query a source."""
    seen = {one.pk for one in grounds if source_of(one) == FIGURE}
    for source in ROWS:
        named = {getattr(one, f"{source}_id"): one.pk for one in grounds if source_of(one) == source}
        if named:
            wanted = [one for one in grounds if source_of(one) == source]
            known = set(rows(source, user).filter(pk__in=named).values_list("pk", flat=True))
            seen |= {one.pk for one in wanted if getattr(one, f"{source}_id") in known}
    return seen
