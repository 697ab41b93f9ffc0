"""Crises, what they are found by, and the people who deal with them."""

from datetime import timedelta

import factory
from factory.django import DjangoModelFactory

from feedback import models
from feedback.crises import commands
from feedback.crises.commands import Plan
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, DepartmentFactory

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class WatchFactory(DjangoModelFactory):
    class Meta:
        model = models.CrisisWatch

    code = factory.Sequence("watch-{}".format)
    name = factory.Sequence("监测 {}".format)
    window_hours = 3
    weeks = 4
    least = 5
    rate = 0.001


class ProposalFactory(DjangoModelFactory):
    """A crisis that was found and is only proposed."""

    class Meta:
        model = models.Crisis

    name = factory.Sequence("品类：杯子 {}".format)
    of = models.CrisisOf.CASE
    by = models.CrisisBy.CATEGORY
    value = factory.Sequence("杯子{}".format)
    categories = factory.LazyAttribute(lambda one: [one.value])
    seen = 12
    since = T0
    began_at = T0
    proposed_at = T0


def supervisor(*departments, role="supervisor", leads=True):
    """Somebody who may open crises, in some departments or a new one."""
    given = {"leads" if leads else "departments": list(departments) or [DepartmentFactory()]}
    return AgentFactory(user__role=role, **given).user


def department_of(user):
    return models.Department.objects.filter(memberships__agent__user=user).order_by("pk").first()


def plan(user, **changes):
    """A plan of somebody for their first department: all complaints."""
    given = {
        "name": "暴雨延误",
        "severity": 2,
        "department": department_of(user),
        "owner": user,
        "since": T0,
        "conditions": {"kinds": ["complaint"]},
    }
    return Plan(**(given | changes))


def opened(user=None, at=T0 + HOUR, **changes):
    """A crisis opened by hand."""
    user = user or supervisor()
    return commands.begin(plan=plan(user, **changes), actor=user, at=at)
