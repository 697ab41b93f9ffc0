"""A product's voice: what its reviews say in a time, beside before and its category; and all products."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_GET

from compensation.models import Product
from config.common.asked import id_in, within_years
from config.common.handing_out import offered
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sheets import Row
from feedback.admin.access import needs
from feedback.admin.fields import Place
from feedback.admin.voice_drawing import by_stars, charts, hours
from feedback.admin.voice_search import READS, SEARCH_MENU, SEARCH_PAGES, without_nul
from feedback.gaps.statistics import RATE
from feedback.models import Aspect
from feedback.voice.movement import Moved, moved
from feedback.voice.rules import Span, last
from feedback.voice.telling import tell
from feedback.voice.trends import PERIODS

SEES_GAPS, SEES_CLAIMS = "feedback.view_gap", "feedback.view_claim"
OF_PRODUCT, OF_ALL = 90, 30
"""Days that are told of a product, and of all, unless somebody asks for others."""
SIZE = 50


class PeriodForm(forms.Form):
    """Which days, written where."""

    days = forms.TypedChoiceField(
        required=False,
        coerce=int,
        label=gettext_lazy("days"),
        choices=[(str(days), str(days)) for days in PERIODS],
    )
    until = forms.DateField(
        required=False,
        label=gettext_lazy("up to and with"),
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    source = Place()

    def __init__(self, data: Any, *, days: int) -> None:
        given = data.copy()
        given["days"] = given.get("days") or str(days)
        super().__init__(given)

    @property
    def span(self) -> Span:
        """The days that are asked for; up to today without a word."""
        until: date | None = self.cleaned_data["until"]
        return last(until or timezone.localdate(), int(self.cleaned_data["days"]))


class ProductsForm(PeriodForm):
    """Of which products as well."""

    category = forms.CharField(required=False, max_length=80, label=gettext_lazy("product category"))


@require_GET
@needs(READS)
def product(request: StaffRequest, product_id: int) -> HttpResponse:
    """A product's voice."""
    at = timezone.now()
    found = get_object_or_404(Product, pk=product_id)
    form = PeriodForm(without_nul(request), days=OF_PRODUCT)
    context: dict[str, Any] = {"form": form, "product": found}
    if not form.is_valid():
        return page(request, "feedback/voice/product.html", context, at=at, status=400)
    told = tell(
        found,
        form.span,
        form.cleaned_data["source"],
        at=at,
        gaps=request.user.has_perm(SEES_GAPS),
        claims=request.user.has_perm(SEES_CLAIMS),
    )
    context |= {
        "told": told,
        "charts": charts(told),
        "by_stars": by_stars(told),
        "hours": {
            "median": hours(told.answers.median_hours),
            "median_before": hours(told.answers_before.median_hours),
            "late": hours(told.answers.late_hours),
            "late_before": hours(told.answers_before.late_hours),
        },
        "gap_links": [(aspect, Aspect(aspect).label) for aspect in told.gaps],
        "sees_claims": request.user.has_perm(SEES_CLAIMS),
    }
    return page(request, "feedback/voice/product.html", context, at=at)


@require_GET
@needs(READS)
def products(request: StaffRequest) -> HttpResponse:
    """The products with reviews in a time, the surest fall first."""
    at, form = timezone.now(), ProductsForm(without_nul(request), days=OF_ALL)
    if not form.is_valid():
        return page(request, "feedback/voice/products.html", {"form": form}, at=at, status=400)
    data, number = form.cleaned_data, id_in(request.GET.get("page")) or 0
    rows = moved(form.span, category=data["category"], source=data["source"])
    context = {
        "form": form,
        "span": form.span,
        "rows": rows.part(number * SIZE, SIZE),
        "number": number,
        "has_more": len(rows) > (number + 1) * SIZE,
        "rate": round(100 * RATE),
        "formats": offered(request),
        "query": request.GET.urlencode(),
    }
    return page(request, "feedback/voice/products.html", context, at=at)


def file(request: StaffRequest) -> tuple[int, Callable[[], Iterator[Row]]]:
    """The products as they are ranked, as a file."""
    form = ProductsForm(without_nul(request), days=OF_ALL)
    if not form.is_valid():
        raise Http404
    rows = moved(form.span, category=form.cleaned_data["category"], source=form.cleaned_data["source"])
    return len(rows), lambda: map(_cells, rows.part(0, len(rows)))


def _cells(row: Moved) -> Row:
    how = _("few") if row.change.is_small else ""
    how = how or (_("fallen") if row.has_fallen else _("risen") if row.has_risen else _("as before"))
    return [
        str(row.product),
        row.product.category,
        how,
        *(_rounded(value) for value in (row.change.value, row.change.low, row.change.high)),
        _rounded(row.now.value),
        row.now.n,
        _rounded(row.before.value),
        row.before.n,
        None if row.bad.value is None else round(100 * row.bad.value, 1),
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def voice_of_product(product: Product) -> tuple[str, Any]:
    """The page of a product's voice, for lists of products."""
    return reverse("admin:voice", args=[product.pk]), pgettext("product", "voice")


VOICE_PAGES = [
    *SEARCH_PAGES,
    Page("voice/", products, "voices"),
    Page("voice/<int:product_id>/", product, "voice"),
]
VOICE_MENU = [
    *SEARCH_MENU,
    MenuItem(
        pgettext_lazy("menu", "Products’ voices"), "voices", "record_voice_over", (READS,), group="customers"
    ),
]
