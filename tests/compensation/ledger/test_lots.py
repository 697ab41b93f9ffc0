"""Points are held in lots: pending, spent soonest-ending first, given back where they came from."""

from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from django.db import IntegrityError, connection, transaction

from compensation.ledger import queries
from compensation.ledger.check import differences
from compensation.ledger.commands import (
    AlreadyReversed,
    InsufficientBalance,
    NotReversible,
    post,
    reverse,
    withdraw,
)
from compensation.ledger.expiry import expire_due
from compensation.ledger.rules import LotTerms, Move, given, taken
from compensation.models import AccountKind, Entry, Lot, LotUse, Transaction, Unit
from config.common.errors import Invalid, KeyReused, NotFound
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]
DAY = timedelta(days=1)
keys = (f"k{number}" for number in count())


@pytest.fixture
def member():
    return MemberFactory()


def give(member, amount, *, ends=None, usable=None, at=AT):
    terms = LotTerms(available_from=usable, expires_at=ends)
    moves = given(Unit.POINTS, amount, member_id=member.pk)
    posted = post(key=next(keys), kind="test.given", moves=moves, actor=None, at=at, terms=terms)
    return Lot.objects.filter(entry__transaction=posted).first()


def spend(member, amount, *, at=AT):
    moves = taken(Unit.POINTS, amount, member_id=member.pk, into=AccountKind.SPENT)
    return post(key=next(keys), kind="test.spent", moves=moves, actor=None, at=at)


def back(lot, amount, **more):
    return withdraw(lot_id=lot.pk, amount=amount, key=next(keys), kind="test.back", actor=None, at=AT, **more)


def undo(posted, *, at=AT, owe=False):
    return reverse(posted=posted, key=next(keys), actor=None, at=at, owe=owe)


def held(member, at=AT):
    has = queries.holding(member, at)
    return has.available, has.pending, has.owed


def left(*lots):
    return [Lot.objects.get(pk=lot.pk).remaining for lot in lots]


def test_what_ends_soonest_is_spent_first_and_what_never_ends_last(member):
    never, late, soon = (give(member, 10, ends=ends) for ends in (None, AT + 9 * DAY, AT + DAY))
    spend(member, 12)
    assert left(never, late, soon) == [10, 8, 0]
    assert {(use.lot, use.amount) for use in LotUse.objects.all()} == {(soon, 10), (late, 2)}


def test_what_is_pending_cannot_be_spent_yet(member):
    give(member, 10, usable=AT + DAY)
    assert held(member) == (0, 10, 0)
    with pytest.raises(InsufficientBalance):
        spend(member, 1)
    assert queries.balance(member) == 10
    spend(member, 10, at=AT + DAY)
    assert held(member, AT + DAY) == (0, 0, 0)


def test_what_has_ended_cannot_be_spent_even_before_a_pass_came_by(member):
    give(member, 10, ends=AT + DAY)
    with pytest.raises(InsufficientBalance):
        spend(member, 1, at=AT + DAY)
    assert held(member, AT + DAY) == (0, 0, 0)


def test_a_pass_expires_what_has_ended_once(member):
    ended, other = give(member, 10, ends=AT + DAY), give(member, 5)
    spend(member, 3)
    assert expire_due(at=AT + DAY) == 1
    assert expire_due(at=AT + 2 * DAY) == 0
    assert left(ended, other) == [0, 5]
    newest = queries.statement(member).first()
    assert (newest.amount, newest.balance_after, newest.transaction.kind) == (-7, 5, "points.expired")
    assert queries.balance(member) == 5


def test_a_spending_undone_goes_back_to_the_same_lots(member):
    soon, late = give(member, 10, ends=AT + DAY), give(member, 10, ends=AT + 9 * DAY)
    spent = spend(member, 15)
    undo(spent)
    assert left(soon, late) == [10, 10]
    assert held(member) == (20, 0, 0)


def test_what_comes_back_to_a_lot_that_ended_ends_at_the_next_pass(member):
    give(member, 10, ends=AT + DAY)
    spent = spend(member, 10)
    undo(spent, at=AT + 2 * DAY)
    assert held(member, AT + 2 * DAY) == (0, 0, 0)
    assert expire_due(at=AT + 2 * DAY) == 1
    assert queries.balance(member) == 0


def test_taking_back_touches_only_its_own_lot_and_the_rest_is_owed(member):
    first, other = give(member, 10, ends=AT + DAY), give(member, 10, ends=AT + 9 * DAY)
    spend(member, 7)
    back(first, 10)
    assert left(first, other) == [0, 10]
    assert held(member) == (10, 0, 7)


def owing(member, amount):
    """A member who owes that much."""
    lot = give(member, amount)
    spend(member, amount)
    back(lot, amount)


