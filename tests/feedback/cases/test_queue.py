from datetime import timedelta

import pytest
from django.db import connection, transaction

from config.common.errors import Invalid
from config.common.events import record
from config.common.models import User
from feedback.cases import queue as queues
from feedback.cases.filtering import SORTS, Filter
from feedback.cases.queue import COUNTED_UP_TO, VIEWS, Listed, next_case, place_of
from feedback.models import Case, CaseStatus, Mention, Watcher
from tests.factories.common import UserFactory
from tests.factories.compensation import T0
from tests.factories.feedback import (
    AgentFactory,
    CaseFactory,
    DepartmentFactory,
    HandoffFactory,
    MessageFactory,
    StaffFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ours():
    return DepartmentFactory(code="ours")


@pytest.fixture
def agent(ours):
    return AgentFactory(departments=[ours])


def queue(user, view="department", *, narrow=Filter(), sort="due", at=T0, **options):  # noqa: B008 - frozen
    return queues.queue(place_of(user, at), Listed(view, narrow, sort), **options)


def counts(user):
    found = queues.counts(place_of(user), [Listed(view) for view in VIEWS])
    return dict(zip(VIEWS, found, strict=True))


def news(user, view, **options):
    return queues.news(place_of(user), Listed(view), **options)


def due(minutes):
    return T0 + timedelta(minutes=minutes)


def all_pages(user, view="department", size=3, **options):
    found, after = [], ""
    while after is not None:
        page = queue(user, view, after=after, size=size, **options)
        assert len(page.cases) <= size
        found += page.cases
        after = page.after
    return found


@pytest.mark.req("F7")
def test_pages_hold_every_case_once_next_due_first_and_dueless_last(ours, agent):
    second = DepartmentFactory(code="second")
    agent.memberships.create(department=second)
    minutes = [30, 10, 10, None, 20, None, 10, None, 5]
    cases = [
        CaseFactory(department=(ours, second)[n % 2], next_due_at=None if m is None else due(m))
        for n, m in enumerate(minutes)
    ]
    CaseFactory(next_due_at=due(1))
    wanted = sorted(cases, key=lambda case: (case.next_due_at is None, case.next_due_at or T0, case.pk))
    for size in (1, 2, 3, 4, 9, 50):
        assert all_pages(agent.user, size=size) == wanted


def test_page_that_ends_where_due_times_end_goes_on_with_the_dueless(ours, agent):
    CaseFactory.create_batch(3, department=ours, next_due_at=due(1))
    CaseFactory.create_batch(2, department=ours, next_due_at=None)
    first = queue(agent.user, size=3)
    assert len(first.cases) == 3
    assert len(queue(agent.user, size=3, after=first.after).cases) == 2


def test_cases_that_vanish_between_pages_leave_no_hole(ours, agent):
    cases = CaseFactory.create_batch(4, department=ours, next_due_at=due(1))
    first = queue(agent.user, size=2)
    Case.objects.filter(pk__in=[cases[0].pk, cases[1].pk]).update(
        status="resolved", resolution="solved", resolved_at=T0
    )
    assert queue(agent.user, size=2, after=first.after).cases == cases[2:]


@pytest.mark.req("P1")
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_of_other_departments(agent, view):
    other = AgentFactory(departments=[DepartmentFactory()])
    CaseFactory(next_due_at=due(1))
    CaseFactory(status=CaseStatus.WAITING_MEMBER, agent=other)
    HandoffFactory()
    assert queue(agent.user, view).cases == []
    assert counts(agent.user)[view] == 0


def test_a_case_that_was_mine_in_a_department_that_is_no_longer_mine_is_gone(agent):
    CaseFactory(agent=agent)
    assert queue(agent.user, "mine").cases == []


def test_views(ours, agent):
    mine = CaseFactory(department=ours, agent=agent)
    waiting = CaseFactory(department=ours, agent=agent, status=CaseStatus.WAITING_MEMBER)
    free = CaseFactory(department=ours)
    asked = HandoffFactory(department=ours).case
    HandoffFactory(department=ours, status="answered", ended_at=T0)
    resolved = CaseFactory(department=ours, resolved=True)
    CaseFactory(department=ours, closed=True, agent=agent)
    named = CaseFactory(department=ours, closed=True)
    for case in (named, CaseFactory()):
        note = MessageFactory(case=case, author="agent", user=UserFactory(), is_public=False)
        Mention.objects.create(message=note, user=agent.user)
        Watcher.objects.create(case=case, user=agent.user, since=T0)
    Watcher.objects.create(case=free, user=agent.user, since=T0)
    found = {view: queue(agent.user, view).cases for view in VIEWS}
    assert found == {
        "mine": [mine, waiting],
        "department": [mine, waiting, free],
        "unassigned": [free],
        "waiting": [waiting],
        "handoffs": [asked],
        "mentions": [named],
        "watching": [free],
        "resolved": [resolved],
    }
    assert counts(agent.user) == {view: len(cases) for view, cases in found.items()} | {"mentions": 2}


def test_filter(ours, agent):
    wanted = CaseFactory(department=ours, kind="refund", priority=4)
    CaseFactory(department=ours, kind="refund")
    CaseFactory(department=ours, priority=4)
    assert queue(agent.user, narrow=Filter(kinds=("refund",), priorities=(4,))).cases == [wanted]


def test_filter_by_channel_and_due_time(ours, agent):
    wanted = CaseFactory(department=ours, channel="chat", next_due_at=due(5))
    CaseFactory(department=ours, channel="chat", next_due_at=due(10))
    CaseFactory(department=ours, channel="chat")
    CaseFactory(department=ours, channel="phone", next_due_at=due(5))
    assert queue(agent.user, narrow=Filter(channels=("chat",), due="late"), at=due(10)).cases == [wanted]


def test_news_is_what_others_did_since_in_this_view(ours, agent):
    asker = AgentFactory(departments=[DepartmentFactory(code="asker")])
    mine = CaseFactory(department=ours, agent=agent)
    old, others, hers, free = CaseFactory.create_batch(4, department=ours)
    theirs, asked = CaseFactory(), CaseFactory(department=asker.memberships.get().department)
    with transaction.atomic():
        record("case.member_wrote", old, actor=old.member, at=due(0))
        record("case.member_wrote", mine, actor=mine.member, at=due(2))
        record("case.member_wrote", theirs, actor=theirs.member, at=due(2))
        record("case.opened", free, actor=None, at=due(2))
        record("case.transferred", hers, actor=agent.user, at=due(2))
        record("case.replied", others, actor=asker.user, at=due(2))
        handoff = HandoffFactory(case=asked, department=ours)
        record("handoff.asked", handoff, actor=asker.user, at=due(2), case=asked.pk)
    assert news(agent.user, "department", since=due(1)) == {mine.pk: 1, free.pk: 1}
    assert news(agent.user, "mine", since=due(1)) == {mine.pk: 1}
    assert news(agent.user, "handoffs", since=due(1)) == {asked.pk: 1}
    assert news(agent.user, "department", since=due(3)) == {}


def test_filter_by_a_department_of_others_finds_nothing(agent):
    theirs = CaseFactory()
    assert queue(agent.user, narrow=Filter(departments=(theirs.department_id,))).cases == []


def test_counts_stop_at_the_cap(ours, agent, monkeypatch):
    monkeypatch.setattr("feedback.cases.queue.COUNTED_UP_TO", 3)
    CaseFactory.create_batch(5, department=ours)
    assert counts(agent.user)["department"] == 3
    assert COUNTED_UP_TO == 1000


def test_next_case_is_mine_first_then_nobodys(ours, agent):
    free = CaseFactory(department=ours, next_due_at=due(1))
    CaseFactory(department=ours, agent=AgentFactory(departments=[ours]), next_due_at=due(0))
    CaseFactory(department=ours, agent=agent, status=CaseStatus.WAITING_MEMBER, next_due_at=None)
    mine = CaseFactory(department=ours, agent=agent, next_due_at=None)
    assert next_case(agent.user) == mine
    assert next_case(agent.user, beside=mine.pk) == free
    Case.objects.filter(pk__in=[mine.pk, free.pk]).delete()
    assert next_case(agent.user) is None


def test_staff_without_agent_or_departments_sees_an_empty_desk():
    user = StaffFactory(role="agent")
    CaseFactory()
    assert [queue(user, view).cases for view in VIEWS] == [[]] * len(VIEWS)
    assert next_case(user) is None


@pytest.mark.parametrize("cursor", ["x", "~x", "2026-99-01~1", "2026-11-18~~"])
def test_made_up_cursor_is_refused(agent, cursor):
    with pytest.raises(Invalid):
        queue(agent.user, after=cursor)


@pytest.mark.parametrize("view", VIEWS)
def test_as_many_queries_for_three_cases_as_for_one(ours, agent, view, django_assert_max_num_queries):
    def fill():
        case = CaseFactory(department=ours, agent=agent if view == "mine" else None, next_due_at=due(1))
        if view == "waiting":
            Case.objects.filter(pk=case.pk).update(status=CaseStatus.WAITING_MEMBER)
        HandoffFactory(department=ours)

    def look():
        for case in queue(User.objects.get(pk=agent.user_id), view).cases:
            str((case.member.tier, case.department, case.agent, case.order))

    fill()
    with django_assert_max_num_queries(9) as one:
        look()
    fill(), fill()
    with django_assert_max_num_queries(len(one)):
        look()


def test_the_department_queue_reads_its_index(ours, agent):
    rows = [
        Case(
            member=case.member, kind="complaint", channel="portal", subject="x", department=case.department,
            opened_at=T0, next_due_at=due(n % 50),
        )
        for case in (CaseFactory(department=ours), CaseFactory())
        for n in range(2000)
    ]  # fmt: skip
    Case.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE feedback_case")
    plan = (
        Case.objects.filter(resolved_at=None, department=ours, next_due_at__isnull=False)
        .order_by("next_due_at", "pk")[:50]
        .explain()
    )
    assert "case_queue" in plan
    assert "Sort" not in plan


@pytest.mark.req("F7")
@pytest.mark.parametrize("sort", SORTS)
def test_every_order_holds_every_case_once(ours, agent, sort):
    second = DepartmentFactory(code="second")
    agent.memberships.create(department=second)
    cases = [
        CaseFactory(
            department=(ours, second)[n % 2],
            next_due_at=None if n % 3 == 0 else due(n % 4),
            opened_at=due(n % 5),
            priority=1 + n % 3,
            last_message_at=None if n % 4 == 0 else due(10 - n % 3),
        )
        for n in range(13)
    ]
    keys = {
        "due": lambda case: (case.next_due_at is None, case.next_due_at or T0, case.pk),
        "newest": lambda case: (-case.opened_at.timestamp(), -case.pk),
        "oldest": lambda case: (case.opened_at, case.pk),
        "priority": lambda case: (-case.priority, case.opened_at, case.pk),
        "waited": lambda case: (case.last_message_at or case.opened_at, case.pk),
    }
    for size in (1, 4, 50):
        assert all_pages(agent.user, size=size, sort=sort) == sorted(cases, key=keys[sort])


def test_a_cursor_of_another_order_is_refused(ours, agent):
    CaseFactory.create_batch(3, department=ours, next_due_at=due(1))
    after = queue(agent.user, sort="priority", size=1).after
    with pytest.raises(Invalid):
        queue(agent.user, after=after)


def test_all_counts_come_in_one_query(ours, agent, django_assert_num_queries):
    place = place_of(agent.user)
    with django_assert_num_queries(1):
        queues.counts(place, [Listed(view) for view in VIEWS] * 3)
    assert queues.counts(place, []) == []
    stranger = place_of(StaffFactory(role="agent"))
    assert queues.counts(stranger, [Listed(view) for view in VIEWS]) == [0] * len(VIEWS)
