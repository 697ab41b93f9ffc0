"""Suggestions by the app, posts by signed webhooks, and both for staff."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from config.common import webhooks
from feedback.channels.inbound import keys
from feedback.models import Post, PostCluster
from feedback.posts import deciding
from tests.factories.compensation import MemberFactory, ProductFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory, picture
from tests.factories.posts import LATE, LEAK, NOW, said, suggestion, topic, words
from tests.factories.session import client_of
from tests.factories.webhooks import make_source

pytestmark = [pytest.mark.django_db, pytest.mark.req("F19"), pytest.mark.req("F20")]
MINE, STAFF = "/api/v1/me/suggestions/", "/api/v1/staff/"


@pytest.fixture
def member():
    return MemberFactory()


@pytest.fixture
def client(member):
    return client_of(member)


def staff(role="agent", **more):
    browser = Client()
    browser.force_login(
        AgentFactory(user__role=role, **more).user, backend="django.contrib.auth.backends.ModelBackend"
    )
    return browser


def act(browser, path, **data):
    return browser.post(f"{STAFF}{path}", data, content_type="application/json")


def test_a_member_suggests_and_sees_what_became_of_it(client, member):
    product = ProductFactory()
    sent = client.post(
        MINE,
        {"text": "盖子单卖", "product": product.external_id, "files": [picture()]},
        headers={"Idempotency-Key": "abcdefgh"},
    )
    assert sent.status_code == 201
    assert (sent.data["state"], sent.data["product"]) == ("new", product.external_id)
    assert client.get(sent.data["files"][0]["url"]).status_code == 200
    deciding.decide(
        post_id=sent.data["id"], state="declined", reason="内部", answer="暂不", actor=StaffFactory(), at=NOW
    )
    [row] = client.get(MINE).data["results"]
    assert (row["state"], row["answer"]) == ("declined", "暂不")
    assert "reason" not in row
    other = client_of(MemberFactory())
    assert other.get(MINE).data["results"] == []
    for address in (f"{MINE}{row['id']}/", f"{MINE}files/{row['files'][0]['id']}/"):
        assert other.get(address).status_code == 404
    assert other.delete(f"{MINE}{row['id']}/").status_code == 404
    assert [client.delete(f"{MINE}{row['id']}/").status_code for _n in "ab"] == [204, 204]
    assert client.get(f"{MINE}{row['id']}/").status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        {}, {"text": "长" * 10_001}, {"text": "x", "product": "none"},
        {"files": [SimpleUploadedFile("a.exe", b"MZ")]},
    ],
)  # fmt: skip
def test_what_cannot_be_suggested_is_refused(client, content):
    assert client.post(MINE, content).status_code == 400
    assert not Post.objects.exists()


def test_my_list_costs_the_same_for_one_and_for_three(client, member, django_assert_num_queries):
    client.get(MINE)
    for _rows in (1, 2):
        suggestion(member=member, uploads=[picture()])
        with django_assert_num_queries(4):
            client.get(MINE)


def send(source, secret, content, number="msg_1"):
    body = json.dumps(content).encode()
    signed = webhooks.sign([secret], message_id=number, at=timezone.now(), body=body)
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed.items()}
    path = f"/api/v1/inbound/{source.code}/posts/"
    return APIClient().post(path, body, content_type="application/json", **given)


def test_a_network_sends_posts_signed_and_each_row_says_what_became_of_it():
    source, secret = make_source("social", "weibo")
    at = timezone.now().isoformat()
    rows = [
        {"external_id": "1", "text": "漏水", "written_at": at, "likes": 3},
        {"external_id": "2", "text": "", "written_at": at},
        {"external_id": "3", "text": "x", "written_at": "yesterday"},
        {"external_id": "4", "text": "x", "written_at": at, "likes": -1},
        "no row",
    ]
    first = send(source, secret, {"posts": rows}).json()["results"]
    assert [one["result"] for one in first] == ["taken", "refused", "refused", "refused", "refused"]
    assert all(one["why"] for one in first[1:])
    again = send(source, secret, {"posts": rows}).json()["results"]
    assert again[0]["result"] == "same"
    rows[0]["likes"] = 9
    assert send(source, secret, {"posts": rows}).json()["results"][0]["result"] == "changed"
    assert Post.objects.get().likes == 9


def test_a_key_for_something_else_and_a_forged_one_are_refused():
    source, secret = make_source("social", "weibo")
    _key, other = keys.make(source=source, scopes=["reviews"], actor=None, at=timezone.now())
    assert send(source, other, {"posts": [{}]}).status_code == 401
    assert send(source, "whsec_Zm9yZ2VkZm9yZ2VkZm9yZ2Vk", {"posts": [{}]}).status_code == 401
    assert send(source, secret, {"posts": []}).status_code == 400
    assert send(source, secret, {"posts": [{}] * 1_001}).status_code == 400


def test_staff_read_posts_with_names_masked():
    words()
    leak, *_rest = said(LEAK[0], LATE[0], author="水壶控小王", likes=5)
    suggestion()
    browser = staff()
    found = browser.get(
        f"{STAFF}posts/", {"source": "weibo", "feeling": "negative", "topic": leak.cluster_id}
    )
    [row] = found.json()["results"]
    assert (row["id"], row["author"], row["feeling"], row["reach"]) == (leak.pk, "水***", "negative", 5)
    lead = staff("team_lead")
    assert lead.get(f"{STAFF}posts/{leak.pk}/").json()["author"] == "水壶控小王"
    for asked, number in (
        ({"kind": "suggestion"}, 1), ({"unread": "true"}, 3), ({"aspect": "price"}, 0),
        ({"state": "done"}, 0),
    ):  # fmt: skip
        assert len(browser.get(f"{STAFF}posts/", asked).json()["results"]) == number
    assert browser.get(f"{STAFF}posts/", {"kind": "x"}).status_code == 400


def test_the_list_costs_the_same_for_one_and_for_three(django_assert_num_queries):
    browser = staff()
    browser.get(f"{STAFF}posts/")
    for n, texts in enumerate(([LEAK[0]], LEAK[1:])):
        said(*texts, prefix=f"p{n}")
        with django_assert_num_queries(7):
            browser.get(f"{STAFF}posts/")


def test_staff_decide_make_cases_and_arrange():
    words()
    TierFactory()
    department = DepartmentFactory(takes_new=True)
    lead = staff("team_lead", departments=[department])
    posts = said(*LEAK, *LATE)
    leak, late = posts[0].cluster_id, posts[3].cluster_id
    done = act(lead, f"posts/{posts[0].pk}/decide/", state="planned", answer="在修")
    assert (done.status_code, done.json()["state"]) == (200, "planned")
    made = [act(lead, f"posts/{posts[0].pk}/case/").json() for _n in "ab"]
    assert made[0] == made[1]
    tied = act(lead, f"posts/{posts[1].pk}/case/", number=made[0]["number"])
    assert tied.json() == made[0]
    assert act(lead, "posts/read/", posts=[posts[2].pk]).status_code == 204
    assert act(lead, f"topics/{leak}/name/", name="漏水").json()["name"] == "漏水"
    assert act(lead, f"topics/{leak}/decide/", state="done").json()["state"] == "done"
    new = act(lead, f"topics/{leak}/split/", posts=[posts[2].pk], name="换货").json()["id"]
    assert act(lead, f"posts/{posts[1].pk}/topic/", topic=new).json()["topic"] == new
    assert act(lead, f"topics/{late}/merge/", topic=leak).json()["id"] == leak
    assert lead.get(f"{STAFF}topics/{late}/").json()["merged_into"] == leak
    assert {one["id"] for one in lead.get(f"{STAFF}topics/").json()["results"]} <= {leak, new}
    for path, data, status in (
        ("posts/0/decide/", {"state": "done"}, 404),
        (f"posts/{posts[0].pk}/decide/", {"state": "new"}, 400),
        (f"topics/{late}/decide/", {"state": "done"}, 409),
        (f"topics/{leak}/merge/", {"topic": leak}, 400),
        (f"posts/{posts[0].pk}/product/", {"number": "none"}, 400),
    ):
        assert act(lead, path, **data).status_code == status


def test_agents_do_not_arrange_and_others_see_nothing():
    browser, cluster = staff(), topic()
    assert act(browser, f"topics/{cluster.pk}/name/", name="x").status_code == 403
    outsider = staff("finance")
    for path in ("posts/", "topics/", f"topics/{cluster.pk}/"):
        assert outsider.get(f"{STAFF}{path}").status_code == 403
    assert PostCluster.objects.get().name == "漏水"
