"""A member on a phone and an agent at a desk, in two browsers, talk both ways."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from compensation.models import Member
from feedback.channels.chat import commands
from feedback.models import ChatSession, ChatSetup, Message
from tests.e2e.scene import PASSWORD, play
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.session import signed_cookie, token_of
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F1")]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "locale": "zh-CN"}
DESK = {"viewport": {"width": 1366, "height": 768}, "locale": "zh-CN"}


@pytest.fixture
def scene():
    scene = play()
    make_policy(
        "chat", position=0, channels=["chat"], calendar=scene.service.calendar,
        targets={"first_reply": 0.5, "next_reply": 1, "resolution": 60},
    )  # fmt: skip
    ChatSetup.objects.create(pk=1, greeting="您好，欢迎咨询！", greeting_en="Hello and welcome!")
    return scene


@pytest.fixture
def member(scene) -> Member:
    tier = TierFactory(code="gold", name="金卡", name_en="Gold")
    return MemberFactory(name="李晓雨", phone="13812345678", tier=tier, language="zh-hans")


@pytest.fixture
def phone(chromium, live_server, member):
    context = chromium.new_context(**PHONE)
    context.add_cookies(
        [{"name": "member", "value": signed_cookie(token_of(member)), "url": f"{live_server.url}/portal/"}]
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/portal/chat/")
    yield page
    context.close()


@pytest.fixture
def desk(chromium, live_server, scene):
    context = chromium.new_context(**DESK)
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/login/?next=/admin/chats/")
    page.fill("#id_username", scene.agent.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url("**/admin/chats/")
    yield page
    context.close()


def clean(page, *, dark=False):
    """No violation that axe finds, in this theme."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def begin(phone, words="我的包裹在哪里？"):
    phone.fill("#id_body", words)
    phone.click("main button.main")
    phone.wait_for_selector("#lines")


def test_they_talk_both_ways(phone, desk, shots, live_server):
    phone.screenshot(path=f"{shots}/chat-begin.zh.png")
    begin(phone)
    expect(phone.locator("#state")).to_contain_text("客服将在")
    phone.screenshot(path=f"{shots}/chat-waiting.zh.png")
    desk.wait_for_selector("#rows .chats-row form button")
    desk.screenshot(path=f"{shots}/chats-line.zh.png")
    desk.keyboard.press("t")
    desk.wait_for_selector(".chats-write textarea")
    phone.wait_for_selector("[data-state=active]")

    desk.fill(".chats-write textarea", "您好，正在为您查询 <b>单号</b>")
    desk.keyboard.press("Enter")
    expect(phone.locator("#lines li:not(.mine):not(.house) .bubble")).to_have_text(
        "您好，正在为您查询 <b>单号</b>"
    )
    desk.wait_for_selector(".read:not([hidden])")

    phone.fill("#id_body", "单号是 SF123456")
    desk.wait_for_selector("[data-typing]:not([hidden])")
    phone.click(".chat-send")
    desk.wait_for_selector(".is-member .bubble:has-text('SF123456')")
    expect(phone.locator("#lines .mine .bubble:has-text('SF123456')")).to_have_count(1)

    desk.locator(".chats-write textarea").press_sequentially("查到")
    phone.wait_for_selector("[data-typing]:not([hidden])")
    desk.fill(".chats-write textarea", "查到了，明天上午送达。")
    desk.click(".chats-write button.is-main")
    phone.wait_for_selector(".bubble:has-text('明天上午')")
    expect(desk.locator(".is-us .bubble:has-text('明天上午')")).to_have_count(1)
    clean(phone)
    clean(desk)
    phone.screenshot(path=f"{shots}/chat-talk.zh.png")
    desk.screenshot(path=f"{shots}/chats-talk.zh.png")

    phone.click(".chat-menu summary")
    phone.screenshot(path=f"{shots}/chat-end.zh.png")
    phone.click(".chat-ending button[value=yes]")
    phone.wait_for_selector("[data-state=ended]")
    phone.screenshot(path=f"{shots}/chat-ended.zh.png")
    desk.wait_for_selector(".chats-state .badge")
    expect(desk.locator(".chats-write")).to_be_hidden()
    chat = ChatSession.objects.get()
    assert (chat.ending, chat.case.status) == ("member", "closed")


