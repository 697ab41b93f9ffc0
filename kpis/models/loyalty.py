"""Loyalty of members by month: what is known, the index, how likely they leave; weights as versions."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member
from config.common.models import User

SHARE = Q(chance=None) | Q(chance__gte=0, chance__lte=1)


class LoyaltyWeights(models.Model):
    """One version of the weights and marks; it holds from a month on until the next one's."""

    version = models.PositiveIntegerField(_("version"), unique=True)
    since = models.DateField(_("from the month of"), help_text="Its first day.")
    content = models.JSONField(help_text="Parts and inputs as kpis.loyalty.rules.Scheme has them.")
    made_at = models.DateTimeField(pgettext_lazy("loyalty", "made"))
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("weights of the loyalty index")
        verbose_name_plural = _("weights of the loyalty index")
        constraints = [
            models.CheckConstraint(name="loyaltyweights_month", condition=Q(since__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.version}"


class LoyaltyRun(models.Model):
    """A month that was taken: by which weights, of how many members, and what the warning was worth then."""

    month = models.DateField(pgettext_lazy("loyalty", "month"), unique=True, help_text="Its first day.")
    weights = models.ForeignKey(LoyaltyWeights, models.PROTECT, related_name="+", db_index=False)
    taken_at = models.DateTimeField(pgettext_lazy("loyalty", "taken"))
    members = models.PositiveIntegerField(_("members"))
    model = models.JSONField(
        null=True, help_text="What was learnt, by kpis.loyalty.leaving; None: too little."
    )
    auc = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    judged = models.PositiveIntegerField(_("members held back"), default=0)
    left = models.PositiveIntegerField(_("of them left"), default=0)
    top_left = models.FloatField(
        null=True, help_text="Of the tenth held back who had the highest chances, the share that left."
    )
    may_warn = models.BooleanField(_("may warn"), default=False)
    warn_from = models.FloatField(
        null=True, help_text="The chance that a tenth of this month's members have."
    )
    summary = models.JSONField(
        default=dict, help_text="By kpis.loyalty.summing, as it was when it was taken."
    )

    class Meta:
        verbose_name = _("month of the loyalty index")
        verbose_name_plural = _("months of the loyalty index")
        constraints = [
            models.CheckConstraint(name="loyaltyrun_month", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="loyaltyrun_warns_of_what_it_learnt",
                condition=Q(may_warn=False, warn_from=None)
                | Q(may_warn=True, model__isnull=False, auc__isnull=False, low__gt=0.5),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class LoyaltyMonth(models.Model):
    """What was known of a member at the end of a month, the index of it, and its place within the tier.

    Inputs are in their own units over the twelve months before: orders, yuan, times, scores of five, percent
    of orders without a gap, points of recommendation, stars. None is not known, never 0.
    """

    member = models.ForeignKey(Member, models.CASCADE, related_name="loyalty", db_index=False)
    month = models.DateField(pgettext_lazy("loyalty", "month"), help_text="Its first day.")
    tier = models.CharField(_("tier"), max_length=50, blank=True)
    frequency = models.FloatField(pgettext_lazy("loyalty", "orders"), null=True)
    amount = models.FloatField(pgettext_lazy("loyalty", "paid (yuan)"), null=True)
    interaction = models.FloatField(pgettext_lazy("loyalty", "times they spoke up"), null=True)
    satisfaction = models.FloatField(pgettext_lazy("loyalty", "satisfaction"), null=True)
    trust = models.FloatField(pgettext_lazy("loyalty", "orders without a gap (%)"), null=True)
    brand = models.FloatField(pgettext_lazy("loyalty", "recommendation"), null=True)
    product = models.FloatField(pgettext_lazy("loyalty", "stars of reviews"), null=True)
    service = models.FloatField(pgettext_lazy("loyalty", "ease"), null=True)
    recency = models.PositiveIntegerField(pgettext_lazy("loyalty", "days since the last order"), null=True)
    behaviour = models.FloatField(pgettext_lazy("loyalty", "behaviour"), null=True)
    feeling = models.FloatField(pgettext_lazy("loyalty", "feeling"), null=True)
    belief = models.FloatField(pgettext_lazy("loyalty", "belief"), null=True)
    value = models.FloatField(_("loyalty index"))
    percentile = models.FloatField(
        _("percentile within the tier"), null=True, help_text="None: too few in the tier."
    )
    change = models.FloatField(
        pgettext_lazy("loyalty", "change in three months"),
        null=True,
        help_text="Where the same parts were known then.",
    )
    chance = models.FloatField(_("chance of leaving"), null=True)

    class Meta:
        verbose_name = _("loyalty of a member in a month")
        verbose_name_plural = _("loyalty of members by month")
        constraints = [
            models.UniqueConstraint(name="loyaltymonth_once", fields=["member", "month"]),
            models.CheckConstraint(
                name="loyaltymonth_range",
                condition=Q(value__gte=0, value__lte=100, percentile__gte=0, percentile__lte=100) & SHARE,
            ),
        ]
        indexes = [
            models.Index(  # queries.listed, by each of its orders
                name="loyaltymonth_risk", fields=["month", "-chance", "id"], condition=Q(chance__isnull=False)
            ),
            models.Index(
                name="loyaltymonth_fall", fields=["month", "change", "id"], condition=Q(change__isnull=False)
            ),
            models.Index(name="loyaltymonth_least", fields=["month", "value", "id"]),
            BrinIndex(name="loyaltymonth_age", fields=["month"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.month:%Y-%m}"
