"""The funnel: where people are lost on the way from looking round to the parcel, and the rows behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from compensation.models import Segment
from config.common.asked import within_years
from config.common.decimals import decimals
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.spans import span
from config.common.statistics import two_proportions
from feedback.admin.access import needs
from kpis.charts import cohorts, drawing
from kpis.charts import funnel as charts
from kpis.funnels import commands, queries, rows
from kpis.funnels.breaks import STEPS, Breakpoint, Group, Reached
from kpis.funnels.held import kept_since
from kpis.funnels.queries import Part, Week
from kpis.improvements.held import ADD
from kpis.metrics.definition import Unit
from kpis.metrics.rules import Figure
from kpis.models import FunnelStep, FunnelTerms
from kpis.snapshots.calendar import before
from kpis.snapshots.queries import SEE_COMPANY

CHANGES = "kpis.change_funnelterms"
LONGEST = 366
USUAL = timedelta(41)
UNKNOWN = "-"
SIZE = 50
ANY = [("", _("all"))]
APART = {
    queries.DEVICE: _("device"),
    queries.PAYMENT: _("paid by"),
    queries.BOTH: _("device and paid by"),
    queries.SEGMENT: _("segment"),
}
DAY = forms.DateInput(attrs={"type": "date"})


class FunnelForm(forms.Form):
    """Whose ways are asked for: who came in on which days, of what part."""

    first = forms.DateField(label=_("came in from"), validators=[within_years], widget=DAY)
    last = forms.DateField(label=_("up to and with"), validators=[within_years], widget=DAY)
    segment = forms.ChoiceField(label=_("segment"), required=False)
    device = forms.CharField(label=_("device"), required=False, max_length=32)
    payment = forms.CharField(label=_("paid by"), required=False, max_length=32)

    def __init__(self, asked: Any) -> None:
        today = timezone.localdate()
        usual = {"first": today - USUAL, "last": today}
        super().__init__({**usual, **{name: value for name, value in asked.items() if value}})
        segments = [(one.code, str(one)) for one in Segment.objects.order_by("code")]
        self.fields["segment"].choices = [*ANY, *segments]  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> None:
        """Keep the time forward and no longer than a year; offer what there is in it."""
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if not (first and last):
            return
        if not 0 <= (last - first).days < LONGEST:
            raise forms.ValidationError(_("Choose a time of one day up to one year."))
        for name, known in zip((queries.DEVICE, queries.PAYMENT), queries.choices(first, last), strict=True):
            chosen = self.cleaned_data.get(name)
            offered = sorted({*known, *([chosen] if chosen and chosen != UNKNOWN else [])})
            choices = [*ANY, *((one, one) for one in offered), (UNKNOWN, _("unknown"))]
            self.fields[name].widget = forms.Select(choices=choices)

    def part(self) -> Part:
        """Which part was chosen."""
        named = {name: self.cleaned_data[name] for name in (queries.DEVICE, queries.PAYMENT)}
        chosen = {
            name: None if not value else "" if value == UNKNOWN else value for name, value in named.items()
        }
        return Part(self.cleaned_data["segment"], **chosen)


def _chosen(value: str) -> str | None:
    """The key that was chosen: None for any, "" for unknown."""
    return "" if value == UNKNOWN else value or None


class RowsForm(FunnelForm):
    """Which rows are asked for."""

    step = forms.ChoiceField(choices=FunnelStep.choices, required=False, widget=forms.HiddenInput)
    lost = forms.BooleanField(required=False, widget=forms.HiddenInput)
    day = forms.DateField(required=False, validators=[within_years], widget=forms.HiddenInput)
    page = forms.IntegerField(min_value=0, max_value=10_000, required=False, widget=forms.HiddenInput)


class FunnelTermsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """How long a way may take, and what may be lost on it."""

    class Meta:
        model = FunnelTerms
        fields = ("window_days", "few", "lost_cart", "lost_order", "lost_pay", "lost_receive")


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step as the table shows it, beside the period before."""

    step: FunnelStep
    count: int
    came: str
    of_first: float | None
    loss: Figure | None
    lost: int
    left: str
    took: str
    earlier: Figure | None
    change: Figure | None
    is_break: bool


