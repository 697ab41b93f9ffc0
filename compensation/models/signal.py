"""When claims are so unlike others' that a person looks at them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SignalTerms(models.Model):
    """From where on a member's claims are unusual. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    is_active = models.BooleanField(_("in force"), default=True)
    days = models.PositiveSmallIntegerField(_("claims of the last (days)"), default=90)
    claims_from = models.PositiveSmallIntegerField(
        _("from so many claims"), default=4, help_text=_("Fewer say nothing.")
    )
    share_percent = models.PositiveSmallIntegerField(_("claims per 100 orders"), default=60)
    percentile = models.PositiveSmallIntegerField(_("more than so many percent of claimants"), default=99)
    peers_from = models.PositiveIntegerField(
        _("compared from so many claimants"), default=50, help_text=_("Fewer are no comparison.")
    )
    shared_from = models.PositiveSmallIntegerField(_("from so many others with the same contact"), default=1)
    peer_members = models.PositiveIntegerField(default=0, editable=False)
    peer_claims = models.PositiveIntegerField(default=0, editable=False)
    peer_fen = models.PositiveBigIntegerField(default=0, editable=False)
    measured_at = models.DateTimeField(_("measured"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("unusual claims")
        verbose_name_plural = _("unusual claims")
        constraints = [
            models.CheckConstraint(
                name="signalterms_one",
                condition=Q(id=1, days__gt=0, percentile__gt=0, percentile__lte=100, shared_from__gt=0),
            )
        ]

    def __str__(self) -> str:
        return f"{self.days} d, {self.percentile} %"
