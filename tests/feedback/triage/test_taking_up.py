"""Texts become readings; what people decided stays."""

from datetime import UTC, datetime

import pytest

from config.common.errors import Invalid, NotFound
from config.common.models import Event
from feedback.defaults.lexicon import seed_lexicon
from feedback.models import Feeling, LexiconEntry, Triage, VoiceAspect
from feedback.triage import commands
from feedback.triage.reading import read
from tests.factories.common import UserFactory
from tests.factories.triage import SaidFactory

AT = datetime(2026, 11, 2, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _lexicon(db):
    seed_lexicon(AT)


def _review(text: str):
    return SaidFactory(text=text)


@pytest.mark.req("F16")
def test_a_review_is_read():
    review = _review("快递太差，失望")
    assert commands.take_up(source="review", keys=[review.pk], at=AT) == 1
    row = Triage.objects.get(review=review)
    assert row.feeling == Feeling.NEGATIVE
    assert row.aspects == [VoiceAspect.LOGISTICS]
    assert row.member_id == review.member_id


def test_what_people_decided_stays():
    review, user = _review("快递太差，失望"), UserFactory()
    commands.take_up(source="review", keys=[review.pk], at=AT)
    row = Triage.objects.get(review=review)
    commands.correct(triage_id=row.pk, actor=user, at=AT, aspects=[VoiceAspect.SERVICE])
    commands.take_up(source="review", keys=[review.pk], at=AT)
    row.refresh_from_db()
    assert row.aspects == [VoiceAspect.SERVICE]
    assert row.read["aspects"] == [VoiceAspect.LOGISTICS]
    assert row.feeling == Feeling.NEGATIVE
    assert Event.objects.filter(kind="triage.corrected").count() == 1


@pytest.mark.parametrize(
    "chosen", [{}, {"aspects": ["nothing"]}, {"aspects": "price"}, {"feeling": ""}, {"sentiment": 1}]
)
def test_what_cannot_be_is_refused(chosen):
    review = _review("好")
    commands.take_up(source="review", keys=[review.pk], at=AT)
    with pytest.raises(Invalid):
        commands.correct(triage_id=Triage.objects.get().pk, actor=UserFactory(), at=AT, **chosen)


def test_a_reading_that_is_not_there():
    with pytest.raises(NotFound):
        commands.correct(triage_id=0, actor=UserFactory(), at=AT, feeling=Feeling.MIXED)


def test_an_edited_lexicon_reads_at_once():
    assert read("呱呱叫").sentiment is None
    entry = LexiconEntry.objects.create(word="呱呱叫", weight=3)
    assert read("呱呱叫").feeling == Feeling.POSITIVE
    entry.delete()
    assert read("呱呱叫").sentiment is None
