from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted
from config.common.events import timeline
from config.common.models import OutboxMessage
from feedback.models import Membership
from kpis.improvements import causes, commands
from kpis.improvements.commands import Aim, Spot
from kpis.improvements.held import visible_to
from kpis.models import Ground, Improvement, ImprovementCheck, ImprovementStatus, MetricCode, Verdict
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory, DepartmentFactory, StaffFactory
from tests.factories.improvements import (
    AIM,
    accepted,
    better,
    carried_out,
    fill,
    ground,
    improvement,
    proved,
    staff,
    under_way,
    why,
)
from tests.factories.needs import need, review
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("K6")]


def mate(pk):
    """A colleague of the department whose it is, if there is one."""
    found = Improvement.objects.filter(pk=pk).first()
    return staff(found.department if found else None, "agent")


MOVES = {
    "accept": lambda pk, **given: commands.accept(
        improvement_id=pk, owner=mate(pk), due_on=T0.date() + timedelta(9), **given
    ),
    "start": lambda pk, **given: commands.start(improvement_id=pk, **given),
    "carry_out": lambda pk, **given: commands.carry_out(improvement_id=pk, **given),
    "check": lambda pk, **given: commands.check(improvement_id=pk, **given),
    "close": lambda pk, **given: commands.close(improvement_id=pk, **given),
    "drop": lambda pk, **given: commands.drop(improvement_id=pk, **given),
    "reopen": lambda pk, **given: commands.reopen(improvement_id=pk, **given),
}


def test_its_whole_way():
    found = proved()
    pk = found.pk
    assert (found.status, found.verdict) == (ImprovementStatus.CHECKED, Verdict.PROVED)
    commands.close(improvement_id=pk, actor=None, at=T0 + timedelta(days=32))
    again = commands.reopen(improvement_id=pk, actor=None, at=T0 + timedelta(days=40))
    assert (again.round, again.verdict, again.ended_at) == (2, Verdict.PROVED, None)
    commands.start(improvement_id=pk, actor=None, at=T0 + timedelta(days=41))
    kinds = [event.kind.removeprefix("improvement.") for event in timeline([found])]
    assert kinds == [
        "proposed", "accepted", "started", "carried_out", "checked", "closed", "reopened", "started",
    ]  # fmt: skip
    assert Improvement.objects.get().verdict == ""


@pytest.mark.parametrize(
    ("make", "allowed"),
    [
        (improvement, {"accept", "drop"}),
        (accepted, {"start", "drop"}),
        (under_way, {"carry_out", "drop"}),
        (carried_out, {"check"}),
        (proved, {"close", "reopen"}),
    ],
)
@pytest.mark.parametrize("name", MOVES)
def test_each_state_allows_its_moves_alone(make, allowed, name):
    found = make()
    before = Improvement.objects.values().get()
    if name in allowed:
        MOVES[name](found.pk, actor=None, at=T0 + timedelta(days=1))
        return
    with pytest.raises(MoveNotAllowed):
        MOVES[name](found.pk, actor=None, at=T0 + timedelta(days=1))
    assert Improvement.objects.values().get() == before


def test_what_is_dropped_stays_so():
    found = improvement()
    commands.drop(improvement_id=found.pk, actor=None, at=T0)
    for move in MOVES.values():
        with pytest.raises(MoveNotAllowed):
            move(found.pk, actor=None, at=T0)
    with pytest.raises(MoveNotAllowed):
        why(found)


@pytest.mark.parametrize("name", MOVES)
def test_another_departments_is_not_there_and_an_agent_changes_nothing(name):
    found, elsewhere = improvement(), staff(DepartmentFactory())
    agent = staff(found.department, "agent")
    with pytest.raises(NotFound):
        MOVES[name](found.pk, actor=elsewhere, at=T0)
    with pytest.raises(NotPermitted):
        MOVES[name](found.pk, actor=agent, at=T0)
    with pytest.raises(NotFound):
        MOVES[name](0, actor=None, at=T0)


