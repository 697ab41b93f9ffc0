"""Grants as supervisors and finance decide on them, and their coupons: by case, within departments."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from compensation.admin.coupons import CouponAdmin
from compensation.admin.grants import GrantAdmin
from compensation.models import Coupon, Grant
from config.common.errors import NotFound, NotPermitted
from config.common.models import User
from config.common.screens import StaffRequest
from feedback.remedies import commands
from feedback.remedies.queries import get_for, visible_grants

admin.site.unregister(Grant)
admin.site.unregister(Coupon)


@admin.register(Grant)
class RemedyAdmin(GrantAdmin):
    """The list of grants, where a decision is written to the case and told to whoever asked."""

    list_display = [*GrantAdmin.list_display, "case"]
    fields = [*GrantAdmin.fields, "case"]
    readonly_fields = fields
    list_select_related = [*GrantAdmin.list_select_related, "remedy__case"]

    def get_queryset(self, request: StaffRequest) -> QuerySet[Grant]:
        """Those that this person may see."""
        return (
            visible_grants(request.user)
            .select_related(*self.list_select_related)
            .order_by(*self.get_ordering(request))
        )

    @admin.display(description=_("case"))
    def case(self, grant: Grant) -> str:
        """Opens the case."""
        remedy = getattr(grant, "remedy", None)
        if remedy is None or remedy.case is None:
            return "—"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:case", args=[remedy.case.pk]), remedy.case.number
        )

    def decide(self, how: str, *, grant_id: int, seen: str, actor: User, note: str) -> None:
        """Carry one decision out."""
        at = timezone.now()
        if how == "approve":
            commands.approve(grant_id=grant_id, content_hash=seen, actor=actor, note=note, at=at)
        elif how == "refuse":
            commands.refuse(grant_id=grant_id, actor=actor, note=note, at=at)
        else:
            commands.reverse(grant_id=grant_id, actor=actor, note=note, at=at)


@admin.register(Coupon)
class GivenCouponAdmin(CouponAdmin):
    """Coupons; what a grant gave is taken back where its case is, by whoever may see that."""

    def take_back(self, *, grant_id: int, actor: User, note: str, at: datetime) -> None:
        """Take back what a grant gave, written to its case."""
        try:
            get_for(actor, grant_id)
        except NotFound as error:
            raise NotPermitted(_("It was given in no case of your departments.")) from error
        commands.reverse(grant_id=grant_id, actor=actor, note=note, at=at)
