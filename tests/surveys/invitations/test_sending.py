from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client

from compensation.consents import commands as consents
from compensation.models import Member
from config.common import outbox
from config.common.models import OutboxMessage
from config.common.outbox import Refused, relay
from surveys.campaigns import commands
from surveys.invitations import sending
from surveys.invitations.commands import ask
from surveys.models import CampaignWording, Invitation
from surveys.responses.commands import answer
from tests.factories.compensation import MemberFactory
from tests.factories.surveys import NOW, running, token_of

pytestmark = [pytest.mark.django_db, pytest.mark.req("S4")]

HOUR = timedelta(hours=1)


def asked(channels=("email", "sms"), member=None, **fields) -> Invitation:
    member = member or MemberFactory(email="m@example.com", phone="13800000001", **fields)
    running(channels=list(channels), remind_days=[3])
    ask(at=NOW)
    return Invitation.objects.select_related("member", "wave__campaign").get(member=member)


def sent(at=NOW) -> outbox.Relayed:
    with time_machine.travel(at, tick=False):
        return relay(at)


def refusing(monkeypatch, name):
    def refuse(*_args, **_kwargs):
        raise Refused("HTTP 410")

    monkeypatch.setattr(sending.gateways if name == "send" else sending, name, refuse)


def test_a_letter_has_the_link_and_the_way_to_get_no_more():
    invitation = asked()
    assert sent().sent == 1
    (letter,) = mail.outbox
    assert f"/s/{token_of(invitation)}/" in letter.body
    address = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert address in letter.body
    with time_machine.travel(NOW):
        Client().post(address.removeprefix("https://shop.example"), {"List-Unsubscribe": "One-Click"})
    assert invitation.member.consent_choices.get().channel == "email"
    assert ask(at=NOW + HOUR).total == 0


@pytest.mark.parametrize("channel", ["push", "wechat", "sms"])
def test_messages_leave_by_their_channel(settings, capsys, channel):
    settings.LAPTOP = True
    invitation = asked([channel])
    assert sent().sent == 1
    said = capsys.readouterr().out
    assert f"/s/{token_of(invitation)}/" in said
    assert not mail.outbox


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "季度调查"), ("en", "Quarterly")])
def test_the_campaigns_own_words_by_channel_and_language(language, said):
    invitation = asked(language=language)
    CampaignWording.objects.create(
        campaign=invitation.wave.campaign,
        channel="email",
        title="季度调查",
        title_en="Quarterly",
        body="一分钟",
    )
    sent()
    (letter,) = mail.outbox
    assert letter.subject == said
    assert letter.body.startswith("一分钟")  # there is no English text


def test_what_comes_back_goes_by_the_next_channel_and_is_marked_when_there_is_none(monkeypatch):
    refusing(monkeypatch, "send_mail")
    invitation = asked()
    assert sent().dropped == 1
    invitation.refresh_from_db()
    assert (invitation.channel, invitation.bounced_at) == ("sms", None)
    refusing(monkeypatch, "send_sms")
    assert sent(NOW + HOUR).dead == 1
    invitation.refresh_from_db()
    assert invitation.bounced_at == NOW + HOUR
    assert invitation.remind_at is None


def test_a_gateway_that_is_down_for_long_is_given_up_for_the_next_channel(monkeypatch, settings):
    settings.OUTBOX_MAX_ATTEMPTS = 1

    def down(**_kwargs):
        raise OSError("down")

    monkeypatch.setattr(sending, "send_mail", down)
    invitation = asked()
    assert sent().dead == 1
    invitation.refresh_from_db()
    assert invitation.channel == "sms"
    assert sent(NOW + HOUR).sent == 1


def test_consent_counts_at_the_moment_of_sending():
    invitation = asked()
    consents.choose(member=invitation.member, wanted={("survey", "email"): False}, source="portal", at=NOW)
    assert sent().dropped == 1
    invitation.refresh_from_db()
    assert invitation.channel == "sms"
    assert invitation.bounced_at is None
    consents.choose(member=invitation.member, wanted={("survey", "sms"): False}, source="portal", at=NOW)
    assert sent(NOW + HOUR).dropped == 1
    assert not mail.outbox


def test_night_and_pauses_hold_messages_back_without_counting_an_attempt():
    invitation = asked()
    night = NOW.replace(hour=15)
    assert sent(night).postponed == 1
    message = OutboxMessage.objects.get(kind="survey")
    morning = night.replace(hour=1) + timedelta(days=1)
    assert (message.attempts, message.next_attempt_at) == (0, morning)
    campaign = invitation.wave.campaign_id
    commands.pause(campaign_id=campaign, actor=None, at=NOW)
    assert sent(morning).postponed == 1
    commands.launch(campaign_id=campaign, actor=None, at=NOW)
    assert sent(morning + HOUR).sent == 1


@pytest.mark.parametrize("why", ["answered", "expired", "ended", "erased"])
def test_what_makes_no_sense_any_more_is_not_sent(why):
    invitation = asked()
    at = NOW
    if why == "answered":
        answer(token=token_of(invitation), answers={"csat": 5}, at=NOW)
    elif why == "expired":
        at = NOW + timedelta(days=14)
    elif why == "ended":
        commands.end(campaign_id=invitation.wave.campaign_id, actor=None, at=NOW)
    else:
        Member.objects.update(erased_at=NOW)
    assert sent(at).dropped == 1
    assert not mail.outbox


def test_an_invitation_is_passed_on_once(monkeypatch):
    invitation = asked()
    for _ in range(2):
        assert sending.pass_on(invitation=invitation, channel="email", turn=0, at=NOW)
    assert OutboxMessage.objects.filter(kind="survey", payload__channel="sms").count() == 1
    assert sent().total == 2  # the letter is dropped: it went by another channel
    assert not mail.outbox
