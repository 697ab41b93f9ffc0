"""Whatever happens to reviews: the sums of categories and trends are what a plain recount gives."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from compensation.models import Product
from config.common import erasing
from feedback.models import (
    ModerationReason,
    Review,
    ReviewDimension,
    ReviewScore,
    ReviewStatus,
    Triage,
    VoiceCategoryDay,
    VoiceDay,
    VoiceTrend,
)
from feedback.voice import days, figures, trends
from feedback.voice.movement import moved
from feedback.voice.rules import last
from tests.factories.compensation import ProductFactory
from tests.factories.feedback import ReviewFactory
from tests.threads import at_once, behind, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14")]
NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
CATEGORIES = ("杯子", "衣服", "")
AGO = (0, 1, 29, 30, 59, 60, 89, 90, 364, 365, 729, 730)
"""Days at which times begin and end."""


def counted():
    """Every review that counts, with what is read of it."""
    for review in Review.objects.filter(counts=True).exclude(product=None):
        reading = Triage.objects.filter(review=review).first()
        day = timezone.localdate(review.written_at)
        yield review, reading, day


def plain_categories():
    """The sums of categories, counted one review after the other."""
    stars = defaultdict(lambda: [0] * 5)
    feelings = defaultdict(lambda: [0] * 4)
    rewarded = defaultdict(int)
    aspects = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    dimensions = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for review, reading, day in counted():
        key = (review.product.category, day, review.source)
        if review.stars:
            stars[key][review.stars - 1] += 1
            rewarded[key] += review.is_rewarded
        else:
            stars[key][0] += 0
        if reading:
            feelings[key][["negative", "mixed", "positive", ""].index(reading.feeling)] += 1
            for aspect in reading.aspects:
                tone = reading.tones.get(aspect, 0)
                held = aspects[key][aspect]
                aspects[key][aspect] = [held[0] + 1, held[1] + (tone > 0), held[2] + (tone < 0)]
        for score in review.scores.all():
            held = dimensions[key][str(score.dimension_id)]
            added = (1, score.stars, score.stars**2)
            dimensions[key][str(score.dimension_id)] = [
                one + other for one, other in zip(held, added, strict=True)
            ]
    return {
        key: (stars[key], rewarded[key], feelings[key], dict(aspects[key]), dict(dimensions[key]))
        for key in stars
        if key[0]
    }


def kept_categories():
    return {
        (row.category, row.day, row.source): (
            row.stars, row.rewarded, row.feelings, row.aspects, row.dimensions,
        )
        for row in VoiceCategoryDay.objects.all()
    }  # fmt: skip


def plain_trends(until):
    """The stars of the days up to one and before, counted one review after the other."""
    found, fresh = defaultdict(lambda: ([0] * 5, [0] * 5)), set()
    for review, _reading, day in counted():
        for length in trends.PERIODS:
            back = (until - day).days
            if not 0 <= back < 2 * length:
                continue
            for source in (review.source, ""):
                key = (review.product_id, source, length)
                fresh |= {key} if back < length else set()
                if review.stars:
                    found[key][back >= length][review.stars - 1] += 1
    return {key: found[key] for key in fresh}


def kept_trends():
    return {(row.product_id, row.source, row.days): (row.now, row.before) for row in VoiceTrend.objects.all()}


def written(product, back, **options):
    return ReviewFactory(order_line__product=product, written_at=NOW - back * DAY, **options)


class House:
    """Reviews to which something happens."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.products = [ProductFactory(category=CATEGORIES[place % 3]) for place in range(4)]
        self.dimension = ReviewDimension.objects.create(code="d", name="d")
        self.reason = ModerationReason.objects.create(code="x", name="x")

    def one(self):
        return self.chance.choice(list(Review.objects.order_by("pk")[1:]) or [None])

    def change(self, **values):
        if (review := self.one()) is not None:
            Review.objects.filter(pk=review.pk).update(**values)

    def moment(self):
        return NOW - self.chance.choice(AGO) * DAY

    def write(self):
        review = ReviewFactory(
            order_line__product=self.chance.choice(self.products),
            stars=self.chance.randint(1, 5),
            source=self.chance.choice(["tmall", "import"]),
            is_rewarded=self.chance.random() < 0.3,
            written_at=self.moment(),
        )
        if self.chance.random() < 0.7:
            tone = self.chance.choice([-0.5, 0, 0.5])
            Triage.objects.create(
                review=review, member=review.member, aspects=["logistics"], tones={"logistics": tone},
                feeling=(feeling := self.chance.choice(["negative", "positive", ""])),
                sentiment=0.1 if feeling else None, read_at=NOW,
            )  # fmt: skip
        if self.chance.random() < 0.5:
            ReviewScore.objects.create(review=review, dimension=self.dimension, stars=review.stars)

    def follow(self):
        if (review := self.one()) is not None and review.follows_id is None:
            ReviewFactory(order_line=review.order_line, follows=review, stars=None, written_at=NOW)

    def refuse(self):
        counts = self.chance.random() < 0.5
        self.change(status=ReviewStatus.REFUSED, refused_for=self.reason, counts=counts)

    def release(self):
        self.change(status=ReviewStatus.PUBLISHED, refused_for=None, counts=True)

    def hold(self):
        self.change(status=ReviewStatus.HELD, refused_for=None, counts=True)

    def take_back(self):
        self.change(deleted_at=NOW)

    def reward(self):
        self.change(is_rewarded=True)

    def move(self):
        self.change(product=self.chance.choice([*self.products, None]))

    def shift(self):
        self.change(written_at=self.moment())

    def read_anew(self):
        if readings := list(Triage.objects.order_by("pk")):
            Triage.objects.filter(pk=self.chance.choice(readings).pk).update(
                feeling="mixed", sentiment=0, aspects=["app"], tones={"app": -1}
            )

    def erase(self):
        if (review := self.one()) is not None and review.member.erased_at is None:
            erasing.erase(review.member_id, [])

    def sort_anew(self):
        Product.objects.filter(pk=self.chance.choice(self.products).pk).update(
            category=self.chance.choice(CATEGORIES)
        )

    def happens(self):
        what = [
            self.write, self.write, self.write, self.follow, self.refuse, self.release, self.hold,
            self.take_back, self.reward, self.move, self.shift, self.read_anew, self.erase, self.sort_anew,
        ]  # fmt: skip
        self.chance.choice(what)()


