"""How far people come from looking round to the parcel: what is counted by the day they came in."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LONGEST_WINDOW = 60
PERCENT = [MinValueValidator(1), MaxValueValidator(100)]
NOT_WATCHED = _("Percent of those who came to the step before. Empty: not watched.")


class FunnelStep(models.TextChoices):
    """The steps of the way, in their order."""

    BROWSE = "browse", pgettext_lazy("funnel", "looked round")
    CART = "cart", pgettext_lazy("funnel", "put in the cart")
    ORDER = "order", pgettext_lazy("funnel", "ordered")
    PAY = "pay", pgettext_lazy("funnel", "paid")
    RECEIVE = "receive", pgettext_lazy("funnel", "received")


class FunnelTerms(models.Model):
    """How long a way may take, and how many may be lost on it. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    window_days = models.PositiveSmallIntegerField(
        _("a way may take (days)"),
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_WINDOW)],
        help_text=_("From looking round to the parcel. Days whose events are still kept are counted anew."),
    )
    few = models.PositiveSmallIntegerField(
        _("few below"),
        default=30,
        validators=[MinValueValidator(2)],
        help_text=_("Groups of fewer are marked, and not compared."),
    )
    lost_cart = models.PositiveSmallIntegerField(
        _("lost before the cart, at most (%)"),
        null=True,
        blank=True,
        validators=PERCENT,
        help_text=NOT_WATCHED,
    )
    lost_order = models.PositiveSmallIntegerField(
        _("lost before the order, at most (%)"),
        null=True,
        blank=True,
        validators=PERCENT,
        help_text=NOT_WATCHED,
    )
    lost_pay = models.PositiveSmallIntegerField(
        _("lost at the checkout, at most (%)"),
        null=True,
        blank=True,
        default=20,
        validators=PERCENT,
        help_text=NOT_WATCHED,
    )
    lost_receive = models.PositiveSmallIntegerField(
        _("lost before the parcel, at most (%)"),
        null=True,
        blank=True,
        validators=PERCENT,
        help_text=NOT_WATCHED,
    )

    class Meta:
        verbose_name = _("terms of the funnel")
        verbose_name_plural = _("terms of the funnel")
        constraints = [
            models.CheckConstraint(name="funnelterms_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="funnelterms_some", condition=Q(window_days__range=(1, LONGEST_WINDOW), few__gte=2)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.window_days}"

    def most_lost(self, step: FunnelStep) -> int | None:
        """How many percent may be lost before a step; None where nobody watches it, as before the first."""
        found: int | None = getattr(self, f"lost_{step}", None)
        return found


class FunnelCohort(models.Model):
    """A day (Asia/Shanghai) on which people came in: when their ways were counted, and over how long.

    Its window is over when they were counted that many days after its end: then nobody can come further.
    """

    day = models.DateField(_("day"), unique=True)
    window_days = models.PositiveSmallIntegerField(_("a way may take (days)"), null=True)
    taken_at = models.DateTimeField(_("counted"), null=True)
    stale_at = models.DateTimeField(_("facts came in"), null=True)

    class Meta:
        verbose_name = _("day of the funnel")
        verbose_name_plural = _("days of the funnel")
        constraints = [
            models.CheckConstraint(
                name="funnelcohort_taken",
                condition=Q(taken_at__isnull=True, window_days__isnull=True)
                | Q(taken_at__isnull=False, window_days__isnull=False),
            )
        ]
        indexes = [
            models.Index(  # funnels.late
                name="funnelcohort_stale", fields=["day"], condition=Q(stale_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}"


class FunnelDay(models.Model):
    """How many of those who came in on a day came to each step, of all or of one segment (now).

    It adds up over days, devices and ways of payment; not over segments, since a member is in several.
    Somebody who comes in on two days counts on both, with what each of the two led to.
    """

    day = models.DateField(_("day"))
    segment = models.CharField(_("segment"), max_length=50, blank=True, help_text=_("Empty: everybody."))
    device = models.CharField(_("device"), max_length=32, blank=True)
    payment = models.CharField(
        _("paid by"), max_length=32, blank=True, help_text=_("Known from the order on.")
    )
    browsed = models.PositiveBigIntegerField(pgettext_lazy("funnel", "looked round"))
    carted = models.PositiveBigIntegerField(pgettext_lazy("funnel", "put in the cart"))
    ordered = models.PositiveBigIntegerField(pgettext_lazy("funnel", "ordered"))
    paid = models.PositiveBigIntegerField(pgettext_lazy("funnel", "paid"))
    received = models.PositiveBigIntegerField(pgettext_lazy("funnel", "received"))
    cart_seconds = models.PositiveBigIntegerField(help_text="Of all together, since the step before.")
    order_seconds = models.PositiveBigIntegerField()
    pay_seconds = models.PositiveBigIntegerField()
    receive_seconds = models.PositiveBigIntegerField()
    paid_after = ArrayField(
        models.PositiveBigIntegerField(), help_text="How many paid on that day, a day later, and so on."
    )

    class Meta:
        verbose_name = _("ways of a day")
        verbose_name_plural = _("ways by day")
        constraints = [
            models.UniqueConstraint(  # funnels.queries: some days of everybody or a segment
                name="funnelday_once", fields=["segment", "day", "device", "payment"]
            ),
            models.CheckConstraint(
                name="funnelday_narrows",
                condition=Q(
                    browsed__gte=F("carted"),
                    carted__gte=F("ordered"),
                    ordered__gte=F("paid"),
                    paid__gte=F("received"),
                ),
            ),
        ]
        indexes = [models.Index(name="funnelday_day", fields=["day"])]  # funnels.commands.take

    def __str__(self) -> str:
        return f"{self.day} {self.segment} {self.device} {self.payment}"


class FunnelKept(models.Model):
    """A way of somebody whose events are no longer theirs: it counts on when its day is counted anew.

    It names nobody. When the raw events of its day are gone, the day stays as it is, and this goes.
    """

    day = models.DateField(_("day"))
    segments = ArrayField(models.CharField(max_length=50), db_default=[])
    device = models.CharField(_("device"), max_length=32, blank=True)
    payment = models.CharField(_("paid by"), max_length=32, blank=True)
    cart_in = models.PositiveBigIntegerField(null=True, help_text="Seconds since the step before.")
    order_in = models.PositiveBigIntegerField(null=True)
    pay_in = models.PositiveBigIntegerField(null=True)
    receive_in = models.PositiveBigIntegerField(null=True)
    paid_after = models.PositiveSmallIntegerField(null=True, help_text="How many days after the first.")

    class Meta:
        verbose_name = _("kept way")
        verbose_name_plural = _("kept ways")
        constraints = [
            models.CheckConstraint(
                name="funnelkept_in_order",
                condition=(Q(order_in__isnull=True) | Q(cart_in__isnull=False))
                & (Q(pay_in__isnull=True) | Q(order_in__isnull=False, paid_after__isnull=False))
                & (Q(receive_in__isnull=True) | Q(pay_in__isnull=False)),
            )
        ]
        indexes = [models.Index(name="funnelkept_day", fields=["day"])]  # funnels.commands.take

    def __str__(self) -> str:
        return f"{self.day}"
