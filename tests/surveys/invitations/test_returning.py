from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
import time_machine
from django.core import mail
from django.test import Client

from compensation.consents import links
from config.common.models import Event, OutboxMessage
from config.common.outbox import relay
from feedback.models import Mailbox, Outcome
from surveys.campaigns.figures import of_waves
from surveys.invitations.commands import ask, remind_due
from surveys.invitations.returning import arrived, came_back
from surveys.models import Invitation
from surveys.responses.commands import answer
from tests.factories.compensation import MemberFactory
from tests.factories.mail import take
from tests.factories.surveys import NOW, running, token_of
from tests.feedback.channels.email.test_receiving import DSN
from tests.shop import Till
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.req("S4")]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def sent(at=NOW):
    with time_machine.travel(at, tick=False):
        return relay(at)


def asked(channels=("email", "sms"), **fields) -> Invitation:
    member = MemberFactory(email="wang@example.com", phone="13800000001")
    running(channels=list(channels), remind_days=[3], **fields)
    ask(at=NOW)
    sent()
    return Invitation.objects.select_related("member", "wave__campaign").get(member=member)


def number(channel="email"):
    return OutboxMessage.objects.get(kind="survey", payload__channel=channel).request_id


def dsn(letter, *, action=b"failed", status=b"5.1.1") -> bytes:
    return DSN % {b"tag": b"c1-x", b"action": action, b"status": status, b"letter": letter.encode()}


def test_a_report_in_the_mailbox_has_the_next_channel_tried_once():
    invitation = asked()
    mailbox = Mailbox.objects.create(name="客服", address="care@shop.example")
    letter = mail.outbox[0].extra_headers["Message-ID"].strip("<>")
    row = take(mailbox, dsn(letter), at=NOW + HOUR)
    assert (row.outcome, row.case) == (Outcome.BOUNCE, None)
    invitation.refresh_from_db()
    assert (invitation.channel, invitation.bounced_at) == ("sms", None)
    assert invitation.returned_at > NOW
    assert "mailbox is not here" in invitation.returned_why
    assert "@" not in invitation.returned_why
    invitation.member.refresh_from_db()
    assert invitation.member.email_failed_at is not None
    assert sent(NOW + 2 * HOUR).sent == 1
    take(mailbox, dsn(letter, status=b"5.1.2"), at=NOW + 3 * HOUR)
    again = Invitation.objects.get()
    assert (again.returned_at, again.returned_why) == (invitation.returned_at, invitation.returned_why)
    assert OutboxMessage.objects.filter(kind="survey").count() == 2
    remind_due(at=NOW + 3 * DAY)
    assert list(OutboxMessage.objects.filter(payload__turn=1).values_list("payload__channel", flat=True)) == [
        "sms"
    ]


def test_a_delay_and_a_report_of_no_letter_of_ours_change_nothing():
    invitation = asked()
    mailbox = Mailbox.objects.create(name="客服", address="care@shop.example")
    letter = mail.outbox[0].extra_headers["Message-ID"].strip("<>")
    take(mailbox, dsn(letter, action=b"delayed", status=b"4.4.1"))
    for forged in (f"{uuid4()}@shop.example", "none@here", f"{invitation.pk}@shop.example"):
        assert take(mailbox, dsn(forged)).outcome == Outcome.SET_ASIDE
    invitation.refresh_from_db()
    assert (invitation.channel, invitation.returned_at) == ("email", None)


def test_where_no_channel_is_left_it_is_marked_and_nobody_is_reminded():
    invitation = asked(["sms"])
    assert came_back(request_id=number("sms"), why="no such 13800000001", at=NOW + HOUR)
    assert came_back(request_id=number("sms"), why="again", at=NOW + 2 * HOUR)
    invitation.refresh_from_db()
    assert (invitation.bounced_at, invitation.remind_at) == (NOW + HOUR, None)
    assert "no such •••" in invitation.returned_why
    (figures,) = of_waves(invitation.wave.campaign)
    assert (figures.asked, figures.delivered, figures.bounced) == (1, 0, 1)
    assert Event.objects.filter(kind="survey.returned").count() == 1


@pytest.mark.parametrize("what", ["answered", "erased", "ended", "other kind", "not sent"])
def test_what_changes_nothing_any_more(what):
    invitation = asked()
    request_id = number()
    if what == "answered":
        answer(token=token_of(invitation), answers={"csat": 5}, at=NOW)
    elif what == "erased":
        type(invitation.member).objects.update(erased_at=NOW)
    elif what == "ended":
        type(invitation.wave.campaign).objects.update(state="ended")
    elif what == "other kind":
        OutboxMessage.objects.update(kind="notice")
    else:
        OutboxMessage.objects.update(status="pending", sent_at=None)
    came_back(request_id=request_id, why="x", at=NOW + HOUR)
    invitation.refresh_from_db()
    assert invitation.channel == "email"
    assert (invitation.bounced_at is not None) is (what == "ended")
    assert OutboxMessage.objects.filter(payload__channel="sms").count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_reports_at_once_pass_it_on_once():
    asked(["sms", "push", "wechat"])  # of a letter the member's address would be held
    request_id = number("sms")
    report = partial(came_back, request_id=request_id, why="x", at=NOW + HOUR)
    assert at_once(report, report) == [True, True]
    assert Invitation.objects.get().channel == "push"
    assert Event.objects.filter(kind="survey.returned").count() == 1


