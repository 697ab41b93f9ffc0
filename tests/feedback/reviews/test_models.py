"""What the database holds of reviews, whoever writes."""

import pytest
from django.db import DatabaseError, transaction
from django.db.models.deletion import ProtectedError

from feedback.models import (
    PORTAL,
    ModerationDecision,
    ModerationReason,
    Review,
    ReviewAppeal,
    ReviewDimension,
    ReviewScore,
    ReviewStars,
    ReviewStatus,
)
from feedback.reviews import marketplace
from tests.factories.common import UserFactory
from tests.factories.compensation import T0
from tests.factories.feedback import ReviewFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14"), pytest.mark.req("F15")]


def refuses(change, name=None):
    with pytest.raises(DatabaseError, match=name), transaction.atomic():
        change()


def test_nobody_here_changes_stars():
    review = ReviewFactory(stars=1)
    refuses(lambda: Review.objects.filter(pk=review.pk).update(stars=5), "are its member's")
    review.stars = 5
    refuses(review.save, "are its member's")
    assert Review.objects.get().stars == 1


def test_stars_of_a_marketplace_change_with_a_row_of_history_and_only_so():
    review = ReviewFactory(stars=1, source="tmall")
    assert marketplace.restar(review, 4, at=T0)
    assert Review.objects.get().stars == 4
    change = ReviewStars.objects.get()
    assert (change.before, change.after, change.source) == (1, 4, "tmall")
    refuses(change.delete)
    refuses(lambda: ReviewStars.objects.update(after=5))


def test_the_row_of_history_must_be_of_this_transaction_and_say_the_same():
    review = ReviewFactory(stars=1, source="tmall")
    row = ReviewStars.objects.create(review=review, before=1, after=3, source="tmall", at=T0)
    refuses(lambda: Review.objects.update(stars=4), "are its member's")
    assert row.pk
    refuses(
        lambda: ReviewStars.objects.create(review=review, before=2, after=3, source="tmall", at=T0),
        "is none of",
    )


def test_no_marketplace_changes_stars_of_the_portal_or_of_another():
    ours, theirs = ReviewFactory(stars=1, portal=True), ReviewFactory(stars=1, source="jd")
    for review, source in ((ours, PORTAL), (ours, "tmall"), (theirs, "tmall")):
        refuses(
            lambda review=review, source=source: ReviewStars.objects.create(
                review=review, before=1, after=5, source=source, at=T0
            )
        )
    refuses(lambda: marketplace.restar(ours, 5, at=T0))


def test_stars_of_dimensions_stay_and_reviews_are_kept():
    review = ReviewFactory()
    dimension = ReviewDimension.objects.create(code="d", name="物流")
    score = ReviewScore.objects.create(review=review, dimension=dimension, stars=2)
    refuses(lambda: ReviewScore.objects.update(stars=5))
    refuses(score.delete)
    with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
        review.delete()


def test_one_review_of_the_portal_a_line_and_stars_belong_to_the_first():
    first = ReviewFactory(portal=True)
    refuses(lambda: ReviewFactory(portal=True, order_line=first.order_line), "review_once_a_line")
    ReviewFactory(portal=True, order_line=first.order_line, follows=first, stars=None)
    ReviewFactory(order_line=first.order_line, order=first.order, member=first.member, source="tmall")
    refuses(lambda: ReviewFactory(stars=None), "review_stars_of_first")
    refuses(lambda: ReviewFactory(follows=first, stars=3), "review_stars_of_first")


def test_nothing_is_refused_without_a_reason():
    review = ReviewFactory()
    refuses(lambda: Review.objects.update(status=ReviewStatus.REFUSED), "review_refused_for_a_reason")
    reason = ModerationReason.objects.create(code="advert", name="广告")
    refuses(lambda: Review.objects.update(refused_for=reason), "review_refused_for_a_reason")
    refuses(
        lambda: ModerationDecision.objects.create(review=review, verdict="refuse", user=UserFactory(), at=T0),
        "refused_for_a_reason",
    )


@pytest.mark.parametrize(
    ("code", "name", "english"),
    [
        ("too-negative", "其他", ""),
        ("one-star", "其他", ""),
        ("low-rating", "其他", ""),
        ("x", "差评", ""),
        ("x", "只给了一星", ""),
        ("x", "评分过低", ""),
        ("x", "其他", "Only 1 star"),
        ("x", "其他", "Bad review"),
        ("x", "三颗星以下", ""),
        ("x", "差評", ""),
        ("x", "太消极", ""),
        ("x", "影响店铺形象", ""),
        ("x", "其他", "Unfavourable"),
    ],
)
def test_no_reason_speaks_of_stars_or_of_being_negative(code, name, english):
    refuses(lambda: ModerationReason.objects.create(code=code, name=name, name_en=english), "not_for_stars")


def test_a_second_look_is_another_persons():
    review, first = ReviewFactory(), UserFactory()
    appeal = ReviewAppeal.objects.create(review=review, at=T0, refused_by=first)
    decision = ModerationDecision.objects.create(review=review, verdict="publish", user=first, at=T0)
    refuses(
        lambda: ReviewAppeal.objects.filter(pk=appeal.pk).update(decided_by=first, decision=decision),
        "by_another",
    )
    refuses(
        lambda: ReviewAppeal.objects.filter(pk=appeal.pk).update(decided_by=UserFactory()), "decided_whole"
    )


def test_a_video_is_a_safe_link():
    refuses(lambda: ReviewFactory(video_url="http://x.cn/1.mp4"), "review_video_https")
    refuses(lambda: ReviewFactory(video_url="javascript:alert(1)"), "review_video_https")


def test_only_what_was_refused_is_left_out_of_figures():
    refuses(lambda: ReviewFactory(counts=False), "counts_unless_refused")
