"""Goals are edited; snapshots are only looked at."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from kpis.models import Target


@admin.register(Target)
class TargetAdmin(ModelAdmin):
    """One goal a figure; the figure itself is fixed once the goal exists."""

    list_display = ("metric", "direction", "goal")

    def get_readonly_fields(self, _request: object, obj: Target | None = None) -> tuple[str, ...]:
        """Keep the figure: another figure has a goal of its own."""
        return ("metric",) if obj else ()
