from datetime import timedelta

import pytest

from config.common.errors import Invalid, KeyReused, MoveNotAllowed, NotFound, Stale
from config.common.models import Event
from feedback.cases import commands
from feedback.models import Author, CaseStatus, Message
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, CaseFactory, DepartmentFactory, HandoffFactory, picture
from tests.factories.sop import make_policy
from tests.threads import at_once, refused

LATER = T0 + timedelta(minutes=5)


def replying(case, agent, **options):
    return commands.reply(
        **{"case_id": case.pk, "body": "请稍等", "actor": agent.user, "at": LATER, **options}
    )


def writing(case, **options):
    return commands.member_message(
        **{"case_id": case.pk, "body": "在吗", "actor": case.member, "at": LATER, **options}
    )


@pytest.mark.req("F2")
def test_first_reply_meets_its_clock_and_takes_the_case(service, member, agent):
    make_policy()
    case = commands.open_case(
        member=member, kind="complaint", channel="portal", subject="破损", actor=member, at=T0
    )
    message = replying(case, agent)
    case.refresh_from_db()
    assert (message.author, message.user, message.is_public) == (Author.AGENT, agent.user, True)
    assert (case.agent, case.status, case.first_replied_at) == (agent, CaseStatus.OPEN, LATER)
    assert case.clocks.get(milestone="first_reply").met_at == LATER
    assert case.member.notices.latest("pk").body == "请稍等"
    replying(case, agent, at=LATER + timedelta(minutes=1))
    case.refresh_from_db()
    assert case.first_replied_at == LATER


def test_reply_leaves_a_case_with_who_has_it(case, service, agent):
    commands.claim(case_id=case.pk, actor=agent.user, at=LATER)
    replying(case, AgentFactory(departments=[service]))
    case.refresh_from_db()
    assert case.agent == agent


def test_who_does_not_work_there_does_not_get_the_case_by_replying(case):
    replying(case, AgentFactory())
    case.refresh_from_db()
    assert case.agent is None


def test_reply_that_waits_for_the_member_and_their_answer(service, member, agent):
    make_policy()
    case = commands.open_case(
        member=member, kind="complaint", channel="portal", subject="破损", actor=member, at=T0
    )
    replying(case, agent, then="wait")
    case.refresh_from_db()
    assert case.status == CaseStatus.WAITING_MEMBER
    assert case.clocks.get(milestone="resolution").paused_at == LATER
    writing(case, at=LATER + timedelta(hours=1))
    case.refresh_from_db()
    assert case.status == CaseStatus.OPEN
    assert case.clocks.get(milestone="resolution").paused_at is None
    assert case.clocks.filter(milestone="next_reply", met_at=None).exists()


def test_reply_that_resolves(case, agent):
    replying(case, agent, then="resolve", resolution="compensated")
    case.refresh_from_db()
    assert (case.status, case.resolution, case.resolved_at) == (CaseStatus.RESOLVED, "compensated", LATER)


def test_reply_to_a_resolved_case_leaves_it_resolved(agent, service):
    case = CaseFactory(department=service, resolved=True)
    replying(case, agent)
    case.refresh_from_db()
    assert case.status == CaseStatus.RESOLVED
    for then in ("wait", "resolve"):
        with pytest.raises(MoveNotAllowed):
            replying(case, agent, then=then)


def test_no_reply_and_no_message_to_a_closed_case(agent, service):
    case = CaseFactory(department=service, closed=True)
    with pytest.raises(MoveNotAllowed):
        replying(case, agent)
    with pytest.raises(MoveNotAllowed):
        writing(case)


def test_while_a_department_is_asked_a_case_cannot_wait_for_the_member(agent, service):
    case = HandoffFactory(case__department=service, case__status=CaseStatus.WAITING_DEPARTMENT).case
    replying(case, agent)
    with pytest.raises(MoveNotAllowed):
        replying(case, agent, then="wait")
    writing(case)
    case.refresh_from_db()
    assert case.status == CaseStatus.WAITING_DEPARTMENT


@pytest.mark.parametrize("body", ["", " \n\t ", "\0"])
def test_something_must_be_said_or_shown(case, agent, body):
    with pytest.raises(Invalid):
        replying(case, agent, body=body)
    with pytest.raises(Invalid):
        commands.note(case_id=case.pk, body=body, actor=agent.user, at=LATER)
    with pytest.raises(Invalid):
        writing(case, body=body)
    assert writing(case, body=body, attachments=[picture()]).attachments.count() == 1


