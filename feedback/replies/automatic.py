"""Replies that nobody has to ask for: the rules say what becomes of every fresh review.

Taken up is what triage has read and moderation has looked at, whose clock runs or whose case was opened; each
once, in a transaction of its own. Where the review, or how it was read, is another later, the rules are
asked again: what nobody has touched is drafted anew, and what is public already is shown to people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from config.common.errors import WrongState
from config.common.events import record
from config.common.following import follow
from config.common.models import Event, User
from feedback.models import (
    Case,
    LeftBecause,
    Reply,
    ReplyDecision,
    ReplyRule,
    ReplyState,
    ReplyWay,
    Review,
    ReviewStatus,
    Triage,
)
from feedback.replies import choosing, commands, rules, texts
from feedback.replies.reading import facts_of, ready, rules_in_force, spoken_in
from feedback.reviews.following import BAD, FRESH, KEY
from feedback.reviews.own import setup

READER = "replies"
AT_ONCE = 100
SMALLEST = timedelta(microseconds=1)
CHANGES = frozenset({"review.rewritten", "review.stars_changed", "triage.corrected"})
"""Events after which a review may need another reply."""


class NoTemplate(WrongState):
    """No template fits that was not the last one."""

    code = "no_template"
    default = _("No template fits: write the reply yourself.")


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a reply comes to be."""

    way: str
    rule: ReplyRule | None
    needs_approval: bool


def due(at: datetime) -> QuerySet[Review]:
    """The fresh reviews that the rules were not asked about yet, oldest first; none that the setup leaves."""
    since = at - FRESH
    answers_from = setup().answers_from
    if answers_from is not None and answers_from > since:
        since = answers_from - SMALLEST
    case = Case.objects.filter(key=Concat(Value(KEY), Cast(OuterRef("pk"), CharField())))
    written = Review.objects.filter(released_at=None, written_at__gt=since, written_at__lte=at)
    released = Review.objects.filter(released_at__gt=since, released_at__lte=at)
    found = Review.objects.filter(
        # each by its index: with an OR of both the oldest of all would be walked through first
        Q(pk__in=written.values("pk").union(released.values("pk"))),
        Q(taken_up_at__isnull=False) & (Q(stars__gt=BAD) | Q(stars=None)) | Exists(case),
        ~Exists(ReplyDecision.objects.filter(review=OuterRef("pk"))),
        ~Exists(Reply.objects.filter(review=OuterRef("pk"))),
        status=ReviewStatus.PUBLISHED,
        deleted_at=None,
    )
    return ready(found).order_by("written_at", "pk")


def take_up(*, at: datetime) -> int:
    """Ask the rules about the next reviews, and do what they say. Returns how many there were."""
    keys = list(due(at).values_list("pk", flat=True)[:AT_ONCE])
    for key in keys:
        _take_up(key, at)
    return len(keys)


@transaction.atomic
def _take_up(review_id: int, at: datetime) -> None:
    """One review; nothing where somebody was quicker."""
    case, review = commands.lock(review_id)
    known = (
        ReplyDecision.objects.filter(review=review).exists() or Reply.objects.filter(review=review).exists()
    )
    if not known and review.is_public:
        _decide(case, review, at)


@transaction.atomic
def draft(*, review_id: int, actor: User, at: datetime) -> Reply:
    """Draft a reply anew from what is known now.

    What was given meanwhile is named, and what was set right. What was written before stays as a version.

    Raises:
        NotFound: there is no such review.
        WrongState: it has an answer, or nobody can read it.
        NoTemplate: none fits that was not the last one.
    """
    case, review = commands.lock(review_id)
    commands.check_public(review)
    reply = Reply.objects.filter(review=review).first()
    if reply is not None and reply.is_public:
        raise commands.answered()
    rule = commands.rule_for(review)
    plan = _Plan(ReplyWay.DRAFTED, rule, bool(rule and rule.needs_approval))
    made = _write(case, review, reply, plan, actor=actor, at=at)
    if made is None:
        raise NoTemplate
    return made


