from datetime import timedelta

import pytest
from django.utils import timezone

from compensation.models import Grant, GrantKind, GrantStatus, Order, OrderStatus
from feedback.models import Clock, Gap
from kpis.attribution import lost, queries
from kpis.attribution.lost import State
from kpis.metrics.sources import Span
from kpis.models import Dimension
from surveys.models import Way
from tests.factories.compensation import OrderFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.kpis import make_answer, make_clock, make_promised_order

pytestmark = [pytest.mark.django_db, pytest.mark.req("K5")]
DAY = timedelta(days=1)


@pytest.fixture
def at():
    return timezone.now()


@pytest.fixture
def then(at):
    """When members were lost, so long ago that it is known what became of them."""
    return at - 50 * DAY


@pytest.fixture
def span(then):
    return Span(then - DAY, then + DAY)


@pytest.fixture
def ours():
    return DepartmentFactory(name="客服部")


def unhappy(ours, then, score=1):
    return make_answer(ours, score, at=then).response.invitation.member


def buys(member, when, **fields):
    return OrderFactory(member=member, placed_at=when, **fields)


def answers_again(ours, member, score, when):
    answer = make_answer(ours, score, at=when)
    invitation = answer.response.invitation
    invitation.member = member
    invitation.save(update_fields=["member"])
    return answer


def given(member, when, **fields):
    return Grant.objects.create(
        **{
            "key": f"k{member.pk}",
            "cause": f"x:{member.pk}",
            "member": member,
            "kind": GrantKind.POINTS,
            "points": 10,
            "cost_fen": 100,
            "reason": "x",
            "status": GrantStatus.EXECUTED,
            "requested_at": when,
            "decided_at": when,
            "executed_at": when,
            **fields,
        }
    )


def states(span, at, of=None):
    return {state: n for state, n in lost.groups(span, of=of or {}, at=at)[1].items() if n}


def traits(span, at):
    found, _states = lost.groups(span, of={}, at=at)
    return sorted(
        (one.is_back, one.n, sorted(name for name in one.traits if not name.startswith("tier:")))
        for one in found
    )


def listed(span, at, *states_, trait="", of=None):
    wanted = list(states_ or State)
    return lost.listed(span, of=of or {}, at=at, trait=trait, states=wanted, most=50, offset=0)


def test_to_order_again_is_to_come_back(ours, at, then, span):
    buys(unhappy(ours, then), then + 10 * DAY)
    unhappy(ours, then)
    assert states(span, at) == {State.BACK: 1, State.AWAY: 1}


def test_a_cancelled_order_or_one_too_late_or_before_is_none(ours, at, then, span):
    buys(unhappy(ours, then), then + 10 * DAY, status=OrderStatus.CANCELLED)
    buys(unhappy(ours, then), then + lost.JUDGED_AFTER + timedelta(minutes=1))
    buys(unhappy(ours, then), then - DAY)
    assert states(span, at) == {State.AWAY: 3}


def test_a_good_answer_later_is_to_come_back_and_a_bad_one_is_not(ours, at, then, span):
    answers_again(ours, unhappy(ours, then), 4, then + 9 * DAY)
    answers_again(ours, unhappy(ours, then), 3, then + 9 * DAY)
    assert states(span, at) == {State.BACK: 1, State.AWAY: 1}
    (one,) = listed(span, at, State.BACK)
    assert (one.bought_at, one.said_at) == (None, then + 9 * DAY)


def test_who_was_back_at_once_is_left_out_and_told(ours, at, then, span):
    member = unhappy(ours, then)
    buys(member, then + 2 * DAY)
    buys(member, then + 12 * DAY)
    assert lost.groups(span, of={}, at=at)[0] == []
    assert states(span, at) == {State.EARLY: 1}


def test_whose_time_is_not_over_is_judged_later(ours, at):
    """Also who has come back already: else only who comes back would be counted."""
    recent = at - 20 * DAY
    buys(unhappy(ours, recent), recent + 10 * DAY)
    assert states(Span(recent - DAY, recent + DAY), at) == {State.OPEN: 1}
    assert states(Span(recent - DAY, recent + DAY), at + 30 * DAY) == {State.BACK: 1}


def test_a_member_is_lost_once_at_the_first_reason(ours, at, then, span):
    member = unhappy(ours, then)
    answers_again(ours, member, 1, then + timedelta(hours=3))
    (one,) = listed(span, at)
    assert (one.member, one.at, one.how) == (member, then, "csat")


