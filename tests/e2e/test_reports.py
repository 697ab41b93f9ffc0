"""Reports in a browser: read in both languages, taken out as files, decided on by keyboard."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from kpis.models import ReportKind, ReportReader
from kpis.reports import commands, deciding
from kpis.reports.rules import last_period
from tests.e2e.listening import complaints
from tests.factories.feedback import DepartmentFactory
from tests.factories.improvements import staff
from tests.factories.reports import measured

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K3")]
LOOKS = [
    ("light", "zh-hans", 1366),
    ("dark", "en", 390),
    ("dark", "zh-hans", 1366),
    ("light", "en", 390),
]


@pytest.fixture
def scene():
    """A week of a department with figures, and its report with a comment."""
    department, now = DepartmentFactory(), timezone.now()
    boss = staff(department)
    measured(department)
    days = last_period(ReportKind.WEEKLY, timezone.localdate())
    report = commands.make(kind=ReportKind.WEEKLY, days=days, department=department, at=now)
    late = timezone.localdate() + timedelta(1)
    deciding.note(report_id=report.pk, text="慢了", owner=boss, due_on=late, actor=boss, at=now)
    return {"boss": boss, "report": report}


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
    addresses = {
        "list": reverse("admin:reports"),
        "one": reverse("admin:report", args=[scene["report"].pk]),
    }
    for name, path in addresses.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/reports-{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide"))
    assert not wrong, wrong
    assert page.wrong == []


def test_it_is_taken_out_decided_on_and_ticked_by_keyboard(scene, open_as, live_server):
    page, report = open_as(scene["boss"]), scene["report"]
    page.goto(live_server.url + reverse("admin:report", args=[report.pk]))
    for kind in ("pdf", "xlsx"):
        with page.expect_download() as taken:
            page.locator(f"a[href$='file.{kind}']").click()
        assert taken.value.suggested_filename.endswith(f".{kind}")
    page.locator("form[action$='/done/'] button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast.is-success")).to_be_visible()
    page.locator("textarea[name=text]").focus()
    page.keyboard.type("加夜班")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.fill("input[name=due_on]", f"{timezone.localdate() + timedelta(3)}")
    page.locator("form[action$='/note/'] button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("form[action$='/done/']")).to_have_count(1)
    assert report.notes.filter(owner__isnull=False).count() == 2
    page.goto(live_server.url + reverse("admin:reports"))
    page.locator("form[action$='/tell-me/'] button").first.click()
    expect(page.locator("form[action$='/tell-me/'] input[name=is_on]").first).to_have_value("0")
    assert ReportReader.objects.get().user == scene["boss"]
    assert page.wrong == []


def test_on_paper_it_is_light_and_without_navigation(scene, open_as, live_server):
    page = open_as(scene["boss"], scheme="dark")
    page.goto(live_server.url + reverse("admin:report", args=[scene["report"].pk]))
    page.emulate_media(media="print")
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".card").first).to_have_css("background-color", "rgb(255, 255, 255)")
