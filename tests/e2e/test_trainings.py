"""Trainings in a browser: read in both languages and themes and on a phone; planned and held by a lead."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from kpis.models import Snapshot, Training
from kpis.training import commands
from kpis.training.commands import About
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.appraisals import person
from tests.factories.trainings import there

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K10")]
RIGHTS = ("view_training", "plan_training")


@pytest.fixture
def scene():
    """One that was held, with figures around it, and one that begins in an hour."""
    made, now = play(), timezone.now()
    lead, department = made.lead.user, made.lead.departments.first()
    lead.user_permissions.add(*Permission.objects.filter(codename__in=RIGHTS))
    taught, others = ([person(department).agent for _each in range(3)] for _side in range(2))
    then = now - timedelta(40)
    over = plan(department, lead, then, [one.pk for one in taught], "开口前先听完")
    commands.hold(training_id=over.pk, attendance=there(*taught), actor=None, at=then + timedelta(hours=1))
    for number, agent in enumerate([*taught, *others]):
        for days, mean in ((-7, 3.0), (7, 4.0 if number < len(taught) else 3.1)):
            Snapshot.objects.create(
                metric="csat", dimension="agent", key=str(agent.pk), n=20 + number,
                day=(then + timedelta(days)).date(), total=round((20 + number) * mean),
                squares=round((20 + number) * mean * mean), computed_at=now,
            )  # fmt: skip
    plan(department, lead, now + timedelta(minutes=1), [taught[0].pk], "换个说法再说一遍")
    return lead


def plan(department, lead, starts, agents, title):
    about = About(title=title, metric="csat", trainer=lead, starts_at=starts, place="三楼会议室")
    return commands.plan(
        department=department, about=about, agents=agents, actor=None, at=starts - timedelta(hours=1)
    )


@pytest.fixture
def open_as(chromium, live_server, scene):
    contexts = []

    def make(*, scheme="light", language="zh-hans", width=1366):
        client = Client()
        client.force_login(scene, "django.contrib.auth.backends.ModelBackend")
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


@pytest.mark.parametrize(
    ("scheme", "language", "width"),
    [("light", "zh-hans", 1366), ("dark", "en", 1366), ("light", "en", 390), ("dark", "zh-hans", 390)],
)
def test_it_reads_well_everywhere(open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(scheme=scheme, language=language, width=width)
    over, coming = Training.objects.order_by("starts_at")
    wrong = []
    for name, path in {
        "list": reverse("admin:trainings"),
        "held": reverse("admin:training", args=[over.pk]),
        "coming": reverse("admin:training", args=[coming.pk]),
        "new": reverse("admin:training_new"),
        "mine": reverse("admin:trainings_mine"),
        "people": reverse("admin:training_people"),
        "person": reverse("admin:training_person", args=[over.places.first().agent_id]),
    }.items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        expect(page.locator("h1")).to_be_visible()
        page.screenshot(path=f"{shots}/trainings-{name}-{language}-{scheme}-{width}.png", full_page=True)
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide"))
    assert not wrong, wrong
    assert page.wrong == []


def test_a_lead_puts_somebody_in_and_holds_it(open_as, live_server):
    page = open_as()
    coming = Training.objects.order_by("starts_at").last()
    page.goto(live_server.url + reverse("admin:training", args=[coming.pk]))
    page.locator(".chosen input").first.check()
    page.locator("form[action$='/in/'] button").click()
    hold = page.locator("form[action$='/hold/']")
    expect(hold.locator(".attendance li")).to_have_count(2)
    for choice in hold.locator("select").all():
        choice.select_option("present")
    hold.locator("button.is-main").click()
    expect(page.locator("form[action$='/hold/']")).to_have_count(0)
    expect(page.locator(".badge.is-ok").first).to_be_visible()
    assert coming.places.filter(presence="present").count() == 2