def follow_changes() -> int:
    """Note which decided reviews are others since. Returns how many events were read."""

    def note(events: Sequence[Event]) -> None:
        told = [one for one in events if one.kind in CHANGES]
        reviews = {one.subject_id for one in told if one.subject_type == "review"}
        readings = [one.subject_id for one in told if one.subject_type == "triage"]
        read = Triage.objects.filter(pk__in=readings, review__isnull=False)
        reviews |= set(read.values_list("review", flat=True))
        ReplyDecision.objects.filter(review__in=reviews).update(is_due_again=True)

    return follow(READER, note)


def look_again(*, at: datetime) -> int:
    """Ask the rules again about what was noted, once it has been read anew. Returns how many there were."""
    decided = ReplyDecision.objects.filter(review=OuterRef("pk"), is_due_again=True)
    keys = list(ready(Review.objects.filter(Exists(decided))).order_by("pk").values_list("pk", flat=True))
    for key in keys[:AT_ONCE]:
        _look_again(key, at)
    return len(keys[:AT_ONCE])


@transaction.atomic
def _look_again(review_id: int, at: datetime) -> None:
    """What nobody has touched is decided anew; who answered already is shown what changed."""
    case, review = commands.lock(review_id)
    if not ReplyDecision.objects.filter(review=review, is_due_again=True).update(is_due_again=False):
        return
    reply = Reply.objects.filter(review=review).first()
    if not review.is_public:
        return
    if reply is None or (reply.state == ReplyState.DRAFT and reply.user_id is None and reply.at is None):
        _decide(case, review, at, reply)
    elif reply.is_public and not (
        reply.way == ReplyWay.AUTOMATIC and not rules.never_by_itself(facts_of(review))
    ):
        decided = rules.decide(rules_in_force(), facts_of(review))
        Reply.objects.filter(pk=reply.pk).update(rule=decided.rule, needs_approval=decided.needs_approval)
        ReplyDecision.objects.filter(review=review).update(
            way=ReplyWay.BY_HAND, rule=decided.rule, because=[LeftBecause.CHANGED], at=at, seen_at=None
        )
        record("review.reply_doubted", review, actor=None, at=at, reply=reply.pk)


def _decide(case: Case | None, review: Review, at: datetime, reply: Reply | None = None) -> None:
    """Ask the rules about a locked review, and do what they say."""
    facts = facts_of(review)
    decided = rules.decide(rules_in_force(), facts)
    rule = ReplyRule.objects.filter(pk=decided.rule).first() if decided.rule else None
    way, because = decided.way, list(decided.because)
    if way != ReplyWay.BY_HAND:
        plan = _Plan(way, rule, decided.needs_approval)
        made = _write(case, review, reply, plan, actor=None, at=at)
        if made is None:
            way, because = ReplyWay.BY_HAND, [*because, LeftBecause.NO_TEMPLATE]
    ReplyDecision.objects.update_or_create(
        review=review,
        defaults={
            "way": way, "rule": rule, "because": because, "at": at,
            "seen_at": at if way == ReplyWay.AUTOMATIC else None, "is_due_again": False,
        },
    )  # fmt: skip
    record("review.reply_decided", review, actor=None, at=at, way=way, rule=decided.rule, because=because)


def _write(
    case: Case | None, review: Review, reply: Reply | None, plan: _Plan, *, actor: User | None, at: datetime
) -> Reply | None:
    """Fill a template in: public at once where it is automatic, else a draft. None where none fits."""
    facts, spoken = facts_of(review), spoken_in(review)
    values = texts.values_of(review, facts, case=case, spoken=spoken, at=at)
    chosen = choosing.take(review, facts, values, spoken, at=at)
    if chosen is None:
        return None
    if reply is None:
        reply = Reply(review=review, drafted_at=at)
    reply.review = review
    reply.state, reply.way = ReplyState.DRAFT, plan.way
    reply.rule, reply.needs_approval = plan.rule, plan.needs_approval
    reply.was_edited = False
    commands.keep(reply, chosen.text, actor=None, at=at, template=chosen.template)
    if plan.way == ReplyWay.AUTOMATIC:
        return commands.publish(case, review, reply, actor=None, at=at)
    record("review.reply_drafted", review, actor=actor, at=at, reply=reply.pk, version=reply.version)
    return reply
