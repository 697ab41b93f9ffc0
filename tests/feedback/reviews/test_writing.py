"""Writing reviews, following them up, taking them back, finding them helpful."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from compensation.models import OrderStatus
from config.common.errors import Invalid, KeyReused, NotFound, NotPermitted, Taken, WrongState
from config.common.models import Event
from feedback.attachments.rules import BadFile
from feedback.models import (
    Clock,
    Review,
    ReviewDimension,
    ReviewPicture,
    ReviewPlace,
    ReviewSetup,
    ReviewStatus,
    ReviewVote,
)
from feedback.reviews import figures, following, own, writing
from tests.factories.compensation import T0, MemberFactory, OrderFactory, OrderLineFactory
from tests.factories.feedback import DepartmentFactory, ReviewFactory
from tests.factories.reviews import DAY, house, photo, received
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14")]
GOOD = "料子舒服，尺码也合适，洗了两次没有变形。"


@pytest.fixture
def line(db):
    house()
    return received()[0]


def write(line, **more):
    given = {"stars": 4, "text": GOOD, "at": T0 + DAY, **more}
    return writing.write(member=given.pop("member", line.order.member), line_id=line.pk, **given)


def test_a_review_has_stars_dimensions_text_pictures_and_a_video(line):
    review = write(
        line,
        stars=2,
        scores={"logistics-speed": 1, "product-quality": 5},
        title="还行",
        photos=[photo()],
        video_url="https://v.example.cn/1.mp4",
        device="d" * 64,
    )
    review.refresh_from_db()
    assert (review.stars, review.source, review.status) == (2, "portal", ReviewStatus.PUBLISHED)
    assert (review.member, review.order, review.product) == (line.order.member, line.order, line.product)
    assert {score.dimension.code: score.stars for score in review.scores.all()} == {
        "logistics-speed": 1,
        "product-quality": 5,
    }
    assert ReviewPlace.objects.get().channel == "portal"
    picture = review.pictures.get()
    with picture.file.open("rb") as kept:
        assert not dict(Image.open(io.BytesIO(kept.read())).getexif())
    event = Event.objects.get(kind="review.written")
    assert event.actor == f"member:{review.member_id}"
    assert GOOD not in str(event.data)


@pytest.mark.parametrize(("later", "is_open"), [(-1, False), (0, True), (30, True), (31, False)])
def test_it_is_open_from_receipt_for_the_days_of_the_setup(line, later, is_open):
    at = T0 + timedelta(days=later)
    assert (line in own.to_review(line.order.member, at)) is is_open
    if is_open:
        assert write(line, at=at)
    else:
        with pytest.raises(writing.NotOpen):
            write(line, at=at)


def test_the_days_are_data(line):
    ReviewSetup.objects.update(window_days=3)
    with pytest.raises(writing.NotOpen):
        write(line, at=T0 + 4 * DAY)


def test_a_line_is_received_with_its_parcel_or_with_the_whole_order(db):
    house()
    with_parcel = received(status=OrderStatus.SHIPPED)[0]
    assert list(own.to_review(with_parcel.order.member, T0 + DAY)) == [with_parcel]
    without = received(status=OrderStatus.SHIPPED)[0]
    loose = OrderLineFactory(order=without.order)
    assert list(own.to_review(without.order.member, T0 + DAY)) == [without]
    without.order.status = OrderStatus.DELIVERED
    without.order.save()
    assert loose in own.to_review(without.order.member, T0 + DAY)
    bare = OrderLineFactory(order=OrderFactory(status=OrderStatus.DELIVERED, changed_at=T0))
    assert list(own.to_review(bare.order.member, T0 + DAY)) == [bare]


def test_what_was_cancelled_or_is_under_way_is_not_asked_for(db):
    house()
    gone = received(status=OrderStatus.CANCELLED)[0]
    coming = OrderLineFactory(order=OrderFactory(status=OrderStatus.SHIPPED))
    for one in (gone, coming):
        assert not own.to_review(one.order.member, T0 + DAY)
    with pytest.raises(writing.NotOpen):
        write(coming)


def test_nobody_reviews_what_others_bought(line):
    with pytest.raises(NotFound):
        write(line, member=MemberFactory())


def test_one_review_a_line_whatever_became_of_it(line):
    review = write(line)
    with pytest.raises(Taken):
        write(line)
    writing.delete(member=review.member, review_id=review.pk, at=T0 + DAY)
    with pytest.raises(Taken):
        write(line, stars=5)


def test_a_line_that_was_reviewed_at_a_marketplace_is_not_reviewed_here(line):
    ReviewFactory(order_line=line, source="tmall")
    assert not own.to_review(line.order.member, T0 + DAY)
    with pytest.raises(Taken):
        write(line)


def test_the_same_key_writes_once_and_another_content_is_refused(line):
    first = write(line, key="k" * 20)
    assert write(line, key="k" * 20) == first
    with pytest.raises(KeyReused):
        write(line, key="k" * 20, stars=1)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one():
    house()
    line = received()[0]
    results = at_once(*[lambda: write(line)] * 3)
    assert Review.objects.count() == 1
    assert {type(one) for one in refused(results)} == {Taken}


@pytest.mark.parametrize(
    "content",
    [
        {"stars": 0},
        {"stars": 6},
        {"stars": True},
        {"stars": "5"},
        {"scores": {"logistics-speed": 9}},
        {"scores": {"nothing": 3}},
        {"text": "字" * 5_001},
        {"title": "字" * 201},
        {"video_url": "http://v.cn/1"},
        {"video_url": "javascript:alert(1)"},
        {"video_url": "https://user:pw@v.example.cn/"},
        {"video_url": "https://v.example.cn/ x"},
        {"video_url": "https://localhost/"},
        {"video_url": "https://v.example.cn:8443/"},
        {"video_url": "https://[::1"},
    ],
)
def test_what_cannot_be_is_refused(line, content):
    with pytest.raises(Invalid):
        write(line, **content)
    assert not Review.objects.exists()


def test_only_pictures_and_not_too_many(line, settings):
    pdf = SimpleUploadedFile("a.pdf", b"%PDF-1.4\n%%EOF")
    for photos in ([pdf], [photo() for _ in range(settings.ATTACHMENTS_PER_MESSAGE + 1)]):
        with pytest.raises(BadFile):
            write(line, photos=photos)
    assert not ReviewPicture.objects.exists()


def test_dimensions_go_by_category(line):
    ReviewDimension.objects.create(code="freshness", name="新鲜度", categories=["生鲜"])
    with pytest.raises(Invalid):
        write(line, scores={"freshness": 5})
    fruit = received(category="生鲜")[0]
    assert write(fruit, scores={"freshness": 5}).scores.count() == 1


def test_text_may_be_hostile_or_empty(line):
    review = write(line, text="<script>alert(1)</script>\0😀\u202e", stars=3)
    assert "\0" not in review.text
    assert write(received()[0], text="").text == ""


def test_a_follow_up_says_more_and_leaves_the_stars(line):
    first = write(line)
    second = writing.follow_up(
        member=first.member, review_id=first.pk, text="一个月后起球了。", photos=[photo()], at=T0 + 40 * DAY
    )
    assert (second.follows, second.stars, second.order_line) == (first, None, line)
    assert figures.of_product(line.product_id).counts == {4: 1}


def test_follow_ups_are_limited_by_time_and_number(line):
    first = write(line)
    late = first.written_at + timedelta(days=180, seconds=1)

    def follow(at=late - DAY, member=first.member, **more):
        return writing.follow_up(member=member, review_id=first.pk, text="追评", at=at, **more)

    with pytest.raises(WrongState):
        follow(at=late)
    with pytest.raises(NotFound):
        follow(member=MemberFactory())
    second = follow(key="one-two-three")
    assert follow(key="one-two-three") == second
    with pytest.raises(WrongState):
        follow()
    ReviewSetup.objects.update(follow_ups=2)
    assert follow()
    with pytest.raises(NotFound):
        writing.follow_up(member=first.member, review_id=second.pk, text="追评", at=late - DAY)
    with pytest.raises(Invalid):
        writing.follow_up(member=first.member, review_id=first.pk, text=" ", at=late - DAY)


@pytest.mark.django_db(transaction=True)
def test_two_follow_ups_at_once_are_one():
    house()
    first = write(received()[0])
    results = at_once(
        *[lambda: writing.follow_up(member=first.member, review_id=first.pk, text="追评", at=T0 + 2 * DAY)]
        * 3
    )
    assert Review.objects.filter(follows=first).count() == 1
    assert len(refused(results)) == 2


def test_a_deleted_review_is_gone_for_everybody_and_still_counts(line):
    first = write(line, stars=1)
    follow = writing.follow_up(member=first.member, review_id=first.pk, text="追评", at=T0 + 2 * DAY)
    for _twice in range(2):
        assert not writing.delete(member=first.member, review_id=first.pk, at=T0 + 3 * DAY).is_public
    follow.refresh_from_db()
    assert not follow.is_public
    assert Event.objects.filter(kind="review.deleted").count() == 2
    assert figures.of_product(line.product_id).counts == {1: 1}
    with pytest.raises(WrongState):
        writing.follow_up(member=first.member, review_id=first.pk, text="又", at=T0 + 3 * DAY)


def test_deleting_ends_the_promise_of_an_answer_and_opens_no_case(line):
    DepartmentFactory(takes_new=True)
    make_policy(targets={"review_reply": 120, "call_back": 60})
    review = write(line)
    following.take_up(at=T0 + DAY)
    writing.delete(member=review.member, review_id=review.pk, at=T0 + DAY)
    assert Clock.objects.get(review=review).stopped_at
    bad = write(received()[0], stars=1)
    writing.delete(member=bad.member, review_id=bad.pk, at=T0 + DAY)
    assert following.follow_up(at=T0 + DAY) == 0


def test_only_ones_own_review_of_the_portal_is_deleted_here(line):
    review = ReviewFactory(source="tmall")
    with pytest.raises(WrongState):
        writing.delete(member=review.member, review_id=review.pk, at=T0)
    with pytest.raises(NotFound):
        writing.delete(member=MemberFactory(), review_id=write(line).pk, at=T0)


def test_a_vote_counts_once_and_can_be_taken_back(line):
    review, reader = write(line), MemberFactory()
    for helpful, votes in ((True, 1), (True, 1), (False, 0), (False, 0), (True, 1)):
        found = writing.vote(member=reader, review_id=review.pk, helpful=helpful, at=T0)
        assert found.helpful_votes == ReviewVote.objects.count() == votes
    with pytest.raises(NotPermitted):
        writing.vote(member=review.member, review_id=review.pk, helpful=True, at=T0)
    writing.delete(member=review.member, review_id=review.pk, at=T0 + DAY)
    with pytest.raises(NotFound):
        writing.vote(member=reader, review_id=review.pk, helpful=True, at=T0)


@pytest.mark.django_db(transaction=True)
def test_votes_at_once_are_all_counted():
    house()
    review, readers = write(received()[0]), MemberFactory.create_batch(4)
    calls = [
        lambda reader=reader: writing.vote(member=reader, review_id=review.pk, helpful=True, at=T0)
        for reader in (*readers, readers[0])
    ]
    assert not refused(at_once(*calls))
    review.refresh_from_db()
    assert review.helpful_votes == 4


def test_pictures_are_seen_by_their_member_and_of_public_reviews_by_all(line):
    review, other = write(line, photos=[photo()]), MemberFactory()
    picture = review.pictures.get()
    assert own.own_picture(other, picture.pk) == picture
    Review.objects.update(status=ReviewStatus.HELD)
    assert own.own_picture(review.member, picture.pk) == picture
    with pytest.raises(NotFound):
        own.own_picture(other, picture.pk)
