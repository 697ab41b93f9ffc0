"""What is published of how members rate a product."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.models import ModerationReason, Review, ReviewDimension, ReviewScore, ReviewStatus
from feedback.reviews import figures
from feedback.voice import days
from tests.factories.compensation import ProductFactory
from tests.factories.feedback import ReviewFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F12")]


def test_dimensions_are_those_of_the_reviews_that_count(django_assert_num_queries):
    product = ProductFactory()
    speed, service = (ReviewDimension.objects.create(code=code, name=code) for code in ("speed", "service"))
    for stars in (5, 4, 4, 1):
        review = ReviewFactory(order_line__product=product, stars=stars)
        ReviewScore.objects.create(review=review, dimension=speed, stars=stars)
    ReviewScore.objects.create(review=review, dimension=service, stars=2)
    other = ReviewFactory(stars=1)
    ReviewScore.objects.create(review=other, dimension=speed, stars=1)
    days.catch_up()
    assert figures.of_product(product.pk).dimensions == [
        ("speed", Decimal("3.50"), 4),
        ("service", Decimal("2.00"), 1),
    ]
    reason = ModerationReason.objects.create(code="x", name="x")
    Review.objects.filter(pk=review.pk).update(status=ReviewStatus.REFUSED, refused_for=reason, counts=False)
    days.catch_up()
    with django_assert_num_queries(3):
        told = figures.of_product(product.pk)
    assert told.counts == {5: 1, 4: 2}
    assert told.dimensions == [("speed", Decimal("4.33"), 3)]


def test_stars_are_counted_by_their_index_alone():
    one, *products = ReviewFactory(), *ProductFactory.create_batch(20)
    reason = ModerationReason.objects.create(code="x", name="x")
    left_out = {"status": ReviewStatus.REFUSED, "refused_for": reason, "counts": False}
    Review.objects.bulk_create(
        Review(
            external_id=f"r{number}", member=one.member, order=one.order, product=products[number % 20],
            stars=1 + number % 5, written_at=one.written_at, **(left_out if number % 40 < 20 else {}),
        )
        for number in range(600)
    )  # fmt: skip
    product = products[7]
    with CaptureQueriesContext(connection) as seen:
        figures.of_product(product.pk)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE feedback_review")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {seen.captured_queries[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Only Scan using review_counted" in plan
