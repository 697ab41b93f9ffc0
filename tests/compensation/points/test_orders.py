"""An order's points come with it, wait for the time of returns, and go with its refunds, its own only."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compensation.ledger import commands as ledger
from compensation.ledger import queries
from compensation.ledger.check import differences
from compensation.ledger.rules import taken
from compensation.models import AccountKind, Earning, EarningRule, Lot, OrderStatus, Unit
from compensation.points import commands, referring
from compensation.refunds import commands as refunds
from compensation.refunds.rules import Piece
from config.common.errors import KeyReused, NotFound
from tests.factories.compensation import MemberFactory, OrderFactory
from tests.factories.money import AT
from tests.factories.points import DAY, a_yuan, held, rules
from tests.factories.refunds import make_order, refund
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]


@pytest.fixture
def member():
    rules()
    a_yuan()
    return MemberFactory()


def bought(member, fen, **facts):
    facts = {"status": OrderStatus.DELIVERED, "placed_at": AT - DAY, **facts}
    return OrderFactory(member=member, total_fen=fen, **facts)


def received(order, at=AT):
    return commands.order_received(order_id=order.pk, at=at)


def refunded(order, fen, *, key=None, at=AT):
    key = key or f"refund:{order.pk}:{fen}"
    return commands.order_refunded(order_id=order.pk, refunded_fen_total=fen, actor=None, at=at, key=key)


def spend(member, points, key="spent"):
    moves = taken(Unit.POINTS, points, member_id=member.pk, into=AccountKind.SPENT)
    return ledger.post(key=key, kind="test", moves=moves, actor=None, at=AT)


def test_an_order_earns_a_point_for_each_whole_yuan_once(member):
    order = bought(member, 19_999)
    first = received(order)
    assert received(order, AT + DAY) == first
    assert held(member) == (199, 0, 0)
    lot = Lot.objects.get()
    assert (lot.order, lot.rate, lot.tier) == (order, Decimal(1), member.tier)


def test_its_freight_earns_nothing(member):
    order = bought(member, 10_800, freight_fen=800)
    received(order)
    assert held(member) == (100, 0, 0)
    refunded(order, 10_000)
    assert held(member) == (0, 0, 0)
    assert received(bought(member, 500, freight_fen=800)).points == 0


def test_they_are_pending_until_the_time_of_returns_is_over(member):
    a_yuan(pending_days=7, valid_days=30)
    received(bought(member, 10_000))
    assert held(member) == (0, 100, 0)
    assert held(member, AT + 7 * DAY) == (100, 0, 0)
    assert held(member, AT + 31 * DAY) == (0, 0, 0)


def test_an_order_from_before_the_rule_earns_nothing(member):
    assert received(bought(member, 10_000, placed_at=AT - 31 * DAY)) is None
    assert held(member) == (0, 0, 0)


def test_without_the_rule_nothing_happens(member):
    EarningRule.objects.update(is_active=False)
    order = bought(member, 10_000)
    assert received(order) is None
    assert refunded(order, 1) is None
    commands.orders_changed(order_ids=[order.pk], at=AT)
    assert not Earning.objects.exists()


def test_an_order_that_nobody_has_is_not_found(member):
    for act in (
        lambda: commands.order_received(order_id=0, at=AT),
        lambda: commands.order_refunded(order_id=0, refunded_fen_total=1, actor=None, at=AT, key="x"),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_refund_takes_back_what_went_with_it(member):
    order = bought(member, 10_050)
    received(order)
    refunded(order, 1)
    assert held(member) == (100, 0, 0)
    refunded(order, 51)
    assert held(member) == (99, 0, 0)
    refunded(order, 10_050)
    assert held(member) == (0, 0, 0)


def test_a_refund_that_is_told_again_or_late_changes_nothing(member):
    order = bought(member, 10_000)
    received(order)
    for fen in (4_000, 4_000, 3_000, 0, -5):
        refunded(order, fen)
        assert held(member) == (60, 0, 0)
    with pytest.raises(KeyReused):
        refunded(order, 5_000, key=f"refund:{order.pk}:4000")


def test_what_was_spent_is_owed_and_repaid_by_the_next_order(member):
    order, other = bought(member, 10_000), bought(member, 3_000)
    received(order)
    spend(member, 80)
    refunded(order, 10_000)
    assert held(member) == (0, 0, 80)
    received(other)
    assert held(member) == (0, 0, 50)
    refunded(other, 1_000)
    assert held(member) == (0, 0, 60)
    refunded(other, 3_000)
    assert held(member) == (0, 0, 80)


def test_a_refund_before_the_order_came_counts_when_it_comes(member):
    order = bought(member, 10_000)
    refunded(order, 2_500)
    refunded(order, 4_000)
    assert Earning.objects.get().at is None
    received(order)
    assert held(member) == (60, 0, 0)
    refunded(order, 10_000)
    assert held(member) == (0, 0, 0)


def test_what_an_order_came_to_is_kept_though_the_shop_says_otherwise_later(member):
    order = bought(member, 10_000)
    received(order)
    order.total_fen = 50_000
    order.save()
    received(order)
    refunded(order, 5_000)
    assert held(member) == (50, 0, 0)


def test_an_order_of_an_erased_member_earns_nothing(member):
    assert received(bought(MemberFactory(erased_at=AT), 10_000)) is None


@pytest.mark.parametrize("status", [OrderStatus.RETURNED, OrderStatus.CANCELLED])
def test_an_order_that_the_shop_takes_back_loses_all(member, status):
    order, other = bought(member, 10_000), bought(member, 5_000)
    commands.orders_changed(order_ids=[order.pk, other.pk], at=AT)
    assert held(member) == (150, 0, 0)
    order.status = status
    order.save()
    for _ in range(2):
        commands.orders_changed(order_ids=[order.pk, other.pk], at=AT)
        assert held(member) == (50, 0, 0)


@pytest.mark.parametrize("status", [OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.SHIPPED])
def test_an_order_on_its_way_earns_nothing_yet(member, status):
    order = bought(member, 10_000, status=status)
    commands.orders_changed(order_ids=[order.pk], at=AT)
    assert held(member) == (0, 0, 0)


def friend_of(referrer, **facts):
    return MemberFactory(referrer=referrer, **facts)


def test_the_first_received_order_of_a_friend_earns_the_referrer_points_once(member):
    friend = friend_of(member)
    for _ in range(2):
        received(bought(friend, 100))
    assert held(member, AT + 7 * DAY) == (100, 0, 0)
    assert Earning.objects.get(rule__code="referral").occurrence == f"member:{friend.pk}"


def test_a_friend_who_had_orders_before_earns_the_referrer_nothing(member):
    friend = friend_of(member)
    bought(friend, 100, placed_at=AT - 90 * DAY)
    received(bought(friend, 100))
    assert held(member, AT + 7 * DAY) == (0, 0, 0)


def test_the_erased_and_strangers_earn_nothing_by_a_friend(member):
    received(bought(friend_of(MemberFactory(erased_at=AT)), 100))
    received(bought(MemberFactory(), 100))
    assert not Earning.objects.filter(rule__code="referral").exists()


def test_friends_who_referred_each_other_do_not_stand_in_each_others_way(member):
    friend = friend_of(member)
    member.referrer = friend
    member.save()
    received(bought(member, 100))
    received(bought(friend, 100))
    assert held(member, AT + 7 * DAY) == held(friend, AT + 7 * DAY) == (101, 0, 0)


amounts = st.integers(1, 30_000)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    fen=amounts,
    other=amounts,
    early=st.lists(amounts, max_size=2),
    late=st.lists(amounts, max_size=4),
    spent=st.integers(0, 600),
)
def test_any_parts_of_a_refund_come_to_one_and_touch_no_other_order(member, fen, other, early, late, spent):
    person = MemberFactory(tier=member.tier)
    order, kept = bought(person, fen), bought(person, other)
    received(kept)
    total = 0
    for part in early:
        total = min(fen, total + part)
        refunded(order, total)
    received(order)
    spent = min(spent, queries.holding(person, AT).available)
    if spent:
        spend(person, spent, key=f"spent:{person.pk}")
    of_the_other = Lot.objects.filter(order=kept).values_list("amount", "remaining", "spent", "withdrawn")
    untouched = list(of_the_other)
    for part in late:
        total = min(fen, total + part)
        refunded(order, total)
    assert list(of_the_other) == untouched
    has = queries.holding(person, AT)
    assert has.available - has.owed == (fen - total) // 100 + other // 100 - spent
    assert list(differences()) == []


@pytest.mark.django_db(transaction=True)
def test_receiving_and_refunding_at_once_leave_what_one_after_the_other_would(member):
    order = bought(member, 10_000)
    acts = [lambda: received(order), lambda: received(order)]
    acts += [lambda fen=fen: refunded(order, fen) for fen in (1_000, 2_500, 2_500, 7_000)]
    results = at_once(*acts)
    assert not refused(results)
    assert held(member) == (30, 0, 0)
    assert list(differences()) == []


@pytest.mark.django_db(transaction=True)
def test_orders_of_friends_who_referred_each_other_do_not_deadlock(member):
    friend = friend_of(member)
    member.referrer = friend
    member.save()
    orders = [bought(one, 100) for one in (member, friend) * 6]
    results = at_once(*[lambda one=one: received(one) for one in orders])
    assert not refused(results)
    assert list(differences()) == []


def test_said_to_have_gone_back_by_mistake_an_order_earns_its_points_again_each_time(member):
    order = bought(member, 10_000)
    for _time in range(3):
        for status, points in (("delivered", 100), ("delivered", 100), ("returned", 0), ("returned", 0)):
            type(order).objects.update(status=status)
            commands.orders_changed(order_ids=[order.pk], at=AT)
            assert held(member) == (points, 0, 0)
    assert list(differences()) == []


def test_earned_again_it_is_less_what_was_paid_back_meanwhile(member):
    order = make_order(6_000, 4_000, member=member, total_fen=10_000, status="delivered", placed_at=AT - DAY)
    received(order)
    one = refund(order, 6_000)
    type(order).objects.update(status="returned")
    commands.orders_changed(order_ids=[order.pk], at=AT)
    refunds.confirm(refund_id=one.pk, reference="x", actor=None, at=AT)
    type(order).objects.update(status="delivered")
    commands.orders_changed(order_ids=[order.pk], at=AT)
    assert held(member) == (40, 0, 0)
    rest = refund(
        order, 4_000, key="rest", pieces=[Piece(order_line=order.lines.get(paid_fen=4_000), amount_fen=4_000)]
    )
    refunds.confirm(refund_id=rest.pk, reference="x", actor=None, at=AT)
    assert held(member) == (0, 0, 0)
    commands.orders_changed(order_ids=[order.pk], at=AT)
    assert held(member) == (0, 0, 0)


def test_a_friends_first_order_that_did_not_go_back_after_all_earns_its_referral_again():
    rules(), a_yuan()
    referrer, friend = MemberFactory(registered_at=AT - 9 * DAY), MemberFactory(registered_at=AT - 2 * DAY)
    referring.say_referrer(member_id=friend.pk, code=referring.code_of(member=referrer), at=AT)
    order = bought(friend, 100)
    later = AT + 60 * DAY
    for status, points in (("delivered", 100), ("returned", 0), ("delivered", 100), ("returned", 0)):
        type(order).objects.update(status=status)
        commands.orders_changed(order_ids=[order.pk], at=AT)
        assert held(referrer, later)[0] == points
    assert list(differences()) == []
