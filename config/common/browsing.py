"""Changelists for administration that stay fast over large tables."""

from typing import Any

from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin

CAP = 2_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts no further than people page: what is older is found by filters and search."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most `CAP`."""
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]  # a changelist pages no lists
        return int(rows.order_by()[:CAP].count())


class Browsed(ModelAdmin):  # type: ignore[misc]  # Unfold ships no types
    """Rows that commands write: staff may look at them here, nobody may change them."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    actions_on_top = True

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """By the address one filters by nothing but what the page offers: a filter also tells what is hidden.

        Django allows any field of the row, such as `?phone__startswith=138`.
        """
        filters = self.get_list_filter(request) if request else self.list_filter
        offered = [_name(one) for one in filters]
        if not any(lookup == name or lookup.startswith(f"{name}__") for name in offered):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False


def _name(offered: Any) -> str:
    """The field or the parameter that a filter of a changelist goes by."""
    first = offered[0] if isinstance(offered, list | tuple) else offered
    return str(getattr(first, "parameter_name", first))
