from datetime import timedelta

import pytest

from compensation.models import Grant, Notice
from config.common.errors import Busy, Invalid, MoveNotAllowed, NotFound, Stale, WrongState
from config.common.models import Event
from feedback.cases import commands, joining, locking
from feedback.cases.locking import Merged
from feedback.cases.own import own
from feedback.cases.queries import actions_for
from feedback.cases.timeline import timeline_of
from feedback.cases.waiting import wait_for
from feedback.cases.watching import watch
from feedback.handoffs.commands import hand_over
from feedback.ladders.sweep import sweep
from feedback.models import (
    Alert,
    Case,
    CaseLink,
    CaseStatus,
    Clock,
    Draft,
    Message,
    Priority,
    Remedy,
    RemedyRequest,
)
from feedback.playbooks import commands as playbooks
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.factories.knowledge import make_playbook, request_of
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

pytestmark = pytest.mark.req("F7")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = T0 + 20 * MINUTE


def opened(member, at, **options):
    options = {"kind": "complaint", "channel": "portal", "subject": "包裹破损", "body": "碎了", **options}
    return commands.open_case(member=member, actor=member, at=at, **options)


@pytest.fixture
def policy(db):
    return make_policy(targets={"first_reply": 30, "next_reply": 60, "resolution": 600, "handoff": 60})


@pytest.fixture
def two(policy, service, member):
    """The older and the newer of two cases about the same, both new."""
    return opened(member, T0), opened(member, T0 + 10 * MINUTE, body="还是碎的")


def merged(source, target, agent, at=LATER, **options):
    return commands.merge(case_id=source.pk, into_id=target.pk, actor=agent.user, at=at, **options)


def test_one_case_goes_on_with_the_thread_of_both(two, agent):
    older, newer = two
    commands.note(case_id=older.pk, body="查过了", actor=agent.user, at=T0 + MINUTE)
    target = merged(older, newer, agent)
    assert target == newer
    bodies = Message.objects.filter(case=newer).order_by("at").values_list("body", "said_in")
    assert list(bodies) == [("碎了", older.pk), ("查过了", older.pk), ("还是碎的", None)]
    older.refresh_from_db()
    assert (older.status, older.resolution, older.merged_into) == ("closed", "duplicate", newer)
    assert older.resolved_at == older.closed_at == LATER
    texts = [entry.text for entry in timeline_of(Case.objects.get(pk=newer.pk))]
    assert f"将 {older.number} 合并到本工单" in texts
    assert texts.count("写了备注") == 1


@pytest.mark.parametrize("turn", [1, -1])
def test_it_counts_as_opened_when_the_earlier_was(two, agent, turn):
    older, _newer = two
    commands.reply(case_id=older.pk, body="在", actor=agent.user, at=T0 + 5 * MINUTE)
    target = merged(*two[::turn], agent)
    target.refresh_from_db()
    assert (target.opened_at, target.first_replied_at) == (T0, T0 + 5 * MINUTE)


def test_the_earliest_due_time_of_each_milestone_goes_on(two, agent):
    older, newer = two
    first, resolution = older.clocks.order_by("pk")
    merged(older, newer, agent)
    kept = Clock.objects.filter(case=newer, met_at=None, stopped_at=None).order_by("pk")
    assert list(kept) == [first, resolution]
    assert [clock.started_at for clock in kept] == [T0, T0]
    lost = Clock.objects.filter(case=newer).exclude(stopped_at=None)
    assert {clock.stopped_at for clock in lost} == {LATER}
    why = Event.objects.filter(kind="clock.stopped").values_list("data__reason", flat=True)
    assert list(why) == ["merged", "merged"]
    newer.refresh_from_db()
    older.refresh_from_db()
    assert newer.next_due_at == T0 + 30 * MINUTE
    assert older.next_due_at is None


