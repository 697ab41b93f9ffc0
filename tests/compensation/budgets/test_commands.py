from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.utils import translation

from compensation.budgets import caps, telling
from compensation.budgets.check import differences
from compensation.budgets.commands import (
    copy_on,
    hold,
    let_go,
    release,
    reserve_many,
    save_budget,
    spend,
)
from compensation.budgets.rules import Window
from compensation.budgets.stops import BudgetEmpty
from compensation.grants.commands import Content, approve, refuse, request, reverse, withdraw
from compensation.models import Budget, BudgetUse, Cap, CapCount, CapUse, Grant, GrantStatus
from config.common.errors import Invalid, Taken
from config.common.models import Event, OutboxMessage
from tests.factories.compensation import MemberFactory
from tests.factories.money import AT, CouponTemplateFactory, staff_with
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C9")]
DAY = timedelta(days=1)
NUMBERS = count()


@pytest.fixture
def agent():
    return staff_with(100_000)


@pytest.fixture
def approver():
    return staff_with(1_000_000, approves=True)


def budget(yuan, department="service", reason_code="", **more):
    span = {"starts_at": AT - DAY, "ends_at": AT + DAY}
    return Budget.objects.create(
        department=department, reason_code=reason_code, amount_fen=yuan * 100, **(span | more)
    )


def ask(actor, yuan=50, *, member=None, department="service", reason_code="late", at=AT):
    number = next(NUMBERS)
    return request(
        key=f"k{number}",
        cause=f"case:{number}",
        member=member or MemberFactory(),
        content=Content(kind="coupon", template=CouponTemplateFactory(code=f"sorry-{yuan}")),
        reason="late",
        reason_code=reason_code,
        department=department,
        actor=actor,
        at=at,
    )


def take_back(grant, approver):
    return reverse(grant_id=grant.pk, actor=approver, note="wrong", at=AT)


def accept(grant, approver):
    return approve(grant_id=grant.pk, content_hash=grant.content_hash, actor=approver, at=AT)


def says(one):
    one.refresh_from_db()
    return one.reserved_fen, one.spent_fen, one.left_fen


def test_what_is_given_is_spent_and_what_is_taken_back_is_there_again(agent, approver):
    one = budget(100)
    grant = ask(agent)
    assert says(one) == (0, 5_000, 5_000)
    take_back(grant, approver)
    assert says(one) == (0, 0, 10_000)
    release(grant=grant, at=AT)
    spend(grant=grant, at=AT)
    assert says(one) == (0, 0, 10_000)


def test_an_empty_budget_sends_the_grant_to_a_person_who_cannot_pass_it_either(agent, approver):
    one = budget(80)
    ask(agent)
    grant = ask(agent)
    assert grant.status == GrantStatus.REQUESTED
    waiting = grant.rounds.get()
    assert (waiting.because, waiting.details["left_fen"], waiting.details["cost_fen"]) == (
        "budget", 3_000, 5_000,
    )  # fmt: skip
    with translation.override("en"), pytest.raises(BudgetEmpty, match=r"¥30\.00 left; this costs ¥50\.00"):
        accept(grant, approver)
    assert says(one) == (0, 5_000, 3_000)
    one.amount_fen = 10_000
    save_budget(budget=one, actor=approver, at=AT)
    assert accept(grant, approver).status == GrantStatus.CONFIRMED
    assert says(one) == (0, 10_000, 0)


def test_what_is_refused_or_withdrawn_had_taken_nothing(approver):
    one, poor = budget(1_000), staff_with(0)
    refuse(grant_id=ask(poor).pk, actor=approver, note="no", at=AT)
    withdraw(grant_id=ask(poor).pk, actor=poor, at=AT)
    assert says(one) == (0, 0, 100_000)
    assert not BudgetUse.objects.exists()


