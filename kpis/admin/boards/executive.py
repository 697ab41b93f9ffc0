"""The executive's dashboard: goals, gaps and improvements of the whole company or a part of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from config.common.models import User
from feedback.gaps import hot_spots
from feedback.models import Aspect, SpotBy
from kpis.admin.boards.asking import Asked
from kpis.admin.boards.drawing import (
    TOPS,
    band,
    by_grain,
    causes_over_time,
    factor,
    head,
    label,
    point,
    rows_link,
)
from kpis.admin.improvement_forms import UNJUDGED
from kpis.boards import causes
from kpis.boards.figures import Told, figures
from kpis.boards.goals import Held, held
from kpis.charts.drawing import Chart
from kpis.charts.gauge import gauge
from kpis.charts.lines import Series, line
from kpis.charts.stacks import Layer, stack
from kpis.improvements.held import visible_to
from kpis.metrics.definition import Unit
from kpis.models import Direction, Grain, ImprovementStatus, MetricCode, TallyOf, Verdict
from kpis.snapshots.queries import Slice
from kpis.targets.goals import Goals
from kpis.targets.rules import State
from kpis.templatetags.figures import written

SPOTS, IMPROVEMENTS = 8, 8
SEES_GAPS = "feedback.view_gap"
LOOKS = {State.MET: "is-ok", State.OPEN: "is-ok", State.AT_RISK: "is-warn", State.MISSED: "is-bad"}


def executive(asked: Asked, user: User) -> dict[str, Any]:
    """What the page shows."""
    of = asked.where.slice or Slice()
    goals = held(Goals(), of, today=asked.today)
    is_whole = not asked.where.of
    context = {
        "goals": [_goal(one, asked) for one in goals],
        "reached": _reached(goals),
        "compared": compared(asked, figures(MetricCode, asked.days, asked.where).values()),
        "causes": causes_over_time(_("Gaps by cause"), causes.of_gaps(asked.days), TallyOf.GAP, asked)
        if is_whole and user.has_perm(SEES_GAPS)
        else None,
        "spots": spots(asked.days.last, user, tuple(Aspect)) if is_whole else None,
    }
    return context | improvements(user)


def compared(asked: Asked, found: Iterable[Told]) -> list[dict[str, Any]]:
    """The figures of the days beside those before and a year before, each with its rows."""
    days = asked.days
    before, year = days.before, days.year_before
    return [
        {
            "told": told,
            "unit": told.metric.unit,
            "now": rows_link(told.metric, asked),
            "before": rows_link(told.metric, asked, start=before.first, end=before.last),
            "year": rows_link(told.metric, asked, start=year.first, end=year.last),
            "better": better(told.metric.better, told.change),
            "year_better": better(told.metric.better, told.year_change),
        }
        for told in found
    ]


def better(direction: Direction, change: float | None) -> str:
    """Whether a change is for the better, as a class; nothing where there is none."""
    if not change:
        return ""
    return "is-better" if (change > 0) is (direction == Direction.UP) else "is-worse"


def _goal(one: Held, asked: Asked) -> dict[str, Any]:
    """A goal's trend with its band, its gauge, and where it stands."""
    standing = one.standing
    metric, grain = standing.metric, standing.period.grain
    by, unit = factor(metric, [figure.value for _first, _last, figure in one.trend])
    points = [
        point(figure, metric, by, rows_link(metric, asked, start=first, end=min(last, asked.today)))
        for first, last, figure in one.trend
    ]
    chart = line(
        f"{metric.code.label} · {by_grain(grain)}",
        unit,
        [label(first, grain) for first, _last, _figure in one.trend],
        [Series(str(metric.code.label), points)],
        head=head(grain),
        band=band(standing.goal, metric, by),
        top=TOPS.get(metric.unit) if metric.better == Direction.UP else None,
        least=0 if metric.unit is Unit.DURATION or metric.better == Direction.DOWN else None,
        n=sum(figure.n for _first, _last, figure in one.trend),
    )
    return {
        "held": one,
        "standing": standing,
        "chart": chart,
        "gauge": _gauge(one),
        "unit": metric.unit,
        "rows": rows_link(
            metric, asked, start=standing.period.first, end=min(standing.period.last, asked.today)
        ),
    }


