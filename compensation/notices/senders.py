"""How notices and sign-in codes reach a member's phone or mailbox."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from compensation.consents import links as unsubscribe
from compensation.consents import queries as consents
from compensation.models import Member, MessageChannel, Notice
from compensation.notices.links import link_of
from config.common.mail import send_mail
from config.common.models import OutboxMessage
from config.common.outbox import Dropped
from config.common.sms import send_sms

CONTACTS = {MessageChannel.EMAIL: "email", MessageChannel.SMS: "phone"}
CHANNELS = {contact: channel.value for channel, contact in CONTACTS.items()}

WAYS: list[Callable[[Notice, OutboxMessage, str], bool]] = []
"""Other ways to send a notice, tried first; each says whether it did. Upper apps add theirs in `ready()`."""


def send_notice(message: OutboxMessage) -> None:
    """Send a notice by e-mail when the member has an address that works, else by text message.

    What the member lets us send counts at this moment, not when it was written.

    Raises:
        Dropped: the member was erased, has neither, or does not let us send it.
        Refused, OSError: see `send_mail` and `send_sms`.
    """
    notice = Notice.objects.select_related("member").filter(key=message.payload["notice"]).first()
    if notice is None or notice.member.erased_at:
        raise Dropped("the member was erased")
    link = link_of(notice)
    text = "\n\n".join(part for part in (notice.body, link) if part)
    if any(way(notice, message, text) for way in WAYS):
        return
    member = notice.member
    contact = _contact(member, notice)
    headers: dict[str, str] = {}
    if notice.purpose:
        out = unsubscribe.link(member.pk, notice.purpose, CHANNELS[contact])
        headers = {"List-Unsubscribe": f"<{out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        with translation.override(member.language):
            text = "\n\n".join(
                part for part in (text, _("No more of these: %(link)s") % {"link": out}) if part
            )
    _deliver(
        member,
        contact,
        message,
        subject=notice.title,
        letter=text or notice.title,
        sms=f"{notice.title}\n{text}".strip(),
        headers=headers,
    )


def _contact(member: Member, notice: Notice) -> str:
    """Which contact of a member a notice goes to.

    Raises:
        Dropped: none that the member has and allows.
    """
    allowed = consents.channels(member, notice.purpose)
    has = {
        MessageChannel.EMAIL: bool(member.email and not (member.email_failed_at and member.phone)),
        MessageChannel.SMS: bool(member.phone),
    }
    if notice.channel == MessageChannel.EMAIL:
        has = {MessageChannel.EMAIL: bool(member.email)}
    elif notice.channel:
        has = {MessageChannel(notice.channel): has[MessageChannel(notice.channel)]}
    if not any(has.values()):
        raise Dropped("the member has no such contact")
    for channel, is_there in has.items():
        if is_there and channel in allowed:
            return CONTACTS[channel]
    raise Dropped("the member does not let us send this")


def send_code(message: OutboxMessage) -> None:
    """Send a sign-in code to the contact that the member has typed.

    Raises:
        Dropped: the code has expired, or the member no longer has that contact.
        Refused, OSError: see `send_mail` and `send_sms`.
    """
    content = message.payload
    expires_at = datetime.fromisoformat(content["expires_at"])
    if not content["code"] or timezone.now() >= expires_at:
        raise Dropped("the code has expired")
    member = Member.objects.filter(pk=message.recipient.removeprefix("member:"), erased_at=None).first()
    if member is None:
        raise Dropped("the member was erased")
    with translation.override(member.language):
        subject = _("Your sign-in code")
        text = _("%(code)s is your sign-in code. Valid until %(time)s; give it to nobody.") % {
            "code": content["code"],
            "time": f"{timezone.localtime(expires_at):%H:%M}",
        }
    _deliver(member, content["contact"], message, subject=subject, letter=text, sms=text)


def _deliver(
    member: Member,
    contact: str,
    message: OutboxMessage,
    *,
    subject: str,
    letter: str,
    sms: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    request_id = str(message.request_id)
    address = member.email if contact == "email" else member.phone
    if not address:
        raise Dropped("the member has no such contact")
    if contact == "email":
        send_mail(to=address, subject=subject, text=letter, request_id=request_id, headers=headers)
    else:
        send_sms(to=address, text=sms, request_id=request_id)
