"""Sums of what is said of a product by day."""

from datetime import UTC, datetime, timedelta

import pytest

from feedback.models import Review, ReviewDimension, ReviewScore, ReviewStatus, Triage, VoiceDay, VoiceDue
from feedback.voice import days
from tests.factories.compensation import T0, ProductFactory
from tests.factories.feedback import ReviewFactory
from tests.threads import at_once

pytestmark = pytest.mark.req("F14")


@pytest.fixture
def product(db):
    return ProductFactory()


def rows(product):
    found = VoiceDay.objects.filter(product=product).order_by("day", "source")
    return [(row.day.isoformat(), row.source, row.stars) for row in found]


def test_a_day_counts_stars_feelings_aspects_and_dimensions(product, keep):
    one = ReviewFactory(order_line__product=product, stars=1, is_rewarded=True)
    ReviewFactory(order_line__product=product, stars=5, status=ReviewStatus.HELD, deleted_at=T0)
    ReviewFactory(order_line__product=product, stars=2, status=ReviewStatus.PUBLISHED)
    ReviewFactory(order_line__product=product, follows=one, stars=None, is_rewarded=True)
    dimension = ReviewDimension.objects.create(code="speed", name="速度")
    ReviewScore.objects.create(review=one, dimension=dimension, stars=2)
    Triage.objects.create(
        review=one, aspects=["logistics", "service"], feeling="negative", sentiment=-1,
        tones={"logistics": -0.4, "service": 0.2}, read_at=T0,
    )  # fmt: skip
    keep()
    day = VoiceDay.objects.get()
    assert (day.stars, day.rewarded, day.feelings) == ([1, 1, 0, 0, 1], 1, [1, 0, 0, 0])
    assert day.aspects == {"logistics": [1, 0, 1], "service": [1, 1, 0]}
    assert day.dimensions == {str(dimension.pk): [1, 2, 4]}


def test_what_is_no_customers_rating_does_not_count(product, keep):
    review = ReviewFactory(order_line__product=product)
    keep()
    reason = review._meta.get_field("refused_for").related_model.objects.create(code="x", name="x")
    Review.objects.filter(pk=review.pk).update(status=ReviewStatus.REFUSED, refused_for=reason)
    keep()
    assert rows(product)[0][2] == [0, 0, 0, 0, 1]
    Review.objects.filter(pk=review.pk).update(counts=False)
    keep()
    assert rows(product) == []


def test_a_review_that_moves_is_counted_where_it_is_now(product, keep):
    review = ReviewFactory(order_line__product=product, written_at=datetime(2026, 1, 1, 15, 59, tzinfo=UTC))
    keep()
    assert rows(product) == [("2026-01-01", "import", [0, 0, 0, 0, 1])]
    Review.objects.filter(pk=review.pk).update(written_at=datetime(2026, 1, 1, 16, tzinfo=UTC))
    keep()
    assert rows(product) == [("2026-01-02", "import", [0, 0, 0, 0, 1])]  # a day begins in Shanghai
    other = ProductFactory()
    Review.objects.filter(pk=review.pk).update(product=other)
    keep()
    assert rows(product) == []
    assert len(rows(other)) == 1


def test_each_place_has_its_own_sums_and_a_review_of_no_product_none(product, keep):
    ReviewFactory(order_line__product=product, source="tmall")
    ReviewFactory(order_line__product=product)
    ReviewFactory(product=None)
    keep()
    assert [row[1] for row in rows(product)] == ["import", "tmall"]
    assert VoiceDay.objects.exclude(product=product).count() == 0
    assert not VoiceDue.objects.exists()


def test_a_pass_takes_no_more_than_it_is_told(product):
    for _ in range(3):
        ReviewFactory(order_line__product=product)
    assert [days.catch_up(limit=2), days.catch_up(limit=2), days.catch_up(limit=2)] == [2, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_count_once():
    product = ProductFactory()
    for number in range(4):
        ReviewFactory(order_line__product=product, written_at=T0 + timedelta(days=number))
    at_once(days.catch_up, days.catch_up)
    days.catch_up()
    assert sum(sum(stars) for _day, _source, stars in rows(product)) == 4
