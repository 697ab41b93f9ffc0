"""The page of the rows behind the numbers that dashboards draw beside figures."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.admin.hot_spots import VIEW as SEES_GAPS
from feedback.models import Aspect, BreachCause, CaseKind, Department, GapCause
from feedback.org.queries import SEE_ALL, departments_of, remember
from kpis.admin.boards.asking import SEES, Asked, form_of
from kpis.admin.figures import readable
from kpis.boards.cells import behind, fits
from kpis.boards.figures import Where
from kpis.models import TallyOf
from kpis.snapshots.queries import SEE_COMPANY

PAGE = 50
KINDS = (TallyOf.KIND, TallyOf.CAUSE, TallyOf.GAP, TallyOf.STARS)
"""What is told by cell; hours have a page of their own, times a figure."""
UNSAID = "none"
"""How an address calls the cell of what nobody has said."""
MOST = 60


class CellForm(forms.Form):
    """Which rows: of what, in which cells, of a product."""

    what = forms.ChoiceField(choices=[(one.value, one.label) for one in KINDS], widget=forms.HiddenInput)
    cells = forms.CharField(required=False, max_length=1_000, widget=forms.HiddenInput)
    mine = forms.BooleanField(required=False, widget=forms.HiddenInput)
    product = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)
    page = forms.IntegerField(min_value=0, max_value=10_000, required=False, widget=forms.HiddenInput)

    def clean_cells(self) -> tuple[str, ...]:
        """The cells one by one; none are all."""
        found = tuple(one for one in self.cleaned_data["cells"].split(",") if one)
        if len(found) > MOST:
            raise forms.ValidationError(_("These filters don’t fit."))
        return tuple("" if one == UNSAID else one for one in found)


def cells_link(asked: Asked, of: TallyOf, cells: Sequence[str] = (), **more: Any) -> str:
    """Where the rows of some cells are, or of all; `start` and `end` may be others."""
    query: dict[str, Any] = asked.query | {"what": of.value}
    if cells:
        query["cells"] = ",".join(one or UNSAID for one in cells)
    if asked.where.departments is not None and "department" not in query:
        query["mine"] = 1
    if asked.where.product is not None:
        query["product"] = asked.where.product
    return reverse("admin:board_rows") + "?" + urlencode(query | more)


@require_safe
@needs(SEE_COMPANY, SEES)
def show_cells(request: StaffRequest) -> HttpResponse:
    """The rows of some cells in some time, of what somebody may see."""
    remember(request.user)
    of = departments_of(request.user)
    form, which = form_of(request, of), CellForm(request.GET)
    context: dict[str, Any] = {"form": form, "which": which, "title": _("Rows")}
    if not (form.is_valid() & which.is_valid()):
        return page(request, "kpis/boards/cells.html", context, status=400)
    chosen = which.cleaned_data
    what, number = TallyOf(chosen["what"]), chosen["page"] or 0
    if not _may_see(request.user, what):
        raise PermissionDenied
    department: Department | None = form.cleaned_data["department"]
    by, key = form.cleaned_data["narrow"]
    mine = _departments(request.user, list(of), department, is_mine=chosen["mine"])
    where = Where(mine, by, key, chosen["product"])
    if not fits(what, where):
        form.add_error("department" if department else "narrow", _("This figure can't be told apart by it."))
        return page(request, "kpis/boards/cells.html", context, status=400)
    rows = behind(what, form.days, where, chosen["cells"])
    found = list(rows.found[number * PAGE : (number + 1) * PAGE + 1])
    context |= {
        "title": what.label,
        "days": form.days,
        "cells": _said(what, chosen["cells"]),
        "kind": rows.table,
        "rows": found[:PAGE],
        "n": rows.found.count(),
        "readable": readable(request.user, rows.table, found[:PAGE]),
        "number": number,
        "has_more": len(found) > PAGE,
    }
    return page(request, "kpis/boards/cells.html", context)


def _may_see(user: User, what: TallyOf) -> bool:
    """Gaps and stars are of no department, so they are for those who see the company."""
    if what == TallyOf.GAP:
        return user.has_perm(SEE_COMPANY) and user.has_perm(SEES_GAPS)
    return user.has_perm(SEE_COMPANY) or (what != TallyOf.STARS and user.has_perm(SEES))


def _departments(
    user: User, departments: Sequence[Department], chosen: Department | None, *, is_mine: bool
) -> tuple[int, ...] | None:
    """Whose rows; None is the whole."""
    if chosen is not None:
        return (chosen.pk,)
    sees_all = user.has_perm(SEE_COMPANY) or user.has_perm(SEE_ALL)
    return None if sees_all and not is_mine else tuple(one.pk for one in departments)


def _said(what: TallyOf, cells: Sequence[str]) -> list[str]:
    """What cells are called; unknown ones stand for themselves."""
    if what == TallyOf.STARS:
        return ["★" * int(one) if one in {"1", "2", "3", "4", "5"} else one for one in cells]
    if what == TallyOf.KIND:
        kinds = {str(value): str(label) for value, label in CaseKind.choices}
        return [kinds.get(one, one) for one in cells]
    if what == TallyOf.CAUSE:
        numbers = [int(one) for one in cells if one.isdecimal() and len(one) < len(str(2**63))]
        causes = {str(one.pk): str(one) for one in BreachCause.objects.filter(pk__in=numbers)}
        return [causes.get(one, one) or _("not said yet") for one in cells]
    return [gap_said(one) for one in cells]


def gap_said(cell: str) -> str:
    """What was not as promised, and why."""
    aspect, _colon, cause = cell.partition(":")
    aspects, causes = dict(Aspect.choices), dict(GapCause.choices)
    return f"{aspects.get(aspect, aspect)} · {causes.get(cause, cause) if cause else _('not said yet')}"
