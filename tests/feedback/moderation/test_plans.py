"""Texts that are nearly the same are looked up by the index, however many there are."""

import pytest

from feedback.models import ReviewBand
from feedback.moderation import duplicates
from tests.factories.feedback import ReviewFactory
from tests.plans import plans, settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("F15")]


def test_likely_copies_are_found_by_the_index_alone():
    reviews = [ReviewFactory() for _ in range(3)]
    ReviewBand.objects.bulk_create(
        ReviewBand(review=review, hash=number) for review in reviews for number in range(700)
    )
    settle("feedback_reviewband")
    found = plans(lambda: duplicates.likely({reviews[-1].pk: [1, 2, 3]}), "feedback_reviewband")
    assert len(found) == 1
    assert "Index Only Scan Backward using reviewband_once" in found[0]
    assert "Seq Scan" not in found[0]
