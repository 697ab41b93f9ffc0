"""Watched words: the posts in which they stand, and an alert when bad ones come in a heap.

What happened in the last day is held against the four weeks before (gaps.statistics: beta-binomial, since
posts come in heaps). A jump is told once, and over when what is said is usual again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils.translation import gettext_lazy as _

from config.common.events import record
from config.common.words import plain
from feedback.gaps.statistics import Counts, chance, variance
from feedback.models import Post, WatchHit, WatchJump, WatchWord
from feedback.org import alerts
from feedback.org.queries import colleagues
from feedback.posts import placing

DAY = timedelta(days=1)
DAYS = 28
LEAST_DAYS = 7
"""With fewer nobody knows what is usual."""
RARE = 0.001
"""So unlikely by chance that somebody is alerted: of a thousand looks where nothing has changed, one."""
USUAL = 0.05
"""From here on what was a jump is none any more."""
TIMES = 2.0
LOOKS_BACK = timedelta(days=63)
BATCH = 2_000
JUMPED = _("Many negative posts about “%(name)s”: %(n)s within a day, %(usual)s as usual")
BY_DAY = """
SELECT hit.watch_id, floor(extract(epoch FROM %s - post.written_at) / 86400)::int AS day, count(*)
FROM feedback_watchhit hit
JOIN feedback_post post ON post.id = hit.post_id
JOIN feedback_triage triage ON triage.post_id = post.id AND triage.feeling = 'negative'
WHERE post.copy_of_id IS NULL AND post.deleted_at IS NULL
    AND post.written_at <= %s AND post.written_at > %s
GROUP BY 1, 2
"""


def finds(words: Iterable[str], text: str) -> bool:
    """Whether one of some words stands in a text that is plain already."""
    return any(found in text for word in words if (found := plain(word).strip()))


def note(posts: Sequence[Post]) -> None:
    """Keep in which of some locked posts watched words stand, as they read now."""
    watched = list(WatchWord.objects.filter(is_active=True))
    texts = {post.pk: plain(f"{post.title}\n{post.text}") for post in posts}
    WatchHit.objects.filter(post__in=texts).delete()
    WatchHit.objects.bulk_create(
        WatchHit(watch=one, post_id=pk)
        for one in watched
        for pk, text in texts.items()
        if finds(one.words, text)
    )


@transaction.atomic
def search(*, at: datetime) -> int:
    """Search the posts of the last weeks for words that are new, or others than before; how many words."""
    fresh = list(WatchWord.objects.filter(is_active=True, looked_up_to=0).order_by("pk"))
    if not fresh:
        return 0
    placing.hold()
    last = Post.objects.aggregate(last=Max("pk"))["last"] or 0
    recent = Post.objects.filter(written_at__gt=at - LOOKS_BACK).order_by("pk")
    for one in fresh:
        WatchHit.objects.filter(watch=one).delete()
        rows = recent.values_list("pk", "title", "text").iterator(chunk_size=BATCH)
        hits = [
            WatchHit(watch=one, post_id=pk)
            for pk, title, text in rows
            if finds(one.words, plain(f"{title}\n{text}"))
        ]
        WatchHit.objects.bulk_create(hits, batch_size=BATCH, ignore_conflicts=True)
        WatchWord.objects.filter(pk=one.pk).update(looked_up_to=max(last, 1))
    return len(fresh)


@transaction.atomic
def look(*, at: datetime) -> int:
    """Begin and end jumps, and alert departments to those that begin; gives how many began."""
    watched = WatchWord.objects.select_for_update(no_key=True, of=("self",)).select_related("department")
    rows = {one.pk: one for one in watched.filter(is_active=True).order_by("pk")}
    with connection.cursor() as cursor:
        cursor.execute(BY_DAY, [at, at, at - DAY * (DAYS + 1)])
        counted: dict[int, dict[int, int]] = {}
        for watch, day, number in cursor.fetchall():
            counted.setdefault(watch, {})[day] = number
    first = Post.objects.aggregate(first=Min("written_at"))["first"]
    days = min(DAYS, int((at - first) / DAY) - 1) if first else 0
    running = {jump.watch_id: jump for jump in WatchJump.objects.filter(ended_at=None)}
    began = 0
    for key, one in rows.items():
        by_day = counted.get(key, {})
        counts = _counts(by_day, days)
        rare = _chance(by_day, counts, days)
        if key in running:
            if counts.gaps < one.least or rare > USUAL:
                _end(running[key], at)
        elif counts.gaps >= one.least and rare < RARE and (counts.ratio is None or counts.ratio >= TIMES):
            _begin(one, counts, rare, days, at)
            began += 1
    for key, jump in running.items():
        if key not in rows:
            _end(jump, at)
    return began


def _counts(by_day: dict[int, int], days: int) -> Counts:
    usual = sum(n for day, n in by_day.items() if 1 <= day <= days)
    return Counts(gaps=by_day.get(0, 0), n=1, usual_gaps=usual, usual_n=days)


def _chance(by_day: dict[int, int], counts: Counts, days: int) -> float:
    if days < LEAST_DAYS:
        return 1.0
    varies = variance([[(by_day.get(day, 0), 1) for day in range(1, days + 1)]])
    return chance(counts, varies, days + 1)


def _begin(watch: WatchWord, counts: Counts, rare: float, days: int, at: datetime) -> None:
    usual = counts.usual_gaps / days
    jump = WatchJump.objects.create(watch=watch, began_at=at, negatives=counts.gaps, usual=usual, chance=rare)
    record("watchword.jumped", watch, actor=None, at=at, jump=jump.pk, negatives=counts.gaps, usual=usual)
    alerts.alert_jump(
        users=[agent.user for agent in colleagues(watch.department).select_related("user")],
        jump=jump,
        kind="watchword.jumped",
        title=JUMPED,
        data={"name": watch.name, "n": counts.gaps, "usual": f"{usual:.1f}"},
        department=watch.department,
        at=at,
    )


def _end(jump: WatchJump, at: datetime) -> None:
    jump.ended_at = at
    jump.save(update_fields=["ended_at"])
    record("watchword.calmed", jump.watch, actor=None, at=at, jump=jump.pk)
