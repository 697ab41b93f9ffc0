"""Who referred whom: said once, by a code, before the first order is received, never oneself."""

import pytest
from django.utils import translation

from compensation.ledger import commands as ledger
from compensation.ledger.check import differences
from compensation.ledger.rules import taken
from compensation.models import Earning, EarningRule, Lot, Member, ReferralCode, Transaction, Unit
from compensation.points import commands, queries, referring, wording
from config.common.errors import Invalid, NotFound
from tests.factories.compensation import T0, MemberFactory, OrderFactory
from tests.factories.money import AT
from tests.factories.points import DAY, held, rules
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]


@pytest.fixture
def member():
    return MemberFactory()


@pytest.fixture
def friend():
    return MemberFactory(registered_at=T0)


def say(friend, code):
    return referring.say_referrer(member_id=friend.pk, code=code, at=AT)


def test_a_member_keeps_one_code(member):
    code = referring.code_of(member=member)
    assert referring.code_of(member=member) == code
    assert len(code) == 8
    assert referring.code_of(member=MemberFactory()) != code


def test_letters_that_somebody_else_got_are_drawn_again(member, monkeypatch):
    drawn = iter("A" * 16 + "B" * 8)
    monkeypatch.setattr(referring.secrets, "choice", lambda _letters: next(drawn))
    assert referring.code_of(member=member) == "A" * 8
    assert referring.code_of(member=MemberFactory()) == "B" * 8


def test_the_link_is_the_shops(settings):
    settings.REFERRAL_URL = ""
    assert referring.link_of("ABCD") is None
    settings.REFERRAL_URL = "https://shop.example/join?ref={code}"
    assert referring.link_of("ABCD") == "https://shop.example/join?ref=ABCD"


def test_a_friend_says_who_sent_them_and_the_first_order_counts(member, friend):
    rules()
    code = referring.code_of(member=member)
    for typed in (code, f" {code.lower()} "):
        assert say(friend, typed).referrer == member
    assert queries.referred(member) == (1, 0)
    order = OrderFactory(member=friend, status="delivered", placed_at=AT - DAY)
    commands.order_received(order_id=order.pk, at=AT)
    assert queries.referred(member) == (1, 1)


def test_nobody_refers_themselves_or_those_who_were_there_before(member, friend):
    with pytest.raises(Invalid):
        say(friend, referring.code_of(member=friend))
    with pytest.raises(Invalid):
        say(member, referring.code_of(member=friend))
    for wrong in ("", "nonsense", "x" * 500, "'; --"):
        with pytest.raises(Invalid):
            say(friend, wrong)


def test_it_is_said_once_and_before_the_first_order(member, friend):
    say(friend, referring.code_of(member=member))
    with pytest.raises(referring.NotReferred):
        say(friend, referring.code_of(member=MemberFactory()))
    late = MemberFactory(registered_at=T0)
    OrderFactory(member=late, status="delivered")
    with pytest.raises(referring.NotReferred):
        say(late, referring.code_of(member=member))


def test_the_erased_neither_refer_nor_are_referred(friend):
    gone = MemberFactory(erased_at=AT)
    code = referring.code_of(member=gone)
    with pytest.raises(Invalid):
        say(friend, code)
    with pytest.raises(NotFound):
        say(MemberFactory(registered_at=T0, erased_at=AT), referring.code_of(member=MemberFactory()))


@pytest.mark.django_db(transaction=True)
def test_of_two_said_at_once_one_counts(friend):
    codes = [referring.code_of(member=MemberFactory()) for _ in range(4)]
    results = at_once(*[lambda code=code: say(friend, code) for code in codes])
    assert [type(error) for error in refused(results)] == [referring.NotReferred] * 3
    assert Member.objects.get(pk=friend.pk).referrer is not None


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_for_their_code_get_one(member):
    codes = at_once(*[lambda: referring.code_of(member=member) for _ in range(6)])
    assert set(codes) == {ReferralCode.objects.get().code}


def bought(friend, fen=10_000, **facts):
    facts = {"status": "delivered", "placed_at": AT - DAY, **facts}
    return OrderFactory(member=friend, total_fen=fen, **facts)


def refunded(order, fen, at=AT):
    key = f"refund:{order.pk}:{fen}"
    return commands.order_refunded(order_id=order.pk, refunded_fen_total=fen, actor=None, at=at, key=key)


@pytest.fixture
def referred(member, friend):
    rules()
    say(friend, referring.code_of(member=member))
    order = bought(friend, 10_800, freight_fen=800)
    commands.order_received(order_id=order.pk, at=AT)
    assert held(member, AT + 8 * DAY) == (100, 0, 0)
    return order


def test_the_points_go_when_the_first_order_was_refunded_whole(member, referred):
    refunded(referred, 9_999)
    assert held(member, AT + 8 * DAY) == (100, 0, 0)
    for _again in range(2):
        refunded(referred, 10_000)
        assert held(member) == (0, 0, 0)
    refunded(referred, 10_800)
    assert held(member) == (0, 0, 0)
    assert not list(differences())
    assert Transaction.objects.filter(kind="points.referral.reversed").count() == 1


