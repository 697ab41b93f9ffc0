"""Refunds: money that goes back to a member for lines of an order, once, under one number."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compensation.models.grant import Grant
from compensation.models.member import Member
from compensation.models.order import Order, OrderLine


class RefundStatus(models.TextChoices):
    """How far a refund has come."""

    CREATED = "created", _("waiting to be sent")
    SENT = "sent", pgettext_lazy("refund", "sent")
    UNKNOWN = "unknown", _("answer unknown")
    CONFIRMED = "confirmed", _("paid out")
    FAILED = "failed", _("failed")


OPEN_REFUNDS = (RefundStatus.CREATED, RefundStatus.SENT, RefundStatus.UNKNOWN)
"""Those that have still to end. They hold what they refund as if it were paid out."""


class RefundCause(models.TextChoices):
    """Why money goes back."""

    GRANT = "grant", _("granted")
    CANCELLED = "cancelled", _("cancelled before it was shipped")
    RETURNED = "returned", _("goods came back")


RELEASE = """
IF NEW.freight_fen > 0 THEN
    UPDATE compensation_order SET refunded_freight_fen = refunded_freight_fen - NEW.freight_fen
        WHERE id = NEW.order_id;
END IF;
PERFORM 1 FROM compensation_orderline
    WHERE id IN (SELECT order_line_id FROM compensation_refundline WHERE refund_id = NEW.id)
    ORDER BY external_id COLLATE "C" FOR NO KEY UPDATE;
UPDATE compensation_orderline AS held SET refunded_fen = held.refunded_fen - line.amount_fen
    FROM compensation_refundline AS line WHERE line.refund_id = NEW.id AND held.id = line.order_line_id;
RETURN NULL;
"""
HOLD_FREIGHT = """
IF NEW.freight_fen > 0 THEN
    UPDATE compensation_order SET refunded_freight_fen = refunded_freight_fen + NEW.freight_fen
        WHERE id = NEW.order_id;
END IF;
RETURN NULL;
"""
HOLD_LINE = """
UPDATE compensation_orderline SET refunded_fen = refunded_fen + NEW.amount_fen WHERE id = NEW.order_line_id;
RETURN NULL;
"""


class RefundOrder(models.Model):
    """Money that goes back to a member, under one number at every try.

    Its lines hold what they refund from the moment in which it is made until it fails: triggers add it to the
    order's lines, which never hold more than was paid. What has failed stays failed; it is tried again as
    another refund, under another number, which the other side does not know yet.
    """

    number = models.CharField(pgettext_lazy("refund", "number"), max_length=32, unique=True)
    key = models.CharField(max_length=200, unique=True, help_text="What it is for, such as grant:7.")
    order = models.ForeignKey(Order, models.PROTECT, verbose_name=_("order"), related_name="refunds")
    member = models.ForeignKey(
        Member,
        models.PROTECT,
        verbose_name=_("member"),
        related_name="refunds",
        help_text=_("Whom it is owed to, whoever the order is said to be of later."),
    )
    grant = models.ForeignKey(
        Grant, models.PROTECT, verbose_name=_("grant"), null=True, blank=True, related_name="refunds"
    )
    cause = models.CharField(pgettext_lazy("refund", "why"), max_length=12, choices=RefundCause)
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"), help_text=_("With its freight."))
    freight_fen = models.PositiveBigIntegerField(_("of it freight (fen)"), default=0)
    status = models.CharField(_("status"), max_length=12, choices=RefundStatus, default=RefundStatus.CREATED)
    retry_of = models.OneToOneField(
        "self",
        models.PROTECT,
        verbose_name=_("in the place of"),
        null=True,
        blank=True,
        related_name="retried_as",
    )
    created_at = models.DateTimeField(_("made"))
    due_at = models.DateTimeField(_("due"))
    handed_at = models.DateTimeField(
        _("given to the gateway"), null=True, blank=True, help_text=_("Never: finance pays it by hand.")
    )
    sent_at = models.DateTimeField(_("first sent"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    ask_at = models.DateTimeField(
        _("asked about next"),
        null=True,
        blank=True,
        help_text=_("When the gateway is asked what became of it."),
    )
    asked = models.PositiveSmallIntegerField(_("asked about"), default=0)
    alerted_at = models.DateTimeField(_("reported as overdue"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    reference = models.CharField(
        _("reference"), max_length=100, blank=True, help_text=_("The number that whoever paid gave it.")
    )
    other_reference = models.CharField(
        _("other payment"),
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_("The number of a payment besides: it was paid again, or paid though it had failed."),
    )
    failure = models.CharField(_("why it failed"), max_length=200, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("settled by"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who confirmed or ended it by hand."),
    )

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(
                name="refund_known", condition=Q(status__in=RefundStatus.values, cause__in=RefundCause.values)
            ),
            models.CheckConstraint(
                name="refund_some", condition=Q(amount_fen__gt=0, amount_fen__gte=models.F("freight_fen"))
            ),
            models.CheckConstraint(
                name="refund_of_grant",
                condition=Q(cause=RefundCause.GRANT, grant__isnull=False)
                | ~Q(cause=RefundCause.GRANT) & Q(grant__isnull=True),
            ),
            models.CheckConstraint(
                name="refund_end_has_time",
                condition=Q(status__in=OPEN_REFUNDS, ended_at__isnull=True)
                | ~Q(status__in=OPEN_REFUNDS) & Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="refund_failed_says_why", condition=~Q(status=RefundStatus.FAILED) | ~Q(failure="")
            ),
            models.UniqueConstraint(
                name="refund_one_live_a_grant",
                fields=["grant"],
                condition=~Q(status=RefundStatus.FAILED),
            ),
        ]
        indexes = [
            models.Index(  # refunds.queries.open_ones, overdue ones
                name="refund_open", fields=["due_at"], condition=Q(status__in=OPEN_REFUNDS)
            ),
            models.Index(  # refunds.asking
                name="refund_ask", fields=["ask_at"], condition=Q(ask_at__isnull=False)
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="moves_on",
                field="status",
                transitions=[
                    ("created", "sent"),
                    ("created", "confirmed"),
                    ("created", "failed"),
                    ("sent", "unknown"),
                    ("sent", "confirmed"),
                    ("sent", "failed"),
                    ("unknown", "sent"),
                    ("unknown", "confirmed"),
                    ("unknown", "failed"),
                ],
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="content",
                fields=["number", "key", "order", "member", "grant", "cause", "amount_fen", "freight_fen"],
            ),
            pgtrigger.Trigger(
                name="hold_freight", when=pgtrigger.After, operation=pgtrigger.Insert, func=HOLD_FREIGHT
            ),
            pgtrigger.Trigger(
                name="release",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Condition("OLD.status <> 'failed' AND NEW.status = 'failed'"),
                func=RELEASE,
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        """Whether it has still to end."""
        return self.status in OPEN_REFUNDS


class RefundLine(models.Model):
    """What of an order's line goes back."""

    refund = models.ForeignKey(
        RefundOrder,
        models.PROTECT,
        related_name="lines",
        db_index=False,  # refundline_once begins with it
    )
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, verbose_name=_("order line"), related_name="refund_lines"
    )
    quantity = models.PositiveIntegerField(_("quantity"), default=0)
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))

    class Meta:
        verbose_name = _("line of a refund")
        verbose_name_plural = _("lines of a refund")
        constraints = [
            models.UniqueConstraint(name="refundline_once", fields=["refund", "order_line"]),
            models.CheckConstraint(name="refundline_some", condition=Q(amount_fen__gt=0)),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(name="hold", when=pgtrigger.After, operation=pgtrigger.Insert, func=HOLD_LINE),
        ]

    def __str__(self) -> str:
        return f"{self.order_line_id}: {self.amount_fen}"


