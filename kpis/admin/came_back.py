"""What members who were lost and came back have in common, and the members behind each number."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_safe

from config.common.decimals import decimals, signed
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from kpis.admin.drivers_asked import LostForm, asked_of
from kpis.attribution import common, lost, queries, rules
from kpis.attribution.common import Common, Trait, in_common
from kpis.attribution.lost import State
from kpis.charts.drawing import Cell, Chart, Row, Table
from kpis.charts.scales import percent
from kpis.charts.whiskers import Effect, whiskers
from kpis.snapshots.calendar import days_span
from kpis.templatetags.figures import ends
from surveys.results.reach import READS, WORKS

PAGE = 50
DRAWN = 15
KINDS = {
    "lost": pgettext_lazy("lost members", "lost by"),
    "tier": _("tier"),
    "given": pgettext_lazy("lost members", "given"),
    "case": pgettext_lazy("lost members", "case"),
    "clock": _("clock breached"),
}
STATES = {
    State.BACK: pgettext_lazy("lost members", "came back"),
    State.AWAY: pgettext_lazy("lost members", "stayed away"),
    State.EARLY: pgettext_lazy("lost members", "was back at once"),
    State.OPEN: pgettext_lazy("lost members", "not known yet"),
}


@needs(READS, WORKS)
@require_safe
def came_back(request: StaffRequest) -> HttpResponse:
    """Hold what was done for lost members, and who they are, against whether they came back."""
    form, of = asked_of(request, LostForm)
    context: dict[str, Any] = {"title": _("What those who came back have in common"), "form": form}
    if not form.is_valid():
        return page(request, "kpis/attribution/back.html", context, status=400)
    asked = form.cleaned_data
    groups, states = lost.groups(days_span(asked["start"], asked["end"]), of=of, at=timezone.now())
    found = in_common(groups)
    known = queries.labels(
        [*(one.name for one in found.traits), *dict(found.rare), *(name for name, *_stands in found.alike)],
    )
    called = {name: _called(name, label) for name, label in known.items()}
    link = _links(request)
    context |= {
        "found": found,
        "few": common.FEW,
        "done": lost.DONE_WITHIN.days,
        "again": (lost.JUDGED_AFTER - lost.DONE_WITHIN).days,
        "with_gaps": lost.counts_gaps(of),
        "states": [(STATES[state], n, link("", state)) for state, n in states.items() if n],
        "chart": _chart(found, known, called, link),
        "told": [_told(one, called[one.name], link) for one in found.traits if one.is_sure],
        "untold": [(called[one.name], one.n, link(one.name)) for one in found.traits if not one.is_sure],
        "alike": [
            (called[name], called[stands], is_others, link(name)) for name, stands, is_others in found.alike
        ],
        "rare": [(called[name], n, link(name)) for name, n in found.rare],
    }
    return page(request, "kpis/attribution/back.html", context)


@needs(READS, WORKS)
@require_safe
def came_back_rows(request: StaffRequest) -> HttpResponse:
    """The lost members with a trait; without a state, those of whom it is known whether they came back."""
    form, of = asked_of(request, LostForm)
    context: dict[str, Any] = {"title": _("Lost members"), "form": form}
    if not form.is_valid():
        return page(request, "kpis/attribution/back_rows.html", context, status=400)
    asked = form.cleaned_data
    number, trait = asked["page"] or 0, asked["trait"]
    rows = lost.listed(
        days_span(asked["start"], asked["end"]),
        of=of,
        at=timezone.now(),
        trait=trait,
        states=[State(asked["state"])] if asked["state"] else [State.BACK, State.AWAY],
        most=PAGE + 1,
        offset=number * PAGE,
    )
    names = queries.labels([f"lost:{one.how}" for one in rows])
    context |= {
        "trait": _called(trait, queries.labels([trait])[trait]) if trait else "",
        "state": STATES[State(asked["state"])] if asked["state"] else "",
        "rows": [(one, names[f"lost:{one.how}"], STATES[one.state]) for one in rows[:PAGE]],
        "number": number,
        "has_more": len(rows) > PAGE,
    }
    return page(request, "kpis/attribution/back_rows.html", context)


def _called(name: str, label: str) -> str:
    kind = KINDS.get(rules.kind_of(name))
    return f"{label} ({kind})" if kind else label


def _links(request: StaffRequest) -> Callable[..., str]:
    """The way to the members with a trait, of one state only where it is named."""
    kept = {
        name: value for name, value in request.GET.dict().items() if name not in {"trait", "state", "page"}
    }

    def link(trait: str, state: State | None = None) -> str:
        asked = {**kept, "trait": trait} | ({"state": state.value} if state else {})
        return f"{reverse('admin:drivers_back_rows')}?{urlencode(asked)}"

    return link


def _told(one: Trait, called: str, link: Callable[..., str]) -> dict[str, Any]:
    """A trait that is sure in words: how many with it, how many without, and how many times as many."""
    difference, low, high = one.points
    sizes = sorted((abs(low), abs(high)))
    parts = {
        "trait": called,
        "share": decimals(one.share, 1),
        "without": decimals(one.share_without, 1),
        "points": decimals(abs(difference), 1),
        "low": decimals(sizes[0], 1),
        "high": decimals(sizes[1], 1),
    }
    if difference > 0:
        said = _(
            "%(trait)s: %(share)s %% came back, of the others %(without)s %%; %(points)s points more"
            " (%(low)s to %(high)s)."
        )
    else:
        said = _(
            "%(trait)s: %(share)s %% came back, of the others %(without)s %%; %(points)s points less"
            " (%(low)s to %(high)s)."
        )
    return {"trait": one, "said": said % parts, "link": link(one.name)}


def _chance(p: float) -> str:
    return f"< {decimals(0.001, 3)}" if p < 0.001 else decimals(p, 3)  # noqa: PLR2004 - as is usual


def _short(name: str, known: dict[str, str]) -> str:
    """What stands beside a dot: an answer says by itself what it is."""
    return known[name] if rules.kind_of(name) == "lost" else _called(name, known[name])


def _chart(found: Common, known: dict[str, str], called: dict[str, str], link: Callable[..., str]) -> Chart:
    """How many points more of those with a trait came back, the surest first."""
    drawn = [
        Effect(_short(one.name, known), *one.points, one.n, signed(one.points[0], 1), one.is_sure)
        for one in found.traits[:DRAWN]
    ]
    rows = [
        Row(
            called[one.name],
            [
                Cell(str(one.n), link(one.name)),
                Cell(str(one.back), link(one.name, State.BACK)),
                Cell(percent(one.share)),
                Cell(percent(one.share_without)),
                Cell("—" if one.lift is None else f"× {decimals(one.lift, 2)}"),
                Cell(f"{signed(one.points[0], 1)} ({ends(*one.points[1:], 1)})"),
                Cell(_chance(one.p)),
            ],
        )
        for one in found.traits
    ]
    heads = [
        pgettext("lost members", "trait"),
        pgettext("lost members", "members"),
        pgettext("lost members", "came back"),
        pgettext("lost members", "share"),
        _("share without it"),
        _("times as many"),
        _("points more (95 % interval)"),
        _("p after Holm"),
    ]
    return whiskers(
        str(_("How many more come back with it than without")),
        str(pgettext("lost members", "percentage points")),
        drawn,
        table=Table([str(head) for head in heads], rows),
        n=found.n,
        hint=str(_("grey: can’t be told from chance")),
    )


BACK_PAGES = [
    Page("drivers/back/", came_back, "drivers_back"),
    Page("drivers/back/members/", came_back_rows, "drivers_back_rows"),
]
