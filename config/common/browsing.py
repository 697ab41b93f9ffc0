"""Changelists for administration that stay fast over large tables."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from typing import Any

from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import strip_tags
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action

from config.common.handing_out import answer, filters
from config.common.screens import StaffRequest
from config.common.sheets import EXPORTS, MOST_ROWS, Row, Table

CAP = 2_000
AT_ONCE = 2_000
PLAIN = (int, float, Decimal, date)


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts no further than people page: what is older is found by filters and search."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most `CAP`."""
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]  # a changelist pages no lists
        return int(rows.order_by()[:CAP].count())


class Counted:
    """A list with figures of what hangs on its rows: worked out for those of the page, in `count`."""

    def count(self, rows: Sequence[Any]) -> None:
        """Put the figures on the rows of a page."""
        raise NotImplementedError

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list, whose page is counted when it is known."""
        base: type[ChangeList] = super().get_changelist(request, **kwargs)  # type: ignore[misc]  # a ModelAdmin's
        return type("CountedList", (_CountsItsPage, base), {})


class _CountsItsPage:
    """The part of a changelist that asks for the figures."""

    result_list: Iterable[Any]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)  # type: ignore[misc]  # a ChangeList's
        self.result_list = list(self.result_list)
        self.model_admin.count(self.result_list)  # type: ignore[attr-defined]  # a ChangeList's


class Browsed(ModelAdmin):
    """Rows that commands write: staff may look at them here, nobody may change them."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    actions_on_top = True
    actions_list = ("export_csv", "export_xlsx")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """By the address one filters by nothing but what the page offers: a filter also tells what is hidden.

        Django allows any field of the row, such as `?phone__startswith=138`.
        """
        filters = self.get_list_filter(request) if request else self.list_filter
        offered = [_name(one) for one in filters]
        if not any(lookup == name or lookup.startswith(f"{name}__") for name in offered):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def has_export_permission(self, request: StaffRequest, object_id: Any = None) -> bool:  # noqa: ARG002 - Unfold's
        """Who may take lists out, and may see this one."""
        return request.user.has_perm(EXPORTS) and self.has_view_permission(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; its buttons for files take the filters along."""
        response: HttpResponse = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and (query := request.GET.urlencode()):
            for button in (response.context_data or {}).get("actions_list", ()):
                button["path"] = f"{button['path']}?{query}"
        return response

    @action(description=_("Export as CSV"), permissions=["export"], url_path="csv")
    def export_csv(self, request: StaffRequest) -> HttpResponseBase:
        """The list as it is filtered now, as CSV."""
        return self._file(request, "csv")

    @action(description=_("Export as XLSX"), permissions=["export"], url_path="xlsx")
    def export_xlsx(self, request: StaffRequest) -> HttpResponseBase:
        """The list as it is filtered now, as XLSX."""
        return self._file(request, "xlsx")

    def file_head(self, request: HttpRequest) -> list[str]:
        """The columns of the file: those of the list."""
        return [str(label_for_field(name, self.model, self)) for name in self.get_list_display(request)]

    def file_rows(self, request: HttpRequest, found: models.QuerySet[Any]) -> Iterator[Row]:
        """The rows of the file, each with what the list shows of it, and nothing that it masks."""
        names = self.get_list_display(request)
        for row in found.iterator(AT_ONCE):
            yield [self._cell(name, row) for name in names]

    def _file(self, request: StaffRequest, kind: str) -> HttpResponseBase:
        if not self.has_export_permission(request):
            raise PermissionDenied
        found = self.get_changelist_instance(request).get_queryset(request)
        number = found.order_by()[: MOST_ROWS + 1].count()
        name, rows = str(self.opts.model_name), lambda: self.file_rows(request, found)
        table = Table(name, self.file_head(request), number, rows, filters(request))
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return answer(request, kind, table, back=back)

    def _cell(self, name: str, row: Any) -> object:
        """What a column shows, as plain text, number or moment."""
        try:
            field, _attribute, value = lookup_field(name, row, self)
        except ObjectDoesNotExist:
            return ""
        if field is not None and value is not None:
            is_told = getattr(field, "flatchoices", None) or not isinstance(value, PLAIN)
            value = display_for_field(value, field, "") if is_told else value
        if isinstance(value, (tuple, list)):  # a label: its colour, and what it says
            value = value[-1] if value else ""
        return _plain(value)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """Nobody may."""
        return False


def _plain(value: Any) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, (int, float, datetime)):
        return value
    if isinstance(value, Decimal):
        return float(value)
    return unescape(strip_tags(str(value))) if hasattr(value, "__html__") else str(value)


def _name(offered: Any) -> str:
    """The field or the parameter that a filter of a changelist goes by."""
    first = offered[0] if isinstance(offered, list | tuple) else offered
    return str(getattr(first, "parameter_name", first))
