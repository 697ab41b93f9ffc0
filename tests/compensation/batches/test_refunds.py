"""A batch that gives several things: what is left of the orders goes back, and a coupon and points beside."""

import os
import random
import signal
import time
from datetime import timedelta
from multiprocessing import get_context

import pytest
from django.db import connection
from django.db.models import F, Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compensation.batches import commands, queries, running
from compensation.budgets.check import differences as budget_differences
from compensation.grants import commands as grants
from compensation.grants.commands import Content
from compensation.ledger.check import differences
from compensation.ledger.queries import balance
from compensation.models import (
    Batch,
    BatchRefund,
    BatchStatus,
    Budget,
    Cap,
    CapCount,
    Coupon,
    Grant,
    GrantKind,
    GrantStatus,
    Member,
    Notice,
    Order,
    OrderLine,
    RefundLine,
    RefundOrder,
    Unit,
)
from compensation.refunds import commands as refunds
from config.common.errors import Stale
from config.common.models import Event, OutboxMessage
from tests.factories import batches as made
from tests.factories.compensation import MemberFactory, ProductFactory
from tests.factories.money import AT, CouponTemplateFactory
from tests.factories.refunds import make_order, refund
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C10")]


def coupon(value_fen=10_000):
    return CouponTemplateFactory(code=f"sorry-{value_fen}", value_fen=value_fen)


def numbers(*things):
    return "\n".join(one.external_id for one in things)


def counted(*things, **more):
    by = made.asker()
    batch = commands.create(terms=made.terms(**{"refunds": True, **more}), actor=by, at=AT)
    commands.choose(batch_id=batch.pk, source="list", listed=numbers(*things), actor=by, at=AT)
    return commands.count(batch_id=batch.pk, actor=by, at=AT)


def approved(batch, actor=None):
    given = {"batch_id": batch.pk, "content_hash": batch.content_hash, "at": AT}
    commands.ask(actor=made.asker(), **given)
    return commands.approve(actor=actor or made.approver(), **given)


def run(batch, **more):
    return running.run(batch_id=batch.pk, now=lambda: AT, **more)


def held(order):
    return order.lines.aggregate(sum=Sum("refunded_fen"))["sum"]


def became(batch):
    return dict(BatchRefund.objects.filter(item__batch=batch).values_list("order", "why"))


def test_everything_left_of_the_order_goes_back_and_the_coupon_comes_beside():
    order = make_order(10_000, 5_000, freight_fen=800)
    refund(order, 4_000)
    batch = counted(order, template=coupon())
    assert (batch.members, batch.each_fen, batch.refund_fen, batch.total_fen) == (1, 10_000, 11_800, 21_800)
    assert not Grant.objects.exists()
    run(approved(batch))
    back = Grant.objects.get(kind=GrantKind.REFUND)
    assert (back.status, back.cost_fen, back.amount_fen, back.order) == ("approved", 11_800, 11_800, order)
    one = RefundOrder.objects.get(grant=back)
    assert (one.status, one.amount_fen, one.freight_fen) == ("created", 11_800, 800)
    assert sorted(one.lines.values_list("amount_fen", flat=True)) == [5_000, 6_000]
    assert (held(order), balance(order.member, Unit.MONEY)) == (15_000, 15_800)
    assert Coupon.objects.get().value_fen == 10_000
    assert "¥118.00" in Notice.objects.get(kind="remedy.granted").body
    assert list(differences()) == list(budget_differences()) == []
    refunds.confirm(refund_id=one.pk, reference="B1", actor=None, at=AT)
    back.refresh_from_db()
    assert back.status == GrantStatus.CONFIRMED
    assert balance(order.member, Unit.MONEY) == 4_000
    assert list(differences()) == []


def test_coupon_points_and_the_orders_of_one_member_are_grants_of_their_own_causes():
    member = MemberFactory()
    orders = [make_order(1_000, member=member), make_order(2_000, member=member)]
    batch = counted(*orders, template=coupon(), points=10)
    run(approved(batch))
    start = f"batch:{batch.pk}:{member.pk}"
    assert set(Grant.objects.values_list("cause", flat=True)) == {
        start,
        f"{start}:points",
        *(f"{start}:order:{order.pk}" for order in orders),
    }
    assert sum(Grant.objects.values_list("cost_fen", flat=True)) == batch.total_fen
    assert balance(member) == 10
    assert balance(member, Unit.MONEY) == 3_000
    assert list(differences()) == []


