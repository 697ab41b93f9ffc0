"""Budgets with what is left of them, caps, and from where on claims are unusual."""

from datetime import time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminSelectWidget

from compensation.admin.forms import THE_HOUSE, Dated, YuanField
from compensation.budgets import caps, commands, queries
from compensation.budgets.caps import ZONE
from compensation.budgets.rules import next_period
from compensation.budgets.stops import line
from compensation.models import Budget, Cap, SignalTerms
from compensation.signals import commands as signals
from config.common.errors import DomainError
from config.common.money import display
from config.common.registry import department_names


class BudgetForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A budget; what the database would refuse is said at the field."""

    class Meta:
        model = Budget
        fields = ("department", "reason_code", "starts_at", "ends_at", "amount_fen", "low_percent", "owners")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the departments by their names; what a budget has stays."""
        super().__init__(*args, **kwargs)
        if (field := self.fields.get("department")) is not None:
            names = {self.instance.department: self.instance.department, **department_names()}
            names.pop("", None)
            choices = [("", _("all departments")), *names.items()]
            self.fields["department"] = forms.ChoiceField(
                label=field.label, required=False, choices=choices, widget=UnfoldAdminSelectWidget
            )

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins or has a budget, and less than is taken."""
        cleaned: dict[str, Any] = super().clean() or {}
        starts, ends, amount = (cleaned.get(name) for name in ("starts_at", "ends_at", "amount_fen"))
        if starts and ends and not starts < ends:
            self.add_error("ends_at", _("The end is after the beginning."))
        elif starts and ends and "department" in cleaned and self._overlaps(cleaned):
            self.add_error(None, _("There is a budget for the same department and reason at that time."))
        taken = self.instance.reserved_fen + self.instance.spent_fen
        if amount is not None and amount < taken:
            self.add_error("amount_fen", _("More than that is reserved and spent already."))
        return cleaned

    def _overlaps(self, cleaned: dict[str, Any]) -> bool:
        names = ("department", "reason_code", "starts_at", "ends_at")
        return queries.overlapping(
            Budget(pk=self.instance.pk, **{name: cleaned[name] for name in names})
        ).exists()


@admin.register(Budget)
class BudgetAdmin(Dated, ModelAdmin):
    """Budgets: the narrowest one that fits is what a grant takes from."""

    form = BudgetForm
    list_display = ("what", "period", "amount", "bar", "reserved", "spent", "left")
    list_filter = ("department", "reason_code")
    actions = ("copy_on",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("department", "reason_code"),
                    "starts_at",
                    "ends_at",
                    ("amount_fen", "low_percent"),
                    "owners",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Budget]:  # noqa: ARG002 - Django's
        """Those in force first."""
        return queries.listed(timezone.now())

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the names of the departments, found once for the whole list."""
        found = super().get_changelist_instance(request)
        names = department_names()
        for budget in found.result_list:
            budget.department_name = names.get(budget.department, budget.department)
        return found

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:  # noqa: ARG002 - Django's
        """The query says it."""
        return ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The amount in yuan."""
        if db_field.name == "amount_fen":
            return YuanField(label=gettext_lazy("amount (yuan)"), most=THE_HOUSE)
        if db_field.name == "owners":
            kwargs["widget"] = UnfoldAdminSelect2MultipleWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=pgettext_lazy("budget", "for"))
    def what(self, budget: Budget) -> str:
        """Department and reason."""
        return line(getattr(budget, "department_name", budget.department), budget.reason_code)

    @admin.display(description=gettext_lazy("period"), ordering="starts_at")
    def period(self, budget: Budget) -> str:
        """Its days, or its moments where it does not begin and end with a day."""
        starts, ends = localtime(budget.starts_at), localtime(budget.ends_at)
        if starts.time() == ends.time() == time():
            return f"{starts:%Y-%m-%d} – {ends - timedelta(days=1):%Y-%m-%d}"
        return f"{starts:%Y-%m-%d %H:%M} – {ends:%Y-%m-%d %H:%M}"

    @admin.display(description=gettext_lazy("amount"), ordering="amount_fen")
    def amount(self, budget: Budget) -> str:
        """In yuan."""
        return display(budget.amount_fen)

    @admin.display(description=pgettext_lazy("budget", "used"))
    def bar(self, budget: Budget) -> str:
        """How much of it is spent and reserved, as a bar that says it too."""
        taken = budget.reserved_fen + budget.spent_fen
        percent = taken * 100 // budget.amount_fen if budget.amount_fen else 100
        said = _("%(percent)s%% used") % {"percent": percent}
        return format_html(
            '<meter min="0" max="{}" high="{}" value="{}" title="{}" aria-label="{}">{}</meter>',
            budget.amount_fen or 1,
            budget.amount_fen * (100 - budget.low_percent) // 100,
            taken,
            said,
            said,
            said,
        )

    @admin.display(description=gettext_lazy("reserved"))
    def reserved(self, budget: Budget) -> str:
        """In yuan."""
        return display(budget.reserved_fen)

    @admin.display(description=pgettext_lazy("budget", "spent"))
    def spent(self, budget: Budget) -> str:
        """In yuan."""
        return display(budget.spent_fen)

    @admin.display(description=gettext_lazy("left"))
    def left(self, budget: Budget) -> str:
        """In yuan."""
        return display(budget.left_fen)

    def has_delete_permission(self, request: HttpRequest, obj: Budget | None = None) -> bool:  # noqa: ARG002 - Django's
        """Grants name it; it ends with its period."""
        return False

    def has_add_budget_permission(self, request: HttpRequest) -> bool:
        """Who may make one may copy one."""
        return request.user.has_perm("compensation.add_budget")

    def save_model(self, request: HttpRequest, obj: Budget, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event; the owners are written with the form."""
        commands.save_budget(budget=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff

    @admin.action(permissions=["add_budget"], description=gettext_lazy("Copy for the next period"))
    def copy_on(self, request: HttpRequest, queryset: QuerySet[Budget]) -> None:
        """The same budget, unused, for the time that follows: a month after a month."""
        done = 0
        for budget in queryset:
            try:
                commands.copy_on(
                    budget_id=budget.pk,
                    span=next_period(budget.starts_at, budget.ends_at, ZONE),
                    actor=request.user,  # type: ignore[arg-type]  # staff
                    at=timezone.now(),
                )
                done += 1
            except DomainError as error:
                self.message_user(request, f"{self.what(budget)}: {error}", messages.WARNING)
        if done:
            self.message_user(request, _("Done: %(count)s.") % {"count": done}, messages.SUCCESS)


class CapForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A cap; what makes no sense is said at the field."""

    class Meta:
        model = Cap
        fields = ("scope", "rule_code", "kind", "period", "days", "limit_fen", "limit_count", "is_active")

    def clean(self) -> dict[str, Any]:
        """Refuse what `caps.save_cap` would."""
        cleaned: dict[str, Any] = super().clean() or {}
        try:
            caps.check(Cap(**{name: value for name, value in cleaned.items() if name in self.Meta.fields}))
        except DomainError as error:
            self.add_error(error.details["field"], str(error))
        return cleaned


@admin.register(Cap)
class CapAdmin(ModelAdmin):
    """The most that each member gets, or each agent or rule gives, in a time."""

    form = CapForm
    list_display = ("scope", "rule_code", "kind", "period", "days", "limit", "limit_count", "is_active")
    list_filter = ("scope", "is_active")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("scope", "rule_code", "kind"),
                    ("period", "days"),
                    ("limit_fen", "limit_count"),
                    "is_active",
                )
            },
        ),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The amount in yuan."""
        if db_field.name == "limit_fen":
            return YuanField(label=gettext_lazy("at most (yuan)"), required=False, most=THE_HOUSE)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("at most"), ordering="limit_fen")
    def limit(self, cap: Cap) -> str:
        """In yuan."""
        return display(cap.limit_fen) if cap.limit_fen is not None else "—"

    def has_delete_permission(self, request: HttpRequest, obj: Cap | None = None) -> bool:  # noqa: ARG002 - Django's
        """It is switched off: what it counted stays."""
        return False

    def save_model(self, request: HttpRequest, obj: Cap, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event; it holds at once."""
        caps.save_cap(cap=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff


@admin.register(SignalTerms)
class SignalTermsAdmin(ModelAdmin):
    """From where on a claim goes to a person; one row."""

    list_display = ("__str__", "is_active", "claims_from", "share_percent", "measured_at")
    fields = (
        "is_active", "days", "claims_from", "share_percent", "percentile", "peers_from", "shared_from",
        "peers",
    )  # fmt: skip
    readonly_fields = ("peers",)

    @admin.display(description=gettext_lazy("the boundary now"))
    def peers(self, row: SignalTerms) -> str:
        """As it was measured last."""
        if row.measured_at is None:
            return _("not measured yet")
        return _("%(members)s claimants: at most %(claims)s claims and %(sum)s each") % {
            "members": row.peer_members,
            "claims": row.peer_claims,
            "sum": display(row.peer_fen),
        }

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's
        """There is one row, and the defaults bring it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """There is always one row."""
        return False

    def save_model(self, request: HttpRequest, obj: SignalTerms, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event, and measure anew."""
        at = timezone.now()
        signals.save_terms(row=obj, actor=request.user, at=at)  # type: ignore[arg-type]  # staff
        signals.measure(at=at)
