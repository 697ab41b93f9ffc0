from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import timeline
from config.common.models import OutboxMessage
from kpis.appraisals import marks, reckoning, scoring
from kpis.models import (
    Appraisal,
    AppraisalMark,
    AppraisalScore,
    Correction,
    FigureDay,
    JudgedBy,
    MetricCode,
    SchemeLine,
)
from tests.factories.appraisals import AT, LINES, MONTH, close, figure, person, scheme, scored
from tests.factories.feedback import DepartmentFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K8")]


def score(**more):
    return scoring.score_month(month=MONTH, actor=more.pop("actor", None), at=AT, **more)


def mark(user, points=80, **more):
    made = reckoning.Person(user.agent, user.agent.departments.get(), (user.agent.departments.get().pk,))
    given = {"line_id": SchemeLine.objects.get(judged_by=JudgedBy.MARK).pk, "month": MONTH, **more}
    return marks.give_mark(person=made, points=points, at=AT, **given)


def corrected(agent, value):
    day = date(2026, 3, 1)
    return Correction.objects.create(
        metric=MetricCode.CSAT, dimension="agent", key=str(agent.pk), day=day, n=20, total=20 * value,
        squares=20 * value * value, found_at=AT + timedelta(days=1),
    )  # fmt: skip


def test_a_closed_month_is_scored_once_and_told_once():
    user, found = scored(DepartmentFactory())
    only = found.scores.get()
    assert (only.score, only.kind, only.revision) == (Decimal("52.78"), "first", 1)
    assert [line["n"] for line in only.numbers["lines"]] == [20, 0, 0, 8, 0]
    assert score().made == 0
    assert AppraisalScore.objects.count() == 1
    assert [event.kind for event in timeline([found])] == ["appraisal.scored"]
    letter = OutboxMessage.objects.get(kind="staff")
    assert letter.payload["user"] == user.pk
    assert "52" not in letter.payload["subject"] + letter.payload["body"].replace(f"/{found.pk}/", "")


def test_an_open_month_is_not_scored():
    scheme()
    with pytest.raises(Invalid):
        score()
    close()
    FigureDay.objects.filter(day=date(2026, 3, 31)).update(closed_at=None)
    with pytest.raises(Invalid):
        score()
    assert not Appraisal.objects.exists()


def test_who_scores_needs_the_right():
    close()
    department = DepartmentFactory()
    for role in ("agent", "team_lead", "analyst"):
        with pytest.raises(NotPermitted):
            score(actor=person(department, role))
    score(actor=person(department, "supervisor"))


def test_a_month_before_all_versions_is_not_scored_and_said_so():
    made = scheme(since=date(2026, 4, 1))
    close()
    assert score().without == (made,)


def test_few_rows_are_drawn_to_the_role_and_the_absent_have_no_score():
    department = DepartmentFactory()
    few, many, away = (person(department) for _each in range(3))
    scheme([replace(LINES[0], weight=100, least_n=100)])
    figure(few.agent, MetricCode.CSAT, 25, 5)
    figure(many.agent, MetricCode.CSAT, 175, 3)
    close()
    score()
    by_agent = {one.agent: one.scores.get() for one in Appraisal.objects.select_related("agent")}
    line = by_agent[few.agent].numbers["lines"][0]
    assert (line["credibility"], line["role"], line["judged"]) == (0.5, 3.25, 4.125)
    assert by_agent[few.agent].score == Decimal("75.00")
    assert by_agent[many.agent].score == Decimal("0.00")
    assert by_agent[away.agent].score is None


def test_people_without_the_role_or_gone_are_not_judged():
    department = DepartmentFactory()
    person(department, "team_lead")
    gone, no_place = person(department), person(department)
    gone.is_active = False
    gone.save()
    no_place.agent.memberships.all().delete()
    scheme()
    close()
    assert score().made == 0


def test_a_department_is_judged_as_one():
    department = DepartmentFactory()
    lead = person(department, "team_lead", is_lead=True)
    lines = [replace(LINES[0], weight=100, metric=MetricCode.NPS, floor=Decimal(0), goal=Decimal(50))]
    scheme(lines, department=department)
    figure(department, MetricCode.NPS, 40, 25, dimension="department")
    close()
    score()
    found = Appraisal.objects.get()
    assert (found.agent, found.department, found.scores.get().score) == (None, department, Decimal("50.00"))
    assert OutboxMessage.objects.get(kind="staff").payload["user"] == lead.pk
    with pytest.raises(IntegrityError), transaction.atomic():
        Appraisal.objects.create(scheme=found.scheme, month=MONTH, department=department)


