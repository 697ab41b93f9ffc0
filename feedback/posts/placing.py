"""Putting posts into topics, one after another in the order of their numbers."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max, Q

from config.common import bulk
from feedback.models import LexiconEntry, Post, PostCluster, PostClustering, PostTerm
from feedback.posts import topics
from feedback.posts.topics import Topics, Vector

ALONE = timedelta(days=60)
"""For how long a post that is alone waits for another one like it."""
State = tuple[int, int, int, int]
_kept: list[tuple[State, Topics, dict[int, int]]] = []
"""The topics as this process has left them."""


def hold() -> PostClustering:
    """Take the lock under which topics change, before any topic or post is locked."""
    PostClustering.objects.bulk_create([PostClustering(pk=1)], ignore_conflicts=True)
    return PostClustering.objects.select_for_update().get(pk=1)


def changed(held: PostClustering) -> None:
    """Note that topics are others than before, so that no process goes on with what it knows."""
    held.version += 1
    held.save(update_fields=["posts", "version"])


def judging() -> frozenset[str]:
    """Words of the lexicon that only judge: 不错 tells nothing of what somebody speaks about."""
    words = LexiconEntry.objects.filter(aspect="", is_active=True).exclude(weight=0)
    return frozenset(words.values_list("word", flat=True))


def words_of(post: Post, judge: frozenset[str]) -> Vector:
    """The words by which a post is placed; none where too few tell anything."""
    found = topics.vector(topics.terms(f"{post.title}\n{post.text}", judge))
    return found if len(found) >= topics.FEWEST else {}


def place(posts: Sequence[Post], held: PostClustering, *, at: datetime) -> None:
    """Put posts into topics, in the caller's transaction, which holds the lock and writes the posts.

    Where people have put one, it stays; its words count for its topic all the same.
    """
    known, goes = _look_up(held, at)
    judge, learnt = judging(), Counter[str]()
    fresh = iter(_numbers(len(posts)))
    made: dict[int, PostCluster] = {}
    touched: set[int] = set()
    for post in sorted(posts, key=lambda one: one.pk):
        words = words_of(post, judge)
        if not words:
            if not post.is_placed_by_people:
                post.cluster_id = None
            continue
        known.learn(words)
        learnt.update(set(words))
        if post.is_placed_by_people and post.cluster_id is not None:
            key = post.cluster_id
        elif found := known.nearest(words):
            key = goes.get(found[0], found[0])
        else:
            key = next(fresh)
            made[key] = PostCluster(pk=key, made_at=at)
        known.grow(key, words)
        touched.add(key)
        post.cluster_id = key
    PostCluster.objects.bulk_create(made.values())
    _write(known, touched)
    _count(learnt)
    held.posts = known.posts
    changed(held)
    state = _state(held)
    transaction.on_commit(lambda: _kept.__setitem__(slice(None), [(state, known, goes)]))


def _write(known: Topics, touched: set[int]) -> None:
    """Write the words of topics down, and the names of those that nobody has named."""
    rows = list(PostCluster.objects.filter(pk__in=touched).only("is_named", "name"))
    for row in rows:
        row.terms = {term: round(weight, 6) for term, weight in known.sums[row.pk].items()}
        row.size = known.sizes[row.pk]
        row.keywords = known.keywords(row.pk)
        if not row.is_named:
            row.name = topics.name_of(row.keywords)[:120]
    bulk.update(PostCluster, rows, ["terms", "size", "keywords", "name"])


def _count(learnt: Counter[str]) -> None:
    terms = sorted(learnt)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feedback_postterm (term, posts)"
            " SELECT unnest(%s::text[]), unnest(%s::int[])"
            " ON CONFLICT (term) DO UPDATE SET posts = feedback_postterm.posts + EXCLUDED.posts",
            [bulk.texts(terms), bulk.array(learnt[term] for term in terms)],
        )


def _numbers(number: int) -> list[int]:
    """Keys of topics that may be needed, ahead."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('feedback_postcluster', 'id'))"
            " FROM generate_series(1, %s)",
            [number],
        )
        return [row[0] for row in cursor.fetchall()]


def _state(held: PostClustering) -> State:
    last = PostCluster.objects.aggregate(last=Max("pk"))["last"] or 0
    word = PostTerm.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return held.version, held.posts, last, word


def _look_up(held: PostClustering, at: datetime) -> tuple[Topics, dict[int, int]]:
    """The topics as they stand: what this process knows, if nobody else was there since.

    What this process knows is changed as it is used, so it is given away until all is committed.
    """
    state = _state(held)
    mine = _kept.pop() if _kept else None
    if mine is not None and mine[0] == state:
        return mine[1], mine[2]
    standing = dict(PostTerm.objects.values_list("term", "posts").iterator(chunk_size=10_000))
    known, goes = Topics(held.posts, standing), {}
    waits = Q(size__gte=2) | Q(made_at__gte=at - ALONE) | Q(is_kept=True) | Q(is_named=True)
    rows = PostCluster.objects.filter(waits, size__gte=1).order_by("pk")
    for key, words, size, into in rows.values_list("pk", "terms", "size", "merged_into").iterator():
        known.put(key, words, size)
        if into is not None:
            goes[key] = into
    return known, goes
