"""The SOP changed in a browser: a draft, a trial on past cases, publishing it with the clocks that run."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from feedback.clocks import commands
from feedback.models import Clock, Policy, PolicyTarget
from tests.factories.compensation import TierFactory
from tests.factories.feedback import StaffFactory
from tests.factories.sop import SopCaseFactory, SopDepartmentFactory, make_policy

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F2")]

MINUTE = timedelta(minutes=1)


@pytest.fixture
def desktop(chromium, live_server):
    client = Client()
    client.force_login(StaffFactory(is_superuser=True, name="管理员"))
    contexts = []

    def make(scheme="light", language="zh-hans", width=1366):
        context = chromium.new_context(viewport={"width": width, "height": 768}, color_scheme=scheme)
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
def drafted():
    """Twelve past cases of two departments, a running one, and a policy whose draft is stricter."""
    TierFactory()
    policy = make_policy(targets={"first_reply": 30, "resolution": 2880, "call_back": 60})
    Policy.objects.update(name="投诉", name_en="Complaint")
    at = timezone.now() - timedelta(days=2)
    with transaction.atomic():
        for name in ("客服部", "物流部"):
            department = SopDepartmentFactory(name=name, name_en=name)
            for minutes in (5, 12, 18, 25, 40, 90):
                case = SopCaseFactory(department=department, opened_at=at)
                commands.start_for_case(case, actor=None, at=at)
                commands.replied(case, actor=None, at=at + minutes * MINUTE)
        commands.start_for_case(SopCaseFactory(department=department), actor=None, at=timezone.now())
    PolicyTarget.objects.filter(milestone="first_reply").update(within=15 * MINUTE)
    Policy.objects.update(kinds=["complaint", "refund"])
    return policy


def fine(axe, page):
    found = axe.run(page).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 390)])
def test_a_draft_is_tried_and_published(desktop, live_server, drafted, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = desktop(scheme, language, width)
    page.goto(live_server.url + reverse("admin:sop-changes"))
    page.locator(".sop-tick b", has_text=re.compile(r"\d")).wait_for()
    page.screenshot(path=f"{shots}/sop-changes-{scheme}.png", full_page=True)
    fine(axe, page)
    page.locator("#step-try").locator("..").locator("button").click()
    page.wait_for_selector("tfoot")
    page.wait_for_selector("#trial:not([hx-post])")
    page.screenshot(path=f"{shots}/sop-trial-{scheme}.png", full_page=True)
    fine(axe, page)
    expect(page.locator(".sop-sum")).to_contain_text("+4")  # 18 and 25 minutes, in two departments
    page.go_back()
    page.locator(".sop-tick input").check()
    page.locator("#step-publish").locator("..").locator("button").click()
    page.wait_for_selector(".empty")
    assert Clock.objects.filter(policy_version__number=2).exists()
    page.goto(live_server.url + reverse("admin:feedback_policy_change", args=[drafted.pk]))
    page.screenshot(path=f"{shots}/sop-policy-{scheme}.png", full_page=True)
    page.goto(live_server.url + reverse("admin:sop"))
    page.screenshot(path=f"{shots}/sop-preview-{scheme}.png", full_page=True)
    fine(axe, page)
