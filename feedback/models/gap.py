"""Promises and gaps: what was promised, and where it was not kept."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member, Order, OrderLine
from feedback.models.case import Case
from feedback.models.claim import Claim, ClaimChannel
from feedback.models.clock import Clock
from feedback.models.review import Review


class Aspect(models.TextChoices):
    """What a promise is about."""

    SHIPPING = "shipping", _("shipping")
    DELIVERY = "delivery", _("delivery")
    PRICE = "price", _("price")
    QUALITY = "quality", _("quality")
    SERVICE = "service", _("service")


OF_TIME = (Aspect.SHIPPING, Aspect.DELIVERY)
"""What orders promise by a moment."""
OF_ORDERS = (*OF_TIME, Aspect.PRICE)
"""What an order has one gap of at most; of the others each review and each clock has its own."""
GAP_UNITS = {
    Aspect.SHIPPING: pgettext_lazy("unit", "days"),
    Aspect.DELIVERY: pgettext_lazy("unit", "days"),
    Aspect.PRICE: "%",
    Aspect.QUALITY: _("stars"),
    Aspect.SERVICE: pgettext_lazy("unit", "hours"),
}
"""What thresholds are in: days late, percent paid too much, stars too few, hours late."""


class PromiseSource(models.TextChoices):
    """Who made the promise: the order itself, or a claim in one of the channels."""

    ORDER = "order", _("order")
    PRODUCT_PAGE = ClaimChannel.PRODUCT_PAGE.value, ClaimChannel.PRODUCT_PAGE.label
    ADVERT = ClaimChannel.ADVERT.value, ClaimChannel.ADVERT.label
    KOL = ClaimChannel.KOL.value, ClaimChannel.KOL.label
    LIVESTREAM = ClaimChannel.LIVESTREAM.value, ClaimChannel.LIVESTREAM.label
    MARKETPLACE = ClaimChannel.MARKETPLACE.value, ClaimChannel.MARKETPLACE.label


class Promise(models.Model):
    """What a channel promised about one order line."""

    line = models.ForeignKey(OrderLine, models.CASCADE, verbose_name=_("order line"), related_name="promises")
    aspect = models.CharField(_("about"), max_length=16, choices=Aspect)
    source = models.CharField(_("made by"), max_length=16, choices=PromiseSource, default=PromiseSource.ORDER)
    due_at = models.DateTimeField(_("promised by"), help_text=_("Of a price: when the order was placed."))
    expected_fen = models.BigIntegerField(
        _("expected price (fen)"), null=True, blank=True, help_text=_("For the whole line.")
    )
    claim = models.ForeignKey(
        Claim,
        models.PROTECT,
        verbose_name=_("claim"),
        null=True,
        blank=True,
        related_name="promises",
        db_index=False,
    )
    withdrawn_at = models.DateTimeField(
        _("withdrawn"), null=True, blank=True, help_text=_("The shop says that it was never made.")
    )

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        constraints = [
            models.CheckConstraint(name="promise_aspect_known", condition=Q(aspect__in=Aspect.values)),
            models.CheckConstraint(
                name="promise_of_a_claim",
                condition=Q(source="order", claim=None) | ~Q(source="order") & Q(claim__isnull=False),
            ),
            models.CheckConstraint(
                name="promise_price_is_said",
                condition=~Q(aspect=Aspect.PRICE) | Q(expected_fen__isnull=False),
            ),
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
    """An expectation of a member that was not met: expected − actual.

    An order that is late is late once, however many lines it has: the gap stands by the line that was
    furthest off. So it is with what was paid too much. Of quality and service there is one for each review
    (and dimension) and each clock, which `about` names. A gap that the facts no longer bear out is withdrawn,
    not deleted.
    """

    member = models.ForeignKey(  # gap_of_member begins with it; a trigger fills it in from the order
        Member, models.PROTECT, verbose_name=_("member"), related_name="gaps", db_index=False
    )
    order = models.ForeignKey(
        Order, models.CASCADE, verbose_name=_("order"), null=True, blank=True, related_name="gaps"
    )
    promise = models.ForeignKey(
        Promise, models.CASCADE, verbose_name=_("promise"), null=True, blank=True, related_name="gaps"
    )
    review = models.ForeignKey(
        Review,
        models.CASCADE,
        verbose_name=_("review"),
        null=True,
        blank=True,
        related_name="gaps",
        db_index=False,
    )
    clock = models.ForeignKey(
        Clock,
        models.CASCADE,
        verbose_name=_("clock"),
        null=True,
        blank=True,
        related_name="gaps",
        db_index=False,
    )
    about = models.CharField(
        max_length=60, blank=True, default="", db_default="", help_text='Such as "clock:7"; empty: the order.'
    )
    aspect = models.CharField(_("about"), max_length=16, choices=Aspect)
    kind = models.CharField(_("kind"), max_length=16, choices=GapKind, default=GapKind.SERVICE)
    cause = models.CharField(_("cause"), max_length=16, choices=GapCause, blank=True)
    expected_at = models.DateTimeField(_("expected"))
    actual_at = models.DateTimeField(_("actual"), null=True, blank=True, help_text=_("Empty: not yet."))
    days = models.DecimalField(
        _("difference (days)"),
        max_digits=10,
        decimal_places=4,
        null=True,
        help_text=_("Expected − actual: late is negative. Empty where it is not about time."),
    )
    expected = models.DecimalField(
        _("expected (number)"), max_digits=14, decimal_places=2, null=True, help_text="Yuan or stars."
    )
    actual = models.DecimalField(
        _("actual (number)"), max_digits=14, decimal_places=2, null=True, help_text="Yuan or stars."
    )
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity)
    detected_at = models.DateTimeField(_("found"))
    changed_at = models.DateTimeField(_("changed"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    dismissed_at = models.DateTimeField(
        _("said to be none"), null=True, blank=True, help_text=_("By a person; other facts bring it back.")
    )
    dismissed_why = models.CharField(_("why"), max_length=400, blank=True)
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
            models.CheckConstraint(
                name="gap_is_measured",
                condition=Q(days__isnull=False) | Q(expected__isnull=False, actual__isnull=False),
            ),
            models.CheckConstraint(
                name="gap_dismissed_is_withdrawn",
                condition=Q(dismissed_at=None) | Q(withdrawn_at__isnull=False),
            ),
            models.CheckConstraint(  # one cause each: an order, a review, a clock
                name="gap_about_one",
                condition=Q(aspect__in=OF_ORDERS, about="", order__isnull=False, promise__isnull=False)
                | Q(aspect=Aspect.QUALITY, review__isnull=False) & ~Q(about="")
                | Q(aspect=Aspect.SERVICE, clock__isnull=False) & ~Q(about=""),
            ),
            models.UniqueConstraint(name="gap_once", fields=["order", "aspect", "about"]),
            models.UniqueConstraint(name="gap_about_once", fields=["about"], condition=~Q(about="")),
        ]
        indexes = [
            BrinIndex(name="gap_dismissed", fields=["dismissed_at"], autosummarize=True),  # retention
            models.Index(name="gap_detected", fields=["-detected_at"]),  # lists and figures by day
            models.Index(  # kpis.boards.causes: what fell due in a time
                name="gap_expected", fields=["expected_at"], include=["cause"], condition=Q(withdrawn_at=None)
            ),
            models.Index(  # gaps.commands.detect: what still grows worse
                name="gap_growing",
                fields=["aspect", "severity", "expected_at"],
                condition=Q(actual_at=None, withdrawn_at=None, severity__lt=Severity.SEVERE),
            ),
            models.Index(name="gap_rules_due", fields=["id"], condition=Q(rules_due=True)),  # tasks
            models.Index(  # member's page, case page: what stands
                name="gap_of_member", fields=["member", "-detected_at"], condition=Q(withdrawn_at=None)
            ),
            models.Index(name="gap_of_review", fields=["review"], condition=~Q(review=None)),  # gaps.quality
            models.Index(name="gap_of_clock", fields=["clock"], condition=~Q(clock=None)),  # gaps.service
        ]
        triggers = [
            pgtrigger.Trigger(
                name="whose",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__member__isnull=True),
                func="""
                NEW.member_id = (SELECT member_id FROM compensation_order WHERE id = NEW.order_id);
                RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_aspect_display()} {self.expected_at:%F}"


