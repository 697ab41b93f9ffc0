import pytest
from django.db import IntegrityError, connection, transaction

from compensation.ledger import queries, rules
from compensation.ledger.commands import AlreadyReversed, InsufficientBalance, post, reverse
from compensation.ledger.rules import Move, Unbalanced, given, taken
from compensation.models import Account, AccountKind, Entry, Transaction, Unit
from config.common.errors import KeyReused
from config.common.models import Event
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT
from tests.threads import at_once, refused

pytestmark = pytest.mark.req("C4")


def give(member, amount, key="a", unit=Unit.POINTS):
    return post(key=key, kind="test", moves=given(unit, amount, member_id=member.pk), actor=None, at=AT)


def spend(member, amount, key):
    moves = taken(Unit.POINTS, amount, member_id=member.pk, into=AccountKind.SPENT)
    return post(key=key, kind="test", moves=moves, actor=None, at=AT)


@pytest.mark.django_db
def test_post_moves_units_and_writes_its_event():
    member = MemberFactory()
    posted = give(member, 100)
    spend(member, 30, "b")
    assert queries.balance(member) == 70
    assert [(e.amount, e.balance_after, e.version) for e in queries.statement(member)] == [
        (-30, 70, 2),
        (100, 100, 1),
    ]
    assert Event.objects.filter(kind="ledger.posted", subject_id=posted.pk).count() == 1


@pytest.mark.django_db
def test_units_do_not_mix():
    member = MemberFactory()
    give(member, 100)
    give(member, 500, "b", Unit.COUPON)
    assert (queries.balance(member), queries.balance(member, Unit.COUPON)) == (100, 500)


@pytest.mark.django_db
def test_no_account_is_nothing():
    assert queries.balance(MemberFactory()) == 0


@pytest.mark.django_db
def test_same_key_same_content_is_one_transaction():
    member = MemberFactory()
    assert give(member, 100) == give(member, 100)
    assert queries.balance(member) == 100


@pytest.mark.django_db
def test_same_key_other_content_is_refused():
    member = MemberFactory()
    give(member, 100)
    with pytest.raises(KeyReused):
        give(member, 101)
    assert queries.balance(member) == 100


@pytest.mark.django_db
def test_more_than_there_is_is_refused_and_leaves_nothing():
    member = MemberFactory()
    give(member, 100)
    with pytest.raises(InsufficientBalance):
        spend(member, 101, "b")
    assert queries.balance(member) == 100
    assert Transaction.objects.count() == 1


@pytest.mark.django_db
def test_reverse_moves_everything_back_once():
    member = MemberFactory()
    posted = give(member, 100)
    undone = reverse(posted=posted, key="r", actor=None, at=AT)
    assert undone.reverses == posted
    assert queries.balance(member) == 0
    assert reverse(posted=posted, key="r", actor=None, at=AT) == undone
    with pytest.raises(AlreadyReversed):
        reverse(posted=posted, key="r2", actor=None, at=AT)
    with pytest.raises(AlreadyReversed):
        reverse(posted=undone, key="r3", actor=None, at=AT)
    assert queries.balance(member) == 0


@pytest.mark.django_db
def test_what_was_spent_cannot_be_reversed():
    member = MemberFactory()
    posted = give(member, 100)
    spend(member, 1, "b")
    with pytest.raises(InsufficientBalance):
        reverse(posted=posted, key="r", actor=None, at=AT)


@pytest.mark.parametrize(
    "moves",
    [
        [],
        [Move(Unit.POINTS, 5, member_id=1)],
        [Move(Unit.POINTS, 0, member_id=1), Move(Unit.POINTS, 0, AccountKind.ISSUED)],
        [Move(Unit.POINTS, 5, member_id=1), Move(Unit.COUPON, -5, AccountKind.ISSUED)],
        [Move(Unit.POINTS, 5, member_id=1), Move(Unit.POINTS, -5, member_id=1)],
        [Move(Unit.POINTS, 5), Move(Unit.POINTS, -5, AccountKind.ISSUED)],
        [Move(Unit.POINTS, 5, member_id=1), Move(Unit.POINTS, -5, AccountKind.SPENT, 1)],
    ],
)
def test_what_is_not_double_entry_is_refused(moves):
    with pytest.raises(Unbalanced):
        rules.check(moves)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("unit", [Unit.POINTS, Unit.COUPON])
def test_the_database_refuses_a_transaction_that_does_not_balance(unit):
    member = MemberFactory()
    give(member, 100)
    account = Account.objects.get(member=member)
    house, _made = Account.objects.get_or_create(kind=AccountKind.SPENT, unit=unit)
    amount = 4 if unit == Unit.POINTS else 5  # five, but of another unit

    @transaction.atomic
    def cook_the_books():
        posted = Transaction.objects.create(key="x", request_hash="", kind="x", at=AT)
        Entry.objects.create(transaction=posted, account=account, amount=-5, balance_after=95, version=2)
        Entry.objects.create(transaction=posted, account=house, amount=amount)

    with pytest.raises(IntegrityError, match="does not balance"):
        cook_the_books()
    assert Entry.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["compensation_entry", "compensation_transaction"])
def test_the_database_refuses_to_change_what_was_posted(statement, table):
    give(MemberFactory(), 100)
    with pytest.raises(Exception, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.django_db
def test_the_database_refuses_a_balance_below_the_floor():
    member = MemberFactory()
    give(member, 100)
    with pytest.raises(IntegrityError, match="account_above_floor"), transaction.atomic():
        Account.objects.filter(member=member).update(balance=-1)


@pytest.mark.django_db(transaction=True)
def test_forty_spenders_of_ten_from_two_hundred():
    member = MemberFactory()
    give(member, 200)
    results = at_once(*[lambda n=n: spend(member, 10, f"s{n}") for n in range(40)])
    assert [type(error) for error in refused(results)] == [InsufficientBalance] * 20
    assert queries.balance(member) == 0
    entries = list(queries.statement(member).order_by("version"))
    assert [entry.version for entry in entries] == list(range(1, 22))
    assert [entry.balance_after for entry in entries] == [200 - 10 * n for n in range(21)]


@pytest.mark.django_db(transaction=True)
def test_one_key_from_many_threads_posts_once_and_makes_one_account():
    member = MemberFactory()
    results = at_once(*[lambda: give(member, 100, "same") for _ in range(16)])
    assert {result.pk for result in results} == {results[0].pk}
    assert queries.balance(member) == 100


@pytest.mark.django_db(transaction=True)
def test_first_postings_at_once_share_one_account():
    member = MemberFactory()
    results = at_once(*[lambda n=n: give(member, 1, f"k{n}") for n in range(16)])
    assert not refused(results)
    assert Account.objects.filter(member=member).count() == 1
    assert queries.balance(member) == 16


@pytest.mark.django_db(transaction=True)
def test_two_reversals_at_once_reverse_once():
    member = MemberFactory()
    posted = give(member, 100)
    give(member, 100, "more")
    results = at_once(*[lambda n=n: reverse(posted=posted, key=f"r{n}", actor=None, at=AT) for n in range(8)])
    assert [type(error) for error in refused(results)] == [AlreadyReversed] * 7
    assert queries.balance(member) == 100
