"""Readings for screens and lists: what somebody may see, what is left to people, what was said lately."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from config.common.models import User
from feedback.cases.queries import reads_cases, visible_to
from feedback.models import Review, Triage
from feedback.triage.texts import SOURCES

UNSURE = Q(feeling="", decided=[]) & ~Q(keywords=[])
"""Nobody is sure how it is meant, nobody has decided, and there is something to read."""
RECENT = 200


def visible(user: User) -> QuerySet[Triage]:
    """The readings of what this person may see: of reviews, of posts, of cases of their departments."""
    wanted = Q(pk__in=[])
    if user.has_perm("feedback.view_review"):
        wanted |= Q(review__isnull=False)
    if user.has_perm("feedback.view_post"):
        wanted |= Q(post__isnull=False)
    if reads_cases(user):
        wanted |= Q(case__in=visible_to(user).values("pk"))
    return Triage.objects.filter(wanted)


def shown(rows: QuerySet[Triage]) -> QuerySet[Triage]:
    """With what a page shows of each; a model's weights stay where they are."""
    return rows.select_related("review", "case", "post", "model", "decided_by").defer("model__weights")


def said(rows: Iterable[Triage]) -> dict[int, str]:
    """What was said, by the reading."""
    found: dict[int, str] = {}
    for source, texts in SOURCES.items():
        by_key = {key: row.pk for row in rows if (key := getattr(row, f"{source}_id")) is not None}
        found |= {by_key[one.key]: one.words for one in texts(sorted(by_key))}
    return found


def unsure(user: User) -> QuerySet[Triage]:
    """What this person can decide, newest first. Reads triage_unsure."""
    return visible(user).filter(UNSURE).order_by("-pk")


def recent_texts(limit: int = RECENT) -> list[str]:
    """What members wrote in their last reviews."""
    rows = Review.objects.filter(deleted_at=None).exclude(text="").order_by("-written_at", "-pk")
    return [f"{title}\n{text}".strip() for title, text in rows.values_list("title", "text")[:limit]]