class OverturnedState(models.TextChoices):
    """What became of something that rested on a gap which turned out to be none."""

    OPEN = "open", _("to be looked at")
    STANDS = "stands", _("left as it is")
    TAKEN_BACK = "taken_back", pgettext_lazy("overturned", "taken back")


class Overturned(models.Model):
    """A gap that turned out to be none after a case was opened or something given for it: for a supervisor.

    Nothing is taken back by itself. If the gap is found to be one after all, what is open ends by itself.
    """

    gap = models.ForeignKey(Gap, models.CASCADE, verbose_name=_("gap"), related_name="overturned")
    case = models.ForeignKey(
        Case, models.SET_NULL, verbose_name=_("case"), null=True, blank=True, related_name="overturned"
    )
    why = models.CharField(_("why"), max_length=400, blank=True)
    at = models.DateTimeField(_("since"))
    told_at = models.DateTimeField(null=True, help_text="When the case got its note and the leads were told.")
    state = models.CharField(_("state"), max_length=12, choices=OverturnedState, default=OverturnedState.OPEN)
    note = models.CharField(_("note"), max_length=400, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("overturned gap")
        verbose_name_plural = _("overturned gaps")
        permissions = [("decide_overturned", "Can decide what becomes of overturned gaps")]
        constraints = [
            models.CheckConstraint(
                name="overturned_state_known", condition=Q(state__in=OverturnedState.values)
            ),
            models.CheckConstraint(
                name="overturned_decided",
                condition=Q(state=OverturnedState.OPEN, decided_at=None)
                | ~Q(state=OverturnedState.OPEN) & Q(decided_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="overturned_one_open", fields=["gap"], condition=Q(state=OverturnedState.OPEN)
            ),
        ]
        indexes = [
            models.Index(
                name="overturned_untold", fields=["id"], condition=Q(told_at=None)
            ),  # overturning.tell
            models.Index(  # the supervisors' list
                name="overturned_to_decide", fields=["at", "id"], condition=Q(state=OverturnedState.OPEN)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gap_id} {self.state}"


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
    """How far off is slight and moderate; beyond that is severe. The boundary belongs to the lesser."""

    aspect = models.CharField(_("about"), max_length=16, choices=Aspect, unique=True)
    slight = models.DecimalField(
        _("slight up to"),
        max_digits=6,
        decimal_places=2,
        db_column="slight_days",
        help_text=_("Days late, percent paid too much, stars too few, hours late."),
    )
    moderate = models.DecimalField(
        _("moderate up to"), max_digits=6, decimal_places=2, db_column="moderate_days"
    )

    class Meta:
        verbose_name = _("gap threshold")
        verbose_name_plural = _("gap thresholds")
        constraints = [
            models.CheckConstraint(
                name="gapthreshold_rising",
                condition=Q(slight__gte=0, moderate__gt=models.F("slight")),
            )
        ]

    def __str__(self) -> str:
        return self.get_aspect_display()

    @property
    def unit(self) -> str:
        """What the numbers count."""
        return str(GAP_UNITS[Aspect(self.aspect)])