def test_a_score_stays_whatever_comes_to_light():
    user, found = scored(DepartmentFactory())
    before = found.scores.values().get()
    corrected(user.agent, 5)
    score()
    assert found.scores.values().get() == before
    assert scoring.reckon_now(found, found.scores.get().version).result.score == Decimal("58.33")
    with pytest.raises(ProgrammingError), transaction.atomic():
        AppraisalScore.objects.update(score=1)


def test_scored_again_with_a_reason_the_first_stays():
    user, found = scored(DepartmentFactory())
    corrected(user.agent, 5)
    again = scoring.score_again(appraisal_id=found.pk, reason="更正", actor=None, at=AT)
    assert (again.revision, again.score) == (2, Decimal("58.33"))
    assert found.scores.count() == 2
    with pytest.raises(MoveNotAllowed):
        scoring.score_again(appraisal_id=found.pk, reason="再来", actor=None, at=AT)


@pytest.mark.parametrize("reason", ["", "x" * 2_001, "a\x00"])
def test_scoring_again_needs_a_reason(reason):
    user, found = scored(DepartmentFactory())
    corrected(user.agent, 5)
    with pytest.raises(Invalid):
        scoring.score_again(appraisal_id=found.pk, reason=reason, actor=None, at=AT)


def test_who_scores_again_needs_the_right_and_sees_it():
    department = DepartmentFactory()
    user, found = scored(department)
    corrected(user.agent, 5)
    given = {"appraisal_id": found.pk, "reason": "x", "at": AT}
    for actor, error in [
        (user, NotPermitted),
        (person(department), NotFound),
        (person(DepartmentFactory(), "supervisor"), NotFound),
        (person(department, "team_lead"), NotPermitted),
    ]:
        with pytest.raises(error):
            scoring.score_again(**given, actor=actor)
    assert scoring.score_again(**given, actor=person(department, "supervisor")).revision == 2


def test_a_mark_counts_and_stays_once_scored():
    department = DepartmentFactory()
    user, lead = person(department), person(department, "team_lead")
    scheme()
    figure(user.agent, MetricCode.QUALITY, 8, 75)
    mark(user, 70, actor=lead)
    mark(user, 90, actor=lead)
    close()
    score()
    assert Appraisal.objects.get().scores.get().score == Decimal("65.00")
    with pytest.raises(MoveNotAllowed):
        mark(user, 0, actor=lead)
    assert AppraisalMark.objects.get().points == 90


def test_a_mark_that_was_missing_may_follow_and_counts_when_scored_again():
    department = DepartmentFactory()
    user, found = scored(department)
    mark(user, 100, actor=person(department, "team_lead"))
    again = scoring.score_again(appraisal_id=found.pk, reason="补打分", actor=None, at=AT)
    assert again.score == Decimal("68.52")


def test_who_marks_needs_the_right_and_another_person_of_their_department():
    department = DepartmentFactory()
    user, lead = person(department), person(department, "team_lead")
    scheme()
    with pytest.raises(NotPermitted):
        mark(user, actor=person(department))
    with pytest.raises(NotFound):
        mark(user, actor=person(DepartmentFactory(), "team_lead"))
    with pytest.raises(NotPermitted):
        mark(lead, actor=lead)
    for wrong in ({"points": 101}, {"points": -1}, {"remark": "x" * 501}, {"line_id": 0}):
        with pytest.raises(Invalid):
            mark(user, actor=lead, **wrong)
    with pytest.raises(Invalid):
        mark(user, actor=lead, line_id=SchemeLine.objects.first().pk)
    with pytest.raises(Invalid):
        mark(user, actor=lead, month=date(2026, 2, 1))


@pytest.mark.django_db(transaction=True)
def test_a_month_that_two_score_at_once_is_scored_once():
    user = person(DepartmentFactory())
    scheme()
    figure(user.agent, MetricCode.CSAT, 20, 4)
    close()
    results = at_once(*[score] * 2)
    assert not refused(results)
    assert sorted(one.made for one in results) == [0, 1]
    assert AppraisalScore.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_score_somebody_again_at_once_do_it_once():
    user, found = scored(DepartmentFactory())
    corrected(user.agent, 5)
    again = [lambda: scoring.score_again(appraisal_id=found.pk, reason="x", actor=None, at=AT)] * 2
    (error,) = refused(at_once(*again))
    assert isinstance(error, MoveNotAllowed)
    assert found.scores.count() == 2
