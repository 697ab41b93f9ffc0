"""How the house takes reviews, and whom it asks for one."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from compensation.models import Member, Order


class ReviewSetup(models.Model):
    """How the house takes reviews: one row."""

    window_days = models.PositiveSmallIntegerField(_("open after receipt for (days)"), default=30)
    follow_up_days = models.PositiveSmallIntegerField(_("follow-up reviews within (days)"), default=180)
    follow_ups = models.PositiveSmallIntegerField(
        _("follow-up reviews"), default=1, help_text=_("How many a review may have; 0: none.")
    )
    invites = models.BooleanField(_("invite to review"), default=True)
    invite_after_hours = models.PositiveSmallIntegerField(_("invite after receipt (hours)"), default=72)
    quiet_from = models.TimeField(_("no invitations from"), default="21:00")
    quiet_until = models.TimeField(_("no invitations until"), default="09:00")
    hold_from = models.PositiveSmallIntegerField(
        _("a moderator looks from a score of"),
        default=50,
        help_text=_("The weights of the signals add up; below this a review is published at once."),
    )

    answers_from = models.DateTimeField(
        _("answer what was written from"),
        null=True,
        blank=True,
        help_text=_(
            "What is older is neither answered nor drafted by itself. Empty: of the last seven days, all."
        ),
    )

    class Meta:
        verbose_name = _("setup of reviews")
        verbose_name_plural = _("setup of reviews")
        constraints = [
            models.CheckConstraint(name="reviewsetup_one", condition=Q(id=1)),
            models.CheckConstraint(
                name="reviewsetup_sensible",
                condition=Q(window_days__gte=1, follow_up_days__gte=1, follow_ups__lte=20, hold_from__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return gettext("setup of reviews")


class InvitationEnd(models.TextChoices):
    """Why nobody was asked."""

    REVIEWED = "reviewed", _("has a review already")
    CLOSED = "closed", _("too late to review")
    ERASED = "erased", _("the member is gone")
    RETURNED = "returned", _("the goods went back")
    OFF = "off", _("invitations were off")


class ReviewInvitation(models.Model):
    """A member is asked, once, to review an order that has arrived.

    It waits while a case about the order is open, whoever the member is and whatever they may think.
    """

    order = models.OneToOneField(
        Order, models.CASCADE, verbose_name=_("order"), related_name="review_invitation"
    )
    member = models.ForeignKey(
        Member, models.CASCADE, verbose_name=_("member"), related_name="review_invitations"
    )
    received_at = models.DateTimeField(_("received"))
    due_at = models.DateTimeField(_("due"))
    held_since = models.DateTimeField(
        _("held since"), null=True, blank=True, help_text=_("A case about the order was open.")
    )
    sent_at = models.DateTimeField(_("asked"), null=True, blank=True)
    skipped_at = models.DateTimeField(_("not asked"), null=True, blank=True)
    reason = models.CharField(_("why not"), max_length=8, choices=InvitationEnd, blank=True)

    class Meta:
        verbose_name = _("invitation to review")
        verbose_name_plural = _("invitations to review")
        constraints = [
            models.CheckConstraint(
                name="reviewinvitation_one_end",
                condition=Q(sent_at__isnull=True) | Q(skipped_at__isnull=True),
            ),
            models.CheckConstraint(
                name="reviewinvitation_skipped_why",
                condition=Q(skipped_at__isnull=True, reason="")
                | Q(skipped_at__isnull=False, reason__in=InvitationEnd.values),
            ),
        ]
        indexes = [
            BrinIndex(name="reviewinvitation_sent", fields=["sent_at"], autosummarize=True),  # retention
            BrinIndex(
                name="reviewinvitation_skipped", fields=["skipped_at"], autosummarize=True
            ),  # retention
            models.Index(  # reviews.inviting
                name="reviewinvitation_due", fields=["due_at"], condition=Q(sent_at=None, skipped_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.due_at:%F %T}"
