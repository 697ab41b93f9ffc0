"""Reviews: a member's rating and text on an order line, where it stands, and the shop's public answer."""

from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order, OrderLine, Product
from config.common.bilingual import Bilingual
from feedback.models.webhook import WebhookSource

LINE = 80
BEST = 5
PORTAL = "portal"
"""The source of reviews that members write with us."""
IMPORTED = "import"
"""The source of those that came in a file that does not say where they stand."""


class ReviewStatus(models.TextChoices):
    """Whether everybody may read it."""

    PUBLISHED = "published", pgettext_lazy("review", "published")
    HELD = "held", _("waiting for a moderator")
    REFUSED = "refused", _("not published")


class Review(models.Model):
    """What a member thought of what they bought. Its stars are theirs: nobody here can change them.

    A follow-up is a review that follows another of the same member; it has a text and no stars.
    """

    external_id = models.CharField(_("review number"), max_length=160, unique=True)
    source = models.CharField(
        _("written at"),
        max_length=50,
        default=IMPORTED,
        db_default=IMPORTED,
        help_text=_("“portal”, or the code of the marketplace that sent it."),
    )
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), related_name="reviews")
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="reviews")
    order_line = models.ForeignKey(
        OrderLine,
        models.PROTECT,
        verbose_name=_("order line"),
        null=True,
        blank=True,
        related_name="reviews",
        help_text=_("Empty: it is about the whole order."),
    )
    product = models.ForeignKey(
        Product, models.PROTECT, verbose_name=_("product"), null=True, blank=True, related_name="reviews"
    )
    follows = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("follows"), null=True, blank=True, related_name="follow_ups"
    )
    stars = models.PositiveSmallIntegerField(
        _("stars"), null=True, blank=True, help_text=_("None: it follows another review.")
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    text = models.TextField(_("text"), blank=True)
    video_url = models.URLField(_("video"), max_length=500, blank=True, db_default="")
    asked_at = models.DateTimeField(_("asked for"), null=True, blank=True)
    written_at = models.DateTimeField(_("written"))
    status = models.CharField(
        _("status"),
        max_length=9,
        choices=ReviewStatus,
        default=ReviewStatus.PUBLISHED,
        db_default=ReviewStatus.PUBLISHED,
    )
    refused_for = models.ForeignKey(
        "feedback.ModerationReason",
        models.PROTECT,
        verbose_name=_("refused for"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    counts = models.BooleanField(
        default=True,
        db_default=True,
        editable=False,
        help_text="Whether its stars are in published figures: see reviews.figures.",
    )
    released_at = models.DateTimeField(
        _("published later"), null=True, blank=True, editable=False, help_text=_("None: it was at once.")
    )
    deleted_at = models.DateTimeField(_("deleted by the member"), null=True, blank=True, editable=False)
    is_rewarded = models.BooleanField(_("rewarded"), default=False, db_default=False)
    helpful_votes = models.PositiveIntegerField(_("found helpful"), default=0, db_default=0)
    device = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        editable=False,
        help_text="Digest of what it was written on.",
    )
    taken_up_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When it was seen to that somebody answers; bad ones have a case instead.",
    )
    screened_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When moderation's signals looked at it."
    )

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        permissions = [("moderate_review", "Can decide whether reviews are published")]
        constraints = [
            models.CheckConstraint(name="review_stars", condition=Q(stars__gte=1, stars__lte=BEST)),
            models.CheckConstraint(
                name="review_stars_of_first",
                condition=Q(follows__isnull=True, stars__isnull=False)
                | Q(follows__isnull=False, stars__isnull=True),
            ),
            models.CheckConstraint(name="review_status_known", condition=Q(status__in=ReviewStatus.values)),
            models.CheckConstraint(
                name="review_refused_for_a_reason",
                condition=Q(status=ReviewStatus.REFUSED, refused_for__isnull=False)
                | (~Q(status=ReviewStatus.REFUSED) & Q(refused_for__isnull=True)),
            ),
            models.CheckConstraint(  # nothing but a decision on record takes stars out of figures
                name="review_counts_unless_refused", condition=Q(counts=True) | Q(status=ReviewStatus.REFUSED)
            ),
            models.CheckConstraint(
                name="review_video_https", condition=Q(video_url="") | Q(video_url__startswith="https://")
            ),
            models.CheckConstraint(
                name="review_portal_has_line", condition=~Q(source=PORTAL) | Q(order_line__isnull=False)
            ),
            models.UniqueConstraint(  # whatever became of it: who deletes one does not write a second
                name="review_once_a_line",
                fields=["order_line"],
                condition=Q(source=PORTAL, follows=None),
            ),
        ]
        indexes = [
            models.Index(name="review_written", fields=["-written_at"]),  # lists
            models.Index(  # reviews.following
                name="review_to_take_up", fields=["written_at"], condition=Q(taken_up_at=None)
            ),
            models.Index(  # reviews.following: what a moderator released
                name="review_released", fields=["released_at"], condition=~Q(released_at=None)
            ),
            models.Index(name="review_of_product", fields=["product", "-written_at", "-id"]),  # its page
            models.Index(  # reviews.figures: counted by the index alone
                name="review_counted",
                fields=["product", "stars"],
                condition=Q(follows=None, counts=True),
            ),
            models.Index(name="review_of_member", fields=["member", "-written_at"]),  # bursts, portal
            models.Index(  # moderation: bursts
                name="review_of_device", fields=["device", "-written_at"], condition=~Q(device="")
            ),
            models.Index(  # moderation.queries: the queue, oldest first
                name="review_held",
                fields=["written_at", "id"],
                condition=Q(status=ReviewStatus.HELD, deleted_at=None),
            ),
            models.Index(  # moderation.screening
                name="review_to_screen", fields=["id"], condition=Q(screened_at=None)
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="stars_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("stars"),
                condition=pgtrigger.Condition("OLD.stars IS DISTINCT FROM NEW.stars"),
                func="""
                IF NOT EXISTS (
                    SELECT FROM feedback_reviewstars WHERE review_id = NEW.id
                    AND before = OLD.stars AND after = NEW.stars
                    AND txid = pg_current_xact_id()::text::bigint
                ) THEN
                    RAISE EXCEPTION 'the stars of review % are its member''s', NEW.id
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'review_stars_stay';
                END IF;
                RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.shown_stars} {self.title}".strip()

    @property
    def shown_stars(self) -> str:
        """Its stars as signs; none of a follow-up."""
        return "★" * (self.stars or 0)

    @property
    def number(self) -> str:
        """What it is called beside cases, which have numbers."""
        return gettext("Review %(number)s") % {"number": self.external_id}

    @property
    def subject(self) -> str:
        """What it says, in a line."""
        words = " ".join((self.title or self.text).split())
        return f"{self.shown_stars} {words if len(words) <= LINE else f'{words[: LINE - 1]}…'}".strip()

    @property
    def is_public(self) -> bool:
        """Whether everybody may read it."""
        return self.status == ReviewStatus.PUBLISHED and self.deleted_at is None

    @property
    def answer(self) -> Any:
        """The `Reply` that everybody may read, or None: a draft is none."""
        reply = getattr(self, "reply", None)
        return reply if reply is not None and reply.is_public else None


class ReviewStars(models.Model):
    """A change of stars that the marketplace tells us of: the only way in which stars change."""

    review = models.ForeignKey(Review, models.PROTECT, verbose_name=_("review"), related_name="stars_changes")
    before = models.PositiveSmallIntegerField(_("before"))
    after = models.PositiveSmallIntegerField(_("after"))
    source = models.CharField(_("marketplace"), max_length=50)
    at = models.DateTimeField(_("at"))
    txid = models.BigIntegerField(editable=False, default=0, help_text="Set by the trigger.")

    class Meta:
        verbose_name = _("change of stars")
        verbose_name_plural = _("changes of stars")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="reviewstars_changed",
                condition=Q(after__gte=1, after__lte=BEST) & ~Q(before=F("after")),
            ),
            models.CheckConstraint(name="reviewstars_not_ours", condition=~Q(source__in=["", PORTAL])),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="of_its_marketplace",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF NOT EXISTS (
                    SELECT FROM feedback_review WHERE id = NEW.review_id AND source = NEW.source
                    AND stars = NEW.before
                ) THEN
                    RAISE EXCEPTION 'review % is none of %', NEW.review_id, NEW.source
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'reviewstars_of_its_marketplace';
                END IF;
                NEW.txid = pg_current_xact_id()::text::bigint;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class ReviewDimension(Bilingual):
    """Something that is rated beside the whole: the product, how fast it came, the service afterwards."""

    code = models.SlugField(_("code"), unique=True)
    categories = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("categories of products"),
        default=list,
        blank=True,
        help_text=_("None: of every category."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("dimension of reviews")
        verbose_name_plural = _("dimensions of reviews")
        ordering = ["position", "id"]


class ReviewScore(models.Model):
    """The stars of a review in one dimension. They stay as well."""

    review = models.ForeignKey(Review, models.PROTECT, verbose_name=_("review"), related_name="scores")
    dimension = models.ForeignKey(
        ReviewDimension, models.PROTECT, verbose_name=_("dimension"), related_name="scores"
    )
    stars = models.PositiveSmallIntegerField(_("stars"))

    class Meta:
        verbose_name = _("stars in a dimension")
        verbose_name_plural = _("stars by dimension")
        constraints = [
            models.UniqueConstraint(name="reviewscore_once", fields=["review", "dimension"]),
            models.CheckConstraint(name="reviewscore_stars", condition=Q(stars__gte=1, stars__lte=BEST)),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.dimension_id} {'★' * self.stars}"


def picture_path(picture: "ReviewPicture", filename: str) -> str:  # noqa: ARG001 - Django's signature
    """A path that tells nothing: by digest, below the review."""
    return f"reviews/{picture.review_id}/{picture.sha256}"


class ReviewPicture(models.Model):
    """A picture that came with a review, drawn anew before it is kept."""

    review = models.ForeignKey(Review, models.CASCADE, verbose_name=_("review"), related_name="pictures")
    file = models.FileField(_("file"), upload_to=picture_path)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(_("type"), max_length=80)
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("picture of a review")
        verbose_name_plural = _("pictures of reviews")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class ReviewPlace(models.Model):
    """A place where a review stands and where our answer belongs."""

    review = models.ForeignKey(Review, models.PROTECT, verbose_name=_("review"), related_name="places")
    channel = models.CharField(
        _("where"), max_length=50, help_text=_("“portal”, or the code of the marketplace.")
    )
    source = models.ForeignKey(
        WebhookSource,
        models.PROTECT,
        verbose_name=_("webhook source"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None: answers are written over there by hand."),
    )
    external_id = models.CharField(_("number over there"), max_length=160)
    url = models.URLField(_("address"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("known since"))

    class Meta:
        verbose_name = _("place of a review")
        verbose_name_plural = _("places of reviews")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="reviewplace_once", fields=["channel", "external_id"]),
            models.CheckConstraint(name="reviewplace_named", condition=~Q(channel="") & ~Q(external_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.external_id}"


class ReviewVote(models.Model):
    """A member found a review of somebody else helpful."""

    review = models.ForeignKey(Review, models.PROTECT, verbose_name=_("review"), related_name="votes")
    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("member"), related_name="review_votes")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("helpful vote")
        verbose_name_plural = _("helpful votes")
        constraints = [models.UniqueConstraint(name="reviewvote_once", fields=["review", "member"])]

    def __str__(self) -> str:
        return f"{self.review_id} {self.member_id}"
