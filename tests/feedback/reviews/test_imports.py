"""Reviews from files: known by marketplace and number, never with other stars than before."""

from dataclasses import dataclass

import pytest
from django.utils import timezone

from compensation.shop_import.targets import Item
from config.common.models import Event
from feedback.models import Review, ReviewPlace, ReviewStars, ReviewStatus
from feedback.moderation import screening
from feedback.reviews import taking_in, writing
from feedback.reviews.imports import REVIEW
from feedback.reviews.taking_in import Given
from tests.factories.compensation import T0
from tests.factories.reviews import DAY, house, received
from tests.feedback.reviews.test_taking_in import tmall  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14"), pytest.mark.req("C1")]


@dataclass
class File:
    """One file after another."""

    line: int = 0

    def bring(self, *rows):
        items = []
        for values in rows:
            self.line += 1
            item = Item("reviews.csv", self.line, (values["external_id"],), dict(values))
            REVIEW.check(item)
            items.append(item)
        REVIEW.write(items, timezone.now())
        return [item.fault for item in items]


def row(line, number="1", **more):
    return {
        "external_id": number,
        "order": line.order.external_id,
        "order_line": line.external_id,
        "stars": 3,
        "text": "一般",
        "written_at": T0,
        **more,
    }


@pytest.fixture
def line(db):
    house()
    return received()[0]


def test_a_line_tells_the_product_and_again_changes_nothing(line):
    file = File()
    assert file.bring(row(line)) == [""]
    review = Review.objects.get()
    assert (review.source, review.order_line, review.product) == ("import", line, line.product)
    assert ReviewPlace.objects.get().external_id == "1"
    assert file.bring(row(line)) == [""]
    assert ReviewPlace.objects.count() == Review.objects.count() == 1


@pytest.mark.parametrize("source", ["", "tmall"])
def test_no_file_changes_stars_whoever_brings_it(line, source):
    file, more = File(), {"source": source} if source else {}
    file.bring(row(line, **more))
    assert file.bring(row(line, stars=5, text="改了", **more))[0]
    review = Review.objects.get()
    assert (review.stars, review.text) == (3, "一般")
    assert not ReviewStars.objects.exists()


def test_what_a_file_words_anew_is_looked_at_anew(line):
    file = File()
    file.bring(row(line, text="一般", written_at=timezone.now()))
    screening.catch_up(at=timezone.now())
    Review.objects.update(released_at=T0)
    file.bring(row(line, text="一般", written_at=Review.objects.get().written_at))
    assert Review.objects.get().screened_at is not None
    file.bring(row(line, text="加微信abc12345", written_at=Review.objects.get().written_at))
    event = Event.objects.get(kind="review.rewritten")
    assert event.data == {"source": "import", "what": ["text"]}
    screening.catch_up(at=timezone.now())
    review = Review.objects.get()
    assert (review.status, review.released_at, review.stars) == (ReviewStatus.HELD, None, 3)
    assert [one.signal for one in review.signals.all()] == ["contact"]


def test_a_file_and_a_webhook_of_one_marketplace_speak_of_the_same(line, tmall):  # noqa: F811
    File().bring(row(line, source="tmall"))
    given = Given("1", line.order.external_id, stars=3, text="一般", written_at=T0)
    assert taking_in.take_in(source=tmall, given=[given], at=T0 + DAY)[0].result == "same"
    assert Review.objects.get().external_id == "tmall:1"


def test_no_file_touches_what_members_wrote_with_us(line):
    review = writing.write(member=line.order.member, line_id=line.pk, stars=1, at=T0)
    assert File().bring(row(line, review.external_id, stars=5))[0]
    for source in ("portal", "", "a b", None):
        assert File().bring(row(line, source=source))[0]
    assert Review.objects.get().stars == 1


def test_what_was_deleted_or_erased_does_not_come_back(line):
    file = File()
    file.bring(row(line))
    Review.objects.update(deleted_at=T0, text="")
    file.bring(row(line, stars=5))
    assert (Review.objects.get().text, Review.objects.get().stars) == ("", 3)
    line.order.member.erased_at = T0
    line.order.member.save()
    assert file.bring(row(line, "2"))[0]


def test_lines_of_other_orders_are_refused(line):
    other = received()[0]
    assert File().bring(row(line, order_line=other.external_id))[0]


def test_follow_ups_come_with_or_after_what_they_follow(line):
    file = File()
    later = row(line, "2", stars=None, follows="1", text="用了一周", written_at=T0 + DAY)
    assert file.bring(later) == [file.bring(later)[0]] != [""]  # there is nothing to follow
    assert file.bring(row(line, follows=None), later) == ["", ""]
    assert file.bring(row(line, follows=None), later) == ["", ""]
    first, second = Review.objects.order_by("pk")
    assert (second.follows, second.stars, second.product) == (first, None, line.product)
    assert file.bring({**later, "text": "改了"}) == [""]
    second.refresh_from_db()
    assert second.text == "改了"


def test_follow_ups_that_do_not_fit_are_refused(line):
    file, other = File(), received()[0]
    file.bring(
        row(line, follows=None), row(line, "2", stars=None, follows="1"), row(other, "3", follows=None)
    )
    for wrong in (
        row(line, "4", stars=3, follows="1"),
        row(line, "4", stars=None, follows=None),
        row(line, "4", stars=None, follows="2"),
        row(line, "4", stars=None, follows="3"),
        row(line, "2", stars=None, follows="3"),
        row(line, "1", stars=None, follows="3"),
        row(line, "2", stars=5, follows=None),
    ):
        assert file.bring(wrong)[0], wrong
    assert Review.objects.count() == 3


def test_follow_ups_of_a_marketplace_go_by_its_own_numbers(line):
    file = File()
    file.bring(row(line, source="tmall", follows=None))
    assert file.bring(row(line, "2", source="tmall", stars=None, follows="1")) == [""]
    assert Review.objects.get(external_id="tmall:2").follows.external_id == "tmall:1"
