"""What can be done with an improvement, by its name in the address; each command asks for the rights anew."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.common.asked import id_in
from config.common.errors import Invalid, NotFound
from config.common.models import User
from config.common.screens import StaffRequest
from config.common.sending import sent_once
from feedback.cases.linking import find_numbered
from kpis.admin.improvement_forms import DayForm, GroundForm, task_form
from kpis.improvements import causes, commands, telling
from kpis.improvements.held import visible_to
from kpis.models import Improvement, ImprovementStatus, ImprovementTask, Why
from surveys.models import Need

Given = dict[str, Any]


def _seen(request: StaffRequest, given: Given) -> Improvement:
    found = visible_to(request.user).filter(pk=given["improvement_id"]).first()
    if found is None:
        raise NotFound
    return found


def _number(request: StaffRequest, name: str) -> int:
    return id_in(request.POST.get(name)) or 0


def _entrust(request: StaffRequest, given: Given) -> Improvement:
    known = _seen(request, given)
    owner = User.objects.filter(pk=_number(request, "owner")).first()
    if owner is None:
        raise Invalid(_("Choose who takes it on."))
    form = DayForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose a day that is not past."))
    is_new = known.status == ImprovementStatus.PROPOSED
    do = commands.accept if is_new else commands.entrust
    return do(**given, owner=owner, due_on=form.cleaned_data["due_on"])


def _why(request: StaffRequest, given: Given) -> Any:
    parent = id_in(request.POST.get("parent"))
    text = request.POST.get("text", "")
    return sent_once(request, lambda: causes.add_why(**given, text=text, parent_id=parent), Why)


def _root(request: StaffRequest, given: Given) -> Any:
    is_root = request.POST.get("is_root") == "1"
    return causes.mark_root(**given, why_id=_number(request, "why"), is_root=is_root)


def _evidence(request: StaffRequest, given: Given) -> Any:
    source, number = request.POST.get("source", ""), request.POST.get("number", "").strip()
    row = id_in(number)
    if source == "need":
        row = Need.objects.filter(code=number.replace("\x00", "")).values_list("pk", flat=True).first() or row
    elif source == "case" and row is None:
        row = find_numbered(request.user, number).pk
    return causes.add_row(**given, why_id=_number(request, "why"), source=source, row_id=row or 0)


def _figure(request: StaffRequest, given: Given) -> Any:
    form = GroundForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose a figure and a time of one day up to one year."))
    return causes.add_figure(**given, why_id=_number(request, "why"), **form.cleaned_data)


def _task(request: StaffRequest, given: Given) -> Any:
    form = task_form(_seen(request, given), request.POST)
    if not form.is_valid():
        raise Invalid(_("Say what has to be done, by somebody of the department and until a day to come."))
    return sent_once(request, lambda: causes.add_task(**given, **form.cleaned_data), ImprovementTask)


def _word(request: StaffRequest, given: Given) -> Any:
    said = {name: request.POST.get(name, "") for name in ("title", "text", "title_en", "text_en")}
    return telling.word(**{**given, **said})


ACTS: dict[str, Callable[[StaffRequest, Given], Any]] = {
    "entrust": _entrust,
    "start": lambda _request, given: commands.start(**given),
    "carry-out": lambda _request, given: commands.carry_out(**given),
    "check": lambda _request, given: commands.check(**given),
    "close": lambda _request, given: commands.close(**given),
    "drop": lambda _request, given: commands.drop(**given),
    "reopen": lambda _request, given: commands.reopen(**given),
    "why": _why,
    "root": _root,
    "why-away": lambda request, given: causes.remove_why(**given, why_id=_number(request, "why")),
    "evidence": _evidence,
    "figure": _figure,
    "evidence-away": lambda request, given: causes.remove_ground(
        **given, ground_id=_number(request, "ground")
    ),
    "task": _task,
    "task-done": lambda request, given: causes.done_task(**given, task_id=_number(request, "task")),
    "task-away": lambda request, given: causes.remove_task(**given, task_id=_number(request, "task")),
    "words": _word,
    "tell": lambda _request, given: telling.tell(**given),
}
