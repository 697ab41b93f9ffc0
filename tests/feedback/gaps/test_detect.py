"""Searching for gaps in the database."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compensation.models import Order, OrderLine, Shipment
from compensation.orders.commands import touch
from config.common.errors import Invalid, NotFound
from config.common.models import Event
from feedback.gaps import commands, queries
from feedback.gaps.rules import Facts, find
from feedback.models import Aspect, Gap, GapThreshold, Promise, Review
from tests.factories.common import UserFactory
from tests.factories.shop import LineFactory, OrderFactory, ProductFactory, ShipmentFactory

DUE = datetime(2026, 3, 5, 16, tzinfo=UTC)
NOW = DUE + timedelta(days=10)


def make(delivered=None, *, due=DUE, ship_by=None, **order):
    """One order of one line, promised by `due`."""
    made = OrderFactory(**order)
    parcel = ShipmentFactory(order=made, delivered_at=delivered)
    return LineFactory(order=made, shipment=parcel, deliver_by=due, ship_by=ship_by)


def detect(*lines, at=NOW):
    return commands.detect(at=at, order_ids=[line.order_id for line in lines])


def kinds(gap):
    return list(
        Event.objects.filter(subject_type="gap", subject_id=gap.pk)
        .order_by("id")
        .values_list("kind", flat=True)
    )


@pytest.mark.req("F10")
def test_every_line_carries_its_promises(db):
    line = make(ship_by=DUE - timedelta(days=2))
    detect(line)
    assert set(line.promises.values_list("aspect", "due_at")) == {
        ("shipping", DUE - timedelta(days=2)),
        ("delivery", DUE),
    }
    OrderLine.objects.filter(pk=line.pk).update(ship_by=None, deliver_by=DUE + timedelta(days=1))
    detect(line)
    assert set(line.promises.filter(withdrawn_at=None).values_list("aspect", "due_at")) == {
        ("delivery", DUE + timedelta(days=1))
    }
    assert not Gap.objects.filter(aspect="shipping", withdrawn_at=None).exists()


@pytest.mark.req("F11")
def test_a_late_order_has_a_gap_without_anyone_complaining(db):
    line = make(DUE + timedelta(days=1))
    found = detect(line)
    gap = Gap.objects.get()
    assert (gap.order_id, gap.aspect, gap.kind, gap.days, gap.severity) == (
        line.order_id,
        "delivery",
        "service",
        Decimal(-1),
        2,
    )
    assert found.gap_ids == [gap.pk]
    assert kinds(gap) == ["gap.found"]
    assert detect(line).gap_ids == []
    assert Gap.objects.count() == 1


def test_an_order_is_late_once_by_its_worst_line(db):
    line = make(DUE + timedelta(hours=2))
    parcel = ShipmentFactory(order=line.order, delivered_at=DUE + timedelta(days=3))
    worst = LineFactory(order=line.order, shipment=parcel, deliver_by=DUE)
    detect(line)
    gap = Gap.objects.get()
    assert (gap.promise.line, gap.severity) == (worst, 3)


def test_waiting_makes_a_gap_worse_and_says_so(db):
    line = make()
    detect(line, at=DUE)
    assert not Gap.objects.exists()
    for after, severity in ((timedelta(hours=6), 1), (timedelta(days=1), 2), (timedelta(days=3), 3)):
        detect(line, at=DUE + after)
        assert Gap.objects.get().severity == severity
    gap = Gap.objects.get()
    assert gap.actual_at is None
    assert kinds(gap) == ["gap.found", "gap.worsened", "gap.worsened"]


def test_corrected_facts_correct_the_gap_with_a_trace(db):
    line = make(DUE + timedelta(days=4))
    detect(line)
    Shipment.objects.update(delivered_at=DUE + timedelta(hours=3))
    detect(line)
    gap = Gap.objects.get()
    assert (gap.severity, gap.days) == (1, Decimal("-0.1250"))
    event = Event.objects.get(kind="gap.corrected")
    assert (event.data["before"]["severity"], event.data["after"]["severity"]) == (3, 1)
    Shipment.objects.update(delivered_at=DUE)
    detect(line)
    gap.refresh_from_db()
    assert gap.withdrawn_at == NOW
    assert not gap.rules_due
    Shipment.objects.update(delivered_at=DUE + timedelta(days=9))
    detect(line)
    gap.refresh_from_db()
    assert (gap.withdrawn_at, gap.severity, gap.rules_due) == (None, 3, True)
    assert kinds(gap) == ["gap.found", "gap.corrected", "gap.withdrawn", "gap.revived"]


def test_a_cancelled_order_has_no_gap_after_that(db):
    line = make(status="cancelled", cancelled_at=DUE - timedelta(days=1))
    detect(line)
    assert not Gap.objects.exists()


def test_thresholds_are_data(db):
    GapThreshold.objects.create(aspect="delivery", slight=3, moderate=5)
    line = make(DUE + timedelta(days=3))
    detect(line)
    assert Gap.objects.get().severity == 1
    GapThreshold.objects.update(slight=1, moderate=2)
    detect(line)
    assert Gap.objects.get().severity == 3
    assert kinds(Gap.objects.get()) == ["gap.found", "gap.worsened"]


moments = st.none() | st.integers(-5 * 86_400, 5 * 86_400).map(
    lambda seconds: DUE + timedelta(seconds=seconds)
)
exact = st.sampled_from(
    [DUE, DUE + timedelta(hours=12), DUE + timedelta(days=2), DUE + timedelta(days=2, microseconds=1)]
)


@pytest.mark.req("F11")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shipped=moments | exact,
    delivered=moments | exact,
    cancelled=moments,
    status=st.sampled_from(["placed", "paid", "shipped", "delivered", "returned", "cancelled"]),
    now=moments.filter(bool) | exact,
    slight=st.sampled_from([Decimal("0.5"), Decimal("0.25"), Decimal(0)]),
)
def test_the_search_says_what_the_rule_says(db, *, shipped, delivered, cancelled, status, now, slight):
    with transaction.atomic():
        GapThreshold.objects.create(aspect="shipping", slight=slight, moderate=2)
        GapThreshold.objects.create(aspect="delivery", slight=slight, moderate=2)
        order = OrderFactory(status=status, cancelled_at=cancelled)
        parcel = ShipmentFactory(order=order, shipped_at=shipped, delivered_at=delivered)
        line = LineFactory(order=order, shipment=parcel, ship_by=DUE, deliver_by=DUE)
        detect(line, at=now)
        for aspect, happened in ((Aspect.SHIPPING, shipped), (Aspect.DELIVERY, delivered)):
            facts = Facts(aspect, DUE, happened, status, cancelled)
            should = find(facts, now=now, slight=slight, moderate=Decimal(2))
            gap = Gap.objects.filter(aspect=aspect).first()
            assert (gap and (gap.actual_at, gap.days, gap.severity)) == (
                should and (should.actual_at, should.days, should.severity)
            )
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_search_goes_on_from_the_last_one():
    late, waiting = make(DUE + timedelta(days=1)), make(due=NOW + timedelta(hours=1))
    assert commands.detect(at=NOW).counts == {"gap.found": 1}
    assert commands.detect(at=NOW).counts == {}
    # nothing changed but the time
    found = commands.detect(at=NOW + timedelta(hours=2))
    assert found.counts == {"gap.found": 1}
    assert Gap.objects.get(pk__in=found.gap_ids).order_id == waiting.order_id
    assert commands.detect(at=NOW + timedelta(hours=2)).counts == {}
    assert commands.detect(at=NOW + timedelta(days=1, hours=2)).counts == {"gap.worsened": 1}
    # a fact changed
    Shipment.objects.filter(order=late.order).update(delivered_at=DUE)
    touch(order_ids=[late.order_id], at=NOW)
    assert commands.detect(at=NOW).counts == {"gap.withdrawn": 1}


@pytest.mark.django_db(transaction=True)
def test_a_search_does_a_bounded_part_at_a_time():
    for _ in range(5):
        make(DUE + timedelta(days=1))
    totals = []
    for _ in range(4):
        found = commands.detect(at=NOW, limit=2)
        totals.append((found.counts["gap.found"], found.more))
    assert totals == [(2, True), (2, True), (1, False), (0, False)]


@pytest.mark.django_db(transaction=True)
def test_promises_that_fall_due_together_are_found_in_parts():
    for _ in range(5):
        make(due=NOW)
    commands.detect(at=NOW - timedelta(days=1))
    counts = [commands.detect(at=NOW + timedelta(hours=1), limit=2).counts["gap.found"] for _ in range(3)]
    assert counts == [2, 2, 1]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_committed_late_is_not_passed_over():
    slow, quick = make(DUE + timedelta(days=1)), make(DUE + timedelta(days=1))
    commands.detect(at=NOW)
    wrote, go_on = threading.Event(), threading.Event()

    def write_slowly():
        try:
            with transaction.atomic():
                Shipment.objects.filter(order=slow.order).update(delivered_at=DUE)
                touch(order_ids=[slow.order_id], at=NOW)
                wrote.set()
                go_on.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=write_slowly)
    thread.start()
    wrote.wait(10)
    Shipment.objects.filter(order=quick.order).update(delivered_at=DUE)
    touch(order_ids=[quick.order_id], at=NOW + timedelta(minutes=1))
    commands.detect(at=NOW + timedelta(minutes=2))
    go_on.set()
    thread.join()
    commands.detect(at=NOW + timedelta(minutes=3))
    assert not Gap.objects.filter(withdrawn_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_two_searches_at_once_find_a_gap_once(monkeypatch):
    for _ in range(3):
        make()
    commands.detect(at=DUE)  # the promises are there, and not yet broken
    compared, found, errors = threading.Barrier(2), [], []
    differences = commands.search.differences

    def compare_together(some, now):
        rows = differences(some, now)
        with suppress(threading.BrokenBarrierError):
            compared.wait(timeout=1)  # in vain: the other search waits for this one
        return rows

    monkeypatch.setattr(commands.search, "differences", compare_together)

    def search():
        try:
            found.append(commands.detect(at=NOW).counts["gap.found"])
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(found) == [0, 3]
    assert Gap.objects.count() == 3
    assert Event.objects.filter(kind="gap.found").count() == 3


def test_the_database_refuses_the_same_gap_twice(db):
    line = make(DUE + timedelta(days=1))
    detect(line)
    gap = Gap.objects.get()
    gap.pk = None
    with pytest.raises(IntegrityError):
        gap.save()


@pytest.mark.django_db(transaction=True)
def test_everything_is_looked_at_again_on_demand():
    make(DUE + timedelta(days=1))
    commands.detect(at=NOW)
    GapThreshold.objects.create(aspect="delivery", slight=3, moderate=5)
    assert commands.detect(at=NOW).counts == {}
    commands.search_anew()
    assert commands.detect(at=NOW).counts == {"gap.corrected": 1}


@pytest.mark.django_db(transaction=True)
def test_data_from_another_server_is_looked_at_anew():
    make(DUE + timedelta(days=1))
    commands.detect(at=NOW)
    from feedback.models import GapProgress

    GapProgress.objects.update(changed_txid=2**60)
    Gap.objects.all().delete()
    assert commands.detect(at=NOW).counts == {"gap.found": 1}


@pytest.mark.req("F12")
def test_people_correct_kind_and_cause(db):
    line = make(DUE + timedelta(days=1))
    detect(line)
    gap, user = Gap.objects.get(), UserFactory()
    commands.correct(gap_id=gap.pk, cause="supply", kind="product", actor=user, at=NOW)
    commands.correct(gap_id=gap.pk, cause="supply", kind="product", actor=user, at=NOW)
    event = Event.objects.get(kind="gap.classified")
    assert event.actor == f"user:{user.pk}"
    assert event.data["before"] == {"kind": "service", "cause": ""}
    Shipment.objects.update(delivered_at=DUE + timedelta(days=2))
    detect(line)
    gap.refresh_from_db()
    assert (gap.cause, gap.kind) == ("supply", "product")
    with pytest.raises(Invalid):
        commands.correct(gap_id=gap.pk, cause="fate", kind="product", actor=user, at=NOW)
    with pytest.raises(Invalid):
        commands.correct(gap_id=gap.pk, cause="", kind="", actor=user, at=NOW)
    with pytest.raises(NotFound):
        commands.correct(gap_id=0, cause="", kind="service", actor=user, at=NOW)


def test_the_grades_of_kept_and_broken_promises(db):
    for number, (delivered, stars) in enumerate(
        [(DUE, 5), (DUE - timedelta(days=1), 4), (DUE + timedelta(days=9), 1), (None, 2)]
    ):
        line = make(delivered)
        detect(line)
        Review.objects.create(
            external_id=f"R{number}", member=line.order.member, order=line.order, stars=stars, written_at=NOW
        )
    make(status="delivered")
    grades = [
        (grade.severity, grade.arrived, grade.orders, grade.stars) for grade in queries.grades("delivery")
    ]
    assert grades == [
        (0, True, 2, Decimal("4.50")),
        (3, True, 1, Decimal("1.00")),
        (3, False, 1, Decimal("2.00")),
    ]


@pytest.mark.req("F12")
def test_frequent_scenes_come_first(db):
    for region in ("浙江", "浙江", "西藏"):
        detect(make(DUE + timedelta(days=9), region=region))
    assert [(scene.region, scene.number) for scene in queries.scenes(since=NOW - timedelta(days=1))] == [
        ("浙江", 2),
        ("西藏", 1),
    ]


def test_a_line_in_no_parcel_waits(db):
    line = LineFactory(order=OrderFactory(status="shipped"), product=ProductFactory(), deliver_by=DUE)
    detect(line)
    assert Gap.objects.get().actual_at is None
    assert Promise.objects.count() == 1
    assert Order.objects.count() == 1
