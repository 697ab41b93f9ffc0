"""Periods judged from snapshots."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from kpis.models import Dimension, Grain, MetricCode, Snapshot, Target
from kpis.snapshots.queries import WHOLE, Slice
from kpis.targets.goals import Goals
from kpis.targets.queries import past, running, slices_of
from kpis.targets.rules import State

pytestmark = [pytest.mark.django_db, pytest.mark.req("K2")]
TODAY = date(2026, 11, 18)


def goal(
    value, *, metric=MetricCode.FIRST_REPLY, of=WHOLE, grain=Grain.MONTH, since=date(2026, 1, 1), warning=1
):
    return Target.objects.create(
        metric=metric, dimension=of.dimension, key=of.keys[0], grain=grain, since=since, goal=Decimal(value),
        warning=Decimal(warning), set_at=timezone.now(),
    )  # fmt: skip


def days(first, last, share, *, metric=MetricCode.FIRST_REPLY, of=WHOLE, n=100):
    Snapshot.objects.bulk_create(
        Snapshot(
            metric=metric, dimension=of.dimension, key=of.keys[0], day=first + timedelta(number), n=n,
            total=round(n * share) + number % 2, squares=round(n * share) + number % 2,
            computed_at=timezone.now(),
        )
        for number in range((last - first).days + 1)
    )  # fmt: skip


OURS = Slice(Dimension.DEPARTMENT, ("7",))


def test_periods_that_are_over_are_judged_by_the_goal_of_then():
    goal("80")
    goal("95", since=date(2026, 10, 1))
    days(date(2026, 8, 1), TODAY, 0.9)
    found = past(MetricCode.FIRST_REPLY, WHOLE, Grain.MONTH, Goals(), today=TODAY, number=5)
    assert [(one.first.month, one.standing.state, one.standing.goal.value) for one in found] == [
        (10, State.MISSED, 95),
        (9, State.MET, 80),
        (8, State.MET, 80),
        (7, State.NO_DATA, 80),
        (6, State.NO_DATA, 80),
    ]
    assert found[0].standing.attainment == pytest.approx(100 * found[0].figure.value / 95)


def test_a_period_that_runs_is_told_by_its_forecast_and_today_is_not_over():
    goal("95")
    days(date(2026, 9, 1), date(2026, 11, 17), 0.9)
    days(TODAY, TODAY, 0.1, n=10_000)
    (found,) = running([WHOLE], Goals(), today=TODAY)
    assert found.figure.n == 17 * 100
    assert found.forecast.n == 30 * 100
    assert found.gone == pytest.approx(17 / 30)
    assert found.state is State.AT_RISK
    assert found.will_miss


def test_what_is_just_in_the_band_is_at_risk_but_not_missed():
    goal("90")
    days(date(2026, 9, 1), date(2026, 11, 17), 0.9)
    (found,) = running([WHOLE], Goals(), today=TODAY)
    assert (found.state, found.will_miss) == (State.AT_RISK, False)


def test_early_in_a_period_nobody_is_told_that_it_will_be_missed():
    goal("99")
    days(date(2026, 9, 1), date(2026, 11, 4), 0.5)
    (found,) = running([WHOLE], Goals(), today=date(2026, 11, 5))
    assert (found.state, found.will_miss) == (State.AT_RISK, False)
    assert running([WHOLE], Goals(), today=date(2026, 11, 9))[0].will_miss


def test_a_department_is_judged_by_its_own_goal_or_else_the_wholes():
    goal("80")
    days(date(2026, 9, 1), date(2026, 11, 17), 0.9, of=OURS)
    (found,) = running([OURS], Goals(), today=TODAY)
    assert (found.goal.value, found.is_inherited, found.state) == (80, True, State.OPEN)
    goal("99", of=OURS)
    (found,) = running([OURS], Goals(), today=TODAY)
    assert (found.goal.value, found.is_inherited, found.state) == (99, False, State.AT_RISK)


def test_joined_departments_add_up_and_are_held_against_the_wholes():
    goal("80")
    both = Slice(Dimension.DEPARTMENT, ("7", "8"))
    for key in both.keys:
        days(date(2026, 11, 1), date(2026, 11, 17), 0.9, of=Slice(Dimension.DEPARTMENT, (key,)))
    (found,) = running([both], Goals(), today=TODAY)
    assert (found.figure.n, found.goal.value) == (3400, 80)


def test_nothing_measured_is_no_state_and_few_are_not_judged():
    goal("95")
    (found,) = running([WHOLE], Goals(), today=TODAY)
    assert (found.state, found.figure.value, found.attainment) == (State.NO_DATA, None, None)
    days(date(2026, 11, 10), date(2026, 11, 11), 0.5, n=4)
    assert running([WHOLE], Goals(), today=TODAY)[0].state is State.FEW


def test_every_length_with_a_goal_is_told():
    goal("95")
    goal("96", grain=Grain.WEEK)
    found = running([WHOLE], Goals(), today=TODAY)
    assert [(one.period.grain, one.goal.value) for one in found] == [(Grain.MONTH, 95), (Grain.WEEK, 96)]
    assert running([OURS], Goals(), today=TODAY, codes=[MetricCode.COMPLAINT_RATE]) == []


def test_judging_costs_one_query_whatever_is_judged(django_assert_num_queries):
    goal("95")
    days(date(2026, 11, 1), date(2026, 11, 17), 0.9)
    with django_assert_num_queries(2):
        running([WHOLE], Goals(), today=TODAY)
    goal("4", metric=MetricCode.CSAT)
    goal("99", of=OURS)
    with django_assert_num_queries(2):
        running(slices_of([7, 8, 9], company=True), Goals(), today=TODAY)
