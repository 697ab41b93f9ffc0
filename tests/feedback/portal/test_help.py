"""The help centre, and the answer that is offered before a form is sent."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from feedback.models import AnswerGiven, ArticleVote, Case
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import DepartmentFactory, picture
from tests.factories.knowledge import make_article
from tests.factories.session import browser_of, client_of
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F21")]


@pytest.fixture
def invoice():
    make_article("退款审批权限", code="internal", audience="agent")
    return make_article("怎么开发票", "- 打开<订单>", code="invoice", questions="电子发票在哪里下载")


@pytest.fixture
def member():
    DepartmentFactory(takes_new=True)
    return MemberFactory()


@pytest.fixture
def browser(member):
    return browser_of(member)


def page(client, name, *args, **query):
    return client.get(reverse(f"portal:{name}", args=args), query)


def test_everybody_reads_and_searches(invoice):
    client = Client(headers={"Accept-Language": "zh-hans"})
    assert "怎么开发票" in page(client, "help").content.decode()
    assert "怎么开发票" in page(client, "help", q="發票").content.decode()
    nothing = page(client, "help", q="量子力学").content.decode()
    assert reverse("portal:complain") in nothing
    text = page(client, "help-article", "invoice").content.decode()
    assert "<li>打开&lt;订单&gt;</li>" in text
    assert reverse("portal:help-vote", args=["invoice"]) not in text


def test_what_is_for_staff_is_not_there(invoice):
    client = Client()
    assert page(client, "help-article", "internal").status_code == 404
    assert "审批" not in page(client, "help", q="退款审批").content.decode().split("</form>", 2)[-1]
    assert page(client, "help-article", "no-such").status_code == 404


@pytest.mark.parametrize("q", ["\0", "<script>", "x" * 5_000, "' OR 1=1 --", "😡"])
def test_hostile_searches_find_nothing(invoice, q):
    response = page(Client(), "help", q=q)
    assert response.status_code == 200
    assert "<script>" not in response.content.decode().replace('<script src="', "")


def test_a_member_says_whether_it_helped(invoice, browser, member):
    path = reverse("portal:help-vote", args=["invoice"])
    assert browser.post(path, {"helped": "yes"}).url.endswith("?helped=yes")
    assert browser.post(path, {"helped": "no"}).url.endswith("?helped=no")
    assert list(ArticleVote.objects.values_list("member", "helped")) == [(member.pk, False)]
    assert browser.post(reverse("portal:help-vote", args=["internal"])).status_code == 404
    assert "sign-in" in Client().post(path, {"helped": "yes"}).url


def complain(browser, body, **more):
    key = "5f0c5f3e-8e7a-4b5f-9f0e-0a4d8a6f1b1d"
    return browser.post(reverse("portal:complain"), {"key": key, "reason": "question", "body": body, **more})


def test_an_answer_is_offered_once_and_then_a_person_reads(invoice, browser, member):
    make_policy()
    offered = complain(browser, "请问怎么开发票")
    given = AnswerGiven.objects.get()
    text = offered.content.decode()
    assert offered.status_code == 200
    assert reverse("portal:help-answer", args=[given.pk]) in text
    assert f'name="answer" value="{given.pk}"' in text
    assert "请问怎么开发票</textarea>" in text
    assert not Case.objects.exists()
    sent = complain(browser, "请问怎么开发票", answer=given.pk)
    assert sent.status_code == 302
    given.refresh_from_db()
    assert (given.outcome, given.case, given.member) == ("person", Case.objects.get(), member)


def test_an_answer_that_helped_opens_no_case(invoice, browser):
    complain(browser, "请问怎么开发票")
    given = AnswerGiven.objects.get()
    assert browser.post(reverse("portal:help-answer", args=[given.pk])).url == "/portal/help/?said=helped"
    given.refresh_from_db()
    assert given.outcome == "helped"
    assert not Case.objects.exists()
    stranger = browser_of(MemberFactory())
    assert stranger.post(reverse("portal:help-answer", args=[given.pk])).status_code == 404


def test_what_we_are_not_sure_of_goes_to_a_person_at_once(invoice, browser):
    make_policy()
    assert complain(browser, "快递员骂我").status_code == 302
    assert not AnswerGiven.objects.exists()


def test_who_sends_a_photo_is_not_held_up(invoice, browser):
    make_policy()
    assert complain(browser, "怎么开发票", photos=picture()).status_code == 302


@pytest.mark.parametrize("answer", ["abc", "-1", "9" * 30, "0", "123456"])
def test_an_answer_that_cannot_be_holds_nobody_up(invoice, browser, answer):
    make_policy()
    assert complain(browser, "怎么开发票", answer=answer).status_code == 302
    assert Case.objects.count() == 1


def test_the_list_takes_as_many_queries_for_three_articles_as_for_one(invoice):
    def count(**query):
        with CaptureQueriesContext(connection) as queries:
            assert page(Client(), "help", **query).status_code == 200
        return len(queries)

    one = count(), count(q="发票")
    for number in range(2):
        make_article(f"发票第 {number} 问")
    assert (count(), count(q="发票")) == one


def test_the_api_asks_answers_and_keeps_the_outcome(invoice, member):
    client = client_of(member)
    assert client.get("/api/v1/help/articles/").json()[0]["code"] == "invoice"
    assert client.get("/api/v1/help/articles/?q=发票").json()[0]["title"] == "怎么开发票"
    assert client.get("/api/v1/help/articles/?language=en").json() == []
    assert client.get("/api/v1/help/articles/invoice/").json()["version"] == 1
    assert client.get("/api/v1/help/articles/internal/").status_code == 404
    assert client.post("/api/v1/help/articles/invoice/vote/", {"helped": True}, format="json").json() == {
        "helped": True
    }
    asked = client.post("/api/v1/help/answers/", {"question": "怎么开发票"}, format="json").json()["answer"]
    assert (asked["code"], asked["confidence"], asked["outcome"]) == ("invoice", 1.0, "")
    path = f"/api/v1/help/answers/{asked['id']}/outcome/"
    assert client.post(path, {"outcome": "person"}, format="json").json()["outcome"] == "person"
    assert client.post(path, {"outcome": "helped"}, format="json").status_code == 409
    assert client.post(path, {"outcome": "x"}, format="json").status_code == 400
    assert client_of(MemberFactory()).post(path, {"outcome": "person"}, format="json").status_code == 404
    nothing = client.post("/api/v1/help/answers/", {"question": "量子力学"}, format="json")
    assert nothing.json() == {"answer": None}