def test_what_was_spent_of_them_is_owed_and_nothing_else_is_touched(member, referred):
    later = AT + 8 * DAY
    earlier = Lot.objects.get(account__member=member).pk
    moves = taken(Unit.POINTS, 70, member_id=member.pk, into="spent")
    ledger.post(key="s", kind="test", moves=moves, actor=None, at=later)
    commands.sign_in(member=member, at=later)
    refunded(referred, 10_000, at=later)
    assert held(member, later) == (5, 0, 70)
    assert Lot.objects.exclude(pk=earlier).get(account__member=member).remaining == 5
    assert not list(differences())


def test_a_later_order_neither_takes_them_nor_gives_them_again(member, friend, referred):
    later = bought(friend)
    commands.order_received(order_id=later.pk, at=AT)
    refunded(later, 10_000)
    assert held(member, AT + 8 * DAY) == (100, 0, 0)
    refunded(referred, 10_000)
    third = bought(friend)
    commands.order_received(order_id=third.pk, at=AT)
    assert held(member, AT + 8 * DAY) == (0, 0, 0)


@pytest.mark.parametrize("status", ["returned", "cancelled"])
def test_they_go_when_the_shop_says_that_the_order_came_back(member, referred, status):
    type(referred).objects.filter(pk=referred.pk).update(status=status)
    for _again in range(2):
        commands.orders_changed(order_ids=[referred.pk], at=AT)
    assert held(member) == (0, 0, 0)


def test_they_go_though_purchases_earn_nothing_any_more(member, referred):
    EarningRule.objects.exclude(code="referral").update(is_active=False)
    Earning.objects.filter(order=referred).exclude(rule__code="referral").delete()
    type(referred).objects.filter(pk=referred.pk).update(status="returned")
    commands.orders_changed(order_ids=[referred.pk], at=AT)
    assert held(member) == (0, 0, 0)


def test_an_order_that_was_refunded_before_it_came_refers_nobody(member, friend):
    rules()
    say(friend, referring.code_of(member=member))
    order = bought(friend)
    refunded(order, 10_000)
    commands.order_received(order_id=order.pk, at=AT)
    assert not Earning.objects.filter(rule__code="referral").exists()


def test_the_referrer_reads_why_and_not_which_order(member, referred):
    refunded(referred, 10_000)
    with translation.override("en"):
        rows = wording.movements(wording.readable(queries.statement(member)))
    assert [(row.entry.amount, row.order) for row in rows] == [(-100, ""), (100, "")]
    assert rows[0].why == "Taken back: the friend's first order was refunded"


@pytest.mark.django_db(transaction=True)
def test_refunds_at_once_take_them_back_once(member, referred):
    results = at_once(*[lambda n=n: refunded(referred, 10_000 + n) for n in range(6)])  # each its own key
    assert not refused(results)
    assert held(member) == (0, 0, 0)
    assert not list(differences())


@pytest.mark.django_db(transaction=True)
def test_friends_orders_that_are_refunded_at_once_wait_for_each_other(member, friend):
    """Two friends of one referrer, who is a friend of somebody as well: nobody waits in a circle."""
    rules()
    first = MemberFactory(registered_at=T0 - DAY * 200)
    say(member, referring.code_of(member=first))
    people = [member, friend, MemberFactory(registered_at=T0)]
    for one in people[1:]:
        say(one, referring.code_of(member=member))
    orders = [bought(one) for one in people]
    for order in orders:
        commands.order_received(order_id=order.pk, at=AT)
    results = at_once(*[lambda order=order: refunded(order, 10_000) for order in orders for _ in range(2)])
    assert not refused(results)
    assert [held(one) for one in (first, *people)] == [(0, 0, 0)] * 4
    assert not list(differences())


def test_the_shop_says_who_referred_whom(member, friend):
    late, gone = MemberFactory(registered_at=T0 + DAY), MemberFactory(erased_at=AT)
    number = {one: one.external_id for one in (member, friend, late, gone)}
    said = {
        number[friend]: number[member],
        number[member]: number[member],  # themselves
        number[gone]: number[member],
        "nobody": number[member],
        number[late]: "nobody",
    }
    new, faults = referring.record_referrers(referrers=said, at=AT)
    assert (new, set(faults)) == ([friend.pk], {number[member], number[gone], "nobody", number[late]})
    assert referring.record_referrers(referrers={number[friend]: number[member]}, at=AT) == ([], {})
    assert referring.record_referrers(referrers={number[member]: number[friend]}, at=AT)[0] == []
    _new, faults = referring.record_referrers(referrers={number[friend]: MemberFactory().external_id}, at=AT)
    assert set(faults) == {number[friend]}
    assert Member.objects.get(pk=friend.pk).referrer == member
