"""What approvers decide on."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from compensation.models import Grant
from config.common.models import User
from feedback.cases import commands
from feedback.defaults.authority import seed_authority
from feedback.remedies.commands import grant_for_case
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import (
    AgentFactory,
    CaseFactory,
    DepartmentFactory,
    StaffFactory,
    group,
    picture,
)
from tests.factories.money import AT, CouponTemplateFactory
from tests.factories.sop import make_policy
from tests.feedback.admin.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.req("C7")]

APPROVALS = "/admin/approvals/"


def somebody(role, department):
    group(role)
    seed_authority(AT)
    return User.objects.get(pk=AgentFactory(user=StaffFactory(role=role), departments=[department]).user_id)


def asked(department, who, *, yuan=60, case=None, reason="送达延误", at=None, **options):
    case = case or CaseFactory(department=department, **options)
    template = CouponTemplateFactory(code=f"sorry-{yuan}-{Grant.objects.count()}", value_fen=yuan * 100)
    return grant_for_case(
        case_id=case.pk,
        kind="coupon",
        template_id=template.pk,
        reason=reason,
        key="k",
        actor=who,
        at=at or timezone.now(),
    ).grant


@pytest.fixture
def ours(db):
    return DepartmentFactory(name="客服部")


def decide(browser, grant, verdict, note=""):
    return browser.post(
        reverse("admin:approval", args=[grant.pk]),
        {"verdict": verdict, "note": note, "seen": grant.content_hash},
    )


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("agent", 403),
        ("team_lead", 200),
        ("moderator", 403),
        ("analyst", 403),
        ("supervisor", 200),
        ("finance", 200),
        ("administrator", 200),
    ],
)
def test_roles(ours, role, status):
    grant = asked(ours, somebody("agent", ours))
    browser = client_for(somebody(role, ours))
    assert browser.get(APPROVALS).status_code == status
    refused = decide(browser, grant, "refuse", "不合规")
    assert refused.status_code == (302 if status == 200 else 403)
    assert Grant.objects.get().status == ("refused" if status == 200 else "requested")
    assert browser.get(reverse("admin:approval", args=[grant.pk])).status_code in {403, 405}
    assert client_for(None).get(APPROVALS).status_code == 302


@pytest.mark.req("P1")
def test_another_departments_request_is_neither_seen_nor_decided(ours):
    grant = asked(ours, somebody("agent", ours))
    browser = client_for(somebody("supervisor", DepartmentFactory()))
    assert grant.remedy.case.number not in browser.get(APPROVALS).content.decode()
    assert decide(browser, grant, "approve").status_code == 404
    assert decide(browser, grant, "refuse", "x").status_code == 404
    assert Grant.objects.get().status == "requested"


def test_finance_decides_for_every_department(ours):
    grant = asked(ours, somebody("agent", ours))
    browser = client_for(somebody("finance", DepartmentFactory()))
    assert grant.remedy.case.number in browser.get(APPROVALS).content.decode()
    assert decide(browser, grant, "approve").status_code == 302
    assert Grant.objects.get().status == "confirmed"


def test_approving_gives_and_says_so(ours):
    grant = asked(ours, somebody("agent", ours))
    browser = client_for(somebody("supervisor", ours))
    response = browser.post(
        reverse("admin:approval", args=[grant.pk]),
        {"verdict": "approve", "note": "", "seen": grant.content_hash},
        follow=True,
    )
    assert f"已发放给 {grant.member}" in response.content.decode()
    assert "没有等待您审批的申请" in response.content.decode()
    assert Grant.objects.get().status == "confirmed"


def test_a_refusal_needs_a_reason_and_keeps_the_page(ours):
    grant = asked(ours, somebody("agent", ours))
    browser = client_for(somebody("supervisor", ours))
    response = decide(browser, grant, "refuse", "   ")
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()
    assert Grant.objects.get().status == "requested"
    assert decide(browser, grant, "nonsense").status_code == 400
    assert decide(browser, grant, "refuse", "太多了").status_code == 302
    assert Grant.objects.get().decision_note == "太多了"


def test_what_was_decided_meanwhile_is_told_with_the_reason(ours):
    grant = asked(ours, somebody("agent", ours))
    browser = client_for(somebody("supervisor", ours))
    assert decide(browser, grant, "approve").status_code == 302
    response = decide(browser, grant, "refuse", "晚了")
    assert response.status_code == 409
    assert 'role="alert"' in response.content.decode()
    assert Grant.objects.get().status == "confirmed"


def test_ones_own_request_is_shown_but_not_decidable(ours):
    supervisor = somebody("supervisor", ours)
    grant = asked(ours, supervisor, yuan=2_000)
    browser = client_for(supervisor)
    shown = browser.get(APPROVALS).content.decode()
    assert grant.remedy.case.number in shown
    assert "须由他人审批" in shown
    assert reverse("admin:approval", args=[grant.pk]) not in shown
    assert decide(browser, grant, "approve").status_code == 403
    assert Grant.objects.get().status == "requested"


def test_what_is_beyond_ones_authority_can_only_be_refused(ours):
    grant = asked(ours, somebody("agent", ours), yuan=1_500)
    browser = client_for(somebody("supervisor", ours))
    shown = browser.get(APPROVALS).content.decode()
    assert "超出您的审批权限" in shown
    assert 'value="approve"' not in shown
    assert decide(browser, grant, "approve").status_code == 403
    assert Grant.objects.get().status == "requested"
    assert decide(browser, grant, "refuse", "太多").status_code == 302


def test_shows_what_the_member_and_the_agent_had_before(ours):
    agent, member = somebody("agent", ours), MemberFactory()
    asked(ours, agent, yuan=20, member=member)
    asked(ours, agent, yuan=30)
    asked(ours, agent, yuan=10, at=timezone.now() - timedelta(days=91))
    waiting = asked(ours, agent, yuan=80, member=member)
    response = client_for(somebody("supervisor", ours)).get(APPROVALS)
    (one,) = response.context["waiting"]
    assert one.grant == waiting
    assert (one.to_member.times, one.to_member.fen) == (1, 2_000)
    assert (one.by_agent.times, one.by_agent.fen) == (2, 5_000)


def test_shows_the_pictures_and_no_markup_of_others(ours):
    make_policy()
    member = MemberFactory(name="<b>张</b>")
    case = commands.open_case(
        member=member,
        kind="complaint",
        channel="portal",
        subject="<script>alert(1)</script>",
        body="碎了",
        department=ours,
        attachments=[picture()],
        actor=member,
        at=timezone.now(),
    )
    asked(ours, somebody("agent", ours), case=case, reason="<img src=x onerror=alert(1)>")
    response = client_for(somebody("supervisor", ours)).get(APPROVALS)
    shown = response.content.decode()
    assert "?small" in shown
    for hostile in ("<script>alert", "<img src=x", "<b>张"):
        assert hostile not in shown
    assert "script-src 'self'" in response["Content-Security-Policy"]


def test_the_menu_says_how_many_wait(ours):
    browser = client_for(somebody("supervisor", ours))
    assert "badge is-brand" not in browser.get("/admin/board/").content.decode()
    for _ in range(2):
        asked(ours, somebody("agent", ours))
    assert '审批 <b class="badge is-brand">2</b>' in browser.get("/admin/board/").content.decode()


def test_a_fixed_number_of_queries(ours):
    agent, browser, counts = somebody("agent", ours), client_for(somebody("supervisor", ours)), []
    for rows in (1, 2):
        for _ in range(rows):
            asked(ours, agent)
        browser.get(APPROVALS)
        with CaptureQueriesContext(connection) as made:
            assert browser.get(APPROVALS).status_code == 200
        counts.append(len(made))
    assert counts[0] == counts[1]
