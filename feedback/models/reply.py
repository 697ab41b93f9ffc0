"""Replies to reviews: what the rules said of one, what was answered, and where that stands.

A `Reply` is the house's one answer to a review. What everybody reads is its `public_text`; its `text` is what
was written last, which may wait for somebody who approves it. Every text that it ever had is a version.
"""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models import Member, Product
from feedback.models.reply_rule import LeftBecause, ReplyRule, ReplyTemplate, ReplyWay
from feedback.models.review import Review, ReviewPlace


class ReplyState(models.TextChoices):
    """How far a reply has come."""

    DRAFT = "draft", pgettext_lazy("reply", "draft")
    WAITING = "waiting", _("waiting for approval")
    APPROVED = "approved", pgettext_lazy("reply", "approved")
    WITHDRAWN = "withdrawn", pgettext_lazy("reply", "withdrawn")


class PostingState(models.TextChoices):
    """How far a reply has come at one of the places of its review."""

    WAITING = "waiting", pgettext_lazy("post", "on its way")
    POSTED = "posted", pgettext_lazy("post", "posted")
    FAILED = "failed", pgettext_lazy("post", "failed")
    WITHDRAWN = "withdrawn", pgettext_lazy("post", "taken down")


class ReplyDecision(models.Model):
    """What the rules said of a review, once; people go on from there."""

    review = models.OneToOneField(
        Review, models.CASCADE, verbose_name=_("review"), related_name="reply_decision"
    )
    way = models.CharField(_("who writes"), max_length=9, choices=ReplyWay)
    rule = models.ForeignKey(
        ReplyRule, models.PROTECT, verbose_name=_("rule"), null=True, blank=True, related_name="decisions"
    )
    because = ArrayField(
        models.CharField(max_length=12, choices=LeftBecause),
        verbose_name=_("why not by itself"),
        default=list,
        blank=True,
    )
    at = models.DateTimeField(_("at"))
    seen_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When somebody dealt with what is to be seen."
    )
    is_due_again = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="The review, or how it was read, is another since.",
    )

    class Meta:
        verbose_name = _("decision about a reply")
        verbose_name_plural = _("decisions about replies")
        constraints = [
            models.CheckConstraint(name="replydecision_way_known", condition=Q(way__in=ReplyWay.values)),
            models.CheckConstraint(
                name="replydecision_because_known", condition=Q(because__contained_by=LeftBecause.values)
            ),
        ]
        indexes = [
            models.Index(  # replies.queries: what somebody has to write, longest first
                name="replydecision_by_hand",
                fields=["at", "id"],
                condition=Q(way=ReplyWay.BY_HAND, seen_at=None),
            ),
            models.Index(  # replies.automatic
                name="replydecision_due_again", fields=["id"], condition=Q(is_due_again=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.way}"


class Reply(models.Model):
    """The shop's public answer to a review."""

    review = models.OneToOneField(Review, models.CASCADE, verbose_name=_("review"), related_name="reply")
    state = models.CharField(_("state"), max_length=9, choices=ReplyState, default=ReplyState.DRAFT)
    way = models.CharField(_("how it came"), max_length=9, choices=ReplyWay, default=ReplyWay.BY_HAND)
    text = models.TextField(_("text"), help_text=_("As it was written last."))
    public_text = models.TextField(
        _("public answer"), blank=True, default="", db_default="", help_text=_("What everybody reads.")
    )
    version = models.PositiveIntegerField(_("version"), default=1, db_default=1)
    public_version = models.PositiveIntegerField(
        _("public version"), default=0, db_default=0, help_text=_("0: none.")
    )
    rule = models.ForeignKey(
        ReplyRule, models.PROTECT, verbose_name=_("rule"), null=True, blank=True, related_name="replies"
    )
    template = models.ForeignKey(
        ReplyTemplate, models.PROTECT, verbose_name=_("template"), null=True, blank=True, related_name="+"
    )
    needs_approval = models.BooleanField(_("somebody else approves"), default=False, db_default=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("written by"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: by itself."),
    )
    drafted_at = models.DateTimeField(_("first written"))
    was_edited = models.BooleanField(
        _("changed before approval"), default=False, db_default=False, help_text=_("Of a draft.")
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("approved by"),
        null=True,
        blank=True,
        related_name="+",
    )
    at = models.DateTimeField(
        _("answered"), null=True, blank=True, help_text=_("When the review had its first answer.")
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta:
        verbose_name = _("review reply")
        verbose_name_plural = _("review replies")
        permissions = [
            ("approve_reply", "Can approve replies to reviews that others wrote"),
            ("see_reply_figures", "Can see how replies to reviews do"),
        ]
        constraints = [
            models.CheckConstraint(name="reply_state_known", condition=Q(state__in=ReplyState.values)),
            models.CheckConstraint(name="reply_way_known", condition=Q(way__in=ReplyWay.values)),
            models.CheckConstraint(name="reply_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="reply_approved_is_public",
                condition=~Q(state=ReplyState.APPROVED) | (~Q(public_text="") & Q(at__isnull=False)),
            ),
            models.CheckConstraint(
                name="reply_public_was_answered",
                condition=Q(public_text="", public_version=0)
                | (~Q(public_text="") & Q(at__isnull=False, public_version__gt=0)),
            ),
            models.CheckConstraint(
                name="reply_withdrawn_is_gone",
                condition=~Q(state=ReplyState.WITHDRAWN) | Q(public_text="", withdrawn_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(  # replies.queries: what waits for people, longest first
                name="reply_to_look_at",
                fields=["drafted_at", "id"],
                condition=Q(state__in=[ReplyState.DRAFT, ReplyState.WAITING]),
            ),
            models.Index(  # replies.figures
                name="reply_answered", fields=["at"], condition=~Q(at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def is_public(self) -> bool:
        """Whether everybody may read one of its texts."""
        return bool(self.public_text)


class ReplyVersion(models.Model):
    """A text that a reply had, and who wrote it."""

    reply = models.ForeignKey(Reply, models.CASCADE, verbose_name=_("reply"), related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("written by"),
        null=True,
        blank=True,
        related_name="+",
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("version of a reply")
        verbose_name_plural = _("versions of replies")
        ordering = ["reply", "number"]
        constraints = [models.UniqueConstraint(name="replyversion_once", fields=["reply", "number"])]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        indexes = [
            BrinIndex(name="replyversion_at", fields=["at"], autosummarize=True),  # retention
        ]

    def __str__(self) -> str:
        return f"{self.reply_id} v{self.number}"


class ReplyPost(models.Model):
    """A reply at one of the places where its review stands."""

    reply = models.ForeignKey(Reply, models.CASCADE, verbose_name=_("reply"), related_name="posts")
    place = models.OneToOneField(
        ReviewPlace, models.CASCADE, verbose_name=_("place of a review"), related_name="reply_post"
    )
    state = models.CharField(_("state"), max_length=9, choices=PostingState, default=PostingState.WAITING)
    by_hand = models.BooleanField(
        _("by hand"), default=False, help_text=_("Somebody writes it over there and ticks it off.")
    )
    version = models.PositiveIntegerField(
        _("version"), help_text=_("Of the reply that belongs there; 0: none any more.")
    )
    sent_version = models.PositiveIntegerField(_("version over there"), null=True, blank=True)
    turn = models.PositiveIntegerField(default=1, editable=False, help_text="Rises with each thing to send.")
    external_id = models.CharField(_("number over there"), max_length=160, blank=True)
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True)
    ticked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("ticked off by"),
        null=True,
        blank=True,
        related_name="+",
    )
    error = models.CharField(_("why it failed"), max_length=300, blank=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("posting of a reply")
        verbose_name_plural = _("postings of replies")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="replypost_state_known", condition=Q(state__in=PostingState.values)),
            models.CheckConstraint(
                name="replypost_posted_when",
                condition=~Q(state=PostingState.POSTED)
                | Q(posted_at__isnull=False, sent_version__isnull=False),
            ),
            models.CheckConstraint(
                name="replypost_failed_why", condition=~Q(state=PostingState.FAILED) | ~Q(error="")
            ),
        ]
        indexes = [
            BrinIndex(name="replypost_changed", fields=["changed_at"], autosummarize=True),  # retention
            models.Index(  # replies.queries: what is to be posted by hand, longest first
                name="replypost_by_hand",
                fields=["changed_at", "id"],
                condition=Q(state=PostingState.WAITING, by_hand=True),
            ),
            models.Index(  # replies.queries: what did not get there
                name="replypost_failed", fields=["changed_at", "id"], condition=Q(state=PostingState.FAILED)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place_id} {self.state}"


class ReplyTurn(models.Model):
    """Which template a product's, or a member's, last reply came from: the lock for the next one."""

    product = models.OneToOneField(Product, models.CASCADE, null=True, blank=True, related_name="+")
    member = models.OneToOneField(Member, models.CASCADE, null=True, blank=True, related_name="+")
    code = models.SlugField(blank=True, help_text="Of the template.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="replyturn_of_one",
                condition=Q(product__isnull=False, member__isnull=True)
                | Q(product__isnull=True, member__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id or self.member_id}: {self.code}"


class PlaceQueue(models.Model):
    """The places that are new: a trigger puts them here, for replies that were there before them."""

    place = models.OneToOneField(ReviewPlace, models.CASCADE, primary_key=True, related_name="+")

    def __str__(self) -> str:
        return str(self.place_id)


pgtrigger.register(
    pgtrigger.Trigger(
        name="place_new",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="fresh"),
        func="""
            INSERT INTO feedback_placequeue (place_id)
            SELECT id FROM fresh WHERE channel <> 'portal' ON CONFLICT DO NOTHING;
            RETURN NULL;
        """,
    )
)(ReviewPlace)