def test_the_survivors_clock_stays_when_it_is_the_earlier(two, agent):
    older, newer = two
    merged(newer, older, agent)
    kept = Clock.objects.filter(case=older, met_at=None, stopped_at=None)
    assert {clock.started_at for clock in kept} == {T0}
    assert Clock.objects.filter(case=newer, stopped_at=LATER).count() == 2


def test_a_breach_stays_on_record(two, agent):
    older, newer = two
    sweep(T0 + 45 * MINUTE)
    before = set(Clock.objects.exclude(breached_at=None).values_list("pk", flat=True))
    assert len(before) == 2
    merged(older, newer, agent, at=T0 + 50 * MINUTE)
    assert set(Clock.objects.exclude(breached_at=None).values_list("pk", flat=True)) == before
    running = Clock.objects.get(case=newer, milestone="first_reply", met_at=None, stopped_at=None)
    assert running.breached_at == T0 + 30 * MINUTE


def test_a_survivor_that_waited_is_open_again(two, agent):
    older, newer = two
    commands.reply(case_id=newer.pk, body="请发照片", then="wait", actor=agent.user, at=T0 + 15 * MINUTE)
    merged(older, newer, agent)
    newer.refresh_from_db()
    assert newer.status == CaseStatus.OPEN
    assert not Clock.objects.filter(case=newer, paused_at__isnull=False).exists()
    paused = Clock.objects.get(case=newer, started_at=T0 + 10 * MINUTE, milestone="resolution")
    assert [(one.from_at, one.to_at) for one in paused.pauses.all()] == [(T0 + 15 * MINUTE, LATER)]


def test_two_that_wait_go_on_waiting(two, agent):
    for case in two:
        commands.reply(case_id=case.pk, body="请发照片", then="wait", actor=agent.user, at=T0 + 15 * MINUTE)
    older, newer = two
    merged(older, newer, agent)
    newer.refresh_from_db()
    assert newer.status == CaseStatus.WAITING_MEMBER
    running = Clock.objects.get(case=newer, met_at=None, stopped_at=None)
    assert (running.started_at, running.paused_at) == (T0, T0 + 15 * MINUTE)
    commands.member_message(case_id=newer.pk, body="照片", actor=newer.member, at=T0 + 25 * MINUTE)
    running.refresh_from_db()
    assert running.due_at == T0 + 610 * MINUTE


@pytest.mark.parametrize("both", [True, False])
def test_what_waits_for_the_supplier_goes_on_waiting_if_both_do(two, agent, both):
    older, newer = two
    for case in two if both else [older]:
        wait_for(case_id=case.pk, reason="waiting_supplier", actor=agent.user, at=T0 + 15 * MINUTE)
    merged(older, newer, agent)
    newer.refresh_from_db()
    assert newer.waiting_for == ("waiting_supplier" if both else "")
    running = newer.clocks.get(milestone="resolution", stopped_at=None)
    assert (running.paused_at is not None) is both


def test_questions_to_departments_go_along_with_their_clocks(two, agent, logistics):
    older, newer = two
    handoff = hand_over(
        case_id=older.pk, department_id=logistics.pk, question="在哪？", actor=agent.user, at=T0 + MINUTE
    )
    merged(older, newer, agent)
    handoff.refresh_from_db()
    newer.refresh_from_db()
    assert handoff.case == newer
    assert newer.status == CaseStatus.WAITING_DEPARTMENT
    assert Clock.objects.get(handoff=handoff).case == newer
    texts = [entry.text for entry in timeline_of(Case.objects.get(pk=newer.pk))]
    assert "请 物流部 协助" in texts or any("物流部" in text for text in texts)


def test_two_open_questions_to_one_department_are_refused(two, agent, logistics):
    for case in two:
        hand_over(
            case_id=case.pk, department_id=logistics.pk, question="？", actor=agent.user, at=T0 + MINUTE
        )
    with pytest.raises(WrongState, match="物流部"):
        merged(*two, agent)
    assert not Case.objects.exclude(merged_into=None).exists()


