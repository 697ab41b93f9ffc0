"""The shop says which pieces came back, parcel by parcel; those and no others are refunded, each once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from compensation.ledger.check import differences as ledger_differences
from compensation.models import OrderLine, PieceReturn, RefundCause, RefundTerms
from compensation.refunds import commands, rules, starting
from compensation.refunds.check import differences
from compensation.refunds.returning import MoreThanBought, ReturnSeen, came_back, is_part
from compensation.refunds.rules import Back, Piece
from config.common.errors import Invalid, NotFound, WrongState
from config.common.models import Event
from tests.factories.compensation import OrderFactory, OrderLineFactory
from tests.factories.money import AT
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def automatic():
    RefundTerms.objects.create(automatic_from=AT - DAY)


def make(*lines, **fields):
    """A delivered order; a line is (pieces, fen), its number its place."""
    order = OrderFactory(**{"status": "delivered", **fields})
    for place, (pieces, fen) in enumerate(lines or [(3, 10_000)], start=1):
        OrderLineFactory(order=order, external_id=str(place), quantity=pieces, paid_fen=fen)
    return order


def back(order, pieces=None, number="R1", at=AT, **more):
    given = {"order_id": order.pk, "number": number, "arrived_at": at, **more}
    return came_back(**given, pieces=pieces, actor=None, at=at + HOUR)


def refunds(order, at=AT + HOUR):
    """What was refunded so far, as (cause, fen, pieces by line)."""
    starting.start_due(at=at)
    return [
        (
            one.cause,
            one.amount_fen,
            {line.order_line.external_id: line.quantity for line in one.lines.select_related("order_line")},
        )
        for one in order.refunds.order_by("pk")
    ]


def grant_of(order, fen, pieces=0):
    line = order.lines.get()
    piece = Piece(order_line=line, amount_fen=fen, quantity=pieces)
    how = {"cause": RefundCause.CANCELLED, "pieces": [piece], "actor": None, "at": AT}
    return commands.create(key=f"g{fen}", order=order, **how)


def test_what_came_back_is_refunded_and_the_rest_is_not():
    order = make((2, 8_000), (1, 5_000))
    back(order, {"1": 1})
    assert refunds(order) == [("returned", 4_000, {"1": 1})]
    assert refunds(order) == [("returned", 4_000, {"1": 1})]
    row = PieceReturn.objects.get()
    assert (row.refund, row.seen_at) == (order.refunds.get(), AT + HOUR)
    assert order.refunds.get().due_at == AT + DAY
    assert not [*differences(), *ledger_differences()]


def test_parcel_by_parcel_it_comes_to_the_same_as_at_once():
    order = make((3, 10_000))
    for number in range(3):
        back(order, {"1": 1}, number=f"R{number}")
        refunds(order)
    assert [fen for _cause, fen, _pieces in refunds(order)] == [3_333, 3_333, 3_334]
    assert order.lines.get().refunded_fen == 10_000


def test_without_lines_all_that_had_not_come_back():
    order = make((2, 8_000), (1, 5_000))
    back(order, {"1": 1})
    assert [row.quantity for row in back(order, number="R2")] == [1, 1]
    assert [row.quantity for row in back(order, number="R2")] == [1, 1]
    assert refunds(order) == [("returned", 13_000, {"1": 2, "2": 1})]
    assert not is_part(order)


def test_told_again_nothing_changes_and_told_otherwise_the_last_word_counts():
    order = make((3, 9_000))
    for _again in range(2):
        back(order, {"1": 2})
    assert Event.objects.filter(kind="order.pieces_returned").count() == 1
    back(order, {"1": 1})
    assert refunds(order) == [("returned", 3_000, {"1": 1})]
    assert back(order, {"1": 1})[0].refund is not None
    with pytest.raises(ReturnSeen):
        back(order, {"1": 2})


@pytest.mark.parametrize(
    ("pieces", "more", "error"),
    [
        ({}, {}, Invalid),
        ({"1": 0}, {}, Invalid),
        ({"1": -1}, {}, Invalid),
        ({"9": 1}, {}, Invalid),
        ({"1\0": 1}, {}, Invalid),
        ({"1": 1}, {"number": " "}, Invalid),
        ({"1": 1}, {"number": "x" * 65}, Invalid),
        ({"1": 1}, {"number": "a\0b"}, Invalid),
        ({"1": 1}, {"arrived_at": AT + 2 * HOUR}, Invalid),
        ({"1": 4}, {}, MoreThanBought),
        ({"1": 10**12}, {}, MoreThanBought),
        ({"1": 1}, {"order_id": 0}, NotFound),
    ],
)
def test_what_makes_no_sense_is_refused(pieces, more, error):
    order = make()
    with pytest.raises(error), transaction.atomic():
        back(order, pieces, **more)
    assert not PieceReturn.objects.exists()


def test_no_more_comes_back_than_was_bought_whoever_says_so():
    order = make()
    back(order, {"1": 2})
    with pytest.raises(MoreThanBought):
        back(order, {"1": 2}, number="R2")
    with pytest.raises(MoreThanBought):
        back(make((1, 5)), {"1": 2})
    line = order.lines.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        PieceReturn.objects.create(order_line=line, external_id="R2", quantity=2, arrived_at=AT)
    back(order, {"1": None}, number="R2")
    with pytest.raises(MoreThanBought):
        back(order, {"1": None}, number="R3")


@pytest.mark.parametrize("status", ["placed", "paid"])
def test_of_what_was_not_sent_nothing_comes_back(status):
    with pytest.raises(WrongState):
        back(make(status=status), {"1": 1})


def test_an_order_that_came_back_whole_is_refunded_whole_whatever_was_told_before():
    order = make((2, 8_000), (1, 5_000))
    back(order, {"1": 1})
    refunds(order)
    type(order).objects.update(status="returned", returned_at=AT)
    assert refunds(order) == [("returned", 4_000, {"1": 1}), ("returned", 9_000, {"1": 2, "2": 1})]
    assert not list(differences())


def test_of_an_order_that_came_back_whole_the_parcels_are_seen_to():
    order = make((2, 8_000), status="returned", returned_at=AT)
    back(order, {"1": 1})
    assert refunds(order) == [("returned", 8_000, {"1": 2})]
    assert PieceReturn.objects.get().refund == order.refunds.get()


def test_a_piece_that_was_refunded_before_it_came_is_not_refunded_again():
    order = make((2, 10_000))
    grant_of(order, 5_000, pieces=1)
    back(order, {"1": 1})
    assert len(refunds(order)) == 1
    assert PieceReturn.objects.get().seen_at == AT + HOUR
    assert Event.objects.filter(kind="order.return_owes_nothing").count() == 1
    back(order, {"1": 1}, number="R2")
    assert refunds(order)[1] == ("returned", 5_000, {"1": 1})


def test_what_was_given_back_of_the_price_is_not_given_back_twice():
    order = make((2, 10_000))
    grant_of(order, 2_000)
    back(order, {"1": 1})
    assert refunds(order)[1] == ("returned", 4_000, {"1": 1})
    back(order, {"1": 1}, number="R2")
    assert refunds(order)[2] == ("returned", 4_000, {"1": 1})


def test_a_refund_that_failed_counts_for_nothing():
    order = make((2, 10_000))
    failed = grant_of(order, 5_000, pieces=1)
    commands.fail(refund_id=failed.pk, reason="x", actor=None, at=AT)
    back(order, {"1": 1})
    assert refunds(order)[1] == ("returned", 5_000, {"1": 1})


@pytest.mark.parametrize(("since", "arrived"), [(None, AT), (AT, AT - HOUR), (AT - 99 * DAY, AT - 61 * DAY)])
def test_nothing_begins_by_itself_before_its_time_or_when_switched_off(since, arrived):
    RefundTerms.objects.update(automatic_from=since)
    order = make()
    back(order, {"1": 1}, at=arrived)
    assert refunds(order) == []
    assert PieceReturn.objects.get().seen_at is None


def test_an_order_that_was_never_paid_owes_nothing():
    order = make(status="cancelled", paid_at=None)
    back(order, {"1": 1})
    assert refunds(order) == []


@pytest.mark.django_db(transaction=True)
def test_parcels_at_once_are_never_more_than_was_bought():
    order = make((3, 9_000))
    results = at_once(*[lambda n=n: back(order, {"1": 1}, number=f"R{n}") for n in range(6)])
    assert [type(error) for error in refused(results)] == [MoreThanBought] * 3
    made = at_once(*[lambda: starting.start_due(at=AT + HOUR) for _ in range(4)])
    assert not refused(made)
    assert OrderLine.objects.get().refunded_fen == 9_000
    assert order.refunds.count() == 1


@given(
    bought=st.integers(1, 20),
    paid=st.integers(0, 10**6),
    alone=st.integers(0, 10**4),
    parcels=st.lists(st.integers(1, 5), max_size=8),
)
@pytest.mark.django_db(transaction=False)
def test_any_parcels_come_to_the_same_as_one(bought, paid, alone, parcels):
    line = OrderLine(quantity=bought, paid_fen=paid, refunded_fen=min(alone, paid))
    money, total, fen, goods = min(alone, paid), 0, 0, 0
    for pieces in parcels:
        total = min(total + pieces, bought)
        told = Back(line=line, pieces=total, refunded_pieces=goods, refunded_fen=fen, money_alone_fen=money)
        if piece := rules.owed_for(told):
            fen, goods = fen + piece.amount_fen, goods + piece.quantity
            line.refunded_fen += piece.amount_fen
        assert fen == (paid - money) * total // bought
    assert line.refunded_fen <= paid


def test_the_list_takes_as_many_queries_for_three_parcels_as_for_one(django_assert_max_num_queries):
    counts = []
    for number in (1, 3):
        order = make(*[(1, 100)] * number)
        for place in range(number):
            back(order, {str(place + 1): 1}, number=f"R{place}")
        with django_assert_max_num_queries(40) as made:
            starting.start(order_id=order.pk, at=AT + HOUR)
        counts.append(len(made))
    assert counts[0] == counts[1]
