"""What an upgrade makes of reviews that were refused before reasons said whether stars count."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from feedback.models import ModerationReason, ReplyDecision, Review, ReviewSetup, ReviewStatus, VoiceDue
from tests.factories.compensation import T0
from tests.factories.feedback import ReviewFactory
from tests.factories.reviews import house

pytestmark = [pytest.mark.django_db, pytest.mark.req("F15")]


def upgrade():
    known = MigrationLoader(None).disk_migrations
    (step,) = next(one for key, one in known.items() if key[1].endswith("reasons_and_answers")).operations
    with connection.cursor() as cursor:
        cursor.execute(step.sql)


def refused(code):
    reason = ModerationReason.objects.get(code=code)
    return ReviewFactory(status=ReviewStatus.REFUSED, refused_for=reason, stars=1)


def test_stars_of_customers_come_back_and_answers_begin_with_the_upgrade():
    house()
    ModerationReason.objects.update(stars_count=True)
    paid, abusive = refused("paid"), refused("abuse")
    VoiceDue.objects.all().delete()
    upgrade()
    assert dict(Review.objects.values_list("pk", "counts")) == {paid.pk: False, abusive.pk: True}
    assert set(VoiceDue.objects.values_list("review_id", flat=True)) == {paid.pk, abusive.pk}
    assert ReviewSetup.objects.get().answers_from is not None


def test_a_house_that_answered_before_goes_on_as_it_did():
    house()
    ReplyDecision.objects.create(review=ReviewFactory(), way="automatic", at=T0)
    upgrade()
    assert ReviewSetup.objects.get().answers_from is None