def test_what_hangs_on_it_goes_along(two, agent):
    older, newer = two
    grant = Grant.objects.create(
        key="k", member=older.member, kind="points", points=10, cost_fen=0, cause="x", requested_at=T0
    )
    remedy = Remedy.objects.create(grant=grant, case=older)
    colleague = AgentFactory(departments=[older.department])
    for case in two:
        watch(case_id=case.pk, user=colleague.user, actor=agent.user, at=T0)
    other = opened(older.member, T0)
    commands.link(case_id=older.pk, other_id=other.pk, kind="related", actor=agent.user, at=T0)
    commands.link(case_id=older.pk, other_id=newer.pk, kind="duplicate", actor=agent.user, at=T0)
    for case, kind in ((older, "reply"), (older, "note"), (newer, "reply")):
        Draft.objects.create(case=case, user=agent.user, kind=kind, body=case.number, at=T0)
    merged(older, newer, agent)
    remedy.refresh_from_db()
    assert remedy.case == newer
    assert newer.watchers.count() == 1
    assert [(link.case, link.other) for link in CaseLink.objects.all()] == [(newer, other)]
    assert {(d.kind, d.body) for d in newer.drafts.all()} == {("reply", newer.number), ("note", older.number)}


def test_playbooks_and_what_they_asked_for_go_along(two, agent):
    """Else nobody could ever say that the parcel was sent: a merged case is not worked on."""
    older, newer = two
    both, one = (
        make_playbook(code="both", remedies=["refund"]),
        make_playbook(code="one", remedies=["reship"]),
    )
    for case, playbook in ((older, both), (newer, both), (older, one)):
        used = playbooks.apply(case_id=case.pk, playbook_id=playbook.pk, actor=agent.user, at=T0)
        request_of(case, use=used)
    merged(older, newer, agent)
    assert RemedyRequest.objects.filter(case=newer).count() == 3
    assert sorted(newer.playbook_uses.values_list("playbook__code", flat=True)) == ["both", "one"]
    for request in RemedyRequest.objects.all():
        playbooks.end_request(request_id=request.pk, done=True, outcome="R1", actor=agent.user, at=T0)


def test_facts_are_joined(two, agent, service):
    older, newer = two
    commands.change_priority(case_id=older.pk, priority=Priority.URGENT, actor=agent.user, at=T0)
    commands.reply(case_id=older.pk, body="在查", actor=agent.user, at=T0 + 5 * MINUTE)
    merged(older, newer, agent)
    newer.refresh_from_db()
    assert (newer.priority, newer.agent, newer.first_replied_at) == (4, agent, T0 + 5 * MINUTE)
    assert (newer.last_message, newer.last_author) == ("还是碎的", "member")


def test_the_member_is_told_once_and_colleagues_are_alerted(two, agent, service):
    older, newer = two
    mate = AgentFactory(departments=[service])
    commands.assign(case_id=newer.pk, agent_id=mate.pk, actor=agent.user, at=T0)
    Notice.objects.all().delete()
    merged(older, newer, agent)
    notice = Notice.objects.get()
    assert older.number in notice.title
    assert newer.number in notice.title
    assert notice.path == f"/portal/cases/{newer.pk}/"
    assert Alert.objects.get(kind="case.took_in").user == mate.user


def test_the_old_number_leads_to_the_new_case(two, agent, member):
    older, newer = two
    merged(older, newer, agent)
    commands.member_message(case_id=older.pk, body="在吗", actor=member, at=LATER + MINUTE)
    assert Message.objects.get(body="在吗").case == newer
    assert list(own(member)) == [newer]


def test_a_merge_again_changes_nothing(two, agent):
    older, newer = two
    merged(older, newer, agent)
    version = Case.objects.get(pk=newer.pk).version
    assert merged(older, newer, agent, at=LATER + HOUR) == newer
    assert Case.objects.get(pk=newer.pk).version == version
    assert Event.objects.filter(kind="case.merged").count() == 1


