"""How invitations and reminders reach a member: one channel after the other, until one takes them.

The outbox holds no words, address or link: they are put together when a message is sent, and whether it may
still be sent is looked at then.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from compensation.consents import links as unsubscribe
from compensation.consents import queries as consents
from compensation.members.commands import GUEST
from compensation.models import Member, Purpose
from config.common import gateways, outbox
from config.common.events import record
from config.common.mail import send_mail
from config.common.models import OutboxMessage
from config.common.outbox import Dropped, Later, Refused
from config.common.sms import send_sms
from surveys.campaigns import judging
from surveys.invitations import links, queries
from surveys.invitations.wording import Said, Words
from surveys.models import AskChannel, CampaignState, Invitation

log = logging.getLogger(__name__)

KIND = "survey"
AFTER_A_PAUSE = timedelta(minutes=10)
WHY_LENGTH = 200


def put(invited: Sequence[tuple[int, int | None, str]], *, turn: int, at: datetime) -> None:
    """Have invitations (their numbers, members and channels) sent after the commit; `turn` counts reminders.

    Each once.
    """
    outbox.put_many(
        KIND,
        keys=[f"{KIND}:{pk}:{turn}:{channel}" for pk, _member, channel in invited],
        recipients=[f"member:{member}" for _pk, member, _channel in invited],
        payloads=[{"invitation": pk, "turn": turn, "channel": channel} for pk, _member, channel in invited],
        at=at,
    )


def send(message: OutboxMessage) -> None:
    """Send what `put` wrote.

    Where its channel does not reach the member, the next one of the campaign is tried.

    Raises:
        Dropped: it is not to be sent any more, or by another channel.
        Later: it is night, or the campaign is paused.
        Refused: no channel reaches the member; the invitation is marked.
        OSError: not now.
    """
    at, turn, channel = timezone.now(), message.payload["turn"], message.payload["channel"]
    invitation = (
        Invitation.objects.select_related("member", "wave__campaign")
        .filter(pk=message.payload["invitation"])
        .first()
    )
    if invitation is None or invitation.member is None or invitation.member.erased_at:
        raise Dropped("the member was erased")
    _look_again(invitation, channel, at)
    member = invitation.member
    if not _may(member, channel):
        pass_on(invitation=invitation, channel=channel, turn=turn, at=at)
        raise Dropped("the member cannot be asked by this any more")
    if channel == AskChannel.EMAIL:
        message.payload["to"] = address_mark(member.email)
    try:
        with transaction.atomic():  # what was not sent nobody was exposed to
            words = Words.about(invitation).as_tested(invitation, at=at)
            said = words.of(invitation, is_reminder=turn > 0)
            _deliver(invitation, member, channel, said, str(message.request_id))
    except Refused as error:
        if pass_on(invitation=invitation, channel=channel, turn=turn, at=at, why=str(error)):
            raise Dropped("refused; the next channel is tried") from None
        raise
    except OSError as error:
        if message.attempts >= settings.OUTBOX_MAX_ATTEMPTS:
            pass_on(invitation=invitation, channel=channel, turn=turn, at=at, why=str(error) or "OSError")
        raise


def address_mark(email: str) -> str:
    """What is kept of the address to which a letter went: whether it is still the member's can be told."""
    return salted_hmac("surveys.address", email.lower(), algorithm="sha256").hexdigest()[:16]


def _look_again(invitation: Invitation, channel: str, at: datetime) -> None:
    campaign = invitation.wave.campaign
    if invitation.channel != channel:
        raise Dropped("it went by another channel")
    if queries.is_spent(invitation):
        raise Dropped("it was answered")
    if invitation.opted_out_at:
        raise Dropped("the member wants no more")
    if at >= invitation.expires_at:
        raise Dropped("the time to answer is over")
    if campaign.state == CampaignState.ENDED:
        raise Dropped("the campaign was ended")
    if campaign.state == CampaignState.PAUSED:
        raise Later(at + AFTER_A_PAUSE)
    if (morning := judging.morning(at, using=judging.terms())) > at:
        raise Later(morning)


def _may(member: Member, channel: str) -> bool:
    """Whether a channel reaches a member, as far as we know, who lets us ask by it."""
    reaches = {
        AskChannel.EMAIL: bool(member.email and member.email_failed_at is None),
        AskChannel.SMS: bool(member.phone),
        AskChannel.PUSH: not member.external_id.startswith(GUEST),
        AskChannel.WECHAT: not member.external_id.startswith(GUEST),
    }
    return reaches[AskChannel(channel)] and channel in consents.channels(member, Purpose.SURVEY)


@transaction.atomic
def pass_on(*, invitation: Invitation, channel: str, turn: int, at: datetime, why: str = "") -> bool:
    """Try the next channel of the campaign that reaches the member; says whether there is one.

    `why` it came back; empty: it did not. Where there is no channel left, an invitation that came back is
    marked, and nobody is reminded of it. What was answered meanwhile has arrived, one way or another.
    """
    held = Invitation.objects.select_for_update(no_key=True, of=("self",)).get(pk=invitation.pk)
    if held.channel != channel:  # somebody has passed it on already
        return True
    if held.is_answered or held.bounced_at:
        return False
    if why:
        held.returned_at, held.delivered_at = at, None
        held.returned_why = outbox.PERSONAL.sub("•••", f"{AskChannel(channel).label}: {why}")[:WHY_LENGTH]
        held.save(update_fields=["returned_at", "returned_why", "delivered_at"])
        record("survey.returned", held, actor=None, at=at, channel=channel)
    if held.opted_out_at:
        return False
    campaign = invitation.wave.campaign
    order = judging.channels_of(campaign)
    is_over = at >= held.expires_at or campaign.state == CampaignState.ENDED
    rest = order[order.index(channel) + 1 :] if channel in order and not is_over else []
    member = Member.objects.get(pk=invitation.member_id or 0)
    following = next((one for one in rest if one != AskChannel.PORTAL and _may(member, one)), "")
    if following:
        held.channel = following
        held.save(update_fields=["channel"])
        put([(held.pk, held.member_id, held.channel)], turn=turn, at=at)
        return True
    held.remind_at = None
    held.bounced_at = at if why else None
    held.save(update_fields=["remind_at", "bounced_at"])
    return False


def _deliver(invitation: Invitation, member: Member, channel: str, said: Said, request_id: str) -> None:
    link = f"{settings.PUBLIC_URL}{links.page(invitation)}"
    out = unsubscribe.link(member.pk, Purpose.SURVEY, channel, about=invitation.pk)
    if channel in {AskChannel.PUSH, AskChannel.WECHAT}:
        gateways.send(
            channel,
            member=member.external_id,
            title=said.title,
            text=said.body,
            link=link,
            stop=out,
            request_id=request_id,
        )
        return
    with translation.override(member.language):
        text = "\n\n".join(
            part for part in (said.body, link, _("No more of these: %(link)s") % {"link": out}) if part
        )
    if channel == AskChannel.EMAIL:
        headers = {"List-Unsubscribe": f"<{out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        send_mail(to=member.email, subject=said.title, text=text, request_id=request_id, headers=headers)
    else:
        send_sms(to=member.phone, text=f"{said.title}\n{text}", request_id=request_id)
