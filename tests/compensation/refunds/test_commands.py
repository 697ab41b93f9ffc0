"""What is refunded is never more than was paid; each refund is owed, then paid or not; people settle some."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from compensation.ledger import queries as ledger
from compensation.ledger.check import differences
from compensation.models import (
    Entry,
    Notice,
    Order,
    OrderLine,
    OrderStatus,
    RefundLine,
    RefundOrder,
    RefundStatus,
    RefundTerms,
    Unit,
)
from compensation.refunds import alarm, by_hand, commands, starting
from compensation.refunds.commands import TooMuch
from compensation.refunds.rules import Piece
from config.common.errors import Invalid, NotFound, NotPermitted, WrongState
from config.common.models import Event, OutboxMessage
from tests.factories.compensation import MemberFactory, OrderLineFactory, ShipmentFactory
from tests.factories.money import AT, staff_with
from tests.factories.refunds import make_order, refund, settler
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6")]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def held(order):
    return [line.refunded_fen for line in order.lines.order_by("pk")]


def money(order):
    paid = sum(Entry.objects.filter(account__kind="paid").values_list("amount", flat=True))
    return ledger.balance(order.member, Unit.MONEY), paid


def test_made_it_is_held_and_owed_then_paid():
    order = make_order(10_000, 5_000)
    one = refund(order, 4_000)
    assert (one.status, one.amount_fen, one.handed_at) == ("created", 4_000, None)
    assert (held(order), money(order)) == ([4_000, 0], (4_000, 0))
    for _again in range(2):
        done = commands.confirm(refund_id=one.pk, reference="B7", actor=None, at=AT + HOUR)
        assert (done.status, done.reference, done.ended_at) == ("confirmed", "B7", AT + HOUR)
    assert (held(order), money(order)) == ([4_000, 0], (0, 4_000))
    assert list(
        Event.objects.filter(subject_type="refundorder").order_by("id").values_list("kind", flat=True)
    ) == [
        "refund.created",
        "refund.confirmed",
    ]
    assert Notice.objects.filter(member=order.member).count() == 1
    assert list(differences()) == []


def test_failed_it_is_neither_held_nor_owed():
    order = make_order(10_000, freight_fen=800)
    one = refund(order, 4_000, freight_fen=800)
    order.refresh_from_db()
    assert (one.amount_fen, order.refunded_freight_fen, money(order)) == (4_800, 800, (4_800, 0))
    for _again in range(2):
        assert commands.fail(refund_id=one.pk, reason="closed", actor=None, at=AT).failure == "closed"
    order.refresh_from_db()
    assert (held(order), order.refunded_freight_fen, money(order)) == ([0], 0, (0, 0))
    assert list(differences()) == []


def test_the_same_key_is_the_same_refund():
    order = make_order()
    assert refund(order, 5, key="k") == refund(order, 5, key="k")
    assert held(order) == [5]


def test_more_than_was_paid_is_refused():
    order = make_order(100, freight_fen=10)
    refund(order, 60)
    with pytest.raises(TooMuch) as error:
        refund(order, 41)
    assert error.value.details["left_fen"] == 40
    with pytest.raises(TooMuch):
        refund(order, 40, freight_fen=11)
    refund(order, 40, freight_fen=10)
    assert held(order) == [100]


def test_what_makes_no_sense_is_refused():
    order, other = make_order(100), make_order(100)
    line, foreign = order.lines.get(), other.lines.get()
    for pieces in (
        [],
        [Piece(order_line=line, amount_fen=0)],
        [Piece(order_line=line, amount_fen=-5)],
        [Piece(order_line=line, amount_fen=5), Piece(order_line=line, amount_fen=5)],
        [Piece(order_line=foreign, amount_fen=5)],
        [Piece(order_line=line, amount_fen=5, quantity=2)],
    ):
        with pytest.raises(Invalid):
            refund(order, 5, pieces=pieces)
    with pytest.raises(Invalid):
        refund(order, 5, freight_fen=-1)
    with pytest.raises(WrongState):
        refund(make_order(100, status=OrderStatus.PLACED, paid_at=None))
    assert not RefundOrder.objects.exists()


def test_the_database_holds_what_no_command_checks():
    order = make_order(100)
    one = refund(order, 60)
    bad = RefundOrder(
        number="R1", key="x", order=order, member=order.member, cause="cancelled", amount_fen=41,
        created_at=AT, due_at=AT,
    )  # fmt: skip
    bad.save()
    with pytest.raises(IntegrityError, match="than was paid"), transaction.atomic():
        RefundLine.objects.create(refund=bad, order_line=order.lines.get(), amount_fen=41)
    changes = [{"status": "unknown"}, {"amount_fen": 1}, {"number": "R2"}]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            RefundOrder.objects.filter(pk=one.pk).update(**change)
    commands.fail(refund_id=one.pk, reason="x", actor=None, at=AT)
    with pytest.raises(DatabaseError), transaction.atomic():
        RefundOrder.objects.filter(pk=one.pk).update(status="confirmed")
    with pytest.raises(DatabaseError), transaction.atomic():
        RefundLine.objects.update(amount_fen=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        one.lines.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        RefundOrder.objects.all().delete()


def test_the_shop_may_lower_what_was_paid_below_what_was_refunded():
    order = make_order(100)
    one = refund(order, 60)
    OrderLine.objects.update(paid_fen=50)
    with pytest.raises(TooMuch):
        refund(order, 1)
    commands.fail(refund_id=one.pk, reason="x", actor=None, at=AT)
    assert held(order) == [0]


@pytest.mark.django_db(transaction=True)
def test_twenty_refunds_of_thirty_of_a_hundred_are_three():
    order = make_order(100)
    results = at_once(*[lambda n=n: refund(order, 30, key=f"k{n}") for n in range(20)])
    assert [type(error) for error in refused(results)] == [TooMuch] * 17
    assert (held(order), RefundOrder.objects.count(), money(order)[0]) == ([90], 3, 90)


@pytest.mark.django_db(transaction=True)
def test_the_lines_alone_refuse_the_fourth_of_thirty():
    """Twenty writers that check nothing: what the triggers hold is right all the same."""
    order = make_order(100)
    line = order.lines.get()

    def write(number):
        with transaction.atomic():
            one = RefundOrder.objects.create(
                number=f"R{number}", key=f"k{number}", order=order, member=order.member, cause="cancelled",
                amount_fen=30, created_at=AT, due_at=AT,
            )  # fmt: skip
            RefundLine.objects.create(refund=one, order_line=line, amount_fen=30)

    results = at_once(*[lambda n=n: write(n) for n in range(20)])
    assert [type(error) for error in refused(results)] == [IntegrityError] * 17
    assert (held(order), RefundOrder.objects.count()) == ([90], 3)


@pytest.mark.django_db(transaction=True)
def test_confirmed_and_failed_at_once_it_ends_one_way():
    for number in range(4):
        order = make_order(100)
        one = refund(order, 30, key=f"k{number}")
        results = at_once(
            lambda one=one: commands.confirm(refund_id=one.pk, reference="x", actor=None, at=AT),
            lambda one=one: commands.fail(refund_id=one.pk, reason="x", actor=None, at=AT),
            lambda one=one: commands.confirm(refund_id=one.pk, reference="x", actor=None, at=AT),
        )
        assert not refused(results)
        one.refresh_from_db()
        assert held(order) == [30 if one.status == RefundStatus.CONFIRMED else 0]
        assert money(order)[0] == 0
        assert Event.objects.filter(kind="refund.contradicted", subject_id=one.pk).exists()
    assert list(differences()) == []


def test_by_hand_under_a_reference_and_with_the_permission():
    order, finance = make_order(), settler()
    one = refund(order)
    with pytest.raises(NotPermitted):
        by_hand.settle(refund_id=one.pk, reference="B", actor=staff_with(10**9, approves=True), at=AT)
    for reference in ("", "  ", "\0", "x" * 101):
        with pytest.raises(Invalid):
            by_hand.settle(refund_id=one.pk, reference=reference, actor=finance, at=AT)
    with pytest.raises(NotFound):
        by_hand.settle(refund_id=0, reference="B", actor=finance, at=AT)
    done = by_hand.settle(refund_id=one.pk, reference=" B7 ", actor=finance, at=AT)
    assert (done.status, done.reference, done.settled_by) == ("confirmed", "B7", finance)
    for act in (
        lambda: by_hand.settle(refund_id=one.pk, reference="B", actor=finance, at=AT),
        lambda: by_hand.give_up(refund_id=one.pk, reason="B", actor=finance, at=AT),
        lambda: by_hand.retry(refund_id=one.pk, actor=finance, at=AT),
        lambda: by_hand.ask_now(refund_id=one.pk, actor=finance, at=AT),
        lambda: by_hand.hand_over(refund_id=one.pk, actor=finance, at=AT),
    ):
        with pytest.raises(WrongState):
            act()
    assert money(order) == (0, 10_000)


def test_what_the_gateway_may_still_pay_is_not_settled_by_hand_for_a_day(settings):
    settings.REFUND_GATEWAY_URL = "http://127.0.0.1:9/"
    one, finance = refund(make_order()), settler()
    commands.begin_try(refund_id=one.pk, at=AT)
    commands.unanswered(refund_id=one.pk, at=AT)
    with pytest.raises(WrongState):
        by_hand.settle(refund_id=one.pk, reference="B", actor=finance, at=AT + DAY - timedelta(seconds=1))
    with pytest.raises(WrongState):
        by_hand.give_up(refund_id=one.pk, reason="B", actor=finance, at=AT + 9 * DAY)
    assert by_hand.settle(refund_id=one.pk, reference="B", actor=finance, at=AT + DAY).status == "confirmed"


def test_paid_by_hand_and_then_by_the_gateway_too_finance_is_told_once(settings):
    settings.REFUND_GATEWAY_URL = "https://gateway.example"
    person, one = settler(), refund(make_order(), 4_000)
    commands.begin_try(refund_id=one.pk, at=AT)
    by_hand.settle(refund_id=one.pk, reference="BANK1", actor=person, at=AT + 2 * DAY)
    for reference in ("BANK1", "GW99", "GW99", ""):
        commands.confirm(refund_id=one.pk, reference=reference, actor=None, at=AT + 3 * DAY)
        one.refresh_from_db()
        assert (one.status, one.reference) == ("confirmed", "BANK1")
        assert one.other_reference == {"BANK1": "", "": "?"}.get(reference, reference)
    told = Event.objects.filter(kind="refund.contradicted").order_by("id")
    assert [event.data["reference"] for event in told] == ["GW99", "?"]
    letter = OutboxMessage.objects.filter(kind="staff").earliest("pk").payload["body"]
    assert all(number in letter for number in (one.number, "BANK1", "GW99"))
    assert ledger.balance(one.member, Unit.MONEY) == 0


@pytest.mark.parametrize(
    ("told", "is_other"),
    [(("GW1", "GW1"), False), (("", "GW1"), False), (("GW1", ""), False), (("GW1", "GW2"), True)],
)
def test_the_same_payment_told_of_again_is_no_other(told, is_other):
    one = refund(make_order())
    for reference in told:
        commands.confirm(refund_id=one.pk, reference=reference, actor=None, at=AT)
    assert Event.objects.filter(kind="refund.contradicted").exists() == is_other


def test_it_is_owed_to_whom_it_was_booked_for_whoever_has_the_order_later():
    order, other = make_order(10_000), MemberFactory()
    member, one = order.member, refund(order, 4_000)
    failing = refund(order, 1_000)
    Order.objects.filter(pk=order.pk).update(member=other)  # no command does
    order.refresh_from_db()
    commands.fail(refund_id=failing.pk, reason="no", actor=None, at=AT)
    again = by_hand.retry(refund_id=failing.pk, actor=settler(), at=AT)
    assert again.member == member
    for refund_id in (one.pk, again.pk):
        commands.confirm(refund_id=refund_id, reference="x", actor=None, at=AT)
    assert [ledger.balance(whose, Unit.MONEY) for whose in (member, other)] == [0, 0]
    assert set(Notice.objects.values_list("member", flat=True)) == {member.pk}


def test_given_up_then_tried_again_under_another_number():
    order, finance = make_order(), settler()
    one = refund(order)
    for reason in ("", " "):
        with pytest.raises(Invalid):
            by_hand.give_up(refund_id=one.pk, reason=reason, actor=finance, at=AT)
    by_hand.give_up(refund_id=one.pk, reason="wrong account", actor=finance, at=AT)
    again = by_hand.retry(refund_id=one.pk, actor=finance, at=AT)
    assert by_hand.retry(refund_id=one.pk, actor=finance, at=AT) == again
    assert (again.retry_of, again.amount_fen, held(order)) == (one, 10_000, [10_000])
    assert again.number != one.number
    assert money(order) == (10_000, 0)


def test_not_tried_again_what_was_refunded_otherwise():
    order, finance = make_order(), settler()
    one = refund(order)
    by_hand.give_up(refund_id=one.pk, reason="x", actor=finance, at=AT)
    refund(order, 1)
    with pytest.raises(TooMuch):
        by_hand.retry(refund_id=one.pk, actor=finance, at=AT)


@pytest.mark.django_db(transaction=True)
def test_tried_again_by_two_at_once_it_is_one():
    order, finance = make_order(), settler()
    one = refund(order)
    by_hand.give_up(refund_id=one.pk, reason="x", actor=finance, at=AT)
    results = at_once(*[lambda: by_hand.retry(refund_id=one.pk, actor=finance, at=AT) for _ in range(3)])
    assert len({result.pk for result in results}) == 1


def begin_by_themselves(since=AT - DAY):
    RefundTerms.objects.update_or_create(pk=1, defaults={"automatic_from": since})


def test_cancelled_before_shipment_is_refunded_at_once_with_its_freight():
    begin_by_themselves()
    order = make_order(100, 200, freight_fen=8, status="cancelled", cancelled_at=AT)
    assert starting.start_due(at=AT) == 1
    (one,) = order.refunds.all()
    assert (one.cause, one.amount_fen, one.freight_fen, one.due_at) == ("cancelled", 308, 8, AT + MINUTE)
    assert starting.start_due(at=AT) == 0


def test_of_a_cancelled_order_the_freight_comes_back_though_its_goods_were_refunded_before():
    begin_by_themselves()
    order = make_order(100, freight_fen=8)
    refund(order, 100)
    type(order).objects.update(status="cancelled", cancelled_at=AT)
    assert starting.start_due(at=AT) == 1
    alone = order.refunds.latest("pk")
    assert (alone.amount_fen, alone.freight_fen, alone.lines.count()) == (8, 8, 0)
    commands.confirm(refund_id=alone.pk, reference="x", actor=None, at=AT)
    assert starting.start_due(at=AT) == 0
    shipped = make_order(100, freight_fen=8)
    OrderLine.objects.filter(order=shipped).update(shipment=ShipmentFactory(order=shipped, shipped_at=AT))
    without_lines = make_order(100, freight_fen=8)
    without_lines.lines.all().delete()
    Order.objects.filter(pk__in=[shipped.pk, without_lines.pk]).update(status="cancelled", cancelled_at=AT)
    assert starting.start_due(at=AT) == 0
    assert list(differences()) == []


def test_of_a_cancelled_order_what_is_out_waits_until_it_comes_back():
    begin_by_themselves()
    order = make_order(100, freight_fen=8, status="cancelled", cancelled_at=AT)
    OrderLineFactory(order=order, paid_fen=200, shipment=ShipmentFactory(order=order, shipped_at=AT))
    starting.start_due(at=AT)
    assert held(order) == [100, 0]
    assert order.refunds.get().freight_fen == 0
    type(order).objects.update(status="returned", returned_at=AT + HOUR)
    assert starting.start_due(at=AT + 2 * HOUR) == 1
    back = order.refunds.get(cause="returned")
    assert (back.amount_fen, back.due_at) == (200, AT + 25 * HOUR)
    assert held(order) == [100, 200]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "cancelled", "cancelled_at": AT, "paid_at": None},
        {"status": "cancelled", "cancelled_at": None},
        {"status": "returned", "returned_at": None},
        {"status": "paid", "cancelled_at": AT},
        {"status": "cancelled", "cancelled_at": AT - 2 * DAY},
        {"status": "cancelled", "cancelled_at": AT + HOUR},
    ],
    ids=["unpaid", "cancelled sometime", "returned sometime", "not cancelled", "before it began", "to come"],
)
def test_what_owes_nothing_is_left(fields):
    begin_by_themselves()
    make_order(100, **fields)
    assert starting.start_due(at=AT) == 0


def test_nothing_begins_by_itself_unless_it_is_switched_on():
    make_order(100, status="cancelled", cancelled_at=AT)
    assert starting.start_due(at=AT) == 0
    begin_by_themselves(None)
    assert starting.start_due(at=AT) == 0


def test_only_what_is_left_comes_back():
    begin_by_themselves()
    order = make_order(100, 50, status="returned", returned_at=AT)
    refund(order, 100)
    starting.start_due(at=AT)
    assert order.refunds.get(cause="returned").amount_fen == 50


def test_one_that_breaks_stops_no_other(monkeypatch):
    begin_by_themselves()
    first, second = (make_order(100, status="cancelled", cancelled_at=AT) for _ in range(2))
    real = commands.create

    def create(**given):
        if given["order"].pk == first.pk:
            raise RuntimeError
        return real(**given)

    monkeypatch.setattr(commands, "create", create)
    assert starting.start_due(at=AT) == 1
    assert second.refunds.count() == 1
    monkeypatch.undo()
    assert starting.start_due(at=AT) == 1


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_make_one_refund():
    begin_by_themselves()
    order = make_order(100, status="cancelled", cancelled_at=AT)
    results = at_once(*[lambda: starting.start_due(at=AT) for _ in range(4)])
    assert (sum(results), order.refunds.count()) == (1, 1)


def test_late_ones_are_reported_once_in_one_letter():
    settler()
    ones = [refund(make_order()) for _ in range(3)]
    commands.confirm(refund_id=ones[2].pk, reference="x", actor=None, at=AT)
    assert alarm.overdue(at=AT + MINUTE - timedelta(seconds=1)) == 0
    assert alarm.overdue(at=AT + MINUTE) == 2
    assert alarm.overdue(at=AT + DAY) == 0
    letters = OutboxMessage.objects.filter(kind="staff")
    assert [ones[0].number in letter.payload["body"] for letter in letters] == [True]


def test_what_is_late_soon_after_a_letter_is_in_the_next_one():
    settler()
    ones = [refund(make_order()) for _ in range(3)]
    due = [AT, AT + 20 * MINUTE, AT + 59 * MINUTE]
    for one, at in zip(ones, due, strict=True):
        RefundOrder.objects.filter(pk=one.pk).update(due_at=at)
    assert [alarm.overdue(at=AT + minutes * MINUTE) for minutes in (1, 21, 60, 61)] == [1, 0, 0, 2]
    letters = OutboxMessage.objects.filter(kind="staff").order_by("pk")
    told = [[one.number in letter.payload["body"] for one in ones] for letter in letters]
    assert told == [[True, False, False], [False, True, True]]


def test_waiting_orders_are_read_by_their_index():
    begin_by_themselves()
    make_order(100, status="cancelled", cancelled_at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "order_back" in starting.waiting(AT).explain()
