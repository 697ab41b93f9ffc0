"""What a member cares about: what it is read from, how much each sign of it counts, and what was found.

Nothing here goes by sex, age, origin, health or the like: only by what members did and said in the shop.
"""

from typing import Any

import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member, Segment
from feedback.models.choices import Cared
from feedback.models.gap import Gap
from feedback.models.triage import Triage


class Sign(models.TextChoices):
    """What tells of it, as it is counted for a member."""

    CASE_QUALITY = "case_quality", _("cases about the quality of goods")
    CASE_SPEED = "case_speed", _("cases about delivery")
    CASE_PRICE = "case_price", _("cases about prices")
    CASE_SERVICE = "case_service", _("cases about service")
    REVIEW_QUALITY = "review_quality", _("reviews that speak of quality")
    REVIEW_SPEED = "review_speed", _("reviews that speak of delivery")
    REVIEW_PRICE = "review_price", _("reviews that speak of the price")
    REVIEW_SERVICE = "review_service", _("reviews that speak of service")
    BLAME_QUALITY = "blame_quality", _("reviews that complain of quality")
    BLAME_SPEED = "blame_speed", _("reviews that complain of delivery")
    BLAME_PRICE = "blame_price", _("reviews that complain of the price")
    BLAME_SERVICE = "blame_service", _("reviews that complain of service")
    GAP_QUALITY = "gap_quality", _("times the goods fell short and they came to us")
    GAP_SPEED = "gap_speed", _("late parcels that they came to us about")
    GAP_PRICE = "gap_price", _("times they paid too much and came to us")
    GAP_SERVICE = "gap_service", _("times our answer was late and they came to us")
    RETURNED = "returned", _("orders that they sent goods back of")
    COUPON_USED = "coupon_used", _("orders with a coupon")
    SAYS_QUALITY = "says_quality", _("searches for quality")
    SAYS_SPEED = "says_speed", _("searches for quick delivery")
    SAYS_PRICE = "says_price", _("searches for what is cheap or reduced")
    SAYS_SERVICE = "says_service", _("searches for service")
    PRICE_SORT = "price_sort", _("times they sorted by price")
    SALES_FILTER = "sales_filter", _("times they looked at reduced goods only")
    COUPON = "coupon", _("times they took a coupon in the shop")
    COMPARED = "compared", _("times they compared products")
    EXPRESS = "express", _("times they chose express delivery")
    TRACKED = "tracked", _("times they looked where the parcel is")
    READ_REVIEWS = "read_reviews", _("times they read reviews")
    READ_DETAILS = "read_details", _("times they read what goods are made of")
    ASKED = "asked", _("times they asked us before they bought")
    REFUND = "refund", _("times they asked for a refund in the shop")


