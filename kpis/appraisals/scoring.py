"""Scoring a closed month, and scoring somebody again with a reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, MoveNotAllowed, NotPermitted
from config.common.events import record
from config.common.models import User
from feedback.org.queries import department_ids
from kpis.appraisals import deadline, reckoning
from kpis.appraisals.held import DECIDE, SCORE, check_right, held, subjects
from kpis.appraisals.reckoning import Reckoned, place_of
from kpis.deadlines.given import text_of
from kpis.deadlines.sweeping import write
from kpis.models import (
    AppealState,
    Appraisal,
    AppraisalAppeal,
    AppraisalScore,
    Scheme,
    SchemeVersion,
    ScoreKind,
)
from kpis.models.appraisal import WORDS

PAGE = "/admin/appraisals/%d/"
SCORED = _("Your appraisal of %(month)s is there")


@dataclass(frozen=True, slots=True)
class Scored:
    """What scoring a month came to: how many appraisals were made, and which roles had no scheme for it."""

    made: int
    without: tuple[Scheme, ...]


def version_for(scheme: Scheme, month: date) -> SchemeVersion | None:
    """The version of a scheme that a month is scored by."""
    return scheme.versions.filter(since__lte=month).order_by("-since").first()


@transaction.atomic
def score_month(*, month: date, actor: User | None, at: datetime) -> Scored:
    """Score the closed month of everybody in the actor's departments, and tell them. Again, it makes nothing.

    Who is judged is fixed for a department with its first score. Without an actor, of all departments. Two
    at once follow one another: the schemes are locked.

    Raises:
        NotPermitted: without the right.
        Invalid: not all days of the month are closed.
    """
    check_right(actor, SCORE)
    month = month.replace(day=1)
    schemes = list(
        Scheme.objects.select_for_update(no_key=True, of=("self",))
        .select_related("department")
        .filter(is_active=True)
        .order_by("pk")
    )
    if not reckoning.is_closed(month):
        raise Invalid(_("The figures of this month are not closed yet."), field="month")
    seen = None if actor is None else department_ids(actor)
    made, without = 0, []
    for scheme in schemes:
        version = version_for(scheme, month)
        if version is None:
            without.append(scheme)
            continue
        known = {place_of(one) for one in scheme.appraisals.filter(month=month)}
        everybody = reckoning.everybody(scheme, month)
        new = [
            one for one in everybody if one.place not in known and (seen is None or one.department.pk in seen)
        ]
        lines = list(version.lines.all())
        for one in reckoning.reckon(lines, month, new, role=everybody):
            _keep(version, month, one, actor, at)
            made += 1
    return Scored(made, tuple(without))


@transaction.atomic
def score_again(*, appraisal_id: int, reason: str, actor: User | None, at: datetime) -> AppraisalScore:
    """Score somebody's month again by the same version, with what came to light since and the marks now.

    What an appeal decided is replaced by it, so then only who may decide appeals does it.

    Raises:
        NotFound: there is none that this person sees.
        NotPermitted: without the right, or of oneself; above what an appeal decided, see `may_replace`.
        Invalid: no reason.
        MoveNotAllowed: an appeal waits, or nothing has changed since it was reckoned last.
    """
    found = held(appraisal_id, actor)
    check_right(actor, SCORE)
    if actor is not None and actor.pk in subjects(found):
        raise NotPermitted(_("Nobody judges their own month."))
    reason = text_of(reason, WORDS, "reason")
    before = found.scores.select_related("version").order_by("-revision")[0]
    if getattr(before, "appeal", None) is not None and before.appeal.state == AppealState.OPEN:
        raise MoveNotAllowed(_("An appeal waits: decide on it first."))
    if actor is not None and not may_replace(before, actor):
        raise NotPermitted(
            _("An appeal was upheld: who may decide appeals and had no part in it scores again.")
        )
    new = reckon_now(found, before.version)
    if new.result.score in {before.score, last_reckoned(found.scores.order_by("revision")).score}:
        raise MoveNotAllowed(_("It comes to the same score."))
    return follow(
        found, before, new.result.score, new.numbers, kind=ScoreKind.AGAIN, reason=reason, actor=actor, at=at
    )


def last_reckoned(scores: Iterable[AppraisalScore]) -> AppraisalScore:
    """The newest score that came from figures and marks, of all of an appraisal by revision."""
    return [one for one in scores if one.kind != ScoreKind.APPEAL][-1]


def may_replace(newest: AppraisalScore, user: User) -> bool:
    """Whether somebody with the right to score may do so above a score.

    Above what an appeal decided only who may decide appeals, and did not judge by hand what it was against.
    """
    if newest.kind != ScoreKind.APPEAL:
        return True
    against = AppraisalAppeal.objects.select_related("score").get(
        score__appraisal=newest.appraisal_id, score__revision=newest.revision - 1
    )
    return user.has_perm(DECIDE) and user.pk not in deadline.judges(against)


def reckon_now(appraisal: Appraisal, version: SchemeVersion) -> Reckoned:
    """What an appraisal would come to now, with what came to light since its month was closed."""
    person = reckoning.judged(appraisal.scheme, appraisal.month)[appraisal.pk]
    role = reckoning.everybody(appraisal.scheme, appraisal.month)
    lines = list(version.lines.all())
    return reckoning.reckon(lines, appraisal.month, [person], role=role, is_corrected=True)[0]


def follow(
    appraisal: Appraisal,
    before: AppraisalScore,
    score: Decimal | None,
    numbers: dict[str, Any],
    *,
    kind: ScoreKind,
    reason: str,
    actor: User | None,
    at: datetime,
) -> AppraisalScore:
    """The next score of an appraisal that the caller holds, with its event and letter."""
    made = AppraisalScore.objects.create(
        appraisal=appraisal,
        revision=before.revision + 1,
        kind=kind,
        version=before.version,
        score=score,
        numbers=numbers,
        reason=reason,
        at=at,
        by=actor,
    )
    record(
        "appraisal.scored", appraisal, actor=actor, at=at, revision=made.revision, of=kind,
        before=_written(before.score), score=_written(score),
    )  # fmt: skip
    tell(appraisal, f"score:{made.revision}", at)
    return made


def _written(score: Decimal | None) -> str | None:
    return None if score is None else f"{score}"


def _keep(version: SchemeVersion, month: date, one: Reckoned, actor: User | None, at: datetime) -> None:
    made = Appraisal.objects.create(
        scheme_id=version.scheme_id, month=month, agent=one.person.agent, department=one.person.department
    )
    AppraisalScore.objects.create(
        appraisal=made,
        revision=1,
        kind=ScoreKind.FIRST,
        version=version,
        score=one.result.score,
        numbers=one.numbers,
        at=at,
        by=actor,
    )
    score = None if one.result.score is None else f"{one.result.score}"
    record(
        "appraisal.scored", made, actor=actor, at=at, revision=1, of=ScoreKind.FIRST, before=None, score=score
    )
    tell(made, "score:1", at)


def tell(appraisal: Appraisal, key: str, at: datetime, title: Promise = SCORED) -> None:
    """Write to whom an appraisal is about, once for a key; the letter holds no score."""
    people = User.objects.filter(pk__in=subjects(appraisal), is_active=True).order_by("pk")
    write(
        people,
        key=f"appraisal:{appraisal.pk}:{key}",
        title=title,
        words={"month": f"{appraisal.month:%Y-%m}"},
        page=PAGE % appraisal.pk,
        at=at,
    )
