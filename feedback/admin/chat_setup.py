"""How the house chats: hours, greeting, what counts as a reply, when somebody has left."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from feedback.models import ChatSetup


@admin.register(ChatSetup)
class ChatSetupAdmin(ModelAdmin):
    """There is one, made by `seed_defaults`."""

    fieldsets = [
        (_("Hours and texts"), {"fields": ["calendar", "greeting", "greeting_en", "closed", "closed_en"]}),
        (_("Automatic answers"), {"fields": ["answers", "counts"]}),
        (_("When a member has left"), {"fields": ["left_after", "silent_after"]}),
    ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may: there is one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False
