from datetime import date, timedelta

import pytest
from django.utils import timezone

from kpis.models import MetricCode
from kpis.training import commands
from kpis.training.result import result
from kpis.training.rules import Finding
from tests.factories.appraisals import person, scored
from tests.factories.feedback import DepartmentFactory
from tests.factories.trainings import LATER, STARTS, course, held, measured, there, training

pytestmark = [pytest.mark.django_db, pytest.mark.req("K10")]

OVER = timezone.localdate(LATER)


@pytest.fixture
def department():
    return DepartmentFactory()


def agents(department, number):
    return [person(department).agent for _each in range(number)]


def test_who_took_part_against_their_colleagues_in_the_same_weeks(department):
    taught, others = agents(department, 3), agents(department, 3)
    stranger = person(DepartmentFactory()).agent
    found = held(department, agents=taught)
    for number, one in enumerate(taught):
        course(one, 3, 4 + number / 10)
    for number, one in enumerate(others):
        course(one, 3, 3.5 + number / 10)
    course(stranger, 3, 5)
    told = result(found, today=OVER)
    assert told.finding == Finding.BETTER
    assert (told.told.took_part.n, told.told.others.n) == (3, 3)
    assert told.told.took_part.change.difference == pytest.approx(1.1)
    assert told.told.others.change.difference == pytest.approx(0.6)
    assert told.told.effect.change == pytest.approx(0.5)
    assert told.told.effect.low > 0


@pytest.mark.parametrize(("lower", "by_itself"), [(0.5, True), (-0.5, False)])
def test_who_was_lower_before_may_have_risen_by_themselves(department, lower, by_itself):
    taught, others = agents(department, 3), agents(department, 3)
    found = held(department, agents=taught)
    for number in range(3):
        course(taught[number], 3 - lower, 4.5 + number / 10)
        course(others[number], 3, 3 + number / 10)
    told = result(found, today=OVER)
    assert (told.finding, told.may_be_by_itself) == (Finding.BETTER, by_itself)


def test_too_early_until_the_weeks_are_over(department):
    found = held(department, agents=agents(department, 2))
    told = result(found, today=date(2026, 4, 14))
    assert (told.finding, told.told, told.after.last) == (Finding.TOO_EARLY, None, date(2026, 4, 14))
    assert result(found, today=date(2026, 4, 15)).finding == Finding.TOO_FEW
    assert result(training(department), today=OVER) is None


def test_the_day_itself_other_days_and_other_figures_do_not_count(department):
    taught, others = agents(department, 2), agents(department, 2)
    found = held(department, agents=taught)
    for number, one in enumerate([*taught, *others]):
        course(one, 3, 4 + number / 10)
        for day in (0, -29, 29):
            measured(one, STARTS.date() + timedelta(day), 1_000, 1)
        measured(one, STARTS.date() + timedelta(1), 99, 50, metric=MetricCode.QUALITY)
    told = result(found, today=OVER).told
    assert [told.took_part.before, told.took_part.after] == [3, pytest.approx(4.05)]
    assert {one.before.n for one in result(found, today=OVER).people} == {20}


def test_who_was_not_there_counts_among_the_colleagues_and_the_trainer_on_no_side(department):
    there_one, missed, trainer = agents(department, 3)
    found = training(department, agents=[there_one, missed], trainer=trainer.user)
    attendance = there(there_one) | there(missed, presence="absent")
    found = commands.hold(training_id=found.pk, attendance=attendance, actor=None, at=STARTS)
    assert found.others == [missed.pk]
    assert [one.person for one in result(found, today=OVER).people] == [there_one.pk]


def test_colleagues_taught_the_same_elsewhere_are_not_compared_with(department):
    taught, others, also = agents(department, 2), agents(department, 2), agents(department, 1)
    found = held(department, agents=taught)
    for number, one in enumerate([*taught, *others, *also]):
        course(one, 3, 4 + number / 10)
    assert result(found, today=OVER).told.others.n == 3
    held(department, agents=also, metric=MetricCode.QUALITY)
    assert result(found, today=OVER).told.others.n == 3
    held(department, agents=[*also, taught[0]])
    told = result(found, today=OVER)
    assert (told.told.others.n, told.also) == (2, 1)


def test_with_whom_they_are_compared_is_fixed_on_the_day(department):
    taught, others = agents(department, 2), agents(department, 2)
    found = held(department, agents=taught)
    for number, one in enumerate([*taught, *others, *agents(department, 2)]):
        course(one, 3, 4 + number / 10)
    others[0].memberships.all().delete()
    assert result(found, today=OVER).told.others.n == 2


def test_who_was_put_in_for_a_need_is_told():
    department = DepartmentFactory()
    user, appraisal = scored(department)
    found = training(department)
    commands.put_in(
        training_id=found.pk, agent_ids=[user.agent.pk], appraisal=appraisal, actor=None, at=STARTS
    )
    found = commands.hold(training_id=found.pk, attendance=there(user.agent), actor=None, at=STARTS)
    told = result(found, today=OVER)
    assert (told.by_need, told.need_since) == (1, date(2026, 3, 1))
    assert (told.before.first, told.before.last) == (date(2026, 2, 1), date(2026, 2, 28))


def test_as_many_queries_for_three_as_for_one(department, django_assert_num_queries):
    for number in (1, 3):
        taught, others = agents(department, number), agents(department, number)
        found = held(department, agents=taught)
        for one in (*taught, *others):
            course(one, 3, 4)
        with django_assert_num_queries(4):
            result(found, today=OVER)
