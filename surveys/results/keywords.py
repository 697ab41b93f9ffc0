"""What open answers speak of, and what has changed from one month to the next.

A word counts once an answer. Its share of the month's answers is compared with that of the month before, and
the chances of all words are adjusted together (Holm). Words are cut and chosen as those of posts are
(feedback.posts.topics). Of anonymous waves only words of at least the smallest cell are told, and no text.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from config.common.statistics import LEVEL, holm, two_proportions
from feedback.posts.topics import terms
from surveys.models import Dimension
from surveys.results.answers import Source, told_up_to, weeks_of
from surveys.results.counted import COLUMNS
from surveys.results.hiding import is_over
from surveys.results.questions import TEXTS, Asked

MOST_TEXTS = 20_000
"""Texts of a month that are read, the newest."""
MOST_WORDS = 40
FEWEST = 3
"""Texts of both months together that a word stands in."""
QUOTES = 3
QUOTED = 160
ERASED = "—"
TOLD = """
    SELECT answer.id, answer.text, response.at
    FROM unnest(%(waves)s::bigint[], %(until)s::date[]) AS asked (wave_id, until)
    JOIN surveys_response response ON response.wave_id = asked.wave_id
     AND (asked.until IS NULL OR response.week <= asked.until)
    JOIN surveys_answer answer ON answer.response_id = response.id AND answer.question_id = ANY(%(questions)s)
    WHERE answer.text NOT IN ('', %(erased)s) AND {month} AND {conditions}
    ORDER BY response.week DESC, answer.id DESC LIMIT %(most)s
"""
OF_MOMENT = "response.at >= %(since)s AND response.at < %(before)s"
OF_WEEK = "response.week >= %(since)s::date AND response.week < %(before)s::date"


@dataclass(frozen=True, slots=True)
class Word:
    """A word: in how many answers of the month and of the one before, and texts that it stands in."""

    word: str
    n: int
    n_before: int
    share: float
    share_before: float | None
    difference: float | None
    is_sure: bool
    is_few: bool
    quotes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a month, those that have moved for sure first; how many texts were read."""

    month: date
    before: date
    texts: int | None
    texts_before: int | None
    words: Sequence[Word]


def month_before(month: date) -> date:
    """The first day of the month before."""
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def month_after(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def texts_of(questions: Sequence[Asked]) -> list[Asked]:
    """The questions that are answered in words."""
    return [one for one in questions if one.kind in TEXTS]


def words(source: Source, month: date, *, judging: Iterable[str] = ()) -> Words:
    """The words of a month against the one before. Those of anonymous waves are by the week's Monday."""
    before = month_before(month)
    now, then = _texts(source, month), _texts(source, before)
    leave = frozenset(judging)
    heard, heard_before = ([frozenset(terms(text, leave)) for text in texts] for texts in (now, then))
    counts, counts_before = (
        Counter(word for one in texts for word in one) for texts in (heard, heard_before)
    )
    smallest = source.smallest if source.campaign.is_anonymous else 1
    few = {len(now), len(then)} & set(range(smallest)) - {0} if smallest > 1 else set()
    if few:
        return Words(month, before, None, None, ())
    kept = [
        word
        for word, n in (counts + counts_before).items()
        if n >= FEWEST
        and _told(counts[word], smallest)
        and _told(counts_before[word], smallest)
        and (smallest == 1 or _told(len(now) - counts[word], smallest))
    ]
    kept.sort(key=lambda word: (-counts[word], -counts_before[word], word))
    texts = list(zip(now, heard, strict=True))
    told = _compared(kept, (counts, len(now)), (counts_before, len(then)), source, texts)
    return Words(month, before, len(now), len(then), told)


def _told(n: int, smallest: int) -> bool:
    return n == 0 or n >= smallest


def _compared(
    kept: Sequence[str],
    now: tuple[Counter[str], int],
    then: tuple[Counter[str], int],
    source: Source,
    texts: Sequence[tuple[str, frozenset[str]]],
) -> list[Word]:
    (counts, n), (counts_before, n_before) = now, then
    tests = [two_proportions(counts_before[word], n_before, counts[word], n) for word in kept]
    is_few = min(n, n_before) < source.few
    chances = holm([test.chance if test.chance is not None else 1.0 for test in tests])
    found = []
    for word, test, chance in zip(kept, tests, chances, strict=True):
        found.append(
            Word(
                word,
                counts[word],
                counts_before[word],
                counts[word] / n if n else 0.0,
                counts_before[word] / n_before if n_before else None,
                test.difference,
                is_sure=not is_few and chance <= LEVEL,
                is_few=is_few,
                quotes=(),
            )
        )
    found.sort(key=lambda one: (not one.is_sure, -one.n, -one.n_before, one.word))
    return [_with_quotes(one, source, texts) for one in found[:MOST_WORDS]]


def _with_quotes(one: Word, source: Source, texts: Sequence[tuple[str, frozenset[str]]]) -> Word:
    if source.campaign.is_anonymous:
        return one
    quotes = [_cut(text) for text, heard in texts if one.word in heard][:QUOTES]
    return Word(
        one.word, one.n, one.n_before, one.share, one.share_before, one.difference,
        is_sure=one.is_sure, is_few=one.is_few, quotes=quotes,
    )  # fmt: skip


def _cut(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"


def _texts(source: Source, month: date) -> list[str]:
    """The texts of a month, the newest first; of anonymous waves in the order of drawn numbers."""
    given: dict[str, Any] = source.cut.given
    since, before = (_midnight(day) for day in (month, month_after(month)))
    if source.campaign.is_anonymous:
        last = told_up_to(source)
        if last is None or source.cut.narrow or not _is_whole(source, month, last):
            return []
        given["until"] = [last]
    given |= {
        "questions": [pk for one in texts_of(source.questions) for pk in one.numbers],
        "since": since,
        "before": before,
        "erased": ERASED,
        "most": MOST_TEXTS,
    }
    conditions = ["true"]
    for place, (name, values) in enumerate(source.cut.narrow):
        given[f"narrow{place}"] = list(values)
        conditions.append(COLUMNS[Dimension(name)].format(name=f"narrow{place}"))
    statement = TOLD.format(
        month=OF_WEEK if source.campaign.is_anonymous else OF_MOMENT, conditions=" AND ".join(conditions)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return [text for _pk, text, _at in cursor.fetchall()]


def _is_whole(source: Source, month: date, last: date) -> bool:
    """Whether all weeks of a month are over and told of: nothing makes another count of it any more."""
    ends = month_after(month)
    over = ends + timedelta(days=-ends.weekday() % 7) <= timezone.localdate(source.at)
    return is_over(source.waves[0], source.at) or (
        over and not any(last < week < ends for week in weeks_of(source))
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone())