def test_an_order_refunded_already_counts_as_such_and_the_member_still_gets_the_coupon():
    whole, part, unpaid, none = make_order(1_000), make_order(1_000), make_order(1_000), make_order(500)
    refund(whole, 1_000)
    refund(part, 300)
    Order.objects.filter(pk=unpaid.pk).update(status="placed", paid_at=None)
    batch = counted(whole, part, unpaid, none.member, template=coupon())
    assert (batch.members, batch.refund_fen) == (4, 700)
    assert {(one.number, one.fen) for one in queries.orders(batch)} == {(1, 700), (1, 0)}
    assert len(queries.orders(batch)) == 3
    assert queries.without_order(batch) == 1
    run(approved(batch))
    assert Coupon.objects.count() == 4
    assert became(batch) == {whole.pk: "refunded", part.pk: "", unpaid.pk: "unpaid"}
    assert [held(one) for one in (whole, part, unpaid, none)] == [1_000, 1_000, 0, 0]


def test_a_grant_of_money_for_the_same_leaves_nobody_out_but_a_coupon_does():
    back, had = make_order(1_000), make_order(1_000)
    line = back.lines.get()
    grants.request(
        key="a", cause="a", problem="crisis:7", member=back.member, order=back, reason="r",
        reason_code="outage",
        content=Content(kind="refund", lines=[grants.Line(order_line=line, quantity=1)]), actor=None, at=AT,
    )  # fmt: skip
    content = Content(kind="coupon", template=CouponTemplateFactory())
    grants.request(
        key="b",
        cause="b",
        problem="crisis:7",
        member=had.member,
        content=content,
        reason="r",
        actor=None,
        at=AT,
    )
    batch = counted(back, had, template=coupon(), problem="crisis:7", reason_code="outage")
    left = dict(batch.items.values_list("member", "why"))
    assert left == {back.member_id: "", had.member_id: "same_problem"}
    assert (batch.members, batch.refund_fen) == (1, 0)


def test_of_refunds_alone_who_has_nothing_left_is_left_out():
    left, gone = make_order(1_000), make_order(1_000)
    refund(gone, 1_000)
    batch = counted(left, gone, MemberFactory())
    assert (batch.members, batch.each_fen, batch.total_fen) == (1, 0, 1_000)
    assert queries.progress(batch).left_out == 2
    approved(batch)
    refund(left, 1_000)  # by hand, between the approval and the worker
    run(batch)
    assert set(batch.items.values_list("status", "why")) == {("left_out", "nothing")}
    assert not Grant.objects.filter(cause__startswith="batch").exists()


def test_what_was_refunded_since_the_dry_run_goes_back_no_second_time():
    part, whole, more = make_order(1_000), make_order(1_000), make_order(1_000)
    failed = refund(more, 400)
    batch = approved(counted(part, whole, more, template=coupon()))
    refund(part, 600)
    refund(whole, 1_000)
    refunds.fail(refund_id=failed.pk, reason="closed", actor=None, at=AT)  # more is left than was approved
    run(batch)
    assert became(batch) == {part.pk: "", whole.pk: "refunded", more.pk: "more"}
    assert [held(one) for one in (part, whole, more)] == [1_000, 1_000, 0]
    assert Coupon.objects.count() == 3
    assert list(differences()) == []


def test_an_approval_binds_the_orders_and_their_sums():
    order = make_order(1_000)
    batch = counted(order, template=coupon())
    given = {"batch_id": batch.pk, "content_hash": batch.content_hash, "at": AT}
    commands.ask(actor=made.asker(), **given)
    BatchRefund.objects.update(fen=F("fen") + 1)
    with pytest.raises(Stale):
        commands.approve(actor=made.approver(), **given)


def test_a_coupon_alone_refunds_nothing():
    order = make_order(1_000)
    batch = counted(order, template=coupon(), refunds=False)
    run(approved(batch))
    assert held(order) == 0
    assert not BatchRefund.objects.exists()


def test_with_a_gateway_each_refund_is_a_message(settings):
    settings.REFUND_GATEWAY_URL = "https://pay.example/refunds"
    orders = [make_order(1_000), make_order(2_000)]
    run(approved(counted(*orders)))
    sent = OutboxMessage.objects.filter(kind="refund")
    assert {one.payload["refund"] for one in sent} == set(RefundOrder.objects.values_list("pk", flat=True))
    assert {one.key for one in sent} == {f"refund:{one.number}" for one in RefundOrder.objects.all()}
    assert not RefundOrder.objects.filter(handed_at=None).exists()


