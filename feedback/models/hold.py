"""A hold: what belongs to a case or a member is kept, whatever its period, until somebody lifts it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Member
from feedback.models.case import Case


class LegalHold(models.Model):
    """Why the data of a case or of a member has to stay: a lawsuit, an authority, an open dispute."""

    case = models.ForeignKey(
        Case, models.PROTECT, verbose_name=_("case"), null=True, blank=True, related_name="legal_holds"
    )
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("member"), null=True, blank=True, related_name="legal_holds"
    )
    reason = models.CharField(_("reason"), max_length=500)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("put on it by"), related_name="+"
    )
    placed_at = models.DateTimeField(_("put on it at"))
    until = models.DateTimeField(
        _("until"), null=True, blank=True, help_text=_("Empty: until somebody lifts it.")
    )
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("lifted by"),
        null=True,
        blank=True,
        related_name="+",
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="legalhold_of_one",
                condition=Q(case__isnull=False, member__isnull=True)
                | Q(case__isnull=True, member__isnull=False),
            ),
            models.CheckConstraint(name="legalhold_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="legalhold_lifted_by_somebody",
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
            ),
            models.UniqueConstraint(
                name="legalhold_one_a_case", fields=["case"], condition=Q(lifted_at=None, case__isnull=False)
            ),
            models.UniqueConstraint(
                name="legalhold_one_a_member",
                fields=["member"],
                condition=Q(lifted_at=None, member__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.case or self.member or "")
