from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compensation.consents import commands as consents
from config.common.models import OutboxMessage
from surveys.campaigns import commands
from surveys.campaigns.waves import wave_at
from surveys.invitations.commands import ask, remind_due
from surveys.models import Invitation, WaveCell
from surveys.responses.commands import answer
from tests.factories.compensation import MemberFactory
from tests.factories.feedback import CaseFactory
from tests.factories.surveys import NOW, running, token_of
from tests.threads import at_once, refused

pytestmark = [pytest.mark.django_db, pytest.mark.req("S1")]

DAY = timedelta(days=1)


def asked(**fields) -> Invitation:
    member = MemberFactory()
    running(**{"remind_days": [3, 7], **fields})
    ask(at=NOW)
    return Invitation.objects.select_related("member", "wave__campaign").get(member=member)


def reminders() -> int:
    return OutboxMessage.objects.filter(kind="survey", payload__turn__gt=0).count()


def test_who_has_not_answered_is_reminded_at_most_twice():
    invitation = asked()
    for days, expected in ((2, 0), (3, 1), (4, 1), (7, 2), (13, 2)):
        remind_due(at=NOW + days * DAY)
        assert reminders() == expected
    invitation.refresh_from_db()
    assert (invitation.reminders, invitation.remind_at) == (2, None)


@pytest.mark.parametrize(
    "why", ["answered", "anonymous", "ended", "consent", "bounced", "case", "quota", "erased", "expired"]
)
def test_who_is_not_reminded(why):
    invitation = asked(is_anonymous=why == "anonymous", quota=1)
    campaign, at = invitation.wave.campaign, NOW + 3 * DAY
    if why in {"answered", "anonymous"}:
        WaveCell.objects.update(quota=9)
        answer(token=token_of(invitation), answers={"csat": 5}, at=NOW)
    elif why == "ended":
        commands.end(campaign_id=campaign.pk, actor=None, at=NOW)
    elif why == "consent":
        consents.choose(member=invitation.member, wanted={("survey", "sms"): False}, source="link", at=NOW)
    elif why == "bounced":
        Invitation.objects.update(bounced_at=NOW)
    elif why == "case":
        CaseFactory(member=invitation.member)
    elif why == "quota":
        wave_at(campaign, NOW).cells.update(answered=1)
    elif why == "erased":
        type(invitation.member).objects.update(erased_at=NOW)
    else:
        Invitation.objects.update(expires_at=at)
    remind_due(at=at)
    assert reminders() == 0
    invitation.refresh_from_db()
    assert invitation.is_answered or invitation.remind_at is None


def test_at_night_and_in_a_pause_reminders_wait():
    invitation = asked()
    assert remind_due(at=(NOW + 3 * DAY).replace(hour=15)) == 0
    commands.pause(campaign_id=invitation.wave.campaign_id, actor=None, at=NOW)
    assert remind_due(at=NOW + 4 * DAY) == 0
    commands.launch(campaign_id=invitation.wave.campaign_id, actor=None, at=NOW)
    remind_due(at=NOW + 4 * DAY)
    assert reminders() == 1


def test_reminding_takes_as_many_queries_for_three_as_for_one():
    counts = []
    running(remind_days=[3])
    for members, days in ((1, 0), (3, 20)):
        for _ in range(members):
            MemberFactory()
        running(f"more-{members}", remind_days=[3])
        ask(at=NOW + days * DAY)
        with CaptureQueriesContext(connection) as made:
            assert remind_due(at=NOW + (days + 3) * DAY)
        counts.append(len(made))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_remind_once():
    for _ in range(4):
        MemberFactory()
    running(remind_days=[3])
    ask(at=NOW)
    assert not refused(at_once(*[lambda: remind_due(at=NOW + 3 * DAY) for _ in range(4)]))
    remind_due(at=NOW + 3 * DAY)
    assert reminders() == 4
