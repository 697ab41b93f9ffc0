"""Improvements in a browser: read in both languages, followed from a hot spot to the member's message."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from compensation.models import Order
from feedback.models import Aspect, Gap, SpotBy
from kpis.improvements import causes, commands, telling
from kpis.improvements.commands import Spot
from kpis.models import Improvement, ImprovementStatus, Verdict
from tests.e2e.listening import complaints
from tests.factories.feedback import CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.improvements import AIM, fill, staff
from tests.factories.kpis import make_promised_order

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K6")]
LOOKS = [
    ("light", "zh-hans", 1366),
    ("dark", "en", 390),
    ("dark", "zh-hans", 1366),
    ("light", "en", 1366),
    ("light", "zh-hans", 390),
]
AGO = timedelta(days=40)


@pytest.fixture
def scene():
    """A late region with its cases, and an improvement for it that is under way."""
    now, department = timezone.now(), DepartmentFactory()
    boss = staff(department)
    for number in range(3):
        order = make_promised_order(due_at=now - timedelta(days=number + 1), late=True)
        Order.objects.filter(pk=order.pk).update(region="沪")
    Gap.objects.update(case=CaseFactory(department=department, member=order.member, subject="又晚了"))
    found = commands.propose(
        title="雨天改发顺丰", kind="supplier", department=department, aim=AIM, actor=None, at=now - AGO,
        problem="下雨天的包裹总是晚到。", spot=Spot(Aspect.DELIVERY, SpotBy.REGION, "沪"),
    )  # fmt: skip
    given = {"improvement_id": found.pk, "actor": None, "at": now - AGO}
    first = causes.add_why(**given, text="快递网点爆仓")
    causes.add_why(**given, text="雨天没有备用的快递", parent_id=first.pk)
    causes.add_task(**given, text="与顺丰签合同", owner=boss, due_on=(now - timedelta(days=35)).date())
    commands.accept(**given, owner=boss, due_on=(now - timedelta(days=30)).date())
    today = timezone.localdate(now)
    fill(today - timedelta(80), 41, n=100, hits=20)
    fill(today - timedelta(39), 39, n=100, hits=5)
    fill(today - timedelta(80), 80, n=100, hits=20, key="粤")
    commands.start(**given)
    return {"boss": boss, "one": found, "given": given}


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(user, *, scheme="light", language="zh-hans", width=1366):
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
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


@pytest.mark.parametrize(("scheme", "language", "width"), LOOKS)
def test_pages_can_be_read(scene, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(
        StaffFactory(role="administrator", is_staff=True), scheme=scheme, language=language, width=width
    )
    wrong, pk = [], scene["one"].pk
    addresses = {
        "list": reverse("admin:improvements"),
        "new": reverse("admin:improvement_new"),
        "one": reverse("admin:improvement", args=[pk]),
        "edit": reverse("admin:improvement_edit", args=[pk]),
    }
    for name, path in addresses.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
        page.screenshot(path=f"{shots}/improvements-{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide"))
    assert not wrong, wrong
    assert page.wrong == []


def pressed(page, selector):
    """Press a button by keyboard, and wait until it was done."""
    page.locator(selector).first.focus()
    page.keyboard.press("Enter")
    toast = page.locator(".toast.is-success")
    expect(toast).to_be_visible()


def test_it_is_followed_from_the_hot_spot_to_the_members_message(scene, open_as, live_server):
    page, one = open_as(scene["boss"]), scene["one"]
    page.goto(f"{live_server.url}{reverse('admin:hot_spot')}?aspect=delivery&by=region&value=沪")
    page.locator(f"a[href='{reverse('admin:improvement', args=[one.pk])}']").click()
    expect(page.locator("h1")).to_have_text(one.title)
    page.locator("details:has(form[action$='/evidence/'] input[name=source][type=hidden]) summary").click()
    pressed(page, "form[action$='/evidence/']:has(input[name=source]) button")
    pressed(page, "form[action$='/task-done/'] button")
    commands.carry_out(**scene["given"] | {"at": scene["given"]["at"] + timedelta(days=1)})
    page.reload()
    pressed(page, "form[action$='/check/'] button")
    expect(page.locator(".page-head .badge.is-ok")).to_be_visible()
    page.fill("#w1", "您说过，我们改了")
    page.fill("#w2", "雨天改发顺丰。")
    pressed(page, "form[action$='/words/'] button")
    pressed(page, "form[action$='/tell/'] button")
    telling.go_on(at=timezone.now())
    one.refresh_from_db()
    assert (one.status, one.verdict) == (ImprovementStatus.CHECKED, Verdict.PROVED)
    assert one.told.count() == 1
    assert page.wrong == []


def test_what_was_typed_wrong_is_said_and_nothing_is_lost(scene, open_as, live_server):
    page, one = open_as(scene["boss"]), scene["one"]
    page.goto(live_server.url + reverse("admin:improvement_edit", args=[one.pk]))
    page.fill("[name=title]", "换一家快递")
    page.select_option("[name=metric]", "return_rate")
    page.locator("form.card button.is-main").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("[name=title]")).to_have_value("换一家快递")
    assert Improvement.objects.get().title == one.title
    page.select_option("[name=metric]", "gap_rate")
    page.locator("form.card button.is-main").click()
    expect(page.locator("h1")).to_have_text("换一家快递")
    assert [one for one in page.wrong if "400" not in one] == []
