"""A rule is kept, a review is picked, and gets what it has earned, or loses it."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import get_default_timezone

from compensation.budgets.stops import BudgetEmpty, CapReached, Exhausted
from compensation.grants import commands as grants
from compensation.grants.commands import Content
from compensation.grants.giving import take_back
from compensation.models import Because, Grant, GrantKind, GrantStatus, Member
from config.common.errors import DomainError, Invalid, NotFound, WrongState
from config.common.events import Actor, record
from config.common.models import User
from feedback.models import (
    PORTAL,
    Review,
    ReviewPick,
    ReviewReward,
    ReviewStatus,
    RewardDue,
    RewardEnd,
    RewardRule,
)
from feedback.rewards import queries, rules, telling

logger = logging.getLogger(__name__)

REASON = "review"
LOOKS_BACK = timedelta(days=90)
"""A rule takes up what was written so long before it was kept, and what has to wait is tried so long."""
AGAIN = timedelta(days=1)
STOPS: dict[str, type[Exhausted]] = {one.because: one for one in (BudgetEmpty, CapReached)}


@transaction.atomic
def save_rule(*, rule: RewardRule, asks: Iterable[str] = (), actor: Actor, at: datetime) -> RewardRule:
    """Keep a rule; reviews written since it begins are looked at again. `asks` names whatever was sent.

    Raises:
        UnlawfulReward: it depends on stars or praise, or speaks of them.
        Invalid: it gives nothing or two things, asks for nothing, or for what its reviews do not have.
    """
    coupon = [rule.template.name, rule.template.name_en] if rule.template else []
    rules.check_lawful([rule.name, rule.name_en, rule.words, rule.words_en, *coupon], asks)
    if fault := queries.fault(rule):
        raise Invalid(fault)
    rule.save()
    record("rewardrule.saved", rule, actor=actor, at=at, code=rule.code, is_active=rule.is_active)
    if rule.is_active:
        since = max(rule.starts_at, at - LOOKS_BACK)
        written = Review.objects.filter(source=PORTAL, written_at__gte=since, deleted_at=None)
        keys = written.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=5_000)
        due = (RewardDue(review_id=pk) for pk in keys)
        RewardDue.objects.bulk_create(due, batch_size=5_000, ignore_conflicts=True)
    return rule


@transaction.atomic
def pick(*, review_id: int, actor: User, at: datetime) -> tuple[ReviewPick, bool]:
    """Say that a review helps others, whatever it thinks; the flag is True when somebody did before.

    Raises:
        NotFound: there is no such review.
        WrongState: it is not public.
    """
    review = _lock(review_id)
    known = ReviewPick.objects.filter(review=review).first()
    if known is not None:
        return known, True
    if not review.is_public:
        raise WrongState(queries.NOT_PUBLIC)
    made = ReviewPick.objects.create(review=review, user=actor, at=at)
    record("review.picked", review, actor=actor, at=at)
    return made, False


@transaction.atomic
def settle(*, review_id: int, skip_locked: bool = False, at: datetime) -> list[ReviewReward] | None:
    """Give what a review has earned, or take it back when it is public no longer; gives what is new.

    Again changes nothing. One that a moderator is to look at neither gets nor loses anything. None with
    `skip_locked` where somebody else holds the member, who is locked before the review, as by erasing.

    Raises:
        NotFound: there is no such review.
    """
    whose = Review.objects.filter(pk=review_id).values_list("member", flat=True).first()
    if whose is None:
        raise NotFound
    rows = Member.objects.select_for_update(no_key=True, skip_locked=skip_locked, of=("self",))
    member = rows.filter(pk=whose).first()
    if member is None:
        return None
    review = _lock(review_id)
    review.member = member
    RewardDue.objects.filter(review=review).delete()
    if review.source != PORTAL or member.erased_at is not None:
        return []
    if review.is_public:
        return _give(review, at)
    if review.deleted_at is not None or review.status == ReviewStatus.REFUSED:
        _take_back(review, at)
    return []


def put_off(review_id: int, why: str, at: datetime) -> None:
    """Look at a review again a day later."""
    RewardDue.objects.update_or_create(
        review_id=review_id, defaults={"due_at": at + AGAIN, "why": why if why in Because.values else ""}
    )


def _lock(review_id: int) -> Review:
    rows = Review.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "member", "order", "follows"
    )
    review = rows.filter(pk=review_id).first()
    if review is None:
        raise NotFound
    return review


def _give(review: Review, at: datetime) -> list[ReviewReward]:
    due = queries.earned(review)
    if not due:
        return []
    month = rules.month_of(review.written_at, get_default_timezone())
    made = []
    for rule in due:
        had = ReviewReward.objects.filter(member=review.member, rule=rule, month=month).exclude(
            end=RewardEnd.BACK
        )
        if had.count() >= rule.month_limit:
            continue
        try:
            with transaction.atomic():
                grant = _grant(rule, review, at)
        except DomainError as stop:
            _wait(review, stop, at)
            continue
        made.append(
            ReviewReward.objects.create(
                rule=rule, review=review, member=review.member, grant=grant, month=month, at=at
            )
        )
    if made:
        Review.objects.filter(pk=review.pk).update(is_rewarded=True)
        record(
            "review.rewarded",
            review,
            actor=None,
            at=at,
            rules=[one.rule.code for one in made],
            grants=[one.grant_id for one in made],
        )
        telling.rewarded(review, made, at=at)
    return made


def _grant(rule: RewardRule, review: Review, at: datetime) -> Grant:
    """Give what the rule gives, or nothing: what would wait for a person is not asked for.

    Raises:
        Exhausted: a budget or cap is used up.
        DomainError: it cannot be given; see grants.commands.request.
    """
    cause = f"review:{review.pk}:reward:{rule.pk}"
    again = ReviewReward.objects.filter(review=review, rule=rule).count()
    content = (
        Content(kind=GrantKind.COUPON, template=rule.template)
        if rule.template
        else Content(kind=GrantKind.POINTS, points=rule.points)
    )
    grant = grants.request(
        key=f"{cause}:{again}",
        cause=cause,
        problem=f"review:{review.pk}",
        member=review.member,
        content=content,
        reason=rule.name,
        reason_code=REASON,
        department=rule.department,
        actor=None,
        at=at,
    )
    if grant.status == GrantStatus.REQUESTED:
        waiting = grant.rounds.get(decision="")
        raise STOPS.get(waiting.because, CapReached)(**waiting.details)
    return grant


def _wait(review: Review, stop: DomainError, at: datetime) -> None:
    """Try again tomorrow, as long as that makes sense."""
    if at - review.written_at <= LOOKS_BACK:
        why = stop.because if isinstance(stop, Exhausted) else ""
        put_off(review.pk, why, at)
    logger.info("review %s is not rewarded yet: %s", review.pk, stop.code)


def _take_back(review: Review, at: datetime) -> None:
    """Take back what is unused of what a review earned; what was used stays with the member."""
    had = list(review.rewards.filter(end="").select_related("rule", "grant").order_by("pk"))
    if not had:
        return
    back = []
    for reward in had:
        try:
            with transaction.atomic():
                take_back(grant_id=reward.grant_id, note="review gone", actor=None, at=at)
            reward.end = RewardEnd.BACK
            back.append(reward)
        except DomainError:
            reward.end = RewardEnd.KEPT
        reward.ended_at = at
        reward.save(update_fields=["end", "ended_at"])
    if back:
        is_rewarded = review.rewards.exclude(end=RewardEnd.BACK).exists()
        Review.objects.filter(pk=review.pk).update(is_rewarded=is_rewarded)
        telling.taken_back(review, back, at=at)
    record(
        "review.reward_ended",
        review,
        actor=None,
        at=at,
        back=[one.grant_id for one in back],
        kept=[one.grant_id for one in had if one.end == RewardEnd.KEPT],
    )