def test_nothing_written_is_lost_without_a_connection(phone, desk):
    begin(phone)
    desk.wait_for_selector("#rows .chats-row form button")
    phone.context.set_offline(True)
    phone.fill("#id_body", "没网时写的")
    phone.click(".chat-send")
    phone.wait_for_selector("[data-pending][data-waits]")
    phone.wait_for_selector("#offline:not([hidden])", timeout=15_000)  # not when the request would end
    phone.context.set_offline(False)
    phone.reload()
    phone.wait_for_selector("#lines .mine[data-id] .bubble:has-text('没网时写的')")
    phone.wait_for_selector("#lines:not(:has([data-pending]:not([data-id])))")
    expect(phone.locator(".bubble:has-text('没网时写的')")).to_have_count(1)
    phone.fill("#id_body", "还没写完")
    phone.reload()
    expect(phone.locator("#id_body")).to_have_value("还没写完")


def test_dark_english_and_narrow(chromium, live_server, scene, shots):
    member = MemberFactory(name="Lucy Li", language="en")
    context = chromium.new_context(**{**PHONE, "color_scheme": "dark", "locale": "en"})
    context.add_cookies(
        [{"name": "member", "value": signed_cookie(token_of(member)), "url": f"{live_server.url}/portal/"}]
    )
    phone = context.new_page()
    phone.goto(f"{live_server.url}/portal/chat/")
    clean(phone)
    phone.screenshot(path=f"{shots}/chat-begin.en.dark.png")
    begin(phone, "Where is my parcel?")
    expect(phone.locator("#state")).to_contain_text("An agent answers by")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    clean(phone)
    phone.screenshot(path=f"{shots}/chat-waiting.en.dark.png")
    context.close()


@pytest.fixture
def side_by_side(desk, scene):
    """The agent has three chats and looks at the first of them; gives the members' chats."""
    chats = []
    for name in ("张三", "李四", "王五"):
        other = MemberFactory(name=name, language="zh-hans")
        chat = commands.start(member=other, body=f"我是{name}", at=timezone.now())
        commands.take(case_id=chat.case_id, actor=scene.agent.user, at=timezone.now())
        chats.append(chat)
    desk.reload()
    return chats


def test_three_chats_beside_each_other_by_keyboard(desk, side_by_side, shots, live_server):
    first, second, third = (str(chat.case_id) for chat in side_by_side)
    errors = []
    desk.on("pageerror", lambda error: errors.append(str(error)))
    desk.set_viewport_size({"width": 1600, "height": 900})
    desk.wait_for_selector(f"[data-talk='{first}'].is-active")
    for chat, key in ((second, "2"), (third, "3")):
        desk.keyboard.press(f"Shift+Digit{key}")
        desk.wait_for_selector(f"[data-talk='{chat}'].is-active")
        expect(desk.locator(f"[data-talk='{chat}'] textarea[name=body]")).to_be_focused()
        desk.keyboard.press("Escape")
    expect(desk.locator("[data-talk]:visible")).to_have_count(3)
    desk.keyboard.press("1")
    expect(desk.locator(f"[data-talk='{first}'] textarea[name=body]")).to_be_focused()
    desk.keyboard.type("给张三")
    desk.keyboard.press("Alt+BracketRight")
    expect(desk.locator(f"[data-talk='{second}'] textarea[name=body]")).to_be_focused()
    desk.keyboard.type("给李四")
    desk.keyboard.press("Enter")
    expect(desk.locator(f"[data-talk='{second}'] .is-us[data-id] .bubble").last).to_contain_text("给李四")
    expect(desk.locator(f"[data-talk='{first}'] textarea[name=body]")).to_have_value("给张三")
    desk.keyboard.press("Escape")
    desk.keyboard.press("[")
    desk.keyboard.press("Enter")
    expect(desk.locator(f"[data-talk='{first}'] .is-us[data-id] .bubble").last).to_contain_text("给张三")
    commands.write(case_id=int(third), body="还有一件事", member=side_by_side[2].member, at=timezone.now())
    expect(desk.locator(f"[data-talk='{third}'] .is-member .bubble").last).to_have_text("还有一件事")
    assert Message.objects.get(body="给李四").case_id == int(second)
    assert Message.objects.get(body="给张三").case_id == int(first)
    clean(desk)
    desk.screenshot(path=f"{shots}/chats-three.zh.png")
    desk.emulate_media(color_scheme="dark")
    desk.reload()
    desk.wait_for_selector("html.dark [data-talk].is-active")
    clean(desk)
    desk.screenshot(path=f"{shots}/chats-three.dark.png")
    desk.set_viewport_size({"width": 1000, "height": 700})  # no room: the one that has the keys
    expect(desk.locator("[data-talk]:visible")).to_have_count(1)
    desk.click(f"#rows a[data-chat='{third}']")
    expect(desk.locator(f"[data-talk='{third}']")).to_be_visible()
    desk.set_viewport_size({"width": 1600, "height": 900})
    desk.keyboard.press("Escape")
    desk.keyboard.press("x")
    expect(desk.locator("[data-talk]")).to_have_count(2)
    assert errors == []
