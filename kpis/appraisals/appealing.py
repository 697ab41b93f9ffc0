"""Appeals against scores: written by whom the score is about, decided by somebody who is no party to it."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User
from kpis.appraisals import deadline
from kpis.appraisals.held import DECIDE, check_right, held, subjects
from kpis.appraisals.rules import WHOLE
from kpis.appraisals.scoring import follow, tell
from kpis.deadlines.given import day_of, text_of
from kpis.models import AppealState, AppraisalAppeal, AppraisalScore, ScoreKind
from kpis.models.appraisal import WORDS

REFUSED = _("Your appeal about %(month)s was decided: the score stands")


def last_day(score: AppraisalScore) -> datetime:
    """Until when an appeal against a score can be written."""
    return score.at + timedelta(score.version.appeal_days)


def is_open(score: AppraisalScore, at: datetime) -> bool:
    """Whether an appeal against a score can be written at a moment."""
    return score.kind != ScoreKind.APPEAL and getattr(score, "appeal", None) is None and at <= last_day(score)


@transaction.atomic
def appeal(*, appraisal_id: int, text: str, actor: User, at: datetime) -> AppraisalAppeal:
    """Appeal against the newest score of one's month. Its clock starts, and who may decide is told.

    Raises:
        NotFound: there is none that this person sees.
        NotPermitted: it is not about this person.
        Invalid: no text, or too long.
        MoveNotAllowed: too late, appealed before, or the score came from an appeal.
    """
    found = held(appraisal_id, actor)
    if actor.pk not in subjects(found):
        raise NotPermitted
    score = found.scores.select_related("version").order_by("-revision")[0]
    if score.kind == ScoreKind.APPEAL or AppraisalAppeal.objects.filter(score=score).exists():
        raise MoveNotAllowed(_("There was an appeal against this score already."))
    if at > last_day(score):
        raise MoveNotAllowed(_("The time for an appeal is over."))
    score.appraisal = found
    made = AppraisalAppeal(
        score=score,
        text=text_of(text, WORDS, "text"),
        at=at,
        by=actor,
        due_on=day_of(at) + timedelta(score.version.decide_days),
    )
    made.warn_at = deadline.DEADLINE.next_at(made, at)
    made.save(force_insert=True)
    record("appraisal.appealed", found, actor=actor, at=at, revision=score.revision, due=f"{made.due_on}")
    deadline.DEADLINE.tell(made, deadline.deciders(made), "come", deadline.COME, at)
    return made


@transaction.atomic
def decide(
    *, appraisal_id: int, appeal_id: int, score: Decimal | None, answer: str, actor: User, at: datetime
) -> AppraisalAppeal:
    """Uphold an appeal with another score, or refuse it without one; either with a reason. It is told.

    Two at once follow one another: the second finds it decided.

    Raises:
        NotFound: there is none that this person sees.
        NotPermitted: without the right, or a party: whom it is about, who marked or scored by hand.
        Invalid: no reason, no points of 100, or the same score.
        MoveNotAllowed: it was decided.
    """
    appraisal = held(appraisal_id, actor)
    found = AppraisalAppeal.objects.filter(pk=appeal_id, score__appraisal=appraisal).first()
    if found is None:
        raise NotFound
    check_right(actor, DECIDE)
    if actor.pk in {*subjects(appraisal), found.by_id, *deadline.judges(found)}:
        raise NotPermitted(_("Somebody else has to decide: you are part of this."))
    if found.state != AppealState.OPEN:
        raise MoveNotAllowed(_("This appeal has been decided."))
    found.answer = text_of(answer, WORDS, "answer")
    found.state = AppealState.REFUSED if score is None else AppealState.UPHELD
    found.decided_at, found.decided_by, found.warn_at = at, actor, None
    found.save(update_fields=["answer", "state", "decided_at", "decided_by", "warn_at"])
    record("appraisal.appeal_decided", appraisal, actor=actor, at=at, appeal=found.pk, state=found.state)
    if score is None:
        tell(appraisal, f"appeal:{found.pk}", at, REFUSED)
        return found
    before = AppraisalScore.objects.select_related("version").get(pk=found.score_id)
    if not score.is_finite() or not 0 <= score <= WHOLE:
        raise Invalid(_("Points go from 0 to 100."), field="score")
    changed = score.quantize(Decimal("0.01"))
    if changed == before.score:
        raise Invalid(_("This is the score that it has."), field="score")
    numbers, kind = before.numbers, ScoreKind.APPEAL
    follow(appraisal, before, changed, numbers, kind=kind, reason=found.answer, actor=actor, at=at)
    return found
