"""Closing a month, taking days anew and reading what figures mean: by whom, and what bad input is told."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from kpis.models import Backfill, Correction, FigureDay, Grain, MetricCode
from kpis.snapshots.backfilling import ask
from kpis.snapshots.calendar import day_span, period_of
from kpis.snapshots.commands import close_month, take
from tests.factories.feedback import AgentFactory, CaseFactory, StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("K1")]
DAYS, CLOSE, TAKE = (reverse(f"admin:figure_{name}") for name in ("days", "close", "take"))


@pytest.fixture
def last_month():
    return period_of(timezone.localdate().replace(day=1) - timedelta(1), Grain.MONTH)


@pytest.fixture
def signed_in(client):
    def sign_in(role):
        user = StaffFactory(role=role)
        AgentFactory(user=user)
        client.force_login(user)
        return user

    return sign_in


def test_everybody_on_the_staff_reads_what_figures_mean(client, signed_in):
    signed_in("agent")
    response = client.get(reverse("admin:figures"))
    assert response.status_code == 200
    assert [line["metric"].code for line in response.context["lines"]] == list(MetricCode)
    assert reverse("admin:figure_days") not in response.content.decode()
    assert client.get(DAYS).status_code == 403


@pytest.mark.parametrize(
    ("role", "closes", "takes"), [("agent", 403, 403), ("analyst", 403, 302), ("supervisor", 302, 302)]
)
def test_who_closes_and_takes(client, signed_in, last_month, role, closes, takes):
    signed_in(role)
    first, last = last_month
    assert client.post(TAKE, {"first": first, "last": last}).status_code == takes
    assert client.post(CLOSE, {"month": f"{first:%Y-%m}"}).status_code == closes
    assert FigureDay.objects.filter(closed_at__isnull=False).exists() is (closes == 302)
    assert Backfill.objects.exists() is (takes == 302)
    assert client.get(CLOSE).status_code == client.get(TAKE).status_code == 405


def test_a_month_that_runs_is_not_closed(client, signed_in):
    signed_in("supervisor")
    response = client.post(CLOSE, {"month": f"{timezone.localdate():%Y-%m}"})
    assert response.status_code == 400
    assert response.context["closing"].errors["month"]
    assert not FigureDay.objects.exists()


@pytest.mark.parametrize("month", ["", "2026-13", "<script>", "0001-01", "9999-12", "2026-10-99"])
def test_a_month_that_is_none_is_told(client, signed_in, month):
    signed_in("supervisor")
    assert client.post(CLOSE, {"month": month}).status_code == 400


@pytest.mark.parametrize(
    ("first", "last"), [("2026-02-02", "2026-02-01"), ("x", ""), ("2026-01-01", "2099-01-01")]
)
def test_days_that_make_no_sense_are_told(client, signed_in, first, last):
    signed_in("analyst")
    assert client.post(TAKE, {"first": first, "last": last}).status_code == 400
    assert not Backfill.objects.exists()


def test_stopping_it_twice_and_what_there_is_not(client, signed_in):
    signed_in("analyst")
    today = timezone.localdate()
    backfill = ask(first=today, last=today, actor=None, at=timezone.now(), today=today)
    stop = reverse("admin:figure_stop", args=[backfill.pk])
    assert client.post(stop).status_code == 302
    assert client.post(stop).status_code == 302  # told that it has ended
    assert client.post(reverse("admin:figure_stop", args=[backfill.pk + 1])).status_code == 404
    signed_in("agent")
    assert client.post(stop).status_code == 403


def test_what_came_to_light_is_shown_beside_what_was_closed(client, signed_in, last_month):
    user = signed_in("supervisor")
    first, last = last_month
    now, today = timezone.now(), timezone.localdate()
    noon = day_span(first).start + timedelta(hours=12)
    CaseFactory(opened_at=noon, first_replied_at=noon + timedelta(minutes=10))
    close_month(month=first, actor=user, at=now, today=today)
    CaseFactory(opened_at=noon, first_replied_at=noon + timedelta(minutes=30))
    take(first=first, last=last, at=now + timedelta(hours=1))
    assert Correction.objects.exists()
    found = {one.metric.code: one for one in client.get(DAYS).context["corrections"]}
    one = found[MetricCode.FIRST_REPLY_TIME]
    assert (one.closed.value, one.now.value, one.day) == (600, 1200, first)


def test_the_page_costs_the_same_with_one_backfill_and_with_three(client, signed_in):
    user = signed_in("analyst")
    today = timezone.localdate()

    def cost():
        with CaptureQueriesContext(connection) as found:
            assert client.get(DAYS).status_code == 200
        return len(found)

    ask(first=today, last=today, actor=user, at=timezone.now(), today=today)
    client.get(DAYS)
    one = cost()
    for back in (1, 2):
        ask(first=date(2026, 1, back), last=today, actor=user, at=timezone.now(), today=today)
    assert cost() == one
