"""An agent answers reviews by keyboard; a supervisor tries the rules and reads the figures."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from feedback.defaults.lexicon import seed_lexicon
from feedback.models import Reply
from feedback.replies import automatic
from tests.e2e.listening import complaints
from tests.factories.feedback import StaffFactory
from tests.factories.replies import said, ship, stands

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F17")]
LOOKS = [("zh-hans", "light", 1366), ("en", "dark", 390)]


@pytest.fixture
def enter(chromium, live_server):
    contexts = []

    def make(who, language, **options):
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        client = Client()
        client.force_login(who, "django.contrib.auth.backends.ModelBackend")
        cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": language}
        context.add_cookies([{"name": n, "value": v, "url": live_server.url} for n, v in cookies.items()])
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def accessible(page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is too wide"


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_replies_are_approved_by_keyboard(enter, shots, language, scheme, width):
    at = timezone.now()
    seed_lexicon(at)
    ship()
    texts = ("质量很好，就是物流慢了点，等了四天才到。", "一般，和想象的不一样。")
    for text in texts:
        stands(said(3, text, feeling="mixed", aspects=("logistics",), at=at), "weibo", at=at)
    said(text="垃圾店家", hostile=True, at=at)
    said(at=at)
    automatic.take_up(at=at)
    lead = StaffFactory(role="team_lead")
    size = {"viewport": {"width": width, "height": 800}}
    page = enter(lead, language, color_scheme=scheme, **size)
    problems = complaints(page)

    page.goto("/admin/replies/")
    expect(page.locator("[data-reply]")).to_have_count(2)
    page.screenshot(path=f"{shots}/replies-{language}-{scheme}.png", full_page=True)
    accessible(page)
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.keyboard.type("（已核实）")
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.keyboard.press("a")
    expect(page.locator("[data-reply]")).to_have_count(1)
    with page.expect_navigation():
        page.keyboard.press("a")
    expect(page.locator("[data-reply]")).to_have_count(0)
    assert Reply.objects.filter(state="approved").count() == 3
    assert "（已核实）" in Reply.objects.order_by("pk")[1].public_text

    answered = Reply.objects.order_by("pk")[1].review_id
    for name, path in {
        "write": "/admin/replies/?tab=write",
        "post": "/admin/replies/?tab=post",
        "one": f"/admin/replies/reviews/{answered}/",
        "rules": "/admin/replies/rules/?stars=5&text=质量很好，非常满意",
        "figures": "/admin/replies/figures/",
    }.items():
        page.goto(path)
        page.screenshot(path=f"{shots}/replies-{name}-{language}-{scheme}.png", full_page=True)
        accessible(page)
    assert problems == []