@require_safe
@needs(SEE_COMPANY)
def funnel(request: StaffRequest) -> HttpResponse:
    """How far those came who came in during a time, where too many are lost, and week by week."""
    form = FunnelForm(request.GET)
    if not form.is_valid():
        return page(request, "kpis/funnel/page.html", {"form": form}, status=400)
    first, last, of = form.cleaned_data["first"], form.cleaned_data["last"], form.part()
    ways, earlier_days = queries.ways(first, last, of), before(first, last)
    earlier = queries.ways(*earlier_days, of).over
    broken = queries.broken(first, last, of, ways.over)
    weeks = queries.weeks(first, last, of)
    steps = _steps(request, ways.over, earlier, {one.step for one in broken})
    context = {
        "form": form,
        "ways": ways,
        "steps": steps,
        "earlier": earlier_days,
        "chart": _chart(steps, ways.over),
        "going_on": list(zip(STEPS, ways.going_on.counts, strict=True)),
        "broken": [(one, _groups(request, one), _improve(request, one)) for one in broken],
        "weeks": [(one, [one.reached.loss(place) for place in range(1, len(STEPS))]) for one in weeks],
        "cohorts": _cohorts(weeks),
        "named": STEPS,
        "unit": Unit.PERCENT,
        "terms": queries.terms(),
        "changes": request.user.has_perm(CHANGES),
    }
    return page(request, "kpis/funnel/page.html", context)


def _steps(request: StaffRequest, now: Reached, earlier: Reached, broken: set[FunnelStep]) -> list[StepLine]:
    lines = []
    for place, step in enumerate(STEPS):
        counted = now.counts
        loss = now.loss(place) if place else None
        took = now.mean_seconds(place) if place else None
        lines.append(
            StepLine(
                step,
                counted[place],
                _rows(request, step),
                100 * counted[place] / counted[0] if counted[0] else None,
                loss,
                counted[place - 1] - counted[place] if place else 0,
                _rows(request, step, lost="1") if place else "",
                span(took) if took is not None else "",
                earlier.loss(place) if place else None,
                _change(earlier, now, place) if place else None,
                step in broken,
            )
        )
    return lines


def _change(earlier: Reached, now: Reached, place: int) -> Figure | None:
    """By how many points more are lost than in the period before."""
    (was, left), (n, came) = ((one.counts[place - 1], one.counts[place]) for one in (earlier, now))
    found = two_proportions(was - left, was, n - came, n)
    if found.difference is None or found.low is None or found.high is None:
        return None
    return Figure(100 * found.difference, n, 100 * found.low, 100 * found.high)


def _asked(request: StaffRequest, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in request.GET.dict().items() if name in FunnelForm.base_fields}
    return {**kept, **more}


def _rows(request: StaffRequest, step: FunnelStep, **more: str) -> str:
    return f"{reverse('admin:funnel_rows')}?{urlencode(_asked(request, step=step, **more))}"


def _chart(steps: Sequence[StepLine], now: Reached) -> drawing.Chart:
    return charts.funnel(
        str(_("How far people came")),
        str(_("entries")),
        [charts.Step(str(one.step.label), one.count, one.came, one.is_break) for one in steps],
        heads=charts.Heads(
            str(_("Step")), str(_("Came")), str(_("of the step before")), str(_("of those who came in"))
        ),
        width=560,
        hint=str(_("windows that are over")) if now.counts[0] else "",
    )


def _cohorts(weeks: Sequence[Week]) -> drawing.Chart:
    return cohorts.cohort(
        str(_("Paid so many days after coming in, by week")),
        "%",
        [cohorts.Cohort(date_format(one.first, "m-d"), one.reached.counts[0], one.paid) for one in weeks],
        head=str(_("Week of")),
        size=str(_("Came in")),
        width=560,
        hint=str(_("days since coming in")),
    )


def _groups(request: StaffRequest, one: Breakpoint) -> list[tuple[Group, str, str, str]]:
    """Each group with what it is told apart by, and where its own funnel is."""
    segments = {segment.code: str(segment) for segment in Segment.objects.all()}
    return [(group, str(APART[group.by]), *_named(request, group, segments)) for group in one.groups]