def test_a_grant_takes_from_the_narrowest_budget_and_without_one_there_is_no_limit(agent):
    everything, service, late = budget(1_000, ""), budget(1_000), budget(1_000, "service", "late")
    reason = budget(1_000, "", "late")
    ask(agent)
    ask(agent, reason_code="wrong")
    ask(agent, department="logistics")
    ask(agent, department="logistics", reason_code="wrong")
    assert [says(one)[1] for one in (late, service, reason, everything)] == [5_000] * 4
    Budget.objects.filter(spent_fen=0).delete()
    ask(agent, at=AT + 2 * DAY)
    assert BudgetUse.objects.count() == 4


def test_the_period_is_half_open(agent):
    first, second = (
        budget(100, starts_at=AT - DAY, ends_at=AT),
        budget(100, starts_at=AT, ends_at=AT + DAY),
    )
    ask(agent)
    assert (says(first)[1], says(second)[1]) == (0, 5_000)


def test_two_budgets_for_one_thing_never_overlap(agent):
    one = budget(100)
    twin = Budget(department="service", starts_at=AT, ends_at=AT + 2 * DAY, amount_fen=1)
    with pytest.raises(Taken):
        save_budget(budget=twin, actor=agent, at=AT)
    twin.department = "logistics"
    save_budget(budget=twin, actor=agent, at=AT)
    copy = copy_on(budget_id=one.pk, span=Window(one.ends_at, one.ends_at + DAY), actor=agent, at=AT)
    assert (copy.amount_fen, copy.spent_fen) == (10_000, 0)
    with pytest.raises(Taken):
        copy_on(budget_id=one.pk, span=Window(one.ends_at, one.ends_at + DAY), actor=agent, at=AT)


