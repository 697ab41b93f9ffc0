"""Keeping campaigns and their questions, so that every answer keeps its meaning."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from config.common.events import Actor, record
from surveys.models import Campaign, Question

ASIDE = 10_000
MEANING = ("kind", "text", "text_en")


@transaction.atomic
def save_campaign(*, campaign: Campaign, actor: Actor, at: datetime) -> Campaign:
    """Keep a new or changed campaign. Invitations that are out keep what they were sent with."""
    campaign.save()
    record(
        "campaign.saved",
        campaign,
        actor=actor,
        at=at,
        is_active=campaign.is_active,
        segment=campaign.segment_id,
        within_days=campaign.within_days,
        valid_days=campaign.valid_days,
        bad_score=campaign.bad_score,
    )
    return campaign


@transaction.atomic
def save_questions(
    *, changed: Sequence[Question], removed: Collection[int], actor: Actor, at: datetime
) -> None:
    """Keep what was edited together: questions that are new, changed or moved, and those asked no longer."""
    for question_id in removed:
        remove_question(question_id=question_id, actor=actor, at=at)
    moved = Question.objects.filter(pk__in=[question.pk for question in changed if question.pk])
    moved.update(position=F("position") + ASIDE)  # so that two can change places
    for question in changed:
        save_question(question=question, actor=actor, at=at)


@transaction.atomic
def save_question(*, question: Question, actor: Actor, at: datetime) -> Question:
    """Keep a new or changed question.

    A question that was asked stays as it was: when its wording or kind changes, it is retired and the new
    one takes its place in the invitations from now on.
    """
    if question._state.adding:  # noqa: SLF001 - Django documents it
        question.added_at = at
        question.save()
        record("question.added", question.campaign, actor=actor, at=at, question=question.pk)
        return question
    known = Question.objects.select_for_update().get(pk=question.pk)
    if all(getattr(known, name) == getattr(question, name) for name in MEANING) or not _was_asked(known):
        question.save()
        record("question.changed", question.campaign, actor=actor, at=at, question=question.pk)
        return question
    _retire(known, at)
    question.pk, question.added_at, question.retired_at = None, at, None
    question._state.adding = True  # noqa: SLF001 - Django's documented way to copy a row
    question.save()
    record(
        "question.replaced", question.campaign, actor=actor, at=at, question=question.pk, replaces=known.pk
    )
    return question


@transaction.atomic
def remove_question(*, question_id: int, actor: Actor, at: datetime) -> None:
    """Ask a question no longer. One that was asked is retired, any other deleted."""
    known = Question.objects.select_for_update().select_related("campaign").get(pk=question_id)
    if _was_asked(known):
        _retire(known, at)
    else:
        known.delete()
    record("question.removed", known.campaign, actor=actor, at=at, question=question_id)


def _was_asked(question: Question) -> bool:
    """Whether an invitation went out that holds the question: somebody may be answering right now."""
    return question.campaign.invitations.filter(invited_at__gte=question.added_at).exists()


def _retire(question: Question, at: datetime) -> None:
    question.retired_at = at
    question.save(update_fields=["retired_at"])
