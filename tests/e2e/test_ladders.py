"""Alerts, what ladders ask, time by department, and a chain of handoffs in a browser."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.cases.watching import watch
from feedback.handoffs import commands as handoffs
from feedback.ladders.sweep import sweep
from feedback.models import Approval, Clock, Department
from tests.e2e.scene import play

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F3")]


@pytest.fixture
def scene():
    made, now = play(), timezone.now()
    case, lead = made.cases["late"], made.lead.user
    clock = Clock.objects.filter(case=case).first()
    Approval.objects.create(
        case=case,
        clock=clock,
        rung=9,
        department=case.department,
        kind="overrun",
        reason="会员希望等到下周到货再处理，可否延长时限？",
        asked_at=now - timedelta(minutes=20),
    )
    watch(case_id=made.main.pk, user=lead, actor=None, at=now)
    first = handoffs.hand_over(
        case_id=made.main.pk, department_id=made.logistics.pk, question="司机电话？", actor=lead, at=now
    )
    handoffs.accept(handoff_id=first.pk, actor=made.stranger.user, at=now)
    product = Department.objects.get(code="product")
    handoffs.hand_over(
        case_id=made.main.pk, department_id=product.pk, question="有现货吗？", after_id=first.pk,
        actor=lead, at=now,
    )  # fmt: skip
    sweep(now)
    return made


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(user, scheme, language, width):
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(viewport={"width": width, "height": 768}, color_scheme=scheme)
        cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": language}
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
        contexts.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("scheme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 900), ("light", "en", 390)]
)
def test_pages_can_be_read(scene, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(scene.lead.user, scheme, language, width)
    for name, path in {
        "alerts": reverse("admin:alerts"),
        "asked": reverse("admin:ladder_approvals"),
        "times": reverse("admin:handoff_report") + "?since=2026-01-01",
        "last": reverse("admin:handoff_report"),
        "chain": reverse("admin:case", args=[scene.main.pk]),
        "story": reverse("admin:case", args=[scene.cases["late"].pk]) + "?tab=timeline",
    }.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/{name}-{language}-{scheme}-{width}.png", full_page=True)
        found = axe.run(page).response["violations"]
        assert not found, (name, [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found])
        assert page.evaluate("document.querySelector('main').scrollWidth") <= width, name
    assert page.wrong == []