def receipt(till, request_id, status="failed", **more):
    return till.post("receipts", {"request_id": str(request_id), "status": status, **more})


@time_machine.travel(NOW + HOUR)
def test_a_gateway_tells_of_a_text_message_under_its_signature(settings):
    settings.SHOP_API_SECRETS = []
    invitation, till = asked(["sms", "push"]), Till()
    assert receipt(till, uuid4()).json() == {"is_known": False}
    assert receipt(till, number("sms"), reason="<b>off</b>").json() == {"is_known": True}
    invitation.refresh_from_db()
    assert invitation.channel == "push"
    assert invitation.returned_why.endswith("<b>off</b>")
    assert receipt(till, "x").status_code == 400
    assert receipt(till, uuid4(), status="lost").status_code == 400
    assert Client().post("/api/v1/shop/receipts/", {}, content_type="application/json").status_code == 401


def opt_out(invitation, *, about=None, member=None):
    member = member or invitation.member
    token = links.token_for(member.pk, "survey", "email", invitation.pk if about is None else about)
    with time_machine.travel(NOW + HOUR, tick=False):
        return Client().post(f"/portal/unsubscribe/{token}/")


def test_who_wants_no_more_gets_nothing_more_of_it_by_any_channel():
    invitation = asked()
    address = (
        mail.outbox[0].extra_headers["List-Unsubscribe"].strip("<>").removeprefix("https://shop.example")
    )
    Client().get(address)
    invitation.refresh_from_db()
    assert invitation.opted_out_at is None  # mail programs look at links
    with time_machine.travel(NOW + HOUR, tick=False):
        Client().post(address)
        Client().post(address)
    invitation.refresh_from_db()
    assert (invitation.opted_out_at, invitation.remind_at) == (NOW + HOUR, None)
    assert Event.objects.filter(kind="survey.opted_out").count() == 1
    came_back(request_id=number(), why="x", at=NOW + 2 * HOUR)
    remind_due(at=NOW + 4 * DAY)
    assert OutboxMessage.objects.filter(kind="survey").count() == 1
    assert of_waves(invitation.wave.campaign)[0].opted_out == 1


def test_what_waits_to_be_sent_is_dropped_when_the_member_wants_no_more():
    invitation = asked()
    remind_due(at=NOW + 3 * DAY)
    Invitation.objects.update(opted_out_at=NOW)
    assert sent(NOW + 3 * DAY).dropped == 1
    assert Invitation.objects.get().channel == invitation.channel


def test_a_link_marks_no_invitation_of_somebody_else():
    invitation = asked()
    opt_out(invitation, member=MemberFactory())
    opt_out(invitation, about=10**9)
    invitation.refresh_from_db()
    assert invitation.opted_out_at is None


def test_a_report_that_names_no_address_marks_the_one_the_letter_went_to():
    invitation = asked()
    came_back(request_id=number(), why="x", at=NOW + HOUR)
    invitation.member.refresh_from_db()
    assert invitation.member.email_failed_at == NOW + HOUR
    assert "wang" not in str(OutboxMessage.objects.get(payload__channel="email").payload)


def test_a_member_who_has_another_address_by_now_keeps_it():
    invitation = asked()
    type(invitation.member).objects.update(email="new@example.com")
    assert came_back(request_id=number(), why="x", at=NOW + HOUR)
    invitation.member.refresh_from_db()
    assert invitation.member.email_failed_at is None


def test_a_receipt_that_a_message_has_arrived_is_kept_until_it_comes_back(settings):
    settings.SHOP_API_SECRETS = []
    invitation, till = asked(["sms", "push"]), Till()
    assert receipt(till, uuid4(), status="delivered").json() == {"is_known": False}
    assert receipt(till, number("sms"), status="delivered").json() == {"is_known": True}
    first = Invitation.objects.get().delivered_at
    assert first is not None
    assert arrived(request_id=number("sms"), at=NOW + DAY)  # again
    assert Invitation.objects.get().delivered_at == first
    assert of_waves(invitation.wave.campaign)[0].arrived == 1
    came_back(request_id=number("sms"), why="x", at=NOW + HOUR)
    held = Invitation.objects.get()
    assert (held.channel, held.delivered_at) == ("push", None)
    assert arrived(request_id=number("sms"), at=NOW + DAY)  # of a channel that was left
    assert Invitation.objects.get().delivered_at is None


@pytest.mark.parametrize("what", ["erased", "other kind", "not sent"])
def test_a_receipt_of_nothing_that_was_sent_changes_nothing(what):
    invitation = asked()
    request_id = number()
    if what == "erased":
        type(invitation.member).objects.update(erased_at=NOW)
    elif what == "other kind":
        OutboxMessage.objects.update(kind="notice")
    else:
        OutboxMessage.objects.update(status="pending", sent_at=None)
    assert not arrived(request_id=request_id, at=NOW)
    assert Invitation.objects.get().delivered_at is None
