"""What a ladder asks a lead to approve."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.case import Case
from feedback.models.clock import Clock
from feedback.models.ladder import ApprovalKind
from feedback.models.org import Department


class ApprovalStatus(models.TextChoices):
    """Where a request stands."""

    ASKED = "asked", _("waiting for a decision")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", pgettext_lazy("approval", "refused")
    LAPSED = "lapsed", _("no longer needed")


class Approval(models.Model):
    """A request that a rung made and that a lead decides."""

    case = models.ForeignKey(Case, models.CASCADE, verbose_name=_("case"), related_name="approvals")
    clock = models.ForeignKey(  # approval_once begins with it
        Clock, models.CASCADE, verbose_name=_("clock"), related_name="approvals", db_index=False
    )
    rung = models.PositiveSmallIntegerField(_("rung"))
    department = models.ForeignKey(  # approval_waiting begins with it
        Department,
        models.PROTECT,
        verbose_name=_("department"),
        related_name="approvals",
        db_index=False,
        help_text=_("Whose leads decide."),
    )
    kind = models.CharField(_("approval of"), max_length=16, choices=ApprovalKind)
    reason = models.CharField(_("text"), max_length=200, blank=True)
    status = models.CharField(
        _("status"), max_length=16, choices=ApprovalStatus, default=ApprovalStatus.ASKED
    )
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    note = models.CharField(_("remark"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["asked_at", "id"]
        permissions = [("decide_approval", "Can decide what ladders ask for")]
        constraints = [
            models.UniqueConstraint(name="approval_once", fields=["clock", "rung"]),
            models.CheckConstraint(name="approval_kind_known", condition=Q(kind__in=ApprovalKind.values)),
            models.CheckConstraint(
                name="approval_status_known", condition=Q(status__in=ApprovalStatus.values)
            ),
            models.CheckConstraint(
                name="approval_decided_has_time",
                condition=Q(status=ApprovalStatus.ASKED, decided_at__isnull=True)
                | (~Q(status=ApprovalStatus.ASKED) & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="approval_decided_by_somebody",
                condition=~Q(status__in=[ApprovalStatus.APPROVED, ApprovalStatus.REFUSED])
                | Q(decided_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(  # approvals.queries.waiting_for
                name="approval_waiting",
                fields=["department", "asked_at"],
                condition=Q(status=ApprovalStatus.ASKED),
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} {self.status}"
