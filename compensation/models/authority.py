"""Authority: who may give how much without asking and approve for others, and who stands in for whom."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Authority(models.Model):
    """How much a role, or one person, may give without asking and approve for others.

    Sums are taken over all that is live, whoever asked for it. A person's own row stands for all their roles.
    """

    group = models.OneToOneField(
        Group, models.CASCADE, verbose_name=_("role"), null=True, blank=True, related_name="authority"
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name=_("person"),
        null=True,
        blank=True,
        related_name="authority",
    )
    per_grant_fen = models.PositiveBigIntegerField(_("for each grant (fen)"), default=0)
    per_problem_fen = models.PositiveBigIntegerField(_("for each problem (fen)"), default=0)
    per_order_fen = models.PositiveBigIntegerField(_("for each order (fen)"), default=0)
    per_member_day_fen = models.PositiveBigIntegerField(_("for each member in a day (fen)"), default=0)
    per_batch_fen = models.PositiveBigIntegerField(
        _("for a batch (fen)"), default=0, db_default=0, help_text=_("To approve the whole of it.")
    )

    class Meta:
        verbose_name = _("authority")
        verbose_name_plural = _("authorities")
        constraints = [
            models.CheckConstraint(
                name="authority_of_one",
                condition=Q(group__isnull=True, user__isnull=False)
                | Q(group__isnull=False, user__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.group or self.user}: {self.per_grant_fen}"


class ApprovalTerms(models.Model):
    """How long an approver has, and from what amount a refund needs pictures. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    decide_within_hours = models.PositiveSmallIntegerField(
        _("decided within (hours)"),
        default=4,
        help_text=_("Around the clock. Then it goes a level up and those are alerted."),
    )
    evidence_above_fen = models.PositiveBigIntegerField(
        _("refunds need pictures above (fen)"), default=10_000
    )

    class Meta:
        verbose_name = _("terms of approval")
        verbose_name_plural = _("terms of approval")
        constraints = [
            models.CheckConstraint(name="approvalterms_one", condition=Q(id=1, decide_within_hours__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.decide_within_hours} h"


class Delegation(models.Model):
    """For some time somebody else decides with a person's authority, such as during a leave."""

    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("whose authority"), related_name="+"
    )
    receiver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("goes to"), related_name="delegations"
    )
    from_at = models.DateTimeField(_("from"))
    until = models.DateTimeField(_("until"))
    note = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = [
            models.CheckConstraint(name="delegation_forward", condition=Q(until__gt=F("from_at"))),
            models.CheckConstraint(name="delegation_to_another", condition=~Q(giver=F("receiver"))),
        ]

    def __str__(self) -> str:
        return f"{self.giver} → {self.receiver}"
