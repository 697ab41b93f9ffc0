"""Ladders: what happens on the way to a breach and after it."""

import pgtrigger
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.common.bilingual import Bilingual
from config.common.spans import span


class Ladder(Bilingual):
    """Rungs that fire one after the other while a clock runs."""

    code = models.SlugField(_("code"), unique=True)

    class Meta:
        verbose_name = _("escalation ladder")
        verbose_name_plural = _("escalation ladders")
        ordering = ["code"]


class RungAction(models.TextChoices):
    """What a rung does."""

    NOTIFY = "notify", _("notify those named")
    NOTIFY_AGENT = "notify_agent", _("notify the agent (or the department when there is none)")
    NOTIFY_LEAD = "notify_lead", _("notify the leads of the department")
    REASSIGN_LEAD = "reassign_lead", _("reassign to a lead of the department")
    RAISE_PRIORITY = "raise_priority", _("raise the priority")
    ESCALATE = "escalate", _("move to the department above")
    WATCH = "watch", _("have those named watch the case")
    HAND_OFF = "hand_off", _("ask the department named")
    ASK_APPROVAL = "ask_approval", _("ask for approval")
    PLAYBOOK = "playbook", _("begin the playbook")


class Recipients(models.TextChoices):
    """Whom a rung names."""

    AGENT = "agent", _("the agent")
    DEPARTMENT = "department", _("everyone in the department")
    LEADS = "leads", _("the leads of the department")
    LEADS_ABOVE = "leads_above", _("the leads of the department above")
    WATCHERS = "watchers", _("the watchers of the case")


class Via(models.TextChoices):
    """How somebody is told. Whatever it is, it stands on the desk too."""

    DESK = "desk", _("desk")
    EMAIL = "email", _("desk and e-mail")
    MESSENGER = "messenger", _("desk and messenger")
    ALL = "all", _("desk, e-mail and messenger")


class ApprovalKind(models.TextChoices):
    """What a rung asks approval of."""

    OVERRUN = "overrun", _("taking longer than the target")
    COMPENSATE = "compensate", _("making up for the delay")


class Rung(models.Model):
    """One step: when, on the way of the target or after it, and what then."""

    ladder = models.ForeignKey(Ladder, models.CASCADE, related_name="rungs")
    percent = models.PositiveSmallIntegerField(
        _("at % of the target"), null=True, blank=True, help_text=_("100 is the moment it is due.")
    )
    before = models.DurationField(_("or this long before it is due"), null=True, blank=True)
    after = models.DurationField(_("or this long after it is due"), null=True, blank=True)
    in_working_time = models.BooleanField(
        _("counted in working time"),
        default=True,
        help_text=_("Off: the time before or after is counted around the clock."),
    )
    action = models.CharField(_("action"), max_length=16, choices=RungAction)
    recipients = models.CharField(
        _("whom"),
        max_length=16,
        choices=Recipients,
        blank=True,
        help_text=_("Whom to notify or to have watch. Nothing chosen: the leads."),
    )
    department = models.ForeignKey(
        "feedback.Department",
        models.PROTECT,
        verbose_name=_("department"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None: that of the clock. To ask a department, name it here."),
    )
    via = models.CharField(_("by way of"), max_length=16, choices=Via, default=Via.ALL)
    approval = models.CharField(_("approval of"), max_length=16, choices=ApprovalKind, blank=True)
    playbook = models.ForeignKey(
        "feedback.Playbook",
        models.PROTECT,
        verbose_name=_("playbook"),
        null=True,
        blank=True,
        related_name="+",
    )
    note = models.CharField(
        _("text"), max_length=200, blank=True, help_text=_("What the department or the approver is asked.")
    )

    class Meta:
        verbose_name = _("rung")
        verbose_name_plural = _("rungs")
        ordering = ["percent", "-before", "after", "id"]
        constraints = [
            models.CheckConstraint(name="rung_action_known", condition=Q(action__in=RungAction.values)),
            models.CheckConstraint(
                name="rung_has_one_time",
                condition=Q(
                    percent__isnull=False,
                    percent__gt=0,
                    percent__lte=100,
                    before__isnull=True,
                    after__isnull=True,
                )
                | Q(percent__isnull=True, before__isnull=False, before__gt="00:00:00", after__isnull=True)
                | Q(percent__isnull=True, before__isnull=True, after__isnull=False, after__gt="00:00:00"),
            ),
            models.CheckConstraint(
                name="rung_recipients_known", condition=Q(recipients__in=["", *Recipients.values])
            ),
            models.CheckConstraint(name="rung_via_known", condition=Q(via__in=Via.values)),
            models.CheckConstraint(
                name="rung_approval_fits",
                condition=Q(action=RungAction.ASK_APPROVAL, approval__in=ApprovalKind.values)
                | (~Q(action=RungAction.ASK_APPROVAL) & Q(approval="")),
            ),
            models.CheckConstraint(
                name="rung_playbook_fits",
                condition=Q(action=RungAction.PLAYBOOK, playbook__isnull=False)
                | (~Q(action=RungAction.PLAYBOOK) & Q(playbook__isnull=True)),
            ),
            models.CheckConstraint(
                name="rung_hand_off_names_department",
                condition=~Q(action=RungAction.HAND_OFF) | Q(department__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        if self.percent is not None:
            return f"{self.percent}%"
        return f"−{span(self.before)}" if self.before is not None else f"+{span(self.after)}"

    def clean(self) -> None:
        """Say in words what the constraints would refuse.

        Raises:
            ValidationError: not one moment, or something that the action needs or has no use for.
        """
        if sum(one is not None for one in (self.percent, self.before, self.after)) != 1:
            raise ValidationError(_("Say one moment: a percentage, a time before, or a time after."))
        needed = {
            RungAction.HAND_OFF: ("department", self.department_id, _("Name the department to ask.")),
            RungAction.ASK_APPROVAL: ("approval", self.approval, _("Say what to approve.")),
            RungAction.PLAYBOOK: ("playbook", self.playbook_id, _("Choose the playbook.")),
        }
        for action, (field, value, missing) in needed.items():
            if self.action == action and not value:
                raise ValidationError({field: missing})
        if self.approval and self.action != RungAction.ASK_APPROVAL:
            raise ValidationError({"approval": _("Only for asking for approval.")})
        if self.playbook_id and self.action != RungAction.PLAYBOOK:
            raise ValidationError({"playbook": _("Only for beginning a playbook.")})


class LadderVersion(models.Model):
    """What a ladder said from a publication on."""

    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    published_at = models.DateTimeField(_("published"))

    class Meta:
        verbose_name = _("ladder version")
        verbose_name_plural = _("ladder versions")
        constraints = [models.UniqueConstraint(name="ladderversion_once", fields=["ladder", "number"])]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.ladder} v{self.number}"