def test_a_budget_never_falls_below_what_is_taken(agent):
    one = budget(100)
    ask(agent)
    one.amount_fen = 4_999
    with pytest.raises(Invalid):
        save_budget(budget=one, actor=agent, at=AT)
    one.ends_at = one.starts_at
    with pytest.raises(Invalid):
        save_budget(budget=one, actor=agent, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        Budget.objects.update(spent_fen=10_001)


def test_owners_are_told_once_that_it_is_low_and_once_that_it_is_empty(agent):
    one, owner = budget(200, low_percent=50), staff_with(0)
    owner.email = "owner@example.com"
    owner.save()
    one.owners.set([owner])
    for _round in range(5):
        ask(agent)
    kinds = Event.objects.filter(kind__startswith="budget.").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["budget.low", "budget.empty"]
    letters = OutboxMessage.objects.filter(kind="staff")
    assert {letter.recipient for letter in letters} == {f"user:{owner.pk}"}
    assert letters.count() == 2
    one.refresh_from_db()
    one.amount_fen = 40_000
    save_budget(budget=one, actor=agent, at=AT)
    for _round in range(2):
        ask(agent)
    assert Event.objects.filter(kind="budget.low").count() == 1 + (one.low_told_at is None)


def test_without_owners_those_who_may_change_budgets_are_told(agent):
    keeper = staff_with(0)
    keeper.email = "keeper@example.com"
    keeper.save()
    keeper.user_permissions.add(Permission.objects.get(codename="change_budget"))
    budget(50)
    ask(agent)
    assert OutboxMessage.objects.get(kind="staff").recipient == f"user:{keeper.pk}"


def test_a_refused_grant_tells_that_the_budget_is_used_up(agent):
    budget(30)
    ask(agent)
    ask(agent)
    assert Event.objects.filter(kind="budget.empty").count() == 1


def test_a_cap_says_which_until_when_and_an_approver_goes_beyond(agent, approver):
    cap = Cap.objects.create(scope="member", period="month", limit_fen=8_000)
    member = MemberFactory()
    ask(agent, member=member)
    grant = ask(agent, member=member)
    with translation.override("en"):
        said = caps._stop(cap, CapCount.objects.get(), grant)
        assert str(said).startswith(
            "This member has had ¥50.00 of at most ¥80.00 until 2026-12-01 00:00; this is for an approver"
        )
    assert accept(grant, approver).status == GrantStatus.CONFIRMED
    held = CapCount.objects.get()
    assert (held.used_fen, held.used_count, held.passed_fen, held.passed_count) == (5_000, 1, 5_000, 1)
    assert ask(agent, 20, member=member).status == GrantStatus.REQUESTED  # what passed counts too
    take_back(grant, approver)
    assert ask(agent, 20, member=member).status == GrantStatus.CONFIRMED
    assert not list(differences())


def test_a_cap_may_count_times_and_kinds_and_begins_anew(agent):
    Cap.objects.create(scope="agent", period="days", days=2, limit_count=1)
    Cap.objects.create(scope="agent", period="day", kind="points", limit_count=0)
    Cap.objects.create(scope="rule", period="day", limit_count=0)
    Cap.objects.create(scope="member", period="day", limit_count=0, is_active=False)
    assert ask(agent).status == GrantStatus.CONFIRMED
    waits = ask(agent)
    with translation.override("en"):
        assert waits.rounds.get().details["limit_count"] == 1
    assert ask(staff_with(100_000)).status == GrantStatus.CONFIRMED
    assert ask(agent, at=AT + 2 * DAY).status == GrantStatus.CONFIRMED


def test_a_changed_cap_holds_at_once_and_what_was_given_stays(agent):
    cap = Cap.objects.create(scope="agent", period="day", limit_fen=10_000)
    ask(agent)
    cap.limit_fen = 4_000
    caps.save_cap(cap=cap, actor=agent, at=AT)
    assert CapCount.objects.get().limit_fen == 5_000
    assert ask(agent, 5).status == GrantStatus.REQUESTED
    cap.limit_fen, cap.limit_count = 20_000, 9
    caps.save_cap(cap=cap, actor=agent, at=AT)
    assert ask(agent).status == GrantStatus.CONFIRMED
    for wrong in ({"limit_fen": None, "limit_count": None}, {"days": 3}, {"rule_code": "x"}):
        with pytest.raises(Invalid):
            caps.save_cap(cap=Cap(**({"scope": "agent", "limit_fen": 1} | wrong)), actor=agent, at=AT)


def test_a_cap_and_a_budget_are_both_kept_or_neither(agent):
    budget(10)
    Cap.objects.create(scope="agent", period="day", limit_fen=10_000)
    assert ask(agent).status == GrantStatus.REQUESTED
    assert not CapUse.objects.exists()
    assert CapCount.objects.filter(used_fen__gt=0).count() == 0


def written(number, *, status="approved", fen=1_000):
    template, member = CouponTemplateFactory(code="sorry-10"), MemberFactory()
    return [
        Grant.objects.create(
            key=f"many{next(NUMBERS)}",
            cause=f"batch:{next(NUMBERS)}",
            member=member,
            kind="coupon",
            template=template,
            cost_fen=fen,
            reason="x",
            reason_code="late",
            department="service",
            status=status,
            requested_at=AT,
            decided_at=AT,
            executed_at=None if status == "approved" else AT,
            confirmed_at=None if status == "approved" else AT,
        )
        for _one in range(number)
    ]


def test_many_are_reserved_together_or_not_at_all(django_assert_num_queries):
    one = budget(100, low_percent=0)
    grants = written(9)
    with django_assert_num_queries(6):  # with two savepoints
        reserve_many(grants=grants, at=AT)
    assert says(one) == (9_000, 0, 1_000)
    with pytest.raises(BudgetEmpty):
        reserve_many(grants=written(2), at=AT)
    assert says(one) == (9_000, 0, 1_000)
    Grant.objects.filter(status="approved").update(status="confirmed", executed_at=AT, confirmed_at=AT)
    for grant in [*grants, *grants]:  # again changes nothing
        spend(grant=grant, at=AT)
    assert says(one) == (0, 9_000, 1_000)
    assert reserve_many(grants=[], at=AT) == []
    other = written(1)
    other[0].department = "logistics"
    with pytest.raises(Invalid):
        reserve_many(grants=[*written(1), *other], at=AT)


def test_a_batch_holds_money_that_nobody_else_gets(agent):
    one = budget(100)
    hold(holder="batch:1", department="service", reason_code="late", fen=8_000, at=AT)
    hold(holder="batch:1", department="service", reason_code="late", fen=8_000, at=AT)
    assert says(one) == (8_000, 0, 2_000)
    assert ask(agent).status == GrantStatus.REQUESTED
    reserve_many(grants=written(3, status="confirmed"), holder="batch:1", at=AT, spent=True)
    assert says(one) == (5_000, 3_000, 2_000)
    assert let_go(holder="batch:1", at=AT) == 5_000
    assert let_go(holder="batch:1", at=AT) == 0
    assert says(one) == (0, 3_000, 7_000)
    reserve_many(grants=written(7), holder="batch:1", at=AT)
    assert says(one) == (7_000, 3_000, 0)
    assert not list(differences())
    with pytest.raises(BudgetEmpty):
        hold(holder="batch:2", department="service", reason_code="late", fen=1, at=AT)
    assert hold(holder="batch:3", department="logistics", reason_code="", fen=1, at=AT) is None


@pytest.mark.django_db(transaction=True)
def test_batches_and_agents_at_once_stay_within(agent):
    one = budget(100)
    grants = [written(10, fen=500) for _round in range(4)]
    members = MemberFactory.create_batch(8)
    CouponTemplateFactory(code="sorry-50")
    results = at_once(
        *[lambda some=some: reserve_many(grants=some, at=AT) for some in grants],
        *[lambda member=member: ask(agent, member=member) for member in members],
    )
    assert all(isinstance(one, BudgetEmpty) for one in refused(results))
    reserved, spent, left = says(one)
    assert (reserved + spent, left) == (10_000, 0)
    assert BudgetUse.objects.filter(grant__status="approved").count() * 500 == reserved
    assert not list(differences())


def test_windows_are_the_calendar_of_the_house():
    at = datetime(2026, 11, 30, 16, 30, tzinfo=UTC)  # already December there
    spans = {
        kind: caps.window(kind, days, at, caps.ZONE)
        for kind, days in (("day", None), ("week", None), ("month", None), ("days", 10))
    }
    assert f"{spans['day'].starts_at:%F} {spans['day'].ends_at:%F}" == "2026-12-01 2026-12-02"
    assert f"{spans['week'].starts_at:%F} {spans['week'].ends_at:%F}" == "2026-11-30 2026-12-07"
    assert f"{spans['month'].starts_at:%F} {spans['month'].ends_at:%F}" == "2026-12-01 2027-01-01"
    assert (spans["days"].ends_at - spans["days"].starts_at) == 10 * DAY


def test_the_alarm_is_raised_once_a_day_where_a_sum_is_wrong(agent):
    one, keeper = budget(100), staff_with(0)
    keeper.email = "keeper@example.com"
    keeper.save()
    keeper.user_permissions.add(Permission.objects.get(codename="change_budget"))
    Cap.objects.create(scope="agent", period="day", limit_fen=10_000)
    grant = ask(agent, 10)
    assert telling.check(at=AT) == []
    Budget.objects.update(reserved_fen=1)
    CapCount.objects.update(used_count=2)
    Grant.objects.filter(pk=grant.pk).update(cost_fen=999)
    for _pass in range(2):
        assert {found.what for found in telling.check(at=AT)} == {"budget", "budget use", "cap", "cap use"}
    assert OutboxMessage.objects.filter(kind="staff").count() == 1
    assert Event.objects.filter(kind="budget.differs", subject_id=one.pk).exists()
