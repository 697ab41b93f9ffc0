"""Sums by day, kept exact by notes; and the spots that have grown."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compensation.models import OrderLine, Shipment
from feedback.claims import queries as claims
from feedback.gaps import commands, costs, days, hot_spots, quality
from feedback.models import Aspect, Gap, GapDay, GapDayDue, Promise
from tests.factories.claims import promise
from tests.factories.feedback import ReviewFactory
from tests.factories.kpis import make_clock
from tests.factories.shop import LineFactory, OrderFactory, ProductFactory, ShipmentFactory
from tests.factories.sop import SopDepartmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F12")]
DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 4, tzinfo=UTC)
NOW = MONDAY + 80 * DAY


def make(day=0, *, late=True, product=None, carrier="", supplier="", **order):
    """An order whose delivery was promised for a day."""
    due = MONDAY + day * DAY
    made = OrderFactory(status="delivered", **order)
    parcel = ShipmentFactory(order=made, delivered_at=due + DAY if late else due, carrier=carrier)
    return LineFactory(
        order=made, shipment=parcel, deliver_by=due, product=product or ProductFactory(), supplier=supplier
    )


def sums(by, aspect="delivery"):
    rows = GapDay.objects.filter(aspect=aspect, by=by).order_by("day", "value")
    return [(str(row.day), row.value, row.n, row.gaps) for row in rows]


def detect(at=NOW):
    commands.detect(at=at, order_ids=list(OrderLine.objects.values_list("order", flat=True)))
    while days.catch_up(at=at):
        pass


def test_a_days_promises_are_summed_by_all_that_they_are_about():
    make(region="浙江", channel="tmall", carrier="SF", supplier="S1")
    make(late=False, region="浙江", channel="jd", carrier="SF", supplier="S2")
    make(1, region="西藏")
    detect()
    assert sums("all") == [("2026-03-02", "", 2, 1), ("2026-03-03", "", 1, 1)]
    assert sums("region") == [("2026-03-02", "浙江", 2, 1), ("2026-03-03", "西藏", 1, 1)]
    assert sums("courier") == [("2026-03-02", "SF", 2, 1)]
    assert sums("supplier") == [("2026-03-02", "S1", 1, 1), ("2026-03-02", "S2", 1, 0)]
    assert sums("channel") == [("2026-03-02", "jd", 1, 0), ("2026-03-02", "tmall", 1, 1)]
    assert [row[1:] for row in sums("source")] == [("order", 2, 1), ("order", 1, 1)]


def test_an_order_of_two_lines_is_one_order():
    line = make()
    LineFactory(order=line.order, shipment=line.shipment, deliver_by=MONDAY, product=line.product)
    detect()
    assert sums("all") == [("2026-03-02", "", 1, 1)]
    assert sums("product") == [("2026-03-02", str(line.product_id), 1, 1)]


def test_what_is_not_due_yet_and_what_was_cancelled_counts_nothing():
    make(200, late=False)
    line = make(late=False)
    line.order.status, line.order.cancelled_at = "cancelled", MONDAY - DAY
    line.order.save()
    detect()
    assert sums("all") == []


def test_a_correction_sums_the_day_anew_and_nothing_else():
    line = make()
    make(5)
    detect()
    Shipment.objects.filter(order=line.order).update(delivered_at=MONDAY)
    commands.detect(at=NOW, order_ids=[line.order_id])
    assert set(GapDayDue.objects.values_list("day", "aspect")) == {(MONDAY.date(), "delivery")}
    days.catch_up(at=NOW)
    assert sums("all")[0] == ("2026-03-02", "", 1, 0)
    OrderLine.objects.filter(pk=line.pk).update(deliver_by=MONDAY + 2 * DAY)
    commands.detect(at=NOW, order_ids=[line.order_id])
    days.catch_up(at=NOW)
    assert [row[0] for row in sums("all")] == ["2026-03-04", "2026-03-07"]


def test_a_kind_or_cause_that_is_corrected_sums_nothing():
    make()
    detect()
    commands.correct(gap_id=Gap.objects.get().pk, cause="supply", kind="service", actor=None, at=NOW)
    assert not GapDayDue.objects.exists()


def test_every_night_the_last_weeks_are_summed_whatever_was_noted():
    line = make()
    detect()
    Shipment.objects.filter(order=line.order).update(carrier="YTO")
    days.recount_last(at=MONDAY + DAY, days=3)
    assert sums("courier") == [("2026-03-02", "YTO", 1, 1)]


def test_reviews_and_clocks_are_summed_by_their_days():
    ReviewFactory(stars=1, written_at=MONDAY)
    ReviewFactory(stars=5, written_at=MONDAY)
    quality.compare(at=NOW)
    department = SopDepartmentFactory()
    make_clock(department, due_at=MONDAY + DAY, met_at=MONDAY)
    for aspect in ("quality", "service"):
        days.recount(MONDAY.date(), aspect, NOW)
    row = GapDay.objects.get(aspect="quality", by="all")
    assert (row.n, row.gaps, row.stars, row.squares) == (2, 1, 6, 26)
    assert sums("department", "service") == [("2026-03-02", str(department.pk), 1, 0)]


acts = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["late", "kept", "moved", "gone"])),
    max_size=8,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts)
def test_after_whatever_happened_the_sums_are_those_of_a_count_by_hand(happened):
    with transaction.atomic():
        lines = [make(day, late=bool(day % 2), region=f"r{day % 2}") for day in range(4)]
        detect()
        for which, day, what in happened:
            line, due = lines[which], MONDAY + day * DAY
            match what:
                case "late" | "kept":
                    Shipment.objects.filter(pk=line.shipment_id).update(
                        delivered_at=due + (what == "late") * 9 * DAY
                    )
                case "moved":
                    OrderLine.objects.filter(pk=line.pk).update(deliver_by=due)
                case "gone":
                    OrderLine.objects.filter(pk=line.pk).update(deliver_by=None)
            commands.detect(at=NOW, order_ids=[line.order_id])
            days.catch_up(at=NOW)
        expected = {}
        for promise in Promise.objects.filter(withdrawn_at=None, line__in=lines).select_related(
            "line__order"
        ):
            gap = Gap.objects.filter(order=promise.line.order, aspect="delivery", withdrawn_at=None).exists()
            place = (str(promise.due_at.date()), promise.line.order.region)
            n, gaps = expected.get(place, (0, 0))
            expected[place] = (n + 1, gaps + gap)
        assert {row[:2]: row[2:] for row in sums("region") if row[1].startswith("r")} == expected
        transaction.set_rollback(True)


def fill(by, value, *, week, n, gaps, aspect="delivery"):
    """A week's sums on its last day."""
    GapDay.objects.create(
        aspect=aspect, by=by, value=value, day=MONDAY.date() - timedelta(days=7 * week), n=n, gaps=gaps
    )


