from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import timeline
from config.common.models import OutboxMessage
from kpis.appraisals import appealing, deadline, held, scoring
from kpis.deadlines.rules import ends_at
from kpis.models import AppealState, AppraisalAppeal, AppraisalRung, Step
from tests.factories.appraisals import AT, MONTH, person, scored
from tests.factories.feedback import DepartmentFactory
from tests.kpis.appraisals.test_scoring import corrected, mark
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K8")]


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def boss(department):
    return person(department, "supervisor")


def appeal(user, found, text="那天系统坏了", at=AT):
    return appealing.appeal(appraisal_id=found.pk, text=text, actor=user, at=at)


def decide(one, actor, score="80", answer="有理", at=AT):
    score = None if score is None else Decimal(score)
    appraisal_id = one.score.appraisal_id
    return appealing.decide(
        appraisal_id=appraisal_id, appeal_id=one.pk, score=score, answer=answer, actor=actor, at=at
    )


def letters(part):
    rows = OutboxMessage.objects.filter(kind="staff", key__contains=part).order_by("pk")
    return [row.payload["user"] for row in rows]


def test_an_appeal_is_told_to_who_may_decide_and_upheld_with_another_score(department, boss):
    user, found = scored(department)
    made = appeal(user, found)
    assert made.due_on == AT.date() + timedelta(5)
    assert letters(":come") == [boss.pk]
    decided = decide(made, boss)
    assert (decided.state, decided.decided_by) == (AppealState.UPHELD, boss)
    newest = found.scores.last()
    assert (newest.revision, newest.kind, newest.score, newest.reason) == (2, "appeal", Decimal(80), "有理")
    assert found.scores.first().score == Decimal("52.78")
    assert letters(":score:2") == [user.pk]
    kinds = [event.kind for event in timeline([found])]
    assert kinds == ["appraisal.scored", "appraisal.appealed", "appraisal.appeal_decided", "appraisal.scored"]
    with pytest.raises(MoveNotAllowed):
        appeal(user, found)


def test_refused_the_score_stands(department, boss):
    user, found = scored(department)
    decided = decide(appeal(user, found), boss, None, "证据不足")
    assert decided.state == AppealState.REFUSED
    assert found.scores.count() == 1
    assert letters(f"appraisal:{found.pk}:appeal") == [user.pk]
    with pytest.raises(MoveNotAllowed):
        decide(decided, boss)


def test_it_comes_in_time_once_and_from_the_person(department):
    user, found = scored(department, appeal_days=3)
    with pytest.raises(NotPermitted):
        appeal(person(department, "team_lead"), found)
    with pytest.raises(NotFound):
        appeal(person(department), found)
    with pytest.raises(NotFound):
        appealing.appeal(appraisal_id=0, text="x", actor=user, at=AT)
    for text in ("", "x" * 2_001, "a\x00"):
        with pytest.raises(Invalid):
            appeal(user, found, text)
    with pytest.raises(MoveNotAllowed):
        appeal(user, found, at=AT + timedelta(days=3, seconds=1))
    appeal(user, found, at=AT + timedelta(days=3))
    with pytest.raises(MoveNotAllowed):
        appeal(user, found)


@pytest.mark.parametrize(
    ("score", "answer"), [("80", ""), (None, " "), ("101", "x"), ("NaN", "x"), ("52.78", "x")]
)
def test_a_decision_makes_sense(department, boss, score, answer):
    user, found = scored(department)
    made = appeal(user, found)
    with pytest.raises(Invalid), transaction.atomic():
        decide(made, boss, score, answer)
    made.refresh_from_db()
    assert made.state == AppealState.OPEN


