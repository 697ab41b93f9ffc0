"""What becomes of a reply: drafted, written, edited, approved, withdrawn. The review's row is its lock.

The clock of the answer, the review's own or that of the case it became, is met by the moment in which the
reply is approved: how long another system takes to show it is not ours (docs/decisions/review-clocks.md).
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted, Stale, WrongState
from config.common.events import record
from config.common.models import User
from feedback.cases.locking import save
from feedback.clocks import commands as clocks
from feedback.clocks import reviewing
from feedback.knowledge.tone import LEFT_OVER, refuse_blocked
from feedback.models import (
    Case,
    Milestone,
    Reply,
    ReplyDecision,
    ReplyRule,
    ReplyState,
    ReplyTemplate,
    ReplyVersion,
    ReplyWay,
    Review,
)
from feedback.org import alerts
from feedback.replies import posting, rules
from feedback.replies.reading import facts_of, rules_in_force, spoken_in, with_all
from feedback.reviews.following import case_of

LONGEST = 2_000
APPROVES = "feedback.approve_reply"


@transaction.atomic
def write(*, review_id: int, text: str, actor: User, asks: bool = False, at: datetime) -> Reply:
    """Answer a review by hand: public at once, unless somebody else is to approve it or is asked to.

    Raises:
        NotFound: there is no such review.
        Invalid: the text is empty, too long, or has something still to be filled in.
        BadTone: it says what must not be said.
        Stale: somebody else has written one that is not public yet.
        WrongState: it has an answer, or nobody can read the review.
    """
    text = clean(text)
    case, review = lock(review_id)
    reply = Reply.objects.filter(review=review).first()
    if reply is not None and reply.is_public:
        raise answered()
    if reply is not None and reply.state != ReplyState.WITHDRAWN and reply.user_id not in {None, actor.pk}:
        raise Stale(_("Somebody has written a reply to this review: look at it first."))
    check_public(review)
    if reply is None:
        rule = rule_for(review)
        reply = Reply(review=review, way=ReplyWay.BY_HAND, rule=rule, drafted_at=at)
        reply.needs_approval = bool(rule and rule.needs_approval)
    elif reply.state == ReplyState.WITHDRAWN:
        reply.way = ReplyWay.BY_HAND
    if reply.pk and reply.way == ReplyWay.DRAFTED and text != reply.text:
        reply.was_edited = True
    reply.state = ReplyState.DRAFT
    keep(reply, text, actor=actor, at=at)
    check_whole(text, review)
    if not asks and may_approve(reply, actor):
        return publish(case, review, reply, actor=actor, at=at)
    _ask(reply, actor=actor, at=at)
    return reply


@transaction.atomic
def edit(*, reply_id: int, version: int, text: str, actor: User, at: datetime) -> Reply:
    """Change what a reply says; the same text changes nothing.

    A draft stays one. What is public is changed everywhere: at once or, where somebody else is to approve,
    then. What was withdrawn becomes a draft.

    Raises:
        NotFound: there is no such reply.
        Stale: it is another since `version`.
        Invalid, BadTone: as for `write`.
        WrongState: nobody can read the review any more.
    """
    text = clean(text)
    case, review, reply = lock_reply(reply_id, version)
    check_public(review)
    if text == reply.text and reply.state != ReplyState.WITHDRAWN:
        return reply
    was = reply.state
    if was == ReplyState.DRAFT and reply.way == ReplyWay.DRAFTED and reply.at is None:
        reply.was_edited = True
    keep(reply, text, actor=actor, at=at)
    record("review.reply_edited", review, actor=actor, at=at, reply=reply.pk, version=reply.version)
    if was == ReplyState.APPROVED:
        reply.state = ReplyState.DRAFT
        if may_approve(reply, actor):
            return publish(case, review, reply, actor=actor, at=at)
        reply.state = ReplyState.WAITING
    elif was == ReplyState.WITHDRAWN:
        reply.state = ReplyState.DRAFT
    reply.save()
    return reply


@transaction.atomic
def finish(*, reply_id: int, version: int, text: str, actor: User, at: datetime) -> Reply:
    """Say a text and be done: it is made public where this person may, else somebody else is asked to.

    Raises:
        NotFound, Stale, Invalid, BadTone, WrongState: as for `edit` and `approve`.
    """
    reply = edit(reply_id=reply_id, version=version, text=text, actor=actor, at=at)
    if reply.state == ReplyState.APPROVED:
        return reply
    done = approve if may_approve(reply, actor) else ask
    return done(reply_id=reply.pk, version=reply.version, actor=actor, at=at)


@transaction.atomic
def ask(*, reply_id: int, version: int, actor: User, at: datetime) -> Reply:
    """Have somebody else approve a draft. Again changes nothing.

    Raises:
        NotFound, Stale: as for `edit`.
        Invalid, BadTone: it cannot be said like this.
        WrongState: it is no draft, or nobody can read the review any more.
    """
    _case, review, reply = lock_reply(reply_id, version)
    if reply.state == ReplyState.WAITING:
        return reply
    check_public(review)
    if reply.state != ReplyState.DRAFT:
        raise WrongState(_("This reply is no draft."))
    check_whole(reply.text, review)
    _ask(reply, actor=actor, at=at)
    return reply


@transaction.atomic
def approve(*, reply_id: int, version: int, actor: User, at: datetime) -> Reply:
    """Make public what was written, as it was at `version`: nobody approves what they have not seen.

    Raises:
        NotFound, Stale: as for `edit`.
        Invalid, BadTone: it cannot be said like this.
        NotPermitted: somebody else has to approve it.
        WrongState: it is public, was withdrawn, or nobody can read the review any more.
    """
    case, review, reply = lock_reply(reply_id, version)
    check_public(review)
    if reply.state not in {ReplyState.DRAFT, ReplyState.WAITING}:
        raise WrongState(_("This reply does not wait for approval."))
    if not may_approve(reply, actor):
        raise NotPermitted(_("Somebody else has to approve this reply."))
    check_whole(reply.text, review)
    return publish(case, review, reply, actor=actor, at=at)


@transaction.atomic
def withdraw(*, reply_id: int, version: int, actor: User, at: datetime) -> Reply:
    """Take a reply back: nobody reads it any more, and it is taken down wherever it stands.

    Its versions stay, and the clock that it met was met. Again changes nothing.

    Raises:
        NotFound, Stale: as for `edit`.
    """
    _case, review, reply = lock_reply(reply_id, version)
    if reply.state == ReplyState.WITHDRAWN:
        return reply
    reply.state, reply.withdrawn_at = ReplyState.WITHDRAWN, at
    reply.public_text, reply.public_version = "", 0
    reply.save()
    record("review.reply_withdrawn", review, actor=actor, at=at, reply=reply.pk, version=reply.version)
    posting.spread(reply, at=at)
    return reply


@transaction.atomic
def seen(*, review_id: int, actor: User, at: datetime) -> ReplyDecision:
    """Nothing is to be written to a review that waits for somebody to write. Again changes nothing.

    Raises:
        NotFound: nobody was asked to write.
    """
    _case, review = lock(review_id)
    decision = ReplyDecision.objects.filter(review=review).first()
    if decision is None:
        raise NotFound
    if decision.seen_at is None:
        decision.seen_at = at
        decision.save(update_fields=["seen_at"])
        record("review.reply_not_needed", review, actor=actor, at=at)
    return decision


def publish(case: Case | None, review: Review, reply: Reply, *, actor: User | None, at: datetime) -> Reply:
    """Make the text of a reply public, of a locked review: its clocks are met, and it goes to every place."""
    is_first = reply.at is None
    reply.state, reply.approved_by = ReplyState.APPROVED, actor
    reply.public_text, reply.public_version = reply.text, reply.version
    reply.at = reply.at or at
    reply.save()
    ReplyDecision.objects.filter(review=review, seen_at=None).update(seen_at=at)
    kind = "review.replied" if is_first else "review.reply_changed"
    record(kind, review, actor=actor, at=at, reply=reply.pk, version=reply.version, way=reply.way)
    if case is not None:
        save(case)
        clocks.met(case, Milestone.REVIEW_REPLY, actor=actor, at=at)
    reviewing.met(review, actor=actor, at=at)
    alerts.read_all_of(review, at=at)
    posting.spread(reply, at=at)
    return reply


def keep(
    reply: Reply, text: str, *, actor: User | None, at: datetime, template: ReplyTemplate | None = None
) -> None:
    """Give a reply a text, and keep it as a version."""
    reply.version = reply.version + 1 if reply.pk else 1
    reply.text, reply.user = text, actor
    if template is not None or actor is None:
        reply.template = template
    reply.save()
    ReplyVersion.objects.create(reply=reply, number=reply.version, text=text, user=actor, at=at)


def lock(review_id: int) -> tuple[Case | None, Review]:
    """Lock a review, and before it the case that it became: the one that goes on, where that was merged.

    Raises:
        NotFound: there is no such review.
    """
    case = None
    case_id = case_of(review_id)
    while case_id is not None:
        case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
        case_id = case.merged_into_id
    rows = with_all(Review.objects.select_for_update(no_key=True, of=("self",)))
    review = rows.filter(pk=review_id).first()
    if review is None:
        raise NotFound
    return case, review


def lock_reply(reply_id: int, version: int) -> tuple[Case | None, Review, Reply]:
    """Lock a reply by its review.

    Raises:
        NotFound: there is no such reply.
        Stale: it is another since `version`.
    """
    review_id = Reply.objects.filter(pk=reply_id).values_list("review", flat=True).first()
    if review_id is None:
        raise NotFound
    case, review = lock(review_id)
    reply = Reply.objects.get(pk=reply_id)
    reply.review = review
    if reply.version != version:
        raise Stale(_("The reply is another by now: look at it again."), version=reply.version)
    return case, review, reply


def clean(text: str) -> str:
    """A text as it is kept.

    Raises:
        Invalid: empty or too long.
    """
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST:
        raise Invalid(
            _("Write an answer of at most %(limit)s characters.") % {"limit": LONGEST}, field="text"
        )
    return text


def check_whole(text: str, review: Review) -> None:
    """Refuse what must not be said, or still has a blank.

    Raises:
        Invalid, BadTone: with what is wrong.
    """
    if LEFT_OVER.search(text):
        raise Invalid(_("Something is still to be filled in."), field="text")
    refuse_blocked(text, language=spoken_in(review))


def check_public(review: Review) -> None:
    """Refuse to answer what nobody can read.

    Raises:
        WrongState: it is held, refused, or deleted.
    """
    if not review.is_public:
        raise WrongState(_("This review is not public."))


def answered() -> WrongState:
    """What is said to who answers a second time."""
    return WrongState(_("This review has been answered."))


def rule_for(review: Review) -> ReplyRule | None:
    """The rule that a review's answer goes by: as it was decided, else as the rules in force say now."""
    decision = ReplyDecision.objects.filter(review=review).select_related("rule").first()
    if decision is not None:
        return decision.rule
    decided = rules.decide(rules_in_force(), facts_of(review))
    return ReplyRule.objects.filter(pk=decided.rule).first() if decided.rule else None


def may_approve(reply: Reply, user: User) -> bool:
    """Whether somebody may make public what a reply says now."""
    return rules.may_approve(
        state=reply.state,
        needs_approval=reply.needs_approval,
        written_by=reply.user_id,
        actor=user.pk,
        is_approver=is_approver(reply.rule, user),
    )


def is_approver(rule: ReplyRule | None, user: User) -> bool:
    """Whether somebody may approve what others wrote, of what a rule hands out."""
    if not user.has_perm(APPROVES):
        return False
    if rule is None or user.is_superuser or not rule.approvers.exists():
        return True
    return rule.approvers.filter(user=user).exists()


def _ask(reply: Reply, *, actor: User, at: datetime) -> None:
    reply.state, reply.needs_approval = ReplyState.WAITING, True
    reply.save()
    data: dict[str, Any] = {"reply": reply.pk, "version": reply.version}
    record("review.reply_asked", reply.review, actor=actor, at=at, **data)
