"""How loyalty is said: its parts and inputs, groups by name, and the charts of its pages."""

from collections.abc import Callable, Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from compensation.models import Segment, Tier
from config.common.decimals import decimals
from kpis.charts.drawing import Chart, look
from kpis.charts.lines import Point, Series, line
from kpis.charts.scales import short
from kpis.charts.stacks import Layer, stack
from kpis.loyalty.rules import Part
from kpis.loyalty.summing import BANDS, SEGMENT, TIER, WHOLE
from kpis.models import LoyaltyMonth, LoyaltyRun

NO_TIER = "~"
"""How addresses name that there is no tier: a tier's code has no such sign."""
MOST = 7
"""More lines can't be told apart."""


def label(column: str) -> str:
    """What a column of a member's month is called."""
    return str(next(one.verbose_name for one in LoyaltyMonth._meta.fields if one.name == column))


def amount(number: float | None) -> str:
    """A number as it is read, without needless digits; a dash where it is not known."""
    if number is None:
        return "—"
    shown = round(number, 1)
    return decimals(shown, 0 if shown == round(shown) else 1)


def names() -> dict[str, str]:
    """All groups by name, tiers by their rank. Two queries."""
    tiers = {f"{TIER}{one.code}": str(one) for one in Tier.objects.order_by("rank")}
    segments = {f"{SEGMENT}{one.code}": str(one) for one in Segment.objects.order_by("code")}
    return {WHOLE: _("all members"), **tiers, **segments}


def over_time(runs: Sequence[LoyaltyRun], groups: Sequence[tuple[str, str]]) -> Chart:
    """The median of groups over the months, the oldest first; the largest of them where they are many."""
    months = [date_format(run.month, "Y-m") for run in reversed(runs)]
    newest = runs[0].summary
    drawn = sorted(groups, key=lambda one: -newest.get(one[0], {"n": 0})["n"])[:MOST]
    series = [
        Series(name, [_median(run, code) for run in reversed(runs)], is_dashed=code == WHOLE)
        for code, name in groups
        if (code, name) in drawn
    ]
    return line(
        _("The index over time"), _("median, 0 to 100"), months, series, head=pgettext("loyalty", "month")
    )


def _median(run: LoyaltyRun, group: str) -> Point:
    stood = run.summary.get(group)
    if stood is None:
        return Point(None)
    middle = stood["cuts"][len(stood["cuts"]) // 2]
    return Point(middle, stood["n"], amount(middle))


def spread(
    run: LoyaltyRun, tiers: Sequence[tuple[str, str]], link: Callable[[str, int], str] | None
) -> Chart:
    """How many members of each tier are in each tenth of the scale; with a link each leads to them."""
    bands = [f"{one * BANDS}–{(one + 1) * BANDS}" for one in range(BANDS)]
    known = [(code, name, run.summary[code]["bands"]) for code, name in tiers if code in run.summary]
    tiered = [sum(counts[band] for _code, _name, counts in known) for band in range(BANDS)]
    layers = [
        Layer(name, counts, _links(code, link), style=look(place))  # as in the chart beside it
        for place, (code, name, counts) in enumerate(known, 1)
    ]
    others = [every - of_tiers for every, of_tiers in zip(run.summary[WHOLE]["bands"], tiered, strict=True)]
    if any(others):
        layers.append(Layer(_("without a tier"), others, _links(NO_TIER, link), style="rest"))
    return stack(
        _("How many members have which index"), _("members"), bands, layers, head=_("index"), whole=_("all")
    )


def _links(code: str, link: Callable[[str, int], str] | None) -> list[str]:
    return [link(code.removeprefix(TIER), band) for band in range(BANDS)] if link else []


def of_one(rows: Sequence[LoyaltyMonth]) -> Chart:
    """A member's index and its parts over their months, which come the newest first."""
    ordered = list(reversed(rows))
    months = [date_format(row.month, "Y-m") for row in ordered]
    series = [Series(pgettext("loyalty", "index"), [_point(row.value) for row in ordered])]
    series += [
        Series(label(part), [_point(getattr(row, part)) for row in ordered], is_dashed=True) for part in Part
    ]
    return line(
        _("The index over time"),
        _("0 to 100"),
        months,
        series,
        head=pgettext("loyalty", "month"),
        least=0,
        top=100,
    )


def _point(value: float | None) -> Point:
    return Point(value, said="" if value is None else short(round(value, 1)))
