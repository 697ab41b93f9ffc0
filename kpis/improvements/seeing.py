"""Who may read what evidence: of another department's case or a colleague's figure nothing is told."""

from typing import Any

from django.db.models import Q, QuerySet

from config.common.models import User
from feedback.cases.queries import visible_to
from feedback.models import Agent, Case, Gap, Review
from feedback.org.queries import department_ids
from kpis.models import ROWS, Dimension, Ground
from kpis.snapshots.queries import SEE_COMPANY
from surveys.models import Need

FIGURE = "figure"
LEADS = "feedback.see_board"
"""The right to see how each of one's people does."""
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


def sees_figure(user: User | None, dimension: str, *keys: str) -> bool:
    """Whether somebody may see a figure of all these keys; without a person, yes.

    A department's, of theirs; an agent's, of the people whom they lead, or their own. What is of nobody in
    particular, such as a region's, whoever sees the improvement sees: somebody chose to tell it there.
    """
    known = None if user is None else _keys_seen(user, dimension)
    return known is None or {key for key in keys if key} <= known


def _keys_seen(user: User, dimension: str) -> set[str] | None:
    """Of which keys of a dimension somebody may see figures; None: of all. Three queries at most."""
    if dimension not in {Dimension.DEPARTMENT, Dimension.AGENT} or user.has_perm(SEE_COMPANY):
        return None
    places = department_ids(user)
    if dimension == Dimension.DEPARTMENT:
        return {str(pk) for pk in places}
    people = Q(user=user)
    if user.has_perm(LEADS):
        people |= Q(memberships__department__in=places)
    return {str(pk) for pk in Agent.objects.filter(people).values_list("pk", flat=True)}


def source_of(ground: Ground) -> str:
    """What kind of thing it is."""
    return next((one for one in ROWS if getattr(ground, f"{one}_id") is not None), FIGURE)


def may_see(ground: Ground, user: User) -> bool:
    """Whether somebody may read a piece of evidence."""
    return ground.pk in readable([ground], user)


def readable(grounds: list[Ground], user: User) -> set[int]:
    """Which of some evidence somebody may read, by primary key. A few queries for each kind."""
    figures = [one for one in grounds if source_of(one) == FIGURE]
    known = {dimension: _keys_seen(user, dimension) for dimension in {one.dimension for one in figures}}
    seen = {one.pk for one in figures if (keys := known[one.dimension]) is None or one.key in keys}
    for source in ROWS:
        named = {getattr(one, f"{source}_id"): one.pk for one in grounds if source_of(one) == source}
        if named:
            wanted = [one for one in grounds if source_of(one) == source]
            found = set(rows(source, user).filter(pk__in=named).values_list("pk", flat=True))
            seen |= {one.pk for one in wanted if getattr(one, f"{source}_id") in found}
    return seen
