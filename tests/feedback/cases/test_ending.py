from datetime import timedelta

import pytest

from config.common.errors import Invalid, MoveNotAllowed, NotFound, Stale
from config.common.models import Event
from feedback.cases import commands
from feedback.models import Case, CaseStatus
from feedback.tasks import close_silent_cases
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import CaseFactory, DepartmentFactory, HandoffFactory
from tests.factories.sop import make_policy
from tests.threads import at_once

LATER = T0 + timedelta(minutes=15)
DAY = timedelta(days=1)


def resolving(case, agent, **options):
    return commands.resolve(
        **{"case_id": case.pk, "resolution": "solved", "actor": agent.user, "at": LATER, **options}
    )


@pytest.fixture
def resolved(service):
    return CaseFactory(department=service, resolved=True)


@pytest.mark.req("F9")
def test_no_member_is_resolved_in_silence(case, agent):
    with pytest.raises(Invalid):
        resolving(case, agent)
    resolving(case, agent, message="已补发")
    case.refresh_from_db()
    assert (case.status, case.first_replied_at, case.last_message) == (CaseStatus.RESOLVED, LATER, "已补发")
    notice = case.member.notices.latest("pk")
    assert "请确认" in notice.title
    assert notice.body == "已补发"


def test_after_a_reply_no_message_is_needed(case, agent):
    commands.reply(case_id=case.pk, body="好", actor=agent.user, at=T0)
    assert resolving(case, agent).resolution == "solved"


def test_resolve_meets_the_clocks(service, member, agent):
    make_policy()
    case = commands.open_case(
        member=member, kind="complaint", channel="portal", subject="破损", actor=member, at=T0
    )
    resolving(case, agent, message="已补发")
    assert {clock.met_at for clock in case.clocks.all()} == {LATER}


def test_resolve_waits_for_every_department_that_was_asked(agent, service):
    case = HandoffFactory(case__department=service, case__first_replied_at=T0).case
    with pytest.raises(MoveNotAllowed):
        resolving(case, agent)


@pytest.mark.parametrize("resolution", ["", "nonsense"])
def test_resolution_must_be_one_of_the_list(case, agent, resolution):
    with pytest.raises(Invalid):
        resolving(case, agent, resolution=resolution, message="好")
    case.refresh_from_db()
    assert (case.status, case.first_replied_at) == (CaseStatus.NEW, None)


def test_stale_resolve(case, agent):
    with pytest.raises(Stale):
        resolving(case, agent, message="好", version=case.version + 1)


def test_resolved_is_not_resolved_again(resolved, agent):
    with pytest.raises(MoveNotAllowed):
        resolving(resolved, agent)


@pytest.mark.req("F9")
def test_member_confirms_once(resolved):
    confirmed = commands.confirm(case_id=resolved.pk, actor=resolved.member, at=LATER)
    assert (confirmed.status, confirmed.closed_at, confirmed.confirmed_at) == (
        CaseStatus.CLOSED,
        LATER,
        LATER,
    )
    again = commands.confirm(case_id=resolved.pk, actor=resolved.member, at=LATER + DAY)
    assert (again.version, again.confirmed_at) == (confirmed.version, LATER)
    assert Event.objects.filter(kind="case.confirmed").count() == 1


def test_nothing_to_confirm(case, resolved):
    with pytest.raises(MoveNotAllowed):
        commands.confirm(case_id=case.pk, actor=case.member, at=LATER)
    commands.close_case(case_id=resolved.pk, actor=None, at=LATER)
    with pytest.raises(MoveNotAllowed):
        commands.confirm(case_id=resolved.pk, actor=resolved.member, at=LATER)


def test_only_the_member_confirms_and_reopens(resolved):
    for call in (
        lambda who: commands.confirm(case_id=resolved.pk, actor=who, at=LATER),
        lambda who: commands.reopen(case_id=resolved.pk, reason="x", actor=who, at=LATER),
    ):
        with pytest.raises(NotFound):
            call(MemberFactory())


