"""Keeping the words of reviews findable, with what lists of them are narrowed by."""

from collections.abc import Collection
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Exists, OuterRef

from config.common.words import Lexemes, words
from feedback.models import Reply, Review, ReviewPicture, ReviewWords
from feedback.voice.terms import Facts, terms_of

LONGEST = 20_000  # signs of a review that are looked at
NAMES = (
    "product", "source", "stars", "status", "is_rewarded", "has_picture", "is_replied", "feeling", "aspects",
    "tones",
)  # fmt: skip


def put(review_ids: Collection[int]) -> None:
    """Write the words of some reviews anew. Of those that their members took back they go."""
    rows = list(
        Review.objects.filter(pk__in=review_ids, deleted_at=None)
        .annotate(
            has_picture=Exists(ReviewPicture.objects.filter(review=OuterRef("pk"))),
            is_replied=Exists(Reply.objects.filter(review=OuterRef("pk")).exclude(public_text="")),
        )
        .order_by("pk")
        .values_list(
            "pk", "written_at", "title", "text", "product", "source", "stars", "status", "is_rewarded",
            "has_picture", "is_replied", "triage__feeling", "triage__aspects", "triage__tones",
        )
    )  # fmt: skip
    ReviewWords.objects.bulk_create(
        [_row(*row[:4], dict(zip(NAMES, row[4:], strict=True))) for row in rows],
        update_conflicts=True,
        unique_fields=["review"],
        update_fields=["written_at", "words"],
        batch_size=500,
    )
    ReviewWords.objects.filter(review__in=set(review_ids) - {row[0] for row in rows}).delete()


def _row(pk: int, written_at: datetime, title: str, text: str, facts: dict[str, Any]) -> ReviewWords:
    known = Facts(**{**facts, "aspects": facts["aspects"] or (), "tones": facts["tones"] or {}})
    said = words(f"{title}\n{text}"[:LONGEST])
    return ReviewWords(review_id=pk, written_at=written_at, words=Lexemes(chain(said, terms_of(known))))
