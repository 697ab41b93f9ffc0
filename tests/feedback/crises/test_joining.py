"""Cases join by themselves, in bulk, one crisis each; clocks run on; what was taken out stays out."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.common.errors import NotFound, WrongState
from config.common.models import Event
from feedback.cases import commands as cases
from feedback.clocks import commands as clocks
from feedback.crises import commands, joining
from feedback.models import Case, Clock, CrisisCase, Triage
from tests.factories.compensation import T0, MemberFactory, OrderLineFactory, ShipmentFactory, TierFactory
from tests.factories.crises import DAY, HOUR, opened, plan, supervisor
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.sop import make_policy
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F22")]
AT = T0 + HOUR


def inside(crisis):
    return set(CrisisCase.objects.filter(crisis=crisis, left_at=None).values_list("case", flat=True))


def clocked(department, **given):
    """A case with its clocks, begun at T0."""
    case = CaseFactory(department=department, **given)
    clocks.start_for_case(case, actor=None, at=T0)
    return case


def test_what_fits_joins_is_raised_and_moved_to_the_queue():
    make_policy()
    make_policy("urgent", position=1, targets={"first_reply": 10, "resolution": 240}, priorities=[4])
    elsewhere, boss = DepartmentFactory(), supervisor()
    case, other = clocked(elsewhere), clocked(elsewhere, kind="enquiry")
    crisis = opened(boss, raises_to=4)
    assert joining.join_all(at=AT) == 1
    case.refresh_from_db()
    assert (case.priority, case.department_id, case.queued_at) == (4, crisis.department_id, AT)
    assert case.version == 2
    assert inside(crisis) == {case.pk}
    other.refresh_from_db()
    assert (other.priority, other.department) == (2, elsewhere)
    row = CrisisCase.objects.get()
    assert (row.was_priority, row.was_department, row.joined) == (2, elsewhere, "matched")
    wanted = ["case.crisis_joined", "case.priority_changed", "case.transferred"]
    found = Event.objects.filter(subject_type="case", subject_id=case.pk, kind__in=wanted)
    assert list(found.order_by("id").values_list("kind", flat=True)) == wanted


def test_clocks_run_on_from_when_they_began_and_late_stays_late():
    make_policy()
    make_policy("urgent", position=1, targets={"first_reply": 10, "resolution": 240}, priorities=[4])
    case = clocked(DepartmentFactory())
    crisis = opened(raises_to=4)
    joining.join_all(at=T0 + timedelta(minutes=45))
    first, solved = (Clock.objects.get(case=case, milestone=one) for one in ("first_reply", "resolution"))
    assert (first.started_at, first.breached_at) == (T0, T0 + timedelta(minutes=30))
    assert (solved.started_at, solved.due_at) == (T0, T0 + timedelta(minutes=240))
    assert {first.department_id, solved.department_id} == {crisis.department_id}
    case.refresh_from_db()
    assert case.next_due_at == first.due_at


def test_what_somebody_works_on_stays_theirs_and_is_only_raised():
    department = DepartmentFactory()
    agent = AgentFactory(departments=[department])
    case = CaseFactory(department=department, agent=agent, status="open")
    crisis = opened()
    joining.join_all(at=AT)
    case.refresh_from_db()
    assert (case.department, case.agent, case.priority) == (department, agent, 3)
    assert inside(crisis) == {case.pk}


def test_what_is_resolved_joins_for_the_record_and_stays_as_it_is():
    case = CaseFactory(resolved=True)
    before = Case.objects.filter(pk=case.pk).values().get()
    crisis = opened()
    joining.join_all(at=AT)
    assert inside(crisis) == {case.pk}
    assert Case.objects.filter(pk=case.pk).values().get() == before


def test_a_higher_priority_is_not_lowered():
    case = CaseFactory(priority=4)
    opened(raises_to=2)
    joining.join_all(at=AT)
    case.refresh_from_db()
    assert case.priority == 4


def test_each_condition_narrows():
    tier = TierFactory(code="gold-x")
    line = OrderLineFactory(supplier="晨光", order__region="浙江", shipment=ShipmentFactory(carrier="顺丰"))
    member = line.order.member
    member.tier = tier
    member.save()
    case = CaseFactory(
        member=member,
        order=line.order,
        category="杯子",
        channel="app",
        language="zh-hans",
        priority=2,
        subject="杯子碎了",
    )
    Triage.objects.create(case=case, aspects=["packaging"], gap_kind="product", read_at=T0)
    CaseFactory(kind="enquiry", subject="茶")
    fits = {
        "kinds": ["complaint"], "channels": ["app"], "priorities": [2], "tiers": ["gold-x"],
        "categories": ["杯子"], "languages": ["zh-hans"], "products": [line.product_id],
        "suppliers": ["晨光"], "couriers": ["顺丰"], "regions": ["浙江"],
        "aspects": ["packaging", "app"], "gap_kinds": ["product"], "words": ["没有", "碎"],
    }  # fmt: skip
    boss = supervisor()
    for name, values in fits.items():
        crisis = opened(boss, conditions={name: values, "channels": ["app"]})
        assert set(joining.waiting(crisis)) == {case}, name
    other = {
        "kinds": ["refund"], "priorities": [4], "tiers": ["none"], "categories": ["茶"], "languages": ["en"],
        "products": [0], "suppliers": ["x"], "couriers": ["x"], "regions": ["x"], "aspects": ["price"],
        "gap_kinds": ["price"], "words": ["100%_"],
    }  # fmt: skip
    for name, values in other.items():
        crisis = opened(boss, conditions={"channels": ["app"], name: values})
        assert not joining.waiting(crisis).exists(), name


def test_new_cases_join_as_they_come_and_old_ones_when_they_are_read_later():
    crisis = opened(conditions={"aspects": ["app"]})
    late = CaseFactory(opened_at=T0 + HOUR)
    joining.join_all(at=AT)
    assert inside(crisis) == set()
    Triage.objects.create(case=late, aspects=["app"], read_at=AT)
    fresh = CaseFactory(opened_at=AT + HOUR)
    Triage.objects.create(case=fresh, aspects=["app"], read_at=AT)
    joining.join_all(at=AT + 2 * HOUR)
    assert inside(crisis) == {late.pk, fresh.pk}


def test_older_ones_are_found_by_the_whole_look():
    crisis = opened(conditions={"aspects": ["app"]})
    joining.join_all(at=AT + DAY)
    case = CaseFactory(opened_at=T0)
    Triage.objects.create(case=case, aspects=["app"], read_at=AT)
    joining.join_all(at=AT + DAY)
    assert inside(crisis) == set()
    joining.join_all(at=AT + DAY, whole=True)
    assert inside(crisis) == {case.pk}


def test_of_two_crises_the_graver_takes_it_then_the_older():
    boss = supervisor()
    slight, first = opened(boss, severity=1), opened(boss, severity=2)
    grave = opened(boss, severity=2, at=AT + HOUR)
    case = CaseFactory()
    joining.join_all(at=AT + 2 * HOUR)
    assert [inside(one) for one in (slight, first, grave)] == [set(), {case.pk}, set()]


def test_members_who_were_erased_and_cases_merged_away_stay_out():
    CaseFactory(member=MemberFactory(erased_at=T0))
    case = CaseFactory()
    CaseFactory(closed=True, resolution="duplicate", merged_into=case)
    crisis = opened()
    joining.join_all(at=AT)
    assert inside(crisis) == {case.pk}


def test_cases_before_it_began_and_after_it_ended_stay_out():
    CaseFactory(opened_at=T0 - HOUR)
    boss = supervisor()
    crisis = opened(boss)
    joining.join_all(at=AT)
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=AT)
    CaseFactory(opened_at=AT)
    assert joining.join_all(at=AT) == 0


def test_by_hand_whatever_the_conditions_say():
    boss = supervisor()
    crisis, case = opened(boss), CaseFactory(kind="enquiry", opened_at=T0 - 9 * DAY)
    for _time in range(2):
        row = joining.add(crisis_id=crisis.pk, case_id=case.pk, actor=boss, at=AT)
    assert row.joined == "by_hand"
    assert Event.objects.filter(kind="case.crisis_joined").count() == 1
    with pytest.raises(WrongState):
        joining.add(crisis_id=opened(boss).pk, case_id=case.pk, actor=boss, at=AT)
    with pytest.raises(NotFound):
        joining.add(crisis_id=crisis.pk, case_id=0, actor=boss, at=AT)
    merged = CaseFactory(closed=True, resolution="duplicate", merged_into=case)
    with pytest.raises(WrongState):
        joining.add(crisis_id=crisis.pk, case_id=merged.pk, actor=boss, at=AT)


def test_what_was_taken_out_stays_out_until_it_is_put_back():
    boss = supervisor()
    crisis, case = opened(boss), CaseFactory()
    joining.join_all(at=AT)
    joining.remove(crisis_id=crisis.pk, case_id=case.pk, actor=boss, at=AT)
    case.refresh_from_db()
    assert case.priority == 2
    joining.join_all(at=AT, whole=True)
    assert inside(crisis) == set()
    with pytest.raises(NotFound):
        joining.remove(crisis_id=crisis.pk, case_id=case.pk, actor=boss, at=AT)
    joining.add(crisis_id=crisis.pk, case_id=case.pk, actor=boss, at=AT)
    assert inside(crisis) == {case.pk}
    assert CrisisCase.objects.get().is_live


def test_a_priority_that_somebody_set_since_stays():
    boss = supervisor()
    crisis, case = opened(boss), CaseFactory()
    joining.join_all(at=AT)
    cases.change_priority(case_id=case.pk, priority=4, actor=boss, at=AT)
    joining.remove(crisis_id=crisis.pk, case_id=case.pk, actor=boss, at=AT)
    case.refresh_from_db()
    assert case.priority == 4


def test_nothing_joins_or_leaves_what_does_not_go_on():
    boss = supervisor()
    crisis, case = opened(boss), CaseFactory()
    joining.join_all(at=AT)
    commands.close(crisis_id=crisis.pk, cause="x", actor=boss, at=AT)
    for step in (joining.add, joining.remove):
        with pytest.raises(WrongState):
            step(crisis_id=crisis.pk, case_id=case.pk, actor=boss, at=AT)
    assert inside(crisis) == {case.pk}
    assert not CrisisCase.objects.filter(is_live=True).exists()


def test_a_case_may_join_another_after_the_all_clear():
    boss = supervisor()
    CaseFactory()
    joining_first = opened(boss)
    joining.join_all(at=AT)
    commands.close(crisis_id=joining_first.pk, cause="x", actor=boss, at=AT)
    again = opened(boss)
    assert joining.join_all(at=AT) == 1
    assert len(inside(again)) == 1


def test_many_cost_as_few_statements_as_one():
    make_policy()
    make_policy("urgent", position=1, targets={"first_reply": 10}, priorities=[4])
    department, crisis = DepartmentFactory(), opened(raises_to=4)

    def statements(number):
        for _one in range(number):
            clocked(department)
        with CaptureQueriesContext(connection) as caught:
            assert joining.join(crisis_id=crisis.pk, at=AT) == number
        return len(caught)

    assert statements(1) == statements(30)


def test_what_does_not_fit_into_one_pass_joins_in_the_next():
    crisis = opened()
    for _one in range(5):
        CaseFactory()
    assert [joining.join(crisis_id=crisis.pk, at=AT, limit=2) for _pass in range(4)] == [2, 2, 1, 0]
    assert len(inside(crisis)) == 5


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_take_each_case_once():
    crisis = opened()
    for _one in range(6):
        CaseFactory()
    at_once(*[lambda: joining.join_all(at=AT)] * 3)
    joining.join_all(at=AT, whole=True)
    assert len(inside(crisis)) == 6
    assert Event.objects.filter(kind="case.crisis_joined").count() == 6


@pytest.mark.django_db(transaction=True)
def test_a_case_put_into_two_crises_at_once_is_in_one():
    boss, other = supervisor(), supervisor()
    crises, case = [opened(boss), opened(other)], CaseFactory(kind="enquiry")

    def adding(crisis, user):
        return lambda: joining.add(crisis_id=crisis.pk, case_id=case.pk, actor=user, at=AT)

    at_once(adding(crises[0], boss), adding(crises[1], other))
    assert CrisisCase.objects.filter(case=case).count() == 1


def test_changed_conditions_keep_who_is_in_and_take_in_who_fits_now():
    boss = supervisor()
    crisis, case, other = opened(boss), CaseFactory(), CaseFactory(kind="enquiry")
    joining.join_all(at=AT)
    how = plan(boss, conditions={"kinds": ["enquiry"]})
    crisis.refresh_from_db()
    commands.change(crisis_id=crisis.pk, plan=how, version=crisis.version, actor=boss, at=AT)
    joining.join_all(at=AT + DAY)
    assert inside(crisis) == {case.pk, other.pk}
