"""Figures of agents and departments, the rows behind each, and both as files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from config.common.asked import id_in
from config.common.models import User
from config.common.screens import StaffRequest, page
from config.common.sheets import MOST_ROWS, Row, Table
from feedback.admin.access import needs
from feedback.admin.board import SEES
from feedback.admin.files import answer, filters, offered
from feedback.models import Department, Handoff
from feedback.org.queries import departments_of
from feedback.supervision.figures import MEASURES, Line, Number, Scope, agents_named, behind, figures

LONGEST = 366
DEFAULT = timedelta(days=6)
SIZE = 100
CHUNK = 2_000
SHOWN = {
    "cases": ("member", "department", "agent__user"),
    "clocks": ("case__member", "case__agent__user", "department"),
    "checks": ("case__member", "agent__user", "department"),
}


class PeriodForm(forms.Form):
    """Which time, and whose figures."""

    since = forms.DateField(
        label=gettext_lazy("from this day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("up to and including"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    by = forms.ChoiceField(
        label=gettext_lazy("grouped by"),
        choices=[("agent", gettext_lazy("agent")), ("department", gettext_lazy("department"))],
    )
    department = forms.ModelChoiceField(
        Department.objects.none(),
        required=False,
        label=gettext_lazy("department"),
        empty_label=gettext_lazy("all departments"),
    )

    def __init__(self, user: User, data: Any) -> None:
        """Offer the departments that this person sees; without a question, the last seven days by agent."""
        today = timezone.localdate()
        asked = {"since": str(today - DEFAULT), "until": str(today), "by": "agent", **data.dict()}
        super().__init__(asked)
        self.departments = departments_of(user)
        field: forms.ModelChoiceField[Department] = self.fields["department"]  # type: ignore[assignment]  # is one
        field.queryset = self.departments

    def clean(self) -> dict[str, Any]:
        """Keep the time forward and short enough to be counted at once."""
        data = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and not 0 <= (until - since).days < LONGEST:
            raise forms.ValidationError(_("Choose a time of one day up to one year."))
        return data

    def scope(self) -> Scope:
        """The time and the departments."""
        data = self.cleaned_data
        one = data["department"]
        ids = [one.pk] if one else list(self.departments.values_list("pk", flat=True))
        return Scope(ids, _midnight(data["since"]), _midnight(data["until"] + timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class Shown:
    """A line with its name, and where its rows are."""

    name: str
    query: str
    cells: list[tuple[str, Number]]


@require_GET
@needs(SEES)
def show(request: StaffRequest) -> HttpResponse:
    """The figures of a time."""
    at, form = timezone.now(), PeriodForm(request.user, request.GET)
    context: dict[str, Any] = {
        "form": form,
        "query": request.GET.urlencode(),
        "formats": offered(request),
        "measures": MEASURES.items(),
    }
    if not form.is_valid():
        return page(request, "feedback/board/figures.html", context, at=at, status=400)
    lines, total = figures(form.scope(), by=form.cleaned_data["by"])
    context |= {"lines": _named(form, lines), "total": _line(form, _("All together"), total, "")}
    return page(request, "feedback/board/figures.html", context, at=at)


@require_GET
@needs(SEES)
def rows(request: StaffRequest, name: str) -> HttpResponse:
    """The rows behind a number."""
    at, form = timezone.now(), PeriodForm(request.user, request.GET)
    if name not in MEASURES or not form.is_valid():
        raise Http404
    measure = MEASURES[name]
    found = _rows(request, form, name)
    number = id_in(request.GET.get("page")) or 0
    shown = list(found[number * SIZE : (number + 1) * SIZE + 1])
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "title": measure.title,
        "measure": measure,
        "rows": shown[:SIZE],
        "query": query.urlencode(),
        "number": number,
        "has_more": len(shown) > SIZE,
        "n": found.order_by().count(),
    }
    return page(request, "feedback/board/figure_rows.html", context, at=at)


@require_GET
@needs(SEES)
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The figures as a file."""
    form, back = PeriodForm(request.user, request.GET), reverse("admin:achieved")
    if not form.is_valid():
        return redirect(f"{back}?{request.GET.urlencode()}")
    lines, _total = figures(form.scope(), by=form.cleaned_data["by"])
    shown = _named(form, lines)
    table = Table("figures", list(_head(form)), len(shown), lambda: _lines(shown), filters(request))
    return answer(request, kind, table, back=back)


