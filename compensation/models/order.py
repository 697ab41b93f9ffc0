"""Orders: what was bought, what was promised about it, what happened."""

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from compensation.models.member import Member


def refundable(table: str, *, held: str, paid: str) -> pgtrigger.Trigger:
    """Never hold more for refunds than was paid. The shop may lower what was paid afterwards all the same."""
    return pgtrigger.Trigger(
        name="refundable",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf(held),
        condition=pgtrigger.Condition(f"NEW.{held} > OLD.{held} AND NEW.{held} > NEW.{paid}"),
        func=f"""
        RAISE EXCEPTION 'more would be refunded of {table} % than was paid', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = '{table}_refundable';
        """,
    )


class Product(models.Model):
    """Something the shop sells."""

    external_id = models.CharField(_("shop's number"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    category = models.CharField(_("category"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes = [models.Index(name="product_category", fields=["category"])]  # reports by category

    def __str__(self) -> str:
        return self.name or self.external_id


class OrderStatus(models.TextChoices):
    """How far an order has come."""

    PLACED = "placed", _("placed")
    PAID = "paid", _("paid")
    SHIPPED = "shipped", _("shipped")
    DELIVERED = "delivered", _("delivered")
    RETURNED = "returned", _("returned")
    CANCELLED = "cancelled", _("cancelled")


class Order(models.Model):
    """One purchase of a member. The shop owns these facts; we are told of them."""

    external_id = models.CharField(_("order number"), max_length=64, unique=True)
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("member"), related_name="orders")
    channel = models.CharField(_("channel"), max_length=32, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=OrderStatus)
    region = models.CharField(_("delivered to"), max_length=64, blank=True)
    payment_method = models.CharField(_("paid by"), max_length=32, blank=True)
    total_fen = models.BigIntegerField(_("total (fen)"), default=0)
    freight_fen = models.BigIntegerField(_("freight (fen)"), default=0)
    refunded_freight_fen = models.BigIntegerField(
        _("freight refunded (fen)"), default=0, db_default=0, help_text="Kept by triggers of refunds."
    )
    placed_at = models.DateTimeField(_("placed"))
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    returned_at = models.DateTimeField(_("returned goods arrived"), null=True, blank=True)
    as_of = models.DateTimeField(
        _("as of"),
        null=True,
        blank=True,
        help_text=_(
            "When the shop knew what it last told of it; what is older is not taken. None: by files."
        ),
    )
    changed_at = models.DateTimeField(_("changed"), help_text=_("When we last learnt something new of it."))
    changed_txid = models.BigIntegerField(
        editable=False,
        default=0,
        help_text="The transaction that last wrote it; set by a trigger, whoever writes.",
    )

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(name="order_status_known", condition=Q(status__in=OrderStatus.values)),
            models.CheckConstraint(
                name="order_total_not_negative", condition=Q(total_fen__gte=0, freight_fen__gte=0)
            ),
            models.CheckConstraint(
                name="order_refunded_freight_not_negative", condition=Q(refunded_freight_fen__gte=0)
            ),
        ]
        indexes = [
            models.Index(name="order_member", fields=["member", "-placed_at"]),  # case page, portal
            models.Index(name="order_placed", fields=["placed_at"]),  # batches.sources: orders of a period
            models.Index(  # care.occasions: dry runs of rules by paid orders
                name="order_paid", fields=["paid_at"], condition=Q(paid_at__isnull=False)
            ),
            models.Index(  # care.occasions: dry runs of rules by orders received
                name="order_delivered", fields=["changed_at"], condition=Q(status=OrderStatus.DELIVERED)
            ),
            models.Index(name="order_changed", fields=["changed_txid", "id"]),  # orders.queries.changed_since
            models.Index(  # refunds.starting
                Coalesce("returned_at", "cancelled_at"),
                name="order_back",
                condition=Q(status__in=[OrderStatus.RETURNED, OrderStatus.CANCELLED]),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="changed_txid",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="NEW.changed_txid = pg_current_xact_id()::text::bigint; RETURN NEW;",
            ),
            refundable("order", held="refunded_freight_fen", paid="freight_fen"),
        ]

    def __str__(self) -> str:
        return self.external_id


class Shipment(models.Model):
    """One parcel of an order and what happened to it."""

    order = models.ForeignKey(Order, models.CASCADE, verbose_name=_("order"), related_name="shipments")
    external_id = models.CharField(_("shipment number"), max_length=64)
    carrier = models.CharField(_("carrier"), max_length=64, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=64, blank=True)
    shipped_at = models.DateTimeField(_("shipped"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    as_of = models.DateTimeField(
        _("as of"),
        null=True,
        blank=True,
        help_text=_("When what was last told of it was known; what is older is not taken."),
    )

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        constraints = [models.UniqueConstraint(name="shipment_once", fields=["order", "external_id"])]
        indexes = [
            models.Index(  # search by tracking number
                name="shipment_tracking", fields=["tracking_number"], condition=~Q(tracking_number="")
            ),
            models.Index(  # care.occasions: dry runs of rules by parcels sent
                name="shipment_shipped", fields=["shipped_at"], condition=Q(shipped_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.tracking_number or self.external_id


class ShipmentEvent(models.Model):
    """What a carrier reported of a parcel."""

    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="events")
    at = models.DateTimeField(_("at"))
    code = models.CharField(_("code"), max_length=32)
    text = models.CharField(_("text"), max_length=200, blank=True)
    place = models.CharField(_("place"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("carrier event")
        verbose_name_plural = _("carrier events")
        ordering = ["at"]
        constraints = [models.UniqueConstraint(name="shipmentevent_once", fields=["shipment", "at", "code"])]
        indexes = [BrinIndex(name="shipmentevent_at", fields=["at"], autosummarize=True)]  # retention

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.code}"


class OrderLine(models.Model):
    """One product of an order, in one of its shipments once it is packed."""

    order = models.ForeignKey(Order, models.CASCADE, verbose_name=_("order"), related_name="lines")
    external_id = models.CharField(_("line number"), max_length=64)
    product = models.ForeignKey(Product, models.PROTECT, verbose_name=_("product"), related_name="lines")
    shipment = models.ForeignKey(
        Shipment, models.SET_NULL, verbose_name=_("shipment"), null=True, blank=True, related_name="lines"
    )
    supplier = models.CharField(
        _("supplier"), max_length=64, blank=True, default="", db_default="", help_text=_("The shop's number.")
    )
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    paid_fen = models.BigIntegerField(_("paid (fen)"), help_text=_("For the whole line, after discounts."))
    refunded_fen = models.BigIntegerField(
        _("refunded (fen)"),
        default=0,
        db_default=0,
        help_text=_("What is on its way included. Kept by triggers of refunds."),
    )
    ship_by = models.DateTimeField(
        _("ship by"), null=True, blank=True, help_text=_("As promised at the order.")
    )
    deliver_by = models.DateTimeField(
        _("deliver by"), null=True, blank=True, help_text=_("As promised at the order.")
    )

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.UniqueConstraint(name="orderline_once", fields=["order", "external_id"]),
            models.CheckConstraint(name="orderline_amounts", condition=Q(quantity__gte=1, paid_fen__gte=0)),
            models.CheckConstraint(name="orderline_refunded_not_negative", condition=Q(refunded_fen__gte=0)),
        ]
        triggers = [refundable("orderline", held="refunded_fen", paid="paid_fen")]

    def __str__(self) -> str:
        return f"{self.product_id} × {self.quantity}"
