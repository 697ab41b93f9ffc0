"""Rewards: points are spent and a coupon is given, or neither; never more than there are."""

from threading import Event

import pytest

from compensation.coupons import commands as coupons
from compensation.ledger import commands as ledger
from compensation.ledger.check import differences
from compensation.ledger.rules import given
from compensation.models import Coupon, CouponTemplate, Reward, RewardClaim, Unit
from compensation.points import redeeming
from config.common.errors import KeyReused, NotFound, WrongState
from config.common.models import Event as Happened
from tests.factories.compensation import CouponTemplateFactory, MemberFactory
from tests.factories.money import AT
from tests.factories.points import DAY, held
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C4")]


def having(points, **facts):
    member = MemberFactory(**facts)
    moves = given(Unit.POINTS, points, member_id=member.pk)
    ledger.post(key=f"have:{member.pk}", kind="test", moves=moves, actor=None, at=AT)
    return member


@pytest.fixture
def member():
    return having(1_000)


@pytest.fixture
def reward():
    return on_offer()


def on_offer(**facts):
    return Reward.objects.create(**{"template": CouponTemplateFactory(), "points": 300, **facts})


def take(member, reward, key="key-0001", *, at=AT):
    return redeeming.redeem(reward_id=reward.pk, member_id=member.pk, key=key, actor=member, at=at)


def test_a_reward_costs_its_points_and_gives_its_coupon(member, reward):
    claim = take(member, reward)
    assert (claim.points, claim.coupon.member, claim.coupon.value_fen) == (300, member, 500)
    assert held(member) == (700, 0, 0)
    assert list(differences()) == []


def test_it_is_taken_once_for_a_key_of_a_member(member, reward):
    claim = take(member, reward)
    assert take(member, reward) == claim
    assert held(member) == (700, 0, 0)
    with pytest.raises(KeyReused):
        take(member, on_offer())
    other = having(300)
    assert take(other, reward).member == other


def test_it_cannot_be_had_for_fewer_points_than_it_costs(reward):
    poor = having(299)
    with pytest.raises(redeeming.TooFewPoints):
        take(poor, reward)
    assert held(poor) == (299, 0, 0)
    assert not Coupon.objects.exists()
    assert not RewardClaim.objects.exists()


def test_when_the_coupon_cannot_be_given_the_points_stay(member, reward, monkeypatch):
    def fail(**_asked):
        raise WrongState

    monkeypatch.setattr(redeeming, "issue", fail)
    with pytest.raises(WrongState):
        take(member, reward)
    assert held(member) == (1_000, 0, 0)


@pytest.mark.parametrize(
    "facts", [{"is_active": False}, {"starts_at": AT + DAY}, {"ends_at": AT}, {"ends_at": AT - DAY}]
)
def test_what_is_not_on_offer_is_neither_shown_nor_given(member, facts):
    reward = on_offer(**facts)
    assert list(redeeming.on_offer(member, AT)) == []
    with pytest.raises(redeeming.NotOnOffer):
        take(member, reward)


def test_a_reward_whose_coupon_is_switched_off_is_not_on_offer(member, reward):
    CouponTemplate.objects.update(is_active=False)
    assert list(redeeming.on_offer(member, AT)) == []
    with pytest.raises(redeeming.NotOnOffer):
        take(member, reward)


def test_nobody_and_nothing_are_not_found(member, reward):
    for who, what in ((0, reward.pk), (member.pk, 0)):
        with pytest.raises(NotFound):
            redeeming.redeem(reward_id=what, member_id=who, key="key-0001", actor=None, at=AT)
    with pytest.raises(NotFound):
        take(having(300, erased_at=AT), reward)


def test_a_member_takes_it_as_often_as_one_may(member):
    reward = on_offer(member_limit=2)
    for n in range(2):
        take(member, reward, f"key-{n}")
    assert redeeming.on_offer(member, AT).get().mine == 2
    with pytest.raises(redeeming.TakenBefore):
        take(member, reward, "key-9")
    take(having(300), reward)


