"""The funnel in a browser: read in both languages and themes and on a phone, and opened by keyboard."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from kpis.funnels.commands import take
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.kpis.admin.test_funnel import go

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K4")]


@pytest.fixture
def user():
    made, now = play(), timezone.now()
    noon = timezone.localtime(now).replace(hour=12, minute=0) - timedelta(days=20)
    go(noon, ordered=40, paid=10)
    go(noon, ordered=40, paid=40, device="web", payment="alipay")
    go(noon + timedelta(days=18), ordered=3)
    take(first=noon.date() - timedelta(30), last=now.date(), at=now)
    user = made.lead.user
    wanted = ("view_snapshot", "change_funnelterms", "add_improvement")
    user.user_permissions.add(*Permission.objects.filter(codename__in=wanted))
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
        "page": reverse("admin:funnel"),
        "rows": reverse("admin:funnel_rows") + "?step=pay&lost=1",
        "terms": reverse("admin:funnel_terms"),
    }.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/funnel-{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide"))
    assert not wrong, wrong
    assert page.wrong == []


def test_a_number_opens_by_keyboard(open_as, live_server):
    page = open_as()
    page.goto(live_server.url + reverse("admin:funnel"))
    row = page.locator("[aria-labelledby=steps-title] tbody tr").nth(3)
    row.locator("a").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("table tbody tr")).to_have_count(30)


def test_on_paper_it_is_light_and_without_navigation(open_as, live_server):
    page = open_as(scheme="dark")
    page.goto(live_server.url + reverse("admin:funnel"))
    page.emulate_media(media="print")
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".figure-filter")).to_be_hidden()
    expect(page.locator(".chart").first).to_have_css("background-color", "rgb(255, 255, 255)")
