"""Refunds and price differences as grants: by lines, within what is left, followed until they are paid."""

from datetime import timedelta
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.budgets.check import differences
from compensation.grants import handlers, rules
from compensation.grants.commands import (
    AlreadyGranted,
    Content,
    EvidenceMissing,
    Line,
    approve,
    request,
    reverse,
)
from compensation.ledger import queries as ledger
from compensation.models import Budget, BudgetUse, Cap, CapCount, Grant, GrantStatus, OrderStatus, Unit
from compensation.points import commands as points
from compensation.refunds import by_hand, telling
from compensation.refunds import commands as refunds
from compensation.refunds.commands import TooMuch
from config.common.errors import Invalid, KeyReused, WrongState
from tests.factories.money import AT, PointsRuleFactory, staff_with
from tests.factories.points import a_yuan
from tests.factories.points import rules as rules_of_points
from tests.factories.refunds import make_order, settler
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C6")]


@pytest.fixture
def agent():
    return staff_with(5_000)


def ask(order, actor, *amounts, kind="refund", total=None, key="k", quantity=1, **more):
    lines = order.lines.order_by("pk")
    content = Content(
        kind=kind,
        amount_fen=total,
        lines=[
            Line(order_line=line, amount_fen=fen, quantity=quantity)
            for line, fen in zip(lines, amounts, strict=False)
        ],
    )
    return request(
        key=key,
        cause=more.pop("cause", f"case:1:{kind}:{key}"),
        member=order.member,
        order=order,
        content=content,
        reason="Broken",
        actor=actor,
        at=AT,
        **more,
    )


def held(order):
    return [line.refunded_fen for line in order.lines.order_by("pk")]


def test_within_authority_it_is_on_its_way_and_held_then_paid(agent):
    order = make_order(10_000, 5_000)
    grant = ask(order, agent, 3_000, 1_000)
    assert (grant.status, grant.cost_fen, grant.amount_fen) == ("approved", 4_000, 4_000)
    one = grant.refunds.get()
    assert (one.cause, one.amount_fen, held(order)) == ("grant", 4_000, [3_000, 1_000])
    assert ledger.balance(order.member, Unit.MONEY) == 4_000
    refunds.begin_try(refund_id=one.pk, at=AT)
    grant.refresh_from_db()
    assert (grant.status, grant.outcome) == ("executed", one.number)
    refunds.confirm(refund_id=one.pk, reference="GW7", actor=None, at=AT)
    grant.refresh_from_db()
    assert (grant.status, grant.outcome) == ("confirmed", "GW7")
    assert ledger.balance(order.member, Unit.MONEY) == 0
    with pytest.raises(WrongState):
        reverse(grant_id=grant.pk, actor=staff_with(10**6, approves=True), note="x", at=AT)
    assert Grant.objects.get().status == GrantStatus.CONFIRMED


def test_an_amount_above_its_lines_is_freight(agent):
    order = make_order(2_000, freight_fen=800)
    assert ask(order, agent, 2_000, total=2_800).refunds.get().freight_fen == 800
    other = make_order(2_000, freight_fen=800)
    for kind, total in (("refund", 2_801), ("refund", 1_999), ("price_difference", 2_100)):
        with pytest.raises((Invalid, TooMuch)):
            ask(other, agent, 2_000, total=total, kind=kind, key=f"{kind}{total}")


def test_a_price_difference_leaves_the_goods(agent):
    grant = ask(make_order(10_000), agent, 700, kind="price_difference")
    assert grant.refunds.get().lines.get().quantity == 0
    refunded = ask(make_order(10_000), agent, 700, key="2")
    assert refunded.refunds.get().lines.get().quantity == 1


def test_without_an_amount_a_line_counts_with_the_share_of_its_pieces(agent):
    order = make_order(1_000)
    order.lines.update(quantity=3)
    assert ask(order, agent, None, quantity=2).cost_fen == 667


def test_what_is_not_there_to_give_is_refused(agent):
    order, other = make_order(1_000, 2_000), make_order(1_000)
    mine, second = order.lines.order_by("pk")
    foreign = other.lines.get()
    bad = [
        {"lines": []},
        {"lines": [Line(order_line=foreign, amount_fen=5)]},
        {"lines": [Line(order_line=mine, amount_fen=5), Line(order_line=mine, amount_fen=5)]},
        {"lines": [Line(order_line=mine, amount_fen=0)]},
        {"lines": [Line(order_line=mine, amount_fen=-5), Line(order_line=second, amount_fen=50)]},
        {"lines": [Line(order_line=mine, amount_fen=1_001)]},
        {"lines": [Line(order_line=mine, quantity=2)]},
        {"lines": [Line(order_line=mine, quantity=0, amount_fen=5)]},
        {"lines": [Line(order_line=mine, amount_fen=5)], "points": 5},
        {"lines": [Line(order_line=mine, amount_fen=5)], "gift": "cup"},
    ]
    for kind in ("refund", "price_difference"):
        for one in bad:
            with pytest.raises((Invalid, TooMuch)):
                request(
                    key="k", cause="c", member=order.member, order=order, reason="x", actor=agent, at=AT,
                    content=Content(kind=kind, **one),
                )  # fmt: skip
        with pytest.raises(Invalid):
            request(
                key="k", cause="c", member=order.member, reason="x", actor=agent, at=AT,
                content=Content(kind=kind, lines=[Line(order_line=mine, amount_fen=5)]),
            )  # fmt: skip
    unpaid = make_order(1_000, status=OrderStatus.PLACED, paid_at=None)
    with pytest.raises(WrongState):
        ask(unpaid, agent, 5)
    assert not Grant.objects.exists()


