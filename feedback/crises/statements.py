"""What we say in public: written in versions, published by who may, taken down at the all-clear at last."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases.rules import clean_text
from feedback.crises.joining import locked
from feedback.models import Crisis, Statement, StatementStatus

TITLE, BODY, AFFECTED = 120, 4000, 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a statement says. Plain text: nothing in it is read as markup anywhere."""

    title: str
    body: str
    title_en: str = ""
    body_en: str = ""
    for_affected: str = ""
    for_affected_en: str = ""


@transaction.atomic
def write(*, crisis_id: int, words: Words, actor: User, at: datetime) -> Statement:
    """Write the next version. What is published stays so until this one is.

    Raises:
        NotFound: there is no such crisis.
        WrongState: it does not go on.
        Invalid: a title or text is missing or too long, or half of the English is.
    """
    crisis = locked(crisis_id)
    said = Words(
        title=" ".join(clean_text(words.title, limit=TITLE).split()),
        body=clean_text(words.body, limit=BODY),
        title_en=" ".join(clean_text(words.title_en, limit=TITLE).split()),
        body_en=clean_text(words.body_en, limit=BODY),
        for_affected=clean_text(words.for_affected, limit=AFFECTED),
        for_affected_en=clean_text(words.for_affected_en, limit=AFFECTED),
    )
    if not (said.title and said.body):
        raise Invalid(_("A statement needs a title and a text."))
    if bool(said.title_en) != bool(said.body_en):
        raise Invalid(_("In English too, a statement needs a title and a text."))
    last = Statement.objects.filter(crisis=crisis).aggregate(last=Max("number"))["last"] or 0
    statement = Statement.objects.create(
        crisis=crisis,
        number=last + 1,
        written_by=actor,
        written_at=at,
        **{name: getattr(said, name) for name in Words.__dataclass_fields__},
    )
    record("crisis.statement_written", crisis, actor=actor, at=at, number=statement.number)
    return statement


@transaction.atomic
def publish(*, crisis_id: int, number: int, actor: User, at: datetime) -> Statement:
    """Let the public read a version; the one before is taken down. Again changes nothing.

    Raises:
        NotFound: there is no such version.
        WrongState: the crisis does not go on, or this version was taken down.
    """
    crisis = locked(crisis_id)
    statement = _version(crisis, number)
    if statement.status == StatementStatus.PUBLISHED:
        return statement
    if statement.status != StatementStatus.DRAFT:
        raise WrongState(_("This version was taken down: write a new one."))
    _take_down(crisis, at)
    statement.status, statement.published_by, statement.published_at = StatementStatus.PUBLISHED, actor, at
    statement.save(update_fields=["status", "published_by", "published_at"])
    record("crisis.statement_published", crisis, actor=actor, at=at, number=number)
    return statement


@transaction.atomic
def take_down(*, crisis_id: int, actor: User, at: datetime) -> None:
    """Take down what is published; nothing happens where nothing is.

    Raises:
        NotFound: there is no such crisis.
    """
    crisis = Crisis.objects.select_for_update(no_key=True, of=("self",)).filter(pk=crisis_id).first()
    if crisis is None:
        raise NotFound
    end(crisis, actor=actor, at=at)


def end(crisis: Crisis, *, actor: User | None, at: datetime) -> None:
    """The statement of a locked crisis comes down, if there is one."""
    for number in _take_down(crisis, at):
        record("crisis.statement_taken_down", crisis, actor=actor, at=at, number=number)


def _take_down(crisis: Crisis, at: datetime) -> list[int]:
    public = Statement.objects.filter(crisis=crisis, status=StatementStatus.PUBLISHED)
    numbers = list(public.values_list("number", flat=True))
    public.update(status=StatementStatus.TAKEN_DOWN, taken_down_at=at)
    return numbers


def _version(crisis: Crisis, number: int) -> Statement:
    statement = Statement.objects.filter(crisis=crisis, number=number).first()
    if statement is None:
        raise NotFound
    return statement


def public(limit: int = 5) -> list[Statement]:
    """What the public reads now, the newest first. One query by its index."""
    found = Statement.objects.filter(status=StatementStatus.PUBLISHED).order_by("-published_at", "-pk")
    return list(found[:limit])
