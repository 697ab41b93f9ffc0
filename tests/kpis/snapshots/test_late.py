"""Facts about past days are found by what tells of them, and those days are taken again, no others."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from compensation.models import Order, OrderStatus
from config.common.events import record
from feedback.cases import commands as cases
from feedback.models import Case, Gap
from kpis.models import FigureDay, MetricCode, Snapshot
from kpis.snapshots import late
from kpis.snapshots.calendar import day_span
from kpis.snapshots.commands import take
from surveys.responses.commands import answer
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.kpis import make_clock, make_promised_order
from tests.factories.surveys import NOW, answers, invited, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("K1")]


@pytest.fixture
def now():
    return timezone.now()


def stale():
    return set(FigureDay.objects.exclude(stale_at=None).values_list("day", flat=True))


def settle(now):
    """Everything that has been told so far is known, and every day of it is taken."""
    while late.note(at=now):
        pass
    while late.take_stale(at=now):
        pass


def total(code, day):
    row = Snapshot.objects.filter(metric=code, dimension="", day=day).first()
    return (row.n, row.total) if row else None


@pytest.fixture
def told(monkeypatch):
    """Events of the test's own transaction are read as if it had ended."""
    monkeypatch.setattr(
        "config.common.events._since",
        lambda position: late.Event.objects.filter(pk__gt=position.id).order_by("pk"),
    )


def test_a_case_that_turns_out_to_be_another_s_is_taken_out_of_its_day(told, now):
    department, days_ago = DepartmentFactory(), now - timedelta(days=9)
    agent = AgentFactory(departments=[department])
    first, second = (CaseFactory(opened_at=days_ago, department=department) for _ in range(2))
    Case.objects.filter(pk=second.pk).update(member=first.member)
    day = timezone.localdate(days_ago)
    take(first=day, last=day, at=now)
    settle(now)
    assert total(MetricCode.COMPLAINT_RATE, day) == (0, 2)
    cases.merge(case_id=first.pk, into_id=second.pk, actor=agent.user, at=now)
    late.note(at=now)
    assert day in stale()
    late.take_stale(at=now)
    assert total(MetricCode.COMPLAINT_RATE, day) == (0, 1)
    assert stale() == set()


def test_an_answer_that_is_kept_when_its_day_was_taken_is_counted(told):
    invitation, answered_at = invited(), NOW + timedelta(hours=1)
    day, later = timezone.localdate(answered_at), NOW + timedelta(days=3)
    take(first=day, last=day, at=later)
    settle(later)
    assert total(MetricCode.CSAT, day) is None
    answer(token=token_of(invitation), answers=answers(csat=4), at=answered_at)
    settle(later)
    assert total(MetricCode.CSAT, day) == (1, 4)


def test_a_gap_that_is_withdrawn_makes_the_day_of_its_promise_stale(told, now):
    due = now - timedelta(days=5)
    order = make_promised_order(due_at=due, late=True)
    gap = Gap.objects.get(order=order)
    settle(now)
    Gap.objects.filter(pk=gap.pk).update(withdrawn_at=now)
    with transaction.atomic():
        record("gap.withdrawn", gap, actor=None, at=now)
    late.note(at=now)
    assert {timezone.localdate(due), timezone.localdate(order.placed_at)} <= stale()


def test_a_clock_is_named_in_the_event_s_data(told, now):
    due = now - timedelta(days=3)
    clock = make_clock(DepartmentFactory(), due_at=due)
    with transaction.atomic():
        record("clock.breach_withdrawn", clock.case, actor=None, at=now, clock=clock.pk)
        record("clock.breached", clock.case, actor=None, at=now, clock="nonsense")
    late.note(at=now)
    assert stale() == {timezone.localdate(due)}


def test_today_needs_no_mark(told, now):
    clock = make_clock(DepartmentFactory(), due_at=now)
    with transaction.atomic():
        record("clock.breached", clock.case, actor=None, at=now, clock=clock.pk)
    late.note(at=now)
    assert stale() == set()


def test_days_without_a_hole_are_taken_together(now, monkeypatch):
    today = timezone.localdate(now)
    days = [today - timedelta(ago) for ago in (1, 2, 3, 7, 9)]
    late.mark(days, before=today, at=now)
    taken = []
    monkeypatch.setattr(
        late, "take", lambda *, first, last, at: taken.append(((today - last).days, (today - first).days))
    )
    assert late.take_stale(at=now) == 5
    assert taken == [(1, 3), (7, 7), (9, 9)]


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_cancelled_later_leaves_the_day_it_was_promised_for(now):
    due = now - timedelta(days=4)
    order = make_promised_order(due_at=due)
    settle(now)
    day = timezone.localdate(due)
    assert total(MetricCode.ON_TIME, day) == (1, 1)
    Order.objects.filter(pk=order.pk).update(status=OrderStatus.CANCELLED, cancelled_at=now)
    settle(now)
    assert total(MetricCode.ON_TIME, day) is None


def test_a_day_that_facts_come_in_about_while_it_is_taken_stays_stale(now):
    day = timezone.localdate(now) - timedelta(2)
    late.mark([day], before=timezone.localdate(now), at=now)
    take(first=day, last=day, at=now)
    late.mark([day], before=timezone.localdate(now), at=now + timedelta(seconds=1))
    assert stale() == {day}
    assert day_span(day).start < now
