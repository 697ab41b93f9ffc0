"""What happens to a quality check: scored, seen, appealed, decided, put aside; and coaching."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User
from feedback.models import Agent, Appeal, AppealStatus, CheckStatus, CoachingNote, QualityCheck, QualityScore
from feedback.org.alerts import alert
from feedback.quality.rules import Points, mark
from feedback.quality.sampling import draw, pick

__all__ = ["appeal", "coach", "decide", "draw", "follow_up", "pick", "score", "see", "skip"]

REVIEW = "feedback.review_quality"
LENGTH = 4_000
SCORED = _("Your conversation in case %(number)s was checked: %(score)s %%")
APPEALED = _("%(agent)s appeals against a score in case %(number)s")
DECIDED = _("Your appeal about case %(number)s was decided: %(answer)s")
COACHED = _("%(coach)s noted something for you: see “My quality”")


@transaction.atomic
def score(
    *,
    check_id: int,
    points: Points,
    remarks: Mapping[str, str] | None = None,
    remark: str = "",
    actor: User,
    at: datetime,
) -> QualityScore:
    """Score a conversation. With the last score that it needs it is done, at their mean; the agent is told.

    Raises:
        NotFound: there is no such check.
        NotPermitted: the person may not score, or it is their own conversation.
        WrongState: it is done, or this person has scored it.
        Invalid: points that the form does not offer; see rules.mark.
    """
    check = _lock(check_id)
    _may_judge(check, actor)
    if check.status != CheckStatus.WAITING or check.scores.filter(by=actor).exists():
        raise WrongState(_("This is scored already."))
    result = mark(check.form, points)
    given = _write(check, points, remarks, remark, actor=actor, at=at, is_after_appeal=False)
    record("quality.scored", check, actor=actor, at=at, score=str(result.score), failed=result.has_failed)
    scores = list(check.scores.filter(is_after_appeal=False))
    if len(scores) == check.scorers:
        _settle(check, scores, at=at)
        _tell(check, SCORED, "scored", {"score": str(check.score)}, at=at)
    return given


@transaction.atomic
def skip(*, check_id: int, actor: User, at: datetime) -> QualityCheck:
    """Put a conversation aside that cannot be judged.

    Raises:
        NotFound, NotPermitted, WrongState: as for `score`.
    """
    check = _lock(check_id)
    _may_judge(check, actor)
    if check.status != CheckStatus.WAITING:
        raise WrongState(_("This is scored already."))
    check.status = CheckStatus.SKIPPED
    check.save(update_fields=["status"])
    record("quality.skipped", check, actor=actor, at=at)
    return check


@transaction.atomic
def see(*, check_id: int, actor: User, at: datetime) -> QualityCheck:
    """Keep when the agent first looked at their score; nothing for anybody else.

    Raises:
        NotFound: there is no such check.
    """
    check = _lock(check_id)
    is_first = check.seen_at is None and check.status == CheckStatus.SCORED
    if is_first and check.agent.user_id == actor.pk:
        check.seen_at = at
        check.save(update_fields=["seen_at"])
        record("quality.seen", check, actor=actor, at=at)
    return check


@transaction.atomic
def appeal(*, check_id: int, text: str, is_appeal: bool, actor: User, at: datetime) -> Appeal:
    """The agent says something to a score, once: a comment, or an appeal that somebody else decides.

    Raises:
        NotFound: there is no such check.
        NotPermitted: it is somebody else's conversation.
        WrongState: it is not scored yet, or the agent has had their say.
        Invalid: nothing said, or too much.
    """
    text = _text(text)
    check = _lock(check_id)
    if check.agent.user_id != actor.pk:
        raise NotPermitted
    if check.status != CheckStatus.SCORED or Appeal.objects.filter(check_of=check).exists():
        raise WrongState(_("You have had your say on this score."))
    status = AppealStatus.OPEN if is_appeal else AppealStatus.COMMENT
    said = Appeal.objects.create(check_of=check, text=text, status=status, at=at)
    record("quality.appealed" if is_appeal else "quality.commented", check, actor=actor, at=at)
    if is_appeal:
        scorers = User.objects.filter(pk__in=check.scores.values("by"), is_active=True)
        alert(
            users=scorers,
            case=check.case,
            kind="quality.appealed",
            key=f"appeal:{said.pk}",
            title=APPEALED,
            data={"agent": str(check.agent)},
            at=at,
        )
    return said


@transaction.atomic
def decide(
    *, check_id: int, answer: str, points: Points | None = None, actor: User, at: datetime
) -> QualityCheck:
    """Decide an appeal: the score stands, or with `points` the conversation is scored anew.

    Raises:
        NotFound: there is no such check.
        NotPermitted: the person may not score, scored it, or it is their own conversation.
        WrongState: no appeal is open.
        Invalid: no answer; points that the form does not offer.
    """
    answer = _text(answer)
    check = _lock(check_id)
    _may_judge(check, actor)
    if check.scores.filter(by=actor).exists():
        raise NotPermitted(_("Somebody else than who scored it decides."))
    open_one = Appeal.objects.filter(check_of=check, status=AppealStatus.OPEN).first()
    if open_one is None:
        raise WrongState(_("No appeal is open."))
    open_one.status = AppealStatus.KEPT if points is None else AppealStatus.CHANGED
    open_one.answer, open_one.answered_by, open_one.answered_at = answer, actor, at
    open_one.save(update_fields=["status", "answer", "answered_by", "answered_at"])
    if points is not None:
        given = _write(check, points, None, answer, actor=actor, at=at, is_after_appeal=True)
        _settle(check, [given], at=check.scored_at or at)
    record(
        "quality.appeal_decided", check, actor=actor, at=at, status=open_one.status, score=str(check.score)
    )
    _tell(check, DECIDED, "appeal", {"answer": answer}, at=at)
    return check


@transaction.atomic
def coach(
    *,
    agent_id: int,
    text: str,
    follow_up_on: date | None = None,
    check_id: int | None = None,
    actor: User,
    at: datetime,
) -> CoachingNote:
    """Note what was agreed with an agent, and when to look again.

    Raises:
        NotFound: no such agent, or no such check of theirs.
        NotPermitted: the person may not score, or it is themselves.
        Invalid: nothing noted, or too much.
    """
    text = _text(text)
    agent = Agent.objects.select_related("user").filter(pk=agent_id).first()
    check = QualityCheck.objects.filter(pk=check_id, agent=agent).first() if check_id else None
    if agent is None or (check_id and check is None):
        raise NotFound
    if not actor.has_perm(REVIEW) or agent.user_id == actor.pk:
        raise NotPermitted
    note = CoachingNote.objects.create(
        agent=agent, check_of=check, text=text, follow_up_on=follow_up_on, by=actor, at=at
    )
    record("coaching.noted", note, actor=actor, at=at, agent=agent.pk, check=check_id)
    if check is not None:
        _tell(check, COACHED, f"coached:{note.pk}", {"coach": str(actor)}, at=at)
    return note


@transaction.atomic
def follow_up(*, note_id: int, outcome: str, actor: User, at: datetime) -> CoachingNote:
    """Say what came of a coaching note.

    Raises:
        NotFound: there is no such note.
        NotPermitted: the person may not score, or the note is about them.
        WrongState: somebody has looked again already.
        Invalid: nothing said, or too much.
    """
    outcome = _text(outcome)
    note = CoachingNote.objects.select_for_update().filter(pk=note_id).first()
    if note is None:
        raise NotFound
    if not actor.has_perm(REVIEW) or note.agent.user_id == actor.pk:
        raise NotPermitted
    if note.followed_up_at is not None:
        raise WrongState(_("Somebody has looked again already."))
    note.outcome, note.followed_up_at = outcome, max(at, note.at)
    note.save(update_fields=["outcome", "followed_up_at"])
    record("coaching.followed_up", note, actor=actor, at=at, agent=note.agent_id)
    return note


def _lock(check_id: int) -> QualityCheck:
    check = QualityCheck.objects.select_for_update().filter(pk=check_id).first()
    if check is None:
        raise NotFound
    return check


def _may_judge(check: QualityCheck, actor: User) -> None:
    if not actor.has_perm(REVIEW):
        raise NotPermitted
    if check.agent.user_id == actor.pk:
        raise NotPermitted(_("Nobody judges their own conversation."))


def _write(
    check: QualityCheck,
    points: Points,
    remarks: Mapping[str, str] | None,
    remark: str,
    *,
    actor: User,
    at: datetime,
    is_after_appeal: bool,
) -> QualityScore:
    result = mark(check.form, points)
    said = {key: text for key, value in (remarks or {}).items() if (text := _short(value))}
    return QualityScore.objects.create(
        check_of=check,
        by=actor,
        at=at,
        points=dict(points),
        remarks=said,
        remark=_short(remark),
        score=result.score,
        has_failed=result.has_failed,
        is_after_appeal=is_after_appeal,
    )


def _settle(check: QualityCheck, scores: list[QualityScore], *, at: datetime) -> None:
    check.status, check.scored_at = CheckStatus.SCORED, at
    check.score = (sum((one.score for one in scores), Decimal()) / len(scores)).quantize(Decimal("0.01"))
    check.has_failed = any(one.has_failed for one in scores)
    check.save(update_fields=["status", "scored_at", "score", "has_failed"])


def _tell(check: QualityCheck, title: Promise, key: str, data: dict[str, str], *, at: datetime) -> None:
    alert(
        users=[check.agent.user],
        case=check.case,
        kind=f"quality.{key.partition(':')[0]}",
        key=f"quality:{check.pk}:{key}",
        title=title,
        data=data,
        at=at,
    )


def _short(text: str) -> str:
    return text.replace("\0", "").strip()[:LENGTH]


def _text(text: str) -> str:
    text = text.replace("\0", "").strip()
    if not text:
        raise Invalid(_("Write something."))
    if len(text) > LENGTH:
        raise Invalid(_("The text is too long: %(limit)s characters at most.") % {"limit": LENGTH})
    return text
