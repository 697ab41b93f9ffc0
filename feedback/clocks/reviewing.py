"""The clocks of reviews that have no case: how soon each has its public answer.

Called with the row of the review locked: it is the lock for its clock, as a case is for its own. Such a clock
never stands still, so that it is due when it was due from the beginning. Its events are the review's.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from compensation.models import Tier
from config.common.events import Actor, Happening, record_all
from feedback.clocks.running import Running
from feedback.clocks.starting import Starter
from feedback.models import Channel, Clock, Milestone, Priority, Review
from feedback.org.receiving import department_for
from feedback.sops.rules import Facts

MIDDLING = 3
CHANGING = ("met_at", "stopped_at", "breached_at", "next_fire_at")


def start(reviews: Sequence[Review], *, at: datetime) -> list[Clock]:
    """Start the clocks of some locked reviews, of each for which a policy in force has a target.

    It is chosen by the facts of a case of no kind, and the department that would get the case keeps it.
    """
    starter = Starter(Running([], actor=None, at=at))
    tiers = dict(Tier.objects.filter(members__reviews__in=reviews).values_list("members", "code"))
    clocks = []
    for review in reviews:
        tier, priority = tiers[review.member_id], priority_of(review)
        language, category = review.member.language, review.product.category if review.product else ""
        department = department_for(
            kind="",
            channel=Channel.MARKETPLACE,
            priority=priority,
            tier=tier,
            category=category,
            language=language,
            subject=review.title,
            body=review.text,
        ).department
        facts = Facts("", Channel.MARKETPLACE, priority, tier, category, department.code, language)
        if clock := starter.begin(Milestone.REVIEW_REPLY, department.pk, facts):
            clock.review = review
            clocks.append(clock)
    made = Clock.objects.bulk_create(clocks)
    record_all(
        _event(
            "clock.started",
            clock,
            at,
            None,
            department=clock.department_id,
            policy=clock.policy_version_id,
            within=clock.work.total_seconds(),
            due=clock.due_at.isoformat(),
        )
        for clock in made
    )
    return made


def priority_of(review: Review) -> Priority:
    """How urgent an answer is: a middling review, or a follow-up, is as urgent as a case usually is."""
    return Priority.NORMAL if (review.stars or MIDDLING) <= MIDDLING else Priority.LOW


def met(review: Review, *, actor: Actor, at: datetime) -> None:
    """The review has its answer; late or not is judged by the moment. Nothing happens where no clock runs."""
    for clock in _running(review):
        moment = max(at, clock.started_at)
        events = list(_judge(clock, moment, actor))
        clock.met_at = moment
        late = clock.breached_at is not None
        _end(clock, [*events, _event("clock.met", clock, at, actor, late=late)])


def stop(review: Review, *, why: str, actor: Actor, at: datetime) -> None:
    """An answer to the review is promised otherwise, or no longer matters."""
    for clock in _running(review):
        moment = max(at, clock.started_at)
        events = list(_judge(clock, moment, actor))
        clock.stopped_at = moment
        _end(clock, [*events, _event("clock.stopped", clock, at, actor, why=why)])


def _running(review: Review) -> list[Clock]:
    clocks = list(Clock.objects.filter(review=review, met_at=None, stopped_at=None))
    for clock in clocks:
        clock.review = review
    return clocks


def _judge(clock: Clock, moment: datetime, actor: Actor) -> Iterable[Happening]:
    """Set the breach right: a sweep may have been later, or ahead of what happened in time."""
    if clock.breached_at is None and moment > clock.due_at:
        clock.breached_at = clock.due_at
        yield _event("clock.breached", clock, clock.due_at, actor)
    elif clock.breached_at is not None and moment <= clock.due_at:
        clock.breached_at = None
        yield _event("clock.breach_withdrawn", clock, moment, actor)


def _end(clock: Clock, events: Iterable[Happening]) -> None:
    clock.next_fire_at = None
    clock.save(update_fields=CHANGING)
    record_all(events)


def _event(kind: str, clock: Clock, at: datetime, actor: Actor, **data: object) -> Happening:
    return Happening(
        kind, clock.about, at, actor, {"clock": clock.pk, "milestone": str(clock.milestone), **data}
    )
