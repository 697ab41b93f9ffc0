"""A month in the life of the demo shop: real commands, run in the order of their times.

What members write and agents answer is in demo_stories; who is quick and who is slow is drawn, but always
the same. What would happen after the moment of seeding does not happen, so the shop stands in the middle of
its work.
"""

import heapq
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from compensation.models import CouponTemplate, GrantKind, Order
from config.common.errors import DomainError
from config.common.models import User
from feedback.cases import commands as cases
from feedback.defaults import (
    demo_answers,
    demo_behaviour,
    demo_claims,
    demo_crises,
    demo_gaps,
    demo_money,
    demo_posts,
    demo_reviews,
    demo_today,
)
from feedback.defaults.demo_staff import make_staff
from feedback.defaults.demo_stories import PRESSING, SOOTHING, STORIES, Story
from feedback.gaps import commands as gaps
from feedback.gaps import days, quality, service
from feedback.handoffs import commands as handoffs
from feedback.ladders.sweep import sweep
from feedback.models import Case, CaseKind, Channel, Department, Handoff
from feedback.remedies import commands as remedies
from feedback.sops.calendar import WorkCalendar
from feedback.triage import following as triage
from feedback.voice import days as voice

CASES, DAYS = 110, 30
FRESH = timedelta(minutes=4)  # lately somebody wrote every so often, and waits for an answer
SWEEP_EVERY = timedelta(minutes=30)
SLOW_SHARE, PRESSING_SHARE, CONFIRMING_SHARE = 0.07, 0.15, 0.7
AT_ONCE = {Channel.CHAT: 0.2, Channel.PHONE: 0.1}  # minutes; both are answered in working hours only

Step = Callable[[datetime], None]


def seed(at: datetime) -> None:
    """Live through the month that ends at that moment."""
    month = Month(at)
    month.plan()
    month.live()
    demo_behaviour.tell(at)
    demo_posts.seed(month.staff, at)


def conclude(at: datetime) -> None:
    """Draw the conclusions that beat would, from what is there for all to see: after `seed` is committed."""
    gaps.detect(at=at)
    for catch_up in (quality.compare, service.catch_up, days.catch_up):
        while catch_up(at=at):
            pass
    demo_gaps.seed(at)
    while triage.take_up_cases(at=at):
        pass
    while triage.take_up_reviews(at=at):
        pass
    while voice.catch_up():
        pass
    voice.begin_day(at=at)
    demo_behaviour.conclude(at)


