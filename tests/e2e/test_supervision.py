"""Board, breaches, pauses, quality, figures and changes in a browser."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from feedback.defaults.causes import seed_causes
from feedback.defaults.quality import seed_quality
from feedback.ladders.sweep import sweep
from feedback.models import BreachCause, BreachNote, Case, Clock, Pause, QualityCheck, Scorecard
from feedback.quality import commands as quality
from feedback.quality import sampling
from feedback.supervision import pace
from tests.e2e.listening import complaints
from tests.e2e.scene import play

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F8")]


@pytest.fixture
def scene():
    made, now = play(), timezone.now()
    seed_causes(now)
    seed_quality(now)
    sweep(now)
    pace.measure(at=now)
    clock = Clock.objects.filter(breached_at__isnull=False).first()
    BreachNote.objects.create(
        clock=clock, cause=BreachCause.objects.first(), remark="双十一当天人手不足", by=made.lead.user, at=now
    )
    Pause.objects.create(
        clock=Clock.objects.filter(milestone="resolution").first(),
        reason="waiting_member",
        needs_review=True,
        from_at=now - timedelta(hours=2),
        to_at=now - timedelta(hours=1),
        paused_by=made.agent.user,
    )
    card = Scorecard.objects.get()
    cases = [made.main, *Case.objects.filter(agent=made.agent).exclude(pk=made.main.pk)[:2]]
    checks = [
        sampling.pick(case_id=case.pk, scorecard_id=card.pk, actor=made.lead.user, at=now) for case in cases
    ]
    points = {item["key"]: 1 for item in checks[-1].form["items"]}
    quality.score(
        check_id=checks[-1].pk, points=points, remark="先道歉，再给方案。", actor=made.lead.user, at=now
    )
    return made


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(user, *, scheme="light", language="zh-hans", width=1366):
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(viewport={"width": width, "height": 768}, color_scheme=scheme)
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


def addresses():
    waiting, scored = (QualityCheck.objects.filter(status=one).first() for one in ("waiting", "scored"))
    return {
        "board": reverse("admin:board"),
        "breaches": reverse("admin:breaches"),
        "pauses": reverse("admin:pauses"),
        "quality": reverse("admin:quality"),
        "agents": reverse("admin:quality") + "?tab=agents",
        "judge": reverse("admin:quality_check", args=[waiting.pk]),
        "judged": reverse("admin:quality_check", args=[scored.pk]),
        "figures": reverse("admin:achieved"),
        "figure-rows": reverse("admin:achieved_rows", args=["first_reply"]),
        "changes": reverse("admin:history"),
    }


WIDE = """[...document.querySelectorAll("main *, .topbar, .topbar *")].filter(
  (one) => one.getBoundingClientRect().right > innerWidth && !one.closest(".scroll-x, .topnav, svg"))
  .slice(0, 5).map((one) => one.tagName + "." + one.className)"""
LOOKS = [("light", "zh-hans", 1366), ("dark", "en", 390), ("dark", "zh-hans", 1366), ("light", "en", 900)]


@pytest.mark.parametrize(("scheme", "language", "width"), LOOKS)
def test_pages_can_be_read(scene, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(scene.lead.user, scheme=scheme, language=language, width=width)
    wrong = []
    for name, path in addresses().items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide", page.evaluate(WIDE)))
    assert not wrong, wrong
    assert page.wrong == []


def test_judging_by_keyboard(scene, open_as, live_server):
    page = open_as(scene.lead.user)
    check = QualityCheck.objects.filter(status="waiting").first()
    page.goto(live_server.url + reverse("admin:quality_check", args=[check.pk]))
    for item in check.form["items"]:
        page.keyboard.press(str(item["best"]))
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    check.refresh_from_db()
    assert check.score == 100
    assert page.wrong == []


def test_coding_many_breaches_at_once(scene, open_as, live_server):
    page = open_as(scene.lead.user)
    page.goto(live_server.url + reverse("admin:breaches"))
    boxes = page.locator("tbody input[name=clock]")
    expect(boxes).not_to_have_count(0)
    number = boxes.count()
    page.locator("[data-tick-all]").check()
    page.select_option("#coding-cause", index=1)
    page.fill("#coding-remark", "演练")
    with page.expect_navigation():
        page.get_by_role("button", name="为所选备注").click()
    assert BreachNote.objects.filter(remark="演练").count() == number >= 1
    assert page.wrong == []
