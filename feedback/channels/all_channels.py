"""Every channel that there is."""

from compensation.notices.senders import WAYS
from config.common.outbox import SENDERS
from feedback.cases import outgoing
from feedback.channels.app.channel import App
from feedback.channels.base import CHANNELS, Channel
from feedback.channels.chat.channel import Chat
from feedback.channels.chat.queries import is_open
from feedback.channels.email.channel import Email
from feedback.channels.email.sending import recipients, send_notice
from feedback.channels.file.channel import File
from feedback.channels.marketplace.channel import Marketplace
from feedback.channels.phone.channel import Phone
from feedback.channels.portal.channel import Portal
from feedback.channels.sending import send_reply
from feedback.channels.social.channel import Social
from feedback.channels.walk_in.channel import WalkIn

ALL: list[Channel] = [Portal(), App(), Chat(), Email(), Phone(), Marketplace(), Social(), WalkIn(), File()]


def register() -> None:
    """Say which channels there are, which of them carry replies, and who sends those. Run in `ready()`."""
    CHANNELS.update({channel.code: channel for channel in ALL})
    outgoing.SPOKEN.update({channel.code: channel.reaches for channel in ALL})
    outgoing.RECIPIENTS[Email.code] = recipients
    outgoing.WATCHED[Chat.code] = is_open
    SENDERS[outgoing.KIND] = send_reply
    WAYS.append(send_notice)