def _gauge(one: Held) -> Chart:
    standing = one.standing
    shown = standing.forecast or standing.figure
    running = pgettext("goal", "expected") if standing.forecast else pgettext("goal", "reached")
    return gauge(
        str(standing.metric.code.label),
        standing.attainment,
        text=f"{running} {written(shown, standing.metric.unit)}",  # type: ignore[arg-type]  # both have a value
        style=LOOKS.get(standing.state, "is-calm"),
        n=standing.figure.n,
        head=_("Attainment"),
    )


def _reached(goals: Sequence[Held]) -> list[dict[str, Any]]:
    """How many goals of each length are on course, at risk, and can't be judged."""
    found = []
    for grain in (Grain.WEEK, Grain.MONTH, Grain.QUARTER):
        states = Counter(one.standing.state for one in goals if one.standing.period.grain == grain)
        if states:
            good = states[State.OPEN] + states[State.MET]
            bad = states[State.AT_RISK] + states[State.MISSED]
            found.append(
                {"grain": grain, "good": good, "bad": bad, "open": sum(states.values()) - good - bad}
            )
    return found


def spots(
    until: date,
    user: User,
    aspects: Sequence[Aspect],
    by: Sequence[SpotBy] = hot_spots.SEARCHED,
    only: str | None = None,
) -> list[dict[str, Any]] | None:
    """The hottest spots of the last week with sums, those that have grown first; None without the right."""
    if not user.has_perm(SEES_GAPS):
        return None
    found = []
    for aspect in aspects:
        week = hot_spots.latest_week(aspect, until)
        if week <= until - timedelta(hot_spots.WEEK):
            continue
        search = hot_spots.search(aspect, until=week, by=by, limit=SPOTS if only is None else 200)
        found += [(one, week) for one in search.spots if only is None or one.value == only]
    found.sort(key=lambda pair: (not pair[0].grown, pair[0].chance, -pair[0].counts.gaps))
    return [_spot(one, week) for one, week in found[:SPOTS]]


def _spot(one: hot_spots.Spot, week: date) -> dict[str, Any]:
    asked = {"aspect": one.aspect, "by": one.by, "value": one.value, "until": f"{week}"}
    return {
        "spot": one,
        "aspect": Aspect(one.aspect).label,
        "by": SpotBy(one.by).label,
        "rate": None if one.rate.value is None else 100 * one.rate.value,
        "usual": None if one.usual.value is None else 100 * one.usual.value,
        "link": reverse("admin:hot_spot") + "?" + urlencode(asked),
    }


def improvements(user: User, **only: Any) -> dict[str, Any]:
    """The improvements that somebody may see: how far they are, verdicts, the newest. Two queries."""
    seen = visible_to(user).filter(**only)
    if not user.has_perm("kpis.view_improvement"):
        return {"improvements": None}
    rows = seen.order_by().values_list("status", "verdict").annotate(Count("pk"))
    numbers = {(status, verdict): number for status, verdict, number in rows}
    newest = seen.select_related("department", "owner").order_by("-pk")[:IMPROVEMENTS]
    return {
        "improvements": list(newest),
        "progress": _progress(numbers, only) if numbers else None,
    }


def _progress(numbers: Mapping[tuple[str, str], int], only: Mapping[str, Any]) -> Chart:
    """How many improvements are how far, by verdict; each number leads to its own."""
    statuses = [one for one in ImprovementStatus if any(status == one for status, _verdict in numbers)]
    verdicts = {
        Verdict.PROVED: "is-ok",
        Verdict.NO_EFFECT: "is-bad",
        Verdict.TOO_EARLY: "is-warn",
        "": "rest",
    }
    of = {name: row.pk for name, row in only.items()}

    def links(**verdict: str) -> list[str]:
        asked = [urlencode({"status": one.value, **verdict, **of}) for one in statuses]
        return [f"{reverse('admin:improvements')}?{one}" for one in asked]

    layers = [
        Layer(
            str(Verdict(verdict).label) if verdict else _("no verdict yet"),
            [numbers.get((one.value, str(verdict)), 0) for one in statuses],
            links(verdict=str(verdict) or UNJUDGED),
            style=style,
        )
        for verdict, style in verdicts.items()
    ]
    return stack(
        _("Improvements and their verdicts"),
        _("how many"),
        [str(one.label) for one in statuses],
        layers,
        head=_("state"),
        whole=_("all"),
        wholes=links(),
    )
