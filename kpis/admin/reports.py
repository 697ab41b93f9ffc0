"""Reports: the list, one as page, PDF or workbook, what is decided on it, and who is told of them."""

from collections.abc import Callable, Iterator
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from config.common.asked import id_in, within_years
from config.common.errors import DomainError, Invalid
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from config.common.sending import sent_once
from feedback.admin.access import needs
from feedback.admin.listening import perform
from feedback.models import Department
from feedback.org.queries import departments_of
from kpis.models import Report, ReportKind, ReportNote, ReportReader
from kpis.models.report import NOTED
from kpis.reports import commands, deciding, queries
from kpis.reports.pdf import pdf
from kpis.reports.queries import NOTE, READERS, VIEW
from kpis.reports.words import sections, title
from kpis.reports.workbook import workbook
from kpis.snapshots.queries import SEE_COMPANY

SIZE, NOTES, LAST_PAGE = 50, 30, 10_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES: dict[str, tuple[Callable[[Report], bytes], str]] = {
    "pdf": (pdf, "application/pdf"),
    "xlsx": (workbook, XLSX),
}


class ReportFilter(forms.Form):
    """What the list is narrowed to."""

    kind = forms.ChoiceField(
        label=pgettext_lazy("report", "kind"), required=False, choices=[("", _("all")), *ReportKind.choices]
    )
    page = forms.IntegerField(min_value=0, max_value=LAST_PAGE, required=False, widget=forms.HiddenInput)


