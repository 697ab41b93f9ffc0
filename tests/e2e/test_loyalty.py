"""Loyalty in a browser: in both languages and themes and on a phone, from all members to one by keyboard."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from compensation.models import TierPeriod
from kpis.models import LoyaltyMonth, LoyaltyWeights
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.compensation import TierFactory
from tests.factories.loyalty import AT, NEWEST, shop, taken

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K9")]
RIGHTS = ("view_loyaltyrun", "view_loyaltymonth", "change_loyaltyweights", "view_member")


@pytest.fixture
def user():
    user = play().lead.user
    user.user_permissions.add(*Permission.objects.filter(codename__in=RIGHTS))
    tier = TierFactory(code="gold", name="金卡")
    for member in shop(500, leaves=True, tier=tier):
        TierPeriod.objects.create(member=member, tier=tier, starts_at=member.registered_at, reason="start")
    assert taken(AT)[-1].may_warn
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
    likeliest = LoyaltyMonth.objects.filter(month=NEWEST, chance__isnull=False).order_by("-chance").first()
    wrong = []
    for name, path in {
        "page": reverse("admin:loyalty"),
        "members": reverse("admin:loyalty_members"),
        "member": reverse("admin:loyalty_member", args=[likeliest.member_id]),
        "weights": reverse("admin:loyalty_weights"),
    }.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        expect(page.locator(".empty")).to_have_count(0)
        page.screenshot(path=f"{shots}/loyalty-{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide"))
    assert not wrong, wrong
    assert page.wrong == []


def test_from_all_members_to_one_by_keyboard(open_as, live_server):
    page = open_as()
    page.goto(live_server.url + reverse("admin:loyalty"))
    page.locator(".drivers-said a[href*='order=risk']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("table tbody tr").first).to_be_visible()
    page.locator("table tbody th a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chart")).to_have_count(1)
    expect(page.locator(".badge.is-bad")).to_have_count(1)


def test_weights_are_tried_and_set(open_as, live_server):
    page = open_as()
    page.goto(live_server.url + reverse("admin:loyalty_weights"))
    page.locator("#id_behaviour").fill("80")
    page.locator("button[name=try]").click()
    expect(page.locator("#trial")).to_be_visible()
    expect(page.locator("#id_behaviour")).to_have_value("80")
    page.locator("form button.is-main").click()
    expect(page.locator("[id^=v]").filter(has=page.locator("xpath=self::h2"))).to_have_count(2)
    assert LoyaltyWeights.objects.order_by("-version").first().content["parts"]["behaviour"] == 80
