"""Keeping the words of cases findable: a follower of the event log, a few seconds behind what is said."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Count, QuerySet

from config.common.following import follow
from config.common.models import Event
from config.common.words import Lexemes, words
from feedback.models import Case, CaseWords, Handoff, Message

READER = "case-words"
ROUNDS = 50
LONGEST = 200_000  # signs of a case that are looked at
BYTES = 900_000  # of the words that are kept: a tsvector holds no more than a megabyte
FEW = 100  # messages and questions of a case that are read whole
AT_ONCE = 10  # such cases
FIRST, LAST, ASKED = 50_000, 100_000, 49_000  # signs of a case with more, and of its newest questions
MOST = 5_000  # messages that are looked at for them
READ = 50  # messages that are in memory at once meanwhile
SPOKEN = frozenset(
    {
        "case.opened", "case.corrected", "case.replied", "case.member_wrote", "case.noted",
        "case.transferred", "case.resolved", "case.reopened", "case.merged", "case.took_in", "case.split",
        "case.closed", "case.waits", "case.goes_on", "case.courier_asked", "case.courier_answered",
        "case.call_promised", "case.called_back", "case.refunded", "case.review_answered",
        "case.reply_failed", "chat.said", "chat.ended", "chat.message_left",
    }
)  # fmt: skip
"""Events after which a case may have other words; those of handoffs beside them."""


def catch_up() -> int:
    """Take up what was said since the last time. Returns how many events were read."""
    total = 0
    for _round in range(ROUNDS):
        read = follow(READER, _take_up)
        total += read
        if not read:
            break
    return total


def _take_up(events: Sequence[Event]) -> None:
    ids = {event.subject_id for event in events if event.subject_type == "case" and event.kind in SPOKEN}
    ids.update(int(event.data["case"]) for event in events if event.subject_type == "handoff")
    put(ids)


def put(case_ids: Iterable[int]) -> None:
    """Write the words of some cases anew. What is read at once is bounded, however much was said.

    A case in which much was said can be found by its subject, by what was said first and last, and by the
    newest questions to departments: up to FIRST, LAST and ASKED signs of them.
    """
    ids = sorted(case_ids)
    subjects = dict(Case.objects.filter(pk__in=ids).values_list("pk", "subject"))
    counts: Counter[int] = Counter()
    for model in (Message, Handoff):
        rows = model._default_manager.filter(case__in=subjects).order_by().values_list("case")
        counts.update(dict(rows.annotate(Count("pk"))))
    for some in _slices(pk for pk in subjects if counts[pk] <= FEW):
        texts = {pk: [subjects[pk]] for pk in some}
        for pk, *parts in (*_said(some), *_asked(some)):
            texts[pk] += parts
        _write(texts)
    for pk in (pk for pk in subjects if counts[pk] > FEW):
        _write({pk: [subjects[pk], *_first_and_last(pk)]})


def _slices(ids: Iterable[int]) -> Iterator[list[int]]:
    left = list(ids)
    while left:
        yield left[:AT_ONCE]
        left = left[AT_ONCE:]


def _said(ids: Sequence[int]) -> QuerySet[Message, tuple[Any, ...]]:
    return Message.objects.filter(case__in=ids).order_by("pk").values_list("case", "body")


def _asked(ids: Sequence[int]) -> QuerySet[Handoff, tuple[Any, ...]]:
    return Handoff.objects.filter(case__in=ids).order_by("pk").values_list("case", "question", "answer")


def _first_and_last(case_id: int) -> Iterator[str]:
    """The parts of a huge case that are kept, read no further than they are kept."""
    thread = Message.objects.filter(case=case_id).values_list("body", flat=True)
    yield from _up_to(FIRST, thread.order_by("at", "pk")[:MOST])
    yield from _up_to(LAST, thread.order_by("-at", "-pk")[:MOST])
    asked = Handoff.objects.filter(case=case_id).order_by("-pk").values_list("question", "answer")[:MOST]
    yield from _up_to(ASKED, (text for pair in asked.iterator(READ) for text in pair))


def _up_to(signs: int, texts: QuerySet[Any, str] | Iterable[str]) -> Iterator[str]:
    for text in texts.iterator(READ) if isinstance(texts, QuerySet) else texts:
        if signs <= 0:
            return
        yield text[:signs]
        signs -= len(text)


def _write(texts: Mapping[int, Sequence[str]]) -> None:
    CaseWords.objects.bulk_create(
        [
            CaseWords(case_id=pk, words=Lexemes(_fitting(words("\n".join(parts)[:LONGEST]))))
            for pk, parts in texts.items()
        ],
        update_conflicts=True,
        unique_fields=["case"],
        update_fields=["words"],
    )


def _fitting(found: Iterable[str]) -> Iterator[str]:
    """Each word once, in the order of the text, as many as a tsvector holds."""
    known: set[str] = set()
    room = BYTES
    for word in found:
        if word in known:
            continue
        room -= len(word.encode())
        if room < 0:
            return
        known.add(word)
        yield word