def test_who_sees_it():
    found = accepted()
    seen = [staff(found.department, role) for role in ("agent", "team_lead", "supervisor")]
    analyst, elsewhere = staff(None, "analyst"), staff(DepartmentFactory())
    for user in (*seen, analyst):
        assert visible_to(user).exists()
    assert not visible_to(elsewhere).exists()
    Improvement.objects.update(owner=elsewhere)
    assert visible_to(elsewhere).exists()
    with pytest.raises(NotPermitted):
        commands.start(improvement_id=found.pk, actor=analyst, at=T0)


def test_it_is_proposed_for_ones_own_department_with_the_right():
    department = DepartmentFactory()
    given = {"title": "x", "kind": "fix", "department": department, "at": T0}
    for user in (staff(DepartmentFactory()), staff(department, "agent")):
        with pytest.raises(NotPermitted):
            commands.propose(**given, actor=user)
    assert commands.propose(**given, actor=staff(department)).status == ImprovementStatus.PROPOSED


@pytest.mark.parametrize(
    "fields",
    [
        {"title": " "},
        {"title": "x" * 121},
        {"title": "a\x00b"},
        {"problem": "x" * 2_001},
        {"kind": "magic"},
        {"spot": Spot("delivery", "moon", "x")},
        {"aim": Aim(metric="luck", expected=Decimal(1))},
        {"aim": Aim(metric="", expected=Decimal(1))},
        {"aim": Aim(metric=MetricCode.NPS, expected=Decimal(0))},
        {"aim": Aim(metric=MetricCode.NPS, expected=Decimal("NaN"))},
        {"aim": Aim(metric=MetricCode.NPS, expected=Decimal(1), window=10)},
        {"aim": Aim(metric=MetricCode.NPS, expected=Decimal(1), dimension="region")},
        {"aim": Aim(metric=MetricCode.NPS, expected=Decimal(1), key="x")},
        {"aim": Aim(metric=MetricCode.NPS, expected=Decimal(1), control_key="x")},
        {"aim": Aim(metric=MetricCode.GAP_RATE, expected=Decimal(1), dimension="agent", key="1")},
        {"aim": Aim(metric=MetricCode.GAP_RATE, expected=Decimal(1), dimension="moon", key="1")},
        {
            "aim": Aim(
                metric=MetricCode.NPS, expected=Decimal(1), dimension="region", key="x", control_key="x"
            )
        },
    ],
)
def test_what_makes_no_sense_is_refused(fields):
    with pytest.raises(Invalid):
        improvement(**fields)
    assert not Improvement.objects.exists()


def test_it_is_about_one_thing():
    with pytest.raises(Invalid):
        improvement(need=need(), spot=Spot("delivery", "region", "沪"))
    assert improvement(spot=Spot("delivery", "region", "沪")).spot_value == "沪"


def test_it_is_taken_on_whole():
    found = improvement(aim=None)
    owner = staff(found.department, "agent")
    soon = {"owner": owner, "due_on": T0.date() + timedelta(5), "actor": None, "at": T0}
    with pytest.raises(Invalid):
        commands.accept(improvement_id=found.pk, **soon)
    gone = staff(found.department, "agent")
    gone.is_active = False
    for wrong in (
        {"due_on": T0.date() - timedelta(1)},
        {"owner": staff(DepartmentFactory(), "agent")},
        {"owner": StaffFactory(is_staff=True)},
        {"owner": gone},
    ):
        with pytest.raises(Invalid):
            commands.accept(improvement_id=found.pk, aim=AIM, **{**soon, **wrong})
    assert commands.accept(improvement_id=found.pk, aim=AIM, **soon).metric == MetricCode.GAP_RATE