@pytest.mark.parametrize("seed", range(4))
def test_after_anything_the_sums_are_those_of_a_recount(seed, keep):
    house = House(seed)
    stays = written(ProductFactory(), 0)
    keep()
    days.begin_day(at=NOW)
    for step in range(40):
        house.happens()
        if step % 5 == 0:
            keep()
    keep()
    assert kept_trends() == plain_trends(TODAY)
    days.begin_day(at=NOW + DAY)
    assert kept_categories() == plain_categories()
    assert kept_trends() == plain_trends(TODAY + DAY)
    assert stays.product_id in {key[0] for key in kept_trends()}


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_nothing_is_lost():
    product = ProductFactory(category="杯子")
    written(product, 400)
    days.catch_up()
    days.begin_day(at=NOW)
    for back in range(6):
        written(product, back, stars=1 + back % 5)
    assert behind(lambda: days.catch_up(limit=2), days.catch_up, list) == 0  # it leaves it to the other
    both = at_once(lambda: days.catch_up(limit=2), days.catch_up, lambda: days.begin_day(at=NOW + DAY))
    assert refused(both) == []
    days.catch_up()
    days.begin_day(at=NOW + DAY)
    assert kept_categories() == plain_categories()
    assert kept_trends() == plain_trends(TODAY + DAY)


def test_a_day_begins_once_and_not_without_a_row(keep, django_assert_num_queries):
    days.begin_day(at=NOW)
    written(ProductFactory(), 1)
    keep()
    assert not VoiceTrend.objects.exists()
    days.begin_day(at=NOW)
    assert trends.until() == TODAY
    with django_assert_num_queries(1):
        days.begin_day(at=NOW)
    days.begin_day(at=NOW + 31 * DAY)
    assert trends.until() == TODAY + 31 * DAY


def test_a_product_counts_in_the_category_where_it_is_from_the_next_day_on(keep):
    one, other = ProductFactory(category="杯子"), ProductFactory(category="衣服")
    written(one, 1, stars=1)
    written(other, 1, stars=5)
    keep()
    days.begin_day(at=NOW)
    Product.objects.update(category="衣服")
    one.refresh_from_db()
    span = last(TODAY, 30)
    assert figures.of_others(one, span).stars == [0, 0, 0, 0, 1]  # its own are not there yet, nor taken off
    assert VoiceDay.objects.get(product=one).category == "杯子"
    days.begin_day(at=NOW + DAY)
    assert figures.of_others(one, span).stars == [0, 0, 0, 0, 1]
    assert figures.of_others(other, span).stars == [1, 0, 0, 0, 0]
    assert not VoiceCategoryDay.objects.filter(category="杯子").exists()


@pytest.mark.parametrize("narrow", [{}, {"source": "tmall"}, {"category": "杯子"}, {"category": "none"}])
@pytest.mark.parametrize("length", [30, 365])
def test_what_is_kept_ranks_as_what_is_summed(keep, narrow, length):
    for place, category in enumerate(CATEGORIES):
        product = ProductFactory(category=category)
        for back in (1, 2, 40, 400):
            source = "tmall" if back == place else "import"
            written(product, back, stars=1 + (place + back) % 5, source=source)
    keep()
    summed = moved(last(TODAY, length), **narrow).rows
    days.begin_day(at=NOW)
    with connection.execute_wrapper(no_sums):
        assert moved(last(TODAY, length), **narrow).rows == summed


def no_sums(execute, sql, *rest):
    assert "feedback_voiceday" not in sql
    return execute(sql, *rest)


def test_trends_are_read_by_their_index(keep):
    products = ProductFactory.create_batch(40)
    VoiceTrend.objects.bulk_create(
        VoiceTrend(
            product=product, source=f"s{source}", days=length, until=TODAY, n=product.pk % 7, now=[0] * 5,
            before=[0] * 5,
        )
        for product in products
        for length in trends.PERIODS
        for source in range(20)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE feedback_voicetrend")
    rows = VoiceTrend.objects.filter(days=30, source="s1").order_by("-n", "product")[:10]
    assert "voicetrend_most" in rows.explain()
