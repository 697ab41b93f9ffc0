"""Lists of what was said, by what it is about and how it is meant."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from feedback.models import Feeling, VoiceAspect

UNSURE = "unsure"


class AspectFilter(DropdownFilter):
    """What it speaks of."""

    title = _("about")
    parameter_name = "aspect"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's
        """Give all."""
        return list(VoiceAspect.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Narrow down."""
        if self.value() not in VoiceAspect.values:
            return queryset
        return queryset.filter(triage__aspects__contains=[self.value()])


class FeelingFilter(DropdownFilter):
    """How it is meant."""

    title = _("feeling")
    parameter_name = "feeling"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002 - Django's
        """Give all, and what nobody is sure of."""
        return [*Feeling.choices, (UNSURE, _("not sure"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Narrow down."""
        value = self.value()
        if value not in {*Feeling.values, UNSURE}:
            return queryset
        return queryset.filter(triage__feeling="" if value == UNSURE else value)
