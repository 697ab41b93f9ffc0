"""Segments: saved filters over members, and the figures of each member that they go by."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compensation.models.member import Member
from config.common.bilingual import Bilingual


class Segment(Bilingual):
    """A saved filter over members, known by its code to the care programme, rules and campaigns."""

    code = models.SlugField(_("code"), unique=True)
    note = models.CharField(_("what it is for"), max_length=200, blank=True)
    filters = models.JSONField(
        _("filter"), default=dict, help_text=_("What was chosen in the form, as it was checked.")
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    counted = models.PositiveIntegerField(_("members"), null=True, editable=False)
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["code"]
        permissions = [("list_segment", "Can see which members are in a segment")]
        constraints = [
            models.CheckConstraint(
                name="segment_counted_has_time",
                condition=Q(counted__isnull=True, counted_at__isnull=True)
                | Q(counted__isnull=False, counted_at__isnull=False),
            )
        ]


class MemberFigures(models.Model):
    """What a member has bought, kept up as orders change, so that a million are filtered in a moment.

    Every member has a row, by a trigger. Counted is what was paid and neither returned nor cancelled.
    """

    member = models.OneToOneField(Member, models.CASCADE, primary_key=True, related_name="figures")
    orders = models.PositiveIntegerField(_("orders"), db_default=0)
    spent_fen = models.BigIntegerField(_("spent (fen)"), db_default=0)
    year_fen = models.BigIntegerField(_("spent in the last 365 days (fen)"), db_default=0)
    first_order_at = models.DateTimeField(_("first order"), null=True)
    last_order_at = models.DateTimeField(_("last order"), null=True)
    categories = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("bought in the last 365 days"),
        db_default=models.Value([], output_field=ArrayField(models.CharField(max_length=80))),
    )
    stale_at = models.DateTimeField(
        null=True, help_text="When the oldest order of the last 365 days leaves them."
    )

    class Meta:
        verbose_name = _("figures of a member")
        verbose_name_plural = _("figures of members")
        indexes = [
            models.Index(name="memberfigures_last", fields=["last_order_at"]),  # care: no order for so long
            models.Index(name="memberfigures_year", fields=["year_fen"]),  # segments: the best
            models.Index(  # segments.figures.refresh_stale
                name="memberfigures_stale", fields=["stale_at"], condition=Q(stale_at__isnull=False)
            ),
            GinIndex(name="memberfigures_bought", fields=["categories"]),  # segments: by interest
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.orders}"


FIGURES_FOR_ALL = pgtrigger.Trigger(
    name="has_figures",
    level=pgtrigger.Statement,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    referencing=pgtrigger.Referencing(new="fresh"),
    func="""
    INSERT INTO compensation_memberfigures (member_id) SELECT id FROM fresh ON CONFLICT DO NOTHING;
    RETURN NULL;
    """,
)
"""Every member has figures from the moment that there is one."""

pgtrigger.register(FIGURES_FOR_ALL)(Member)
