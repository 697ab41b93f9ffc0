"""What supervision goes by, as administrators edit it: scorecards, sampling, causes, targets."""

from typing import Any

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from feedback.models import AttainmentTarget, BreachCause, SamplingRule, Scorecard, ScorecardItem


class ItemInline(TabularInline):
    """The items of a scorecard."""

    model = ScorecardItem
    extra = 0
    hide_title = True


@admin.register(Scorecard)
class ScorecardAdmin(ModelAdmin):
    """Scorecards. A check keeps the form that it was drawn with, whatever is edited here."""

    list_display = ("__str__", "code", "pass_percent", "is_active")
    search_fields = ("name", "name_en", "code")
    inlines = (ItemInline,)

    def has_delete_permission(self, _request: Any, _obj: Scorecard | None = None) -> bool:
        """Never: one that was used is put out of use."""
        return False


@admin.register(SamplingRule)
class SamplingRuleAdmin(ModelAdmin):
    """Which conversations are drawn."""

    list_display = (
        "__str__", "kind", "scorecard", "department", "percent", "per_agent", "is_calibration", "is_active",
    )  # fmt: skip
    list_filter = ("is_active", "kind")
    list_select_related = ("scorecard", "department")


@admin.register(BreachCause)
class BreachCauseAdmin(ModelAdmin):
    """Why promises are broken: the list that leads choose from."""

    list_display = ("__str__", "code", "position", "is_active")
    search_fields = ("name", "name_en", "code")

    def has_delete_permission(self, _request: Any, _obj: BreachCause | None = None) -> bool:
        """Never: one that was used is put out of use."""
        return False


@admin.register(AttainmentTarget)
class AttainmentTargetAdmin(ModelAdmin):
    """The line that the board draws."""

    list_display = ("__str__", "department", "percent")
    list_select_related = ("department",)
