"""Alerts, what ladders ask, time by department, chains on the case page, messengers."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from feedback.clocks import commands as clocks
from feedback.handoffs import commands as handoffs
from feedback.models import Alert, Approval, Case, CaseStatus, Messenger, Resolution, TeamRule
from feedback.org.alerts import alert
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F3")]
LATE = _("Late")


@pytest.fixture
def service():
    return DepartmentFactory(name="客服部")


@pytest.fixture
def lead(service):
    return AgentFactory(leads=[service], user__role="team_lead")


@pytest.fixture
def case(service, lead):
    make_policy(targets={"resolution": 60, "handoff": 240})
    return CaseFactory(department=service, agent=AgentFactory(departments=[service]), status="open")


def browser_of(user):
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def get(user, name, *args, **query):
    return browser_of(user).get(reverse(f"admin:{name}", args=args), query)


def post(user, name, *args, **data):
    return browser_of(user).post(reverse(f"admin:{name}", args=args), data)


def tell(user, *cases):
    for one in cases:
        alert(users=[user], case=one, kind="x", key=f"{one.pk}", title=LATE, at=timezone.now())


def test_alerts_are_complete_and_grouped_and_seen_one_case_or_all(service, lead):
    cases = CaseFactory.create_batch(12, department=service)
    tell(lead.user, *cases)
    page = get(lead.user, "alerts")
    (group,) = page.context["groups"]
    assert (group.number, len(group.cases), group.more) == (12, 10, 2)
    answer = post(lead.user, "alerts_seen", case=cases[0].pk)
    assert answer.url == reverse("admin:case", args=[cases[0].pk])
    assert Alert.objects.filter(read_at=None).count() == 11
    tell(lead.user, CaseFactory(department=service))  # came after the page was shown
    post(lead.user, "alerts_seen", upto=page.context["upto"])
    assert Alert.objects.filter(read_at=None).count() == 1
    assert get(StaffFactory(role="agent"), "alerts").context["groups"] == []


def test_what_went_to_another_department_since_is_told_no_more(service, lead):
    ours, gone = (
        CaseFactory(department=service, subject="茶杯"),
        CaseFactory(department=service, subject="秘密"),
    )
    tell(lead.user, ours, gone)
    Case.objects.filter(pk=gone.pk).update(department=DepartmentFactory())
    page = get(lead.user, "alerts").content.decode()
    assert "茶杯" in page
    assert "秘密" not in page
    assert gone.number in page, "it can still be put away"


@pytest.mark.parametrize("number", [1, 3])
def test_alerts_cost_the_same_queries(service, lead, number, django_assert_max_num_queries):
    tell(lead.user, *CaseFactory.create_batch(number, department=service))
    browser = browser_of(lead.user)
    with django_assert_max_num_queries(14):
        browser.get(reverse("admin:alerts"))


def test_lead_decides_what_a_ladder_asked(case, lead):
    clocks.start_for_case(case, actor=None, at=timezone.now())
    approval = Approval.objects.create(
        case=case,
        clock=case.clocks.get(),
        rung=0,
        department=case.department,
        kind="overrun",
        reason="再等等",
        asked_at=timezone.now(),
    )
    assert "再等等" in get(lead.user, "ladder_approvals").content.decode()
    long = post(lead.user, "ladder_approval", approval.pk, verdict="approve", note="x" * 300)
    assert long.status_code == 400
    assert "x" * 300 in long.content.decode()  # nothing typed is lost
    assert post(lead.user, "ladder_approval", approval.pk, verdict="approve", note="可以").status_code == 302
    approval.refresh_from_db()
    assert (approval.status, approval.note) == ("approved", "可以")
    again = post(lead.user, "ladder_approval", approval.pk, verdict="refuse")
    assert again.status_code == 409
    assert post(StaffFactory(role="agent"), "ladder_approval", approval.pk).status_code == 403


@pytest.mark.req("F4")
def test_chain_and_acceptance_on_the_case_page(case, lead):
    first, second = DepartmentFactory.create_batch(2)
    helper = AgentFactory(departments=[first, second], user__role="agent")
    post(lead.user, "case_act", case.pk, "hand-over", department=first.pk, question="一")
    handoff = case.handoffs.get()
    post(lead.user, "case_act", case.pk, "hand-over", department=second.pk, question="二", after=handoff.pk)
    assert list(case.handoffs.values_list("status", flat=True)) == ["open", "planned"]
    assert "comes after" in get(lead.user, "case", case.pk).content.decode()
    assert 'value="accept"' not in get(lead.user, "case", case.pk).content.decode()
    post(helper.user, "case_act", case.pk, "accept", handoff=handoff.pk)
    handoff.refresh_from_db()
    assert handoff.accepted_by == helper.user
    assert "accepted it" in get(helper.user, "case", case.pk).content.decode()


@pytest.mark.req("F4")
def test_time_by_department_as_page_and_file(case, lead):
    other, now = DepartmentFactory(name="物流部", name_en="Logistics"), timezone.now()
    Case.objects.filter(pk=case.pk).update(opened_at=now - timedelta(hours=2))
    handoff = handoffs.hand_over(
        case_id=case.pk, department_id=other.pk, question="?", actor=lead.user, at=now - timedelta(hours=1)
    )
    handoffs.answer(handoff_id=handoff.pk, answer="x", actor=lead.user, at=now - timedelta(minutes=30))
    assert "Logistics" in get(lead.user, "case", case.pk).content.decode()
    Case.objects.filter(pk=case.pk).update(
        status=CaseStatus.RESOLVED, resolved_at=now, resolution=Resolution.SOLVED
    )
    told = get(lead.user, "handoff_report").context["told"]
    assert (told.cases, told.whole) == (1, timedelta(hours=2))
    assert [line.time for line in told.lines] == [timedelta(minutes=90), timedelta(minutes=30)]
    boss = AgentFactory(leads=[case.department], user__role="supervisor").user
    text = b"".join(get(boss, "handoff_report_export", "csv").streaming_content).decode()
    assert "2:00:00" in text
    assert get(lead.user, "handoff_report", since="2026-02-01", until="2026-01-01").status_code == 400
    assert get(lead.user, "handoff_report", since="2020-01-01").status_code == 400
    assert get(lead.user, "handoff_report", since="x").status_code == 400


def test_messenger_is_kept_without_showing_its_address(service):
    admin = StaffFactory(is_superuser=True)
    data = {"name": "群", "kind": "dingtalk", "department": service.pk, "is_active": "on"}
    add = reverse("admin:feedback_messenger_add")
    browser = browser_of(admin)
    assert browser.post(add, {**data, "address": "https://example.com/"}).status_code == 200
    assert browser.post(add, data).status_code == 200
    assert not Messenger.objects.exists()
    pasted = "https://oapi.dingtalk.com/robot/send?access_token=geheim123"
    assert browser.post(add, {**data, "address": pasted}).status_code == 302
    messenger = Messenger.objects.get()
    change = reverse("admin:feedback_messenger_change", args=[messenger.pk])
    assert "geheim123" not in browser.get(change).content.decode()
    assert browser.post(change, {**data, "name": "新群"}).status_code == 302
    assert Messenger.objects.get().sealed_url == messenger.sealed_url
    assert browser.post(change, {**data, "user": admin.pk}).status_code == 200  # two owners


def test_the_rules_of_working_together_are_one_row():
    browser = browser_of(StaffFactory(is_superuser=True))
    add = reverse("admin:feedback_teamrule_add")
    assert browser.post(add, {"alert_window": "00:10:00", "bounce_limit": 2}).status_code == 302
    assert TeamRule.objects.get().bounce_limit == 2
    assert browser.get(add).status_code == 403
