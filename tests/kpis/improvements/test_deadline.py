from datetime import timedelta

import pytest

from config.common.events import timeline
from config.common.models import OutboxMessage
from feedback.models import Membership
from kpis.improvements import commands, deadline
from kpis.models import Improvement, ImprovementRung, Step
from tests.factories.compensation import T0
from tests.factories.feedback import DepartmentFactory
from tests.factories.improvements import accepted, staff, under_way
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("K6")]


def told():
    """Whom letters about rungs went to, in their order."""
    return [row.payload["user"] for row in letters()]


def letters():
    return OutboxMessage.objects.filter(kind="staff").exclude(key__contains=":owner:").order_by("pk")


def late(days=10):
    """One of a department with a lead, below one with a supervisor, owned by an agent."""
    above = DepartmentFactory()
    department = DepartmentFactory(parent=above)
    owner, lead, boss = staff(department, "agent"), staff(department, "team_lead"), staff(above)
    Membership.objects.filter(agent__user=lead).update(is_lead=True)
    return accepted(department, owner=owner, days=days), owner, lead, boss


def test_each_rung_is_fired_once_and_on_record():
    found, owner, lead, boss = late()
    over = deadline.ends_at(found)
    fired = []
    for at in (
        T0, T0 + timedelta(days=5), over - timedelta(days=1), over, over + timedelta(hours=1),
        over + timedelta(days=1), over + timedelta(days=3), over + timedelta(days=30),
    ):  # fmt: skip
        fired.append(deadline.sweep(at=at))
        assert deadline.sweep(at=at) == 0
    assert fired == [0, 0, 1, 1, 0, 1, 1, 0]
    assert told() == [owner.pk, owner.pk, lead.pk, boss.pk]
    assert list(ImprovementRung.objects.order_by("pk").values_list("step", "told")) == [
        (step, 1) for step in Step
    ]
    assert [event.kind for event in timeline([found])].count("improvement.rung") == 4
    assert Improvement.objects.get().warn_at is None


def test_a_sweep_that_was_long_away_puts_all_on_record_and_warns_nobody_of_what_is_over():
    found, owner, lead, boss = late()
    assert deadline.sweep(at=deadline.ends_at(found) + timedelta(days=9)) == 4
    assert told() == [owner.pk, lead.pk, boss.pk]
    assert dict(ImprovementRung.objects.values_list("step", "told")) == {
        "warning": 0, "breach": 1, "lead": 1, "supervisors": 1,
    }  # fmt: skip


def test_who_stands_on_several_rungs_that_are_due_at_once_is_told_of_the_last():
    department = DepartmentFactory()
    owner, boss = staff(department), staff(department)
    Membership.objects.filter(agent__user=owner).update(is_lead=True)
    found = accepted(department, owner=owner, days=10)
    assert deadline.sweep(at=deadline.ends_at(found) + timedelta(days=9)) == 4
    keys = [(row.key.split(":")[-2], row.payload["user"]) for row in letters()]
    assert keys == [("lead", owner.pk), ("supervisors", boss.pk)]


def test_a_day_that_is_put_nearer_is_not_warned_of_when_it_is_over():
    found, owner, *_rest = late()
    at = T0 + timedelta(days=8)
    commands.entrust(improvement_id=found.pk, owner=owner, due_on=at.date(), actor=None, at=at)
    for hours in range(4 * 24):
        deadline.sweep(at=at + timedelta(hours=hours))
    found.refresh_from_db()
    rungs = list(found.rungs.order_by("pk").values_list("step", "told", "fired_at"))
    assert [(step, number) for step, number, _at in rungs] == [
        ("warning", 0), ("breach", 1), ("lead", 1), ("supervisors", 1),
    ]  # fmt: skip
    assert [row.payload["user"] for row in letters()].count(owner.pk) == 1


def test_a_warning_that_comes_late_is_told_while_the_day_is_not_over():
    found, owner, *_rest = late()
    assert deadline.sweep(at=deadline.ends_at(found) - timedelta(hours=1)) == 1
    assert told() == [owner.pk]


def test_a_later_day_begins_the_ladder_anew():
    found, owner, *_rest = late()
    deadline.sweep(at=deadline.ends_at(found))
    later = T0.date() + timedelta(30)
    at = deadline.ends_at(found)
    found = commands.entrust(improvement_id=found.pk, owner=owner, due_on=later, actor=None, at=at)
    assert deadline.sweep(at=at) == 0
    assert deadline.sweep(at=deadline.ends_at(found)) == 2


def test_what_is_done_or_dropped_is_late_no_more():
    first, second = under_way(), accepted()
    commands.carry_out(improvement_id=first.pk, actor=None, at=T0)
    commands.drop(improvement_id=second.pk, actor=None, at=T0)
    assert deadline.sweep(at=T0 + timedelta(days=99)) == 0


def test_where_there_is_nobody_that_is_on_record():
    found = accepted()
    deadline.sweep(at=deadline.ends_at(found) + timedelta(days=9))
    assert dict(ImprovementRung.objects.values_list("step", "told")) == {
        "warning": 0, "breach": 1, "lead": 0, "supervisors": 0,
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_fire_each_rung_once():
    found, *_people = late()
    at = deadline.ends_at(found) + timedelta(days=9)
    assert sum(at_once(*[lambda: deadline.sweep(at=at)] * 2)) == 4
    assert len(told()) == 3  # nobody is warned of a day that is over
