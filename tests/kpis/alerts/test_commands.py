"""The nightly look: what it finds, tells once and closes; two at once; taking note."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.common.errors import Invalid
from config.common.models import Event, OutboxMessage
from kpis import tasks
from kpis.alerts import commands
from kpis.alerts.commands import acknowledge, watch
from kpis.models import AlertKind, Dimension, FigureAlert, FigureDay, MetricCode, Snapshot
from kpis.snapshots.calendar import days_span
from tests.factories.feedback import AgentFactory, DepartmentFactory, StaffFactory
from tests.factories.figures import make_days, make_goal
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K2")]
DAY = date(2026, 11, 17)
AT = datetime(2026, 11, 17, 17, tzinfo=UTC)
LONG_AGO = DAY - timedelta(120)


def kinds(**of):
    return sorted(FigureAlert.objects.filter(**of).values_list("kind", flat=True))


def letters(alert):
    return OutboxMessage.objects.filter(key__startswith=f"figurealerts:{alert.pk}:").count()


@pytest.fixture
def boss():
    user = StaffFactory(role="supervisor", email="boss@example.com")
    AgentFactory(user=user)
    return user


def test_a_missed_goal_is_told_once_and_closed_when_late_facts_meet_it(boss):
    make_goal("95")
    make_days(LONG_AGO, date(2026, 10, 31), 0.9)
    (found,) = watch(day=date(2026, 10, 31), at=AT)
    assert (found.kind, found.first, found.last) == ("missed", date(2026, 10, 1), date(2026, 10, 31))
    assert (found.against, found.is_worse, found.n) == (95, True, 3100)
    assert Event.objects.filter(kind="figurealert.found", subject_id=found.pk).count() == 1
    (letter,) = OutboxMessage.objects.filter(key__startswith="figurealerts:")
    assert letter.payload["user"] == boss.pk
    assert watch(day=date(2026, 10, 31), at=AT) == watch(day=date(2026, 11, 1), at=AT) == []
    assert letters(found) == 1
    Snapshot.objects.filter(day__month=10).update(total=100)
    watch(day=date(2026, 11, 2), at=AT)
    found.refresh_from_db()
    assert found.closed_at == AT
    Snapshot.objects.filter(day__month=10).update(total=80)
    assert watch(day=date(2026, 11, 3), at=AT) == []
    found.refresh_from_db()
    assert found.closed_at is None  # open again, and told no second time
    Snapshot.objects.filter(day__month=10).update(total=100)
    watch(day=date(2026, 11, 4), at=AT)
    Snapshot.objects.filter(day__month=10).update(total=80)
    assert watch(day=date(2027, 1, 31), at=AT) == []
    found.refresh_from_db()
    assert found.closed_at is None  # also months after its period
    assert letters(found) == 1


def test_what_will_be_missed_is_told_before_and_gone_when_the_period_is_over():
    make_goal("95")
    make_days(LONG_AGO, date(2026, 11, 30), 0.9)
    found = watch(day=DAY, at=AT)
    assert [(one.kind, one.first, one.last) for one in found] == [
        ("expected", date(2026, 11, 1), date(2026, 11, 30))
    ]
    assert found[0].numbers["high"] < 95
    assert [one.kind for one in watch(day=date(2026, 11, 30), at=AT)] == ["missed"]
    assert kinds(closed_at=None) == ["missed"]


def test_a_met_goal_and_few_measured_are_silent():
    make_goal("85")
    make_goal("99", metric=MetricCode.CSAT)
    make_days(LONG_AGO, DAY, 0.9)
    make_days(date(2026, 11, 10), date(2026, 11, 12), 0.5, metric=MetricCode.CSAT, n=5)
    assert watch(day=DAY, at=AT) == []


def test_an_outlier_is_told_on_its_day_and_over_after_a_week():
    make_days(LONG_AGO, DAY - timedelta(1), 0.9)
    make_days(DAY, DAY, 0.5)
    make_days(DAY + timedelta(1), DAY + timedelta(9), 0.9)
    (found,) = watch(day=DAY, at=AT)
    assert (found.kind, found.first, found.is_worse, found.n) == ("outlier", DAY, True, 100)
    assert found.against == pytest.approx(90, abs=4)
    watch(day=DAY + timedelta(7), at=AT)
    assert kinds(closed_at=None) == ["outlier"]
    watch(day=DAY + timedelta(8), at=AT)
    assert kinds(closed_at=None) == []


def test_an_outlier_that_late_facts_make_ordinary_is_gone():
    make_days(LONG_AGO, DAY + timedelta(1), 0.9)
    Snapshot.objects.filter(day=DAY).update(total=50)
    watch(day=DAY, at=AT)
    Snapshot.objects.filter(day=DAY).update(total=91)
    watch(day=DAY + timedelta(1), at=AT)
    assert kinds() == ["outlier"]
    assert kinds(closed_at=None) == []


def test_a_turn_is_told_once_and_not_every_day():
    make_days(LONG_AGO, DAY - timedelta(10), 0.9)
    make_days(DAY - timedelta(9), DAY + timedelta(40), 0.8)
    told = [one for number in range(-9, 41) for one in watch(day=DAY + timedelta(number), at=AT)]
    turns = [one for one in told if one.kind == AlertKind.TURN]
    assert len(turns) == 1
    assert abs((turns[0].first - (DAY - timedelta(9))).days) <= 4
    assert turns[0].is_worse


def test_a_turn_is_gone_when_the_level_is_back():
    make_days(LONG_AGO, DAY - timedelta(10), 0.9)
    make_days(DAY - timedelta(9), DAY, 0.75)
    make_days(DAY + timedelta(1), DAY + timedelta(20), 0.9)
    for number in range(-9, 21):
        watch(day=DAY + timedelta(number), at=AT)
    assert (
        FigureAlert.objects.filter(kind=AlertKind.TURN, is_worse=True, closed_at__isnull=False).count() == 1
    )


def test_the_leads_of_a_department_are_told_of_it_and_nobody_elsewhere(boss):
    ours, theirs = DepartmentFactory(), DepartmentFactory()
    below = DepartmentFactory(parent=ours)
    lead, other = (StaffFactory(role="team_lead", email=f"{n}@example.com") for n in ("lead", "other"))
    AgentFactory(user=lead, leads=[ours])
    AgentFactory(user=other, leads=[theirs])
    owner = StaffFactory(role="agent", email="owner@example.com")
    make_goal("95", dimension=Dimension.DEPARTMENT, key=str(below.pk), owner=owner)
    make_days(LONG_AGO, DAY, 0.8, dimension=Dimension.DEPARTMENT, key=str(below.pk))
    (found,) = watch(day=DAY, at=AT)
    assert (found.dimension, found.key) == ("department", str(below.pk))
    told = {one.payload["user"] for one in OutboxMessage.objects.filter(key__startswith="figurealerts:")}
    assert told == {lead.pk, owner.pk}  # the next above that has a lead, and who owns the goal


def test_many_of_a_day_are_one_letter(boss):
    make_goal("95")
    make_goal("95", metric=MetricCode.RESOLUTION)
    for metric in (MetricCode.FIRST_REPLY, MetricCode.RESOLUTION):
        make_days(LONG_AGO, DAY, 0.8, metric=metric)
    assert len(watch(day=DAY, at=AT)) == 2
    (letter,) = OutboxMessage.objects.filter(key__startswith="figurealerts:")
    assert letter.payload["body"].count("95") >= 2


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_tell_once(boss):
    make_goal("95")
    make_days(LONG_AGO, DAY, 0.8)
    found = at_once(*(lambda: watch(day=DAY, at=AT) for _ in range(3)))
    assert refused(found) == []
    assert sorted(len(one) for one in found) == [0, 0, 1]
    assert FigureAlert.objects.count() == 1
    assert OutboxMessage.objects.filter(key__startswith="figurealerts:").count() == 1


def test_the_database_keeps_one_of_each_and_half_notes_out():
    fine = {
        "metric": "csat", "kind": "outlier", "first": DAY, "last": DAY, "n": 1, "value": 1, "against": 2,
        "found_at": AT,
    }  # fmt: skip
    FigureAlert.objects.create(**fine)
    for wrong in (
        {},
        {"last": DAY + timedelta(1), "grain": "month"},
        {"kind": "missed"},
        {"last": DAY - timedelta(1)},
        {"key": "1", "kind": "turn"},
        {"kind": "turn", "note": "x"},
        {"kind": "turn", "acknowledged_at": AT},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            FigureAlert.objects.create(**{**fine, **wrong})


def test_the_cost_of_a_night_does_not_grow_with_departments():
    make_goal("95")
    make_days(LONG_AGO, DAY, 0.9)
    make_days(LONG_AGO, DAY, 0.9, dimension=Dimension.DEPARTMENT, key=str(DepartmentFactory().pk))
    with CaptureQueriesContext(connection) as one:
        watch(day=DAY - timedelta(1), at=AT)
    for _ in range(3):
        key = str(DepartmentFactory().pk)
        make_days(LONG_AGO, DAY, 0.9, dimension=Dimension.DEPARTMENT, key=key)
    FigureAlert.objects.all().delete()
    with CaptureQueriesContext(connection) as three:
        watch(day=DAY - timedelta(1), at=AT)
    assert len(one) == len(three)


def test_who_takes_note_first_stays_and_nothing_is_noted_twice(boss):
    make_goal("95")
    make_days(LONG_AGO, DAY, 0.8)
    (found,) = watch(day=DAY, at=AT)
    assert acknowledge(alert_ids=[found.pk, 0], actor=boss, at=AT, note=" 已知 ") == 1
    assert acknowledge(alert_ids=[found.pk], actor=StaffFactory(), at=AT, note="later") == 0
    found.refresh_from_db()
    assert (found.acknowledged_by, found.note, found.acknowledged_at) == (boss, "已知", AT)
    assert Event.objects.filter(kind="figurealert.acknowledged", actor=f"user:{boss.pk}").count() == 1
    with pytest.raises(Invalid):
        acknowledge(alert_ids=[found.pk], actor=boss, at=AT, note="x" * 501)


@pytest.mark.django_db(transaction=True)
def test_two_who_take_note_at_once_are_one():
    make_goal("95")
    make_days(LONG_AGO, DAY, 0.8)
    (found,) = watch(day=DAY, at=AT)
    users = [StaffFactory() for _ in range(3)]
    done = at_once(*(lambda u=u: acknowledge(alert_ids=[found.pk], actor=u, at=AT) for u in users))
    assert sorted(done) == [0, 0, 1]
    assert Event.objects.filter(kind="figurealert.acknowledged").count() == 1


def test_beat_looks_once_at_yesterday_after_its_figures(monkeypatch):
    today = timezone.localdate()
    yesterday = today - timedelta(1)
    looked = []
    monkeypatch.setattr(commands, "watch", lambda *, day, at: looked.append(day) or _mark(day, at))
    tasks.watch()
    assert looked == [yesterday]
    row = FigureDay.objects.get(day=yesterday)
    assert row.taken_at >= days_span(yesterday, yesterday).end
    tasks.watch()
    assert looked == [yesterday]


def _mark(day, at):
    FigureDay.objects.filter(day=day).update(watched_at=at)


def test_a_look_is_noted_on_its_day():
    FigureDay.objects.create(day=DAY)
    watch(day=DAY, at=AT)
    assert FigureDay.objects.get(day=DAY).watched_at == AT
    assert FigureDay.objects.filter(day=DAY, watched_at__isnull=False).exists()
    assert not commands.is_ready(DAY)


@pytest.mark.parametrize(("ago", "found"), [(1, []), (2, [1]), (4, [3, 2, 1]), (40, [7, 6, 5, 4, 3, 2, 1])])
def test_days_in_which_nobody_watched_are_looked_at_in_their_order(ago, found):
    FigureDay.objects.create(day=DAY - timedelta(ago), taken_at=AT, watched_at=AT)
    assert commands.unwatched(DAY) == [DAY - timedelta(days) for days in found]


def test_a_new_system_looks_at_yesterday():
    assert commands.unwatched(DAY) == [DAY - timedelta(1)]
