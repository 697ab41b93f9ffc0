"""The roster and where a case goes, in a browser."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.models import Agent, Calendar, DepartmentRule, Leave, Shift
from feedback.shifts import roster
from feedback.shifts.commands import plan_leave, plan_shift, set_presence
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.feedback import StaffFactory
from tests.factories.sop import OFFICE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F5")]

HOUR = timedelta(hours=1)


@pytest.fixture
def scene():
    made = play()
    now = timezone.now()
    office = Calendar.objects.create(
        code="office", name="工作日 9–18 点", name_en="Workdays 9–18", content=OFFICE
    )
    Agent.objects.filter(memberships__department=made.service).update(calendar=office)
    night = roster.midnight(roster.monday(timezone.localdate())) + 22 * HOUR
    for number in range(3):
        start = night + number * 24 * HOUR
        plan_shift(agent_id=made.agent.pk, starts_at=start, ends_at=start + 8 * HOUR, actor=None, at=now)
    off = night + 3 * 24 * HOUR - 22 * HOUR
    plan_leave(
        agent_id=made.agent.pk, starts_at=off, ends_at=off + 48 * HOUR, reason="sick", actor=None, at=now
    )
    set_presence(agent=made.agent, state="online", at=now)
    made.service.strategy = "least_loaded"
    made.service.save()
    DepartmentRule.objects.create(
        code="app",
        name="App 故障归技术部",
        name_en="App trouble",
        words=["App", "闪退"],
        department=made.logistics,
    )
    return made


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(user, *, scheme="light", language="zh-hans", width=1366):
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(viewport={"width": width, "height": 768}, color_scheme=scheme)
        for name, value in (
            ("sessionid", client.cookies["sessionid"].value),
            ("django_language", language),
        ):
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        page.wrong = complaints(page)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("scheme", "language", "width"),
    [("light", "zh-hans", 1366), ("dark", "en", 1366), ("light", "en", 390), ("dark", "zh-hans", 390)],
)
def test_pages_can_be_read(scene, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(StaffFactory(is_superuser=True), scheme=scheme, language=language, width=width)
    for name, path in {
        "roster": reverse("admin:roster"),
        "roster-agent": reverse("admin:roster-agent", args=[scene.agent.pk]),
        "roster-bring": reverse("admin:roster-bring"),
        "routing": reverse("admin:routing") + "?text=App%20闪退",
        "routing-none": reverse("admin:routing"),
    }.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/{name}-{language}-{scheme}-{width}.png", full_page=True)
        found = axe.run(page).response["violations"]
        assert not found, (name, [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert page.wrong == []


def test_a_week_is_planned_from_its_cell(scene, open_as, live_server):
    page = open_as(scene.lead.user, language="en")
    page.goto(live_server.url + reverse("admin:roster"))
    page.locator(f"a.roster-cell[aria-label^='{scene.agent}']").nth(5).click()
    page.get_by_label("from", exact=True).fill("22:00")
    page.get_by_label("until", exact=True).fill("06:00")
    page.get_by_role("button", name="Put on the roster").click()
    page.get_by_text("On the roster.").wait_for()
    shift = Shift.objects.order_by("-starts_at").first()
    assert shift.ends_at - shift.starts_at == 8 * HOUR
    page.get_by_role("button", name="Take leave back").first.click()
    page.get_by_text("Leave is taken back.").wait_for()
    assert not Leave.objects.exists()
    assert page.wrong == []