def test_one_who_fails_stops_nobody_and_gets_neither_part():
    orders = [make_order(1_000) for _n in range(5)]
    batch = approved(counted(*orders, template=coupon()))
    bad = orders[2].member
    Grant.objects.create(  # the key of its coupon is taken, as by a repair by hand
        key=f"batch:{batch.pk}:{bad.pk}", cause="old", member=bad, kind="points", points=1, cost_fen=1,
        reason="r", status="reversed", requested_at=AT, decided_at=AT, executed_at=AT, reversed_at=AT,
    )  # fmt: skip
    assert run(batch) == 5
    assert queries.progress(batch).failed == 1
    assert Coupon.objects.count() == RefundOrder.objects.count() == 4
    assert held(orders[2]) == 0
    assert list(differences()) == []


def test_the_budget_holds_both_and_refunds_are_spent_when_they_are_sent():
    budget = Budget.objects.create(starts_at=AT, ends_at=AT + timedelta(days=1), amount_fen=30_000)
    orders = [make_order(1_000), make_order(2_000)]
    batch = approved(counted(*orders, template=coupon()))
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (23_000, 0)
    refund(orders[1], 500)
    run(batch)
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (2_500, 20_000)
    refunds.confirm(refund_id=orders[0].refunds.get(grant__isnull=False).pk, reference="x", actor=None, at=AT)
    refunds.fail(refund_id=orders[1].refunds.get(grant__isnull=False).pk, reason="closed", actor=None, at=AT)
    budget.refresh_from_db()
    assert (budget.reserved_fen, budget.spent_fen) == (0, 21_000)
    assert list(budget_differences()) == []


def test_the_dry_run_counts_who_would_go_beyond_a_cap():
    near, far, other = make_order(1_000), make_order(1_000), make_order(1_000)
    cap = Cap.objects.create(scope="member", period="month", limit_fen=11_500)
    Cap.objects.create(scope="member", period="day", kind="points", limit_count=0)
    Cap.objects.create(scope="member", period="day", limit_count=1, is_active=False)
    Cap.objects.create(scope="agent", period="day", limit_count=0)
    content = Content(kind="coupon", template=coupon(700))
    grants.request(key="k", cause="c", member=near.member, content=content, reason="r", actor=None, at=AT)
    assert CapCount.objects.get(cap=cap).used_fen == 700
    things = (near, far, other.member)
    assert counted(*things, template=coupon()).at_caps == 1  # 7 + 100 + 10 > 115; 110; 100
    assert counted(*things, template=coupon(), refunds=False).at_caps == 0
    assert counted(*things, template=coupon(), points=1).at_caps == 3
    Cap.objects.filter(kind="points").update(kind="refund")
    assert counted(*things, template=coupon()).at_caps == 2  # who is refunded at all
    Cap.objects.all().update(is_active=False)
    assert counted(*things, template=coupon()).at_caps == 0


def test_a_change_forgets_what_the_dry_run_found():
    by = made.asker()
    batch = counted(make_order(1_000), template=coupon())
    batch = commands.change(batch_id=batch.pk, terms=made.terms(), actor=by, at=AT)
    assert (batch.refund_fen, batch.at_caps, batch.members) == (0, 0, 0)
    batch = commands.count(batch_id=batch.pk, actor=by, at=AT)
    assert (batch.refund_fen, batch.total_fen) == (0, 500)
    assert queries.orders(batch) == []


def test_the_number_of_statements_does_not_grow_with_the_chunk():
    def statements(number):
        batch = approved(counted(*[make_order(1_000) for _n in range(number)], template=coupon()))
        with CaptureQueriesContext(connection) as asked:
            running.run_chunk(batch_id=batch.pk, at=AT)
        return len(asked)

    statements(1)  # makes what is made once
    assert statements(1) == statements(12)


