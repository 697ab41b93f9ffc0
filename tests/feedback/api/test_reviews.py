"""Reviews through the member API, and those of marketplaces."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from config.common import webhooks
from feedback.channels.inbound import keys
from feedback.models import ModerationReason, Review, ReviewAppeal, ReviewStatus, Scope, WebhookKey
from feedback.moderation import commands
from feedback.reviews import writing
from tests.factories.common import UserFactory
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import ReviewFactory
from tests.factories.reviews import house, photo, received
from tests.factories.session import client_of
from tests.factories.webhooks import make_source

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14")]
REVIEWS = "/api/v1/reviews/"


@pytest.fixture
def line(db):
    house()
    return received(at=timezone.now() - timedelta(days=1))[0]


@pytest.fixture
def client(line) -> APIClient:
    return client_of(line.order.member)


def written(line, **more):
    given = {"stars": 4, "text": "不错", "at": timezone.now(), **more}
    return writing.write(member=line.order.member, line_id=line.pk, **given)


def test_what_can_be_reviewed_is_reviewed(client, line):
    [open_line] = client.get(f"{REVIEWS}to-write/").data
    assert open_line["line"] == line.pk
    assert [one["code"] for one in open_line["dimensions"]] == [
        "product-quality", "logistics-speed", "after-sales",
    ]  # fmt: skip
    sent = {
        "line": line.pk,
        "stars": 2,
        "scores.logistics-speed": 1,
        "text": "盒子压坏了",
        "video_url": "https://v.example.cn/1",
        "files": [photo()],
    }
    answer = client.post(REVIEWS, sent, headers={"Idempotency-Key": "k" * 10, "Device-Id": "phone"})
    assert answer.status_code == 201, answer.data
    assert (answer.data["stars"], answer.data["scores"]) == (2, {"logistics-speed": 1})
    assert client.get(answer.data["pictures"][0]["url"]).status_code == 200
    assert client.get(f"{REVIEWS}to-write/").data == []
    review = Review.objects.get()
    assert len(review.device) == 64
    assert "phone" not in review.device
    sent["files"] = [photo()]
    again = client.post(REVIEWS, sent, headers={"Idempotency-Key": "k" * 10})
    assert (again.status_code, again.data["id"]) == (201, review.pk)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ({}, 400),
        ({"stars": 0}, 400),
        ({"stars": 5, "scores": {"nothing": 1}}, 400),
        ({"stars": 5, "video_url": "http://x.example.cn"}, 400),
        ({"stars": 5, "text": "字" * 5_001}, 400),
        ({"stars": 5, "line": 2**62}, 404),
    ],
)
def test_what_cannot_be_is_a_problem(client, line, content, status):
    answer = client.post(REVIEWS, {"line": line.pk, **content}, format="json")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_too_late_or_twice_is_a_conflict(client, line):
    assert client.post(REVIEWS, {"line": line.pk, "stars": 5}, format="json").status_code == 201
    assert client.post(REVIEWS, {"line": line.pk, "stars": 5}, format="json").data["code"] == "taken"
    old = received(at=timezone.now() - timedelta(days=60), member=line.order.member)[0]
    assert client.post(REVIEWS, {"line": old.pk, "stars": 5}, format="json").data["code"] == "not_open"


def test_following_up_and_taking_back(client, line):
    review = written(line)
    answer = client.post(f"{REVIEWS}{review.pk}/follow-up/", {"text": "坏了"}, format="json")
    assert answer.status_code == 201
    assert [one["text"] for one in answer.data["follow_ups"]] == ["坏了"]
    assert client.post(f"{REVIEWS}{review.pk}/follow-up/", {"text": "又"}, format="json").status_code == 409
    gone = client.delete(f"{REVIEWS}{review.pk}/")
    assert gone.status_code == 200
    assert gone.data["deleted_at"]


def test_a_refused_review_says_why_and_can_be_looked_at_again(client, line):
    review = written(line, text="加微信abc12345")
    assert client.get(f"{REVIEWS}{review.pk}/").data["status"] == "held"
    assert client.post(f"{REVIEWS}{review.pk}/appeal/", {}, format="json").status_code == 409
    commands.decide(
        review_id=review.pk,
        verdict="refuse",
        reason="contact-details",
        actor=UserFactory(),
        at=timezone.now(),
    )
    shown = client.get(f"{REVIEWS}{review.pk}/").data
    assert shown["status"] == "refused"
    assert shown["reason"]
    for _twice in range(2):
        assert client.post(f"{REVIEWS}{review.pk}/appeal/", {"text": "?"}, format="json").status_code == 204
    assert ReviewAppeal.objects.count() == 1


def test_members_reach_nothing_of_others(line):
    review, other = written(line), client_of(MemberFactory())
    assert other.get(f"{REVIEWS}{review.pk}/").status_code == 404
    assert other.delete(f"{REVIEWS}{review.pk}/").status_code == 404
    assert other.post(f"{REVIEWS}{review.pk}/follow-up/", {"text": "x"}, format="json").status_code == 404
    assert other.post(f"{REVIEWS}{review.pk}/appeal/", {}, format="json").status_code == 404
    assert other.get(REVIEWS).data["results"] == []
    assert APIClient().get(f"{REVIEWS}to-write/").status_code == 401


def test_everybody_reads_what_is_published_and_nothing_of_who_wrote_it(client, line):
    review = written(line)
    member = review.member
    member.name = "欧阳小明"
    member.save()
    hidden = [
        ReviewFactory(order_line__product=line.product, status=ReviewStatus.HELD),
        ReviewFactory(order_line__product=line.product, deleted_at=timezone.now()),
        ReviewFactory(
            order_line__product=line.product,
            status=ReviewStatus.REFUSED,
            refused_for=ModerationReason.objects.first(),
        ),
    ]
    number = line.product.external_id
    answer = client.get(f"/api/v1/products/{number}/reviews/")
    assert [one["id"] for one in answer.data["results"]] == [review.pk]
    assert answer.data["results"][0]["name"] == "欧**"
    assert member.external_id not in answer.content.decode()
    figures = client.get(f"/api/v1/products/{number}/figures/").data
    assert (figures["n"], figures["counts"]["5"], figures["counts"]["4"]) == (
        4,
        3,
        1,
    )  # words that are refused too
    assert client.get("/api/v1/products/nothing/figures/").status_code == 404
    assert len(hidden) == 3


def test_votes(line):
    review, reader = written(line), client_of(MemberFactory())
    path = f"{REVIEWS}{review.pk}/helpful/"
    assert [reader.put(path).status_code, reader.put(path).status_code] == [204, 204]
    review.refresh_from_db()
    assert review.helpful_votes == 1
    assert reader.delete(path).status_code == 204
    assert client_of(review.member).put(path).status_code == 403
    assert reader.put(f"{REVIEWS}0/helpful/").status_code == 404


@pytest.mark.parametrize("path", [REVIEWS, f"{REVIEWS}to-write/", "/api/v1/products/{}/reviews/"])
def test_lists_take_the_same_queries_for_three_as_for_one(client, line, path):
    counts = []
    for n in (1, 2):
        for one in received(member=line.order.member, lines=n, at=timezone.now() - timedelta(days=2)):
            one.product = line.product
            one.save()
            if "to-write" not in path:
                review = written(one, scores={"logistics-speed": 3}, photos=[photo()])
                writing.follow_up(member=review.member, review_id=review.pk, text="追评", at=timezone.now())
        with CaptureQueriesContext(connection) as found:
            answer = client.get(path.format(line.product.external_id))
        assert answer.status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]


def send(source, secret, reviews, *, number="msg_1", at=None):
    body = json.dumps({"reviews": reviews}).encode()
    signed = webhooks.sign([secret], message_id=number, at=at or timezone.now(), body=body)
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed.items()}
    path = f"/api/v1/inbound/{source.code}/reviews/"
    return APIClient().post(path, body, content_type="application/json", **given)


def row(line, number="1", **more):
    return {
        "external_id": number,
        "order": line.order.external_id,
        "line": line.external_id,
        "stars": 3,
        "text": "一般",
        "written_at": timezone.now().isoformat(),
        **more,
    }


def test_a_marketplace_sends_reviews_as_often_as_it_likes(line):
    source, secret = make_source()
    rows = [row(line), row(line, "2", stars=9), row(line, "3", order="nothing"), "x", row(line, "4")]
    answer = send(source, secret, rows)
    assert answer.status_code == 200, answer.content
    results = answer.json()["results"]
    assert [one["result"] for one in results] == ["taken", "refused", "refused", "refused", "taken"]
    assert all(bool(one["why"]) is (one["result"] == "refused") for one in results)
    again = send(source, secret, [row(line, stars=5), row(line, "4")], number="msg_2").json()["results"]
    assert [one["result"] for one in again] == ["changed", "same"]


def test_only_with_a_key_that_is_good_for_reviews(line):
    source, secret = make_source()
    assert send(source, "whsec_" + "A" * 32, [row(line)]).status_code == 401
    WebhookKey.objects.all().delete()
    _key, other = keys.make(source=source, scopes=[Scope.MESSAGES], actor=None, at=timezone.now())
    assert send(source, other, [row(line)]).status_code == 401
    assert send(source, secret, [row(line)]).status_code == 401
    assert not Review.objects.exists()


@pytest.mark.parametrize("reviews", [[], None, "x", [{}] * 1_001])
def test_none_or_too_many_are_refused_whole(line, reviews):
    source, secret = make_source()
    assert send(source, secret, reviews).status_code == 400
