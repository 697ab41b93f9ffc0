"""Reviews: a member's rating and text on an order, and the shop's public answer."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order, Product

LINE = 80


class Review(models.Model):
    """What a member thought of an order."""

    external_id = models.CharField(_("review number"), max_length=80, unique=True)
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), related_name="reviews")
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="reviews")
    product = models.ForeignKey(
        Product, models.PROTECT, verbose_name=_("product"), null=True, blank=True, related_name="reviews"
    )
    stars = models.PositiveSmallIntegerField(_("stars"))
    title = models.CharField(_("title"), max_length=200, blank=True)
    text = models.TextField(_("text"), blank=True)
    asked_at = models.DateTimeField(_("asked for"), null=True, blank=True)
    written_at = models.DateTimeField(_("written"))
    taken_up_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When it was seen to that somebody answers; bad ones have a case instead.",
    )

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [models.CheckConstraint(name="review_stars", condition=Q(stars__gte=1, stars__lte=5))]
        indexes = [
            models.Index(name="review_written", fields=["-written_at"]),  # lists
            models.Index(  # reviews.following
                name="review_to_take_up", fields=["written_at"], condition=Q(taken_up_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{'★' * self.stars} {self.title}"

    @property
    def number(self) -> str:
        """What it is called beside cases, which have numbers."""
        return gettext("Review %(number)s") % {"number": self.external_id}

    @property
    def subject(self) -> str:
        """What it says, in a line."""
        words = " ".join((self.title or self.text).split())
        return f"{'★' * self.stars} {words if len(words) <= LINE else f'{words[: LINE - 1]}…'}".strip()


class Reply(models.Model):
    """The shop's public answer to a review."""

    review = models.OneToOneField(Review, models.CASCADE, verbose_name=_("review"), related_name="reply")
    text = models.TextField(_("text"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("agent"), related_name="+"
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("review reply")
        verbose_name_plural = _("review replies")

    def __str__(self) -> str:
        return self.text[:60]
