"""Many gifts in a few statements come to the same as one by one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.ledger import queries
from compensation.ledger.check import differences
from compensation.ledger.commands import post, withdraw
from compensation.ledger.many import Gift, give_many
from compensation.ledger.rules import LotTerms, given, taken
from compensation.models import AccountKind, Lot, Transaction, Unit
from config.common.errors import Invalid, KeyReused
from config.common.models import Event
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C10")]


def gifts(members, amount=10, name="g"):
    return [Gift(f"{name}:{member.pk}", member.pk, amount) for member in members]


def give(some, unit=Unit.POINTS, **more):
    return give_many(unit=unit, kind="test.many", gifts=some, actor=None, at=AT, **more)


@pytest.mark.parametrize("unit", [Unit.POINTS, Unit.COUPON])
def test_each_member_has_theirs_once(unit):
    members = MemberFactory.create_batch(3)
    assert give(gifts(members), unit) == 3
    assert give(gifts(members), unit) == 0
    assert [queries.balance(member, unit) for member in members] == [10, 10, 10]
    assert Event.objects.filter(kind="ledger.posted").count() == 3
    assert Lot.objects.count() == (3 if unit == Unit.POINTS else 0)
    assert list(differences()) == []


def test_a_gift_of_many_is_the_gift_of_one():
    member, terms = MemberFactory(), LotTerms(order_id=None, expires_at=AT.replace(year=AT.year + 1))
    give(gifts([member]), terms=terms)
    moves = given(Unit.POINTS, 10, member_id=member.pk)
    post(key=f"g:{member.pk}", kind="test.many", moves=moves, actor=None, at=AT, terms=terms)
    assert queries.balance(member) == 10
    assert Lot.objects.get().expires_at == terms.expires_at


def test_another_amount_under_a_known_key_is_refused_and_nothing_given():
    first, second = MemberFactory.create_batch(2)
    give(gifts([first]))
    with pytest.raises(KeyReused):
        give([*gifts([second]), Gift(f"g:{first.pk}", first.pk, 11)])
    assert (queries.balance(first), queries.balance(second)) == (10, 0)


@pytest.mark.parametrize("wrong", [-1, 0])
def test_nothing_is_not_given(wrong):
    with pytest.raises(Invalid):
        give(gifts([MemberFactory()], wrong))


def test_a_member_is_named_once():
    member = MemberFactory()
    with pytest.raises(Invalid):
        give([*gifts([member], name="a"), *gifts([member], name="b")])
    assert not Transaction.objects.exists()


def test_who_owes_repays_first():
    owing, other = MemberFactory.create_batch(2)
    give(gifts([owing], name="before"))
    moves = taken(Unit.POINTS, 10, member_id=owing.pk, into=AccountKind.SPENT)
    post(key="s", kind="x", moves=moves, actor=None, at=AT)
    withdraw(lot_id=Lot.objects.get().pk, amount=10, key="w", kind="x", actor=None, at=AT)
    assert give(gifts([owing, other], 15)) == 2
    assert [queries.balance(member) for member in (owing, other)] == [5, 15]
    assert list(differences()) == []


def test_the_number_of_statements_does_not_grow():
    def statements(members):
        with CaptureQueriesContext(connection) as asked:
            give(gifts(members, name=f"n{len(members)}"))
        return len(asked)

    assert statements(MemberFactory.create_batch(1)) == statements(MemberFactory.create_batch(5))


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_members_give_once():
    members = MemberFactory.create_batch(20)
    results = at_once(*[lambda n=n: give(gifts(members[n:] + members[:n])) for n in range(4)])
    assert not refused(results)
    assert sum(results) == 20
    assert {queries.balance(member) for member in members} == {10}


@pytest.mark.django_db(transaction=True)
def test_two_workers_in_opposite_orders_repay_what_members_owe():
    members = MemberFactory.create_batch(8)
    give(gifts(members, name="before"))
    for member in members:
        moves = taken(Unit.POINTS, 10, member_id=member.pk, into=AccountKind.SPENT)
        post(key=f"s{member.pk}", kind="x", moves=moves, actor=None, at=AT)
        lot = Lot.objects.get(account__member=member)
        withdraw(lot_id=lot.pk, amount=10, key=f"w{member.pk}", kind="x", actor=None, at=AT)
    orders = (members, members[::-1]) * 2
    results = at_once(
        *[lambda n=n, some=some: give(gifts(some, name=f"n{n}")) for n, some in enumerate(orders)]
    )
    assert not refused(results)
    assert {queries.balance(member) for member in members} == {30}
    assert list(differences()) == []
