"""Cases that staff take down for members at the counter or on the telephone."""

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction

from compensation.members.queries import spoken_of
from compensation.models import Member
from config.common.errors import Invalid, KeyReused, NotFound
from config.common.models import Event
from feedback.cases import commands
from feedback.cases.taking_down import Somebody
from feedback.models import Case, CaseKind, Channel, Clock, Message, Milestone
from tests.factories.compensation import T0, MemberFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory, picture
from tests.factories.orders import OrderFactory, ShipmentFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("F1")]


@pytest.fixture
def agent():
    make_policy()
    return AgentFactory(departments=[DepartmentFactory(takes_new=True)])


def take_down(agent, who=None, **options):
    given = {
        "kind": CaseKind.COMPLAINT, "channel": Channel.WALK_IN, "subject": "杯子碎了", "body": "打开就碎了。",
        "key": "key-12345678", "actor": agent.user, "at": T0, **options,
    }  # fmt: skip
    return commands.take_down(who=who or Somebody(MemberFactory().pk), **given)


def test_the_members_words_and_a_clock_that_runs(agent):
    case = take_down(agent, takes=True, attachments=[picture()])
    message = case.messages.get()
    assert (message.author, message.body, message.attachments.count()) == ("member", "打开就碎了。", 1)
    assert (case.channel, case.agent) == ("walk_in", agent)
    opened = Event.objects.get(kind="case.opened", subject_id=case.pk)
    assert opened.actor == f"user:{agent.user_id}"
    assert Clock.objects.get(case=case, milestone=Milestone.FIRST_REPLY).met_at is None


def test_what_was_answered_at_once_keeps_the_promise(agent):
    case = take_down(agent, answer="我们马上补发。")
    assert [one.author for one in case.messages.order_by("pk")] == ["member", "agent"]
    assert case.agent == agent
    clock = Clock.objects.get(case=case, milestone=Milestone.FIRST_REPLY)
    assert (clock.met_at, clock.breached_at) == (T0, None)


def test_sent_twice_it_is_one_case(agent):
    who = Somebody(MemberFactory().pk)
    first, again = (take_down(agent, who, answer="好的。", at=T0 + timedelta(minutes=n)) for n in range(2))
    assert first == again
    assert Message.objects.count() == 2
    with pytest.raises(KeyReused):
        take_down(agent, who, body="别的事。")


def test_a_stranger_becomes_known_by_contact_or_name(agent):
    TierFactory()
    known = MemberFactory(phone="13900001111")
    assert take_down(agent, Somebody(phone="+86 139 0000 1111")).member == known
    new = take_down(agent, Somebody(phone="13700002222", name="李女士"), key="key-2-345678").member
    assert (new.name, new.phone) == ("李女士", "13700002222")
    nameless = take_down(agent, Somebody(name="王先生"), key="key-3-345678")
    assert nameless.member not in {known, new}
    assert take_down(agent, Somebody(name="王先生"), key="key-3-345678") == nameless


def test_where_one_does_not_work_the_case_is_left_to_others(agent):
    elsewhere = DepartmentFactory()
    case = take_down(agent, department_id=elsewhere.pk, takes=True)
    assert (case.department, case.agent) == (elsewhere, None)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"kind": CaseKind.REVIEW}, Invalid),
        ({"channel": Channel.EMAIL}, Invalid),
        ({"channel": Channel.GAP}, Invalid),
        ({"subject": " "}, Invalid),
        ({"body": "\n"}, Invalid),
        ({"who": Somebody()}, Invalid),
        ({"who": Somebody(10**9)}, NotFound),
        ({"order_id": 10**9}, NotFound),
        ({"department_id": 10**9}, NotFound),
    ],
)
def test_what_is_refused_opens_nothing(agent, options, error):
    with pytest.raises(error), transaction.atomic():
        take_down(agent, **options)
    assert not Case.objects.exists()


def test_an_order_has_to_be_the_members_own_and_nobody_opens_for_the_erased(agent):
    member = MemberFactory()
    with pytest.raises(Invalid), transaction.atomic():
        take_down(agent, Somebody(member.pk), order_id=OrderFactory().pk)
    Member.objects.filter(pk=member.pk).update(erased_at=T0)
    with pytest.raises(NotFound):
        take_down(agent, Somebody(member.pk))


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_open_one_case(agent):
    who, barrier, found = Somebody(MemberFactory().pk), threading.Barrier(2), []

    def click():
        barrier.wait()
        found.append(take_down(agent, who, answer="好的。").pk)
        connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 2
    assert Case.objects.count() == 1
    assert Message.objects.count() == 2


def test_members_are_found_by_what_they_say():
    member = MemberFactory(phone="13800001234", email="li@example.com", name="李雷")
    order = OrderFactory(member=member)
    parcel = ShipmentFactory(order=order, tracking_number="SF123")
    said = (
        "138 0000 1234",
        "+8613800001234",
        "LI@example.com",
        member.external_id,
        order.external_id,
        "SF123",
    )
    for words in (*said, "李"):
        assert spoken_of(words) == [member], words
    for words in ("", "\0", "00001234", "雷", "%", parcel.external_id + "x"):
        assert spoken_of(words) == [], words
    Member.objects.update(erased_at=T0)
    assert spoken_of("13800001234") == []
