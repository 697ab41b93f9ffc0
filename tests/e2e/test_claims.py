"""Claims, the audit of a text while it is typed, hot spots and overturned gaps, in a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from feedback.claims import auditing
from feedback.gaps import commands, days
from feedback.models import AuditTerm, Gap, Overturned
from tests.e2e.test_desk import open_page, scene, violations  # noqa: F401 -- fixtures
from tests.factories.claims import BEGIN, claim, fact
from tests.factories.feedback import ReviewFactory, StaffFactory
from tests.factories.shop import LineFactory, OrderFactory, ProductFactory, ShipmentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F13")]


@pytest.fixture
def shop(scene):  # noqa: F811 -- the fixture above
    now = timezone.now()
    AuditTerm.objects.create(
        kind="absolute",
        term="最佳",
        source="《广告法》第九条第（三）项",
        suggestion="优质",
        why="绝对化用语",
    )
    product = ProductFactory(external_id="T-SHIRT")
    fact(product, "material", "棉 80%, 聚酯纤维 20%", measure="composition")
    made = claim("最佳选择：纯棉T恤，48小时送达", product_id=product.pk, source="双十一主图")
    auditing.audit_claim(claim_id=made.pk, terms=auditing.terms_in_use(), at=BEGIN)
    for number, late in enumerate((True, True, False)):
        due = now - timedelta(days=3)
        order = OrderFactory(external_id=f"T{number}", status="delivered", region="浙江")
        parcel = ShipmentFactory(order=order, delivered_at=due + timedelta(days=late), carrier="顺丰")
        line = LineFactory(order=order, shipment=parcel, deliver_by=due, product=product)
        ReviewFactory(order_line=line, stars=2 if late else 5, written_at=now)
    commands.detect(at=now, order_ids=list(product.lines.values_list("order", flat=True)))
    days.catch_up(at=now)
    Overturned.objects.create(gap=Gap.objects.first(), at=now)
    StaffFactory(role="supervisor", username="zhu")
    return made


PAGES = ["claims/", "claims/findings/", "claims/check/", "claims/channels/", "hot-spots/",
         "hot-spots/rows/?by=region&value=浙江", "gap-cost/", "gaps-overturned/", "claims/new/"]  # fmt: skip


def test_a_text_is_audited_while_it_is_typed(shop, open_page, shots):  # noqa: F811
    page = open_page("/admin/claims/check/", who="zhu")
    page.locator("#product").fill(shop.product.external_id)
    page.locator("#text").fill("最 佳 的 100%棉")
    expect(page.locator("#checked mark.is-absolute")).to_have_text("最 佳")
    expect(page.locator("#checked mark.is-contradiction")).to_have_text("100%棉")
    page.screenshot(path=f"{shots}/claim-check.png", full_page=True)
    page.goto(page.url.replace("check/", f"{shop.pk}/"))
    page.get_by_role("button", name="确认承诺").first.click()
    expect(page.locator(".badge.is-ok").first).to_be_visible()
    assert page.errors == []


@pytest.mark.parametrize(
    ("theme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 1366), ("light", "en", 390)]
)
def test_the_pages_are_for_everybody(shop, open_page, shots, theme, language, width):  # noqa: F811
    page = open_page("/admin/claims/", who="zhu", theme=theme, language=language, width=width)
    for place, path in enumerate([*PAGES, f"claims/{shop.pk}/"]):
        page.goto(page.url.split("/admin/")[0] + f"/admin/{path}")
        page.screenshot(path=f"{shots}/claims-{place}-{language}-{theme}-{width}.png", full_page=True)
        assert violations(page) == [], path
