"""Finding reviews by their words and by what they are narrowed to."""

from datetime import UTC, date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from config.common.erasing import erase
from config.common.errors import Invalid
from config.common.words import words
from feedback.models import Review, ReviewStatus, ReviewWords, Triage, VoiceDue
from feedback.reviews import writing
from feedback.voice import search as searching
from feedback.voice.search import newest, search
from feedback.voice.terms import ILL, UNSURE, WELL, Facts, Narrow, terms_of
from tests.factories.compensation import T0, ProductFactory
from tests.factories.feedback import ReviewFactory
from tests.factories.reviews import photo, received
from tests.plans import in_order

pytestmark = pytest.mark.req("F14")
DAY = timedelta(days=1)


def found(text="", **narrow):
    return [review.pk for review in search(text, Narrow(**narrow)).rows]


@pytest.fixture
def review(db):
    return ReviewFactory(title="快递太慢", text="等了一周，杯子 Cup 也不錯", stars=3)


def test_the_words_of_title_and_text_are_found_in_chinese_english_and_traditional(review, keep):
    other = ReviewFactory(text="完全不同的话")
    keep()
    for question in ("快递", "不错", "不錯", "CUP 杯子", "ｃｕｐ", "快遞 cup"):
        assert found(question) == [review.pk], question
    assert found("没说过") == []
    assert found() == [other.pk, review.pk]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "question",
    [
        "a & | ! ( ' :*",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "杯子\0",
        "stars=5",
        "字" * 10_000,
        "\\",
        "%s",
    ],
)
def test_hostile_questions_are_words_or_nothing(question, keep):
    ReviewFactory(text="普通的好评", stars=5)
    keep()
    assert found(question) == []


@pytest.mark.django_db
def test_signs_alone_ask_for_nothing_and_find_nothing(keep):
    ReviewFactory(text="😀👍 很好")
    keep()
    told = search("😀 !!", Narrow())
    assert told.is_empty_question
    assert told.rows == []


@given(st.text())
def test_no_word_of_a_text_is_a_term(text):
    facts = Facts(
        product=1, source="portal", stars=5, status="published", is_rewarded=True, has_picture=False,
        is_replied=False, feeling="", aspects=["service"], tones={"service": 0.5},
    )  # fmt: skip
    assert not set(words(text)) & set(terms_of(facts))


@pytest.mark.django_db
def test_reviews_are_narrowed_by_everything_that_is_known_of_them(keep):
    product = ProductFactory()
    wanted = ReviewFactory(
        order_line__product=product, stars=2, source="tmall", is_rewarded=True, text="杯子一般"
    )
    Review.objects.filter(pk=wanted.pk).update(text="杯子一般")
    wanted.pictures.create(file="a", name="a", content_type="image/png", size=1, sha256="a" * 64)
    Triage.objects.create(
        review=wanted, aspects=["logistics", "service"], feeling="negative", sentiment=-0.8,
        tones={"logistics": -0.5, "service": 0.4}, read_at=T0,
    )  # fmt: skip
    ReviewFactory(text="杯子很好", status=ReviewStatus.HELD, written_at=T0 + DAY)
    keep()
    for narrow in (
        {"product": product.pk},
        {"stars": [1, 2]},
        {"aspect": "logistics"},
        {"aspect": "logistics", "tone": ILL},
        {"aspect": "service", "tone": WELL},
        {"feeling": "negative"},
        {"source": "tmall"},
        {"status": "published"},
        {"picture": True},
        {"rewarded": True},
        {"until": T0.date()},
    ):
        assert found("杯子", **narrow) == [wanted.pk], narrow
    for narrow in (
        {"aspect": "logistics", "tone": WELL},
        {"feeling": UNSURE},
        {"since": date(2030, 1, 1)},
        {"replied": True},
        {"product": 10**15},
    ):
        assert found("杯子", **narrow) == [], narrow


def test_what_changes_is_found_anew(review, keep):
    keep()
    assert not VoiceDue.objects.exists()
    Review.objects.filter(pk=review.pk).update(text="换了一句话", is_rewarded=True)
    keep()
    assert found("一周") == []
    assert found("一句话", rewarded=True) == [review.pk]
    Triage.objects.create(review=review, feeling="mixed", sentiment=0, read_at=T0)
    keep()
    assert found(feeling="mixed") == [review.pk]
    Triage.objects.update(feeling="", sentiment=None)
    keep()
    assert found(feeling=UNSURE) == [review.pk]


