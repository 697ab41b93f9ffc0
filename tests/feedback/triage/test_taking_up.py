"""Texts become readings; what people decided stays."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from config.common.errors import Invalid, NotFound
from config.common.models import Event
from feedback.cases.commands import member_message, open_case
from feedback.defaults.lexicon import seed_lexicon, shipped
from feedback.models import (
    CaseKind,
    Channel,
    Feeling,
    LexiconEntry,
    Priority,
    Review,
    Triage,
    TriageQueue,
    VoiceAspect,
)
from feedback.triage import commands, following
from feedback.triage.reading import read
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import DepartmentFactory
from tests.factories.triage import SaidFactory
from tests.threads import at_once, behind, refused

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


def test_words_ship_once_and_edits_stay():
    assert LexiconEntry.objects.count() == len(list(shipped()))
    assert not Event.objects.filter(subject_type="lexiconentry").exists()
    LexiconEntry.objects.filter(word="满意").update(weight=-3)
    LexiconEntry.objects.filter(word="失望").delete()
    seed_lexicon(AT)
    assert LexiconEntry.objects.get(word="满意").weight == -3
    assert not LexiconEntry.objects.filter(word="失望").exists()
    assert Event.objects.filter(subject_type="lexiconentry").count() == 2


def test_an_edited_lexicon_reads_at_once():
    assert read("呼噜噜").sentiment is None
    entry = LexiconEntry.objects.create(word="呼噜噜", weight=3)
    assert read("呼噜噜").feeling == Feeling.POSITIVE
    entry.delete()
    assert read("呼噜噜").sentiment is None


@pytest.fixture
def make_case(db):
    def make(**options):
        member = MemberFactory()
        told = {
            "member": member, "kind": CaseKind.COMPLAINT, "channel": Channel.PORTAL, "subject": "包装破损",
            "body": "箱子都压扁了", "department": DepartmentFactory(), "actor": member, "at": AT,
        }  # fmt: skip
        return open_case(**{**told, **options})

    return make


def _take_up_all():
    while following.take_up_reviews(at=AT):
        pass
    while following.take_up_cases(at=AT):
        pass


@pytest.mark.req("F16")
def test_new_and_edited_reviews_are_read_once():
    review = _review("快递太差，失望")
    _take_up_all()
    row = Triage.objects.get(review=review)
    assert row.feeling == Feeling.NEGATIVE
    assert not TriageQueue.objects.exists()
    Review.objects.filter(pk=review.pk).update(helpful_votes=3)
    assert not TriageQueue.objects.exists()
    Review.objects.filter(pk=review.pk).update(text="质量很好，满意")
    _take_up_all()
    row.refresh_from_db()
    assert row.feeling == Feeling.POSITIVE


@pytest.mark.django_db(transaction=True)
def test_an_edit_that_is_not_committed_while_the_review_is_read_is_read_later():
    review = _review("快递太差，失望")

    def edit():
        Review.objects.filter(pk=review.pk).update(text="质量很好，满意")

    assert behind(edit, lambda: following.take_up_reviews(at=AT), lambda: None) == 1
    assert Triage.objects.get().feeling == Feeling.NEGATIVE
    assert following.take_up_reviews(at=AT) == 1
    assert Triage.objects.get().feeling == Feeling.POSITIVE


@pytest.mark.django_db(transaction=True)
def test_of_two_who_read_a_review_the_later_one_has_the_later_words():
    review = _review("快递太差，失望")
    commands.take_up(source="review", keys=[review.pk], at=AT)

    def hold():
        Triage.objects.select_for_update().get()

    def edit():
        Review.objects.filter(pk=review.pk).update(text="质量很好，满意")

    def take_up():
        return commands.take_up(source="review", keys=[review.pk], at=AT)

    assert behind(hold, transaction.atomic(take_up), edit) == 1
    assert Triage.objects.get().feeling == Feeling.POSITIVE


def test_many_at_once_are_queued():
    review = _review("好")
    TriageQueue.objects.all().delete()
    more = [
        Review(external_id=f"more-{number}", member=review.member, order=review.order, stars=5, written_at=AT)
        for number in range(3)
    ]
    Review.objects.bulk_create(more)
    assert TriageQueue.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_case_is_read_by_what_its_member_said_and_again_when_they_write(make_case):
    case_of_member = make_case()
    _take_up_all()
    row = Triage.objects.get(case=case_of_member)
    assert (row.aspects, row.gap_kind) == ([VoiceAspect.PACKAGING], "product")
    assert row.urgency == Priority.NORMAL
    member_message(case_id=case_of_member.pk, body="再不处理我打12315", actor=case_of_member.member, at=AT)
    _take_up_all()
    row.refresh_from_db()
    assert row.urgency == Priority.URGENT


@pytest.mark.django_db(transaction=True)
def test_what_we_opened_ourselves_is_not_read(make_case):
    make_case(channel=Channel.GAP, actor=None)
    _take_up_all()
    assert not Triage.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["", "差", "好" * 10_000, "👍", "質量太差", "bad", "质量 good but 快递 slow", "<script>alert(1)</script>",
     "\t\r\n",
     "'; DROP TABLE feedback_triage; --", "1" * 5_000, "a" * 20_000, "%s%(x)s{{ x }}", "\u202e倒过来"],
)  # fmt: skip
def test_any_review_can_be_taken_up(text):
    review = _review(text)
    _take_up_all()
    row = Triage.objects.get(review=review)
    row.full_clean(exclude=["model", "decided_by", "decided_at"])


def test_the_number_of_queries_does_not_grow(django_assert_max_num_queries):
    ids = [_review(f"快递太差 {number}").pk for number in range(6)]
    commands.take_up(source="review", keys=ids[:1], at=AT)
    for some in (ids[1:2], ids[2:5]):
        with django_assert_max_num_queries(10):
            commands.take_up(source="review", keys=some, at=AT)


@pytest.mark.django_db(transaction=True)
def test_a_decision_and_a_reading_at_once_lose_nothing():
    review, user = _review("快递太差，失望"), UserFactory()
    commands.take_up(source="review", keys=[review.pk], at=AT)
    row = Triage.objects.get()
    results = at_once(
        *(lambda: commands.take_up(source="review", keys=[review.pk], at=AT) for _n in range(2)),
        lambda: commands.correct(triage_id=row.pk, actor=user, at=AT, feeling=Feeling.POSITIVE),
        lambda: commands.correct(triage_id=row.pk, actor=user, at=AT, aspects=["price"]),
    )
    assert refused(results) == []
    row.refresh_from_db()
    assert (row.feeling, row.sentiment, row.aspects) == (Feeling.POSITIVE, 1.0, ["price"])
    assert row.decided == ["aspects", "feeling"]
    assert Event.objects.filter(kind="triage.corrected").count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_readings_at_once_make_one_row():
    review = _review("快递太差，失望")
    results = at_once(
        *(lambda: commands.take_up(source="review", keys=[review.pk], at=AT) for _n in range(3))
    )
    assert refused(results) == []
    assert Triage.objects.filter(review=review).count() == 1


def test_the_same_decision_again_is_one_event():
    _review("好")
    _take_up_all()
    row, user = Triage.objects.get(), UserFactory()
    for _n in range(2):
        commands.correct(triage_id=row.pk, actor=user, at=AT, aspects=["price", "price"], urgency=4)
    assert Event.objects.filter(kind="triage.corrected").count() == 1
