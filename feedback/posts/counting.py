"""What topics amount to: how many posts, how many bad, how far they reached, and whether they grow."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, Q, Sum

from config.common import bulk
from feedback.gaps.statistics import Counts, chance, could_show, false_share, has_grown, variance
from feedback.models import Feeling, Post, PostCluster, PostClusterDue, PostKind
from feedback.posts.duplicates import REACHED, WORKED

AT_ONCE = 500
CHANGES = 20_000
"""That one pass looks at: a topic to which much came has many."""
WEEK = timedelta(days=7)
WEEKS = 8
"""Of the usual time, before the week that is looked at."""
LEAST_WEEKS = 2
"""With fewer nobody knows what is usual."""
COUNTED = ("posts", "copies", "unread", "negatives", "positives", "unsure", "suggestions", "reach")
GROWING = ("week", "usual", "chance", "has_grown")
BY_WEEK = """
SELECT cluster_id, floor(extract(epoch FROM %s - written_at) / 604800)::int AS week, count(*)
FROM feedback_post
WHERE cluster_id IS NOT NULL AND copy_of_id IS NULL AND deleted_at IS NULL
    AND written_at <= %s AND written_at > %s
GROUP BY 1, 2
"""


@transaction.atomic
def catch_up(*, at: datetime) -> int:  # noqa: ARG001 - as the others that are woken
    """Count topics anew that have changed. Returns how many there were."""
    due = PostClusterDue.objects.order_by("pk").select_for_update(skip_locked=True)
    waiting = list(due.values_list("pk", "cluster")[:CHANGES])
    if not waiting:
        return 0
    keys = set(list(dict.fromkeys(cluster for _pk, cluster in waiting))[:AT_ONCE])
    taken = [pk for pk, cluster in waiting if cluster in keys]
    feeling = {
        name: Count("pk", filter=Q(triage__feeling=value))
        for name, value in (("negatives", Feeling.NEGATIVE), ("positives", Feeling.POSITIVE), ("unsure", ""))
    }
    found: dict[int, dict[str, Any]] = {
        row["cluster"] or 0: dict(row)
        for row in Post.objects.filter(WORKED, cluster__in=keys)
        .values("cluster")
        .annotate(
            n_posts=Count("pk"),
            n_copies=Sum("copies"),
            n_unread=Count("pk", filter=Q(read_at=None)),
            n_suggestions=Count("pk", filter=Q(kind=PostKind.SUGGESTION)),
            n_reach=Sum(REACHED + F("copies_reach")),
            first=Min("written_at"),
            last=Max("written_at"),
            **{f"n_{name}": one for name, one in feeling.items()},
        )
    }
    rows = list(
        PostCluster.objects.filter(pk__in=keys)
        .only("pk")
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",))
    )
    for row in rows:
        one = found.get(row.pk, {})
        for name in COUNTED:
            setattr(row, name, one.get(f"n_{name}") or 0)
        row.first_at, row.last_at = one.get("first"), one.get("last")
    bulk.update(PostCluster, rows, [*COUNTED, "first_at", "last_at"])
    PostClusterDue.objects.filter(pk__in=taken).delete()
    return len(keys)


@transaction.atomic
def compare(*, at: datetime) -> int:
    """Hold this week of every topic against its usual ones; gives how many grow.

    A topic grows when so many posts in a week would be rare if nothing had changed, of all topics tested
    (gaps.statistics: beta-binomial, since posts come in heaps; Benjamini and Hochberg).
    """
    with connection.cursor() as cursor:
        cursor.execute(BY_WEEK, [at, at, at - WEEK * (WEEKS + 1)])
        rows = cursor.fetchall()
    by_week: dict[int, dict[int, int]] = defaultdict(dict)
    for cluster, week, number in rows:
        by_week[cluster][week] = number
    first = Post.objects.aggregate(first=Min("written_at"))["first"]
    weeks = min(WEEKS, int((at - first) / WEEK) - 1) if first else 0
    tested = _tested(by_week, weeks) if weeks >= LEAST_WEEKS else {}
    changed = []
    known = PostCluster.objects.filter(Q(pk__in=by_week) | Q(week__gt=0) | Q(has_grown=True))
    for row in known.only(*GROWING).order_by("pk").select_for_update(no_key=True, of=("self",)):
        week = by_week.get(row.pk, {}).get(0, 0)
        usual = _usual(by_week.get(row.pk, {}), weeks) if weeks >= LEAST_WEEKS else None
        adjusted, grows = tested.get(row.pk, (None, False))
        if (row.week, row.usual, row.chance, row.has_grown) != (week, usual, adjusted, grows):
            row.week, row.usual, row.chance, row.has_grown = week, usual, adjusted, grows
            changed.append(row)
    bulk.update(PostCluster, changed, GROWING)
    return sum(grows for _adjusted, grows in tested.values())


def _usual(weeks: dict[int, int], number: int) -> float:
    return sum(n for week, n in weeks.items() if 1 <= week <= number) / number


def _tested(by_week: dict[int, dict[int, int]], weeks: int) -> dict[int, tuple[float, bool]]:
    """For each topic that could show something: how likely its week is by chance, and whether it grows."""
    varies = variance([(mine.get(week, 0), 7) for week in range(1, weeks + 1)] for mine in by_week.values())
    counts = {
        key: Counts(
            gaps=mine.get(0, 0),
            n=7,
            usual_gaps=sum(n for week, n in mine.items() if 1 <= week <= weeks),
            usual_n=7 * weeks,
        )
        for key, mine in by_week.items()
    }
    keys = [key for key, one in counts.items() if could_show(one, varies, weeks + 1)]
    adjusted = false_share([chance(counts[key], varies, weeks + 1) for key in keys])
    return {key: (one, has_grown(counts[key], one)) for key, one in zip(keys, adjusted, strict=True)}