class PieceReturn(models.Model):
    """So many pieces of an order's line that came back in one parcel. Never more than were bought."""

    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, verbose_name=_("order line"), related_name="returns", db_index=False
    )  # piecereturn_once begins with it
    external_id = models.CharField(_("number of the return"), max_length=64)
    quantity = models.PositiveIntegerField(_("pieces"))
    arrived_at = models.DateTimeField(_("came back"))
    seen_at = models.DateTimeField(
        _("seen to"), null=True, blank=True, help_text=_("When what is due for it was refunded.")
    )
    refund = models.ForeignKey(
        RefundOrder,
        models.PROTECT,
        verbose_name=pgettext_lazy("money", "refund"),
        null=True,
        blank=True,
        related_name="returns",
        help_text=_("None: nothing was left to be refunded."),
    )

    class Meta:
        verbose_name = _("pieces that came back")
        verbose_name_plural = _("pieces that came back")
        constraints = [
            models.UniqueConstraint(name="piecereturn_once", fields=["order_line", "external_id"]),
            models.CheckConstraint(name="piecereturn_some", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="piecereturn_refund_seen", condition=Q(refund__isnull=True) | Q(seen_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(  # refunds.starting
                name="piecereturn_due", fields=["arrived_at"], condition=Q(seen_at__isnull=True)
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="no_more_than_bought",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("quantity"),
                declare=[("bought", "bigint")],
                func="""
                SELECT quantity INTO bought FROM compensation_orderline
                    WHERE id = NEW.order_line_id FOR NO KEY UPDATE;
                IF NEW.quantity + (
                    SELECT coalesce(sum(quantity), 0) FROM compensation_piecereturn
                    WHERE order_line_id = NEW.order_line_id AND id <> NEW.id
                ) > bought THEN
                    RAISE EXCEPTION 'more of order line % would come back than was bought', NEW.order_line_id
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'piecereturn_bought';
                END IF;
                RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.quantity}"


class RefundTerms(models.Model):
    """When refunds begin by themselves, and how long they may take. There is one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    automatic_from = models.DateTimeField(
        _("by themselves from"),
        null=True,
        blank=True,
        help_text=_(
            "Orders cancelled before shipment or returned since then are refunded without anybody asking."
            " Empty: never."
        ),
    )
    cancelled_within_minutes = models.PositiveSmallIntegerField(
        _("cancelled before shipment: within (minutes)"), default=1
    )
    returned_within_hours = models.PositiveSmallIntegerField(
        _("returned, or granted: within (hours)"), default=24, help_text=_("Since the goods came back.")
    )

    class Meta:
        verbose_name = _("terms of refunds")
        verbose_name_plural = _("terms of refunds")
        constraints = [
            models.CheckConstraint(
                name="refundterms_one",
                condition=Q(id=1, cancelled_within_minutes__gt=0, returned_within_hours__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.returned_within_hours} h"