def test_text_has_a_limit(case, agent):
    with pytest.raises(Invalid, match="20000"):
        replying(case, agent, body="x" * 20_001)
    assert replying(case, agent, body="x" * 20_000)


def test_last_message_is_cut_for_lists(case):
    writing(case, body="  第一行\n" + "长" * 300)
    case.refresh_from_db()
    assert len(case.last_message) == 160
    assert case.last_message.startswith("第一行 长")
    assert case.last_message.endswith("…")


def test_reply_to_what_has_changed_meanwhile_is_refused(case, agent):
    seen = case.version
    writing(case)
    with pytest.raises(Stale) as stale:
        replying(case, agent, version=seen)
    assert stale.value.details == {"version": seen + 1}
    assert replying(case, agent, version=seen + 1)


def test_a_version_that_never_was_is_refused(case, agent):
    with pytest.raises(Stale):
        replying(case, agent, version=case.version + 1)


def test_note_is_for_colleagues_in_any_state(agent, service):
    case = CaseFactory(department=service, closed=True)
    note = commands.note(case_id=case.pk, body="回访过", actor=agent.user, at=LATER)
    case.refresh_from_db()
    assert not note.is_public
    assert (case.last_message, case.version) == ("", 2)
    assert not case.member.notices.exists()


def test_message_to_a_resolved_case_reopens_it(service):
    make_policy()
    case = CaseFactory(department=service, resolved=True)
    writing(case)
    case.refresh_from_db()
    assert (case.status, case.resolved_at, case.resolution) == (CaseStatus.REOPENED, None, "")
    assert set(case.clocks.values_list("milestone", flat=True)) == {"next_reply", "resolution"}


def test_somebody_elses_case_does_not_exist_for_a_member(case):
    with pytest.raises(NotFound):
        writing(case, actor=MemberFactory())


def test_repeated_submit_is_one_message(case, agent):
    first = replying(case, agent, key="k", version=case.version)
    assert replying(case, agent, key="k", version=case.version) == first
    written = writing(case, key="k")
    assert writing(case, key="k") == written
    assert Message.objects.count() == 3
    assert Event.objects.filter(kind="case.replied").count() == 1


@pytest.mark.parametrize(
    "other", [{"body": "别的"}, {"then": "wait"}, {"attachments": [picture()]}, {"resolution": "solved"}]
)
def test_a_key_is_not_for_another_reply(case, agent, other):
    replying(case, agent, key="k")
    with pytest.raises(KeyReused):
        replying(case, agent, **{"key": "k", **other})


def test_keys_are_each_case_and_each_persons_own(case, agent, service):
    other = CaseFactory(department=service)
    messages = {
        replying(case, agent, key="k"),
        replying(other, agent, key="k"),
        replying(case, AgentFactory(departments=[service]), key="k"),
        writing(case, key="k"),
    }
    assert len(messages) == 4


@pytest.mark.django_db(transaction=True)
def test_double_click_sends_once():
    case = CaseFactory(department=DepartmentFactory())
    agent = AgentFactory()
    sent = at_once(*[lambda: replying(case, agent, key="k")] * 3)
    assert len({message.pk for message in sent}) == 1
    case.refresh_from_db()
    assert case.version == 2


@pytest.mark.django_db(transaction=True)
def test_reply_and_resolve_at_once_are_one_after_the_other():
    case = CaseFactory(department=DepartmentFactory(), first_replied_at=T0)
    agents = AgentFactory.create_batch(2)
    results = at_once(
        lambda: replying(case, agents[0], then="wait"),
        lambda: commands.resolve(case_id=case.pk, resolution="solved", actor=agents[1].user, at=LATER),
    )
    case.refresh_from_db()
    assert case.status == CaseStatus.RESOLVED
    moves = [
        (event.data["from"], event.data["to"])
        for event in Event.objects.order_by("id")
        if "to" in event.data and event.kind.startswith("case.")
    ]
    if refused(results):  # resolved first: then nothing waits for the member any more
        assert moves == [("new", "resolved")]
        assert case.version == 2
    else:
        assert moves == [("new", "waiting_member"), ("waiting_member", "resolved")]
        assert case.version == 3
