"""Rules for earning points, with their versions; rewards; what was earned."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget

from compensation.admin.effects import ShowsEffect
from compensation.admin.forms import Dated
from compensation.budgets.effect import Effect, of_earning
from compensation.models import Earning, EarningRule, EarningVersion, Reward
from compensation.points import commands, redeeming
from compensation.points.commands import TERMS
from config.common.browsing import Browsed

AMOUNTS = ("points", "per_yuan", "day_limit", "period_limit", "period_days")
"""Of the terms, what changes how many points are earned."""


class EarningRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A rule, and what it says from now on."""

    class Meta:
        model = EarningRule
        fields = ["code", "name", "name_en", "starts_at", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = self.instance.versions.first() if self.instance.pk else None
        for name in TERMS:
            widget = UnfoldAdminDecimalFieldWidget if name == "per_yuan" else UnfoldAdminIntegerFieldWidget
            field = EarningVersion._meta.get_field(name).formfield(widget=widget)  # type: ignore[union-attr]  # a plain field
            if field is not None:
                self.fields[name] = field
                self.initial.setdefault(name, getattr(latest, name, None) if latest else field.initial)

    def clean(self) -> dict[str, Any]:
        """Refuse what no version may say."""
        data = super().clean() or {}
        if bool(data.get("points")) == bool(data.get("per_yuan")):
            self.add_error("points", _("Give either points each time or points for each yuan."))
        if (data.get("period_limit") is None) != (not data.get("period_days")):
            self.add_error("period_days", _("A limit in a period needs its days, and the days a limit."))
        lasts = data.get("valid_days")
        if lasts is not None and lasts <= (data.get("pending_days") or 0):
            self.add_error("valid_days", _("They would expire before they can be used."))
        try:
            self.version().clean_fields(exclude=["rule", "number", "made_at"])
        except ValidationError as error:
            self.add_error(None, error)
        return data

    def version(self) -> EarningVersion:
        """What was typed."""
        typed = {name: self.cleaned_data.get(name) for name in TERMS}
        return EarningVersion(**{**typed, "pending_days": typed["pending_days"] or 0})


@admin.register(EarningRule)
class EarningRuleAdmin(Dated, ShowsEffect, ModelAdmin):
    """What earns points, and how many."""

    form = EarningRuleForm
    list_display = ["__str__", "code", "says", "starts_at", "is_active"]
    list_filter = ["is_active"]
    readonly_fields = ["versions_before"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what each says."""
        return super().get_queryset(request).prefetch_related("versions")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The terms, which are fields of the form alone, for those who may set them."""
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        terms = TERMS if may else ()
        return [(None, {"fields": [*EarningRuleForm.Meta.fields, *terms, "versions_before"]})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The terms are no columns of the rule."""
        kwargs["fields"] = EarningRuleForm.Meta.fields
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: EarningRule | None = None) -> list[str]:
        """Other parts know a rule by its code, so that stays."""
        code = ["code"] if obj and self.has_change_permission(request, obj) else []
        return [*code, "versions_before"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """What was earned stands on them."""
        return False

    def posted(self, form: Any) -> EarningVersion:
        """What the rule would say from now on."""
        version: EarningVersion = form.version()
        return version

    def effect(self, old: EarningRule, new: EarningVersion) -> Effect | None:
        """What other numbers would have come to in the last month; None where they stay."""
        latest = old.versions.first()
        if latest is None or all(getattr(latest, name) == getattr(new, name) for name in AMOUNTS):
            return None
        return of_earning(new, rule_id=old.pk, old=_said(latest), new=_said(new), at=timezone.now())

    @admin.display(description=_("says"))
    def says(self, rule: EarningRule) -> str:
        """What it says now."""
        return next((_said(version) for version in rule.versions.all()), "—")

    @admin.display(description=_("versions"))
    def versions_before(self, rule: EarningRule) -> str:
        """What it said, since when, latest first."""
        if not rule.pk:
            return "—"
        rows = (
            (v.number, timezone.localtime(v.made_at).strftime("%F %H:%M"), _said(v))
            for v in rule.versions.all()
        )
        return format_html_join("", "<div>{} · {} · {}</div>", rows)

    def save_model(self, request: HttpRequest, obj: EarningRule, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it; what it says from now on is a version of its own."""
        commands.save_earning_rule(
            rule=obj,
            version=form.version(),
            actor=request.user,  # type: ignore[arg-type]  # staff
            at=timezone.now(),
        )


def _said(version: EarningVersion) -> str:
    """A version in short."""
    names = {field.name: field.verbose_name for field in EarningVersion._meta.concrete_fields}
    said = [
        f"{names[name]}: {_short(getattr(version, name))}"
        for name in TERMS
        if getattr(version, name) is not None
    ]
    return "; ".join(said)


def _short(value: object) -> object:
    """A number without the zeros that say nothing."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


@admin.register(Reward)
class RewardAdmin(Dated, ModelAdmin):
    """What members may have for points."""

    list_display = ["template", "points", "member_limit", "total_limit", "taken", "is_active"]
    list_filter = ["is_active"]
    list_select_related = ["template"]
    fields = ["template", "points", "member_limit", "total_limit", "starts_at", "ends_at", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """What was taken stands on them; they are switched off."""
        return False

    def save_model(self, request: HttpRequest, obj: Reward, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        redeeming.save_reward(reward=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff


@admin.register(Earning)
class EarningAdmin(Browsed):
    """What was earned, for what, by which version."""

    list_display = ["at", "rule", "number", "member", "occurrence", "points", "taken_back"]
    list_filter = ["rule"]
    list_select_related = ["rule", "version", "member"]
    search_fields = ["=member__external_id"]
    search_help_text = _("the member's number in the shop")
    ordering = ["-pk"]
    fields = [*list_display, "order", "base_fen", "refunded_fen"]
    readonly_fields = fields

    @admin.display(description=_("version"))
    def number(self, earning: Earning) -> int:
        """By which version of the rule."""
        return earning.version.number
