"""A closed month of figures, and people who are judged by it."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pgtrigger
from django.apps import apps
from django.contrib.auth.models import Group
from django.db.models import Max

from feedback.defaults.roles import ROLES
from feedback.models import Membership
from kpis.appraisals import schemes, scoring
from kpis.appraisals.schemes import Line
from kpis.models import Appraisal, FigureDay, Grain, JudgedBy, MetricCode, Scheme, Snapshot
from kpis.snapshots.calendar import period_of
from tests.factories.feedback import AgentFactory, StaffFactory

MONTH = date(2026, 3, 1)
AT = datetime(2026, 4, 3, 1, tzinfo=UTC)
KEPT = (
    "common.UserHistory", "common.UserRoleHistory", "feedback.AgentHistory", "feedback.MembershipHistory",
)  # fmt: skip
LINES = (
    Line(
        judged_by=JudgedBy.OWN, metric=MetricCode.CSAT, weight=10, floor=Decimal(3), goal=Decimal("4.5"),
        least_n=10, is_satisfaction=True,
    ),
    Line(
        judged_by=JudgedBy.OWN, metric=MetricCode.FIRST_REPLY_TIME, weight=5, floor=Decimal(7200),
        goal=Decimal(1800), least_n=10, is_satisfaction=True,
    ),
    Line(
        judged_by=JudgedBy.COMPANY, metric=MetricCode.COMPLAINT_RATE, weight=5, floor=Decimal(3),
        goal=Decimal(1), is_satisfaction=True,
    ),
    Line(
        judged_by=JudgedBy.OWN, metric=MetricCode.QUALITY, weight=50, floor=Decimal(60), goal=Decimal(90),
        least_n=4,
    ),
    Line(judged_by=JudgedBy.MARK, weight=30, name="主管评价", name_en="Lead's mark"),
)  # fmt: skip


def person(department, role="agent", *, is_lead=False):
    """An agent with a role in a department; gives the account."""
    user = StaffFactory(role=role, is_staff=True)
    agent = AgentFactory(user=user, departments=[department])
    if is_lead:
        Membership.objects.filter(agent=agent).update(is_lead=True)
    return type(user).objects.get(pk=user.pk)


@contextmanager
def written_at(at):
    """What is edited of the organisation within is kept in its history as if it had been done then."""
    kept = [apps.get_model(name) for name in KEPT]
    upto = [one.objects.aggregate(upto=Max("pgh_id"))["upto"] or 0 for one in kept]
    yield
    with pgtrigger.ignore(*(f"{name}:append_only" for name in KEPT)):
        for one, number in zip(kept, upto, strict=True):
            one.objects.filter(pgh_id__gt=number).update(pgh_created_at=at)


def scheme(lines=LINES, *, since=MONTH, department=None, **days):
    """A scheme of agents, or of a department."""
    role = None if department else Group.objects.get_or_create(name=ROLES["agent"].name)[0]
    made = Scheme.objects.create(
        code="operations" if department else "agents", name="方案", name_en="Scheme", group=role,
        department=department,
    )  # fmt: skip
    schemes.set_version(scheme_id=made.pk, since=since, lines=lines, **days, actor=None, at=AT)
    return made


def figure(agent, metric, n, value, *, day=MONTH, dimension="agent"):
    """What was measured of an agent's figure on a day: so many of the same value."""
    key = str(agent.pk) if agent is not None else ""
    return Snapshot.objects.create(
        metric=metric, dimension=dimension, key=key, day=day, n=n, total=n * value, squares=n * value * value,
        computed_at=AT,
    )  # fmt: skip


def close(month=MONTH):
    """Close the days of a month."""
    first, last = period_of(month, Grain.MONTH)
    FigureDay.objects.bulk_create(
        FigureDay(day=first + timedelta(number), taken_at=AT, closed_at=AT)
        for number in range((last - first).days + 1)
    )


def scored(department, *, lines=LINES, **days):
    """An agent with a good month, scored; gives their account and the appraisal."""
    user = person(department)
    made = scheme(lines, **days)
    figure(user.agent, MetricCode.CSAT, 20, 4)
    figure(user.agent, MetricCode.QUALITY, 8, 75)
    close()
    scoring.score_month(month=MONTH, actor=None, at=AT)
    return user, Appraisal.objects.get(scheme=made, agent=user.agent)
