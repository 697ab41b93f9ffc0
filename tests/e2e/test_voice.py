"""Searching reviews, and a product's voice with its charts, in a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from feedback.models import GapDay, Triage
from feedback.voice import days
from tests.e2e.test_desk import open_page, scene, violations  # noqa: F401 -- fixtures
from tests.factories.claims import claim
from tests.factories.compensation import OrderLineFactory, ProductFactory
from tests.factories.feedback import ReviewFactory, StaffFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F14")]
SAID = (
    (1, "杯子收到就漏水了，很失望", "product_quality", -0.7),
    (2, "快递等了一周，盒子也压坏了", "logistics", -0.5),
    (5, "质量很好，不漏水，推荐", "product_quality", 0.8),
    (4, "物流很快，包装也用心", "logistics", 0.6),
)


@pytest.fixture
def product(scene):  # noqa: F811 -- the fixture above
    product = ProductFactory(external_id="CUP-1", name="手冲咖啡壶", category="厨具")
    line, now = OrderLineFactory(product=product), timezone.now()
    for number in range(24):
        stars, text, aspect, tone = SAID[number % (2 if number < 6 else 4)]
        review = ReviewFactory(
            order_line=line, stars=stars, text=text, written_at=now - timedelta(days=3 * number, hours=1)
        )
        Triage.objects.create(
            review=review, aspects=[aspect], tones={aspect: tone}, sentiment=tone, read_at=now,
            feeling="positive" if tone > 0 else "negative", keywords=text.split("，"),
        )  # fmt: skip
    for back in range(0, 60, 3):
        day = timezone.localdate() - timedelta(days=back)
        GapDay.objects.create(
            day=day, aspect="delivery", by="product", value=str(product.pk), n=9, gaps=back % 4
        )
    claim("滴水不漏，终身质保", product_id=product.pk)
    while days.catch_up():
        pass
    StaffFactory(role="supervisor", username="zhu")
    return product


def test_words_are_found_and_lead_to_the_product(product, open_page):  # noqa: F811
    page = open_page("/admin/reviews/search/", who="zhu")
    page.locator("#id_q").fill("漏水")
    page.locator("#id_q").press("Enter")
    expect(page.locator(".voice-text mark").first).to_have_text("漏水")
    page.get_by_role("link", name=product.name).first.click()
    expect(page.locator(".voice-canvas canvas").first).to_be_visible()
    expect(page.locator("#mean-title")).to_be_visible()
    assert page.errors == []


@pytest.mark.parametrize(("theme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 390)])
def test_the_pages_are_for_everybody(product, open_page, shots, theme, language, width):  # noqa: F811
    page = open_page("/admin/voice/", who="zhu", theme=theme, language=language, width=width)
    base = page.url.split("/admin/")[0]
    for place, path in enumerate(["voice/", f"voice/{product.pk}/", "reviews/search/?q=漏水"]):
        page.goto(f"{base}/admin/{path}")
        page.screenshot(path=f"{shots}/voice-{place}-{language}-{theme}-{width}.png", full_page=True)
        assert violations(page) == [], path
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), path
    assert page.errors == []