def test_what_is_owed_is_repaid_by_what_comes_next(member):
    owing(member, 10)
    assert held(member) == (0, 0, 10)
    lot = give(member, 4)
    assert (lot.amount, lot.remaining, lot.spent) == (4, 0, 4)
    assert held(member) == (0, 0, 6)
    lot = give(member, 10)
    assert (lot.amount, lot.remaining, lot.spent) == (10, 4, 6)
    assert held(member) == (4, 0, 0)


@pytest.mark.parametrize("parts", [[10], [4, 6], [6, 4], [3, 3, 3, 1]])
def test_what_was_repaid_from_a_lot_is_owed_again_when_it_is_taken_back(member, parts):
    owing(member, 6)
    lot = give(member, 10)
    for part in parts:
        back(lot, part)
    assert held(member) == (0, 0, 6)
    lot.refresh_from_db()
    assert (lot.remaining, lot.spent, lot.withdrawn) == (0, 0, 10)


def test_so_is_a_lot_that_repaid_with_all_of_it(member):
    owing(member, 9)
    lot = give(member, 5)
    back(lot, 2)
    assert held(member) == (0, 0, 6)
    back(lot, 3)
    assert held(member) == (0, 0, 9)


@pytest.mark.parametrize("amount", [4, 10, 25])
def test_a_gift_that_repaid_is_reversed_to_what_was_before(member, amount):
    owing(member, 10)
    lot = give(member, amount)
    undo(lot.entry.transaction)
    assert held(member) == (0, 0, 10)


def test_a_gift_that_repaid_and_was_spent_is_not_reversed_unless_it_may_be_owed(member):
    owing(member, 10)
    lot = give(member, 25)
    spend(member, 1)
    with pytest.raises(InsufficientBalance):
        undo(lot.entry.transaction)
    undo(lot.entry.transaction, owe=True)
    assert held(member) == (0, 0, 11)


def test_a_gift_from_before_there_were_lots_is_reversed_out_of_the_lot_made_of_all(member):
    first = give(member, 10).entry.transaction
    give(member, 5)
    with connection.cursor() as cursor:  # as the migration left it
        cursor.execute("DELETE FROM compensation_lot")
        cursor.execute(
            "INSERT INTO compensation_lot (account_id, amount, remaining, spent, expired, withdrawn,"
            " available_from) SELECT id, 15, 15, 0, 0, 0, %s FROM compensation_account WHERE member_id = %s",
            [AT, member.pk],
        )
    undo(first)
    assert held(member) == (5, 0, 0)
    assert list(differences()) == []


@pytest.mark.parametrize("parts", [[10], [3, 7], [1, 2, 3, 4]])
def test_any_parts_taken_back_come_to_the_same(member, parts):
    lot = give(member, 10, ends=AT + DAY)
    spend(member, 4)
    for part in parts:
        back(lot, part)
    assert held(member) == (0, 0, 4)
    lot.refresh_from_db()
    assert (lot.remaining, lot.spent, lot.withdrawn) == (0, 0, 10)


def test_no_more_is_taken_back_than_was_given(member):
    lot = give(member, 10)
    back(lot, 6)
    with pytest.raises(Invalid):
        back(lot, 5)
    with pytest.raises(Invalid):
        back(lot, 0)
    with pytest.raises(NotFound):
        withdraw(lot_id=0, amount=1, key="x", kind="x", actor=None, at=AT)


def test_taking_back_happens_once_for_a_key(member):
    lot = give(member, 10)
    one = withdraw(lot_id=lot.pk, amount=3, key="same", kind="x", actor=None, at=AT)
    assert withdraw(lot_id=lot.pk, amount=3, key="same", kind="x", actor=None, at=AT) == one
    with pytest.raises(KeyReused):
        withdraw(lot_id=lot.pk, amount=4, key="same", kind="x", actor=None, at=AT)
    assert left(lot) == [7]


def test_what_expired_is_not_owed(member):
    lot = give(member, 10, ends=AT + DAY)
    spend(member, 4)
    expire_due(at=AT + DAY)
    back(lot, 10)
    assert held(member) == (0, 0, 4)


def test_a_spending_undone_repays_what_is_owed_for_its_lot(member):
    lot = give(member, 10)
    spent = spend(member, 10)
    back(lot, 10)
    undo(spent)
    assert held(member) == (0, 0, 0)


def test_and_comes_to_the_member_where_that_was_repaid_already(member):
    lot = give(member, 10, ends=AT + 9 * DAY)
    spent = spend(member, 10)
    back(lot, 10)
    give(member, 10)
    undo(spent)
    assert held(member) == (10, 0, 0)
    assert Lot.objects.get(remaining=10).expires_at == AT + 9 * DAY


def test_a_gift_that_was_spent_is_taken_back_only_when_it_may_be_owed(member):
    posted = give(member, 10).entry.transaction
    spend(member, 4)
    with pytest.raises(InsufficientBalance):
        undo(posted)
    undo(posted, owe=True)
    assert held(member) == (0, 0, 4)