def test_what_waited_and_is_no_longer_left_is_refused_at_the_approval(agent):
    order, supervisor = make_order(10_000), staff_with(100_000, approves=True)
    grant = ask(order, agent, 8_000)
    assert (grant.status, held(order)) == ("requested", [0])
    ask(order, None, 3_000, key="2", evidence=1)
    with pytest.raises(TooMuch):
        approve(grant_id=grant.pk, content_hash=grant.content_hash, actor=supervisor, at=AT)
    assert Grant.objects.get(pk=grant.pk).status == GrantStatus.REQUESTED
    assert held(order) == [3_000]


def test_above_a_hundred_yuan_it_needs_pictures(agent):
    order = make_order(20_000)
    with pytest.raises(EvidenceMissing):
        ask(order, agent, 10_001)
    assert ask(order, agent, 10_001, evidence=1).status == GrantStatus.REQUESTED


def test_one_that_fails_frees_its_cause_and_can_be_tried_again(agent):
    order = make_order(10_000)
    grant = ask(order, agent, 3_000)
    one, finance = grant.refunds.get(), settler()
    refunds.begin_try(refund_id=one.pk, at=AT)
    refunds.fail(refund_id=one.pk, reason="account closed", actor=None, at=AT)
    grant.refresh_from_db()
    assert (grant.status, grant.outcome, held(order)) == ("failed", "account closed", [0])
    again = by_hand.retry(refund_id=one.pk, actor=finance, at=AT)
    grant.refresh_from_db()
    assert (grant.status, again.grant, held(order)) == ("approved", grant, [3_000])
    by_hand.settle(refund_id=again.pk, reference="bank 7", actor=finance, at=AT)
    grant.refresh_from_db()
    assert (grant.status, grant.outcome) == ("confirmed", "bank 7")


def test_not_tried_again_when_something_else_was_granted_for_it(agent):
    order = make_order(10_000)
    one = ask(order, agent, 3_000, cause="c").refunds.get()
    refunds.fail(refund_id=one.pk, reason="x", actor=None, at=AT)
    ask(order, agent, 100, cause="c", key="2")
    with pytest.raises(WrongState):
        by_hand.retry(refund_id=one.pk, actor=settler(), at=AT)
    assert held(order) == [100]


def test_budgets_are_reserved_spent_released_and_reserved_again(agent):
    budget = Budget.objects.create(
        starts_at=AT - timedelta(days=1), ends_at=AT + timedelta(days=9), amount_fen=5_000
    )
    order = make_order(10_000)
    one = ask(order, agent, 3_000).refunds.get()

    def stands():
        budget.refresh_from_db()
        return budget.reserved_fen, budget.spent_fen

    assert stands() == (3_000, 0)
    refunds.begin_try(refund_id=one.pk, at=AT)
    assert stands() == (0, 3_000)
    refunds.fail(refund_id=one.pk, reason="x", actor=None, at=AT)
    assert stands() == (0, 0)
    by_hand.retry(refund_id=one.pk, actor=settler(), at=AT)
    assert (stands(), BudgetUse.objects.count()) == ((3_000, 0), 1)


def test_one_live_for_a_cause(agent):
    order = make_order(10_000)
    ask(order, agent, 100, cause="c")
    with pytest.raises(AlreadyGranted):
        ask(order, agent, 100, cause="c", key="2")


def test_its_points_go_back_when_it_is_paid(agent, monkeypatch):
    told = []
    monkeypatch.setattr(points, "order_refunded", lambda **given: told.append(given["refunded_fen_total"]))
    order = make_order(10_000, 5_000, freight_fen=500)
    first = ask(order, agent, 1_000, total=1_200).refunds.get()
    second = ask(order, agent, 500, 700, key="2").refunds.get()
    assert told == []
    refunds.confirm(refund_id=first.pk, reference="x", actor=None, at=AT)
    refunds.confirm(refund_id=first.pk, reference="x", actor=None, at=AT)
    refunds.confirm(refund_id=second.pk, reference="x", actor=None, at=AT)
    assert told == [1_000, 2_200]


