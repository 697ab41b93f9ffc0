"""The funnel by API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from kpis.funnels.commands import take
from tests.factories.feedback import AgentFactory, StaffFactory
from tests.kpis.admin.test_funnel import go
from tests.kpis.api.test_metrics import bearer

pytestmark = [pytest.mark.django_db, pytest.mark.req("K4", "P3")]
ADDRESS = "/api/v1/funnel/"


@pytest.fixture
def noon():
    return timezone.localtime().replace(hour=12, minute=0) - timedelta(days=20)


@pytest.fixture
def asked(noon):
    go(noon, ordered=40, paid=10)
    go(noon, ordered=40, paid=40, device="web", payment="alipay")
    now = timezone.now()
    take(first=noon.date() - timedelta(5), last=now.date(), at=now)
    return {"first": f"{noon.date() - timedelta(9)}", "last": f"{now.date()}"}


def test_a_key_reads_steps_breakpoints_and_days(client, asked, noon):
    key = bearer()
    told = client.get(ADDRESS, asked, headers=key).json()
    assert [(one["step"], one["count"], one["lost"]) for one in told["steps"]] == [
        ("browse", 80, None), ("cart", 80, 0.0), ("order", 80, 0.0), ("pay", 50, 37.5), ("receive", 0, 100.0),
    ]  # fmt: skip
    assert told["steps"][1]["seconds"] == 3600
    [broken] = told["breakpoints"]
    assert (broken["step"], broken["lost"], broken["most"]) == ("pay", 37.5, 20)
    assert {one["key"] for one in broken["groups"] if one["is_worse"]} == {"ios", "card", "ios\tcard"}
    assert told["days"] == [{"day": f"{noon.date()}", "is_over": True, "counts": [80, 80, 80, 50, 0]}]
    part = client.get(ADDRESS, {**asked, "device": "web"}, headers=key).json()
    assert (part["steps"][0]["count"], part["breakpoints"]) == (40, [])
    assert client.get(ADDRESS, {**asked, "device": ""}, headers=key).json()["steps"][0]["count"] == 0


def test_who_may_not_is_refused(client, asked):
    assert client.get(ADDRESS, asked).status_code in {401, 403}
    client.force_login(AgentFactory().user)
    assert client.get(ADDRESS, asked).status_code == 403
    client.force_login(StaffFactory(role="analyst"))
    assert client.get(ADDRESS, asked).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"first": "2026-11-02", "last": "2026-11-01"},
        {"first": "2020-11-02", "last": "2026-11-01"},
        {"first": "2026-11-01", "last": "2026-11-01", "device": "x" * 33},
        {"first": "2026-11-01", "last": "2026-11-01", "device": "\x00"},
        {"first": "2026-11-01", "last": "2026-11-01", "segment": "a b"},
    ],
)
def test_what_makes_no_sense_is_refused(client, asked):
    assert client.get(ADDRESS, asked, headers=bearer()).status_code == 400
