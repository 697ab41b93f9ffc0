"""Money back from the case page and finance's list of refunds, in a browser, for everybody's eyes."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from compensation.models import RefundOrder
from compensation.refunds import by_hand
from config.common.models import User
from tests.e2e.test_desk import open_page, scene, violations  # noqa: F401 -- fixtures
from tests.factories.feedback import AgentFactory, StaffFactory
from tests.factories.refunds import make_order, refund

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("C6")]


@pytest.fixture
def bought(scene):  # noqa: F811 -- the fixture above
    case = scene.main
    order = make_order(12_900, 4_000, freight_fen=800, member=case.member)
    case.order = order
    case.save(update_fields=["order"])
    return case


def test_money_back_in_two_clicks_then_changed_and_withdrawn(bought, open_page, shots):  # noqa: F811
    page = open_page(f"/admin/case/{bought.pk}/")
    page.get_by_text("退款 / 退差价", exact=True).click()
    line = page.locator("details.give[open] .give-lines li").nth(1)
    line.locator("input[type=checkbox]").check()
    page.locator("details.give[open] textarea[name=reason]").fill("少发了一件")
    page.screenshot(path=f"{shots}/giving-zh-light.png", full_page=True)
    page.get_by_role("button", name="退回").click()
    past = page.locator(".past", has_text="退款").first
    expect(past).to_be_visible()
    expect(past).to_contain_text(RefundOrder.objects.get().number)
    page.get_by_text("重发 / 送礼品").click()
    opened = page.locator("details.give[open]")
    opened.get_by_label("礼品", exact=True).first.check()
    opened.locator("input[name=gift]").fill("杯子")
    opened.locator("input[name=worth]").fill("99")
    opened.locator("textarea[name=reason]").fill("致歉")
    opened.locator(".panel-foot button").click()
    asked = page.locator(".past li", has_text="杯子")
    expect(asked).to_contain_text("待审批")
    page.screenshot(path=f"{shots}/giving-asked.png", full_page=True)
    asked.get_by_text("修改").first.click()
    page.screenshot(path=f"{shots}/giving-change.png", full_page=True)
    page.get_by_role("button", name="撤回").click()
    expect(asked).to_contain_text("已撤回")
    assert page.errors == []


@pytest.mark.parametrize(
    ("theme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 1366), ("light", "en", 390)]
)
def test_the_forms_are_for_everybody(bought, open_page, shots, theme, language, width):  # noqa: F811
    page = open_page(f"/admin/case/{bought.pk}/", theme=theme, language=language, width=width)
    for one in page.locator("details.give > summary").all():
        one.click()
    page.screenshot(path=f"{shots}/giving-{language}-{theme}-{width}.png", full_page=True)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_finance_follows_and_settles_refunds(bought, open_page, shots):  # noqa: F811
    user = StaffFactory(is_superuser=True, username="money", name="财务")
    AgentFactory(user=user)
    ones = [refund(make_order(10_000 + number), at=timezone.now()) for number in range(3)]
    by_hand.give_up(
        refund_id=ones[2].pk, reason="账号已注销", actor=User.objects.get(pk=user.pk), at=timezone.now()
    )
    page = open_page("/admin/compensation/refundorder/", who="money")
    page.locator("tr", has_text=ones[0].number).locator("input.action-select").check()
    page.get_by_label("单号或原因").fill("BANK-7")
    page.screenshot(path=f"{shots}/refunds.png", full_page=True)
    page.locator("select[name=action]").select_option("settle")
    page.locator("button[name=index]").first.click()
    expect(page.locator("tr", has_text=ones[0].number)).to_contain_text("已到账")
    assert RefundOrder.objects.get(pk=ones[0].pk).reference == "BANK-7"
    page.goto(page.url.split("?")[0] + f"{ones[0].pk}/change/")
    page.screenshot(path=f"{shots}/refund.png", full_page=True)
