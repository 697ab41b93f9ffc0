"""Appraisals in a browser: read in both languages and themes, appealed against and decided by keyboard."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from playwright.sync_api import expect

from feedback.defaults.roles import ROLES
from kpis.appraisals import scoring
from kpis.models import Appraisal, AppraisalAppeal, MetricCode
from tests.e2e.scene import play
from tests.e2e.test_figures import LOOKS, WIDE, open_as
from tests.factories.appraisals import AT, MONTH, close, figure, scheme
from tests.factories.appraisals import person as somebody

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K8")]

__all__ = ["open_as"]


@pytest.fixture
def scene():
    made = play()
    judged = scheme(appeal_days=90, since=MONTH)
    users = [made.agent.user, somebody(made.service)]
    for number, user in enumerate(users):
        user.groups.add(Group.objects.get(name=ROLES["agent"].name))
        figure(user.agent, MetricCode.CSAT, 4 + 20 * number, 4)
        figure(user.agent, MetricCode.QUALITY, 8, 75)
    close()
    scoring.score_month(month=MONTH, actor=None, at=AT)
    boss = somebody(made.service, "supervisor")
    boss.user_permissions.add(Permission.objects.get(codename="change_scheme"))
    found = Appraisal.objects.get(agent=made.agent)
    return SimpleNamespace(
        agent=made.agent, boss=type(boss).objects.get(pk=boss.pk), judged=judged, found=found
    )


@pytest.mark.parametrize(("scheme_of", "language", "width"), LOOKS)
def test_pages_can_be_read(scene, open_as, live_server, shots, scheme_of, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    addresses = {
        "mine": reverse("admin:appraisals"),
        "team": f"{reverse('admin:appraisal_team')}?month=2026-03",
        "one": reverse("admin:appraisal", args=[scene.found.pk]),
        "schemes": reverse("admin:appraisal_schemes"),
        "scheme": reverse("admin:appraisal_scheme", args=[scene.judged.pk]),
    }
    page = open_as(scene.boss, scheme=scheme_of, language=language, width=width)
    wrong = []
    for name, path in addresses.items():
        page.goto(live_server.url + path)
        expect(page.locator("h1")).to_be_visible()
        page.screenshot(path=f"{shots}/appraisals-{name}-{language}-{scheme_of}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide", page.evaluate(WIDE)))
    assert not wrong, wrong


def test_an_appeal_is_written_and_decided_by_keyboard(scene, open_as, live_server, monkeypatch):
    monkeypatch.setattr("kpis.admin.appraisals.timezone.now", lambda: AT)
    address = live_server.url + reverse("admin:appraisal", args=[scene.found.pk])
    page = open_as(scene.agent.user)
    page.goto(address)
    page.locator("#text").focus()
    page.keyboard.type("那天系统坏了")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_count(0)
    assert AppraisalAppeal.objects.get().text == "那天系统坏了"
    page = open_as(scene.boss)
    page.goto(address)
    page.locator("#answer").focus()
    page.keyboard.type("有理")
    page.keyboard.press("Tab")
    page.keyboard.type("88")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".score")).to_contain_text("88")
    assert scene.found.scores.last().score == 88
