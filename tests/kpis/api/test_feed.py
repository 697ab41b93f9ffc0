"""The feed for a warehouse: whoever follows it has in the end what we have."""

import csv
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.utils import timezone

from config.common.models import User
from kpis.models import Correction, Dimension, FigureDay, MetricCode, Snapshot
from kpis.snapshots.commands import close_month, take
from tests.factories.feedback import DepartmentFactory, StaffFactory
from tests.factories.kpis import make_clock
from tests.kpis.api.test_metrics import bearer

pytestmark = [pytest.mark.django_db, pytest.mark.req("K1", "P3")]
DAYS = "/api/v1/metrics/days/"
DAY = date(2026, 10, 18)
TODAY = date(2026, 11, 2)


def noon(day):
    return timezone.make_aware(datetime.combine(day, datetime.min.time()) + timedelta(hours=12))


@pytest.fixture
def analyst(client):
    client.force_login(StaffFactory(role="analyst"))
    return client


def changed(client, after=0, **query):
    answer = client.get(DAYS, {"after": after, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def table(client, day=DAY):
    answer = client.get(f"{DAYS}{day}.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))


def test_who_follows_sees_each_change_once_and_has_what_we_have(analyst):
    ours = DepartmentFactory()
    clock = make_clock(ours, due_at=noon(DAY), met_at=noon(DAY))
    make_clock(ours, due_at=noon(DAY + timedelta(1)))
    take(first=DAY, last=DAY + timedelta(1), at=noon(TODAY))
    first = changed(analyst)
    assert [(one["day"], one["is_closed"]) for one in first] == [("2026-10-18", False), ("2026-10-19", False)]
    last = first[-1]["version"]
    take(first=DAY, last=DAY + timedelta(1), at=noon(TODAY))
    assert changed(analyst, last) == []  # nothing came out differently

    type(clock).objects.filter(pk=clock.pk).update(milestone="resolution")
    take(first=DAY, last=DAY + timedelta(1), at=noon(TODAY))
    assert [one["day"] for one in changed(analyst, last)] == ["2026-10-18"]
    rows = table(analyst)
    assert "first_reply_attainment" not in {row["metric"] for row in rows}
    assert len(rows) == Snapshot.objects.filter(day=DAY).count()
    whole = next(row for row in rows if row["metric"] == "resolution_attainment" and not row["dimension"])
    assert (whole["n"], whole["total"], whole["value"]) == ("1", "1", "100.000000")
    assert float(whole["low"]) < 100
    assert whole["corrected_n"] == ""


def test_what_comes_to_light_after_closing_stands_beside_what_was_closed(analyst):
    clock = make_clock(DepartmentFactory(), due_at=noon(DAY), met_at=noon(DAY))
    close_month(month=DAY, actor=User.objects.first(), at=noon(TODAY), today=TODAY)
    seen = FigureDay.objects.latest("version").version
    clock.delete()
    make_clock(DepartmentFactory(), due_at=noon(DAY))
    take(first=DAY, last=DAY, at=noon(TODAY))
    assert [(one["day"], one["is_closed"]) for one in changed(analyst, seen)] == [("2026-10-18", True)]
    assert Correction.objects.filter(day=DAY).exists()
    rows = table(analyst)
    whole = next(row for row in rows if row["metric"] == "first_reply_attainment" and not row["dimension"])
    assert (whole["n"], whole["total"], whole["corrected_n"], whole["corrected_total"]) == (
        "1",
        "1",
        "1",
        "0",
    )
    appeared = [row for row in rows if row["dimension"] == "department" and row["n"] == "0"]
    assert appeared  # the other department's: nothing when it was closed


def test_it_is_read_in_pages_that_never_overlap(analyst):
    make_clock(DepartmentFactory(), due_at=noon(DAY))
    for back in range(3):
        make_clock(DepartmentFactory(), due_at=noon(DAY - timedelta(back)))
    take(first=DAY - timedelta(2), last=DAY, at=noon(TODAY))
    answer = analyst.get(DAYS, {"page_size": 2}).json()
    more = analyst.get(answer["next"]).json()["results"]
    found = [one["version"] for one in answer["results"] + more]
    assert found == sorted(set(found))
    assert len(found) == 3


def test_nothing_of_it_is_a_formula_or_breaks_a_line(analyst):
    FigureDay.objects.create(day=DAY, taken_at=timezone.now(), version=1, changed_at=timezone.now())
    names = ["=1+1", '"a, b"\n', "类别"]
    for name in names:
        Snapshot.objects.create(
            metric=MetricCode.RETURN_RATE, dimension=Dimension.CATEGORY, key=name, day=DAY, n=1, total=0,
            computed_at=timezone.now(),
        )  # fmt: skip
    assert sorted(row["key"] for row in table(analyst)) == sorted(names)


def test_only_who_sees_the_whole_company_follows(client):
    FigureDay.objects.create(day=DAY, taken_at=timezone.now(), version=1, changed_at=timezone.now())
    file = f"{DAYS}{DAY}.csv"
    assert client.get(DAYS).status_code == client.get(file).status_code == 401
    key = bearer()
    assert client.get(DAYS, headers=key).status_code == client.get(file, headers=key).status_code == 200
    client.force_login(StaffFactory(role="team_lead"))
    assert client.get(DAYS).status_code == client.get(file).status_code == 403


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "\0"])
def test_a_version_that_is_none_is_refused(analyst, after):
    assert analyst.get(DAYS, {"after": after}).status_code == 400


@pytest.mark.parametrize("day", ["2026-02-30", "2026-10-17", "0000-00-00"])
def test_a_day_without_figures_is_not_found(analyst, day):
    assert analyst.get(f"{DAYS}{day}.csv").status_code == 404
