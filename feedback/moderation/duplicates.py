"""Reviews whose text is nearly the same as another's, found by an index, however many reviews there are."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import connection

from config.common import bulk
from feedback.models import Review, ReviewBand
from feedback.moderation.shingles import Shingles, alike

A_BAND = 20
"""So many of the latest under one digest are looked at: what thousands wrote is found among these."""
COMPARED = 20
MOST = 5
LIKELY = """
SELECT asked.review, found.review_id, count(*)
FROM unnest(%s::bigint[], %s::bigint[]) AS asked(review, hash)
CROSS JOIN LATERAL (
    SELECT review_id FROM feedback_reviewband
    WHERE hash = asked.hash AND review_id < asked.review
    ORDER BY review_id DESC LIMIT %s
) AS found
GROUP BY 1, 2
"""


def keep(hashes: Mapping[int, Sequence[int]]) -> None:
    """Keep the digests of reviews, so that later ones are compared with them. Again changes nothing."""
    rows = [(pk, one) for pk, of_review in hashes.items() for one in set(of_review)]
    bulk.insert_columns(
        ReviewBand,
        {"review": [pk for pk, _hash in rows], "hash": [one for _pk, one in rows]},
        {},
        skip_known=True,
    )


def forget(review_ids: Collection[int]) -> None:
    """Let texts that were rewritten or erased be found no longer."""
    ReviewBand.objects.filter(review__in=review_ids).delete()


def likely(hashes: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    """For each review earlier ones that may be nearly the same, the likeliest first. One query, by the index.

    Who is copied has done nothing: only the later of two is like the other.
    """
    asked = [(pk, one) for pk, of_review in hashes.items() for one in of_review]
    with connection.cursor() as cursor:
        cursor.execute(LIKELY, [[pk for pk, _hash in asked], [one for _pk, one in asked], A_BAND])
        rows = cursor.fetchall()
    found: dict[int, list[int]] = {}
    for review, other, _shared in sorted(rows, key=lambda row: (-row[2], row[1])):
        found.setdefault(review, []).append(other)
    return found


def same(
    review: Review,
    own: Shingles,
    others: Sequence[tuple[Review, Shingles]],
    *,
    similarity: float,
) -> list[dict[str, Any]]:
    """Those of other members that share enough, the most alike first: what a moderator is shown."""
    shares = [(alike(own, theirs), other) for other, theirs in others if other.member_id != review.member_id]
    near = [(share, other) for share, other in shares if share >= similarity]
    near.sort(key=lambda one: (-one[0], one[1].pk))
    return [{"review": other.pk, "percent": round(share * 100)} for share, other in near[:MOST]]
