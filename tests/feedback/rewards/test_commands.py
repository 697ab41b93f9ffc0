"""Rewards for useful reviews: given once, within limits, taken back while unused; never for stars."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from compensation.grants import commands as grants
from compensation.ledger.queries import balance
from compensation.models import Budget, Coupon, CouponStatus, Grant, Member, Notice
from config.common.errors import Invalid, NotFound, WrongState
from config.common.models import Event
from feedback.models import (
    ModerationReason,
    Review,
    ReviewPick,
    ReviewReward,
    ReviewStatus,
    RewardDue,
    RewardEnd,
    RewardRule,
)
from feedback.moderation import commands as moderation
from feedback.reviews import writing
from feedback.rewards import commands, following
from feedback.rewards.rules import UnlawfulReward
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, CouponTemplateFactory, MemberFactory
from tests.factories.feedback import ReviewFactory
from tests.factories.reviews import house, photo, received
from tests.factories.rewards import LONG, review, rule
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F18")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def settle(one, at=T0 + HOUR):
    return commands.settle(review_id=one.pk, at=at)


@pytest.mark.parametrize("stars", [1, 2, 3, 4, 5])
def test_a_useful_review_is_rewarded_alike_whatever_its_stars(stars):
    rule()
    one = review(stars=stars)
    assert following.sweep(at=T0 + HOUR) == 1
    one.refresh_from_db()
    assert one.is_rewarded
    assert balance(one.member) == 20
    grant = Grant.objects.get()
    assert (grant.cause, grant.reason_code) == (
        f"review:{one.pk}:reward:{RewardRule.objects.get().pk}",
        "review",
    )
    event = Event.objects.get(kind="review.rewarded")
    assert (event.actor, event.data["grants"]) == ("system", [grant.pk])
    assert Notice.objects.get(kind="review.rewarded").member == one.member


def test_again_and_again_gives_it_once():
    rule()
    one = review()
    assert len(settle(one)) == 1
    assert settle(one) == []
    Review.objects.filter(pk=one.pk).update(helpful_votes=3)  # looked at anew
    assert following.sweep(at=T0 + HOUR) == 1
    assert following.sweep(at=T0 + HOUR) == 0
    assert balance(one.member) == 20


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_give_it_once():
    rule()
    one = review()
    acts = [partial(commands.settle, review_id=one.pk, at=T0 + HOUR)] * 2 + [
        partial(following.sweep, at=T0 + HOUR)
    ]
    assert not refused(at_once(*acts))
    assert balance(one.member) == 20
    assert ReviewReward.objects.count() == Grant.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_member_whom_somebody_holds_is_left_to_the_next_sweep():
    rule()
    one = review()
    held = behind(
        lambda: Member.objects.select_for_update(no_key=True).get(pk=one.member_id),
        partial(following.sweep, at=T0 + HOUR),
        lambda: None,
    )
    assert (held, balance(one.member)) == (0, 0)
    assert following.sweep(at=T0 + HOUR) == 1
    assert balance(one.member) == 20


@pytest.mark.django_db(transaction=True)
def test_two_reviews_at_once_do_not_pass_the_limit_of_a_month():
    rule(month_limit=1)
    member = MemberFactory()
    both = [review(member=member), review(member=member)]
    assert not refused(at_once(*(partial(commands.settle, review_id=one.pk, at=T0 + HOUR) for one in both)))
    assert balance(member) == 20
    assert ReviewReward.objects.count() == 1


def test_the_limit_is_of_the_month_in_which_it_was_written():
    rule(month_limit=1)
    member = MemberFactory()
    first, second = review(member=member), review(member=member)
    later = review(member=member, written_at=T0 + 35 * DAY)
    assert [len(settle(one, T0 + 40 * DAY)) for one in (first, second, later)] == [1, 0, 1]


def test_each_rule_gives_its_own_once_a_review():
    rule(points=20)
    rule(points=30, length_from=0, pictures_from=1)
    house()
    line = received()[0]
    one = writing.write(
        member=line.order.member, line_id=line.pk, stars=2, text=LONG, photos=[photo()], at=T0 + HOUR
    )
    assert {reward.grant.points for reward in settle(one, T0 + DAY)} == {20, 30}


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        ({"length_from": 20}, {"text": "好" * 500}),
        ({"length_from": 20}, {"text": "很好" * 200}),
        ({"length_from": 20}, {"text": "👍 !!! 。。。 " * 40}),
        ({"pictures_from": 1}, {}),
        ({"asks_video": True}, {}),
        ({"dimensions_from": 1}, {}),
        ({"votes_from": 2}, {"helpful_votes": 1}),
        ({"asks_pick": True}, {}),
        ({"about": "follow_up", "after_days": 7}, {}),
    ],
)
def test_what_is_not_useful_by_the_rule_earns_nothing(asked, values):
    rule(**{"length_from": 0, **asked})
    one = review(**values)
    assert settle(one) == []
    one.refresh_from_db()
    assert not one.is_rewarded


def test_reviews_of_marketplaces_of_before_and_held_ones_earn_nothing():
    rule()
    elsewhere = ReviewFactory(text=LONG, source="tmall")
    before = review(written_at=T0 - 9 * DAY)
    held = review(status=ReviewStatus.HELD)
    assert [settle(one) for one in (elsewhere, before, held)] == [[], [], []]
    assert not RewardDue.objects.filter(review=elsewhere).exists()


def test_goods_that_went_back_are_no_purchase_that_stands():
    rule()
    one = review(order_line=received(status="returned")[0])
    assert settle(one) == []


def test_a_held_one_is_rewarded_when_a_moderator_publishes_it():
    house()
    rule()
    one = review(status=ReviewStatus.HELD)
    following.sweep(at=T0 + HOUR)
    assert balance(one.member) == 0
    moderation.decide(review_id=one.pk, verdict="publish", actor=UserFactory(), at=T0 + 2 * HOUR)
    assert following.sweep(at=T0 + 3 * HOUR) == 1
    assert balance(one.member) == 20


def test_a_follow_up_is_rewarded_after_its_days():
    rule(about="follow_up", length_from=0, after_days=7)
    first = review()
    early, late = (
        ReviewFactory(
            portal=True, order_line=first.order_line, follows=first, stars=None, text=LONG,
            written_at=T0 + days * DAY,
        )
        for days in (6, 7)
    )  # fmt: skip
    assert [len(settle(one, T0 + 9 * DAY)) for one in (early, late)] == [0, 1]


def test_votes_that_come_later_count():
    rule(length_from=0, votes_from=1)
    one = review()
    following.sweep(at=T0 + HOUR)
    writing.vote(member=MemberFactory(), review_id=one.pk, helpful=True, at=T0 + DAY)
    assert following.sweep(at=T0 + DAY) == 1
    assert balance(one.member) == 20


def test_a_pick_is_made_once_and_rewarded():
    rule(length_from=0, asks_pick=True)
    one, user = review(stars=1), UserFactory()
    following.sweep(at=T0)
    assert [known for _pick, known in (commands.pick(review_id=one.pk, actor=user, at=T0) for _ in "ab")] == [
        False,
        True,
    ]
    assert following.sweep(at=T0 + HOUR) == 1
    assert balance(one.member) == 20
    assert Event.objects.filter(kind="review.picked").count() == 1


def test_only_what_is_public_is_picked():
    with pytest.raises(NotFound):
        commands.pick(review_id=0, actor=UserFactory(), at=T0)
    with pytest.raises(WrongState):
        commands.pick(review_id=review(status=ReviewStatus.HELD).pk, actor=UserFactory(), at=T0)
    assert not ReviewPick.objects.exists()


def test_what_is_unused_goes_with_a_deleted_review():
    rule()
    one = review()
    settle(one)
    writing.delete(member=one.member, review_id=one.pk, at=T0 + DAY)
    assert following.sweep(at=T0 + DAY) == 1
    one.refresh_from_db()
    reward = ReviewReward.objects.get()
    assert (reward.end, one.is_rewarded, balance(one.member)) == (RewardEnd.BACK, False, 0)
    assert Notice.objects.filter(kind="review.reward_ended").count() == 1
    settle(one, T0 + 2 * DAY)
    assert Event.objects.filter(kind="review.reward_ended").count() == 1


def test_a_used_coupon_stays_with_the_member_and_the_mark_too():
    rule(template=CouponTemplateFactory(), points=None)
    one = review()
    settle(one)
    Coupon.objects.update(status=CouponStatus.REDEEMED, redeemed_at=T0)
    writing.delete(member=one.member, review_id=one.pk, at=T0 + DAY)
    following.sweep(at=T0 + DAY)
    one.refresh_from_db()
    assert (ReviewReward.objects.get().end, one.is_rewarded) == (RewardEnd.KEPT, True)
    assert not Notice.objects.filter(kind="review.reward_ended").exists()


def test_refused_and_published_again_it_is_given_anew():
    house()
    rule()
    one = review()
    settle(one)
    first, second = UserFactory(), UserFactory()
    moderation.hold(review_id=one.pk, note="why", actor=first, at=T0 + DAY)
    following.sweep(at=T0 + DAY)
    assert balance(one.member) == 20  # neither given nor taken while a moderator looks
    code = ModerationReason.objects.first().code
    moderation.decide(review_id=one.pk, verdict="refuse", reason=code, actor=first, at=T0 + DAY)
    following.sweep(at=T0 + DAY)
    assert balance(one.member) == 0
    asked = moderation.appeal(review_id=one.pk, text="", actor=one.member, at=T0 + DAY)
    moderation.second_look(appeal_id=asked.pk, verdict="publish", actor=second, at=T0 + DAY)
    following.sweep(at=T0 + DAY)
    assert balance(one.member) == 20
    assert ReviewReward.objects.count() == 2


def test_an_empty_budget_gives_nothing_asks_nobody_and_is_tried_tomorrow():
    rule()
    budget = Budget.objects.create(
        reason_code="review", starts_at=T0 - DAY, ends_at=T0 + 30 * DAY, amount_fen=1
    )
    one = review()
    assert settle(one) == []
    assert not Grant.objects.exists()
    due = RewardDue.objects.get()
    assert (due.why, due.due_at) == ("budget", T0 + HOUR + DAY)
    Budget.objects.filter(pk=budget.pk).update(amount_fen=10_000)
    assert following.sweep(at=T0 + DAY) == 0
    assert following.sweep(at=T0 + 2 * DAY) == 1
    assert balance(one.member) == 20


def test_one_that_fails_keeps_no_other_waiting(monkeypatch):
    rule()
    bad, good = review(), review()
    real = commands.settle

    def settle_but_one(*, review_id, **more):
        if review_id == bad.pk:
            raise WrongState
        return real(review_id=review_id, **more)

    monkeypatch.setattr(commands, "settle", settle_but_one)
    assert following.sweep(at=T0 + HOUR) == 2
    assert (balance(bad.member), balance(good.member)) == (0, 20)
    assert RewardDue.objects.get().review_id == bad.pk


def test_an_erased_member_gets_nothing():
    rule()
    one = review()
    one.member.erased_at = T0
    one.member.save()
    assert settle(one) == []


def test_a_new_rule_looks_at_what_was_written_since_it_begins():
    one, old = review(), review(written_at=T0 - 200 * DAY)
    RewardDue.objects.all().delete()
    rule()
    saved = RewardRule.objects.get()
    commands.save_rule(rule=saved, actor=UserFactory(), at=T0 + DAY)
    assert list(RewardDue.objects.values_list("review", flat=True)) == [one.pk]
    assert old.pk != one.pk


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "五星好评返现"), ("name", "好 评 有 礼"), ("name", "好·评返现"), ("words", "给5星送券"),
        ("words", "打五分"), ("name_en", "5-star cashback"), ("name_en", "Five Stars"),
        ("words_en", "GOOD reviews"),
        ("words", "满星有礼"), ("words", "⭐⭐⭐⭐⭐"), ("name_en", "５ stars"), ("name", "好\u200b评"),
    ],
)  # fmt: skip
def test_a_rule_that_speaks_of_praise_is_refused_with_the_law(field, text):
    one = rule()
    setattr(one, field, text)
    with pytest.raises(UnlawfulReward):
        commands.save_rule(rule=one, actor=UserFactory(), at=T0)


@pytest.mark.parametrize("name", ["stars", "stars_from", "min_rating", "sentiment", "Tone", "score"])
def test_a_condition_on_stars_or_feeling_is_refused_by_its_name(name):
    with pytest.raises(UnlawfulReward):
        commands.save_rule(rule=rule(), asks=["length_from", name], actor=UserFactory(), at=T0)


@pytest.mark.parametrize("text", ["五星好评返现", "5 stars get a coupon", "好评返现"])
def test_the_database_refuses_it_as_well(text):
    one = rule()
    with pytest.raises(IntegrityError), transaction.atomic():
        RewardRule.objects.filter(pk=one.pk).update(words=text)


def test_neither_rule_nor_reward_has_a_column_for_stars_or_feelings():
    names = {field.name for model in (RewardRule, ReviewReward) for field in model._meta.get_fields()}
    assert not {
        name for name in names if any(word in name for word in ("stars", "sentiment", "triage", "aspect"))
    }


@pytest.mark.parametrize(
    "terms",
    [
        {"length_from": 0}, {"points": None}, {"after_days": 3}, {"about": "follow_up", "dimensions_from": 1},
        {"month_limit": 0}, {"points": 0},
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused_by_command_and_database(terms):
    one = rule()
    for name, value in terms.items():
        setattr(one, name, value)
    with pytest.raises(Invalid):
        commands.save_rule(rule=one, actor=UserFactory(), at=T0)
    with pytest.raises(IntegrityError), transaction.atomic():
        one.save()


def test_a_grant_taken_back_by_hand_is_not_given_again():
    rule()
    one = review()
    reward = settle(one)[0]
    approver = UserFactory(is_superuser=True)
    grants.reverse(grant_id=reward.grant_id, actor=approver, note="mistake", at=T0 + DAY)
    assert settle(one, T0 + DAY) == []


def test_a_coupon_whose_name_asks_for_praise_rewards_nothing():
    praising = CouponTemplateFactory(name="五星好评返现券")
    with pytest.raises(UnlawfulReward):
        commands.save_rule(
            rule=RewardRule(code="c", name="用心", length_from=20, template=praising), actor=None, at=T0
        )
    assert not RewardRule.objects.exists()
