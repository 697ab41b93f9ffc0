"""Kinds of coupon, and the coupons that members hold."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from compensation.admin.effects import ShowsEffect
from compensation.admin.forms import Dated, YuanField
from compensation.admin.grants import DecisionForm
from compensation.budgets.effect import Effect, of_coupon
from compensation.coupons import codes, commands, queries, terms
from compensation.grants import commands as grants
from compensation.models import Coupon, CouponKind, CouponStatus, CouponTemplate, Stacking
from config.common.browsing import Browsed, Counted
from config.common.errors import DomainError
from config.common.models import User
from config.common.money import display

SEE_CODE = "compensation.see_coupon_code"
REVOKE = "compensation.revoke_coupon"
LONGEST_CATEGORY = 80


class NamesField(forms.CharField):
    """Names with a comma or the like between them on the screen, a list in the row."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        """Show a list as a line; what was typed stays as it is."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """Give each name once."""
        names = [name.strip() for name in re.split(r"[,，、;；\n]", super().clean(value) or "")]
        if any(len(name) > LONGEST_CATEGORY for name in names):
            raise forms.ValidationError(_("A category has at most 80 characters."))
        return list(dict.fromkeys(name for name in names if name))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare like with like."""
        return super().has_changed(self.prepare_value(initial), data)


class CouponTemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Amounts in yuan; what makes no sense is refused."""

    value_fen = YuanField(
        label=_("value (yuan)"),
        help_text=_("What it takes off; of a percentage and of free shipping the most."),
    )
    min_spend_fen = YuanField(label=_("from a spending of (yuan)"), initial=0, help_text=_("0: any order."))
    categories = NamesField(
        label=_("product categories"),
        required=False,
        help_text=_("As the shop names them, with commas between; empty: all goods."),
    )

    class Meta:
        model = CouponTemplate
        fields = [
            "code", "name", "name_en", "description", "description_en", "kind", "value_fen", "percent_off",
            "min_spend_fen", "categories", "valid_days", "starts_after_days", "valid_from", "valid_until",
            "member_limit", "total_limit", "stacking", "stacking_group", "is_active",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Refuse a coupon that is worth nothing, more than the order it needs, or never valid."""
        data = super().clean() or {}
        self._clean_worth(data)
        self._clean_time(data)
        for name in ("member_limit", "total_limit"):
            if data.get(name) == 0:
                self.add_error(name, _("Leave it empty for no limit, or switch the kind off."))
        grouped = data.get("stacking") == Stacking.GROUP
        if grouped and not data.get("stacking_group"):
            self.add_error("stacking_group", _("Name the group of which one goes on an order."))
        elif not grouped and data.get("stacking_group"):
            self.add_error("stacking_group", _("Only where one of a group goes on an order."))
        return data

    def _clean_worth(self, data: dict[str, Any]) -> None:
        value, spend, percent = data.get("value_fen"), data.get("min_spend_fen"), data.get("percent_off")
        if value == 0:
            self.add_error("value_fen", _("A coupon must be worth something."))
        if data.get("kind") == CouponKind.AMOUNT and value and spend and spend < value:
            self.add_error("min_spend_fen", _("The order would cost less than the coupon is worth."))
        if data.get("kind") == CouponKind.PERCENT:
            if percent is None or not 0 < percent <= 100:  # noqa: PLR2004 - per cent
                self.add_error("percent_off", _("Between 1 and 100."))
        elif percent is not None:
            self.add_error("percent_off", _("Only for a percentage."))

    def _clean_time(self, data: dict[str, Any]) -> None:
        begins, ends = data.get("valid_from"), data.get("valid_until")
        if data.get("valid_days") == 0:
            self.add_error("valid_days", _("A coupon must be valid for at least a day."))
        if (begins is None) != (ends is None):
            self.add_error("valid_until", _("Give both moments, or none."))
        elif begins and ends and ends <= begins:
            self.add_error("valid_until", _("It would end before it begins."))
        elif begins and data.get("starts_after_days"):
            self.add_error("starts_after_days", _("Not with a fixed time."))


