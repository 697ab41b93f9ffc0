"""Rounds of approval bind one content; what is carried out later is confirmed or fails."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction

from compensation.coupons.terms import save_template
from compensation.grants import handlers
from compensation.grants.approval import raise_due
from compensation.grants.commands import (
    AlreadyDecided,
    AlreadyGranted,
    Content,
    EvidenceMissing,
    KindNotGiven,
    amend,
    approve,
    confirm,
    execute,
    fail,
    refuse,
    request,
    reverse,
    withdraw,
)
from compensation.models import ApprovalRound, Coupon, Grant, GrantKind, GrantStatus
from config.common.errors import Invalid, NotPermitted, Stale, WrongState
from config.common.models import Event
from tests.factories.compensation import MemberFactory, OrderFactory
from tests.factories.money import AT, CouponTemplateFactory, staff_with
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C7")]

HOUR = timedelta(hours=1)


@pytest.fixture
def agent():
    return staff_with(5_000)


@pytest.fixture
def supervisor():
    return staff_with(100_000, approves=True)


def coupon(yuan):
    return Content(kind="coupon", template=CouponTemplateFactory(code=f"sorry-{yuan}"))


def ask(actor, yuan=60, *, content=None, cause="case:1", **more):
    return request(
        key=cause,
        cause=cause,
        member=more.pop("member", None) or MemberFactory(),
        content=content or coupon(yuan),
        reason="Late",
        actor=actor,
        at=AT,
        **more,
    )


def accept(grant, actor, seen=None):
    return approve(grant_id=grant.pk, content_hash=seen or grant.content_hash, actor=actor, at=AT)


def change(grant, actor, yuan=70, reason="Late"):
    return amend(grant_id=grant.pk, content=coupon(yuan), reason=reason, actor=actor, at=AT)


def decisions(grant):
    return list(grant.rounds.order_by("pk").values_list("decision", flat=True))


def test_a_change_voids_the_round_and_what_was_seen_is_refused(agent, supervisor):
    grant = ask(agent)
    seen = grant.content_hash
    for changed in (change(grant, agent), change(grant, agent, reason="Later still")):
        assert changed.content_hash != seen
        with pytest.raises(Stale):
            accept(changed, supervisor, seen)
        seen = changed.content_hash
    assert decisions(grant) == ["void", "void", ""]
    given = accept(changed, supervisor)
    assert (given.status, given.cost_fen, given.coupon.value_fen) == ("confirmed", 7_000, 7_000)
    assert decisions(grant) == ["void", "void", "approved"]
    for command in (lambda: change(grant, agent), lambda: withdraw(grant_id=grant.pk, actor=agent, at=AT)):
        with pytest.raises(AlreadyDecided):
            command()


def test_changed_to_what_is_within_authority_is_given(agent):
    grant = change(ask(agent), agent, 50)
    assert (grant.status, decisions(grant)) == ("confirmed", ["void"])


def test_only_whoever_asked_changes_or_withdraws(agent, supervisor):
    grant = ask(agent)
    with pytest.raises(NotPermitted):
        change(grant, supervisor)
    with pytest.raises(NotPermitted):
        withdraw(grant_id=grant.pk, actor=supervisor, at=AT)
    with pytest.raises(Invalid):
        amend(grant_id=grant.pk, content=Content(kind="points", points=5), reason="x", actor=agent, at=AT)
    with pytest.raises(Invalid):
        change(grant, agent, reason=" ")


def test_withdrawn_frees_the_cause(agent, supervisor):
    grant = ask(agent)
    withdraw(grant_id=grant.pk, actor=agent, at=AT)
    assert decisions(grant) == ["withdrawn"]
    with pytest.raises(AlreadyDecided):
        accept(grant, supervisor)
    again = request(
        key="2", cause="case:1", member=grant.member, content=coupon(60), reason="x", actor=agent, at=AT
    )
    assert again.status == GrantStatus.REQUESTED


def test_a_change_does_not_take_anothers_cause(agent):
    member = MemberFactory()
    ask(agent, 5, member=member, cause="case:1:a")
    grant = ask(agent, member=member, cause="case:1:b")
    with pytest.raises(AlreadyGranted):
        amend(grant_id=grant.pk, content=coupon(70), reason="x", cause="case:1:a", actor=agent, at=AT)


def test_the_database_refuses_an_own_round_and_a_second_open_one(agent):
    grant = ask(agent)
    for change_ in ({"decided_by": agent}, {"decided_by": staff_with(1), "on_behalf_of": agent}):
        with pytest.raises(IntegrityError, match="approvalround_not_own"), transaction.atomic():
            ApprovalRound.objects.update(decision="approved", decided_at=AT, **change_)
    row = grant.rounds.get()
    row.pk = None
    with pytest.raises(IntegrityError, match="approvalround_one_open"), transaction.atomic():
        row.save()


def test_what_nobody_decides_goes_a_level_up(agent):
    approve_grant = Permission.objects.get(codename="approve_grant")
    for fen in (10_000, 20_000):
        staff_with(fen, role=f"level{fen}").groups.get().permissions.add(approve_grant)
    grant = ask(agent)
    assert grant.rounds.get().role.name == "level10000"
    assert raise_due(at=AT + 4 * HOUR - timedelta(seconds=1)) == []
    for times, role, hours in ((1, "level20000", 4), (2, "level20000", 8)):
        (one,) = raise_due(at=AT + hours * HOUR)
        assert (one.role.name, one.raised, one.due_at) == (role, times, AT + (hours + 4) * HOUR)
        assert raise_due(at=AT + hours * HOUR) == []
    refuse(grant_id=grant.pk, actor=staff_with(1, approves=True), note="No", at=AT)
    assert raise_due(at=AT + 99 * HOUR) == []
    assert Event.objects.filter(kind="grant.raised").count() == 2


class Later:
    """A kind that is carried out and confirmed later."""

    is_at_once = False

    def price(self, content, _order):
        return content.amount_fen

    def check(self, grant):
        pass

    def begin(self, grant, *, actor, at):
        pass

    def undo(self, grant, *, actor, at):
        pass


@pytest.fixture
def refund(monkeypatch, agent):
    monkeypatch.setattr(handlers, "HANDLERS", {**handlers.HANDLERS, GrantKind.REFUND: Later()})
    order = OrderFactory()

    def make(fen=4_000, **more):
        content = Content(kind="refund", amount_fen=fen)
        return ask(agent, content=content, order=order, member=order.member, **more)

    return make


def test_kinds_that_nothing_carries_out_are_refused(agent, monkeypatch):
    monkeypatch.setattr(handlers, "HANDLERS", {})
    for kind in ("coupon", "gift"):
        with pytest.raises(KindNotGiven):
            ask(agent, content=Content(kind=kind, amount_fen=5), order=OrderFactory())
    assert not Grant.objects.exists()


def test_on_its_way_then_carried_out_then_confirmed(refund, supervisor):
    grant = refund()
    assert (grant.status, grant.executed_at) == ("approved", None)
    with pytest.raises(WrongState):
        reverse(grant_id=grant.pk, actor=supervisor, note="x", at=AT)
    for _again in range(2):
        assert execute(grant_id=grant.pk, reference="R1", actor=None, at=AT).status == "executed"
    for _again in range(2):
        assert confirm(grant_id=grant.pk, actor=None, at=AT + HOUR).confirmed_at == AT + HOUR
    with pytest.raises(WrongState):
        fail(grant_id=grant.pk, reason="x", actor=None, at=AT)
    kinds = list(Event.objects.filter(subject_type="grant").order_by("id").values_list("kind", flat=True))
    assert kinds == ["grant.requested", "grant.approved", "grant.executed", "grant.confirmed"]
    assert reverse(grant_id=grant.pk, actor=supervisor, note="x", at=AT).status == "reversed"


def test_confirmed_before_it_was_heard_to_be_carried_out(refund):
    grant = confirm(grant_id=refund().pk, reference="R1", actor=None, at=AT)
    assert (grant.status, grant.executed_at, grant.outcome) == ("confirmed", AT, "R1")
    assert execute(grant_id=grant.pk, actor=None, at=AT).status == "confirmed"


def test_what_failed_frees_the_cause_and_the_sums(refund):
    grant = refund()
    with pytest.raises(Invalid):
        fail(grant_id=grant.pk, reason=" ", actor=None, at=AT)
    for _again in range(2):
        assert fail(grant_id=grant.pk, reason="no stock", actor=None, at=AT).outcome == "no stock"
    with pytest.raises(WrongState):
        confirm(grant_id=grant.pk, actor=None, at=AT)
    again = request(
        key="2", cause=grant.cause, member=grant.member, order=grant.order, reason="x",
        content=Content(kind="refund", amount_fen=4_000), actor=grant.requested_by, at=AT,
    )  # fmt: skip
    assert again.status == GrantStatus.APPROVED


def test_a_large_refund_needs_a_picture(refund):
    assert refund(10_000).status == GrantStatus.REQUESTED
    with pytest.raises(EvidenceMissing):
        refund(10_001, cause="case:2")
    assert refund(10_001, cause="case:2", evidence=1).status == GrantStatus.REQUESTED


def test_an_order_of_somebody_else_is_refused(agent):
    with pytest.raises(Invalid):
        ask(agent, order=OrderFactory())


@pytest.mark.django_db(transaction=True)
def test_a_change_during_the_approval_gives_what_was_seen_or_nothing():
    agent, supervisor = staff_with(5_000), staff_with(100_000, approves=True)
    CouponTemplateFactory(code="sorry-70")
    grant = ask(agent)
    results = at_once(lambda: accept(grant, supervisor), lambda: change(grant, agent))
    assert [type(error) for error in refused(results)] in ([Stale], [AlreadyDecided])
    stands = Grant.objects.get()
    if stands.status == GrantStatus.CONFIRMED:
        assert Coupon.objects.get().value_fen == 6_000
    else:
        assert (stands.cost_fen, Coupon.objects.count()) == (7_000, 0)
        assert decisions(stands) == ["void", ""]


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_raise_once():
    ask(staff_with(5_000))
    results = at_once(*[lambda: raise_due(at=AT + 4 * HOUR) for _ in range(2)])
    assert sorted(len(found) for found in results) == [0, 1]
    assert ApprovalRound.objects.get().raised == 1


@pytest.mark.parametrize("change", [{"min_spend_fen": 9_900}, {"valid_days": 1}, {"description": "限新品"}])
def test_a_kind_of_coupon_that_was_changed_meanwhile_is_not_given(agent, supervisor, change):
    grant = ask(agent)
    for name, value in change.items():
        setattr(grant.template, name, value)
    save_template(template=grant.template, actor=None, at=AT)
    with pytest.raises(Stale), transaction.atomic():
        accept(grant, supervisor)
    assert not Coupon.objects.exists()
    withdraw(grant_id=grant.pk, actor=agent, at=AT)
    asked_anew = {"content": Content(kind="coupon", template=grant.template), "cause": "case:2"}
    again = ask(agent, member=grant.member, **asked_anew)
    assert accept(again, supervisor).status == GrantStatus.CONFIRMED