@pytest.mark.django_db(transaction=True)
def test_agents_and_rules_at_once_give_no_more_than_was_paid():
    order, agents = make_order(100), [staff_with(5_000) for _ in range(3)]
    results = at_once(
        *[lambda n=n: ask(order, agents[n % 3], 30, key=f"k{n}") for n in range(12)],
    )
    assert {type(error) for error in refused(results)} == {TooMuch}
    assert (held(order), len(refused(results))) == ([90], 9)


@given(paid=st.integers(0, 10**6), of=st.integers(1, 50), data=st.data())
def test_a_share_is_never_less_than_its_part_and_all_pieces_are_all(paid, of, data):
    quantity = data.draw(st.integers(1, of))
    share = rules.share(paid, quantity, of)
    assert 0 <= share * of - paid * quantity < of
    assert rules.share(paid, of, of) == paid


def test_the_last_of_pieces_that_were_rounded_up_is_what_is_left(agent):
    order = make_order(100)
    order.lines.update(quantity=3)
    parts = [ask(order, agent, None, key=f"{one}").cost_fen for one in range(3)]
    assert (parts, held(order)) == ([34, 34, 32], [100])
    with pytest.raises(TooMuch):
        ask(order, agent, None, key="4")


def test_a_repeat_is_one_though_the_shop_has_lowered_what_was_paid(agent):
    order = make_order(4_000)
    first = ask(order, agent, None)
    order.lines.update(paid_fen=3_000)
    assert ask(order, agent, None) == first
    with pytest.raises(KeyReused):
        ask(order, agent, 4_000)


@pytest.mark.parametrize(
    "kinds", [("refund", "refund"), ("price_difference", "refund"), ("price_difference",) * 2]
)
def test_pictures_are_needed_for_what_goes_back_of_an_order_in_all(kinds):
    agent, order = staff_with(10**6), make_order(30_000)
    ask(order, agent, 6_000, kind=kinds[0], key="1")
    with pytest.raises(EvidenceMissing):
        ask(order, agent, 4_001, kind=kinds[1], key="2", cause="case:2")
    ask(order, agent, 4_000, kind=kinds[1], key="3", cause="case:2")
    proved = ask(order, agent, 15_000, kind=kinds[1], key="4", cause="case:3", evidence=1)
    with pytest.raises(EvidenceMissing):
        ask(order, agent, 1, kind=kinds[1], key="5", cause="case:4")
    assert proved.status == GrantStatus.APPROVED


def test_tried_again_it_counts_towards_its_caps_again(agent):
    cap = Cap.objects.create(scope="member", period="month", limit_fen=5_000)
    order = make_order(20_000)
    grant = ask(order, agent, 4_000)
    refunds.fail(refund_id=grant.refunds.get().pk, reason="no", actor=None, at=AT)
    other = ask(order, staff_with(10**6), 3_000, key="2")
    again = by_hand.retry(refund_id=grant.refunds.get().pk, actor=settler(), at=AT)
    count = CapCount.objects.get(cap=cap)
    assert (count.used_fen, count.passed_fen, count.used_count, count.passed_count) == (3_000, 4_000, 1, 1)
    refunds.fail(refund_id=again.pk, reason="no", actor=None, at=AT)
    refunds.fail(refund_id=other.refunds.get().pk, reason="no", actor=None, at=AT)
    by_hand.retry(refund_id=again.pk, actor=settler(), at=AT)
    count.refresh_from_db()
    assert (count.used_fen, count.passed_fen) == (4_000, 0)
    assert not list(differences())


@pytest.mark.django_db(transaction=True)
def test_a_refund_is_paid_while_other_points_are_taken_back(monkeypatch):
    """The one had the account and waited for the budget, the other the other way round."""
    PointsRuleFactory(), rules_of_points(), a_yuan()
    order, boss = make_order(10_000, total_fen=10_000, status="delivered"), staff_with(10**6, approves=True)
    points.order_received(order_id=order.pk, at=AT)
    Budget.objects.create(starts_at=AT, ends_at=AT + timedelta(days=1), amount_fen=10**6)
    given = request(
        key="p", cause="p", member=order.member, content=Content(kind="points", points=100),
        reason="x", actor=boss, at=AT,
    )  # fmt: skip
    one = ask(order, boss, 4_000).refunds.get()
    has_account, has_budget, tell, undo = Event(), Event(), telling.paid, handlers._Points.undo

    def paid(*args, **how):
        has_account.set(), has_budget.wait(0.5)
        tell(*args, **how)

    def taken(*args, **how):
        has_budget.set(), has_account.wait(0.5)
        undo(*args, **how)

    monkeypatch.setattr(telling, "paid", paid)
    monkeypatch.setattr(handlers._Points, "undo", taken)
    results = at_once(
        lambda: refunds.confirm(refund_id=one.pk, reference="x", actor=None, at=AT),
        lambda: reverse(grant_id=given.pk, actor=boss, note="x", at=AT),
    )
    assert not refused(results)
