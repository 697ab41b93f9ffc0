"""Pauses that somebody has to look at, on their page."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.cases import commands
from feedback.cases.waiting import wait_for
from feedback.models import Alert, Pause, PauseReason
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.sop import make_policy
from tests.feedback.admin.conftest import client_for, open_case

pytestmark = [pytest.mark.django_db, pytest.mark.req("F8")]

PAGE = "/admin/pauses/"


@pytest.fixture
def shop(db):
    make_policy()
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    agent = AgentFactory(departments=[ours, theirs])
    return ours, theirs, AgentFactory(user=StaffFactory(role="supervisor"), leads=[ours]), agent


def paused(department, agent, **options):
    """A case that waits for its member; its pause is one to be reviewed."""
    at = timezone.now() - timedelta(minutes=5)
    case = open_case(department, at=at - timedelta(minutes=5), **options)
    commands.claim(case_id=case.pk, actor=agent.user, at=at)
    commands.reply(case_id=case.pk, body="请提供照片？", then="wait", actor=agent.user, at=at)
    Pause.objects.filter(clock__case=case).update(needs_review=True)
    return Pause.objects.get(clock__case=case)


def decide(browser, pause, **data):
    return browser.post(reverse("admin:pause", args=[pause.pk]), data)


def test_accepting_and_rejecting_tells_the_agent(shop):
    ours, _theirs, lead, agent = shop
    one, two = paused(ours, agent), paused(ours, agent)
    browser = client_for(lead)
    shown = browser.get(PAGE).content.decode()
    assert "请提供照片" in shown
    assert decide(browser, one, verdict="accepted").status_code == 302
    assert decide(browser, two, verdict="rejected", remark="会员早已答复").status_code == 302
    assert {row.verdict for row in Pause.objects.all()} == {"accepted", "rejected"}
    alerts = Alert.objects.filter(user=agent.user, kind__startswith="pause.")
    assert {one.kind for one in alerts} == {"pause.accepted", "pause.rejected"}
    assert browser.get(PAGE).context["rows"] == []
    assert len(browser.get(f"{PAGE}?done").context["rows"]) == 2


def test_the_note_of_the_pause_says_why(shop):
    ours, _theirs, lead, agent = shop
    at = timezone.now() - timedelta(minutes=5)
    case = open_case(ours, at=at - timedelta(minutes=5))
    commands.claim(case_id=case.pk, actor=agent.user, at=at)
    commands.note(case_id=case.pk, body="与暂停无关的备注", actor=agent.user, at=at)
    at += timedelta(minutes=1)
    wait_for(
        case_id=case.pk, reason=PauseReason.WAITING_SUPPLIER, note="供应商在查库存", actor=agent.user, at=at
    )
    Pause.objects.update(needs_review=True)
    shown = client_for(lead).get(PAGE).content.decode()
    assert "供应商在查库存" in shown
    assert "与暂停无关的备注" not in shown


def test_what_is_refused_keeps_what_was_typed(shop):
    ours, theirs, lead, agent = shop
    mine, foreign = paused(ours, agent), paused(theirs, agent)
    browser = client_for(lead)
    assert decide(browser, foreign, verdict="accepted").status_code == 404
    refused = decide(browser, mine, verdict="perhaps", remark="忙")
    assert refused.status_code == 400
    assert 'value="忙"' in refused.content.decode()
    assert decide(browser, mine, verdict="rejected").status_code == 400
    assert decide(browser, mine, verdict="accepted").status_code == 302
    assert decide(browser, mine, verdict="accepted").status_code == 404


def test_nobody_reviews_their_own(shop):
    ours, _theirs, lead, _agent = shop
    pause = paused(ours, lead)
    browser = client_for(lead)
    assert reverse("admin:pause", args=[pause.pk]) not in browser.get(PAGE).content.decode()
    assert decide(browser, pause, verdict="accepted").status_code == 403


def test_who_may(shop):
    ours, _theirs, _lead, agent = shop
    pause = paused(ours, agent)
    for role, status in (("agent", 403), ("team_lead", 403), ("analyst", 403), ("supervisor", 200)):
        browser = client_for(AgentFactory(user=StaffFactory(role=role), departments=[ours]))
        assert browser.get(PAGE).status_code == status, role
        assert browser.get(reverse("admin:pauses_export", args=["csv"])).status_code == status
        if status == 403:
            assert decide(browser, pause, verdict="accepted").status_code == 403
    assert client_for(None).get(PAGE).status_code == 302


def test_a_fixed_number_of_queries_and_a_file(shop):
    ours, _theirs, lead, agent = shop
    browser, counts = client_for(lead), []
    for rows in (1, 2):
        for _ in range(rows):
            paused(ours, agent)
        browser.get(PAGE)
        with CaptureQueriesContext(connection) as made:
            browser.get(PAGE)
        counts.append(len(made))
    assert counts[0] == counts[1]
    body = b"".join(browser.get(reverse("admin:pauses_export", args=["csv"]))).decode()
    assert len(body.strip().splitlines()) == 4
