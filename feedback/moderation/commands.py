"""What moderators decide about reviews, and the second look when a member does not agree."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from compensation.notices.commands import notify
from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.events import record
from config.common.models import User
from feedback.clocks import reviewing
from feedback.models import (
    ModerationDecision,
    ModerationReason,
    ModerationVerdict,
    Review,
    ReviewAppeal,
    ReviewSignal,
    ReviewStatus,
)

NOTE_LENGTH = 500
APPEAL_LENGTH = 1_000
PUBLISHED = _("Your review is published")
REFUSED = _("Your review is not published")
STAYS = _("Your review stays unpublished")


@transaction.atomic
def decide(
    *, review_id: int, verdict: str, reason: str = "", note: str = "", actor: User, at: datetime
) -> ModerationDecision:
    """Publish a held review, or refuse it for a reason; the member is told. The stars stay what they are.

    Raises:
        NotFound: there is no such review.
        WrongState: it is not held; somebody else may have been quicker.
        Invalid: no such decision or reason.
    """
    review = lock(review_id)
    if review.status != ReviewStatus.HELD or review.deleted_at is not None:
        raise WrongState(_("This review does not wait for a moderator any more."))
    decision = _decide(review, verdict=verdict, reason=reason, note=note, actor=actor, at=at)
    _tell(review, PUBLISHED if decision.reason is None else REFUSED, decision, at)
    return decision


@transaction.atomic
def hold(*, review_id: int, note: str, actor: User, at: datetime) -> Review:
    """Have a moderator look at a review that is public. What a moderator published stays so.

    Raises:
        NotFound: there is no such review.
        Invalid: without a word why.
        WrongState: it is not public, or a moderator has looked at it.
    """
    note = _clean(note)
    if not note:
        raise Invalid(_("Say why a moderator should look at it."))
    review = lock(review_id)
    if not review.is_public:
        raise WrongState(_("This review is not public."))
    if review.decisions.exists():
        raise WrongState(_("A moderator has looked at this review."))
    review.status = ReviewStatus.HELD
    review.save(update_fields=["status"])
    record("review.held", review, actor=actor, at=at, note=note)
    return review


@transaction.atomic
def appeal(*, review_id: int, text: str, actor: Member, at: datetime) -> ReviewAppeal:
    """Ask for a second look at a refused review of one's own. Again gives the same appeal.

    Raises:
        NotFound: there is no such review of the member's.
        Invalid: too long.
        WrongState: it was not refused.
    """
    text = text.strip().replace("\0", "")
    if len(text) > APPEAL_LENGTH:
        raise Invalid(_("At most %(limit)s characters.") % {"limit": APPEAL_LENGTH})
    review = lock(review_id, member=actor)
    if (known := ReviewAppeal.objects.filter(review=review).first()) is not None:
        return known
    refusal = review.decisions.filter(verdict=ModerationVerdict.REFUSE).first()
    if review.status != ReviewStatus.REFUSED or refusal is None or review.deleted_at is not None:
        raise WrongState(_("Only a review that was not published can be looked at again."))
    made = ReviewAppeal.objects.create(review=review, text=text, at=at, refused_by=refusal.user)
    record("review.appealed", review, actor=actor, at=at, appeal=made.pk)
    return made


@transaction.atomic
def second_look(
    *, appeal_id: int, verdict: str, reason: str = "", note: str = "", actor: User, at: datetime
) -> ModerationDecision:
    """Decide an appeal; the member is told. It is for somebody else than who refused the review.

    Raises:
        NotFound: there is no such appeal.
        NotPermitted: the same person refused it.
        WrongState: it was decided, or the member deleted the review.
        Invalid: no such decision or reason.
    """
    found = ReviewAppeal.objects.filter(pk=appeal_id).values_list("review", flat=True).first()
    if found is None:
        raise NotFound
    review = lock(found)
    asked = ReviewAppeal.objects.get(pk=appeal_id)
    if asked.decision_id is not None or review.deleted_at is not None:
        raise WrongState(_("This appeal was decided."))
    if asked.refused_by_id == actor.pk:
        raise NotPermitted(_("You refused this review: somebody else looks at it again."))
    decision = _decide(review, verdict=verdict, reason=reason, note=note, actor=actor, at=at, appeal=asked.pk)
    asked.decided_by, asked.decision = actor, decision
    asked.save(update_fields=["decided_by", "decision"])
    _tell(review, PUBLISHED if decision.reason is None else STAYS, decision, at)
    return decision


def lock(review_id: int, *, member: Member | None = None) -> Review:
    """Lock a review, of a member's own where one is given.

    Raises:
        NotFound: there is none.
    """
    rows = Review.objects.select_for_update(no_key=True, of=("self",)).select_related("member")
    review = rows.filter(pk=review_id, **({"member": member} if member else {})).first()
    if review is None:
        raise NotFound
    return review


def _decide(
    review: Review, *, verdict: str, reason: str, note: str, actor: User, at: datetime, **data: int
) -> ModerationDecision:
    """Write a decision about a locked review.

    Raises:
        Invalid: no such decision or reason.
    """
    if verdict not in ModerationVerdict.values:
        raise Invalid(_("There is no such decision."))
    refuses = verdict == ModerationVerdict.REFUSE
    because = ModerationReason.objects.filter(code=reason, is_active=True).first() if refuses else None
    if refuses and because is None:
        raise Invalid(_("Choose a reason."), field="reason")
    against = ReviewSignal.objects.filter(review=review).aggregate(score=Sum("weight"))["score"] or 0
    decision = ModerationDecision.objects.create(
        review=review,
        verdict=verdict,
        reason=because,
        note=_clean(note),
        score=min(against, 1_000),
        user=actor,
        at=at,
    )
    was = review.status
    review.status = ReviewStatus.REFUSED if refuses else ReviewStatus.PUBLISHED
    review.refused_for, review.counts = because, because is None or because.stars_count
    review.released_at = None if refuses else at
    review.save(update_fields=["status", "refused_for", "counts", "released_at"])
    record(
        "review.refused" if refuses else "review.published",
        review,
        actor=actor,
        at=at,
        decision=decision.pk,
        reason=because.code if because else None,
        was=was,
        **data,
    )
    if refuses:
        reviewing.stop(review, why="refused", actor=actor, at=at)
    return decision


def _clean(note: str) -> str:
    return note.replace("\0", "").strip()[:NOTE_LENGTH]


def _tell(review: Review, title: Promise, decision: ModerationDecision, at: datetime) -> None:
    """Tell the member, in their language, what was decided and what they can do."""
    with translation.override(review.member.language):
        body = gettext("Thank you for sharing what you think.")
        if decision.reason is not None:
            hint = decision.reason.hint_en if translation.get_language() == "en" else decision.reason.hint
            why = gettext("Reason: %(reason)s.") % {"reason": decision.reason}
            ways = (
                gettext("It stays so after a second look by somebody else.")
                if title is STAYS
                else gettext("If you do not agree, ask for a second look: somebody else decides then.")
            )
            counts = gettext("Your stars count all the same.") if review.counts and review.stars else ""
            body = " ".join(part for part in (why, hint, counts, ways) if part)
        notify(
            member=review.member,
            kind="review.decided",
            key=f"review.decided:{decision.pk}",
            title=str(title),
            body=body,
            path=f"/portal/reviews/{review.pk}/",
            at=at,
        )
