"""Reviews that marketplaces send."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.common.models import Event
from feedback.models import (
    Clock,
    Review,
    ReviewPlace,
    ReviewSignal,
    ReviewStars,
    ReviewStatus,
    WebhookSource,
)
from feedback.reviews import following, taking_in
from feedback.reviews.taking_in import Given, Place
from tests.factories.compensation import T0
from tests.factories.feedback import DepartmentFactory
from tests.factories.reviews import DAY, house, received
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14"), pytest.mark.req("F17")]


@pytest.fixture
def tmall():
    house()
    return WebhookSource.objects.create(code="tmall", name="天猫", channel="marketplace")


@pytest.fixture
def line():
    return received()[0]


def given(line, number="88001", **more):
    return Given(
        external_id=number,
        order=line.order.external_id,
        **{"line": line.external_id, "stars": 2, "text": "有点薄", "written_at": T0 + DAY, **more},
    )


def take(source, *rows, at=T0 + 2 * DAY):
    return [one.result for one in taking_in.take_in(source=source, given=rows, at=at)]


def test_a_review_comes_in_once_with_all_its_places(tmall, line):
    douyin = WebhookSource.objects.create(code="douyin", name="抖音", channel="social")
    row = given(
        line,
        scores={"logistics-speed": 1, "theirs-only": 3},
        url="https://t.example.cn/88001",
        places=[
            Place("douyin", "d-1", "https://d.example.cn/1"),
            Place("weibo", "w-1"),
            Place("portal", "x"),
        ],
    )
    assert take(tmall, row) == ["taken"]
    assert take(tmall, row) == ["same"]
    review = Review.objects.get()
    assert (review.external_id, review.source, review.stars) == ("tmall:88001", "tmall", 2)
    assert (review.member, review.order_line, review.product) == (line.order.member, line, line.product)
    assert review.scores.count() == 1
    assert [(place.channel, place.external_id, place.source) for place in ReviewPlace.objects.all()] == [
        ("tmall", "88001", tmall),
        ("douyin", "d-1", douyin),
        ("weibo", "w-1", None),
    ]
    assert Event.objects.filter(kind="review.written").count() == 1


def test_other_stars_over_there_are_a_change_on_record(tmall, line):
    take(tmall, given(line))
    assert take(tmall, given(line, stars=5)) == ["changed"]
    assert Review.objects.get().stars == 5
    change = ReviewStars.objects.get()
    assert (change.before, change.after, change.source) == (2, 5, "tmall")
    assert Event.objects.get(kind="review.stars_changed").actor == "system"


def test_another_text_is_looked_at_again(tmall, line):
    take(tmall, given(line, text="加微信abc12345"))
    assert Review.objects.get().status == ReviewStatus.HELD
    Review.objects.update(status=ReviewStatus.PUBLISHED, released_at=T0)
    assert take(tmall, given(line, text="加微信abc99999")) == ["changed"]
    assert Review.objects.get().status == ReviewStatus.HELD
    assert "abc99999" in str(ReviewSignal.objects.get().evidence)


def test_what_is_deleted_there_is_deleted_here_and_stays_so(tmall, line):
    assert take(tmall, given(line, is_deleted=True)) == ["same"]
    take(tmall, given(line))
    DepartmentFactory(takes_new=True)
    make_policy(targets={"review_reply": 120})
    take(tmall, given(line, number="2", stars=4))
    following.take_up(at=T0 + 2 * DAY)
    assert take(tmall, given(line, number="2", is_deleted=True)) == ["changed"]
    assert take(tmall, given(line, number="2", text="回来了")) == ["same"]
    review = Review.objects.get(external_id="tmall:2")
    assert review.deleted_at
    assert Clock.objects.get(review=review).stopped_at


def test_a_follow_up_may_come_before_or_with_what_it_follows(tmall, line):
    first, second = given(line), given(line, number="2", follows="88001", stars=None, text="追评")
    assert take(tmall, second, first) == ["taken", "taken"]
    assert Review.objects.get(external_id="tmall:2").follows.external_id == "tmall:88001"
    assert take(tmall, replace(second, external_id="3", follows="nothing")) == ["refused"]
    assert take(tmall, replace(second, external_id="3", follows="2")) == ["refused"]
    other = given(received()[0], number="3", follows="88001")
    assert take(tmall, other) == ["refused"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": "nothing"},
        {"line": "nothing"},
        {"product": "nothing"},
        {"stars": 0},
        {"stars": None},
        {"written_at": None},
        {"written_at": T0 + 9 * DAY},
        {"text": "字" * 20_001},
        {"video_url": "http://x.example.cn"},
        {"scores": {"logistics-speed": 7}},
    ],
)
def test_a_bad_row_says_why_and_the_others_are_taken(tmall, line, wrong):
    bad, good = replace(given(line, number="1"), **wrong), given(line, number="2")
    results = taking_in.take_in(source=tmall, given=[bad, good], at=T0 + 2 * DAY)
    assert [one.result for one in results] == ["refused", "taken"]
    assert results[0].why
    assert Review.objects.count() == 1


def test_an_erased_member_gets_no_reviews_back(tmall, line):
    line.order.member.erased_at = T0
    line.order.member.save()
    assert take(tmall, given(line)) == ["refused"]


def test_a_number_twice_in_one_request_counts_once(tmall, line):
    assert take(tmall, given(line), given(line, stars=5)) == ["taken", "refused"]


def test_the_same_number_of_two_marketplaces_is_two(tmall, line):
    jd = WebhookSource.objects.create(code="jd", name="京东", channel="marketplace")
    assert take(tmall, given(line)) + take(jd, given(line, stars=5)) == ["taken", "taken"]
    assert take(jd, given(line, stars=5)) == ["same"]


@pytest.mark.django_db(transaction=True)
def test_the_same_request_twice_at_once_is_taken_once():
    house()
    tmall = WebhookSource.objects.create(code="tmall", name="天猫", channel="marketplace")
    line = received()[0]
    rows = [given(line, number=str(number)) for number in range(3)]
    results = at_once(*[lambda: take(tmall, *rows)] * 3)
    assert not refused(results)
    assert sorted(results) == [["same"] * 3, ["same"] * 3, ["taken"] * 3]
    assert Review.objects.count() == 3


def test_a_thousand_take_no_more_queries_than_three(tmall, line):
    counts = []
    for n in (2, 5):
        rows = [
            given(line, number=f"{n}-{k}", text=f"尺寸{k}刚好，颜色一致，收到很满意{n}") for k in range(n)
        ]
        with CaptureQueriesContext(connection) as found:
            assert take(tmall, *rows) == ["taken"] * n
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_old_ones_are_history(tmall, line):
    take(tmall, given(line, text="加微信abc12345"), at=T0 + timedelta(days=90))
    assert Review.objects.get().status == ReviewStatus.PUBLISHED