@admin.register(CouponTemplate)
class CouponTemplateAdmin(ShowsEffect, Counted, Dated, ModelAdmin):
    """What can be given, what it says to members, and what became of what was given."""

    form = CouponTemplateForm
    list_display = [
        "__str__", "code", "worth", "from_spending", "lasts", "issued", "reserved", "redeemed", "expired",
        "is_active",
    ]  # fmt: skip
    list_filter = ["is_active", "kind"]
    fieldsets = [
        (None, {"fields": ["code", "name", "name_en", "description", "description_en", "is_active"]}),
        (_("What it takes off"), {"fields": ["kind", "value_fen", "percent_off"]}),
        (_("For which orders"), {"fields": ["min_spend_fen", "categories", "stacking", "stacking_group"]}),
        (
            pgettext_lazy("coupon", "When"),
            {"fields": ["valid_days", "starts_after_days", "valid_from", "valid_until"]},
        ),
        (_("How many"), {"fields": ["member_limit", "total_limit"]}),
    ]
    shown = (_("As it stands"), {"fields": ["in_words", "counted"]})

    def count(self, rows: Sequence[CouponTemplate]) -> None:
        """Count what was given of each kind on the page, by where it stands."""
        found = queries.counted(rows)
        for row in rows:
            row.now = found[row.pk]  # type: ignore[attr-defined]  # for the columns below

    def get_fieldsets(self, request: HttpRequest, obj: CouponTemplate | None = None) -> Any:  # noqa: ARG002 - Django's
        """What it comes to in words and numbers stands above a kind that is there."""
        return [self.shown, *self.fieldsets] if obj else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: CouponTemplate | None = None) -> list[str]:
        """Rules and imports know a kind of coupon by its code, so that stays."""
        fixed = ["in_words", "counted"] if obj else []
        return [*fixed, "code"] if obj and self.has_change_permission(request, obj) else fixed

    @admin.display(description=_("value"), ordering="value_fen")
    def worth(self, template: CouponTemplate) -> str:
        """In a few words."""
        return terms.worth(template, template.value_fen)

    @admin.display(description=pgettext_lazy("coupon", "from"), ordering="min_spend_fen")
    def from_spending(self, template: CouponTemplate) -> str:
        """In yuan; a dash for any order."""
        return display(template.min_spend_fen) if template.min_spend_fen else "—"

    @admin.display(description=pgettext_lazy("coupon", "when"))
    def lasts(self, template: CouponTemplate) -> str:
        """When it can be used."""
        return terms.when_in_words(template)

    @admin.display(description=CouponStatus.ISSUED.label)
    def issued(self, template: CouponTemplate) -> int:
        """How many can still be used."""
        return _number(template, CouponStatus.ISSUED)

    @admin.display(description=pgettext_lazy("coupon", "reserved"))
    def reserved(self, template: CouponTemplate) -> int:
        """How many an order has."""
        return _number(template, CouponStatus.RESERVED)

    @admin.display(description=CouponStatus.REDEEMED.label)
    def redeemed(self, template: CouponTemplate) -> int:
        """How many were used."""
        return _number(template, CouponStatus.REDEEMED)

    @admin.display(description=CouponStatus.EXPIRED.label)
    def expired(self, template: CouponTemplate) -> int:
        """How many were not."""
        return _number(template, CouponStatus.EXPIRED)

    @admin.display(description=_("members read"))
    def in_words(self, template: CouponTemplate) -> str:
        """What it says to members, in both languages."""
        said = []
        for language in ("zh-hans", "en"):
            with translation.override(language):
                words = terms.in_words(
                    template, value_fen=template.value_fen, min_spend_fen=template.min_spend_fen
                )
                parts = [str(template), template.told, *words, terms.when_in_words(template)]
            said.append((" · ".join(part for part in parts if part),))
        return format_html_join(mark_safe("<br>"), "{}", said)

    @admin.display(description=_("how many"))
    def counted(self, template: CouponTemplate) -> str:
        """What was given, and what became of it."""
        found = queries.counts(template)
        given = _("given: %(number)d") % {"number": found["given"]}
        return " · ".join([given, *(f"{one.label}: {found[one]}" for one in CouponStatus)])

    def effect(self, old: CouponTemplate, new: CouponTemplate) -> Effect | None:
        """What another value would have cost in the last month."""
        if old.value_fen == new.value_fen:
            return None
        said = {"old": display(old.value_fen), "new": display(new.value_fen)}
        return of_coupon(old, value_fen=new.value_fen, at=timezone.now(), **said)

    def save_model(self, request: HttpRequest, obj: CouponTemplate, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.save_template(template=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff


def _number(template: CouponTemplate, status: CouponStatus) -> int:
    return int(template.now[status])  # type: ignore[attr-defined]  # counted for the page


@admin.register(Coupon)
class CouponAdmin(Browsed):
    """Coupons of members. Whole codes are for those who may see them; who may, takes coupons back."""

    action_form = DecisionForm
    actions = ["revoke"]
    list_display = ["shown_code", "member", "template", "worth", "status", "issued_at", "expires_at"]
    list_filter = ["status", "template"]
    list_select_related = ["member", "template", "terms"]
    ordering = ["-pk"]
    search_fields = ["pk"]
    search_help_text = _("whole code, or the member's number in the shop")
    fields = [*list_display, "in_words", "valid_from", "redeemed_at", "redeemed_for", "uses", "grant", "note"]
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
        """In a few words."""
        return terms.worth(coupon.terms, coupon.value_fen)

    @admin.display(description=_("terms"))
    def in_words(self, coupon: Coupon) -> str:
        """On what terms it was given."""
        return " · ".join(terms.of_coupon(coupon))

    @admin.display(description=_("orders"))
    def uses(self, coupon: Coupon) -> str:
        """Every order that had it, newest first."""
        rows = coupon.uses.order_by("-pk")[:20]
        said = (
            (
                use.order_ref,
                use.get_state_display(),
                display(use.taken_fen),
                date_format(
                    localtime(use.ended_at or use.redeemed_at or use.reserved_at), "SHORT_DATETIME_FORMAT"
                ),
            )
            for use in rows
        )
        return format_html_join(mark_safe("<br>"), "{} · {} · {} · {}", said) or "—"

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Who may take coupons back."""
        return request.user.has_perm(REVOKE)

    def take_back(self, *, grant_id: int, actor: User, note: str, at: datetime) -> None:
        """Take back what a grant gave. Whoever puts grants to use may narrow it down and do it with more."""
        grants.reverse(grant_id=grant_id, actor=actor, note=note, at=at)

    @admin.action(permissions=["revoke"], description=_("Take back selected coupons"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[Coupon]) -> None:
        """Take back what is neither used nor on an order, saying why; what a grant gave, with its grant."""
        if not (reason := request.POST.get("note", "").strip()):
            self.message_user(request, _("Say why this is taken back."), messages.WARNING)
            return
        done, at = 0, timezone.now()
        actor: Any = request.user
        for coupon_id, grant_id in list(queryset.order_by("pk").values_list("pk", "grant")):
            try:
                if grant_id:
                    self.take_back(grant_id=grant_id, actor=actor, note=reason, at=at)
                else:
                    commands.revoke(coupon_id=coupon_id, actor=actor, at=at, reason=reason)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{coupon_id}: {error}", messages.WARNING)
        if done:
            said = ngettext("%(done)d coupon taken back.", "%(done)d coupons taken back.", done)
            self.message_user(request, said % {"done": done})
