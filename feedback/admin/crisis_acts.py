"""What can be done on the page of a crisis: each parses, calls one command, and says what was done."""

from collections.abc import Callable
from datetime import datetime

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.common.asked import id_in
from config.common.errors import Invalid
from config.common.screens import StaffRequest
from feedback.admin.batch_forms import TermsForm
from feedback.admin.crisis_forms import AnswerForm, ResolveForm, StatementForm
from feedback.cases.queries import get_for
from feedback.crises import commands, joining, making_good, running, statements
from feedback.models import Crisis


class Refused(Exception):
    """A form that was not filled in well."""

    def __init__(self, form: Form) -> None:
        """Take the form with its errors."""
        super().__init__("form")
        self.form = form


Act = Callable[[StaffRequest, Crisis, datetime], str | HttpResponse]


def _dismiss(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    why = request.POST.get("why", "")
    commands.dismiss(crisis_id=crisis.pk, why=why, actor=request.user, at=at)
    return _("It is not proposed again until it grows anew.")


def _contain(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    cause = request.POST.get("cause", "")
    commands.contain(crisis_id=crisis.pk, cause=cause, actor=request.user, at=at)
    return ""


def _go_on(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    commands.go_on(crisis_id=crisis.pk, actor=request.user, at=at)
    return ""


def _close(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    post = request.POST
    commands.close(
        crisis_id=crisis.pk,
        cause=post.get("cause", ""),
        told=post.get("told", ""),
        told_en=post.get("told_en", ""),
        actor=request.user,
        at=at,
    )
    return _("All clear. The figures of the report are frozen.")


def _learn(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    lessons = request.POST.get("lessons", "")
    commands.learn(crisis_id=crisis.pk, lessons=lessons, actor=request.user, at=at)
    return ""


def _add(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    said = request.POST.get("number", "").strip().upper().removeprefix("HY")
    number = id_in(said)
    if number is None:
        raise Invalid(_("Write the number of a case, such as HY0000123."))
    case = get_for(request.user, number)
    joining.add(crisis_id=crisis.pk, case_id=case.pk, actor=request.user, at=at)
    return ""


def _remove(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    case = get_for(request.user, id_in(request.POST.get("case")) or 0)
    joining.remove(crisis_id=crisis.pk, case_id=case.pk, actor=request.user, at=at)
    return _("Taken out. It does not come back by itself.")


def _write(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    form = StatementForm(request.POST)
    if not form.is_valid():
        raise Refused(form)
    statements.write(crisis_id=crisis.pk, words=form.words(), actor=request.user, at=at)
    return ""


def _publish(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    number = id_in(request.POST.get("number")) or 0
    statements.publish(crisis_id=crisis.pk, number=number, actor=request.user, at=at)
    return _("Published: members read it now.")


def _take_down(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    statements.take_down(crisis_id=crisis.pk, actor=request.user, at=at)
    return ""


def _answer(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    return _run(AnswerForm(request.POST), running.ANSWER, request, crisis, at)


def _resolve(request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    form = ResolveForm(request.POST, auto_id="resolve_%s")
    return _run(form, running.RESOLVE, request, crisis, at)


def _run(form: AnswerForm, doing: str, request: StaffRequest, crisis: Crisis, at: datetime) -> str:
    if not form.is_valid():
        raise Refused(form)
    data = form.cleaned_data
    content = {name: data[name] for name in ("message", "message_en", "resolution") if data.get(name)}
    run = running.begin(
        crisis_id=crisis.pk, doing=doing, content=content, key=data["key"], actor=request.user, at=at
    )
    return ngettext(
        "%(n)s case is on its list; workers carry it on.",
        "%(n)s cases are on its list; workers carry it on.",
        len(run.cases),
    ) % {"n": len(run.cases)}


def _make_good(request: StaffRequest, crisis: Crisis, at: datetime) -> HttpResponse:
    form = TermsForm(request.POST, auto_id="good_%s")
    if not form.is_valid():
        raise Refused(form)
    batch = making_good.begin(crisis_id=crisis.pk, terms=form.terms(), actor=request.user, at=at)
    return redirect("admin:batch", batch.pk)


ACTS: dict[str, Act] = {
    "dismiss": _dismiss,
    "contain": _contain,
    "go_on": _go_on,
    "close": _close,
    "learn": _learn,
    "add": _add,
    "remove": _remove,
    "write": _write,
    "publish": _publish,
    "take_down": _take_down,
    "answer": _answer,
    "resolve": _resolve,
    "make_good": _make_good,
}