def test_once_taken_on_it_has_a_figure():
    found = accepted()
    given = {"improvement_id": found.pk, "title": "x", "kind": "fix", "actor": None, "at": T0}
    for less in (Aim(metric="", expected=None), Aim(metric=MetricCode.NPS, expected=None)):
        with pytest.raises(Invalid) as refusal:
            commands.edit(**given, aim=less)
        assert refusal.value.details["field"] == "metric"
    found.refresh_from_db()
    assert found.metric == MetricCode.GAP_RATE


def test_nobody_aims_at_a_figure_that_they_may_not_see():
    found = improvement()
    lead, boss = staff(found.department, "team_lead"), staff(found.department)
    mine, theirs = staff(found.department, "agent").agent, staff(DepartmentFactory(), "agent").agent
    own = {"dimension": "agent", "key": f"{mine.pk}"}
    other = {"dimension": "agent", "key": f"{theirs.pk}"}
    given = {"improvement_id": found.pk, "title": "x", "kind": "fix", "at": T0}

    def aim(**at):
        return Aim(metric=MetricCode.CSAT, expected=Decimal(1), **at)

    department = {"dimension": "department", "key": f"{theirs.memberships.get().department_id}"}
    for at in (department, {**own, "control_key": f"{theirs.pk}"}, other):
        with pytest.raises(Invalid) as refusal:
            commands.edit(**given, aim=aim(**at), actor=lead)
        assert refusal.value.details["field"] == "key"
        commands.edit(**given, aim=aim(**at), actor=boss)
    assert commands.edit(**given, aim=aim(**other), actor=lead).title == "x"  # it stays what it is
    assert commands.edit(**given, aim=aim(**own), actor=lead).key == f"{mine.pk}"
    one, days = why(found), {"first": T0.date(), "last": T0.date() + timedelta(6)}
    evidence = {"improvement_id": found.pk, "why_id": one.pk, "metric": MetricCode.CSAT, "at": T0, **days}
    with pytest.raises(Invalid):
        causes.add_figure(**evidence, **other, actor=lead)
    causes.add_figure(**evidence, **own, actor=lead)


def test_the_figure_is_fixed_once_the_work_has_begun():
    found = under_way()
    given = {"improvement_id": found.pk, "title": "new", "kind": "fix", "actor": None, "at": T0}
    assert commands.edit(**given, aim=AIM).title == "new"
    with pytest.raises(MoveNotAllowed):
        commands.edit(**given, aim=Aim(metric=MetricCode.NPS, expected=Decimal(1)))


def test_open_tasks_keep_it_open_and_are_ticked_by_whose_they_are():
    found = under_way()
    colleague, other = staff(found.department, "agent"), staff(found.department, "agent")
    task = causes.add_task(improvement_id=found.pk, text="x", owner=colleague, actor=None, at=T0)
    with pytest.raises(MoveNotAllowed):
        commands.carry_out(improvement_id=found.pk, actor=None, at=T0)
    given = {"improvement_id": found.pk, "task_id": task.pk, "at": T0}
    with pytest.raises(Invalid):
        causes.add_task(improvement_id=found.pk, text="x", owner=staff(None, "analyst"), actor=None, at=T0)
    assert OutboxMessage.objects.get(key__contains=f":task:{task.pk}:").payload["user"] == colleague.pk
    with pytest.raises(NotPermitted):
        causes.done_task(**given, actor=other)
    Membership.objects.filter(agent__user=colleague).delete()  # moved on: it is still theirs
    with pytest.raises(NotFound):
        causes.done_task(**given, actor=staff(DepartmentFactory(), "agent"))
    for _twice in range(2):
        causes.done_task(**given, actor=colleague)
    assert [event.kind for event in timeline([found])].count("improvement.task_done") == 1
    commands.carry_out(improvement_id=found.pk, actor=None, at=T0)


def test_a_task_that_is_no_longer_wanted_is_taken_away_and_what_is_done_stays():
    found = under_way()
    boss = staff(found.department)
    wrong, done = (
        causes.add_task(improvement_id=found.pk, text="x", owner=boss, actor=boss, at=T0)
        for _each in range(2)
    )
    causes.done_task(improvement_id=found.pk, task_id=done.pk, actor=boss, at=T0)
    given = {"improvement_id": found.pk, "actor": boss, "at": T0}
    with pytest.raises(MoveNotAllowed):
        causes.remove_task(**given, task_id=done.pk)
    with pytest.raises(NotPermitted):
        causes.remove_task(**{**given, "actor": staff(found.department, "agent")}, task_id=wrong.pk)
    causes.remove_task(**given, task_id=wrong.pk)
    with pytest.raises(NotFound):
        causes.remove_task(**given, task_id=wrong.pk)
    assert [event.kind for event in timeline([found])].count("improvement.task_removed") == 1
    commands.carry_out(**given)


def test_it_is_too_early_before_the_days_are_over_and_such_looks_change_nothing():
    found = carried_out()
    better(found)
    assert found.check_on == T0.date() + timedelta(1 + 29)
    for _twice in range(2):
        made = commands.check(improvement_id=found.pk, actor=None, at=T0 + timedelta(days=15))
        assert made.verdict == Verdict.TOO_EARLY
    assert ImprovementCheck.objects.count() == 1  # the same again is kept once
    assert Improvement.objects.get().status == ImprovementStatus.CARRIED_OUT
    made = commands.check(improvement_id=found.pk, actor=None, at=T0 + timedelta(days=31))
    assert made.verdict == Verdict.PROVED
    assert made.numbers["before"]["n"] == made.numbers["after"]["n"] == 2_800
    assert made.numbers["change"] == pytest.approx(-15)
    assert made.numbers["high"] < 0


def test_it_is_too_early_while_too_little_was_measured():
    found = carried_out(
        aim=Aim(metric=MetricCode.GAP_RATE, expected=Decimal(5), dimension="region", key="沪")
    )
    fill(T0.date() - timedelta(28), 28, n=100, hits=20)
    fill(T0.date() + timedelta(2), 90, n=15, hits=0)
    checks = [
        commands.check(improvement_id=found.pk, actor=None, at=T0 + timedelta(days=days)).verdict
        for days in (31, 60, 70)
    ]
    assert checks == [Verdict.TOO_EARLY, Verdict.TOO_EARLY, Verdict.PROVED]


def test_nothing_changed_is_no_effect_and_a_control_group_that_changed_as_well():
    for key, hits in (("沪", 20), ("粤", 20)):
        fill(T0.date() - timedelta(28), 28, n=100, hits=hits, key=key)
        fill(T0.date() + timedelta(2), 60, n=100, hits=5, key=key)
    found = carried_out()
    made = commands.check(improvement_id=found.pk, actor=None, at=T0 + timedelta(days=31))
    assert made.verdict == Verdict.NO_EFFECT
    assert made.numbers["change"] == pytest.approx(0)
    assert Improvement.objects.get().verdict == Verdict.NO_EFFECT


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("make", "name"),
    [(accepted, "start"), (under_way, "carry_out"), (proved, "reopen"), (improvement, "drop")],
)
def test_of_two_moves_at_once_one_is_done(make, name):
    pk = make().pk
    at = T0 + timedelta(days=2)
    results = at_once(*[lambda: MOVES[name](pk, actor=None, at=at)] * 2)
    assert [type(one) for one in refused(results)] == [MoveNotAllowed]


@pytest.mark.django_db(transaction=True)
def test_two_who_check_at_once_leave_one_verdict():
    found = carried_out()
    at = better(found)
    results = at_once(*[lambda: commands.check(improvement_id=found.pk, actor=None, at=at)] * 2)
    assert [type(one) for one in refused(results)] == [MoveNotAllowed]
    assert ImprovementCheck.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "magic"},
        {"status": "accepted"},
        {"status": "carried_out"},
        {"status": "checked"},
        {"status": "closed"},
        {"verdict": "proved"},
        {"verdict": "too_early"},
        {"expected": -1},
        {"window": 10},
        {"window": 0},
        {"key": ""},
        {"control_key": "沪"},
        {"spot_aspect": "delivery"},
        {"telling_at": T0},
        {"ended_at": T0},
    ],
)
def test_the_database_refuses_what_makes_no_sense(wrong):
    improvement()
    with pytest.raises(IntegrityError), transaction.atomic():
        Improvement.objects.update(**wrong)