def _named(request: StaffRequest, group: Group, segments: dict[str, str]) -> tuple[str, str]:
    values = group.key.split("\t")
    names = (queries.DEVICE, queries.PAYMENT) if group.by == queries.BOTH else (group.by,)
    asked = {name: value or UNKNOWN for name, value in zip(names, values, strict=True)}
    called = [segments.get(value, value) if group.by == queries.SEGMENT else value for value in values]
    title = " · ".join(value or str(_("unknown")) for value in called)
    return title, f"{reverse('admin:funnel')}?{urlencode(_asked(request, **asked))}"


def _improve(request: StaffRequest, one: Breakpoint) -> str:
    """The way to a new improvement about a breakpoint."""
    if not request.user.has_perm(ADD):
        return ""
    worse = [_named(request, group, {})[0] for group in one.groups if group.is_worse][:3]
    said = {"step": one.step.label, "loss": decimals(one.loss.value or 0, 1), "most": one.most}
    title = _("Loss before “%(step)s”: %(loss)s %%") % said
    problem = _("%(loss)s %% are lost before “%(step)s”, at most %(most)s %% may be.") % said
    if worse:
        problem = f"{problem} {_('Worse than the rest: %(groups)s.') % {'groups': ', '.join(worse)}}"
    return f"{reverse('admin:improvement_new')}?{urlencode({'title': title, 'problem': problem})}"


@require_safe
@needs(SEE_COMPANY)
def funnel_rows(request: StaffRequest) -> HttpResponse:
    """The ways behind a number, of one of its days."""
    form = RowsForm(request.GET)
    if not form.is_valid():
        return page(request, "kpis/funnel/rows.html", {"form": form}, status=400)
    asked, of, at = form.cleaned_data, form.part(), timezone.now()
    step, is_lost = FunnelStep(asked["step"] or FunnelStep.BROWSE), asked["lost"]
    days = [
        (day, number, day >= kept_since(at))
        for day, reached, is_over in reversed(queries.by_day(asked["first"], asked["last"], of))
        if is_over and (number := _number(reached, step, is_lost=is_lost))
    ]
    day = asked["day"] or next((day for day, _number, is_kept in days if is_kept), None)
    number = asked["page"] or 0
    found = []
    if day and day >= kept_since(at):
        about = {"is_lost": is_lost, "limit": SIZE + 1, "offset": number * SIZE, "at": at}
        found = rows.behind(day, of, step, **about)
    context = {
        "form": form,
        "step": step,
        "is_lost": is_lost,
        "days": days,
        "day": day,
        "found": found[:SIZE],
        "has_more": len(found) > SIZE,
        "number": number,
        "named": STEPS,
        "back": f"{reverse('admin:funnel')}?{urlencode(_asked(request))}",
    }
    return page(request, "kpis/funnel/rows.html", context)


def _number(reached: Reached, step: FunnelStep, *, is_lost: bool) -> int:
    place = STEPS.index(step)
    if not is_lost:
        return reached.counts[place]
    return reached.counts[place - 1] - reached.counts[place] if place else 0


@require_http_methods(["GET", "POST"])
@needs(CHANGES)
def funnel_terms(request: StaffRequest) -> HttpResponse:
    """How long a way may take, and what may be lost on it."""
    form = FunnelTermsForm(request.POST or None, instance=queries.terms())
    if request.method == "POST" and form.is_valid():
        commands.set_terms(terms=form.instance, actor=request.user, at=timezone.now())
        messages.success(request, _("Kept. Where the time is another, days are counted anew."))
        return redirect("admin:funnel")
    return page(request, "kpis/funnel/terms.html", {"form": form}, status=400 if form.errors else 200)


FUNNEL_PAGES = [
    Page("funnel/", funnel, "funnel"),
    Page("funnel/rows/", funnel_rows, "funnel_rows"),
    Page("funnel/terms/", funnel_terms, "funnel_terms"),
]
FUNNEL_MENU = [
    MenuItem(pgettext_lazy("menu", "Funnel"), "funnel", "filter_alt", (SEE_COMPANY,), group="lead")
]
