"""Which reviews a moderator looks at before everybody reads them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from compensation.models import OrderStatus
from config.common.models import Event
from feedback.models import (
    Review,
    ReviewBand,
    ReviewSetup,
    ReviewSignal,
    ReviewStatus,
    Signal,
    SignalRule,
)
from feedback.moderation import rules, screening
from feedback.moderation.rules import Facts, Rule
from feedback.reviews import writing
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import ReviewFactory
from tests.factories.reviews import DAY, house, received

pytestmark = [pytest.mark.django_db, pytest.mark.req("F15")]
HOUR = timedelta(hours=1)
LONG = "这款电饭煲煮饭很香，内胆不粘，预约功能也好用，就是蒸笼小了一点，整体满意。"
ALL = {str(signal): Rule(50) for signal in Signal}


@pytest.fixture(autouse=True)
def shop(db):
    house()


def write(text="很好用", *, line=None, at=T0 + DAY, stars=5, **more):
    line = line or received()[0]
    review = writing.write(member=line.order.member, line_id=line.pk, stars=stars, text=text, at=at, **more)
    review.refresh_from_db()
    return review


def signals(review):
    return set(review.signals.values_list("signal", flat=True))


def test_an_ordinary_review_is_public_at_once():
    review = write(LONG)
    assert (review.status, signals(review)) == (ReviewStatus.PUBLISHED, set())
    assert review.screened_at


@pytest.mark.parametrize(
    ("text", "signal"),
    [("加微信abc12345有优惠", "contact"), ("客服是个傻逼", "abuse"), ("好评返现五元，已到账", "paid")],
)
def test_what_has_too_much_against_it_is_never_public(text, signal):
    review = write(text)
    assert review.status == ReviewStatus.HELD
    assert signal in signals(review)
    event = Event.objects.get(kind="review.held")
    assert event.data["score"] >= 50
    assert signal in event.data["signals"]
    assert "abc12345" not in str(event.data)


def test_a_signal_alone_may_weigh_too_little():
    SignalRule.objects.filter(signal="contact").update(weight=49)
    assert write("加微信abc12345").status == ReviewStatus.PUBLISHED
    ReviewSetup.objects.update(hold_from=49)
    assert write("加微信abc12345").status == ReviewStatus.HELD
    SignalRule.objects.update(is_active=False)
    assert signals(write("加微信abc12345")) == set()


def test_the_copy_is_held_and_not_what_was_copied():
    first = write(LONG)
    copy = write(LONG.replace("很香", "真香"))
    assert copy.status == ReviewStatus.HELD
    assert copy.signals.get().evidence["reviews"][0]["review"] == first.pk
    screening.screen([Review.objects.select_related("order").get(pk=first.pk)], at=T0 + DAY)
    first.refresh_from_db()
    assert (first.status, signals(first)) == (ReviewStatus.PUBLISHED, set())


def test_a_member_may_say_the_same_of_two_things():
    one, other = received(lines=2)
    write(LONG, line=one)
    assert write(LONG, line=other).status == ReviewStatus.PUBLISHED


def test_short_praise_is_like_nothing():
    write("很好，喜欢")
    assert signals(write("很好，喜欢")) == set()


def test_many_orders_of_one_member_at_once_are_a_burst_and_the_earlier_are_looked_at_again():
    SignalRule.objects.filter(signal="burst_member").update(weight=60)
    member = MemberFactory()
    lines = [received(member=member)[0] for _ in range(5)]
    written = [write(line=line, at=T0 + DAY + n * timedelta(minutes=5)) for n, line in enumerate(lines)]
    assert [one.status for one in written] == [ReviewStatus.PUBLISHED] * 4 + [ReviewStatus.HELD]
    assert screening.catch_up(at=T0 + DAY + HOUR) == 4
    assert screening.catch_up(at=T0 + DAY + HOUR) == 0
    assert set(Review.objects.values_list("status", flat=True)) == {ReviewStatus.HELD}


def test_one_order_of_many_lines_is_no_burst():
    lines = received(lines=8)
    assert {one for line in lines for one in signals(write(line=line))} == set()


def test_several_members_on_one_device_are_a_burst():
    written = [write(device="d" * 64) for _ in range(3)]
    other = write(device="e" * 64)
    write()
    assert signals(written[-1]) == {"burst_device"}
    assert signals(other) == set()


@pytest.mark.parametrize("stars", [1, 5])
def test_stars_against_text_weigh_alike_for_few_and_many(stars):
    SignalRule.objects.filter(signal="stars_text").update(weight=50)
    for value, against in ((0.9, stars == 1), (-0.9, stars == 5), (None, False), (0.2, False)):
        assert rules.contradicts(stars, value) is against
    assert not rules.contradicts(3, -1.0)
    assert not rules.contradicts(None, -1.0)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"order_status": OrderStatus.PLACED}, "not_paid"),
        ({"order_status": OrderStatus.CANCELLED}, "not_paid"),
        ({"placed_at": T0 + HOUR}, "before_order"),
        ({"in_order": False}, "not_in_order"),
        ({}, ""),
    ],
)
def test_a_purchase_that_we_do_not_know_of(facts, why):
    assert rules.unverified(Facts("", T0, **facts)) == why


FACTS = st.builds(
    Facts,
    text=st.sampled_from(["", LONG, "加微信abc12345", "傻逼", "好评返现"]),
    written_at=st.just(T0),
    order_status=st.sampled_from(OrderStatus.values),
    placed_at=st.just(T0 - DAY),
    in_order=st.booleans(),
    orders_at_once=st.integers(1, 9),
    members_on_device=st.integers(1, 9),
    stars=st.none(),
    sentiment=st.one_of(st.none(), st.floats(-1, 1)),
)


@given(facts=FACTS, stars=st.integers(1, 5))
def test_stars_alone_never_speak_against_a_review(facts, stars):
    """What is found does not depend on the stars, but for a text that says their opposite."""
    words = screening.house().words
    without = {one.signal for one in rules.find(facts, ALL, words)}
    with_stars = {one.signal for one in rules.find(replace(facts, stars=stars), ALL, words)}
    assert with_stars - {Signal.STARS_TEXT} == without
    sentiment = -facts.sentiment if facts.sentiment else facts.sentiment
    turned = replace(facts, stars=6 - stars, sentiment=sentiment)
    assert {one.signal for one in rules.find(turned, ALL, words)} == with_stars


def test_what_a_file_brings_is_looked_at_later_and_history_is_only_kept_for_comparing():
    old = ReviewFactory(text="加微信abc12345，" + LONG, written_at=T0 - 100 * DAY)
    fresh = ReviewFactory(text="加微信abc12345", order_line__order__status=OrderStatus.DELIVERED)
    assert screening.catch_up(at=T0 + HOUR) == 2
    for one, status in ((old, ReviewStatus.PUBLISHED), (fresh, ReviewStatus.HELD)):
        one.refresh_from_db()
        assert (one.status, one.screened_at) == (status, T0 + HOUR)
    assert not ReviewSignal.objects.filter(review=old).exists()
    assert ReviewBand.objects.filter(review=old).exists()


def test_it_takes_as_many_queries_for_six_as_for_three():
    counts = []
    for n in (3, 6):
        reviews = [ReviewFactory(text=f"{LONG}{'颜色' * n}{k}", device="x" * 64) for k in range(n)]
        with CaptureQueriesContext(
            connection,
        ) as found:
            screening.catch_up(at=T0 + HOUR)
        counts.append(len(found))
        assert all(Review.objects.get(pk=one.pk).screened_at for one in reviews)
    assert counts[0] == counts[1]
