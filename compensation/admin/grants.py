"""Grants, to read and decide on; how much each role may give."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.admin import ModelAdmin
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from compensation.admin.forms import THE_HOUSE, Dated, YuanField
from compensation.admin.refunds import ParcelActions
from compensation.authority import commands as authority
from compensation.authority.queries import approvers
from compensation.grants import commands
from compensation.models import ApprovalTerms, Authority, Delegation, Grant
from config.common.browsing import Browsed
from config.common.errors import DomainError
from config.common.models import User
from config.common.money import display

LIMITS = {
    "per_grant_fen": _("for each grant (yuan)"),
    "per_problem_fen": _("for each problem (yuan)"),
    "per_order_fen": _("for each order (yuan)"),
    "per_member_day_fen": _("for each member in a day (yuan)"),
    "per_batch_fen": _("for a batch (yuan)"),
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
class GrantAdmin(ParcelActions, Browsed):
    """What was given and asked for. Whoever puts grants to use may narrow it down and decide with more."""

    action_form = DecisionForm
    actions = ["approve", "refuse", "take_back", "was_sent", "was_lost", "not_sent"]
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
        "confirmed_at",
        "reversed_at",
        "outcome",
        "rounds",
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

    @admin.display(description=_("approval rounds"))
    def rounds(self, grant: Grant) -> str:
        """Each with its level, when it was due, and how it ended."""
        rows = grant.rounds.select_related("role", "decided_by", "on_behalf_of").order_by("pk")
        return format_html_join(
            mark_safe("<br>"),
            "{} · {} · {} {} {}",
            (
                (
                    date_format(localtime(one.asked_at), "SHORT_DATETIME_FORMAT"),
                    one.role or "—",
                    one.get_decision_display() or pgettext("approval", "open"),
                    one.decided_by or "",
                    f"({one.on_behalf_of})" if one.on_behalf_of else "",
                )
                for one in rows
            ),
        )

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

    list_display = ["whose", "grant", "problem", "order", "member_day", "batch"]
    list_select_related = ["group", "user"]
    autocomplete_fields = ["user"]
    fields = ["group", "user", *LIMITS]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Amounts in yuan."""
        if db_field.name in LIMITS:
            return YuanField(label=LIMITS[db_field.name], most=THE_HOUSE)
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

    @admin.display(description=_("a batch"), ordering="per_batch_fen")
    def batch(self, row: Authority) -> str:
        """In yuan."""
        return display(row.per_batch_fen)

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


@admin.register(ApprovalTerms)
class ApprovalTermsAdmin(ModelAdmin):
    """How long approvers have, and what needs pictures."""

    fields = ["decide_within_hours", "evidence_above_fen"]
    list_display = ["decide_within_hours", "evidence_above"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Amounts in yuan."""
        if db_field.name == "evidence_above_fen":
            return YuanField(label=_("refunds need pictures above (yuan)"))
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("refunds need pictures above"))
    def evidence_above(self, terms: ApprovalTerms) -> str:
        """In yuan."""
        return display(terms.evidence_above_fen)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one row."""
        return super().has_add_permission(request) and not ApprovalTerms.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: ApprovalTerms | None = None) -> bool:  # noqa: ARG002 - Django's
        """There is always one row."""
        return False

    def save_model(self, request: HttpRequest, obj: ApprovalTerms, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        authority.save_terms(terms=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff


@admin.register(Delegation)
class DelegationAdmin(Dated, ModelAdmin):
    """Who stands in for whom: made here, ended here, and kept."""

    list_display = ["giver", "receiver", "from_at", "until", "note"]
    list_select_related = ["giver", "receiver"]
    fields = ["giver", "receiver", "from_at", "until", "note"]
    ordering = ["-until", "-pk"]
    actions = ["end"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Those who may decide; one's own authority, for who may not arrange for others."""
        people = approvers()
        if db_field.name == "giver" and not request.user.has_perm(authority.OTHERS):
            people = people.filter(pk=request.user.pk or 0)
        return super().formfield_for_foreignkey(db_field, request, queryset=people, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delegation]:
        """All for who arranges for others; else one's own, given and received."""
        rows: QuerySet[Delegation] = super().get_queryset(request)
        if request.user.has_perm(authority.OTHERS):
            return rows
        return rows.filter(Q(giver=request.user.pk) | Q(receiver=request.user.pk))

    def has_change_permission(self, request: HttpRequest, obj: Delegation | None = None) -> bool:  # noqa: ARG002 - Django's
        """What was arranged stands, and is ended rather than changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Delegation | None = None) -> bool:  # noqa: ARG002 - Django's
        """It is ended rather than deleted."""
        return False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Who may make one may end it; whose, the command asks."""
        may: bool = self.has_add_permission(request)
        return may

    def save_model(self, request: HttpRequest, obj: Delegation, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Make it with its event."""
        made = authority.delegate(
            giver=obj.giver,
            receiver=obj.receiver,
            from_at=obj.from_at,
            until=obj.until,
            note=obj.note,
            actor=request.user,  # type: ignore[arg-type]  # staff
            at=timezone.now(),
        )
        obj.pk = made.pk

    @admin.action(permissions=["end"], description=_("End now"))
    def end(self, request: HttpRequest, queryset: QuerySet[Delegation]) -> None:
        """End what is selected and still running."""
        for row in queryset:
            try:
                authority.end_delegation(delegation_id=row.pk, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff
            except DomainError as error:
                self.message_user(request, f"{row}: {error}", messages.WARNING)
