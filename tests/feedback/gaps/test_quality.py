"""Gaps of quality: stars against what could be expected."""

from datetime import timedelta

import pytest

from config.common.models import Event
from feedback.gaps import commands, quality
from feedback.models import (
    Gap,
    GapThreshold,
    ModerationReason,
    QualityLevel,
    Review,
    ReviewDimension,
    ReviewDue,
    ReviewScore,
)
from tests.factories.claims import claim, promise
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory, ReviewFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F12")]
NOW = T0 + timedelta(days=9)


def compare(at=NOW):
    while quality.compare(at=at):
        pass
    return Gap.objects.filter(aspect="quality").order_by("about")


def score(review, code, stars):
    dimension, _new = ReviewDimension.objects.get_or_create(code=code, defaults={"name": code})
    ReviewScore.objects.create(review=review, dimension=dimension, stars=stars)


@pytest.mark.parametrize(("stars", "severity"), [(5, None), (4, None), (3, 1), (2, 2), (1, 3)])
def test_fewer_stars_than_expected_are_a_gap(stars, severity):
    review = ReviewFactory(stars=stars)
    gap = compare().first()
    assert (
        gap and (gap.severity, gap.kind, gap.order, gap.member, gap.review, gap.expected, gap.actual)
    ) == (severity and (severity, "product", review.order, review.member, review, 4, stars))
    assert not ReviewDue.objects.exists()


def test_a_claim_and_a_category_raise_what_is_expected():
    review = ReviewFactory(stars=4)
    other = ReviewFactory(stars=4, order_line__product__category="食品")
    QualityLevel.objects.create(category="食品", stars=4.5)
    promise("quality", 5, product_id=review.product_id, valid_from=T0 - timedelta(days=900))
    quality.compare_anew()
    assert {gap.review: gap.expected for gap in compare()} == {review: 5, other: 4.5}


def test_each_dimension_is_a_gap_of_its_own_and_then_the_whole_is_none():
    review = ReviewFactory(stars=2)
    score(review, "product_quality", 5)
    score(review, "logistics", 1)
    QualityLevel.objects.create(dimension="logistics", stars=3)
    gap = compare().get()
    assert (gap.about, gap.kind, gap.expected) == (f"review:{review.pk}:logistics", "service", 3)
    content = ReviewFactory(stars=1)
    score(content, "product_quality", 5)
    assert compare().get(review=content).about == f"review:{content.pk}"


def test_twice_finds_it_once_and_what_is_refused_or_deleted_withdraws_it():
    review = ReviewFactory(stars=1)
    compare()
    quality.compare_anew()
    assert compare().count() == 1
    assert Event.objects.filter(kind="gap.found").count() == 1
    reason = ModerationReason.objects.create(code="x", name="x")
    Review.objects.filter(pk=review.pk).update(status="refused", refused_for=reason)
    assert compare().get().withdrawn_at == NOW
    Review.objects.filter(pk=review.pk).update(status="published", refused_for=None)
    assert compare().get().withdrawn_at is None
    Review.objects.filter(pk=review.pk).update(deleted_at=NOW)
    assert compare().get().withdrawn_at == NOW


def test_a_change_that_does_not_matter_is_not_looked_at():
    ReviewFactory(stars=1)
    compare()
    Review.objects.update(helpful_votes=7, text="x")
    assert not ReviewDue.objects.exists()


def test_a_follow_up_has_no_stars_to_fall_short():
    review = ReviewFactory(stars=5)
    ReviewFactory(stars=None, follows=review, order_line=review.order_line)
    assert not compare().exists()


def test_the_case_that_follows_the_review_up_is_the_gaps():
    review = ReviewFactory(stars=1)
    case = CaseFactory(key=f"review:{review.pk}", member=review.member)
    assert compare().get().case == case


def test_thresholds_grade_anew():
    ReviewFactory(stars=3)
    assert compare().get().severity == 1
    threshold = GapThreshold(aspect="quality", slight=0, moderate=3)
    commands.save_threshold(threshold=threshold, actor=None, at=NOW)
    assert compare().get().severity == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_find_it_once():
    for _ in range(3):
        ReviewFactory(stars=1)
    quality.compare_anew()
    results = at_once(*[lambda: quality.compare(at=NOW, limit=4) for _ in range(2)])
    assert not [one for one in results if isinstance(one, Exception)]
    compare()
    assert Gap.objects.count() == 3


@pytest.mark.parametrize(
    ("about", "expected"),
    [({}, 5), ({"category": "服装"}, 5), ({"category": "食品"}, None), ({"order_channel": "nowhere"}, None)],
)
def test_a_claim_about_many_products_raises_what_is_expected_of_each(about, expected):
    review = ReviewFactory(stars=4, order_line__product__category="服装")
    compare()
    promise("quality", 5, valid_from=T0 - timedelta(days=900), **about)
    gap = compare().first()
    assert (gap and gap.expected) == expected
    assert review.stars == 4


def test_a_claim_that_turns_to_another_product_lets_the_first_go():
    review = ReviewFactory(stars=4)
    other = ReviewFactory(stars=4)
    begins = T0 - timedelta(days=900)
    promise("quality", 5, product_id=review.product_id, valid_from=begins)
    assert [gap.review for gap in compare()] == [review]
    claim("x", product_id=other.product_id, valid_from=begins)
    assert [(gap.review, gap.withdrawn_at is None) for gap in compare()] == [(review, False), (other, True)]
