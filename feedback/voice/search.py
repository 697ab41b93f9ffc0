"""Searching reviews: all that hold some words and terms, newest first, page by page and uncounted.

What many reviews say is found among the newest few thousand, which are read first, a microsecond each. If it
is not, there is no telling how rare it is: the planner has no figures on words that it has never seen. So a
look takes up to RARE reviews by the index of words, in no order: if those are all, the newest of them are the
answer. Else they are many that lie long ago, and are looked for downwards in windows that grow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from config.common.asked import id_in, in_years
from config.common.errors import Invalid
from config.common.words import asked
from feedback.gaps.days import day_of
from feedback.models import Review, ReviewStatus
from feedback.voice.terms import Narrow, query

LONGEST = 120  # characters of a question
SIZE = 20
PUBLIC = 500
"""Reviews that members find at once."""
NEWEST_FEW = 10_000
RARE = 5_000
FIRST_WINDOW, GROWS = timedelta(days=30), 4
WINDOWS = 4

AT_THE_TOP = """
    SELECT review_id, written_at FROM (
        SELECT review_id, written_at, words FROM feedback_reviewwords WHERE {where}
        ORDER BY written_at DESC, review_id DESC LIMIT %(few)s
    ) newest
    WHERE words @@ %(wanted)s::tsquery ORDER BY written_at DESC, review_id DESC LIMIT %(size)s
"""
FIRST_LOOK = """
    WITH fitting AS MATERIALIZED (
        SELECT written_at, review_id FROM feedback_reviewwords WHERE {where} LIMIT %(most)s
    )
    SELECT review_id, written_at, (SELECT count(*) FROM fitting)
    FROM fitting ORDER BY written_at DESC, review_id DESC LIMIT %(size)s
"""
NEWEST = """
    SELECT review_id, written_at FROM feedback_reviewwords WHERE {where}
    ORDER BY written_at DESC, review_id DESC LIMIT %(size)s
"""
COUNT = "SELECT count(*) FROM (SELECT FROM feedback_reviewwords WHERE {where} LIMIT %(most)s) fitting"
LAST = "SELECT max(written_at) FROM feedback_reviewwords WHERE {where}"
Place = tuple[int, datetime]
"""A review's key and its moment."""


@dataclass(frozen=True, slots=True)
class Found:
    """A part of what was found."""

    rows: list[Review]
    words: list[str]
    """What was looked for, to be marked in the texts."""
    number: int | None
    """How many there are in all, where that is known, on the first page."""
    after: str | None
    """The cursor of the next part; None where there is none."""
    is_empty_question: bool = False
    """Whether nothing that was asked for is a word, such as signs alone."""


def search(text: str, narrow: Narrow, *, after: str = "", size: int = SIZE) -> Found:
    """The newest reviews that hold all words of a text, as far as they are wanted.

    Raises:
        Invalid: `after` is no cursor that a part gave.
    """
    text = _cut(text)
    words = asked(text)
    at = _read(after) if after else None
    if text and not words:
        return Found([], [], 0, None, is_empty_question=True)
    keys, number = newest(words, narrow, before=at, size=size + 1)
    rows = _in_order([pk for pk, _at in keys[:size]])
    cursor = f"{keys[size - 1][1].isoformat()}~{keys[size - 1][0]}" if len(keys) > size else None
    return Found(rows, words, number if at is None else None, cursor)


def newest(
    words: list[str], narrow: Narrow, *, before: Place | None = None, size: int
) -> tuple[list[Place], int | None]:
    """The keys and moments of the newest reviews that fit; how many fit in all, where that is known."""
    in_time, condition, given = _wanted(words, narrow, before)
    given |= {"size": size, "most": RARE + 1, "few": NEWEST_FEW}
    with connection.cursor() as cursor:
        if condition == in_time:
            cursor.execute(NEWEST.format(where=condition), given)
            return cursor.fetchall(), None
        cursor.execute(AT_THE_TOP.format(where=in_time), given)
        found = cursor.fetchall()
        if len(found) >= size:
            return found, None
        cursor.execute(FIRST_LOOK.format(where=condition), given)
        rows = cursor.fetchall()
        if not rows or rows[0][2] <= RARE:
            return [row[:2] for row in rows], rows[0][2] if rows else 0
        walk = NEWEST.format(where=f"{condition} AND written_at >= %(begins)s")
        cursor.execute(LAST.format(where=in_time), given)
        for begins in _windows(cursor.fetchone()[0]):
            cursor.execute(walk, {**given, "begins": begins})
            found = cursor.fetchall()
            if len(found) >= size:
                return found, None
        cursor.execute(NEWEST.format(where=condition), given)
        return cursor.fetchall(), None


def matching(product_id: int, text: str, *, most: int = PUBLIC) -> list[int]:
    """The first reviews of a product that hold words, or are followed by what holds them, and may be read.

    Of very many the newest. What of them is published, who shows them sees to.
    """
    words = asked(_cut(text))
    if not words:
        return []
    keys, _number = newest(words, Narrow(product=product_id, status=ReviewStatus.PUBLISHED), size=most)
    rows = Review.objects.filter(pk__in=[pk for pk, _at in keys]).values_list("follows", "pk")
    return list({follows or pk for follows, pk in rows})


def is_answered(review: Review) -> bool:
    """Whether everybody can read an answer to it."""
    return hasattr(review, "reply") and review.reply.is_public


def how_many(text: str, narrow: Narrow, *, most: int) -> int:
    """How many reviews fit, counted no further than `most`."""
    words = asked(_cut(text))
    if text.strip() and not words:
        return 0
    _in_time, condition, given = _wanted(words, narrow, None)
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(where=condition), {**given, "most": most})
        return int(cursor.fetchone()[0])


def _cut(text: str) -> str:
    return text.replace("\0", " ").strip()[:LONGEST]


def _wanted(words: list[str], narrow: Narrow, before: Place | None) -> tuple[str, str, dict[str, Any]]:
    """The condition of time, that and what has to stand in a review, and what both are filled with."""
    wanted = query([[word] for word in words] + narrow.groups())
    given: dict[str, Any] = {"wanted": wanted}
    where = ["true"]
    if narrow.since is not None:
        where.append("written_at >= %(since)s")
        given["since"] = day_of(narrow.since)[0]
    if narrow.until is not None:
        where.append("written_at < %(until)s")
        given["until"] = day_of(narrow.until)[1]
    if before is not None:
        where.append("(written_at, review_id) < (%(at)s, %(pk)s)")
        given |= {"pk": before[0], "at": before[1]}
    in_time = " AND ".join(where)
    return in_time, f"{in_time} AND words @@ %(wanted)s::tsquery" if wanted else in_time, given


def _windows(last: datetime) -> Iterator[datetime]:
    """Where windows begin that end with the last review and grow."""
    for step in range(WINDOWS):
        yield last - FIRST_WINDOW * GROWS**step


def _in_order(keys: list[int]) -> list[Review]:
    """The reviews with what a list shows of them, in the order of their keys. Three queries."""
    rows = Review.objects.filter(pk__in=keys).select_related("product", "triage", "reply", "follows")
    known = {row.pk: row for row in rows.prefetch_related("pictures")}
    return [known[pk] for pk in keys if pk in known]


def _read(cursor: str) -> Place:
    moment, _sign, pk = cursor.partition("~")
    number = id_in(pk)
    try:
        at = parse_datetime(moment)
    except ValueError:
        at = None
    if at is None or number is None or timezone.is_naive(at) or not in_years(at):
        raise Invalid(_("This page does not exist."))
    return number, at
