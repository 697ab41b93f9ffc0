from datetime import timedelta

import pytest
from django.utils import translation

from config.common.models import Event, EventOffset, OutboxMessage
from feedback.cases import working
from feedback.cases.timeline import timeline_of
from feedback.clocks import commands
from feedback.ladders.sweep import sweep
from feedback.models import Alert, Clock, Firing, Handoff
from tests.factories.sop import (
    START,
    SopCaseFactory,
    SopDepartmentFactory,
    make_agent,
    make_ladder,
    make_policy,
)

pytestmark = [pytest.mark.django_db, pytest.mark.req("F3")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DUE = START + 30 * MINUTE


@pytest.fixture
def top():
    return SopDepartmentFactory(code="top")


@pytest.fixture
def service(top):
    return SopDepartmentFactory(code="service", parent=top)


@pytest.fixture
def lead(service):
    return make_agent(service, is_lead=True, username="lead")


@pytest.fixture
def boss(top):
    return make_agent(top, is_lead=True, username="boss")


@pytest.fixture
def agent(service):
    return make_agent(service, username="agent")


@pytest.fixture
def policy():
    return make_policy(ladder=make_ladder(), targets={"first_reply": 30})


def open_case(department, agent=None, at=START, **fields):
    case = SopCaseFactory(department=department, agent=agent, opened_at=at, **fields)
    commands.start_for_case(case, actor=None, at=at)
    return case


def fired(case):
    return list(
        Firing.objects.filter(clock__case=case).order_by("due_at", "rung").values_list("action", flat=True)
    )


def notices(case):
    return list(case.member.notices.order_by("id").values_list("kind", "title"))


def told(case):
    return list(Alert.objects.filter(case=case).order_by("id").values_list("kind", "user__username"))


def test_each_rung_at_its_time(policy, service, agent, lead, boss):
    case = open_case(service, agent)
    assert sweep(START + 24 * MINUTE - timedelta(microseconds=1)).clocks == 0
    assert sweep(START + 24 * MINUTE).fired == {"notify_agent": 1}
    assert told(case) == [("clock.warned", "agent")]

    assert sweep(DUE).breached == 1
    clock = Clock.objects.get()
    assert clock.breached_at == clock.due_at == DUE
    assert told(case)[1:] == [("clock.breached", "lead")]

    sweep(DUE + 30 * MINUTE)
    case.refresh_from_db()
    assert (case.agent, case.status, case.version) == (lead, "open", 2)
    assert told(case)[2:] == [("case.reassigned", "lead")]

    sweep(DUE + 2 * HOUR)
    case.refresh_from_db()
    assert (case.department.code, case.agent, case.version) == ("top", None, 3)
    assert Clock.objects.get().department == case.department
    assert told(case)[3:] == [("case.escalated", "boss")]
    assert fired(case) == ["notify_agent", "notify_lead", "reassign_lead", "escalate"]
    assert Clock.objects.get().next_fire_at is None
    assert sweep(DUE + 100 * HOUR).clocks == 0


def test_rungs_that_are_late_fire_once_in_order(policy, service, agent, lead, boss):
    case = open_case(service, agent)
    at = DUE + 5 * HOUR
    result = sweep(at)
    assert (result.clocks, result.breached, sum(result.fired.values())) == (1, 1, 4)
    assert list(Firing.objects.order_by("rung").values_list("due_at", "fired_at")) == [
        (START + 24 * MINUTE, at),
        (DUE, at),
        (DUE + 30 * MINUTE, at),
        (DUE + 2 * HOUR, at),
    ]
    assert sweep(at).clocks == 0
    assert len(told(case)) == 4
    kinds = (
        Event.objects.filter(subject_type="case", subject_id=case.pk)
        .order_by("at", "id")
        .values_list("kind", flat=True)
    )
    assert list(kinds) == [
        "clock.started",
        "clock.breached",
        "ladder.fired",
        "ladder.fired",
        "case.assigned",
        "case.transferred",
        "clock.moved",
    ]


def test_met_in_between_fires_nothing(policy, service, agent, lead):
    case = open_case(service, agent)
    commands.replied(case, actor=None, at=DUE)
    assert sweep(DUE + 5 * HOUR).clocks == 0
    assert not Firing.objects.exists()


@pytest.mark.req("F9")
def test_member_is_told_of_each_change_once_in_their_language(policy, service, top, agent, lead, boss):
    top.name_en = "Head office"
    top.save()
    lead.user.name = "Ma Li"
    lead.user.save()
    mine = open_case(service, agent, member__language="zh-hans")
    theirs = open_case(service, agent, member__language="en")
    with translation.override("en"):
        for at in (DUE, DUE + 30 * MINUTE, DUE + 30 * MINUTE, DUE + 2 * HOUR, DUE + 2 * HOUR):
            sweep(at)
    assert notices(theirs) == [
        ("case.working", f"Ma Li is working on your case {theirs.number}"),
        ("case.moved", f"Your case {theirs.number} is now with our Head office"),
    ]
    assert notices(mine) == [
        ("case.working", f"Ma Li正在处理您的反馈 {mine.number}"),
        ("case.moved", f"您的反馈 {mine.number} 已转交{top.name}"),
    ]
    notice = theirs.member.notices.first()
    assert (notice.path, notice.body) == (f"/portal/cases/{theirs.pk}/", "")
    assert OutboxMessage.objects.filter(kind="member", recipient=f"member:{theirs.member_id}").count() == 2


@pytest.mark.req("F9")
def test_member_reads_what_a_colleague_would_have_caused(policy, service, top, agent, lead, boss):
    swept, by_hand = open_case(service, agent), SopCaseFactory(department=service, agent=agent)
    sweep(DUE + 30 * MINUTE)
    sweep(DUE + 2 * HOUR)
    working.assign(case_id=by_hand.pk, agent_id=lead.pk, actor=None, at=DUE)
    working.transfer(case_id=by_hand.pk, department_id=top.pk, actor=None, at=DUE)
    texts = [
        [(kind, title.replace(case.number, "")) for kind, title in notices(case)] for case in (swept, by_hand)
    ]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 2


@pytest.mark.req("F9")
def test_member_is_not_told_of_what_changed_nothing(policy, service, lead, boss):
    case = open_case(service, lead)  # the lead has it already
    sweep(DUE + 30 * MINUTE)
    assert notices(case) == []


def test_erased_member_is_not_told(policy, service, agent, lead, boss):
    case = open_case(service, agent, member__erased_at=START)
    sweep(DUE + 2 * HOUR)
    assert fired(case)[-1] == "escalate"
    assert notices(case) == []
    assert not OutboxMessage.objects.filter(kind="member").exists()


def test_unassigned_warns_the_whole_department(policy, service, agent, lead):
    case = open_case(service)
    sweep(START + 24 * MINUTE)
    assert sorted(told(case)) == [("clock.warned", "agent"), ("clock.warned", "lead")]


def test_no_lead_falls_back_to_the_department_above(policy, service, agent, boss):
    case = open_case(service, agent)
    sweep(DUE + 30 * MINUTE)
    case.refresh_from_db()
    assert case.agent == boss
    assert ("clock.breached", "boss") in told(case)


def test_nobody_to_notify_is_on_record(policy):
    case = open_case(SopDepartmentFactory())
    sweep(DUE + 5 * HOUR)
    outcomes = [one.outcome for one in Firing.objects.order_by("rung")]
    assert [one["told"] for one in outcomes] == [[]] * 4
    assert [one.get("unchanged", False) for one in outcomes] == [False, False, False, True]
    assert [one["when"] for one in outcomes] == [
        {"percent": 80},
        {"percent": 100},
        {"after": 1800},
        {"after": 7200},
    ]
    case.refresh_from_db()
    assert (case.version, case.agent) == (1, None)
    assert not Alert.objects.exists()


def test_inactive_people_are_not_counted_on(policy, service, agent, lead, boss):
    lead.is_active = False
    lead.save()
    case = open_case(service, agent)
    sweep(DUE)
    assert told(case)[1:] == [("clock.breached", "boss")]


def test_goes_to_the_lead_with_the_fewest(policy, service, lead):
    other = make_agent(service, is_lead=True, username="other")
    SopCaseFactory(department=service, agent=lead)
    cases = [open_case(service) for _ in range(3)]
    sweep(DUE + 30 * MINUTE)
    for case in cases:
        case.refresh_from_db()
    assert [case.agent for case in cases] == [other, lead, other]


def test_passes_over_a_department_above_that_takes_no_cases(policy, top, boss):
    closed = SopDepartmentFactory(parent=top, is_active=False)
    case = open_case(SopDepartmentFactory(parent=closed))
    sweep(DUE + 2 * HOUR)
    case.refresh_from_db()
    assert case.department == top


def test_two_clocks_of_a_case_fire_in_order_of_time(service, top, lead, boss):
    ladder = make_ladder({"percent": 100, "action": "escalate"}, code="up")
    make_policy("reply", ladder=ladder, targets={"first_reply": 30})
    tell = make_ladder({"percent": 100, "action": "notify_lead"}, code="tell")
    make_policy("solve", ladder=tell, targets={"resolution": 60})
    case = open_case(service)
    sweep(START + HOUR)
    assert told(case) == [("case.escalated", "boss"), ("clock.breached", "boss")]
    assert set(Clock.objects.values_list("department", flat=True)) == {top.pk}


def test_handoff_tells_and_never_moves_the_case(policy, service, top, agent, boss):
    make_policy("handoff", ladder=policy.targets.get().ladder, targets={"handoff": 240})
    case = open_case(service, agent)
    commands.replied(case, actor=None, at=START)
    logistics = SopDepartmentFactory(parent=top)
    packer = make_agent(logistics, username="packer")
    chief = make_agent(logistics, is_lead=True, username="chief")
    handoff = Handoff.objects.create(
        case=case,
        from_department=service,
        department=logistics,
        question="?",
        asked_at=START,
        started_at=START,
    )
    commands.start_handoff(handoff, actor=None, at=START)
    sweep(START + 24 * HOUR)
    case.refresh_from_db()
    assert (case.agent, case.department, case.version) == (agent, service, 1)
    assert told(case) == [
        ("clock.warned", packer.user.username),
        ("clock.warned", "chief"),
        ("clock.breached", "chief"),
        ("clock.breached", "chief"),
        ("clock.breached", "boss"),
    ]
    assert Clock.objects.get(handoff=handoff).department == chief.departments.get()


def test_raised_priority_brings_its_policy(service):
    make_policy(ladder=make_ladder({"percent": 50, "action": "raise_priority"}), targets={"resolution": 120})
    make_policy("high", targets={"resolution": 90}, priorities=[3], position=1)
    case = open_case(service)
    sweep(START + HOUR)
    case.refresh_from_db()
    assert (case.priority, case.next_due_at) == (3, START + 90 * MINUTE)
    clock = Clock.objects.get()
    assert (clock.due_at, clock.next_fire_at, clock.rungs_fired) == (START + 90 * MINUTE,) * 2 + (1,)
    assert Event.objects.get(kind="case.priority_changed").data["priorities"] == [2, 3]


def test_waits_while_paused(policy, service, agent):
    make_policy("solve", ladder=policy.targets.get().ladder, targets={"resolution": 60})
    case = open_case(service, agent)
    commands.replied(case, actor=None, at=START)
    commands.wait_for_member(case, actor=None, at=START + 10 * MINUTE)
    assert sweep(START + 50 * HOUR).clocks == 0
    commands.member_spoke(case, at=START + 51 * HOUR)
    clock = Clock.objects.get(milestone="resolution")
    assert clock.due_at == START + 51 * HOUR + 50 * MINUTE
    assert clock.next_fire_at == clock.due_at - 12 * MINUTE


def test_pause_after_the_due_time_keeps_the_breach_and_delays_the_rest(service, lead):
    make_policy(ladder=make_ladder(), targets={"resolution": 60})
    case = open_case(service)
    commands.wait_for_member(case, actor=None, at=START + 70 * MINUTE)
    clock = Clock.objects.get()
    assert clock.breached_at == clock.due_at == START + HOUR
    assert sweep(START + 5 * HOUR).clocks == 0
    commands.resume(case, actor=None, at=START + 5 * HOUR)
    assert Clock.objects.get().breached_at == START + HOUR
    assert sweep(START + 5 * HOUR).fired == {"notify_agent": 1, "notify_lead": 1}
    assert sweep(START + 5 * HOUR + 19 * MINUTE).clocks == 0
    assert sweep(START + 5 * HOUR + 20 * MINUTE).fired == {"reassign_lead": 1}


def test_several_workers_inside_a_transaction_are_refused(policy, service, agent):
    open_case(service, agent)
    with pytest.raises(RuntimeError):
        sweep(DUE, workers=2)
    assert not Firing.objects.exists()


def test_one_letter_a_pass_for_each_colleague(policy, service, agent):
    for _ in range(3):
        open_case(service, agent)
    sweep(START + 24 * MINUTE)
    assert Alert.objects.count() == 3
    assert OutboxMessage.objects.get(kind="alerts").recipient == f"user:{agent.user_id}"


def test_a_broken_case_holds_up_nobody(policy, service, agent, caplog):
    broken, fine = open_case(service, agent), open_case(service, agent)
    clock = broken.clocks.get()
    Firing.objects.create(clock=clock, rung=0, action="notify_agent", due_at=START, fired_at=START)
    result = sweep(START + 24 * MINUTE)
    assert (result.failed, result.clocks) == ([broken.pk], 1)
    assert fired(fine) == ["notify_agent"]
    assert fired(broken) == ["notify_agent"]


def test_limit_and_chunks(policy, service, agent):
    cases = [open_case(service, agent, START + n * MINUTE) for n in range(5)]
    assert sweep(START + HOUR, limit=2).clocks == 2
    assert [bool(fired(case)) for case in cases] == [True, True, False, False, False]
    assert sweep(START + HOUR, chunk=2).clocks == 3


@pytest.mark.usefixtures("policy", "lead", "boss")
@pytest.mark.parametrize("number", [1, 3])
def test_statements_do_not_grow_with_clocks(service, agent, number, django_assert_num_queries):
    for _ in range(number):
        open_case(service, agent)
    with django_assert_num_queries(40):
        sweep(DUE + 5 * HOUR)


@pytest.mark.req("F3")
def test_timeline_says_what_the_rungs_did(policy, service, agent, lead):
    agent.user.name, lead.user.name = "小李", "老张"
    agent.user.save()
    lead.user.save()
    case = open_case(service, agent)
    sweep(DUE + 5 * HOUR)
    with translation.override("en"):
        told = [entry.text for entry in timeline_of(case) if not entry.kind.startswith("clock.")]
    moved = f"2 h after “first reply” was due: moved the case from {service.name} to {service.parent.name}"
    assert told == [
        "80% of the time for “first reply” used: told 小李 (it was to happen at 03-04 09:24:00)",
        "“first reply” due: told 老张 (it was to happen at 03-04 09:30:00)",
        "30 min after “first reply” was due: gave the case to 老张 (it was to happen at 03-04 10:00:00)",
        moved + " and told nobody (it was to happen at 03-04 11:30:00)",
    ]


def test_events_go_on_after_a_restore_on_a_server_that_counts_lower(policy, service, agent, lead, boss):
    EventOffset.objects.create(id=1, ahead=10**12)
    open_case(service, agent)
    before = Event.objects.latest("id")
    EventOffset.objects.update(ahead=0)
    sweep(DUE + 5 * HOUR)
    written = Event.objects.filter(pk__gt=before.pk).values_list("txid", flat=True)
    assert len(written) == 6
    assert min(written) > before.txid
