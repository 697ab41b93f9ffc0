"""Batches: the same thing for many members for one reason, such as after a crisis; counted, approved, run."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models.coupon import CouponTemplate
from compensation.models.grant import Grant
from compensation.models.member import Member
from compensation.models.order import Order


class BatchStatus(models.TextChoices):
    """How far a batch has come."""

    DRAFT = "draft", pgettext_lazy("batch", "draft")
    COUNTED = "counted", _("dry run done")
    ASKED = "asked", _("waiting for approval")
    RUNNING = "running", _("running")
    PAUSED = "paused", pgettext_lazy("batch", "paused")
    DONE = "done", pgettext_lazy("batch", "done")
    CANCELLED = "cancelled", pgettext_lazy("batch", "cancelled")
    REFUSED = "refused", pgettext_lazy("batch", "refused")


OPEN_TO_CHANGE = (BatchStatus.DRAFT, BatchStatus.COUNTED, BatchStatus.ASKED, BatchStatus.REFUSED)
"""While nothing was approved, everything may still be changed; a change makes it a draft again."""
APPROVED = (BatchStatus.RUNNING, BatchStatus.PAUSED, BatchStatus.DONE, BatchStatus.CANCELLED)


class Stopped(models.TextChoices):
    """Why a batch stopped by itself."""

    CHANGED = "changed", _("it can no longer be given as it was approved")
    BUDGET = "budget", _("the budget has not so much left")
    LIMIT = "limit", _("all coupons of this kind have been given")


class Batch(models.Model):
    """The same content for chosen members: a coupon, points, their orders' money back, or several of these.

    What was approved is what is run: the hash covers all of it.
    """

    name = models.CharField(_("name"), max_length=120)
    refunds = models.BooleanField(
        _("full refund"),
        default=False,
        db_default=False,
        help_text=_(
            "What is left of the orders that the members are chosen for goes back, freight included."
        ),
    )
    template = models.ForeignKey(
        CouponTemplate, models.PROTECT, verbose_name=_("coupon"), null=True, blank=True, related_name="+"
    )
    points = models.PositiveIntegerField(_("points"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    reason_code = models.CharField(_("kind of reason"), max_length=40, blank=True)
    department = models.CharField(_("department"), max_length=40, blank=True)
    problem = models.CharField(
        _("problem"),
        max_length=120,
        blank=True,
        help_text=_("Such as crisis:7: who has something live for it already is left out."),
    )
    same_reason_days = models.PositiveSmallIntegerField(
        _("left out if compensated for the same kind of reason in the last (days)"),
        default=30,
        help_text=_("0: nobody is left out for that."),
    )
    message = models.TextField(
        _("text for the members"),
        max_length=1000,
        blank=True,
        help_text=_("Stands below what they are given."),
    )
    source = models.CharField(_("members from"), max_length=16, blank=True)
    criteria = models.JSONField(default=dict, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=BatchStatus, default=BatchStatus.DRAFT)
    each_fen = models.PositiveBigIntegerField(_("cost of each (fen)"), default=0)
    members = models.PositiveIntegerField(
        _("members"), default=0, help_text=_("Who are to be given something, by the dry run.")
    )
    refund_fen = models.PositiveBigIntegerField(
        _("refunds in all (fen)"), default=0, db_default=0, help_text=_("By the dry run.")
    )
    at_caps = models.PositiveIntegerField(
        _("members beyond a cap"), default=0, db_default=0, help_text=_("By the dry run.")
    )
    content_hash = models.CharField(max_length=64, blank=True, editable=False)
    list_hash = models.CharField(max_length=64, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=pgettext_lazy("batch", "made by"),
        related_name="+",
    )
    created_at = models.DateTimeField(_("made"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("last changed by"),
        null=True,
        blank=True,
        related_name="+",
    )
    counted_at = models.DateTimeField(_("dry run"), null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=pgettext_lazy("batch", "asked by"),
        null=True,
        blank=True,
        related_name="+",
    )
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        related_name="+",
    )
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("on behalf of"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Whose authority was used, where it was delegated."),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    note = models.CharField(_("remark"), max_length=500, blank=True)
    stopped = models.CharField(
        _("stopped because"), max_length=12, choices=Stopped, blank=True, default="", db_default=""
    )
    finished_at = models.DateTimeField(pgettext_lazy("batch", "finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        permissions = [("approve_batch", "Can approve batches")]
        constraints = [
            models.CheckConstraint(name="batch_status_known", condition=Q(status__in=BatchStatus.values)),
            models.CheckConstraint(
                name="batch_stopped_known", condition=Q(stopped__in=["", *Stopped.values])
            ),
            models.CheckConstraint(
                name="batch_has_content",
                condition=(Q(refunds=True) | Q(template__isnull=False) | Q(points__isnull=False))
                & (Q(points__isnull=True) | Q(points__gt=0)),
            ),
            models.CheckConstraint(
                name="batch_counted_has_hashes",
                condition=Q(status=BatchStatus.DRAFT) | ~Q(content_hash="") & ~Q(list_hash=""),
            ),
            models.CheckConstraint(
                name="batch_two_people",
                condition=~Q(status__in=[*APPROVED, BatchStatus.REFUSED])
                | Q(asked_by__isnull=False, decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(decided_by=F("asked_by"))
                & (Q(on_behalf_of__isnull=True) | ~Q(on_behalf_of=F("asked_by"))),
            ),
            models.CheckConstraint(
                name="batch_finished_has_time",
                condition=Q(status__in=[BatchStatus.DONE, BatchStatus.CANCELLED], finished_at__isnull=False)
                | ~Q(status__in=[BatchStatus.DONE, BatchStatus.CANCELLED]) & Q(finished_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(  # batches.running: what workers take up
                name="batch_running", fields=["id"], condition=Q(status=BatchStatus.RUNNING)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def what(self) -> str:
        """What each member is given, for people."""
        parts = [
            _("full refund") if self.refunds else None,
            self.template,
            _("%(points)s points") % {"points": self.points} if self.points else None,
        ]
        return " + ".join(str(part) for part in parts if part is not None)

    @property
    def gives_only_refunds(self) -> bool:
        """Whether who has nothing to be refunded is given nothing."""
        return self.refunds and self.template_id is None and self.points is None

    @property
    def total_fen(self) -> int:
        """What it costs by the dry run, in fen."""
        return self.each_fen * self.members + self.refund_fen


class ItemStatus(models.TextChoices):
    """What became of a chosen member."""

    WAITING = "waiting", pgettext_lazy("batch", "to be given")
    GIVEN = "given", pgettext_lazy("batch", "given")
    LEFT_OUT = "left_out", pgettext_lazy("batch", "left out")
    FAILED = "failed", pgettext_lazy("batch", "failed")
    CANCELLED = "cancelled", pgettext_lazy("batch", "cancelled")


class LeftOut(models.TextChoices):
    """Why somebody who was chosen is not given anything."""

    ERASED = "erased", _("their data was erased")
    SAME_PROBLEM = "same_problem", _("has something for the same problem")
    SAME_REASON = "same_reason", _("was compensated for the same kind of reason lately")
    LIMIT = "limit", _("has as many of these coupons as a member may have")
    NOTHING = "nothing", _("nothing is left to refund")


class NotRefunded(models.TextChoices):
    """Why nothing of an order goes back, though its member is in a batch that refunds."""

    REFUNDED = "refunded", _("refunded already")
    UNPAID = "unpaid", _("was never paid")
    MORE = "more", _("more is left of it than was approved")


class BatchItem(models.Model):
    """One chosen member of a batch. Whoever changes it holds its row: workers take rows nobody holds.

    What they were given are grants, whose cause names batch and member.
    """

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="items", db_index=False)  # batchitem_once
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), related_name="+")
    about = ArrayField(
        models.CharField(max_length=40),
        default=list,
        verbose_name=_("chosen for"),
        help_text=_("Such as order:12 or case:7."),
    )
    status = models.CharField(_("status"), max_length=12, choices=ItemStatus, default=ItemStatus.WAITING)
    why = models.CharField(pgettext_lazy("batch", "why"), max_length=200, blank=True)
    done_at = models.DateTimeField(pgettext_lazy("batch", "settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("member of a batch")
        verbose_name_plural = _("members of a batch")
        constraints = [
            models.UniqueConstraint(name="batchitem_once", fields=["batch", "member"]),
            models.CheckConstraint(name="batchitem_status_known", condition=Q(status__in=ItemStatus.values)),
            models.CheckConstraint(
                name="batchitem_given_has_time",
                condition=~Q(status=ItemStatus.GIVEN) | Q(done_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(  # batches.running: the next chunk
                name="batchitem_waiting", fields=["batch", "id"], condition=Q(status=ItemStatus.WAITING)
            ),
            models.Index(name="batchitem_status", fields=["batch", "status", "why"]),  # progress, report
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.member_id} {self.status}"


class BatchRefund(models.Model):
    """An order that a batch refunds: what was left of it at the dry run, and what became of it."""

    item = models.ForeignKey(
        BatchItem,
        models.CASCADE,
        related_name="refunds",
        db_index=False,  # batchrefund_once
    )
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="+")
    fen = models.PositiveBigIntegerField(_("amount (fen)"), help_text=_("What was left at the dry run."))
    why = models.CharField(
        pgettext_lazy("batch", "why"), max_length=12, choices=NotRefunded, blank=True, default=""
    )
    grant = models.OneToOneField(
        Grant, models.PROTECT, verbose_name=_("grant"), null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("order refunded by a batch")
        verbose_name_plural = _("orders refunded by a batch")
        constraints = [
            models.UniqueConstraint(name="batchrefund_once", fields=["item", "order"]),
            models.CheckConstraint(
                name="batchrefund_why_known", condition=Q(why__in=["", *NotRefunded.values])
            ),
            models.CheckConstraint(name="batchrefund_has_amount", condition=~Q(why="") | Q(fen__gt=0)),
            models.CheckConstraint(
                name="batchrefund_grant_or_why", condition=Q(why="") | Q(grant__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.order_id} {self.fen}"
