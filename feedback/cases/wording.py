"""Keeping the words of cases findable: a follower of the event log, a few seconds behind what is said."""

from collections.abc import Iterable, Sequence

from config.common.following import follow
from config.common.models import Event
from config.common.words import Lexemes, words
from feedback.models import Case, CaseWords, Handoff, Message

READER = "case-words"
ROUNDS = 50
LONGEST = 200_000  # signs of a case that are looked at; a tsvector holds no more than a megabyte
SPOKEN = frozenset(
    {
        "case.opened", "case.replied", "case.member_wrote", "case.noted", "case.transferred", "case.resolved",
        "case.reopened", "case.merged", "case.took_in", "case.split", "case.closed", "case.waits",
        "case.goes_on", "case.courier_asked", "case.courier_answered", "case.call_promised",
        "case.called_back", "case.refunded", "case.review_answered", "case.reply_failed", "chat.said",
        "chat.ended", "chat.message_left",
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
    """Write the words of some cases anew."""
    ids = sorted(case_ids)
    texts = {pk: [subject] for pk, subject in Case.objects.filter(pk__in=ids).values_list("pk", "subject")}
    messages = Message.objects.filter(case__in=ids).order_by("pk").values_list("case", "body")
    handoffs = Handoff.objects.filter(case__in=ids).order_by("pk")
    for pk, body in messages:
        texts[pk].append(body)
    for pk, question, answer in handoffs.values_list("case", "question", "answer"):
        texts[pk] += [question, answer]
    CaseWords.objects.bulk_create(
        [
            CaseWords(case_id=pk, words=Lexemes(words("\n".join(parts)[:LONGEST])))
            for pk, parts in texts.items()
        ],
        update_conflicts=True,
        unique_fields=["case"],
        update_fields=["words"],
    )
