"""The menu of staff in a browser: its keys, and room for it in every window."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.e2e.scene import play
from tests.e2e.test_supervisor import open_as  # noqa: F401 -- a fixture
from tests.factories.feedback import StaffFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDER = "document.documentElement.scrollWidth - innerWidth"
OUTSIDE = """[...document.querySelectorAll(".topbar a, .topbar summary, .topbar button, .topbar input")]
  .filter((one) => one.getClientRects().length && one.checkVisibility())
  .filter((one) => { const at = one.getBoundingClientRect(); return at.right > innerWidth || at.left < 0; })
  .map((one) => one.textContent.trim())"""
CUT = """[...document.querySelectorAll(".topnav-often a")].filter((one) => one.getClientRects().length)
  .filter((one) => one.getBoundingClientRect().right > one.parentElement.getBoundingClientRect().right + 0.5)
  .map((one) => one.textContent.trim())"""


@pytest.fixture
def scene():
    return play()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_everything_fits_in_every_window(scene, open_as, live_server, language):  # noqa: F811 -- a fixture
    page = open_as(StaffFactory(is_superuser=True), language=language)
    places = [reverse("admin:desk"), reverse("admin:case", args=[scene.main.pk]), reverse("admin:board")]
    for place in places:
        page.goto(live_server.url + place)
        for width in (390, 760, 900, 1180, 1366, 1920):
            page.set_viewport_size({"width": width, "height": 768})
            for opened in (False, True):
                if opened:
                    page.locator(".topmenu > summary").click()
                assert page.evaluate(WIDER) <= 0, (place, width, opened)
                assert page.evaluate(OUTSIDE) == [], (place, width, opened)
                assert page.evaluate(CUT) == [], (place, width, opened)
            page.keyboard.press("Escape")
    assert page.wrong == []


def test_menu_is_worked_with_keys(scene, open_as, live_server):  # noqa: F811 -- a fixture
    page = open_as(StaffFactory(is_superuser=True), language="en")
    page.goto(live_server.url + reverse("admin:roster"))
    menu = page.locator(".topmenu")
    page.keyboard.press("u")
    expect(page.locator(":focus")).to_have_text("Roster")  # where one is
    expect(page.locator(":focus")).to_have_attribute("aria-current", "page")
    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_have_text("Board")
    page.keyboard.press("ArrowDown")
    expect(page.locator(":focus")).to_have_text(re.compile(r"^\s*Approvals"))
    page.keyboard.press("ArrowLeft")
    expect(page.locator(":focus")).to_have_text("My desk")
    page.keyboard.press("End")
    expect(page.locator(":focus")).to_have_text("Administration")
    page.keyboard.press("ArrowDown")
    expect(page.locator(":focus")).to_have_text("My desk")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("Space")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")  # past the last item
    expect(menu).not_to_have_attribute("open", "")
    page.locator(".topmenu > summary").click()
    expect(menu).to_have_attribute("open", "")
    page.mouse.click(700, 740)  # elsewhere
    expect(menu).not_to_have_attribute("open", "")
    page.locator(".topmenu > summary").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(live_server.url + reverse("admin:desk"))
    assert page.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_menu_has_no_violation(scene, open_as, live_server, scheme):  # noqa: F811 -- a fixture
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(StaffFactory(is_superuser=True), scheme=scheme)
    page.goto(live_server.url + reverse("admin:board"))
    page.locator(".topmenu > summary").click()
    assert axe.run(page).response["violations"] == []


def test_menu_opens_without_scripts(scene, open_as, live_server):  # noqa: F811 -- a fixture
    page = open_as(scene.agent.user, script=False)
    page.goto(live_server.url + reverse("admin:desk"))
    page.locator(".topmenu > summary").click()
    page.locator(".topmenu-body a[href='/admin/knowledge/']").click()
    page.wait_for_url("**/admin/knowledge/")
