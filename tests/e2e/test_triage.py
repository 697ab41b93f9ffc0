"""Triage in a browser: its pages can be read, and what is left to people is decided by keyboard."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from feedback.defaults.lexicon import seed_lexicon
from feedback.models import Feeling, LexiconEntry, Review, Triage, TriageSetup, VoiceAspect
from feedback.triage import following, queries, training
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.feedback import StaffFactory
from tests.factories.triage import SaidFactory, made_up

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("F16")]

SAID = (
    "质量很好，就是快递太慢了，客服态度也差。",
    "东西还行，价格有点贵，但是效果不错，就是包装破了。",
    "Nice colour, but the delivery was late and nobody answered.",
)


@pytest.fixture
def scene():
    made, now = play(), timezone.now()
    seed_lexicon(now)
    TriageSetup.objects.update(least_each=20, sure_accuracy="0.700")
    LexiconEntry.objects.filter(word__in=["满意", "喜欢", "失望", "后悔"]).update(is_active=False)
    training.train(actor=None, at=now, taught=made_up(wrong=0.3), again=True)
    training.train(actor=None, at=now, taught=made_up(wrong=0.0), again=True)
    for text in SAID:
        SaidFactory(text=text, order=made.main.order, member=made.main.member)
    while following.take_up_reviews(at=now) or following.take_up_cases(at=now):
        pass
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


@pytest.mark.parametrize(("scheme", "language", "width"), [("light", "zh-hans", 1366), ("dark", "en", 390)])
def test_pages_can_be_read(scene, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(StaffFactory(is_superuser=True), scheme=scheme, language=language, width=width)
    addresses = {
        "triage": reverse("admin:triage"),
        "triage-unsure": reverse("admin:triage-unsure"),
        "triage-case": reverse("admin:case", args=[scene.main.pk]),
    }
    wrong = []
    for name, path in addresses.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide"))
    assert not wrong, wrong
    assert page.wrong == []


def test_deciding_by_keyboard(scene, open_as, live_server):
    first, second = queries.unsure(scene.agent.user)[:2]
    page = open_as(scene.agent.user)
    page.goto(live_server.url + reverse("admin:triage-unsure"))
    items = page.locator("[data-triage-item]")
    expect(items.first).to_be_focused()
    price = list(VoiceAspect.values).index(VoiceAspect.APP)
    page.keyboard.press("qwertyui"[price])
    expect(items.first.locator("[value=app]")).to_have_attribute(
        "aria-pressed", "false" if VoiceAspect.APP in first.aspects else "true"
    )
    page.keyboard.press("1")  # at once and one after the other: each waits for the answer to the last
    page.keyboard.press("2")
    expect(items.first).to_have_class(re.compile("is-done"))
    expect(items.nth(1)).to_have_class(re.compile("is-done"))
    expect(items.nth(1).locator("[value=mixed]")).to_have_attribute("aria-pressed", "true")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.feeling, second.feeling) == (Feeling.NEGATIVE, Feeling.MIXED)
    assert first.decided_by == scene.agent.user
    assert page.wrong == []


def test_the_lexicon_and_a_review_tell_while_one_works(scene, open_as, live_server, shots):
    page = open_as(StaffFactory(is_superuser=True))
    word = LexiconEntry.objects.get(word="有点贵") if LexiconEntry.objects.filter(word="有点贵") else None
    entry = word or LexiconEntry.objects.get(word="贵")
    page.goto(live_server.url + reverse("admin:feedback_lexiconentry_change", args=[entry.pk]))
    page.fill("#tried", "价格有点贵")
    expect(page.locator("mark").first).to_be_visible()
    page.fill("[name=weight]", "3")
    expect(page.locator("tr.is-changed")).to_be_visible()
    expect(page.locator("mark.is-good")).to_be_visible()
    page.screenshot(path=f"{shots}/triage-lexicon.png", full_page=True)
    review = Review.objects.filter(text=SAID[0]).get()
    page.goto(live_server.url + reverse("admin:feedback_review_change", args=[review.pk]))
    with page.expect_response(re.compile("/triage/")):
        page.locator(".triage-chip[value=positive]").click()
    expect(page.locator(".triage-chip[value=positive]")).to_have_attribute("aria-pressed", "true")
    page.screenshot(path=f"{shots}/triage-review.png", full_page=True)
    assert Triage.objects.get(review=review).feeling == Feeling.POSITIVE
