"""The names of what is measured, and by what it is told apart."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MetricCode(models.TextChoices):
    """The defined figures; each is defined once in kpis.metrics.catalogue."""

    FIRST_REPLY = "first_reply_attainment", _("first replies in time")
    RESOLUTION = "resolution_attainment", _("resolutions in time")
    SLA = "sla_attainment", _("all that was promised in time")
    FIRST_REPLY_TIME = "first_reply_time", _("time to the first reply")
    RESOLUTION_TIME = "resolution_time", _("time to the resolution")
    REOPENED = "reopened_rate", _("cases reopened")
    QUALITY = "quality_score", _("quality of conversations")
    CSAT = "csat", _("satisfaction (CSAT)")
    NPS = "nps", _("recommendation (NPS)")
    CES = "ces", _("ease (CES)")
    REVIEW_SCORE = "review_score", _("stars of reviews")
    BAD_REVIEWS = "bad_review_rate", _("bad reviews")
    ON_TIME = "logistics_on_time", _("deliveries in time")
    GAP_RATE = "gap_rate", _("orders with a late delivery")
    GAP_PRODUCT = "gap_rate_product", _("orders with a gap of the product")
    GAP_SERVICE = "gap_rate_service", _("orders with a gap of service")
    GAP_PRICE = "gap_rate_price", _("orders with a gap of price")
    COMPLAINT_RATE = "complaint_rate", _("complaints per order")
    RETURN_RATE = "return_rate", _("returns per order")
    REPURCHASE = "repurchase_rate", _("bought again within 30 days")


class Dimension(models.TextChoices):
    """By what a figure is told apart; the whole company is apart from nothing."""

    WHOLE = "", _("the whole company")
    DEPARTMENT = "department", _("department")
    AGENT = "agent", _("agent")
    CHANNEL = "channel", _("channel")
    CATEGORY = "category", _("category of products")
    TIER = "tier", _("tier")
    SEGMENT = "segment", _("segment")
    REGION = "region", _("region")


KEY = 80


class Sliced(models.Model):
    """Something of a metric: of the whole company, or of one key of a dimension."""

    metric = models.CharField(_("figure"), max_length=32, choices=MetricCode)
    dimension = models.CharField(_("told apart by"), max_length=10, choices=Dimension, blank=True)
    key = models.CharField(
        _("of"),
        max_length=KEY,
        blank=True,
        help_text=_("The number of a department or agent, the code or name of the others."),
    )

    class Meta:
        abstract = True


KEY_FITS = Q(dimension="", key="") | (Q(dimension__in=Dimension.values) & ~Q(dimension="") & ~Q(key=""))
"""The whole has no key, everything else has one."""


class Grain(models.TextChoices):
    """How long the periods are that a figure is read by. Weeks begin on Monday."""

    DAY = "day", pgettext_lazy("period", "day")
    WEEK = "week", pgettext_lazy("period", "week")
    MONTH = "month", pgettext_lazy("period", "month")
    QUARTER = "quarter", pgettext_lazy("period", "quarter")


class Direction(models.TextChoices):
    """Which way is better."""

    UP = "up", _("at least")
    DOWN = "down", _("at most")
