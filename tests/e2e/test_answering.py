"""Every kind of question on a phone: with and without a script, resumed after the browser was killed."""

import re

import pytest
from playwright.sync_api import expect

from surveys.invitations import links
from surveys.models import Answer, Draft, DraftFile, Layout, Response
from tests.factories.answering import all_kinds, picture
from tests.factories.compensation import MemberFactory
from tests.factories.questionnaires import invitation

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("S4")]

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}
SAID = "[data-saved]:not(:empty)"


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
    for one, place in {"apple": "2", "pear": "1"}.items():
        expect(other.locator(f'select[name="q-ranking.{one}"]')).to_have_value(place)
    expect(other.locator("#q-picture .file")).to_have_count(1)
    other.get_by_role("button", name="提交").tap()
    other.wait_for_url(re.compile("thanks"))
    assert Response.objects.count() == 1
    assert Answer.objects.get(question__code="picture").files.count() == 1
    assert not Draft.objects.exists()
    assert not DraftFile.objects.exists()
