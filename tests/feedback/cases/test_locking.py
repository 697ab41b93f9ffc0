"""What makes an answer stale that somebody is writing: what matters to it, and nothing else."""

from datetime import timedelta

import pytest

from config.common.errors import Stale
from feedback.cases import commands, waiting, watching
from feedback.handoffs import commands as handoffs
from feedback.models import Message, PauseReason
from tests.factories.compensation import T0
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F7")]
LATER = T0 + timedelta(minutes=5)


@pytest.fixture
def mate(service):
    return AgentFactory(departments=[service], user__name="小王")


def replying(case, agent, version):
    return commands.reply(case_id=case.pk, body="请稍等", version=version, actor=agent.user, at=LATER)


QUIET = {
    "a note": lambda case, by, _at: commands.note(case_id=case.pk, body="小心", actor=by, at=LATER),
    "a priority": lambda case, by, _at: commands.change_priority(
        case_id=case.pk, priority=4, actor=by, at=LATER
    ),
    "a watcher": lambda case, by, _at: watching.watch(case_id=case.pk, user=by, actor=by, at=LATER),
    "a question to the courier": lambda case, by, _at: waiting.ask_courier(
        case_id=case.pk, question="到哪了？", actor=by, at=LATER
    ),
    "a call that nobody took": lambda case, by, _at: waiting.called_back(
        case_id=case.pk, reached=False, actor=by, at=LATER
    ),
}
NEWS = {
    "the member wrote": lambda case, _by, _at: commands.member_message(
        case_id=case.pk, body="在吗", actor=case.member, at=LATER
    ),
    "a colleague replied": lambda case, by, _at: commands.reply(
        case_id=case.pk, body="您好", actor=by, at=LATER
    ),
    "a colleague took it": lambda case, by, _at: commands.claim(case_id=case.pk, actor=by, at=LATER),
    "it went elsewhere": lambda case, by, there: commands.transfer(
        case_id=case.pk, department_id=there.pk, actor=by, at=LATER
    ),
    "a department is asked": lambda case, by, there: handoffs.hand_over(
        case_id=case.pk, department_id=there.pk, question="在哪？", actor=by, at=LATER
    ),
    "it waits": lambda case, by, _at: waiting.wait_for(
        case_id=case.pk, reason=PauseReason.WAITING_SUPPLIER, actor=by, at=LATER
    ),
    "a call was promised": lambda case, by, _at: waiting.promise_call_back(
        case_id=case.pk, actor=by, at=LATER
    ),
    "another was merged into it": lambda case, by, _at: commands.merge(
        case_id=CaseFactory(member=case.member, department=case.department).pk,
        into_id=case.pk, actor=by, at=LATER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET)
def test_what_does_not_matter_holds_no_answer_back(case, agent, mate, name):
    seen = case.version
    QUIET[name](case, mate.user, None)
    case.refresh_from_db()
    assert (case.version > seen) is (name != "a watcher")
    assert replying(case, agent, seen)


@pytest.mark.parametrize("name", NEWS)
def test_what_matters_holds_an_answer_back_until_it_was_seen(case, agent, mate, logistics, name):
    seen = case.version
    NEWS[name](case, mate.user, logistics)
    with pytest.raises(Stale):
        replying(case, agent, seen)
    case.refresh_from_db()
    assert replying(case, agent, case.version)


def test_who_is_given_the_case_may_go_on_writing(case, agent, mate):
    seen = case.version
    commands.assign(case_id=case.pk, agent_id=agent.pk, actor=mate.user, at=LATER)
    commands.note(case_id=case.pk, body="你来", actor=mate.user, at=LATER)
    with pytest.raises(Stale):
        replying(case, mate, seen)
    assert replying(case, agent, seen)


def test_who_gave_the_case_back_meanwhile_is_asked_again(case, agent):
    commands.claim(case_id=case.pk, actor=agent.user, at=LATER)
    case.refresh_from_db()
    commands.assign(case_id=case.pk, agent_id=None, actor=agent.user, at=LATER)
    with pytest.raises(Stale):
        replying(case, agent, case.version)


def test_an_answered_question_is_news_and_an_accepted_one_is_not(case, agent, mate, logistics):
    asked = NEWS["a department is asked"](case, mate.user, logistics)
    case.refresh_from_db()
    there = AgentFactory(departments=[logistics]).user
    handoffs.accept(handoff_id=asked.pk, actor=there, at=LATER)
    assert replying(case, agent, case.version)
    case.refresh_from_db()
    handoffs.answer(handoff_id=asked.pk, answer="在杭州", actor=there, at=LATER)
    with pytest.raises(Stale):
        replying(case, agent, case.version)


@pytest.mark.django_db(transaction=True)
def test_two_who_answer_the_same_state_at_once_are_not_both_sent():
    department = DepartmentFactory()
    case = CaseFactory(department=department)
    two = [AgentFactory(departments=[department]) for _ in range(2)]
    results = at_once(*[lambda one=one: replying(case, one, case.version) for one in two])
    assert [type(error) for error in refused(results)] == [Stale]
    assert Message.objects.filter(case=case).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_note_at_the_same_moment_holds_no_answer_back():
    department = DepartmentFactory()
    case = CaseFactory(department=department)
    one, two = (AgentFactory(departments=[department]) for _ in range(2))
    results = at_once(
        lambda: replying(case, one, case.version),
        lambda: commands.note(case_id=case.pk, body="小心", actor=two.user, at=LATER),
    )
    assert refused(results) == []
