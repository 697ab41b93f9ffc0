"""The listening desk and the feedback box in a browser."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from feedback.models import Post, WatchJump, WatchWord
from tests.e2e.test_desk import open_page, scene, violations  # noqa: F401 -- fixtures
from tests.factories.posts import DAY, LATE, LEAK, given, read, suggestion, take, words

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F19")]
PAGES = ["", "?tab=ideas", "suggestions/", "posts/", "watched/"]


@pytest.fixture
def said(scene):  # noqa: F811 -- the fixture above
    now = timezone.now()
    words()
    for number, text in enumerate([*LEAK, *LATE]):
        take(
            given(f"w{number}", text, written_at=now - number * DAY / 8, author="水壶控", likes=40 * number),
            at=now,
        )
    suggestion(member=scene.main.member, at=now)
    read(now)
    word = WatchWord.objects.create(name="回音水壶", words=["水壶"], department=scene.service)
    WatchJump.objects.create(watch=word, began_at=now, negatives=9, usual=0.5, chance=1e-7)
    return Post.objects.get(external_id="w0")


def test_a_post_becomes_a_case_by_keyboard(said, open_page, shots):  # noqa: F811
    page = open_page("/admin/listening/", who="li")
    expect(page.locator(".topic").filter(has_text="漏水")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("[data-row]").first).to_be_focused()
    page.screenshot(path=f"{shots}/listening.png", full_page=True)
    page.keyboard.press("Enter")
    expect(page.locator(".post")).to_have_count(3)
    page.wait_for_load_state()  # before that nobody listens to keys
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-tick]").first).to_be_checked()
    page.screenshot(path=f"{shots}/topic.png", full_page=True)
    page.goto(page.url.split("/listening/")[0] + f"/listening/posts/{said.pk}/")
    expect(page.locator(".triage").first).to_be_visible()
    page.screenshot(path=f"{shots}/post.png", full_page=True)
    page.keyboard.press("c")
    page.wait_for_url("**/admin/case/**")
    said.refresh_from_db()
    assert page.url.endswith(f"/admin/case/{said.case_id}/")
    assert said.case.channel == "social"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_accessible(said, open_page, theme):  # noqa: F811
    post = f"posts/{said.pk}/"
    topic, jump = f"topics/{said.cluster_id}/", f"jumps/{WatchJump.objects.get().pk}/"
    page = open_page("/admin/listening/", who="li", theme=theme)
    for path in [*PAGES, post, topic, jump]:
        page.goto(page.url.split("/listening/")[0] + f"/listening/{path}")
        for width in (1366, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert violations(page) == []
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
