"""Trainings: the list, the plan, one with attendance and result, one's own, and what agents were taught."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sending import sent_once
from feedback.admin.access import needs
from feedback.admin.listening import perform
from feedback.models import Agent
from feedback.org.queries import agent_of
from kpis.admin.training_forms import NOTED, PlanForm, TrainingFilter, about_form, attendance, rows_to_note
from kpis.admin.training_result import shown
from kpis.appraisals import held as appraisals
from kpis.metrics.catalogue import METRICS
from kpis.models import MetricCode, Training, TrainingPlace, TrainingState
from kpis.training import commands, queries
from kpis.training.commands import Need
from kpis.training.held import PLAN, VIEW, leads_it, learners, may_note, may_plan, visible_to
from kpis.training.result import result

SIZE, RECORDS, PEOPLE = 50, 200, 100


@require_safe
@needs(PLAN)
def trainings(request: StaffRequest) -> HttpResponse:
    """The trainings that somebody plans or gives, the newest day first."""
    narrow = TrainingFilter(request.GET, user=request.user)
    if not narrow.is_valid():
        return page(request, "kpis/trainings/list.html", {"narrow": narrow}, status=400)
    wanted = {name: given for name, given in narrow.cleaned_data.items() if given}
    try:
        found = queries.listed(request.user, narrow=wanted, after=request.GET.get("after", ""), size=SIZE)
    except Invalid as error:
        raise Http404 from error
    context = {"narrow": narrow, "rows": found.rows, "after": found.after, "now": timezone.now()}
    return page(request, "kpis/trainings/list.html", context)


@require_http_methods(["GET", "POST"])
@needs(PLAN)
def new(request: StaffRequest) -> HttpResponse:
    """Plan a training: from a need that the address names, or of any kind."""
    need = _need(request)
    form = PlanForm(request.POST or None, user=request.user, need=need)
    if request.method == "POST" and form.is_valid():
        try:
            made = sent_once(request, lambda: _planned(request, form, need), Training)
        except DomainError as error:
            _say(form, error)
        else:
            return redirect("admin:training", made.pk)
    context = {"form": form, "need": need}
    return page(request, "kpis/trainings/form.html", context, status=400 if form.errors else 200)


def _planned(request: StaffRequest, form: PlanForm, need: Need | None) -> Training:
    given = {"department": form.cleaned_data["department"], "about": form.about(), "need": need}
    return commands.plan(**given, actor=request.user, at=timezone.now())


def _need(request: StaffRequest) -> Need | None:
    """The need that an address names, of an appraisal of somebody else's that this person sees.

    Raises:
        Http404: it names one that there is not.
    """
    if "appraisal" not in request.GET:
        return None
    number = id_in(request.GET["appraisal"]) or 0
    found = (
        appraisals.team(request.user).select_related("agent__user", "department").filter(pk=number).first()
    )
    need = queries.need_of(found, request.GET.get("need", "")) if found else None
    if need is None:
        raise Http404
    return need


def _say(form: Any, error: DomainError) -> None:
    """Put a refusal beside the box that it is about."""
    field = error.details.get("field")
    form.add_error(field if field in form.fields else None, str(error))


@require_http_methods(["GET", "POST"])
@needs(VIEW, PLAN)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Say anew what a planned training is about."""
    found = visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    if not may_plan(found, request.user):
        raise PermissionDenied
    form = about_form(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            commands.change(training_id=pk, about=form.about(), actor=request.user, at=timezone.now())
        except DomainError as error:
            _say(form, error)
        else:
            return redirect("admin:training", pk)
    context = {"form": form, "one": found}
    return page(request, "kpis/trainings/form.html", context, status=400 if form.errors else 200)


@require_safe
@needs(VIEW, PLAN)
def training(request: StaffRequest, pk: int) -> HttpResponse:
    """One training."""
    return _show(request, pk)


def _show(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    user = request.user
    found = visible_to(user).select_related("department", "trainer").filter(pk=pk).first()
    if found is None:
        raise Http404
    context: dict[str, Any] = {
        "one": found,
        "metric": METRICS[MetricCode(found.metric)],
        "mine": found.places.filter(agent__user=user).first(),
        "leads": leads_it(found, user),
        "error": error,
        "typed": request.POST if error else {},
    }
    if context["leads"]:
        context |= _for_leads(found, user, request.POST if error else {})
    return page(request, "kpis/trainings/one.html", context, status=error.status if error else 200)


def _for_leads(found: Training, user: User, typed: Any) -> dict[str, Any]:
    """What who plans or gives it sees besides: who is in it, what came of it, what happened.

    Each person's figures are shown to who plans alone.
    """
    places, now = queries.places_of(found), timezone.now()
    is_planned, plans = found.state == TrainingState.PLANNED, may_plan(found, user)
    has_come = timezone.localdate(now) >= timezone.localdate(found.starts_at)
    told = result(found, today=timezone.localdate(now))
    others = learners(found.department).exclude(pk__in=[one.agent_id for one in places])
    return {
        "places": places,
        "may_change": plans and is_planned,
        "may_hold": is_planned and has_come and bool(places) and may_note(found, user),
        "may_correct": found.state == TrainingState.HELD and may_note(found, user),
        "to_put_in": list(others.exclude(user=found.trainer_id)) if plans and is_planned else [],
        "typed_rows": rows_to_note(places, typed),
        "presences": NOTED,
        "months": _months(user, places),
        "history": queries.history_of(found),
        **(shown(told, places if plans else ()) if told else {}),
    }


def _months(user: User, places: Sequence[TrainingPlace]) -> set[int]:
    """The appraisals behind some places that somebody may open."""
    known = [one.appraisal_id for one in places if one.appraisal_id]
    return set(appraisals.visible_to(user).filter(pk__in=known).values_list("pk", flat=True))


@require_POST
@needs(VIEW, PLAN)
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Do one thing with a training."""
    if name not in ACTS:
        raise Http404
    given = {"training_id": pk, "actor": request.user, "at": timezone.now()}
    return perform(
        request,
        VIEW,
        lambda: ACTS[name](request, given),
        lambda error: _show(request, pk, error=error),
        lambda _done: redirect("admin:training", pk),
    )


Given = dict[str, Any]


def _put_in(request: StaffRequest, given: Given) -> Any:
    """Put agents in: those ticked, or the one whose month the page of an appraisal names."""
    number = id_in(request.POST.get("appraisal"))
    if number is not None:
        found = appraisals.team(request.user).filter(pk=number).first()
        if found is None or found.agent_id is None:
            raise Invalid(_("Choose an active agent of this department."))
        return commands.put_in(**given, agent_ids=[found.agent_id], appraisal=found)
    chosen = [key for one in request.POST.getlist("agent") if (key := id_in(one)) is not None]
    return commands.put_in(**given, agent_ids=chosen)


def _attend(do: Callable[..., Any]) -> Callable[[StaffRequest, Given], Any]:
    def done(request: StaffRequest, given: Given) -> Any:
        found = visible_to(request.user).filter(pk=given["training_id"]).first()
        places = queries.places_of(found) if found and leads_it(found, request.user) else []
        return do(**given, attendance=attendance(places, request.POST))

    return done


ACTS: dict[str, Callable[[StaffRequest, Given], Any]] = {
    "in": _put_in,
    "out": lambda request, given: commands.take_out(**given, agent_id=id_in(request.POST.get("agent")) or 0),
    "cancel": lambda request, given: commands.cancel(**given, reason=request.POST.get("reason", "")),
    "hold": _attend(commands.hold),
    "note": _attend(commands.note),
}
"""What can be done, by its name in the address; each asks for the rights anew."""


@require_safe
@needs(VIEW)
def mine(request: StaffRequest) -> HttpResponse:
    """One's own trainings: taken and given."""
    agent = agent_of(request.user)
    context = {
        **_records(request.user, agent),
        "given": queries.given(request.user, limit=RECORDS),
        "plans": request.user.has_perm(PLAN),
        "now": timezone.now(),
    }
    return page(request, "kpis/trainings/mine.html", context)


def _records(user: User, agent: Agent | None) -> dict[str, Any]:
    """What an agent was taught, and which of it and of the months behind it this person may open."""
    rows = queries.records(agent, limit=RECORDS) if agent else []
    seen = visible_to(user).filter(pk__in=[one.training_id for one in rows])
    return {
        "rows": rows,
        "seen": set(seen.values_list("pk", flat=True)),
        "months": _months(user, rows),
    }


@require_safe
@needs(PLAN)
def people(request: StaffRequest) -> HttpResponse:
    """The agents of one's departments, with how often they were taught."""
    number = min(id_in(request.GET.get("page")) or 0, 10_000)
    rows = list(queries.people(request.user)[number * PEOPLE : (number + 1) * PEOPLE + 1])
    context = {"rows": rows[:PEOPLE], "number": number, "has_more": len(rows) > PEOPLE}
    return page(request, "kpis/trainings/people.html", context)


@require_safe
@needs(VIEW, PLAN)
def person(request: StaffRequest, agent_id: int) -> HttpResponse:
    """What one agent was taught."""
    found = get_object_or_404(Agent.objects.select_related("user"), pk=agent_id)
    if not queries.sees_records(request.user, found):
        raise Http404
    context = {
        "agent": found,
        **_records(request.user, found),
        "plans": request.user.has_perm(PLAN),
        "now": timezone.now(),
    }
    return page(request, "kpis/trainings/person.html", context)


TRAINING_PAGES = [
    Page("trainings/", trainings, "trainings"),
    Page("trainings/new/", new, "training_new"),
    Page("trainings/mine/", mine, "trainings_mine"),
    Page("trainings/people/", people, "training_people"),
    Page("trainings/people/<int:agent_id>/", person, "training_person"),
    Page("trainings/<int:pk>/", training, "training"),
    Page("trainings/<int:pk>/edit/", edit, "training_edit"),
    Page("trainings/<int:pk>/<slug:name>/", act, "training_act"),
]
TRAINING_MENU = [
    MenuItem(_("My trainings"), "trainings_mine", "school", (VIEW,)),
    MenuItem(
        pgettext_lazy("training", "Trainings"),
        "trainings",
        "cast_for_education",
        (PLAN,),
        queries.to_note,
        group="lead",
    ),
]
