"""Trainings in any state, and the figures of agents around them, for tests."""

from datetime import UTC, datetime, timedelta

from kpis.models import MetricCode, Presence, Snapshot
from kpis.training import commands
from kpis.training.commands import About, Noted
from tests.factories.appraisals import person
from tests.factories.feedback import DepartmentFactory, StaffFactory

AT = datetime(2026, 3, 16, 2, tzinfo=UTC)
"""A Monday morning; trainings are planned then for the next day."""
STARTS = AT + timedelta(days=1)
LATER = STARTS + timedelta(weeks=5)
"""When the weeks after it are over."""


def about(**more):
    """What a training is about."""
    given = {
        "title": "先道歉，再解决", "metric": MetricCode.CSAT, "starts_at": STARTS, "place": "三楼会议室",
        "trainer": more.pop("trainer", None) or StaffFactory(is_staff=True, role="agent"),
    }  # fmt: skip
    return About(**{**given, **more})


def training(department=None, *, agents=(), at=AT, need=None, actor=None, **more):
    """One that is planned, with some agents in it."""
    return commands.plan(
        department=department or DepartmentFactory(),
        about=about(**more),
        agents=[one.pk for one in agents],
        need=need,
        actor=actor,
        at=at,
    )


def there(*agents, presence=Presence.PRESENT):
    """That these agents were there."""
    return {one.pk: Noted(presence) for one in agents}


def held(department=None, *, agents=(), at=STARTS, **more):
    """One that was held; everybody in it was there."""
    department = department or DepartmentFactory()
    agents = agents or [person(department).agent]
    made = training(department, agents=agents, **more)
    return commands.hold(training_id=made.pk, attendance=there(*agents), actor=None, at=at)


def measured(agent, day, n, mean, *, metric=MetricCode.CSAT):
    """So many scores of an agent on a day, all the same."""
    return Snapshot.objects.create(
        metric=metric, dimension="agent", key=str(agent.pk), day=day, n=n, total=round(n * mean),
        squares=round(n * mean * mean), computed_at=AT,
    )  # fmt: skip


def course(agent, before, after, *, n=20, metric=MetricCode.CSAT):
    """Somebody's mean before and after the training's day."""
    day = STARTS.date()
    measured(agent, day - timedelta(7), n, before, metric=metric)
    measured(agent, day + timedelta(7), n, after, metric=metric)
