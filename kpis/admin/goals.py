"""Goals: how the periods that run stand, how those before came out, and setting what holds from now on."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.common.errors import DomainError
from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.models import Department
from feedback.org.queries import department_ids, departments_of
from kpis.admin.goal_forms import FilterForm, GoalForm, WhichForm
from kpis.metrics.catalogue import METRICS
from kpis.metrics.definition import Unit
from kpis.metrics.naming import names
from kpis.metrics.rules import Goal
from kpis.models import Dimension, Grain, MetricCode, Target
from kpis.snapshots.calendar import period_of
from kpis.snapshots.queries import SEE_COMPANY, Slice
from kpis.targets.commands import set_goal, take_back
from kpis.targets.goals import Goals, Place
from kpis.targets.queries import Standing, past, running, slices_of
from kpis.targets.rules import state

SEES, SETS = "kpis.view_target", "kpis.change_target"
PAST = 8
MINUTE = 60


@require_safe
@needs(SEES)
def goals(request: StaffRequest) -> HttpResponse:
    """How the periods that run stand against their goals: of the departments that one sees, or everything."""
    company, own = request.user.has_perm(SEE_COMPANY), department_ids(request.user)
    form = FilterForm(request.GET)
    form.fields["department"].queryset = departments_of(request.user)  # type: ignore[attr-defined]  # a ModelChoiceField
    is_valid = form.is_valid()
    asked: dict[str, Any] = form.cleaned_data if is_valid else {}
    known, today = Goals(), timezone.localdate()
    slices = _slices(known, own, asked.get("department"), company=company)
    lines = [
        one
        for one in (running(slices, known, today=today) if is_valid else [])
        if asked["grain"] in {"", one.period.grain} and asked["state"] in {"", one.state}
    ]
    context = {
        "title": _("Goals"),
        "form": form,
        "lines": _named(lines),
    }
    if request.user.has_perm(SETS):
        context["which"] = which = WhichForm(auto_id="which_%s")
        which.offer(request.user)
    return page(request, "kpis/goals.html", context, status=200 if is_valid else 400)


def _slices(known: Goals, own: set[int], chosen: Department | None, *, company: bool) -> list[Slice]:
    """One department; else the whole and what has goals of its own; else one's departments."""
    if chosen:
        return slices_of([chosen.pk], company=False)
    if not company:
        return slices_of(sorted(own), company=False)
    keyed = [
        Slice(Dimension(dimension), (key,))
        for _code, (dimension, key), _grain in known.kept
        if key and (dimension != Dimension.DEPARTMENT or int(key) in own)
    ]
    return list(dict.fromkeys([*slices_of([], company=True), *keyed]))


def _named(lines: Sequence[Standing]) -> list[dict[str, Any]]:
    keys: dict[Dimension, set[str]] = {}
    for one in lines:
        keys.setdefault(one.period.of.dimension, set()).add(one.period.of.keys[0])
    known = {dimension: names(dimension, some) for dimension, some in keys.items()}
    return [
        {
            "standing": one,
            "who": known[one.period.of.dimension][one.period.of.keys[0]] or Dimension.WHOLE.label,
            "rows": _rows(one),
            "link": address(one.metric.code, one.period.place, one.period.grain),
        }
        for one in lines
    ]


def _rows(one: Standing) -> str:
    place = {"by": one.period.of.dimension.value, "key": one.period.of.keys[0]}
    if one.period.of.dimension == Dimension.DEPARTMENT:
        place = {"department": one.period.of.keys[0]}
    days = {"start": f"{one.period.first}", "end": f"{min(one.period.last, timezone.localdate())}"}
    asked = {name: value for name, value in {**days, **place}.items() if value}
    return reverse("admin:figure", args=[one.metric.code]) + "?" + urlencode(asked)


class Which(NamedTuple):
    """Which goal it is."""

    code: MetricCode
    place: Place
    grain: Grain


def address(code: MetricCode, place: Place, grain: str) -> str:
    """Where a goal is looked at and set."""
    asked = {"metric": code.value, "dimension": str(place[0]), "key": place[1], "grain": str(grain)}
    return reverse("admin:figure_goal") + "?" + urlencode({k: v for k, v in asked.items() if v})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(SEES)
def goal(request: StaffRequest) -> HttpResponse:
    """Show a goal with its versions and the periods that it judged, try another, and set it."""
    which = WhichForm(request.GET)
    if not which.is_valid():
        raise Http404
    asked = which.cleaned_data
    one = Which(MetricCode(asked["metric"]), (asked["dimension"], asked["key"]), Grain(asked["grain"]))
    if asked["of"]:
        return _chosen(request, one)
    _check(request.user, one.code, one.place)
    may_set = request.user.has_perm(SETS)
    if request.method == "POST":
        if not may_set:
            raise PermissionDenied
        form = GoalForm(request.POST)
        if form.is_valid() and _set(request, form, one):
            messages.success(request, _("The goal is set."))
            return HttpResponseRedirect(address(*one))
        return _show(request, one, form, status=400)
    return _show(request, one, GoalForm(request.GET) if "try" in request.GET else None)


