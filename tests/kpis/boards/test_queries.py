"""What dashboards are made of: sums and rows agree, percentiles are exact, parts are whole."""

import statistics
from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.models import BreachCause, BreachNote
from kpis.boards import causes
from kpis.boards.figures import Where, by_department, figures
from kpis.boards.goals import held
from kpis.boards.periods import Days
from kpis.boards.times import ARRIVALS, BREACHES, by_hour, times
from kpis.models import Dimension, Grain, MetricCode
from kpis.snapshots import commands
from kpis.snapshots.calendar import day_span
from kpis.snapshots.queries import Slice
from kpis.targets.goals import Goals
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.figures import make_days, make_goal
from tests.factories.kpis import make_clock

pytestmark = [pytest.mark.django_db, pytest.mark.req("K3")]


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def noon(today):
    return day_span(today).start + timedelta(hours=12)


@pytest.fixture
def ours():
    return DepartmentFactory()


def test_figures_are_compared_with_before_and_a_year_before(today):
    make_days(today - timedelta(29), today, 1.0)
    make_days(today - timedelta(59), today - timedelta(30), 0.0)
    make_days(today - timedelta(364 + 29), today - timedelta(364), 1.0, n=10)
    told = figures([MetricCode.FIRST_REPLY], Days(today - timedelta(29), today), Where())
    one = told[MetricCode.FIRST_REPLY]
    assert (one.now.value, one.now.n) == (100, 3000)
    assert (one.before.value, one.change) == (0, 100)
    assert (one.year_before.n, one.year_change) == (300, 0)
    assert sum(figure.n for _first, _last, figure in one.parts) == one.now.n
    assert len(one.parts) == 30


def test_nothing_measured_is_no_value_and_no_change(today):
    one = figures([MetricCode.CSAT], Days(today, today), Where())[MetricCode.CSAT]
    assert (one.now.value, one.change, one.year_change) == (None, None, None)


def test_a_department_and_a_channel_at_once_are_counted_from_the_rows(ours, noon, today):
    make_clock(ours, due_at=noon, met_at=noon)
    make_clock(ours, due_at=noon)
    make_clock(DepartmentFactory(), due_at=noon)
    commands.take(first=today, last=today, at=noon)
    days, channel = Days(today, today), CaseFactory(department=ours).channel
    both = figures([MetricCode.FIRST_REPLY], days, Where((ours.pk,), Dimension.CHANNEL, channel))
    kept = figures([MetricCode.FIRST_REPLY], days, Where((ours.pk,)))
    assert both[MetricCode.FIRST_REPLY].now == kept[MetricCode.FIRST_REPLY].now
    assert both[MetricCode.FIRST_REPLY].now.n == 2
    none = figures([MetricCode.FIRST_REPLY], days, Where((ours.pk,), Dimension.CHANNEL, "phone"))
    assert none[MetricCode.FIRST_REPLY].now.n == 0


def test_what_can_not_be_narrowed_so_is_left_out(ours, today):
    found = figures([MetricCode.ON_TIME, MetricCode.SLA], Days(today, today), Where((ours.pk,)))
    assert list(found) == [MetricCode.SLA]


def test_percentiles_are_those_of_the_rows(ours, noon, today):
    took = [3, 8, 20, 45, 200, 7, 12]
    for minutes in took:
        CaseFactory(department=ours, opened_at=noon - timedelta(minutes=minutes), first_replied_at=noon)
    CaseFactory(opened_at=noon - timedelta(days=1), first_replied_at=noon)
    found = times(MetricCode.FIRST_REPLY_TIME, Days(today - timedelta(1), today), Where((ours.pk,)))
    assert found.now.n == len(took)
    assert found.now.median == 60 * statistics.median(took)
    assert found.now.p90 == pytest.approx(60 * statistics.quantiles(took, n=10, method="inclusive")[8])
    assert [took.n for _first, _last, took in found.parts] == [0, 7]
    assert found.before.median is None


@pytest.mark.parametrize("length", [7, 60, 300])
def test_every_part_has_its_own_percentile(ours, noon, today, length):
    CaseFactory(department=ours, opened_at=noon - timedelta(hours=1), first_replied_at=noon)
    found = times(MetricCode.FIRST_REPLY_TIME, Days(today - timedelta(length), today), Where())
    assert found.parts[-1][2].median == 3600
    assert sum(took.n for _first, _last, took in found.parts) == found.now.n == 1


def test_the_map_of_the_week_has_each_case_at_its_local_hour(ours, noon, today):
    CaseFactory(department=ours, opened_at=noon, member=MemberFactory())
    CaseFactory(opened_at=noon)
    make_clock(ours, due_at=noon - timedelta(hours=2))
    days = Days(today, today)
    assert by_hour(ARRIVALS, days, Where((ours.pk,)))[today.weekday()][12] == 1
    assert sum(map(sum, by_hour(BREACHES, days, Where((ours.pk,))))) == 1
    assert by_hour(BREACHES, days, Where())[today.weekday()][10] == 1
    assert sum(map(sum, by_hour(BREACHES, days, Where((DepartmentFactory().pk,))))) == 0


def test_causes_of_breaches_add_up_over_the_parts(ours, noon, today):
    cause = BreachCause.objects.first() or BreachCause.objects.create(code="slow", name="慢")
    for back in (0, 0, 3):
        clock = make_clock(ours, due_at=noon - timedelta(days=back))
        BreachNote.objects.create(clock=clock, cause=cause, by=UserFactory(), at=noon)
    make_clock(ours, due_at=noon)
    make_clock(DepartmentFactory(), due_at=noon)
    found = causes.of_breaches(Days(today - timedelta(6), today), Where((ours.pk,)))
    assert [(one.name, one.number) for one in found] == [(str(cause), 3), ("", 1)]
    assert (found[0].numbers[-1], found[0].numbers[-4]) == (2, 1)


def test_goals_are_shown_with_their_trend(today):
    make_goal("95")
    make_goal("4.5", metric=MetricCode.CSAT, grain=Grain.QUARTER)
    make_days(today - timedelta(400), today - timedelta(1), 0.9)
    found = held(Goals(), Slice(), today=today)
    assert [one.standing.metric.code for one in found] == [MetricCode.FIRST_REPLY, MetricCode.CSAT]
    assert found[0].before.value == pytest.approx(90, abs=2)
    assert found[0].year_before.n > 0
    assert (len(found[0].trend), len(found[1].trend)) == (13, 9)
    assert found[1].before.value is None


def test_a_department_is_held_against_its_own_goal_and_else_the_whole_s(ours, today):
    make_goal("95")
    make_goal("80", dimension=Dimension.DEPARTMENT, key=str(ours.pk))
    make_goal("99", dimension=Dimension.DEPARTMENT, key=str(DepartmentFactory().pk))
    make_goal("1", metric=MetricCode.GAP_RATE)
    found = held(Goals(), Slice(Dimension.DEPARTMENT, (str(ours.pk),)), today=today)
    assert [(one.standing.metric.code, one.standing.goal.value) for one in found] == [
        (MetricCode.FIRST_REPLY, 80)
    ]


def test_departments_stand_beside_each_other(ours, today):
    make_days(today, today, 1.0, dimension=Dimension.DEPARTMENT, key=str(ours.pk))
    found = by_department([MetricCode.FIRST_REPLY], Days(today, today), [ours.pk, 0])
    assert {pk: figures[MetricCode.FIRST_REPLY].value for pk, figures in found.items()} == {ours.pk: 100}
