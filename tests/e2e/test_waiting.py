"""Waiting for somebody outside, the courier, a promised call, and resolving with it, by keyboard."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from feedback.cases import commands
from feedback.models import Case, Clock, PauseRule
from tests.e2e.scene import play
from tests.factories.compensation import MemberFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F7")]


@pytest.fixture
def scene():
    made = play()
    make_policy("promises", position=0, targets={"courier_answer": 10, "call_back": 60})
    PauseRule.objects.create(reason="waiting_supplier", milestones=["resolution"])
    return made


@pytest.fixture
def case(scene):
    member, now = MemberFactory(name="周婷"), timezone.now()
    made = commands.open_case(
        member=member, kind="complaint", channel="portal", subject="缺了一个配件", body="少了螺丝",
        actor=member, at=now,
    )  # fmt: skip
    commands.claim(case_id=made.pk, actor=scene.agent.user, at=now)
    return made


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(user, scheme):
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme)
        cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": "zh-hans"}
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
        contexts.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()


def runs(milestone):
    return Clock.objects.filter(milestone=milestone, met_at=None, stopped_at=None).exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_waiting_courier_and_call(scene, case, open_as, live_server, shots, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(scene.agent.user, scheme)
    page.goto(live_server.url + reverse("admin:case", args=[case.pk]))

    def dialog(key, name):
        page.locator("main h1, .work-facts").first.wait_for()
        page.keyboard.press(key)
        found = page.locator(f"#do-{name}")
        expect(found).to_be_visible()
        return found

    def send(found):
        with page.expect_navigation():
            found.locator("[data-send]").click()

    waiting = dialog("w", "wait-for")
    waiting.locator("[name=reason]").select_option("waiting_supplier")
    waiting.locator("[name=note]").fill("等补货")
    assert not axe.run(page).response["violations"]
    page.screenshot(path=f"{shots}/waiting-{scheme}.png")
    send(waiting)
    expect(page.locator(".work-facts")).to_contain_text("等待供应商")
    send(dialog("w", "go-on"))
    expect(page.locator(".work-facts")).not_to_contain_text("等待供应商")

    asking = dialog("q", "courier")
    asking.locator("[name=text]").fill("到哪了？")
    send(asking)
    assert runs("courier_answer")
    answered = dialog("q", "courier")
    answered.locator("[name=text]").fill("明天到")
    send(answered)
    assert not runs("courier_answer")

    send(dialog("b", "call"))
    assert runs("call_back")
    page.locator("[name=resolution]").select_option("solved")
    page.locator("#write-reply [name=body]").fill("配件明天送到。")
    with page.expect_navigation():
        page.locator("button[value=resolve]").click()
    expect(page.locator("[role=alert]").first).to_contain_text("已承诺给会员回电")
    expect(page.locator("#write-reply [name=body]")).to_have_value("配件明天送到。")
    page.screenshot(path=f"{shots}/call-asked-{scheme}.png")
    assert not axe.run(page).response["violations"]
    page.locator("[name=call]").select_option("made")
    with page.expect_navigation():
        page.locator("button[value=resolve]").click()
    assert Case.objects.get(pk=case.pk).status == "resolved"
    assert Clock.objects.get(milestone="call_back").met_at is not None
    assert page.wrong == []
