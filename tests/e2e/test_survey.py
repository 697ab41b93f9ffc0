"""A member answers a survey on a phone, with one thumb and without scripts."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from surveys.invitations import links
from surveys.invitations.commands import invite_closed_cases
from surveys.models import Answer, Invitation, Response
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory
from tests.factories.surveys import after_case

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.req("S4"),
]

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}
THUMB = 48  # CSS pixels
SEND = "button[value=send]"


@pytest.fixture
def link(live_server):
    def make(language="zh-hans"):
        now = timezone.now()
        after_case()
        member = MemberFactory(language=language)
        case = CaseFactory(closed=True, member=member, subject="包裹破损", closed_at=now)
        invite_closed_cases(at=timezone.now())
        return live_server.url + links.page(Invitation.objects.get(case=case))

    return make


@pytest.fixture
def phone(chromium):
    contexts = []

    def make(**options):
        context = chromium.new_context(**PHONE, **options)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def choose(page, question, score):
    page.locator("fieldset").nth(question).locator(".score").nth(score - 1).tap()


def test_answering_without_scripts(phone, link):
    page = phone(java_script_enabled=False)
    page.goto(link())
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    choose(page, 0, 5)
    choose(page, 1, 4)
    page.locator("textarea").fill("谢谢小王")
    page.locator(SEND).tap()
    page.wait_for_url(re.compile("thanks"))
    expect(page.locator("h1")).to_contain_text("谢谢您！")
    assert list(Answer.objects.order_by("question").values_list("score", flat=True)) == [5, 4, None]


@pytest.mark.req("S6")
def test_an_unhappy_member_learns_what_happens_next(phone, link):
    page = phone()
    page.goto(link("en"))
    choose(page, 0, 1)
    choose(page, 1, 2)
    page.locator(SEND).tap()
    page.wait_for_url(re.compile("thanks"))
    expect(page.locator("main")).to_contain_text(Response.objects.get().follow_up.number)


def test_progress_and_mistakes_are_shown(phone, link):
    page = phone()
    page.goto(link())
    choose(page, 0, 3)
    expect(page.locator(".done b")).to_have_text("1")
    page.locator(SEND).tap()
    page.locator(".problem[role=alert]").wait_for()
    expect(page.locator("fieldset .problem")).to_have_count(1)
    expect(page.locator("input:checked")).to_have_value("3")
    choose(page, 1, 4)
    expect(page.locator("fieldset .problem")).to_be_hidden()


def test_targets_are_big_and_nothing_scrolls_sideways(phone, link):
    page = phone()
    page.goto(link())
    for selector in (".score", SEND, "textarea", "header button"):
        for element in page.locator(selector).all():
            box = element.bounding_box()
            assert box["height"] >= THUMB
            assert box["width"] >= (THUMB if selector != "header button" else 24)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_can_be_answered_by_keyboard(phone, link):
    page = phone()
    page.goto(link())
    page.keyboard.press("Tab")  # the language
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.locator("input:checked")).to_have_value("2")
    outline = page.evaluate(
        "getComputedStyle(document.querySelector('.score:has(input:focus)')).outlineStyle"
    )
    assert outline == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_state_is_accessible(phone, link, shots, scheme, language):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = phone(color_scheme=scheme)

    def look(name):
        page.screenshot(path=f"{shots}/survey-{name}-{language}-{scheme}.png", full_page=True)
        found = axe.run(page).response["violations"]
        assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]

    address = link(language)
    page.goto(address)
    look("new")
    page.locator(SEND).tap()
    page.locator(".problem[role=alert]").wait_for()
    look("mistakes")
    choose(page, 0, 2)
    choose(page, 1, 5)
    look("chosen")
    page.locator(SEND).tap()
    page.wait_for_url(re.compile("thanks"))
    look("thanks")
    page.goto(address)
    look("answered")
    page.goto(re.sub("/s/.*/", "/s/wrong/", address))
    look("unknown")
    other = link(language)
    Invitation.objects.filter(response=None).update(
        invited_at=timezone.now() - timedelta(days=20),
        expires_at=timezone.now() - timedelta(days=6),
    )
    page.goto(other)
    look("expired")
