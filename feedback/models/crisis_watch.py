"""What crises are found by: how many came in each hour of each thing, and what is unusual."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.bilingual import Bilingual


class CrisisOf(models.TextChoices):
    """What is counted."""

    CASE = "case", _("cases")
    REVIEW = "review", _("bad reviews")
    POST = "post", _("negative posts")


class CrisisBy(models.TextChoices):
    """What they are counted by."""

    ALL = "all", _("everything")
    KIND = "kind", _("kind of case")
    CATEGORY = "category", _("product category")
    PRODUCT = "product", _("product")
    SUPPLIER = "supplier", _("supplier")
    COURIER = "courier", _("courier")
    REGION = "region", _("region")
    ASPECT = "aspect", _("what it is about")
    GAP_KIND = "gap_kind", _("kind of gap")


class CrisisSeverity(models.IntegerChoices):
    """How bad it is."""

    MODERATE = 1, pgettext_lazy("crisis", "moderate")
    SERIOUS = 2, pgettext_lazy("crisis", "serious")
    CRITICAL = 3, pgettext_lazy("crisis", "critical")


class CrisisHour(models.Model):
    """How many came in an hour, by one thing. Written anew by `feedback.crises.counting`.

    `usual` leaves out those that belong to a crisis: the usual is what it is without one.
    """

    hour = models.DateTimeField(help_text="When it begins.")
    of = models.CharField(max_length=8, choices=CrisisOf)
    by = models.CharField(max_length=12, choices=CrisisBy)
    value = models.CharField(max_length=80, blank=True)
    n = models.PositiveIntegerField()
    usual = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="crisishour_once", fields=["hour", "of", "by", "value"]),
            models.CheckConstraint(name="crisishour_part", condition=Q(usual__lte=models.F("n"))),
        ]
        indexes = [  # crises.finding: one thing in time
            models.Index(name="crisishour_line", fields=["of", "by", "value", "hour"])
        ]

    def __str__(self) -> str:
        return f"{self.hour:%F %H} {self.of} {self.by} {self.value} {self.n}"


class CrisisCounting(models.Model):
    """How far hours are counted. One row."""

    counted_to = models.DateTimeField(help_text="Everything before is counted.")
    looked_at = models.DateTimeField(null=True, help_text="When crises were last looked for.")

    class Meta:
        constraints = [models.CheckConstraint(name="crisiscounting_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{self.counted_to:%F %T}"


class CrisisWatch(Bilingual):
    """What counts as unusual: a window against the same hours of the weeks before it."""

    code = models.SlugField(_("code"), unique=True)
    is_active = models.BooleanField(_("in force"), default=True)
    of = models.CharField(
        pgettext_lazy("crisis", "what is counted"), max_length=8, choices=CrisisOf, default=CrisisOf.CASE
    )
    by = ArrayField(
        models.CharField(max_length=12, choices=CrisisBy),
        verbose_name=_("gathered by"),
        default=list,
        blank=True,
        help_text=_("None chosen: by each of them."),
    )
    window_hours = models.PositiveSmallIntegerField(
        _("window (hours)"), default=3, help_text=_("So many hours up to now are looked at.")
    )
    weeks = models.PositiveSmallIntegerField(
        _("compared with (weeks)"), default=8, help_text=_("The same hours of so many weeks before.")
    )
    least = models.PositiveSmallIntegerField(
        _("at least"), default=8, help_text=_("With fewer in the window it is no crisis.")
    )
    ratio = models.DecimalField(_("times the usual, at least"), max_digits=5, decimal_places=2, default=3)
    rate = models.FloatField(
        _("false share"),
        default=0.00001,
        help_text=_(
            "Of what is shown at one look, so much may be chance: 0.00001 is one in a hundred thousand."
        ),
    )
    severity = models.PositiveSmallIntegerField(
        _("severity"),
        choices=[
            (1, pgettext_lazy("crisis", "moderate")),
            (2, pgettext_lazy("crisis", "serious")),
            (3, pgettext_lazy("crisis", "critical")),
        ],
        default=2,
    )

    class Meta:
        verbose_name = _("crisis watch")
        verbose_name_plural = _("crisis watches")
        ordering = ["window_hours", "code"]
        constraints = [
            models.CheckConstraint(name="crisiswatch_of_known", condition=Q(of__in=CrisisOf.values)),
            models.CheckConstraint(
                name="crisiswatch_by_known", condition=Q(by__contained_by=CrisisBy.values)
            ),
            models.CheckConstraint(
                name="crisiswatch_window", condition=Q(window_hours__gte=1, window_hours__lte=72)
            ),
            models.CheckConstraint(name="crisiswatch_weeks", condition=Q(weeks__gte=3, weeks__lte=12)),
            models.CheckConstraint(name="crisiswatch_least", condition=Q(least__gte=3)),
            models.CheckConstraint(name="crisiswatch_ratio", condition=Q(ratio__gt=1)),
            models.CheckConstraint(name="crisiswatch_rate", condition=Q(rate__gt=0, rate__lte=0.1)),
            models.CheckConstraint(
                name="crisiswatch_severity_known", condition=Q(severity__in=CrisisSeverity.values)
            ),
        ]
