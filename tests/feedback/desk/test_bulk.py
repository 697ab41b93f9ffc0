"""One thing done to many cases: once each, refused ones named, each by its own permission."""

import pytest

from config.common.errors import Invalid, KeyReused, NotFound
from feedback.cases import commands
from feedback.desk import bulk
from feedback.models import BulkResult, BulkRun, Case, Watcher
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F7")]


@pytest.fixture
def ours():
    return DepartmentFactory(name="客服部")


@pytest.fixture
def lead(ours):
    return AgentFactory(leads=[ours], user__role="team_lead")


def run(user, doing, cases, key="k", **content):
    row = bulk.begin(
        key=key, doing=doing, content=content, case_ids=[one.pk for one in cases], actor=user, at=T0
    )
    while bulk.go_on(run_id=row.pk, actor=user, at=T0, limit=2):
        pass
    return bulk.summary(row)


def test_done_where_allowed_and_refused_with_the_reason(ours, lead):
    agent = AgentFactory(departments=[ours])
    cases = [CaseFactory(department=ours) for _ in range(3)]
    ended, hidden = CaseFactory(department=ours, closed=True), CaseFactory()
    done = run(lead.user, "assign", [*cases, ended, hidden], agent=agent.pk)
    assert (done.done, done.total, done.left) == (3, 4, 0)
    assert [(one.case, bool(one.reason)) for one in done.refused] == [(ended, True)]
    assert set(Case.objects.filter(agent=agent)) == set(cases)


def test_again_does_nothing_twice(ours, lead):
    theirs = DepartmentFactory()
    case = CaseFactory(department=ours)
    for _time in range(2):
        assert run(lead.user, "transfer", [case], department=theirs.pk, note="归你们").done == 1
    assert case.messages.count() == 1
    assert BulkRun.objects.count() == BulkResult.objects.count() == 1
    with pytest.raises(KeyReused):
        run(lead.user, "transfer", [case], department=ours.pk, note="")
    with pytest.raises(KeyReused):
        run(lead.user, "transfer", [CaseFactory(department=ours)], department=theirs.pk, note="归你们")


def test_each_action(ours, lead, policy_of):
    policy_of(ours)
    case = commands.open_case(
        member=CaseFactory(department=ours).member, kind="complaint", channel="portal", subject="x",
        department=ours, actor=None, at=T0,
    )  # fmt: skip
    steps = {
        "priority": {"priority": 4},
        "watch": {},
        "wait": {"reason": "waiting_supplier", "note": "等供应商"},
        "resolve": {"resolution": "solved", "message": "{{ member.name }}您好，已处理。"},
        "close": {"note": "好"},
        "unwatch": {},
    }
    for doing, content in steps.items():
        done = run(lead.user, doing, [case], key=doing, **content)
        assert (doing, done.done, done.refused) == (doing, 1, [])
        assert Watcher.objects.exists() is (doing not in {"priority", "unwatch"})
    case.refresh_from_db()
    assert (case.status, case.priority, case.resolution) == ("closed", 4, "solved")
    assert case.messages.get(is_public=True).body == f"{case.member.name}您好，已处理。"


def test_a_message_that_cannot_be_filled_in_is_not_sent(ours, lead):
    case = CaseFactory(department=ours)
    done = run(lead.user, "resolve", [case], resolution="solved", message="您的订单 {{ order.number }} 好了")
    assert "order.number" in done.refused[0].reason
    assert not case.messages.exists()


@pytest.mark.parametrize(
    ("doing", "content"),
    [
        ("assign", {"agent": 10**9}),
        ("transfer", {"department": None}),
        ("priority", {"priority": None}),
        ("wait", {"reason": "nonsense"}),
        ("resolve", {"resolution": "nonsense"}),
        ("close", {}),
    ],
)
def test_nonsense_is_refused_case_by_case(ours, lead, doing, content):
    done = run(lead.user, doing, [CaseFactory(department=ours)], **content)
    assert (done.done, len(done.refused)) == (0, 1)


def test_an_agent_cannot_assign_many_either(ours):
    agent = AgentFactory(departments=[ours])
    assert len(run(agent.user, "assign", [CaseFactory(department=ours)], agent=None).refused) == 1


def test_refused_as_a_whole(ours, lead, monkeypatch):
    case = CaseFactory(department=ours)
    for doing, cases, key in (("nonsense", [case], "k"), ("close", [], "k"), ("close", [case], "")):
        with pytest.raises(Invalid):
            run(lead.user, doing, cases, key=key)
    monkeypatch.setattr(bulk, "MOST", 1)
    with pytest.raises(Invalid, match="1"):
        run(lead.user, "close", [case, CaseFactory(department=ours)])
    row = bulk.begin(key="k", doing="close", content={}, case_ids=[case.pk], actor=lead.user, at=T0)
    with pytest.raises(NotFound):
        bulk.go_on(run_id=row.pk, actor=AgentFactory().user, at=T0)


@pytest.mark.django_db(transaction=True)
def test_two_who_go_on_at_once_do_each_case_once(ours, lead, monkeypatch):
    def write(case, _content, user, at):
        commands.note(case_id=case.pk, body="做过了", actor=user, at=at)

    monkeypatch.setitem(bulk.DOINGS, "watch", bulk.Doing("", "note", write))  # done twice, it would show
    cases = [CaseFactory(department=ours) for _ in range(3)]
    ids = [one.pk for one in cases]
    row = bulk.begin(key="k", doing="watch", content={}, case_ids=ids, actor=lead.user, at=T0)
    again = [lambda: bulk.go_on(run_id=row.pk, actor=lead.user, at=T0)] * 2
    assert not refused(at_once(*again))
    assert [case.messages.count() for case in cases] == [1, 1, 1]
    assert bulk.summary(row).done == 3


def test_a_colleague_with_the_same_key_has_a_run_of_their_own(ours, lead):
    other = AgentFactory(leads=[ours], user__role="team_lead")
    case = CaseFactory(department=ours)
    run(lead.user, "priority", [case], priority=4)
    run(other.user, "priority", [case], priority=1)
    assert Case.objects.get(pk=case.pk).priority == 1
