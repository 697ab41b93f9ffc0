"""The buttons for whom a case waits and what was promised, on the case's page."""

import pytest
from django.urls import reverse

from feedback.models import Clock, Message
from tests.factories.sop import make_policy
from tests.feedback.admin.conftest import client_for, open_case
from tests.feedback.admin.test_case_page import do, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("F7")]


@pytest.fixture(autouse=True)
def _promises(work):
    make_policy("promises", targets={"courier_answer": 10, "call_back": 60, "refund": 5, "review_reply": 60})


def runs(case, milestone):
    return Clock.objects.filter(case=case, milestone=milestone, met_at=None, stopped_at=None).exists()


def test_waiting_and_going_on(work, browser):
    assert 'id="do-wait-for"' in browser.get(page_of(work.case)).content.decode()
    assert do(browser, work.case, "wait-for", reason="waiting_supplier", note="补货").status_code == 302
    assert work.case.waiting_for == "waiting_supplier"
    text = browser.get(page_of(work.case)).content.decode()
    assert 'id="do-go-on"' in text
    assert 'id="do-wait-for"' not in text
    assert "等待供应商" in text
    do(browser, work.case, "go-on")
    assert work.case.waiting_for == ""


def test_on_the_desk_too(work, browser):
    response = do(browser, work.case, "wait-for", htmx=True, reason="waiting_bank")
    assert "等待银行" in response.content.decode()


def test_courier_asked_and_answered(work, browser):
    do(browser, work.case, "courier", what="ask", text="到哪了？")
    assert runs(work.case, "courier_answer")
    text = browser.get(page_of(work.case)).content.decode()
    assert "已询问快递" in text
    do(browser, work.case, "courier", what="answered", text="在路上")
    assert not runs(work.case, "courier_answer")
    assert Message.objects.latest("pk").body == "在路上"


def test_a_call_promised_missed_and_made(work, browser):
    do(browser, work.case, "call", what="promise", note="三点")
    assert runs(work.case, "call_back")
    do(browser, work.case, "call", what="missed")
    assert runs(work.case, "call_back")
    do(browser, work.case, "call", what="reached")
    assert not runs(work.case, "call_back")


@pytest.mark.parametrize("body", ["好了", ""])
def test_resolving_asks_what_became_of_the_call(work, browser, body):
    do(browser, work.case, "reply", body="在查")
    assert 'name="call"' not in browser.get(page_of(work.case)).content.decode()
    do(browser, work.case, "call", what="promise")
    assert 'name="call"' in browser.get(page_of(work.case)).content.decode()
    asked = do(browser, work.case, "reply", then="resolve", resolution="solved", body=body)
    assert asked.status_code == 400
    assert body in asked.content.decode()
    assert runs(work.case, "call_back")
    do(browser, work.case, "reply", then="resolve", resolution="solved", body=body, call="made")
    assert work.case.status == "resolved"
    assert Clock.objects.get(milestone="call_back").met_at is not None


def test_a_refund_that_was_made(work, browser):
    case = open_case(work.ours, kind="refund")
    assert 'id="do-keep"' in browser.get(page_of(case)).content.decode()
    do(browser, case, "keep", what="refund")
    assert not runs(case, "refund")
    assert 'id="do-keep"' not in browser.get(page_of(case)).content.decode()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("wait-for", {"reason": "waiting_member"}),
        ("wait-for", {"reason": ""}),
        ("wait-for", {"reason": "\0<script>"}),
        ("go-on", {}),
        ("courier", {"what": "ask", "text": "  "}),
        ("courier", {"what": "answered", "text": "x" * 20_001}),
        ("keep", {"what": "refund"}),
        ("keep", {"what": "handoff"}),
        ("call", {"what": "promise", "note": "x" * 20_001}),
    ],
)
def test_what_makes_no_sense_comes_back_with_words(work, browser, name, fields):
    before = work.case.version
    response = do(browser, work.case, name, **fields)
    assert response.status_code in {400, 403, 409, 422}
    assert 'role="alert"' in response.content.decode()
    assert work.case.version == before


def test_a_stranger_does_nothing(work):
    for name in ("wait-for", "go-on", "courier", "call", "keep"):
        stranger = client_for(work.stranger)
        assert stranger.post(reverse("admin:case_act", args=[work.case.pk, name])).status_code == 404
