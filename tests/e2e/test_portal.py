"""A member on a phone: sign in, complain with a photo, follow it, confirm."""

import itertools
import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from compensation.models import Member, Reward
from compensation.points import commands as points
from config.common.models import OutboxMessage
from feedback.cases import commands
from feedback.models import Case, Department
from tests.e2e.listening import complaints
from tests.factories.compensation import CouponTemplateFactory, MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, picture
from tests.factories.orders import (
    CouponFactory,
    NoticeFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    ShipmentFactory,
    give_points,
)
from tests.factories.points import rules
from tests.factories.session import signed_cookie, token_of
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("P2")]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 800}}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def member() -> Member:
    department = DepartmentFactory(takes_new=True, name="客户服务部", name_en="customer service")
    make_policy(calendar=department.calendar)
    tier = TierFactory(code="gold", name="金卡会员", name_en="Gold")
    return MemberFactory(name="李晓雨", phone="13812345678", tier=tier, language="zh-hans")


def furnish(member: Member) -> None:
    """A member with something on every page."""
    now = timezone.now()

    def bought(number, product, status, placed, **parcel):
        order = OrderFactory(
            member=member,
            external_id=number,
            status=status,
            placed_at=placed,
            paid_at=placed,
            total_fen=12_900,
        )
        shipment = ShipmentFactory(order=order, **parcel) if parcel else None
        OrderLineFactory(
            order=order,
            product=ProductFactory(name=product),
            shipment=shipment,
            ship_by=placed + DAY,
            deliver_by=placed + 3 * DAY,
        )
        return order

    late = bought("20261117-8842", "手冲咖啡壶 600 ml", "shipped", now - 4 * DAY, shipped_at=now - 2 * DAY)
    bought("20261121-1177", "纯棉四件套 1.8 m", "paid", now - 3 * HOUR)
    bought(
        "20261102-0031", "陶瓷马克杯 两只装", "delivered", now - 20 * DAY,
        shipped_at=now - 19.5 * DAY, delivered_at=now - 18 * DAY,
    )  # fmt: skip
    agent = AgentFactory(departments=Department.objects.all(), user__name="王敏").user

    def told(subject, body, at, **more):
        given = {"kind": "complaint", "channel": "portal", "subject": subject, "body": body}
        return commands.open_case(member=member, actor=member, at=at, **given, **more)

    told(
        "未收到：快递三天没有更新",
        "快递三天没有更新了，什么时候能到？",
        now - timedelta(minutes=5),
        order=late,
    )
    waits = told(
        "破损：杯子碎了一只",
        "打开箱子时发现一只杯子碎了。",
        now - 5 * HOUR,
        attachments=[picture(size=(400, 300))],
    )
    question = "您好，非常抱歉。请问方便补拍一张外箱的照片吗？"
    commands.reply(case_id=waits.pk, body=question, then="wait", actor=agent, at=now - 4.8 * HOUR)
    solved = told("价格：券没有抵扣", "满减券没有生效。", now - 30 * HOUR)
    done = "已为您补发 20 元优惠券，请查收。"
    commands.reply(case_id=solved.pk, body=done, then="resolve", actor=agent, at=now - 2 * HOUR)
    CouponFactory(member=member, issued_at=now, expires_at=now + 7 * DAY, code="HY-7KQ2-M4XD-9R")
    CouponFactory(member=member, issued_at=now - 40 * DAY, expires_at=now - DAY, code="HY-OLD")
    NoticeFactory(member=member, created_at=now, title="您的优惠券已到账", body="5 元补偿券，7 天内有效。")
    give_points(member, 129, 20, at=now - DAY)
    rules(now - 90 * DAY)
    points.order_received(order_id=member.orders.get(external_id="20261102-0031").pk, at=now - 18 * DAY)
    for price in (100, 2_000):
        template = CouponTemplateFactory(code=f"for-{price}", name="5元积分券", name_en="¥5 coupon")
        Reward.objects.create(template=template, points=price)


