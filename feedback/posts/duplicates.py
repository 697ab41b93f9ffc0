"""Posts that say the same as an earlier one: they count with it and are not worked twice.

Who says the same in few words has not copied it: a text needs ten shingles to be compared. What one member
suggests is never a copy of what another one does; each of them is answered.
"""

from collections.abc import Iterable, Mapping, Sequence

from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Greatest

from config.common import bulk
from feedback.models import Post, PostBand
from feedback.moderation.shingles import Shingles, alike, bands, shingles

SIMILAR = 0.75
"""The share of shingles in common from which on a post is a copy."""
A_BAND = 10
"""So many of the first under one digest are looked at: an original is older than its copies."""
REACHED = Greatest("reads", F("likes") + F("comments") + F("shares"))
"""How many one post reached by itself."""
LIKELY = """
SELECT asked.post, found.post_id
FROM unnest(%s::bigint[], %s::bigint[]) AS asked(post, hash)
CROSS JOIN LATERAL (
    SELECT post_id FROM feedback_postband
    WHERE hash = asked.hash AND post_id < asked.post ORDER BY post_id LIMIT %s
) AS found
GROUP BY 1, 2
"""


def keep(posts: Sequence[Post]) -> dict[int, Shingles]:
    """Keep the digests of posts as they read now; gives their shingles."""
    found = {post.pk: shingles(f"{post.title}\n{post.text}") for post in posts}
    hashes = [(pk, one) for pk, own in found.items() for one in set(bands(own))]
    PostBand.objects.filter(post__in=found).delete()
    bulk.insert_columns(
        PostBand,
        {"post": [pk for pk, _hash in hashes], "hash": [one for _pk, one in hashes]},
        {},
        skip_known=True,
    )
    return found


def likely(post_ids: Sequence[int]) -> dict[int, list[int]]:
    """For each post earlier ones that may say the same. One query, by the index."""
    asked = list(PostBand.objects.filter(post__in=post_ids).values_list("post", "hash"))
    with connection.cursor() as cursor:
        cursor.execute(LIKELY, [[pk for pk, _hash in asked], [one for _pk, one in asked], A_BAND])
        rows = cursor.fetchall()
    found: dict[int, list[int]] = {}
    for post, other in sorted(rows):
        found.setdefault(post, []).append(other)
    return found


def original(
    post: Post, own: Mapping[int, Shingles], others: Iterable[int], known: Mapping[int, Post]
) -> int | None:
    """The first post that says the same; of a copy, its original. None where nobody said it before."""
    for key in others:
        other = known.get(key)
        if other is None or other.deleted_at is not None or not _may_copy(post, other):
            continue
        if alike(own[post.pk], own.get(key, shingles(f"{other.title}\n{other.text}"))) >= SIMILAR:
            return other.copy_of_id or other.pk
    return None


def _may_copy(post: Post, other: Post) -> bool:
    return not (post.is_suggestion or other.is_suggestion) or post.member_id == other.member_id


def count(originals: Iterable[int]) -> None:
    """Count the copies of some posts anew, and how many they reached. The rows are locked by the caller."""
    wanted = sorted(set(originals))
    counted = (
        Post.objects.filter(copy_of__in=wanted, deleted_at=None)
        .annotate(reached=REACHED)
        .values("copy_of")
        .annotate(n=Count("pk"), sum=Sum("reached"))
        .values_list("copy_of", "n", "sum")
    )
    found = {key: (n, total) for key, n, total in counted}
    rows = list(Post.objects.filter(pk__in=wanted).only("copies", "copies_reach"))
    changed = []
    for row in rows:
        copies, total = found.get(row.pk, (0, 0))
        if (row.copies, row.copies_reach) != (copies, total):
            row.copies, row.copies_reach = copies, total
            changed.append(row)
    bulk.update(Post, changed, ["copies", "copies_reach"])


WORKED = Q(copy_of=None, deleted_at=None)
"""What is worked on: no copies, nothing that was deleted."""
