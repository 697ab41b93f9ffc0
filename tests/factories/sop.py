"""Calendars, ladders, policies, departments and cases for tests of the SOP."""

from datetime import UTC, datetime, timedelta

import factory
from factory.django import DjangoModelFactory

from feedback.models import (
    Agent,
    Calendar,
    Case,
    Department,
    Ladder,
    Membership,
    Policy,
    PolicyTarget,
    Rung,
)
from feedback.sops.commands import publish_calendar, publish_ladder, publish_policy
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory

START = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)  # a Wednesday, 09:00 in Shanghai
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = {"zone": "Asia/Shanghai", "hours": {day: [["00:00", "24:00"]] for day in DAYS}}
OFFICE = {
    "zone": "Asia/Shanghai",
    "hours": {day: [["09:00", "12:00"], ["13:00", "18:00"]] for day in DAYS[:5]},
}
STANDARD = (
    {"percent": 80, "action": "notify_agent"},
    {"percent": 100, "action": "notify_lead"},
    {"after": timedelta(minutes=30), "action": "reassign_lead"},
    {"after": timedelta(hours=2), "action": "escalate"},
)


class SopCalendarFactory(DjangoModelFactory):
    class Meta:
        model = Calendar
        skip_postgeneration_save = True

    code = factory.Sequence("calendar-{}".format)
    name = factory.Sequence("日历 {}".format)
    content = ALWAYS

    @factory.post_generation
    def publish(self, create, extracted, **kwargs):
        publish_calendar(calendar=self, actor=None, at=START)


class SopDepartmentFactory(DjangoModelFactory):
    class Meta:
        model = Department

    code = factory.Sequence("department-{}".format)
    name = factory.Sequence("部门 {}".format)
    calendar = factory.SubFactory(SopCalendarFactory)


class SopCaseFactory(DjangoModelFactory):
    """A case that nothing has started the clocks of."""

    class Meta:
        model = Case

    member = factory.SubFactory(MemberFactory)
    kind = "complaint"
    channel = "portal"
    subject = "包裹破损"
    department = factory.SubFactory(SopDepartmentFactory)
    opened_at = START


def make_agent(department, *, is_lead=False, **fields):
    agent = Agent.objects.create(user=UserFactory(**fields))
    Membership.objects.create(agent=agent, department=department, is_lead=is_lead)
    return agent


def make_ladder(*rungs, code="ladder"):
    ladder = Ladder.objects.create(code=code, name=code)
    for rung in rungs or STANDARD:
        Rung.objects.create(ladder=ladder, **rung)
    publish_ladder(ladder=ladder, actor=None, at=START)
    return ladder


def make_policy(code="any", *, ladder=None, calendar=None, position=100, targets=None, **conditions):
    policy = Policy.objects.create(code=code, name=code, position=position, **conditions)
    minutes = targets or {"first_reply": 30, "next_reply": 120, "resolution": 1440, "handoff": 240}
    for milestone, within in minutes.items():
        PolicyTarget.objects.create(
            policy=policy,
            milestone=milestone,
            within=timedelta(minutes=within),
            ladder=ladder,
            calendar=calendar,
        )
    publish_policy(policy=policy, actor=None, at=START)
    return policy
