"""From a review that comes in to an answer that stands at the marketplace, under the clocks."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from compensation.shop_import.targets import Item
from config.common import outbox, webhooks
from feedback import tasks
from feedback.defaults.lexicon import seed_lexicon
from feedback.models import Case, Clock, Reply, ReplyPost, Review
from feedback.replies import commands
from feedback.reviews.imports import REVIEW
from tests.factories.compensation import T0
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.replies import marketplace, ship
from tests.factories.reviews import DAY, house, received
from tests.factories.sop import make_policy
from tests.factories.webhooks import make_source

pytestmark = [pytest.mark.django_db, pytest.mark.req("F17"), pytest.mark.req("F2")]


def by_api(rows, secret, now):
    body = json.dumps({"reviews": rows}, default=str).encode()
    signed = webhooks.sign([secret], message_id="m1", at=now, body=body)
    answer = APIClient().post(
        "/api/v1/inbound/tmall/reviews/", body, content_type="application/json",
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed.items()},
    )  # fmt: skip
    assert [one["result"] for one in answer.json()["results"]] == ["taken", "taken"]


def by_file(rows, _secret, now):
    items = []
    for number, row in enumerate(rows):
        values = {**row, "source": "tmall", "order_line": row["line"]}
        del values["line"]
        items.append(Item("reviews.csv", number, (row["external_id"],), values))
        REVIEW.check(items[-1])
    assert REVIEW.write(items, now).inserted == 2


@pytest.mark.parametrize("bring", [by_api, by_file])
def test_from_import_to_posted_with_the_clocks_met(settings, bring):
    settings.INTERNAL_HOSTS = ["127.0.0.1"]
    for seed in (lambda: seed_lexicon(T0), house, ship):
        seed()
    DepartmentFactory(takes_new=True)
    make_policy("bad", position=1, kinds=["review"], targets={"review_reply": 120, "call_back": 1440})
    make_policy("others", position=2, targets={"review_reply": 1440})
    now = timezone.now()
    lines = received(at=now - DAY, lines=2)
    with marketplace() as there:
        _source, secret = make_source(code="tmall", reply_url=there.url)
        rows = [
            {
                "external_id": number, "order": line.order.external_id, "line": line.external_id,
                "stars": stars, "text": text, "written_at": now - timedelta(minutes=5),
            }
            for number, line, stars, text in (
                ("88001", lines[0], 5, "质量很好，非常满意，推荐购买！"),
                ("88002", lines[1], 1, "质量太差了，用了一天就坏，非常失望"),
            )
        ]  # fmt: skip
        bring(rows, secret, now)

        tasks.read_texts()
        tasks.screen_reviews()
        tasks.follow_up_reviews()
        tasks.answer_reviews()

        good, bad = (Review.objects.get(external_id=f"tmall:{number}") for number in ("88001", "88002"))
        assert good.reply.state == "approved"
        assert (bad.reply.state, bad.reply.way) == ("draft", "drafted")
        outbox.relay(timezone.now())
        assert [one["review"] for one in there.said()] == ["88001"]
        assert there.said()[0]["text"] == good.reply.public_text

        lead = StaffFactory(role="team_lead")
        commands.approve(reply_id=bad.reply.pk, version=1, actor=lead, at=timezone.now())
        outbox.relay(timezone.now())
        assert there.said()[1]["review"] == "88002"

    assert {post.state for post in ReplyPost.objects.all()} == {"posted"}
    clocks = Clock.objects.filter(milestone="review_reply")
    assert clocks.count() == 2
    for clock in clocks:
        assert clock.met_at is not None
        assert clock.met_at <= clock.due_at
        assert clock.breached_at is None
    assert clocks.get(review=good).met_at == good.reply.at
    case = Case.objects.get()
    assert clocks.get(case=case).met_at == Reply.objects.get(review=bad).at
    assert Clock.objects.get(milestone="call_back").met_at is None  # the call is still owed
