"""The probes and the figures."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from config.common.models import Heartbeat, OutboxMessage
from config.common.tasks import heartbeat, heartbeat_clocks
from kpis.models import FigureDay
from tests.factories.feedback import DepartmentFactory
from tests.factories.kpis import make_clock

pytestmark = pytest.mark.django_db


def test_a_probe_by_number_and_without_https_is_answered(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    response = client.get("/healthz", headers={"host": "10.1.2.3"})
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_ready_when_the_database_is_migrated(client):
    response = client.get("/readyz", headers={"host": "10.1.2.3"})
    assert response.status_code == 200
    seen = {"worker": "never seen", "clocks": "never seen"}
    assert response.json() == {"database": "ok", "migrations": "ok", **seen}


def test_not_ready_while_a_migration_is_missing(client, monkeypatch):
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, targets: [("common", "0009")])
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["migrations"] == "missing"


def test_not_ready_without_the_database(client, monkeypatch):
    def down():
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", down)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"database": "down"}
    assert b"refused" not in response.content


def test_a_worker_that_beats_is_told(client):
    heartbeat()
    assert client.get("/readyz").json()["worker"] == "ok"
    assert client.get("/readyz").json()["clocks"] == "never seen"
    heartbeat_clocks()
    assert client.get("/readyz").json()["clocks"] == "ok"


def test_a_worker_that_has_stopped_is_told_but_web_stays(client):
    Heartbeat.objects.create(name="worker", at=timezone.now() - timedelta(minutes=10))
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["worker"].startswith("last seen 20")


@pytest.mark.parametrize(
    ("token", "laptop", "given", "status"),
    [
        ("", True, {}, 200),
        ("", False, {}, 404),
        ("s3cret", False, {}, 404),
        ("s3cret", True, {}, 404),
        ("s3cret", False, {"authorization": "Bearer wrong"}, 404),
        ("s3cret", False, {"authorization": "Bearer sécret"}, 404),
        ("s3cret", False, {"authorization": "Bearer s3cret"}, 200),
    ],
)
def test_figures_are_for_those_who_know_the_token(client, settings, token, laptop, given, status):
    settings.METRICS_TOKEN, settings.LAPTOP = token, laptop
    response = client.get("/metrics", headers=given)
    assert response.status_code == status
    assert (b"django_http_requests" in response.content) == (status == 200)


def told(client):
    """The numbers of our own gauges, by name and label."""
    lines = client.get("/metrics").content.decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if line.startswith("huiyin_"))
    return {name: float(value) for name, _space, value in pairs}


def message(number, status, due_at):
    OutboxMessage.objects.create(
        kind="x", key=f"{number}", recipient="r", payload={}, status=status, next_attempt_at=due_at,
        created_at=due_at,
    )  # fmt: skip


def test_what_waits_is_told(client, settings):
    settings.METRICS_TOKEN, settings.LAPTOP = "", True
    now = timezone.now()
    none = told(client)
    assert none["huiyin_outbox_waiting"] == none["huiyin_outbox_dead"] == none["huiyin_clocks_waiting"] == 0
    assert "huiyin_figures_age_seconds" not in none  # never taken is not taken just now
    for number, (status, due_at) in enumerate(
        [
            ("pending", now - timedelta(minutes=5)),
            ("pending", now + timedelta(hours=1)),
            ("dead", now - timedelta(days=1)),
        ]
    ):
        message(number, status, due_at)
    Heartbeat.objects.create(name="worker", at=now - timedelta(minutes=10))
    clock = make_clock(DepartmentFactory(), due_at=now + timedelta(hours=1))
    type(clock).objects.filter(pk=clock.pk).update(next_fire_at=now - timedelta(seconds=90))
    FigureDay.objects.create(day=now.date(), taken_at=now - timedelta(hours=1), stale_at=now)
    found = told(client)
    assert found["huiyin_outbox_waiting"] == 1
    assert found["huiyin_outbox_oldest_seconds"] == pytest.approx(300, abs=30)
    assert found["huiyin_outbox_dead"] == 1
    assert found['huiyin_heartbeat_seconds{name="worker"}'] == pytest.approx(600, abs=30)
    assert found["huiyin_clocks_waiting"] == 1
    assert found["huiyin_clocks_behind_seconds"] == pytest.approx(90, abs=30)
    assert found["huiyin_figure_days_waiting"] == 1
    assert found["huiyin_figures_age_seconds"] == pytest.approx(3600, abs=30)


def test_however_much_waits_it_is_read_by_a_few_queries(client, settings, django_assert_max_num_queries):
    settings.METRICS_TOKEN, settings.LAPTOP = "", True
    for number in range(30):
        message(number, "dead", timezone.now())
    with django_assert_max_num_queries(10):
        client.get("/metrics")
