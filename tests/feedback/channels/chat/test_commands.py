"""A chat's whole life, and what may not happen in it."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from compensation.models import Notice
from config.common.errors import Invalid, KeyReused, NotFound, NotPermitted, WrongState
from config.common.events import timeline
from feedback.cases import commands as cases
from feedback.cases.working import AlreadyTaken
from feedback.channels.chat import commands, queries
from feedback.channels.chat.rules import Place
from feedback.channels.chat.sessions import ChatOver
from feedback.channels.chat.starting import ChatClosed
from feedback.channels.chat.talking import ChatsFull
from feedback.models import Case, CaseStatus, Channel, ChatEnding, ChatSession, ChatState, Clock, Message
from tests.factories.compensation import T0, MemberFactory
from tests.factories.feedback import AgentFactory, CalendarFactory, CaseFactory, DepartmentFactory, picture
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1"), pytest.mark.req("F2")]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def fresh(chat):
    return queries.own(chat.member).get(pk=chat.pk)


def clocks(chat, **wanted):
    return list(Clock.objects.filter(case=chat.case_id, **wanted).order_by("pk"))


def kinds(chat):
    return [event.kind for event in timeline([chat.case])]


def words(chat):
    return [message.body for message in queries.said(chat.case_id)]


def test_a_chat_begins_with_the_members_words_and_our_greeting(chat):
    assert words(chat) == ["我的包裹在哪里？", "您好！"]
    assert fresh(chat).state == ChatState.WAITING
    assert chat.case.channel == Channel.CHAT
    assert not Notice.objects.exists()  # the member looks at it


def test_a_greeting_alone_meets_no_clock(chat):
    [first] = clocks(chat, milestone="first_reply")
    assert first.due_at == T0 + 30 * SECOND
    assert first.met_at is None
    assert queries.place_of(fresh(chat)) == Place(1, T0 + 30 * SECOND)


def test_a_greeting_counts_where_the_setup_says_so(service, member, setup):
    setup.counts = "greeting"
    setup.save()
    chat = commands.start(member=member, body="在吗", at=T0)
    assert clocks(chat, milestone="first_reply")[0].met_at == T0


def test_an_english_member_is_greeted_in_english(service, setup):
    chat = commands.start(member=MemberFactory(language="en"), body="Hello?", at=T0)
    assert words(chat) == ["Hello?", "Hello!"]


def test_the_line_is_in_order_of_coming(chat, setup):
    second = commands.start(member=MemberFactory(), body="在吗", at=T0 + SECOND)
    assert [queries.place_of(fresh(one)).number for one in (chat, second)] == [1, 2]
    commands.end_by_member(case_id=chat.case_id, solved=True, member=chat.member, at=T0 + 2 * SECOND)
    assert queries.place_of(fresh(second)).number == 1


def test_the_same_start_again_is_the_same_chat(service, member, setup):
    first, again = (commands.start(member=member, body="在吗", key="k" * 8, at=T0) for _ in range(2))
    assert first == again
    assert words(first) == ["在吗", "您好！"]


def test_a_second_page_goes_on_with_the_chat_that_is_open(chat, member):
    again = commands.start(member=member, body="还有一个问题", key="k" * 8, at=T0 + SECOND)
    commands.start(member=member, body="还有一个问题", key="k" * 8, at=T0 + SECOND)
    assert again == chat
    assert words(chat)[2:] == ["还有一个问题"]
    assert Case.objects.count() == 1


@pytest.mark.parametrize("body", ["", "  ", "\0"])
def test_a_chat_does_not_begin_with_nothing(service, member, setup, body):
    with pytest.raises(Invalid):
        commands.start(member=member, body=body, at=T0)
    assert not Case.objects.exists()


def test_outside_the_hours_no_chat_begins(service, member, setup):
    setup.calendar = CalendarFactory(code="office")
    setup.save()
    with pytest.raises(ChatClosed) as refusal:
        commands.start(member=member, body="在吗", at=T0.replace(hour=20))  # 4 in the morning over there
    assert refusal.value.details["opens_at"]
    assert not Case.objects.exists()


def test_an_agent_takes_a_chat_and_answers(chat, agent):
    commands.take(case_id=chat.case_id, actor=agent.user, at=T0 + 5 * SECOND)
    commands.take(case_id=chat.case_id, actor=agent.user, at=T0 + 6 * SECOND)
    assert fresh(chat).state == ChatState.ACTIVE
    commands.say(case_id=chat.case_id, body="正在为您查询", actor=agent.user, at=T0 + 9 * SECOND)
    [first] = clocks(chat, milestone="first_reply")
    assert (first.met_at, first.breached_at) == (T0 + 9 * SECOND, None)
    assert not Notice.objects.exists()
    assert kinds(chat).count("case.claimed") == 1


def test_the_next_reply_has_its_clock(chat, agent, member):
    commands.say(case_id=chat.case_id, body="您好", actor=agent.user, at=T0 + SECOND)
    commands.write(case_id=chat.case_id, body="单号 123", member=member, at=T0 + MINUTE)
    [following] = clocks(chat, milestone="next_reply")
    assert following.due_at == T0 + 2 * MINUTE
    commands.say(case_id=chat.case_id, body="查到了", actor=agent.user, at=T0 + 3 * MINUTE)
    following.refresh_from_db()
    assert following.breached_at == T0 + 2 * MINUTE


def test_a_colleague_was_quicker(chat, agent, mate):
    commands.take(case_id=chat.case_id, actor=agent.user, at=T0)
    with pytest.raises(AlreadyTaken, match="小李"):
        commands.take(case_id=chat.case_id, actor=mate.user, at=T0)
    with pytest.raises(AlreadyTaken):
        commands.say(case_id=chat.case_id, body="您好", actor=mate.user, at=T0)


def test_nobody_takes_more_chats_than_they_can_have(chat, agent):
    agent.chat_capacity = 1
    agent.save()
    commands.take(case_id=chat.case_id, actor=agent.user, at=T0)
    other = commands.start(member=MemberFactory(), body="在吗", at=T0)
    with pytest.raises(ChatsFull):
        commands.take(case_id=other.case_id, actor=agent.user, at=T0)
    commands.end_by_member(case_id=chat.case_id, solved=True, member=chat.member, at=T0)
    commands.take(case_id=other.case_id, actor=agent.user, at=T0)


def test_who_works_elsewhere_takes_no_chat(chat):
    stranger = AgentFactory(departments=[DepartmentFactory()])
    with pytest.raises(NotPermitted):
        commands.take(case_id=chat.case_id, actor=stranger.user, at=T0)
    assert fresh(chat).state == ChatState.WAITING


def test_a_message_sent_twice_stands_once(chat, member, agent):
    for _ in range(2):
        commands.write(case_id=chat.case_id, body="单号 1", key="m" * 8, member=member, at=T0)
        commands.say(case_id=chat.case_id, body="好的", key="a" * 8, actor=agent.user, at=T0)
    assert words(chat)[2:] == ["单号 1", "好的"]
    with pytest.raises(KeyReused):
        commands.write(case_id=chat.case_id, body="别的", key="m" * 8, member=member, at=T0)


def test_a_photo_is_enough(chat, member):
    commands.write(case_id=chat.case_id, body="", attachments=[picture()], member=member, at=T0)
    assert queries.said(chat.case_id)[-1].attachments.get().name == "photo.jpg"


def test_somebody_elses_chat_is_none(chat):
    stranger = MemberFactory()
    for command, more in (
        (commands.write, {"body": "x"}),
        (commands.helped, {}),
        (commands.ask_person, {}),
        (commands.end_by_member, {"solved": True}),
    ):
        with pytest.raises(NotFound):
            command(case_id=chat.case_id, member=stranger, at=T0, **more)


def test_hand_over_to_a_colleague(chat, agent, mate):
    commands.say(case_id=chat.case_id, body="您好", actor=agent.user, at=T0)
    commands.hand_over(case_id=chat.case_id, agent_id=mate.pk, note="退款", actor=agent.user, at=T0 + SECOND)
    assert fresh(chat).case.agent == mate
    assert words(chat)[-1] == "小王将继续为您服务。"
    [following] = clocks(chat, milestone="next_reply")
    assert following.due_at == T0 + SECOND + MINUTE


def test_hand_over_to_another_departments_line(chat, agent):
    logistics = DepartmentFactory(code="logistics", name="物流部")
    commands.say(case_id=chat.case_id, body="您好", actor=agent.user, at=T0)
    commands.hand_over(case_id=chat.case_id, department_id=logistics.pk, actor=agent.user, at=T0 + SECOND)
    handed = fresh(chat)
    assert (handed.state, handed.case.department) == (ChatState.WAITING, logistics)
    assert queries.place_of(handed).by == T0 + 31 * SECOND


def test_only_who_has_it_or_assigns_hands_a_chat_over(chat, agent, mate, service):
    with pytest.raises(NotPermitted):
        commands.hand_over(case_id=chat.case_id, agent_id=mate.pk, actor=agent.user, at=T0)
    commands.take(case_id=chat.case_id, actor=agent.user, at=T0)
    with pytest.raises(NotPermitted, match="小李"):
        commands.hand_over(case_id=chat.case_id, agent_id=mate.pk, actor=mate.user, at=T0)
    lead = AgentFactory(leads=[service], user__role="team_lead")
    commands.hand_over(case_id=chat.case_id, agent_id=mate.pk, actor=lead.user, at=T0)
    assert fresh(chat).case.agent == mate


def test_a_colleague_with_no_room_is_handed_nothing(chat, agent, mate):
    mate.chat_capacity = 0
    mate.save()
    commands.take(case_id=chat.case_id, actor=agent.user, at=T0)
    with pytest.raises(ChatsFull, match="小王"):
        commands.hand_over(case_id=chat.case_id, agent_id=mate.pk, actor=agent.user, at=T0)


def test_the_member_ends_it_solved(chat, agent, member):
    commands.say(case_id=chat.case_id, body="明天送到", actor=agent.user, at=T0)
    for _ in range(2):
        commands.end_by_member(case_id=chat.case_id, solved=True, member=member, at=T0 + MINUTE)
    ended = fresh(chat)
    assert (ended.state, ended.ending) == (ChatState.ENDED, ChatEnding.MEMBER)
    assert (ended.case.status, ended.case.confirmed_at) == (CaseStatus.CLOSED, T0 + MINUTE)
    assert not clocks(chat, met_at=None, stopped_at=None)
    assert kinds(chat).count("chat.ended") == 1


def test_a_question_that_was_taken_back_meets_no_clock(chat, member):
    commands.end_by_member(case_id=chat.case_id, solved=True, member=member, at=T0 + SECOND)
    assert fresh(chat).case.resolution == "withdrawn"
    assert not clocks(chat, met_at__isnull=False)


def test_what_is_not_solved_goes_on_as_a_case_of_the_portal(chat, member):
    commands.end_by_member(case_id=chat.case_id, solved=False, member=member, at=T0 + SECOND)
    ended = fresh(chat)
    assert (ended.ending, ended.case.channel) == (ChatEnding.KEPT, Channel.PORTAL)
    assert ended.case.resolved_at is None
    [first] = clocks(chat, milestone="first_reply")
    assert first.due_at == T0 + 30 * MINUTE  # by the policy of what it is now
    assert ended.case.number in words(chat)[-1]


def test_the_agent_ends_it(chat, agent):
    commands.take(case_id=chat.case_id, actor=agent.user, at=T0)
    with pytest.raises(Invalid):
        commands.end_by_agent(case_id=chat.case_id, resolution="solved", actor=agent.user, at=T0)
    commands.say(case_id=chat.case_id, body="好了", actor=agent.user, at=T0)
    commands.end_by_agent(case_id=chat.case_id, resolution="solved", actor=agent.user, at=T0 + SECOND)
    ended = fresh(chat)
    assert (ended.ending, ended.case.status) == (ChatEnding.AGENT, CaseStatus.RESOLVED)
    assert not Notice.objects.exists()  # was there and saw it


def test_who_is_not_there_any_more_is_told_that_it_ended(chat, agent):
    commands.say(case_id=chat.case_id, body="好了", actor=agent.user, at=T0)
    later = T0 + 5 * MINUTE
    commands.end_by_agent(case_id=chat.case_id, resolution="solved", actor=agent.user, at=later)
    assert Notice.objects.filter(kind="case.resolved").count() == 1


def test_the_agent_keeps_it_as_a_case(chat, agent):
    commands.say(case_id=chat.case_id, body="需要两天", actor=agent.user, at=T0)
    commands.end_by_agent(case_id=chat.case_id, resolution=None, actor=agent.user, at=T0 + SECOND)
    ended = fresh(chat)
    assert (ended.ending, ended.case.channel, ended.case.agent) == (ChatEnding.KEPT, Channel.PORTAL, agent)
    assert queries.promised_by(chat.case_id) is None


def test_a_colleagues_chat_is_not_ended(chat, agent, mate):
    commands.say(case_id=chat.case_id, body="您好", actor=agent.user, at=T0)
    with pytest.raises(NotPermitted):
        commands.end_by_agent(case_id=chat.case_id, resolution="solved", actor=mate.user, at=T0)


def test_nothing_is_said_in_a_chat_that_ended(chat, agent, member):
    commands.say(case_id=chat.case_id, body="您好", actor=agent.user, at=T0)
    commands.end_by_member(case_id=chat.case_id, solved=True, member=member, at=T0)
    for command in (
        lambda: commands.write(case_id=chat.case_id, body="x", member=member, at=T0),
        lambda: commands.say(case_id=chat.case_id, body="x", actor=agent.user, at=T0),
        lambda: commands.take(case_id=chat.case_id, actor=agent.user, at=T0),
        lambda: commands.ask_person(case_id=chat.case_id, member=member, at=T0),
        lambda: commands.hand_over(case_id=chat.case_id, agent_id=agent.pk, actor=agent.user, at=T0),
    ):
        with pytest.raises(ChatOver):
            command()


def test_who_left_after_our_answer_is_told_and_may_reopen(chat, agent):
    commands.say(case_id=chat.case_id, body="明天送到", actor=agent.user, at=T0 + SECOND)
    assert commands.end_left(at=T0 + 9 * MINUTE) == 0
    assert commands.end_left(at=T0 + 10 * MINUTE) == 1
    assert commands.end_left(at=T0 + 10 * MINUTE) == 0
    ended = fresh(chat)
    assert (ended.ending, ended.case.resolution) == (ChatEnding.LEFT, "silent")
    assert Notice.objects.get(kind="case.resolved").body == "明天送到"
    assert Message.objects.filter(case=chat.case_id, is_public=False).count() == 1


def test_who_left_unanswered_is_answered_in_the_portal(chat):
    assert commands.end_left(at=T0 + 10 * MINUTE) == 1
    ended = fresh(chat)
    assert (ended.ending, ended.case.channel) == (ChatEnding.KEPT, Channel.PORTAL)
    assert queries.promised_by(chat.case_id) is not None


def test_who_waits_and_shows_life_is_never_put_out(chat):
    for minutes in range(0, 60, 5):
        at = T0 + minutes * MINUTE
        commands.seen(chat=fresh(chat), side="member", read=0, at=at)
        assert commands.end_left(at=at) == 0


def test_reading_goes_forward_only(chat):
    first, second = queries.said(chat.case_id)
    commands.seen(chat=fresh(chat), side="member", read=second.pk, at=T0)
    commands.seen(chat=fresh(chat), side="member", read=first.pk, at=T0 + MINUTE)
    assert fresh(chat).member_read == second.pk


def test_typing_shows(chat):
    commands.typed(chat=chat, side="agent", at=T0 + SECOND)
    assert fresh(chat).agent_typed_at == T0 + SECOND


def test_a_left_message_is_a_case_with_a_promised_call(service, setup):
    member = MemberFactory(phone="13800001111")
    case, again = (
        commands.leave_message(member=member, body="请回电", way="call", key="k" * 8, at=T0) for _ in range(2)
    )
    assert case == again
    assert case.channel == Channel.PORTAL
    with translation.override("zh-hans"):
        notes = Message.objects.filter(case=case, is_public=False)
        assert [note.body for note in notes] == ["非服务时间留言，希望回电。"]
    assert "chat.message_left" in [event.kind for event in timeline([case])]
    assert "case.call_promised" in [event.kind for event in timeline([case])]


def test_who_has_no_number_is_not_promised_a_call(service, setup):
    with pytest.raises(Invalid):
        commands.leave_message(member=MemberFactory(phone=""), body="请回电", way="call", at=T0)
    assert not Case.objects.exists()


def test_a_resolved_chat_goes_on_when_its_member_writes(chat, agent, member):
    commands.say(case_id=chat.case_id, body="好了", actor=agent.user, at=T0)
    cases.resolve(case_id=chat.case_id, resolution="solved", actor=agent.user, at=T0)
    commands.write(case_id=chat.case_id, body="还没好", member=member, at=T0 + SECOND)
    assert fresh(chat).case.status == CaseStatus.REOPENED


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_agents_take_one_chat(self, chat, agent, mate):
        at = timezone.now()
        done = at_once(
            lambda: commands.take(case_id=chat.case_id, actor=agent.user, at=at),
            lambda: commands.take(case_id=chat.case_id, actor=mate.user, at=at),
        )
        assert [type(one) for one in refused(done)] == [AlreadyTaken]

    def test_one_agent_takes_two_chats_with_room_for_one(self, chat, agent):
        agent.chat_capacity = 1
        agent.save()
        other = commands.start(member=MemberFactory(), body="在吗", at=T0)
        done = at_once(
            *(
                lambda one=one: commands.take(case_id=one.case_id, actor=agent.user, at=T0)
                for one in (chat, other)
            )
        )
        assert [type(one) for one in refused(done)] == [ChatsFull]

    def test_two_pages_begin_one_chat(self, service, setup, member):
        done = at_once(
            *(lambda body=body: commands.start(member=member, body=body, at=T0) for body in ("一", "二"))
        )
        assert not refused(done)
        assert ChatSession.objects.count() == Case.objects.count() == 1
        assert {"一", "二"} <= set(words(done[0]))

    def test_one_message_sent_twice(self, chat, member):
        done = at_once(
            *[lambda: commands.write(case_id=chat.case_id, body="一", key="k" * 8, member=member, at=T0)] * 2
        )
        assert done[0] == done[1]
        assert words(chat).count("一") == 1

    def test_both_sides_end_it(self, chat, agent, member):
        commands.say(case_id=chat.case_id, body="好了", actor=agent.user, at=T0)
        done = at_once(
            lambda: commands.end_by_member(case_id=chat.case_id, solved=True, member=member, at=T0),
            lambda: commands.end_by_agent(case_id=chat.case_id, resolution="solved", actor=agent.user, at=T0),
        )
        assert not refused(done)
        assert kinds(chat).count("chat.ended") == 1
        assert fresh(chat).state == ChatState.ENDED


def test_again_or_too_late_is_no_help(chat, member):
    with pytest.raises(WrongState):
        commands.helped(case_id=chat.case_id, member=member, at=T0)
    assert commands.ask_person(case_id=chat.case_id, member=member, at=T0).state == ChatState.WAITING


def test_what_the_member_chats_in_is_merged_into_nothing(chat, agent, member):
    other = cases.open_case(
        member=member,
        kind="complaint",
        channel="portal",
        subject="包裹",
        body="少了一件",
        actor=member,
        at=T0,
    )
    with pytest.raises(WrongState, match="聊天"):
        cases.merge(case_id=chat.case_id, into_id=other.pk, actor=agent.user, at=T0)
    cases.merge(case_id=other.pk, into_id=chat.case_id, actor=agent.user, at=T0)
    commands.write(case_id=chat.case_id, body="还在吗", member=member, at=T0)


def test_a_chat_that_cannot_be_ended_holds_up_no_other(chat, service, setup):
    broken = commands.start(member=MemberFactory(), body="在吗", at=T0 - SECOND)
    into = CaseFactory(member=broken.member)
    Case.objects.filter(pk=broken.case_id).update(
        merged_into=into, status="closed", resolution="duplicate", resolved_at=T0, closed_at=T0
    )
    assert commands.end_left(at=T0 + 10 * MINUTE) == 1
    assert fresh(chat).state == ChatState.ENDED


def test_a_part_of_a_chat_is_answered_in_the_portal(chat, agent, member):
    commands.say(case_id=chat.case_id, body="您好", actor=agent.user, at=T0 + SECOND)
    said = commands.write(case_id=chat.case_id, body="还想问发票", member=member, at=T0 + MINUTE)
    new = cases.split(
        case_id=chat.case_id, message_id=said.pk, subject="发票", actor=agent.user, at=T0 + 2 * MINUTE
    )
    assert new.channel == Channel.PORTAL
    assert new.clocks.get(milestone="first_reply").policy_version.policy.code == "any"
    assert fresh(chat).state == ChatState.ACTIVE


def test_a_chat_that_is_over_is_taken_up_again_in_the_portal(chat, agent, member):
    commands.say(case_id=chat.case_id, body="明天送到", actor=agent.user, at=T0 + SECOND)
    commands.end_by_member(case_id=chat.case_id, solved=True, member=member, at=T0 + MINUTE)
    case = cases.reopen(case_id=chat.case_id, reason="没送到", actor=member, at=T0 + 10 * MINUTE)
    assert case.channel == Channel.PORTAL
    [following] = clocks(chat, milestone="next_reply", met_at=None)
    assert following.due_at > T0 + 15 * MINUTE
