"""The moderators' queue."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.models import ModerationDecision, Review, ReviewStatus
from feedback.moderation import commands
from feedback.reviews import writing
from tests.factories.compensation import T0
from tests.factories.feedback import ReviewFactory, StaffFactory
from tests.factories.reviews import DAY, house, photo, received
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("F15")]
QUEUE = "/admin/moderation/"


@pytest.fixture
def moderator(db):
    house()
    return StaffFactory(role="moderator")


@pytest.fixture
def client(moderator):
    return client_for(moderator)


def held(text="加微信abc12345，<b>傻逼</b>", at=T0 + DAY):
    line = received()[0]
    return writing.write(
        member=line.order.member, line_id=line.pk, stars=1, text=text, photos=[photo()], at=at
    )


def test_the_queue_shows_what_speaks_against_each_and_decides(client, moderator):
    review = held()
    page = client.get(QUEUE).content.decode()
    assert "abc12345" in page
    assert "&lt;b&gt;" in page
    assert f"/admin/moderation/pictures/{review.pictures.get().pk}/" in page
    assert client.get(f"/admin/moderation/pictures/{review.pictures.get().pk}/").status_code == 200
    sent = client.post(f"{QUEUE}{review.pk}/", {"verdict": "refuse", "reason": "abuse", "note": "x"})
    assert sent.status_code == 302
    decision = ModerationDecision.objects.get()
    assert (decision.user, decision.reason.code) == (moderator, "abuse")
    assert "abc12345" not in client.get(QUEUE).content.decode()


def test_a_refusal_without_a_reason_comes_back(client):
    review = held()
    answer = client.post(f"{QUEUE}{review.pk}/", {"verdict": "refuse"})
    assert answer.status_code == 400
    assert f'id="error-{review.pk}"' in answer.content.decode()
    assert client.post(f"{QUEUE}0/", {"verdict": "publish"}).status_code == 404
    client.post(f"{QUEUE}{review.pk}/", {"verdict": "publish"})
    assert client.post(f"{QUEUE}{review.pk}/", {"verdict": "publish"}).status_code == 409


def test_appeals_are_for_somebody_else(client, moderator):
    review = held()
    commands.decide(review_id=review.pk, verdict="refuse", reason="abuse", actor=moderator, at=T0 + DAY)
    appeal = commands.appeal(review_id=review.pk, text="请再看看", actor=review.member, at=T0 + DAY)
    assert "请再看看" not in client.get(f"{QUEUE}?appeals").content.decode()
    path = f"{QUEUE}appeals/{appeal.pk}/"
    assert client.post(path, {"verdict": "publish"}).status_code == 403
    other = client_for(StaffFactory(role="moderator"))
    assert "请再看看" in other.get(f"{QUEUE}?appeals").content.decode()
    assert other.post(path, {"verdict": "refuse"}).status_code == 400
    assert other.post(path, {"verdict": "publish"}).status_code == 302
    review.refresh_from_db()
    assert review.status == ReviewStatus.PUBLISHED
    assert other.post(f"{QUEUE}appeals/0/", {"verdict": "publish"}).status_code == 404


def test_fairness_is_shown(client):
    ReviewFactory(stars=1)
    assert client.get(f"{QUEUE}fairness/?days=365").status_code == 200
    assert client.get(f"{QUEUE}fairness/?days=7").status_code == 404


def test_others_do_not_get_there():
    agent = client_for(StaffFactory(role="agent"))
    for path in (QUEUE, f"{QUEUE}fairness/"):
        assert agent.get(path).status_code == 403
    assert agent.post(f"{QUEUE}{held().pk}/", {"verdict": "publish"}).status_code == 403


def test_public_reviews_are_sent_there_from_the_list(client):
    house()
    review = ReviewFactory()
    sent = {"action": "hold_selected", "_selected_action": [review.pk]}
    client.post("/admin/feedback/review/", sent)
    assert Review.objects.get().status == ReviewStatus.HELD


@pytest.mark.parametrize("query", ["", "?appeals"])
def test_it_takes_the_same_queries_for_three_as_for_one(client, query):
    counts = []
    for n in (1, 2):
        for number in range(n):
            review = held(f"加微信abc{n}{number}345")
            if query:
                commands.decide(
                    review_id=review.pk, verdict="refuse", reason="abuse", actor=StaffFactory(), at=T0 + DAY
                )
                commands.appeal(review_id=review.pk, text="?", actor=review.member, at=T0 + DAY)
        client.get(QUEUE + query)
        with CaptureQueriesContext(connection) as found:
            assert client.get(QUEUE + query).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("text", "fits"),
    [("返.{0,6}元", True), ("(返", False), ("(a+)+b", False), ("(a|aa)+b", False), ("好*?评", True)],
)
def test_patterns_that_cannot_be_read_or_never_end_are_refused(text, fits):
    house()
    client = client_for(StaffFactory(is_superuser=True))
    sent = {"signal": "paid", "text": text, "is_pattern": "on", "is_active": "on"}
    assert client.post("/admin/feedback/moderationword/add/", sent).status_code == (302 if fits else 200)
