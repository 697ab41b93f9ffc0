"""What members care about, in a browser: the page of weights with its preview, and the card beside a case."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from feedback.defaults.expectations import seed_expectations
from feedback.models import GroupMean, SignWeight
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.expectations import cares
from tests.factories.feedback import StaffFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F24")]


@pytest.fixture
def scene():
    made, now = play(), timezone.now()
    seed_expectations(now)
    signs = {"case_speed": [5, 6, 5.0], "says_price": [7, None, 2.0]}
    cares(made.main.member, usual_days=3, usual_of=5, signs=signs)
    cares(cares_for="price")
    GroupMean.objects.create(
        group="tier:ordinary", members=40, quality=40, speed=20, price=30, service=10, computed_at=now
    )
    return made


@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 390)])
def test_weights_are_tried_before_they_are_kept(scene, chromium, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    client = Client()
    client.force_login(StaffFactory(is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    context = chromium.new_context(viewport={"width": width, "height": 768}, color_scheme=scheme)
    for name, value in (("sessionid", client.cookies["sessionid"].value), ("django_language", language)):
        context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
    page = context.new_page()
    wrong = complaints(page)
    page.goto(f"{live_server.url}{reverse('admin:case', args=[scene.main.pk])}")
    expect(page.locator(".cares-why li")).to_have_count(2)
    page.locator(".cares").screenshot(path=f"{shots}/cares-{language}-{scheme}-{width}.png")
    faults = axe.run(page).response["violations"]
    page.goto(f"{live_server.url}{reverse('admin:expectations')}")
    first = page.locator("[hx-post$='/try/'] tbody tr").nth(1).locator("td").last  # speed, then
    expect(first).to_have_text("1")
    page.locator("[name='case_speed.speed']").fill("0")
    expect(first).to_have_text("0")
    page.screenshot(path=f"{shots}/expectations-{language}-{scheme}-{width}.png", full_page=True)
    faults += axe.run(page).response["violations"]
    assert not [(one["id"], one["nodes"][0]["html"][:160]) for one in faults]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    with page.expect_navigation():
        page.locator("#weights button").click()
    expect(page.locator("[name='case_speed.speed']")).to_have_value("0")
    assert SignWeight.objects.get(sign="case_speed").weight == 0
    assert not wrong
    context.close()
