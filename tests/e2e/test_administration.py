"""What supervisors and finance read and edit in the admin, in a browser."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from feedback.models import Case
from feedback.remedies.commands import grant_for_case
from surveys.invitations.commands import invite_closed_cases
from surveys.responses.commands import answer
from tests.factories.feedback import CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.money import CouponTemplateFactory, PointsRuleFactory
from tests.factories.surveys import after_case, answers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("S5")]


@pytest.fixture
def desktop(chromium, live_server):
    user = StaffFactory(is_superuser=True, name="管理员")
    client = Client()
    client.force_login(user)
    contexts = []

    def make(scheme="light", language="zh-hans"):
        context = chromium.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme)
        for name, value in (
            ("sessionid", client.cookies["sessionid"].value),
            ("django_language", language),
        ):
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def answered():
    now = timezone.now()
    campaign = after_case()
    department = DepartmentFactory(name="客服部")
    for csat, ces in ((5, 5), (5, 4), (4, 5), (4, 3), (2, 1)):
        case = CaseFactory(closed=True, department=department, closed_at=now)
        invite_closed_cases(at=timezone.now())
        invitation = case.invitations.get()
        answer(
            invitation_id=invitation.pk,
            member=invitation.member,
            answers=answers(csat, ces, "还可以更快"),
            at=timezone.now(),
        )
    return campaign


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_results_can_be_read(desktop, live_server, answered, shots, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = desktop(scheme)
    page.goto(live_server.url + reverse("admin:survey_results", args=[answered.pk]))
    page.screenshot(path=f"{shots}/results-{scheme}.png", full_page=True)
    expect(page.locator(".result-figure").first).to_contain_text("80.0 %")
    found = axe.run(page).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def test_lists_and_forms_open(desktop, live_server, answered, shots):
    PointsRuleFactory()
    template = CouponTemplateFactory(code="sorry-60")
    agent = StaffFactory(role="agent")
    for case in Case.objects.filter(channel="portal")[:2]:
        Case.objects.filter(pk=case.pk).update(status="open", closed_at=None, resolved_at=None, resolution="")
        grant_for_case(
            case_id=case.pk,
            kind="coupon",
            template_id=template.pk,
            reason="包裹迟到三天",
            key="k",
            actor=agent,
            at=timezone.now(),
        )
    page = desktop()
    page.goto(f"{live_server.url}/admin/compensation/grant/")
    page.locator("input.action-select").first.check()
    page.get_by_label("理由").wait_for()
    page.screenshot(path=f"{shots}/admin-compensation-grant.png", full_page=True)
    for path in (
        "compensation/coupontemplate/add/",
        f"surveys/campaign/{answered.pk}/change/",
        "surveys/response/",
    ):
        page.goto(f"{live_server.url}/admin/{path}")
        page.screenshot(path=f"{shots}/admin-{path.strip('/').replace('/', '-')}.png", full_page=True)
        expect(page.locator("h1, h2, table, form")).not_to_have_count(0)