def test_a_spot_has_grown_by_its_own_rate_and_not_by_its_count():
    for week in range(9):
        fill("region", "大", week=week, n=1_000, gaps=100)
        fill("region", "小", week=week, n=100, gaps=20 if week == 0 else 2)
        fill("region", "少", week=week, n=10, gaps=1 if week == 0 else 0)
    found = hot_spots.search("delivery", until=MONDAY.date())
    assert [(spot.name, spot.grown) for spot in found.spots] == [("小", True), ("大", False), ("少", False)]
    assert found.spots[0].counts.ratio == pytest.approx(10)
    assert found.tested == 2
    assert [spot.name for spot in found.grown] == ["小"]


def test_of_many_spots_one_that_looks_grown_by_chance_is_not_shown():
    for number in range(40):
        for week in range(9):
            fill("region", f"r{number}", week=week, n=100, gaps=17 if not number and not week else 10)
    found = hot_spots.search("delivery", until=MONDAY.date())
    assert (found.tested, found.grown) == (40, [])
    assert hot_spots.statistics.chance(found.spots[0].counts) < 0.05


def test_without_sums_there_is_nothing():
    found = hot_spots.search("price", until=MONDAY.date())
    assert (found.spots, found.tested) == ([], 0)
    assert hot_spots.latest_day("price") is None
    assert hot_spots.whole("price", until=MONDAY.date()).n == 0


def test_a_spot_in_time_week_by_week():
    fill("region", "x", week=0, n=10, gaps=5)
    fill("region", "x", week=2, n=20, gaps=1)
    line = hot_spots.line("delivery", "region", "x", until=MONDAY.date())
    assert [(one.value, one.n) for _day, one in line[-3:]] == [(0.05, 20), (None, 0), (0.5, 10)]
    assert len(line) == 12