class NoteForm(forms.Form):
    """A comment; with an owner and a day a decision."""

    text = forms.CharField(
        label=_("comment or decision"), max_length=NOTED, widget=forms.Textarea(attrs={"rows": 3})
    )
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True, is_staff=True).order_by("name", "pk"),
        label=pgettext_lazy("decision", "owner"),
        required=False,
        empty_label=_("nobody: a comment"),
    )
    due_on = forms.DateField(
        label=pgettext_lazy("decision", "due"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


@require_safe
@needs(VIEW)
def reports(request: StaffRequest) -> HttpResponse:
    """The reports that somebody may read, the newest first, and of which they are told."""
    return _list(request, ReportFilter(request.GET))


def _list(request: StaffRequest, narrow: ReportFilter, error: DomainError | None = None) -> HttpResponse:
    if not narrow.is_valid():
        return page(request, "kpis/reports/list.html", {"narrow": narrow}, status=400)
    kind, number = narrow.cleaned_data["kind"], narrow.cleaned_data["page"] or 0
    found = queries.listed(request.user)
    found = found.filter(kind=kind) if kind else found
    rows = list(found[number * SIZE : (number + 1) * SIZE + 1])
    context = {
        "narrow": narrow,
        "rows": rows[:SIZE],
        "number": number,
        "has_more": len(rows) > SIZE,
        "told": list(_told(request.user)),
        "error": error,
    }
    return page(request, "kpis/reports/list.html", context, status=error.status if error else 200)


def _told(user: User) -> Iterator[tuple[str, ReportKind, Department | None, bool]]:
    """Of which reports somebody could be told, and whether they are. Two queries."""
    mine: set[tuple[str, int | None]] = set(
        ReportReader.objects.filter(user=user).values_list("kind", "department")
    )
    for one in departments_of(user).filter(is_active=True):
        kind = ReportKind.WEEKLY
        yield f"{kind.label} · {one}", kind, one, (kind, one.pk) in mine
    if user.has_perm(SEE_COMPANY):
        for kind in (ReportKind.MONTHLY, ReportKind.QUARTERLY):
            yield str(kind.label), kind, None, (kind, None) in mine


@require_safe
@needs(VIEW)
def report(request: StaffRequest, pk: int) -> HttpResponse:
    """One report."""
    return _show(request, pk)


def _show(request: StaffRequest, pk: int, *, error: DomainError | None = None) -> HttpResponse:
    found = _found(request, pk)
    number = min(id_in(request.GET.get("notes")) or 0, LAST_PAGE)
    notes = found.notes.select_related("by", "owner").order_by("-pk")
    shown = list(notes[number * NOTES : (number + 1) * NOTES + 1])
    form = NoteForm(request.POST) if error and "text" in request.POST else NoteForm()
    able = queries.able_to_read(found.department)
    form.fields["owner"].queryset = able  # type: ignore[attr-defined]  # a ModelChoiceField
    readers = ReportReader.objects.filter(kind=found.kind, department=found.department)
    context = {
        "one": found,
        "title": title(found),
        "sections": sections(found),
        "changed": [one.label for one in queries.changed(found)],
        "notes": shown[:NOTES],
        "number": number,
        "has_more": len(shown) > NOTES,
        "may_note": request.user.has_perm(NOTE),
        "form": form,
        "readers": list(readers.select_related("user").order_by("user__name", "pk")),
        "may_list": request.user.has_perm(READERS),
        "others": able,
        "today": timezone.localdate(),
        "error": error,
    }
    return page(request, "kpis/reports/one.html", context, status=error.status if error else 200)


def _found(request: StaffRequest, pk: int) -> Report:
    found = queries.seen_by(request.user).select_related("department").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
@needs(VIEW)
def file(request: StaffRequest, pk: int, form: str) -> HttpResponse:
    """The same as a file, in the language of the page."""
    if form not in FILES:
        raise Http404
    found, (write, kind) = _found(request, pk), FILES[form]
    commands.taken(report=found, form=form, actor=request.user, at=timezone.now())
    name = f"{found.kind}-{found.first}" + (f"-{found.department.code}" if found.department else "")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return HttpResponse(write(found), content_type=kind, headers=headers)


@require_POST
@needs(VIEW)
def act(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Comment on a report, tick a decision, or change who is told of its kind."""
    if name not in ACTS:
        raise Http404
    return perform(
        request,
        VIEW,
        lambda: ACTS[name](request, _found(request, pk), {"actor": request.user, "at": timezone.now()}),
        lambda error: _show(request, pk, error=error),
        lambda _done: redirect("admin:report", pk),
    )


def _note(request: StaffRequest, found: Report, given: dict[str, Any]) -> Any:
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Write something here, and choose a day that is not past."))
    said = form.cleaned_data
    return sent_once(request, lambda: deciding.note(report_id=found.pk, **said, **given), ReportNote)


def _done(request: StaffRequest, found: Report, given: dict[str, Any]) -> Any:
    return deciding.done(report_id=found.pk, note_id=id_in(request.POST.get("note")) or 0, **given)


def _reader(request: StaffRequest, found: Report, given: dict[str, Any]) -> None:
    user = User.objects.filter(pk=id_in(request.POST.get("user")) or 0, is_staff=True).first()
    if user is None:
        raise Invalid(_("Choose a colleague."))
    is_on = request.POST.get("is_on") == "1"
    commands.subscribe(kind=found.kind, department=found.department, user=user, is_on=is_on, **given)


ACTS: dict[str, Callable[[StaffRequest, Report, dict[str, Any]], Any]] = {
    "note": _note,
    "done": _done,
    "reader": _reader,
}


@require_POST
@needs(VIEW)
def tell_me(request: StaffRequest) -> HttpResponse:
    """Be told of a report, or no longer."""
    post, user = request.POST, request.user
    number = id_in(post.get("department"))
    department = departments_of(user).filter(pk=number).first() if number else None
    try:
        commands.subscribe(
            kind=post.get("kind", ""), department=department, user=user, is_on=post.get("is_on") == "1",
            actor=user, at=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return _list(request, ReportFilter({}), error)
    return redirect("admin:reports")


REPORT_PAGES = [
    Page("reports/", reports, "reports"),
    Page("reports/tell-me/", tell_me, "report_tell_me"),
    Page("reports/<int:pk>/", report, "report"),
    Page("reports/<int:pk>/file.<slug:form>", file, "report_file"),
    Page("reports/<int:pk>/<slug:name>/", act, "report_act"),
]
REPORT_MENU = [MenuItem(_("Reports"), "reports", "summarize", (VIEW,), group="lead")]
