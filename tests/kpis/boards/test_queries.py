"""What dashboards are made of: sums and rows agree, percentiles are exact, parts are whole."""

import statistics
from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.models import BreachCause, BreachNote, Gap, GapCause
from kpis.boards import causes
from kpis.boards.figures import Where, by_department, figures
from kpis.boards.goals import held
from kpis.boards.periods import Days
from kpis.boards.product import Goods, cases, gaps
from kpis.boards.product import stars as stars_of
from kpis.boards.times import by_hour, times
from kpis.metrics.sketch import ERROR
from kpis.models import Dimension, Grain, MetricCode, TallyOf
from kpis.snapshots import commands
from kpis.snapshots.calendar import day_span
from kpis.snapshots.queries import Slice
from kpis.targets.goals import Goals
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory, ProductFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory, ReviewFactory
from tests.factories.figures import make_days, make_goal
from tests.factories.kpis import make_clock, make_promised_order

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


def taken(first, last):
    """The days taken, as beat would."""
    commands.take(first=first, last=last, at=timezone.now())


def chat(ours):
    """A department narrowed to the channel of all its cases: nothing is kept of both, so rows are counted."""
    return Where((ours.pk,), Dimension.CHANNEL, CaseFactory.build().channel)


def test_percentiles_are_those_of_the_rows(ours, noon, today):
    took = [3, 8, 20, 45, 200, 7, 12]
    for minutes in took:
        CaseFactory(department=ours, opened_at=noon - timedelta(minutes=minutes), first_replied_at=noon)
    CaseFactory(opened_at=noon - timedelta(days=1), first_replied_at=noon)
    taken(today - timedelta(3), today)
    days, code = Days(today - timedelta(1), today), MetricCode.FIRST_REPLY_TIME
    kept, rows = times(code, days, Where((ours.pk,))), times(code, days, chat(ours))
    assert kept.now.n == rows.now.n == len(took)
    median, p90 = 60 * statistics.median(took), 60 * statistics.quantiles(took, n=10, method="inclusive")[8]
    assert (rows.now.median, rows.now.p90) == (median, pytest.approx(p90))
    assert (kept.now.median, kept.now.p90) == (
        pytest.approx(median, rel=ERROR),
        pytest.approx(p90, rel=ERROR),
    )
    for found in (kept, rows):
        assert [took.n for _first, _last, took in found.parts] == [0, 7]
        assert found.before.median is None


@pytest.mark.parametrize("length", [7, 60, 300])
def test_every_part_has_its_own_percentile(ours, noon, today, length):
    CaseFactory(department=ours, opened_at=noon - timedelta(hours=1), first_replied_at=noon)
    taken(today, today)
    days = Days(today - timedelta(length), today)
    for where in (Where(), chat(ours)):
        found = times(MetricCode.FIRST_REPLY_TIME, days, where)
        assert found.parts[-1][2].median == pytest.approx(3600, rel=ERROR)
        assert sum(took.n for _first, _last, took in found.parts) == found.now.n == 1


def test_the_map_of_the_week_has_each_case_at_its_local_hour(ours, noon, today):
    CaseFactory(department=ours, opened_at=noon, member=MemberFactory())
    CaseFactory(opened_at=noon)
    make_clock(ours, due_at=noon - timedelta(hours=2))
    taken(today, today)
    days, on = Days(today, today), today.weekday()
    for where in (Where((ours.pk,)), chat(ours)):
        assert by_hour(TallyOf.ARRIVED, days, where)[on][12] == 1
        assert sum(map(sum, by_hour(TallyOf.BREACHED, days, where))) == 1
        assert by_hour(TallyOf.BREACHED, days, where)[on][10] == 1
    assert by_hour(TallyOf.ARRIVED, days, Where())[on][12] == 2
    nobody = Where((DepartmentFactory().pk,))
    assert sum(map(sum, by_hour(TallyOf.BREACHED, days, nobody))) == 0


@pytest.mark.parametrize("length", [6, 100, 300])
def test_causes_of_breaches_add_up_over_the_parts(ours, noon, today, length):
    cause = BreachCause.objects.first() or BreachCause.objects.create(code="slow", name="慢")
    for back in (0, 0, 3):
        clock = make_clock(ours, due_at=noon - timedelta(days=back))
        BreachNote.objects.create(clock=clock, cause=cause, by=UserFactory(), at=noon)
    make_clock(ours, due_at=noon)
    make_clock(DepartmentFactory(), due_at=noon)
    taken(today - timedelta(3), today)
    days = Days(today - timedelta(length), today)
    kept, rows = (causes.of_breaches(days, where) for where in (Where((ours.pk,)), chat(ours)))
    assert [(one.name, one.number) for one in kept] == [(str(cause), 3), ("", 1)]
    assert kept == rows
    if length == 6:
        assert (kept[0].numbers[-1], kept[0].numbers[-4]) == (2, 1)


def test_causes_of_gaps_are_joined_whatever_was_promised(noon, today):
    for aspect, cause in (("delivery", GapCause.HUMAN), ("price", GapCause.HUMAN), ("price", "")):
        gap = make_promised_order(due_at=noon, late=True).gaps.get()
        Gap.objects.filter(pk=gap.pk).update(aspect=aspect, cause=cause)
    taken(today, today)
    found = causes.of_gaps(Days(today - timedelta(1), today))
    assert [(one.code, list(one.numbers)) for one in found] == [("human", [0, 2]), ("", [0, 1])]


def test_a_category_is_told_by_tallies_as_its_products_by_their_rows(noon, today):
    product = ProductFactory(category="tea")
    order = make_promised_order(due_at=noon, late=True)
    order.lines.update(product=product)
    CaseFactory(order=order, opened_at=noon)
    for stars in (1, 5, 5):
        ReviewFactory(order=order, product=product, stars=stars, written_at=noon)
    taken(today, today)
    days, kept, rows = Days(today, today), Goods(category="tea"), Goods(product=product.pk)
    assert stars_of(kept, days) == stars_of(rows, days) == {1: 1, 2: 0, 3: 0, 4: 0, 5: 2}
    assert gaps(kept, days) == gaps(rows, days) == [("delivery", "", 1)]
    assert cases(kept, days) == cases(rows, days)
    assert sum(number for _kind, number in cases(kept, days)) == 1
    none = Goods(category="cups")
    assert (sum(stars_of(none, days).values()), gaps(none, days), cases(none, days)) == (0, [], [])


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
