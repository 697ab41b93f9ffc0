"""Whatever becomes of a case weeks later, what is taken again for it is as if all days were taken anew."""

from datetime import timedelta

import pytest

from compensation.members.commands import guest
from feedback.cases import commands, waiting
from feedback.clocks.pauses import review
from feedback.ladders.sweep import sweep
from feedback.models import Clock, Message, Pause, PauseRule
from kpis.models import Snapshot, Tally
from kpis.snapshots import late
from kpis.snapshots.commands import take
from tests.factories.common import UserFactory
from tests.factories.compensation import T0, MemberFactory, OrderFactory, ProductFactory, TierFactory
from tests.factories.feedback import AgentFactory, DepartmentFactory
from tests.factories.sop import make_policy

pytestmark = [pytest.mark.django_db, pytest.mark.req("K1")]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = T0 + 30 * DAY
FIRST, LAST = T0.date() - DAY, NOW.date()


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """Events of the test's own transaction are read as if it had ended."""
    monkeypatch.setattr(
        "config.common.events._since",
        lambda position: late.Event.objects.filter(pk__gt=position.id).order_by("pk"),
    )


@pytest.fixture
def agent():
    service = DepartmentFactory(code="service", takes_new=True, reopen_within_days=90)
    make_policy(targets={"first_reply": 30, "resolution": 2 * 1440})
    return AgentFactory(departments=[service]).user


def opened(at, member=None, **about):
    about = {"kind": "complaint", "channel": "portal", "subject": "破损", "body": "碎了", **about}
    member = member or MemberFactory()
    return commands.open_case(member=member, actor=member, at=at, **about)


def reply(case, agent, at):
    commands.reply(case_id=case.pk, body="给您补发", actor=agent, at=at)


def resolve(case, agent, at):
    commands.resolve(case_id=case.pk, resolution="solved", actor=agent, at=at)


def kept():
    figures = Snapshot.objects.values_list("metric", "dimension", "key", "day", "n", "total", "squares")
    tallies = Tally.objects.values_list("of", "dimension", "key", "day", "cell", "n")
    return set(figures) | set(tallies)


def settle():
    while late.note(at=NOW):
        pass
    while late.take_stale(at=NOW):
        pass


def as_if_taken_anew():
    """Take what was told of; then all days: nothing may come out differently."""
    settle()
    found = kept()
    take(first=FIRST, last=LAST, at=NOW)
    assert found == kept()


@pytest.fixture
def taken(agent):
    """Take all days once the test has said what was long ago; give what it counted."""

    def take_all():
        take(first=FIRST, last=LAST, at=NOW)
        settle()
        return kept()

    return take_all


def test_joined_with_an_older_one(agent, taken):
    member = MemberFactory()
    older, newer = opened(T0, member), opened(T0 + 5 * DAY, member)
    reply(newer, agent, T0 + 6 * DAY)
    reply(older, agent, T0 + 3 * DAY)
    before = taken()
    commands.merge(case_id=older.pk, into_id=newer.pk, actor=agent, at=NOW)
    as_if_taken_anew()
    assert kept() != before


def test_split(agent, taken):
    case = opened(T0)
    reply(case, agent, T0 + HOUR)
    commands.member_message(case_id=case.pk, body="还想问发票", actor=case.member, at=T0 + 4 * DAY)
    reply(case, agent, T0 + 5 * DAY)
    before = taken()
    message = Message.objects.get(body="还想问发票")
    commands.split(
        case_id=case.pk, message_id=message.pk, subject="开发票", kind="complaint", actor=agent, at=NOW
    )
    as_if_taken_anew()
    assert kept() != before


def test_set_right(agent, taken):
    order = OrderFactory()
    order.lines.create(external_id="1", product=ProductFactory(category="tea"), paid_fen=100)
    case = opened(T0, order.member)
    before = taken()
    commands.correct(
        case_id=case.pk, subject="问一下", kind="enquiry", order_id=order.pk, actor=agent, at=NOW
    )
    as_if_taken_anew()
    assert kept() != before


def test_recognised(agent, taken):
    TierFactory()
    stranger = guest(phone="13900001111", at=T0)
    case = opened(T0, stranger, channel="phone")
    member = MemberFactory(region="华东")
    before = taken()
    commands.recognise(case_id=case.pk, member_id=member.pk, actor=agent, at=NOW)
    as_if_taken_anew()
    assert kept() != before


def test_opened_again(agent, taken):
    case = opened(T0)
    reply(case, agent, T0 + HOUR)
    resolve(case, agent, T0 + 4 * DAY)
    before = taken()
    commands.reopen(case_id=case.pk, reason="又坏了", actor=agent, at=NOW)
    as_if_taken_anew()
    assert kept() != before


def test_handed_to_another_department(agent, taken):
    case = opened(T0)
    sweep(T0 + DAY)
    before = taken()
    commands.transfer(
        case_id=case.pk, department_id=DepartmentFactory().pk, note="归物流", actor=agent, at=NOW
    )
    as_if_taken_anew()
    assert kept() != before


@pytest.fixture
def paused(agent):
    """A case whose resolution, promised within two days, stood still for five of them."""
    PauseRule.objects.create(
        reason="waiting_bank", milestones=["resolution"], cap=90 * DAY, needs_review=True
    )
    case = opened(T0)
    reply(case, agent, T0 + HOUR)
    waiting.wait_for(case_id=case.pk, reason="waiting_bank", actor=agent, at=T0 + DAY)
    waiting.go_on(case_id=case.pk, actor=agent, at=T0 + 6 * DAY)
    return case


def judge(verdict, at):
    pause = Pause.objects.get(clock__milestone="resolution")
    review(pause_id=pause.pk, verdict=verdict, remark="当天已到账", actor=UserFactory(), at=at)


def late_on():
    return Clock.objects.get(milestone="resolution").breached_at


@pytest.mark.parametrize("verdict", ["rejected", "accepted"])
def test_a_pause_may_not_count_after_the_clock_was_met(agent, paused, taken, verdict):
    resolve(paused, agent, T0 + 7 * DAY - HOUR)
    before = taken()
    judge(verdict, NOW)
    as_if_taken_anew()
    assert (kept() != before) is (late_on() is not None) is (verdict == "rejected")


@pytest.mark.parametrize(("first", "then"), [("rejected", "accepted"), ("accepted", "rejected")])
def test_a_breach_moves_with_the_verdict(paused, taken, first, then):
    judge(first, T0 + 8 * DAY)
    sweep(T0 + 9 * DAY)
    before, was = taken(), late_on()
    judge(then, NOW)
    as_if_taken_anew()
    assert kept() != before
    assert {was, late_on()} == {T0 + 2 * DAY, T0 + 7 * DAY}