@require_GET
@needs(SEES)
def handoffs(request: StaffRequest, kind: str) -> HttpResponseBase:
    """The questions to and from one's departments that were asked in the time, as a file."""
    form, back = PeriodForm(request.user, request.GET), reverse("admin:achieved")
    if not form.is_valid():
        return redirect(f"{back}?{request.GET.urlencode()}")
    scope = form.scope()
    found = Handoff.objects.filter(
        Q(department__in=scope.departments) | Q(from_department__in=scope.departments),
        asked_at__gte=scope.since,
        asked_at__lt=scope.until,
    )
    number = found.order_by()[: MOST_ROWS + 1].count()
    table = Table("handoffs", HANDOFFS, number, lambda: _asked(found), filters(request))
    return answer(request, kind, table, back=back)


HANDOFFS = (
    gettext_lazy("case"), gettext_lazy("from"), gettext_lazy("department"), gettext_lazy("asked"),
    gettext_lazy("asked by"), gettext_lazy("status"), gettext_lazy("ended"), gettext_lazy("lasted (min)"),
)  # fmt: skip


def _asked(found: QuerySet[Handoff]) -> Iterator[Row]:
    shown = found.select_related("case", "from_department", "department", "asked_by").order_by(
        "asked_at", "pk"
    )
    for one in shown.iterator(CHUNK):
        yield [
            one.case.number,
            str(one.from_department),
            str(one.department),
            one.asked_at,
            str(one.asked_by or ""),
            one.get_status_display(),
            one.ended_at,
            _minutes(one.ended_at - one.asked_at) if one.ended_at else None,
        ]


def _rows(request: StaffRequest, form: PeriodForm, name: str) -> Any:
    by, key = form.cleaned_data["by"], request.GET.get("key", "")
    found = behind(name, form.scope(), by=by if key else "", key=id_in(key))
    return found.select_related(*SHOWN[MEASURES[name].kind]).order_by("-pk")


def _named(form: PeriodForm, lines: list[Line]) -> list[Shown]:
    """The lines by name, those of nobody last."""
    if form.cleaned_data["by"] == "agent":
        names: dict[int, str] = {pk: str(agent) for pk, agent in agents_named(lines).items()}
    else:
        names = {one.pk: str(one) for one in form.departments}
    shown = [
        (one.key is None, _line(form, names.get(one.key or 0, _("nobody")), one, str(one.key or 0)))
        for one in lines
    ]
    return [one for _last, one in sorted(shown, key=lambda pair: (pair[0], pair[1].name))]


def _line(form: PeriodForm, name: str, line: Line, key: str) -> Shown:
    data = form.cleaned_data
    query = f"since={data['since']}&until={data['until']}&by={data['by']}"
    if data["department"]:
        query += f"&department={data['department'].pk}"
    return Shown(name, f"{query}&key={key}" if key else query, list(line.numbers.items()))


def _head(form: PeriodForm) -> Iterator[str]:
    yield str(_("agent") if form.cleaned_data["by"] == "agent" else _("department"))
    for measure in MEASURES.values():
        yield f"{measure.title} · n"
        if measure.length:
            yield f"{measure.title} · {_('median (min)')}"
            yield f"{measure.title} · {_('90 % within (min)')}"
        elif measure.mean or measure.hits is not None:
            yield f"{measure.title} · %"


def _lines(shown: list[Shown]) -> Iterator[Row]:
    for line in shown:
        row: list[object] = [line.name]
        for name, number in line.cells:
            row.append(number.n)
            measure = MEASURES[name]
            if measure.length:
                row += [_minutes(number.median), _minutes(number.p90)]
            elif measure.mean or measure.hits is not None:
                row.append(None if number.value is None else round(number.value, 2))
        yield row


def _minutes(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds() / 60, 2)


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
