"""Reviews in the portal, without a script."""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feedback.models import Review, ReviewAppeal, ReviewStatus
from feedback.moderation import commands as moderation
from feedback.reviews import writing
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.reviews import house, photo, received
from tests.factories.session import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14"), pytest.mark.req("P2")]


@pytest.fixture
def line(db):
    house()
    return received(at=timezone.now() - timedelta(days=1), member=MemberFactory(language="en"))[0]


@pytest.fixture
def browser(line):
    return browser_of(line.order.member)


def text(response):
    return response.content.decode()


def form(**fields):
    return {"key": str(uuid.uuid4()), "stars": "2", **fields}


def written(line, **more):
    given = {"stars": 2, "text": "有点薄", "at": timezone.now(), **more}
    return writing.write(member=line.order.member, line_id=line.pk, **given)


def test_from_the_first_page_to_a_published_review(browser, line):
    assert "/portal/reviews/" in text(browser.get("/portal/"))
    new = f"/portal/reviews/new/{line.pk}/"
    assert new in text(browser.get("/portal/reviews/"))
    assert new in text(browser.get(f"/portal/orders/{line.order_id}/"))
    page = text(browser.get(new))
    key = re.search(r'name="key" value="([^"]+)"', page).group(1)
    sent = browser.post(
        new,
        {
            "key": key,
            "stars": "1",
            "score_logistics-speed": "3",
            "text": "<b>掉色</b>",
            "photos": [photo()],
            "video_url": "https://v.example.cn/1",
        },
    )
    review = Review.objects.get()
    assert sent.url == f"/portal/reviews/{review.pk}/?said=reviewed"
    assert (review.stars, review.scores.get().stars, bool(review.device)) == (1, 3, True)
    shown = text(browser.get(sent.url))
    assert "&lt;b&gt;掉色" in shown
    assert browser.get(f"/portal/reviews/pictures/{review.pictures.get().pk}/").status_code == 200


def test_what_is_typed_stays_when_it_is_refused(browser, line):
    new = f"/portal/reviews/new/{line.pk}/"
    for wrong in ({"stars": ""}, {"stars": "9"}, {"video_url": "http://x.cn"}, {"text": "字" * 5_001}):
        answer = browser.post(new, form(**{"title": "", "text": "我的话", **wrong}))
        assert answer.status_code == 400
        assert "我的话" in text(answer) or "text" in wrong
    note = SimpleUploadedFile("a.txt", b"no picture")
    answer = browser.post(new, form(text="我的话", photos=[photo(), note]))
    assert answer.status_code == 400
    assert "我的话" in text(answer)
    assert not Review.objects.exists()


def test_what_is_not_open_says_so(browser, line):
    written(line)
    new = f"/portal/reviews/new/{line.pk}/"
    assert "<form class=" not in text(browser.get(new))
    assert browser.post(new, form()).status_code == 400
    assert browser.get("/portal/reviews/new/999999/").status_code == 404
    theirs = received(at=timezone.now())[0]
    assert browser.get(f"/portal/reviews/new/{theirs.pk}/").status_code == 404


def test_following_up_and_taking_back(browser, line):
    review = written(line)
    path = f"/portal/reviews/{review.pk}/"
    assert browser.post(path, form(text="")).status_code == 400
    assert browser.post(path, form(text="一个月后坏了")).status_code == 302
    assert "一个月后坏了" in text(browser.get(path))
    assert browser.post(path, form(text="又")).status_code == 400
    assert browser.post(f"{path}delete/").status_code == 302
    review.refresh_from_db()
    assert review.deleted_at
    assert browser_of(MemberFactory()).post(f"{path}delete/").status_code == 404
    assert browser_of(MemberFactory()).get(path).status_code == 404


def test_a_refused_review_and_a_refused_follow_up_can_be_looked_at_again(browser, line):
    review = written(line)
    more = writing.follow_up(
        member=review.member, review_id=review.pk, text="加微信abc12345", at=timezone.now()
    )
    assert more.status == ReviewStatus.HELD
    moderation.decide(
        review_id=more.pk, verdict="refuse", reason="advert", actor=UserFactory(), at=timezone.now()
    )
    page = text(browser.get(f"/portal/reviews/{review.pk}/"))
    assert f"/portal/reviews/{more.pk}/appeal/" in page
    assert browser.post(f"/portal/reviews/{more.pk}/appeal/", {"text": "请再看"}).url.startswith(
        f"/portal/reviews/{review.pk}/"
    )
    assert ReviewAppeal.objects.get().text == "请再看"
    assert browser.post(f"/portal/reviews/{review.pk}/appeal/").status_code == 400


def test_others_read_and_vote(browser, line):
    review = written(line, scores={"after-sales": 2})
    writing.follow_up(member=review.member, review_id=review.pk, text="追评一句", at=timezone.now())
    reader, page = browser_of(MemberFactory(language="en")), f"/portal/products/{line.product_id}/reviews/"
    shown = text(reader.get(page))
    assert "有点薄" in shown
    assert "追评一句" in shown
    assert review.member.name not in shown
    assert reader.post(f"/portal/reviews/{review.pk}/helpful/").status_code == 302
    review.refresh_from_db()
    assert review.helpful_votes == 1
    reader.post(f"/portal/reviews/{review.pk}/helpful/", {"helpful": "no"})
    review.refresh_from_db()
    assert review.helpful_votes == 0
    assert browser.post(f"/portal/reviews/{review.pk}/helpful/").status_code == 404
    Review.objects.update(status=ReviewStatus.HELD)
    assert "有点薄" not in text(reader.get(page))


@pytest.mark.parametrize("path", ["/portal/reviews/", "/portal/products/{}/reviews/", "/portal/"])
def test_pages_take_the_same_queries_for_three_as_for_one(browser, line, path):
    counts = []
    for n in (1, 2):
        for one in received(member=line.order.member, lines=2 * n, at=timezone.now() - timedelta(days=2)):
            one.product = line.product
            one.save()
            if one.pk % 2:
                review = written(one, scores={"logistics-speed": 3}, photos=[photo()])
                writing.follow_up(member=review.member, review_id=review.pk, text="追评", at=timezone.now())
        with CaptureQueriesContext(connection) as found:
            assert browser.get(path.format(line.product_id)).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]
