"""Letters and calls on the pages of staff, in a browser."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from feedback.cases import commands
from feedback.channels.email import rules
from feedback.models import Call, ChannelMessage, Mailbox
from tests.factories.compensation import MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory, picture
from tests.factories.mail import letter, take
from tests.factories.webhooks import make_source

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F1")]

PAGE = """<p>您好，<b>杯子</b>到了就是<font color="red">碎的</font>：</p>
<p><img src="https://track.example/pixel.gif" alt=""><a href="https://example.com/photos">更多照片</a></p>
<script>document.title = "hacked"; top.location = "https://evil.example"</script>
<form action="https://evil.example"><input name="password"></form>"""


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


@pytest.fixture
def case():
    """A conversation by letter, one of ours not delivered, one of theirs from elsewhere; and a call."""
    now = timezone.now()
    TierFactory()
    service = DepartmentFactory(code="service", name="客服部", name_en="Customer service", takes_new=True)
    agent = AgentFactory(departments=[service], user__name="小李")
    mailbox = Mailbox.objects.create(name="回音客服", address="care@shop.example", department=service)
    MemberFactory(name="王女士", email="wang@example.com", language="zh-hans")
    files = [
        ("照片.png", "image/png", picture(kind="PNG", size=(400, 300)).read()),
        ("说明.docx", "a/b", b"PK"),
    ]
    row = take(
        mailbox, letter("您好，杯子到了就是碎的。", html=PAGE, files=files), at=now - timedelta(hours=3)
    )
    case = row.case
    reply = commands.reply(
        case_id=case.pk, body="非常抱歉，请问要补发还是退款？", then="wait", actor=agent.user,
        at=now - timedelta(hours=2),
    )  # fmt: skip
    ChannelMessage.objects.create(
        message=reply, case=case, channel="email", direction="out", external_id="r", outcome="failed",
        at=now, mailbox=mailbox, subject="Re: 包裹破损", reason="550 5.1.1 no such user",
        recipient="wang@example.com",
    )  # fmt: skip
    answer = letter(
        "补发吧，谢谢。\n\n在 2026年11月20日，回音客服 写道：\n> 非常抱歉\n",
        sender="王先生 <wang2@example.org>", number=2, to=f"care+{rules.tag(case.pk)}@shop.example",
    )  # fmt: skip
    take(mailbox, answer, at=now - timedelta(hours=1))
    source, _secret = make_source("phone", "pbx")
    rang = now - timedelta(minutes=30)
    Call.objects.create(
        source=source, external_id="1", direction="in", case=case, member=case.member, agent=agent,
        began_at=rang, rang_at=rang, answered_at=rang + timedelta(seconds=8),
        ended_at=rang + timedelta(seconds=200),
        recording_url="https://pbx.example/1.mp3",
    )  # fmt: skip
    news = letter("特价", subject="本周特价", sender="news@ads.example", number=9, precedence="bulk")
    take(mailbox, news, at=now)
    return case


@pytest.fixture
def desktop(chromium, live_server):
    client = Client()
    client.force_login(StaffFactory(is_superuser=True, name="管理员"))
    contexts = []

    def make(scheme="light", language="zh-hans", width=1366):
        context = chromium.new_context(viewport={"width": width, "height": 768}, color_scheme=scheme)
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


@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 390)])
def test_a_conversation_by_letter_and_its_original(
    desktop, live_server, case, shots, scheme, language, width
):
    page = desktop(scheme, language, width)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(live_server.url + reverse("admin:case", args=[case.pk]))
    page.screenshot(path=f"{shots}/case-{scheme}-{width}.png", full_page=True)
    assert not violations(page)
    first = ChannelMessage.objects.filter(case=case).order_by("pk").first()
    page.goto(live_server.url + reverse("admin:letter", args=[first.pk]))
    frame = page.frame_locator(".letter-page")
    expect(frame.locator("b")).to_have_text("杯子")
    page.screenshot(path=f"{shots}/letter-{scheme}-{width}.png", full_page=True)
    assert page.title() != "hacked"
    expect(frame.locator("input, script")).to_have_count(0)
    assert not [url for url in asked if not url.startswith((live_server.url, "data:"))]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not violations(page)


@pytest.mark.parametrize("name", ["mailbox", "webhooksource", "call", "channelmessage"])
def test_the_lists_of_administration_open(desktop, live_server, case, shots, name):
    for scheme, language in (("light", "zh-hans"), ("dark", "en")):
        page = desktop(scheme, language)
        page.goto(live_server.url + reverse(f"admin:feedback_{name}_changelist"))
        page.screenshot(path=f"{shots}/{name}-{scheme}.png", full_page=True)
        expect(page.locator("#result_list tbody tr, table tbody tr")).not_to_have_count(0)
    if name in {"mailbox", "webhooksource"}:
        row = apps.get_model("feedback", name).objects.first()
        page.goto(live_server.url + reverse(f"admin:feedback_{name}_change", args=[row.pk]))
        page.screenshot(path=f"{shots}/{name}-form.png", full_page=True)
        expect(page.locator("form")).not_to_have_count(0)


@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 390)])
def test_a_letter_of_somebody_else_waits_and_is_then_one_to_answer(
    desktop, live_server, case, shots, scheme, language, width
):
    page = desktop(scheme, language, width)
    page.goto(live_server.url + reverse("admin:case", args=[case.pk]))
    waiting = page.locator(".asked-here").first
    expect(waiting).to_contain_text("王先生")
    waiting.scroll_into_view_if_needed()
    page.screenshot(path=f"{shots}/waits-{scheme}-{width}.png")
    waiting.locator("button[value=take]").click()
    expect(page.locator("select[name=to] option")).to_have_text(
        ["王女士 <w***@example.com>", "王先生 <wang2@example.org>"]
    )
    expect(page.locator(".asked-here")).to_have_count(0)
    expect(page.locator(".thread")).to_contain_text("补发吧，谢谢。")
    page.locator("select[name=to]").scroll_into_view_if_needed()
    page.screenshot(path=f"{shots}/to-{scheme}-{width}.png")
    assert page.locator(".composer").evaluate("here => here.scrollWidth <= here.clientWidth")
    assert not violations(page)
