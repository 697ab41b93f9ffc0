"""Finding words that may speak of a need."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from config.common.models import User
from feedback.voice import search as voice
from feedback.voice.terms import Narrow
from surveys.models import Evidence, Need
from surveys.needs import seeing

LONGEST = 60
MOST = 50
RESPONSES = 100
"""At once."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that was said; `key` names it in a form."""

    key: str
    text: str
    said_on: date
    where: str


def find(need: Need, source: str, text: str, user: User) -> Sequence[Found]:
    """The newest that hold the words, that this person may read, and that do not speak of the need yet."""
    rows = seeing.rows(source, user)
    known = Evidence.objects.filter(need=need, **{source: OuterRef("pk")})
    rows = rows.filter(~Exists(known))
    if source == "review":
        held = [one.pk for one in voice.search(text, Narrow(), size=MOST).rows]
        rows = rows.filter(pk__in=held)
    elif source == "case":
        rows = rows.filter(subject__icontains=text)
    else:
        rows = rows.filter(text__icontains=text)
    order = {"answer": "response__week", "passage": "interview__month", "case": "opened_at"}
    newest = rows.order_by(f"-{order.get(source, 'written_at')}", "-pk")[:MOST]
    return [_found(source, row) for row in newest]


def _found(source: str, row: Any) -> Found:
    if source == "answer":
        return Found(f"answer:{row.pk}", row.text, row.response.week, str(row.response.wave.campaign))
    moment: datetime = seeing.moment_of(row)
    text = row.subject if source == "case" else row.text
    where = row.number if source == "case" else ""
    return Found(f"{source}:{row.pk}", text, timezone.localtime(moment).date(), where)


def words_in(responses: Sequence[int], user: User) -> Sequence[Found]:
    """What was written in some responses, as far as this person may read it. One query."""
    rows = seeing.rows("answer", user).filter(response__in=responses).exclude(text="")
    ordered = rows.order_by("-response__week", "response", "question__position", "pk")
    return [Found(f"answer:{row.pk}", row.text, row.response.week, str(row.question)) for row in ordered]
