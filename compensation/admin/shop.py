"""Members, what they bought and what the shop sells: to read, and to search by what is unique."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localdate, localtime, make_aware
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from compensation.ledger.queries import holding
from compensation.members.masking import masked_email, masked_phone
from compensation.models import Member, Order, OrderLine, Product, Shipment, Tier
from compensation.points import queries as points_queries
from compensation.points import wording
from compensation.tiers import commands as tiers
from compensation.tiers import queries as tier_queries
from config.common.asked import within_years
from config.common.browsing import Browsed
from config.common.money import display

STATEMENT, SEE_ENTRIES = 10, "compensation.view_entry"
SEE_CONTACTS, SET_TIER = "compensation.see_contacts", "compensation.set_tier"


PRODUCT_LINKS: list[Callable[[Product], tuple[str, Any]]] = []
"""Pages of upper floors about a product, as (address, text); upper apps append theirs in `ready()`."""

MEMBER_FACTS: list[Callable[[Member], tuple[Any, Any]]] = []
"""More lines of a member's page, as (title, text); upper apps append theirs in `ready()`."""


def _end_of(day: date) -> datetime:
    """The midnight after a day."""
    return make_aware(datetime.combine(day + timedelta(days=1), time.min))


def found(queryset: QuerySet[Any], term: str, *fields: str) -> tuple[QuerySet[Any], bool]:
    """The rows in which one of the fields is exactly the term, by index."""
    wanted = Q()
    for field in fields:
        wanted |= Q(**{field: term.strip()})
    return (queryset.filter(wanted) if term.strip() else queryset), False


class TierForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A tier set by hand, and why."""

    new_tier = forms.ModelChoiceField(
        label=_("set tier by hand"),
        queryset=Tier.objects.all(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Spending does not move it before its end."),
    )
    note = forms.CharField(
        label=_("reason"), required=False, max_length=tiers.MAX_NOTE, widget=UnfoldAdminTextInputWidget
    )

    until = forms.DateField(
        label=_("until"),
        required=False,
        widget=UnfoldAdminDateWidget,
        validators=[within_years],
        help_text=_("The last day; after it spending decides."),
    )

    class Meta:
        model = Member
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        """A tier needs a reason and an end."""
        data = super().clean() or {}
        if data.get("new_tier") and not (data.get("note") or "").strip():
            self.add_error("note", _("Say why, in at most 200 characters."))
        if data.get("new_tier") and (not data.get("until") or data["until"] < localdate()):
            self.add_error("until", _("Choose an end that is still to come."))
        return data


@admin.register(Member)
class MemberAdmin(Browsed):
    """Members. Their contact details are for those who need them."""

    form = TierForm
    list_display = ["external_id", "name", "shown_phone", "shown_email", "tier", "region", "registered_at"]
    list_filter = ["tier"]
    list_select_related = ["tier"]
    search_fields = ["external_id"]
    search_help_text = _(
        "the member's number in the shop, whole phone number or e-mail, or how the name begins"
    )
    ordering = ["-pk"]
    readonly_fields = [
        "external_id",
        "name",
        "shown_phone",
        "shown_email",
        "birthday",
        "registered_at",
        "region",
        "city",
        "spoken",
        "consent_marketing",
        "referrer",
        "tier",
        "tier_history",
        "points",
        "more",
        "erased_at",
    ]

    @admin.display(description=_("language"))
    def spoken(self, member: Member) -> str:
        """By its name."""
        return str(dict(settings.LANGUAGES).get(member.language, member.language))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing but the tier can be changed."""
        return obj is not None and request.user.has_perm(SET_TIER)

    def get_fields(self, request: HttpRequest, obj: Member | None = None) -> list[str]:
        """Show the form for the tier to those who may set it."""
        by_hand = ["new_tier", "note", "until"] if self.has_change_permission(request, obj) else []
        return [*self.readonly_fields, *by_hand]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        """Say in each row whether this person may see how to reach the member."""
        rows: QuerySet[Member] = super().get_queryset(request)
        return rows.select_related("tier", "referrer").annotate(
            may_see_entries=Value(request.user.has_perm(SEE_ENTRIES)),
        )

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[Member],
        search_term: str,
    ) -> tuple[QuerySet[Member], bool]:
        """Find by what an index knows; who may not see contact details cannot ask for them either."""
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(external_id=term) | Q(name__startswith=term)
        if request.user.has_perm(SEE_CONTACTS):
            wanted |= Q(phone=term) | Q(email=term)
        return queryset.filter(wanted), False

    @admin.display(description=_("phone"))
    def shown_phone(self, member: Member) -> str:
        """The number, masked; in full it is shown on the page of the member's data, on record."""
        return masked_phone(member.phone)

    @admin.display(description=_("e-mail"))
    def shown_email(self, member: Member) -> str:
        """The address, masked as well."""
        return masked_email(member.email)

    @admin.display(description=_("tier history"))
    def tier_history(self, member: Member) -> str:
        """Who was in which tier, when and why."""
        return format_html_join(
            "",
            "<div>{} – {}: {} ({}{})</div>",
            (
                (
                    localize(localtime(period.starts_at).date()),
                    localize(localtime(period.ends_at).date()) if period.ends_at else "",
                    period.tier,
                    period.get_reason_display(),
                    f": {period.note}" if period.note else "",
                )
                for period in tier_queries.history(member)
            ),
        )

    @admin.display(description=_("points"))
    def points(self, member: Member) -> str:
        """What the member has and owes, and the latest movements with why."""
        held = holding(member, timezone.now())
        rows = wording.movements(wording.readable(points_queries.statement(member))[:STATEMENT])
        lines = format_html_join(
            "",
            "<div>{} · {} · {} {}</div>",
            (
                (localize(localtime(row.entry.transaction.at)), f"{row.entry.amount:+}", row.why, row.order)
                for row in rows
            ),
        )
        has = _("%(available)s to use, %(pending)s pending, %(owed)s owed") % {
            "available": held.available,
            "pending": held.pending,
            "owed": held.owed,
        }
        if not getattr(member, "may_see_entries", False):
            return format_html("<div>{}</div>{}", has, lines)
        url = f"{reverse('admin:compensation_entry_changelist')}?q={quote(member.external_id)}"
        return format_html('<div>{}</div>{}<a href="{}">{}</a>', has, lines, url, _("All movements"))

    @admin.display(description=_("about the member"))
    def more(self, member: Member) -> str:
        """What upper floors know of the member."""
        return format_html_join("", "<div>{}: {}</div>", (fact(member) for fact in MEMBER_FACTS)) or "—"

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Set the tier, with its event."""
        if tier := form.cleaned_data.get("new_tier"):
            tiers.set_by_hand(
                member_id=obj.pk,
                tier_id=tier.pk,
                note=form.cleaned_data["note"],
                until=_end_of(form.cleaned_data["until"]),
                actor=request.user,  # type: ignore[arg-type]  # staff
                at=timezone.now(),
            )


class Shown(TabularInline):
    """Rows that belong to another, to read."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False