def test_who_decides_is_no_party_and_has_the_right(department, boss):
    user, found = scored(department)
    marker, scorer = person(department, "supervisor"), person(department, "supervisor")
    mark(user, 100, actor=marker)
    scoring.score_again(appraisal_id=found.pk, reason="x", actor=scorer, at=AT)
    made = appeal(user, found)
    for actor, error in [
        (marker, NotPermitted),
        (scorer, NotPermitted),
        (user, NotPermitted),
        (person(department, "team_lead"), NotPermitted),
        (person(department), NotFound),
        (person(DepartmentFactory(), "supervisor"), NotFound),
    ]:
        with pytest.raises(error):
            decide(made, actor)
    assert deadline.deciders(made) == [boss]
    with pytest.raises(NotFound):
        appealing.decide(appraisal_id=found.pk, appeal_id=0, score=None, answer="x", actor=boss, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        AppraisalAppeal.objects.update(state="refused", decided_at=AT, decided_by=user)


def test_somebody_with_all_rights_decides_nothing_about_themselves(department):
    user, found = scored(department)
    made = appeal(user, found)
    user.is_superuser = True
    user.save()
    user = type(user).objects.get(pk=user.pk)
    with pytest.raises(NotPermitted):
        decide(made, user)


def test_scoring_again_waits_for_the_appeal(department):
    user, found = scored(department)
    appeal(user, found)
    corrected(user.agent, 5)
    with pytest.raises(MoveNotAllowed):
        scoring.score_again(appraisal_id=found.pk, reason="x", actor=None, at=AT)


def test_its_ladder_is_climbed_once_and_ends_with_the_decision():
    above = DepartmentFactory()
    department = DepartmentFactory(parent=above)
    lead = person(department, "team_lead", is_lead=True)
    boss, top = person(department, "supervisor"), person(above, "supervisor")
    user, found = scored(department)
    made = appeal(user, found)
    over = ends_at(made.due_on)
    for at in (over - timedelta(days=1), over, over + timedelta(days=1), over + timedelta(days=9)):
        assert deadline.DEADLINE.sweep(at=at) == 1
        assert deadline.DEADLINE.sweep(at=at) == 0
    both = [boss.pk, top.pk]
    assert [letters(f":{step}") for step in Step] == [both, both, [lead.pk], both]
    assert AppraisalRung.objects.count() == 4
    assert [event.kind for event in timeline([made])] == ["appraisalappeal.rung"] * 4


def test_what_is_decided_is_late_no_more(department, boss):
    user, found = scored(department)
    decide(appeal(user, found), boss, None)
    assert deadline.DEADLINE.sweep(at=AT + timedelta(days=99)) == 0


def test_who_sees_what(department):
    user, found = scored(department)
    own_and_team = [user, person(department, "team_lead"), person(department, "supervisor")]
    own_and_team.append(person(DepartmentFactory(), "administrator"))
    for one in own_and_team:
        assert held.visible_to(one).filter(pk=found.pk).exists()
    others = [person(department), person(DepartmentFactory(), "supervisor"), person(department, "analyst")]
    for one in others:
        assert not held.visible_to(one).exists()
    assert not held.team(user).exists()
    assert found.month == MONTH


@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_are_one():
    department = DepartmentFactory()
    user, found = scored(department)
    made = appeal(user, found)
    first, second = person(department, "supervisor"), person(department, "supervisor")
    results = at_once(lambda: decide(made, first, "80"), lambda: decide(made, second, None))
    (error,) = refused(results)
    assert isinstance(error, MoveNotAllowed)
    assert found.scores.count() == 1 + AppraisalAppeal.objects.filter(state="upheld").count()


@pytest.mark.django_db(transaction=True)
def test_two_appeals_at_once_are_one():
    user, found = scored(DepartmentFactory())
    (error,) = refused(at_once(*[lambda: appeal(user, found)] * 2))
    assert isinstance(error, MoveNotAllowed)


def test_what_an_appeal_decided_is_not_taken_back_without_anything_new(department, boss):
    user, found = scored(department)
    decide(appeal(user, found), boss)
    for actor in (None, boss, person(department, "supervisor")):
        with pytest.raises(MoveNotAllowed):
            scoring.score_again(appraisal_id=found.pk, reason="x", actor=actor, at=AT)
    assert found.scores.last().score == Decimal(80)


def test_with_something_new_who_may_decide_scores_above_an_appeal_and_nobody_else(department, boss):
    user, found = scored(department)
    marker, scorer = person(department, "supervisor"), person(department, "team_lead")
    scorer.user_permissions.add(Permission.objects.get(codename="score_appraisals"))
    scorer = type(user).objects.get(pk=scorer.pk)
    mark(user, 100, actor=marker)
    again = {"appraisal_id": found.pk, "reason": "x", "at": AT}
    scoring.score_again(**again, actor=None)
    decide(appeal(user, found), boss)
    corrected(user.agent, 5)
    for actor in (scorer, marker):
        with pytest.raises(NotPermitted):
            scoring.score_again(**again, actor=actor)
    made = scoring.score_again(**again, actor=boss)
    assert (made.revision, made.kind, made.score) == (4, "again", Decimal("72.22"))
