"""Crises in a browser: opened from a proposal, worked on, without a violation in both themes and widths."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from feedback.crises import joining
from feedback.models import Crisis
from tests.e2e.test_desk import open_page, scene, violations  # noqa: F401 -- fixtures
from tests.factories.crises import ProposalFactory, WatchFactory, opened
from tests.factories.feedback import AgentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F22")]


@pytest.fixture
def boss(scene):  # noqa: F811 -- the fixture above
    return AgentFactory(user__role="supervisor", user__username="zhu", leads=[scene.service]).user


def test_a_proposal_is_opened_and_a_statement_published(scene, boss, open_page):  # noqa: F811
    now = timezone.now()
    proposal = ProposalFactory(
        by="kind", value="complaint", categories=[], kinds=["complaint"], since=now - timedelta(days=2),
        began_at=now - timedelta(days=2), proposed_at=now, watch=WatchFactory(),
        evidence={"seen": 12, "expected": 1.5, "chance": 1e-9, "tested": 40, "usual": [1, 2.5],
                  "window_hours": 2, "samples": [scene.main.pk], "also": []},
    )  # fmt: skip
    page = open_page(f"/admin/crises/{proposal.pk}/", who="zhu")
    assert violations(page) == []
    page.goto(f"{page.url}plan/")
    assert violations(page) == []
    page.locator("#id_department").select_option(str(scene.service.pk))
    page.locator("form.crisis-form button.is-main").click()
    expect(page.locator("#said-title")).to_be_visible()
    joining.join_all(at=timezone.now())
    page.reload()
    page.locator("details", has=page.locator("#id_title")).locator("summary").click()
    page.locator("#id_title").fill("暴雨公告")
    page.locator("#id_body").fill("部分包裹延误。")
    page.locator("form", has=page.locator("#id_title")).locator("button").click()
    page.locator(".crisis-said button.is-main").click()
    expect(page.locator(".crisis-said.is-public")).to_be_visible()
    assert violations(page) == []
    assert Crisis.objects.get().cases.exists()


@pytest.mark.parametrize("width", [390, 1366])
def test_the_pages_fit_and_are_accessible_in_the_dark(boss, open_page, width):  # noqa: F811
    crisis = opened(boss, at=timezone.now(), since=timezone.now() - timedelta(days=2))
    joining.join_all(at=timezone.now())
    watch = WatchFactory()
    page = open_page("/admin/crises/", who="zhu", theme="dark", width=width)
    base = page.url
    for path in ("", f"{crisis.pk}/", f"{crisis.pk}/report/", f"watches/{watch.pk}/", "new/"):
        page.goto(base + path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width + 1, path