class Month:
    """The steps still to come, in the order of their times."""

    def __init__(self, end: datetime) -> None:
        """Hire the staff; nothing is planned yet."""
        self.end = end
        self.dice = random.Random(11)  # noqa: S311 - the same month every time
        self.staff = make_staff()
        self.hours = WorkCalendar.from_json(self.staff.service.calendar.content)
        self.departments = {department.code: department for department in Department.objects.all()}
        self.coupons = {template.code: template.pk for template in CouponTemplate.objects.all()}
        self.number = count()
        self.steps: list[tuple[datetime, int, Step]] = []

    def plan(self) -> None:
        """Have members write, more of them lately, about orders of their own."""
        orders = list(Order.objects.filter(external_id__startswith="DEMO").select_related("member"))
        for number in range(CASES):
            story = STORIES[number % len(STORIES)]
            opened = self.end - timedelta(days=DAYS) * self.dice.random() ** 1.5
            if story.channel in AT_ONCE:
                opened = self.hours.next_open(opened)
            recent = [
                order for order in orders if timedelta() < opened - order.placed_at < timedelta(days=15)
            ]
            order = self.dice.choice(recent or orders)
            self._on(opened, partial(self._open, story, order))
        for number, story in enumerate(STORIES[:7]):
            order = self.dice.choice(orders)
            self._on(self.end - FRESH * number, partial(self._open, story, order, answered=False))
        for more in (demo_today, demo_money, demo_claims, demo_answers, demo_reviews, demo_crises):
            for at, step in more.steps(self.staff, self.end):
                self._on(at, step)

    def live(self) -> None:
        """Take every step up to the end, and sweep in between as beat would have."""
        swept = self.steps[0][0]
        while self.steps and self.steps[0][0] <= self.end:
            at, _number, step = heapq.heappop(self.steps)
            while swept + SWEEP_EVERY <= at:
                swept += SWEEP_EVERY
                sweep(swept)
                if swept.hour == 0:
                    cases.close_silent(at=swept)
            with suppress(DomainError):  # the ladder, or a colleague, was there first
                step(at)
        sweep(self.end)

    def _on(self, at: datetime, step: Step) -> None:
        heapq.heappush(self.steps, (at, next(self.number), step))

    def _later(self, at: datetime, minutes: float, step: Step) -> None:
        """Plan a step for about so many working minutes later; rarely it takes far longer."""
        slow = self.dice.uniform(4, 14) if self.dice.random() < SLOW_SHARE else 1
        work = timedelta(minutes=minutes * slow * self.dice.lognormvariate(0, 0.6))
        self._on(self.hours.due(at, work), step)

    def _open(self, story: Story, order: Order, at: datetime, *, answered: bool = True) -> None:
        about_order = story.kind not in {CaseKind.ENQUIRY, CaseKind.SUGGESTION}
        case = cases.open_case(
            member=order.member,
            order=order if about_order else None,
            kind=story.kind,
            channel=story.channel,
            subject=story.subject,
            body=story.body,
            priority=story.priority,
            actor=order.member,
            at=at,
        )
        if not answered:
            return
        agent = self.dice.choice(self.staff.agents)
        self._later(at, AT_ONCE.get(story.channel, 8), partial(self._take, case, story, agent))
        if self.dice.random() < PRESSING_SHARE:
            words = self.dice.choice(PRESSING)
            self._later(at, 90, partial(self._press, case, words, agent))

    def _press(self, case: Case, words: str, agent: User, at: datetime) -> None:
        if not Case.objects.filter(pk=case.pk, resolved_at=None).exists():
            return  # what is solved needs no pressing
        cases.member_message(case_id=case.pk, body=words, actor=case.member, at=at)
        self._later(at, 40, partial(self._soothe, case, agent))

    def _soothe(self, case: Case, agent: User, at: datetime) -> None:
        cases.reply(case_id=case.pk, body=SOOTHING, actor=agent, at=at)

    def _take(self, case: Case, story: Story, agent: User, at: datetime) -> None:
        with suppress(DomainError):  # a lead may have it by now; the member is answered all the same
            cases.claim(case_id=case.pk, actor=agent, at=at)
        last = len(story.replies) == 1 and not story.department
        if last:
            self._solve(case, story, agent, at)
            return
        cases.reply(case_id=case.pk, body=story.replies[0], actor=agent, at=at)
        if story.note:
            cases.note(case_id=case.pk, body=story.note, actor=agent, at=at)
        if not story.department:
            self._later(at, 100, partial(self._solve, case, story, agent))
            return
        handoff = handoffs.hand_over(
            case_id=case.pk,
            department_id=self.departments[story.department].pk,
            question=story.question,
            actor=agent,
            at=at,
        )
        self._later(at, 110, partial(self._answer, handoff, story, agent))

    def _answer(self, handoff: Handoff, story: Story, agent: User, at: datetime) -> None:
        other = self.staff.by_department[story.department]
        handoffs.answer(handoff_id=handoff.pk, answer=story.answer, actor=other, at=at)
        self._later(at, 25, partial(self._solve, handoff.case, story, agent))

    def _solve(self, case: Case, story: Story, agent: User, at: datetime) -> None:
        if story.coupon:
            remedies.grant_for_case(
                case_id=case.pk,
                kind=GrantKind.COUPON,
                template_id=self.coupons[story.coupon],
                reason=story.subject,
                key="demo",
                actor=agent,
                at=at,
            )
        cases.resolve(
            case_id=case.pk, resolution=story.resolution, message=story.replies[-1], actor=agent, at=at
        )
        if self.dice.random() < CONFIRMING_SHARE:
            self._later(at, 240, partial(self._confirm, case))

    def _confirm(self, case: Case, at: datetime) -> None:
        cases.confirm(case_id=case.pk, actor=case.member, at=at)
