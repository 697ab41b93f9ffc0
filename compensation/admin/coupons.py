"""Kinds of coupon, and the coupons that members hold."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from compensation.admin.forms import YuanField
from compensation.coupons import codes, commands
from compensation.models import Coupon, CouponTemplate
from config.common.browsing import Browsed
from config.common.money import display

SEE_CODE = "compensation.see_coupon_code"


class CouponTemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Amounts in yuan; what makes no sense is refused."""

    value_fen = YuanField(label=_("value (yuan)"))
    min_spend_fen = YuanField(label=_("from a spending of (yuan)"), initial=0, help_text=_("0: any order."))

    class Meta:
        model = CouponTemplate
        fields = ["code", "name", "name_en", "value_fen", "min_spend_fen", "valid_days", "is_active"]

    def clean(self) -> dict[str, Any]:
        """Refuse a coupon that is worth nothing, more than the order it needs, or never valid."""
        data = super().clean() or {}
        value, spend = data.get("value_fen"), data.get("min_spend_fen")
        if value == 0:
            self.add_error("value_fen", _("A coupon must be worth something."))
        if value and spend and spend < value:
            self.add_error("min_spend_fen", _("The order would cost less than the coupon is worth."))
        if data.get("valid_days") == 0:
            self.add_error("valid_days", _("A coupon must be valid for at least a day."))
        return data


@admin.register(CouponTemplate)
class CouponTemplateAdmin(ModelAdmin):
    """What can be given."""

    form = CouponTemplateForm
    list_display = ["__str__", "code", "worth", "from_spending", "valid_days", "is_active"]
    list_filter = ["is_active"]

    def get_readonly_fields(self, request: HttpRequest, obj: CouponTemplate | None = None) -> list[str]:
        """Rules and imports know a kind of coupon by its code, so that stays."""
        return ["code"] if obj and self.has_change_permission(request, obj) else []

    @admin.display(description=_("value"), ordering="value_fen")
    def worth(self, template: CouponTemplate) -> str:
        """In yuan."""
        return display(template.value_fen)

    @admin.display(description=_("from a spending of"), ordering="min_spend_fen")
    def from_spending(self, template: CouponTemplate) -> str:
        """In yuan; a dash for any order."""
        return display(template.min_spend_fen) if template.min_spend_fen else "—"

    def save_model(self, request: HttpRequest, obj: CouponTemplate, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.save_template(template=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff


@admin.register(Coupon)
class CouponAdmin(Browsed):
    """Coupons of members. Whole codes are for those who may see them."""

    list_display = ["shown_code", "member", "template", "worth", "status", "issued_at", "expires_at"]
    list_filter = ["status", "template"]
    list_select_related = ["member", "template"]
    ordering = ["-pk"]
    search_fields = ["pk"]
    search_help_text = _("whole code, or the member's number in the shop")
    fields = [*list_display, "redeemed_at", "redeemed_for", "grant"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        """Say in each row whether this person may see its code."""
        rows: QuerySet[Coupon] = super().get_queryset(request)
        return rows.annotate(may_see=Value(request.user.has_perm(SEE_CODE)))

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        queryset: QuerySet[Coupon],
        search_term: str,
    ) -> tuple[QuerySet[Coupon], bool]:
        """Find by what is unique, by index: a whole code or a member's number."""
        if not (term := search_term.strip()):
            return queryset, False
        if code := codes.clean(term):
            return queryset.filter(Q(code=code) | Q(member__external_id=term)), False
        return queryset.filter(member__external_id=term), False

    @admin.display(description=_("code"))
    def shown_code(self, coupon: Coupon) -> str:
        """The code, masked without the permission."""
        return coupon.code if getattr(coupon, "may_see", False) else codes.masked(coupon.code)

    @admin.display(description=_("value"), ordering="value_fen")
    def worth(self, coupon: Coupon) -> str:
        """In yuan."""
        return display(coupon.value_fen)
