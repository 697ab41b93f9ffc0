"""Tallies are what the rows say whenever they are taken, of closed days too; what changes them is noticed."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from compensation.models import OrderLine
from feedback.cases import commands as cases
from feedback.models import BreachCause, Case, Gap, GapCause, ModerationReason, Review, ReviewStatus
from feedback.supervision import causes
from kpis.metrics.sketch import bucket
from kpis.models import FigureDay, Grain, Tally, TallyOf
from kpis.snapshots import late
from kpis.snapshots.calendar import day_span, period_of
from kpis.snapshots.commands import close_month, take
from tests.factories.common import UserFactory
from tests.factories.compensation import OrderFactory, ProductFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, ReviewFactory
from tests.factories.kpis import make_clock, make_promised_order

pytestmark = [pytest.mark.django_db, pytest.mark.req("K3")]
DAY = date(2026, 10, 14)
NOON = day_span(DAY).start + timedelta(hours=12)


def tallied(of, dimension="", key=""):
    rows = Tally.objects.filter(of=of, dimension=dimension, key=key, day=DAY)
    return {row.cell: row.n for row in rows}


def again():
    take(first=DAY, last=DAY, at=timezone.now())


@pytest.fixture
def ours():
    return DepartmentFactory()


@pytest.fixture
def told(monkeypatch):
    """Events of the test's own transaction are read as if it had ended."""
    monkeypatch.setattr(
        "config.common.events._since",
        lambda position: late.Event.objects.filter(pk__gt=position.id).order_by("pk"),
    )


def test_cases_are_tallied_at_their_local_hour_by_department(ours):
    for hour in (0, 9, 9, 23):
        CaseFactory(department=ours, opened_at=day_span(DAY).start + timedelta(hours=hour, minutes=59))
    CaseFactory(opened_at=NOON)
    CaseFactory(department=ours, opened_at=day_span(DAY).end)
    again()
    assert tallied(TallyOf.ARRIVED, "department", str(ours.pk)) == {"0": 1, "9": 2, "23": 1}
    assert tallied(TallyOf.ARRIVED) == {"0": 1, "9": 2, "12": 1, "23": 1}


def test_first_replies_are_tallied_by_their_length(ours):
    for seconds in (0, 30, 30, 86_400):
        CaseFactory(department=ours, opened_at=NOON - timedelta(seconds=seconds), first_replied_at=NOON)
    again()
    found = {str(bucket(0)): 1, str(bucket(30)): 2, str(bucket(86_400)): 1}
    assert tallied(TallyOf.FIRST_REPLY, "department", str(ours.pk)) == found


def test_gaps_are_tallied_once_for_each_category_of_their_order_and_once_in_all():
    order = make_promised_order(due_at=NOON, late=True)
    for number in range(2):
        product = ProductFactory(category=("tea", "cups")[number])
        OrderLine.objects.create(order=order, external_id=f"x{number}", product=product, paid_fen=100)
    OrderLine.objects.create(order=order, external_id="x3", product=product, paid_fen=100)
    again()
    assert tallied(TallyOf.GAP) == {"delivery:": 1}
    assert tallied(TallyOf.GAP, "category", "tea") == tallied(TallyOf.GAP, "category", "cups")
    assert tallied(TallyOf.GAP, "category", "tea") == {"delivery:": 1}


def test_a_gap_that_a_review_told_of_is_its_product_s_alone():
    order = OrderFactory()
    tea, cups = ProductFactory(category="tea"), ProductFactory(category="cups")
    for product in (tea, cups):
        OrderLine.objects.create(order=order, external_id=product.category, product=product, paid_fen=100)
    review = ReviewFactory(order=order, product=tea, stars=2, written_at=NOON)
    gap = make_promised_order(due_at=NOON, late=True).gaps.get()
    Gap.objects.filter(pk=gap.pk).update(order=order, review=review, cause=GapCause.HUMAN)
    again()
    assert tallied(TallyOf.GAP) == {"delivery:human": 1}
    assert tallied(TallyOf.GAP, "category", "tea") == {"delivery:human": 1}
    assert tallied(TallyOf.GAP, "category", "cups") == {}
    assert tallied(TallyOf.STARS, "category", "tea") == {"2": 1}


def test_taking_again_tells_what_the_rows_say_now(ours):
    case = CaseFactory(department=ours, opened_at=NOON)
    again()
    Case.objects.filter(pk=case.pk).update(opened_at=NOON + timedelta(hours=2))
    CaseFactory(department=ours, opened_at=NOON + timedelta(hours=2))
    again()
    again()
    assert tallied(TallyOf.ARRIVED) == {"14": 2}
    Case.objects.update(opened_at=day_span(DAY).end)
    again()
    assert tallied(TallyOf.ARRIVED) == {}


def test_a_cause_said_later_is_noticed_also_after_the_month_was_closed(ours, told):
    cause = BreachCause.objects.first() or BreachCause.objects.create(code="slow", name="慢")
    clock = make_clock(ours, due_at=NOON)
    first, last = period_of(DAY, Grain.MONTH)
    take(first=first, last=last, at=timezone.now())
    close_month(month=DAY, actor=None, at=timezone.now(), today=date(2026, 11, 20))
    assert tallied(TallyOf.CAUSE) == {"": 1}
    while late.note(at=timezone.now()):
        pass
    FigureDay.objects.update(stale_at=None)
    causes.note(clock_ids=[clock.pk], cause_id=cause.pk, actor=UserFactory(), at=timezone.now())
    late.note(at=timezone.now())
    assert set(FigureDay.objects.exclude(stale_at=None).values_list("day", flat=True)) == {DAY}
    late.take_stale(at=timezone.now())
    assert tallied(TallyOf.CAUSE) == {str(cause.pk): 1}


def test_a_merged_case_is_no_arrival(ours, told):
    first, second = (CaseFactory(department=ours, opened_at=NOON) for _ in range(2))
    Case.objects.filter(pk=second.pk).update(member=first.member)
    again()
    cases.merge(
        case_id=first.pk,
        into_id=second.pk,
        actor=AgentFactory(departments=[ours]).user,
        at=timezone.now(),
    )
    late.note(at=timezone.now())
    late.take_stale(at=timezone.now())
    assert tallied(TallyOf.ARRIVED) == {"12": 1}


def test_other_days_stay(ours):
    CaseFactory(department=ours, opened_at=NOON)
    CaseFactory(department=ours, opened_at=NOON - timedelta(1))
    take(first=DAY - timedelta(1), last=DAY, at=timezone.now())
    Case.objects.all().update(opened_at=NOON)
    again()
    yesterday = Tally.objects.filter(of=TallyOf.ARRIVED, dimension="", day=DAY - timedelta(1))
    assert [row.n for row in yesterday] == [1]
    assert tallied(TallyOf.ARRIVED) == {"12": 2}


@pytest.mark.parametrize("wrong", [{"n": 0}, {"dimension": "department"}, {"key": "7"}])
def test_the_database_refuses_what_makes_no_sense(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Tally.objects.create(**{"of": TallyOf.ARRIVED, "day": DAY, "cell": "1", "n": 1, **wrong})


def test_reviews_that_do_not_count_are_not_tallied():
    ReviewFactory(stars=1, written_at=NOON)
    review = ReviewFactory(stars=5, written_at=NOON)
    reason = ModerationReason.objects.create(code="x", name="x")
    Review.objects.filter(pk=review.pk).update(status=ReviewStatus.REFUSED, refused_for=reason, counts=False)
    again()
    assert tallied(TallyOf.STARS) == {"1": 1}
