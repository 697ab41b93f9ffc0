"""Signs of life: who is there, how far they have read, who is typing. Neither events nor locks."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from config.common import live
from feedback.channels.chat.rules import SIGN
from feedback.channels.chat.sessions import read_topic, topic
from feedback.models import ChatSession

MEMBER, AGENT = "member", "agent"


@transaction.atomic
def seen(*, chat: ChatSession, side: str, read: int, at: datetime) -> None:
    """Note that one side looks at the chat and has read as far as a message, which the other side sees.

    Nothing is written when it is known already, or was noted a moment ago.
    """
    last, known = getattr(chat, f"{side}_seen_at"), getattr(chat, f"{side}_read")
    further = read > known
    if not further and last is not None and at - last < SIGN:
        return
    ChatSession.objects.filter(pk=chat.pk).update(
        **{f"{side}_seen_at": at, f"{side}_read": Greatest(F(f"{side}_read"), read)}
    )
    if further and side == MEMBER:  # that an agent has read it, the member sees with what comes next
        live.publish(read_topic(chat.case_id))


@transaction.atomic
def typed(*, chat: ChatSession, side: str, at: datetime) -> None:
    """Show the other side that one is typing."""
    ChatSession.objects.filter(pk=chat.pk, ended_at=None).update(
        **{f"{side}_typed_at": at, f"{side}_seen_at": at}
    )
    live.publish(topic(chat.case_id))
