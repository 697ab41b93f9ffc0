"""What came in and went out through a channel outside: letters, messages of marketplaces, comments."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.case import Case
from feedback.models.choices import Channel
from feedback.models.mailbox import Mailbox
from feedback.models.message import Message
from feedback.models.webhook import WebhookSource


class Direction(models.TextChoices):
    """Which way it went."""

    IN = "in", _("received")
    OUT = "out", pgettext_lazy("direction", "sent")


class Outcome(models.TextChoices):
    """What became of it."""

    TAKEN = "taken", _("in a case")
    SET_ASIDE = "set_aside", _("set aside")
    BOUNCE = "bounce", _("report of a failed delivery")
    BROKEN = "broken", _("could not be read")
    FATAL = "fatal", _("stopped the program that read it")
    LEFT = "left", _("left aside")
    SENDING = "sending", _("on its way")
    SENT = "sent", pgettext_lazy("outcome", "sent")
    FAILED = "failed", _("not delivered")


INBOUND = [Outcome.TAKEN, Outcome.SET_ASIDE, Outcome.BOUNCE, Outcome.BROKEN, Outcome.FATAL, Outcome.LEFT]
ODD = [Outcome.SET_ASIDE, Outcome.BROKEN, Outcome.FATAL, Outcome.FAILED]
"""What a person has to look at."""
OUTBOUND = [Outcome.SENDING, Outcome.SENT, Outcome.FAILED]


def original_path(row: "ChannelMessage", filename: str) -> str:  # noqa: ARG001 - Django's signature
    """A path that tells nothing: by digest, below the month."""
    return f"letters/{row.at:%Y-%m}/{row.external_id}"


class ChannelMessage(models.Model):
    """One message as the channel carried it. `message` is what stands of it in the case's thread."""

    message = models.OneToOneField(
        Message, models.CASCADE, null=True, blank=True, related_name="carried", verbose_name=_("message")
    )
    case = models.ForeignKey(
        Case, models.CASCADE, null=True, blank=True, related_name="carried", verbose_name=_("case")
    )
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    external_id = models.CharField(
        max_length=255, help_text="What makes it one and the same: the second time it is known by it."
    )
    mailbox = models.ForeignKey(
        Mailbox, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("mailbox")
    )
    source = models.ForeignKey(
        WebhookSource,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("webhook source"),
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    thread_id = models.CharField(max_length=255, blank=True, help_text="The conversation over there.")
    letter_id = models.CharField(max_length=255, blank=True, help_text="A letter's Message-ID.")
    sender = models.CharField(_("from"), max_length=320, blank=True)
    sender_name = models.CharField(_("name"), max_length=200, blank=True)
    recipient = models.CharField(_("to"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    original = models.FileField(_("original"), upload_to=original_path, max_length=320, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("letter or message")
        verbose_name_plural = _("letters and messages")
        constraints = [
            models.UniqueConstraint(name="channelmessage_once", fields=["channel", "external_id"]),
            models.CheckConstraint(
                name="channelmessage_channel_known", condition=Q(channel__in=Channel.values)
            ),
            models.CheckConstraint(
                name="channelmessage_outcome_fits",
                condition=Q(direction=Direction.IN, outcome__in=INBOUND)
                | Q(direction=Direction.OUT, outcome__in=OUTBOUND),
            ),
        ]
        indexes = [
            models.Index(  # channels.email.threads: the letter that is answered
                name="channelmessage_letter", fields=["letter_id"], condition=~Q(letter_id="")
            ),
            models.Index(  # channels.inbound: the conversation over there
                name="channelmessage_thread",
                fields=["source", "thread_id", "-id"],
                condition=~Q(thread_id=""),
            ),
            BrinIndex(name="channelmessage_at", fields=["at"], autosummarize=True),  # retention
            models.Index(  # the admin's list of what needs a look
                name="channelmessage_odd",
                fields=["-id"],
                condition=Q(outcome__in=ODD),
            ),
        ]

    def __str__(self) -> str:
        return self.subject or f"{self.get_channel_display()} {self.external_id[:12]}"