def test_what_was_taken_is_counted_when_a_limit_is_set_later(member, reward):
    take(member, reward)
    reward.total_limit = 2
    redeeming.save_reward(reward=reward, actor=None, at=AT)
    assert reward.taken == 1
    take(member, reward, "key-2")
    with pytest.raises(redeeming.NoneLeft):
        take(member, reward, "key-3")


@pytest.mark.django_db(transaction=True)
def test_a_limit_is_set_while_one_is_taken_and_counts_it(monkeypatch):
    """Whoever takes one without a limit has not been counted when the limit is set."""
    reward, members = on_offer(), [having(1_000) for _ in range(2)]
    is_taking, may_go, issue = Event(), Event(), redeeming.issue

    def slow(**how):
        is_taking.set()
        may_go.wait(0.5)
        return issue(**how)

    def limit():
        is_taking.wait(5)
        changed = Reward.objects.get(pk=reward.pk)
        changed.total_limit = 1
        redeeming.save_reward(reward=changed, actor=None, at=AT)
        may_go.set()

    monkeypatch.setattr(redeeming, "issue", slow)
    assert not refused(at_once(lambda: take(members[0], reward), limit))
    monkeypatch.undo()
    with pytest.raises(redeeming.NoneLeft):
        take(members[1], reward)
    assert (RewardClaim.objects.count(), Reward.objects.get().taken) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_no_more_are_taken_at_once_than_there_are():
    reward, people = on_offer(total_limit=3), [having(300) for _ in range(10)]
    results = at_once(*[lambda one=one: take(one, reward) for one in people])
    assert [type(error) for error in refused(results)] == [redeeming.NoneLeft] * 7
    reward.refresh_from_db()
    assert reward.taken == RewardClaim.objects.count() == Coupon.objects.count() == 3
    assert sum(held(one)[0] for one in people) == 7 * 300
    assert list(differences()) == []


@pytest.mark.django_db(transaction=True)
def test_a_member_takes_no_more_at_once_than_one_may(member):
    reward = on_offer(member_limit=1)
    results = at_once(*[lambda n=n: take(member, reward, f"key-{n}") for n in range(8)])
    assert [type(error) for error in refused(results)] == [redeeming.TakenBefore] * 7
    assert held(member) == (700, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_thirty_two_at_once_for_one_key_take_one(member, reward):
    results = at_once(*[lambda: take(member, reward) for _ in range(32)])
    assert not refused(results)
    assert len({claim.pk for claim in results}) == 1
    assert held(member) == (700, 0, 0)


def test_a_coupon_that_is_taken_back_gives_its_points_back(member):
    reward = on_offer(total_limit=1, member_limit=1)
    claim = take(member, reward)
    with pytest.raises(redeeming.NoneLeft):
        take(having(300), reward)
    coupons.revoke(coupon_id=claim.coupon_id, actor=None, at=AT, reason="Mistake")
    claim.refresh_from_db(), reward.refresh_from_db()
    assert (held(member), claim.returned_at, reward.taken) == ((1_000, 0, 0), AT, 0)
    assert Happened.objects.get(kind="reward.returned").data["points"] == 300
    assert list(differences()) == []
    assert redeeming.on_offer(member, AT).get().mine == 0
    take(member, reward, "key-0002")
    assert held(member) == (700, 0, 0)
    redeeming.save_reward(reward=Reward.objects.get(), actor=None, at=AT)
    assert Reward.objects.get().taken == 1


@pytest.mark.django_db(transaction=True)
def test_a_reward_is_taken_while_another_is_taken_back(member):
    reward = on_offer(total_limit=2)
    claim = take(member, reward)
    results = at_once(
        lambda: coupons.revoke(coupon_id=claim.coupon_id, actor=None, at=AT),
        lambda: coupons.revoke(coupon_id=claim.coupon_id, actor=None, at=AT),
        lambda: take(member, reward, "key-0002"),
    )
    assert len(refused(results)) == 1
    assert held(member) == (700, 0, 0)
    assert Reward.objects.get().taken == 1
    assert list(differences()) == []
