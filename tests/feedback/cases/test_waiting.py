"""Waiting for somebody outside, questions to the courier, calls, refunds: status, clocks, notes, refusals."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from compensation.models import Notice
from config.common.errors import Invalid, MoveNotAllowed, NotFound, WrongState
from config.common.models import Event
from feedback.cases import commands, waiting
from feedback.cases.queries import actions_for
from feedback.cases.queue import next_case
from feedback.cases.refunding import start_refunds
from feedback.cases.timeline import timeline_of
from feedback.clocks import commands as clocks
from feedback.handoffs import commands as handoffs
from feedback.ladders.sweep import sweep
from feedback.models import Alert, Case, Clock, Message, Pause, PauseRule
from tests.factories.compensation import T0
from tests.factories.orders import OrderFactory, OrderLineFactory, ProductFactory
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F2")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = T0 + 5 * MINUTE
TARGETS = {
    "first_reply": 30,
    "next_reply": 60,
    "resolution": 600,
    "courier_answer": 10,
    "call_back": 60,
    "refund": 1,
    "review_reply": 120,
    "periodic_update": 240,
}


@pytest.fixture(autouse=True)
def _policies(db):
    make_policy(targets=TARGETS)
    PauseRule.objects.create(reason="waiting_bank", milestones=["resolution", "refund"], cap=2 * HOUR)


def opened(member, service, kind="complaint", at=T0, **options):
    return commands.open_case(
        member=member, kind=kind, channel="portal", subject="退款", department=service,
        actor=member, at=at, **options,
    )  # fmt: skip


def running(case, milestone):
    return Clock.objects.get(case=case, milestone=milestone, met_at=None, stopped_at=None)


def wait(case, reason="waiting_supplier", at=LATER, **options):
    return waiting.wait_for(case_id=case.pk, reason=reason, actor=None, at=at, **options)


def test_waiting_holds_the_resolution_and_nothing_else(case, agent):
    waiting.wait_for(case_id=case.pk, reason="waiting_supplier", note="补货", actor=agent.user, at=LATER)
    case.refresh_from_db()
    assert (case.status, case.waiting_for) == ("open", "waiting_supplier")
    held = Clock.objects.exclude(paused_at=None)
    assert [clock.milestone for clock in held] == ["resolution"]
    pause = held.get().pauses.get()
    assert (pause.reason, pause.paused_by) == ("waiting_supplier", agent.user)
    assert Message.objects.latest("pk").body == "补货"
    version = case.version
    assert wait(case, at=LATER + MINUTE).version == version
    assert Event.objects.filter(kind="case.waits").count() == 1


def test_going_on_lets_it_run_again(case):
    wait(case)
    case = waiting.go_on(case_id=case.pk, actor=None, at=LATER + HOUR)
    assert case.waiting_for == ""
    assert running(case, "resolution").due_at == T0 + 11 * HOUR
    with pytest.raises(WrongState):
        waiting.go_on(case_id=case.pk, actor=None, at=LATER + HOUR)


def test_another_reason_takes_over(case):
    wait(case)
    wait(case, "waiting_bank", at=LATER + HOUR)
    clock = running(case, "resolution")
    assert list(clock.pauses.values_list("reason", "to_at")) == [
        ("waiting_supplier", LATER + HOUR),
        ("waiting_bank", None),
    ]
    assert clock.next_fire_at == LATER + 3 * HOUR


def test_the_member_s_words_leave_the_supplier_waited_for(case, member):
    wait(case)
    commands.member_message(case_id=case.pk, body="好了吗", actor=member, at=LATER + MINUTE)
    assert running(case, "resolution").paused_at == LATER
    case.refresh_from_db()
    assert case.waiting_for == "waiting_supplier"


@pytest.mark.parametrize("what", ["wait", "resolve", "hand_over"])
def test_what_ends_the_waiting(case, agent, logistics, what):
    wait(case)
    at = LATER + HOUR
    if what == "hand_over":
        handoffs.hand_over(case_id=case.pk, department_id=logistics.pk, question="?", actor=agent.user, at=at)
        assert running(case, "resolution").paused_at is None
    else:
        commands.reply(case_id=case.pk, body="好", then=what, actor=agent.user, at=at)
    case.refresh_from_db()
    assert case.waiting_for == ""
    assert Clock.objects.get(case=case, milestone="resolution").pauses.first().to_at == at


def test_a_reply_meanwhile_keeps_waiting(case, agent):
    wait(case)
    commands.reply(case_id=case.pk, body="还在等货", actor=agent.user, at=LATER + MINUTE)
    case.refresh_from_db()
    assert case.waiting_for == "waiting_supplier"
    assert running(case, "resolution").paused_at == LATER


def test_when_one_cannot_wait(case, agent, logistics):
    for reason in ("waiting_member", "nonsense"):
        with pytest.raises(Invalid):
            wait(case, reason)
    with pytest.raises(NotFound):
        waiting.wait_for(case_id=0, reason="waiting_bank", actor=None, at=LATER)
    handoffs.hand_over(case_id=case.pk, department_id=logistics.pk, question="?", actor=None, at=LATER)
    with pytest.raises(MoveNotAllowed):
        wait(case)
    handoffs.recall(handoff_id=case.handoffs.get().pk, actor=None, at=LATER)
    commands.reply(case_id=case.pk, body="好", then="resolve", actor=agent.user, at=LATER)
    for refuse in (
        lambda: wait(case),
        lambda: waiting.ask_courier(case_id=case.pk, question="?", actor=None, at=LATER),
        lambda: waiting.courier_answered(case_id=case.pk, answer="!", actor=None, at=LATER),
        lambda: waiting.promise_call_back(case_id=case.pk, actor=None, at=LATER),
        lambda: waiting.called_back(case_id=case.pk, reached=True, actor=None, at=LATER),
    ):
        with pytest.raises(MoveNotAllowed):
            refuse()


def test_the_database_keeps_waiting_to_open_cases(case):
    with pytest.raises(IntegrityError, match="case_waits_while_open"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(waiting_for="waiting_bank", status="waiting_member")


def test_the_courier_has_ten_minutes(case, agent):
    waiting.ask_courier(case_id=case.pk, question="到哪了？", actor=agent.user, at=LATER)
    assert running(case, "courier_answer").due_at == LATER + 10 * MINUTE
    with pytest.raises(WrongState):
        waiting.ask_courier(case_id=case.pk, question="?", actor=agent.user, at=LATER)
    with pytest.raises(Invalid):
        waiting.courier_answered(case_id=case.pk, answer=" ", actor=agent.user, at=LATER)
    wait(case, "waiting_courier")
    waiting.courier_answered(case_id=case.pk, answer="在路上", actor=agent.user, at=LATER + 11 * MINUTE)
    clock = Clock.objects.get(milestone="courier_answer")
    assert (clock.met_at, clock.breached_at) == (LATER + 11 * MINUTE, LATER + 10 * MINUTE)
    case.refresh_from_db()
    assert case.waiting_for == ""
    assert running(case, "resolution").paused_at is None
    assert [note.body for note in Message.objects.filter(is_public=False)] == ["到哪了？", "在路上"]


def test_a_call_that_nobody_answers_leaves_the_promise(case, agent):
    waiting.promise_call_back(case_id=case.pk, note="下午三点", actor=agent.user, at=LATER)
    assert Notice.objects.filter(kind="case.call_promised").count() == 1
    with pytest.raises(WrongState):
        waiting.promise_call_back(case_id=case.pk, actor=agent.user, at=LATER)
    waiting.called_back(case_id=case.pk, reached=False, actor=agent.user, at=LATER + MINUTE)
    assert running(case, "call_back").met_at is None
    waiting.called_back(case_id=case.pk, note="已说明", reached=True, actor=agent.user, at=LATER + HOUR / 2)
    assert Clock.objects.get(milestone="call_back").met_at == LATER + HOUR / 2
    texts = [entry.text for entry in timeline_of(case)]
    assert "给会员打了电话，无人接听" in texts


@pytest.mark.parametrize(("call", "ends"), [("made", "met_at"), ("unwanted", "stopped_at")])
def test_resolving_says_what_became_of_a_promised_call(case, agent, call, ends):
    waiting.promise_call_back(case_id=case.pk, actor=agent.user, at=LATER)
    resolve = {
        "case_id": case.pk, "resolution": "solved", "message": "好了", "actor": agent.user, "at": LATER
    }  # fmt: skip
    for silent in ("", "nonsense"):
        with pytest.raises(Invalid, match="回电"):
            commands.resolve(**resolve, call=silent)
    case.refresh_from_db()
    assert (case.status, case.first_replied_at) == ("new", None)
    commands.resolve(**resolve, call=call)
    assert getattr(Clock.objects.get(milestone="call_back"), ends) == LATER
    kinds = set(Event.objects.filter(subject_id=case.pk).values_list("kind", flat=True))
    assert ("case.called_back" in kinds, "case.call_unwanted" in kinds) == (call == "made", call != "made")


@pytest.mark.parametrize("resolution", ["withdrawn", "duplicate"])
def test_who_takes_it_back_waits_for_no_call(case, agent, resolution):
    waiting.promise_call_back(case_id=case.pk, actor=agent.user, at=LATER)
    commands.resolve(case_id=case.pk, resolution=resolution, message="好", actor=agent.user, at=LATER)
    assert Clock.objects.get(milestone="call_back").stopped_at == LATER


def test_a_call_promised_and_a_case_resolved_at_once_lose_no_promise(case, agent):
    """Whichever comes first: the other sees it, as both lock the case."""
    commands.resolve(case_id=case.pk, resolution="solved", message="好", actor=agent.user, at=LATER)
    with pytest.raises(MoveNotAllowed):
        waiting.promise_call_back(case_id=case.pk, actor=agent.user, at=LATER)


def test_the_agent_is_told_when_a_cap_ends_the_wait(case, agent):
    commands.claim(case_id=case.pk, actor=agent.user, at=LATER)
    wait(case, "waiting_bank")
    ended = LATER + 2 * HOUR
    sweep(ended - MINUTE)
    assert not Alert.objects.filter(kind="case.waited_enough").exists()
    sweep(ended + 7 * MINUTE)
    case.refresh_from_db()
    assert (case.status, case.waiting_for) == ("open", "")
    told = Alert.objects.get(kind="case.waited_enough")
    assert (told.user, told.case) == (agent.user, case)
    goes_on = Event.objects.get(kind="case.goes_on")
    assert (goes_on.at, goes_on.data["capped"], goes_on.actor) == (ended, True, "system")
    assert running(case, "resolution").due_at == T0 + 12 * HOUR
    sweep(ended + 9 * MINUTE)
    assert Alert.objects.filter(kind="case.waited_enough").count() == 1


def test_a_case_whose_member_never_answered_is_our_turn_again(case, agent):
    PauseRule.objects.create(reason="waiting_member", milestones=["resolution"], cap=2 * HOUR)
    commands.reply(case_id=case.pk, body="?", then="wait", actor=agent.user, at=LATER)
    Clock.objects.filter(milestone="periodic_update").delete()
    Case.objects.update(next_due_at=None)
    assert next_case(agent.user) is None
    sweep(LATER + 2 * HOUR)
    case.refresh_from_db()
    assert case.status == "open"
    assert next_case(agent.user) == case
    assert Alert.objects.get(kind="case.waited_enough").user == agent.user
    commands.reply(case_id=case.pk, body="?", then="wait", actor=agent.user, at=LATER + 3 * HOUR)
    case.refresh_from_db()
    assert (case.status, running(case, "resolution").paused_at) == ("waiting_member", None)


def test_a_case_goes_on_waiting_while_another_of_its_clocks_stands_still(member, service, agent):
    PauseRule.objects.filter(reason="waiting_bank").update(in_working_time=True)
    case = opened(member, service, "refund", order=OrderFactory(member=member))
    wait(case, "waiting_bank", at=T0)
    other = Clock.objects.get(case=case, milestone="refund")
    later = T0 + 9 * HOUR
    Pause.objects.filter(clock=other).update(ends_by=later)
    Clock.objects.filter(pk=other.pk).update(next_fire_at=later)
    sweep(T0 + 3 * HOUR)
    case.refresh_from_db()
    assert case.waiting_for == "waiting_bank"
    sweep(later)
    case.refresh_from_db()
    assert case.waiting_for == ""


def test_a_case_that_nobody_has_is_open_and_nobody_is_told(case):
    wait(case, "waiting_bank")
    sweep(LATER + 2 * HOUR)
    case.refresh_from_db()
    assert (case.status, case.waiting_for) == ("open", "")
    assert not Alert.objects.filter(kind="case.waited_enough").exists()


def test_the_member_hears_from_us_at_least_so_often(case, agent):
    assert running(case, "periodic_update").due_at == T0 + 4 * HOUR
    commands.reply(case_id=case.pk, body="在查", actor=agent.user, at=T0 + HOUR)
    assert running(case, "periodic_update").due_at == T0 + 5 * HOUR
    waiting.called_back(case_id=case.pk, reached=True, actor=agent.user, at=T0 + 2 * HOUR)
    assert running(case, "periodic_update").due_at == T0 + 6 * HOUR
    wait(case, at=T0 + 2 * HOUR)
    assert running(case, "periodic_update").paused_at is None
    commands.reply(case_id=case.pk, body="好了", then="resolve", actor=agent.user, at=T0 + 3 * HOUR)
    updates = Clock.objects.filter(milestone="periodic_update")
    assert updates.count() == 3
    assert not updates.filter(met_at=None).exists()
    commands.reopen(case_id=case.pk, reason="没好", actor=agent.user, at=T0 + 4 * HOUR)
    assert running(case, "periodic_update").started_at == T0 + 4 * HOUR


def test_a_note_is_no_update(case, agent):
    commands.note(case_id=case.pk, body="x", actor=agent.user, at=T0 + HOUR)
    assert running(case, "periodic_update").started_at == T0


def test_an_unshipped_refund_has_a_minute(member, service, agent):
    make_policy("unshipped", position=1, kinds=["refund"], order_statuses=["paid"], targets={"refund": 2})
    order = OrderFactory(member=member, status="paid")
    case = opened(member, service, "refund", order=order)
    assert running(case, "refund").due_at == T0 + 2 * MINUTE
    waiting.refunded(case_id=case.pk, note="原路退回", actor=agent.user, at=T0 + MINUTE)
    assert Clock.objects.get(milestone="refund").met_at == T0 + MINUTE
    assert Notice.objects.filter(kind="case.refunded").count() == 1
    with pytest.raises(WrongState):
        waiting.refunded(case_id=case.pk, actor=agent.user, at=T0 + MINUTE)


@pytest.mark.parametrize(("resolution", "ends"), [("solved", "met_at"), ("not_justified", "stopped_at")])
def test_resolving_ends_the_refund_by_how_it_was_resolved(member, service, agent, resolution, ends):
    case = opened(member, service, "refund", order=OrderFactory(member=member))
    commands.reply(case_id=case.pk, body="好", then="resolve", resolution=resolution, actor=agent.user, at=T0)
    assert getattr(Clock.objects.get(milestone="refund"), ends) == T0


def test_returned_goods_start_the_refund_when_they_arrive(member, service):
    Clock.objects.all().delete()
    make_policy("back", position=1, kinds=["refund"], order_statuses=["returned"], targets={"refund": 1440})
    order = OrderFactory(member=member, status="shipped")
    make_policy("none", position=0, is_active=False)
    case = opened(member, service, "refund", order=order)
    Clock.objects.filter(case=case, milestone="refund").delete()  # the policy for all times it at once
    assert start_refunds(at=T0 + HOUR) == 0
    order.status, order.returned_at = "returned", T0 + 2 * HOUR
    order.save()
    assert start_refunds(at=T0 + 5 * HOUR) == case.pk
    clock = running(case, "refund")
    assert (clock.started_at, clock.due_at) == (T0 + 2 * HOUR, T0 + 26 * HOUR)
    assert start_refunds(at=T0 + 6 * HOUR) == 0


def test_a_review_s_follow_up_promises_a_reply_and_a_call(member, service, agent):
    case = opened(member, service, "review")
    assert running(case, "review_reply").due_at == T0 + 2 * HOUR
    assert running(case, "call_back").due_at == T0 + HOUR
    waiting.review_answered(case_id=case.pk, actor=agent.user, at=T0 + MINUTE)
    assert Clock.objects.get(milestone="review_reply").met_at == T0 + MINUTE
    with pytest.raises(WrongState):
        waiting.review_answered(case_id=case.pk, actor=agent.user, at=T0 + MINUTE)
    resolve = {
        "case_id": case.pk,
        "body": "好",
        "then": "resolve",
        "actor": agent.user,
        "at": T0 + 2 * MINUTE,
    }
    with pytest.raises(Invalid):
        commands.reply(**resolve)
    commands.reply(**resolve, call="unwanted")
    assert Clock.objects.get(milestone="call_back").stopped_at == T0 + 2 * MINUTE


def test_category_and_language_are_those_of_order_and_member(member, service):
    order = OrderFactory(member=member)
    OrderLineFactory(order=order, product=ProductFactory(category=""))
    OrderLineFactory(order=order, product=ProductFactory(category="鞋"))
    case = opened(member, service, order=order)
    assert (case.category, case.language) == ("鞋", "zh-hans")
    facts = Clock.objects.filter(case=case).first().facts
    assert (facts["category"], facts["language"], facts["department"], facts["order_status"]) == (
        "鞋",
        "zh-hans",
        "service",
        "paid",
    )
    other = opened(member, service, category="家电", language="en")
    assert (other.category, other.language) == ("家电", "en")


def test_what_may_be_done_says_why_not(case, agent):
    may = actions_for(case, agent.user)
    assert {"wait_for", "courier", "call", "keep"} <= set(may)
    assert "go_on" in may.refused
    case = wait(case)
    assert "go_on" in actions_for(case, agent.user)


@pytest.mark.django_db(transaction=True)
def test_two_questions_to_the_courier_at_once_are_one(case):
    ask = [lambda: waiting.ask_courier(case_id=case.pk, question="?", actor=None, at=LATER) for _ in range(2)]
    results = at_once(*ask)
    assert [type(error) for error in refused(results)] == [WrongState]
    assert Clock.objects.filter(milestone="courier_answer").count() == 1


def test_starting_twice_gives_the_clock_that_runs(case):
    first = clocks.start(case, "pick_up", actor=None, at=LATER)
    assert first is None
    make_policy("calls", targets={"pick_up": 1})
    first = clocks.start(case, "pick_up", actor=None, at=LATER)
    assert clocks.start(case, "pick_up", actor=None, at=LATER + MINUTE) == first
    clocks.stop(case, "pick_up", actor=None, at=LATER + MINUTE)
    assert Clock.objects.get(milestone="pick_up").stopped_at == LATER + MINUTE
    clocks.met(case, "pick_up", actor=None, at=LATER + MINUTE)
