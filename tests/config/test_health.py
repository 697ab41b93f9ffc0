"""The probes and the figures."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from config.common.models import Heartbeat
from config.common.tasks import heartbeat, heartbeat_clocks

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