@pytest.fixture
def enter(chromium, live_server):
    """A browser of some kind, signed in when a member is given."""
    contexts = []

    def make(member=None, **options):
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        if member:
            cookie = {
                "name": "member",
                "value": signed_cookie(token_of(member)),
                "url": f"{live_server.url}/portal/",
            }
            context.add_cookies([cookie])
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def accessible(page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is too wide"


@pytest.mark.req("F9")
@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_a_complaint_with_a_photo_from_sign_in_to_confirmation(enter, member, shots, scripts):
    order = OrderFactory(member=member)
    OrderLineFactory(order=order)
    page = enter(java_script_enabled=scripts, locale="zh-CN", **PHONE)
    problems = complaints(page)
    page.goto("/portal/")
    page.get_by_label("手机号或邮箱").fill("138 1234 5678")
    page.get_by_role("button", name="获取验证码").click()
    page.wait_for_url(re.compile("code"))
    page.get_by_label("验证码").fill(OutboxMessage.objects.get(kind="code").payload["code"])
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(re.compile("/portal/$"))

    page.goto(f"/portal/orders/{order.pk}/")
    page.get_by_role("link", name="这个订单有问题").click()
    page.get_by_text("商品破损").click()
    photo = picture(size=(300, 200))
    files = [{"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo.read()}]
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_role("button", name="提交", exact=True).click()
    page.wait_for_url(re.compile(r"/portal/cases/\d+/"))
    case = Case.objects.get()
    expect(page.get_by_text("已提交，我们收到了您的反馈。")).to_be_visible()
    expect(page.get_by_text(re.compile("承诺.*前答复"))).to_be_visible()
    expect(page.locator(".files img")).to_be_visible()

    agent = AgentFactory(departments=[case.department], user__name="王敏").user
    commands.reply(case_id=case.pk, body="已为您补发。", then="resolve", actor=agent, at=timezone.now())
    page.goto("/portal/")
    page.get_by_role("link", name=re.compile("问题解决了吗")).click()
    expect(page.get_by_text("已为您补发。")).to_be_visible()
    page.get_by_role("button", name="已经解决").click()
    page.wait_for_url(re.compile("said=confirmed"))
    case.refresh_from_db()
    assert case.confirmed_at
    assert problems == []


PAGES = {
    "home": "/portal/",
    "orders": "/portal/orders/",
    "order": "/portal/orders/{order}/",
    "cases": "/portal/cases/",
    "complain": "/portal/cases/new/?order={order}",
    "case": "/portal/cases/{case}/",
    "solved": "/portal/cases/{solved}/",
    "wallet": "/portal/wallet/",
    "points": "/portal/wallet/points/",
    "friends": "/portal/wallet/friends/",
    "notices": "/portal/notices/",
}


@pytest.mark.parametrize(
    "look", list(itertools.product(["zh-hans", "en"], ["light", "dark"], ["phone", "desk"]))
)
def test_every_page_is_accessible_and_fits(enter, member, shots, look):
    language, scheme, kind = look
    Member.objects.update(language=language)
    member.language = language
    furnish(member)
    numbers = {
        "order": member.orders.get(external_id="20261117-8842").pk,
        "case": member.cases.get(status="waiting_member").pk,
        "solved": member.cases.get(status="resolved").pk,
    }
    page = enter(member, color_scheme=scheme, **(PHONE if kind == "phone" else DESK))
    for name, path in PAGES.items():
        page.goto(path.format(**numbers))
        page.screenshot(path=f"{shots}/portal-{name}-{language}-{scheme}-{kind}.png", full_page=True)
        accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_is_accessible(enter, member, shots, scheme):
    page = enter(color_scheme=scheme, locale="zh-CN", **PHONE)
    page.goto("/portal/sign-in/")
    page.screenshot(path=f"{shots}/portal-sign-in-zh-hans-{scheme}-phone.png")
    accessible(page)
    page.get_by_label("手机号或邮箱").fill("x")
    with page.expect_navigation():
        page.get_by_role("button", name="获取验证码").click()
    accessible(page)
    page.get_by_label("手机号或邮箱").fill(member.phone)
    page.get_by_role("button", name="获取验证码").click()
    page.wait_for_url(re.compile("code"))
    page.screenshot(path=f"{shots}/portal-code-zh-hans-{scheme}-phone.png")
    accessible(page)
