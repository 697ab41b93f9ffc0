"""Board, breach list, replay, approvals and the SOP's forms in a browser."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from compensation.models import CouponTemplate, Grant
from feedback.cases import commands
from feedback.ladders.sweep import sweep
from feedback.models import Calendar, Clock, Priority
from feedback.remedies.commands import grant_for_case
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.feedback import StaffFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("S5")]


@pytest.fixture
def scene():
    made = play()
    sweep(timezone.now())
    dear = CouponTemplate.objects.order_by("-value_fen").first()
    for key in ("late", "soon"):
        grant_for_case(
            case_id=made.cases[key].pk,
            kind="coupon",
            template_id=dear.pk,
            reason="两次承诺未兑现，会员非常失望，申请致歉券挽回。",
            key="more",
            actor=made.agent.user,
            at=timezone.now(),
        )
    return made


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(user, *, scheme="light", language="zh-hans", width=1366, script=True):
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(
            viewport={"width": width, "height": 768}, color_scheme=scheme, java_script_enabled=script
        )
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


def addresses(scene):
    late = Clock.objects.filter(case=scene.cases["late"], breached_at__isnull=False).first()
    return {
        "board": reverse("admin:board"),
        "clocks": reverse("admin:board_clocks") + "?state=breached",
        "load": reverse("admin:board_agent", args=[scene.agent.pk]),
        "breaches": reverse("admin:breaches"),
        "replay": reverse("admin:clock", args=[late.pk]),
        "approvals": reverse("admin:approvals"),
    }


LOOKS = [
    ("light", "zh-hans", 1366),
    ("dark", "zh-hans", 900),
    ("light", "en", 900),
    ("dark", "en", 1366),
]


@pytest.mark.parametrize(("scheme", "language", "width"), LOOKS)
def test_pages_can_be_read(scene, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(scene.lead.user, scheme=scheme, language=language, width=width)
    for name, path in addresses(scene).items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/{name}-{language}-{scheme}-{width}.png", full_page=True)
        found = axe.run(page).response["violations"]
        assert not found, (
            name,
            [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found],
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert page.wrong == []


def test_the_board_goes_on_without_losing_the_focus(scene, open_as, live_server):
    page = open_as(scene.lead.user)
    page.goto(live_server.url + reverse("admin:board"))
    link = page.locator("a.figure.is-bad").first
    before, name = link.inner_text(), link.get_attribute("id")
    link.focus()
    past = timezone.now() - timedelta(seconds=1)
    Clock.objects.filter(
        milestone="first_reply", met_at=None, stopped_at=None, breached_at=None, paused_at=None
    ).update(due_at=past, next_fire_at=past)
    # an event rings: nobody waits for the next round
    commands.change_priority(
        case_id=scene.main.pk, priority=Priority.LOW, actor=scene.lead.user, at=timezone.now()
    )
    expect(page.locator(f"[id='{name}']")).not_to_have_text(before, use_inner_text=True)
    expect(page.locator(f"[id='{name}']")).to_be_focused()
    assert page.wrong == []


def test_a_number_opens_to_its_rows_and_a_row_to_its_replay(scene, open_as, live_server):
    page = open_as(scene.lead.user)
    page.goto(live_server.url + reverse("admin:board"))
    link = page.locator("a.figure.is-bad").first
    number = int(re.match(r"\d+", link.inner_text())[0])
    link.press("Enter")
    page.wait_for_url("**/board/clocks/**")
    expect(page.locator("tbody tr")).to_have_count(number)
    page.locator("tbody a.clock").first.click()
    page.wait_for_url(re.compile(r"/clocks/\d+/$"))
    expect(page.locator("svg.replay .block")).not_to_have_count(0)


def test_a_tick_opens_its_case_by_keyboard(scene, open_as, live_server):
    page = open_as(scene.lead.user)
    page.goto(live_server.url + reverse("admin:board"))
    tick = page.locator("a.tick").first
    tick.focus()
    expect(tick).to_be_focused()
    target = tick.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{target}")


def test_breaches_are_narrowed_down(scene, open_as, live_server):
    page = open_as(scene.lead.user)
    page.goto(live_server.url + reverse("admin:breaches"))
    expect(page.locator("tbody tr")).not_to_have_count(0)
    page.select_option("[name=milestone]", "resolution")
    page.locator(".narrow button").click()
    page.wait_for_url("**milestone=resolution**")
    expect(page.locator("tbody tr")).to_have_count(0)
    with page.expect_download() as file:
        page.goto(live_server.url + reverse("admin:breaches"))
        page.get_by_role("link", name="XLSX").click()
    assert file.value.suggested_filename.endswith(".xlsx")


@pytest.mark.parametrize("script", [True, False])
def test_a_request_is_refused_with_a_reason_and_another_approved(scene, open_as, live_server, script):
    page = open_as(scene.lead.user, script=script)
    page.goto(live_server.url + reverse("admin:approvals"))
    first = page.locator(".approval").first
    first.get_by_role("button", name="拒绝").click()
    page.locator("[role=alert]").wait_for()
    first = page.locator(".approval").first
    first.get_by_role("textbox").fill("先换货，再看")
    first.get_by_role("button", name="拒绝").click()
    page.wait_for_url("**/approvals/")
    with page.expect_navigation():
        page.locator(".approval").first.get_by_role("button", name="批准").click()
    page.locator(".toast").wait_for()
    assert sorted(Grant.objects.exclude(decided_by=None).values_list("status", flat=True)) == [
        "confirmed",
        "refused",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sop_is_edited(scene, open_as, live_server, shots, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(StaffFactory(role="administrator", is_superuser=True), scheme=scheme)
    calendar = Calendar.objects.get(code="always")
    page.goto(live_server.url + reverse("admin:feedback_calendar_change", args=[calendar.pk]))
    days = page.locator(".sop-days li")
    expect(days).to_have_count(28)
    page.fill("[name=mon]", "")
    expect(page.locator(".sop-days .is-closed")).to_have_count(4)
    page.fill("[name=mon]", "09：00－25：00")
    page.locator(".sop-preview [role=alert]").wait_for()
    page.fill("[name=mon]", "09：00－18：00")
    page.get_by_text("09:00–18:00").first.wait_for()
    page.screenshot(path=f"{shots}/calendar-{scheme}.png", full_page=True)
    page.get_by_role("button", name="保存", exact=True).click()
    page.wait_for_url("**/feedback/calendar/")
    assert calendar.versions.latest("number").content["hours"]["mon"] == [["09:00", "18:00"]]
    page.goto(live_server.url + "/admin/sop/")
    page.screenshot(path=f"{shots}/sop-{scheme}.png", full_page=True)
    found = axe.run(page).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]
