"""What is true of a product, in versions, and what each channel claims about it."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Product
from config.common.bilingual import Bilingual


class Measure(models.TextChoices):
    """Something measurable that a claim promises or a fact says; `UNITS` tells in what."""

    DELIVERY = "delivery", _("delivered within")
    SHIPPING = "shipping", _("shipped within")
    PRICE = "price", _("price")
    DISCOUNT = "discount", _("off the list price")
    PERCENT_OFF = "percent_off", _("percent off the list price")
    GUARANTEE = "guarantee", _("price guaranteed for")
    QUALITY = "quality", _("quality level")
    COMPOSITION = "composition", _("made of")
    SIZE = "size", _("size")
    PRODUCED = "produced", _("produced on")


UNITS = {
    Measure.DELIVERY: pgettext_lazy("unit", "hours"),
    Measure.SHIPPING: pgettext_lazy("unit", "hours"),
    Measure.PRICE: _("yuan"),
    Measure.DISCOUNT: _("yuan"),
    Measure.PERCENT_OFF: "%",
    Measure.GUARANTEE: pgettext_lazy("unit", "days"),
    Measure.QUALITY: _("stars"),
}
"""What the number of a measure counts; the others are told by their text."""


class FactKind(Bilingual):
    """A kind of fact that products of some categories have."""

    code = models.SlugField(_("code"), unique=True)
    measure = models.CharField(
        _("compared with claims about"),
        max_length=16,
        choices=Measure,
        blank=True,
        help_text=_("Empty: kept and shown; only what it says of discounts is compared, as of a promotion."),
    )
    is_list_price = models.BooleanField(
        _("list price"), default=False, help_text=_("What discounts are taken off, where there is one.")
    )
    categories = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("product categories"),
        default=list,
        blank=True,
        help_text=_("None: all."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100, help_text=_("Lower comes first."))

    class Meta:
        verbose_name = _("kind of product fact")
        verbose_name_plural = _("kinds of product facts")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="factkind_measure_known", condition=Q(measure="") | Q(measure__in=Measure.values)
            ),
            models.UniqueConstraint(
                name="factkind_one_list_price", fields=["is_list_price"], condition=Q(is_list_price=True)
            ),
        ]


class ProductFact(models.Model):
    """What was true of a product in a time; what changes ends, and a new one begins.

    `number` is in the unit of the kind's measure: hours, days, stars, percent, yuan.
    """

    key = models.CharField(
        pgettext_lazy("shop", "key"),
        max_length=120,
        unique=True,
        null=True,
        blank=True,
        help_text=_("The shop's, if any."),
    )
    product = models.ForeignKey(  # productfact_in_time begins with it
        Product, models.CASCADE, verbose_name=_("product"), related_name="facts", db_index=False
    )
    kind = models.ForeignKey(FactKind, models.PROTECT, verbose_name=_("kind"), related_name="facts")
    text = models.CharField(
        pgettext_lazy("fact", "value"),
        max_length=400,
        help_text=_("As people say it: 棉 80 %, 聚酯纤维 20 %."),
    )
    number = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True, editable=False)
    valid_from = models.DateTimeField(_("true from"))
    valid_to = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: still true."))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    made_at = models.DateTimeField(_("made"), editable=False)

    class Meta:
        verbose_name = _("product fact")
        verbose_name_plural = _("product facts")
        ordering = ["product", "kind", "-valid_from"]
        constraints = [
            models.CheckConstraint(
                name="productfact_forward", condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from"))
            ),
            models.CheckConstraint(
                name="productfact_number_not_negative", condition=Q(number=None) | Q(number__gte=0)
            ),
            ExclusionConstraint(
                name="productfact_one_at_a_time",
                expressions=[
                    # ranges of one, since equality needs an extension that we do without
                    (
                        Func(F("product"), F("product"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (Func(F("kind"), F("kind"), Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func(F("valid_from"), F("valid_to"), function="tstzrange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(
                name="productfact_in_time", fields=["product", "kind", "-valid_from"]
            ),  # what was true
            models.Index(name="productfact_begins", fields=["valid_from"]),  # claims.auditing.catch_up
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class ClaimChannel(models.TextChoices):
    """Where something is claimed."""

    PRODUCT_PAGE = "product_page", _("product page")
    ADVERT = "advert", _("advert")
    KOL = "kol", pgettext_lazy("claim", "KOL")
    LIVESTREAM = "livestream", _("livestream")
    MARKETPLACE = "marketplace", _("marketplace")


class Claim(models.Model):
    """What a channel says about a product, a category or everything, in a time."""

    key = models.CharField(
        pgettext_lazy("shop", "key"),
        max_length=120,
        unique=True,
        help_text=_("The same key is the same claim."),
    )
    product = models.ForeignKey(
        Product, models.CASCADE, verbose_name=_("product"), null=True, blank=True, related_name="claims"
    )
    category = models.CharField(
        _("product category"), max_length=80, blank=True, help_text=_("Without a product; empty: everything.")
    )
    channel = models.CharField(_("channel"), max_length=16, choices=ClaimChannel)
    order_channel = models.CharField(
        _("only orders from"), max_length=32, blank=True, help_text=_("The channel of the order; empty: all.")
    )
    source = models.CharField(
        _("source"), max_length=200, blank=True, help_text=_("Which advert, whose livestream.")
    )
    url = models.URLField(_("link"), max_length=500, blank=True)
    text = models.TextField(_("text"))
    valid_from = models.DateTimeField(_("from"))
    valid_to = models.DateTimeField(
        _("until"), null=True, blank=True, help_text=_("Empty: until it is ended.")
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    made_at = models.DateTimeField(_("made"), editable=False)
    audited_digest = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="Of the text; empty: it, the words or the facts are others since.",
    )
    audited_at = models.DateTimeField(_("audited"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        permissions = [
            ("decide_finding", "Can accept findings of the advert audit, or note them as fixed"),
            ("waive_finding", "Can waive findings of the advert audit"),
        ]
        constraints = [
            models.CheckConstraint(name="claim_channel_known", condition=Q(channel__in=ClaimChannel.values)),
            models.CheckConstraint(name="claim_about_one", condition=Q(product=None) | Q(category="")),
            models.CheckConstraint(
                name="claim_forward", condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from"))
            ),
            models.CheckConstraint(name="claim_says_something", condition=~Q(text="")),
        ]
        indexes = [
            models.Index(  # gaps.promising: what holds for everything or a category
                name="claim_of_many", fields=["category", "valid_from"], condition=Q(product=None)
            ),
            models.Index(name="claim_newest", fields=["-valid_from", "-id"]),  # lists
            models.Index(  # claims.auditing.catch_up
                name="claim_to_audit", fields=["id"], condition=Q(audited_digest="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.text[:60]}"


class ValueState(models.TextChoices):
    """Whether a person has said that the claim promises it."""

    SUGGESTED = "suggested", _("suggested")
    CONFIRMED = "confirmed", pgettext_lazy("claim", "confirmed")
    REFUSED = "refused", pgettext_lazy("claim", "not promised")


class ClaimValue(models.Model):
    """What a claim makes people expect, as a number or a text. Only what a person confirmed is a promise."""

    claim = models.ForeignKey(  # claimvalue_once begins with it
        Claim, models.CASCADE, verbose_name=_("claim"), related_name="values", db_index=False
    )
    measure = models.CharField(_("about"), max_length=16, choices=Measure)
    number = models.DecimalField(_("number"), max_digits=14, decimal_places=2, null=True, blank=True)
    text = models.CharField(pgettext_lazy("fact", "value"), max_length=200, blank=True)
    start = models.PositiveIntegerField(default=0, help_text="Where in the text it is said.")
    end = models.PositiveIntegerField(default=0)
    state = models.CharField(_("state"), max_length=12, choices=ValueState, default=ValueState.SUGGESTED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("expected value")
        verbose_name_plural = _("expected values")
        ordering = ["claim", "measure", "text", "pk"]
        constraints = [
            models.CheckConstraint(name="claimvalue_measure_known", condition=Q(measure__in=Measure.values)),
            models.CheckConstraint(name="claimvalue_state_known", condition=Q(state__in=ValueState.values)),
            models.CheckConstraint(
                name="claimvalue_number_not_negative", condition=Q(number=None) | Q(number__gte=0)
            ),
            models.CheckConstraint(
                name="claimvalue_decided",
                condition=Q(state=ValueState.SUGGESTED, decided_at=None)
                | ~Q(state=ValueState.SUGGESTED) & Q(decided_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="claimvalue_once", fields=["claim", "measure", "number", "text"], nulls_distinct=False
            ),
        ]
        indexes = [
            models.Index(  # claims.queries: what people have to confirm
                name="claimvalue_suggested", fields=["id"], condition=Q(state=ValueState.SUGGESTED)
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.number if self.number is not None else self.text}"


class QualityLevel(models.Model):
    """What quality members may expect of a category: how many stars, where no claim says more."""

    category = models.CharField(
        _("product category"), max_length=80, blank=True, help_text=_("Empty: all others.")
    )
    dimension = models.CharField(
        _("dimension"), max_length=40, blank=True, help_text=_("Of reviews; empty: the stars as a whole.")
    )
    stars = models.DecimalField(_("stars"), max_digits=2, decimal_places=1)

    class Meta:
        verbose_name = _("expected quality")
        verbose_name_plural = _("expected quality")
        ordering = ["category", "dimension"]
        constraints = [
            models.UniqueConstraint(name="qualitylevel_once", fields=["category", "dimension"]),
            models.CheckConstraint(name="qualitylevel_stars", condition=Q(stars__gte=1, stars__lte=5)),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.dimension} {self.stars}"
