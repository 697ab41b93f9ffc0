"""Handoffs: a piece of a case given to another department."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.case import Case
from feedback.models.org import Department


class HandoffStatus(models.TextChoices):
    """Where a handoff stands."""

    OPEN = "open", _("waiting for an answer")
    ANSWERED = "answered", _("answered")
    REJECTED = "rejected", pgettext_lazy("handoff", "rejected")
    RECALLED = "recalled", _("recalled")


class Handoff(models.Model):
    """A question of one department to another about a case, with its own clock."""

    case = models.ForeignKey(Case, models.CASCADE, verbose_name=_("case"), related_name="handoffs")
    from_department = models.ForeignKey(Department, models.PROTECT, verbose_name=_("from"), related_name="+")
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="handoffs"
    )
    status = models.CharField(_("status"), max_length=8, choices=HandoffStatus, default=HandoffStatus.OPEN)
    question = models.TextField(_("question"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("asked by"), null=True, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    answer = models.TextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("answered by"), null=True, related_name="+"
    )
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("handoff")
        verbose_name_plural = _("handoffs")
        ordering = ["asked_at", "id"]
        constraints = [
            models.CheckConstraint(name="handoff_status_known", condition=Q(status__in=HandoffStatus.values)),
            models.CheckConstraint(
                name="handoff_ended_has_time",
                condition=Q(status=HandoffStatus.OPEN, ended_at__isnull=True)
                | (~Q(status=HandoffStatus.OPEN) & Q(ended_at__isnull=False)),
            ),
            models.UniqueConstraint(  # one open question to a department at a time
                name="handoff_one_open", fields=["case", "department"], condition=Q(status=HandoffStatus.OPEN)
            ),
        ]
        indexes = [
            models.Index(  # cases.queries.visible_to, a department's incoming handoffs
                name="handoff_department", fields=["department", "case"]
            ),
            models.Index(  # desk: handoffs waiting for us
                name="handoff_waiting",
                fields=["department", "asked_at"],
                condition=Q(status=HandoffStatus.OPEN),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} → {self.department}"
