"""When agents work: shifts on the roster, leave, and whether they are at their desk just now."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.org import Agent


def _never_twice(name: str) -> ExclusionConstraint:
    """Refuse two times of one agent that overlap; one may begin as the other ends."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            # a range of one agent, since equality needs an extension that we do without
            (Func(F("agent"), F("agent"), Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
            (Func(F("starts_at"), F("ends_at"), function="tstzrange"), RangeOperators.OVERLAPS),
        ],
    )


class Shift(models.Model):
    """A time in which an agent is rostered for duty, beside the calendar; it may run over midnight."""

    agent = models.ForeignKey(  # shift_once begins with it
        Agent, models.CASCADE, verbose_name=_("agent"), related_name="shifts"
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("planned by"), null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["starts_at", "id"]
        permissions = [("plan_roster", "Can plan the roster and leave")]
        constraints = [
            models.CheckConstraint(name="shift_forward", condition=Q(ends_at__gt=F("starts_at"))),
            _never_twice("shift_no_overlap"),
        ]
        indexes = [models.Index(name="shift_time", fields=["ends_at", "starts_at"])]  # the roster's week

    def __str__(self) -> str:
        return f"{self.agent_id} {self.starts_at:%F %H:%M}–{self.ends_at:%F %H:%M}"


class LeaveReason(models.TextChoices):
    """Why somebody does not work."""

    VACATION = "vacation", _("vacation")
    SICK = "sick", _("sick")
    TRAINING = "training", _("training")
    OTHER = "other", pgettext_lazy("leave", "other")


class Leave(models.Model):
    """A time in which an agent does not work, whatever calendar and roster say."""

    agent = models.ForeignKey(Agent, models.CASCADE, verbose_name=_("agent"), related_name="leaves")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=16, choices=LeaveReason, default=LeaveReason.VACATION)
    note = models.CharField(_("note"), max_length=200, blank=True)
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("planned by"), null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("leave")
        verbose_name_plural = pgettext_lazy("plural", "leave")
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(name="leave_forward", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(name="leave_reason_known", condition=Q(reason__in=LeaveReason.values)),
            _never_twice("leave_no_overlap"),
        ]
        indexes = [models.Index(name="leave_time", fields=["ends_at", "starts_at"])]  # the roster's week

    def __str__(self) -> str:
        return f"{self.agent_id} {self.starts_at:%F %H:%M}–{self.ends_at:%F %H:%M}"


class PresenceState(models.TextChoices):
    """What an agent says of themselves. Whoever was not seen for a while is offline, whatever they said."""

    ONLINE = "online", _("online")
    BUSY = "busy", _("busy")
    AWAY = "away", _("away")


class Presence(models.Model):
    """Whether an agent is there: what they said, since when, and when the desk was last heard of."""

    agent = models.OneToOneField(
        Agent, models.CASCADE, verbose_name=_("agent"), related_name="presence", primary_key=True
    )
    state = models.CharField(_("presence"), max_length=8, choices=PresenceState, default=PresenceState.ONLINE)
    since = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = pgettext_lazy("plural", "presence")
        constraints = [
            models.CheckConstraint(name="presence_known", condition=Q(state__in=PresenceState.values)),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.state}"