def test_what_was_merged_before_goes_along(two, agent, member):
    older, newer = two
    third = opened(member, T0 + 12 * MINUTE)
    merged(older, newer, agent)
    merged(newer, third, agent)
    assert set(Case.objects.filter(merged_into=third)) == {older, newer}
    with pytest.raises(Merged) as refusal:
        merged(newer, opened(member, LATER), agent)
    assert refusal.value.details["into"] == third.pk
    with pytest.raises(Merged):
        merged(opened(member, LATER), older, agent)


@pytest.mark.parametrize("name", ["note", "reply", "claim", "reopen", "transfer"])
def test_nothing_more_is_done_to_a_merged_case(two, agent, logistics, name):
    older, newer = two
    merged(older, newer, agent)
    more = {
        "note": {"body": "x"},
        "reply": {"body": "x"},
        "claim": {},
        "reopen": {"reason": "x"},
        "transfer": {"department_id": logistics.pk},
    }[name]
    with pytest.raises(Merged, match=newer.number):
        getattr(commands, name)(case_id=older.pk, actor=agent.user, at=LATER, **more)


def test_refusals(two, agent, member):
    older, newer = two
    with pytest.raises(Invalid):
        merged(older, older, agent)
    with pytest.raises(Invalid):
        merged(older, opened(MemberFactory(), T0), agent)
    with pytest.raises(NotFound):
        commands.merge(case_id=older.pk, into_id=10**9, actor=agent.user, at=LATER)
    with pytest.raises(Stale):
        merged(older, newer, agent, into_version=newer.version - 1)
    with pytest.raises(MoveNotAllowed):
        merged(older, CaseFactory(member=member, resolved=True), agent)
    with pytest.raises(MoveNotAllowed):
        merged(CaseFactory(member=member, closed=True), older, agent)


def test_the_preview_says_what_the_merge_does(two, agent):
    older, newer = two
    seen = joining.preview(older, newer, at=LATER)
    assert (seen.messages, seen.refusal, seen.status) == (1, "", "新建")
    kept = {fate.clock for fate in seen.fates if fate.is_kept}
    merged(older, newer, agent)
    assert set(Clock.objects.filter(case=newer, met_at=None, stopped_at=None)) == kept
    older.refresh_from_db()
    assert newer.number in joining.preview(older, newer, at=LATER).refusal
    assert joining.preview(newer, newer, at=LATER).refusal


@pytest.mark.django_db(transaction=True)
def test_two_at_once_each_into_the_other(two, agent):
    older, newer = two
    results = at_once(lambda: merged(older, newer, agent), lambda: merged(newer, older, agent))
    assert len(refused(results)) == 1
    assert isinstance(refused(results)[0], Merged)
    assert Case.objects.exclude(merged_into=None).count() == 1
    assert Message.objects.values_list("case", flat=True).distinct().count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_reply_at_the_same_moment_is_not_lost(two, agent):
    older, newer = two
    results = at_once(
        lambda: merged(older, newer, agent),
        lambda: commands.reply(case_id=older.pk, body="好", actor=agent.user, at=LATER),
    )
    lost = refused(results)
    assert all(isinstance(one, Merged) for one in lost)
    assert Message.objects.filter(case=newer, body="好").count() == 1 - len(lost)
    assert not Message.objects.filter(case=older).exists()


def test_what_is_merged_in_meanwhile_is_not_overlooked(two, agent, member, monkeypatch):
    older, newer = two
    seen = iter([set(), {10**9}])
    monkeypatch.setattr(locking, "merged_into", lambda _case: next(seen))
    with pytest.raises(Busy):
        merged(older, newer, agent)


def test_another_departments_agent_may_not(two, logistics):
    stranger = AgentFactory(departments=[logistics, DepartmentFactory()])
    assert "merge" not in actions_for(two[0], stranger.user)
