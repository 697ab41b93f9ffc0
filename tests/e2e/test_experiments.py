"""Experiments in a browser: planned with their size, watched without peeking, decided by keyboard."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from feedback.models import PlaybookVersion
from kpis.experiments import commands
from kpis.models import Experiment
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.experiments import KEY, full, running
from tests.factories.feedback import StaffFactory
from tests.factories.knowledge import make_playbook

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K7")]
LOOKS = [
    ("light", "zh-hans", 1366),
    ("dark", "en", 390),
    ("dark", "zh-hans", 1366),
    ("light", "zh-hans", 390),
]


@pytest.fixture
def scene():
    """One that has ended, and one under way with another setting."""
    made, now = play(), timezone.now()
    begun = now - timedelta(days=40)
    over = full(made.service, at=begun, share_a=0.5, share_b=0.2, number=140)
    commands.end(experiment_id=over.pk, actor=None, at=now)
    make_playbook("late-parcel", remedies=[100])
    key = "playbook:late-parcel:1:points"
    going = running(made.service, at=now - timedelta(days=3), key=key, title="跑着的")
    return {"over": over, "going": going}


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(*, scheme="light", language="zh-hans", width=1366):
        client = Client()
        user = StaffFactory(role="administrator", is_staff=True)
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
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


def addresses(scene):
    return {
        "list": reverse("admin:experiments"),
        "settings": reverse("admin:experiment_new"),
        "plan": f"{reverse('admin:experiment_new')}?kind=compensation&key={KEY}",
        "running": reverse("admin:experiment", args=[scene["going"].pk]),
        "ended": reverse("admin:experiment", args=[scene["over"].pk]),
    }


@pytest.mark.parametrize(("scheme", "language", "width"), LOOKS)
def test_pages_can_be_read(scene, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(scheme=scheme, language=language, width=width)
    wrong = []
    for name, path in addresses(scene).items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/experiments-{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide"))
    assert not wrong, wrong
    assert page.wrong == []


def test_the_size_follows_what_is_typed_and_a_draft_is_kept(scene, open_as, live_server):
    page = open_as()
    page.goto(live_server.url + addresses(scene)["plan"])
    page.fill("#id_title", "再多一点")
    page.fill("#id_b_value", "300")
    page.select_option("#id_department", index=1)
    page.select_option("#id_outcome", "complaint_rate")
    page.fill("#id_effect", "10")
    size = page.locator(".experiment-size strong")
    expect(size).to_be_visible()
    at_first = size.inner_text()
    page.fill("#id_effect", "20")
    expect(size).not_to_have_text(at_first)
    page.fill("#id_margin1", "500")
    page.click("#plan button.is-main")
    expect(page.locator("h1")).to_have_text("再多一点")
    made = Experiment.objects.get(title="再多一点")
    assert [one.outcome for one in made.guards.all()] == ["cost"]
    assert page.wrong == []


def test_it_is_decided_by_keyboard(scene, open_as, live_server):
    page = open_as()
    page.goto(live_server.url + addresses(scene)["ended"])
    page.locator("[data-opens='do-decide']").focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#do-decide")
    expect(dialog).to_be_visible()
    dialog.locator("input[value=b]").focus()
    page.keyboard.press("Space")
    dialog.locator("textarea").focus()
    page.keyboard.type("少了投诉")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".toast.is-success")).to_be_visible()
    scene["over"].refresh_from_db()
    assert (scene["over"].kept, scene["over"].reason) == ("b", "少了投诉")
    assert PlaybookVersion.objects.filter(playbook__code="damaged").count() == 2
    assert page.wrong == []
