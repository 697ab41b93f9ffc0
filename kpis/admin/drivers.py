"""What moves recommendation and satisfaction: how often, how strongly, and the answers behind each driver."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.org.queries import departments_of
from kpis.admin.figures import FigureForm, readable
from kpis.attribution import queries, rules
from kpis.attribution.rules import Driver, Found, Side, Why
from kpis.charts.drawing import Cell, Chart, Row, Table
from kpis.charts.pareto import Heads, Part, pareto
from kpis.charts.scales import percent
from kpis.charts.whiskers import Effect, whiskers
from kpis.improvements.held import ADD
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Unit
from kpis.metrics.rows import SHOWN, Of
from kpis.models import Dimension, MetricCode
from kpis.snapshots.calendar import days_span
from kpis.snapshots.queries import SEE_COMPANY
from kpis.templatetags.figures import change, said
from kpis.templatetags.figures import value as written

DAYS = 90
DRAWN = 15
PAGE = 50
LOW_VALUES = {MetricCode.NPS: (-100,), MetricCode.CSAT: (1, 2)}
"""Whose reasons are told: detractors, and whoever is not satisfied."""
SIDES = {
    MetricCode.NPS: (_("promoters"), _("passives"), _("detractors")),
    MetricCode.CSAT: ("5", "4", "3", "2", "1"),
}
KINDS = {
    "gap": _("gap"),
    "clock": _("clock breached"),
    "review": _("bad in a review"),
    "reason": _("reason given"),
    "after": _("reason given"),
    "need": _("need spoken of"),
    "tier": _("tier"),
    "category": _("category"),
}
LEFT_OUT = {
    Why.RARE: _("too few answers with it, or without"),
    Why.ALIKE: _("can’t be told apart from other drivers"),
    Why.USUAL: _("the most usual: what its kind is compared with"),
    Why.TOO_MANY: _("too many drivers for so few answers"),
    Why.AFTER: _("asked for because of the score, so it can’t explain it"),
}


class DriversForm(FigureForm):
    """Which answers are asked for."""

    metric = forms.ChoiceField(
        label=_("figure"), choices=[(code.value, code.label) for code in queries.EXPLAINED]
    )
    part = None  # type: ignore[assignment]  # Django's way to leave out an inherited field
    field_order = ("metric", "start", "end", "department", "by", "key")
    value = forms.IntegerField(required=False, widget=forms.HiddenInput)
    driver = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)


def _asked(request: StaffRequest) -> tuple[DriversForm, Of]:
    """The form, bound, and to what the answers are narrowed: never beyond what figures show them of."""
    departments, company = departments_of(request.user), request.user.has_perm(SEE_COMPANY)
    if not company and not departments:
        raise PermissionDenied
    today = timezone.localdate()
    usual = {"metric": MetricCode.NPS, "start": today - timedelta(DAYS), "end": today}
    form = DriversForm({**usual, **request.GET.dict()})
    form.fields["department"].queryset = departments  # type: ignore[attr-defined]  # a ModelChoiceField
    of: dict[Dimension, list[str]] = {}
    if form.is_valid():
        asked = form.cleaned_data
        if asked["department"] or not company:
            chosen = [asked["department"]] if asked["department"] else departments
            of[Dimension.DEPARTMENT] = [str(department.pk) for department in chosen]
        if asked["by"] and asked["key"]:
            of[Dimension(asked["by"])] = [asked["key"]]
    return form, of


@require_safe
def drivers(request: StaffRequest) -> HttpResponse:
    """Rank what moves a figure, with the reasons of the discontented and all sides beside each other."""
    form, of = _asked(request)
    context: dict[str, Any] = {"title": _("What moves satisfaction"), "form": form}
    if not form.is_valid():
        return page(request, "kpis/attribution/drivers.html", context, status=400)
    asked = form.cleaned_data
    code, span = MetricCode(asked["metric"]), days_span(asked["start"], asked["end"])
    groups = queries.groups(code, span, of=of)
    found = rules.drivers(groups)
    sides = rules.sides(groups, queries.VALUES[code])
    names = queries.labels({*sides, *(one.driver for one in found.left_out)})
    called = {name: f"{label} ({KINDS[rules.kind_of(name)]})" for name, label in names.items()}
    link = _links(request)
    unit = METRICS[code].unit
    context |= {
        "metric": METRICS[code],
        "found": found,
        "few": rules.FEW,
        "chart": _chart(found, called, unit, link),
        "told": [
            _told(one, called[one.name], unit, link(one.name), _new(request, code, called[one.name]))
            for one in found.drivers
        ],
        "left_out": [
            (called[one.driver], one.n, LEFT_OUT[one.why], link(one.driver)) for one in found.left_out
        ],
        "reasons": _reasons(code, sides, called, link),
        "heads": SIDES[code],
        "sides": [
            (
                called[name],
                [(one, link(name, int(value))) for one, value in zip(row, queries.VALUES[code], strict=True)],
            )
            for name, row in sides.items()
        ],
    }
    return page(request, "kpis/attribution/drivers.html", context)


@require_safe
def driver_rows(request: StaffRequest) -> HttpResponse:
    """The answers that have a driver, newest first."""
    form, of = _asked(request)
    context: dict[str, Any] = {"title": _("Answers with a driver"), "form": form}
    if not form.is_valid() or "\x00" in form.cleaned_data["driver"]:
        return page(request, "kpis/attribution/rows.html", context, status=400)
    asked = form.cleaned_data
    number = asked["page"] or 0
    found = queries.having(
        MetricCode(asked["metric"]),
        days_span(asked["start"], asked["end"]),
        of=of,
        driver=asked["driver"],
        value=asked["value"],
    )
    rows = list(SHOWN["answers"](found)[number * PAGE : (number + 1) * PAGE + 1])
    context |= {
        "driver": queries.labels([asked["driver"]])[asked["driver"]],
        "rows": rows[:PAGE],
        "readable": readable(request.user, "answers", rows[:PAGE]),
        "number": number,
        "has_more": len(rows) > PAGE,
    }
    return page(request, "kpis/attribution/rows.html", context)


def _links(request: StaffRequest) -> Callable[..., str]:
    """The way to the answers with a driver, and of one value where it is named."""
    kept = {
        name: value for name, value in request.GET.dict().items() if name not in {"driver", "value", "page"}
    }

    def link(driver: str, value: int | None = None) -> str:
        asked = {**kept, "driver": driver} | ({} if value is None else {"value": f"{value}"})
        return f"{reverse('admin:drivers_rows')}?{urlencode(asked)}"

    return link


def _new(request: StaffRequest, code: MetricCode, called: str) -> str:
    """The way to an improvement of the figure; empty for whom may not propose one."""
    if not request.user.has_perm(ADD):
        return ""
    return f"{reverse('admin:improvement_new')}?{urlencode({'metric': code.value, 'title': called})}"


def _told(one: Driver, called: str, unit: Unit, link: str, new: str) -> dict[str, Any]:
    """A driver in words: how much, how sure, of how many, and what would be gained without it."""
    ends = sorted((abs(one.low), abs(one.high)))
    parts = {
        "driver": called,
        "effect": written(abs(one.effect), unit),
        "low": number_format(ends[0], 2),
        "high": number_format(ends[1], 2),
        "share": number_format(100 * one.share, 1),
    }
    if not one.is_sure:
        said = _("%(driver)s: no effect can be told from chance; this concerns %(share)s %% of answers.")
    elif one.effect < 0:
        said = _(
            "%(driver)s: %(effect)s less (%(low)s to %(high)s), other things equal; this concerns"
            " %(share)s %% of answers."
        )
    else:
        said = _(
            "%(driver)s: %(effect)s more (%(low)s to %(high)s), other things equal; this concerns"
            " %(share)s %% of answers."
        )
    return {"driver": one, "said": said % parts, "link": link, "new": new}


def _chart(found: Found, called: dict[str, str], unit: Unit, link: Callable[..., str]) -> Chart:
    """Effects with their intervals, the greatest share × effect first."""
    drawn = [
        Effect(called[one.name], one.effect, one.low, one.high, one.n, change(one.effect, unit), one.is_sure)
        for one in found.drivers[:DRAWN]
    ]
    rows = [
        Row(
            called[one.name],
            [
                Cell(str(one.n), link(one.name)),
                Cell(percent(100 * one.share)),
                Cell(change(one.effect, unit)),
                Cell(f"{one.low:.2f} – {one.high:.2f}"),
                Cell(f"{one.gain:+.2f}"),
                Cell(f"{one.gain_low:+.2f} – {one.gain_high:+.2f}"),
            ],
        )
        for one in found.drivers
    ]
    heads = [
        _("driver"),
        pgettext("driver", "answers"),
        _("share"),
        _("effect"),
        _("95 % interval"),
        _("without it"),
        _("95 % interval"),
    ]
    table = Table([str(head) for head in heads], rows)
    return whiskers(
        str(_("How strongly: other drivers held equal")),
        said(unit),
        drawn,
        table=table,
        n=found.n,
        hint=str(_("grey: can’t be told from chance")),
    )


def _reasons(
    code: MetricCode, sides: dict[str, tuple[Side, ...]], called: dict[str, str], link: Callable[..., str]
) -> Chart:
    """What the discontented name, the most frequent first."""
    low = LOW_VALUES[code]
    parts = [
        Part(
            called[name],
            sum(one.hits for one, value in zip(row, queries.VALUES[code], strict=True) if value in low),
            link(name, low[0]) if len(low) == 1 else link(name),
        )
        for name, row in sides.items()
        if rules.kind_of(name) in {"reason", rules.AFTER, "need"}
    ]
    heads = Heads(
        str(pgettext("driver", "reason")),
        str(pgettext("driver", "answers")),
        str(_("share")),
        str(_("cumulated")),
    )
    return pareto(str(_("Reasons of the discontented")), str(_("times named")), parts, heads=heads)


DRIVERS_PAGES = [Page("drivers/", drivers, "drivers"), Page("drivers/answers/", driver_rows, "drivers_rows")]
DRIVERS_MENU = [MenuItem(_("What moves satisfaction"), "drivers", "account_tree", group="lead")]
