"""What automatic rules leave to people, and how far they have read."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import RuleGive, RuleVersion
from feedback.models.case import Case
from feedback.models.gap import Gap


class TaskReason(models.TextChoices):
    """Why a rule left it to a person."""

    CHOOSE = "choose", _("a person chooses what is given")
    AMOUNT = "amount", _("somebody has to say how much")
    REFUSED = "refused", _("it could not be given")
    FAILED = "failed", _("the rule failed")


class TaskEnd(models.TextChoices):
    """How it ended."""

    GIVEN = "given", _("given")
    DISMISSED = "dismissed", pgettext_lazy("rule task", "not needed")


class RuleTask(models.Model):
    """Something that a rule leaves to whoever works on the case: what it would give, and why not."""

    key = models.CharField(max_length=120, unique=True, help_text='Once for one cause, such as "gap:12".')
    case = models.ForeignKey(Case, models.CASCADE, verbose_name=_("case"), related_name="rule_tasks")
    gap = models.ForeignKey(Gap, models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.ForeignKey(
        RuleVersion, models.PROTECT, verbose_name=_("rule"), related_name="+", null=True, blank=True
    )
    give = models.ForeignKey(
        RuleGive,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="What was not given; none: whatever the rule gives, as somebody chooses.",
    )
    reason = models.CharField(_("why"), max_length=12, choices=TaskReason)
    details = models.JSONField(default=dict, blank=True)
    made_at = models.DateTimeField(_("since"))
    end = models.CharField(_("ended"), max_length=12, choices=TaskEnd, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("task from a rule")
        verbose_name_plural = _("tasks from rules")
        constraints = [
            models.CheckConstraint(name="ruletask_reason_known", condition=Q(reason__in=TaskReason.values)),
            models.CheckConstraint(
                name="ruletask_ended_has_time",
                condition=Q(end="", ended_at__isnull=True)
                | Q(end__in=TaskEnd.values, ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}"


class RuleProgress(models.Model):
    """How far the rules about cases have read the event log: one row."""

    txid = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="ruleprogress_one", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{self.txid}, {self.event_id}"
