"""The pages of alerts: who sees which, taking note, what explains one, and what they cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from kpis.alerts.commands import acknowledge
from kpis.models import Dimension, FigureAlert, MetricCode
from kpis.snapshots.calendar import day_span
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.figures import make_days
from tests.factories.kpis import make_clock

pytestmark = [pytest.mark.django_db, pytest.mark.req("K2")]
ALERTS, NOTE = reverse("admin:figure_alerts"), reverse("admin:figure_alerts_note")


@pytest.fixture
def ours():
    return DepartmentFactory(name="客服部")


@pytest.fixture
def sign_in(client, ours):
    def make(role):
        user = StaffFactory(role=role)
        AgentFactory(user=user, leads=[ours])
        client.force_login(user)
        return user

    return make


@pytest.fixture
def yesterday():
    return timezone.localdate() - timedelta(1)


def make_alert(day, *, department=None, kind="outlier", metric=MetricCode.FIRST_REPLY, **more):
    place = {"dimension": Dimension.DEPARTMENT, "key": str(department.pk)} if department else {}
    values = {
        "first": day, "last": day, "n": 120, "value": 71.5, "against": 93.25, "found_at": timezone.now(),
        "numbers": {"z": -5.2, "cusum": 9.1, "spread": 900.0, "is_up": 0, "low": 70.0, "high": 80.0},
    }  # fmt: skip
    return FigureAlert.objects.create(metric=metric, kind=kind, **place, **{**values, **more})


def shown(response):
    return [told.alert for told in response.context["lines"]]


def test_who_sees_which_alerts(client, sign_in, ours, yesterday):
    whole, mine = make_alert(yesterday), make_alert(yesterday, department=ours)
    theirs = make_alert(yesterday, department=DepartmentFactory())
    for role, seen in (
        ("team_lead", [mine]),
        ("supervisor", [mine, whole]),
        ("analyst", [mine, whole]),
    ):
        sign_in(role)
        assert shown(client.get(ALERTS)) == seen
        for one in (whole, mine, theirs):
            page = client.get(reverse("admin:figure_alert", args=[one.pk]))
            assert page.status_code == (200 if one in seen else 404)
    sign_in("agent")
    for address in (ALERTS, reverse("admin:figure_alert", args=[mine.pk])):
        assert client.get(address).status_code == 403
    assert client.post(NOTE, {"alert": mine.pk}).status_code == 403


def test_the_open_ones_come_unasked_and_others_by_address(client, sign_in, yesterday):
    user = sign_in("supervisor")
    noted, gone, fresh = (make_alert(yesterday - timedelta(back)) for back in (2, 1, 0))
    turned = make_alert(yesterday, kind="turn")
    acknowledge(alert_ids=[noted.pk], actor=user, at=timezone.now(), note="促销")
    FigureAlert.objects.filter(pk=gone.pk).update(closed_at=timezone.now())
    assert shown(client.get(ALERTS)) == [turned, fresh]
    assert shown(client.get(ALERTS, {"state": "noted"})) == [noted]
    assert shown(client.get(ALERTS, {"state": "gone"})) == [gone]
    assert shown(client.get(ALERTS, {"state": "all", "kind": "turn"})) == [turned]
    assert shown(client.get(ALERTS, {"metric": "csat"})) == []
    for wrong in ({"state": "x"}, {"kind": "'"}, {"page": "-1"}, {"metric": "<b>"}):
        assert client.get(ALERTS, wrong).status_code == 400


def test_taking_note_of_many_with_a_note(client, sign_in, ours, yesterday):
    user = sign_in("team_lead")
    mine = [make_alert(yesterday - timedelta(back), department=ours) for back in range(2)]
    theirs = make_alert(yesterday, department=DepartmentFactory())
    chosen = {
        "alert": [mine[0].pk, mine[1].pk, theirs.pk, "x", "9" * 30],
        "note": "<b>促销</b>",
        "next": ALERTS + "?kind=",
    }
    assert client.post(NOTE, chosen).headers["Location"] == ALERTS + "?kind="
    for one in (*mine, theirs):
        one.refresh_from_db()
    assert [one.acknowledged_by for one in (*mine, theirs)] == [user, user, None]
    text = client.get(ALERTS, {"state": "noted"}).content.decode()
    assert "&lt;b&gt;促销" in text
    assert "<b>促销" not in text
    assert client.post(NOTE, {"alert": mine[0].pk, "note": "again"}).status_code == 302
    mine[0].refresh_from_db()
    assert mine[0].note == "<b>促销</b>"


def test_a_note_that_is_too_long_is_told_and_nobody_is_led_away(client, sign_in, yesterday):
    sign_in("supervisor")
    one = make_alert(yesterday)
    assert client.post(NOTE, {"alert": one.pk, "note": "x" * 501}).status_code == 400
    assert client.get(NOTE).status_code == 405
    away = client.post(NOTE, {"alert": one.pk, "next": "https://example.com/"})
    assert away.headers["Location"] == ALERTS


@pytest.mark.parametrize("kind", ["missed", "expected", "turn", "outlier"])
def test_an_alert_tells_what_moved_it(client, sign_in, ours, yesterday, kind):
    sign_in("supervisor")
    theirs = DepartmentFactory()
    for department, share in ((ours, 0.9), (theirs, 0.5)):
        key = str(department.pk)
        make_days(yesterday - timedelta(90), yesterday - timedelta(1), 0.9, dimension="department", key=key)
        make_days(yesterday, yesterday, share, dimension="department", key=key)
    make_days(yesterday - timedelta(90), yesterday, 0.9)
    grain = {"grain": "week", "first": yesterday - timedelta(6)} if kind in {"missed", "expected"} else {}
    one = make_alert(yesterday, kind=kind, **grain)
    response = client.get(reverse("admin:figure_alert", args=[one.pk]))
    ((told, moved),) = response.context["explained"]
    assert told.dimension == Dimension.DEPARTMENT
    assert moved[0][0].name == str(theirs)
    assert moved[0][0].whole < 0
    links = {part.name: link for part, link in moved}
    assert links[str(theirs)] == ""  # its rows are not theirs to open
    assert client.get(links[str(ours)]).status_code == 200
    assert client.get(response.context["rows"]).status_code == 200
    if kind in {"missed", "expected"}:
        assert client.get(response.context["goal"]).status_code == 200


def test_what_moved_a_department_is_counted_from_its_rows(client, sign_in, ours, yesterday):
    sign_in("team_lead")
    noon = day_span(yesterday).start + timedelta(hours=12)
    for back in (0, 1, 2):
        for met in (noon - timedelta(days=back), None):
            clock = make_clock(ours, due_at=noon - timedelta(days=back), met_at=met)
            clock.case.channel = "app" if met else "portal"
            clock.case.save()
    make_clock(DepartmentFactory(), due_at=noon)
    one = make_alert(yesterday, department=ours)
    found = client.get(reverse("admin:figure_alert", args=[one.pk])).context["explained"]
    by = {
        told.dimension: {moved.key: (moved.before.n, moved.now.n) for moved, _link in keys}
        for told, keys in found
    }
    assert by[Dimension.CHANNEL] == {"app": (2, 1), "portal": (2, 1)}


def test_the_first_page_and_the_menu_tell_what_is_open(client, sign_in, ours, yesterday):
    sign_in("team_lead")
    make_alert(yesterday, department=ours)
    make_alert(yesterday)
    found = client.get("/admin/").context["figures"]["alerts"]
    assert [told.alert.dimension for told in found] == ["department"]
    sign_in("agent")
    assert client.get("/admin/").context["figures"]["alerts"] == []


def test_the_pages_cost_the_same_with_one_alert_and_with_three(client, sign_in, ours, yesterday):
    sign_in("supervisor")

    def cost(address):
        client.get(address)
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    first = make_alert(yesterday, department=ours)
    address = reverse("admin:figure_alert", args=[first.pk])
    one = cost(ALERTS), cost(address), cost("/admin/")
    for _ in range(2):
        make_alert(yesterday, department=DepartmentFactory(parent=ours))
    assert (cost(ALERTS), cost(address), cost("/admin/")) == one
