from datetime import timedelta

import pytest

from compensation.models import Notice
from config.common.errors import Invalid, MoveNotAllowed
from feedback.cases import commands
from feedback.cases.timeline import timeline_of
from feedback.models import Case, CaseLink, CaseStatus, ChannelMessage, Clock, LinkKind, Message
from tests.factories.compensation import T0
from tests.factories.feedback import CaseFactory, MessageFactory
from tests.factories.sop import make_policy

pytestmark = pytest.mark.req("F7")
MINUTE = timedelta(minutes=1)
NOW = T0 + 60 * MINUTE


@pytest.fixture
def talked(service, member, agent):
    """Asked and answered about one thing, then asked about another: the clock of the next reply runs."""
    make_policy(targets={"first_reply": 30, "next_reply": 60, "resolution": 600})
    case = commands.open_case(
        member=member, kind="complaint", channel="portal", subject="破损", body="碎了", actor=member, at=T0
    )
    commands.reply(case_id=case.pk, body="给您补发", actor=agent.user, at=T0 + 5 * MINUTE)
    commands.member_message(case_id=case.pk, body="还想问发票", actor=member, at=T0 + 40 * MINUTE)
    return case


def split(case, agent, body="还想问发票", **options):
    message = Message.objects.get(body=body)
    options = {"subject": "开发票", "kind": "enquiry", "at": NOW, **options}
    return commands.split(case_id=case.pk, message_id=message.pk, actor=agent.user, **options)


def test_a_part_becomes_a_case_of_its_own(talked, agent, member):
    Notice.objects.all().delete()
    new = split(talked, agent)
    talked.refresh_from_db()
    new.refresh_from_db()
    assert (new.subject, new.kind, new.member, new.agent) == ("开发票", "enquiry", member, agent)
    assert (new.status, new.last_message, new.last_author) == (CaseStatus.OPEN, "还想问发票", "member")
    assert (talked.last_message, talked.last_author) == ("给您补发", "agent")
    message = new.messages.get()
    assert (message.body, message.said_in) == ("还想问发票", talked)
    link = CaseLink.objects.get()
    assert (link.case, link.other, link.kind) == (talked, new, LinkKind.SPLIT)
    assert new.number in Notice.objects.get().title
    assert any(new.number in entry.text for entry in timeline_of(talked))
    assert any(talked.number in entry.text for entry in timeline_of(new))


def test_it_counts_as_opened_when_the_member_said_it(talked, agent):
    """A reply of ours that is split off before it moves neither the opening nor the first reply's clock."""
    commands.reply(case_id=talked.pk, body="发票已开", actor=agent.user, at=T0 + 45 * MINUTE)
    new = split(talked, agent, body="给您补发", subject="补发与发票")
    new.refresh_from_db()
    assert (new.opened_at, new.queued_at) == (T0 + 40 * MINUTE, NOW)
    assert new.first_replied_at == T0 + 45 * MINUTE
    clock = new.clocks.get(milestone="first_reply")
    assert (clock.started_at, clock.met_at) == (T0 + 40 * MINUTE, T0 + 45 * MINUTE)
    assert new.clocks.get(milestone="resolution").started_at == new.opened_at
    talked.refresh_from_db()
    assert talked.opened_at == T0


def test_what_carried_a_message_goes_along(talked, agent):
    letters = {
        message: ChannelMessage.objects.create(
            channel="email", direction="in", external_id=str(message.pk), outcome="taken", message=message,
            case=talked, at=message.at,
        )
        for message in talked.messages.filter(author="member")
    }  # fmt: skip
    new = split(talked, agent)
    assert {message.body: ChannelMessage.objects.get(pk=row.pk).case for message, row in letters.items()} == {
        "碎了": talked,
        "还想问发票": new,
    }


def test_nothing_is_won_by_splitting(talked, agent):
    new = split(talked, agent)
    first = new.clocks.get(milestone="first_reply")
    assert (first.started_at, first.due_at) == (T0 + 40 * MINUTE, T0 + 70 * MINUTE)
    asked = talked.clocks.get(milestone="next_reply")
    assert (asked.stopped_at, asked.met_at) == (NOW, None)
    assert talked.clocks.get(milestone="resolution").stopped_at is None


def test_what_was_answered_in_the_part_is_answered_there(talked, agent, member):
    commands.reply(case_id=talked.pk, body="发票已开", actor=agent.user, at=T0 + 50 * MINUTE)
    commands.member_message(case_id=talked.pk, body="抬头错了", actor=member, at=T0 + 55 * MINUTE)
    new = split(talked, agent)
    new.refresh_from_db()
    assert new.first_replied_at == T0 + 50 * MINUTE
    assert new.clocks.get(milestone="first_reply").met_at == T0 + 50 * MINUTE
    assert new.clocks.get(milestone="next_reply").started_at == T0 + 55 * MINUTE
    assert Clock.objects.filter(case=new, milestone="resolution", started_at=T0 + 40 * MINUTE).exists()


def test_who_still_waits_in_the_old_case_is_still_answered(talked, agent, member):
    commands.member_message(case_id=talked.pk, body="发票呢", actor=member, at=T0 + 45 * MINUTE)
    split(talked, agent, body="发票呢")
    assert talked.clocks.get(milestone="next_reply").stopped_at is None


def test_the_same_key_splits_once(talked, agent):
    one = split(talked, agent, key="k")
    assert commands.split(
        case_id=talked.pk, message_id=one.messages.get().pk, subject="开发票", kind="enquiry", key="k",
        actor=agent.user, at=NOW,
    ) == one  # fmt: skip
    assert Case.objects.count() == 2


def test_refusals(talked, agent):
    with pytest.raises(Invalid):
        split(talked, agent, body="碎了")  # nothing would be left
    with pytest.raises(Invalid):
        split(talked, agent, subject=" ")
    with pytest.raises(Invalid):
        split(talked, agent, kind="nonsense")
    stranger = MessageFactory(body="别处")
    with pytest.raises(Invalid):
        split(talked, agent, body=stranger.body)
    commands.reply(case_id=talked.pk, body="只有我们", actor=agent.user, at=NOW)
    with pytest.raises(Invalid):
        split(talked, agent, body="只有我们")
    done = MessageFactory(case=CaseFactory(resolved=True), body="旧的")
    with pytest.raises(MoveNotAllowed):
        split(done.case, agent, body="旧的")
    assert not CaseLink.objects.exists()
