"""What the pages of products' voices draw: charts for the script, and the tables that stand behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config.common.decimals import decimals
from feedback.gaps.statistics import Interval
from feedback.models import Aspect
from feedback.voice.rules import BEST, Span, Spoken, Sums
from feedback.voice.telling import Told

LINES = 5
"""Aspects that are drawn; the table has all."""
Text = str | Promise


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and its table: by part of the time a value of each line, and of how many it is one."""

    code: str
    title: Text
    unit: Text
    n: int
    drawn: dict[str, Any]
    head: Sequence[Text]
    rows: Sequence[tuple[str, Sequence[tuple[str, int]]]]


def charts(told: Told) -> dict[str, Chart]:
    """The charts of a product's page, by code; those with nothing to draw are left out."""
    found = [_mean(told), _stars(told), *_aspects(told), _gaps(told)]
    return {chart.code: chart for chart in found if chart is not None and chart.n}


def label(span: Span) -> str:
    """What a part of the time is called: a month, or a week by its last day."""
    return f"{span.until:%m-%d}" if span.by_week else f"{span.until:%Y-%m}"


def _mean(told: Told) -> Chart:
    means = [sums.mean for _span, sums in told.parts]
    lines: list[tuple[Text, Sequence[Interval]]] = [(told.product.name or told.product.external_id, means)]
    others = told.others.mean
    if others.n:
        lines.append((_("others of the category, in all"), [others] * len(means)))
    return _lines(
        "mean", _("Mean stars"), _("stars"), told.now.n, told, lines=lines, top=BEST, dashed=1, least=1
    )


def _stars(told: Told) -> Chart:
    parts = [sums for _span, sums in told.parts]
    values: list[tuple[Text, Sequence[Interval]]] = [
        ("★" * stars, [_share(sums.stars[stars - 1], sums.n) for sums in parts])
        for stars in range(1, BEST + 1)
    ]
    return _lines(
        "stars", _("Stars, shares of the reviews"), "%", told.now.n, told, lines=values, stacked=True
    )


def _share(hits: int, n: int) -> Interval:
    return Interval(hits / n if n else None, None, None, n)


def _aspects(told: Told) -> list[Chart]:
    named = [one.aspect for one in told.aspects]
    n = sum(one.now.n for one in told.aspects)

    def lines(way: str) -> list[tuple[Text, Sequence[Interval]]]:
        return [
            (aspect.label, [_way(sums.spoken(aspect), way) for _span, sums in told.parts]) for aspect in named
        ]

    ill, well = (
        _("Spoken ill of, share of the texts about it"),
        _("Spoken well of, share of the texts about it"),
    )
    return [
        _lines("ill", ill, "%", n, told, lines=lines("ill"), shown=LINES),
        _lines("well", well, "%", n, told, lines=lines("well"), shown=LINES),
    ]


def _way(spoken: Spoken, way: str) -> Interval:
    return spoken.ill if way == "ill" else spoken.well


def _gaps(told: Told) -> Chart | None:
    if not told.gaps:
        return None
    lines: list[tuple[Text, Sequence[Interval]]] = [
        (Aspect(aspect).label, [rate for _span, rate in rates]) for aspect, rates in told.gaps.items()
    ]
    n = sum(rate.n for _name, rates in lines for rate in rates)
    return _lines("gaps", _("Broken promises, share of those that fell due"), "%", n, told, lines=lines)


def _lines(
    code: str,
    title: Text,
    unit: Text,
    n: int,
    told: Told,
    *,
    lines: Sequence[tuple[Text, Sequence[Interval]]],
    top: float | None = None,
    least: float = 0,
    stacked: bool = False,
    dashed: int | None = None,
    shown: int | None = None,
) -> Chart:
    """A line or a pile for each name, with a value for each part of the time."""
    times = 100 if unit == "%" else 1
    labels = [label(span) for span, _sums in told.parts]
    drawn = {
        "labels": labels,
        "unit": str(unit),
        "top": 100 if stacked else top,
        "least": least,
        "stacked": stacked,
        "lines": [
            {
                "name": str(name),
                "values": [None if one.value is None else round(times * one.value, 2) for one in values],
                "n": [one.n for one in values],
                "dashed": place == dashed,
            }
            for place, (name, values) in enumerate(lines[:shown])
        ],
    }
    rows = [
        (text, [(_told(values[place], times), values[place].n) for _name, values in lines])
        for place, text in enumerate(labels)
    ]
    return Chart(code, title, unit, n, drawn, [name for name, _values in lines], rows)


def _told(one: Interval, times: int) -> str:
    digits = 2 if times == 1 else 1
    return "–" if one.value is None else decimals(times * one.value, digits)


def by_stars(told: Told) -> list[tuple[int, int, Interval, Interval, Interval]]:
    """Of each number of stars, the most first: how many, and the shares now, before, and of the others."""
    return [
        (
            stars,
            told.now.stars[stars - 1],
            _of(told.now, stars),
            _of(told.before, stars),
            _of(told.others, stars),
        )
        for stars in range(BEST, 0, -1)
    ]


def _of(sums: Sums, stars: int) -> Interval:
    return _share(sums.stars[stars - 1], sums.n)


def hours(value: float | None) -> str:
    """Hours in words."""
    if value is None:
        return "–"
    return pgettext("time", "%(hours)s h") % {"hours": decimals(value, 1)}
