"""Limits by role and person, splitting, delegation."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction

from compensation.authority import queries
from compensation.authority.commands import delegate, end_delegation
from compensation.authority.rules import Sums
from compensation.grants.commands import (
    AuthorityTooSmall,
    Content,
    OwnRequest,
    amend,
    approve,
    request,
)
from compensation.models import Authority, Delegation, Grant, GrantStatus
from config.common.errors import Invalid, NotPermitted, WrongState
from config.common.models import Event
from tests.factories.compensation import MemberFactory, OrderFactory
from tests.factories.money import AT, LIMITS, CouponTemplateFactory, staff_with
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C7")]

HOUR = timedelta(hours=1)
GIVEN, WAITS = GrantStatus.CONFIRMED, GrantStatus.REQUESTED


@pytest.fixture
def order():
    return OrderFactory()


@pytest.fixture
def agent():
    return staff_with(5_000)


def ask(order, actor, yuan, *, case=1, at=AT, on_order=True):
    template = CouponTemplateFactory(code=f"sorry-{yuan}")
    cause = f"case:{case}:{yuan}:{actor.pk}:{Grant.objects.count()}"
    return request(
        key=cause,
        cause=cause,
        problem=f"case:{case}",
        member=order.member,
        content=Content(kind="coupon", template=template),
        order=order if on_order else None,
        reason="Late",
        actor=actor,
        at=at,
    )


def accept(grant, actor, at=AT):
    return approve(grant_id=grant.pk, content_hash=grant.content_hash, actor=actor, at=at)


def test_a_person_has_the_highest_of_their_roles_each_limit_for_itself(agent):
    other = Group.objects.create(name="x")
    Authority.objects.create(group=other, per_grant_fen=1, per_order_fen=9_000)
    agent.groups.add(other)
    assert queries.limits_of(agent) == Sums(5_000, 5_000, 9_000, 5_000)
    Authority.objects.create(user=agent, per_grant_fen=100)
    assert queries.limits_of(agent) == Sums(100)
    agent.is_active = False
    assert queries.limits_of(agent) == Sums()


def test_a_row_is_of_a_role_or_of_a_person(agent):
    for whose in ({}, {"user": agent, "group": Group.objects.create(name="x")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Authority.objects.create(**whose)


def test_two_agents_add_up_for_one_problem(order, agent):
    assert ask(order, agent, 30).status == GIVEN
    assert ask(order, staff_with(5_000), 30).status == WAITS


def test_two_cases_add_up_for_one_order(order, agent):
    Authority.objects.update(per_member_day_fen=10**9)
    assert ask(order, agent, 30, case=1).status == GIVEN
    assert ask(order, agent, 30, case=2, at=AT + timedelta(days=9)).status == WAITS
    assert ask(OrderFactory(member=order.member), agent, 30, case=3).status == GIVEN


def test_two_orders_add_up_for_one_member_in_a_day(order, agent):
    assert ask(order, agent, 30, case=1).status == GIVEN
    other = OrderFactory(member=order.member)
    assert ask(other, agent, 30, case=2, at=AT + 23 * HOUR).status == WAITS
    assert ask(OrderFactory(member=order.member), agent, 20, case=3, at=AT + 48 * HOUR).status == GIVEN


def test_what_waited_counts_on_the_day_on_which_it_is_changed_and_given(order, agent):
    waiting = [ask(order, agent, 60, case=case, on_order=False) for case in range(4)]
    content = Content(kind="coupon", template=CouponTemplateFactory(code="sorry-50"))
    changed = [
        amend(grant_id=one.pk, content=content, reason="x", actor=agent, at=AT + 25 * HOUR).status
        for one in waiting
    ]
    assert changed == [GIVEN, WAITS, WAITS, WAITS]


def test_what_waited_counts_on_the_day_on_which_it_is_approved(order, agent):
    supervisor = staff_with(10_000, approves=True)
    first, *rest = [ask(order, agent, 90, case=case, on_order=False) for case in range(3)]
    accept(first, supervisor, AT + 25 * HOUR)
    for one in rest:
        with pytest.raises(AuthorityTooSmall):
            accept(one, supervisor, AT + 26 * HOUR)
    accept(rest[0], supervisor, AT + 50 * HOUR)


def test_each_limit_stands_for_itself(order, agent):
    for name in LIMITS:
        Authority.objects.update(**dict.fromkeys(LIMITS, 10**9) | {name: 2_999})
        assert ask(OrderFactory(), agent, 30, case=name).status == WAITS, name
    Authority.objects.update(**dict.fromkeys(LIMITS, 3_000))
    assert ask(OrderFactory(), agent, 30, case="all").status == GIVEN


def test_what_is_refused_no_longer_counts(order, agent):
    Grant.objects.filter(pk=ask(order, agent, 60).pk).update(status="refused", decided_at=AT)
    assert ask(order, agent, 50).status == GIVEN


def test_sums_are_taken_anew_at_the_decision(order, agent):
    supervisor = staff_with(10_000, approves=True)
    first, second = ask(order, agent, 60), ask(order, agent, 70)
    with pytest.raises(AuthorityTooSmall, match=r"130\.00"):
        accept(first, supervisor)
    Grant.objects.filter(pk=second.pk).update(status="refused", decided_at=AT)
    assert accept(first, supervisor).status == GIVEN


def test_left_is_what_may_still_be_given(order, agent):
    where = {"member_id": order.member_id, "problem": "case:1", "order_id": order.pk, "at": AT}
    assert queries.left_fen(queries.limits_of(agent), **where) == 5_000
    ask(order, agent, 30, case=2)
    assert queries.left_fen(queries.limits_of(agent), **where) == 2_000
    assert (
        queries.left_fen(queries.limits_of(agent), **where | {"order_id": None, "at": AT + 25 * HOUR})
        == 5_000
    )


def test_the_level_is_the_lowest_that_reaches(order, agent):
    for fen in (20_000, 100_000):
        group = staff_with(fen, role=f"level{fen}").groups.get()
        group.permissions.add(Permission.objects.get(codename="approve_grant"))
    staff_with(15_000, role="may not approve")
    for yuan, role in ((100, "level20000"), (250, "level100000"), (5_000, None)):
        found = ask(OrderFactory(), agent, yuan, case=yuan).rounds.get().role
        assert (found.name if found else None) == role


def test_a_delegate_decides_with_the_givers_authority(order, agent):
    giver, receiver = staff_with(100_000, approves=True), staff_with(1_000, approves=True)
    grant = ask(order, agent, 60)
    with pytest.raises(AuthorityTooSmall):
        accept(grant, receiver)
    row = delegate(
        giver=giver, receiver=receiver, from_at=AT, until=AT + HOUR, note="Leave", actor=giver, at=AT
    )
    for moment in (AT - HOUR, AT + HOUR):
        with pytest.raises(AuthorityTooSmall):
            accept(grant, receiver, at=moment)
    assert accept(grant, receiver).decided_by == receiver
    assert grant.rounds.get().on_behalf_of == giver
    assert end_delegation(delegation_id=row.pk, actor=giver, at=AT + HOUR / 2).until == AT + HOUR / 2
    with pytest.raises(WrongState):
        end_delegation(delegation_id=row.pk, actor=giver, at=AT + HOUR)
    assert Event.objects.filter(kind__startswith="delegation.").count() == 2


def test_nobody_decides_on_their_own_through_another(order):
    giver, receiver = staff_with(10_000, approves=True), staff_with(1_000, approves=True)
    until = AT + HOUR
    delegate(giver=giver, receiver=receiver, from_at=AT, until=until, note="", actor=giver, at=AT)
    grant = ask(order, giver, 90)
    assert grant.status == GIVEN  # within their own
    beyond = ask(order, giver, 20, case=2)
    assert beyond.status == WAITS
    Authority.objects.filter(group__user=giver).update(**dict.fromkeys(LIMITS, 100_000))
    with pytest.raises(OwnRequest):
        accept(beyond, giver)
    with pytest.raises(AuthorityTooSmall):  # the requester's authority, used by another
        accept(beyond, receiver)


def test_authority_goes_no_further_than_to_the_receiver(order, agent):
    first, second, third = (staff_with(fen, approves=True) for fen in (100_000, 1_000, 900))
    for giver, receiver in ((first, second), (second, third)):
        delegate(giver=giver, receiver=receiver, from_at=AT, until=AT + HOUR, note="", actor=giver, at=AT)
    with pytest.raises(AuthorityTooSmall):
        accept(ask(order, agent, 60), third)


def test_bad_delegations_are_refused(agent):
    giver, receiver = staff_with(100_000, approves=True), staff_with(1_000, approves=True)
    good = {"giver": giver, "receiver": receiver, "from_at": AT, "until": AT + HOUR, "note": ""}
    for bad in ({"receiver": giver}, {"until": AT}, {"until": AT - HOUR}, {"receiver": agent}):
        with pytest.raises(Invalid):
            delegate(**good | bad, actor=giver, at=AT)
    with pytest.raises(NotPermitted):
        delegate(**good, actor=receiver, at=AT)
    row = delegate(**good | {"from_at": AT + HOUR / 2}, actor=giver, at=AT)
    with pytest.raises(NotPermitted):
        end_delegation(delegation_id=row.pk, actor=agent, at=AT)
    assert end_delegation(delegation_id=row.pk, actor=giver, at=AT) is None
    assert not Delegation.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("case", [1, 2])
def test_two_agents_at_once_stay_within_one_limit(case):
    """For one problem, or for two cases of one order."""
    order, agents = OrderFactory(), [staff_with(5_000) for _ in range(4)]
    CouponTemplateFactory(code="sorry-30")
    results = at_once(
        *[
            lambda agent=agent, number=number: ask(order, agent, 30, case=number if case == 2 else 1)
            for number, agent in enumerate(agents)
        ]
    )
    assert not refused(results)
    assert sorted(Grant.objects.values_list("status", flat=True)) == ["confirmed", *["requested"] * 3]


@pytest.mark.django_db(transaction=True)
def test_two_approvers_of_two_requests_stay_within_one_limit():
    member, agent = MemberFactory(), staff_with(100)
    order = OrderFactory(member=member)
    approvers = [staff_with(10_000, approves=True) for _ in range(2)]
    grants = [ask(order, agent, 60, case=1)]
    grants.append(ask(order, agent, 70, case=1))
    results = at_once(*[lambda pair=pair: accept(*pair) for pair in zip(grants, approvers, strict=True)])
    assert [type(error) for error in refused(results)] == [AuthorityTooSmall] * 2
