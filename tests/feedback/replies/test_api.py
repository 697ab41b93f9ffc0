"""Replies over the API of staff, and as members read them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from feedback.models import Reply
from feedback.replies import automatic
from tests.factories.compensation import T0
from tests.factories.feedback import StaffFactory
from tests.factories.replies import said, ship, stands
from tests.factories.session import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("F17"), pytest.mark.req("P1")]
LIST = "/api/v1/staff/replies/"


def signed_in(role="agent"):
    client = APIClient()
    client.force_login(StaffFactory(role=role))
    return client


def drafted(**given):
    review = said(**{"stars": 3, "feeling": "mixed", **given})
    ship()
    automatic.take_up(at=T0)
    return Reply.objects.get(review=review)


def do(client, reply, what, **content):
    return client.post(f"{LIST}{reply.pk}/{what}/", content, format="json")


def test_a_draft_goes_its_way():
    reply, agent = drafted(), signed_in()
    place = stands(reply.review, "weibo")
    shown = agent.get(LIST, {"state": "draft"}).json()["results"]
    assert [(one["id"], one["may_approve"], one["rule"]) for one in shown] == [(reply.pk, True, "problem")]
    assert do(agent, reply, "edit", version=1, text="改过").json()["version"] == 2
    assert do(agent, reply, "approve", version=1).status_code == 409
    done = do(agent, reply, "approve", version=2).json()
    assert (done["state"], done["public_text"], len(done["versions"])) == ("approved", "改过", 2)
    post = done["posts"][0]
    assert (post["channel"], post["by_hand"], post["review_id"]) == ("weibo", True, place.external_id)
    ticked = agent.post(
        f"/api/v1/staff/reply-posts/{post['id']}/tick/", {"turn": post["turn"]}, format="json"
    )
    assert ticked.json()["state"] == "posted"
    assert agent.post(f"/api/v1/staff/reply-posts/{post['id']}/retry/").status_code == 409
    assert do(agent, reply, "withdraw", version=2).json()["state"] == "withdrawn"
    assert agent.get(f"{LIST}{reply.pk}/").json()["public_text"] == ""


def test_who_wrote_it_asks_and_another_approves():
    reply = drafted(stars=3)
    Reply.objects.update(needs_approval=True)
    agent, lead = signed_in(), signed_in("team_lead")
    assert do(agent, reply, "approve", version=1).status_code == 403
    assert do(agent, reply, "ask", version=1).json()["state"] == "waiting"
    assert do(lead, reply, "approve", version=1).json()["state"] == "approved"


def test_a_review_is_answered_and_drafted():
    ship()
    one, two, agent = said(), said(), signed_in()
    answer = agent.post(f"/api/v1/staff/reviews/{one.pk}/reply/", {"text": "谢谢"}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (201, "approved")
    again = agent.post(f"/api/v1/staff/reviews/{one.pk}/reply/", {"text": "谢谢"}, format="json")
    assert again.status_code == 409
    assert agent.post(f"/api/v1/staff/reviews/{two.pk}/draft/").json()["state"] == "draft"
    assert agent.post("/api/v1/staff/reviews/999999/draft/").status_code == 404


@pytest.mark.parametrize("content", [{}, {"text": ""}, {"text": "x" * 2_001}, {"text": "\0"}])
def test_what_is_no_answer_is_refused(content):
    answer = signed_in().post(f"/api/v1/staff/reviews/{said().pk}/reply/", content, format="json")
    assert answer.status_code in {400, 422}


def test_who_may_not_is_kept_out():
    reply = drafted()
    assert APIClient().get(LIST).status_code == 403
    assert client_of(reply.review.member).get(LIST).status_code in {401, 403}
    analyst = signed_in("analyst")
    assert analyst.get(LIST).status_code == 200
    for what in ("edit", "ask", "approve", "withdraw"):
        assert do(analyst, reply, what, version=1, text="x").status_code == 403
    assert signed_in("finance").get(LIST).status_code == 403
    assert do(signed_in(), reply, "approve", version=0).status_code == 400
    assert signed_in().get(f"{LIST}999999/").status_code == 404


def test_members_read_what_is_public_and_no_draft():
    reply = drafted()
    member = client_of(reply.review.member)
    address = f"/api/v1/products/{reply.review.product.external_id}/reviews/"
    assert member.get(address).json()["results"][0]["answer"] == ""
    do(signed_in(), reply, "approve", version=1)
    assert member.get(address).json()["results"][0]["answer"] == reply.text
    assert member.get(f"/api/v1/reviews/{reply.review_id}/").json()["answer"] == reply.text


def test_the_list_takes_a_constant_number_of_queries():
    client, counts = signed_in(), []
    ship()
    for rows in (1, 2):
        for _ in range(rows):
            stands(said(3, feeling="mixed"), "weibo")
        automatic.take_up(at=T0)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