def crowd(number):
    """So many members with an order of two lines each, some of which were refunded in part."""
    members = MemberFactory.create_batch(1)
    tier = members[0].tier
    Member.objects.bulk_create(
        Member(external_id=f"B{n:06d}", registered_at=AT, tier=tier, language="zh-hans")
        for n in range(number)
    )
    people = list(Member.objects.filter(external_id__startswith="B").order_by("pk"))
    product = ProductFactory()
    orders = Order.objects.bulk_create(
        Order(external_id=f"BO{n:06d}", member=member, status="paid", total_fen=3_000, freight_fen=100,
              placed_at=AT, paid_at=AT, changed_at=AT)
        for n, member in enumerate(people)
    )  # fmt: skip
    OrderLine.objects.bulk_create(
        OrderLine(order=order, external_id=str(n), product=product, paid_fen=1_000 * n)
        for order in orders
        for n in (1, 2)
    )
    return orders


def assert_each_once(batch, orders, fen=10_000):
    """A coupon, a refund of 3,100, and what belongs to them, for each exactly once; all books agree."""
    number = len(orders)
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DONE
    assert queries.progress(batch).given == number
    for kind in (GrantKind.COUPON, GrantKind.REFUND):
        given = Grant.objects.filter(kind=kind)
        assert given.count() == given.values("member").distinct().count() == number
    assert Coupon.objects.count() == Coupon.objects.values("member").distinct().count() == number
    assert RefundOrder.objects.count() == RefundOrder.objects.values("order").distinct().count() == number
    assert RefundLine.objects.count() == 2 * number
    assert not OrderLine.objects.exclude(refunded_fen=F("paid_fen")).exists()
    assert not Order.objects.exclude(refunded_freight_fen=F("freight_fen")).exists()
    assert RefundOrder.objects.aggregate(sum=Sum("amount_fen"))["sum"] == 3_100 * number
    assert Notice.objects.count() == number
    assert Event.objects.filter(kind="grant.approved").count() == number
    assert Event.objects.filter(kind="grant.executed").count() == number
    assert list(differences()) == list(budget_differences()) == []


@pytest.mark.django_db(transaction=True)
def test_workers_and_agents_refund_the_same_orders_once():
    orders = crowd(40)
    batch = approved(counted(*orders, template=coupon()))

    def by_hand():
        for order in orders[::4]:
            lines = [grants.Line(order_line=line) for line in order.lines.all()]
            try:
                grants.request(
                    key=f"k{order.pk}", cause=f"c{order.pk}", member=order.member, order=order, reason="r",
                    content=Content(kind="refund", lines=lines), actor=None, at=AT,
                )  # fmt: skip
            except refunds.TooMuch:
                continue

    results = at_once(*[lambda: run(batch, size=5) for _n in range(3)], by_hand)
    assert not refused(results)
    run(batch)
    assert queries.progress(batch).given == Coupon.objects.count() == 40
    assert not OrderLine.objects.exclude(refunded_fen=F("paid_fen")).exists()
    assert list(differences()) == []


def _work(batch_id):
    """A worker process: what beat would have it do, again whenever something breaks."""
    connection.connection = None  # the parent's
    while Batch.objects.filter(pk=batch_id, status=BatchStatus.RUNNING).exists():
        try:
            running.run(batch_id=batch_id, now=timezone.now, size=25)
        except Exception:  # noqa: BLE001 - the next beat
            connection.close()
            time.sleep(0.05)
    os._exit(0)


@pytest.mark.django_db(transaction=True)
def test_workers_killed_at_random_refund_and_give_once():
    Budget.objects.create(starts_at=AT, ends_at=AT + timedelta(days=900), amount_fen=10**9)
    orders = crowd(400)
    batch = approved(counted(*orders, template=coupon()))
    dice, context = random.Random(7), get_context("fork")
    connection.close()
    workers = [context.Process(target=_work, args=[batch.pk]) for _n in range(2)]
    for worker in workers:
        worker.start()
    killed, until = 0, time.monotonic() + 120
    while time.monotonic() < until and any(worker.is_alive() for worker in workers):
        time.sleep(dice.uniform(0.05, 0.3))
        place = dice.randrange(len(workers))
        if killed < 5 and workers[place].is_alive():
            os.kill(workers[place].pid, signal.SIGKILL)
            workers[place].join()
            killed += 1
            connection.close()
            workers[place] = context.Process(target=_work, args=[batch.pk])
            workers[place].start()
    for worker in workers:
        worker.join(timeout=10)
        assert not worker.is_alive()
    running.run(batch_id=batch.pk, now=timezone.now)
    print(f"workers killed: {killed}")
    assert killed > 0
    assert_each_once(batch, orders)
