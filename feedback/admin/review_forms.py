"""How reviews are taken and moderated, as administrators edit it."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from feedback.models import ModerationReason, ModerationWord, ReviewDimension, ReviewSetup, SignalRule


@admin.register(ReviewSetup)
class ReviewSetupAdmin(ModelAdmin):
    """How the house takes reviews."""

    list_display = ("__str__", "window_days", "follow_up_days", "follow_ups", "invites", "hold_from")

    def has_add_permission(self, _request: Any) -> bool:
        """One row is enough."""
        return False

    def has_delete_permission(self, _request: Any, _obj: ReviewSetup | None = None) -> bool:
        """And it stays."""
        return False


class Kept(ModelAdmin):
    """What was used is put out of use, never deleted."""

    def has_delete_permission(self, _request: Any, _obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(ReviewDimension)
class ReviewDimensionAdmin(Kept):
    """What is rated beside the whole, by category."""

    list_display = ("__str__", "code", "categories", "position", "is_active")
    search_fields = ("name", "name_en", "code")


@admin.register(ModerationReason)
class ModerationReasonAdmin(Kept):
    """Why a review may be kept from the public; never for its stars."""

    list_display = ("__str__", "code", "stars_count", "position", "is_active")
    search_fields = ("name", "name_en", "code")


@admin.register(SignalRule)
class SignalRuleAdmin(Kept):
    """How much each signal weighs."""

    list_display = ("__str__", "weight", "at_least", "within_hours", "similarity", "is_active")


class WordForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A word, or a pattern that can be read."""

    class Meta:
        model = ModerationWord
        fields = ["signal", "text", "is_pattern", "is_active"]

    def clean(self) -> dict[str, Any]:
        """Refuse patterns that are none, and those that take for ever."""
        content = super().clean() or {}
        if content.get("is_pattern"):
            text = content.get("text", "")
            try:
                re.compile(text)
            except re.error as error:
                self.add_error("text", _("This is no regular expression: %(why)s") % {"why": error})
            if re.search(r"[*+}]\)?[*+{]|\([^)]*[*+|][^)]*\)+[*+{]", text):
                self.add_error("text", _("Nothing that repeats may be repeated."))
        return content


@admin.register(ModerationWord)
class ModerationWordAdmin(ModelAdmin):
    """Words and patterns that give a signal."""

    form = WordForm
    list_display = ("text", "signal", "is_pattern", "is_active")
    list_filter = ("signal", "is_pattern", "is_active")
    search_fields = ("text",)
