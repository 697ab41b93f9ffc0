"""Paging by key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound
from rest_framework.filters import OrderingFilter
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

if TYPE_CHECKING:  # DRF's views import this module by its name in the settings
    from rest_framework.views import APIView


class Pages(CursorPagination):
    """Pages that begin after the last row of the one before: as fast on page 1,000 as on page 1."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100
    ordering = "-id"

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        """The order that was asked for, with ties in the order of their ids: pages never overlap."""
        fixed = OrderingFilter not in getattr(view, "filter_backends", []) and getattr(view, "ordering", None)
        order = tuple(fixed or super().get_ordering(request, queryset, view))
        if any(field.lstrip("-") in {"id", "version"} for field in order):
            return order
        return (*order, "-id" if order[0].startswith("-") else "id")

    def decode_cursor(self, request: Request) -> Any:
        """Where the page begins; a moment as UTC, since Python knows zones that PostgreSQL does not."""
        cursor: Any = super().decode_cursor(request)
        moment = parse_datetime(cursor.position) if cursor and cursor.position else None
        if moment is None:
            return cursor
        return Cursor(cursor.offset, cursor.reverse, cast("Any", moment.astimezone(UTC).isoformat()))

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """A page; a cursor that was tampered with is not found."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, OverflowError) as error:
            raise NotFound(self.invalid_cursor_message) from error
