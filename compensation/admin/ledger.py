"""The ledger, to read; and what points are worth."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from compensation.admin.effects import ShowsEffect
from compensation.admin.forms import YuanField
from compensation.budgets.effect import Effect, of_points
from compensation.models import Account, Entry, PointsRule, Unit
from compensation.points import commands
from config.common.browsing import Browsed
from config.common.money import display


def amount_of(amount: int | None, unit: str) -> str:
    """Points as a number, coupon value in yuan; a dash where the house keeps no balance."""
    if amount is None:
        return "—"
    return display(amount) if unit == Unit.COUPON else f"{amount:,}"


@admin.register(Account)
class AccountAdmin(Browsed):
    """Who has what."""

    list_display = ["__str__", "kind", "unit", "member", "shown_balance", "movements"]
    list_filter = ["kind", "unit"]
    list_select_related = ["member"]
    search_fields = ["=member__external_id"]
    search_help_text = _("the member's number in the shop")
    ordering = ["-pk"]
    fields = ["kind", "unit", "member", "shown_balance", "movements"]
    readonly_fields = fields

    @admin.display(description=_("balance"))
    def shown_balance(self, account: Account) -> str:
        """In the account's unit."""
        return amount_of(account.balance, account.unit)

    @admin.display(description=_("movements"))
    def movements(self, account: Account) -> str:
        """Opens to the account's entries."""
        url = reverse("admin:compensation_entry_changelist")
        text = str(account.version) if account.member_id else _("show")
        return format_html('<a href="{}?account__id__exact={}">{}</a>', url, account.pk, text)


@admin.register(Entry)
class EntryAdmin(Browsed):
    """Every movement, newest first."""

    list_display = ["at", "what", "account", "shown_amount", "shown_balance", "version", "key"]
    list_filter = ["account__unit", "account__kind"]
    list_select_related = ["transaction", "account__member"]
    search_fields = ["=account__member__external_id", "=transaction__key"]
    search_help_text = _("the member's number in the shop, or the key of a transaction")
    ordering = ["-pk"]
    fields = list_display
    readonly_fields = list_display

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """An account opens to its own entries."""
        return lookup == "account__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        """With what each row shows."""
        rows: QuerySet[Entry] = super().get_queryset(request)
        return rows.select_related("transaction", "account__member")

    @admin.display(description=_("at"))
    def at(self, entry: Entry) -> Any:
        """When it was posted."""
        return entry.transaction.at

    @admin.display(description=_("kind"))
    def what(self, entry: Entry) -> str:
        """What moved it."""
        return entry.transaction.kind

    @admin.display(description=_("key"))
    def key(self, entry: Entry) -> str:
        """What it was posted under, once."""
        return entry.transaction.key

    @admin.display(description=_("amount"))
    def shown_amount(self, entry: Entry) -> str:
        """In the account's unit."""
        return amount_of(entry.amount, entry.account.unit)

    @admin.display(description=_("balance after"))
    def shown_balance(self, entry: Entry) -> str:
        """In the account's unit."""
        return amount_of(entry.balance_after, entry.account.unit)


@admin.register(PointsRule)
class PointsRuleAdmin(ShowsEffect, ModelAdmin):
    """One row: what points are worth."""

    list_display = ["points", "shown_worth"]
    fields = ["points", "worth_fen", "notice_days", "granted_valid_days"]

    def effect(self, old: PointsRule, new: PointsRule) -> Effect | None:
        """What another value would have cost in the last month."""
        if (old.points, old.worth_fen) == (new.points, new.worth_fen):
            return None
        told = [f"{rule.points} = {display(rule.worth_fen)}" for rule in (old, new)]
        return of_points(new, old=told[0], new=told[1], at=timezone.now())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one rule, and the defaults bring it."""
        return super().has_add_permission(request) and not PointsRule.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Points are always worth something."""
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Amounts in yuan."""
        if db_field.name == "worth_fen":
            return YuanField(label=_("are worth (yuan)"))
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("are worth"))
    def shown_worth(self, rule: PointsRule) -> str:
        """In yuan."""
        return display(rule.worth_fen)

    def save_model(self, request: HttpRequest, obj: PointsRule, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.save_rule(rule=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff
