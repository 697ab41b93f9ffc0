from datetime import timedelta
from functools import partial

import pytest
from django.utils import translation

from compensation.authority.queries import limits_of
from compensation.budgets.stops import why
from compensation.defaults.money import seed as seed_money
from compensation.grants import commands as grants
from compensation.models import (
    Budget,
    Cap,
    Coupon,
    CouponTemplate,
    Grant,
    Notice,
    RuleVersion,
    SignalTerms,
)
from config.common.errors import Invalid, NotFound, WrongState
from config.common.events import timeline
from config.common.models import OutboxMessage, User
from feedback import tasks
from feedback.automatic import leaving
from feedback.automatic.applying import apply_to_case, apply_to_gaps, read_cases
from feedback.automatic.dry_run import dry_run
from feedback.cases import commands as cases
from feedback.cases.opening import open_case
from feedback.defaults.rules import seed_rules
from feedback.models import (
    Case,
    Gap,
    Message,
    Playbook,
    PlaybookVersion,
    Promise,
    Remedy,
    RuleProgress,
    RuleTask,
    Severity,
)
from feedback.remedies import overdue
from feedback.remedies.commands import Wanted, amend, grant_for_case
from feedback.remedies.queries import left_fen, remedies_of
from tests.factories.compensation import MemberFactory, OrderFactory, OrderLineFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory
from tests.factories.money import AT, CouponTemplateFactory, PointsRuleFactory, staff_with
from tests.factories.refunds import make_order, refund
from tests.factories.rules import rule_of
from tests.feedback.remedies.test_commands import somebody
from tests.threads import at_once, refused

DAY = timedelta(days=1)
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


def rule(severity=Severity.SEVERE, *, yuan=5, opens_case=True, code="late", **says):
    if opens_case:
        DepartmentFactory(code="logistics")
    return rule_of(
        code,
        *([yuan] if yuan else []),
        trigger="gap",
        aspects=["delivery"],
        severity_from=severity,
        opens_case=opens_case,
        department="logistics" if opens_case else "",
        **says,
    )


def test_a_severe_gap_opens_a_case_gives_a_coupon_and_tells_the_member():
    rule()
    gap = late()
    outcome = apply_to_gaps(gap_ids=[gap.pk], at=AT)
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
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    case = Case.objects.get()
    assert case.subject == f"Order {gap.order.external_id} was not delivered in time"
    assert "2026-11-21 10:00" in case.messages.get().body  # in Shanghai


def test_applying_twice_changes_nothing():
    rule()
    gap = late()
    apply_to_gaps(gap_ids=[gap.pk, gap.pk], at=AT)
    again = apply_to_gaps(gap_ids=[gap.pk], at=AT)
    assert (again.opened, again.granted, again.failed) == (0, 0, 0)
    assert Case.objects.count() == Coupon.objects.count() == 1


