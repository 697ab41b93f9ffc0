"""Figures by API: what they mean, what they came to, for whom."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from config.common import api_keys
from kpis.models import Dimension, MetricCode, Snapshot
from tests.factories.common import UserFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("K1", "P3")]
LIST = "/api/v1/metrics/"
DAY = date(2026, 11, 18)
MONTH = {"first": "2026-11-01", "last": "2026-11-30"}


def kept(n, total, *, day=DAY, metric=MetricCode.FIRST_REPLY, by="", key=""):
    Snapshot.objects.create(
        metric=metric,
        dimension=by,
        key=key,
        day=day,
        n=n,
        total=total,
        squares=total,
        computed_at=timezone.now(),
    )


def bearer(scopes=("figures:read",), **more):
    options = {"name": "warehouse", "expires_at": None, **more}
    _key, token = api_keys.make(scopes=scopes, actor=UserFactory(), at=timezone.now(), **options)
    return {"Authorization": f"Bearer {token}"}


def ask(client, metric=MetricCode.FIRST_REPLY, headers=None, **query):
    return client.get(f"{LIST}{metric}/", {**MONTH, **query}, headers=headers)


@pytest.fixture
def analyst(client):
    client.force_login(StaffFactory(role="analyst"))
    return client


def test_every_figure_is_defined(analyst):
    told = {one["code"]: one for one in analyst.get(LIST).json()}
    assert set(told) == set(MetricCode.values)
    assert all(one["numerator"] and one["denominator"] and one["formula"] for one in told.values())
    assert told["csat"]["unit"] == "/ 5"
    assert told["complaint_rate"]["better"] == "down"
    assert "department" in told["first_reply_attainment"]["dimensions"]


def test_a_figure_is_added_up_by_period_with_n_and_interval(analyst):
    kept(40, 30)
    kept(60, 60, day=DAY + timedelta(1))
    kept(10, 0, day=date(2026, 12, 1))
    answer = ask(analyst, last="2027-01-31").json()
    assert [(line["first"], line["n"], line["value"]) for line in answer["lines"]] == [
        ("2026-11-01", 100, 90.0), ("2026-12-01", 10, 0.0), ("2027-01-01", 0, None),
    ]  # fmt: skip
    first = answer["lines"][0]
    assert first["low"] < 90 < first["high"]
    assert (answer["unit"], answer["grain"], answer["by"]) == ("%", "month", "")
    days = ask(analyst, first="2026-11-18", last="2026-11-19", grain="day").json()["lines"]
    assert [line["value"] for line in days] == [75.0, 100.0]


def test_told_apart_it_names_its_keys(analyst):
    one, other = DepartmentFactory(), DepartmentFactory()
    kept(4, 1, by=Dimension.DEPARTMENT, key=str(one.pk))
    kept(4, 3, by=Dimension.DEPARTMENT, key=str(other.pk))
    kept(4, 3, by=Dimension.DEPARTMENT, key="999999")  # of a department that is gone
    lines = ask(analyst, by="department").json()["lines"]
    assert {line["key"]: (line["name"], line["value"]) for line in lines} == {
        str(one.pk): (str(one), 25.0), str(other.pk): (str(other), 75.0), "999999": ("999999", 75.0),
    }  # fmt: skip
    lines = ask(analyst, by="department", key=[str(other.pk)]).json()["lines"]
    assert [line["key"] for line in lines] == [str(other.pk)]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_grow(analyst, django_assert_max_num_queries, rows):
    for key in range(rows):
        kept(1, 1, by=Dimension.AGENT, key=str(key + 1))
    ask(analyst, by="agent")
    with django_assert_max_num_queries(8):
        assert len(ask(analyst, by="agent").json()["lines"]) == rows


def test_others_see_their_departments_alone(client):
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    lead = AgentFactory(user=StaffFactory(role="team_lead"), departments=[ours]).user
    kept(10, 1)
    kept(5, 4, by=Dimension.DEPARTMENT, key=str(ours.pk))
    kept(5, 0, by=Dimension.DEPARTMENT, key=str(theirs.pk))
    client.force_login(lead)
    assert [(line["key"], line["value"]) for line in ask(client).json()["lines"]] == [("", 80.0)]
    assert [line["key"] for line in ask(client, by="department").json()["lines"]] == [str(ours.pk)]
    assert ask(client, by="department", key=str(theirs.pk)).status_code == 403
    assert ask(client, by="channel").status_code == 403
    assert ask(client, metric=MetricCode.REPURCHASE).status_code == 403


def test_who_is_in_no_department_sees_nothing_of_any(client):
    kept(5, 4, by=Dimension.DEPARTMENT, key=str(DepartmentFactory().pk))
    client.force_login(UserFactory(is_staff=True))
    assert ask(client).json()["lines"][0]["value"] is None
    assert ask(client, by="department").json()["lines"] == []


def test_a_key_reads_all_and_nothing_else(client):
    kept(10, 1, by=Dimension.CHANNEL, key="phone")
    key = bearer()
    assert ask(client, headers=key, by="channel").json()["lines"][0]["value"] == 10.0
    assert client.get("/api/v1/staff/cases/", headers=key).status_code in {401, 403}
    assert client.get("/api/v1/orders/", headers=key).status_code == 401
    wrong = {"Authorization": "Bearer hy_wrong"}
    refused = ask(client, headers=wrong)
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")
    assert ask(client).status_code == 401


def test_a_key_for_something_else_reads_no_figures(client, monkeypatch):
    monkeypatch.setitem(api_keys.SCOPES, "other:read", "other")
    assert ask(client, headers=bearer(scopes=["other:read"])).status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"first": "2026-12-01"}, 400),
        ({"first": "0001-01-01"}, 400),
        ({"last": "9999-12-31"}, 400),
        ({"first": "2001-01-01", "last": "2199-12-31", "grain": "day"}, 400),
        ({"grain": "hour"}, 400),
        ({"by": "member"}, 400),
        ({"by": "agent", "metric": MetricCode.REPURCHASE}, 400),
        ({"key": "1"}, 400),
        ({"by": "channel", "key": "\0"}, 400),
        ({"by": "channel", "key": "x" * 81}, 400),
        ({"by": "channel", "key": "'; DROP TABLE kpis_snapshot; --"}, 200),
        ({"metric": "unknown"}, 404),
    ],
)
def test_whatever_is_asked_for_is_answered(analyst, query, status):
    assert ask(analyst, **query).status_code == status


def test_too_many_lines_are_refused(analyst, monkeypatch):
    monkeypatch.setattr("kpis.api.metrics.MOST_LINES", 2)
    for key in "abc":
        kept(1, 1, by=Dimension.CHANNEL, key=key)
    assert ask(analyst, by="channel").status_code == 400
    assert ask(analyst, by="channel", key=["a", "b"]).status_code == 200


@pytest.mark.parametrize(("grain", "most"), [("day", 5), ("week", 3), ("month", 3), ("quarter", 2)])
def test_lines_are_counted_before_any_is_read(analyst, monkeypatch, grain, most):
    days = (date(2026, 9, 30), date(2026, 10, 4), date(2026, 10, 5), date(2026, 10, 6), date(2026, 11, 2))
    for day in days:
        kept(1, 1, day=day, by=Dimension.CHANNEL, key="a")
    asked = {"first": "2026-09-30", "last": "2026-11-02", "grain": grain, "by": "channel"}
    monkeypatch.setattr("kpis.api.metrics.MOST_LINES", most)
    assert len(ask(analyst, **asked).json()["lines"]) == most
    monkeypatch.setattr("kpis.api.metrics.MOST_LINES", most - 1)
    monkeypatch.setattr("kpis.api.metrics.series_by_key", None)  # none is read
    assert ask(analyst, **asked).status_code == 400
