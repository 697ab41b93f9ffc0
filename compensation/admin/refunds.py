"""Refunds as finance follows and settles them; parcels that people say were sent; the terms of refunds."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from compensation.admin.forms import Dated
from compensation.grants import shipping
from compensation.models import Grant, Member, Order, RefundOrder, RefundStatus, RefundTerms
from compensation.refunds import by_hand, queries
from config.common.browsing import Browsed
from config.common.errors import DomainError
from config.common.money import display as yuan
from config.common.registry import MenuItem
from config.common.screens import StaffRequest

COLOURS = {
    RefundStatus.CREATED: "info",
    RefundStatus.SENT: "info",
    RefundStatus.UNKNOWN: "warning",
    RefundStatus.CONFIRMED: "success",
    RefundStatus.FAILED: "danger",
}


class SettleForm(ActionForm):
    """The action bar, with room for a number or a reason."""

    note = forms.CharField(
        label="",
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(
            attrs={
                "aria-label": _("Number or reason"),
                "placeholder": _("number it was paid under, or the reason"),
            }
        ),
    )


class WantsFilter(admin.SimpleListFilter):
    """What wants a person."""

    title = _("wants")
    parameter_name = "wants"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's
        """Late ones, those that nobody sends, those that failed and were not tried again."""
        return [
            ("late", pgettext_lazy("refund", "late")),
            ("hand", _("to be paid by hand")),
            ("failed", _("failed, not tried again")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RefundOrder]) -> QuerySet[RefundOrder]:  # noqa: ARG002 - Django's
        """The rows of the choice."""
        if self.value() == "late":
            return queries.late(queryset, timezone.now())
        if self.value() == "hand":
            return queries.by_hand(queryset)
        if self.value() == "failed":
            return queryset.filter(status=RefundStatus.FAILED, retried_as=None)
        return queryset


@admin.register(RefundOrder)
class RefundAdmin(Browsed):
    """Refunds: how far each is, and what a person may do about it."""

    action_form = SettleForm
    actions = ["settle", "ask_again", "try_again", "hand_over", "give_up"]
    list_display = [
        "number",
        "state",
        "amount",
        "order",
        "member",
        "cause",
        "age",
        "due_at",
        "outcome",
    ]
    list_filter = [WantsFilter, "status", "cause"]
    list_select_related = ["order", "member"]
    search_fields = ["number"]
    search_help_text = _("the refund's number, or the order's or the member's number in the shop")
    ordering = ["-pk"]
    fields = [
        "number",
        "status",
        "amount",
        "lines",
        "order",
        "member",
        "cause",
        "grant",
        "created_at",
        "due_at",
        "handed_at",
        "sent_at",
        "tries",
        "ask_at",
        "ended_at",
        "reference",
        "other_reference",
        "failure",
        "settled_by",
        "retry_of",
    ]
    readonly_fields = fields

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[RefundOrder],
        search_term: str,
    ) -> tuple[QuerySet[RefundOrder], bool]:
        """Find by what an index knows."""
        term = search_term.strip()
        if not term:
            return queryset, False
        orders = Order.objects.filter(external_id=term)
        members = Member.objects.filter(external_id=term)
        return queryset.filter(Q(number=term.upper()) | Q(order__in=orders) | Q(member__in=members)), False

    @display(description=_("status"), label=COLOURS)
    def state(self, refund: RefundOrder) -> tuple[str, str]:
        """Show the status in its colour."""
        return refund.status, refund.get_status_display()

    @admin.display(description=_("amount"), ordering="amount_fen")
    def amount(self, refund: RefundOrder) -> str:
        """In yuan."""
        return yuan(refund.amount_fen)

    @admin.display(description=_("age"), ordering="created_at")
    def age(self, refund: RefundOrder) -> str:
        """How long it took, or has taken so far."""
        return timesince(refund.created_at, refund.ended_at or timezone.now(), depth=1)

    @admin.display(description=_("reference"))
    def outcome(self, refund: RefundOrder) -> str:
        """The number it was paid under, or why it failed."""
        return refund.reference or refund.failure

    @admin.display(description=_("what is refunded"))
    def lines(self, refund: RefundOrder) -> str:
        """Each line of the order with its part, and the freight."""
        lines = refund.lines.select_related("order_line__product").order_by("pk")
        rows = [
            (str(one.order_line.product), f" × {one.quantity}" if one.quantity else "", yuan(one.amount_fen))
            for one in lines
        ]
        if refund.freight_fen:
            rows.append((str(_("freight")), "", yuan(refund.freight_fen)))
        return format_html_join(mark_safe("<br>"), "{}{} · {}", rows)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """Who may settle refunds."""
        return request.user.has_perm(by_hand.SETTLE)

    def _each(
        self, request: StaffRequest, queryset: QuerySet[RefundOrder], act: Callable[[int], Any]
    ) -> None:
        done = 0
        for refund in queryset.order_by("pk"):
            try:
                act(refund.pk)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{refund.number}: {error}", messages.WARNING)
        if done:
            self.message_user(request, _("Done: %(count)s.") % {"count": done}, messages.SUCCESS)

    @action(permissions=["settle"], description=_("It was paid, under the number in the bar"))
    def settle(self, request: StaffRequest, queryset: QuerySet[RefundOrder]) -> None:
        """Confirm by hand."""
        note, at = request.POST.get("note", ""), timezone.now()

        def act(pk: int) -> RefundOrder:
            return by_hand.settle(refund_id=pk, reference=note, actor=request.user, at=at)

        self._each(request, queryset, act)

    @action(permissions=["settle"], description=_("Ask the gateway again"))
    def ask_again(self, request: StaffRequest, queryset: QuerySet[RefundOrder]) -> None:
        """Have the gateway asked."""
        at = timezone.now()
        self._each(request, queryset, lambda pk: by_hand.ask_now(refund_id=pk, actor=request.user, at=at))

    @action(permissions=["settle"], description=_("Try again what has failed"))
    def try_again(self, request: StaffRequest, queryset: QuerySet[RefundOrder]) -> None:
        """Make another one in its place."""
        at = timezone.now()
        self._each(request, queryset, lambda pk: by_hand.retry(refund_id=pk, actor=request.user, at=at))

    @action(permissions=["settle"], description=_("Give to the gateway"))
    def hand_over(self, request: StaffRequest, queryset: QuerySet[RefundOrder]) -> None:
        """Have the gateway pay what waits for finance."""
        at = timezone.now()
        self._each(request, queryset, lambda pk: by_hand.hand_over(refund_id=pk, actor=request.user, at=at))

    @action(permissions=["settle"], description=_("Do not pay, for the reason in the bar"))
    def give_up(self, request: StaffRequest, queryset: QuerySet[RefundOrder]) -> None:
        """End what was never sent."""
        note, at = request.POST.get("note", ""), timezone.now()

        def act(pk: int) -> RefundOrder:
            return by_hand.give_up(refund_id=pk, reason=note, actor=request.user, at=at)

        self._each(request, queryset, act)


class ParcelActions:
    """For the list of grants: what became of reshipments and gifts, where the shop does not say so itself."""

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """Who may settle."""
        return request.user.has_perm(shipping.SETTLE)

    def _say(self, request: StaffRequest, queryset: QuerySet[Grant], what: shipping.What) -> None:
        done, text = 0, request.POST.get("note", "")
        for grant in queryset.order_by("pk"):
            try:
                shipping.told_by_hand(
                    grant=grant, what=what, text=text, actor=request.user, at=timezone.now()
                )
                done += 1
            except DomainError as error:
                messages.warning(request, f"{grant.member} · {grant.what}: {error}")
        if done:
            messages.success(request, _("Done: %(count)s.") % {"count": done})

    @action(permissions=["settle"], description=_("The parcel was sent, under the number in the bar"))
    def was_sent(self, request: StaffRequest, queryset: QuerySet[Grant]) -> None:
        """Say that parcels were sent."""
        self._say(request, queryset, "sent")

    @action(
        permissions=["settle"], description=_("The parcel was lost, as the bar says: it may be sent again")
    )
    def was_lost(self, request: StaffRequest, queryset: QuerySet[Grant]) -> None:
        """Say that parcels were sent and never came."""
        self._say(request, queryset, "lost")

    @action(permissions=["settle"], description=_("The parcel cannot be sent, for the reason in the bar"))
    def not_sent(self, request: StaffRequest, queryset: QuerySet[Grant]) -> None:
        """Say that parcels cannot be sent."""
        self._say(request, queryset, "refused")


@admin.register(RefundTerms)
class RefundTermsAdmin(Dated, ModelAdmin):
    """When refunds begin by themselves, and how long they may take."""

    fields = ["automatic_from", "cancelled_within_minutes", "returned_within_hours"]
    list_display = ["__str__", *fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one row."""
        return super().has_add_permission(request) and not RefundTerms.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: RefundTerms | None = None) -> bool:  # noqa: ARG002 - Django's
        """There is always one row."""
        return False


REFUND_MENU = [
    MenuItem(
        _("Refunds"),
        "compensation_refundorder_changelist",
        "currency_exchange",
        (by_hand.SETTLE,),
        queries.wanting,
        "lead",
        60,
    )
]
