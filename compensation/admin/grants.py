"""Grants, to read and decide on; how much each role may give."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from compensation.admin.forms import YuanField
from compensation.authority import commands as authority
from compensation.grants import commands
from compensation.models import Authority, Grant
from config.common.browsing import Browsed
from config.common.errors import DomainError
from config.common.models import User
from config.common.money import display

LIMITS = {
    "per_grant_fen": _("for each grant (yuan)"),
    "per_problem_fen": _("for each problem (yuan)"),
    "per_order_fen": _("for each order (yuan)"),
    "per_member_day_fen": _("for each member in a day (yuan)"),
}


class DecisionForm(ActionForm):
    """The action bar, with room for a reason."""

    note = forms.CharField(
        label="",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(
            attrs={"aria-label": _("Reason"), "placeholder": _("reason (needed to refuse or take back)")}
        ),
    )


@admin.register(Grant)
class GrantAdmin(Browsed):
    """What was given and asked for. Whoever puts grants to use may narrow it down and decide with more."""

    action_form = DecisionForm
    actions = ["approve", "refuse", "take_back"]
    list_display = [
        "requested_at",
        "member",
        "what",
        "cost",
        "status",
        "cause",
        "requested_by",
        "decided_by",
    ]
    list_filter = ["status", "kind", "template"]
    list_select_related = ["member", "template", "requested_by", "decided_by"]
    search_fields = ["=member__external_id", "=cause"]
    search_help_text = _("the member's number in the shop, or the cause such as case:7")
    ordering = ["-pk"]
    fields = [
        *list_display,
        "reason",
        "decided_at",
        "decision_note",
        "executed_at",
        "reversed_at",
    ]
    readonly_fields = fields

    @admin.display(description=_("what"))
    def what(self, grant: Grant) -> str:
        """What is given. What the page shows goes with the decision."""
        return format_html(
            '{}<input type="hidden" name="seen-{}" value="{}">', grant.what, grant.pk, grant.content_hash
        )

    @admin.display(description=_("cost"), ordering="cost_fen")
    def cost(self, grant: Grant) -> str:
        """In yuan."""
        return display(grant.cost_fen)

    def has_approve_permission(self, request: HttpRequest) -> bool:
        """Who may decide."""
        return request.user.has_perm(commands.APPROVE)

    def decide(self, how: str, *, grant_id: int, seen: str, actor: User, note: str) -> None:
        """Carry one decision out, on the content that was `seen`."""
        at = timezone.now()
        if how == "approve":
            commands.approve(grant_id=grant_id, content_hash=seen, actor=actor, note=note, at=at)
        elif how == "refuse":
            commands.refuse(grant_id=grant_id, actor=actor, note=note, at=at)
        else:
            commands.reverse(grant_id=grant_id, actor=actor, note=note, at=at)

    def _decide_all(self, request: HttpRequest, queryset: QuerySet[Grant], how: str) -> None:
        done = 0
        for grant in queryset.order_by("pk"):
            try:
                self.decide(
                    how,
                    grant_id=grant.pk,
                    seen=request.POST.get(f"seen-{grant.pk}", ""),
                    actor=request.user,  # type: ignore[arg-type]  # staff
                    note=request.POST.get("note", ""),
                )
                done += 1
            except DomainError as error:
                self.message_user(request, f"{grant.member} · {grant.what}: {error}", messages.WARNING)
        if done:
            self.message_user(request, _("Done: %(count)s.") % {"count": done}, messages.SUCCESS)

    @admin.action(permissions=["approve"], description=_("Approve and give"))
    def approve(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        """Approve what is selected, as far as this person's authority goes."""
        self._decide_all(request, queryset, "approve")

    @admin.action(permissions=["approve"], description=_("Refuse"))
    def refuse(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        """Refuse what is selected, for the reason in the action bar."""
        self._decide_all(request, queryset, "refuse")

    @admin.action(permissions=["approve"], description=_("Take back"))
    def take_back(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        """Take back what was given and not yet used."""
        self._decide_all(request, queryset, "take_back")


@admin.register(Authority)
class AuthorityAdmin(ModelAdmin):
    """How much each role may give."""

    list_display = ["whose", "grant", "problem", "order", "member_day"]
    list_select_related = ["group", "user"]
    autocomplete_fields = ["user"]
    fields = ["group", "user", "per_grant_fen", "per_problem_fen", "per_order_fen", "per_member_day_fen"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Amounts in yuan."""
        if db_field.name in LIMITS:
            return YuanField(label=LIMITS[db_field.name])
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("whose"), ordering="per_grant_fen")
    def whose(self, row: Authority) -> str:
        """A role or a person."""
        return str(row.group or row.user)

    @admin.display(description=_("each grant"), ordering="per_grant_fen")
    def grant(self, row: Authority) -> str:
        """In yuan."""
        return display(row.per_grant_fen)

    @admin.display(description=_("each problem"), ordering="per_problem_fen")
    def problem(self, row: Authority) -> str:
        """In yuan."""
        return display(row.per_problem_fen)

    @admin.display(description=_("each order"), ordering="per_order_fen")
    def order(self, row: Authority) -> str:
        """In yuan."""
        return display(row.per_order_fen)

    @admin.display(description=_("each member in a day"), ordering="per_member_day_fen")
    def member_day(self, row: Authority) -> str:
        """In yuan."""
        return display(row.per_member_day_fen)

    def save_model(self, request: HttpRequest, obj: Authority, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        authority.save_authority(authority=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff

    def delete_model(self, request: HttpRequest, obj: Authority) -> None:
        """Take it away with its event."""
        authority.remove_authority(authority=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Authority]) -> None:
        """Take several away, each with its event."""
        for one in queryset:
            self.delete_model(request, one)
