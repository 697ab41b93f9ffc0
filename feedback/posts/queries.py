"""Posts and topics for screens, lists and whoever makes improvements of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case as Choice
from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid
from config.common.models import User
from feedback.models import (
    Feeling,
    Post,
    PostCluster,
    PostDecision,
    PostKind,
    PostState,
    WatchJump,
)
from feedback.posts.duplicates import REACHED, WORKED
from feedback.posts.rules import masked

SEES_NAMES = "compensation.see_contacts"
SMALLEST = 2
"""Posts from which on a topic stands on the desk; one with a suggestion stands there alone."""
QUOTES = 2
OPEN = (PostState.NEW, PostState.LOOKED_AT)
STANDING = Q(state__in=OPEN) | Q(last_at__gt=F("decided_at"))
"""Topics that nobody has decided about, or in which something was said since."""
WORST_FIRST = Choice(
    When(triage__feeling=Feeling.NEGATIVE, then=Value(0)),
    When(triage__feeling="", then=Value(1)),
    When(triage__feeling=Feeling.MIXED, then=Value(2)),
    When(triage__feeling=None, then=Value(1)),
    default=Value(3),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Page:
    """Some topics, and where the next ones begin; None when there are no more."""

    rows: list[PostCluster]
    after: str | None


def topics() -> QuerySet[PostCluster]:
    """The topics that stand on the desk."""
    shown = Q(posts__gte=SMALLEST) | Q(suggestions__gte=1) | Q(is_kept=True) | Q(is_named=True)
    return PostCluster.objects.filter(shown, merged_into=None, posts__gte=1)


def worst_first(found: QuerySet[PostCluster], *, after: str = "", size: int = 20) -> Page:
    """Some topics by how many negative posts they have, then by reach. Reads postcluster_worst.

    Raises:
        Invalid: `after` is not what a page gave.
    """
    if after:
        negatives, reach, pk = _read(after)
        found = found.filter(
            Q(negatives__lt=negatives)
            | Q(negatives=negatives, reach__lt=reach)
            | Q(negatives=negatives, reach=reach, pk__lt=pk),
            negatives__lte=negatives,
        )
    rows = list(found.defer("terms").order_by("-negatives", "-reach", "-pk")[: size + 1])
    if len(rows) <= size:
        return Page(rows, None)
    last = rows[size - 1]
    return Page(rows[:size], f"{last.negatives}~{last.reach}~{last.pk}")


def _read(after: str) -> tuple[int, int, int]:
    try:
        negatives, reach, pk = (int(part) for part in after.split("~"))
    except ValueError as error:
        raise Invalid(_("This page does not exist.")) from error
    if not all(0 <= one < 2**63 for one in (negatives, reach, pk)) or negatives >= 2**31:
        raise Invalid(_("This page does not exist."))
    return negatives, reach, pk


def worked() -> QuerySet[Post]:
    """The posts that are worked on: no copies, nothing that was deleted."""
    return Post.objects.filter(WORKED)


def shown(rows: QuerySet[Post]) -> QuerySet[Post]:
    """With what a list shows of each. Files come with one query more."""
    return (
        rows.select_related("triage", "member", "product", "case", "cluster")
        .defer("cluster__terms")
        .prefetch_related("files")
    )


def worst_posts(rows: QuerySet[Post]) -> QuerySet[Post]:
    """Posts with the negative ones first, then by how many they reached."""
    return rows.annotate(worst=WORST_FIRST, far=REACHED + F("copies_reach")).order_by("worst", "-far", "-pk")


def quotes(clusters: Iterable[PostCluster]) -> dict[int, list[Post]]:
    """What is said in some topics: the worst that reached most of each. One query."""
    keys = [one.pk for one in clusters]
    rows = (
        worked()
        .filter(cluster__in=keys)
        .annotate(
            place=Window(
                RowNumber(),
                partition_by="cluster",
                order_by=[WORST_FIRST, (REACHED + F("copies_reach")).desc(), "pk"],
            )
        )
        .filter(place__lte=QUOTES)
        .order_by("cluster", "place")
    )
    found: dict[int, list[Post]] = {}
    for row in rows:
        found.setdefault(row.cluster_id or 0, []).append(row)
    return found


def to_answer(_user: User | None = None) -> QuerySet[Post]:
    """The suggestions that nobody has ended or planned. Reads post_to_answer."""
    return Post.objects.filter(kind=PostKind.SUGGESTION, deleted_at=None, state__in=OPEN, copy_of=None)


def history(of: Post | PostCluster) -> QuerySet[PostDecision]:
    """What was decided, the latest first."""
    column = "post" if isinstance(of, Post) else "cluster"
    return PostDecision.objects.filter(**{column: of}).select_related("user").order_by("-pk")


def ideas() -> QuerySet[PostDecision]:
    """The last decision about every post and topic that is planned or done: what improvements are made of.

    What follows from the decision about a topic is left out.
    """
    last_of_post = PostDecision.objects.filter(post=OuterRef("post")).order_by("-pk").values("pk")[:1]
    last_of_topic = PostDecision.objects.filter(cluster=OuterRef("cluster")).order_by("-pk").values("pk")[:1]
    return PostDecision.objects.filter(
        Q(pk=Subquery(last_of_post)) | Q(pk=Subquery(last_of_topic)),
        of=None,
        state__in=[PostState.PLANNED, PostState.DONE],
    )


def name_of(post: Post, user: User) -> str:
    """Who wrote it, as far as this person may know."""
    if post.member_id is not None and post.is_suggestion:
        return str(post.member)
    return post.author if user.has_perm(SEES_NAMES) else masked(post.author)


def jumps() -> QuerySet[WatchJump]:
    """The jumps of watched words, the latest first."""
    return WatchJump.objects.select_related("watch__department").order_by("-pk")