def test_a_gift_that_was_partly_taken_back_is_not_reversed_as_a_whole(member):
    lot = give(member, 10)
    back(lot, 1)
    with pytest.raises(AlreadyReversed):
        undo(lot.entry.transaction)


def test_the_database_refuses_a_lot_that_does_not_add_up(member):
    lot = give(member, 10)
    for change in ({"remaining": 9}, {"spent": 1}, {"remaining": -1, "spent": 11}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Lot.objects.filter(pk=lot.pk).update(**change)


def test_giving_and_spending_take_four_statements_each(member, django_assert_num_queries):
    give(member, 10)
    spend(member, 1)  # the accounts are there
    moves = given(Unit.POINTS, 5, member_id=member.pk)
    with django_assert_num_queries(4 + 2):  # and a savepoint, which in real life is the transaction
        post(key=next(keys), kind="test.given", moves=moves, actor=None, at=AT, terms=LotTerms())
    with django_assert_num_queries(4 + 2):
        spend(member, 5)


@pytest.mark.django_db(transaction=True)
def test_forty_spenders_of_ten_from_two_hundred_in_three_lots(member):
    give(member, 50, ends=AT + DAY)
    give(member, 70, ends=AT + 2 * DAY)
    give(member, 80)
    results = at_once(*[lambda: spend(member, 10) for _ in range(40)])
    assert [type(error) for error in refused(results)] == [InsufficientBalance] * 20
    assert queries.balance(member) == 0
    assert sum(use.amount for use in LotUse.objects.all()) == 200
    assert [(lot.remaining, lot.spent) for lot in Lot.objects.order_by("pk")] == [(0, 50), (0, 70), (0, 80)]


@pytest.mark.django_db(transaction=True)
def test_spending_and_expiring_at_once_never_take_the_same_points(member):
    for _ in range(10):
        give(member, 10, ends=AT + DAY)
    spending = [lambda: spend(member, 10) for _ in range(8)]
    results = at_once(*spending, *[lambda: expire_due(at=AT + DAY) for _ in range(4)])
    assert all(isinstance(error, InsufficientBalance) for error in refused(results))
    expire_due(at=AT + DAY)
    spent = sum(lot.spent for lot in Lot.objects.all())
    assert sum(lot.expired for lot in Lot.objects.all()) == 100 - spent
    assert queries.balance(member) == 0
    numbers = [entry.version for entry in queries.statement(member)]
    assert numbers == list(range(len(numbers), 0, -1))


@pytest.mark.django_db(transaction=True)
def test_opposite_transfers_do_not_deadlock():
    one, other = MemberFactory(), MemberFactory()
    for someone in (one, other):
        give(someone, 1000)
    both = [
        (Move(Unit.POINTS, -1, member_id=giver.pk), Move(Unit.POINTS, 1, member_id=taker.pk))
        for giver, taker in [(one, other), (other, one)] * 8
    ]
    swap = partial(post, kind="swap", actor=None, at=AT)
    results = at_once(*[partial(swap, key=next(keys), moves=moves) for moves in both])
    assert not refused(results)
    assert queries.balance(one) == queries.balance(other) == 1000


@pytest.mark.django_db(transaction=True)
def test_opposite_transfers_of_members_who_owe_do_not_deadlock():
    one, other = MemberFactory(), MemberFactory()
    for someone in (one, other):
        give(someone, 1000)
        owing(someone, 100)
    both = [
        (Move(Unit.POINTS, -1, member_id=giver.pk), Move(Unit.POINTS, 1, member_id=taker.pk))
        for giver, taker in [(one, other), (other, one)] * 8
    ]
    swap = partial(post, kind="swap", actor=None, at=AT)
    results = at_once(*[partial(swap, key=next(keys), moves=moves) for moves in both])
    assert not refused(results)
    assert list(differences()) == []


@pytest.mark.django_db(transaction=True)
def test_two_gifts_at_once_to_a_member_who_owes_repay_no_more_than_is_owed(member):
    owing(member, 10)
    results = at_once(*[lambda: give(member, 6) for _ in range(8)])
    assert not refused(results)
    assert held(member) == (38, 0, 0)
    assert sum(lot.spent for lot in Lot.objects.all()) == 10
    assert list(differences()) == []


def test_what_was_taken_back_or_has_expired_is_not_undone(member):
    lot = give(member, 100, ends=AT + DAY)
    spend(member, 30)
    part = back(lot, 80)  # 70 that were held, 10 that were spent: owed
    other = give(member, 40, ends=AT + DAY)  # 10 of them repay that
    assert expire_due(at=AT + DAY) == 1
    expired = Transaction.objects.get(kind="points.expired")
    before = (held(member), left(lot, other), Entry.objects.count())
    for posted in (part, expired):
        for owe in (False, True):
            with pytest.raises(NotReversible), transaction.atomic():
                undo(posted, owe=owe)
    assert (held(member), left(lot, other), Entry.objects.count()) == before
    assert list(differences()) == []
