"""What moves recommendation and satisfaction: how often, how strongly, and the answers behind each driver."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from config.common.decimals import decimals, signed
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from kpis.admin.drivers_asked import DriversForm, asked_of
from kpis.admin.figures import readable, told
from kpis.attribution import queries, rules
from kpis.attribution.rules import Driver, Found, Side, Why
from kpis.charts.drawing import Cell, Chart, Row, Table
from kpis.charts.pareto import Heads, Part, pareto
from kpis.charts.scales import percent
from kpis.charts.whiskers import Effect, whiskers
from kpis.improvements.held import ADD
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Unit
from kpis.metrics.rows import SHOWN
from kpis.models import MetricCode
from kpis.snapshots.calendar import days_span
from kpis.templatetags.figures import DIGITS, change, ends, said
from kpis.templatetags.figures import value as written
from surveys.results.reach import READS, WORKS

DRAWN = 15
PAGE = 50
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


@needs(READS, WORKS)
@require_safe
def drivers(request: StaffRequest) -> HttpResponse:
    """Rank what moves a figure, with the reasons of the discontented and all sides beside each other."""
    form, of = asked_of(request, DriversForm)
    context: dict[str, Any] = {"title": _("What moves satisfaction"), "form": form}
    if not form.is_valid():
        return page(request, "kpis/attribution/drivers.html", context, status=400)
    asked = form.cleaned_data
    code, span = MetricCode(asked["metric"]), days_span(asked["start"], asked["end"])
    groups = queries.groups(code, span, of=of)
    found = rules.drivers(groups)
    sides = rules.sides(groups, queries.VALUES[code])
    names = queries.labels({*sides, *(one.driver for one in found.left_out)})
    called = {name: _called(name, label) for name, label in names.items()}
    link = _links(request)
    unit = METRICS[code].unit
    context |= {
        "metric": METRICS[code],
        "found": found,
        "few": rules.FEW,
        "chart": _chart(found, names, called, unit, link),
        "told": [
            _told(one, called[one.name], unit, link(one.name), _new(request, code, called[one.name], one))
            for one in found.drivers
            if one.is_sure
        ],
        "untold": [(called[one.name], one.n, link(one.name)) for one in found.drivers if not one.is_sure],
        "left_out": [
            (LEFT_OUT[why], [(called[name], n, link(name)) for name, n in left])
            for why, left in _by_why(found).items()
        ],
        "reasons": _reasons(code, sides, names, link),
        "heads": [
            (head, next((row[place].n for row in sides.values()), 0))
            for place, head in enumerate(SIDES[code])
        ],
        "sides": [
            (
                called[name],
                [(one, link(name, value)) for one, value in zip(row, queries.VALUES[code], strict=True)],
            )
            for name, row in sorted(sides.items(), key=_by_kind)
            if any(one.hits < one.n for one in row)
        ],
    }
    return page(request, "kpis/attribution/drivers.html", context)


@needs(READS, WORKS)
@require_safe
def driver_rows(request: StaffRequest) -> HttpResponse:
    """The answers that have a driver, newest first."""
    form, of = asked_of(request, DriversForm)
    context: dict[str, Any] = {"title": _("Answers with a driver"), "form": form}
    if not form.is_valid() or "\x00" in form.cleaned_data["driver"]:
        return page(request, "kpis/attribution/rows.html", context, status=400)
    asked = form.cleaned_data
    number = asked["page"] or 0
    code = MetricCode(asked["metric"])
    found = queries.having(
        code,
        days_span(asked["start"], asked["end"]),
        of=of,
        driver=asked["driver"],
        values=asked["values"],
    )
    rows = list(SHOWN["answers"](found)[number * PAGE : (number + 1) * PAGE + 1])
    context |= {
        "driver": _called(asked["driver"], queries.labels([asked["driver"]])[asked["driver"]]),
        "values": [
            head
            for head, value in zip(SIDES[code], queries.VALUES[code], strict=True)
            if value in asked["values"]
        ],
        "rows": rows[:PAGE],
        "readable": readable(request.user, "answers", rows[:PAGE]),
        "told": told(request.user, "answers", rows[:PAGE]),
        "number": number,
        "has_more": len(rows) > PAGE,
    }
    return page(request, "kpis/attribution/rows.html", context)


def _called(name: str, label: str) -> str:
    kind = KINDS.get(rules.kind_of(name))
    return f"{label} ({kind})" if kind else label


def _by_kind(side: tuple[str, tuple[Side, ...]]) -> tuple[str, int, str]:
    """Where drivers stand side by side: one kind after the other, of each the most frequent first."""
    name, row = side
    return rules.kind_of(name), -sum(one.hits for one in row), name


def _by_why(found: Found) -> dict[Why, list[tuple[str, int]]]:
    """What is left out, by why; what every answer has is nothing to tell apart by."""
    left: dict[Why, list[tuple[str, int]]] = {}
    for one in found.left_out:
        if one.n < found.n:
            left.setdefault(one.why, []).append((one.driver, one.n))
    return left


def _links(request: StaffRequest) -> Callable[..., str]:
    """The way to the answers with a driver, of some values only where they are named."""
    kept = {
        name: value for name, value in request.GET.dict().items() if name not in {"driver", "values", "page"}
    }

    def link(driver: str, *values: int) -> str:
        asked = {**kept, "driver": driver} | ({"values": ",".join(map(str, values))} if values else {})
        return f"{reverse('admin:drivers_rows')}?{urlencode(asked)}"

    return link


def _new(request: StaffRequest, code: MetricCode, called: str, one: Driver) -> str:
    """The way to an improvement of the figure; empty where nothing would be gained, or for whom may not."""
    if one.gain <= 0 or not request.user.has_perm(ADD):
        return ""
    return f"{reverse('admin:improvement_new')}?{urlencode({'metric': code.value, 'title': called})}"


def _told(one: Driver, called: str, unit: Unit, link: str, new: str) -> dict[str, Any]:
    """A driver that is sure in words: how much, within which interval, of how many."""
    sizes = sorted((abs(one.low), abs(one.high)))
    parts = {
        "driver": called,
        "effect": written(abs(one.effect), unit),
        "low": decimals(sizes[0], DIGITS[unit]),
        "high": decimals(sizes[1], DIGITS[unit]),
        "share": decimals(100 * one.share, 1),
    }
    if one.effect < 0:
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


def _chart(
    found: Found, names: dict[str, str], called: dict[str, str], unit: Unit, link: Callable[..., str]
) -> Chart:
    """Effects with their intervals, the greatest share × effect first."""
    drawn = [
        Effect(
            _short(one.name, names),
            one.effect,
            one.low,
            one.high,
            one.n,
            change(one.effect, unit),
            one.is_sure,
        )
        for one in found.drivers[:DRAWN]
    ]
    rows = [
        Row(
            called[one.name],
            [
                Cell(str(one.n), link(one.name)),
                Cell(percent(100 * one.share)),
                Cell(change(one.effect, unit)),
                Cell(ends(one.low, one.high, 2)),
                Cell(signed(one.gain, 2)),
                Cell(ends(one.gain_low, one.gain_high, 2)),
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


def _short(name: str, names: dict[str, str]) -> str:
    """What stands beside a dot: reasons, which are most, without their kind."""
    return names[name] if rules.kind_of(name) == "reason" else _called(name, names[name])


def _reasons(
    code: MetricCode, sides: dict[str, tuple[Side, ...]], names: dict[str, str], link: Callable[..., str]
) -> Chart:
    """What the discontented name, the most frequent first."""
    low = queries.LOW_VALUES[code]
    parts = [
        Part(
            names[name],
            sum(one.hits for one, value in zip(row, queries.VALUES[code], strict=True) if value in low),
            link(name, *low),
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
    hint = str(_("shares are of all that was named: one answer may name several"))
    return pareto(str(_("Reasons of the discontented")), str(_("times named")), parts, heads=heads, hint=hint)


DRIVERS_PAGES = [Page("drivers/", drivers, "drivers"), Page("drivers/answers/", driver_rows, "drivers_rows")]
DRIVERS_MENU = [
    MenuItem(_("What moves satisfaction"), "drivers", "account_tree", (READS, WORKS), group="lead")
]
