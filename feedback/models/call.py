"""Telephone calls, as the telephone system reports them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member
from feedback.models.case import Case
from feedback.models.channel import Direction
from feedback.models.org import Agent
from feedback.models.webhook import WebhookSource


class Call(models.Model):
    """One call. Its times are the telephone system's, in whatever order they were reported."""

    source = models.ForeignKey(  # call_once begins with it
        WebhookSource,
        models.PROTECT,
        verbose_name=_("telephone system"),
        related_name="calls",
        db_index=False,
    )
    external_id = models.CharField(max_length=128)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    number = models.CharField(_("the member's number"), max_length=32, blank=True)
    line = models.CharField(_("our number"), max_length=32, blank=True)
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("member"), null=True, blank=True, related_name="calls"
    )
    case = models.ForeignKey(
        Case, models.CASCADE, verbose_name=_("case"), null=True, blank=True, related_name="calls"
    )
    agent = models.ForeignKey(
        Agent, models.PROTECT, verbose_name=_("agent"), null=True, blank=True, related_name="calls"
    )
    rang_at = models.DateTimeField(_("rang"), null=True, blank=True)
    answered_at = models.DateTimeField(pgettext_lazy("call", "answered"), null=True, blank=True)
    ended_at = models.DateTimeField(pgettext_lazy("call", "ended"), null=True, blank=True)
    missed_at = models.DateTimeField(_("missed"), null=True, blank=True)
    recording_url = models.URLField(_("recording"), max_length=500, blank=True)
    began_at = models.DateTimeField(_("began"), help_text=_("The earliest time reported of it."))

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        permissions = [("hear_recording", "Can listen to recordings of calls")]
        constraints = [
            models.UniqueConstraint(name="call_once", fields=["source", "external_id"]),
            models.CheckConstraint(name="call_direction_known", condition=Q(direction__in=Direction.values)),
            models.CheckConstraint(
                name="call_answered_or_missed",
                condition=Q(answered_at__isnull=True) | Q(missed_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(name="call_newest", fields=["-began_at", "-id"]),  # the admin's list
            models.Index(  # phone.commands.settle
                name="call_unsettled",
                fields=["ended_at", "id"],
                condition=Q(answered_at=None, missed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.began_at:%F %T}"
