from datetime import timedelta

import pytest

from compensation.grants import commands as grants
from compensation.models import Coupon, Grant, Notice
from config.common.events import timeline
from feedback.models import Case, Gap, GapRule, Message, Promise, Remedy, Severity
from feedback.remedies.commands import apply_gap_rules
from tests.factories.compensation import MemberFactory, OrderFactory, OrderLineFactory
from tests.factories.feedback import DepartmentFactory
from tests.factories.money import AT, CouponTemplateFactory, staff_with
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("C8"), pytest.mark.req("F11")]


def late(severity=Severity.SEVERE, days=3, aspect="delivery", member=None, **kwargs):
    due = AT - timedelta(days=days)
    line = OrderLineFactory(order=OrderFactory(member=member or MemberFactory()), deliver_by=due)
    promise = Promise.objects.create(line=line, aspect=aspect, due_at=due)
    return Gap.objects.create(
        order=line.order,
        promise=promise,
        aspect=aspect,
        expected_at=due,
        days=-days,
        severity=severity,
        detected_at=AT,
        changed_at=AT,
        **kwargs,
    )


def rule(severity=Severity.SEVERE, *, yuan=5, opens_case=True, **kwargs):
    return GapRule.objects.create(
        aspect="delivery",
        severity=severity,
        opens_case=opens_case,
        department=DepartmentFactory(code="logistics") if opens_case else None,
        coupon=CouponTemplateFactory(code=f"sorry-{yuan}") if yuan else None,
        **kwargs,
    )


def test_a_severe_gap_opens_a_case_gives_a_coupon_and_tells_the_member():
    rule()
    gap = late()
    outcome = apply_gap_rules(gap_ids=[gap.pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.failed) == (1, 1, 0)
    gap.refresh_from_db()
    assert (gap.case.channel, gap.case.order, gap.case.department.code) == ("gap", gap.order, "logistics")
    assert gap.case.subject == f"订单 {gap.order.external_id} 未按时送达"
    assert Message.objects.get(case=gap.case).author == "system"
    remedy = Remedy.objects.get(gap=gap)
    assert (remedy.case, remedy.grant.requested_by, remedy.grant.coupon.value_fen) == (gap.case, None, 500)
    assert "remedy.granted" in timeline([gap.case]).values_list("kind", flat=True)
    notice = Notice.objects.get(kind="remedy.granted")
    assert gap.order.external_id in notice.body


def test_a_member_reads_it_in_their_language():
    rule()
    gap = late(member=MemberFactory(language="en"), actual_at=AT)
    apply_gap_rules(gap_ids=[gap.pk], at=AT)
    case = Case.objects.get()
    assert case.subject == f"Order {gap.order.external_id} was not delivered in time"
    assert "2026-11-21 10:00" in case.messages.get().body  # in Shanghai


def test_applying_twice_changes_nothing():
    rule()
    gap = late()
    apply_gap_rules(gap_ids=[gap.pk, gap.pk], at=AT)
    again = apply_gap_rules(gap_ids=[gap.pk], at=AT)
    assert (again.opened, again.granted, again.failed) == (0, 0, 0)
    assert Case.objects.count() == Coupon.objects.count() == 1


def test_a_gap_that_grows_is_not_given_for_twice():
    rule(Severity.MODERATE, yuan=5, opens_case=False)
    rule(Severity.SEVERE, yuan=10)
    gap = late(Severity.MODERATE)
    apply_gap_rules(gap_ids=[gap.pk], at=AT)
    Gap.objects.update(severity=Severity.SEVERE)
    outcome = apply_gap_rules(gap_ids=[gap.pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.failed) == (1, 0, 0)
    assert Coupon.objects.get().value_fen == 500


@pytest.mark.parametrize(
    ("gap", "settings"),
    [
        ({"severity": Severity.MODERATE}, {}),
        ({"days": 31}, {}),
        ({"aspect": "shipping"}, {}),
        ({"withdrawn_at": AT}, {}),
        ({}, {"is_active": False}),
        ({}, {"yuan": 0, "opens_case": False}),
    ],
)
def test_what_no_rule_reaches_stays(gap, settings):
    rule(**settings)
    outcome = apply_gap_rules(gap_ids=[late(**gap).pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.failed) == (0, 0, 0)
    assert not Case.objects.exists()


def test_an_erased_member_is_left_alone():
    rule()
    apply_gap_rules(gap_ids=[late(member=MemberFactory(erased_at=AT)).pk], at=AT)
    assert not Case.objects.exists()


def test_one_failure_stops_no_other_and_no_other_step(caplog):
    rule().coupon.__class__.objects.update(is_active=False)
    first, second = late(), late()
    outcome = apply_gap_rules(gap_ids=[first.pk, 0, second.pk], at=AT)
    assert (outcome.opened, outcome.granted) == (2, 0)
    assert outcome.failed == 4  # no such gap in two steps, two coupons that are switched off
    assert not Grant.objects.exists()
    CouponTemplateFactory._meta.model.objects.update(is_active=True)
    assert apply_gap_rules(gap_ids=[first.pk, second.pk], at=AT).granted == 2


def test_what_an_agent_gave_for_the_gap_is_enough():
    setting = rule()
    gap = late()
    grants.request(
        key="agent",
        cause=f"gap:{gap.pk}",
        member=gap.order.member,
        content=grants.Content(kind="coupon", template=setting.coupon),
        reason="x",
        actor=staff_with(5_000),
        at=AT,
    )
    outcome = apply_gap_rules(gap_ids=[gap.pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.failed) == (1, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_passes_at_once_give_once():
    rule()
    gaps = [late() for _ in range(3)]
    results = at_once(*[lambda: apply_gap_rules(gap_ids=[gap.pk for gap in gaps], at=AT) for _ in range(4)])
    assert not refused(results)
    assert sum(result.failed for result in results) == 0
    assert sum(result.granted for result in results) == Coupon.objects.count() == 3
    assert sum(result.opened for result in results) == Case.objects.count() == 3
