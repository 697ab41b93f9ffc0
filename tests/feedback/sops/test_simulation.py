"""Other policies on past cases: unchanged ones give exactly what is on record."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.common.errors import Invalid, NotFound
from feedback.clocks import commands, moving
from feedback.clocks.pauses import review
from feedback.ladders.sweep import sweep
from feedback.models import Clock, Pause, PauseRule, Policy, PolicyTarget
from feedback.sops import drafts, queries, rules, simulation
from feedback.sops.commands import publish_policy
from tests.factories.common import UserFactory
from tests.factories.sop import (
    OFFICE,
    START,
    SopCalendarFactory,
    SopCaseFactory,
    SopDepartmentFactory,
    make_policy,
)

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2")]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def department():
    calendar = SopCalendarFactory(content=OFFICE)
    make_policy(targets={"first_reply": 30, "next_reply": 60, "resolution": 400, "call_back": 90}, position=9)
    make_policy(
        "urgent", position=1, priorities=[4], targets={"resolution": 120}, calendar=SopCalendarFactory()
    )
    PauseRule.objects.create(reason="waiting_bank", milestones=["resolution"], cap=HOUR)
    top = SopDepartmentFactory(calendar=calendar)
    return SopDepartmentFactory(calendar=calendar, parent=top)


def try_out(some, user, *, at, days=30, slice_=2):
    row = simulation.ask(policies=some, days=days, actor=user, at=at)
    while row.finished_at is None:
        row = simulation.go_on(simulation_id=row.pk, at=at, cases=slice_)
    return row


def rows(row):
    return [
        dict(zip(("department", "milestone", *simulation.COLUMNS), one, strict=True))
        for one in row.result["rows"]
    ]


def reject(case, at):
    pause = Pause.objects.filter(clock__case=case).order_by("pk").last()
    if pause:
        review(pause_id=pause.pk, verdict="rejected", remark="?", actor=UserFactory(), at=at)


def urgent(case, at):
    case.priority = 4
    case.save(update_fields=["priority"])
    commands.retarget(case, actor=None, at=at)


def moves(case, at):
    case.department = case.department.parent or case.department
    case.save(update_fields=["department"])
    commands.moved(case, actor=None, at=at)


def resolves(case, at):
    case.resolution = "solved"
    commands.resolved(case, actor=None, at=at)


THINGS = {
    "spoke": lambda case, at: commands.member_spoke(case, at=at),
    "replied": lambda case, at: commands.replied(case, actor=None, at=at),
    "waits": lambda case, at: commands.wait_for_member(case, actor=None, at=at),
    "bank": lambda case, at: commands.hold(case, "waiting_bank", actor=None, at=at),
    "resumes": lambda case, at: commands.resume(case, actor=None, at=at),
    "call": lambda case, at: commands.start(case, "call_back", actor=None, at=at),
    "called": lambda case, at: commands.met(case, "call_back", actor=None, at=at),
    "stops": lambda case, at: commands.stop_all(case, actor=None, at=at),
    "sweep": lambda _case, at: sweep(at),
    "resolved": resolves,
    "urgent": urgent,
    "rejected": reject,
    "moved": moves,
}
STEP = st.tuples(
    st.sampled_from(sorted(THINGS)),
    st.integers(0, 2),
    st.one_of(st.integers(0, 45), st.sampled_from([30, 60, 90, 120, 400, 1440])),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=14))
@example(steps=[("replied", 0, 30), ("called", 0, 0)])  # met at the very moment it is due
@example(steps=[("bank", 0, 10), ("rejected", 0, 30), ("resolved", 0, 400)])
def test_unchanged_policies_give_exactly_the_recorded_breaches(department, user, steps):
    with transaction.atomic():
        cases = [SopCaseFactory(department=department) for _ in range(3)]
        for case in cases:
            commands.start_for_case(case, actor=None, at=START)
        at = START
        for what, which, minutes in steps:
            at += minutes * MINUTE
            cases[which].refresh_from_db()
            THINGS[what](cases[which], at)
        at += MINUTE
        sweep(at)
        row = try_out(queries.book().rules, user, at=at)
        counted = rows(row)
        assert sum(one["clocks"] for one in counted) == row.clocks == Clock.objects.count()
        assert sum(one["breached"] for one in counted) == Clock.objects.exclude(breached_at=None).count()
        for one in counted:
            assert (one["met_then"], one["breached_then"]) == (one["met"], one["breached"])
            assert (one["worse"], one["better"], one["untimed"]) == (0, 0, 0)
        assert row.result["other_version"] == 0
        transaction.set_rollback(True)


def changed(**minutes):
    """Edit the targets of the policy for all, unpublished."""
    for milestone, within in minutes.items():
        PolicyTarget.objects.filter(policy__code="any", milestone=milestone).update(within=within * MINUTE)
    return drafts.as_if_published(drafts.drafts())


def test_tells_what_would_be_late_and_what_not_any_more(department, user):
    quick, slow = (SopCaseFactory(department=department) for _ in range(2))
    for case, minutes in ((quick, 20), (slow, 50)):
        commands.start_for_case(case, actor=None, at=START)
        commands.replied(case, actor=None, at=START + minutes * MINUTE)
    at = START + DAY
    sweep(at)
    stricter = try_out(changed(first_reply=10), user, at=at)
    (first,) = [one for one in rows(stricter) if one["milestone"] == "first_reply"]
    assert (first["met"], first["breached"], first["met_then"], first["breached_then"]) == (1, 1, 0, 2)
    assert stricter.result["examples"]["worse"][0][0] == quick.pk
    assert stricter.result["other_version"] == 4
    looser = try_out(changed(first_reply=60), user, at=at)
    (first,) = [one for one in rows(looser) if one["milestone"] == "first_reply"]
    assert (first["breached"], first["breached_then"], first["better"]) == (1, 0, 1)
    assert Clock.objects.filter(milestone="first_reply", breached_at=None).count() == 1  # nothing was changed


def test_conditions_choose_anew_and_untimed_is_told_apart(department, user):
    case = SopCaseFactory(department=department, category="鞋", language="en")
    commands.start_for_case(case, actor=None, at=START)
    Policy.objects.filter(code="any").update(categories=["服饰"])
    row = try_out(drafts.as_if_published(drafts.drafts()), user, at=START + DAY)
    assert {one["milestone"]: one["untimed"] for one in rows(row)} == {"first_reply": 1, "resolution": 1}
    Policy.objects.filter(code="any").update(
        categories=["鞋"], languages=["en"], departments=[department.code]
    )
    row = try_out(drafts.as_if_published(drafts.drafts()), user, at=START + DAY)
    assert not any(one["untimed"] for one in rows(row))


def test_another_calendar_and_old_facts(department, user):
    case = SopCaseFactory(department=department, opened_at=START)
    commands.start_for_case(case, actor=None, at=START + 10 * HOUR)  # 19:00: closed
    commands.replied(case, actor=None, at=START + 11 * HOUR)
    clock = Clock.objects.get(milestone="first_reply")
    Clock.objects.filter(pk=clock.pk).update(
        facts={name: clock.facts[name] for name in ("kind", "channel", "priority", "tier")}
    )
    always = SopCalendarFactory()
    PolicyTarget.objects.filter(milestone="first_reply").update(calendar=always)
    row = try_out(drafts.as_if_published(drafts.drafts()), user, at=START + DAY)
    (first,) = [one for one in rows(row) if one["milestone"] == "first_reply"]
    assert (first["met"], first["breached_then"]) == (1, 1)


def test_only_cases_of_the_days_and_what_had_happened(department, user):
    old = SopCaseFactory(department=department, opened_at=START - 3 * DAY)
    commands.start_for_case(old, actor=None, at=START - 3 * DAY)
    new = SopCaseFactory(department=department, opened_at=START)
    commands.start_for_case(new, actor=None, at=START)
    row = simulation.ask(policies=queries.book().rules, days=1, actor=user, at=START + 40 * MINUTE)
    commands.replied(new, actor=None, at=START + 50 * MINUTE)
    row = simulation.go_on(simulation_id=row.pk, at=START + HOUR)
    (first,) = [one for one in rows(row) if one["milestone"] == "first_reply"]
    assert (row.cases, first["clocks"], first["met"], first["breached"]) == (1, 1, 0, 1)


def test_slices_add_up(department, user):
    for minutes in range(5):
        case = SopCaseFactory(department=department)
        commands.start_for_case(case, actor=None, at=START)
        commands.replied(case, actor=None, at=START + minutes * 10 * MINUTE)
    whole = try_out(queries.book().rules, user, at=START + DAY, slice_=100)
    sliced = simulation.ask(policies=queries.book().rules, days=30, actor=user, at=START + DAY)
    assert simulation.go_on(simulation_id=sliced.pk, at=START + DAY, cases=2).percent == 40
    while sliced.finished_at is None:
        sliced = simulation.go_on(simulation_id=sliced.pk, at=START + DAY, cases=2)
    assert sliced.result == whole.result
    again = simulation.go_on(simulation_id=sliced.pk, at=START + 2 * DAY)
    assert (again.result, again.finished_at) == (whole.result, sliced.finished_at)


def test_refuses_too_many_days_and_what_is_not_there(user):
    for days in (0, 91):
        with pytest.raises(Invalid):
            simulation.ask(policies=[], days=days, actor=user, at=START)
    with pytest.raises(NotFound):
        simulation.go_on(simulation_id=0, at=START)


def test_costs_the_same_queries_whatever_the_number(department, user, django_assert_num_queries):
    def one_more():
        commands.start_for_case(SopCaseFactory(department=department), actor=None, at=START)
        return simulation.ask(policies=queries.book().rules, days=1, actor=user, at=START + HOUR).pk

    first = one_more()
    simulation.go_on(simulation_id=first, at=START + HOUR)
    for number in (one_more(), (one_more(), one_more())[1]):
        with django_assert_num_queries(11):
            simulation.go_on(simulation_id=number, at=START + HOUR)


def test_a_draft_is_what_is_stored_and_not_in_force(department):
    assert drafts.changed() == []
    changed(first_reply=10)
    (draft,) = drafts.changed()
    assert draft.policy.code == "any"
    assert (draft.in_force.targets["first_reply"].within, draft.stored.targets["first_reply"].within) == (
        30 * MINUTE,
        10 * MINUTE,
    )
    drafts.publish_changed(actor=None, at=START)
    assert drafts.changed() == []
    assert (
        queries.explain(rules.Facts("refund", "app", 2, "gold"))["first_reply"].target.within == 10 * MINUTE
    )


def test_discarding_restores_what_is_in_force(department):
    policy = Policy.objects.get(code="any")
    changed(first_reply=10)
    policy.targets.filter(milestone="resolution").delete()
    PolicyTarget.objects.create(policy=policy, milestone="handoff", within=HOUR)
    Policy.objects.filter(pk=policy.pk).update(kinds=["refund"], position=1, name="?")
    drafts.discard(policy_id=policy.pk, actor=None, at=START)
    assert drafts.changed() == []
    fresh = Policy.objects.create(code="fresh", name="fresh")
    assert [draft.policy for draft in drafts.changed()] == [fresh]
    assert drafts.discard(policy_id=fresh.pk, actor=None, at=START) is None
    assert not Policy.objects.filter(code="fresh").exists()
    with pytest.raises(NotFound):
        drafts.discard(policy_id=0, actor=None, at=START)


def test_versions_of_old_are_read_and_not_published_again():
    policy = make_policy()
    version = policy.versions.get()
    old = {
        k: v for k, v in version.content.items() if k in {"code", "name", "name_en", "position", "is_active"}
    }
    old |= {name: [] for name in ("kinds", "channels", "priorities", "tiers")} | {
        "targets": version.content["targets"]
    }
    assert rules.read(1, old) == rules.read(1, version.content)
    assert (
        rules.Facts.from_json({"kind": "refund", "channel": "app", "priority": 2, "tier": "gold"}).category
        == ""
    )
    policy.versions.create(number=2, content=old, published_at=START)
    assert drafts.changed() == []
    assert publish_policy(policy=policy, actor=None, at=START).number == 2


def test_a_clock_without_facts_is_tried_by_what_its_case_says(department, user):
    for priority in (2, 4):
        case = SopCaseFactory(department=department, opened_at=START, priority=priority)
        commands.start(case, "resolution", actor=None, at=START)
    Clock.objects.update(facts={})
    sweep(START + 3 * HOUR)
    row = try_out(queries.book().rules, user, at=START + 3 * HOUR)
    assert rows(row)[0]["breached_then"] == rows(row)[0]["breached"] == 1
    assert row.result["other_version"] == 0
    assert moving.affected() == (0, [])
    assert moving.begin(actor=user, at=START + 4 * HOUR).cases == []
