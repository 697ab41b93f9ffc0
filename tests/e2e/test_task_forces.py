"""A task force in a browser: its meeting is held by keyboard, its pages are read in both languages."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from kpis.models import FigureAlert, Meeting, MetricCode, Resolve
from kpis.task_force import deciding
from tests.e2e.listening import complaints
from tests.factories.feedback import DepartmentFactory
from tests.factories.figures import make_days, make_goal
from tests.factories.improvements import accepted, staff
from tests.factories.task_forces import begun, called, decided, ended, force

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K10")]
DAY = timedelta(days=1)
LOOKS = [
    ("light", "zh-hans", 1366),
    ("dark", "en", 390),
    ("dark", "zh-hans", 1366),
    ("light", "en", 390),
]


@pytest.fixture
def scene():
    """A task force that met a week ago, and numbers for its next agenda."""
    department, now, today = DepartmentFactory(), timezone.now(), timezone.localdate()
    boss = staff(department)
    found = force(department, leader=boss)
    before = begun(found, at=now - 8 * DAY)
    decision = decided(before, days=2, at=now - 8 * DAY)
    Meeting.objects.filter(pk=before.pk).update(state="ended", ended_at=now - 8 * DAY)
    make_days(today - 90 * DAY, today - DAY, 0.9)
    make_goal("95")
    FigureAlert.objects.create(
        metric=MetricCode.CSAT, kind="turn", first=today - DAY, last=today, n=50, value=4.1, against=4.6,
        found_at=now,
    )  # fmt: skip
    accepted(department, days=1, at=now - 9 * DAY)
    return {"boss": boss, "force": found, "decision": decision, "meeting": called(found)}


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(user, *, scheme="light", language="zh-hans", width=1366):
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
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


@pytest.mark.parametrize(("scheme", "language", "width"), LOOKS)
def test_pages_can_be_read(scene, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, wrong = open_as(scene["boss"], scheme=scheme, language=language, width=width), []
    found, now = scene["force"], timezone.now()
    under_way = begun(force(DepartmentFactory(), leader=None), at=now)
    decided(under_way)
    done = decided(under_way)
    deciding.done(resolve_id=done.pk, outcome="好了", actor=scene["boss"], at=now)
    addresses = {
        "list": reverse("admin:task_forces"),
        "one": reverse("admin:task_force", args=[found.pk]),
        "edit": reverse("admin:task_force_edit", args=[found.pk]),
        "called": reverse("admin:task_force_meeting", args=[scene["meeting"].pk]),
        "under-way": reverse("admin:task_force_meeting", args=[under_way.pk]),
        "ended": reverse("admin:task_force_meeting", args=[ended(at=now - DAY).pk]),
        "decisions": reverse("admin:task_force_decisions"),
        "decision": reverse("admin:task_force_decision", args=[scene["decision"].pk]),
        "done": reverse("admin:task_force_decision", args=[done.pk]),
    }
    for name, path in addresses.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/task-forces-{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide"))
    assert not wrong, wrong
    assert page.wrong == []


def test_a_meeting_is_held_by_keyboard(scene, open_as, live_server):
    page, meeting, boss = open_as(scene["boss"]), scene["meeting"], scene["boss"]
    page.goto(live_server.url + reverse("admin:task_force_meeting", args=[meeting.pk]))
    page.locator("form[action$='/begin/'] button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".agenda > li")).to_have_count(4)
    page.locator("textarea[name^='said-']").first.focus()
    page.keyboard.type("还差一半")
    page.locator("textarea[name=minutes]").focus()
    page.keyboard.type("第一行")
    page.keyboard.press("Enter")
    page.keyboard.type("第二行")
    page.select_option(f"[name=presence-{boss.pk}]", "present")
    page.locator("button[name=on-topic]").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=decision-text]")).to_be_focused()
    expect(page.locator("[name=decision-topic]")).to_have_value(f"{meeting.topics.first().pk}")
    page.keyboard.type("再给一周")
    page.select_option("[name=decision-owner]", f"{boss.pk}")
    page.locator("button[formaction$='/end/']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("[name=decision-text]")).to_have_value("再给一周")
    expect(page.locator(f"[name=presence-{boss.pk}]")).to_have_value("present")
    page.locator("button[formaction$='/decide/']").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast.is-success")).to_be_visible()
    expect(page.locator("textarea[name=minutes]")).to_have_value("第一行\n第二行")
    page.locator("button[formaction$='/end/']").click()
    expect(page.locator("#meeting")).to_have_count(0)
    meeting.refresh_from_db()
    assert (meeting.state, meeting.minutes) == ("ended", "第一行\n第二行")
    assert meeting.topics.first().said == "还差一半"
    assert meeting.attendance.get(user=boss).presence == "present"
    made = Resolve.objects.exclude(pk=scene["decision"].pk).get()
    page.goto(live_server.url + reverse("admin:task_force_decision", args=[made.pk]))
    page.locator("[name=outcome]").focus()
    page.keyboard.type("做好了")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("form[action$='/done/']")).to_have_count(0)
    made.refresh_from_db()
    assert (made.outcome, made.topic) == ("做好了", meeting.topics.first())
    assert [one for one in page.wrong if "400" not in one] == []  # the half decision