class SignWeight(models.Model):
    """How much one sign counts for one thing that members care about."""

    sign = models.CharField(_("sign"), max_length=16, choices=Sign)
    cared = models.CharField(_("speaks for"), max_length=8, choices=Cared)
    weight = models.DecimalField(
        _("weight"),
        max_digits=4,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(10)],
        help_text=_("Votes for each time; 0 leaves it aside."),
    )

    class Meta:
        verbose_name = _("weight of a sign")
        verbose_name_plural = _("weights of signs")
        ordering = ["sign", "cared"]
        constraints = [
            models.UniqueConstraint(name="signweight_once", fields=["sign", "cared"]),
            models.CheckConstraint(
                name="signweight_known",
                condition=Q(sign__in=Sign.values, cared__in=Cared.values, weight__gte=0, weight__lte=10),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_sign_display()} → {self.get_cared_display()}"


class SearchWord(models.Model):
    """A word that members search with, and what it says they care about."""

    word = models.CharField(
        _("word"), max_length=40, unique=True, help_text=_("Compared in simplified and small letters.")
    )
    cared = models.CharField(_("speaks for"), max_length=8, choices=Cared)

    class Meta:
        verbose_name = _("search word")
        verbose_name_plural = _("search words")
        ordering = ["cared", "word"]
        constraints = [
            models.CheckConstraint(name="searchword_has_word", condition=~Q(word="")),
            models.CheckConstraint(name="searchword_cared_known", condition=Q(cared__in=Cared.values)),
        ]

    def __str__(self) -> str:
        return self.word


class ExpectationSetup(models.Model):
    """How what members care about is reckoned: one row."""

    history_days = models.PositiveIntegerField(
        _("looks back (days)"),
        default=730,
        validators=[MinValueValidator(30), MaxValueValidator(3650)],
    )
    half_life_days = models.PositiveIntegerField(
        _("counts half after (days)"),
        default=180,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("A sign so old counts half, one twice as old a quarter."),
    )
    prior_votes = models.DecimalField(
        _("votes of the group"),
        max_digits=4,
        decimal_places=1,
        default="6.0",
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("So many votes of a member weigh as much as the average of their group."),
    )
    least_votes = models.DecimalField(
        _("least votes"),
        max_digits=4,
        decimal_places=1,
        default="3.0",
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("With fewer of the member's own we are not sure."),
    )
    sure_percent = models.PositiveSmallIntegerField(
        _("sure from (%)"),
        default=80,
        validators=[MinValueValidator(51), MaxValueValidator(99)],
        help_text=_("How likely the first has to be ahead of the second."),
    )
    segments = models.ManyToManyField(
        Segment,
        verbose_name=_("segments as groups"),
        blank=True,
        related_name="+",
        help_text=_("A member's group is the first of these that they are in, else their tier."),
    )

    class Meta:
        verbose_name = _("setup of expectations")
        verbose_name_plural = _("setup of expectations")
        constraints = [
            models.CheckConstraint(name="expectationsetup_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="expectationsetup_sensible",
                condition=Q(
                    history_days__gte=1,
                    half_life_days__gte=1,
                    prior_votes__gt=0,
                    least_votes__gte=0,
                    sure_percent__gt=50,
                    sure_percent__lt=100,
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


def _score(name: Any) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(name, max_digits=4, decimal_places=1)


class GroupMean(models.Model):
    """What the members of a group care about on average, in percent: what is not known of one is like these.

    `group` is `all`, `tier:` with its code or `segment:` with its code.
    """

    group = models.CharField(pgettext_lazy("members", "group"), max_length=60, unique=True)
    members = models.PositiveIntegerField(_("members"), help_text=_("Of whom something is known."))
    quality = _score(Cared.QUALITY.label)
    speed = _score(Cared.SPEED.label)
    price = _score(Cared.PRICE.label)
    service = _score(Cared.SERVICE.label)
    computed_at = models.DateTimeField(_("reckoned"))

    class Meta:
        verbose_name = _("average of a group")
        verbose_name_plural = _("averages of groups")

    def __str__(self) -> str:
        return self.group


class MemberExpectation(models.Model):
    """What one member cares about. Nobody who refused to be profiled, or was erased, has a row."""

    member = models.OneToOneField(
        Member, models.CASCADE, primary_key=True, verbose_name=_("member"), related_name="expectation"
    )
    quality = _score(Cared.QUALITY.label)
    speed = _score(Cared.SPEED.label)
    price = _score(Cared.PRICE.label)
    service = _score(Cared.SERVICE.label)
    cares_for = models.CharField(
        _("cares most about"), max_length=8, choices=Cared, blank=True, help_text=_("Empty: we are not sure.")
    )
    certainty = models.DecimalField(
        _("certainty"), max_digits=4, decimal_places=3, help_text=_("That the first is ahead of the second.")
    )
    votes = models.DecimalField(_("votes of their own"), max_digits=9, decimal_places=2)
    signs = models.JSONField(default=dict, help_text="By sign: times, of how many, times by age.")
    group = models.CharField(pgettext_lazy("members", "group"), max_length=60, blank=True)
    usual_days = models.DecimalField(
        _("usual delivery (days)"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Four of five of their parcels came within so many days."),
    )
    usual_of = models.PositiveIntegerField(_("parcels"), default=0)
    computed_at = models.DateTimeField(_("reckoned"))

    class Meta:
        verbose_name = _("what a member cares about")
        verbose_name_plural = _("what members care about")
        constraints = [
            models.CheckConstraint(
                name="memberexpectation_scores",
                condition=Q(
                    **{f"{name}__gte": 0 for name in Cared.values},
                    **{f"{name}__lte": 100 for name in Cared.values},
                ),
            ),
            models.CheckConstraint(
                name="memberexpectation_cared_known",
                condition=Q(cares_for="") | Q(cares_for__in=Cared.values),
            ),
            models.CheckConstraint(
                name="memberexpectation_certainty",
                condition=Q(certainty__gte=0, certainty__lte=1, votes__gte=0),
            ),
        ]
        indexes = [
            models.Index(name="memberexpectation_old", fields=["computed_at"]),  # refreshing: by age
            models.Index(  # segments of those who care for something; the list
                name="memberexpectation_cares", fields=["cares_for", "member"], condition=~Q(cares_for="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.cares_for}"

    def score(self, cared: str) -> float:
        """How much of all that they care about is this, in percent."""
        return float(getattr(self, cared))


class ExpectationDue(models.Model):
    """A member of whom something new is known. Only added, so that nobody waits: expectations.refreshing."""

    member_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.member_id)


DUE_NEW = """
    INSERT INTO feedback_expectationdue (member_id)
    SELECT DISTINCT member_id FROM fresh WHERE member_id IS NOT NULL; RETURN NULL;
"""
for _model in (Triage, Gap):
    for _name, _operation in (("expected_new", pgtrigger.Insert), ("expected_changed", pgtrigger.Update)):
        pgtrigger.register(
            pgtrigger.Trigger(
                name=_name,
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=_operation,
                referencing=pgtrigger.Referencing(new="fresh"),
                func=DUE_NEW,
            )
        )(_model)
