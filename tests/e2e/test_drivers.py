"""Drivers in a browser: read in both languages and themes and on a phone, and opened by keyboard."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from compensation.models import Product
from feedback.models import Gap
from kpis.attribution import common, rules
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.compensation import OrderFactory
from tests.factories.feedback import CaseFactory
from tests.factories.kpis import make_answer, make_promised_order

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K5")]
DAY = timedelta(days=1)


@pytest.fixture
def user(monkeypatch):
    for module, name, value in (
        (rules, "FEW", 10),
        (rules, "RARE", 4),
        (rules, "EACH", 3),
        (common, "RARE", 4),
    ):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(common, "FEW", 8)
    made, now = play(), timezone.now()
    user = made.lead.user
    user.user_permissions.add(*Permission.objects.filter(codename__in=("view_snapshot", "add_improvement")))
    department = made.lead.departments.first()
    for place in range(24):
        answer = make_answer(department, 1 + place % 2 if place < 8 else 5 - place % 2, at=now - DAY)
        if place < 8:
            case = answer.response.invitation.case
            case.order = make_promised_order(due_at=now - 2 * DAY, late=True)
            case.save(update_fields=["order"])
    Gap.objects.update(detected_at=now - 2 * DAY)
    Product.objects.update(category="")  # else what was late would be of other categories
    then = now - 50 * DAY
    for place in range(16):
        member = make_answer(department, 1, at=then).response.invitation.member
        if place < 8:
            CaseFactory(member=member, opened_at=then + DAY)
            OrderFactory(member=member, placed_at=then + 12 * DAY)
    return user


@pytest.fixture
def open_as(chromium, live_server, user):
    contexts = []

    def make(*, scheme="light", language="zh-hans", width=1366):
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


@pytest.mark.parametrize(
    ("scheme", "language", "width"),
    [("light", "zh-hans", 1366), ("dark", "en", 1366), ("light", "en", 390), ("dark", "zh-hans", 390)],
)
def test_it_reads_well_everywhere(open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(scheme=scheme, language=language, width=width)
    wrong = []
    for name, path in {
        "page": reverse("admin:drivers") + "?metric=csat",
        "rows": reverse("admin:drivers_rows") + "?metric=csat&driver=gap:delivery&values=1,2",
        "back": reverse("admin:drivers_back"),
        "members": reverse("admin:drivers_back_rows"),
    }.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        expect(page.locator(".empty")).to_have_count(0)
        page.screenshot(path=f"{shots}/drivers-{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide"))
    assert not wrong, wrong
    assert page.wrong == []


def test_a_driver_opens_by_keyboard(open_as, live_server):
    page = open_as()
    page.goto(live_server.url + reverse("admin:drivers") + "?metric=csat")
    page.locator(".drivers-said a[href*='gap%3Adelivery']").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("table tbody tr")).to_have_count(8)
    page.locator(".crumb a").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".drivers-charts .chart")).to_have_count(2)


def test_those_who_came_back_open_by_keyboard(open_as, live_server):
    page = open_as()
    page.goto(live_server.url + reverse("admin:drivers"))
    page.locator(".page-head a").focus()
    page.keyboard.press("Enter")
    page.locator(".chart-table summary").focus()
    page.keyboard.press("Enter")
    page.locator(".chart-table tbody a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("table tbody tr")).to_have_count(8)


def test_on_paper_it_is_light_and_without_navigation(open_as, live_server):
    page = open_as(scheme="dark")
    page.goto(live_server.url + reverse("admin:drivers") + "?metric=csat")
    page.emulate_media(media="print")
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".figure-filter")).to_be_hidden()
    expect(page.locator(".chart").first).to_have_css("background-color", "rgb(255, 255, 255)")
