"""Goals and alerts of figures in a browser: read in both languages and themes, set, and taken note of."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from kpis.alerts.commands import watch
from kpis.defaults.seed import seed
from kpis.models import Dimension, FigureAlert, Grain, MetricCode, Snapshot, Target
from tests.e2e.listening import complaints
from tests.e2e.scene import play
from tests.factories.figures import make_days, make_goal

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.req("K2")]
CHANNELS = {"app": 0.93, "portal": 0.9, "mail": 0.88, "chat": 0.95}


@pytest.fixture
def scene():
    made, now = play(), timezone.now()
    seed(now)
    today = timezone.localdate()
    first, last = today - timedelta(200), today - timedelta(1)
    service = str(made.service.pk)
    places = [("", "", 0.92), ("department", service, 0.91)]
    places += [("channel", key, share) for key, share in CHANNELS.items()]
    for dimension, key, share in places:
        at = {"dimension": Dimension(dimension), "key": key}
        turned = 0.7 if key in {"", "mail", service} else share
        make_days(first, today - timedelta(13), share, **at)
        make_days(today - timedelta(12), last, turned, **at)
        make_days(first, last, share, metric=MetricCode.RESOLUTION, **at)
    Snapshot.objects.filter(metric=MetricCode.RESOLUTION, dimension="", day=last).update(total=40)
    make_goal("93", dimension=Dimension.DEPARTMENT, key=service, grain=Grain.WEEK)
    make_goal("92", since=today + timedelta(100), warning=Decimal(2))
    watch(day=last, at=now)
    user = made.lead.user
    user.user_permissions.add(Permission.objects.get(codename="change_target"))
    return made


@pytest.fixture
def open_as(chromium, live_server):
    contexts = []

    def make(user, *, scheme="light", language="zh-hans", width=1440):
        client = Client()
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


def addresses():
    goal = reverse("admin:figure_goal") + "?metric=first_reply_attainment&grain=month"
    of = {kind: FigureAlert.objects.filter(kind=kind, dimension="").first() for kind in ("turn", "outlier")}
    assert all(of.values())
    return {
        "goals": reverse("admin:figure_goals"),
        "goal": goal,
        "tried": f"{goal}&try=1&since={timezone.localdate()}&goal=91&warning=1",
        "alerts": reverse("admin:figure_alerts"),
        **{kind: reverse("admin:figure_alert", args=[one.pk]) for kind, one in of.items()},
        "first": reverse("admin:index"),
    }


WIDE = """[...document.querySelectorAll("main *, .topbar, .topbar *")].filter(
  (one) => one.getBoundingClientRect().right > innerWidth && !one.closest(".scroll-x, .topnav, svg"))
  .slice(0, 5).map((one) => one.tagName + "." + one.className)"""
LOOKS = [
    ("light", "zh-hans", 1440),
    ("dark", "en", 390),
    ("dark", "zh-hans", 1440),
    ("light", "zh-hans", 390),
]


@pytest.fixture
def supervisor(scene):
    user = scene.lead.user
    user.groups.add(Group.objects.get(name="主管"))
    return user


@pytest.mark.parametrize(("scheme", "language", "width"), LOOKS)
def test_pages_can_be_read(supervisor, open_as, live_server, shots, scheme, language, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_as(supervisor, scheme=scheme, language=language, width=width)
    wrong = []
    for name, path in addresses().items():
        page.goto(live_server.url + path)
        page.wait_for_load_state("load")
        page.screenshot(path=f"{shots}/figures-{name}-{language}-{scheme}-{width}.png", full_page=True)
        if name == "first":
            continue  # Unfold's own frame is walked elsewhere
        wrong += [
            (name, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append((name, "too wide", page.evaluate(WIDE)))
    assert not wrong, wrong
    assert page.wrong == []


def test_a_goal_is_tried_and_set(supervisor, open_as, live_server):
    page = open_as(supervisor)
    page.goto(live_server.url + addresses()["goal"])
    before = Target.objects.count()
    page.fill("#id_goal", "91")
    page.fill("#id_warning", "1")
    page.click("button[name=try]")
    expect(page.locator("main table").first.locator("thead th")).to_have_count(6)
    assert Target.objects.count() == before
    page.click("main form[method=post] button.is-main")
    expect(page.locator(".toast.is-success")).to_be_visible()
    assert Target.objects.latest("set_at").goal == 91
    assert page.wrong == []


def test_chosen_alerts_are_taken_note_of(supervisor, open_as, live_server):
    page = open_as(supervisor)
    page.goto(live_server.url + reverse("admin:figure_alerts"))
    boxes = page.locator("tbody input[name=alert]")
    expect(boxes).not_to_have_count(0)
    page.locator("[data-tick-all]").check()
    page.fill("#note", "大促期间人手不足")
    page.click("main form[method=post] button.is-main")
    expect(page.locator(".toast.is-success")).to_be_visible()
    expect(boxes).to_have_count(0)
    assert FigureAlert.objects.filter(note="大促期间人手不足", acknowledged_by=supervisor).exists()
    assert page.wrong == []
