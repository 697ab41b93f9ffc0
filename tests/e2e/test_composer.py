"""Writing with help: articles by one key, templates by a few letters, a playbook by one click."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from compensation.models import Grant
from config.common.models import User
from feedback.defaults.knowledge import seed_knowledge
from feedback.defaults.playbooks import seed_playbooks, seed_templates
from feedback.models import ArticleUse, Message, PlaybookUse
from tests.e2e.listening import complaints
from tests.e2e.scene import play

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F6")]


@pytest.fixture
def scene(transactional_db):
    made = play()
    for seed in (seed_knowledge, seed_templates, seed_playbooks):
        seed(timezone.now())
    return made


@pytest.fixture
def open_page(chromium, live_server, scene):
    """A page of somebody on the staff."""
    contexts = []

    def enter(path, *, who="chen", width=1366, theme="light", language="zh-hans"):
        context = chromium.new_context(
            viewport={"width": width, "height": 768}, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        # what others do is another test's; a request that waits for it would outlive this one's rows
        context.route(re.compile("/changes/"), lambda route: route.fulfill(json={"again": 600}))
        client = Client()
        client.force_login(User.objects.get(username=who), settings.AUTHENTICATION_BACKENDS[-1])
        for name, value in (
            ("sessionid", client.cookies["sessionid"].value),
            ("django_language", language),
        ):
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.errors = complaints(page)
        page.goto(live_server.url + path)
        return page

    yield enter
    for context in contexts:
        context.close()


def violations(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def test_an_agent_writes_with_help(open_page, scene):
    page = open_page(f"/admin/case/{scene.main.pk}/")
    reply = page.locator("#write-reply textarea")
    reply.click()
    first = page.locator("[data-suggested] li").first
    expect(first).to_be_visible()

    page.keyboard.press("Alt+t")
    search = page.get_by_role("combobox", name="搜索模板")
    expect(search).to_be_focused()
    search.fill("破损 请会员选择")
    expect(page.locator(".pick")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(reply).to_be_focused()
    expect(reply).to_have_value(re.compile("您好，收到的"))

    reply.fill("这不可能，自己看。")
    expect(page.locator("[data-tone]")).to_contain_text("不可能")
    expect(page.locator("[data-tone] li")).not_to_have_count(0)

    reply.fill("")
    expect(page.locator("[data-tone]")).to_be_hidden()
    with page.expect_response(re.compile("tools/inserted")):
        page.keyboard.press("Alt+1")
    expect(reply).not_to_have_value("")
    assert ArticleUse.objects.filter(inserted_at__isnull=False).count() == 1
    assert not violations(page)
    assert page.errors == []


def test_a_playbook_is_applied_and_its_reply_sent_without_reloading(open_page, scene):
    page = open_page(f"/admin/desk/?case={scene.main.pk}")
    page.locator("#write-reply textarea").click()
    page.keyboard.press("Alt+p")
    panel = page.locator("[data-playbooks]")
    expect(panel).to_be_visible()
    panel.get_by_role("button", name=re.compile("^套用：")).first.click()
    expect(panel.locator(".is-used")).to_be_visible()
    reply = page.locator("#write-reply textarea")
    expect(reply).not_to_have_value("")
    panel.locator("button.tick").first.click()
    expect(panel.locator("button.tick").first).to_have_attribute("aria-pressed", "true")
    assert PlaybookUse.objects.count() == 1
    before = Message.objects.filter(author="agent", is_public=True).count()
    page.locator("#write-reply [data-send]").click()
    expect(page.locator(".toast")).to_have_count(2)
    assert Message.objects.filter(author="agent", is_public=True).count() == before + 1
    assert page.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_for_everybodys_eyes(open_page, scene, theme):
    case = scene.main.pk
    for path in (
        f"/admin/case/{case}/tools/playbooks/",
        "/admin/knowledge/?q=退货",
        "/admin/knowledge/courier-stuck/",
        "/admin/knowledge/figures/",
        "/admin/playbooks/",
    ):
        page = open_page(path, theme=theme, who="li", width=900)
        assert not violations(page), path
        assert page.errors == []
    assert not Grant.objects.filter(status="requested", remedy__case=case).exclude(reason="").count() > 5
