import re
from datetime import timedelta

import pytest
from django.urls import reverse

from config.common.models import RateCount
from feedback.models import Case
from surveys.models import Invitation, Response
from surveys.portal import views
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory
from tests.factories.surveys import NOW, invited, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S4")]


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(views.timezone, "now", lambda: NOW)


def url(invitation, name="answer"):
    return reverse(f"surveys:{name}", args=[token_of(invitation)])


def form(*values):
    return {
        f"q-{code}": value for code, value in zip(("csat", "ces", "words"), values, strict=False) if value
    }


def test_the_page_asks_in_the_members_language(client):
    response = client.get(url(invited()))
    page = response.content.decode()
    assert response.status_code == 200
    assert '<html lang="zh-CN">' in page
    assert "您对这次问题的处理结果满意吗？" in page
    assert "第 1 题，共 3 题" in page
    english = client.get(url(invited(CaseFactory(closed=True, member=MemberFactory(language="en")))))
    assert "How satisfied are you" in english.content.decode()


def test_the_language_can_be_switched_and_stays(client):
    invitation = invited()
    page = client.get(url(invitation), {"lang": "en"}).content.decode()
    assert 'name="lang" value="en"' in page
    assert "中文</button>" in page
    bad = client.post(url(invitation), {"lang": "en"})
    assert "Please answer this question." in bad.content.decode()
    done = client.post(url(invitation), {"lang": "en", **form("5", "5")}, follow=True)
    assert "Thank you!" in done.content.decode()
    assert client.get(url(invitation), {"lang": "xx"}).status_code == 200


def test_the_page_is_small_private_and_needs_nothing_else(client):
    response = client.get(url(invited()))
    assert len(response.content) < 50_000
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex"
    assert not re.search(rb"<script(?! src=\"/)|<img|@import|url\(|href=\"http", response.content)
    assert not response.cookies


def test_answering_says_thanks_and_what_happens_next(client):
    invitation = invited()
    done = client.post(url(invitation), form("5", "4", "很好"), follow=True)
    assert done.redirect_chain[0][0].startswith(url(invitation, "thanks"))
    assert "谢谢您！" in done.content.decode()
    assert "改进" in done.content.decode()


@pytest.mark.req("S6")
def test_a_bad_answer_names_the_case_that_follows(client):
    invitation = invited()
    done = client.post(url(invitation), form("1", "1"), follow=True)
    follow_up = Response.objects.get().follow_up
    assert follow_up.number in done.content.decode()


def test_no_cookie_is_needed_to_answer():
    from django.test import Client

    invitation = invited()
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(url(invitation), form("5", "5")).status_code == 302


def test_what_is_missing_is_marked_and_what_was_given_stays(client):
    invitation = invited()
    response = client.post(url(invitation), form("4", "", "还不错"))
    page = response.content.decode()
    assert response.status_code == 400
    assert page.count("请回答这个问题。") == 1
    assert 'value="4" checked' in page
    assert "还不错" in page
    assert 'role="alert"' in page
    assert not Response.objects.exists()


def test_states_that_end_are_friendly(client):
    invitation = invited()
    assert client.get(url(invitation, "thanks")).url == url(invitation)
    client.post(url(invitation), form("5", "5"))
    for call in (client.get, client.post):
        again = call(url(invitation))
        assert again.status_code == 200
        assert "您已经提交过了" in again.content.decode()
    late = invited(CaseFactory(closed=True))
    Invitation.objects.filter(pk=late.pk).update(invited_at=NOW - timedelta(days=14), expires_at=NOW)
    for call in (client.get, client.post):
        response = call(url(late))
        assert response.status_code == 410
        assert "已截止" in response.content.decode()


@pytest.mark.parametrize("token", ["x", "x" * 43, "../admin", "%00", "é" * 500])
def test_unknown_links_are_told_so(client, token):
    for name in ("answer", "thanks"):
        response = client.get(reverse(f"surveys:{name}", args=["t"]).replace("/t/", f"/{token}/", 1))
        assert response.status_code == 404
    assert not Case.objects.exists()


def test_erased_members_links_are_unknown(client):
    invitation = invited()
    type(invitation.member).objects.update(erased_at=NOW)
    assert client.get(url(invitation)).status_code == 404


def test_hostile_text_is_escaped(client):
    invitation = invited(CaseFactory(closed=True, subject="<script>alert(1)</script>"))
    page = client.post(url(invitation), form("4", "", "</textarea><script>x</script>"))
    assert b"<script>" not in page.content


def test_guessing_and_hammering_are_slowed_down(client, monkeypatch):
    monkeypatch.setattr(views, "GUESSES", 2)
    monkeypatch.setattr(views, "TRIES", 2)
    codes = [client.get("/s/wrong/").status_code for _ in range(3)]
    assert codes == [404, 404, 429]
    invitation = invited()
    assert client.get(url(invitation)).status_code == 200  # who has a link is not kept out by others
    codes = [client.post(url(invitation), {}).status_code for _ in range(3)]
    assert codes == [400, 400, 429]
    assert RateCount.objects.count() == 2


def test_other_methods_are_refused(client):
    invitation = invited()
    assert client.put(url(invitation)).status_code == 405
    assert client.post(url(invitation, "thanks")).status_code == 405


def test_showing_takes_few_queries(client, django_assert_max_num_queries):
    invitation = invited()
    with django_assert_max_num_queries(4):
        client.get(url(invitation))


def test_sending_takes_few_queries(client, django_assert_max_num_queries):
    invitation = invited()
    with django_assert_max_num_queries(19):
        sent = client.post(url(invitation), form("5", "5"))
    assert sent.status_code == 302
