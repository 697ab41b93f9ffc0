"""Handoffs: a piece of a case given to another department."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models.case import Case
from feedback.models.org import Department

ACCEPTED = _("accepted, being worked on")


class HandoffStatus(models.TextChoices):
    """Where a handoff stands."""

    PLANNED = "planned", _("waiting for its turn")
    OPEN = "open", _("waiting for an answer")
    ANSWERED = "answered", _("answered")
    REJECTED = "rejected", pgettext_lazy("handoff", "rejected")
    RECALLED = "recalled", _("recalled")


UNENDED = [HandoffStatus.PLANNED, HandoffStatus.OPEN]
"""A handoff that has yet to end: its case waits for it."""


class Handoff(models.Model):
    """A question of one department to another about a case, with its own clock.

    In a chain each but the first waits for the one that it comes `after`: it is planned until that one is
    answered, and `started_at` is empty. An open one may be accepted before it is answered.
    """

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
    after = models.ForeignKey(
        "self", models.CASCADE, verbose_name=_("after"), null=True, blank=True, related_name="followed_by"
    )
    started_at = models.DateTimeField(
        _("started"), null=True, blank=True, help_text="When its department was asked; none while planned."
    )
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("accepted by"),
        null=True,
        blank=True,
        related_name="+",
    )
    is_binding = models.BooleanField(
        _("decided by a lead"),
        default=False,
        help_text=_("After too many rejections a lead decides who answers; this cannot be rejected."),
    )
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
                condition=Q(status__in=UNENDED, ended_at__isnull=True)
                | (~Q(status__in=UNENDED) & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="handoff_planned_comes_after",
                condition=Q(status=HandoffStatus.PLANNED, after__isnull=False, started_at__isnull=True)
                | Q(status=HandoffStatus.RECALLED)
                | (~Q(status=HandoffStatus.PLANNED) & Q(started_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="handoff_accepted_started",
                condition=Q(accepted_at__isnull=True) | Q(started_at__isnull=False),
            ),
            models.UniqueConstraint(  # one question to a department at a time that has not ended
                name="handoff_one_open", fields=["case", "department"], condition=Q(status__in=UNENDED)
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

    @property
    def stage(self) -> Promise:
        """Where it stands, in a word; an open one is accepted or not."""
        if self.status == HandoffStatus.OPEN and self.accepted_at is not None:
            return ACCEPTED
        return HandoffStatus(self.status).label
