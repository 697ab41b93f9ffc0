"""Promises and gaps: what was promised, and where it was not kept."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compensation.models import Order, OrderLine
from feedback.models.case import Case


class Aspect(models.TextChoices):
    """What a promise is about."""

    SHIPPING = "shipping", _("shipping")
    DELIVERY = "delivery", _("delivery")


class PromiseSource(models.TextChoices):
    """Who made the promise."""

    ORDER = "order", _("order")


class Promise(models.Model):
    """What a channel promised about one order line."""

    line = models.ForeignKey(OrderLine, models.CASCADE, verbose_name=_("order line"), related_name="promises")
    aspect = models.CharField(_("about"), max_length=16, choices=Aspect)
    source = models.CharField(_("made by"), max_length=16, choices=PromiseSource, default=PromiseSource.ORDER)
    due_at = models.DateTimeField(_("promised by"))
    withdrawn_at = models.DateTimeField(
        _("withdrawn"), null=True, blank=True, help_text=_("The shop says that it was never made.")
    )

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        constraints = [
            models.CheckConstraint(name="promise_aspect_known", condition=Q(aspect__in=Aspect.values)),
            models.UniqueConstraint(name="promise_once", fields=["line", "aspect", "source"]),
        ]
        indexes = [models.Index(name="promise_due", fields=["due_at", "id"])]  # gaps: whose time has passed

    def __str__(self) -> str:
        return f"{self.aspect} {self.due_at:%F %T}"


class GapKind(models.TextChoices):
    """What kind of expectation was let down."""

    PRODUCT = "product", _("product performance")
    SERVICE = "service", _("service experience")
    PRICE = "price", _("price perception")


class GapCause(models.TextChoices):
    """The root cause."""

    SUPPLY = "supply", _("supply chain")
    TECHNICAL = "technical", _("technical failure")
    HUMAN = "human", _("human error")


class Severity(models.IntegerChoices):
    """How far off."""

    SLIGHT = 1, _("slight")
    MODERATE = 2, _("moderate")
    SEVERE = 3, _("severe")


class Gap(models.Model):
    """A promise about an order that was not kept: expected − actual.

    An order that is late is late once, however many lines it has: the gap stands by the line that was
    furthest off. A gap that the facts no longer bear out is withdrawn, not deleted.
    """

    order = models.ForeignKey(Order, models.CASCADE, verbose_name=_("order"), related_name="gaps")
    promise = models.ForeignKey(Promise, models.CASCADE, verbose_name=_("promise"), related_name="gaps")
    aspect = models.CharField(_("about"), max_length=16, choices=Aspect)
    kind = models.CharField(_("kind"), max_length=16, choices=GapKind, default=GapKind.SERVICE)
    cause = models.CharField(_("cause"), max_length=16, choices=GapCause, blank=True)
    expected_at = models.DateTimeField(_("expected"))
    actual_at = models.DateTimeField(_("actual"), null=True, blank=True, help_text=_("Empty: not yet."))
    days = models.DecimalField(
        _("difference (days)"),
        max_digits=10,
        decimal_places=4,
        help_text=_("Expected − actual: late is negative."),
    )
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity)
    detected_at = models.DateTimeField(_("found"))
    changed_at = models.DateTimeField(_("changed"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    case = models.ForeignKey(
        Case, models.SET_NULL, verbose_name=_("case"), null=True, blank=True, related_name="gaps"
    )
    rules_due = models.BooleanField(
        default=True, editable=False, help_text="Found or worse than before: the gap rules must look at it."
    )

    class Meta:
        verbose_name = _("gap")
        verbose_name_plural = _("gaps")
        constraints = [
            models.CheckConstraint(name="gap_aspect_known", condition=Q(aspect__in=Aspect.values)),
            models.CheckConstraint(name="gap_kind_known", condition=Q(kind__in=GapKind.values)),
            models.CheckConstraint(name="gap_severity_known", condition=Q(severity__in=Severity.values)),
            models.CheckConstraint(
                name="gap_cause_known", condition=Q(cause="") | Q(cause__in=GapCause.values)
            ),
            models.UniqueConstraint(name="gap_once", fields=["order", "aspect"]),
        ]
        indexes = [
            models.Index(name="gap_detected", fields=["-detected_at"]),  # lists and figures by day
            models.Index(  # gaps.commands.detect: what still grows worse
                name="gap_growing",
                fields=["aspect", "severity", "expected_at"],
                condition=Q(actual_at=None, withdrawn_at=None, severity__lt=Severity.SEVERE),
            ),
            models.Index(name="gap_rules_due", fields=["id"], condition=Q(rules_due=True)),  # tasks
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.aspect} {self.days}"


class GapProgress(models.Model):
    """How far the search for gaps has come: one row, whose lock makes one search wait for the other."""

    changed_txid = models.BigIntegerField(default=0, help_text="Orders changed up to here are done: txid,")
    changed_id = models.BigIntegerField(default=0, help_text="and primary key within it.")
    due_at = models.DateTimeField(
        null=True, help_text="Promises that fell due up to here are done: their time,"
    )
    due_id = models.BigIntegerField(default=0, help_text="and primary key at that time.")
    looked_at = models.DateTimeField(null=True, help_text="The latest moment that a search took for now.")

    class Meta:
        constraints = [models.CheckConstraint(name="gapprogress_one", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"{self.changed_txid}, {self.due_at}"


class GapThreshold(models.Model):
    """How many days off is slight and moderate; beyond that is severe. The boundary belongs to the lesser."""

    aspect = models.CharField(_("about"), max_length=16, choices=Aspect, unique=True)
    slight_days = models.DecimalField(_("slight up to (days)"), max_digits=6, decimal_places=2)
    moderate_days = models.DecimalField(_("moderate up to (days)"), max_digits=6, decimal_places=2)

    class Meta:
        verbose_name = _("gap threshold")
        verbose_name_plural = _("gap thresholds")
        constraints = [
            models.CheckConstraint(
                name="gapthreshold_rising",
                condition=Q(slight_days__gte=0, moderate_days__gt=models.F("slight_days")),
            )
        ]

    def __str__(self) -> str:
        return self.get_aspect_display()