def test_a_gap_that_grows_is_not_given_for_twice():
    rule(Severity.MODERATE, yuan=5, opens_case=False, position=20)
    rule(Severity.SEVERE, yuan=10, code="very-late")
    gap = late(Severity.MODERATE)
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    Gap.objects.update(severity=Severity.SEVERE)
    outcome = apply_to_gaps(gap_ids=[gap.pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.failed) == (1, 0, 0)
    assert Coupon.objects.get().value_fen == 500


@pytest.mark.parametrize(
    ("gap", "settings"),
    [
        ({"severity": Severity.MODERATE}, {}),
        ({"days": 31}, {}),
        ({"aspect": "shipping"}, {}),
        ({"withdrawn_at": AT}, {}),
        ({}, {"causes": ["human"]}),
        ({}, {"gap_kinds": ["price"]}),
        ({}, {"tiers": ["gold"]}),
        ({}, {"categories": ["数码"]}),
        ({}, {"amount_from_fen": 19_901}),
        ({}, {"amount_up_to_fen": 19_899}),
        ({}, {"publish": False}),
    ],
)
def test_what_no_rule_reaches_stays(gap, settings):
    rule(**settings)
    outcome = apply_to_gaps(gap_ids=[late(**gap).pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.failed) == (0, 0, 0)
    assert not Case.objects.exists()


def test_an_erased_member_is_left_alone():
    rule()
    apply_to_gaps(gap_ids=[late(member=MemberFactory(erased_at=AT)).pk], at=AT)
    assert not Case.objects.exists()


def test_one_failure_stops_no_other_and_no_other_step(caplog):
    rule()
    CouponTemplateFactory._meta.model.objects.update(is_active=False)
    first, second = late(), late()
    outcome = apply_to_gaps(gap_ids=[first.pk, 0, second.pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.left) == (2, 0, 2)
    assert outcome.failed == 2  # no such gap in two steps
    assert not Grant.objects.exists()
    assert set(RuleTask.objects.values_list("reason", "case__gaps")) == {
        ("refused", first.pk),
        ("refused", second.pk),
    }


def test_without_a_case_what_cannot_be_given_is_tried_again(caplog):
    rule(opens_case=False)
    CouponTemplateFactory._meta.model.objects.update(is_active=False)
    gap = late()
    assert apply_to_gaps(gap_ids=[gap.pk], at=AT).failed == 1
    CouponTemplateFactory._meta.model.objects.update(is_active=True)
    assert apply_to_gaps(gap_ids=[gap.pk], at=AT).granted == 1


def test_what_an_agent_gave_for_the_gap_is_enough():
    rule()
    gap = late()
    grants.request(
        key="agent",
        cause=f"gap:{gap.pk}",
        member=gap.order.member,
        content=grants.Content(kind="coupon", template=CouponTemplateFactory(code="sorry-5")),
        reason="x",
        actor=staff_with(5_000),
        at=AT,
    )
    outcome = apply_to_gaps(gap_ids=[gap.pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.failed) == (1, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_passes_at_once_give_once():
    rule()
    gaps = [late() for _ in range(3)]
    results = at_once(*[lambda: apply_to_gaps(gap_ids=[gap.pk for gap in gaps], at=AT) for _ in range(4)])
    assert not refused(results)
    assert sum(result.failed for result in results) == 0
    assert sum(result.granted for result in results) == Coupon.objects.count() == 3
    assert sum(result.opened for result in results) == Case.objects.count() == 3


def test_a_grant_names_the_version_and_what_it_is_for():
    version = rule(opens_case=False)
    gap = late()
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    grant = Grant.objects.get()
    assert (grant.rule, grant.cause, grant.requested_by) == (version, f"gap:{gap.pk}", None)


def test_a_rule_may_give_several_things_each_once():
    rule_of("late", 5, {"kind": "points", "points": 100}, trigger="gap")
    PointsRuleFactory()
    gap = late()
    assert apply_to_gaps(gap_ids=[gap.pk], at=AT).granted == 2
    assert apply_to_gaps(gap_ids=[gap.pk], at=AT).granted == 0
    assert set(Grant.objects.values_list("cause", flat=True)) == {f"gap:{gap.pk}", f"gap:{gap.pk}:points"}


def test_an_empty_budget_leaves_it_to_an_approver_who_sees_why():
    rule()
    Budget.objects.create(department="logistics", starts_at=AT, ends_at=AT + DAY, amount_fen=700)
    first, second = late(), late()
    outcome = apply_to_gaps(gap_ids=[first.pk, second.pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.left, outcome.failed) == (2, 1, 1, 0)
    waiting = Grant.objects.get(status="requested")
    assert (waiting.rounds.get().because, waiting.remedy.gap) == ("budget", second)
    assert "remedy.requested" in timeline([second.__class__.objects.get(pk=second.pk).case]).values_list(
        "kind", flat=True
    )
    assert not Notice.objects.filter(key__contains=f"grant:{waiting.pk}").exists()
    assert apply_to_gaps(gap_ids=[second.pk], at=AT).granted == 0


def test_a_cap_for_the_rule_leaves_the_rest_to_a_person():
    rule(opens_case=False)
    Cap.objects.create(scope="rule", rule_code="late", period="day", limit_count=2)
    outcome = apply_to_gaps(gap_ids=[late().pk for _gap in range(4)], at=AT)
    assert (outcome.granted, outcome.left) == (2, 2)


def test_unusual_claims_go_to_a_person_with_the_reasons():
    rule(opens_case=False)
    SignalTerms.objects.create(claims_from=2)
    member = MemberFactory()
    outcome = apply_to_gaps(gap_ids=[late(member=member).pk, late(member=member).pk], at=AT)
    assert (outcome.granted, outcome.left) == (1, 1)
    waiting = Grant.objects.get(status="requested").rounds.get()
    assert waiting.because == "signals"
    with translation.override("en"):
        assert why(waiting.because, waiting.details).startswith("2 claims on 2 orders; this is")


def test_a_person_chooses_where_the_rule_says_so():
    rule(asks_person=True)
    gap = late()
    outcome = apply_to_gaps(gap_ids=[gap.pk], at=AT)
    assert (outcome.opened, outcome.granted, outcome.left) == (1, 0, 1)
    task = RuleTask.objects.get()
    assert (task.reason, task.case.gaps.get(), task.end) == ("choose", gap, "")
    assert apply_to_gaps(gap_ids=[gap.pk], at=AT).left == 0
    agent, give = staff_with(5_000), task.version.gives.get()
    remedy = leaving.give(task_id=task.pk, give_id=give.pk, actor=agent, at=AT)
    assert (remedy.gap, remedy.grant.cause, remedy.grant.requested_by) == (gap, f"gap:{gap.pk}", agent)
    task.refresh_from_db()
    assert (task.end, task.ended_by) == ("given", agent)
    with pytest.raises(WrongState):
        leaving.dismiss(task_id=task.pk, actor=agent, at=AT)
    with pytest.raises(NotFound):
        leaving.give(task_id=0, give_id=give.pk, actor=agent, at=AT)


@pytest.mark.django_db(transaction=True)
def test_the_rule_of_a_new_case_acts_once_on_its_problem():
    playbook = Playbook.objects.create(code="wrong", name="错发", problem="wrong_item", words=["发错"])
    PlaybookVersion.objects.create(playbook=playbook, number=1, content={}, published_at=AT)
    rule_of("wrong-item", 10, {"kind": "reshipment"}, trigger="case", problems=["wrong_item"])
    member, other = MemberFactory(), MemberFactory()
    order = OrderLineFactory(order=OrderFactory(member=member)).order
    for who, about, text in ((member, order, "你们发错货了"), (other, None, "请问怎么退货")):
        open_case(
            member=who,
            kind="complaint",
            channel="portal",
            subject=text,
            body=text,
            department=DepartmentFactory(),
            order=about,
            actor=who,
            at=AT,
        )
    RuleProgress.objects.all().delete()
    while read_cases(at=AT):
        pass
    read_cases(at=AT)
    case = Case.objects.get(member=member)
    grant = Grant.objects.get(kind="coupon")
    assert (grant.cause, grant.remedy.case, grant.rule.code) == (
        f"case:{case.pk}:sorry-10",
        case,
        "wrong-item",
    )
    parcel = Grant.objects.get(kind="reshipment")
    assert (parcel.status, parcel.cause) == (
        "approved",
        f"case:{case.pk}:reshipment:{order.lines.get().pk}",
    )
    assert not Grant.objects.filter(member=other).exists()
    with pytest.raises(grants.AlreadyGranted):
        grant_for_case(
            case_id=case.pk,
            kind="coupon",
            template_id=grant.template_id,
            reason="x",
            key="y",
            actor=staff_with(5_000),
            at=AT,
        )


def test_an_agent_does_not_give_what_the_rule_gave_for_the_gap_of_the_case():
    rule()
    gap = late()
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    gap.refresh_from_db()
    given = {"case_id": gap.case.pk, "kind": "coupon", "reason": "x", "actor": staff_with(5_000), "at": AT}
    same, other = CouponTemplateFactory(code="sorry-5").pk, CouponTemplateFactory(code="sorry-10").pk
    with pytest.raises(grants.AlreadyGranted):
        grant_for_case(template_id=same, key="a", **given)
    with pytest.raises(grants.AlreadyGranted):
        grant_for_case(template_id=other, key="b", gap_id=gap.pk, **given)
    with pytest.raises(NotFound):
        grant_for_case(template_id=other, key="c", gap_id=0, **given)
    assert grant_for_case(template_id=other, key="d", **given).gap is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("for_gap", [True, False])
def test_a_rule_and_an_agent_at_once_give_once(for_gap):
    rule()
    gaps = [late() for _gap in range(4)]
    for gap in gaps:
        gap.case = open_case(
            member=gap.order.member,
            kind="complaint",
            channel="portal",
            subject="late",
            body="late",
            department=DepartmentFactory(),
            order=gap.order,
            actor=None,
            at=AT,
        )
        gap.save()
    agent, coupon = staff_with(5_000), CouponTemplateFactory(code="sorry-5")
    results = at_once(
        *[
            lambda gap=gap: grant_for_case(
                case_id=gap.case_id,
                kind="coupon",
                template_id=coupon.pk,
                reason="late",
                key="k",
                gap_id=gap.pk if for_gap else None,
                actor=agent,
                at=AT,
            )
            for gap in gaps
        ],
        *[lambda gap=gap: apply_to_gaps(gap_ids=[gap.pk], at=AT) for gap in gaps],
    )
    assert all(isinstance(one, grants.AlreadyGranted) for one in refused(results))
    assert Grant.objects.count() == Coupon.objects.count() == Remedy.objects.count() == 4
    assert {gap.remedies.count() + gap.case.remedies.filter(gap=None).count() for gap in gaps} == {1}


@pytest.mark.django_db(transaction=True)
def test_a_repeated_beat_gives_once(monkeypatch):
    rule()
    gaps = [late() for _gap in range(5)]
    results = at_once(*[tasks.detect_gaps for _beat in range(3)])
    results += at_once(
        *[lambda: apply_to_gaps(gap_ids=[gap.pk for gap in gaps], at=AT) for _beat in range(3)]
    )
    assert not refused(results)
    assert Grant.objects.count() == Case.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_rule_that_is_edited_while_it_runs_gives_by_one_version_or_the_other():
    rule(opens_case=False)
    gaps = [late() for _gap in range(12)]

    def edit():
        for yuan in (10, 20, 50):
            rule(yuan=yuan, opens_case=False)

    results = at_once(
        edit, *[lambda some=gaps[n::3]: apply_to_gaps(gap_ids=[g.pk for g in some], at=AT) for n in range(3)]
    )
    assert not refused(results)
    assert sum(result.failed for result in results[1:]) == 0
    assert Grant.objects.count() == 12
    for grant in Grant.objects.select_related("rule"):
        assert grant.rule.gives.get().template == grant.template


def test_goods_that_a_rule_left_are_sent_again_by_whoever_chooses():
    rule_of(
        "damaged",
        {"kind": "reshipment"},
        {"kind": "price_difference", "amount": "difference"},
        trigger="case",
        asks_person=True,
    )
    order = OrderLineFactory(order=OrderFactory()).order
    case = CaseFactory(member=order.member, order=order, opened_at=AT)
    assert apply_to_case(case_id=case.pk, at=AT).left == 1
    task = RuleTask.objects.get()
    parcel, difference = task.version.gives.all()
    agent = staff_with(50_000)
    with pytest.raises(Invalid):
        leaving.give(task_id=task.pk, give_id=difference.pk, actor=agent, at=AT)
    remedy = leaving.give(task_id=task.pk, give_id=parcel.pk, actor=agent, at=AT)
    assert (remedy.grant.kind, remedy.grant.cost_fen, remedy.case) == ("reshipment", 19_900, case)


def test_the_difference_is_left_to_somebody_who_says_how_much():
    rule_of("price-gap", {"kind": "price_difference", "amount": "difference"}, trigger="case")
    case = CaseFactory(opened_at=AT)
    assert apply_to_case(case_id=case.pk, at=AT).left == 1
    assert RuleTask.objects.get().reason == "amount"
    assert apply_to_case(case_id=case.pk, at=AT).left == 0


def test_a_rule_that_breaks_on_a_case_leaves_it_to_a_person(monkeypatch, caplog):
    rule_of("any", 5, trigger="case")
    case = CaseFactory(opened_at=AT)
    monkeypatch.setattr("feedback.automatic.applying.give_by_rule", lambda **_given: 1 / 0)
    assert apply_to_case(case_id=case.pk, at=AT).failed == 1
    assert (RuleTask.objects.get().reason, RuleTask.objects.get().version) == ("failed", None)


def test_without_a_case_one_thing_that_cannot_be_given_stops_no_other(caplog):
    rule_of("late", 5, 10, {"kind": "points", "points": 100}, trigger="gap")
    PointsRuleFactory(), DepartmentFactory()
    decider = somebody("finance", DepartmentFactory())
    User.objects.filter(pk=decider.pk).update(email="decider@example.com")
    CouponTemplate.objects.filter(code="sorry-10").update(is_active=False)
    gap = late()
    for granted in (2, 0):
        outcome = apply_to_gaps(gap_ids=[gap.pk], at=AT)
        assert (outcome.granted, outcome.failed) == (granted, 1)
    letter = OutboxMessage.objects.get(kind="staff")
    assert (letter.payload["user"], "延误补偿" in letter.payload["subject"]) == (decider.pk, True)
    CouponTemplate.objects.update(is_active=True)
    assert apply_to_gaps(gap_ids=[gap.pk], at=AT).granted == 1
    assert apply_to_gaps(gap_ids=[gap.pk], at=AT).granted == 0
    assert sorted(Coupon.objects.values_list("value_fen", flat=True)) == [500, 1_000]


def test_without_a_case_deciders_are_told_of_what_was_stopped_and_again_when_it_waits():
    rule(opens_case=False)
    Cap.objects.create(scope="rule", rule_code="late", period="day", limit_count=0)
    decider = somebody("finance", DepartmentFactory())
    User.objects.filter(pk=decider.pk).update(email="decider@example.com")
    apply_to_gaps(gap_ids=[late().pk, late().pk], at=AT)
    assert OutboxMessage.objects.filter(kind="staff").count() == 1
    assert overdue.raise_overdue(at=AT + DAY) == 2
    assert OutboxMessage.objects.filter(kind="staff").count() == 2


def test_what_was_given_before_the_gap_had_a_case_belongs_to_the_case():
    rule(Severity.MODERATE, yuan=5, opens_case=False, position=20)
    rule(Severity.SEVERE, yuan=10, code="very-late")
    gap = late(Severity.MODERATE)
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    Gap.objects.update(severity=Severity.SEVERE)
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    case = Case.objects.get()
    (remedy,) = remedies_of(case)
    assert (remedy.gap, remedy.grant.problem) == (gap, case.problem)
    assert "remedy.granted" in timeline([case]).values_list("kind", flat=True)
    assert left_fen(limits_of(staff_with(1_100)), case, AT) == 600


def test_the_second_thing_of_a_rule_is_given_from_its_own_task():
    PointsRuleFactory(), DepartmentFactory(code="logistics")
    rule_of("late", 5, 10, trigger="gap", opens_case=True, department="logistics")
    CouponTemplate.objects.filter(code="sorry-10").update(is_active=False)
    gap = late()
    outcome = apply_to_gaps(gap_ids=[gap.pk], at=AT)
    assert (outcome.granted, outcome.left) == (1, 1)
    CouponTemplate.objects.update(is_active=True)
    task, agent = RuleTask.objects.get(), staff_with(5_000)
    first, second = task.version.gives.all()
    assert leaving.offers(task) == [second]
    with pytest.raises(NotFound):
        leaving.give(task_id=task.pk, give_id=first.pk, actor=agent, at=AT)
    remedy = leaving.give(task_id=task.pk, give_id=second.pk, actor=agent, at=AT)
    assert (remedy.gap, remedy.grant.cause) == (gap, f"gap:{gap.pk}:sorry-10")
    assert leaving.give(task_id=task.pk, give_id=second.pk, actor=agent, at=AT) == remedy
    assert Coupon.objects.count() == 2


def test_a_task_goes_with_its_case_when_that_is_merged():
    rule(asks_person=True)
    gap, agent = late(), staff_with(5_000)
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    gap.refresh_from_db()
    other = CaseFactory(member=gap.order.member, department=gap.case.department)
    cases.merge(case_id=gap.case_id, into_id=other.pk, actor=agent, at=AT)
    (task,) = leaving.open_tasks(other)
    remedy = leaving.give(task_id=task.pk, give_id=task.version.gives.get().pk, actor=agent, at=AT)
    assert (remedy.case, remedy.gap) == (other, gap)


def test_a_rule_that_gave_before_gives_no_more_whatever_became_of_it():
    rule_of("c", 5, trigger="case", case_kinds=["complaint"])
    Cap.objects.create(scope="rule", rule_code="c", period="day", limit_count=0)
    case = CaseFactory(kind="complaint", opened_at=AT)
    assert apply_to_case(case_id=case.pk, at=AT).left == 1
    boss = staff_with(10_000, approves=True)
    grants.refuse(grant_id=Grant.objects.get().pk, actor=boss, note="No", at=AT)
    again = apply_to_case(case_id=case.pk, at=AT)
    assert (again.granted, again.left, again.failed) == (0, 0, 0)
    assert not RuleTask.objects.exists()


@pytest.mark.parametrize(
    ("give", "cost"),
    [
        ({"kind": "refund", "amount": "paid"}, 6_000),
        ({"kind": "refund", "amount": "fixed", "amount_fen": 5_500}, 5_500),
        ({"kind": "refund", "amount": "fixed", "amount_fen": 6_001}, None),
        ({"kind": "reshipment"}, 8_000),
    ],
)
def test_of_money_and_goods_a_rule_gives_what_is_left_of_the_order(give, cost):
    order = make_order(5_000, 0, 3_000)
    first, _free, last = order.lines.order_by("pk")
    refund(order, 2_000)
    rule_of("c", give, trigger="case")
    case = CaseFactory(member=order.member, order=order, opened_at=AT)
    outcome = apply_to_case(case_id=case.pk, at=AT)
    assert (outcome.granted, outcome.left) == ((1, 0) if cost else (0, 1))
    assert list(Grant.objects.values_list("cost_fen", flat=True)) == ([cost] if cost else [])
    if give["kind"] == "refund" and cost:
        assert first.refund_lines.count() == 2
        assert last.refund_lines.exists()
    other = CaseFactory(member=order.member, order=order, opened_at=AT)
    again = apply_to_case(case_id=other.pk, at=AT)
    assert (again.granted, again.left) == (0, int(give["kind"] == "refund"))


def test_an_agent_does_not_change_a_request_into_what_the_rule_gave():
    rule()
    gap = late()
    apply_to_gaps(gap_ids=[gap.pk], at=AT)
    gap.refresh_from_db()
    agent, given = staff_with(5_000), CouponTemplateFactory(code="sorry-5")
    how = {"kind": "coupon", "reason": "x", "key": "a", "actor": agent, "at": AT}
    asked = CouponTemplateFactory(code="sorry-60")
    grant = grant_for_case(case_id=gap.case_id, template_id=asked.pk, **how).grant
    for template in (given, CouponTemplateFactory(code="sorry-70")):
        wanted = Wanted(kind="coupon", template_id=template.pk)
        change = partial(amend, grant_id=grant.pk, wanted=wanted, reason="y", actor=agent, at=AT)
        if template == given:
            with pytest.raises(grants.AlreadyGranted):
                change()
    assert [change().template, change().template] == [template, template]  # itself is no obstacle
    assert Coupon.objects.get().template == given


def both_late(order=None, **says):
    """An order that was shipped late and then delivered late, with the rules that ship about that."""
    rule_of("severe", 5, trigger="gap", aspects=["delivery"], severity_from=3, position=5, **says)
    rule_of("any", 5, trigger="gap", aspects=["shipping", "delivery"], position=6, **says)
    shipped = late(Severity.SLIGHT, aspect="shipping")
    delivered = late(member=shipped.order.member)
    Gap.objects.filter(pk=delivered.pk).update(order=shipped.order)
    return shipped, delivered


def give_for(*gaps):
    done = [apply_to_gaps(gap_ids=[gap.pk], at=AT) for gap in gaps]
    assert not any(outcome.failed for outcome in done)
    return [outcome.granted for outcome in done]


@pytest.mark.parametrize("is_backwards", [False, True])
def test_shipped_late_and_delivered_late_gets_one_coupon(is_backwards):
    gaps = both_late(once_an_order="delay")
    assert give_for(*(reversed(gaps) if is_backwards else gaps)) == [1, 0]
    assert give_for(*gaps) == [0, 0]
    assert Coupon.objects.count() == 1
    assert not RuleTask.objects.exists()


def test_without_the_word_each_gets_its_own():
    assert give_for(*both_late()) == [1, 1]


def test_another_order_and_another_word_have_their_own():
    shipped, delivered = both_late(once_an_order="delay")
    assert give_for(shipped, late(member=shipped.order.member)) == [1, 1]
    rule_of("severe", 5, trigger="gap", aspects=["delivery"], severity_from=3, once_an_order="other")
    assert give_for(delivered) == [1]


def test_what_was_taken_back_or_refused_does_not_count():
    shipped, delivered = both_late(once_an_order="delay")
    give_for(shipped)
    approver = User.objects.get(pk=staff_with(10**6, approves=True).pk)
    grants.reverse(grant_id=Grant.objects.get().pk, actor=approver, note="x", at=AT)
    assert give_for(delivered) == [1]


def test_the_rules_that_ship_say_so():
    seed_money(AT)
    DepartmentFactory(code="service")
    seed_rules(AT)
    words = dict(RuleVersion.objects.values_list("code", "once_an_order"))
    assert (words["late"], words["late-severe"], words["wrong-item"]) == ("delay", "delay", "")


def test_a_dry_run_counts_one_an_order():
    gaps = both_late(once_an_order="delay")
    report = dry_run(RuleVersion.objects.get(code="any"), days=30, at=AT)
    assert (report.occurrences, report.given.times, report.repeated, report.taken) == (1, 1, 0, 1)
    Gap.objects.filter(pk=gaps[1].pk).update(severity=Severity.SLIGHT)
    report = dry_run(RuleVersion.objects.get(code="any"), days=30, at=AT)
    assert (report.occurrences, report.given.times, report.repeated) == (2, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_both_found_at_once_give_one_coupon():
    gaps = both_late(once_an_order="delay")
    results = at_once(
        *[lambda gap=gap: apply_to_gaps(gap_ids=[gap.pk], at=AT) for gap in gaps for _ in range(3)]
    )
    assert not refused(results)
    assert (Coupon.objects.count(), Grant.objects.count()) == (1, 1)
