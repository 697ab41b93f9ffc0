"""The agenda: from the numbers as they stand when it begins, and as they stood then ever after."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from feedback.models import GapDay
from kpis.models import FigureAlert, Improvement, MetricCode, Snapshot, TopicKind
from kpis.task_force import agenda, meetings
from kpis.task_force.rules import MOST
from tests.factories.feedback import DepartmentFactory
from tests.factories.figures import make_days, make_goal
from tests.factories.improvements import accepted
from tests.factories.task_forces import begun, called, force

pytestmark = [pytest.mark.django_db, pytest.mark.req("K10")]
MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)
TODAY = MONDAY.date()
DAY = timedelta(days=1)


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def meeting(department):
    return called(force(department), at=MONDAY)


def found_of(meeting, kind):
    return [one.numbers for one in agenda.gather(meeting, today=TODAY) if one.kind == kind]


def alert(**fields):
    given = {
        "metric": MetricCode.CSAT, "kind": "turn", "first": TODAY - DAY, "last": TODAY, "n": 50,
        "value": 4.1, "against": 4.6, "found_at": MONDAY, **fields,
    }  # fmt: skip
    return FigureAlert.objects.create(**given)


def place_of(department):
    return {"dimension": "department", "key": str(department.pk)}


def test_a_goal_that_will_be_missed_is_told_with_its_forecast(meeting):
    make_days(TODAY - 90 * DAY, TODAY - DAY, 0.9)
    make_goal("95")
    (one,) = found_of(meeting, TopicKind.GOAL)
    assert (one["kind"], one["metric"], one["against"]) == ("expected", MetricCode.FIRST_REPLY, 95.0)
    assert 80 < one["value"] < 94
    assert (one["first"], one["last"]) == ("2026-11-01", "2026-11-30")


def test_a_goal_that_the_last_period_missed_is_told_unless_it_is_on_course_now(meeting):
    make_goal("95", grain="quarter")
    make_days(TODAY.replace(month=7, day=1), TODAY.replace(month=9, day=20), 0.9)
    (one,) = found_of(meeting, TopicKind.GOAL)
    assert (one["kind"], one["last"]) == ("missed", "2026-09-30")
    make_days(TODAY.replace(month=10, day=1), TODAY - DAY, 1.0)
    assert found_of(meeting, TopicKind.GOAL) == []


def test_a_goal_that_is_met_is_not_told(meeting):
    make_days(TODAY - 90 * DAY, TODAY - DAY, 0.99)
    make_goal("95")
    assert found_of(meeting, TopicKind.GOAL) == []


def test_departments_come_in_by_goals_of_their_own_and_only_those_that_sit_here(meeting, department):
    other = DepartmentFactory()
    for one in (department, other):
        make_days(TODAY - 90 * DAY, TODAY - DAY, 0.8, **place_of(one))
    make_goal("95")
    assert found_of(meeting, TopicKind.GOAL) == []
    for one in (department, other):
        make_goal("95", **place_of(one))
    assert [one["key"] for one in found_of(meeting, TopicKind.GOAL)] == [str(department.pk)]


def test_alerts_are_open_for_the_worse_and_of_those_who_sit_here(meeting, department):
    whole, own = alert(), alert(**place_of(department), metric=MetricCode.SLA)
    alert(**place_of(DepartmentFactory()))
    alert(dimension="agent", key="7", metric=MetricCode.SLA)
    alert(kind="outlier", is_worse=False)
    alert(kind="outlier", closed_at=MONDAY, metric=MetricCode.NPS)
    assert {one["id"] for one in found_of(meeting, TopicKind.ALERT)} == {whole.pk, own.pk}


def test_an_alert_does_not_say_a_second_time_what_a_goal_says(meeting):
    make_days(TODAY - 90 * DAY, TODAY - DAY, 0.9)
    make_goal("95")
    about = {"kind": "missed", "grain": "month", "last": TODAY.replace(month=10, day=31)}
    alert(metric=MetricCode.FIRST_REPLY, first=TODAY.replace(month=10, day=1), **about)
    turn = alert(metric=MetricCode.FIRST_REPLY)
    assert [one["id"] for one in found_of(meeting, TopicKind.ALERT)] == [turn.pk]


def test_improvements_that_are_late_come_the_longest_first(meeting, department):
    at = MONDAY - 30 * DAY
    late, later = (accepted(department, days=days, at=at) for days in (20, 10))
    accepted(department, days=60, at=at)
    accepted(DepartmentFactory(), days=10, at=at)
    chosen = found_of(meeting, TopicKind.IMPROVEMENT)
    assert [(one["id"], one["late"]) for one in chosen] == [(later.pk, 20), (late.pk, 10)]


def test_a_hot_spot_that_has_grown_comes_in(meeting):
    for back in range(63):
        GapDay.objects.create(
            day=TODAY - DAY * (back + 1), aspect="delivery", by="courier", value="圆通",
            gaps=30 if back < 7 else 3, n=100,
        )  # fmt: skip
    (one,) = found_of(meeting, TopicKind.SPOT)
    assert (one["value"], one["gaps"], one["n"]) == ("圆通", 210, 700)
    GapDay.objects.filter(day__gt=TODAY - 20 * DAY).delete()
    assert found_of(meeting, TopicKind.SPOT) == []


def test_it_stays_as_it_stood_and_says_how_much_had_no_room(meeting, department):
    improvements = [accepted(department, days=1, at=MONDAY - 9 * DAY) for _ in range(6)]
    make_days(TODAY - 90 * DAY, TODAY - DAY, 0.9)
    make_goal("95")
    done = meetings.begin(meeting_id=meeting.pk, actor=None, at=MONDAY)
    kept = list(done.topics.values_list("position", "kind", "numbers"))
    assert [kind for _number, kind, _numbers in kept] == ["goal"] + ["improvement"] * 4
    assert done.left_out == {"improvement": len(improvements) - MOST[TopicKind.IMPROVEMENT]}
    Snapshot.objects.update(total=0)
    Improvement.objects.update(due_on=TODAY + 99 * DAY)
    done.refresh_from_db()
    assert list(done.topics.values_list("position", "kind", "numbers")) == kept


def test_no_words_of_anybody_are_copied_into_it(meeting, department):
    found = accepted(department, days=1, at=MONDAY - 9 * DAY, title="与张三谈")
    done = meetings.begin(meeting_id=meeting.pk, actor=None, at=MONDAY)
    assert [one.numbers["id"] for one in done.topics.all()] == [found.pk]
    assert "张三" not in str(list(done.topics.values()))


def test_an_agenda_of_nothing_is_empty():
    assert not begun(at=timezone.now()).topics.exists()