def test_what_changes_nothing_that_is_searched_notes_nothing(review, keep):
    keep()
    Review.objects.filter(pk=review.pk).update(helpful_votes=3, taken_up_at=T0, screened_at=T0)
    assert not VoiceDue.objects.exists()


@pytest.mark.django_db
def test_a_picture_that_comes_with_a_review_is_known(keep):
    line = received()[0]
    written = writing.write(member=line.order.member, line_id=line.pk, stars=5, photos=[photo()], at=T0 + DAY)
    keep()
    assert found(picture=True) == [written.pk]


def test_what_a_member_took_back_is_not_found(review, keep):
    Review.objects.filter(pk=review.pk).update(deleted_at=T0)
    keep()
    assert found("快递") == []
    assert not ReviewWords.objects.exists()


def test_the_words_of_an_erased_member_are_gone_at_once(review, keep):
    keep()
    erase(review.member_id, [])
    assert not ReviewWords.objects.exists()
    keep()
    assert found("快递") == []
    assert found(stars=[3]) == [review.pk]
    assert "快递" not in ReviewWords.objects.get().words


@pytest.mark.django_db
@pytest.mark.parametrize(("few", "rare"), [(0, 0), (0, 1), (0, 100), (3, 1), (100, 100)])
def test_pages_go_on_where_the_last_ended_whether_few_fit_or_many(few, rare, keep, monkeypatch):
    monkeypatch.setattr(searching, "NEWEST_FEW", few)
    monkeypatch.setattr(searching, "RARE", rare)
    product = ProductFactory()
    rows = [
        ReviewFactory(order_line__product=product, text="杯子", written_at=T0 - place // 2 * 100 * DAY).pk
        for place in range(9)
    ]
    keep()
    seen, after = [], ""
    while after is not None:
        part = search("杯子", Narrow(product=product.pk), after=after, size=2)
        seen += [review.pk for review in part.rows]
        after = part.after
    assert seen == sorted(rows, key=lambda pk: (-(rows.index(pk) // -2 * -1), 0)) or sorted(seen) == sorted(
        rows
    )
    moments = [(review.written_at, review.pk) for review in (Review.objects.get(pk=pk) for pk in seen)]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.django_db
def test_how_many_there_are_is_told_of_few(keep, monkeypatch):
    monkeypatch.setattr(searching, "NEWEST_FEW", 1)
    for _ in range(3):
        ReviewFactory(text="杯子")
    keep()
    assert search("杯子", Narrow(), size=1).number == 3
    monkeypatch.setattr(searching, "RARE", 2)
    assert search("杯子", Narrow(), size=1).number is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cursor", ["x", "2026-01-01~1", "9999-99-99T00:00:00+00:00~1", "~", "2026-01-01T00:00:00Z~-1"]
)
def test_a_cursor_that_no_page_gave_is_refused(cursor):
    with pytest.raises(Invalid):
        search("杯子", Narrow(), after=cursor)


@pytest.mark.django_db
def test_a_list_costs_the_same_with_more_rows(keep):
    def cost():
        with CaptureQueriesContext(
            connection,
        ) as seen:
            search("杯子", Narrow(stars=[5]))
        return len(seen)

    ReviewFactory(text="杯子")
    keep()
    one = cost()
    for _ in range(2):
        ReviewFactory(text="杯子")
    keep()
    assert cost() == one


@pytest.mark.django_db
def test_rare_and_frequent_words_are_read_by_their_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN " + searching.FIRST_LOOK.format(where="words @@ %(wanted)s::tsquery"),
            {"wanted": "'杯子'", "most": 5, "size": 5},
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
        in_order()
        cursor.execute("EXPLAIN " + searching.NEWEST.format(where="true"), {"size": 5})
        walk = "\n".join(row[0] for row in cursor.fetchall())
    assert "reviewwords_words" in plan
    assert "reviewwords_newest" in walk
    assert "Sort" not in walk


@pytest.mark.django_db
def test_newest_gives_keys_with_their_moments(keep):
    review = ReviewFactory(text="杯子")
    keep()
    assert newest(["杯子"], Narrow(), size=5) == ([(review.pk, T0.astimezone(UTC))], 1)
