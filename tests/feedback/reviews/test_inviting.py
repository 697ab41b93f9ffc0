"""Asking for reviews: once, after a while, not at night, and equally for all while a case is open."""

from dataclasses import fields
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compensation.models import Notice, Order, OrderStatus, Shipment
from config.common.models import Event
from feedback.models import InvitationEnd, ReviewInvitation, ReviewSetup
from feedback.reviews import inviting, own, writing
from feedback.reviews.inviting import Standing
from tests.factories.compensation import T0, OrderLineFactory
from tests.factories.feedback import CaseFactory
from tests.factories.reviews import DAY, house, received
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("F14")]
HOUR = timedelta(hours=1)
DUE = T0 + 72 * HOUR  # ten in the morning in Shanghai


@pytest.fixture(autouse=True)
def shop():
    house()


def found(at=DUE):
    inviting.note(list(Order.objects.values_list("pk", flat=True)), at=at)
    return ReviewInvitation.objects.first()


def invite(at=DUE):
    inviting.invite(at=at)
    return ReviewInvitation.objects.get()


def test_a_member_is_asked_once_some_time_after_all_has_arrived():
    line = received(lines=2)[0]
    assert found().due_at == DUE
    inviting.invite(at=DUE - HOUR)
    assert not Notice.objects.exists()
    assert invite().sent_at == DUE
    found()
    inviting.invite(at=DUE + DAY)
    notice = Notice.objects.get()
    assert (notice.member, notice.path, notice.purpose) == (line.order.member, "/portal/reviews/", "survey")
    assert Event.objects.filter(kind="review.invited").count() == 1
    review = writing.write(member=line.order.member, line_id=line.pk, stars=5, at=DUE + DAY)
    assert review.asked_at == DUE


def test_nobody_is_asked_before_the_last_parcel_came():
    line = received(status=OrderStatus.SHIPPED)[0]
    other = OrderLineFactory(order=line.order)
    assert found() is None
    other.shipment = line.shipment
    other.save()
    line.order.save()
    assert found()


def test_what_came_long_ago_is_not_asked_about():
    received(at=T0 - 40 * DAY)
    assert found(at=T0) is None


def test_at_night_it_waits_until_morning():
    received()
    found()
    night = DUE + 12 * HOUR  # ten in the evening
    assert invite(night).sent_at is None
    one = ReviewInvitation.objects.get()
    assert one.due_at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%d %H:%M") == "22 09:00"
    assert invite(one.due_at).sent_at


def test_it_waits_while_a_case_about_the_order_is_open():
    line = received()[0]
    case = CaseFactory(member=line.order.member, order=line.order)
    found()
    assert invite().held_since == DUE
    inviting.invite(at=DUE + HOUR)
    one = ReviewInvitation.objects.get()
    assert (one.sent_at, one.skipped_at, one.held_since) == (None, None, DUE)
    assert Event.objects.filter(kind="review.invitation_held").count() == 1
    case.status, case.resolution, case.resolved_at = "resolved", "solved", DUE + HOUR
    case.save()
    assert invite(DUE + 2 * HOUR).sent_at


def test_a_case_that_goes_on_in_another_one_holds_it_back_as_well():
    line = received()[0]
    last = CaseFactory(member=line.order.member)
    middle, first = (CaseFactory(member=line.order.member, order=order) for order in (None, line.order))
    for case, into in ((first, middle), (middle, last)):
        case.status, case.resolution, case.merged_into = "closed", "duplicate", into
        case.resolved_at = case.closed_at = T0
        case.save()
    found()
    assert invite().held_since == DUE
    last.status, last.resolution, last.resolved_at = "resolved", "solved", DUE
    last.save()
    assert invite(DUE + HOUR).sent_at


def test_orders_of_old_that_no_parcel_tells_of_are_not_asked_about():
    line = received()[0]
    Shipment.objects.all().delete()
    Order.objects.update(placed_at=T0 - 61 * DAY, changed_at=T0)
    assert found(at=T0) is None
    Order.objects.update(placed_at=T0 - 2 * DAY)
    assert found(at=T0).received_at == T0
    assert own.with_receipt(type(line).objects.all()).get().received_at == T0


def test_a_case_about_another_order_holds_nothing_back():
    line = received()[0]
    CaseFactory(member=line.order.member)
    found()
    assert invite().sent_at


@pytest.mark.parametrize("reason", ["reviewed", "returned", "erased", "off", "closed"])
def test_why_somebody_is_not_asked_is_kept(reason):
    line = received()[0]
    found()
    at = DUE
    if reason == "reviewed":
        writing.write(member=line.order.member, line_id=line.pk, stars=1, at=T0 + DAY)
    elif reason == "returned":
        line.order.status = OrderStatus.RETURNED
        line.order.save()
    elif reason == "erased":
        line.order.member.erased_at = T0
        line.order.member.save()
    elif reason == "off":
        ReviewSetup.objects.update(invites=False)
    else:
        at = T0 + 31 * DAY
    one = invite(at)
    assert (one.skipped_at, one.reason, one.sent_at) == (at, reason, None)
    assert not Notice.objects.filter(kind="review.invited").exists()
    assert Event.objects.get(kind="review.not_invited").data == {"why": reason}


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_ask_once():
    received()
    while inviting.find(at=DUE):
        pass
    assert not inviting.find(at=DUE)
    at_once(*[lambda: inviting.invite(at=DUE)] * 3)
    assert Notice.objects.filter(kind="review.invited").count() == 1


def test_nothing_that_tells_how_somebody_may_judge_is_looked_at():
    assert {one.name for one in fields(Standing)} == {
        "received_at", "is_on", "is_erased", "went_back", "is_reviewed", "has_open_case",
    }  # fmt: skip


@given(
    standing=st.builds(
        Standing,
        received_at=st.just(T0),
        is_on=st.booleans(),
        is_erased=st.booleans(),
        went_back=st.booleans(),
        is_reviewed=st.booleans(),
        has_open_case=st.booleans(),
    ),
    hours=st.integers(0, 24 * 40),
)
def test_whoever_has_an_open_case_is_never_asked_and_never_forgotten(standing, hours):
    at = T0 + hours * HOUR
    quiet = (time(21), time(9))
    coming = inviting.decide(standing, at, days=30, quiet=quiet, zone=ZoneInfo("Asia/Shanghai"))
    assert not (coming.reason and coming.again_at)
    if standing.has_open_case:
        assert coming.reason or coming.again_at > at
    if coming.reason:
        assert coming.reason in InvitationEnd.values
