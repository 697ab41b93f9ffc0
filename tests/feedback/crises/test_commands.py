"""Opened, changed, dismissed, contained, over: each by who may, once, and only from where it can."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from config.common.errors import DomainError, Invalid, NotFound, NotPermitted, Stale, WrongState
from config.common.models import Event
from feedback.crises import commands, queries
from feedback.crises.access import RIGHTS, may
from feedback.models import Crisis, CrisisCase
from tests.factories.compensation import T0
from tests.factories.crises import DAY, HOUR, ProposalFactory, department_of, opened, plan, supervisor
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F22")]
AT = T0 + HOUR


def kinds():
    return list(Event.objects.filter(subject_type="crisis").order_by("id").values_list("kind", flat=True))


def test_from_the_proposal_to_the_all_clear():
    crisis, boss = ProposalFactory(), supervisor()
    how = plan(boss, conditions={"categories": [crisis.value]})
    commands.open_proposed(crisis_id=crisis.pk, plan=how, actor=boss, at=AT)
    commands.contain(crisis_id=crisis.pk, cause="仓库停电", actor=boss, at=AT + HOUR)
    commands.go_on(crisis_id=crisis.pk, actor=boss, at=AT + 2 * HOUR)
    commands.contain(crisis_id=crisis.pk, cause="仓库停电", actor=boss, at=AT + 3 * HOUR)
    commands.close(crisis_id=crisis.pk, cause="仓库停电", actor=boss, at=AT + DAY)
    crisis.refresh_from_db()
    assert (crisis.status, crisis.cause, crisis.owner, crisis.ended_by) == ("closed", "仓库停电", boss, boss)
    assert crisis.contained_at == AT + 3 * HOUR
    assert kinds() == [
        "crisis.opened",
        "crisis.contained",
        "crisis.went_on",
        "crisis.contained",
        "crisis.closed",
    ]
    assert crisis.report["minutes"]["ended"] == 25 * 60


def test_closing_what_was_never_contained_counts_as_both():
    boss = supervisor()
    crisis = opened(boss)
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=AT + DAY)
    crisis.refresh_from_db()
    assert crisis.contained_at == crisis.ended_at == AT + DAY


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": " \n"}, Invalid),
        ({"name": "长" * 121}, Invalid),
        ({"severity": 9}, Invalid),
        ({"raises_to": 0}, Invalid),
        ({"since": T0 + DAY}, Invalid),
        ({"since": T0 - 200 * DAY}, Invalid),
        ({"conditions": {}}, Invalid),
        ({"conditions": {"kinds": []}}, Invalid),
        ({"conditions": {"kinds": ["nonsense"]}}, Invalid),
        ({"conditions": {"status": ["new"]}}, Invalid),
        ({"conditions": {"words": ["x"] * 2 + [str(n) for n in range(60)]}}, Invalid),
        ({"answer": "nothing-like-that"}, Invalid),
    ],
)
def test_a_plan_that_is_not_whole_is_refused(changes, error):
    boss = supervisor()
    with pytest.raises(error):
        commands.begin(plan=replace(plan(boss), **changes), actor=boss, at=AT)
    assert not Crisis.objects.exists()


def test_inactive_departments_and_people_are_refused():
    boss, department = supervisor(), DepartmentFactory(is_active=False)
    gone = AgentFactory(user__is_active=False).user
    for changes in ({"department": department}, {"owner": gone}):
        with pytest.raises(Invalid):
            commands.begin(plan=replace(plan(boss), **changes), actor=boss, at=AT)


def test_who_may_not_is_refused():
    agent = AgentFactory(departments=[DepartmentFactory()]).user
    lead = supervisor(role="team_lead")
    for user in (agent, lead):
        with pytest.raises(NotPermitted):
            commands.begin(plan=plan(user), actor=user, at=AT)
        with pytest.raises(NotPermitted):
            commands.dismiss(crisis_id=ProposalFactory().pk, why="x", actor=user, at=AT)


def test_another_departments_crisis_is_left_alone():
    crisis, other = opened(), supervisor()
    for step in (
        lambda: commands.contain(crisis_id=crisis.pk, cause="x", actor=other, at=AT),
        lambda: commands.close(crisis_id=crisis.pk, cause="x", actor=other, at=AT),
        lambda: commands.learn(crisis_id=crisis.pk, lessons="x", actor=other, at=AT),
        lambda: commands.change(
            crisis_id=crisis.pk, plan=plan(other), version=crisis.version, actor=other, at=AT
        ),
    ):
        with pytest.raises(NotPermitted):
            step()
    crisis.refresh_from_db()
    assert crisis.status == "open"


def test_it_is_given_to_ones_own_departments_only():
    boss = supervisor()
    with pytest.raises(NotPermitted):
        commands.begin(plan=plan(boss, department=DepartmentFactory()), actor=boss, at=AT)


def test_each_step_from_where_it_cannot_be_taken_is_refused():
    boss = supervisor()
    crisis, proposal = opened(boss), ProposalFactory()
    with pytest.raises(WrongState):
        commands.open_proposed(crisis_id=crisis.pk, plan=plan(boss), actor=boss, at=AT)
    with pytest.raises(WrongState):
        commands.dismiss(crisis_id=crisis.pk, why="x", actor=boss, at=AT)
    with pytest.raises(WrongState):
        commands.go_on(crisis_id=crisis.pk, actor=boss, at=AT)
    for step in (commands.contain, commands.close):
        with pytest.raises(WrongState):
            step(crisis_id=proposal.pk, cause="x", actor=boss, at=AT)
        with pytest.raises(Invalid):
            step(crisis_id=crisis.pk, cause=" ", actor=boss, at=AT)
        with pytest.raises(NotFound):
            step(crisis_id=0, cause="x", actor=boss, at=AT)
    with pytest.raises(Invalid):
        commands.dismiss(crisis_id=proposal.pk, why="\0 ", actor=boss, at=AT)
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=AT)
    with pytest.raises(WrongState):
        commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=AT)


def test_lessons_may_come_later_and_change_no_figure():
    boss = supervisor()
    crisis = opened(boss)
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=AT)
    crisis.refresh_from_db()
    before = crisis.report
    commands.learn(crisis_id=crisis.pk, lessons="备用电源", actor=boss, at=AT + DAY)
    crisis.refresh_from_db()
    assert (crisis.lessons, crisis.report) == ("备用电源", before)


def test_a_change_in_view_of_an_old_version_is_refused():
    boss = supervisor()
    crisis = opened(boss)
    commands.change(
        crisis_id=crisis.pk, plan=plan(boss, name="新"), version=crisis.version, actor=boss, at=AT
    )
    with pytest.raises(Stale):
        commands.change(crisis_id=crisis.pk, plan=plan(boss), version=crisis.version, actor=boss, at=AT)
    assert Crisis.objects.get().name == "新"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_one_proposal_one_does():
    crisis, one, other = ProposalFactory(), supervisor(), supervisor()

    def opening(user):
        return lambda: commands.open_proposed(crisis_id=crisis.pk, plan=plan(user), actor=user, at=AT)

    results = at_once(opening(one), opening(other))
    (error,) = refused(results)
    assert isinstance(error, WrongState)
    assert kinds() == ["crisis.opened"]
    crisis.refresh_from_db()
    assert crisis.opened_by == next(one for one in results if isinstance(one, Crisis)).opened_by


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "nonsense"},
        {"status": "open"},
        {"status": "contained"},
        {"status": "closed"},
        {"status": "dismissed"},
        {"status": "dismissed", "ended_at": T0, "why": ""},
        {"severity": 7},
        {"ended_at": T0},
        {"opened_at": T0},
    ],
)
def test_the_database_refuses_what_makes_no_sense(columns):
    crisis = ProposalFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Crisis.objects.filter(pk=crisis.pk).update(**columns)


def test_the_database_holds_one_unended_crisis_a_thing_and_one_live_a_case():
    crisis = ProposalFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProposalFactory(value=crisis.value)
    case = CaseFactory()
    CrisisCase.objects.create(crisis=opened(), case=case, joined_at=T0)
    with pytest.raises(IntegrityError), transaction.atomic():
        CrisisCase.objects.create(crisis=opened(), case=case, joined_at=T0)


ROLES = {
    "agent": set(),
    "team_lead": {"add", "remove", "learn", "write", "answer", "make_good"},
    "supervisor": set(RIGHTS),
    "analyst": set(),
    "moderator": set(),
    "finance": set(),
}


@pytest.mark.parametrize("role", ROLES)
def test_who_may_take_which_step(role):
    department = DepartmentFactory()
    user = supervisor(department, role=role)
    theirs = opened(supervisor(department))
    assert {step for step in RIGHTS if may(user, step, theirs)} == ROLES[role]
    assert not any(may(user, step, opened()) for step in RIGHTS)
    user.is_active = False
    assert not any(may(user, step, theirs) for step in RIGHTS)


def test_lists_cost_the_same_however_many(django_assert_num_queries):
    boss = supervisor()
    for number in (1, 3):
        while Crisis.objects.count() < number:
            crisis = opened(boss)
            CrisisCase.objects.create(
                crisis=crisis, case=CaseFactory(department=department_of(boss)), joined_at=T0
            )
        with django_assert_num_queries(1):
            assert [str(one.department) for one in queries.listed()]
    with django_assert_num_queries(1):
        assert list(queries.going())


def test_the_preview_says_what_conditions_would_take_in():
    boss = supervisor()
    mine, other = CaseFactory(department=department_of(boss)), CaseFactory()
    CaseFactory(kind="enquiry")
    CrisisCase.objects.create(crisis=opened(boss), case=other, joined_at=T0)
    found = queries.preview(Crisis(kinds=["complaint"], since=T0 - timedelta(hours=1)), boss)
    assert (found.count, found.cases, found.elsewhere) == (2, [mine], 1)


def test_refusals_are_for_people():
    with pytest.raises(DomainError) as refusal:
        commands.contain(crisis_id=ProposalFactory().pk, cause="x", actor=supervisor(), at=AT)
    assert str(refusal.value)
