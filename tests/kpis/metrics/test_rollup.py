"""Each figure is told apart by what its rows name, and the rows add up to it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from compensation.models import Segment, TierPeriod
from kpis.metrics.catalogue import METRICS
from kpis.metrics.rows import count
from kpis.models import Dimension, MetricCode, Snapshot
from kpis.snapshots import commands
from kpis.snapshots.calendar import day_span
from tests.factories.compensation import OrderFactory, OrderLineFactory, ProductFactory, TierFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, ReviewFactory
from tests.factories.kpis import make_answer, make_clock, make_promised_order

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 18)
NOON = day_span(DAY).start + timedelta(hours=12)


def held(code):
    rows = Snapshot.objects.filter(metric=code, day=DAY)
    return {(row.dimension, row.key): (row.n, row.total) for row in rows}


def take():
    commands.take(first=DAY, last=DAY, at=NOON)


@pytest.mark.req("K1")
def test_a_clock_is_told_apart_by_all_that_its_case_names():
    department = DepartmentFactory()
    agent = AgentFactory(departments=[department])
    clock = make_clock(department, due_at=NOON, met_at=NOON)
    case = clock.case
    case.agent, case.channel, case.order = agent, "chat", OrderFactory(member=case.member)
    case.save()
    for category in ("家居", "服饰", "家居"):
        OrderLineFactory(order=case.order, product=ProductFactory(category=category))
    case.member.region = "上海"
    case.member.save()
    TierPeriod.objects.create(
        member=case.member, tier=case.member.tier, starts_at=NOON - timedelta(days=9), reason="start"
    )
    Segment.objects.create(code="all", name="全部", filters={"registered_from": "0"})
    Segment.objects.create(code="none", name="无人", filters={"orders_from": "99"})
    Segment.objects.create(code="broken", name="坏了", filters={"gone": "1"})
    take()
    assert held(MetricCode.FIRST_REPLY) == {
        ("", ""): (1, 1),
        ("department", str(department.pk)): (1, 1),
        ("agent", str(agent.pk)): (1, 1),
        ("channel", "chat"): (1, 1),
        ("region", "上海"): (1, 1),
        ("category", "家居"): (1, 1),  # once, however many lines
        ("category", "服饰"): (1, 1),
        ("tier", case.member.tier.code): (1, 1),
        ("segment", "all"): (1, 1),
    }


def test_the_tier_is_the_one_that_the_member_had_then():
    clock = make_clock(DepartmentFactory(), due_at=NOON)
    low, high = TierFactory(), TierFactory(code="gold", rank=2, above_fen=100_000)
    member = clock.case.member
    for tier, starts, ends in (
        (low, NOON - timedelta(days=9), NOON + timedelta(hours=1)),
        (high, NOON + timedelta(hours=1), None),
    ):
        TierPeriod.objects.create(member=member, tier=tier, starts_at=starts, ends_at=ends, reason="spending")
    take()
    assert ("tier", low.code) in held(MetricCode.FIRST_REPLY)
    assert ("tier", high.code) not in held(MetricCode.FIRST_REPLY)


def test_complaints_have_no_department_because_orders_have_none():
    make_promised_order(due_at=NOON + timedelta(days=3))
    CaseFactory(opened_at=NOON)
    take()
    found = {dimension for dimension, _key in held(MetricCode.COMPLAINT_RATE)}
    assert found == {"", "channel", "category", "region"}
    assert Dimension.DEPARTMENT not in METRICS[MetricCode.COMPLAINT_RATE].dimensions


@pytest.mark.parametrize(
    ("codes", "n"), [(["all"], 1), (["unknown"], 0), (["broken"], 0), (["none", "all"], 1)]
)
def test_rows_of_a_segment_are_those_that_snapshots_count(codes, n):
    make_clock(DepartmentFactory(), due_at=NOON, met_at=NOON)
    Segment.objects.create(code="all", name="全部", filters={"registered_from": "0"})
    Segment.objects.create(code="none", name="无人", filters={"orders_from": "99"})
    Segment.objects.create(code="broken", name="坏了", filters={"gone": "1"})
    assert count(MetricCode.FIRST_REPLY, day_span(DAY), of={Dimension.SEGMENT: codes}).n == n


@pytest.mark.req("K1")
def test_reviews_by_product_and_whether_they_are_bad():
    for stars, category in ((5, "家居"), (1, "家居"), (2, "服饰")):
        ReviewFactory(stars=stars, product=ProductFactory(category=category), written_at=NOON)
    take()
    assert held(MetricCode.REVIEW_SCORE)[("", "")] == (3, 8)
    assert held(MetricCode.REVIEW_SCORE)[("category", "家居")] == (2, 6)
    assert held(MetricCode.BAD_REVIEWS)[("", "")] == (3, 2)
    assert held(MetricCode.BAD_REVIEWS)[("category", "服饰")] == (1, 1)


@pytest.mark.req("K1")
def test_an_order_is_judged_on_its_30th_day_whether_the_member_came_again():
    placed = NOON - timedelta(days=30)
    again, once, late, soon = (OrderFactory(placed_at=placed) for _ in range(4))
    OrderFactory(member=again.member, placed_at=NOON)
    OrderFactory(member=late.member, placed_at=NOON + timedelta(seconds=1))
    OrderFactory(member=soon.member, placed_at=placed + timedelta(days=1), status="cancelled")
    OrderFactory(member=once.member, placed_at=NOON, status="cancelled")
    take()
    assert held(MetricCode.REPURCHASE)[("", "")] == (4, 1)


@pytest.mark.parametrize("code", MetricCode.values)
def test_the_rows_add_up_to_what_is_kept(code):
    department = DepartmentFactory()
    for met in (NOON, None):
        make_clock(department, due_at=NOON, met_at=met)
    for score in (5, 2):
        make_answer(department, score, at=NOON)
    make_promised_order(due_at=NOON, late=True)
    make_promised_order(due_at=NOON + timedelta(days=3))
    CaseFactory(opened_at=NOON, first_replied_at=NOON + timedelta(hours=1), department=department)
    ReviewFactory(stars=2, written_at=NOON)
    take()
    kept = held(code)
    metric = METRICS[MetricCode(code)]
    found = count(metric.code, day_span(DAY), of={})
    assert (found.n, found.total) == kept.get(("", ""), (0, 0))
    for (dimension, key), numbers in kept.items():
        if dimension:
            part = count(metric.code, day_span(DAY), of={Dimension(dimension): [key]})
            assert (part.n, part.total) == numbers, (dimension, key)


def test_times_are_counted_in_seconds():
    CaseFactory(opened_at=NOON, first_replied_at=NOON + timedelta(minutes=90))
    take()
    assert held(MetricCode.FIRST_REPLY_TIME)[("", "")] == (1, 5400)


def test_every_metric_says_what_it_is():
    assert list(METRICS) == list(MetricCode)
    for metric in METRICS.values():
        for words in (metric.numerator, metric.denominator, metric.left_out, metric.formula):
            assert str(words).strip()
        assert metric.dimensions, metric.code


def test_a_year_that_nothing_happened_in_costs_nothing_and_has_no_figures():
    commands.take(first=date(2020, 1, 1), last=date(2020, 12, 31), at=datetime(2026, 11, 18, tzinfo=UTC))
    assert not Snapshot.objects.exists()