@require_POST
@needs(SETS)
def back(request: StaffRequest, target_id: int) -> HttpResponse:
    """Take back a version that has not begun."""
    target = get_object_or_404(Target, pk=target_id)
    _check(request.user, MetricCode(target.metric), (target.dimension, target.key))
    try:
        take_back(target_id=target_id, actor=request.user, at=timezone.now(), today=timezone.localdate())
    except Target.DoesNotExist as error:  # somebody else did just now
        raise Http404 from error
    except DomainError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Taken back."))
    place = (target.dimension, target.key)
    return HttpResponseRedirect(address(MetricCode(target.metric), place, target.grain))


def _chosen(request: StaffRequest, one: Which) -> HttpResponse:
    """Lead from the form to the goal, or back to it where there can be none such."""
    if one.place[0] not in METRICS[one.code].dimensions:
        messages.warning(request, _("This figure can't be told apart by it."))
        return HttpResponseRedirect(reverse("admin:figure_goals"))
    return HttpResponseRedirect(address(*one))


def _check(user: User, code: MetricCode, place: Place) -> None:
    """Let nobody look at a goal of what they don't see the figures of."""
    dimension, key = place
    if bool(dimension) is not bool(key) or (dimension and dimension not in METRICS[code].dimensions):
        raise Http404
    own = {str(pk) for pk in department_ids(user)}
    if not (key in own if dimension == Dimension.DEPARTMENT else user.has_perm(SEE_COMPANY)):
        raise PermissionDenied


def _set(request: StaffRequest, form: GoalForm, which: Which) -> bool:
    code, place, grain = which
    asked, factor = form.cleaned_data, _factor(code)
    try:
        set_goal(
            metric=code,
            dimension=Dimension(place[0]),
            key=place[1],
            grain=grain,
            since=asked["since"],
            goal=None if asked["goal"] is None else asked["goal"] * factor,
            warning=asked["warning"] * factor,
            owner=asked["owner"],
            actor=request.user,
            at=timezone.now(),
            today=timezone.localdate(),
        )
    except DomainError as error:
        field = error.details.get("field")
        form.add_error(field if field in form.fields else None, str(error))
        return False
    return True


def _factor(code: MetricCode) -> int:
    """Times are typed in minutes and kept in seconds."""
    return MINUTE if METRICS[code].unit is Unit.DURATION else 1


def _show(
    request: StaffRequest,
    which: Which,
    form: GoalForm | None,
    status: int = 200,
) -> HttpResponse:
    code, place, grain = which
    known, today = Goals(), timezone.localdate()
    held = known.target(code, place, grain, period_of(today, grain)[0])
    tried = _tried(form, code) if form and form.is_bound and form.is_valid() else None
    before = past(code, Slice(Dimension(place[0]), (place[1],)), grain, known, today=today, number=PAST)
    context = {
        "title": METRICS[code].code.label,
        "metric": METRICS[code],
        "who": names(Dimension(place[0]), [place[1]])[place[1]] or Dimension.WHOLE.label,
        "grain": grain.label,
        "place": place,
        "held": held,
        "versions": known.versions(code, place, grain),
        "today": today,
        "past": [(one, state(tried, one.figure, None) if tried else None) for one in before],
        "tried": tried,
        "asked": {"metric": code.value, "dimension": place[0], "key": place[1], "grain": grain.value},
        "here": address(*which),
        "in_minutes": METRICS[code].unit is Unit.DURATION,
        "form": (form or GoalForm(initial=_initial(held, code, grain, today)))
        if request.user.has_perm(SETS)
        else None,
    }
    return page(request, "kpis/goal.html", context, status=status)


def _tried(form: GoalForm, code: MetricCode) -> Goal | None:
    asked: Mapping[str, Decimal | None] = form.cleaned_data
    if asked["goal"] is None:
        return None
    factor, warning = _factor(code), asked["warning"] or 0
    return Goal(METRICS[code].better, float(asked["goal"] * factor), float(warning * factor))


def _initial(held: Target | None, code: MetricCode, grain: Grain, today: date) -> dict[str, Any]:
    """What holds now, from the period that runs."""
    factor = _factor(code)
    found: dict[str, Any] = {"since": period_of(today, grain)[0], "warning": 0}
    if held and held.goal is not None:
        found |= {"goal": held.goal / factor, "warning": held.warning / factor, "owner": held.owner_id}
    return found
