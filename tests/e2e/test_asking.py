"""Counting, launching and looking at a campaign, in a browser."""

from datetime import time

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from surveys.invitations.commands import ask
from surveys.models import CampaignWording, SurveyTerms
from tests.factories.care import SegmentFactory
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import StaffFactory
from tests.factories.surveys import drafted

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("S1")]

DESKTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


@pytest.fixture
def staff(chromium, live_server):
    client = Client()
    client.force_login(StaffFactory(is_superuser=True, name="管理员"))
    contexts = []

    def make(scheme="light", language="zh-hans", viewport=DESKTOP):
        context = chromium.new_context(viewport=viewport, color_scheme=scheme)
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
def campaign():
    SurveyTerms.objects.create(quiet_from=time(0), quiet_until=time(0))
    north = SegmentFactory(name="北京会员", filters={"region": "北京"})
    for region in ["北京"] * 3 + ["上海"] * 3:
        MemberFactory(region=region, email="m@example.com")
    MemberFactory(region="北京", phone="")
    made = drafted("spring", strata=[(north, 100)], remind_days=[3], channels=["sms", "email"])
    CampaignWording.objects.create(
        campaign=made, channel="sms", title="{member|您好}，我们做得怎么样？",
        title_en="{member|Hello}, how was it?", body="三个问题，约一分钟。",
    )  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("scheme", "language", "viewport"), [("light", "zh-hans", DESKTOP), ("dark", "en", PHONE)]
)
def test_a_campaign_is_counted_launched_and_looked_at(
    staff, live_server, campaign, shots, scheme, language, viewport
):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = staff(scheme, language, viewport)

    def look(name):
        found = axe.run(page).response["violations"]
        page.screenshot(path=f"{shots}/asking-{name}-{scheme}-{language}.png", full_page=True)
        assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")

    at = live_server.url + reverse("admin:survey_campaign", args=[campaign.pk])
    page.goto(at)
    expect(page.locator(".asking-big")).to_have_text("3")
    look("draft")
    page.locator(f'form[action$="/survey/{campaign.pk}/do/launch/"] button').click()
    expect(page.locator(".badge.is-ok")).to_be_visible()
    ask(at=timezone.now())
    page.goto(at)
    expect(page.locator("[aria-labelledby=waves] tbody tr")).to_be_visible()
    look("running")
    page.goto(live_server.url + reverse("admin:survey_messages", args=[campaign.pk]))
    look("messages")
    page.goto(live_server.url + reverse("admin:survey_terms"))
    look("terms")
    member = campaign.waves.get().invitations.first().member_id
    page.goto(live_server.url + reverse("admin:survey_member", args=[member]))
    look("member")


def test_the_form_shows_what_its_occasion_uses(staff, live_server, campaign, shots):
    page = staff()
    page.goto(live_server.url + reverse("admin:surveys_campaign_change", args=[campaign.pk]))
    rhythm, delay = page.locator("[name=rhythm]"), page.locator("[name=delay_hours]")
    expect(rhythm).to_be_hidden()
    expect(delay).to_be_hidden()
    page.locator("[name=occasion]").select_option("recurring")
    expect(rhythm).to_be_visible()
    page.locator("[name=occasion]").select_option("delivered")
    expect(delay).to_be_visible()
    expect(rhythm).to_be_hidden()
    page.screenshot(path=f"{shots}/asking-form.png", full_page=True)
