"""Whom a rule would have rewarded, at what cost, and how that spreads over the stars."""

from datetime import timedelta

import pytest

from feedback.models import ReviewStatus
from feedback.rewards.preview import preview
from tests.factories.compensation import T0, CouponTemplateFactory, MemberFactory
from tests.factories.rewards import review, rule

pytestmark = [pytest.mark.django_db, pytest.mark.req("F18")]
DAY = timedelta(days=1)


def test_it_counts_members_cost_and_stars_and_gives_nothing():
    one = rule(month_limit=1, template=CouponTemplateFactory(value_fen=500), points=None)
    member = MemberFactory()
    for stars in (1, 5):
        review(stars=stars)
    review(member=member, stars=3)
    review(member=member, stars=4)  # beyond the limit
    review(text="好", stars=5)
    review(written_at=T0 - 31 * DAY)
    review(status=ReviewStatus.HELD)
    told = preview(one, at=T0 + DAY)
    assert (told.looked, told.rewarded, told.members, told.over_limit) == (5, 3, 3, 1)
    assert told.cost_fen == 1_500
    assert told.spread == [(5, 2, 1), (4, 1, 0), (3, 1, 1), (2, 0, 0), (1, 1, 1)]
    assert told.p == 1.0
    assert not one.rewards.exists()


def test_of_nothing_there_is_nothing_to_compare():
    told = preview(rule(), at=T0)
    assert (told.looked, told.cost_fen, told.p) == (0, 0, None)


def test_it_asks_the_same_whatever_there_is(django_assert_max_num_queries):
    one = rule()
    for _ in range(3):
        review()
    with django_assert_max_num_queries(2):
        preview(one, at=T0 + DAY)