class LineInline(Shown):
    """What was bought."""

    model = OrderLine
    fields = ["external_id", "product", "quantity", "paid", "shipment", "ship_by", "deliver_by"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        """With what each row shows."""
        rows: QuerySet[OrderLine] = super().get_queryset(request)
        return rows.select_related("product", "shipment")

    @admin.display(description=_("paid"))
    def paid(self, line: OrderLine) -> str:
        """In yuan."""
        return display(line.paid_fen)


class ShipmentInline(Shown):
    """How it was sent."""

    model = Shipment
    fields = ["external_id", "carrier", "tracking_number", "shipped_at", "delivered_at"]
    readonly_fields = fields


@admin.register(Order)
class OrderAdmin(Browsed):
    """Orders. The shop owns these facts."""

    list_display = ["external_id", "member", "status", "total", "region", "channel", "placed_at"]
    list_filter = ["status"]
    list_select_related = ["member"]
    search_fields = ["external_id"]
    search_help_text = _("the order's or the member's number in the shop, or a tracking number")
    ordering = ["-pk"]
    inlines = [LineInline, ShipmentInline]
    fields = [
        "external_id",
        "member",
        "channel",
        "status",
        "region",
        "payment_method",
        "total",
        "freight",
        "placed_at",
        "paid_at",
        "cancelled_at",
        "returned_at",
        "changed_at",
    ]
    readonly_fields = fields

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Order],
        search_term: str,
    ) -> tuple[QuerySet[Order], bool]:
        """Find by what is unique."""
        parcels = Shipment.objects.filter(tracking_number=search_term.strip()).exclude(tracking_number="")
        members = Member.objects.filter(external_id=search_term.strip())
        if not search_term.strip():
            return queryset, False
        return queryset.filter(
            Q(external_id=search_term.strip())
            | Q(member__in=list(members.values_list("pk", flat=True)))
            | Q(pk__in=list(parcels.values_list("order_id", flat=True)[:100]))
        ), False

    @admin.display(description=_("total"))
    def total(self, order: Order) -> str:
        """In yuan."""
        return display(order.total_fen)

    @admin.display(description=_("freight"))
    def freight(self, order: Order) -> str:
        """In yuan."""
        return display(order.freight_fen)


@admin.register(Product)
class ProductAdmin(Browsed):
    """What the shop sells."""

    list_display = ["external_id", "name", "category", "more"]
    search_fields = ["external_id"]
    search_help_text = _("the product's number in the shop, or its category")
    ordering = ["-pk"]
    fields = list_display
    readonly_fields = fields

    @admin.display(description=_("more about it"))
    def more(self, product: Product) -> str:
        """Where upper floors tell of the product."""
        links = (link(product) for link in PRODUCT_LINKS)
        return format_html_join(" · ", '<a href="{}">{}</a>', links) or "—"

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Product],
        search_term: str,
    ) -> tuple[QuerySet[Product], bool]:
        """Find by index."""
        return found(queryset, search_term, "external_id", "category")
