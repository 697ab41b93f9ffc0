from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from feedback.models import Membership
from kpis.appraisals import queries, scoring
from kpis.models import Appraisal, MetricCode
from tests.factories.appraisals import AT, MONTH, close, figure, person, scheme, written_at
from tests.factories.feedback import DepartmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("K8")]

IN_MARCH, IN_APRIL = AT - timedelta(days=9), AT - timedelta(days=1)


def score(actor=None):
    return scoring.score_month(month=MONTH, actor=actor, at=AT)


def judged():
    return {one.agent.user: one.department for one in Appraisal.objects.select_related("agent__user")}


def leave(user):
    type(user).objects.filter(pk=user.pk).update(is_active=False)


def rest(user):
    user.agent.is_active = False
    user.agent.save()


def lose_the_role(user):
    user.groups.clear()


def go(user):
    Membership.objects.filter(agent=user.agent).delete()


def move(user):
    go(user)
    Membership.objects.create(agent=user.agent, department=DepartmentFactory())


@pytest.mark.parametrize("happens", [leave, rest, lose_the_role, go, move])
def test_a_month_is_of_who_was_there_when_it_ended(happens):
    scheme()
    close()
    with written_at(IN_MARCH):
        department = DepartmentFactory()
        one, other = person(department), person(department)
    with written_at(IN_APRIL):
        happens(one)
        person(department)
    assert score().made == 2
    assert judged() == {one: department, other: department}


def test_whoever_left_came_or_changed_within_the_month_is_taken_as_it_ended():
    scheme()
    close()
    with written_at(IN_MARCH - timedelta(days=9)):
        before, after = DepartmentFactory(), DepartmentFactory()
        gone, moved, later = person(before), person(before), person(before, "team_lead")
    with written_at(IN_MARCH):
        lose_the_role(gone)
        Membership.objects.filter(agent=moved.agent).update(department=after)
        later.groups.set(Group.objects.filter(name=scheme_role()))
    score()
    assert judged() == {moved: after, later: before}


def scheme_role():
    return Appraisal._meta.get_field("scheme").related_model.objects.get().group.name


def test_who_is_judged_is_fixed_by_the_first_score_where_nothing_older_is_known():
    department = DepartmentFactory()
    user, boss = person(department), person(department, "supervisor")
    scheme()
    close()
    assert score().made == 1
    late = person(department)
    assert score().made == 0
    assert set(judged()) == {user}
    assert late.agent not in [one.person.agent for one in queries.to_mark(boss, MONTH)]


def test_a_supervisor_scores_the_departments_that_they_see_by_the_whole_role():
    mine, theirs = DepartmentFactory(), DepartmentFactory()
    one, other = person(mine), person(theirs)
    scheme()
    figure(one.agent, MetricCode.CSAT, 5, 5)
    figure(other.agent, MetricCode.CSAT, 15, 3)
    close()
    boss = person(mine, "supervisor")
    assert score(boss).made == 1
    assert judged() == {one: mine}
    (row,) = queries.team(boss, MONTH)
    assert row.newest.numbers["lines"][0]["role"] == 3.5
    assert not row.differs
    assert score(boss).made == 0
    assert score(person(DepartmentFactory(), "administrator")).made == 1
    assert judged() == {one: mine, other: theirs}