@pytest.mark.django_db(transaction=True)
def test_double_confirm_is_one():
    case = CaseFactory(resolved=True)
    results = at_once(*[lambda: commands.confirm(case_id=case.pk, actor=case.member, at=LATER)] * 3)
    assert {result.version for result in results} == {2}
    assert Event.objects.filter(kind="case.confirmed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_confirm_and_reopen_at_once_end_in_one_of_both():
    case = CaseFactory(resolved=True, department=DepartmentFactory(reopen_within_days=0))
    at_once(
        lambda: commands.confirm(case_id=case.pk, actor=case.member, at=LATER),
        lambda: commands.reopen(case_id=case.pk, reason="没好", actor=case.member, at=LATER),
    )
    case.refresh_from_db()
    assert case.status in {CaseStatus.CLOSED, CaseStatus.REOPENED}


def test_members_reason_for_reopening_is_their_message(resolved):
    make_policy()
    commands.reopen(case_id=resolved.pk, reason="还是坏的", actor=resolved.member, at=LATER)
    resolved.refresh_from_db()
    assert (resolved.status, resolved.resolution, resolved.resolved_at) == (CaseStatus.REOPENED, "", None)
    assert (resolved.last_message, resolved.last_author) == ("还是坏的", "member")
    assert resolved.clocks.filter(met_at=None).count() == 2


def test_agents_reason_for_reopening_is_a_note(resolved, agent):
    commands.reopen(case_id=resolved.pk, reason="漏了一件", actor=agent.user, at=LATER)
    assert resolved.messages.get().is_public is False
    assert resolved.member.notices.count() == 1


def test_agent_hears_that_the_member_reopened(resolved, agent):
    Case.objects.filter(pk=resolved.pk).update(agent=agent)
    commands.reopen(case_id=resolved.pk, reason="还是坏的", actor=resolved.member, at=LATER)
    assert agent.user.alerts.get().kind == "case.reopened"


def test_reopening_says_why(resolved):
    with pytest.raises(Invalid):
        commands.reopen(case_id=resolved.pk, reason=" ", actor=resolved.member, at=LATER)


def test_what_is_being_worked_on_is_not_reopened(case, agent):
    for actor in (case.member, agent.user):
        with pytest.raises(MoveNotAllowed):
            commands.reopen(case_id=case.pk, reason="x", actor=actor, at=LATER)


def test_member_reopens_a_closed_case_for_some_days_staff_always(service, agent):
    service.reopen_within_days = 3
    service.save()
    case = CaseFactory(department=service, closed=True)
    late = case.closed_at + 3 * DAY + timedelta(seconds=1)
    with pytest.raises(MoveNotAllowed):
        commands.reopen(case_id=case.pk, reason="x", actor=case.member, at=late)
    commands.reopen(case_id=case.pk, reason="x", actor=agent.user, at=late)
    other = CaseFactory(department=service, closed=True)
    commands.reopen(case_id=other.pk, reason="x", actor=other.member, at=other.closed_at + 3 * DAY)


def test_close(resolved, agent):
    closed = commands.close_case(case_id=resolved.pk, actor=agent.user, note="电话确认", at=LATER)
    assert (closed.status, closed.closed_at, closed.confirmed_at) == (CaseStatus.CLOSED, LATER, None)
    assert resolved.messages.get().body == "电话确认"
    with pytest.raises(MoveNotAllowed):
        commands.close_case(case_id=resolved.pk, actor=agent.user, at=LATER)


@pytest.mark.parametrize(
    "status", [s for s in CaseStatus if s not in (CaseStatus.RESOLVED, CaseStatus.CLOSED)]
)
def test_only_a_resolved_case_is_closed(status, service):
    case = CaseFactory(department=service, status=status)
    with pytest.raises(MoveNotAllowed):
        commands.close_case(case_id=case.pk, actor=None, at=LATER)


def test_silence_closes_after_the_departments_days(service, logistics):
    service.close_after_days, logistics.close_after_days = 2, 7
    service.save(), logistics.save()
    soon, later = (
        CaseFactory(department=service, resolved=True),
        CaseFactory(department=logistics, resolved=True),
    )
    CaseFactory(department=service)
    assert commands.close_silent(at=soon.resolved_at + 2 * DAY - timedelta(seconds=1)) == 0
    assert commands.close_silent(at=soon.resolved_at + 2 * DAY) == 1
    assert commands.close_silent(at=soon.resolved_at + 2 * DAY) == 0
    assert commands.close_silent(at=later.resolved_at + 7 * DAY) == 1
    soon.refresh_from_db()
    assert soon.status == CaseStatus.CLOSED
    assert soon.member.notices.count() == 1


def test_the_task_closes_all_that_are_due(service, time_machine):
    CaseFactory.create_batch(3, department=service, resolved=True)
    time_machine.move_to(T0 + 30 * DAY)
    close_silent_cases()
    assert Case.objects.filter(status=CaseStatus.CLOSED).count() == 3


def test_closing_the_silent_asks_no_more_for_each_case_than_it_must(service, django_assert_max_num_queries):
    CaseFactory.create_batch(2, department=service, resolved=True)
    with django_assert_max_num_queries(200) as two:
        commands.close_silent(at=T0 + 30 * DAY)
    CaseFactory.create_batch(6, department=service, resolved=True)
    with django_assert_max_num_queries(4 * len(two)):
        commands.close_silent(at=T0 + 30 * DAY)


@pytest.mark.django_db(transaction=True)
def test_two_closers_at_once_close_each_case_once():
    department = DepartmentFactory()
    CaseFactory.create_batch(6, department=department, resolved=True)
    counts = at_once(*[lambda: commands.close_silent(at=T0 + 30 * DAY)] * 2)
    assert sum(counts) == 6
    assert Event.objects.filter(kind="case.closed").count() == 6
