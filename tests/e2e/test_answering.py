"""Every kind of question on a phone: with and without a script, resumed after the browser was killed."""

import re
from contextlib import suppress

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, expect

from surveys.invitations import links
from surveys.models import Answer, Draft, DraftFile, Layout, Response, Tally, WaveCell
from surveys.questionnaires import commands, editing
from surveys.results.sums import catch_up
from tests.factories.answering import KINDS, all_kinds, laid_out, picture
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import DepartmentFactory
from tests.factories.questionnaires import draft, invitation, launched, one

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("S4")]

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}
SAID = "[data-saved]:not(:empty)"
SEND = "button[value=send]"


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


@pytest.fixture
def doomed(chromium):
    """A browser of its own, to be killed."""
    return chromium.another()


@pytest.fixture
def link(live_server):
    def make(campaign, language="zh-hans"):
        return live_server.url + links.page(invitation(campaign, MemberFactory(language=language)))

    return make


def pick(page, code, value):
    page.locator(f'input[name="q-{code}"][value="{value}"]').check(force=True)


def test_what_was_answered_outlives_the_browser(phone, link):
    address = link(all_kinds(Layout.ALL))
    page = phone()
    page.goto(address)
    pick(page, "csat", 4)
    page.locator("#q-ranking .rank button").nth(1).tap()  # the first goes down
    page.locator("textarea").fill("半句话")
    page.locator("#q-picture input[type=file]").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    expect(page.locator("#q-picture .file")).to_be_visible()
    expect(page.locator(SAID)).to_be_visible()
    page.context.close()  # killed
    other = phone(java_script_enabled=False)
    other.goto(address)
    expect(other.locator('input[name="q-csat"]:checked')).to_have_value("4")
    expect(other.locator("textarea")).to_have_value("半句话")
    for fruit, place in {"apple": "2", "pear": "1"}.items():
        expect(other.locator(f'select[name="q-ranking.{fruit}"]')).to_have_value(place)
    expect(other.locator("#q-picture .file")).to_have_count(1)
    other.get_by_role("button", name="提交").tap()
    other.wait_for_url(re.compile("thanks"))
    assert Response.objects.count() == 1
    assert Answer.objects.get(question__code="picture").files.count() == 1
    assert not Draft.objects.exists()
    assert not DraftFile.objects.exists()


def found_by_axe(page):
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_kind_is_accessible_all_at_once(phone, link, scheme, language):
    page = phone(color_scheme=scheme)
    page.goto(link(all_kinds(Layout.ALL), language))
    expect(page.locator(".keep")).to_be_visible()
    page.locator("#q-picture input[type=file]").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    expect(page.locator("#q-picture .file")).to_be_visible()
    page.locator(SEND).click()
    expect(page.locator("#q-csat .problem")).to_be_visible()
    assert found_by_axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.long
def test_every_kind_is_accessible_one_a_screen(phone, link):
    page = phone(color_scheme="dark")
    page.goto(link(all_kinds(Layout.ONE)))
    pick(page, "csat", 4)
    for question in KINDS:
        expect(page.locator(f"#q-{question['code']}")).to_be_visible()
        assert (question["code"], found_by_axe(page)) == (question["code"], [])
        page.locator("button[value=next], button[value=send]").click()
    page.wait_for_url(re.compile("thanks"))


@pytest.mark.parametrize("layout", [Layout.ALL, Layout.ONE])
def test_every_kind_is_answered_by_keyboard_alone(phone, link, layout):
    DepartmentFactory(takes_new=True)  # the first score that the keyboard reaches is a bad one
    page = phone()
    page.goto(link(all_kinds(layout)))
    keys, seen = page.keyboard, None
    for _key in range(250):
        keys.press("Tab")
        at = page.evaluate(
            "(({name, type, value, className}) => ({name: name || '', type: type || '', value, className}))"
            "(document.activeElement)"
        )
        if at["value"] == "send":
            keys.press("Enter")
            break
        if at["value"] == "next":
            on = page.locator("input[name=on]").input_value()
            keys.press("Enter")
            expect(page.locator("input[name=on]")).not_to_have_value(on)
        elif at["type"] in {"radio", "checkbox"}:
            keys.press("Space")
        elif "keep" in at["className"]:
            keys.press("Enter")
        elif at["type"] == "date":
            if at["name"] != seen:
                keys.type("11222026")
        elif at["type"] in {"text", "textarea"} and not at["name"].endswith((".text", "website")):
            keys.type("7")
        seen = at["name"]
    page.wait_for_url(re.compile("thanks"))
    given = set(Answer.objects.values_list("question__code", flat=True))
    assert {question["code"] for question in KINDS} - given == {"picture", "voice"}


def test_what_was_answered_outlives_a_browser_that_is_killed_and_counts_once(doomed, phone, link):
    address = link(laid_out(Layout.ALL, *KINDS, quota=5))
    page = doomed.new_context(**PHONE).new_page()
    page.goto(address)
    pick(page, "csat", 4)
    page.locator("textarea").fill("半句话")
    expect(page.locator(SAID)).to_be_visible()
    expect(page.locator(".done b")).to_have_text("2")
    with suppress(Error):  # nobody is left who could answer
        doomed.new_browser_cdp_session().send("Browser.crash")
    assert Draft.objects.get().answers["text"] == "半句话"
    assert not Response.objects.exists()
    other = phone()
    other.goto(address)
    expect(other.locator('input[name="q-csat"]:checked')).to_have_attribute("value", "4")
    expect(other.locator("textarea")).to_have_value("半句话")
    third = phone()  # the same link in a second window, finished later
    third.goto(address)
    other.locator(SEND).click()
    other.wait_for_url(re.compile("thanks"))
    third.locator(SEND).click()
    expect(third.locator("body[data-state=answered]")).to_be_attached()
    assert Response.objects.count() == 1
    assert WaveCell.objects.get().answered == 1
    assert Answer.objects.get(question__code="text").text == "半句话"
    assert not Draft.objects.exists()
    catch_up()
    assert Tally.objects.get(dimension="", question=None, row="").counts == {"": 1}


def test_the_title_of_a_section_stands_above_the_first_question_that_is_shown(phone, link):
    """Also when an answer shows an earlier one, or hides it again."""
    bad = {"all": [{"of": "answer", "name": "csat", "is": "at_most", "value": 2}]}
    made = draft(one("csat", "csat"))
    section = editing.add_section(version_id=made.pk, title="原因", actor=None, at=T0)
    for question in (one("text", "why", show_if=bad), one("nps", "nps"), one("ces", "ces")):
        commands.add_question(version_id=made.pk, section=section, actor=None, at=T0, **question)
    commands.publish(version_id=made.pk, actor=None, at=T0)
    page = phone()
    page.goto(link(launched(survey=made.survey)))
    titles = page.locator(".part:visible")

    def stands_above(code):
        expect(titles).to_have_count(1)
        expect(page.locator(f"#q-{code} .part")).to_have_text("原因")
        expect(page.locator(f"#q-{code} .part")).to_be_visible()

    stands_above("nps")
    pick(page, "csat", 1)
    expect(page.locator("#q-why")).to_be_visible()
    stands_above("why")
    pick(page, "csat", 5)
    expect(page.locator("#q-why")).to_be_hidden()
    stands_above("nps")
    page.reload()
    stands_above("nps")
