from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from config.common.events import record
from feedback.models import BreachCause, BreachNote, CheckStatus, QualityCheck, QualityScore, Scorecard
from kpis.appraisals.lacking import lacks
from tests.factories.appraisals import MONTH, person
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.kpis import make_clock

pytestmark = [pytest.mark.django_db, pytest.mark.req("K8")]

DAY = datetime(2026, 3, 9, 4, tzinfo=UTC)
FORM = {
    "pass": 80,
    "items": [
        {"key": "1", "name": "礼貌", "name_en": "Polite", "weight": 1, "best": 2},
        {"key": "2", "name": "解决", "weight": 1, "best": 2},
    ],
}


def check(user, points, *, at=DAY, again=None):
    card, _new = Scorecard.objects.get_or_create(code="x", defaults={"name": "x"})
    made = QualityCheck.objects.create(
        case=CaseFactory(), agent=user.agent, department=user.agent.departments.get(), scorecard=card,
        form=FORM, status=CheckStatus.SCORED, ended_at=at, drawn_at=at, scored_at=at, score=50,
    )  # fmt: skip
    for given, is_after in [(points, False), *([(again, True)] if again else [])]:
        QualityScore.objects.create(
            check_of=made, by=user, at=at, points=given, score=50, is_after_appeal=is_after
        )
    return made


def breach(user, cause, *, at=DAY):
    clock = make_clock(user.agent.departments.get(), due_at=at)
    clock.case.agent = user.agent
    clock.case.save()
    made, _new = BreachCause.objects.get_or_create(code=cause, defaults={"name": cause})
    return BreachNote.objects.create(clock=clock, cause=made, by=user, at=at)


def test_items_with_few_points_and_causes_that_come_again_with_their_rows():
    user = person(DepartmentFactory())
    first = check(user, {"1": 0, "2": 2})
    second = check(user, {"1": 1, "2": 2})
    notes = [breach(user, "forgot"), breach(user, "forgot"), breach(user, "system")]
    found = lacks(user.agent, MONTH)
    assert [(one.kind, one.name, one.n, one.of, one.percent) for one in found] == [
        ("quality", "礼貌", 2, 2, 25.0),
        ("breach", "forgot", 2, 3, None),
    ]
    assert [one.rows for one in found] == [(first, second), tuple(notes[:2])]


def test_one_bad_day_is_no_need_and_other_months_and_people_are_not_looked_at():
    user, other = person(DepartmentFactory()), person(DepartmentFactory())
    check(user, {"1": 0, "2": 2})
    check(user, {"1": 0}, at=DAY - timedelta(days=31))
    check(other, {"1": 0})
    breach(user, "forgot")
    breach(other, "forgot")
    assert lacks(user.agent, MONTH) == []


def test_what_was_scored_after_an_appeal_counts_and_what_was_not_applicable_does_not():
    user = person(DepartmentFactory())
    for _each in range(2):
        check(user, {"1": 0, "2": None}, again={"1": 2, "2": None})
    assert lacks(user.agent, MONTH) == []


@pytest.fixture
def two():
    department = DepartmentFactory()
    return person(department), person(department)


def happened(note, kind, at, **data):
    with transaction.atomic():
        record(kind, note.clock.case, actor=None, at=at, **data)


def broken(user):
    return [note for lack in lacks(user.agent, MONTH) for note in lack.rows]


def test_a_broken_promise_is_of_who_had_the_case_then(two):
    then, now = two
    notes = [breach(now, "forgot") for _each in range(2)]
    assert broken(now) == notes
    for note in notes:
        happened(note, "case.claimed", DAY - timedelta(hours=2), agent=then.agent.pk)
        happened(note, "case.replied", DAY - timedelta(hours=1))
        happened(note, "case.assigned", DAY + timedelta(hours=1), agent=now.agent.pk)
    assert broken(now) == []
    assert broken(then) == notes


@pytest.mark.parametrize(
    "emptied",
    [
        [],
        [("case.claimed", 3), ("case.transferred", 2)],
        [("case.claimed", 3), ("case.handed_back", 2)],
        [("case.claimed", 3), ("case.assigned", 2)],
    ],
)
def test_what_broke_while_nobody_had_the_case_is_nobody_s(two, emptied):
    then, now = two
    for note in [breach(now, "forgot") for _each in range(2)]:
        for kind, hours in emptied:
            agent = None if kind == "case.assigned" else then.agent.pk
            happened(note, kind, DAY - timedelta(hours=hours), agent=agent)
        happened(note, "case.claimed", DAY + timedelta(hours=1), agent=now.agent.pk)
    assert broken(now) == broken(then) == []


def test_as_many_queries_for_three_as_for_one(django_assert_num_queries):
    user = person(DepartmentFactory())
    for _each in range(2):
        for _again in range(3):
            check(user, {"1": 0, "2": 0})
            breach(user, "forgot")
        with django_assert_num_queries(4):
            lacks(user.agent, MONTH)