def test_whys_stand_below_one_another_down_to_the_root():
    found = improvement()
    first = why(found)
    second = why(found, "没有备选快递", first)
    assert [one.position for one in (first, second, why(found))] == [1, 1, 2]
    for _twice in range(2):
        causes.mark_root(improvement_id=found.pk, why_id=second.pk, is_root=True, actor=None, at=T0)
    assert [event.kind for event in timeline([found])].count("improvement.root") == 1
    causes.remove_why(improvement_id=found.pk, why_id=first.pk, actor=None, at=T0)
    assert found.whys.count() == 1


def test_a_tree_has_an_end_and_no_branch_of_another():
    found, parent = improvement(), None
    for _level in range(causes.DEEPEST):
        parent = why(found, "x", parent)
    with pytest.raises(Invalid):
        why(found, "x", parent)
    with pytest.raises(NotFound):
        why(improvement(), "x", parent)
    for text in ("", "x" * 401, "\x00"):
        with pytest.raises(Invalid):
            why(found, text)


def test_evidence_is_what_this_person_may_read_and_stands_once():
    found = improvement()
    user, one = staff(found.department), why(found)
    mine, theirs = CaseFactory(department=found.department), CaseFactory(department=DepartmentFactory())
    given = {"improvement_id": found.pk, "why_id": one.pk, "actor": user, "at": T0}
    for _twice in range(2):
        causes.add_row(**given, source="case", row_id=mine.pk)
    with pytest.raises(NotFound):
        causes.add_row(**given, source="case", row_id=theirs.pk)
    with pytest.raises(Invalid):
        causes.add_row(**given, source="member", row_id=1)
    for source, row in (("review", review()), ("need", need())):
        causes.add_row(**given, source=source, row_id=row.pk)
    days = {"first": T0.date(), "last": T0.date() + timedelta(6)}
    for _twice in range(2):
        causes.add_figure(**given, metric=MetricCode.NPS, **days)
    for wrong in (
        {"metric": "luck"},
        {"dimension": "moon", "key": "x"},
        {"key": "x"},
        {"last": T0.date() - timedelta(1)},
    ):
        with pytest.raises(Invalid):
            causes.add_figure(**given, **{"metric": MetricCode.NPS, **days, **wrong})
    assert Ground.objects.count() == 4
    hidden = ground(one, "case", theirs)
    with pytest.raises(NotFound):
        causes.remove_ground(improvement_id=found.pk, ground_id=hidden.pk, actor=user, at=T0)
    own = Ground.objects.get(case=mine)
    causes.remove_ground(improvement_id=found.pk, ground_id=own.pk, actor=user, at=T0)
    assert Ground.objects.count() == 4
    with pytest.raises(NotPermitted):  # nor with the branch that it bears out
        causes.remove_why(improvement_id=found.pk, why_id=one.pk, actor=user, at=T0)
    below = why(found, "y", one)
    causes.remove_why(improvement_id=found.pk, why_id=below.pk, actor=user, at=T0)
    ground(why(found, "z", why(found, "y", one)), "case", theirs)
    Ground.objects.filter(pk=hidden.pk).delete()
    with pytest.raises(NotPermitted):
        causes.remove_why(improvement_id=found.pk, why_id=one.pk, actor=user, at=T0)


def test_the_database_keeps_evidence_of_one_thing():
    one = why(improvement())
    held = ground(one, "case", CaseFactory())
    for wrong in ({"review": review().pk}, {"case": None}, {"metric": "nps"}, {"first": T0.date()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Ground.objects.filter(pk=held.pk).update(**wrong)
