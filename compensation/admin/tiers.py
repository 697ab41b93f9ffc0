"""Tiers: what it takes to reach and keep them, and what they bring."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from compensation.models import Tier, TierBenefit, TierRule
from compensation.tiers import commands
from config.common.errors import Invalid
from config.common.money import display


class BenefitInline(TabularInline):
    """What the tier brings."""

    model = TierBenefit
    extra = 0


class TierForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A tier that stands between its neighbours."""

    class Meta:
        model = Tier
        fields = ["code", "name", "name_en", "rank", "above_fen"]

    def clean(self) -> dict[str, Any]:
        """Refuse boundaries by which somebody would be in no tier, or spending more would bring less."""
        data = super().clean() or {}
        if {"rank", "above_fen"} <= data.keys():
            try:
                commands.check_boundaries(self.instance.pk, rank=data["rank"], above_fen=data["above_fen"])
            except Invalid as error:
                self.add_error("above_fen", str(error))
        return data


@admin.register(Tier)
class TierAdmin(ModelAdmin):
    """The tiers and what it takes to reach them."""

    form = TierForm
    list_display = ["__str__", "code", "rank", "above"]
    inlines = [BenefitInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Tier | None = None) -> list[str]:  # noqa: ARG002 - Django's
        """Segments and rules name a tier by its code, so that stays."""
        return ["code"] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Tier, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.save_tier(tier=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Members' histories stand on them."""
        return False

    @admin.display(description=_("spending above"), ordering="above_fen")
    def above(self, tier: Tier) -> str:
        """In yuan; a dash for everybody."""
        return display(tier.above_fen) if tier.above_fen >= 0 else "—"


@admin.register(TierRule)
class TierRuleAdmin(ModelAdmin):
    """One row: over which time spending counts, and how long a tier is kept."""

    list_display = ["window_days", "keep_days", "notice_days"]
    fields = ["window_days", "keep_days", "notice_days"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one rule, and the defaults bring it."""
        return super().has_add_permission(request) and not TierRule.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Tiers always follow a rule."""
        return False

    def save_model(self, request: HttpRequest, obj: TierRule, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Keep it with its event."""
        commands.save_rule(rule=obj, actor=request.user, at=timezone.now())  # type: ignore[arg-type]  # staff
