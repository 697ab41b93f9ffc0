"""The results of a survey, page by page, in a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from surveys.models import SurveyTerms
from surveys.results import sums
from tests.e2e.test_desk import open_page, scene, violations  # noqa: F401 -- fixtures
from tests.factories.feedback import StaffFactory
from tests.factories.results import campaign, given, silent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("S5")]


@pytest.fixture
def asking(scene):  # noqa: F811 -- the fixture above
    asking = campaign(occasion="recurring", rhythm="month")
    SurveyTerms.objects.update_or_create(pk=1, defaults={"few": 5})
    now = timezone.now()
    for back, score in ((62, 5), (31, 4), (0, 2)):
        at = now - timedelta(days=back)
        for segment, gift in (("vip", {"so": 1, "not": 5}), ("new", {"so": 1, "not": 3})):
            given(asking, 3, at=at, asked_at=at, segments=[segment], csat=score, nps=2 * score, ces=score,
                  least="price", what=["price", "speed"], order=["speed", "price"], gift=gift, paid="9",
                  parts={"box": score, "cup": 3}, agree=True, words="包装破损，客服耐心")  # fmt: skip
        silent(asking, 2, at=at)
    sums.catch_up()
    StaffFactory(role="analyst", username="fen")
    return asking


def test_from_the_list_to_a_segment_and_on(asking, open_page):  # noqa: F811
    page = open_page("/admin/survey/results/", who="fen")
    page.get_by_role("link", name=str(asking)).last.click()
    expect(page.locator(".result-figure").first).to_be_visible()
    page.locator("#by-segment").select_option("vip")
    page.locator(".narrow .is-main").click()
    expect(page.locator("#by-segment")).to_have_value("vip")
    page.locator(".tabs .tab").nth(2).click()
    expect(page.locator("#by-segment")).to_have_value("vip")
    assert page.errors == []


@pytest.mark.parametrize(("theme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 390)])
def test_the_pages_are_for_everybody(asking, open_page, shots, theme, language, width):  # noqa: F811
    page = open_page("/admin/survey/results/", who="fen", theme=theme, language=language, width=width)
    base = page.url.split("/admin/")[0]
    for name in ("results/", "trend/", "groups/", "crosstab/?across=least", "words/"):
        page.goto(f"{base}/admin/survey/{asking.pk}/{name}")
        page.screenshot(path=f"{shots}/survey-{name[:5]}-{language}-{theme}-{width}.png", full_page=True)
        assert violations(page) == [], name
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), name
    assert page.errors == []
