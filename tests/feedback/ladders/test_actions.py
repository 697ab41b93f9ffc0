"""What the rungs do that name people, departments, approvers and playbooks."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from config.common.errors import Invalid, MoveNotAllowed, NotFound, NotPermitted, WrongState
from config.common.models import Event, OutboxMessage
from feedback.cases import commands as cases
from feedback.cases.timeline import timeline_of
from feedback.cases.watching import unwatch, watch
from feedback.clocks import commands as clocks
from feedback.ladders import approvals
from feedback.ladders.sweep import sweep
from feedback.models import (
    Alert,
    Approval,
    Clock,
    DigestLine,
    Firing,
    Handoff,
    Leave,
    Messenger,
    PlaybookUse,
    Resolution,
    Rung,
    Watcher,
)
from tests.factories.feedback import group
from tests.factories.knowledge import make_playbook
from tests.factories.sop import (
    OFFICE,
    START,
    SopCalendarFactory,
    SopCaseFactory,
    SopDepartmentFactory,
    make_agent,
    make_ladder,
    make_policy,
)

pytestmark = [pytest.mark.django_db, pytest.mark.req("F3")]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DUE = START + HOUR
LATER = DUE + MINUTE


@pytest.fixture
def top():
    return SopDepartmentFactory(name="总部", name_en="Head office")


@pytest.fixture
def service(top):
    return SopDepartmentFactory(name="客服部", name_en="Service", parent=top)


@pytest.fixture
def logistics(top):
    return SopDepartmentFactory(name="物流部", name_en="Logistics", parent=top)


@pytest.fixture
def agent(service):
    return make_agent(service, username="agent", name="小李")


@pytest.fixture
def lead(service):
    return make_agent(service, is_lead=True, username="lead", name="老张")


@pytest.fixture
def boss(top):
    return make_agent(top, is_lead=True, username="boss", name="王总")


def case_under(service, agent, *rungs, target="resolution", **policy):
    """A case whose clock of an hour climbs these rungs."""
    make_policy(ladder=make_ladder(*rungs), targets={target: 60, "handoff": 240}, **policy)
    case = SopCaseFactory(department=service, agent=agent, status="open" if agent else "new")
    clocks.start_for_case(case, actor=None, at=START)
    return case


def told(case):
    return list(Alert.objects.filter(case=case).order_by("id").values_list("kind", "user__username"))


def story(case):
    with translation.override("en"):
        return [entry.text for entry in timeline_of(case) if "rung" in entry.data]


def lines():
    return [line for row in DigestLine.objects.all() for line in row.alerts]


# When


def test_before_and_percent_fire_in_the_order_of_this_target(service, agent):
    case_under(
        service,
        agent,
        {"percent": 90, "action": "notify_agent"},
        {"before": 20 * MINUTE, "action": "notify_agent"},
        {"before": 2 * HOUR, "action": "notify_lead"},
    )
    clock = Clock.objects.get()
    assert clock.next_fire_at == START  # two hours before a target of one: from the start
    fired = []
    for at in (START, DUE - 20 * MINUTE, START + 54 * MINUTE):
        assert sweep(at - timedelta(microseconds=1)).clocks == 0
        sweep(at)
        fired.append(Firing.objects.latest("pk").outcome["when"])
    assert fired == [{"before": 7200}, {"before": 1200}, {"percent": 90}]


@pytest.mark.parametrize(
    ("in_working_time", "fires"),
    [(True, timedelta(hours=-17)), (False, timedelta(hours=-2))],  # before 10:00: 17:00 the day before, 08:00
)
def test_a_warning_outside_the_working_hours_waits_for_them(service, agent, in_working_time, fires):
    office = SopCalendarFactory(content=OFFICE)
    rung = {"before": 2 * HOUR, "in_working_time": in_working_time, "action": "notify_agent"}
    make_policy(ladder=make_ladder(rung), targets={"resolution": 480}, calendar=office)
    case = SopCaseFactory(department=service, agent=agent)
    clocks.start_for_case(case, actor=None, at=START + HOUR)  # 10:00; due 10:00 the next day
    clock = Clock.objects.get()
    assert clock.due_at == START + 25 * HOUR
    assert clock.next_fire_at == clock.due_at + fires


# Whom


@pytest.mark.parametrize(
    ("recipients", "names"),
    [
        ("agent", ["agent"]),
        ("department", ["agent", "lead"]),
        ("leads", ["lead"]),
        ("leads_above", ["boss"]),
        ("watchers", ["colleague"]),
        ("", ["lead"]),
    ],
)
def test_those_named_are_told(service, agent, lead, boss, recipients, names):
    case = case_under(service, agent, {"percent": 50, "action": "notify", "recipients": recipients})
    watcher = make_agent(service, username="colleague") if recipients == "watchers" else boss
    Watcher.objects.create(case=case, user=watcher.user, since=START)
    sweep(START + 30 * MINUTE)
    assert [name for _kind, name in told(case)] == names


def test_who_is_on_leave_is_not_counted_on(service, agent, lead, boss):
    for one in (agent, lead):
        Leave.objects.create(agent=one, starts_at=START, ends_at=START + 24 * HOUR)
    case = case_under(
        service,
        agent,
        {"percent": 80, "action": "notify_agent"},
        {"percent": 100, "action": "reassign_lead"},
    )
    sweep(DUE)
    case.refresh_from_db()
    assert told(case) == [("clock.warned", "boss"), ("case.reassigned", "boss")]
    assert case.agent == boss


def test_where_nobody_is_on_duty_the_nearest_leads_are_told(service, agent, lead, boss):
    for one in (agent, lead, boss):
        Leave.objects.create(agent=one, starts_at=START, ends_at=START + 24 * HOUR)
    case = case_under(service, agent, {"percent": 100, "action": "notify_lead"})
    sweep(DUE)
    assert told(case) == [("clock.breached", "lead")]


@pytest.mark.parametrize(
    ("via", "ways"),
    [
        ("desk", set()),
        ("email", {"user"}),
        ("messenger", {"own", "group"}),
        ("all", {"user", "own", "group"}),
    ],
)
def test_by_which_way(service, agent, lead, via, ways):
    own = Messenger.objects.create(name="x", kind="other", user=lead.user)
    robot = Messenger.objects.create(name="y", kind="other", department=service)
    Messenger.objects.create(name="z", kind="other", department=service, is_active=False)
    case = case_under(service, agent, {"percent": 100, "action": "notify_lead", "via": via})
    sweep(DUE)
    assert told(case) == [("clock.breached", "lead")]  # the desk always
    messages = OutboxMessage.objects.filter(kind__in=["alerts", "messenger"]).values_list(
        "recipient", flat=True
    )
    known = {f"user:{lead.user_id}": "user", f"messenger:{own.pk}": "own", f"messenger:{robot.pk}": "group"}
    assert {known[one] for one in messages} == ways


# What


def test_watchers_are_added_once_and_told_of_what_follows(service, agent, lead, boss):
    case = case_under(
        service,
        agent,
        {"percent": 50, "action": "watch", "recipients": "leads_above"},
        {"percent": 60, "action": "watch", "recipients": "leads_above"},
        {"after": MINUTE, "action": "reassign_lead"},
    )
    sweep(START + 40 * MINUTE)
    assert list(case.watchers.values_list("user", flat=True)) == [boss.user_id]
    sweep(DUE)
    assert told(case)[1:] == [("clock.breached", "boss")]  # no rung there: watchers are told all the same
    sweep(DUE + MINUTE)
    assert told(case)[2:] == [("case.reassigned", "lead"), ("case.reassigned", "boss")]
    told_late = " (it was to happen at 03-04 09:3{}:00)"
    assert story(case) == [
        "50% of the time for “resolution” used: had 王总 watch the case" + told_late.format(0),
        "60% of the time for “resolution” used: found nothing left to do" + told_late.format(6),
        "1 min after “resolution” was due: gave the case to 老张",
    ]


def test_a_watcher_who_may_not_see_the_case_any_more_is_told_nothing(service, agent, boss):
    case = case_under(service, agent, {"percent": 100, "action": "notify_agent"})
    watch(case_id=case.pk, user=boss.user, actor=None, at=START)
    boss.memberships.all().delete()
    sweep(DUE)
    assert told(case) == [("clock.breached", "agent")]


@pytest.mark.req("F4")
def test_hand_off_asks_the_department_under_a_clock_of_its_own(service, agent, logistics):
    make_agent(logistics, is_lead=True, username="chief")
    rungs = [
        {"percent": 50, "action": "hand_off", "department": logistics, "note": "包裹在哪？"},
        {"percent": 60, "action": "hand_off", "department": logistics},
    ]
    case = case_under(service, agent, *rungs)
    cases.reply(case_id=case.pk, body="?", then="wait", actor=agent.user, at=START)
    clocks.resume(case, actor=None, at=START)  # as if the clock had been let run
    sweep(START + 30 * MINUTE)
    handoff = Handoff.objects.get()
    assert (handoff.department, handoff.question, handoff.asked_by) == (logistics, "包裹在哪？", None)
    assert handoff.clocks.get().started_at == START + 30 * MINUTE
    case.refresh_from_db()
    assert case.status == "waiting_dept"
    assert case.clocks.get(handoff=None).paused_at is None
    assert told(case) == [("case.handed_off", "chief")]
    assert "物流部" in case.member.notices.last().title
    assert Event.objects.get(kind="handoff.asked").subject_id == handoff.pk
    sweep(START + 36 * MINUTE)  # was asked already
    assert Handoff.objects.count() == 1
    assert story(case)[1].startswith("60% of the time for “resolution” used: found nothing left to do")


def test_a_department_is_not_asked_about_its_own_case_nor_one_that_takes_none(service, agent, logistics):
    logistics.is_active = False
    logistics.save()
    case_under(
        service,
        agent,
        {"percent": 50, "action": "hand_off", "department": service},
        {"percent": 60, "action": "hand_off", "department": logistics},
    )
    sweep(DUE)
    assert not Handoff.objects.exists()
    assert all(one.outcome["unchanged"] for one in Firing.objects.all())


def test_playbook_is_begun_once(service, agent):
    playbook = make_playbook()
    case = case_under(
        service,
        agent,
        {"percent": 50, "action": "playbook", "playbook": playbook},
        {"percent": 60, "action": "playbook", "playbook": playbook},
    )
    sweep(DUE)
    assert PlaybookUse.objects.get().case == case
    assert [one.outcome.get("unchanged", False) for one in Firing.objects.order_by("rung")] == [False, True]
    assert told(case) == [("case.playbook", "agent")]


def test_what_is_due_of_all_kinds_takes_the_same_number_of_statements(
    service, agent, logistics, lead, boss, django_assert_max_num_queries
):
    rungs = [
        {"percent": 50, "action": "watch"},
        {"percent": 60, "action": "hand_off", "department": logistics},
        {"percent": 70, "action": "ask_approval", "approval": "overrun"},
        {"percent": 100, "action": "notify", "recipients": "watchers"},
    ]
    case_under(service, agent, *rungs)
    for _number in range(4):
        clocks.start_for_case(SopCaseFactory(department=service, agent=agent), actor=None, at=START)
    with django_assert_max_num_queries(62):
        assert sweep(DUE + HOUR).clocks == 5
    assert Handoff.objects.count() == Approval.objects.count() == Watcher.objects.count() == 5


# Approvals


@pytest.fixture
def asked(service, agent, lead):
    lead.user.groups.add(group("team_lead"))
    case = case_under(
        service,
        agent,
        {"percent": 100, "action": "ask_approval", "approval": "overrun", "note": "可否再等？"},
    )
    sweep(DUE)
    return case


def test_lead_decides_and_the_agent_is_told(asked, agent, lead):
    approval = approvals.waiting_for(lead.user).get()
    assert (approval.kind, approval.reason, approval.department) == (
        "overrun",
        "可否再等？",
        asked.department,
    )
    assert told(asked) == [("approval.asked", "lead")]
    done = approvals.decide(
        approval_id=approval.pk, approve=True, note="可以", actor=lead.user, at=DUE + MINUTE
    )
    assert (done.status, done.decided_by, done.note) == ("approved", lead.user, "可以")
    assert told(asked)[1:] == [("approval.approved", "agent")]
    assert not approvals.waiting_for(lead.user).exists()
    with translation.override("en"):
        assert timeline_of(asked)[-1].text == "approved: taking longer than the target"
    with pytest.raises(WrongState):
        approvals.decide(approval_id=approval.pk, approve=False, actor=lead.user, at=DUE)


def test_who_may_decide(asked, agent, lead, logistics):
    approval = Approval.objects.get()
    stranger = make_agent(logistics, is_lead=True).user
    stranger.groups.add(group("team_lead"))
    for user, error in ((agent.user, NotPermitted), (stranger, NotFound)):
        assert not approvals.waiting_for(user).exists()
        with pytest.raises(error):
            approvals.decide(approval_id=approval.pk, approve=True, actor=user, at=DUE)
    cases.assign(case_id=asked.pk, agent_id=lead.pk, actor=None, at=DUE)
    with pytest.raises(NotPermitted):  # nobody decides on what they are late with
        approvals.decide(approval_id=approval.pk, approve=True, actor=lead.user, at=DUE)
    with pytest.raises(Invalid):
        approvals.decide(approval_id=approval.pk, approve=True, note="x" * 201, actor=lead.user, at=DUE)


def test_what_nobody_decided_lapses_with_the_case(asked, agent, lead):
    approval = Approval.objects.get()
    cases.resolve(case_id=asked.pk, resolution=Resolution.SOLVED, message="!", actor=agent.user, at=DUE)
    with pytest.raises(MoveNotAllowed):
        approvals.decide(approval_id=approval.pk, approve=True, actor=lead.user, at=DUE)
    assert not approvals.waiting_for(lead.user).exists()
    sweep(DUE + MINUTE)
    approval.refresh_from_db()
    assert (approval.status, approval.decided_at) == ("lapsed", DUE + MINUTE)
    assert Event.objects.filter(kind="approval.lapsed").count() == 1


# Watching


def test_watching_is_on_record_once_and_ends(asked, lead, boss, logistics):
    for _again in range(2):
        watch(case_id=asked.pk, user=boss.user, actor=lead.user, at=DUE)
    assert asked.watchers.get().by == lead.user
    with translation.override("en"):
        assert timeline_of(asked)[-1].text == "has 王总 watch the case"
    for _again in range(2):
        unwatch(case_id=asked.pk, user=boss.user, actor=boss.user, at=DUE)
    kinds = [one.kind for one in Event.objects.filter(kind__contains="watched").order_by("id")]
    assert kinds == ["case.watched", "case.unwatched"]
    with pytest.raises(Invalid):
        watch(case_id=asked.pk, user=make_agent(logistics).user, actor=None, at=DUE)
    with pytest.raises(NotFound):
        watch(case_id=999_999, user=boss.user, actor=None, at=DUE)


# Editing


@pytest.mark.parametrize(
    ("rung", "field"),
    [
        ({"action": "notify"}, "__all__"),
        ({"percent": 80, "before": HOUR, "action": "notify"}, "__all__"),
        ({"percent": 80, "action": "hand_off"}, "department"),
        ({"percent": 80, "action": "ask_approval"}, "approval"),
        ({"percent": 80, "action": "playbook"}, "playbook"),
        ({"percent": 80, "action": "notify", "approval": "overrun"}, "approval"),
    ],
)
def test_what_makes_no_rung_is_said_in_words(rung, field):
    with pytest.raises(ValidationError) as refused:
        Rung(**rung).clean()
    assert list(refused.value.error_dict if field != "__all__" else ["__all__"]) == [field]
