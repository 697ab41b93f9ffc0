"""What members let us send them, by purpose and channel."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models.member import Member


class Purpose(models.TextChoices):
    """What a message is for. One without any is always sent: an answer, a code, what concerns money."""

    SERVICE = "service", _("About my orders: confirmed, sent, delivered, tips")
    MARKETING = "marketing", _("Offers, greetings and coupons")
    SURVEY = "survey", _("Questions about how we did")


class MessageChannel(models.TextChoices):
    """How a message leaves the house."""

    EMAIL = "email", _("e-mail")
    SMS = "sms", _("text message")
    PUSH = "push", _("message in the app")
    WECHAT = "wechat", _("WeChat")


LETTERS = (MessageChannel.EMAIL, MessageChannel.SMS)
OFFERED: dict[str, tuple[MessageChannel, ...]] = {
    Purpose.SERVICE: LETTERS,
    Purpose.MARKETING: LETTERS,
    Purpose.SURVEY: (*LETTERS, MessageChannel.PUSH, MessageChannel.WECHAT),
}
"""By which ways a purpose is ever sent: what a member may choose about."""


class ConsentSource(models.TextChoices):
    """Where a choice was made."""

    PORTAL = "portal", _("in the portal")
    API = "api", pgettext_lazy("consent", "in the shop's app")
    LINK = "link", _("by the link in a message")


class ConsentChoice(models.Model):
    """What a member chose for one purpose and channel. Without a choice the purpose's rule holds.

    For marketing the shop's record (`Member.consent_marketing`) has to say yes as well: the stricter counts.
    """

    member = models.ForeignKey(Member, models.CASCADE, related_name="consent_choices", db_index=False)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    channel = models.CharField(_("channel"), max_length=8, choices=MessageChannel)
    is_given = models.BooleanField(_("may be sent"))
    source = models.CharField(_("chosen"), max_length=8, choices=ConsentSource)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("choice of what is sent")
        verbose_name_plural = _("choices of what is sent")
        constraints = [
            models.UniqueConstraint(name="consentchoice_once", fields=["member", "purpose", "channel"]),
            models.CheckConstraint(
                name="consentchoice_known",
                condition=Q(
                    purpose__in=Purpose.values,
                    channel__in=MessageChannel.values,
                    source__in=ConsentSource.values,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.channel}: {self.is_given}"
