"""What members do in the shop: events that the shop tells us, and their sums by day.

Made for tens of millions of rows: the text is short, nothing is looked up for a row but its member, and the
indexes by time are block ranges, since events come in about as they happen.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member

NUMBER, QUERY, PAGE = 64, 200, 200
TRANSACTION = Cast(
    Cast(models.Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField()
)


class BehaviourName(models.TextChoices):
    """What somebody did."""

    BROWSE = "browse", pgettext_lazy("behaviour", "looked at")
    SEARCH = "search", pgettext_lazy("behaviour", "searched")
    ADD_TO_CART = "add_to_cart", pgettext_lazy("behaviour", "put in the cart")
    ORDER = "order", pgettext_lazy("behaviour", "ordered")
    PAY = "pay", pgettext_lazy("behaviour", "paid")
    RECEIVE = "receive", pgettext_lazy("behaviour", "received")
    REFUND = "refund", pgettext_lazy("behaviour", "asked for a refund")


class BehaviourHint(models.TextChoices):
    """How somebody did it: what tells of more than the step itself."""

    PRICE_SORT = "price_sort", _("sorted by price")
    SALES_FILTER = "sales_filter", _("only what is reduced")
    COUPON = "coupon", _("with a coupon")
    EXPRESS = "express", _("express delivery")
    TRACKED = "tracked", _("looked where the parcel is")
    COMPARED = "compared", _("compared products")
    READ_REVIEWS = "read_reviews", _("read reviews")
    READ_DETAILS = "read_details", _("read what it is made of")
    ASKED = "asked", _("asked us first")


class BehaviourEvent(models.Model):
    """One thing that somebody did, written once by `behaviour.taking_in` and joined to a member once.

    Of a member who does not want to be profiled only the step itself is kept, without anybody.
    """

    source = models.CharField(_("from"), max_length=50, help_text=_("shop, file, or the source's code."))
    external_id = models.CharField(_("number over there"), max_length=NUMBER)
    content = models.UUIDField(editable=False, help_text="Digest of what was told: who comes again is known.")
    name = models.CharField(_("what"), max_length=12, choices=BehaviourName)
    at = models.DateTimeField(_("at"))
    received_at = models.DateTimeField(_("told at"))
    member = models.ForeignKey(
        Member, models.CASCADE, verbose_name=_("member"), null=True, related_name="+", db_index=False
    )
    visitor = models.CharField(_("visitor"), max_length=NUMBER, blank=True)
    session = models.CharField(_("session"), max_length=NUMBER, blank=True)
    product = models.CharField(_("product"), max_length=NUMBER, blank=True, help_text=_("The shop's number."))
    order_number = models.CharField(_("order number"), max_length=NUMBER, blank=True)
    amount_fen = models.BigIntegerField(_("amount (fen)"), null=True)
    query = models.CharField(_("searched for"), max_length=QUERY, blank=True)
    hints = ArrayField(
        models.CharField(max_length=16, choices=BehaviourHint),
        verbose_name=_("how"),
        null=True,
        help_text="None rather than empty: most have none, and a null takes no room.",
    )
    device = models.CharField(_("device"), max_length=32, blank=True)
    channel = models.CharField(_("channel"), max_length=32, blank=True)
    page = models.CharField(_("page"), max_length=PAGE, blank=True)
    txid = models.BigIntegerField(
        editable=False,
        db_default=TRANSACTION,
        help_text="The transaction that wrote it, or joined it to its member.",
    )

    class Meta:
        verbose_name = _("behaviour event")
        verbose_name_plural = _("behaviour events")
        constraints = [
            models.UniqueConstraint(name="behaviour_once", fields=["source", "external_id"]),
            models.CheckConstraint(name="behaviour_name_known", condition=Q(name__in=BehaviourName.values)),
            models.CheckConstraint(
                name="behaviour_amount", condition=Q(amount_fen__isnull=True) | Q(amount_fen__gte=0)
            ),
            models.CheckConstraint(
                name="behaviour_hints_known",
                condition=Q(hints__isnull=True) | Q(hints__contained_by=BehaviourHint.values),
            ),
        ]
        indexes = [
            BrinIndex(name="behaviour_at", fields=["at"], autosummarize=True),  # funnels by day, retention
            models.Index(name="behaviour_txid", fields=["txid"]),  # behaviour.summing; a few bytes a row
            models.Index(  # the member's own page, export, erasure, sums of a day
                name="behaviour_member", fields=["member", "at"], condition=Q(member__isnull=False)
            ),
            models.Index(  # behaviour.joining: what a visitor did before signing in
                name="behaviour_visitor",
                fields=["source", "visitor", "at"],
                condition=Q(member__isnull=True) & ~Q(visitor=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class BehaviourVisitor(models.Model):
    """Since when a visitor is known to be a member: they signed in. A shared device has several."""

    source = models.CharField(max_length=50)
    visitor = models.CharField(max_length=NUMBER)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    first_at = models.DateTimeField(_("signed in"))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="behaviourvisitor_once", fields=["source", "visitor", "member"])
        ]
        indexes = [
            BrinIndex(name="behaviourvisitor_first", fields=["first_at"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.visitor}"


class BehaviourDay(models.Model):
    """How often a member did a thing on a day (Asia/Shanghai); kept by `feedback.behaviour.summing`.

    `what` is the name of an event, a hint, or `says_` with what the words of a search are about.
    """

    member = models.ForeignKey(Member, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    what = models.CharField(_("what"), max_length=24)
    n = models.PositiveIntegerField(_("times"))

    class Meta:
        verbose_name = _("what a member did on a day")
        verbose_name_plural = _("what members did by day")
        constraints = [
            models.UniqueConstraint(name="behaviourday_once", fields=["member", "day", "what"]),
            models.CheckConstraint(name="behaviourday_some", condition=Q(n__gte=1)),
        ]
        indexes = [
            BrinIndex(name="behaviourday_day", fields=["day"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.what}"