def test_a_gap_loses_a_member_unless_withdrawn(at, then, span):
    order = make_promised_order(due_at=then, late=True)
    make_promised_order(due_at=then, late=True, withdrawn=True)
    assert [(one.member, one.how) for one in listed(span, at)] == [(order.member, "gap:delivery")]


def test_gaps_are_narrowed_as_their_orders_are(at, then, span):
    order = make_promised_order(due_at=then, late=True)
    make_promised_order(due_at=then, late=True)
    make_promised_order(due_at=then, late=True, status=OrderStatus.CANCELLED)
    Order.objects.filter(pk=order.pk).update(region="杭州")
    assert [one.member for one in listed(span, at, of={Dimension.REGION: ["杭州"]})] == [order.member]
    assert len(listed(span, at)) == 2


def test_gaps_are_of_no_department(ours, at, then, span):
    make_promised_order(due_at=then, late=True)
    unhappy(ours, then)
    unhappy(DepartmentFactory(), then)
    of = {Dimension.DEPARTMENT: [str(ours.pk)]}
    assert not lost.counts_gaps(of)
    assert sum(states(span, at, of).values()) == 1
    assert sum(states(span, at).values()) == 3
    assert sum(states(span, at, {Dimension.REGION: ["nowhere"]}).values()) == 0


def test_what_was_done_in_the_first_days_is_a_trait(ours, at, then, span):
    member = unhappy(ours, then)
    given(member, then + DAY)
    case = CaseFactory(member=member, opened_at=then + DAY)
    clock = make_clock(ours, due_at=then + 2 * DAY)
    Clock.objects.filter(pk=clock.pk).update(case=case)
    ((_back, _n, found),) = traits(span, at)
    assert set(found) == {"lost:csat", "given:points", "case:taken", "clock:first_reply"}


def test_what_came_before_or_later_or_was_taken_back_is_none(ours, at, then, span):
    early, late, back = (unhappy(ours, then) for _ in range(3))
    given(early, then - timedelta(minutes=1))
    given(late, then + lost.DONE_WITHIN + timedelta(minutes=1))
    given(back, then + DAY, reversed_at=then + 2 * DAY, status=GrantStatus.REVERSED)
    assert {name for _back, _n, found in traits(span, at) for name in found} <= {"lost:csat", "case:taken"}


def test_the_members_behind_a_trait_are_as_many_as_it_counts(ours, at, then, span):
    for days in (None, 10, 12):
        member = unhappy(ours, then)
        given(member, then + DAY)
        if days:
            buys(member, then + days * DAY)
    unhappy(ours, then)
    found, _states = lost.groups(span, of={}, at=at)
    with_it = [one for one in found if "given:points" in one.traits]
    assert len(listed(span, at, State.BACK, State.AWAY, trait="given:points")) == sum(
        one.n for one in with_it
    )
    assert len(listed(span, at, State.BACK, trait="given:points")) == 2
    assert listed(span, at, trait="'; DROP TABLE x; --") == []


def test_pages_follow_each_other(ours, at, then, span):
    for hours in range(3):
        unhappy(ours, then + timedelta(hours=hours))
    asked = {"of": {}, "at": at, "trait": "", "states": list(State), "most": 2}
    first, second = (lost.listed(span, offset=offset, **asked) for offset in (0, 2))
    assert [one.at for one in first + second] == [then + timedelta(hours=hours) for hours in (2, 1, 0)]


def test_traits_are_called_by_their_words():
    names = ["lost:nps", "lost:csat", "lost:gap:delivery", "given:points", "case:taken", "case:resolved"]
    assert not {name for name, said in queries.labels(names).items() if said == name}


def test_two_statements_however_many_members(ours, at, then, span, django_assert_num_queries):
    for _ in range(3):
        unhappy(ours, then)
    with django_assert_num_queries(1):
        lost.groups(span, of={}, at=at)
    with django_assert_num_queries(2):
        listed(span, at)
    assert Gap.objects.count() == 0
    assert Order.objects.count() == 0


def test_an_answer_by_an_open_link_is_nobodys_loss(ours, at, then, span):
    answer = make_answer(ours, 1, at=then)
    answer.response.invitation.member = None
    answer.response.invitation.way = Way.LINK
    answer.response.invitation.save()
    make_answer(ours, 1, at=then)
    asked = {"of": {}, "at": at}
    assert len(lost.listed(span, **asked, trait="", states=list(State), most=9, offset=0)) == 1
    assert sum(lost.groups(span, **asked)[1].values()) == 1
