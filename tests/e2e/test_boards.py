"""Dashboards in a browser: readable in both languages, light and dark, on a desk and a phone, on paper."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from kpis.defaults.seed import seed
from kpis.models import Dimension, MetricCode
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.figures import make_days

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K3")]
WAYS = [("light", "zh-hans", 1366), ("dark", "en", 390)]


@pytest.fixture
def scene():
    made, today = play(), timezone.localdate()
    seed(timezone.now())
    for place in ({}, {"dimension": Dimension.DEPARTMENT, "key": str(made.service.pk)}):
        make_days(today - timedelta(420), today, 0.93, **place)
        make_days(today - timedelta(60), today, 0.85, metric=MetricCode.RESOLUTION, **place)
    make_days(
        today - timedelta(60), today, 0.5, metric=MetricCode.SLA, dimension=Dimension.CHANNEL, key="chat"
    )
    return made


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(user, *, scheme, language, width):
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


@pytest.fixture
def supervisor(scene):
    user = scene.lead.user
    user.groups.add(Group.objects.get(name="主管"))
    return user


@pytest.mark.parametrize(("scheme", "language", "width"), WAYS)
def test_dashboards_can_be_read_everywhere(supervisor, scene, open_as, live_server, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(supervisor, scheme=scheme, language=language, width=width)
    wrong = []
    for address in (
        reverse("admin:board_supervisor"),
        reverse("admin:board_executive"),
        reverse("admin:board_department", args=[scene.service.pk]),
        reverse("admin:board_product") + "?category=x",
    ):
        page.goto(live_server.url + address)
        expect(page.locator("figure.chart").first).to_be_visible()
        page.locator(".chart-table > summary").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".chart-table table").first).to_be_visible()
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((address, "too wide"))
        wrong += [
            (address, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
    assert not wrong, wrong
    assert page.wrong == []


def test_filters_are_kept_in_the_address_and_paper_has_no_navigation(supervisor, scene, open_as, live_server):
    page = open_as(supervisor, scheme="dark", language="zh-hans", width=1366)
    page.goto(live_server.url + reverse("admin:board_supervisor"))
    page.locator("[name=period]").select_option("90d")
    page.locator("[name=department]").select_option(str(scene.service.pk))
    page.locator(".boards-filter button").click()
    expect(page.locator("[name=period]")).to_have_value("90d")
    assert f"department={scene.service.pk}" in page.url
    page.emulate_media(media="print")
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".boards-filter")).to_be_hidden()
    expect(page.locator(".chart").first).to_have_css("background-color", "rgb(255, 255, 255)")