@pytest.mark.parametrize("by", ["all", "product", "supplier", "courier", "region", "channel", "source"])
def test_a_spot_opens_to_its_gaps(by):
    line = make(carrier="SF", supplier="S1", region="浙江", channel="tmall")
    make(carrier="YTO", supplier="S2", region="西藏", channel="jd")
    make(9, carrier="SF", supplier="S1", region="浙江", channel="tmall", product=line.product)
    detect()
    row = GapDay.objects.filter(by=by, day=MONDAY.date()).order_by("value").last()
    values = {
        "product": str(line.product_id),
        "supplier": "S1",
        "courier": "SF",
        "region": "浙江",
        "channel": "tmall",
    }
    rows = hot_spots.rows_of(
        "delivery", by, values.get(by, row.value), since=MONDAY.date(), until=MONDAY.date()
    )
    assert line.order_id in {gap.order_id for gap in rows}
    assert rows.count() == (2 if by in {"all", "source"} else 1)
    for hostile in ("'", "9" * 30, "", "\u2028"):
        assert hot_spots.rows_of(
            "delivery", by, hostile, since=MONDAY.date(), until=MONDAY.date()
        ).count() in {0, 2}


def test_what_a_gap_costs():
    for late, stars in ((True, 1), (True, 2), (False, 5), (False, 4), (False, 5)):
        line = make(late=late)
        ReviewFactory(order_line=line, stars=stars)
    detect()
    kept, moderate = costs.by_severity(Aspect.DELIVERY)
    assert (kept.severity, kept.mean.n, kept.mean.value, kept.bad.value) == (0, 3, pytest.approx(14 / 3), 0)
    assert (moderate.severity, moderate.mean.value, moderate.bad.value) == (2, 1.5, 1)
    assert moderate.mean.is_small


@pytest.mark.req("F13")
def test_of_two_who_promised_each_is_judged_by_their_own_promise():
    """Ordered on day 0; the order promised day 5, the advert day 2; it came on day 4, then on day 9."""
    line = make(5, placed_at=MONDAY, paid_at=MONDAY)
    promise("delivery", 48, product_id=line.product_id, valid_from=MONDAY - 30 * DAY)
    Shipment.objects.update(delivered_at=MONDAY + 4 * DAY)
    detect()
    told = {row.value: (str(row.day), row.n, row.gaps) for row in GapDay.objects.filter(by="source")}
    assert told == {"advert": ("2026-03-04", 1, 1), "order": ("2026-03-07", 1, 0)}
    Shipment.objects.update(delivered_at=MONDAY + 9 * DAY)
    detect()
    days.recount((MONDAY + 5 * DAY).date(), "delivery", NOW)
    told = {row.value: (row.n, row.gaps) for row in GapDay.objects.filter(by="source")}
    assert told == {"advert": (1, 1), "order": (1, 1)}
    assert [row[2:] for row in sums("all")] == [(1, 1), (1, 0)]  # the order is late once


@pytest.mark.req("F13")
def test_of_prices_too():
    line = make(late=False, placed_at=MONDAY, paid_at=MONDAY)
    OrderLine.objects.update(paid_fen=11_000)
    promise("price", 100, product_id=line.product_id, valid_from=MONDAY - 30 * DAY)
    promise("price", 120, product_id=line.product_id, valid_from=MONDAY - 30 * DAY, key="c2", channel="kol")
    detect()
    assert sums("source", "price") == [("2026-03-02", "advert", 1, 1), ("2026-03-02", "kol", 1, 0)]


@pytest.mark.req("F13")
def test_a_channel_that_promised_nothing_but_quality_is_compared_by_its_reviews():
    review = ReviewFactory(stars=3)
    placed, written = review.order.placed_at, review.written_at
    promise("quality", 5, product_id=review.product_id, valid_from=placed - 9 * DAY, channel="kol")
    over = {"valid_from": placed - 9 * DAY, "valid_to": placed - 2 * DAY}
    promise("quality", 5, key="over", channel="livestream", **over)
    quality.compare(at=written)
    days.recount(timezone.localdate(written), "quality", written + DAY)
    told = claims.compare(since=timezone.localdate(placed), until=timezone.localdate(written))
    rows = {row.channel: row for row in told}
    kol = rows["kol"]
    assert (kol.claims, kol.stars.value, kol.short.value, kol.kept.n) == (1, 3, 1.0, 0)
    assert kol.stars_promised.value == 5
    assert "livestream" not in rows  # it was claimed before
